"""Rules on the walls between a container and its agent: process, IPC and network namespaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.finding import Problem
from policylint.rule import rule
from policylint.rules.remedies import remove, replace
from policylint.workload import Container, Network, Workload

if TYPE_CHECKING:
    from policylint.finding import Problems
    from policylint.organisation import Roles


@rule(
    on=Container,
    severity="high",
    family="escape",
    refs="CIS-Docker:5.16 NIST:4.4.3 CWE-653 ATTACK:T1611 ATTACK:T1057 PSS:baseline",
)
def host_pid_namespace(container: Container) -> Problems:
    """Process namespace of the host shared.

    The container sees every process with its command line and environment and
    signals the platform's daemons; with a little more privilege it enters them.

    Instead, remove the parameter.

    Bad (marathon):
        {"id": "/agent", "container": {"docker": {"image": "agent:1", "parameters": [
          {"key": "pid", "value": "host"}]}}}

    Good (marathon):
        {"id": "/agent", "container": {"docker": {"image": "agent:1", "parameters": []}}}
    """
    if container.pid is not None and container.pid.value == "host":
        yield Problem(
            container.pid,
            "shares the agent's process namespace: it sees and signals them all",
            fix=remove(container.pid, "take a process namespace of its own"),
        )


@rule(
    on=Container,
    severity="high",
    family="escape",
    refs="CIS-Docker:5.17 NIST:4.4.3 CWE-653 ATTACK:T1611 PSS:baseline",
)
def host_ipc_namespace(container: Container) -> Problems:
    """IPC namespace or shared memory of the host shared.

    Shared memory of databases and of the platform's processes becomes readable
    and writable. Agents do not refuse it by default.

    Instead, ask for a private one, or say nothing.

    Bad (marathon):
        {"id": "/web", "cmd": "run", "container": {"type": "MESOS", "docker": {"image": "web:1"},
          "linuxInfo": {"ipcInfo": {"mode": "SHARE_PARENT"}}}}

    Good (marathon):
        {"id": "/web", "cmd": "run", "container": {"type": "MESOS", "docker": {"image": "web:1"},
          "linuxInfo": {"ipcInfo": {"mode": "PRIVATE", "shmSize": 64}}}}
    """
    if container.ipc is None:
        return
    if container.ipc.value == "host":
        is_docker = container.runtime.value == "DOCKER"
        words = "take an IPC namespace of its own"
        fix = (
            remove(container.ipc, words) if is_docker else replace(container.ipc, "PRIVATE", words)
        )
        yield Problem(container.ipc, "shares the agent's IPC namespace and shared memory", fix=fix)
    elif container.ipc.value == "shareable":
        yield Problem(
            container.ipc, "lets other containers join its IPC namespace", severity="medium"
        )


@rule(
    on=Network,
    severity="medium",
    family="escape",
    refs="CIS-Docker:5.10 NIST:4.4.2 NIST:4.3.3 CWE-653 ATTACK:T1040 ATTACK:T1046 PSS:baseline",
)
def host_network_explicit(network: Network, workload: Workload, roles: Roles) -> Problems:
    """Container joins the host's network.

    It reaches the agent's loopback-only services, sees its traffic, binds any
    port and skips network policy.

    Instead, use `container/bridge` or a named network with port mappings.

    Bad (marathon):
        {"id": "/web", "cmd": "run", "networks": [{"mode": "host"}],
          "container": {"type": "MESOS", "docker": {"image": "web:1"}}}

    Good (marathon):
        {"id": "/web", "cmd": "run", "networks": [{"mode": "container/bridge"}],
          "container": {"type": "MESOS", "docker": {"image": "web:1"}}}
    """
    mode = network.mode
    if mode.value != "host" or mode.origin == "default" or not workload.has_image:
        return
    public = [role for role in workload.accepted_roles if role.value in roles.public]
    if public:
        related = tuple((role.at, "runs on public agents") for role in public)
        yield Problem(
            mode, "joins the network of an agent that faces the internet", related, severity="high"
        )
    else:
        yield Problem(mode, "joins the agent's network and reaches its loopback-only services")
