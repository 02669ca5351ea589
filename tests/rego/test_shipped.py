"""The policies in Rego that come with policylint: right, tested, formatted, and explained."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from policylint.pages import page
from policylint.parsers import KINDS
from policylint.policy import RegoSources, shipped_rego
from policylint.rego.library import Library
from policylint.rego_pages import rego_pages
from policylint.source import shipped
from tests.integration.outside import ROOT
from tests.rego.repository import write

if TYPE_CHECKING:
    from pathlib import Path

    from tests.rego.conftest import Run

FOLDER = shipped("policies/rego")
RULES = {
    "change-freeze", "id-naming", "known-owner", "promoted-mutable-tag", "required-label",
    "schedule-not-allowed", "team-quota-exceeded",
}  # fmt: skip
_REGAL = os.environ.get("POLICYLINT_REGAL") or shutil.which("regal")


def rego_files() -> list[str]:
    return sorted(
        os.path.join(folder, name)
        for folder, _, names in os.walk(FOLDER)
        for name in names
        if name.endswith(".rego")
    )


def opa_check(opa: str, *paths: str) -> subprocess.CompletedProcess[str]:
    schemas = shipped("schemas/rego")
    return subprocess.run(
        [opa, "check", "--strict", "--schema", schemas, *paths], capture_output=True, text=True
    )


def test_their_tests_and_cases_pass_and_leave_nothing_out(opa: str, run: Run) -> None:  # noqa: ARG001
    done = run("test", *shipped_rego(), "--min-coverage", "100")
    assert (done.code, done.err) == (0, "")
    assert "all passed" in done.out


def test_each_has_tests_and_cases_of_its_own() -> None:
    for folder in shipped_rego().values():
        here = set(os.listdir(folder))
        rules = {name.replace("-", "_") for name in RULES}
        assert {f"{rule}.rego" for rule in rules} | {f"{rule}_test.rego" for rule in rules} <= here
        assert set(os.listdir(os.path.join(folder, "cases"))) == {f"{rule}.yaml" for rule in RULES}


def test_they_compile_strictly_against_the_schemas(opa: str) -> None:
    done = opa_check(opa, *rego_files())
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("file", "right", "wrong"),
    [
        ("required_label", "input.settings.labels", "input.setings.labels"),
        ("known_owner", "some workload in governance.workloads", "some workload in input.wrkloads"),
        ("id_naming", "workload.kind)", "workload.knd)"),
        ("change_freeze", '"path": workload._at', '"path": workload._att'),
        ("promoted_mutable_tag", "container.image", "container.img"),
        ("schedule_not_allowed", "schedule.cron", "schedule.corn"),
        ("team_quota_exceeded", "label.name", "label.nme"),
        ("lib", "input.model.workloads", "input.model.workload"),
    ],
)
def test_a_misspelt_member_does_not_compile(
    opa: str, tmp_path: Path, file: str, right: str, wrong: str
) -> None:
    folder = shutil.copytree(os.path.join(FOLDER, "governance"), tmp_path / "governance")
    path = folder / f"{file}.rego"
    text = path.read_text()
    assert right in text
    path.write_text(text.replace(right, wrong, 1))
    done = opa_check(opa, *map(str, folder.glob("*.rego")))
    assert done.returncode == 1
    assert f"{file}.rego" in done.stderr
    assert "undefined ref" in done.stderr


def test_they_are_formatted(opa: str) -> None:
    done = subprocess.run([opa, "fmt", "--list", FOLDER], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_regal_has_nothing_to_say() -> None:
    if _REGAL is None:
        pytest.skip("no regal: `python3 dev.py tool regal` builds one")
    done = subprocess.run([_REGAL, "lint", "."], cwd=FOLDER, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_they_are_silent_until_a_policy_states_their_settings(
    opa: str,  # noqa: ARG001
    run: Run,
) -> None:
    done = run(
        "check", "--isolated", "--rego", "policylint/governance", "--select", "organisation",
        os.path.join(ROOT, "examples"), "--format", "json",
    )  # fmt: skip
    report = json.loads(done.out)
    assert done.err == ""
    names = {finding["rule"] for finding in report["findings"]}
    assert not names & RULES


def test_a_policy_file_names_them(opa: str, folder: Path, run: Run) -> None:  # noqa: ARG001
    write(
        folder,
        {
            ".policylint.yaml": """
                rego: policylint/governance
                rules:
                  required-label: {labels: [team]}
            """
        },
    )
    done = run("check", "--format", "concise", "--select", "organisation")
    assert done.out.startswith("app.json:1:46: medium: the label team is missing [required-label]")
    assert "policylint/governance" in run("policy", "show").out
    assert (
        "in Rego: policylint/governance/required_label.rego" in run("explain", "required-label").out
    )


def test_a_name_that_is_nearly_theirs_is_told(folder: Path, run: Run) -> None:
    write(folder, {".policylint.yaml": "rego: policylint/governence\n"})
    done = run("check")
    assert done.code == 2
    assert 'did you mean "policylint/governance"?' in done.err


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ("change-freeze: {freezes: [soon]}", ':3:29: "soon" does not match'),
        ("change-freeze: {freezes: soon}", ':3:28: "soon" does not match'),
        ("change-freeze: {weekdays: [Friday]}", ':3:30: "Friday" is not one of "monday"'),
        ("id-naming: {services: '('}", ':3:25: "(" is not a "regex"'),
        ("schedule-not-allowed: {hours: [24]}", ":3:34: 24 is greater than the maximum of 23"),
        (
            "team-quota-exceeded: {quotas: {web: {cpu: 1}}}",
            ":3:39: Additional properties are not allowed ('cpu' was unexpected)",
        ),
        ("team-quota-exceeded: {quotas: {web: 4}}", ':3:39: 4 is not of type "object"'),
    ],
)
def test_a_setting_that_means_nothing_is_told_with_its_place(
    opa: str,  # noqa: ARG001
    folder: Path,
    run: Run,
    settings: str,
    told: str,
) -> None:
    write(folder, {".policylint.yaml": f"rego: policylint/governance\nrules:\n  {settings}\n"})
    done = run("check")
    assert done.code == 2
    assert f".policylint.yaml{told}" in done.err


def test_their_pages_say_what_opa_reads_in_them(opa: str) -> None:
    library = Library(opa, KINDS)
    library.learn(RegoSources(tuple(shipped_rego())), "here")
    assert library.rules.keys() == RULES
    pages = {os.path.basename(path): text for path, text in rego_pages(ROOT).items()}
    for name, rule in library.rules.items():
        shown = page(rule, "in `policylint/governance`, in Rego").split("\n## ")
        examples = [part for part in pages[f"{name}.md"].split("\n## ") if part not in shown]
        assert {re.match(r"Policy|Bad|Good", part)[0] for part in examples} == {  # type: ignore[index]
            "Policy", "Bad", "Good",
        }  # fmt: skip
