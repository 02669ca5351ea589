"""Files and a policy in, one report out."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from sys import modules
from typing import TYPE_CHECKING, Any

from policylint.finding import (
    SEVERITIES,
    UNREADABLE,
    CheckedFile,
    Finding,
    Found,
    Related,
    Report,
    Suppressed,
    rank,
)
from policylint.model import Hole, Owner, ReadProblem, Suppression, UnknownKind
from policylint.parsers import Document, parse
from policylint.policy import PolicyError
from policylint.rules.index import ASKING, COMPOSED, GIVEN, NODES, RULES
from policylint.source import SourceFile
from policylint.tree import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from policylint.crosscheck import Gathering, Shared
    from policylint.finding import Edit, Fix, Problem
    from policylint.fleet import Fleet
    from policylint.model import At, Node
    from policylint.parsers.remarks import Remarks
    from policylint.parsers.templates import Values
    from policylint.policy import Policy, RuleChoice
    from policylint.rego.evaluate import Evaluation
    from policylint.rule import Rule
    from policylint.suppress import Court
    from policylint.tree import Tree

    # A node, the nodes around it, and the checks that look at it.
    _Asked = tuple[Node, dict[str, Any], list["Check"]]
    _Postponed = tuple[SourceFile, list[Finding], list[Suppression], Remarks | None]


def lint(
    sources: Iterable[SourceFile],
    policy: Policy,
    values: Values | None = None,
    crashed: Callable[[SourceFile, Exception], None] | None = None,
    *,
    suppressions: bool = True,
    complete: Callable[[], bool] = bool,
    min_severity: str = "info",
    rego: Evaluation | None = None,
    together: bool = True,
    context: Iterable[SourceFile] | None = None,
) -> Report:
    """Check files against a policy; `values` fill the placeholders of templates.

    `crashed` is told of a file that a mistake of ours kept from being checked;
    without it the exception goes on. `suppressions` are those in definitions: a
    central pipeline may ignore them. `complete` says, at the end, whether the files
    were all there are, so that an exemption without a finding is one too many. What is below
    `min_severity` is decided on, but not reported. `rego` evaluates the policy's rules in
    Rego, if it has any.

    The rules on the fleet look at the files `together`, and at the rest of what is there:
    the `context`, of which nothing else is said. It is read only when there is such a rule.
    """
    run = _Run(policy, suppressions=suppressions, rego=rego, together=together)
    files: list[CheckedFile] = []
    passed_over = 0
    for source in sources:
        try:
            documents = parse(source, values)
            run.check(source, documents)
        except PolicyError:
            raise
        except Exception as error:
            if crashed is None:
                raise
            crashed(source, error)
            run.is_whole = False
            continue
        if documents:
            files.append(CheckedFile(source.path, tuple(document.kind for document in documents)))
        else:
            passed_over += 1
    run.settle()
    is_complete = complete() and run.is_whole
    try:
        run.compare(context, values, is_complete=is_complete)
    except PolicyError:
        raise
    except Exception as error:
        if crashed is None:
            raise
        crashed(SourceFile("the definitions together", ""), error)
        is_complete = False
    run.finish(complete=is_complete)
    files.sort()
    return Report(
        sorted((found for found in run.findings if _counts(found, min_severity)), key=_order),
        files,
        passed_over=passed_over,
        policy=policy.name,
        fail_on=policy.fail_on,
        suppressed=sorted(
            (taken for taken in run.suppressed if _counts(taken.finding, min_severity)),
            key=lambda taken: _order(taken.finding),
        ),
        unknown=run.unknown,
    )


def _counts(finding: Finding, least: str) -> bool:
    """Whether a finding is severe enough to be reported; what nobody could check always is."""
    return rank(finding.severity) >= rank(least) or finding.rule.name == UNREADABLE


class _Checked:
    """A file whose rules have spoken and about whose suppressions nothing is decided yet.

    `seen` counts equal findings over the whole file; `asked` are the documents that Rego
    is asked about, by their numbers.
    """

    __slots__ = ("asked", "documents", "findings", "seen", "source")

    def __init__(self, source: SourceFile, documents: list[Document]) -> None:
        self.source = source
        self.documents = documents
        self.findings: list[Finding] = []
        self.seen: dict[tuple[object, ...], int] = {}
        self.asked: dict[int, Document] = {}


class _Run:
    """The findings of a run as they come together, file by file."""

    def __init__(
        self, policy: Policy, *, suppressions: bool, rego: Evaluation | None, together: bool
    ) -> None:
        self.findings: list[Finding] = []
        self.suppressed: list[Suppressed] = []
        self.unknown = 0
        self.is_whole = True
        self._policy = policy
        self._checks = Checks(policy)
        self._honours = suppressions
        self._sitting: Court | None = None
        self._rego = rego
        # Files that Rego is to be asked about, and those of which it is to tell.
        self._waiting: list[_Checked] = []
        self._pending: list[_Checked] = []
        self._fleet_rules = [name for name in NODES.get("Fleet", ()) if name in policy.rules]
        is_asked = any(name in policy.rules for name in (*NODES.get("Fleet", ()), *ASKING))
        self._gathering = _gathering() if together and is_asked else None
        # Files whose suppressions may mean what only all files together show, and those with
        # findings that have a question to all of them.
        self._postponed: list[_Postponed] = []

    def check(self, source: SourceFile, documents: list[Document]) -> None:
        """Evaluate the documents of one file, and decide what is taken back."""
        checked = _Checked(source, documents)
        for document in documents:
            findings = _findings(document, self._checks, checked.seen)
            checked.findings += findings
            if self._rego is not None and not _is_unread(document):
                checked.asked[self._rego.add(document, findings)] = document
        if self._gathering is not None:
            self._gathering.add(source, documents)
        if self._rego is None:
            self._decide(checked)
            return
        self._waiting.append(checked)
        if self._rego.is_full:
            self._exchange(self._rego)

    def settle(self) -> None:
        """Hear all that Rego has to say, and decide on the files that wait for it."""
        if self._rego is not None:
            self._exchange(self._rego)
            self._hear(self._rego)

    def _exchange(self, rego: Evaluation) -> None:
        """Hear what Rego says of the files that it was asked about, and ask about the next."""
        self._hear(rego)
        self._pending, self._waiting = self._waiting, []
        rego.ask()

    def _hear(self, rego: Evaluation) -> None:
        asked = {
            number: (checked, document)
            for checked in self._pending
            for number, document in checked.asked.items()
        }
        told = set()
        for answer in rego.answers():
            checked, document = asked[answer.number]
            choice = self._policy.rules[answer.rule.name]
            severity = weight(answer.rule, choice, answer.problem)
            # Paths of several missing members lead to the same owner.
            said = (answer.number, answer.rule.name, answer.problem.at, answer.problem.message)
            if severity is not None and said not in told:
                told.add(said)
                finding = _located(document, answer.rule, severity, answer.problem, checked.seen)
                if answer.by is None:
                    checked.findings.append(finding)
                else:
                    self.suppressed.append(Suppressed(finding, *answer.by))
        for checked in self._pending:
            self._decide(checked)
        self._pending = []

    def _decide(self, checked: _Checked) -> None:
        """Decide what of a file's findings is taken back."""
        source, documents, findings = checked.source, checked.documents, checked.findings
        asked = [found for document in documents for found in document.suppressions]
        if not self._honours:
            asked = []
        remarks = self._remarks(documents) if findings and self._policy.honor else None
        has_questions = any(finding.question is not None for finding in findings)
        if (asked or has_questions) and self._gathering is not None:
            self._postponed.append((source, findings, asked, remarks))
        else:
            self._weigh(source, findings, asked, remarks)
        self.is_whole &= all(finding.rule.name != UNREADABLE for finding in findings)
        self.unknown += sum(
            1 + len(node.others)
            for document in documents
            for node in document.nodes
            if type(node) is Hole
        )

    def compare(
        self, context: Iterable[SourceFile] | None, values: Values | None, *, is_complete: bool
    ) -> None:
        """Evaluate the rules on all definitions together, and decide what had to wait for that."""
        gathering = self._gathering
        if gathering is None:
            return
        shared: list[Shared] = []
        is_whole = False
        try:
            if not gathering.is_empty:
                gathered = is_complete if context is None else self._gather(context, values)
                if gathering.has_services:
                    checks = self._checks.on_fleet(gathering.known())
                    shared = gathering.findings(checks, values)
                    self._answer(gathering)
                is_whole = gathered
        finally:
            if not is_whole and any(asked for _, _, asked, _ in self._postponed):
                self._court().leave_out(self._fleet_rules)
            self._decide_together(gathering, shared)

    def _answer(self, gathering: Gathering) -> None:
        """Say what is known now of the findings that had a question."""
        if not any(entry.question for _, findings, *_ in self._postponed for entry in findings):
            return
        images = self._policy.organisation.images
        answers = gathering.answers(images)
        for _, findings, *_ in self._postponed:
            findings[:] = [
                revised
                for finding in findings
                for revised in self._revised(finding, answers(finding))
            ]

    def _revised(
        self, finding: Finding, told: Sequence[tuple[Problem, tuple[Related, ...]]] | None
    ) -> Iterator[Finding]:
        if told is None:
            yield finding
            return
        for problem, related in told:
            severity = weight(finding.rule, self._policy.rules[finding.rule.name], problem)
            if severity is not None:
                yield finding.revised(severity, problem, related)

    def _gather(self, context: Iterable[SourceFile], values: Values | None) -> bool:
        """Take the facts of the context along; what cannot be understood in it is left out."""
        is_whole = True
        for source in context:
            try:
                documents = parse(source, values, judged=False)
                if self._gathering is not None:
                    self._gathering.add(source, documents, is_named=False)
            except Exception:
                is_whole = False
        return is_whole

    def _decide_together(self, gathering: Gathering, shared: list[Shared]) -> None:
        """Decide on what is about several files: what takes it back may stand in any of them."""
        views: dict[str, list[Finding]] = {}
        for case in shared:
            for view in case.stands:
                views.setdefault(view.source.path, []).append(view)
        taken: dict[int, Suppressed] = {}
        for source, findings, asked, remarks in self._postponed:
            here = views.pop(source.path, [])
            taken |= self._weigh(source, findings, asked, remarks, here)
        for path, here in views.items():
            elsewhere = gathering.suppressions.get(path, []) if self._honours else []
            if elsewhere or self._policy.exemptions:
                decision = self._court().decide(here, elsewhere)
                taken |= {id(entry.finding): entry for entry in decision.suppressed}
        for case in shared:
            back = [taken[id(view)] for view in case.stands if id(view) in taken]
            if back:
                self.suppressed.append(back[0]._replace(finding=case.finding))
            else:
                self.findings.append(case.finding)

    def _weigh(
        self,
        source: SourceFile,
        findings: list[Finding],
        asked: list[Suppression],
        remarks: Remarks | None,
        views: Sequence[Finding] = (),
    ) -> dict[int, Suppressed]:
        """Decide on the findings of a file, and on `views`: findings about several, from here.

        The answer is which of the views are taken back, by their identity.
        """
        if not asked and not remarks and not ((findings or views) and self._policy.exemptions):
            self.findings += findings
            return {}
        decision = self._court().decide([*findings, *views], asked, remarks)
        # Nobody but the policy takes back what is said of suppressions.
        about = self._said_of(source, decision.suppressions)
        told = self._court().decide(about, ())
        apart = {id(view) for view in views}
        self.findings += [
            finding for finding in (*decision.kept, *told.kept) if id(finding) not in apart
        ]
        taken = {id(entry.finding): entry for entry in decision.suppressed}
        self.suppressed += [entry for key, entry in taken.items() if key not in apart]
        self.suppressed += told.suppressed
        return {key: entry for key, entry in taken.items() if key in apart}

    def _remarks(self, documents: list[Document]) -> Remarks | None:
        """The remarks for other tools in a file, as far as the policy heeds them."""
        if not self._honours:
            return None
        today = self._court().today
        found = (document.remarks(self._policy.honor, today) for document in documents)
        return next(filter(None, found), None)

    def finish(self, *, complete: bool) -> None:
        """Say what became of the policy's exemptions, at their places in its files."""
        if not self._policy.exemptions:
            return
        told: dict[SourceFile, list[Suppression]] = {}
        judged = self._court().exemptions()
        for exemption, (asked, is_needed) in zip(self._policy.exemptions, judged, strict=True):
            if complete and not exemption.is_shared:
                told.setdefault(exemption.source, []).append(asked)
            elif is_needed:
                told.setdefault(exemption.source, []).append(asked._replace(unused=()))
        for source, suppressions in told.items():
            self.findings += self._said_of(source, suppressions)

    def _said_of(self, source: SourceFile, judged: list[Suppression]) -> list[Finding]:
        """What the rules on suppressions say, once the decision is made."""
        return _findings(Document(source, "suppressions", tuple(judged)), self._checks, {})

    def _court(self) -> Court:
        if self._sitting is None:
            self._sitting = _court(self._policy)
            if self._gathering is None:
                self._sitting.leave_out(self._fleet_rules)
        return self._sitting


