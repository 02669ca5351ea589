"""What rules report, what a policy makes of it, and the report of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policylint.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from policylint.model import At, Suppression
    from policylint.rule import Rule
    from policylint.source import Region, SourceFile, Span

SEVERITIES = ("info", "low", "medium", "high", "critical")
_RANKS = {severity: rank for rank, severity in enumerate(SEVERITIES)}


def rank(severity: str) -> int:
    """A severity as a number: 0 for info, 4 for critical."""
    return _RANKS[severity]


class Change(NamedTuple):
    """One step of a fix, by places rather than by text.

    `set` gives the value at a place another one, `delete` takes the member or item
    away that lies `up` levels above the place, `rename` gives a member's name
    another text, `add` puts the member `name` into the object that lies `up` levels
    above the place, and `text` replaces the text of a span as it is (Dockerfiles).
    """

    action: str
    at: At
    value: Any = None
    name: str = ""
    up: int = 0


class Edit(NamedTuple):
    """A stretch of a file's text and what is to stand there instead."""

    span: Span
    text: str


class Fix(NamedTuple):
    """What would mend a problem; a safe fix cannot change what the definition is for."""

    description: str
    changes: tuple[Change, ...]
    is_safe: bool = False


class Problem:
    """What a rule found: where, and in one line what it is.

    `at` is a value, a node or a place; further routes of a value become related
    places by themselves. `severity` raises or lowers the rule's usual one for
    this case, `instead` says what to write here when the rule's own words do not
    fit, `secret` means that the text at the place must not be shown, and `is_path`
    that the related places are the steps of an attack, in their order.

    Rules on the fleet take the places that its facts give. `here` says what the first
    place is to whoever meets the problem at another one; `is_mutual` that the related
    places are as much at fault: what takes the problem back may stand at any of them.

    `question` is for what another file may tell: asked once all definitions are known, it
    answers with what is to be said instead, with nothing where all is well, or with None
    where nobody knows more. Its rule says that it `asks`.
    """

    __slots__ = (
        "at", "fix", "here", "instead", "is_mutual", "is_path", "message", "question", "related",
        "secret", "severity",
    )  # fmt: skip

    def __init__(
        self,
        at: Any,
        message: str,
        related: Sequence[tuple[Any, str]] = (),
        *,
        severity: str | None = None,
        instead: str | None = None,
        fix: Fix | None = None,
        secret: bool = False,
        is_path: bool = False,
        here: str = "see also here",
        is_mutual: bool = False,
        question: Question | None = None,
    ) -> None:
        self.at: Any = getattr(at, "at", at)
        self.message = message
        self.related = (
            *related,
            *((place, "also stated here") for place in getattr(at, "also", ())),
        )
        self.severity = severity
        self.instead = instead
        self.fix = fix
        self.secret = secret
        self.is_path = is_path
        self.here = here
        self.is_mutual = is_mutual
        self.question = question


if TYPE_CHECKING:
    Problems = Iterator[Problem]
    # Asked with a `fleet.images.Join` and the finding.
    Question = Callable[[Any, "Finding"], Sequence[Problem] | None]


class Found(NamedTuple):
    """A problem of an earlier pass, as composed rules see it: before any policy weighs it."""

    rule: str
    severity: str
    problem: Problem


class Related(NamedTuple):
    """A further place that a finding is about."""

    source: SourceFile
    span: Span
    message: str


class Finding:
    """A problem as a policy weighs it, at its place in a file."""

    __slots__ = (
        "_edits", "_identity", "at", "fix", "instead", "is_path", "message", "question", "related",
        "rule", "secret", "severity", "source", "span", "subject",
    )  # fmt: skip

    def __init__(
        self,
        rule: Rule,
        severity: str,
        problem: Problem,
        source: SourceFile,
        span: Span,
        *,
        subject: str | None,
        related: tuple[Related, ...],
        identity: tuple[object, ...],
        edits: Callable[[], tuple[Edit, ...]] = tuple,
    ) -> None:
        self.rule = rule
        self.severity = severity
        self.at = problem.at
        self.message = problem.message
        self.instead = problem.instead
        self.fix = problem.fix
        self.secret = problem.secret
        self.is_path = problem.is_path
        self.question = problem.question
        self.source = source
        self.span = span
        self.subject = subject
        self.related = related
        self._identity = identity
        self._edits = edits

    def revised(self, severity: str, problem: Problem, related: tuple[Related, ...]) -> Finding:
        """The finding in other words, once more is known; its place and its fix stay."""
        other = Finding(
            self.rule,
            severity,
            problem,
            self.source,
            self.span,
            subject=self.subject,
            related=(*self.related, *related),
            identity=self._identity,
            edits=self._edits,
        )
        other.at, other.fix = self.at, self.fix
        return other

    @property
    def region(self) -> Region:
        """Lines and columns of the place."""
        return self.source.region(self.span)

    @property
    def fingerprint(self) -> str:
        """What stays the same when lines move: a hash of rule, path, object and place in it."""
        from hashlib import sha256

        return sha256(repr(self._identity).encode("utf-8", "replace")).hexdigest()[:32]

    @property
    def edits(self) -> tuple[Edit, ...]:
        """The fix as edits of the text; none when it cannot be made exactly."""
        return self._edits()

    @property
    def advice(self) -> str:
        """What to do instead, in the rule's words or those of this case."""
        return self.instead or self.rule.instead


class Suppressed(NamedTuple):
    """A finding that is taken back, by what, and the file in which that stands."""

    finding: Finding
    by: Suppression
    source: SourceFile


class CheckedFile(NamedTuple):
    """A file of ours and the kinds of the documents found in it, in their order."""

    path: str
    kinds: tuple[str, ...]


class Report:
    """The result of a run.

    `suppressed` are the findings that were taken back and by what; `unknown` is how
    many values nobody can say yet, because placeholders stand there.
    """

    __slots__ = ("failed", "files", "findings", "passed_over", "policy", "suppressed", "unknown")

    def __init__(
        self,
        findings: list[Finding],
        files: list[CheckedFile],
        *,
        passed_over: int,
        policy: str,
        fail_on: str,
        suppressed: Sequence[Suppressed] = (),
        unknown: int = 0,
    ) -> None:
        self.findings = findings
        self.files = files
        self.passed_over = passed_over
        self.policy = policy
        self.suppressed = suppressed
        self.unknown = unknown
        # A definition that nobody could read has not been checked: never a pass.
        self.failed = any(
            rank(finding.severity) >= rank(fail_on) or finding.rule.name == UNREADABLE
            for finding in findings
        )

    @property
    def honored(self) -> int:
        """How many findings remarks for other tools took back."""
        return sum(taken.by.form == "remark" for taken in self.suppressed)

    def by_rule(self) -> dict[str, int]:
        """How many findings there are of each rule, the most first."""
        counts: dict[str, int] = {}
        for finding in self.findings:
            counts[finding.rule.name] = counts.get(finding.rule.name, 0) + 1
        return dict(sorted(counts.items(), key=lambda count: (-count[1], count[0])))

    def counts(self) -> dict[str, int]:
        """How many findings there are of each severity, the worst first, zeros left out."""
        severities = [finding.severity for finding in self.findings]
        counts = {severity: severities.count(severity) for severity in reversed(SEVERITIES)}
        return {severity: count for severity, count in counts.items() if count}


UNREADABLE = "document-unreadable"
