"""What rules say of services that claim one thing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.finding import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policylint.fleet.meeting import Claim


def clash_of(
    clash: Sequence[Claim], message: str, likewise: str, severity: str | None = None
) -> Problem:
    """A problem at the second of several claims: one too many, as it would be in a file."""
    original, first, *others = clash
    return Problem(
        first.at,
        message,
        [(claim.at, f"{claim.service.name} {likewise}") for claim in (original, *others)],
        severity=severity,
        here=f"{first.service.name} {likewise}",
        is_mutual=True,
    )


def names(clash: Sequence[Claim]) -> str:
    """Who claims it; of very many the first."""
    known = [claim.service.name for claim in clash]
    if len(known) > 3:
        known[2:] = [f"{len(known) - 2} more"]
    *others, last = known
    return f"{', '.join(others)} and {last}" if others else last


def are_one_team(clash: Sequence[Claim]) -> bool:
    """Whether all services that claim it belong to one top-level group."""
    return len({claim.service.team for claim in clash}) == 1
