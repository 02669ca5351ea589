"""Options that stand in a variable: `apt-get install $APT_OPTIONS curl`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policylint.dockerfile.variables import expand
from policylint.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Container

    from policylint.dockerfile.script import Command, ShellWord
    from policylint.image import Run

_VARIABLE = regex(r"\"?\$\{?(\w+|[@*]).*", re.DOTALL)
# The names of variables that hold options, or whatever a function is called with.
_OF_OPTIONS = regex(
    r".*(?:OPTS|OPTIONS|FLAGS|ARGS)|(?:.*_)?(?:OPT|OPTION|FLAG|ARG|YES)|[@*]", re.IGNORECASE
)


def may_have(command: Command, run: Run, options: Container[str]) -> bool:
    """Whether a variable among the arguments is, or may be, one of some options."""
    return any(
        _may_be(word, run, options)
        for word in command.arguments
        if not word.literal and _VARIABLE.fullmatch(word.text)
    )


def _may_be(word: ShellWord, run: Run, options: Container[str]) -> bool:
    variables = run.stage.variables(run.instruction) if run.stage is not None else None
    known = expand(word.text, variables) if variables is not None else None
    if known:
        return any(_is_one(each, options) for each in known.split())
    name = _VARIABLE.fullmatch(word.text)
    return name is not None and _OF_OPTIONS.fullmatch(name[1]) is not None


def _is_one(text: str, options: Container[str]) -> bool:
    """Whether a text is one of some options, or several in one word."""
    if text[:2] == "--":
        return text.partition("=")[0] in options
    return text[:1] == "-" and any(f"-{letter}" in options for letter in text[1:])
