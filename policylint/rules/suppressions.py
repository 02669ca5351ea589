"""Rules on suppressions: exceptions must be justified, temporary, allowed and still needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.finding import Problem
from policylint.model import Suppression
from policylint.rule import rule

if TYPE_CHECKING:
    from policylint.finding import Problems


@rule(on=Suppression, severity="medium", family="document", refs="NIST:4.4.3")
def suppression_without_reason(
    asked: Suppression,
    *,
    min_reason_chars: int = 10,  # noqa: ARG001 (the decision reads it)
    require_ticket: str = "",  # noqa: ARG001
) -> Problems:
    """Suppression gives no reason.

    Exceptions that nobody explains are never taken back. Until it has a reason,
    the suppression has no effect.

    Instead, write why, and until when.

    Settings:
        min_reason_chars: The least length of a reason, in characters.
        require_ticket: A regular expression that a reason must hold, such as a ticket's number.

    Bad (marathon):
        {"id": "/web", "cmd": "run", "labels": {"policylint.ignore/no-health-check": ""}}

    Good (marathon):
        {"id": "/web", "cmd": "run",
          "labels": {"policylint.ignore/no-health-check": "batch worker (until 2027-06-30)"}}
    """
    if asked.weak is not None:
        yield Problem(asked, f"{_what(asked)} {asked.weak} and has no effect")


@rule(on=Suppression, severity="low", family="document", refs="CWE-1164")
def suppression_unused(asked: Suppression) -> Problems:
    """Suppression matches nothing.

    Stale exceptions hide the next real finding.

    Instead, delete it.

    Bad (marathon):
        {"id": "/web", "cmd": "run",
          "labels": {"policylint.ignore/no-such-rule": "left over from the old proxy"}}

    Good (marathon):
        {"id": "/web", "cmd": "run",
          "labels": {"policylint.ignore/no-health-check": "batch worker without ports"}}
    """
    if asked.fault is not None:
        yield Problem(
            asked,
            f"{_what(asked)} has no effect: {asked.fault}",
            severity="medium",
            instead="instead, write `policylint: ignore[rule] reason (until 2027-03-31)`",
        )
        return
    for name in asked.unknown:
        yield Problem(name, f'no such rule: "{name.value}"', severity="medium")
    for name in asked.unused:
        yield Problem(name, f"{_what(asked)} of {name.value} takes nothing back")


@rule(on=Suppression, severity="high", family="document", refs="NIST:4.4.3")
def suppression_expired(
    asked: Suppression,
    *,
    require_expiry: bool = False,  # noqa: ARG001 (the decision reads it)
    max_days: int = 365,  # noqa: ARG001
) -> Problems:
    """Suppression is past its date.

    Temporary exceptions become permanent when nobody is told. After its date a
    suppression has no effect; so has one whose date is too far off.

    Instead, mend what it is about, or renew it with a new reason.

    Settings:
        require_expiry: Whether every suppression must have a date.
        max_days: How many days from now a date may be.

    Bad (marathon):
        {"id": "/web", "cmd": "run",
          "labels": {"policylint.ignore/no-health-check": "being migrated (until 2020-01-01)"}}

    Good (marathon):
        {"id": "/web", "cmd": "run",
          "labels": {"policylint.ignore/no-health-check": "batch worker without ports"}}
    """
    if asked.lapsed is not None:
        yield Problem(asked, f"{_what(asked)} {asked.lapsed} and has no effect")


@rule(on=Suppression, severity="high", family="document", refs="CWE-284 ATTACK:T1685")
def suppression_not_permitted(asked: Suppression) -> Problems:
    """Suppression of a protected rule from inside the document.

    If whoever submits a definition can switch off the gate, there is no gate:
    in a definition critical rules, whole families and wildcards cannot be
    suppressed unless the policy says `suppressible: true`.

    Instead, ask for an exemption in the policy, which is reviewed by itself.

    Bad (marathon):
        {"id": "/web", "cmd": "run", "labels": {"policylint.ignore/*": "we know what we are doing"}}

    Good (marathon):
        {"id": "/web", "cmd": "run", "labels": {"team": "billing"}}
    """
    for name in asked.denied:
        what = "everything" if name.value == "*" else name.value
        yield Problem(name, f"{what} cannot be suppressed in a definition")


def _what(asked: Suppression) -> str:
    return "exemption" if asked.form == "exemption" else "suppression"
