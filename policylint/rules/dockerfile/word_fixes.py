"""Fixes of words in commands: an option behind one, another name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.finding import Change, Fix
from policylint.source import Span

if TYPE_CHECKING:
    from policylint.dockerfile.script import ShellWord
    from policylint.image import Run


def added(option: str, word: ShellWord, run: Run, *, is_safe: bool = True) -> Fix | None:
    """An option behind a word; none where the word is not written as it is read."""
    place = _written(word)
    if place is None:
        return None
    end = word.span.end
    is_argument = run.instruction.is_exec and end > place.end
    text = f', "{option}"' if is_argument else f" {option}"
    return Fix(f"add {option}", (Change("text", Span(end, end), text),), is_safe=is_safe)


def renamed(name: str, word: ShellWord) -> Fix | None:
    """Another name for the program that a word calls, in the same folder."""
    place = _written(word)
    if place is None:
        return None
    old = word.value.rpartition("/")[2]
    change = Change("text", Span(place.end - len(old), place.end), name)
    return Fix(f"call {name}", (change,), is_safe=True)


def _written(word: ShellWord) -> Span | None:
    """Where the value of a word stands as it is, in double quotes or without."""
    start, end = word.span
    if end - start != len(word.text):
        return None
    if word.text == word.value:
        return word.span
    return Span(start + 1, end - 1) if word.text == f'"{word.value}"' else None
