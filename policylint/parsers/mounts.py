"""Mounts, by every route that a definition has for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect.paths import normalise, volume_name
from policylint.detect.placeholders import mask_holes
from policylint.model import Value
from policylint.workload import Mount

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policylint.model import At
    from policylint.parsers.docker import Parameters
    from policylint.parsers.members import Members

_PROPAGATIONS = frozenset({"private", "rprivate", "shared", "rshared", "slave", "rslave"})
_BINDS = frozenset({"bind", "rbind"})
_FIELDS = {"src": "source", "dst": "target", "destination": "target", "ro": "readonly"}
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
    for value in parameters.all("tmpfs"):
        yield _tmpfs(value.value.partition(":")[0], value.at)
    socket = parameters.flag("use-api-socket")
    if socket:
        source = Value("/run/docker.sock", socket.at, socket.also)
        yield host_mount(source, None, read_only=False, route="use-api-socket")


def external_mounts(
    external: Members, target: Value[str] | None, *, read_only: bool, is_docker: bool
) -> Iterator[Mount]:
    """What the name and the options of an external volume hide: a path, or what its driver binds.

    The Docker engine is handed `name:target`, in which a name that begins with a
    slash is a path on the agent.
    """
    options = external.child_or_empty("options")
    driver = options.text("dvdi/driver") or options.text("pluginName")
    driver_name = driver.value if driver is not None and driver.is_known else ""
    name = external.text("name")
    if name is not None and name.is_known and _is_path(volume_name(name.value)):
        path = name.value.partition(":")[0] if is_docker else ""
        is_bound = path.startswith("/")
        yield Mount(
            name,
            normalise(path) if is_bound else None,
            target,
            read_only,
            "external",
            driver=driver_name,
            filesystem="bind" if is_docker else None,
        )
    stated = {key: options.text(f"dvdi/{key}") for key in ("device", "o", "type")}
    yield from _driver_mount(stated, target, driver_name, read_only=read_only)
    for flag in options.child_or_empty("capability").texts("mountFlags"):
        if flag.among(*_BINDS):
            yield Mount(
                flag,
                None,
                target,
                read_only,
                "driver-option",
                driver=driver_name,
                filesystem="bind",
            )


def _volume_flag(text: str, at: At) -> Iterator[Mount]:
    """`source:target[:options]`; one part alone is an anonymous volume."""
    source, colon, rest = text.partition(":")
    if not colon:
        return
    target, _, options = rest.partition(":")
    words = options.split(",")
    propagation = next((word for word in words if word in _PROPAGATIONS), None)
    yield _mount(
        Value(source, at),
        Value(target, at),
        read_only="ro" in words or "readonly" in words,
        route="volume",
        propagation=propagation,
    )


def _mount_flag(text: str, at: At) -> Iterator[Mount]:
    """`type=bind,source=…,target=…[,readonly]`, fields as in a line of CSV; the last one counts."""
    fields: dict[str, str] = {}
    options: dict[str, Value[str]] = {}
    for field in _csv(text):
        key, _, value = field.partition("=")
        key = key.strip().lower()
        if key == "volume-opt":
            name, _, option = value.partition("=")
            options[name] = Value(option, at)
        else:
            fields[_FIELDS.get(key, key)] = value
    source, target = fields.get("source"), fields.get("target")
    kind = fields.get("type", "volume").strip().lower()
    is_read_only = fields.get("readonly", "0") in _TRUE
    found = Value(target, at) if target is not None else None
    if kind == "tmpfs":
        yield _tmpfs(target or "", at)
        return
    hidden = _driver_mount(
        options, found, fields.get("volume-driver", "local"), read_only=is_read_only
    )
    yield from hidden
    if source is not None:
        yield _mount(
            Value(source, at),
            found,
            read_only=is_read_only,
            route="mount",
            propagation=fields.get("bind-propagation"),
            is_bound=kind == "bind",
        )


def _mount(
    source: Value[str],
    target: Value[str] | None,
    *,
    read_only: bool,
    route: str,
    propagation: str | None,
    is_bound: bool = False,
) -> Mount:
    """A mount of a path, or of a volume when the source looks like the name of one."""
    shared = Value(propagation, source.at) if propagation else None
    if is_bound or source.value.startswith(("/", ".")):
        return host_mount(source, target, read_only=read_only, route=route, propagation=shared)
    return Mount(source, None, target, read_only, "named-volume", shared)


def _tmpfs(target: str, at: At) -> Mount:
    return Mount(Value("tmpfs", at), None, Value(target, at), False, "tmpfs")


def _driver_mount(
    options: Mapping[str, Value[str] | None],
    target: Value[str] | None,
    driver: str,
    *,
    read_only: bool,
) -> Iterator[Mount]:
    """What the driver of a volume mounts by its `device`, `type` and `o`."""
    device = options.get("device")
    kind, words = (_text(options.get(key)).lower() for key in ("type", "o"))
    if device is None or not device.is_known or kind == "tmpfs":
        return
    is_absolute = device.value.startswith("/") and not device.value.startswith("//")
    is_bound = kind == "none" or not _BINDS.isdisjoint(words.replace(" ", "").split(","))
    # Only the engine's own driver certainly takes the device for a path of the agent.
    is_path = (is_absolute or is_bound) and driver in ("", "local")
    yield Mount(
        device,
        normalise(device.value) if is_path else None,
        target,
        read_only,
        "driver-option",
        driver=driver,
        filesystem="bind" if is_bound or (is_absolute and not kind) else kind,
    )


def _text(value: Value[str] | None) -> str:
    return value.value.strip() if value is not None and value.is_known else ""


def _is_path(name: str) -> bool:
    name = mask_holes(name)
    return name.startswith((".", "~")) or "/" in name or ":" in name


def _csv(text: str) -> list[str]:
    import csv

    try:
        return next(csv.reader([text]), [])
    except csv.Error:
        return text.split(",")
