"""What is understood of a fleet, for whoever sets quotas: sums, and what is claimed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policylint.demand import RESOURCES
from policylint.fleet import grouped
from policylint.fleet.graph import edges

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from policylint.fleet import Fleet, Service
    from policylint.organisation import Quotas

    Json = dict[str, Any]

# Raised when a reader of the old form would go wrong; new members do not raise it.
VERSION = 1
AMOUNTS = (*RESOURCES, "instances")


def survey(fleet: Fleet, quotas: Quotas, *, default_role: str, enforces: bool) -> Json:
    """The fleet in figures; `schemas/fleet.schema.json` describes it."""
    services = fleet.counted()
    roles: dict[str, list[Service]] = {role: [] for role, _ in quotas.roles}
    groups: dict[str, list[Service]] = {
        "/" + group.strip("/"): grouped(services, "/" + group.strip("/"))
        for group, _ in quotas.groups
    }
    budgets = {"/" + group.strip("/"): limits for group, limits in quotas.groups}
    for service in services:
        role = fleet.role_of(service, default=default_role, enforces=enforces)
        roles.setdefault(role, []).append(service)
        if service.top_group is not None and service.top_group not in budgets:
            groups.setdefault(service.top_group, []).append(service)
    return {
        "version": VERSION,
        "total": _sums(services, {}),
        "roles": [
            {"name": role, **_sums(roles[role], dict(quotas.roles).get(role, {}))}
            for role in sorted(roles)
        ],
        "groups": [
            {"name": group, **_sums(groups[group], budgets.get(group, {}))}
            for group in sorted(groups)
        ],
        "host_ports": sorted(_host_ports(services), key=_by_values),
        "service_ports": sorted(_service_ports(services), key=_by_values),
        "vips": sorted(_labels(services, "vip_"), key=_by_values),
        "routes": sorted(
            _labels(services, "haproxy_", "traefik.", "dcos_service_", "edgelb"), key=_by_values
        ),
        "dependencies": sorted(
            ({"owner": edge.owner.id, "target": edge.target} for edge in edges(fleet)),
            key=_by_values,
        ),
    }


def _sums(services: Iterable[Service], limits: Mapping[str, float]) -> Json:
    """What services ask for, and at most while one of them is upgraded."""
    services = list(services)
    sums: Json = {"workloads": len(services)}
    for name in AMOUNTS:
        total = sum(service.total(name) for service in services)
        peak = total + max((service.surge(name) for service in services), default=0)
        sums[name] = {"asked": round(total, 3), "peak": round(peak, 3)}
        if name in limits:
            used = {"used": round(total / limits[name], 3)} if limits[name] else {}
            sums[name] |= {"quota": limits[name], **used}
    return sums


def _host_ports(services: Iterable[Service]) -> Iterator[Json]:
    for service in services:
        for port in service.host_ports:
            for protocol in port.protocols:
                found = {"port": port.first, "protocol": protocol, "service": service.name}
                yield found if port.first == port.last else {**found, "last": port.last}


def _service_ports(services: Iterable[Service]) -> Iterator[Json]:
    for service in services:
        for port in service.service_ports:
            yield {"port": port.number, "service": service.name}


def _labels(services: Iterable[Service], *beginnings: str) -> Iterator[Json]:
    for service in services:
        for label in service.routing:
            if label.name.lower().startswith(beginnings):
                yield {"label": label.name, "value": label.value, "service": service.name}


def _by_values(entry: Json) -> tuple[Any, ...]:
    return tuple(entry.values())
