"""A policy in Rego is a rule like any other, from the policy file to the report."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.rego.repository import APP, OWNER, rule, write

if TYPE_CHECKING:
    from pathlib import Path

    from tests.rego.conftest import Run

pytestmark = pytest.mark.usefixtures("opa")

ONLY = ("--select", "owner-missing", "--format", "concise")


@pytest.fixture(autouse=True)
def _policy(folder: Path) -> None:
    write(folder, {"org/owner.rego": OWNER})


def test_a_missing_member_is_reported_at_its_owner(run: Run) -> None:
    done = run("check", "--rego", "org", *ONLY)
    assert done.code == 1
    assert done.out.startswith("app.json:1:46: high: no label owner")


def test_a_policy_file_brings_it_as_well(folder: Path, run: Run) -> None:
    write(folder, {".policylint.yaml": "rego: org\n"})
    done = run("check", *ONLY)
    assert (done.code, done.err) == (1, "")
    assert "no label owner" in done.out


def test_a_single_file_is_enough(run: Run) -> None:
    assert "no label owner" in run("check", "--rego", "org/owner.rego", *ONLY).out


def test_a_setting_reaches_the_policy(folder: Path, run: Run) -> None:
    said = "rego: org\nrules: {owner-missing: {label: team}}\n"
    write(folder, {".policylint.yaml": said})
    assert "no label team" in run("check", *ONLY).out


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("{owner-missing: {lable: team}}", ':2:25: no such setting of this rule: "lable"'),
        ("{owner-missing: {label: 3}}", ":2:32: expected a text"),
        ("{owner-missng: on}", ':2:9: no such rule: "owner-missng"'),
    ],
)
def test_a_mistake_in_the_policy_file_is_told_as_for_a_built_in_rule(
    folder: Path, run: Run, said: str, told: str
) -> None:
    write(folder, {".policylint.yaml": f"rego: org\nrules: {said}\n"})
    done = run("check")
    assert done.code == 2
    assert f".policylint.yaml{told}" in done.err


def test_it_can_be_switched_off_and_weighed(folder: Path, run: Run) -> None:
    write(folder, {".policylint.yaml": "rego: org\nrules: {owner-missing: off}\n"})
    assert "no label" not in run("check").out
    write(folder, {".policylint.yaml": "rego: org\nrules: {owner-missing: low}\n"})
    done = run("check", *ONLY)
    assert (done.code, "low: no label owner" in done.out) == (0, True)


def test_it_is_selected_and_ignored_by_its_name_and_family(run: Run) -> None:
    assert "no label" in run("check", "--rego", "org", "--select", "hygiene").out
    assert "no label" not in run("check", "--rego", "org", "--select", "privilege").out
    assert "no label" not in run("check", "--rego", "org", "--ignore", "owner-missing").out


def test_an_exemption_and_a_label_take_it_back(folder: Path, run: Run) -> None:
    exemption = "{rule: owner-missing, subject: /web, reason: leaves in spring}"
    write(folder, {".policylint.yaml": f"rego: org\nexemptions: [{exemption}]\n"})
    assert run("check", *ONLY).code == 0
    label = '"policylint.ignore/owner-missing": "leaves in spring"'
    write(
        folder,
        {".policylint.yaml": "rego: org\n", "app.json": APP.replace('"a": "b"', label)},
    )
    done = run("check", *ONLY, "--show-suppressed")
    assert done.code == 0
    assert "leaves in spring" in done.out


def test_a_suppression_of_it_that_takes_nothing_back_is_told(folder: Path, run: Run) -> None:
    labels = '"owner": "web", "policylint.ignore/owner-missing": "leaves in spring"'
    write(folder, {"app.json": APP.replace('"a": "b"', labels)})
    assert "suppression of owner-missing takes nothing back" in run("check", "--rego", "org").out


def test_json_and_sarif_carry_its_words(run: Run) -> None:
    report = json.loads(run("check", "--rego", "org", *ONLY[:2], "--format", "json").out)
    (finding,) = report["findings"]
    assert finding["subject"] == "/web"
    assert finding["instead"] == "instead, name the team in a label"
    assert [known["id"] for known in finding["references"]] == [
        "CWE-778",
        "https://wiki.example/owners",
    ]
    sarif = json.loads(run("check", "--rego", "org", *ONLY[:2], "--format", "sarif").out)
    (described,) = sarif["runs"][0]["tool"]["driver"]["rules"]
    assert described["shortDescription"]["text"] == "Workload has no owner."
    assert described["properties"]["tags"] == ["security", "hygiene", "external/cwe/cwe-778"]


def test_its_fingerprint_outlives_an_edit_above_it(folder: Path, run: Run) -> None:
    def fingerprint() -> str:
        report = json.loads(run("check", "--rego", "org", *ONLY[:2], "--format", "json").out)
        return str(report["findings"][0]["fingerprint"])

    before = fingerprint()
    write(folder, {"app.json": APP.replace('"cmd"', '\n"mem": 64, "cmd"')})
    assert fingerprint() == before


def test_it_sees_the_document_as_written_and_the_built_in_findings(folder: Path, run: Run) -> None:
    body = """
        deny contains {"msg": input.source.cmd, "path": finding.path} if {
            some finding in input.findings
            finding.rule == "no-health-check"
        }
    """
    write(folder, {"org/seen.rego": rule(body)})
    found = run("check", "--rego", "org", "--format", "concise").out
    assert "medium: run" in found


def test_a_result_may_raise_its_severity(folder: Path, run: Run) -> None:
    body = """deny contains {"msg": "so", "path": ["cmd"], "severity": "critical"} if input.path"""
    write(folder, {"org/raised.rego": rule(body)})
    assert "app.json:1:23: critical: so" in run("check", "--rego", "org", "--format", "concise").out


def test_a_policy_on_the_fleet_sees_all_documents(folder: Path, run: Run) -> None:
    body = """
        deny contains {"msg": msg, "document": number, "path": ["id"]} if {
            some number, document in input.documents
            same := [other | some other in input.documents; other.source.id == document.source.id]
            count(same) > 1
            msg := sprintf("%s stands in %d files", [document.source.id, count(same)])
        }
    """
    write(folder, {"org/twice.rego": rule(body, "twice", "custom: {on: fleet}"), "b/app.json": APP})
    found = run("check", "--rego", "org", "--select", "twice", "--format", "concise").out
    assert [line.partition(" [")[0] for line in found.splitlines()[:2]] == [
        "app.json:1:8: medium: /web stands in 2 files",
        "b/app.json:1:8: medium: /web stands in 2 files",
    ]


def test_a_policy_is_asked_about_its_kinds_alone(folder: Path, run: Run) -> None:
    body = """deny contains {"msg": "a job", "path": []} if input.path"""
    write(
        folder,
        {
            "org/job.rego": rule(body, "job", "custom: {kinds: [job]}"),
            "job.json": '{"id": "backup", "run": {"cmd": "x", "cpus": 1, "mem": 32, "disk": 0}}',
        },
    )
    found = run("check", "--rego", "org", "--select", "job", "--format", "concise").out
    assert [line for line in found.splitlines() if "a job" in line] == [
        "job.json:1:8: medium: a job [job]"
    ]


def test_the_day_comes_in_as_data(folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    body = """
        deny contains {"msg": data.policylint.now, "path": []} if {
            data.policylint.today == "2001-09-09"
        }
    """
    write(folder, {"org/day.rego": rule(body)})
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    found = run("check", "--rego", "org", "--select", "some-rule", "--format", "concise").out
    assert "2001-09-09T01:46:40Z" in found


def test_files_of_tests_are_no_policies(folder: Path, run: Run) -> None:
    write(folder, {"org/owner_test.rego": "package policylint.rules.owner_missing_test\n\nx := {"})
    assert "no label" in run("check", "--rego", "org", *ONLY).out
