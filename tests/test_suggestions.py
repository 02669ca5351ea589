"""What `--unsafe-fixes` makes of definitions: nobody finds the problem again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from policylint.cli import exit_code

if TYPE_CHECKING:
    from pathlib import Path

MENDED = [
    pytest.param(
        "custom-executor",
        '{"id": "/a", "cmd": "run", "executor": "/opt/x"}',
        '{"id": "/a", "cmd": "run"}',
        id="a field goes",
    ),
    pytest.param(
        "host-uts-namespace,user-namespace-host,system-paths-unmasked,cgroup-escape-setting",
        '{"id": "/a", "container": {"docker": {"image": "a:1", "parameters": ['
        '{"key": "uts", "value": "host"}, {"key": "userns", "value": "host"}, '
        '{"key": "init", "value": "true"}, {"key": "cgroupns", "value": "host"}, '
        '{"key": "security-opt", "value": "systempaths=unconfined"}, '
        '{"key": "cgroup-parent", "value": "/x"}]}}}',
        '{"id": "/a", "container": {"docker": {"image": "a:1", "parameters": ['
        '{"key": "init", "value": "true"}]}}}',
        id="parameters go as a whole",
    ),
    pytest.param(
        "uncontained-root-task",
        '{"id": "/a", "cmd": "run"}',
        '{"id": "/a", "cmd": "run", "user": "nobody"}',
        id="an app gets a user",
    ),
    pytest.param(
        "user-not-set",
        '{"id": "/p", "containers": [{"name": "c", "image": {"kind": "DOCKER", "id": "c:1"}}]}',
        '{"id": "/p", "containers": [{"name": "c", "image": {"kind": "DOCKER", "id": "c:1"}}], '
        '"user": "nobody"}',
        id="a pod gets a user",
    ),
    pytest.param(
        "user-not-set",
        '{"id": "j", "run": {"cpus": 0.1, "mem": 32, "ucr": {"image": {"id": "j:1"}}}}',
        '{"id": "j", "run": {"cpus": 0.1, "mem": 32, "ucr": {"image": {"id": "j:1"}}, '
        '"user": "nobody"}}',
        id="a job gets a user where its command stands",
    ),
]


@pytest.mark.parametrize(("rules", "text", "mended"), MENDED)
def test_a_suggestion_mends_the_problem(
    rules: str, text: str, mended: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.json").write_text(text)
    arguments = ["check", "--isolated", "--policy", "all", "--select", rules, "app.json"]
    assert exit_code([*arguments, "--fail-on", "info"]) == 1
    assert exit_code([*arguments, "--fail-on", "info", "--fix", "--unsafe-fixes"]) == 0
    assert (tmp_path / "app.json").read_text() == mended
