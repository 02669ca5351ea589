"""Rules on workloads that keep data: where it lies, and what Marathon refuses beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect.paths import SCRATCH, is_below, matches_glob, platform_entry
from policylint.finding import Change, Fix, Problem
from policylint.rule import rule
from policylint.rules.workload.availability import pinned_hosts
from policylint.rules.workload.reach import instances
from policylint.tree import Place
from policylint.workload import Mount, Workload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.finding import Problems
    from policylint.model import At, Value
    from policylint.workload import Container, Volume

_STATE = (
    "/var/lib/*/**", "/data*/**", "/bitnami*/**", "/**/*mysql*/**", "/**/*postgres*/**",
    "/**/*mongo*/**", "/**/*registry*/**", "/**/*jenkins_home*/**",
)  # fmt: skip


@rule(
    on=Mount,
    severity="medium",
    family="availability",
    refs="Marathon:persistent-volumes",
    confidence="medium",
    unless=(
        "runtime-socket-mounted", "host-root-mounted", "kernel-filesystem-mounted",
        "platform-path-mounted", "sensitive-path-writable",
    ),
)  # fmt: skip
def stateful_on_host_path(
    mount: Mount,
    workload: Workload,
    *,
    state_targets: tuple[str, ...] = _STATE,
    cache_targets: tuple[str, ...] = (),
) -> Problems:
    """State on a host path without pinning.

    When the service moves to another agent it finds an empty directory: an empty
    database, and the old one stays behind.

    Instead, use a persistent or an external volume.

    Settings:
        state_targets: Paths in containers where services keep what must not get lost.
        cache_targets: Paths among those that hold only what can be made again.

    Bad (marathon):
        {"id": "/db", "container": {"docker": {"image": "mysql:8"}, "volumes": [
          {"containerPath": "/var/lib/mysql", "hostPath": "/srv/mysql", "mode": "RW"}]}}

    Good (marathon):
        {"id": "/db", "cmd": "run", "container": {"type": "MESOS", "docker": {"image": "mysql:8"},
          "volumes": [{"containerPath": "mysql", "mode": "RW", "persistent": {"size": 4096}}]}}
    """
    target = mount.target
    if mount.path is None or mount.read_only or target is None or not target.is_known:
        return
    if platform_entry(mount.path) is not None:
        return  # the platform's own data belongs to its agent
    path = "/" + target.value.strip("/")
    is_state = any(matches_glob(path, pattern) for pattern in state_targets)
    if not is_state or any(matches_glob(path, pattern) for pattern in cache_targets):
        return
    if any(pinned_hosts(constraint, workload.kind) for constraint in workload.constraints):
        return
    is_temporary = any(is_below(mount.path, folder) for folder in SCRATCH)
    lost = "a restart of the agent empties it" if is_temporary else "on another agent it is empty"
    yield Problem(
        mount,
        f"{target.value} lies in {mount.source.value} of whatever agent runs the service: {lost}",
        severity="high" if is_temporary else None,
    )


@rule(
    on=Workload,
    severity="high",
    family="availability",
    refs="CWE-20 Marathon:persistent-volumes",
)
def stateful_settings_rejected(workload: Workload) -> Problems:
    """Stateful settings contradict each other.

    Marathon refuses such a definition; where an old one does not, two instances
    write to the same data.

    Instead, let an upgrade stop the old instance first (`maximumOverCapacity` 0) and
    wait for lost ones (`unreachableStrategy` disabled).

    Bad (marathon):
        {"id": "/db", "cmd": "run",
          "upgradeStrategy": {"minimumHealthCapacity": 1, "maximumOverCapacity": 1},
          "container": {"type": "MESOS", "volumes": [
            {"containerPath": "d", "mode": "RW", "persistent": {"size": 100}}]}}

    Good (marathon):
        {"id": "/db", "cmd": "run", "role": "db",
          "upgradeStrategy": {"minimumHealthCapacity": 0.5, "maximumOverCapacity": 0},
          "unreachableStrategy": "disabled", "container": {"type": "MESOS", "volumes": [
            {"containerPath": "d", "mode": "RW", "persistent": {"size": 100}}]}}
    """
    if workload.kind == "job":
        return
    owned = [(volume, box) for box in workload.containers for volume in box.volumes]
    persistent = [volume for volume, _ in owned if volume.kind == "persistent"]
    drivers = [(volume, box) for volume, box in owned if _is_dvdi(volume)]
    if persistent or drivers:
        first = persistent[0] if persistent else drivers[0][0]
        yield from _runs_beside_itself(workload, first)
    if persistent:
        yield from _resident(workload, persistent[0])
    for volume in persistent:
        yield from _persistent(volume, workload.kind)
    for volume, container in drivers:
        yield from _driver(volume, container, workload)


def _is_dvdi(volume: Volume) -> bool:
    provider = volume.provider
    return volume.kind == "external" and (provider is None or provider.among("dvdi"))


def _runs_beside_itself(workload: Workload, volume: Volume) -> Problems:
    over = workload.upgrade.maximum_over if workload.upgrade is not None else None
    if over:
        yield Problem(
            over,
            f"an upgrade would attach the same data twice: with {_kind(volume)} volumes"
            " maximumOverCapacity must be 0",
            _here(volume),
            instead="instead, set maximumOverCapacity to 0",
            fix=Fix("stop the old instance first", (Change("set", over.at, 0),)),
        )


def _resident(workload: Workload, volume: Volume) -> Problems:
    """What Marathon refuses for everything that has a persistent volume."""
    lost = workload.unreachable
    if lost is not None and lost.disabled is None and isinstance(lost.at, Place):
        yield Problem(
            Place(lost.at.path, key=True),
            "lost instances would be replaced without their data: with persistent volumes"
            " unreachableStrategy must be disabled",
            _here(volume),
            instead='instead, write "unreachableStrategy": "disabled"',
            fix=Fix("wait for the agent to return", (Change("set", lost.at, "disabled"),)),
        )
    for role in workload.accepted_roles:
        if role.is_known and role.value != "*":
            yield Problem(
                role,
                f'accepts resources of "{role.value}": with persistent volumes'
                ' acceptedResourceRoles must be ["*"]',
                _here(volume),
                instead='instead, write ["*"], or leave it out',
            )
    if workload.role is not None and workload.role.value == "*":
        yield Problem(
            workload.role,
            'persistent volumes are reserved for a role, which "*" is not',
            _here(volume),
            instead="instead, name the role that the reservation is for",
        )


def _persistent(volume: Volume, kind: str) -> Problems:
    target, size = volume.target, volume.size
    if kind == "app" and target is not None and target.is_known and "/" in target.value:
        yield Problem(
            target,
            f'the path of a persistent volume lies in the sandbox and has no "/": {target.value}',
            instead=f'instead, write "{_last(target)}", and mount it elsewhere by a host volume'
            " if the program needs that path",
        )
    yield from _not_writable(volume)
    if size is not None and size.is_known and size.value <= 0:
        yield Problem(
            size,
            "a persistent volume needs a size above 0",
            instead="instead, state its size in MiB",
        )


def _driver(volume: Volume, container: Container, workload: Workload) -> Problems:
    count = instances(workload)
    if workload.instances is not None and count is not None and count > 1:
        yield Problem(
            workload.instances,
            f"{count:g} instances would attach the same external volume: Marathon allows one",
            _here(volume),
            instead="instead, run one instance, or give each service a volume of its own",
        )
    if container.runtime.value == "MESOS":
        yield from _not_writable(volume)
    if container.runtime.value != "DOCKER":
        return
    refused = [value for value in (volume.size,) if value is not None]
    places: list[tuple[At, str]] = [(size.at, "size") for size in refused]
    places += [
        (option.at, option.name) for option in volume.options if option.name != "dvdi/driver"
    ]
    for at, name in places[:1]:
        others = [(place, f"{more} likewise") for place, more in places[1:]]
        yield Problem(
            at,
            f"{name} is refused: with the Docker engine an external volume has a driver only",
            others,
            instead='instead, make the volume beforehand, or set the type to "MESOS"',
        )


def _not_writable(volume: Volume) -> Problems:
    mode = volume.mode
    if mode is not None and mode.is_known and mode.value != "RW":
        yield Problem(
            mode,
            f"mode {mode.value} is refused: {_kind(volume)} volumes are writable",
            instead='instead, write "RW"',
        )


def _kind(volume: Volume) -> str:
    return "persistent" if volume.kind == "persistent" else "external"


def _here(volume: Volume) -> tuple[tuple[At, str], ...]:
    return ((volume.at, f"the {_kind(volume)} volume stands here"),)


def _last(target: Value[str]) -> str:
    words: Iterator[str] = (word for word in reversed(target.value.split("/")) if word)
    return next(words, "data")
