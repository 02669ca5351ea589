"""`--fix`, `--diff` and `--unsafe-fixes` on real files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from policylint import fix
from policylint.cli import exit_code
from policylint.source import decode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.finding import Edit

APP = """{
\t"id": "/agent",
\t"cmd": "run",
\t"container": {
\t\t"type": "DOCKER",
\t\t"docker": {
\t\t\t"image": "agent:1", "privileged": true,
\t\t\t"parameters": [
\t\t\t\t{"key": "pid", "value": "host"},
\t\t\t\t{"key": "init", "value": "true"},
\t\t\t\t{"key": "security-opt", "value": "seccomp=unconfined"}
\t\t\t]
\t\t}
\t}
}
"""
MENDED = """{
\t"id": "/agent",
\t"cmd": "run",
\t"container": {
\t\t"type": "DOCKER",
\t\t"docker": {
\t\t\t"image": "agent:1", "parameters": [
\t\t\t\t{"key": "init", "value": "true"}
\t\t\t]
\t\t}
\t}
}
"""
SELECT = (
    "--select",
    "privileged-container,host-pid-namespace,seccomp-unconfined,host-ipc-namespace",
)


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path) -> Iterator[None]:
    before = os.getcwd()
    os.chdir(tmp_path)
    yield
    os.chdir(before)


def check(*arguments: str) -> int:
    return exit_code(["check", "--isolated", *SELECT, *arguments])


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_every_other_byte_stays(
    ending: str, encoding: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = Path("app.json")
    path.write_bytes(APP.replace("\n", ending).encode(encoding))
    path.chmod(0o640)
    assert check("--fix", "--unsafe-fixes", "app.json") == 0
    data = path.read_bytes()
    assert data.decode(encoding) == MENDED.replace("\n", ending)
    assert data == decode(data)[0].encode(encoding)
    assert path.stat().st_mode & 0o777 == 0o640
    assert os.listdir() == ["app.json"]
    assert "fixed 3 problems in 1 file" in capsys.readouterr().err


def test_fixing_twice_is_fixing_once() -> None:
    path = Path("app.json")
    path.write_text(APP)
    check("--fix", "--unsafe-fixes", "app.json")
    once = path.read_bytes()
    check("--fix", "--unsafe-fixes", "app.json")
    assert path.read_bytes() == once


def test_yaml_keeps_its_comments() -> None:
    path = Path("app.yaml")
    path.write_text(
        "# the agent\nid: /agent\ncmd: run\ncontainer:\n  type: MESOS # universal\n"
        "  docker: {image: 'agent:1'}\n  linuxInfo:\n    ipcInfo: {mode: SHARE_PARENT} # why\n"
    )
    assert check("--fix", "--unsafe-fixes", "app.yaml") == 0
    assert path.read_text() == (
        "# the agent\nid: /agent\ncmd: run\ncontainer:\n  type: MESOS # universal\n"
        "  docker: {image: 'agent:1'}\n  linuxInfo:\n    ipcInfo: {mode: PRIVATE} # why\n"
    )


def test_what_may_change_the_service_wants_to_be_asked_for() -> None:
    path = Path("app.json")
    path.write_text(APP)
    assert check("--fix", "app.json") == 1
    assert path.read_text() == APP


def test_a_diff_shows_and_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    path = Path("app.json")
    path.write_text(APP)
    assert check("--diff", "--unsafe-fixes", "app.json") == 1
    shown = capsys.readouterr().out
    assert shown.startswith("--- a/app.json\n+++ b/app.json\n@@")
    assert '-\t\t\t"image": "agent:1", "privileged": true,\n' in shown
    assert path.read_text() == APP
    assert check("--diff", "app.json") == 0
    assert capsys.readouterr().out == ""


def test_standard_input_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import io

    class Input:
        buffer = io.BytesIO(APP.encode())

    monkeypatch.setattr("sys.stdin", Input)
    assert check("--fix", "--unsafe-fixes", "-") == 2
    assert "--diff" in capsys.readouterr().err


def test_a_file_that_changed_meanwhile_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = Path("app.json")
    path.write_text(APP)

    def apply(text: str, edits: list[Edit]) -> str:
        path.write_text('{"id": "/other", "cmd": "run"}')
        return fix.apply(text, edits)

    monkeypatch.setattr("policylint.cli.fixes.apply", apply)
    assert check("--fix", "--unsafe-fixes", "app.json") == 2
    assert "changed while it was checked" in capsys.readouterr().err
    assert path.read_text() == '{"id": "/other", "cmd": "run"}'


def test_what_is_suppressed_is_left_unless_suppressions_are_ignored() -> None:
    path = Path("app.json")
    text = APP.replace(
        '"cmd": "run",',
        '"cmd": "run", "labels": {"policylint.ignore/host-pid-namespace": "watches processes"},',
    )
    path.write_text(text)
    check("--fix", "--unsafe-fixes", "app.json")
    assert '"pid"' in path.read_text()
    path.write_text(text)
    check("--fix", "--unsafe-fixes", "--ignore-suppressions", "app.json")
    assert '"pid"' not in path.read_text()
