"""Whether a value fits a schema, yes or no: what a few good documents need, without a library.

The validator library says what is wrong, and takes half of a start to load. Most
runs look at a file or two that are fine, and this says so: it knows the keywords
that our own schemas use, and sends whatever it does not accept to the library.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from policylint.parsers.fields import OPEN
from policylint.tree import Placeholder

if TYPE_CHECKING:
    from collections.abc import Callable

    Schema = dict[str, Any] | bool
    Test = Callable[[Any, Any, dict[str, Any], dict[str, Any]], bool]


def accepts(schema: dict[str, Any], value: object) -> bool:
    """Whether a value surely fits; false too when a keyword or a placeholder leaves it open."""
    try:
        return _fits(schema, value, schema)
    except _Open:
        return False


class _Open(Exception):
    """Nothing that can be decided here."""


def _fits(schema: Schema, value: Any, root: dict[str, Any]) -> bool:
    if isinstance(schema, bool):
        return schema
    for keyword, wanted in schema.items():
        test = _TESTS.get(keyword)
        if test is None:
            if keyword not in _REMARKS:
                raise _Open
        elif not test(wanted, value, schema, root):
            return False
    return True


def _type(wanted: str | list[str], value: Any, _schema: object, _root: object) -> bool:
    if isinstance(value, Placeholder):
        raise _Open
    names = [wanted] if isinstance(wanted, str) else wanted
    return any(_is_of(name, value) for name in names)


def _is_of(name: str, value: Any) -> bool:
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if name == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, _TYPES[name])


def _properties(wanted: dict[str, Schema], value: Any, _s: object, root: dict[str, Any]) -> bool:
    if not isinstance(value, dict):
        return True
    return all(_fits(wanted[key], value[key], root) for key in value if key in wanted)


def _additional(wanted: Schema, value: Any, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    known = schema.get("properties", {})
    patterns = schema.get("patternProperties", ())
    return not isinstance(value, dict) or all(
        _fits(wanted, value[key], root)
        for key in value
        if key not in known and not any(_matches(pattern, key) for pattern in patterns)
    )


def _patterns(wanted: dict[str, Schema], value: Any, _s: object, root: dict[str, Any]) -> bool:
    return not isinstance(value, dict) or all(
        _fits(inner, value[key], root)
        for pattern, inner in wanted.items()
        for key in value
        if _matches(pattern, key)
    )


def _matches(pattern: str, text: str) -> bool:
    if text.endswith("\n"):
        raise _Open  # Python's $ matches before the end of a line too
    return bool(re.search(pattern, text))


def _items(wanted: Schema, value: Any, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    first = len(schema.get("prefixItems", ()))
    return not isinstance(value, list) or all(_fits(wanted, item, root) for item in value[first:])


def _prefix(wanted: list[Schema], value: Any, _schema: object, root: dict[str, Any]) -> bool:
    return not isinstance(value, list) or all(
        _fits(part, item, root) for part, item in zip(wanted, value, strict=False)
    )


def _condition(wanted: Schema, value: Any, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    branch = "then" if _fits(wanted, value, root) else "else"
    return _fits(schema.get(branch, True), value, root)


def _reference(wanted: str, value: Any, _schema: object, root: dict[str, Any]) -> bool:
    if wanted == "#":
        return _fits(root, value, root)
    name = wanted.removeprefix("#/$defs/")
    if name not in root["$defs"]:
        raise _Open
    return _fits(root["$defs"][name], value, root)


def _equals(wanted: object, value: object) -> bool:
    # 1 is not true, whatever Python says.
    return type(wanted) is type(value) and wanted == value


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_TYPES: dict[str, type] = {
    "string": str, "boolean": bool, "object": dict, "array": list, "null": type(None),
}  # fmt: skip

_TESTS: dict[str, Test] = {
    "type": _type,
    "properties": _properties,
    "additionalProperties": _additional,
    "patternProperties": _patterns,
    "propertyNames": lambda wanted, value, _, root: (
        not isinstance(value, dict) or all(_fits(wanted, key, root) for key in value)
    ),
    "required": lambda wanted, value, _, __: (
        not isinstance(value, dict) or all(name in value for name in wanted)
    ),
    "items": _items,
    "prefixItems": _prefix,
    "minItems": lambda wanted, value, _, __: not isinstance(value, list) or len(value) >= wanted,
    "maxItems": lambda wanted, value, _, __: not isinstance(value, list) or len(value) <= wanted,
    "minLength": lambda wanted, value, _, __: not isinstance(value, str) or len(value) >= wanted,
    "maxLength": lambda wanted, value, _, __: not isinstance(value, str) or len(value) <= wanted,
    "pattern": lambda wanted, value, _, __: not isinstance(value, str) or _matches(wanted, value),
    "minimum": lambda wanted, value, _, __: not _is_number(value) or value >= wanted,
    "maximum": lambda wanted, value, _, __: not _is_number(value) or value <= wanted,
    "exclusiveMinimum": lambda wanted, value, _, __: not _is_number(value) or value > wanted,
    "enum": lambda wanted, value, _, __: any(_equals(item, value) for item in wanted),
    "const": lambda wanted, value, _, __: _equals(wanted, value),
    "allOf": lambda wanted, value, _, root: all(_fits(part, value, root) for part in wanted),
    "anyOf": lambda wanted, value, _, root: any(_fits(part, value, root) for part in wanted),
    "not": lambda wanted, value, _, root: not _fits(wanted, value, root),
    "if": _condition,
    "$ref": _reference,
}

# What a schema says to people, and what other keywords read beside their own.
_REMARKS = frozenset({
    OPEN, "$schema", "$defs", "$id", "title", "description", "default", "deprecated",
    "examples",
    "readOnly", "then", "else", "patternErrorMessage", "errorMessage", "markdownDescription",
})  # fmt: skip