def _gathering() -> Gathering:
    """Who compares definitions: imported only where a rule asks for that."""
    from policylint.crosscheck import Gathering

    return Gathering()


def _court(policy: Policy) -> Court:
    """Who decides under a policy."""
    from policylint.suppress import Court, terms

    return Court(policy.exemptions, terms(policy))


class Check:
    """A rule ready to be called: what it asks for, its settings, what the policy makes of it.

    `choice` is None for a rule that is off and runs for the composed ones only; `function`
    is all there is to a rule that `is_plain`: it asks for its node alone.
    """

    __slots__ = ("_asks", "_facts", "choice", "function", "is_plain", "rule", "unless")

    def __init__(self, rule: Rule, choice: RuleChoice | None, facts: Mapping[str, object]) -> None:
        self.rule = rule
        self.choice = choice
        self.unless = rule.unless
        self.is_plain = not rule.around
        self._asks = rule.around
        self._facts = {kind: facts[kind] for kind in rule.around if kind in facts}
        settings = choice.settings if choice is not None else {}
        self.function = partial(rule.check, **settings) if settings else rule.check

    def problems(self, node: Node | Fleet, around: dict[str, Any]) -> Iterator[Problem]:
        """What the rule says of a node."""
        known = {**around, **self._facts} if self._facts else around
        try:
            asked = [*map(known.__getitem__, self._asks)]
        except KeyError:  # an instruction before the first stage has none around it
            return iter(())
        return self.function(node, *asked)

    def severity(self, problem: Problem) -> str | None:
        """How the policy weighs a problem; None when it does not report it."""
        return None if self.choice is None else weight(self.rule, self.choice, problem)


