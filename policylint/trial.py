"""Policies in Rego on trial: their own tests, and cases that mark what must be reported."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

from policylint import policy_file
from policylint.cases import CaseFileError, read_cases
from policylint.engine import lint
from policylint.named import NamedTuple
from policylint.policy import PolicyError, RegoSources, rego_path, suggestion
from policylint.rego import files
from policylint.rego.evaluate import Evaluation
from policylint.rego.opa import Refused
from policylint.rego.rehearsal import Rehearsal
from policylint.suppress import now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from policylint.cases import Case, Mark
    from policylint.finding import Finding, Report
    from policylint.policy import Entry, Policy
    from policylint.rego.library import Library
    from policylint.rego.opa import Coverage, Tested


class Failure(NamedTuple):
    """A test or case that fails: where it stands, what it is called, and all that is wrong."""

    place: str
    name: str
    mistakes: tuple[str, ...]


class Covered(NamedTuple):
    """How much of a policy the tests and cases evaluate: a share, and the lines that are left."""

    path: str
    covered: int
    all: int
    missing: tuple[int, ...]


class Trial(NamedTuple):
    """What came of tests and cases; `remarks` are about rules that none of them is about."""

    tests: int
    cases: int
    skipped: int
    failures: tuple[Failure, ...]
    remarks: tuple[str, ...]
    coverage: tuple[Covered, ...]


class _Court(NamedTuple):
    """The policies on trial, and their entries as policy files know them."""

    library: Library
    known: Mapping[str, Entry]


class _Judged(NamedTuple):
    case: Case
    path: str
    report: Report
    failures: Sequence[str]


def try_out(paths: Iterable[str], library: Library) -> Trial:
    """Run all tests and cases in files and folders; raises `PolicyError`."""
    paths = [rego_path(path) for path in paths]
    policies = [path for path in paths if files.has_policies(path)] or paths
    known = library.learn(RegoSources(tuple(policies)), "test")
    has_tests = library.learn_tests(paths) > 0
    cases = list(_cases(paths, known))
    if not has_tests and not cases:
        raise PolicyError(
            f"{', '.join(paths)}: no tests here\n"
            f"  tests in Rego stand in files that end in {files.TESTS}, cases in folders"
            f" that are called {files.CASES}"
        )
    library.check()
    tests, covered = _test(library) if has_tests else ([], {})
    rehearsal = Rehearsal(library)
    judged = _judge(cases, _Court(library, known), rehearsal)
    failures = [*_failed_tests(tests, library.paths), *filter(None, map(_failure, judged))]
    together = _merged(covered, rehearsal.coverage)
    return Trial(
        sum(not test.is_skipped for test in tests),
        len(cases),
        sum(test.is_skipped for test in tests),
        tuple(failures),
        tuple(_remarks(library, judged, covered)),
        tuple(_coverage(together, library)),
    )


def _cases(paths: Iterable[str], known: Mapping[str, Entry]) -> Iterator[tuple[str, Case]]:
    for path in files.case_files(paths):
        try:
            found = read_cases(path)
        except CaseFileError as error:
            raise PolicyError(str(error)) from None
        for case in found:
            if case.rule not in known:
                hint = suggestion(case.rule, known)
                raise PolicyError(f'{files.shown(path)}: no such rule in Rego: "{case.rule}"{hint}')
            yield path, case


def _test(library: Library) -> tuple[list[Tested], Coverage]:
    """What became of the tests in Rego, and what of the policies they evaluate."""
    try:
        tests = library.opa.test(library.tested)
    except Refused as refused:
        raise library.refusal(refused) from None
    passes = not any(test.outcome for test in tests)
    return tests, library.opa.tests_cover(library.tested) if passes else {}


def _judge(cases: Sequence[tuple[str, Case]], court: _Court, rehearsal: Rehearsal) -> list[_Judged]:
    """The report on every case; all of them are put to OPA together."""
    policies = [_policy(path, case, court) for path, case in cases]
    moment = now()

    def judged(put: Callable[..., object]) -> Iterator[_Judged]:
        for (path, case), policy in zip(cases, policies, strict=True):
            settings = {
                case.rule: {
                    **{name: usual for name, (_, usual, *_) in court.known[case.rule][4].items()},
                    **policy.rules[case.rule].settings,
                }
            }
            day = f"{case.today}T12:00:00+00:00" if case.today else None
            at = datetime.fromisoformat(day).astimezone(timezone.utc) if day else moment
            evaluation = Evaluation(court.library, settings, at, put)
            report = lint(case.sources, policy, rego=evaluation)
            yield _Judged(case, path, report, evaluation.failures)

    if not cases:
        return []
    for _ in judged(rehearsal.note):
        pass
    rehearsal.ask()
    return list(judged(rehearsal.answer))


def _policy(path: str, case: Case, court: _Court) -> Policy:
    where = f'{files.shown(path)}: case "{case.title}"'
    reader = policy_file.Rego(court.library.learn, court.known)
    try:
        policy = policy_file.read_text(path, case.policy, reader)
    except PolicyError as error:
        raise PolicyError(f"{where}: its policy cannot be\n{error}") from None
    if case.rule not in policy.rules:
        raise PolicyError(f"{where}: its policy has no {case.rule}")
    return policy


def _failed_tests(tests: Iterable[Tested], paths: Mapping[str, str]) -> Iterator[Failure]:
    for test in tests:
        if test.outcome:
            printed = test.output.rstrip("\n")
            said = tuple(f"it prints: {line}" for line in printed.split("\n") if line)
            yield Failure(
                f"{paths.get(test.file, test.file)}:{test.row}", test.name, (test.outcome, *said)
            )


def _failure(judged: _Judged) -> Failure | None:
    mistakes = tuple(_mistakes(judged))
    return Failure(files.shown(judged.path), judged.case.title, mistakes) if mistakes else None


def _mistakes(judged: _Judged) -> Iterator[str]:
    """How a report differs from what a case marks."""
    case, report = judged.case, judged.report
    yield from judged.failures
    if not report.files:
        yield "the document is not recognised"
    findings = [finding for finding in report.findings if finding.rule.name == case.rule]
    for mark in case.marks:
        here = [found for found in findings if (found.source.path, found.span) == mark[:2]]
        if here:
            yield from _differences(case, mark, here)
        else:
            yield f"{_place(case, mark)}: nothing is reported here"
    marked = {mark[:2] for mark in case.marks}
    for finding in findings:
        if (finding.source.path, finding.span) not in marked:
            line, column = finding.source.position(finding.span.start)
            text = finding.source.text[finding.span.start : finding.span.end]
            at = f"{finding.source.path}:{line}:{column}"
            yield f"{at}: this is reported and not marked: {text}: {finding.message}"


def _differences(case: Case, mark: Mark, here: Sequence[Finding]) -> Iterator[str]:
    if not any(mark.message in finding.message for finding in here):
        said = "; ".join(finding.message for finding in here)
        yield f"{_place(case, mark)}: the message is another: {said}"
    usual = here[0].rule.severity
    wanted = mark.severity or usual
    for severity in {finding.severity for finding in here} - {wanted}:
        yield f"{_place(case, mark)}: the severity is {severity}, not {wanted}"


def _place(case: Case, mark: Mark) -> str:
    source = next(source for source in case.sources if source.path == mark.path)
    line, column = source.position(mark.span.start)
    return f"{mark.path}:{line}:{column}"


def _remarks(library: Library, judged: Sequence[_Judged], covered: Coverage) -> Iterator[str]:
    """Rules that never apply: that nothing asks, or that never have anything to say."""
    tested = {library.package_of(name) for name, places in covered.items() if any(places.values())}
    for name, rule in sorted(library.rules.items()):
        mine = [one for one in judged if one.case.rule == name]
        kinds = {kind for one in mine for checked in one.report.files for kind in checked.kinds}
        if name in tested:
            continue
        if not mine:
            yield f"{rule.place}: {name} never applies: there is neither a test nor a case of it"
        elif not kinds & set(rule.kinds):
            wanted = ", ".join(rule.kinds)
            yield f"{rule.place}: {name} never applies: no case has a document of kind {wanted}"
        elif not any(one.case.marks for one in mine):
            yield f"{rule.place}: {name} never reports anything: no case has a mark"


def _merged(*parts: Coverage) -> Coverage:
    """What any of several runs evaluates."""
    found: Coverage = {}
    for part in parts:
        for name, places in part.items():
            here = found.setdefault(name, {})
            for place, is_covered in places.items():
                here[place] = here.get(place, False) or is_covered
    return found


def _coverage(found: Coverage, library: Library) -> Iterator[Covered]:
    """The policies, not their tests, by their paths; one that nothing asks is not covered."""
    for name in library.texts:
        if name not in library.paths:
            continue
        places = found.get(name, {})
        missing = sorted({place[0] for place, is_covered in places.items() if not is_covered})
        yield Covered(library.paths[name], sum(places.values()), len(places), tuple(missing))
