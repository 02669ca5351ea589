"""What a template engine has still to fill in before a Dockerfile is one.

Variables such as `$TAG` are the build's own; scripts are full of braces that mean
something else, so that they are left alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.patterns import regex
from policylint.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.dockerfile.scanner import Dockerfile

_HOLE = regex(r"\{\{[^{}\n]*\}\}|\{%[^%\n]*%\}|<%[^%\n]*%>|@@\w+@@|%%\w+%%")
# One of these begins each of them.
_OPENINGS = ("{{", "{%", "<%", "@@", "%%")
_SCRIPTS = frozenset({"CMD", "ENTRYPOINT", "HEALTHCHECK", "ONBUILD", "RUN"})


def has_hole(text: str) -> bool:
    """Whether something in a word is still to be filled in."""
    return _may_have_hole(text) and _HOLE.search(text) is not None


def find_holes(dockerfile: Dockerfile) -> Iterator[Span]:
    """The places that are still to be filled in, in the order of the file."""
    if not has_hole(dockerfile.text):
        return
    for instruction in dockerfile.instructions:
        if instruction.name not in _SCRIPTS:
            start, end = instruction.span
            for found in _HOLE.finditer(dockerfile.text, start, end):
                yield Span(*found.span())


def _may_have_hole(text: str) -> bool:
    return any(opening in text for opening in _OPENINGS)
