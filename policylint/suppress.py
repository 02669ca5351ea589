"""Decides which findings are taken back, and what becomes of those who ask for it.

Without a reason, or after its date, a suppression has no effect and is itself a
finding. One that stands in a definition has none on a critical rule unless the
policy allows it: who submits a definition must not be able to switch off the gate.
"""

from __future__ import annotations

import os
import re
from bisect import bisect_left
from datetime import date, datetime, timezone
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

from policylint.detect.paths import matches_glob
from policylint.finding import UNREADABLE, Suppressed, rank
from policylint.named import NamedTuple
from policylint.policy import PolicyError
from policylint.rules.index import RULES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from policylint.finding import Finding
    from policylint.model import Suppression, Value
    from policylint.parsers.remarks import Remarks
    from policylint.policy import Entry, Exemption, Policy
    from policylint.source import SourceFile

PLACEHOLDERS = frozenset({"todo", "tbd", "n/a", "na", "none", "fixme", "xxx", "later", "."})
EVERYTHING = "*"
_RULES_OF_OURS = frozenset({
    "suppression-without-reason", "suppression-unused", "suppression-expired",
    "suppression-not-permitted",
})  # fmt: skip


class Terms(NamedTuple):
    """What a policy demands of suppressions.

    `known` are all rules that there are, `rules` those that run and can report,
    `left_out` those that only this run does without; `suppressible` says of some whether
    definitions may suppress them; `require_ticket` is a pattern that a reason must hold;
    `max_days` is how far off a date may be.
    """

    today: date
    rules: Collection[str]
    suppressible: Mapping[str, bool]
    left_out: Collection[str] = ()
    min_reason_chars: int = 10
    require_ticket: str = ""
    require_expiry: bool = False
    max_days: int = 365
    known: Mapping[str, Entry] = RULES


class Decision(NamedTuple):
    """Findings that stay, findings that are taken back and by what, and all that was asked."""

    kept: list[Finding]
    suppressed: list[Suppressed]
    suppressions: list[Suppression]


