"""The action's own steps, run by bash as a runner would run them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import yaml

from action.check import SUMMARY_BYTES, summary
from tests.integration.outside import ROOT, environment

if TYPE_CHECKING:
    from pathlib import Path

BAD_APP = '{"id": "/a", "container": {"docker": {"image": "a:1", "privileged": true}}}'

with open(os.path.join(ROOT, "action.yml"), encoding="utf-8") as _file:
    ACTION = yaml.safe_load(_file)
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"]}


def test_no_input_is_written_into_a_script() -> None:
    scripts = [step["run"] for step in STEPS.values() if "run" in step]
    assert len(scripts) == 2
    assert [script for script in scripts if "${{" in script] == []


def test_other_actions_are_pinned_to_commits() -> None:
    used = [step["uses"] for step in STEPS.values() if "uses" in step]
    assert used
    assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", name) for name in used)


def test_every_input_is_spelt_in_kebab_case_explained_and_used() -> None:
    steps = json.dumps(ACTION["runs"]["steps"])
    for name, entry in ACTION["inputs"].items():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", name)
        assert entry["description"]
        assert f"inputs.{name} " in steps, name


def test_every_output_is_one_that_the_check_writes() -> None:
    with open(os.path.join(ROOT, "action", "check.py"), encoding="utf-8") as file:
        written = set(re.findall(r'_output\("([\w-]+)"', file.read()))
    assert {entry["value"] for entry in ACTION["outputs"].values()} == {
        f"${{{{ steps.check.outputs.{name} }}}}" for name in written
    }


class Step(NamedTuple):
    """What a step left behind."""

    code: int
    log: str
    outputs: dict[str, str]
    summary: str


@pytest.fixture(scope="module")
def runner(
    checkout: Path,
    registry: None,  # noqa: ARG001 (it skips)
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, str]:
    """A runner's variables, after the step that installs."""
    folder = tmp_path_factory.mktemp("runner")
    env = environment(folder, RUNNER_TEMP=str(folder), GITHUB_ACTION_PATH=str(checkout))
    installed = _bash("Install policylint", {}, folder, env)
    assert installed.code == 0, installed.log
    return env


