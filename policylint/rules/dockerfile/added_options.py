"""Fixes that put an option behind a word of a command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.finding import Change, Fix
from policylint.source import Span

if TYPE_CHECKING:
    from policylint.dockerfile.script import ShellWord
    from policylint.image import Run


def added(option: str, word: ShellWord, run: Run, *, is_safe: bool = True) -> Fix | None:
    """An option behind a word; none where the word is not written as it is read."""
    span = word.span
    length = span.end - span.start
    if word.text == word.value and length == len(word.value):
        text = f" {option}"
    elif run.instruction.is_exec and word.text == f'"{word.value}"' and length == len(word.text):
        text = f', "{option}"'
    else:
        return None
    place = Span(span.end, span.end)
    return Fix(f"add {option}", (Change("text", place, text),), is_safe=is_safe)