def now() -> datetime:
    """The moment by which dates are judged: `SOURCE_DATE_EPOCH`, else this one, in UTC."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not epoch:
        return datetime.now(timezone.utc)
    try:
        return datetime.fromtimestamp(int(epoch), timezone.utc)
    except (ValueError, OverflowError, OSError):
        raise PolicyError(f'SOURCE_DATE_EPOCH is no number of seconds: "{epoch}"') from None


def today() -> date:
    """The day by which dates are judged."""
    return now().date()


def terms(policy: Policy) -> Terms:
    """What a policy demands of suppressions, today."""
    demands: dict[str, Any] = {}
    for name in ("suppression-without-reason", "suppression-expired"):
        demands.update(policy.rules[name].settings if name in policy.rules else {})
    suppressible: dict[str, bool] = {}
    running: set[str] = set()
    for name, choice in policy.rules.items():
        if choice.suppressible is not None:
            suppressible[name] = choice.suppressible
        elif choice.severity is not None:
            suppressible[name] = choice.severity != "critical"
        if rank(choice.severity or policy.known[name][2]) >= rank(choice.floor):
            running.add(name)
    return Terms(today(), running, suppressible, policy.left_out, known=policy.known, **demands)


class Court:
    """Weighs the findings of file after file against what asks to take them back.

    The exemptions of the policy hold for all files, so what they were needed for
    comes together over the run.
    """

    def __init__(self, exemptions: Sequence[Exemption], terms: Terms) -> None:
        self._terms = terms
        self._sources = [exemption.source for exemption in exemptions]
        self._exemptions = [judge(exemption.asked, terms) for exemption in exemptions]
        self._by_name: dict[str, list[int]] = {}
        for index, asked in enumerate(self._exemptions):
            for rule in asked.rules:
                self._by_name.setdefault(rule.value, []).append(index)
        self._used: set[tuple[int, str]] = set()

    @property
    def today(self) -> date:
        """The day by which dates are judged."""
        return self._terms.today

    def leave_out(self, names: Collection[str]) -> None:
        """Call nothing unused that means these rules: the run cannot answer for them."""
        rules = [name for name in self._terms.rules if name not in names]
        left_out = (*self._terms.left_out, *names)
        self._terms = self._terms._replace(rules=rules, left_out=left_out)

    def decide(
        self,
        findings: Sequence[Finding],
        asked: Iterable[Suppression],
        remarks: Remarks | None = None,
    ) -> Decision:
        """Weigh the findings of one file; `asked` are the suppressions that stand in it.

        `remarks` are those for other tools, if this run heeds them. Nothing is said of
        them: whoever wrote them did not ask us.
        """
        judged = [judge(suppression, self._terms) for suppression in asked]
        answers = _Answers(judged, findings, self._terms)
        exempt = self._exempt(findings)
        kept: list[Finding] = []
        taken: list[Suppressed] = []
        for at, finding in enumerate(findings):
            if at in answers.by_finding:
                taken.append(Suppressed(finding, answers.by_finding[at], finding.source))
            elif at in exempt:
                taken.append(Suppressed(finding, *exempt[at]))
            elif remarks is not None and (by := self._heeded(finding, remarks)) is not None:
                taken.append(Suppressed(finding, by, finding.source))
            else:
                kept.append(finding)
        told = [
            _with_use(suppression, index, answers.used, self._terms)._replace(
                denied=(*suppression.denied, *answers.denied.get(index, ()))
            )
            for index, suppression in enumerate(judged)
        ]
        return Decision(kept, taken, told)

    def exemptions(self) -> list[tuple[Suppression, bool]]:
        """The exemptions with what became of them, and whether any finding asked for them."""
        needed = {index for index, _ in self._used}
        return [
            (_with_use(asked, index, self._used, self._terms), index in needed)
            for index, asked in enumerate(self._exemptions)
        ]

    def _heeded(self, finding: Finding, remarks: Remarks) -> Suppression | None:
        """The remark that takes a finding back, where one in a definition may."""
        name = finding.rule.name
        if not _is_permitted(name, self._terms) or not _may_weigh(finding, self._terms):
            return None
        return remarks.about(finding.span.start, finding.rule.equivalents)

    def _exempt(self, findings: Iterable[Finding]) -> dict[int, tuple[Suppression, SourceFile]]:
        """The exemptions that take findings back, by the number of the finding."""
        answers: dict[int, tuple[Suppression, SourceFile]] = {}
        known: dict[tuple[int, str | None, str], bool] = {}
        for at, finding in enumerate(findings):
            if finding.rule.name == UNREADABLE:
                continue
            for name in (finding.rule.name, finding.rule.family):
                for index in self._by_name.get(name, ()):
                    asked = self._exemptions[index]
                    key = index, finding.subject, finding.source.path
                    if key not in known:
                        known[key] = _holds_for(asked, finding)
                    if known[key]:
                        self._used.add((index, name))
                        if has_effect(asked):
                            answers.setdefault(at, (asked, self._sources[index]))
        return answers


class _Answers:
    """Which findings of a file its suppressions answer to.

    Both may be very many, so they are gone through in the order of the text, rule by rule.
    """

    def __init__(
        self, judged: Sequence[Suppression], findings: Iterable[Finding], terms: Terms
    ) -> None:
        self.used: set[tuple[int, str]] = set()
        self.by_finding: dict[int, Suppression] = {}
        self.denied: dict[int, tuple[Value[str], ...]] = {}
        self._judged = judged
        self._terms = terms
        asked = _asked(judged)
        for name, found in _found(findings, asked).items():
            self._note_use(name, asked[name], found)
            effective = [span for span in asked[name] if _may(judged[span.number], name)]
            for at, finding, index in _covered(found, effective):
                self._answer(at, finding, index)

    def _note_use(self, name: str, spans: Iterable[_Asked], found: Sequence[_Found]) -> None:
        starts = [start for start, _, _ in found]
        for span in spans:
            first = bisect_left(starts, span.start)
            if first < len(starts) and starts[first] < span.end:
                self.used.add((span.number, name))

    def _answer(self, at: int, finding: Finding, index: int) -> None:
        name = finding.rule.name
        asked = self._judged[index]
        if _may_weigh(finding, self._terms):
            self.by_finding[at] = asked
            return
        # A case of a milder rule that weighs as much as a critical one.
        names = tuple(rule for rule in asked.rules if rule.value == name)
        self.denied[index] = tuple(dict.fromkeys((*self.denied.get(index, ()), *names)))


class _Asked(NamedTuple):
    """A stretch of text in which a suppression wants the findings of a rule taken back."""

    start: int
    end: int
    number: int


_Found = tuple[int, int, "Finding"]


def _asked(judged: Sequence[Suppression]) -> dict[str, list[_Asked]]:
    """The stretches of all suppressions by the names in them."""
    asked: dict[str, list[_Asked]] = {}
    for index, suppression in enumerate(judged):
        target = suppression.target
        if target is not None:
            span = _Asked(target.start, max(target.end, target.start + 1), index)
            for name in dict.fromkeys(rule.value for rule in suppression.rules):
                asked.setdefault(name, []).append(span)
    return asked


def _found(findings: Iterable[Finding], names: Collection[str]) -> dict[str, list[_Found]]:
    """The findings by the names that may mean them, in the order of the text."""
    found: dict[str, list[_Found]] = {}
    for at, finding in enumerate(findings):
        if finding.rule.name != UNREADABLE:
            for name in (finding.rule.name, finding.rule.family, EVERYTHING):
                if name in names:
                    found.setdefault(name, []).append((finding.span.start, at, finding))
    for here in found.values():
        here.sort(key=lambda entry: entry[:2])
    return found


def _covered(
    found: Iterable[_Found], spans: Iterable[_Asked]
) -> Iterator[tuple[int, Finding, int]]:
    """Each finding that lies in a span with the span of the lowest number, both from the start."""
    waiting = sorted(spans, reverse=True)
    open_spans: list[tuple[int, int]] = []
    for start, at, finding in found:
        while waiting and waiting[-1][0] <= start:
            span = waiting.pop()
            heappush(open_spans, (span.number, span.end))
        while open_spans and open_spans[0][1] <= start:
            heappop(open_spans)
        if open_spans:
            yield at, finding, open_spans[0][0]


def judge(asked: Suppression, terms: Terms) -> Suppression:
    """A suppression with what stands against it, before any finding is looked at."""
    unknown = tuple(rule for rule in asked.rules if not _is_known(rule.value, terms))
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


def _is_known(name: str, terms: Terms) -> bool:
    if name in terms.known or name == EVERYTHING:
        return True
    return any(entry[3] == name for entry in terms.known.values())


def has_effect(asked: Suppression) -> bool:
    """Whether nothing stands against a judged suppression as a whole."""
    return asked.fault is None and asked.weak is None and asked.lapsed is None


def _may(asked: Suppression, name: str) -> bool:
    """Whether a suppression takes back findings that it names so."""
    return has_effect(asked) and all(rule.value != name for rule in asked.denied)


def _is_permitted(rule: str, terms: Terms) -> bool:
    if rule not in terms.known or rule in _RULES_OF_OURS or rule == UNREADABLE:
        return False  # a wildcard, a family, what watches over suppressions, what nobody checked
    return terms.suppressible.get(rule, terms.known[rule][2] != "critical")


def _may_weigh(finding: Finding, terms: Terms) -> bool:
    """Whether a finding is not too severe for a definition to take it back."""
    return finding.severity != "critical" or bool(terms.suppressible.get(finding.rule.name))


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
    left = (date.fromisoformat(asked.until) - terms.today).days
    if left < 0:
        return f"ended on {asked.until}, {-left} day{'' if left == -1 else 's'} ago"
    if left > terms.max_days:
        return f"ends on {asked.until}, more than {terms.max_days} days from now"
    return None


def _holds_for(exemption: Suppression, finding: Finding) -> bool:
    subject, path = exemption.subject, exemption.path
    if subject is not None and not matches_glob(finding.subject or "", subject):
        return False
    return path is None or matches_glob(finding.source.path, path)


def _with_use(
    asked: Suppression, index: int, used: set[tuple[int, str]], terms: Terms
) -> Suppression:
    # Of a rule that does not run nobody can say whether it would have had something to say.
    silent = {rule.value for rule in (*asked.unknown, *asked.denied)}
    unused = tuple(
        rule
        for rule in asked.rules
        if rule.value not in silent and (index, rule.value) not in used and _ran(rule.value, terms)
    )
    return asked._replace(unused=unused)


def _ran(name: str, terms: Terms) -> bool:
    if name in terms.known:
        return name in terms.rules
    return all(terms.known[rule][3] != name for rule in terms.left_out)