def weight(rule: Rule, choice: RuleChoice, problem: Problem) -> str | None:
    """How a policy weighs a problem; None when it does not report it."""
    severity = choice.severity or problem.severity or rule.severity
    if rank(severity) < rank(choice.floor) and rule.name != UNREADABLE:
        return None
    return severity


class Checks(dict[type, list["Check"]]):
    """The rules of a policy by the type of node that they look at, imported when one occurs.

    Those stand first whose word the others heed.
    """

    __slots__ = ("_composed", "_facts", "_heard", "_names", "_policy")

    def __init__(self, policy: Policy) -> None:
        super().__init__()
        self._policy = policy
        self._facts = {type(fact).__name__: fact for fact in policy.organisation}
        self._names = [name for name in COMPOSED if name in policy.rules]
        self._heard = {family for name in self._names for family in COMPOSED[name]}
        self._composed: list[Check] | None = None

    def composed(self) -> list[Check]:
        """The checks that look at the problems of others, in their order."""
        if self._composed is None:
            self._composed = [self._check(name) for name in self._names]
        return self._composed

    def __missing__(self, made: type) -> list[Check]:
        names = NODES.get(made.__name__, ())
        checks = [self._check(name) for name in names if self._runs(name)]
        if any(check.rule.programs for check in checks):
            checks = ByPrograms(checks)
        self[made] = checks
        return checks

    def on_fleet(self, known: Collection[str]) -> list[Check]:
        """The checks of all definitions together that have something to look at."""
        return [
            self._check(name)
            for name in NODES.get("Fleet", ())
            if self._runs(name) and all(fact in known for fact in GIVEN.get(name, ()))
        ]

    def _runs(self, name: str) -> bool:
        return name in self._policy.rules or RULES[name][3] in self._heard

    def _check(self, name: str) -> Check:
        rule = load_rule(name)
        choice = self._policy.rules.get(name)
        return Check(rule, choice, self._facts)


