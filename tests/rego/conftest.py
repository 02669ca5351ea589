"""What the tests of policies in Rego share: a real opa, a folder, and runs in it."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, NamedTuple, Protocol

import pytest

from policylint.cli import exit_code
from tests.rego.repository import APP, write

if TYPE_CHECKING:
    from pathlib import Path

_OPA = os.environ.get("POLICYLINT_OPA") or shutil.which("opa")
_REQUIRED = os.environ.get("POLICYLINT_REQUIRE_OPA") == "1"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The root of a repository with one app, which is the current folder."""
    for name in [name for name in os.environ if name.startswith(("POLICYLINT_", "NO_COLOR"))]:
        monkeypatch.delenv(name)
    write(tmp_path, {".git/HEAD": "", "app.json": APP})
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def opa(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:  # noqa: ARG001 (clears variables)
    """A real opa, which runs use."""
    if _OPA is None:
        reason = "no opa: `python3 dev.py tool opa` builds one"
        if _REQUIRED:
            pytest.fail(reason)
        pytest.skip(reason)
    monkeypatch.setenv("POLICYLINT_OPA", _OPA)
    return _OPA


class Outcome(NamedTuple):
    """The exit code of a command line and what it printed."""

    code: int
    out: str
    err: str


class Run(Protocol):
    """Runs a command line in this process."""

    def __call__(self, *arguments: str) -> Outcome: ...


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line in this process."""

    def run_command(*arguments: str) -> Outcome:
        code = exit_code(list(arguments))
        return Outcome(code, *capfd.readouterr())

    return run_command
