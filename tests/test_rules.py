"""What every rule reports and leaves alone: its case file, and the examples that it shows."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

import pytest

from policylint import policy_file
from policylint.cases import FILE_NAMES, Case, case_files, read_cases
from policylint.engine import lint, load_rule
from policylint.finding import UNREADABLE
from policylint.rules.index import RULES
from policylint.source import SourceFile
from policylint.tree.yaml_text import read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from policylint.finding import Finding, Report
    from policylint.policy import Policy
    from policylint.rule import Example

FOLDER = os.path.join(os.path.dirname(__file__), "rules")
CASES = [case for path in case_files(FOLDER) for case in read_cases(path)]


class Seen(NamedTuple):
    """A finding, or what is expected of one, so that the difference reads well."""

    place: str
    text: str
    severity: str


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_rule_reports_what_is_marked_and_nothing_else(case: Case, tmp_path: Path) -> None:
    report = lint(case.sources, policy_of(case, tmp_path))
    if case.is_ours:
        _assert_understood(report, case.rule)
    findings = [finding for finding in report.findings if finding.rule.name == case.rule]
    assert set(map(_found, findings)) == set(_expected(case))
    for mark in case.marks:
        here = [
            finding
            for finding in findings
            if (finding.source.path, finding.span) == (mark.path, mark.span)
        ]
        assert any(mark.message in finding.message for finding in here)
        if mark.instead is not None:
            assert f"instead, {mark.instead}" in [finding.advice for finding in here]


@pytest.mark.parametrize("name", RULES)
def test_a_rule_has_cases_of_what_must_be_found_and_what_must_be_left_alone(name: str) -> None:
    cases = [case for case in CASES if case.rule == name]
    assert any(case.marks for case in cases)
    assert any(not case.marks for case in cases)


def test_every_case_file_is_about_a_rule() -> None:
    assert {case.rule for case in CASES} <= RULES.keys()


def _examples() -> Iterator[tuple[str, int, Example]]:
    for name in RULES:
        for number, example in enumerate(load_rule(name).doc.examples):
            yield name, number, example


@pytest.mark.parametrize(
    ("name", "number", "example"),
    [pytest.param(*row, id=f"{row[0]}: {row[1]}") for row in _examples()],
)
def test_an_example_shows_what_it_says(
    name: str, number: int, example: Example, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(f"extends: all\n{load_rule(name).doc.policy}", encoding="utf-8")
    ignored = load_rule(name).doc.ignored
    beside = SourceFile(".dockerignore", ignored) if ignored is not None else None
    sources = [
        SourceFile(path, text, beside=beside, is_placed=True) for path, text in _files(example)
    ]
    report = lint(sources, policy_file.read(str(policy)))
    _assert_understood(report, name)
    reported = [finding for finding in report.findings if finding.rule.name == name]
    assert bool(reported) is not example.good, f"example {number} of {name}"


def _files(example: Example) -> list[tuple[str, str]]:
    """Paths and texts of an example: several where files are looked at together."""
    if example.kind != "files":
        return [(FILE_NAMES.get(example.kind, example.kind), example.text)]
    (tree,) = read(example.text)
    files: dict[str, str] = tree.value  # type: ignore[assignment]
    return list(files.items())


@pytest.mark.parametrize("name", RULES)
def test_a_docstring_says_what_why_and_what_instead(name: str) -> None:
    rule = load_rule(name)
    doc = rule.doc
    reason, *rest = doc.body
    assert doc.summary.endswith(".")
    assert not reason.startswith("Instead")
    assert any(paragraph.startswith("Instead") for paragraph in rest)
    assert doc.settings.keys() == rule.settings.keys()
    assert all(doc.settings.values())
    assert {example.good for example in doc.examples} == {True, False}


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_message_is_one_line_without_a_full_stop(case: Case, tmp_path: Path) -> None:
    for finding in lint(case.sources, policy_of(case, tmp_path)).findings:
        assert finding.message == finding.message.strip().rstrip(".")
        assert "\n" not in finding.message


def policy_of(case: Case, folder: Path) -> Policy:
    path = folder / "policy.yaml"
    path.write_text(case.policy, encoding="utf-8")
    return policy_file.read(str(path))


def _assert_understood(report: Report, rule: str) -> None:
    """A document that nobody recognises has no findings: it must not pass for a clean one."""
    assert report.files, "the document is not recognised"
    if rule != UNREADABLE:
        unreadable = [found.message for found in report.findings if found.rule.name == UNREADABLE]
        assert not unreadable


def _found(finding: Finding) -> Seen:
    line, column = finding.source.position(finding.span.start)
    text = finding.source.text[finding.span.start : finding.span.end]
    return Seen(f"{finding.source.path}:{line}:{column}", text, finding.severity)


def _expected(case: Case) -> Iterator[Seen]:
    sources = {source.path: source for source in case.sources}
    for mark in case.marks:
        source = sources[mark.path]
        line, column = source.position(mark.span.start)
        severity = mark.severity or RULES[case.rule][2]
        text = source.text[mark.span.start : mark.span.end]
        yield Seen(f"{mark.path}:{line}:{column}", text, severity)
