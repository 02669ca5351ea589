"""The JSON Schema of the model, from the nodes' own definitions."""

from __future__ import annotations

import inspect
import re
from typing import Any

from policylint import image, model, workload
from policylint.rego.view import LISTS, members

_SCALARS: dict[str, dict[str, Any]] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "Any": {},
}
_PARTS = (model, workload, image)
_TEXT = {"type": "string"}
_STEPS = {
    "description": "Keys and indices that lead to a value in the document as written.",
    "type": "array",
    "items": {"type": ["string", "integer"]},
}
_PATH = {
    "description": "Keys and indices that lead to a value in the document as written; where a"
    " document has no paths, a span of its text.",
    "anyOf": [
        {"type": "array", "items": {"type": ["string", "integer"]}},
        {
            "type": "object",
            "properties": {"start": {"type": "integer"}, "end": {"type": "integer"}},
            "required": ["start", "end"],
            "additionalProperties": False,
        },
    ],
}


def schema() -> dict[str, Any]:
    """What `policylint input` prints."""
    return _top(
        "policylint model",
        "Definitions in normal form: legacy fields as modern ones, ids absolute.",
        {"type": "array", "items": _closed("One document of a file.", _document())},
    )


def document_schema() -> dict[str, Any]:
    """The input of a policy in Rego that looks at one document."""
    return _top(
        "policylint document",
        "The input of a policy: a document, what is known of it, and the policy's settings.",
        _closed("", {**_seen(), "settings": _settings()}),
    )


def fleet_schema() -> dict[str, Any]:
    """The input of a policy in Rego that looks at all documents together."""
    documents = {"type": "array", "items": _closed("A document.", _seen())}
    return _top(
        "policylint fleet",
        "The input of a policy on the fleet: all documents, and the policy's settings.",
        _closed("", {"documents": documents, "settings": _settings()}),
    )


def _top(title: str, description: str, kind: dict[str, Any]) -> dict[str, Any]:
    nodes = dict.fromkeys(_reachable(list(LISTS)))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **kind,
        "title": title,
        "description": description,
        "$defs": {"path": _PATH, **{node.__name__: _node(node) for node in nodes}},
    }


def _document() -> dict[str, Any]:
    lists = {
        name: {"type": "array", "items": {"$ref": f"#/$defs/{node.__name__}"}}
        for node, name in LISTS.items()
    }
    return {
        "path": {**_TEXT, "description": "The file, relative to the root."},
        "kind": {**_TEXT, "description": "The kind that was recognised."},
        "model": _closed(
            "The document's workloads, groups, lone schedules and image builds.", lists
        ),
    }


def _seen() -> dict[str, Any]:
    finding = dict.fromkeys(("rule", "severity", "family", "message", "subject"), _TEXT)
    findings = _closed(
        "A finding of a built-in rule.", {**finding, "path": {"$ref": "#/$defs/path"}}
    )
    return {
        **_document(),
        "source": {"description": "The document as written."},
        "findings": {"type": "array", "items": findings},
    }


def _settings() -> dict[str, Any]:
    return {"description": "The settings of the policy, as METADATA names them."}


def _node(node: type[model.Record]) -> dict[str, Any]:
    fields = {name: _type(annotation) for kind in _kinds(node) for name, annotation in _shown(kind)}
    seen: dict[str, Any] = {
        "_at": {"$ref": "#/$defs/path"},
        **({"_root": _STEPS} if "root" in node._fields else {}),
        "_paths": {"type": "object", "description": "Paths of the plain members, by name."},
        "_unknown": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Members that a placeholder hides.",
        },
        **fields,
    }
    words = " ".join((inspect.getdoc(node) or "").split())
    return {**_closed(words, seen), "required": ["_at"]}


def _kinds(node: type) -> list[type]:
    """A type of node and those made from it: a list of the one may hold the others."""
    below: list[type] = node.__subclasses__()
    return [node, *(kind for each in below for kind in _kinds(each))]


def _shown(node: type) -> list[tuple[str, str]]:
    """What policies see of a node, and the types of it."""
    stated: dict[str, str] = {}
    for kind in reversed(node.__mro__):
        stated |= _annotations(kind)
    return [
        (name, stated.get(name) or getattr(node, name).fget.__annotations__["return"])
        for name in members(node)
    ]


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
        item = listed[1] or listed[2]
        kind = _type(item)
        # In a list, null stands for what nobody knows yet.
        items = {"anyOf": [kind, {"type": "null"}]} if item.startswith("Value[") else kind
        return {"type": "array", "items": items}
    return _SCALARS.get(annotation, {"$ref": f"#/$defs/{annotation}"})


def _reachable(waiting: list[type]) -> list[type]:
    found: list[type] = []
    while waiting:
        node = waiting.pop(0)
        if node not in found:
            found.append(node)
            types = " ".join(kind for each in _kinds(node) for _, kind in _shown(each))
            words = re.findall(r"[A-Z]\w+", types)
            known = (getattr(part, word, None) for word in words for part in _PARTS)
            waiting += [kind for kind in known if kind is not None and hasattr(kind, "_fields")]
    return found
