"""Exceptions on the command line: shown, counted, written, listed; and policies."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft4Validator, Draft7Validator, Draft202012Validator
from jsonschema.validators import validator_for

from policylint.cli import exit_code
from policylint.source import shipped
from policylint.tree.yaml_text import read
from tests.integration.outside import ROOT

if TYPE_CHECKING:
    from pathlib import Path

APP = """\
id: /web
cmd: run
user: nobody
healthChecks: [{protocol: MESOS_TCP, port: 80}]
env:
  # policylint: ignore[plaintext-secret-env] known test data (until 2999-01-01)
  A_PASSWORD: hunter2hunter2
container:
  docker: {image: "web:1", privileged: true}
"""
POLICY = """\
extends: []
rules: {plaintext-secret-env: on, privileged-container: on, no-health-check: on, duplicate-key: on,
  uncontained-root-task: on, suppression-expired: {max_days: 1000000}}
exemptions:
  - {rule: privileged-container, subject: /web, reason: raw devices, owner: web-team}
"""
DAY = "1800000000"  # 2027-01-15


@pytest.fixture(autouse=True)
def _repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("POLICYLINT_", "GIT_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", DAY)
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / "app.yaml").write_text(APP)
    (tmp_path / ".policylint.yaml").write_text(POLICY)


class Ran:
    """What a command line printed, and its exit code."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *arguments: str) -> None:
        self.code = exit_code(list(arguments))
        self.out, self.err = capsys.readouterr()
        assert "Traceback" not in self.out + self.err
        assert "internal error" not in self.err

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def names(self) -> list[str]:
        """The rules in what `--format concise` prints."""
        return re.findall(r"\[([\w-]+)\]$", self.out, re.MULTILINE)


# check


def test_what_is_suppressed_is_counted_and_shown_when_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    plain = Ran(capsys, "check")
    assert (plain.code, plain.out) == (
        0,
        "no findings in 1 file checked, 1 passed over; 2 suppressed; policy .policylint.yaml\n",
    )
    shown = Ran(capsys, "check", "--show-suppressed")
    assert shown.code == 0
    assert "suppressed: A_PASSWORD" in shown.out
    assert (
        "= suppressed until 2999-01-01 by the comment in app.yaml:6: known test data" in shown.out
    )
    assert "by the exemption in .policylint.yaml:5, owner web-team: raw devices" in shown.out
    concise = Ran(capsys, "check", "--show-suppressed", "--format", "concise").out
    assert len(concise.splitlines()) == 3


def test_a_suppressed_secret_is_shown_nowhere(capsys: pytest.CaptureFixture[str]) -> None:
    with open("app.yaml", "w") as file:
        file.write(
            "id: /web\nuser: nobody\ncmd: run\nmem: many\n"
            "env: {A_PASSWORD: hunter2hunter2, A_PASSWORD: hunter3hunter3}"
            "  # policylint: ignore[plaintext-secret-env] known test data\n"
        )
    for arguments in ([], ["--show-suppressed"]):
        ran = Ran(capsys, "check", *arguments)
        assert "[duplicate-key]" in ran.out
        assert "hunter3" not in ran.out


