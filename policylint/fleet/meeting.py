"""Which services can meet: in one cluster, on one agent, over one thing that both claim."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from policylint.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator

    from policylint.fleet import Fleet, Service, Spot
    from policylint.organisation import Environments

# Claims that differ in what decides are compared two by two up to here.
_MOST_KINDS = 200
_PINS = ("CLUSTER", "IS", "EQ", "LIKE")
_NAMES = re.compile(r"\(?([\w.-]+(?:\|[\w.-]+)*)\)?", re.ASCII)
_ANY = ".*"


class Claim(NamedTuple):
    """Something that a service claims for itself.

    `terms` are what else decides whether two claims of the thing exclude each other.
    """

    service: Service
    at: Spot
    terms: tuple[Any, ...] = ()


def running(fleet: Fleet, environments: Environments) -> Iterator[tuple[frozenset[str], Service]]:
    """The services that run, each with its cluster; of several definitions of an id one."""
    chosen: dict[tuple[object, ...], Service] = {}
    for service in fleet.services:
        if service.id is None or not service.instances.value:
            continue
        key = environments.of(service.home.path), service.server, service.id
        if key not in chosen or (chosen[key].partial and not service.partial):
            chosen[key] = service
    for (cluster, *_), service in chosen.items():
        yield cluster, service  # type: ignore[misc]


def clashes(claims: Iterable[Claim], meet: Callable[[Claim, Claim], bool]) -> Iterator[list[Claim]]:
    """Claims on one thing that meet those of other services, in groups that hang together.

    `meet` goes by the terms of two claims and by where their services may run: claims that
    are alike in these are compared once. A service has one claim in a group.
    """
    kinds: dict[Hashable, list[Claim]] = {}
    for claim in claims:
        service = claim.service
        placement = service.accepted_roles, service.constraints, service.role and service.role.value
        kinds.setdefault((claim.terms, placement, service.deployment_group), []).append(claim)
    for group in _joined([_once(kind) for kind in kinds.values()], meet):
        together = _once(group)
        if len(together) > 1:
            yield together


def are_rivals(one: Claim, other: Claim) -> bool:
    """Whether two services are not the halves of a blue and green deployment."""
    group = one.service.deployment_group
    return group is None or group != other.service.deployment_group


def may_share_agent(one: Service, other: Service) -> bool:
    """Whether two services can run on one agent; not where nobody can say."""
    roles = _roles(one) & _roles(other)
    return bool(roles - {""}) and not any(
        _keeps_apart(mine, theirs)
        for mine in _limits(one)
        for theirs in _limits(other)
        if mine[0] == theirs[0] or "" in (mine[0], theirs[0])
    )


def _joined(
    kinds: list[list[Claim]], meet: Callable[[Claim, Claim], bool]
) -> Iterator[list[Claim]]:
    """The kinds of claims that meet among themselves or another kind, those together."""
    leader = list(range(len(kinds)))
    met = [len(kind) > 1 and meet(kind[0], kind[1]) for kind in kinds]

    def find(number: int) -> int:
        while leader[number] != number:
            leader[number] = leader[leader[number]]
            number = leader[number]
        return number

    for number, kind in enumerate(kinds[:_MOST_KINDS]):
        for earlier in range(number):
            pair = _different(kinds[earlier], kind)
            if pair is not None and meet(*pair):
                leader[find(number)] = find(earlier)
                met[number] = met[earlier] = True
    groups: dict[int, list[Claim]] = {}
    for number, kind in enumerate(kinds):
        if met[number]:
            groups.setdefault(find(number), []).extend(kind)
    yield from groups.values()


def _different(some: list[Claim], others: list[Claim]) -> tuple[Claim, Claim] | None:
    """A claim of each kind, of two services."""
    for one in some[:2]:
        for other in others[:2]:
            if _who(one) != _who(other):
                return one, other
    return None


def _once(claims: list[Claim]) -> list[Claim]:
    """The first claim of each service, in the order of their places."""
    first: dict[object, Claim] = {}
    for claim in sorted(claims, key=lambda claim: claim.at.order()):
        first.setdefault(_who(claim), claim)
    return list(first.values())


def _who(claim: Claim) -> tuple[str, str | None]:
    return claim.service.server, claim.service.id


def _roles(service: Service) -> frozenset[str]:
    if service.accepted_roles:
        return frozenset(service.accepted_roles)
    return frozenset(("*", service.role.value) if service.role is not None else "*")


def _limits(service: Service) -> Iterator[tuple[str, bool, str]]:
    """Attribute, whether it must or must not have a value, and which."""
    for field, operator, value in service.constraints:
        name = field.removeprefix("@").lower()
        if "" in (field, operator):
            yield "", True, ""
        elif operator in (*_PINS, "UNLIKE") and value is not None and value != _ANY:
            yield name, operator != "UNLIKE", value


def _keeps_apart(one: tuple[str, bool, str], other: tuple[str, bool, str]) -> bool:
    """Whether two demands on one attribute exclude each other, or may do so."""
    if not one[1] and not other[1]:
        return False
    mine, theirs = _NAMES.fullmatch(one[2]), _NAMES.fullmatch(other[2])
    if mine is None or theirs is None:
        return one[1:] != other[1:] or not one[2]
    names, others = set(mine[1].split("|")), set(theirs[1].split("|"))
    if one[1] and other[1]:
        return names.isdisjoint(others)
    wanted, refused = (names, others) if one[1] else (others, names)
    return wanted <= refused
