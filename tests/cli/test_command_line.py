"""The command line: exit codes, what is printed where, and what hostile input gets to see."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from policylint import __version__
from policylint.cli import exit_code
from policylint.cli.reports import FORMATS
from policylint.rules.index import RULES, SETS

if TYPE_CHECKING:
    from pathlib import Path

PRIVILEGED = '{"id": "/web", "container": {"docker": {"image": "web:1", "privileged": true}}}'
CLEAN = (
    '{"id": "/web", "cmd": "run", "user": "web", "healthChecks": [{"protocol": "TCP", "port": 80}]}'
)
BROKEN = '{"id": "/web", "cmd": "run", "mem": '


@pytest.fixture(autouse=True)
def _repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository with a file of every sort."""
    for name in [name for name in os.environ if name.startswith(("POLICYLINT_", "NO_COLOR"))]:
        monkeypatch.delenv(name)
    for name, text in {
        ".git/HEAD": "", "bad.json": PRIVILEGED, "good/app.json": CLEAN, "broken/app.json": BROKEN,
        "other/package.json": "{}", "strict.yaml": "extends: baseline\nfail_on: critical\n",
        "wrong.yaml": "rules:\n  nope: on\n",
    }.items():  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    monkeypatch.chdir(tmp_path)


def run(*arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run in a process of its own, as from a shell without a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "policylint", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
        errors="surrogateescape",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
    )


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("check good", 0),
        ("check other", 0),
        ("check other/package.json", 0),
        ("check", 1),
        ("check bad.json", 1),
        ("check broken", 1),
        ("check broken --select no-health-check", 1),
        ("check broken --ignore document", 1),
        ("check broken --fail-on critical", 1),
        ("check broken --exit-zero", 0),
        ("check bad.json --exit-zero", 0),
        ("check bad.json --select privileged-container --fail-on critical", 1),
        ("check bad.json --select no-health-check --fail-on high", 0),
        ("check bad.json --select no-health-check", 1),
        ("check bad.json --ignore privilege,availability", 0),
        ("check bad.json --ignore privilege --ignore availability", 0),
        ("check bad.json --policy availability --fail-on high", 0),
        ("check bad.json --policy strict.yaml", 1),
        ("check bad.json --isolated", 1),
        ("check bad.json --format concise", 1),
        ("check bad.json --format json", 1),
        ("check bad.json --format sarif", 1),
        ("check good --format sarif", 0),
        ("check missing.json", 2),
        ("check missing.json --exit-zero", 2),
        ("check missing.json good", 2),
        ("check bad.json --policy wrong.yaml", 2),
        ("check bad.json --policy nowhere.yaml", 2),
        ("check bad.json --select nope", 2),
        ("check bad.json --ignore document-unreadable", 2),
        ("check bad.json --fail-on severe", 2),
        ("check bad.json --format xml", 2),
        ("check bad.json --color sometimes", 2),
        ("check bad.json --kind deployment", 2),
        ("check bad.json --output text", 2),
        ("check bad.json --output xml=out", 2),
        ("check bad.json --output text=", 2),
        ("check bad.json --output text=no/such/folder/out", 2),
        ("check bad.json --nope", 2),
        ("nope", 2),
        ("explain", 2),
        ("explain nope", 2),
        ("explain privileged-container", 0),
        ("rules", 0),
        ("rules --format json", 0),
        ("rules --format xml", 2),
        ("--version", 0),
        ("--help", 0),
        ("-h", 0),
        ("check --help", 0),
    ],
)
def test_exit_codes(arguments: str, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(arguments.split()) == code
    printed = capsys.readouterr()
    assert "Traceback" not in printed.out + printed.err
    if code == 2:
        assert printed.err.startswith("error: ")


@pytest.mark.parametrize(("error", "code"), [(KeyboardInterrupt, 130), (EOFError, 130)])
def test_an_interrupted_run_is_neither_passed_nor_failed(
    monkeypatch: pytest.MonkeyPatch, error: type[BaseException], code: int
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("policylint.cli.check.lint", interrupt)
    assert exit_code(["check"]) == code


def test_a_missing_path_hides_no_finding(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["check", "missing.json", "bad.json"]) == 2
    printed = capsys.readouterr()
    assert "[privileged-container]" in printed.out
    assert printed.err == "error: missing.json: no such file or folder\n"


def test_what_cannot_be_read_is_shown_whatever_is_selected(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert exit_code(["check", "broken", "--select", "no-health-check"]) == 1
    assert "broken/app.json:1:37: high: not JSON: " in capsys.readouterr().out


def test_the_summary_counts_what_was_passed_over(capsys: pytest.CaptureFixture[str]) -> None:
    exit_code(["check", "good", "other"])
    summary = capsys.readouterr().out
    assert summary == "no findings in 1 file checked, 1 passed over; policy recommended\n"


# Policies


def test_the_policy_file_above_the_paths_holds(capsys: pytest.CaptureFixture[str]) -> None:
    with open("good/.policylint.yaml", "w") as file:
        file.write("extends: all\n")
    exit_code(["check", "good/app.json"])
    assert "policy good/.policylint.yaml" in capsys.readouterr().out
    exit_code(["check", "good/app.json", "--isolated"])
    assert "policy recommended" in capsys.readouterr().out
    exit_code(["check", "good/app.json", "--policy", "baseline"])
    assert "policy baseline" in capsys.readouterr().out
    exit_code(["check", "good", "bad.json"])
    assert "policy recommended" in capsys.readouterr().out


def test_a_wrong_policy_is_told_with_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["check", "--policy", "wrong.yaml"]) == 2
    assert capsys.readouterr().err.startswith('error: wrong.yaml:2:3: no such rule: "nope"')


def test_exclude_holds_for_named_files(capsys: pytest.CaptureFixture[str]) -> None:
    with open(".policylint.yaml", "w") as file:
        file.write("exclude: ['broken/**', bad.json]\n")
    assert exit_code(["check", "broken/app.json", "bad.json"]) == 0
    assert "no files checked" in capsys.readouterr().out


def test_reported_paths_are_relative_to_the_policy_file_or_to_git() -> None:
    with open("good/policylint.yaml", "w") as file:
        file.write("extends: baseline\n")
    with open("good/app.json", "w") as file:
        file.write(PRIVILEGED)
    assert uris("check", "good") == {"app.json"}
    assert uris("check", "bad.json") == {"bad.json"}
    assert uris("check", "bad.json", "--policy", "good/policylint.yaml") == {"bad.json"}


def uris(*arguments: str) -> set[str]:
    report = json.loads(run(*arguments, "--format", "sarif").stdout)
    return {
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for result in report["runs"][0]["results"]
    }


def test_text_names_files_as_one_would_type_them_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("good")
    assert run("check", "../bad.json", "--format", "concise").stdout.startswith("../bad.json:1:")


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("POLICYLINT_POLICY", "baseline", "policy baseline"),
        ("POLICYLINT_SELECT", "privileged-container", "1 finding (1 critical)"),
        ("POLICYLINT_FORMAT", "sarif", '"version": "2.1.0"'),
    ],
)
def test_options_come_from_the_environment_too(name: str, value: str, shown: str) -> None:
    assert shown in run("check", "bad.json", **{name: value}).stdout


