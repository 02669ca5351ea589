"""Marathon groups: ids and dependencies of everything in them start at the group around them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.model import Group, Value
from policylint.parsers.marathon import app
from policylint.parsers.parts import resolve
from policylint.parsers.pods import pod

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.model import Workload
    from policylint.parsers.members import Members


def group(members: Members, base: str = "/") -> Iterator[Group | Workload]:
    """A group, then its apps, the pods that the server's answers show in it, and its groups."""
    own = members.text("id")
    path = resolve(own.value, base) if own is not None and own.is_known else base
    if own is not None:
        identifier = Value(path, own.at) if own.is_known else own
        yield Group(identifier, members.flag("enforceRole"), members.texts("dependencies"))
    for inner in members.children("apps"):
        yield app(inner, path)
    for inner in members.children("pods"):
        yield pod(inner.child("spec") or inner)
    for inner in members.children("groups"):
        yield from group(inner, path)
