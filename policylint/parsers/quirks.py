"""What a definition says twice, in vain or in old words: conflicts, dropped settings, old fields.

Works on the document as written: the nodes of a workload show only what holds
in the end. Fields without content (null, `[]`, `{}`) say nothing, and neither
do the defaults that Marathon and Metronome write into their answers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policylint.detect.placeholders import has_hole
from policylint.model import Conflict, DeprecatedFields, DroppedSetting, Value
from policylint.parsers.docker import Parameters
from policylint.parsers.members import Members
from policylint.tree import Place, Placeholder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policylint.model import At

    Quirks = Iterator[Conflict | DroppedSetting]

_NETWORK_MODES = {"HOST": "host", "BRIDGE": "container/bridge", "USER": "container"}
_ROOT = re.compile(r"\s*(root|0+)\s*(:.*)?", re.DOTALL)
_LEADER_CHECKS = ("HTTP", "HTTPS", "TCP")
_AGENT_CHECKS = ("MESOS_HTTP", "MESOS_HTTPS", "MESOS_TCP")
_DEFAULT_DELAY = 15
_DEFAULT_RESIDENCY = {"relaunchEscalationTimeoutSeconds": 3600, "taskLostBehavior": "WAIT_FOREVER"}
_DEFAULT_REQUESTS = {"cpus": 1, "mem": 128}

_OLD_APP_FIELDS = {
    "uris": "fetch",
    "ports": "portDefinitions",
    "ipAddress": "networks",
    "residency": "",
    "container": {
        "docker": {
            "network": "networks",
            "portMappings": "container.portMappings",
            "credential": "container.docker.pullConfig",
        }
    },
}


def app(members: Members, *, is_partial: bool = False, group_role: str | None = None) -> Quirks:
    """The quirks of an app; `group_role` is the role that the group around it enforces."""
    container = members.child("container")
    runtime = _runtime(members, container)
    mode = _mode(members, container, is_partial=is_partial)
    yield from _cmd_and_args(members)
    yield from _old_networks(members, container, runtime)
    yield from _networks(members, "app", is_docker=runtime == "DOCKER")
    yield from _ports(members, container, mode)
    yield from _uris(members)
    yield from _app_resources(members, runtime, is_partial=is_partial)
    yield from _app_user(members, container, runtime)
    yield from _roles(members, members, group_role)
    yield from _residency(members)
    yield from _app_checks(members, runtime, is_partial=is_partial)
    yield from _unreachable(members)
    if container is not None:
        yield from _container(container, runtime)


def pod(members: Members, *, group_role: str | None = None) -> Quirks:
    """The quirks of a pod."""
    scheduling = members.child_or_empty("scheduling")
    containers = members.children("containers")
    yield from _networks(members, "pod", is_docker=False)
    yield from _ipc(members.child_or_empty("linuxInfo"))
    yield from _pod_volumes(members, containers)
    yield from _pod_names(members, containers)
    yield from _roles(members, scheduling.child_or_empty("placement"), group_role)
    yield from _unreachable(scheduling)
    for container in containers:
        yield from _pod_container(members, container)


def job(members: Members) -> Quirks:
    """The quirks of a Metronome job."""
    run = members.child_or_empty("run")
    yield from _job_schedules(members)
    yield from _job_runtime(run)
    yield from _job_networks(run)
    for constraint in run.child_or_empty("placement").children("constraints"):
        if "value" not in constraint and "attribute" in constraint:
            yield DroppedSetting(
                "the constraint",
                "Metronome ignores a constraint without a value, and the job runs anywhere",
                constraint.place("attribute"),
                instead='instead, say which "value" the attribute must have',
            )


def deprecated(
    apps: Iterable[Members] = (), jobs: Iterable[Members] = ()
) -> Iterator[DeprecatedFields]:
    """The old fields of a document's apps and jobs, as one node when there are any."""
    fields = [field for found in apps for field in _old_fields(found, _OLD_APP_FIELDS)]
    fields += [field for found in jobs for field in _old_job_fields(found)]
    if fields:
        yield DeprecatedFields(tuple(fields))


def _old_fields(
    members: Members, table: dict[str, object], name: str = ""
) -> Iterator[tuple[str, str, At]]:
    for key in members.raw:
        modern = table.get(key)
        if isinstance(modern, dict):
            yield from _old_fields(members.child_or_empty(key), modern, f"{name}{key}.")
        elif isinstance(modern, str) and members.raw[key] not in (None, []):
            yield f"{name}{key}", modern, members.key_place(key)


def _old_job_fields(members: Members) -> Iterator[tuple[str, str, At]]:
    run = members.child_or_empty("run")
    for constraint in run.child_or_empty("placement").children("constraints"):
        if constraint.raw.get("operator") == "EQ":
            yield "operator EQ", "IS", constraint.place("operator")
    image = run.child_or_empty("ucr").child_or_empty("image")
    if image.raw.get("kind") == "appc":
        yield "image kind appc", "docker", image.place("kind")


