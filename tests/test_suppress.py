"""What is taken back, what stays, and what is said of those who ask."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policylint.engine import lint
from policylint.finding import SEVERITIES
from policylint.parsers import parse
from policylint.policy import PolicyError, built_in
from policylint.policy_file import read, read_text
from policylint.rules.index import RULES
from policylint.source import SourceFile
from policylint.suppress import today

if TYPE_CHECKING:
    from pathlib import Path

    from policylint.finding import Finding, Report
    from policylint.policy import Policy

ALL = built_in("all")
OURS = "suppression-"
GROUP = """\
id: /
apps:
- id: web
  cmd: run
  user: root
  env:
    A_PASSWORD: hunter2hunter2
- id: api
  container:
    docker:
      image: api
      privileged: true
    volumes:
    - {containerPath: /s, hostPath: /var/run/docker.sock, mode: RW}
- id: infra/db
  cmd: run
  instances: 1
  env:
    B_PASSWORD: hunter2hunter2
"""
LINES = GROUP.splitlines()


def check(text: str, policy: Policy = ALL, name: str = "deploy/apps.yaml") -> Report:
    return lint([SourceFile(name, text)], policy)


def policy(text: str) -> Policy:
    return read_text(".policylint.yaml", f"extends: all\n{text}")


def seen(findings: list[Finding]) -> list[tuple[str, int, str]]:
    """What does not change with the length of a line; without what is said of suppressions."""
    return [
        (finding.rule.name, finding.source.position(finding.span.start)[0], finding.message)
        for finding in findings
        if not finding.rule.name.startswith(OURS)
    ]


FOUND = check(GROUP).findings
NAMES = sorted({finding.rule.name for finding in FOUND})


def test_the_group_has_something_to_take_back() -> None:
    assert {"privileged-container", "plaintext-secret-env", "no-health-check"} <= set(NAMES)


# Properties

RULE = st.sampled_from(sorted({*NAMES, "host-pid-namespace", "runs-as-root"}))
FAMILY = st.sampled_from(sorted({entry[3] for entry in RULES.values()}))
SUBJECT = st.sampled_from(["/web", "/api", "/infra/db", "/infra/**", "/**", "/nobody", None])
PATH = st.sampled_from(["deploy/**", "deploy/*.json", "other/**", None])


@settings(deadline=None)
@given(RULE | FAMILY, SUBJECT, PATH)
def test_an_exemption_takes_back_what_it_names_and_nothing_else(
    rule: str, subject: str | None, path: str | None
) -> None:
    entry = {"rule": rule, "subject": subject, "path": path, "reason": "for the sake of a test"}
    stated = {key: text for key, text in entry.items() if text}
    report = check(GROUP, policy(f"exemptions: {json.dumps([stated])}"))
    subjects = {
        None: ("/web", "/api", "/infra/db", None), "/infra/**": ("/infra/db",),
        "/**": ("/web", "/api", "/infra/db"), "/nobody": (),
    }.get(subject, (subject,))  # fmt: skip
    taken = [
        finding
        for finding in FOUND
        if rule in (finding.rule.name, finding.rule.family)
        and finding.subject in subjects
        and path in (None, "deploy/**")
    ]
    assert seen(report.findings) == seen([found for found in FOUND if found not in taken])
    assert seen([entry.finding for entry in report.suppressed]) == seen(taken)


@settings(deadline=None)
@given(RULE, st.integers(0, len(LINES) - 1))
def test_a_comment_takes_back_what_it_names_on_its_line_and_nothing_else(
    rule: str, at: int
) -> None:
    comment = f"{LINES[at]}  # policylint: ignore[{rule}] for the sake of a test"
    report = check("\n".join([*LINES[:at], comment, *LINES[at + 1 :]]))
    taken = [
        found
        for found in FOUND
        if found.rule.name == rule
        and found.severity != "critical"
        and found.source.position(found.span.start)[0] == at + 1
    ]
    assert seen(report.findings) == seen([found for found in FOUND if found not in taken])
    said = {finding.rule.name for finding in report.findings if OURS in finding.rule.name}
    is_critical = RULES[rule][2] == "critical"
    expected = {"suppression-not-permitted"} if is_critical else {"suppression-unused"}
    assert said == (set() if taken else expected)


@settings(deadline=None)
@given(RULE, st.sampled_from(["web", "api", "infra/db"]))
def test_a_label_takes_back_what_it_names_in_its_object_and_nothing_else(
    rule: str, app: str
) -> None:
    label = f"  labels: {{policylint.ignore/{rule}: for the sake of a test}}"
    at = LINES.index(f"- id: {app}")
    report = check("\n".join([*LINES[: at + 1], label, *LINES[at + 1 :]]))
    taken = [
        found
        for found in FOUND
        if (found.rule.name, found.subject) == (rule, f"/{app}") and found.severity != "critical"
    ]
    kept = [found for found in FOUND if found not in taken]
    assert [entry[::2] for entry in seen(report.findings)] == [entry[::2] for entry in seen(kept)]


@settings(deadline=None)
@given(st.lists(st.tuples(RULE, st.integers(0, len(LINES) - 1)), max_size=6))
def test_several_comments_take_back_what_each_takes_back(asked: list[tuple[str, int]]) -> None:
    text = list(LINES)
    for rule, at in asked:
        mark = "# policylint: ignore["
        if mark in text[at]:
            text[at] = text[at].replace("] ", f", {rule}] ", 1)
        else:
            text[at] += f"  {mark}{rule}] for the sake of a test"
    report = check("\n".join(text))
    taken = [
        found
        for found in FOUND
        if (found.rule.name, found.source.position(found.span.start)[0] - 1) in asked
        and found.severity != "critical"
    ]
    assert seen(report.findings) == seen([found for found in FOUND if found not in taken])


# Exemptions


def said(report: Report) -> list[tuple[str, str, int]]:
    """What is said of exemptions: rule, text at the place, line."""
    return [
        (
            finding.rule.name,
            finding.source.text[finding.span.start : finding.span.end],
            finding.source.position(finding.span.start)[0],
        )
        for finding in report.findings
        if finding.rule.name.startswith(OURS)
    ]


EXEMPTIONS = """\
exemptions:
  - {rule: no-health-check, subject: /web, reason: a worker without ports}
  - {rule: [no-health-check, host-pid-namespace], subject: /api, reason: a worker without ports}
  - {rule: plaintext-secret-env, subject: /web, reason: test data for all, until: 2020-01-01}
  - {rule: privileged-container, reason: todo}
