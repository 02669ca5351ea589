"""What a template engine has still to fill in before a Dockerfile is one.

Variables such as `$TAG` are the build's own; scripts are full of braces that mean
something else, so that they are left alone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policylint.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.dockerfile.scanner import Dockerfile

_HOLE = re.compile(r"\{\{[^{}\n]*\}\}|\{%[^%\n]*%\}|<%[^%\n]*%>|@@\w+@@|%%\w+%%")
_SCRIPTS = frozenset({"CMD", "ENTRYPOINT", "HEALTHCHECK", "ONBUILD", "RUN"})


def has_hole(text: str) -> bool:
    """Whether something in a word is still to be filled in."""
    return _HOLE.search(text) is not None


def find_holes(dockerfile: Dockerfile) -> Iterator[Span]:
    """The places that are still to be filled in, in the order of the file."""
    if _HOLE.search(dockerfile.text) is None:
        return
    for instruction in dockerfile.instructions:
        if instruction.name not in _SCRIPTS:
            start, end = instruction.span
            for found in _HOLE.finditer(dockerfile.text, start, end):
                yield Span(*found.span())