class ByPrograms(list[Check]):
    """Checks of which some have nothing to say of a RUN that does not call their programs."""

    __slots__ = ("_asked", "_found")

    def __init__(self, checks: Iterable[Check]) -> None:
        super().__init__(checks)
        self._asked = frozenset().union(*(check.rule.programs for check in self))
        self._found: dict[frozenset[str], list[Check]] = {}

    def on(self, run: Any) -> list[Check]:
        """Those that have something to say of it."""
        asked = run.programs & self._asked
        found = self._found.get(asked)
        if found is None:
            found = self._found[asked] = [
                check
                for check in self
                if not (check.rule.programs and check.rule.programs.isdisjoint(asked))
            ]
        return found


def load_rule(name: str) -> Rule:
    """A rule by its name; its module is imported."""
    path = f"policylint.rules.{RULES[name][0]}"
    module = modules.get(path) or import_module(path)
    rule: Rule = getattr(module, name.replace("-", "_"))
    return rule


def asked(top: Node, checks: Checks) -> list[_Asked]:
    """Who is asked about a node and those below it; each with the nodes around by their type."""
    found: list[_Asked] = []
    _collect(top, {}, checks, found)
    return found


def _collect(node: Node, around: dict[str, Any], checks: Checks, found: list[_Asked]) -> None:
    made = type(node)
    here = checks[made]
    if type(here) is ByPrograms:
        here = here.on(node)
    if here:
        found.append((node, around, here))
    if made.PARTS:
        inside = {**around, made.__name__: node}
        for part in made.PARTS:
            below = getattr(node, part)
            if below:
                for child in below if type(below) is tuple else (below,):
                    _collect(child, inside, checks, found)


