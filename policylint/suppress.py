"""Decides which findings are taken back, and what becomes of those who ask for it.

Without a reason, or after its date, a suppression has no effect and is itself a
finding. One that stands in a definition has none on a critical rule unless the
policy allows it: who submits a definition must not be able to switch off the gate.
"""

from __future__ import annotations

import os
import re
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, NamedTuple

from policylint.detect.paths import matches_glob
from policylint.finding import UNREADABLE
from policylint.rules.index import RULES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from policylint.finding import Finding
    from policylint.model import Suppression, Value

PLACEHOLDERS = frozenset({"todo", "tbd", "n/a", "na", "none", "fixme", "xxx", "later", "."})
_RULES_OF_OURS = frozenset({
    "suppression-without-reason", "suppression-unused", "suppression-expired",
    "suppression-not-permitted",
})  # fmt: skip


class Terms(NamedTuple):
    """What a policy demands of suppressions.

    `rules` are those that run, `suppressible` says of some whether definitions may
    suppress them; `require_ticket` is a
    pattern that a reason must hold; `max_days` is how far off a date may be.
    """

    today: date
    rules: Collection[str]
    suppressible: Mapping[str, bool]
    min_reason_chars: int = 10
    require_ticket: str = ""
    require_expiry: bool = False
    max_days: int = 365


class Decision(NamedTuple):
    """Findings that stay, findings that are taken back and by what, and all that was asked."""

    kept: list[Finding]
    suppressed: list[tuple[Finding, Suppression]]
    suppressions: list[Suppression]


def today() -> date:
    """The day by which dates are judged: of `SOURCE_DATE_EPOCH`, else this one, in UTC."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if epoch.isdigit():
        return datetime.fromtimestamp(int(epoch), timezone.utc).date()
    return datetime.now(timezone.utc).date()


def decide(
    findings: Iterable[Finding], suppressions: Iterable[Suppression], terms: Terms
) -> Decision:
    """Weigh the findings of one file against what asks to take them back."""
    judged = [judge(asked, terms) for asked in suppressions]
    used: set[tuple[int, str]] = set()
    kept: list[Finding] = []
    taken: list[tuple[Finding, Suppression]] = []
    for finding in findings:
        answer = None
        for index, asked in enumerate(judged):
            name = _answers(asked, finding)
            if name is None:
                continue
            used.add((index, name))
            if answer is None and _has_effect(asked, name):
                answer = asked
        if answer is None or finding.rule.name == UNREADABLE:
            kept.append(finding)
        else:
            taken.append((finding, answer))
    asked_for = [_with_use(asked, index, used, terms) for index, asked in enumerate(judged)]
    return Decision(kept, taken, asked_for)


def judge(asked: Suppression, terms: Terms) -> Suppression:
    """A suppression with what stands against it, before any finding is looked at."""
    families = {entry[3] for entry in RULES.values()}
    unknown = tuple(
        rule for rule in asked.rules
        if rule.value not in RULES and rule.value not in families and rule.value != "*"
    )  # fmt: skip
    denied: tuple[Value[str], ...] = ()
    if asked.form != "exemption":
        denied = tuple(
            rule for rule in asked.rules
            if rule not in unknown and not _is_permitted(rule.value, terms)
        )  # fmt: skip
    return asked._replace(
        weak=_weakness(asked, terms),
        lapsed=_lapse(asked, terms),
        unknown=unknown,
        denied=denied,
    )


def _is_permitted(rule: str, terms: Terms) -> bool:
    if rule not in RULES or rule in _RULES_OF_OURS:
        return False  # a wildcard, a family, or what watches over suppressions
    return terms.suppressible.get(rule, RULES[rule][2] != "critical")


def _weakness(asked: Suppression, terms: Terms) -> str | None:
    reason = asked.reason.strip()
    if not reason or reason.lower() in PLACEHOLDERS:
        return "gives no reason"
    if len(reason) < terms.min_reason_chars:
        return f"gives a reason of {len(reason)} characters, {terms.min_reason_chars} are wanted"
    if terms.require_ticket and not re.search(terms.require_ticket, reason):
        return f"names no ticket ({terms.require_ticket})"
    return None


def _lapse(asked: Suppression, terms: Terms) -> str | None:
    if asked.fault is not None:
        return None
    if asked.until is None:
        return "has no date, and this policy wants one" if terms.require_expiry else None
    until = date.fromisoformat(asked.until)
    if until < terms.today:
        days = (terms.today - until).days
        return f"ended on {asked.until}, {days} day{'' if days == 1 else 's'} ago"
    if until > terms.today + timedelta(days=terms.max_days):
        return f"ends on {asked.until}, more than {terms.max_days} days from now"
    return None


def _has_effect(asked: Suppression, name: str) -> bool:
    return (
        asked.fault is None
        and asked.weak is None
        and asked.lapsed is None
        and all(rule.value != name for rule in asked.denied)
    )


def _answers(asked: Suppression, finding: Finding) -> str | None:
    """The name in a suppression by which it means a finding; None when it does not."""
    if not _covers(asked, finding):
        return None
    names = (finding.rule.name, finding.rule.family, "*")
    return next((rule.value for rule in asked.rules if rule.value in names), None)


def _covers(asked: Suppression, finding: Finding) -> bool:
    if asked.form != "exemption":
        target = asked.target
        return target is not None and target.start <= finding.span.start < max(
            target.end, target.start + 1
        )
    if asked.subject is not None and not matches_glob(finding.subject or "", asked.subject):
        return False
    return asked.path is None or matches_glob(finding.source.path, asked.path)


def _with_use(
    asked: Suppression, index: int, used: set[tuple[int, str]], terms: Terms
) -> Suppression:
    # Of a rule that does not run nobody can say whether it would have had something to say.
    silent = {rule.value for rule in (*asked.unknown, *asked.denied)}
    silent.update(rule for rule in RULES if rule not in terms.rules)
    unused = tuple(
        rule for rule in asked.rules if rule.value not in silent and (index, rule.value) not in used
    )
    return asked._replace(unused=unused)
