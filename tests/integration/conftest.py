"""What the tests of packages, hooks and set-up share."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.integration.outside import ROOT, environment

if TYPE_CHECKING:
    from pathlib import Path

_NOT_OURS = shutil.ignore_patterns(
    ".git", ".venv*", ".*_cache", ".hypothesis", "__pycache__", "build", "dist", "*.egg-info"
)


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout of this repository in a state of its own: one commit, nothing else."""
    folder = tmp_path_factory.mktemp("checkout") / "policylint"
    shutil.copytree(ROOT, folder, ignore=_NOT_OURS)
    commit_all(folder)
    return folder


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skips where no package registry can be reached; CI has one."""
    asked = subprocess.run(
        [sys.executable, "-m", "pip", "download", "--no-deps", "--no-cache-dir", "click"],
        cwd=tmp_path_factory.mktemp("download"),
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode and not os.environ.get("CI"):
        pytest.skip(f"no package registry: {asked.stderr.strip()[-200:]}")


def commit_all(folder: Path) -> None:
    """Make a git repository of a folder."""
    for command in (
        ("init", "--quiet"),
        ("add", "--all"),
        ("-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "--quiet", "-m", "all"),
    ):
        subprocess.run(["git", *command], cwd=folder, env=environment(folder), check=True)
