"""Marathon groups: ids and dependencies of everything in them start at the group around them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect.ids import resolve
from policylint.model import Value
from policylint.parsers import quirks
from policylint.parsers.marathon import app
from policylint.parsers.pods import pod
from policylint.workload import Group

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.model import Conflict, DroppedSetting
    from policylint.parsers.members import Members
    from policylint.workload import Workload


def group(
    members: Members,
    base: str = "/",
    role: str | None = None,
    enforces: Value[bool] | None = None,
) -> Iterator[Group | Workload | Conflict | DroppedSetting]:
    """A group, then its apps, the pods that the server's answers show in it, and its groups.

    `role` is the one that the top group around it enforces, `enforces` whether it does.
    """
    own = members.text("id")
    path = resolve(own.value, base) if own is not None and own.is_known else base
    if own is not None:
        identifier = Value(path, own.at) if own.is_known else own
        found = Group(
            identifier,
            members.flag("enforceRole"),
            members.texts("dependencies"),
            members.number("scaleBy"),
        )
        yield found
        if found.is_top:
            enforces = found.enforce_role
            role = path.strip("/") if enforces else None
    for inner in members.children("apps"):
        workload = app(inner, path)
        yield workload if enforces is None else workload._replace(enforces_role=enforces)
        yield from quirks.of(workload, inner, role)
    for inner in members.children("pods"):
        inner = inner.child("spec") or inner
        workload = pod(inner)
        yield workload if enforces is None else workload._replace(enforces_role=enforces)
        yield from quirks.of(workload, inner, role)
    for inner in members.children("groups"):
        yield from group(inner, path, role, enforces)
