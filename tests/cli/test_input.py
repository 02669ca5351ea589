"""`policylint input`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from policylint.cli import exit_code

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_model_of_a_definition(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "app.json"
    path.write_text('{"id": "a", "cmd": "x", "uris": ["http://x/y"]}')
    assert exit_code(["input", str(path)]) == 0
    ((workload,),) = [it["model"]["workloads"] for it in json.loads(capsys.readouterr().out)]
    assert workload["id"] == "/a"
    assert workload["containers"][0]["artifacts"][0]["uri"] == "http://x/y"


def test_what_cannot_be_read_has_no_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "app.json"
    path.write_text('{"id": "/a", "cmd": "run", "cpus": 0.1')
    assert exit_code(["input", str(path)]) == 2
    shown = capsys.readouterr()
    assert "app.json:1:39: not JSON" in shown.err
    assert shown.out == ""
