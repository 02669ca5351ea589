"""Rules on what several settings give together: ways to root on an agent, reported once.

Each problem names its steps in order as related places. The order of the rules here
is the order in which they are asked; a later one sees what an earlier one reports.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect import capabilities
from policylint.detect.devices import device_at
from policylint.detect.paths import is_below, is_device
from policylint.detect.users import is_root
from policylint.finding import Problem
from policylint.named import NamedTuple
from policylint.rule import rule
from policylint.rules.workload.reach import exposures
from policylint.workload import Workload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from policylint.finding import Found, Problems
    from policylint.model import At
    from policylint.organisation import Roles
    from policylint.workload import Container

_FILTERS = {
    "seccomp-unconfined": "makes every system call",
    "mac-confinement-disabled": "is not confined by AppArmor or SELinux",
}
_REPLACEABLE = (
    "image-mutable-tag", "artifact-plain-http", "artifact-unverified-executable",
    "download-piped-to-shell",
)  # fmt: skip
_DISK_GROUPS = ("disk", "kmem")
_ALL_PATHS = ("processes", "capability", "sysfs", "devices", "disk_group", "uncontained")


class _Link(NamedTuple):
    """One step of a path: where it is stated, what it is, and how dear it is to give up."""

    at: At
    fact: str
    remedy: str
    cost: int


class _Scene(NamedTuple):
    """A container and what the paths ask about it; a link is missing where it is not so."""

    container: Container
    problems: tuple[Found, ...]
    framework_user: str

    @property
    def root(self) -> list[_Link]:
        """The process is root."""
        user, remedy = self.container.user, "run as a user other than root"
        if user is not None and user:
            is_so = user.is_known and is_root(user.value)
            return [_Link(user.at, "runs as root", remedy, 3)] if is_so else []
        # In the Docker engine the image decides, which nobody can see here.
        if self.container.runtime.among("MESOS", "NONE") and is_root(self.framework_user):
            return [_Link(self.container.at, "states no user, so it is root", remedy, 3)]
        return []

    @property
    def filters(self) -> list[_Link]:
        """Filters of the kernel are off."""
        own = {option.at for option in self.container.security_options}
        return [
            _Link(found.problem.at, _FILTERS[found.rule], "remove the security option", 0)
            for found in self.problems
            if found.rule in _FILTERS and found.problem.at in own
        ]

    def parameters(self, key: str) -> Iterator[tuple[At, str]]:
        """Places and values of a parameter."""
        for item in self.container.parameters:
            if item.key == key and item.value.value:
                yield item.at, item.value.value


@rule(
    on=Workload,
    severity="critical",
    family="escape",
    refs="NIST:4.4.3 NIST:4.5.2 CWE-250 CWE-653 ATTACK:T1611 ATTACK:T1068",
    confidence="medium",
    after=("privilege", "escape"),
)
def attack_path_host_root(
    workload: Workload,
    problems: tuple[Found, ...],
    *,
    paths: tuple[str, ...] = _ALL_PATHS,
    framework_user: str = "root",
) -> Problems:
    """Several settings together give root on the host.

    Each of them passes a review by itself; the sum is a takeover of the agent.
    Where a single setting gives the host already, that one is reported instead.

    Instead, give up any one of the steps: the message names the cheapest.

    Settings:
        paths: The combinations that count: `processes`, `capability`, `sysfs`, `devices`,
            `disk_group`, `uncontained`.
        framework_user: The user that Marathon and Metronome run tasks as.

    Bad (marathon):
        {"id": "/agent", "container": {"docker": {"image": "agent:1", "parameters": [
          {"key": "pid", "value": "host"}, {"key": "user", "value": "0"},
          {"key": "security-opt", "value": "apparmor=unconfined"}]}}}

    Good (marathon):
        {"id": "/agent", "container": {"docker": {"image": "agent:1", "parameters": [
          {"key": "user", "value": "10001"}]}}}
    """
    if any(found.severity == "critical" for found in problems):
        return
    for container in workload.containers:
        scene = _Scene(container, problems, framework_user)
        for name, find in _PATHS.items():
            links = find(scene) if name in paths else []
            if links:
                yield _path(links)


@rule(
    on=Workload,
    severity="critical",
    family="escape",
    refs="NIST:4.3.4 NIST:4.4.3 CWE-250 ATTACK:T1190 ATTACK:T1611",
    after=("privilege", "escape"),
)
def attack_path_internet_to_host(
    workload: Workload,
    problems: tuple[Found, ...],
    roles: Roles,
    *,
    external_groups: tuple[str, ...] = ("external",),
) -> Problems:
    """Service that faces the internet holds a way to root on the host.

    One bug in it that can be used from outside is root on the agent and, through
    the agent's credentials, the cluster.

    Instead, split it: what faces the internet runs without privileges.

    Settings:
        external_groups: Groups of HAProxy that face the internet.

    Bad (marathon):
        {"id": "/edge", "acceptedResourceRoles": ["slave_public"],
          "container": {"docker": {"image": "edge:1", "privileged": true}}}

    Good (marathon):
        {"id": "/edge", "acceptedResourceRoles": ["slave_public"],
          "container": {"docker": {"image": "edge:1"}}}
    """
    takeovers = _takeovers(problems)
    found = exposures(workload, roles, external_groups) if takeovers else ()
    routes = [(exposure.at, exposure.text) for exposure in found]
    if routes:
        at, how = routes[0]
        cheapest = takeovers[0].rule if len(takeovers) == 1 else "the way in from the internet"
        yield Problem(
            at,
            f"{how} and holds {_ways(takeovers)}; cheapest to give up: {cheapest}",
            (*routes, *_steps(takeovers)),
            is_path=True,
        )


@rule(
    on=Workload,
    severity="high",
    family="escape",
    refs="NIST:4.1.5 NIST:4.4.3 CWE-494 CWE-829 ATTACK:T1195.002 ATTACK:T1611 ATTACK:T1525",
    after=("privilege", "escape", "artifacts"),
)
def attack_path_mutable_code_to_host(_workload: Workload, problems: tuple[Found, ...]) -> Problems:
    """Code that others can replace runs with a way to root on the host.

    Whoever moves the tag, or stands on the path of a plain download, owns the agent
    at the next restart.

    Instead, pin the image by its digest and fetch over https.

    Bad (marathon):
        {"id": "/agent", "container": {"docker": {"image": "agent:latest", "privileged": true}}}

    Good (marathon):
        {"id": "/agent", "container": {"docker": {"image": "agent:1.4.2", "privileged": true}}}
    """
    takeovers = _takeovers(problems)
    replaceable = [found for found in problems if found.rule in _REPLACEABLE]
    if takeovers and replaceable:
        first = replaceable[0]
        is_image = first.rule == "image-mutable-tag"
        remedy = "pin the image by its digest" if is_image else "fetch over https"
        if len(replaceable) > 1 and len(takeovers) == 1:
            remedy = takeovers[0].rule
        yield Problem(
            first.problem.at,
            f"code that others can replace holds {_ways(takeovers)}; cheapest to mend: {remedy}",
            (*_steps(replaceable), *_steps(takeovers)),
            is_path=True,
        )


def _path(links: list[_Link]) -> Problem:
    cheapest = min(links, key=lambda link: link.cost)
    facts = ", ".join(link.fact for link in links)
    return Problem(
        cheapest.at,
        f"together root on the agent: {facts}; cheapest to mend: {cheapest.remedy}",
        tuple((link.at, link.fact) for link in links),
        is_path=True,
    )


def _processes(scene: _Scene) -> list[_Link]:
    """The agent's processes, and the means to enter one that is root."""
    pid = scene.container.pid
    if pid is None or pid.value != "host":
        return []
    shared = _Link(pid.at, "sees the agent's processes", "remove the parameter pid", 2)
    tracing = _granted(scene, ("SYS_PTRACE",))
    if tracing:
        return [shared, *tracing]
    if scene.root and scene.filters:
        return [shared, *scene.root, *scene.filters]
    return []


