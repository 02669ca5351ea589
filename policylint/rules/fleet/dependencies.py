"""Rules on what depends on what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect.paths import is_below, matches_glob
from policylint.finding import Problem
from policylint.fleet import Fleet
from policylint.fleet.graph import Graph, edges
from policylint.rule import rule

if TYPE_CHECKING:
    from policylint.finding import Problems
    from policylint.fleet.graph import Edge
    from policylint.organisation import Tiers

# Longer cycles are told by their first members.
_MOST_NAMES = 6


@rule(on=Fleet, severity="high", family="availability", refs="CWE-1047", given=("dependencies",))
def dependency_cycle(fleet: Fleet) -> Problems:
    """Services depend on each other in a circle.

    Marathon refuses such a group, and of definitions that are deployed one by one none
    ever starts, stops or is upgraded: each waits for the next.

    Instead, take out one of the dependencies, and have that service wait for the other
    by itself.

    Bad (marathon):
        {"id": "/", "apps": [{"id": "/a", "cmd": "run", "dependencies": ["/b"]},
          {"id": "/b", "cmd": "run", "dependencies": ["/a"]}]}

    Good (marathon):
        {"id": "/", "apps": [{"id": "/a", "cmd": "run", "dependencies": ["/b"]},
          {"id": "/b", "cmd": "run"}]}
    """
    for cycle in Graph(fleet).cycles():
        names = [edge.owner.name for edge in cycle]
        if len(names) > _MOST_NAMES:
            names = [*names[: _MOST_NAMES - 1], f"{len(names) - _MOST_NAMES + 1} more"]
        first, *others = cycle
        if len(cycle) == 1:
            words = f"{first.owner.name} depends on {_itself(first)}: it waits for itself for ever"
        else:
            way = " → ".join((*names, cycle[0].owner.name))
            words = f"dependencies lead back to where they began: {way}"
        yield Problem(
            first.at,
            words,
            [(edge.at, _depends(edge)) for edge in others],
            here=_depends(first),
            is_mutual=True,
        )


@rule(
    on=Fleet,
    severity="medium",
    family="availability",
    refs="CWE-706",
    confidence="medium",
    given=("dependencies",),
)
def dependency_missing(
    fleet: Fleet, *, set_is_complete: bool = False, external_ids: tuple[str, ...] = ()
) -> Problems:
    """Dependency on something that no definition defines.

    Marathon takes no notice of a service that is not there, so the order is not the one
    that was written; Metronome refuses the job.

    Instead, correct the id, or name it in `external_ids` where others define it.

    Settings:
        set_is_complete: Whether everything that runs is defined here; otherwise it is
            only mentioned.
        external_ids: What others define, such as `/infra/**`.

    Policy:
        rules: {dependency-missing: {set_is_complete: true}}

    Bad (marathon):
        {"id": "/", "apps": [{"id": "/web", "cmd": "run", "dependencies": ["/dbb"]},
          {"id": "/db", "cmd": "run"}]}

    Good (marathon):
        {"id": "/", "apps": [{"id": "/web", "cmd": "run", "dependencies": ["/db"]},
          {"id": "/db", "cmd": "run"}]}
    """
    for edge in edges(fleet):
        is_known = fleet.defines(edge.target, edge.owner.server)
        if not is_known and not any(matches_glob(edge.target, ids) for ids in external_ids):
            if edge.owner.kind == "job":
                words = "no definition defines it, and Metronome refuses the job without it"
            else:
                words = "no definition defines it, so nothing waits for it"
            yield Problem(
                edge.at,
                f"{edge.owner.name} depends on {edge.target}: {words}",
                severity=None if set_is_complete else "info",
            )


@rule(
    on=Fleet,
    severity="medium",
    family="isolation",
    refs="NIST:4.3.4 CWE-653",
    given=("dependencies",),
)
def cross_group_dependency(
    fleet: Fleet,
    *,
    shared_prefixes: tuple[str, ...] = ("/platform", "/shared"),
    allowed_edges: tuple[str, ...] = (),
) -> Problems:
    """Service depends on another team's.

    Marathon does not start, upgrade or stop the one without the other, so the trouble
    of one team becomes that of both.

    Instead, look the other service up, and try again until it answers.

    Settings:
        shared_prefixes: Ids under which services are there for everybody.
        allowed_edges: Who may depend on whom, such as `/shop/**=/payment/**`.

    Bad (marathon):
        {"id": "/shop/web", "cmd": "run", "dependencies": ["/payment/api"]}

    Good (marathon):
        {"id": "/shop/web", "cmd": "run", "dependencies": ["/shop/db"]}
    """
    for edge in edges(fleet):
        owner, target = edge.owner.id, edge.target
        if edge.owner.kind == "job" or owner is None:
            continue
        own, other = _team(fleet, owner), _team(fleet, target)
        if own is None or other is None or own == other:
            continue
        is_shared = any(is_below(target, prefix.rstrip("/")) for prefix in shared_prefixes)
        if not is_shared and not any(_allows(pair, owner, target) for pair in allowed_edges):
            yield Problem(
                edge.at,
                f"{owner} depends on {target}, which is {other}'s: "
                "the trouble of one team becomes that of both",
            )


@rule(
    on=Fleet,
    severity="high",
    family="isolation",
    refs="NIST:4.3.4 CWE-653",
    given=("dependencies",),
)
def tier_violation_dependency(fleet: Fleet, tiers: Tiers) -> Problems:
    """Important service depends on a less important one.

    Marathon does not start, upgrade or stop it while the other has trouble: a user's
    app holds up the platform.

    Instead, turn the dependency round, or take it out.

    Policy:
        settings: {tiers: [{platform: ["/infra/**"]}, {users: ["/*/**"]}]}

    Bad (marathon):
        {"id": "/", "apps": [{"id": "/infra/proxy", "cmd": "run", "dependencies": ["/shop/web"]},
          {"id": "/shop/web", "cmd": "run"}]}

    Good (marathon):
        {"id": "/", "apps": [{"id": "/shop/web", "cmd": "run", "dependencies": ["/infra/proxy"]},
          {"id": "/infra/proxy", "cmd": "run"}]}
    """
    if not tiers.levels:
        return
    for edge, level, others, lowest, lower in Graph(fleet).descents(tiers.of):
        high, low = tiers.levels[level][0], tiers.levels[lower][0]
        through = f" by way of {edge.target}" if others else ""
        yield Problem(
            edge.at,
            f"{edge.owner.name} ({high}) depends on {lowest} ({low}){through}: "
            "trouble of the less important one holds it up",
            [(other.at, _depends(other)) for other in others],
        )


def _depends(edge: Edge) -> str:
    return f"{edge.owner.name} depends on {edge.target}"


def _itself(edge: Edge) -> str:
    return "itself" if edge.target == edge.owner.id else edge.target


def _team(fleet: Fleet, identifier: str) -> str | None:
    """The top-level group of an id; None for a service that has none."""
    top = "/" + identifier.split("/", 2)[1]
    return None if top == identifier and not fleet.has_group(top) else top


def _allows(pair: str, owner: str, target: str) -> bool:
    """Whether `/shop/**=/payment/**` fits a dependency."""
    who, _, whom = pair.partition("=")
    return matches_glob(owner, who.strip()) and matches_glob(target, whom.strip())