def _findings(
    document: Document, checks: Checks, seen: dict[tuple[object, ...], int]
) -> list[Finding]:
    """What a document's nodes give; `seen` counts equals over the whole file."""
    found: dict[tuple[str, object, str], Finding] = {}
    workloads = {node.root: node for node in document.nodes if isinstance(node, Owner)}
    for top in document.nodes:
        for check, problem in _all_problems(top, checks):
            severity = check.severity(problem)
            if severity is None:
                continue
            owner = top if isinstance(top, Owner) else _owner(problem.at, workloads)
            subject = _subject(top, owner)
            finding = _finding(document, owner, subject, check.rule, severity, problem, seen)
            key = finding.rule.name, finding.span, finding.message
            # A fact that several nodes inherit is one finding.
            if key not in found or rank(found[key].severity) < rank(severity):
                found[key] = finding
    return _without_echoes(list(found.values()))


def _located(
    document: Document,
    rule: Rule,
    severity: str,
    problem: Problem,
    seen: dict[tuple[object, ...], int],
) -> Finding:
    """A problem that comes from outside the nodes, as a finding."""
    workloads = {node.root: node for node in document.nodes if isinstance(node, Owner)}
    owner = _owner(problem.at, workloads)
    subject = owner.id.value if owner is not None and owner.id.is_known else None
    return _finding(document, owner, subject, rule, severity, problem, seen)


