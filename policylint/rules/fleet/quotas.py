"""Rules on what roles and groups ask for in all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.demand import UNITS
from policylint.finding import Problem
from policylint.fleet import Fleet, grouped
from policylint.rule import rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from policylint.finding import Problems
    from policylint.fleet import Home, Service
    from policylint.organisation import Quotas

# Sums of fractions are a little off.
_SLACK = 1e-6


@rule(on=Fleet, severity="high", family="resources", refs="CWE-770")
def role_quota_exceeded(
    fleet: Fleet,
    quotas: Quotas,
    *,
    default_role: str = "*",
    enforce_default: str = "top",
    job_concurrency: int = 1,
) -> Problems:
    """Services of a role ask for more than its quota.

    What goes beyond the quota waits for ever, or the quota is not enforced and one
    team takes what the others count on. An upgrade asks for more while old and new
    instances run side by side.

    Instead, ask for less, or have the quota raised.

    Settings:
        default_role: The role of services that state none and have no group to take it from.
        enforce_default: What Marathon does where a group does not say: `top` enforces
            the role of top-level groups, `off` does not.
        job_concurrency: How many runs of a job count.

    Policy:
        settings: {quotas: {role: {dev: {cpus: 40}}}}

    Bad (marathon):
        {"id": "/dev", "apps": [{"id": "web", "cmd": "run", "cpus": 4, "instances": 50}]}

    Good (marathon):
        {"id": "/dev", "apps": [{"id": "web", "cmd": "run", "cpus": 4, "instances": 2}]}
    """
    limits = dict(quotas.roles)
    members: dict[str, list[Service]] = {role: [] for role in limits}
    for service in fleet.counted() if limits else ():
        role = fleet.role_of(service, default=default_role, enforces=enforce_default != "off")
        if role in members:
            members[role].append(service)
    for role, services in members.items():
        yield from _excesses(
            f"role {role}", services, limits[role], quotas.warn_at, max(job_concurrency, 0)
        )


@rule(on=Fleet, severity="medium", family="resources", refs="CWE-770")
def group_budget_exceeded(fleet: Fleet, quotas: Quotas) -> Problems:
    """Services of a group ask for more than its budget.

    A budget keeps one part of a team from taking what the rest of it needs. An
    upgrade asks for more while old and new instances run side by side.

    Instead, ask for less, or have the budget raised.

    Policy:
        settings: {quotas: {group: {/dev/web: {cpus: 4}}}}

    Bad (marathon):
        {"id": "/dev/web/shop", "cmd": "run", "cpus": 40}

    Good (marathon):
        {"id": "/dev/web/shop", "cmd": "run", "cpus": 1}
    """
    services = fleet.counted() if quotas.groups else []
    for group, limits in quotas.groups:
        path = "/" + group.strip("/")
        yield from _excesses(
            f"group {path}", grouped(services, path), limits, quotas.warn_at, severities=_MILDER
        )


# Of what is too much now, while something is upgraded, and soon.
_USUAL = (None, "medium", "low")
_MILDER = (None, "low", "info")


def _excesses(
    name: str,
    services: Sequence[Service],
    limits: Mapping[str, float],
    warn_at: float,
    runs: int = 1,
    severities: tuple[str | None, str, str] = _USUAL,
) -> Iterator[Problem]:
    """What services ask for beyond limits; one problem for each resource."""
    for resource, limit in limits.items():
        asked = {
            service.home: service.total(resource) * (runs if service.kind == "job" else 1)
            for service in services
        }
        total = sum(asked.values())
        # Upgrades come one at a time.
        upgraded = max(services, key=lambda service: service.surge(resource), default=None)
        peak = total + (upgraded.surge(resource) if upgraded is not None else 0)
        unit, most = UNITS[resource], amount(limit)
        if total > limit + _SLACK:
            words, severity = (
                f"asks for {amount(total)} {unit}, {most} are its limit",
                severities[0],
            )
        elif peak > limit + _SLACK and upgraded is not None:
            words = f"asks for {amount(peak)} {unit} while {upgraded.name} is upgraded, "
            words += f"{most} are its limit"
            severity = severities[1]
        elif total and total >= limit * warn_at:
            words = f"asks for {amount(total)} of its {most} {unit}"
            severity = severities[2]
        else:
            continue
        takers = sorted(
            (service for service in services if asked[service.home]),
            key=lambda service: -asked[service.home],
        )
        if upgraded is not None and severity == severities[1]:
            takers.remove(upgraded)
            takers.insert(0, upgraded)
        yield _excess(f"{name} {words}", takers, resource, asked, severity)


def _excess(
    message: str,
    takers: Sequence[Service],
    resource: str,
    asked: Mapping[Home, float],
    severity: str | None,
) -> Problem:
    """A problem at the service that takes the most, with the others beside it."""
    places = [
        (
            taker.spot(taker.instances if resource == "instances" else taker.need(resource)),
            f"{taker.name} asks for {amount(asked[taker.home])}",
        )
        for taker in takers
    ]
    (first, here), *related = places
    return Problem(first, message, related, severity=severity, here=here)


def amount(number: float) -> str:
    """A number for people: without an exponent, and without more digits than matter."""
    text = f"{number:.3f}".rstrip("0").rstrip(".")
    return text or "0"
