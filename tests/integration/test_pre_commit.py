from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.integration.conftest import commit_all
from tests.integration.outside import ROOT, environment, run

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

BAD_APP = '{"id": "/a", "container": {"docker": {"image": "a:1", "privileged": true}}}'
PACKAGE = '{"name": "web", "version": "1.0.0", "dependencies": {"id": "1"}}'


def test_our_own_configuration_and_hooks_are_valid(tmp_path: Path) -> None:
    env = environment(tmp_path)
    for kind, name in (
        ("config", ".pre-commit-config.yaml"),
        ("manifest", ".pre-commit-hooks.yaml"),
    ):
        valid = _pre_commit(f"validate-{kind}", name, cwd=ROOT, env=env)
        assert valid.returncode == 0, valid.stdout


@pytest.mark.network
@pytest.mark.usefixtures("registry")
class TestTheHooksInAnotherRepository:
    @pytest.fixture
    def repository(self, tmp_path: Path) -> Path:
        folder = tmp_path / "services"
        folder.mkdir()
        (folder / "app.json").write_text(BAD_APP)
        (folder / "package.json").write_text(PACKAGE)
        commit_all(folder)
        return folder

    def test_try_repo_shows_what_is_wrong_with_a_changed_app(
        self, checkout: Path, repository: Path
    ) -> None:
        tried = _pre_commit(
            "try-repo", checkout, "policylint", "--verbose", "--files", "app.json", "package.json",
            cwd=repository, env=environment(repository.parent),
        )  # fmt: skip
        assert tried.returncode == 1, tried.stdout
        assert "app.json:1:" in tried.stdout
        assert "[privileged-container]" in tried.stdout

    def test_other_files_pass_in_silence_and_the_whole_tree_does_not(
        self, checkout: Path, repository: Path
    ) -> None:
        env = environment(repository.parent)
        revision = run("git", "rev-parse", "HEAD", cwd=checkout, env=env).stdout.strip()
        (repository / ".pre-commit-config.yaml").write_text(
            f"repos: [{{repo: '{checkout}', rev: {revision}, "
            "hooks: [{id: policylint}, {id: policylint-all}]}]"
        )
        changed = _pre_commit(
            "run", "policylint", "--files", "package.json", cwd=repository, env=env
        )
        assert changed.returncode == 0, changed.stdout
        assert "package.json" not in changed.stdout
        whole = _pre_commit(
            "run", "policylint-all", "--files", "package.json", cwd=repository, env=env
        )
        assert whole.returncode == 1, whole.stdout
        assert "app.json:1:" in whole.stdout


def _pre_commit(
    *arguments: str | Path, cwd: str | Path, env: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, "-m", "pre_commit", *arguments, cwd=cwd, env=env)