def _is_unread(document: Document) -> bool:
    """Whether there is nothing in the document but the reason why nobody could read it."""
    return all(isinstance(node, (ReadProblem, UnknownKind)) for node in document.nodes)


def _without_echoes(findings: list[Finding]) -> list[Finding]:
    """Those for which no other rule, of another type of node, speaks at the same place."""
    spoken = {(finding.rule.name, finding.span) for finding in findings}
    return [
        finding
        for finding in findings
        if not any((name, finding.span) in spoken for name in finding.rule.unless)
    ]


def _subject(top: Node, owner: Owner | None) -> str | None:
    """The id of the workload that a finding is about."""
    if isinstance(top, Suppression):
        return top.subject if top.form != "exemption" else None
    return owner.id.value if owner is not None and owner.id.is_known else None


def _owner(at: At, workloads: Mapping[tuple[str | int, ...], Owner]) -> Owner | None:
    """The workload in which a place lies."""
    if isinstance(at, Place):
        for end in range(len(at.path), -1, -1):
            if at.path[:end] in workloads:
                return workloads[at.path[:end]]
    return None


def _all_problems(top: Node, checks: Checks) -> list[tuple[Check, Problem]]:
    """The problems of a node and those below it, then those that are composed of them."""
    heard: list[tuple[Check, Problem]] = []
    for node, around, here in asked(top, checks):
        _hear(node, around, here, heard)
    if isinstance(top, Owner):
        for check in checks.composed():
            problems = tuple(
                Found(other.rule.name, problem.severity or other.rule.severity, problem)
                for other, problem in heard
                if other.rule.family in check.rule.after
            )
            _hear(top, {"tuple[Found, ...]": problems}, [check], heard)
    return heard


def _hear(
    node: Node,
    around: dict[str, Any],
    checks: list[Check],
    heard: list[tuple[Check, Problem]],
) -> None:
    """Add what some checks say of a node, those that heed the word of others after them."""
    spoken: set[str] = set()
    for check in checks:
        if spoken and not spoken.isdisjoint(check.unless):
            continue
        # Most rules ask for nothing but their node.
        for problem in check.function(node) if check.is_plain else check.problems(node, around):
            heard.append((check, problem))
            if check.choice is not None:
                spoken.add(check.rule.name)


def _finding(
    document: Document,
    owner: Owner | None,
    subject: str | None,
    rule: Rule,
    severity: str,
    problem: Problem,
    seen: dict[tuple[object, ...], int],
) -> Finding:
    source = document.source
    names = document.names(problem.at)[len(owner.root) if owner is not None else 0 :]
    place = (rule.name, source.path, subject, names)
    ordinal = seen[place] = seen.get(place, 0) + 1
    return Finding(
        rule,
        severity,
        problem,
        source,
        document.span(problem.at),
        subject=subject,
        related=tuple(
            Related(source, document.span(at), message) for at, message in problem.related
        ),
        edits=partial(_edits, document.source, document.tree, problem.fix)
        if problem.fix is not None
        else tuple,
        identity=(*place, ordinal),
    )


def _edits(source: SourceFile, tree: Tree | None, fix: Fix) -> tuple[Edit, ...]:
    from policylint.fix import edits

    return edits(source, tree, fix)


def _order(finding: Finding) -> tuple[str, int, int, str]:
    return (
        finding.source.path,
        finding.span.start,
        -SEVERITIES.index(finding.severity),
        finding.rule.name,
    )