# Standard input


def test_standard_input_is_checked() -> None:
    done = run("check", "-", stdin=PRIVILEGED)
    assert done.returncode == 1
    assert done.stdout.startswith("<stdin>:1:")
    done = run("check", "-", "--stdin-filename", "apps/web.json", stdin=PRIVILEGED)
    assert done.stdout.startswith("apps/web.json:1:")


def test_yaml_on_standard_input_is_checked() -> None:
    text = "id: /web\ncontainer:\n  docker: {image: 'web:1', privileged: true}\n"
    for arguments in ([], ["--stdin-filename", "x.yml"], ["--kind", "app"]):
        assert "[privileged-container]" in run("check", "-", *arguments, stdin=text).stdout


def test_standard_input_of_a_kind_is_never_passed_over() -> None:
    done = run("check", "-", "--kind", "app", stdin="")
    assert (done.returncode, "[document-unreadable]" in done.stdout) == (1, True)
    assert run("check", "-", stdin="").returncode == 0


def test_standard_input_that_is_closed_is_told() -> None:
    done = subprocess.run(
        ["sh", "-c", f"exec {sys.executable} -m policylint check - <&-"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 2
    assert done.stderr == "error: <stdin>: standard input is closed\n"


# Reports


def test_further_reports_go_to_files() -> None:
    outputs = [f"--output={form}=out.{form}" for form in FORMATS]
    done = run("check", "bad.json", "--color", "always", *outputs)
    assert done.returncode == 1
    assert "\x1b[" in done.stdout
    for form in FORMATS:
        with open(f"out.{form}", encoding="utf-8") as file:
            text = file.read()
        assert "privileged-container" in text
        assert "\x1b" not in text
    with open("out.text", encoding="utf-8") as file:
        assert file.read() == run("check", "bad.json").stdout


@pytest.mark.parametrize(
    ("arguments", "environment", "coloured"),
    [
        ([], {}, False),
        (["--color", "always"], {}, True),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"CLICOLOR_FORCE": "1"}, True),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        (["--format", "concise", "--color", "never"], {"FORCE_COLOR": "1"}, False),
        (["--format", "sarif", "--color", "always"], {}, False),
        (["--format", "json"], {"FORCE_COLOR": "1"}, False),
    ],
)
def test_colours(arguments: list[str], environment: dict[str, str], coloured: bool) -> None:
    assert ("\x1b[" in run("check", "bad.json", *arguments, **environment).stdout) == coloured


def test_a_reader_that_leaves_early_gets_no_traceback() -> None:
    for command in ("check", "rules", "explain privileged-container"):
        done = subprocess.run(
            ["sh", "-c", f"{sys.executable} -m policylint {command} | true"],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert done.stderr == ""


def test_a_closed_pipe_is_neither_a_pass_nor_a_finding() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "wb") as pipe:
        for arguments in (["check", "bad.json"], ["rules"]):
            done = subprocess.run(
                [sys.executable, "-m", "policylint", *arguments],
                stdout=pipe,
                stderr=subprocess.PIPE,
                check=False,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            )
            assert (done.returncode, done.stderr) == (2, b"")


