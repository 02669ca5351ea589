"""Values files: what fills the placeholders of templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policylint.cli.errors import UsageError

if TYPE_CHECKING:
    from policylint.parsers.templates import Values


def read_values(paths: tuple[str, ...]) -> Values | None:
    """The values of some files, the later over the earlier; None when there are no files."""
    if not paths:
        return None
    from policylint.parsers.templates import Values

    values: dict[str, Any] = {}
    for path in paths:
        values = _merged(values, _read(path))
    return Values(values)


def _read(path: str) -> dict[str, Any]:
    from policylint.source import SourceFile, decode
    from policylint.tree import Unreadable
    from policylint.tree.json_text import JsonTree
    from policylint.tree.yaml_text import read

    try:
        with open(path, "rb") as file:
            text = decode(file.read())[0]
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        trees = [JsonTree(text)] if text.lstrip().startswith("{") else read(text)
    except Unreadable as error:
        line, column = SourceFile(path, text).position(error.span.start)
        raise UsageError(f"{path}:{line}:{column}: {error.message}") from None
    value = trees[0].value if trees else {}
    if not isinstance(value, dict):
        raise UsageError(f"{path}: expected names and their values")
    return value


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        inner = merged.get(key)
        if isinstance(inner, dict) and isinstance(value, dict):
            merged[key] = _merged(inner, value)
        else:
            merged[key] = value
    return merged