"""


def test_expired_unjustified_and_unused_ones_are_told_at_their_lines() -> None:
    rules = policy(EXEMPTIONS)
    report = lint([SourceFile("a.yaml", GROUP)], rules, complete=lambda: True)
    assert said(report) == [
        ("suppression-unused", "host-pid-namespace", 4),
        ("suppression-expired", "plaintext-secret-env", 5),
        ("suppression-without-reason", "privileged-container", 6),
    ]
    assert len({finding.fingerprint for finding in report.findings}) == len(report.findings)
    assert {"plaintext-secret-env", "privileged-container"} <= {
        finding.rule.name for finding in report.findings
    }, "neither has an effect"


def test_what_is_unused_is_told_only_when_all_files_were_there() -> None:
    one = lint([SourceFile("a.yaml", "id: /other\ncmd: run\n")], policy(EXEMPTIONS))
    assert said(one) == []
    whole = lint(
        [SourceFile("a.yaml", "id: /o\ncmd: x\n")], policy(EXEMPTIONS), complete=lambda: True
    )
    assert [rule for rule, _, _ in said(whole)].count("suppression-unused") == 5
    broken = SourceFile("marathon.json", '{"id": ')
    assert not lint([broken], policy(EXEMPTIONS), complete=lambda: True).suppressed
    assert said(lint([broken], policy(EXEMPTIONS), complete=lambda: True)) == []


def test_a_family_that_only_this_run_leaves_out_is_not_called_unused() -> None:
    rules = policy("exemptions: [{rule: escape, reason: an old friend of ours}]")
    source = [SourceFile("a.yaml", "id: /o\ncmd: x\n")]
    assert len(said(lint(source, rules, complete=lambda: True))) == 1
    partial = rules.selecting([], ["host-path-mount"])
    assert said(lint(source, partial, complete=lambda: True)) == []


def test_one_in_a_shared_file_is_not_called_unused_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").mkdir()
    (tmp_path / "org.yaml").write_text("exemptions: [{rule: escape, reason: another team's}]\n")
    (tmp_path / "here" / "policy.yaml").write_text("extends: ../org.yaml\n")
    source = [SourceFile("a.yaml", "id: /o\ncmd: x\n")]
    assert said(lint(source, read("here/policy.yaml"), complete=lambda: True)) == []
    assert len(said(lint(source, read("org.yaml"), complete=lambda: True))) == 1


def test_exemptions_may_be_for_the_rules_that_watch_over_suppressions() -> None:
    mark = "  # policylint: ignore[host-pid-namespace] it used to need that"
    text = GROUP.replace("user: root", f"user: root{mark}")
    assert said(check(text)) == [("suppression-unused", "host-pid-namespace", 5)]
    entry = "{rule: suppression-unused, subject: /web, reason: being moved away}"
    report = check(text, policy(f"exemptions: [{entry}]"))
    assert said(report) == []
    assert [entry.finding.rule.name for entry in report.suppressed] == ["suppression-unused"]


def test_a_critical_case_of_a_milder_rule_cannot_be_suppressed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mild = policy("rules: {privileged-container: critical}")
    text = GROUP.replace(
        "privileged: true", "privileged: true  # policylint: ignore[privileged-container] devices"
    )
    assert "suppression-not-permitted" in [rule for rule, _, _ in said(check(text, mild))]
    from policylint.engine import Check

    # A rule of medium severity whose problem weighs more in this case.
    monkeypatch.setattr(Check, "severity", lambda *_: "critical")
    case = GROUP.replace(
        "- id: web", "- id: web  # policylint: ignore[no-health-check] a worker here"
    )
    report = check(case)
    assert [entry for entry in said(report) if entry[0] == "suppression-not-permitted"] == [
        ("suppression-not-permitted", "no-health-check", 3)
    ]
    assert not report.suppressed


# Numbers and days


def test_a_date_holds_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    text = GROUP.replace(
        "- id: web",
        "- id: web  # policylint: ignore[no-health-check] a worker here (until 2027-03-31)",
    )
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1806537599")  # 2027-03-31T23:59:59Z
    assert said(check(text)) == []
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1806537600")
    assert [rule for rule, _, _ in said(check(text))] == ["suppression-expired"]


@pytest.mark.parametrize("epoch", ["soon", "²", "9" * 40, "1.5"])
def test_a_day_that_is_none_is_refused(epoch: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
    with pytest.raises(PolicyError, match="SOURCE_DATE_EPOCH"):
        today()


def test_a_floor_does_not_make_suppressions_unused() -> None:
    text = GROUP.replace(
        "- id: web", "- id: web  # policylint: ignore[no-health-check] a worker here"
    )
    assert said(check(text, policy("min_severity: high\n"))) == []
    report = lint([SourceFile("a.yaml", text)], ALL, min_severity="high")
    assert said(report) == []
    assert {finding.severity for finding in report.findings} == set(SEVERITIES[3:])


def test_unlimited_days_are_no_overflow() -> None:
    rules = policy("rules: {suppression-expired: {max_days: 999999999999}}\n")
    text = GROUP.replace(
        "- id: web",
        "- id: web  # policylint: ignore[no-health-check] a worker here (until 9999-12-31)",
    )
    assert said(check(text, rules)) == []


def test_unknown_values_are_counted() -> None:
    text = '{"id": "/web", "cmd": "run", "user": "${USER}", "env": {"A": "${USER}", "B": "{{b}}"}}'
    assert check(text, name="app.json").unknown == 3
    assert check(GROUP).unknown == 0


def test_blank_lines_of_windows_before_a_document_take_no_time() -> None:
    remark = "# policylint: ignore[no-health-check] a queue worker without ports\r\n"
    blanks = "\r\n" * 60
    text = f"{remark}id: /a\r\ncmd: run\r\n---\r\n{blanks}id: /b\r\ncmd: run\r\n"
    assert len(parse(SourceFile("app.yaml", text))) == 2