# Other commands


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    exit_code(["--version"])
    assert capsys.readouterr().out == f"policylint {__version__}\n"


def test_help_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    exit_code(["--help"])
    printed = capsys.readouterr().out
    assert all(command in printed for command in ("check", "explain", "rules"))


def test_rules_are_listed_with_family_severity_and_sets(
    capsys: pytest.CaptureFixture[str],
) -> None:
    exit_code(["rules"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(RULES)
    (line,) = [line for line in lines if line.startswith("privileged-container ")]
    assert line.split()[1:3] == ["critical", "privilege"]
    assert "baseline" in line


def test_rules_are_listed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    exit_code(["rules", "--format", "json"])
    rules = json.loads(capsys.readouterr().out)
    assert [rule["name"] for rule in rules] == list(RULES)
    for rule in rules:
        assert rule["summary"]
        assert set(rule["sets"]) <= set(SETS)
        assert "all" in rule["sets"]


def test_what_other_tools_call_it_is_listed_by_tool_and_number(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert exit_code(["rules", "--equivalents"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines if "DL3004" in line] == [
        ["hadolint", "DL3004", "sudo-used"]
    ]
    tools = [line.split()[0].lower() for line in lines]
    assert tools == sorted(tools)
    numbers = [int(line.split()[1][2:]) for line in lines if line.startswith("hadolint")]
    assert numbers == sorted(numbers)
    exit_code(["rules", "--equivalents", "--format", "json"])
    listed = json.loads(capsys.readouterr().out)
    assert {"tool": "KICS", "id": "Run Using Sudo", "rules": ["sudo-used"]} in listed
    assert {"tool": "semgrep", "id": "no-sudo-in-dockerfile", "rules": ["sudo-used"]} in listed
    pairs = [(entry["tool"], entry["id"]) for entry in listed]
    assert len(pairs) == len(set(pairs))
    assert sum(len(entry["rules"]) for entry in listed) == len(lines)
    assert all(tool for tool, _ in pairs), "everybody's tool is known"


def test_a_rule_is_explained_with_what_others_call_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    exit_code(["explain", "sudo-used"])
    printed = capsys.readouterr().out
    assert "\nElsewhere:\n  checkov: CKV2_DOCKER_1\n" in printed
    assert "\n  KICS: Run Using Sudo\n" in printed


@pytest.mark.parametrize("name", RULES)
def test_every_rule_is_explained(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["explain", name]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"{name}\n")
    assert "Instead" in printed
    assert all(setting in printed for setting in RULES[name][4])


def test_an_unknown_rule_comes_with_what_was_probably_meant(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert exit_code(["explain", "priviledged-container"]) == 2
    assert 'did you mean "privileged-container"?' in capsys.readouterr().err


# Our own mistakes, and hostile names


def test_a_mistake_of_ours_is_one_line_that_names_the_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from policylint.rules.workload import privilege

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("oops\x1b[31m")

    monkeypatch.setattr(privilege.privileged_container, "check", fail)
    arguments = ["check", "bad.json", "broken", "--select", "privileged-container"]
    assert exit_code(arguments) == 2
    printed = capsys.readouterr()
    assert "[document-unreadable]" in printed.out, "the other files are still checked"
    assert printed.err.startswith("error: bad.json: internal error: RuntimeError: oops\\x1b[31m\n")
    assert "--debug" in printed.err
    assert exit_code([*arguments, "--debug"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_a_mistake_of_ours_outside_of_files_is_one_line_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("oops")

    monkeypatch.setattr("policylint.cli.check.discover", fail)
    assert exit_code(["check"]) == 2
    assert capsys.readouterr().err.startswith("error: internal error: RuntimeError: oops\n")


@pytest.mark.parametrize("name", ["\x1b[31mred.json", "a\nerror: b.json", "\u202etxt.json"])
@pytest.mark.parametrize("form", FORMATS)
def test_names_cannot_steer_the_terminal(name: str, form: str) -> None:
    os.rename("bad.json", name)
    done = run("check", f"./{name}", f"./missing-{name}", "--format", form, "--color", "never")
    assert done.returncode == 2
    for steering in "\x1b\u202e":
        assert steering not in done.stdout + done.stderr
    assert "\nerror: b.json" not in done.stdout + done.stderr


def test_a_name_that_is_no_utf_8_is_reported() -> None:
    name = os.fsdecode(b"\xff.json")
    try:
        os.rename("bad.json", name)
    except OSError:
        pytest.skip("this file system knows only UTF-8")
    for form in FORMATS:
        done = run("check", ".", f"missing-{name}", "--format", form)
        assert "Traceback" not in done.stderr
        assert "internal error" not in done.stderr
        assert done.returncode == 2
        assert "privileged-container" in done.stdout
