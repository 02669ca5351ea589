"""Rules on ids that several definitions claim."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect.paths import matches_glob
from policylint.finding import Problem
from policylint.fleet import Fleet
from policylint.rule import rule

if TYPE_CHECKING:
    from policylint.finding import Problems
    from policylint.fleet import Service, ServiceGroup
    from policylint.organisation import Environments


@rule(on=Fleet, severity="high", family="document", refs="CWE-694", given=("others",))
def duplicate_id(
    fleet: Fleet, environments: Environments, *, overlays: tuple[str, ...] = ()
) -> Problems:
    """Two definitions claim one id.

    The last one deployed silently replaces the other, which was reviewed. A group
    takes the place of a service of its id, or is refused.

    Instead, rename one of them, or remove it.

    Settings:
        overlays: Files that are meant to replace others, such as `overlays/**`.

    Bad (marathon):
        {"id": "/", "apps": [{"id": "/web", "cmd": "run"}, {"id": "web", "cmd": "walk"}]}

    Good (marathon):
        {"id": "/", "apps": [{"id": "/web", "cmd": "run"}, {"id": "/shop", "cmd": "walk"}]}
    """
    claims: dict[tuple[object, ...], list[Service | ServiceGroup]] = {}
    for owner in _claimants(fleet):
        path = owner.home.path
        if not any(matches_glob(path, pattern) for pattern in overlays):
            key = (owner.server, owner.id, environments.of(path))
            claims.setdefault(key, []).append(owner)
    for owners in claims.values():
        if len(owners) > 1:
            yield _clash(owners)


def _claimants(fleet: Fleet) -> list[Service | ServiceGroup]:
    """The definitions of ids: not changes of stored ones, nor groups that list no members."""
    services = [
        service for service in fleet.services if service.id is not None and not service.partial
    ]
    groups = [group for group in fleet.groups if group.is_filled and group.id != "/"]
    return sorted((*services, *groups), key=lambda owner: owner.at.order())


def _clash(owners: list[Service | ServiceGroup]) -> Problem:
    # The second one is one too many, as it would be in a file.
    original, first, *others = owners
    kinds = sorted({owner.kind for owner in owners})
    times = "twice" if len(owners) == 2 else f"{len(owners)} times"
    if len(kinds) > 1:
        words = f"is {' and '.join(map(_with_article, kinds))}: Marathon takes only one of them"
    elif kinds == ["group"]:
        words = f"is defined {times}: the last one deployed removes what only the others list"
    else:
        words = f"is defined {times}: the last one deployed replaces the others"
    return Problem(
        first,
        f"{first.id} {words}",
        [(owner.at, f"{_with_article(owner.kind)} of this id") for owner in (original, *others)],
        # Groups may be deployed service by service, so that neither removes anything.
        severity="medium" if kinds == ["group"] else None,
        here=f"{_with_article(first.kind)} of this id",
        is_mutual=True,
    )


def _with_article(kind: str) -> str:
    return f"an {kind}" if kind == "app" else f"a {kind}"
