"""Rules on what a container shares that it should have for itself.

Names, networks, control groups and kernel parameters of the agent, other containers,
files that the Docker command line reads for it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policylint.detect import paths, sysctls
from policylint.detect.placeholders import has_hole
from policylint.finding import Problem
from policylint.model import Value
from policylint.patterns import regex
from policylint.rule import rule
from policylint.rules.remedies import remove
from policylint.workload import Container, DockerParameter, Namespace, Workload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.finding import Problems
    from policylint.model import At

_READ_FILES = ("env-file", "label-file")
_SECCOMP = regex(r"\s*seccomp[=:](.+)", re.DOTALL)
_SECCOMP_WORDS = ("unconfined", "builtin")


@rule(
    on=Namespace,
    severity="medium",
    family="escape",
    refs="CIS-Docker:5.21 NIST:4.4.3 CWE-653 PSS:baseline",
)
def host_uts_namespace(namespace: Namespace) -> Problems:
    """Host name of the agent shared.

    The container can rename the agent, which confuses its registration and its logs.

    Instead, remove the parameter.

    Bad (marathon):
        {"id": "/agent", "container": {"docker": {"image": "agent:1", "parameters": [
          {"key": "uts", "value": "host"}]}}}

    Good (marathon):
        {"id": "/agent", "container": {"docker": {"image": "agent:1", "parameters": []}}}
    """
    if namespace.name == "uts" and namespace.mode.value == "host":
        yield Problem(
            namespace.mode,
            "shares the agent's host name and may change it",
            fix=remove(namespace.mode, "take a host name of its own"),
        )


@rule(
    on=Workload,
    severity="low",
    family="escape",
    refs="CIS-Docker:5.10 NIST:4.4.2 CWE-1188",
)
def host_network_by_default(workload: Workload) -> Problems:
    """Host network by omission.

    Where nothing is said about networks, the task joins the agent's own: its
    loopback-only services, its traffic, all of its ports.

    Instead, state `"networks": [{"mode": "container/bridge"}]` or a named network.

    Bad (marathon):
        {"id": "/web", "cmd": "run", "container": {"type": "MESOS", "docker": {"image": "web:1"}}}

    Good (marathon):
        {"id": "/web", "cmd": "run", "networks": [{"mode": "container", "name": "dcos"}],
          "container": {"type": "MESOS", "docker": {"image": "web:1"}}}
    """
    if workload.partial or not workload.has_image or _is_parked(workload):
        return
    modes = [network.mode for network in workload.networks]
    if all(mode.value == "host" and mode.origin == "default" for mode in modes):
        yield Problem(workload, "states no network, so it joins the agent's own")


@rule(
    on=Container,
    severity="high",
    family="escape",
    refs="CIS-Docker:5.25 NIST:4.4.3 CWE-400 CWE-653",
)
def cgroup_escape_setting(container: Container) -> Problems:
    """Control group chosen by hand.

    Outside of its task's control group nobody accounts for the container or limits
    it, and below a slice of the system it starves the services there.

    Instead, remove the parameter.

    Bad (marathon):
        {"id": "/web", "container": {"docker": {"image": "web:1", "parameters": [
          {"key": "cgroup-parent", "value": "/system.slice"}]}}}

    Good (marathon):
        {"id": "/web", "container": {"docker": {"image": "web:1", "parameters": []}}}
    """
    parent = _last(container, "cgroup-parent")
    if parent:
        yield Problem(
            parent,
            f"runs in control group {parent.value}, outside the limits of its task",
            fix=remove(parent, "stay in the task's control group"),
        )
    for namespace in container.namespaces:
        if namespace.name == "cgroupns" and namespace.mode.value == "host":
            yield Problem(
                namespace.mode,
                "sees the control groups of the whole agent",
                severity="medium",
                fix=remove(namespace.mode, "see only its own control groups"),
            )


@rule(
    on=Container,
    severity="high",
    family="escape",
    refs="NIST:4.3.4 NIST:4.4.3 CWE-653 ATTACK:T1611",
)
def sibling_container_joined(container: Container, workload: Workload) -> Problems:
    """Namespaces or volumes of another container joined.

    It takes whichever container happens to carry that name on the agent: another
    team's, or a node agent with mounts of the host.

    Instead, put what belongs together into a pod.

    Bad (marathon):
        {"id": "/web", "container": {"docker": {"image": "web:1", "parameters": [
          {"key": "volumes-from", "value": "node-agent"}]}}}

    Good (marathon):
        {"id": "/web", "container": {"docker": {"image": "web:1", "parameters": []}}}
    """
    for thing, mode in _modes(container, workload):
        kind, colon, name = mode.value.partition(":")
        if kind == "container" and colon:
            yield Problem(mode, f"joins the {thing} of container {name}, whoever that is there")
    for parameter in container.parameters:
        name = parameter.value.value.partition(":")[0]
        if parameter.key == "volumes-from" and name:
            yield Problem(
                parameter, f"takes the volumes of container {name}, whoever that is there"
            )
        elif parameter.key == "link" and name:
            yield Problem(
                parameter,
                f"is linked to container {name}, whoever that is there",
                severity="medium",
                instead="instead, use a user network and the name of the service",
            )


@rule(
    on=DockerParameter,
    severity="medium",
    family="escape",
    refs="NIST:4.4.3 CWE-653 PSS:baseline",
)
def unsafe_sysctl(
    parameter: DockerParameter,
    container: Container,
    workload: Workload,
    *,
    safe_sysctls: tuple[str, ...] = (),
) -> Problems:
    """Kernel parameter changed.

    It reaches the neighbours or weakens a protection; in a namespace that belongs
    to the agent, it is the agent's own setting that changes.

    Instead, remove it, or have it set on the agents.

    Settings:
        safe_sysctls: Further kernel parameters that a container may set for itself.

    Bad (marathon):
        {"id": "/web", "networks": [{"mode": "container/bridge"}],
          "container": {"docker": {"image": "web:1", "parameters": [
            {"key": "sysctl", "value": "kernel.msgmax=65536"}]}}}

    Good (marathon):
        {"id": "/web", "networks": [{"mode": "container/bridge"}],
          "container": {"docker": {"image": "web:1", "parameters": [
            {"key": "sysctl", "value": "net.ipv4.ip_local_port_range=20000 60000"}]}}}
    """
    if parameter.key != "sysctl":
        return
    name = parameter.value.value.partition("=")[0].strip()
    if not name or has_hole(name):
        return
    related = tuple(_shared_namespace(name, container, workload))
    if related:
        yield Problem(parameter, f"sets {name} of the agent itself", related, severity="high")
    elif name not in (*sysctls.SAFE, *safe_sysctls):
        yield Problem(parameter, f"sets {name}, which is none of the harmless kernel parameters")


@rule(
    on=DockerParameter,
    severity="high",
    family="escape",
    refs="CWE-73 NIST:4.4.3 ATTACK:T1552.001",
)
def cli_reads_host_file(
    parameter: DockerParameter, *, allowed_env_files: tuple[str, ...] = ()
) -> Problems:
    """Flag makes Docker read or write a file of the agent.

    The agent's user, root, opens the file before the container starts, so that any
    file of `key=value` lines (credentials, settings of the platform) turns up in
    its environment or labels.

    Instead, use `env`, `labels` or a secret.

    Settings:
        allowed_env_files: Files that may be read; `*` stands for a name, `**` for any number.

    Bad (marathon):
        {"id": "/web", "container": {"docker": {"image": "web:1", "parameters": [
          {"key": "env-file", "value": "/opt/mesosphere/environment"}]}}}

    Good (marathon):
        {"id": "/web", "env": {"LOG_LEVEL": "info"}, "container": {"docker": {"image": "web:1"}}}
    """
    key, value = parameter.key, parameter.value.value
    if key in _READ_FILES and value and not _is_allowed(value, allowed_env_files):
        variables = "environment" if key == "env-file" else "labels"
        yield Problem(
            parameter, f"reads {value} of the agent, as root, into the container's {variables}"
        )
    elif key == "cidfile" and value:
        yield Problem(
            parameter,
            f"writes {value} on the agent, as root",
            instead="instead, remove the parameter: nobody needs that file",
        )
    elif key == "security-opt" and (profile := _seccomp_file(value)):
        yield Problem(
            parameter,
            f"reads {profile} of the agent as a seccomp profile",
            severity="medium",
            instead="instead, remove the parameter: the agent has a default profile",
        )


def _is_parked(workload: Workload) -> bool:
    """Whether nothing of it runs and nobody would reach it."""
    ports = (*workload.ports, *(port for part in workload.containers for port in part.ports))
    has_port = any(port.container_port or port.host_port or port.service_port for port in ports)
    return workload.instances is not None and workload.instances.is_false and not has_port


def _last(container: Container, key: str) -> Value[str] | None:
    """The value of a parameter of which the last one counts."""
    values = [item.value for item in container.parameters if item.key == key]
    if not values:
        return None
    return Value(values[-1].value, values[-1].at, tuple(value.at for value in values[:-1]))


def _modes(container: Container, workload: Workload) -> Iterator[tuple[str, Value[str]]]:
    if container.pid is not None and container.pid.is_known:
        yield "processes", container.pid
    if container.ipc is not None and container.ipc.is_known:
        yield "shared memory", container.ipc
    for network in workload.networks:
        if network.mode.is_known:
            yield "network", network.mode


def _shared_namespace(
    name: str, container: Container, workload: Workload
) -> Iterator[tuple[At, str]]:
    if sysctls.is_networks(name):
        for network in workload.networks:
            if network.mode.value == "host":
                yield network.at, "the network is the agent's"
    elif sysctls.is_ipcs(name) and container.ipc is not None and container.ipc.value == "host":
        yield container.ipc.at, "the IPC namespace is the agent's"


def _is_allowed(path: str, patterns: tuple[str, ...]) -> bool:
    return any(paths.matches_glob(paths.normalise(path), pattern) for pattern in patterns)


def _seccomp_file(option: str) -> str | None:
    match = _SECCOMP.match(option)
    return match[1] if match and match[1] not in _SECCOMP_WORDS else None