def _capability(scene: _Scene) -> list[_Link]:
    """A capability that the policy lets pass, and nothing that holds it back."""
    granted = _granted(scene, tuple(capabilities.TAKEOVER))
    return [*granted, *scene.filters] if granted and scene.filters else []


def _sysfs(scene: _Scene) -> list[_Link]:
    written = _writable(scene, lambda path: is_below(path, "/sys"))
    return [*written, *scene.root] if written and scene.root else []


def _devices(scene: _Scene) -> list[_Link]:
    """Device files, by a mount or made on the spot, that a rule opens."""
    opened = [
        _Link(at, f"devices {value} are open", "remove the device rule", 1)
        for at, value in scene.parameters("device-cgroup-rule")
    ]
    files = [
        _Link(mount.at, "sees every device file", "mount the one device", 2)
        for mount in scene.container.mounts
        if mount.path == "/dev"
    ]
    files += _granted(scene, ("MKNOD",))
    return [*files, *opened] if files and opened else []


def _disk_group(scene: _Scene) -> list[_Link]:
    groups = [
        _Link(at, f"is in group {value}", "leave the group", 0)
        for at, value in scene.parameters("group-add")
        if value in _DISK_GROUPS
    ]
    disks = [
        _Link(mount.at, f"sees {mount.source.value}", "leave the device out", 1)
        for mount in scene.container.mounts
        if mount.path and _is_raw(mount.path)
    ]
    return [*disks, *groups] if groups and disks else []


