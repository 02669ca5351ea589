"""The paths that policies answer with, as places in the document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policylint.source import Span
from policylint.tree import Place

if TYPE_CHECKING:
    from policylint.model import At
    from policylint.parsers import Document
    from policylint.source import SourceFile

    Path = tuple[str | int, ...]

# What tells a list's item from its neighbours.
_OWN_NAMES = ("id", "name", "containerPath", "key", "containerPort", "port", "uri")


class Nowhere(Exception):
    """A path that leads nowhere; the message says from where on."""


def find(document: Document, path: object) -> At:
    """The place that a path means: of a value itself, of an object its name.

    A member that is not there is its owner's; anything else that is not there
    raises `Nowhere`. A span, as `_at` has it where there are no paths, is a place too.
    """
    if isinstance(path, dict):
        return _span(document, path)
    if not isinstance(path, list) or not all(type(step) in (str, int) for step in path):
        raise Nowhere("is no path: a list of keys and indices is wanted, or the `_at` of an object")
    if document.tree is None:
        if path:
            raise Nowhere("leads nowhere: this kind of document has no paths, only `_at`")
        return Span(0, 0)
    steps: list[str | int] = []
    value: Any = document.tree.value
    for step in path:
        key = _key(value, step)
        if key is None:
            if isinstance(value, dict) and isinstance(step, str):
                break
            raise Nowhere(f"leads nowhere: {_lacking(value, step)}")
        steps.append(key)
        value = value[key]
    return _name(document, value, tuple(steps))


def line_of(source: SourceFile, number: int | None) -> Span | None:
    """What stands in a line, from its number; None when there is no such line, or nothing in it."""
    if number is None:
        return None
    start = source.offset(number, 1)
    line = source.line(number) if start < len(source.text) else ""
    content = line.strip()
    if not content:
        return None
    start += len(line) - len(line.lstrip())
    return Span(start, start + len(content))


def _span(document: Document, said: dict[str, Any]) -> Span:
    start, end = said.get("start"), said.get("end")
    if type(start) is not int or type(end) is not int or len(said) != 2:
        raise Nowhere("is no place: `_at` of an object is wanted")
    if not 0 <= start <= end <= len(document.source.text):
        raise Nowhere("leads nowhere: the text is shorter")
    return Span(start, end)


def _key(value: Any, step: str | int) -> str | int | None:
    """The key or index that a step means; None when there is none."""
    if isinstance(value, list):
        return step if isinstance(step, int) and 0 <= step < len(value) else None
    return step if isinstance(value, dict) and step in value else None


def _lacking(value: Any, step: str | int) -> str:
    if isinstance(value, list):
        here = f"a list of {len(value)}"
    else:
        here = "an object" if isinstance(value, dict) else "no object and no list"
    word = f'"{step}"' if isinstance(step, str) else str(step)
    return f"there is no {word} in {here}"


def _name(document: Document, value: Any, path: Path) -> At:
    """A plain value is itself; an object or a list has a name, which is shorter than itself."""
    if not isinstance(value, (dict, list)):
        return Place(path)
    if isinstance(value, dict):
        names = _OWN_NAMES[:1] if path and isinstance(path[-1], str) else _OWN_NAMES
        for key in names:
            if isinstance(value.get(key), (str, int)):
                return Place((*path, key))
    if path and isinstance(path[-1], str):
        return Place(path, key=True)
    if value and isinstance(value, dict):
        return Place((*path, next(iter(value))), key=True)
    start = document.span(Place(path)).start
    return Span(start, start + 1)
