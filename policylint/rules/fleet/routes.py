"""Rules on requests that several services want."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect import routes
from policylint.detect.paths import is_below
from policylint.finding import Problem
from policylint.fleet import Fleet
from policylint.fleet.meeting import Claim, are_rivals, clashes, running
from policylint.rule import rule
from policylint.rules.fleet.claims import clash_of, names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policylint.finding import Problems
    from policylint.organisation import Environments

# The routes of one host that are compared two by two.
_MOST_OF_A_HOST = 100


@rule(
    on=Fleet,
    severity="high",
    family="exposure",
    refs="CWE-694 NIST:4.3.3 ATTACK:T1557",
    given=("routing", "others"),
)
def route_collision(fleet: Fleet, environments: Environments) -> Problems:
    """Two services claim one host and path.

    The proxy sends the requests to one of them, by the order of its configuration:
    one service gets what was meant for the other.

    Instead, give each a host or a path of its own.

    Bad (marathon):
        {"id": "/", "apps": [
          {"id": "/a", "cmd": "run", "labels":
            {"HAPROXY_GROUP": "internal", "HAPROXY_0_VHOST": "x.example"}},
          {"id": "/b", "cmd": "run", "labels":
            {"HAPROXY_GROUP": "internal", "HAPROXY_0_VHOST": "x.example"}}]}

    Good (marathon):
        {"id": "/", "apps": [
          {"id": "/a", "cmd": "run", "labels":
            {"HAPROXY_GROUP": "internal", "HAPROXY_0_VHOST": "a.example"}},
          {"id": "/b", "cmd": "run", "labels":
            {"HAPROXY_GROUP": "internal", "HAPROXY_0_VHOST": "b.example"}}]}
    """
    hosts: dict[tuple[object, ...], dict[str, list[Claim]]] = {}
    for cluster, service in running(fleet, environments):
        labels = {label.name: label for label in service.routing}
        for route in routes.routes({name: label.value for name, label in labels.items()}):
            claim = Claim(service, service.spot(labels[route.label]), (route.weight,))
            host = hosts.setdefault((cluster, route.proxy, route.host), {})
            host.setdefault(route.path, []).append(claim)
    for (*_, host_name), paths in hosts.items():
        for path, claimed in paths.items():
            for clash in clashes(claimed, _weigh_alike):
                yield clash_of(
                    clash,
                    f"{host_name}{_shown(path)} is claimed by {names(clash)}: "
                    "the proxy sends its requests to one of them",
                    "claims the same requests",
                )
        yield from _captures(str(host_name), paths)


@rule(
    on=Fleet,
    severity="high",
    family="exposure",
    refs="CWE-694 ATTACK:T1557",
    given=("routing", "others"),
)
def admin_route_collision(fleet: Fleet, environments: Environments) -> Problems:
    """Two services claim one name at the platform's router.

    Requests for one of them land on the other. Of a name and one below it, such as
    `data` and `data/ui`, the router takes the first for both.

    Instead, give each a `DCOS_SERVICE_NAME` of its own.

    Bad (marathon):
        {"id": "/", "apps": [
          {"id": "/a", "cmd": "run", "labels": {"DCOS_SERVICE_NAME": "ui"}},
          {"id": "/b", "cmd": "run", "labels": {"DCOS_SERVICE_NAME": "ui"}}]}

    Good (marathon):
        {"id": "/", "apps": [
          {"id": "/a", "cmd": "run", "labels": {"DCOS_SERVICE_NAME": "a-ui"}},
          {"id": "/b", "cmd": "run", "labels": {"DCOS_SERVICE_NAME": "b-ui"}}]}
    """
    claims: dict[tuple[object, ...], list[Claim]] = {}
    for cluster, service in running(fleet, environments):
        for label in service.routing:
            name = label.value.strip().strip("/")
            if label.name == "DCOS_SERVICE_NAME" and name and service.kind != "job":
                claim = Claim(service, service.spot(label), (name,))
                claims.setdefault((cluster, name.partition("/")[0]), []).append(claim)
    for claimed in claims.values():
        for clash in clashes(claimed, _hide_each_other):
            name = min((str(claim.terms[0]) for claim in clash), key=len)
            yield clash_of(
                clash,
                f"the router's name {name} is claimed by {names(clash)}: "
                "requests for one land on the other",
                "claims this name",
            )


def _captures(host: str, paths: Mapping[str, list[Claim]]) -> Iterator[Problem]:
    """Routes of one team that are preferred to longer ones of another."""
    every = [(path, claim) for path, claimed in paths.items() for claim in claimed]
    weighty = [(path, claim) for path, claim in every if claim.terms[0] is not None]
    for path, claim in weighty[:_MOST_OF_A_HOST]:
        taken = [
            other
            for other_path, other in every[:_MOST_OF_A_HOST]
            if other_path.startswith(path)
            and claim.service.team != other.service.team
            and claim.terms[0] > (other.terms[0] or 0)
            and are_rivals(claim, other)
        ]
        if taken:
            victims = list({other.service.name: other for other in taken}.values())
            yield Problem(
                claim.at,
                f"{claim.service.name} gets {host}{_shown(path)} by its weight before "
                f"{names(victims)}",
                [(other.at, f"{other.service.name} wants this") for other in victims],
                severity="medium",
                here=f"{claim.service.name} gets this first",
                is_mutual=True,
            )


def _weigh_alike(one: Claim, other: Claim) -> bool:
    return one.terms == other.terms and are_rivals(one, other)


def _hide_each_other(one: Claim, other: Claim) -> bool:
    names = str(one.terms[0]), str(other.terms[0])
    return are_rivals(one, other) and (is_below(*names) or is_below(*names[::-1]))


def _shown(path: str) -> str:
    return path.rstrip()