def _uncontained(scene: _Scene) -> list[_Link]:
    """Root in the agent's own file system, and files there that others will use."""
    if scene.container.image is not None or not scene.container.runtime.among("MESOS", "NONE"):
        return []
    written = _writable(scene, lambda _: True)
    return [*scene.root, *written] if scene.root and written else []


_PATHS: dict[str, Callable[[_Scene], list[_Link]]] = {
    "processes": _processes,
    "capability": _capability,
    "sysfs": _sysfs,
    "devices": _devices,
    "disk_group": _disk_group,
    "uncontained": _uncontained,
}


def _granted(scene: _Scene, names: Iterable[str]) -> list[_Link]:
    return [
        _Link(item.at, f"has {item.name.value}", f"drop {item.name.value}", 1)
        for item in scene.container.capabilities
        if item.name.value in names
    ]


def _writable(scene: _Scene, is_meant: Callable[[str], bool]) -> list[_Link]:
    return [
        _Link(mount.at, f"writes to {mount.source.value}", "mount it read-only", 1)
        for mount in scene.container.mounts
        if mount.path and not mount.read_only and is_meant(mount.path)
    ]


def _is_raw(path: str) -> bool:
    device = device_at(path) if is_device(path) else None
    return device is not None and device.is_raw


def _takeovers(problems: tuple[Found, ...]) -> list[Found]:
    """What gives the host: alone, or together where no single setting does."""
    composed = "attack-path-internet-to-host"
    return [found for found in problems if found.severity == "critical" and found.rule != composed]


def _ways(takeovers: list[Found]) -> str:
    names = list(dict.fromkeys(found.rule for found in takeovers))
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    ways = "a way" if len(takeovers) == 1 else f"{len(takeovers)} ways"
    return f"{ways} to root on the agent ({', '.join(names[:3])}{more})"


def _steps(found: list[Found]) -> Iterator[tuple[At, str]]:
    """Places and messages, each once: what a pod states for all its containers is one step."""
    return iter(dict.fromkeys((item.problem.at, item.problem.message) for item in found))
