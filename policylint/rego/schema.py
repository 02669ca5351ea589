"""The JSON Schema of the model, from the nodes' own definitions."""

from __future__ import annotations

import inspect
import re
from typing import Any

from policylint import model
from policylint.rego.view import LISTS

_SCALARS: dict[str, dict[str, Any]] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "Any": {},
}
_PATH = {
    "description": "Keys and indices that lead to a value in the document as written.",
    "type": "array",
    "items": {"type": ["string", "integer"]},
}


def schema() -> dict[str, Any]:
    """What `policylint input` prints."""
    nodes = dict.fromkeys(_reachable(list(LISTS)))
    lists = {
        name: {"type": "array", "items": {"$ref": f"#/$defs/{node.__name__}"}}
        for node, name in LISTS.items()
    }
    document = _closed(
        "One document of a file.",
        {
            "path": {"type": "string", "description": "The file, relative to the root."},
            "kind": {"type": "string", "description": "The kind that was recognised."},
            "model": _closed("The document's workloads, groups and lone schedules.", lists),
        },
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "policylint model",
        "description": "Definitions in normal form: legacy fields as modern ones, ids absolute.",
        "type": "array",
        "items": document,
        "$defs": {"path": _PATH, **{node.__name__: _node(node) for node in nodes}},
    }


def _node(node: type) -> dict[str, Any]:
    fields = {
        name: _type(annotation)
        for name, annotation in _annotations(node).items()
        if name not in ("at", "root")
    }
    members: dict[str, Any] = {
        "_at": {"$ref": "#/$defs/path"},
        "_paths": {"type": "object", "description": "Paths of the plain members, by name."},
        "_unknown": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Members that a placeholder hides.",
        },
        **fields,
    }
    words = " ".join((inspect.getdoc(node) or "").split())
    return {**_closed(words, members), "required": ["_at"]}


def _annotations(node: type) -> dict[str, str]:
    # A NamedTuple keeps its annotations as forward references.
    found = inspect.get_annotations(node)
    return {name: getattr(kind, "__forward_arg__", str(kind)) for name, kind in found.items()}


def _closed(description: str, members: dict[str, Any]) -> dict[str, Any]:
    return {
        "description": description,
        "type": "object",
        "properties": members,
        "additionalProperties": False,
    }


def _type(annotation: str) -> dict[str, Any]:
    annotation = annotation.removesuffix(" | None")
    wrapped = re.fullmatch(r"Value\[(.+)\]", annotation)
    if wrapped:
        return _type(wrapped[1])
    listed = re.fullmatch(r"tuple\[(.+), \.\.\.\]|frozenset\[(.+)\]", annotation)
    if listed:
        return {"type": "array", "items": _type(listed[1] or listed[2])}
    return _SCALARS.get(annotation) or {"$ref": f"#/$defs/{annotation}"}


def _reachable(waiting: list[type]) -> list[type]:
    found: list[type] = []
    while waiting:
        node = waiting.pop(0)
        if node not in found:
            found.append(node)
            words = re.findall(r"[A-Z]\w+", " ".join(_annotations(node).values()))
            known = (getattr(model, word, None) for word in words)
            waiting += [kind for kind in known if kind is not None and hasattr(kind, "_fields")]
    return found
