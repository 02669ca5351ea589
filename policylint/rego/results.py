"""What policies for conftest answer, and which places they mean."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from policylint.named import NamedTuple
from policylint.rego.places import Nowhere, find, line_of
from policylint.rego.shapes import place
from policylint.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from policylint.model import At
    from policylint.parsers import Document
    from policylint.rego.shapes import Shape, Steps

_CONTAINS = "write `deny contains msg if`, or in Rego v0 `deny[msg]`"
_WANTED = 'a result is a text, or an object with a text as its "msg"'


class Result(NamedTuple):
    """One thing that a policy says: its message, and where that is, if it tells."""

    message: str
    file: str | None = None
    line: int | None = None
    path: Steps | None = None


def read_results(value: object) -> Iterator[Result]:
    """What an answer says; raises `Nowhere` when conftest would not understand it."""
    if value is True or isinstance(value, dict):
        raise Nowhere(f"{_quoted(value)} is no set of results\n  {_CONTAINS}")
    if not isinstance(value, list):
        raise Nowhere(f"{_quoted(value)} is neither a set nor a list of results\n  {_WANTED}")
    for item in value:
        result = _result(item)
        if result.message:
            yield result


def located(result: Result, document: Document, shape: Shape, *, is_combined: bool = False) -> At:
    """The place that a result on one input, or on combined ones, means; raises `Nowhere`.

    Without a word on it that is the name of the definition, or the start of a Dockerfile.
    """
    if result.path is not None:
        path = result.path
        if is_combined:
            path = path[2:] if path[1:2] == ("contents",) else ()
        return _at_path(result, document, shape, path)
    # The line of a file that is one of many says nothing without its name.
    is_here = not is_combined if result.file is None else _is_of(_file(result.file), document)
    line = line_of(document.source, result.line) if is_here else None
    return find(document, list(shape.path)) if line is None else line


def chosen(result: Result, inputs: Sequence[tuple[Document, Shape]]) -> int:
    """Which of the combined inputs a result means; raises `Nowhere`.

    It says so by its path, which begins with an index, or by the name of a file; else it
    is the first.
    """
    if result.path is not None:
        number = result.path[0] if result.path else None
        if not isinstance(number, int) or not 0 <= number < len(inputs):
            raise Nowhere(f"_path {_quoted(result.path)} leads nowhere: it begins with an index")
        return number
    if result.file is None:
        return 0
    said = _file(result.file)
    return next((at for at, (document, _) in enumerate(inputs) if _is_of(said, document)), 0)


def _file(said: str) -> str:
    return os.path.normpath(said).replace(os.sep, "/")


def _is_of(said: str, document: Document) -> bool:
    """Whether the name of a file is that of a document's."""
    path = document.source.path
    is_whole = said.startswith("/") and said.endswith(f"/{path}")
    return is_whole or f"/{path}".endswith(f"/{said}")


def _at_path(result: Result, document: Document, shape: Shape, path: Steps) -> At:
    at = place(shape, path)
    if at is None:
        raise Nowhere(f"_path {_quoted(result.path)} leads nowhere")
    if isinstance(at, Span):
        return at
    try:
        return find(document, list(at.path))
    except Nowhere as wrong:
        raise Nowhere(f"_path {_quoted(result.path)} {wrong}") from None


def _result(item: object) -> Result:
    if isinstance(item, str):
        return Result(item)
    if not isinstance(item, dict):
        raise Nowhere(f"{_quoted(item)} is no result\n  {_WANTED}")
    message = item.get("msg")
    if not isinstance(message, str):
        raise Nowhere(f"{_quoted(item)} has no message\n  {_WANTED}")
    said = item.get("_loc")
    place: Mapping[str, Any] = said if isinstance(said, dict) else {}
    file, line = place.get("file"), place.get("line")
    return Result(
        message,
        file if isinstance(file, str) and file else None,
        line if type(line) is int and line > 0 else None,
        _path(item["_path"]) if "_path" in item else None,
    )


def _path(said: object) -> tuple[str | int, ...]:
    if not isinstance(said, list) or not all(type(step) in (str, int) for step in said):
        raise Nowhere(f"_path {_quoted(said)} is no path: a list of keys and indices is wanted")
    return tuple(said)


def _quoted(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 100 else f"{text[:100]}..."
