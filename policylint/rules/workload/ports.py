"""Rules on ports that a workload takes on its agent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect.ports import PRIVATE_RANGES, PUBLIC_RANGES, is_within
from policylint.finding import Change, Fix, Problem
from policylint.rule import rule
from policylint.rules.workload.reach import MOST_RELATED, ports, published
from policylint.workload import Workload

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policylint.finding import Problems
    from policylint.model import At, Value
    from policylint.organisation import Roles


@rule(on=Workload, severity="high", family="availability", refs="CWE-570", confidence="medium")
def host_port_never_offered(
    workload: Workload,
    roles: Roles,
    *,
    private_port_ranges: tuple[str, ...] = PRIVATE_RANGES,
    public_port_ranges: tuple[str, ...] = PUBLIC_RANGES,
) -> Problems:
    """Fixed host port is not in any offer.

    Agents offer ports of certain ranges only. The service waits for ever, and
    nothing says why.

    Instead, let the agent choose (`hostPort` 0), and publish a service port or a VIP.

    Settings:
        private_port_ranges: Ports that private agents offer, such as 1025-2180.
        public_port_ranges: Ports that public agents offer.

    Bad (marathon):
        {"id": "/web", "container": {"docker": {"image": "web:1"},
          "portMappings": [{"containerPort": 80, "hostPort": 80}]}}

    Good (marathon):
        {"id": "/web", "container": {"docker": {"image": "web:1"},
          "portMappings": [{"containerPort": 80, "hostPort": 0, "servicePort": 10080}]}}
    """
    accepted = {role.value for role in workload.accepted_roles if role.is_known}
    own = workload.role.value if workload.role is not None else None
    is_public = not accepted.isdisjoint(roles.public) or own in roles.public
    # Who accepts both kinds of agents may get the ports of either.
    is_private = not is_public or bool(accepted.difference(roles.public))
    offered = [
        *(public_port_ranges if is_public else ()),
        *(private_port_ranges if is_private else ()),
    ]
    missing = [port for port in _fixed(workload) if not is_within(port.value, offered)]
    if missing:
        kind = "public" if is_public else "private"
        yield Problem(
            missing[0],
            f"no {kind} agent offers {_named(missing)}: the service waits for ever",
            _others(missing, "is not offered either"),
            fix=_let_the_agent_choose(missing),
        )


@rule(
    on=Workload,
    severity="medium",
    family="exposure",
    refs="CIS-Docker:5.8 NIST:4.4.2 PSS:baseline",
    unless=("publish-outside-scheduler",),
)
def privileged_host_port(workload: Workload) -> Problems:
    """Fixed host port below 1024.

    Whoever has it poses as one of the agent's own services.

    Instead, let the agent choose the port and let the shared proxy listen on the known one.

    Bad (marathon):
        {"id": "/web", "cmd": "run", "requirePorts": true, "portDefinitions": [{"port": 443}]}

    Good (marathon):
        {"id": "/web", "cmd": "run", "portDefinitions": [{"port": 0}]}
    """
    low = [port for port in _fixed(workload) if port.value < 1024]
    if low:
        yield Problem(
            low[0],
            f"takes {_named(low)} of the agent, where its own services are expected",
            _others(low, "likewise"),
        )
    for number, value in _published(workload):
        if 0 < number < 1024:
            yield Problem(
                value, f"takes port {number} of the agent, where its own services are expected"
            )


@rule(
    on=Workload,
    severity="low",
    family="exposure",
    refs="PSS:baseline",
    unless=("publish-outside-scheduler",),
)
def fixed_host_port(workload: Workload, *, host_port_ranges: tuple[str, ...] = ()) -> Problems:
    """Fixed host port.

    One instance fits on an agent, and only where nobody else has the port; somebody
    has to keep the list of who may have which.

    Instead, let the agent choose (`hostPort` 0), and publish a service port or a VIP.

    Settings:
        host_port_ranges: Ports that somebody hands out, such as 9000-9099: fixed ones
            among them are fine.

    Bad (marathon):
        {"id": "/web", "container": {"docker": {"image": "web:1"},
          "portMappings": [{"containerPort": 80, "hostPort": 9000}]}}

    Good (marathon):
        {"id": "/web", "container": {"docker": {"image": "web:1"},
          "portMappings": [{"containerPort": 80, "hostPort": 0}]}}
    """
    fixed = [
        port
        for port in _fixed(workload)
        if port.value >= 1024 and not is_within(port.value, host_port_ranges)
    ]
    if fixed:
        yield Problem(
            fixed[0],
            f"needs {_named(fixed)} of the agent: one instance per agent, and nobody beside it",
            _others(fixed, "likewise"),
        )
    for number, value in _published(workload):
        if number >= 1024 and not is_within(number, host_port_ranges):
            yield Problem(value, f"needs port {number} of the agent: one instance per agent")


def _fixed(workload: Workload) -> list[Value[float]]:
    """The host ports that the scheduler must find, 0 and hidden ones left out."""
    stated = (port.host_port for port in ports(workload))
    return [port for port in stated if port is not None and port.is_known and port.value > 0]


def _published(workload: Workload) -> list[tuple[int, Value[str]]]:
    return [found for container in workload.containers for found in published(container)]


def _named(found: Sequence[Value[float]]) -> str:
    first = f"port {found[0].value:g}"
    return first if len(found) == 1 else f"{first} and {len(found) - 1} more"


def _others(found: Sequence[Value[float]], words: str) -> list[tuple[At, str]]:
    return [(port.at, f"port {port.value:g} {words}") for port in found[1 : MOST_RELATED + 1]]


def _let_the_agent_choose(found: Sequence[Value[float]]) -> Fix:
    return Fix("let the agent choose", tuple(Change("set", port.at, 0) for port in found))
