"""The normalised model as plain JSON: what a Rego policy sees, and what explains a finding.

Every object carries `_at`, its path in the document as written, or a span of the text
where a document has no paths; `_root` is that of a workload as a whole. `_paths` has
the paths of its plain members, `_unknown` the names of those that a placeholder hides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policylint.image import ImageBuild
from policylint.model import UNKNOWN, Record, Value
from policylint.tree import Place
from policylint.workload import Group, Schedule, Workload

if TYPE_CHECKING:
    from policylint.model import At
    from policylint.parsers import Document

LISTS: dict[type, str] = {
    Workload: "workloads",
    Group: "groups",
    Schedule: "schedules",
    ImageBuild: "builds",
}
# What rules know and policies need not: the text's own structure.
INTERNAL = frozenset({
    "at", "root", "binds", "build", "command", "every", "file", "grant", "ignore", "instruction",
    "is_placed", "mounts", "pair", "programs", "script", "settings", "source", "stage",
})  # fmt: skip


def view(document: Document) -> dict[str, Any]:
    """One document: where it is, what it is, and what it says."""
    model: dict[str, list[dict[str, Any]]] = {name: [] for name in LISTS.values()}
    for node in document.nodes:
        name = LISTS.get(type(node))
        if name is not None:
            model[name].append(_object(node))
    return {"path": document.source.path, "kind": document.kind, "model": model}


def path_of(at: At) -> list[str | int] | dict[str, int]:
    """A place as policies see it: a path, or a span where a document has no paths."""
    return list(at.path) if isinstance(at, Place) else {"start": at.start, "end": at.end}


def members(kind: Any) -> list[str]:
    """What policies see of a node, by name."""
    hidden = INTERNAL if kind.__module__ == ImageBuild.__module__ else ("at", "root")
    return [*kind.SHOWN, *(name for name in kind._fields if name not in hidden)]


def _object(node: Any) -> dict[str, Any]:
    shown: dict[str, Any] = {"_at": path_of(node.at)}
    if "root" in type(node)._fields:
        shown["_root"] = list(node.root)
    paths: dict[str, object] = {}
    unknown = []
    for name in members(type(node)):
        value = getattr(node, name)
        if value is None:
            continue
        if isinstance(value, Value):
            paths[name] = path_of(value.at)
            if value.is_known:
                shown[name] = value.value
            else:
                unknown.append(name)
        elif value is UNKNOWN:
            unknown.append(name)
        else:
            shown[name] = _plain(value)
            if type(value) is tuple and value and isinstance(value[0], Value):
                paths[name] = [path_of(item.at) for item in value]
    if paths:
        shown["_paths"] = paths
    if unknown:
        shown["_unknown"] = unknown
    return shown


def _plain(value: object) -> object:
    if isinstance(value, Value):
        return value.value if value.is_known else None
    if isinstance(value, frozenset):
        return sorted(value)
    if type(value) is tuple:
        return [_plain(item) for item in value]
    return _object(value) if isinstance(value, Record) else value