@pytest.mark.network
@pytest.mark.usefixtures("registry")
class TestTheSteps:
    @pytest.fixture
    def workspace(self, tmp_path: Path) -> Path:
        folder = tmp_path / "workspace"
        folder.mkdir()
        (folder / "app.json").write_text(BAD_APP)
        return folder

    def test_a_finding_fails_the_step_and_is_told_everywhere(
        self, runner: dict[str, str], workspace: Path
    ) -> None:
        step = _bash("Check", {"select": "privileged-container"}, workspace, runner)
        assert step.code == 1
        assert "[privileged-container]" in step.log
        assert step.outputs["exit-code"] == "1"
        assert step.outputs["findings"] == "1"
        assert (step.outputs["errors"], step.outputs["warnings"]) == ("1", "0")
        assert step.outputs["sarif-file"] == "policylint.sarif"
        assert "| error | app\\.json\\:1 | container runs privileged" in step.summary
        assert json.loads((workspace / "policylint.sarif").read_text())["version"] == "2.1.0"

    def test_a_clean_tree_passes(self, runner: dict[str, str], workspace: Path) -> None:
        (workspace / "app.json").unlink()
        step = _bash("Check", {}, workspace, runner)
        assert step.code == 0
        assert step.outputs["findings"] == "0"
        assert step.summary == "### policylint: no findings\n"

    def test_inputs_reach_the_command(self, runner: dict[str, str], workspace: Path) -> None:
        (workspace / "other.json").write_text(BAD_APP.replace("/a", "/other"))
        inputs = {
            "paths": "app.json\nother.json\n",
            "select": "privileged-container, no-health-check",
            "ignore": "no-health-check",
            "fail-on": "critical",
            "args": "--format concise --exit-zero",
            "sarif-file": "out report.sarif",
            "step-summary": "false",
        }
        step = _bash("Check", inputs, workspace, runner)
        assert step.code == 0
        assert "other.json:1:" in step.log
        assert step.outputs["findings"] == "2"
        assert step.outputs["sarif-file"] == "out report.sarif"
        assert step.summary == ""

    @pytest.mark.parametrize(
        "hostile",
        ["$(touch broken)", "`touch broken`", "'; touch broken; '", '" && touch broken #', "a b",
         "--help", "x\nfindings=0\nexit-code=0"],
    )  # fmt: skip
    @pytest.mark.parametrize("name", ["paths", "policy", "select", "fail-on", "args", "sarif-file"])
    def test_a_hostile_input_is_only_ever_text(
        self, name: str, hostile: str, runner: dict[str, str], workspace: Path
    ) -> None:
        step = _bash("Check", {name: hostile}, workspace, runner)
        assert not (workspace / "broken").exists()
        assert "Traceback" not in step.log
        if name == "sarif-file" and "\n" not in hostile:
            assert step.code == 1
            assert (workspace / hostile).is_file()
        elif (name, hostile) != ("args", "--help"):
            assert step.code == 2
        assert step.outputs.get("exit-code", "2") == str(step.code)

    def test_code_in_the_checked_tree_is_never_run(
        self, runner: dict[str, str], workspace: Path
    ) -> None:
        for module in ("policylint", "click", "json", "pip", "venv", "yaml", "sitecustomize"):
            (workspace / f"{module}.py").write_text("open('broken', 'w')")
        step = _bash("Check", {}, workspace, runner)
        assert step.code == 1
        assert not (workspace / "broken").exists()

    def test_file_names_give_the_runner_no_commands(
        self, runner: dict[str, str], workspace: Path
    ) -> None:
        shutil.move(workspace / "app.json", workspace / "::error::app.json")
        step = _bash("Check", {}, workspace, runner)
        lines = step.log.splitlines()
        stop = next(line for line in lines if line.startswith("::stop-commands::"))
        resume = f"::{stop.removeprefix('::stop-commands::')}::"
        commands = [number for number, line in enumerate(lines) if line.startswith("::")]
        assert len(commands) > 2
        assert lines.index(stop) == commands[0]
        assert lines.index(resume) == commands[-1]

    @pytest.mark.parametrize("version", ["$(touch broken)", "1.0 --pre", "1 @ file:///x", "-r x"])
    def test_a_version_is_a_version(
        self, version: str, runner: dict[str, str], workspace: Path
    ) -> None:
        step = _bash("Install policylint", {"version": version}, workspace, runner)
        assert step.code == 2
        assert "not a version" in step.log
        assert not (workspace / "broken").exists()


def test_the_summary_stays_below_the_limit_and_says_what_is_left_out() -> None:
    text = summary([_result("x" * 500)] * 5000)
    assert len(text.encode()) <= SUMMARY_BYTES
    shown = text.count("| error |")
    assert text.endswith(f"… and {5000 - shown} more\n")


def test_the_summary_shows_markup_as_text() -> None:
    text = summary([_result("![x](http://a.example) | <b>\n# head `code`")])
    row = text.splitlines()[-1]
    assert r"\!\[x\]\(http\:\/\/a\.example\) \| \<b\> \# head \`code\`" in row


def _result(message: str) -> dict[str, Any]:
    location = {"artifactLocation": {"uri": "a%20b.json"}, "region": {"startLine": 3}}
    return {
        "ruleId": "r",
        "level": "error",
        "message": {"text": message},
        "locations": [{"physicalLocation": location}],
    }


def _bash(name: str, inputs: dict[str, str], cwd: Path, env: dict[str, str]) -> Step:
    """Run a step with some inputs, the others at their defaults."""
    files = {
        variable: cwd.parent / f"{variable}.txt"
        for variable in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")
    }
    for file in files.values():
        file.write_text("")
    given = {variable: _filled(text, inputs) for variable, text in STEPS[name]["env"].items()}
    script = cwd.parent / "step.sh"
    script.write_text(STEPS[name]["run"])
    ended = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
        cwd=cwd,
        env={**env, **given, **{name: str(file) for name, file in files.items()}},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    lines = files["GITHUB_OUTPUT"].read_text().splitlines()
    return Step(
        ended.returncode,
        ended.stdout,
        dict(line.split("=", 1) for line in lines),
        files["GITHUB_STEP_SUMMARY"].read_text(),
    )


def _filled(text: str, inputs: dict[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        name = match[1]
        default: str = ACTION["inputs"][name]["default"]
        return inputs.get(name, default)

    return re.sub(r"\$\{\{ inputs\.([a-z-]+) \}\}", value, text)
