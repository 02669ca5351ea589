"""Rules on ports and addresses that several services claim."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policylint.detect.routes import groups, is_enabled
from policylint.finding import Problem
from policylint.fleet import Fleet
from policylint.fleet.meeting import Claim, are_rivals, clashes, may_share_agent, running
from policylint.rule import rule
from policylint.rules.fleet.claims import are_one_team, clash_of, names
from policylint.tree import Place

if TYPE_CHECKING:
    from policylint.finding import Problems
    from policylint.fleet import Service, ServicePort
    from policylint.organisation import Environments

# A wider range that is published is everybody's trouble already.
_WIDEST = 64
_VIP = re.compile(r"VIP_\d+", re.IGNORECASE)
_AT_ONE_AGENT = ("UNIQUE", "MAX_PER")
# A service with a host name shares these with all others.
_SHARED_PORTS = (80, 443)


@rule(on=Fleet, severity="high", family="availability", refs="CWE-694", given=("host_ports",))
def host_port_collision(fleet: Fleet, environments: Environments) -> Problems:
    """Two services need the same port of an agent.

    Where one of them runs the other waits for another agent, and when there is none it
    waits for ever.

    Instead, let the agent choose the port (`hostPort` 0), and find it by a VIP or the
    proxy.

    Bad (marathon):
        {"id": "/", "apps": [
          {"id": "/a", "cmd": "run", "requirePorts": true, "portDefinitions": [{"port": 9000}]},
          {"id": "/b", "cmd": "run", "requirePorts": true, "portDefinitions": [{"port": 9000}]}]}

    Good (marathon):
        {"id": "/", "apps": [
          {"id": "/a", "cmd": "run", "portDefinitions": [{"port": 0}]},
          {"id": "/b", "cmd": "run", "portDefinitions": [{"port": 0}]}]}
    """
    claims: dict[tuple[frozenset[str], int], list[Claim]] = {}
    for cluster, service in running(fleet, environments):
        yield from _several_instances(service)
        for port in service.host_ports:
            if port.last - port.first < _WIDEST:
                claim = Claim(service, service.spot(port), port.protocols)
                for number in range(port.first, port.last + 1):
                    claims.setdefault((cluster, number), []).append(claim)
    for (_, number), claimed in claims.items():
        for clash in clashes(claimed, _need_one_port):
            yield clash_of(
                clash,
                f"port {number} of an agent is needed by {names(clash)}: "
                "where one of them runs the other cannot",
                "needs the same port",
            )


@rule(
    on=Fleet,
    severity="high",
    family="availability",
    refs="CWE-694 ATTACK:T1557",
    given=("service_ports", "others"),
)
def service_port_collision(fleet: Fleet, environments: Environments) -> Problems:
    """Two services claim one port of the shared proxy.

    The proxy mixes their instances, or serves one of them and drops the other.

    Instead, give each a service port of its own, or publish them by host names.

    Bad (marathon):
        {"id": "/", "apps": [
          {"id": "/a", "cmd": "run", "labels": {"HAPROXY_GROUP": "internal"},
            "portDefinitions": [{"port": 10101}]},
          {"id": "/b", "cmd": "run", "labels": {"HAPROXY_GROUP": "internal"},
            "portDefinitions": [{"port": 10101}]}]}

    Good (marathon):
        {"id": "/", "apps": [
          {"id": "/a", "cmd": "run", "labels": {"HAPROXY_GROUP": "internal"},
            "portDefinitions": [{"port": 10101}]},
          {"id": "/b", "cmd": "run", "labels": {"HAPROXY_GROUP": "internal"},
            "portDefinitions": [{"port": 10102}]}]}
    """
    claims: dict[tuple[frozenset[str], str, str, int], list[Claim]] = {}
    for cluster, service in running(fleet, environments):
        labels = {label.name: label.value for label in service.routing}
        for port in service.service_ports:
            claim = Claim(service, service.spot(port))
            for group in _proxy_groups(port, labels):
                address = labels.get(f"HAPROXY_{port.position}_BIND_ADDR", "*").strip()
                claims.setdefault((cluster, group, address, port.number), []).append(claim)
    for (_, group, _, number), claimed in claims.items():
        for clash in clashes(claimed, are_rivals):
            where = f"of the proxies of group {group}" if group else "of a proxy"
            yield clash_of(
                clash,
                f"service port {number} {where} is claimed by {names(clash)}: "
                "one gets the requests of the other",
                "claims the same port",
                # Without a group it is only taken up by a proxy that serves every service.
                severity=None if group else "medium",
            )


@rule(
    on=Fleet,
    severity="high",
    family="exposure",
    refs="CWE-694 CWE-290 NIST:4.3.3 ATTACK:T1557",
    given=("routing", "others"),
)
def vip_collision(
    fleet: Fleet, environments: Environments, *, vip_scheduler: str = "marathon"
) -> Problems:
    """Two services claim one virtual address.

    Connections are spread over both, so one gets what was meant for the other:
    passwords and orders included.

    Instead, give each an address of its own.

    Settings:
        vip_scheduler: The name of the scheduler, which is part of the addresses' long form.

    Bad (marathon):
        {"id": "/", "apps": [
          {"id": "/a", "cmd": "run", "portDefinitions": [{"port": 0, "labels":
            {"VIP_0": "/db:5432"}}]},
          {"id": "/b", "cmd": "run", "portDefinitions": [{"port": 0, "labels":
            {"VIP_0": "/db:5432"}}]}]}

    Good (marathon):
        {"id": "/", "apps": [
          {"id": "/a", "cmd": "run", "portDefinitions": [{"port": 0, "labels":
            {"VIP_0": "/a-db:5432"}}]},
          {"id": "/b", "cmd": "run", "portDefinitions": [{"port": 0, "labels":
            {"VIP_0": "/b-db:5432"}}]}]}
    """
    suffix = f".{vip_scheduler.lower()}.l4lb.thisdcos.directory"
    claims: dict[tuple[frozenset[str], str], list[Claim]] = {}
    for cluster, service in running(fleet, environments):
        for label in service.routing:
            address = _address(label.value, suffix) if _VIP.fullmatch(label.name) else None
            if address is not None:
                claim = Claim(service, service.spot(label), label.protocols or ("tcp",))
                claims.setdefault((cluster, address), []).append(claim)
    for (_, address), claimed in claims.items():
        for clash in clashes(claimed, _listen_alike):
            yield clash_of(
                clash,
                f"the virtual address {address} is claimed by {names(clash)}: "
                "each gets some of the connections",
                "claims the same address",
                severity="medium" if are_one_team(clash) else None,
            )


def _several_instances(service: Service) -> Problems:
    """A service that is in its own way: as many instances as there are agents, and no more."""
    if service.instances.value < 2 or not service.host_ports:
        return
    is_spread = any(
        field.lstrip("@") == "hostname" and operator in _AT_ONE_AGENT
        for field, operator, _ in service.constraints
    )
    if not is_spread and not any("" in constraint[:2] for constraint in service.constraints):
        port = service.host_ports[0]
        yield Problem(
            service.spot(port),
            f"{service.name} needs port {port.first} of an agent for each of its instances: "
            "there is one on an agent at most, and no constraint says so",
            severity="low",
            instead="instead, let the agent choose the port, or add the constraint"
            ' ["hostname", "UNIQUE"]',
        )


def _need_one_port(one: Claim, other: Claim) -> bool:
    return (
        not set(one.terms).isdisjoint(other.terms)
        and are_rivals(one, other)
        and may_share_agent(one.service, other.service)
    )


def _listen_alike(one: Claim, other: Claim) -> bool:
    return not set(one.terms).isdisjoint(other.terms) and are_rivals(one, other)


def _proxy_groups(port: ServicePort, labels: dict[str, str]) -> tuple[str, ...]:
    """The groups of proxies that open a port for a service."""
    index = port.position
    if not is_enabled(labels, index):
        return ()
    if port.number in _SHARED_PORTS and labels.get(f"HAPROXY_{index}_VHOST"):
        return ()
    found = groups(labels, index)
    if found == ("",) and not _is_meant(port):
        return ()
    return found


def _is_meant(port: ServicePort) -> bool:
    """Whether a number can only be meant for a proxy."""
    place = port.tail
    return isinstance(place, Place) and ("servicePort" in place.path or "labels" in place.path)


def _address(text: str, suffix: str) -> str | None:
    """The short form of `/name:port`, `name.marathon.l4lb.thisdcos.directory:port`, `ip:port`."""
    name, colon, port = text.strip().rpartition(":")
    name = name.strip("/").lower().removesuffix(suffix)
    if not colon or not name or not port.isdecimal() or not 0 < int(port[:9]) < 65536:
        return None
    return f"{name}:{int(port)}"