def test_a_central_pipeline_ignores_suppressions_but_no_exemptions(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ran = Ran(capsys, "check", "--ignore-suppressions", "--format", "concise")
    assert (ran.code, ran.names()) == (1, ["plaintext-secret-env"])
    assert "1 suppressed" in ran.out


def test_reports_for_programs_have_numbers_always_and_the_rest_when_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with open(shipped("schemas/report.schema.json"), encoding="utf-8") as file:
        validator = Draft202012Validator(json.load(file))
    plain = Ran(capsys, "check", "--format", "json").json
    assert (plain["summary"]["suppressed"], plain["summary"]["rules"]) == (2, {})
    assert "suppressed" not in plain
    full = Ran(capsys, "check", "--format", "json", "--show-suppressed").json
    validator.validate(plain)
    validator.validate(full)
    first, second = (entry["suppression"] for entry in full["suppressed"])
    assert (first["form"], first["reason"], first["until"]) == (
        "comment",
        "known test data",
        "2999-01-01",
    )
    assert (second["form"], second["owner"], second["path"]) == (
        "exemption", "web-team", ".policylint.yaml",
    )  # fmt: skip


def test_sarif_tells_suppressions_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    plain = Ran(capsys, "check", "--format", "sarif").json["runs"][0]
    assert plain["results"] == []
    assert plain["properties"]["suppressed"] == 2
    with open("bad.yaml", "w") as file:
        file.write("id: /b\nuser: nobody\ncmd: run\n")
    report = Ran(capsys, "check", "--format", "sarif", "--show-suppressed").json
    path = os.path.join(ROOT, "tests", "output", "sarif-schema-2.1.0.json")
    with open(path, encoding="utf-8") as file:
        schema = json.load(file)
    assert validator_for(schema) in (Draft4Validator, Draft7Validator)
    validator_for(schema)(schema).validate(report)
    told = {result["ruleId"]: result["suppressions"] for result in report["runs"][0]["results"]}
    assert told["no-health-check"] == [], "where one result tells, all do"
    (comment,), (exemption,) = told["plaintext-secret-env"], told["privileged-container"]
    assert (comment["kind"], comment["status"]) == ("inSource", "accepted")
    assert (exemption["kind"], exemption["justification"]) == ("external", "raw devices")


def test_remarks_for_other_tools_count_where_that_is_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with open("Dockerfile", "w") as file:
        file.write("FROM debian:12.9\n# hadolint ignore=DL3004\nRUN sudo true\nUSER 10001\n")
    arguments = ["check", "Dockerfile", "--select", "sudo-used"]
    assert "[sudo-used]" in Ran(capsys, *arguments).out
    for honor in (["--honor", "trivy, hadolint"], ["--honor", "trivy", "--honor", "hadolint"]):
        ran = Ran(capsys, *arguments, *honor)
        assert (ran.code, ran.out.split("; ")[:2]) == (
            0, ["no findings in 1 file checked", "1 suppressed (1 by remarks for other tools)"],
        )  # fmt: skip
    monkeypatch.setenv("POLICYLINT_HONOR", "hadolint")
    ran = Ran(capsys, *arguments, "--show-suppressed")
    assert "= suppressed by the remark in Dockerfile:2: hadolint ignore=DL3004" in ran.out
    with open(shipped("schemas/report.schema.json"), encoding="utf-8") as file:
        validator = Draft202012Validator(json.load(file))
    report = Ran(capsys, *arguments, "--show-suppressed", "--format", "json").json
    validator.validate(report)
    assert report["summary"]["honored"] == 1
    assert report["suppressed"][0]["suppression"]["form"] == "remark"
    sarif = Ran(capsys, *arguments, "--show-suppressed", "--format", "sarif").json["runs"][0]
    assert sarif["properties"]["honored"] == 1
    (told,) = sarif["results"][0]["suppressions"]
    assert (told["kind"], told["justification"]) == ("inSource", "hadolint ignore=DL3004")
    assert "[sudo-used]" in Ran(capsys, *arguments, "--ignore-suppressions").out


def test_an_unknown_tool_is_asked_wrongly(capsys: pytest.CaptureFixture[str]) -> None:
    ran = Ran(capsys, "check", "--honor", "hadolnt")
    assert (ran.code, ran.out) == (2, "")
    assert 'did you mean "hadolint"?' in ran.err


def test_statistics_count_by_rule(capsys: pytest.CaptureFixture[str]) -> None:
    with open("more.yaml", "w") as file:
        file.write(
            "id: /\napps:\n" + "- {id: a, cmd: x, user: root}\n- {id: b, cmd: x, user: nobody}\n"
        )
    ran = Ran(capsys, "check", "--statistics", "--select", "no-health-check,uncontained-root-task")
    assert "\n2  no-health-check\n1  uncontained-root-task\n\n3 findings" in ran.out
    assert "[no-health-check]" in ran.out


def test_the_least_severity_is_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    with open("more.yaml", "w") as file:
        file.write("id: /a\ncmd: run\nuser: root\n")
    all_of_it = Ran(capsys, "check", "--format", "concise")
    severe = Ran(capsys, "check", "--format", "concise", "--min-severity", "high")
    assert set(severe.names()) < set(all_of_it.names())
    assert "no-health-check" not in severe.names()
    assert Ran(capsys, "check", "--min-severity", "critical").code == 0


def test_an_exemption_is_called_unused_when_the_whole_folder_is_checked(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    os.makedirs("sub/deeper")
    shutil.move("app.yaml", "sub/app.yaml")
    assert Ran(capsys, "check", "sub/deeper").out.startswith("no files checked")
    with open("sub/app.yaml", "w") as file:
        file.write(APP.replace("privileged: true", "privileged: false"))
    assert Ran(capsys, "check", "sub").out.startswith("no findings")
    told = Ran(capsys, "check", ".", "--format", "concise").out
    assert told.startswith(".policylint.yaml:5:12: low: exemption of privileged-container takes")
    monkeypatch.chdir("sub")
    told = Ran(capsys, "check", "..", "--format", "concise").out
    assert told.startswith("../.policylint.yaml:5:12: low: ")
    sarif = Ran(capsys, "check", "..", "--format", "sarif").out
    assert '"uri": ".policylint.yaml"' in sarif
    for arguments in (["--ignore", "privileged-container"], ["--select", "no-health-check"]):
        assert "takes nothing back" not in Ran(capsys, "check", "..", *arguments).out


def test_a_broken_day_is_asked_wrongly(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "soon")
    for command in ("check", "exemptions"):
        ran = Ran(capsys, command)
        assert (ran.code, ran.err.startswith("error: SOURCE_DATE_EPOCH")) == (2, True)


def test_a_link_that_leads_nowhere_is_no_missing_policy(
    capsys: pytest.CaptureFixture[str],
) -> None:
    os.remove(".policylint.yaml")
    os.symlink("nowhere.yaml", ".policylint.yaml")
    assert Ran(capsys, "check").code == 2


# exempt


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_exempt_then_check_takes_back_exactly_that_finding(
    ending: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(os.path.join(ROOT, "examples", "dreadful"), "dreadful")
    before = POLICY.replace("[]", "[recommended]").replace("\n", ending)
    with open(".policylint.yaml", "w", newline="") as file:
        file.write(before)
    report = Ran(capsys, "check", "--format", "json").json["findings"]
    pairs = {(found["rule"], found["subject"]) for found in report if "subject" in found}
    assert len(pairs) > 3
    for rule, subject in sorted(pairs):
        with open(".policylint.yaml", "w", newline="") as file:
            file.write(before)
        done = Ran(
            capsys, "exempt", rule, subject, "--reason", "just a test: #1", "--until", "2027-12-31"
        )
        assert (done.code, done.err) == (0, "")
        assert done.out == f".policylint.yaml:6: {subject} is exempt from {rule} until 2027-12-31\n"
        with open(".policylint.yaml", newline="") as file:
            after = file.read()
        entry = {"rule": rule, "subject": subject, "reason": "just a test: #1"}
        assert entries(after) == [*entries(before), {**entry, "until": "2027-12-31"}]
        assert after.startswith(before)
        assert after.count(ending) == after.count("\n")
        now = Ran(capsys, "check", "--format", "json").json["findings"]
        assert now == [
            found for found in report if (found["rule"], found.get("subject")) != (rule, subject)
        ]


def entries(text: str) -> Any:
    (tree,) = read(text)
    assert isinstance(tree.value, dict)
    return tree.value["exemptions"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("runs-as-rot /web --reason because_it_must", 'did you mean "runs-as-root"?'),
        ("runs-as-root /web", "needs a reason"),
        ("runs-as-root /web --reason todo", "would have no effect: it gives no reason"),
        ("runs-as-root /web --reason short", "5 characters, 10 are wanted"),
        ("runs-as-root --reason because_it_must", "say whom to exempt"),
        ("runs-as-root /web --reason because_it_must --until soon", '"soon" is no date'),
        ("runs-as-root /web --reason because_it_must --until 2027-02-30", "is no date"),
        ("runs-as-root /web --reason because_it_must --until 2026-01-01", "it ended on 2026-01-01"),
        ("runs-as-root /web --reason because_it_must --path ./x", "fits no path"),
        (
            "privileged-container /web --reason because_it_must",
            "exempt already: .policylint.yaml:5",
        ),
        (
            "document-unreadable /web --reason because_it_must",
            "cannot be read has not been checked",
        ),
        ("runs-as-root /web --reason because_it_must --policy baseline", "name a file of yours"),
        ("runs-as-root /web --reason because_it_must --policy no.yaml", "no.yaml: not a file"),
    ],
)
def test_exempt_refuses_and_writes_nothing(
    arguments: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = Ran(capsys, "exempt", *arguments.split())
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err
    with open(".policylint.yaml") as file:
        assert file.read() == POLICY
    assert sorted(os.listdir()) == [".git", ".policylint.yaml", "app.yaml"]


def test_exempt_does_not_write_into_what_it_cannot_read(
    capsys: pytest.CaptureFixture[str],
) -> None:
    wrong = POLICY + "nonsense: 1\n"
    with open(".policylint.yaml", "w") as file:
        file.write(wrong)
    ran = Ran(capsys, "exempt", "runs-as-root", "/web", "--reason", "because it must")
    assert (ran.code, ran.err.startswith("error: .policylint.yaml:6:1: ")) == (2, True)
    with open(".policylint.yaml") as file:
        assert file.read() == wrong
    os.remove(".policylint.yaml")
    ran = Ran(capsys, "exempt", "runs-as-root", "/web", "--reason", "because it must")
    assert (ran.code, "no policy file here or above" in ran.err) == (2, True)


def test_exempt_keeps_byte_order_mark_mode_and_link(capsys: pytest.CaptureFixture[str]) -> None:
    os.rename(".policylint.yaml", "real.yaml")
    with open("real.yaml", "rb+") as file:
        data = b"\xef\xbb\xbf" + file.read()
        file.seek(0)
        file.write(data)
    os.chmod("real.yaml", 0o640)
    os.symlink("real.yaml", ".policylint.yaml")
    words = ["--reason", "grüße an alle\u2028", "--owner", "web"]
    assert Ran(capsys, "exempt", "escape", "/x", *words).code == 0
    assert os.path.islink(".policylint.yaml")
    assert os.stat("real.yaml").st_mode & 0o777 == 0o640
    with open("real.yaml", "rb") as file:
        assert file.read() == data + (
            '  - {rule: escape, subject: /x, reason: "grüße an alle", owner: web}\n'.encode()
        )


# exemptions


def listed(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    return Ran(capsys, "exemptions", "--format", "json", *arguments).json


def test_all_exceptions_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    with open("b.json", "w") as file:
        file.write('{"id": "/b", "cmd": "x", "labels": {"policylint.ignore/escape": "no"}}')
    found = listed(capsys)
    assert [(entry["form"], entry["rules"], entry["subject"]) for entry in found] == [
        ("comment", ["plaintext-secret-env"], "/web"),
        ("label", ["escape"], "/b"),
        ("policy", ["privileged-container"], "/web"),
    ]
    comment, label, exemption = found
    assert (comment["path"], comment["line"], comment["until"]) == ("app.yaml", 6, "2999-01-01")
    assert comment["days_left"] > 300_000
    assert comment["state"] == "in force"
    assert label["state"].startswith("no effect: gives a reason of 2 characters")
    assert (exemption["owner"], exemption["days_left"]) == ("web-team", None)
    assert {entry["age_days"] for entry in found} == {None}, "git knows nothing here"


def test_exceptions_in_dockerfiles_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    with open("Dockerfile", "w") as file:
        file.write(
            "FROM debian:12.9\n"
            "# policylint: ignore-stage[sudo-used] the lab's image (until 2027-02-01)\n"
            "# hadolint ignore=DL3004\nRUN sudo true\n"
        )
    (found,) = listed(capsys, "--policy", "all", "Dockerfile")
    assert (found["form"], found["scope"], found["line"]) == ("comment", "stage", 2)
    assert (found["reason"], found["until"], found["state"]) == (
        "the lab's image", "2027-02-01", "in force",
    )  # fmt: skip


def test_the_list_is_pleasant_to_read_and_steers_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with open("b.json", "w") as file:
        file.write(
            '{"id": "/b", "cmd": "x", "labels":'
            ' {"policylint.ignore/no-health-check": "a | <b>worker</b>\\u001b[31m @all"}}'
        )
    text = Ran(capsys, "exemptions").out
    assert "/web: plaintext-secret-env\n  known test data\n  comment in app.yaml:6:" in text
    assert "worker</b>\\x1b[31m @all" in text
    assert text.endswith("3 exceptions, 2 without end\n")
    markdown = Ran(capsys, "exemptions", "--format", "markdown").out
    assert "| a \\| \\<b\\>worker\\</b\\>\\\\x1b\\[31m \\@all |" in markdown
    assert len({row.replace("\\|", "").count("|") for row in markdown.splitlines()[:5]}) == 1
    for shown in (text, markdown):
        assert "\x1b" not in shown


def git(*arguments: str, day: str = "2027-01-05") -> None:
    stamp = {"GIT_AUTHOR_DATE": f"{day}T00:00:00Z", "GIT_COMMITTER_DATE": f"{day}T00:00:00Z"}
    name = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    subprocess.run(
        ["git", *name, *arguments], check=True, capture_output=True, env={**os.environ, **stamp}
    )


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_git_tells_how_old_they_are_and_runs_nothing_of_the_repository(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    shutil.rmtree(".git")
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "x")
    assert [entry["age_days"] for entry in listed(capsys)] == [10, 10]
    with open("app.yaml", "w") as file:  # not committed: moved, and a new one
        file.write(f"# a line more\n{APP}# policylint: ignore-file[runs-as-root] none of these\n")
    assert [entry["age_days"] for entry in listed(capsys)] == [10, None, 10]
    trap = f"touch '{tmp_path}/trapped'"
    for key in ("core.fsmonitor", "diff.x.textconv", "filter.x.clean", "core.pager", "core.editor"):
        git("config", key, trap)
    with open(".gitattributes", "w") as file:
        file.write("* diff=x filter=x\n")
    assert [entry["age_days"] for entry in listed(capsys)] == [10, None, 10]
    assert not os.path.exists("trapped")


# policy


def test_the_policy_is_shown_with_the_origin_of_every_entry(
    capsys: pytest.CaptureFixture[str],
) -> None:
    os.makedirs("org")
    with open("org/base.yaml", "w") as file:
        file.write(
            "extends: baseline\nfail_on: high\nexclude: [vendor/**]\n"
            "settings: {registries: [r.example.com/**]}\n"
            "rules:\n  host-path-mount: {severity: low, allow: [/a]}\n  runs-as-root: off\n"
        )
    with open(".policylint.yaml", "w") as file:
        file.write(
            "extends: org/base.yaml\nrules:\n  host-path-mount: {allow: [/b]}\n"
            "  privileged-container: {suppressible: true}\nexemptions:\n"
            "- {rule: escape, subject: /x, reason: old friends, until: 2999-01-01, owner: me}\n"
        )
    lines = [" ".join(line.split()) for line in Ran(capsys, "policy", "show").out.splitlines()]
    for line in (
        "policy .policylint.yaml",
        "fail_on high org/base.yaml:2",
        "min_severity medium baseline",
        "vendor/** org/base.yaml:3",
        "registries org/base.yaml:4",
        "r.example.com/**",
        "host-path-mount low org/base.yaml:6",
        "allow /b .policylint.yaml:3",
        "runs-as-root off org/base.yaml:7",
        "privileged-container critical .policylint.yaml:4",
        "suppressible true .policylint.yaml:4",
        "dangerous-capability critical baseline",
        "escape /x, until 2999-01-01 .policylint.yaml:6",
        "old friends (me)",
    ):
        assert line in lines
    for path in ("org", "app.yaml", "org/base.yaml"):
        assert "policy .policylint.yaml" in " ".join(
            Ran(capsys, "policy", "show", path).out.split()
        )
    assert Ran(capsys, "policy", "show", "nowhere").code == 2
    isolated = Ran(capsys, "policy", "show", "--isolated").out
    assert "policy" in isolated
    assert ".policylint.yaml" not in isolated


def test_a_policy_is_checked_alone(capsys: pytest.CaptureFixture[str]) -> None:
    good = Ran(capsys, "policy", "check", ".policylint.yaml")
    assert (good.code, good.err) == (0, "")
    assert re.fullmatch(
        r"\.policylint\.yaml: good: \d+ rules, 1 exemption, fails on medium findings\n", good.out
    )
    with open("wrong.yaml", "w") as file:
        file.write("rules: {nope: on}\nfail_on: no\n")
    wrong = Ran(capsys, "policy", "check", "wrong.yaml", ".policylint.yaml")
    assert wrong.code == 2
    assert wrong.err.startswith('error: wrong.yaml:1:9: no such rule: "nope"\n')
    assert "wrong.yaml:2:10: expected one of" in wrong.err
    assert wrong.out == good.out, "the other one is still told"
    assert Ran(capsys, "policy", "check", "nowhere.yaml").code == 2
    assert Ran(capsys, "policy", "check").code == 2
