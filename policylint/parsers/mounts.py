"""Mounts, by every route that a definition has for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect.paths import normalise
from policylint.model import Mount, Value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.model import At
    from policylint.parsers.docker import Parameters

_PROPAGATIONS = frozenset({"private", "rprivate", "shared", "rshared", "slave", "rslave"})
_TRUE = frozenset({"", "1", "t", "T", "true", "True", "TRUE"})


def host_mount(
    source: Value[str],
    target: Value[str] | None,
    *,
    read_only: bool,
    route: str,
    propagation: Value[str] | None = None,
) -> Mount:
    """A mount of a path on the agent, or in the sandbox when the path is relative."""
    path = None
    if source.is_known and source.value.lstrip().startswith("/"):
        path = normalise(source.value.strip())
    return Mount(source, path, target, read_only, route, propagation)


def parameter_mounts(parameters: Parameters) -> Iterator[Mount]:
    """The mounts among a container's Docker parameters."""
    for value in parameters.all("volume"):
        yield from _volume_flag(value.value, value.at)
    for value in parameters.all("mount"):
        yield from _mount_flag(value.value, value.at)
    socket = parameters.flag("use-api-socket")
    if socket:
        source = Value("/run/docker.sock", socket.at, socket.also)
        yield host_mount(source, None, read_only=False, route="use-api-socket")


def _volume_flag(text: str, at: At) -> Iterator[Mount]:
    """`source:target[:options]`; one part alone is an anonymous volume."""
    source, colon, rest = text.partition(":")
    if not colon:
        return
    target, _, options = rest.partition(":")
    words = options.split(",")
    propagation = next((word for word in words if word in _PROPAGATIONS), None)
    if source.startswith(("/", ".")):
        yield host_mount(
            Value(source, at),
            Value(target, at),
            read_only="ro" in words or "readonly" in words,
            route="volume",
            propagation=Value(propagation, at) if propagation else None,
        )
    else:
        yield Mount(Value(source, at), None, Value(target, at), "ro" in words, "named-volume")


def _mount_flag(text: str, at: At) -> Iterator[Mount]:
    """`type=bind,source=…,target=…[,readonly]`, fields as in a line of CSV."""
    fields: dict[str, str] = {}
    for field in _csv(text):
        key, _, value = field.partition("=")
        fields.setdefault(key.strip().lower(), value)
    source = fields.get("source", fields.get("src"))
    target = fields.get("target", fields.get("destination", fields.get("dst")))
    kind = fields.get("type", "volume").strip().lower()
    if source is None or kind == "tmpfs":
        return
    is_read_only = any(name in fields and fields[name] in _TRUE for name in ("readonly", "ro"))
    found = Value(target, at) if target is not None else None
    if kind == "bind" or source.startswith(("/", ".")):
        propagation = fields.get("bind-propagation")
        yield host_mount(
            Value(source, at),
            found,
            read_only=is_read_only,
            route="mount",
            propagation=Value(propagation, at) if propagation else None,
        )
    else:
        yield Mount(Value(source, at), None, found, is_read_only, "named-volume")


def _csv(text: str) -> list[str]:
    import csv

    try:
        return next(csv.reader([text]), [])
    except csv.Error:
        return text.split(",")