# Apps.


def _runtime(members: Members, container: Members | None) -> str | None:
    """DOCKER or MESOS, None where there is no container or nobody can say."""
    if container is None:
        return "MESOS" if _says(members, "ipAddress") else None
    stated = container.word("type")
    if stated is None:
        return None if "type" in container else "DOCKER"
    return stated.value if stated.is_known else None


def _mode(members: Members, container: Members | None, *, is_partial: bool) -> Value[str] | None:
    """The network mode as Marathon understands the fields; None where nobody can say."""
    docker = (container or Members({}, ())).child_or_empty("docker")
    if _is_open(members, "networks") or _is_open(docker, "network"):
        return None
    if _says(members, "networks"):
        modes = [_network_mode(item) for item in members.children("networks")]
        return modes[0] if modes and modes[0].is_known else None
    old = docker.word("network")
    if old is not None:
        return Value(_NETWORK_MODES[old.value], old.at) if old.value in _NETWORK_MODES else None
    if "ipAddress" in members:
        return Value("container", members.key_place("ipAddress"))
    if is_partial:
        return None
    return Value("host", members.place("id"), origin="default")


def _network_mode(item: Members) -> Value[str]:
    stated = item.word("mode")
    if stated is None:
        return Value("container", Place(item.path), origin="default")
    return Value(stated.value.lower(), stated.at) if stated.is_known else stated


def _cmd_and_args(members: Members) -> Quirks:
    if _says(members, "cmd") and _says(members, "args"):
        yield Conflict(
            "args stands beside cmd: Marathon refuses an app with both",
            _at(members, "args"),
            ((_at(members, "cmd"), "cmd stands here"),),
            "instead, keep cmd for a shell line, or args for the arguments of a program",
        )


def _old_networks(members: Members, container: Members | None, runtime: str | None) -> Quirks:
    docker = (container or Members({}, ())).child_or_empty("docker")
    if container is not None and runtime == "MESOS":
        for key, modern in (("network", "networks"), ("portMappings", "container.portMappings")):
            if _says(docker, key):
                yield Conflict(
                    f"docker.{key} stands in a container of type MESOS:"
                    " Marathon refuses it outside the Docker engine",
                    _at(docker, key),
                    ((container.place("type"), "the type is stated here"),),
                    f"instead, move it to {modern}",
                )
    elif _says(docker, "network") and _says(members, "networks"):
        yield Conflict(
            "docker.network stands beside networks: Marathon refuses an app with both",
            _at(docker, "network"),
            ((_at(members, "networks"), "networks stands here"),),
            "instead, keep networks",
        )
    if _says(members, "ipAddress"):
        yield from _ip_address(members, container, docker, runtime)
    mappings = _mappings(container)
    if container is not None and mappings is docker and _says(container, "portMappings"):
        yield Conflict("", docker.place("portMappings"))


def _ip_address(
    members: Members, container: Members | None, docker: Members, runtime: str | None
) -> Quirks:
    address = members.child_or_empty("ipAddress")
    here = ((members.key_place("ipAddress"), "ipAddress stands here"),)
    if _says(members, "networks"):
        yield Conflict(
            "ipAddress stands beside networks: Marathon refuses an app with both",
            members.key_place("ipAddress"),
            ((_at(members, "networks"), "networks stands here"),),
            "instead, keep networks",
        )
    network = docker.word("network")
    if runtime == "DOCKER" and network is not None and network.value == "HOST":
        yield Conflict(
            "ipAddress stands beside docker.network HOST: Marathon follows the latter,"
            " and the app joins the agent's network",
            members.key_place("ipAddress"),
            ((network.at, "HOST is stated here"),),
            "instead, keep networks with the mode that is meant",
        )
    for key in ("ports", "portDefinitions"):
        if _says(members, key):
            yield Conflict(
                f"{key} stands beside ipAddress: Marathon refuses an app with both",
                _at(members, key),
                here,
                "instead, name the network in networks and the ports in container.portMappings",
            )
    discovery = address.child_or_empty("discovery")
    if not _says(discovery, "ports"):
        return
    if runtime == "DOCKER":
        yield Conflict(
            "ipAddress.discovery stands in an app for the Docker engine: Marathon refuses it",
            address.key_place("discovery"),
            (),
            "instead, declare the ports in container.portMappings",
        )
    elif container is not None and _says(container, "portMappings"):
        yield Conflict(
            "ipAddress.discovery.ports stands beside container.portMappings:"
            " Marathon fails on an app with both",
            _at(discovery, "ports"),
            ((_at(container, "portMappings"), "portMappings stands here"),),
            "instead, keep container.portMappings",
        )
