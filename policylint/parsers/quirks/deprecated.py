"""Old fields, which newer ones have replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.model import DeprecatedFields
from policylint.parsers.members import Members
from policylint.parsers.recognise import APP, GROUP, JOB

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policylint.model import At
    from policylint.parsers.recognise import Part

    _Fields = Iterator[tuple[str, str, At]]

_APP: dict[str, object] = {
    "uris": "fetch",
    "ports": "portDefinitions",
    "ipAddress": "networks",
    "residency": "",
    "container": {
        "docker": {
            "network": "networks",
            "portMappings": "container.portMappings",
            "credential": "pullConfig",
        }
    },
}


def deprecated(parts: Iterable[Part]) -> Iterator[DeprecatedFields]:
    """The old fields in the definitions of a document, as one node if there are any."""
    fields = tuple(
        field for part in parts for field in _part(part.kind, Members(part.raw, part.path))
    )
    if fields:
        yield DeprecatedFields(fields)


def _part(kind: str, members: Members) -> _Fields:
    if kind == APP:
        yield from _fields(members, _APP)
    elif kind == JOB:
        yield from _job_fields(members)
    elif kind == GROUP:
        for app in members.children("apps"):
            yield from _fields(app, _APP)
        for group in members.children("groups"):
            yield from _part(GROUP, group)


def _fields(members: Members, table: dict[str, object], name: str = "") -> _Fields:
    for key in members.raw:
        modern = table.get(key)
        if isinstance(modern, dict):
            yield from _fields(members.child_or_empty(key), modern, f"{name}{key}.")
        elif isinstance(modern, str) and members.raw[key] not in (None, []):
            yield f"{name}{key}", modern, members.key_place(key)


def _job_fields(members: Members) -> _Fields:
    run = members.child_or_empty("run")
    for constraint in run.child_or_empty("placement").children("constraints"):
        if constraint.raw.get("operator") == "EQ":
            yield "operator EQ", "IS", constraint.place("operator")
    image = run.child_or_empty("ucr").child_or_empty("image")
    if image.raw.get("kind") == "appc":
        yield "image kind appc", "docker", image.place("kind")
