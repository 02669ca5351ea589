"""A suppression that says too little, or has ended, takes nothing back."""

from __future__ import annotations

import json

import pytest

from policylint.engine import lint
from policylint.policy import built_in
from policylint.source import SourceFile


def rules(reason: str) -> set[str]:
    label = "policylint.ignore/uncontained-root-task"
    app = {"id": "/a", "cmd": "x", "user": "root", "labels": {label: reason}}
    report = lint([SourceFile("a.json", json.dumps(app))], built_in("all"))
    return {finding.rule.name for finding in report.findings}


def test_one_with_a_reason_takes_the_finding_back() -> None:
    assert "uncontained-root-task" not in rules("binds port 80 on old agents")


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("", "suppression-without-reason"),
        ("todo", "suppression-without-reason"),
        ("binds port 80 on old agents (until 2020-01-01)", "suppression-expired"),
        ("binds port 80 on old agents (until 2999-01-01)", "suppression-expired"),
        ("binds port 80 on old agents (until soon)", "suppression-unused"),
    ],
)
def test_the_finding_stays_and_the_suppression_is_told(reason: str, told: str) -> None:
    assert {"uncontained-root-task", told} <= rules(reason)
