from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.integration.outside import environment, run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.network
@pytest.mark.usefixtures("registry")
def test_one_command_in_a_fresh_clone_sets_up_and_checks_the_examples(
    checkout: Path, tmp_path: Path
) -> None:
    env = environment(tmp_path)
    run("git", "clone", "--quiet", checkout, "clone", cwd=tmp_path, env=env)
    clone = tmp_path / "clone"
    first = run(sys.executable, "dev.py", "check", "examples/", cwd=clone, env=env)
    assert "setting up" in first.stdout
    assert "[privileged-container]" in first.stdout
    assert first.returncode == 1
    again = run(sys.executable, "dev.py", "check", "examples/clean", cwd=clone, env=env)
    assert again.stdout.startswith("no findings")
    assert again.returncode == 0


def test_a_set_up_that_cannot_install_says_so_in_one_line(checkout: Path, tmp_path: Path) -> None:
    env = environment(tmp_path, PIP_NO_INDEX="1", PIP_NO_CACHE_DIR="1", PIP_FIND_LINKS="")
    env["POLICYLINT_VENV"] = str(tmp_path / "venv")
    failed = run(sys.executable, "dev.py", "check", cwd=checkout, env=env)
    assert failed.stdout.splitlines()[-1] == "could not install what policylint needs; see above"
    assert "Traceback" not in failed.stdout
    assert failed.returncode == 2
