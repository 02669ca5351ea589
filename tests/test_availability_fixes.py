"""What `--fix` makes of settings that keep services from being available."""

from __future__ import annotations

import json
from typing import Any

import pytest

from policylint.engine import lint
from policylint.fix import apply
from policylint.policy import built_in
from policylint.source import SourceFile

APP = {"id": "/a", "cmd": "run"}
LABEL = {"MARATHON_SINGLE_INSTANCE_APP": "true"}
DATA = {
    "type": "MESOS",
    "volumes": [{"containerPath": "d", "mode": "RW", "persistent": {"size": 1}}],
}


def fixed(rule: str, definition: dict[str, Any]) -> tuple[dict[str, Any] | None, list[bool]]:
    """The definition as fixed by one rule, and for each fix whether it is safe."""
    text = json.dumps(definition)
    report = lint([SourceFile("app.json", text)], built_in("all"))
    found = [finding for finding in report.findings if finding.rule.name == rule and finding.edits]
    edits = [edit for finding in found for edit in finding.edits]
    safe = [finding.fix.is_safe for finding in found if finding.fix is not None]
    return (json.loads(apply(text, edits)) if edits else None), safe


@pytest.mark.parametrize(
    ("rule", "given", "wanted"),
    [
        (
            "scheduler-level-health-check",
            {"healthChecks": [{"protocol": "HTTP"}]},
            {"healthChecks": [{"protocol": "MESOS_HTTP"}]},
        ),
        (
            "scheduler-level-health-check",
            {"healthChecks": [{"path": "/"}]},
            {"healthChecks": [{"path": "/", "protocol": "MESOS_HTTP"}]},
        ),
        (
            "no-spread-constraint",
            {"instances": 2},
            {"instances": 2, "constraints": [["hostname", "MAX_PER", "1"]]},
        ),
        (
            "no-spread-constraint",
            {"instances": 2, "constraints": [["os", "LIKE", "a"]]},
            {"instances": 2, "constraints": [["os", "LIKE", "a"], ["hostname", "MAX_PER", "1"]]},
        ),
        (
            "upgrade-stops-service",
            {"instances": 2, "upgradeStrategy": {"minimumHealthCapacity": 0}},
            {"instances": 2, "upgradeStrategy": {"minimumHealthCapacity": 0.5}},
        ),
        (
            "host-port-never-offered",
            {"requirePorts": True, "ports": [80, 9000, 81]},
            {"requirePorts": True, "ports": [0, 9000, 0]},
        ),
        (
            "stateful-settings-rejected",
            {
                "container": DATA,
                "upgradeStrategy": {"maximumOverCapacity": 1},
                "unreachableStrategy": {"inactiveAfterSeconds": 0},
            },
            {
                "container": DATA,
                "upgradeStrategy": {"maximumOverCapacity": 0},
                "unreachableStrategy": "disabled",
            },
        ),
    ],
)
def test_a_suggestion_changes_what_it_says(
    rule: str, given: dict[str, Any], wanted: dict[str, Any]
) -> None:
    result, safe = fixed(rule, {**APP, **given})
    assert result == {**APP, **wanted}
    assert not any(safe)


@pytest.mark.parametrize(
    "capacities",
    [{"minimumHealthCapacity": 1}, {"minimumHealthCapacity": 0, "maximumOverCapacity": 0.5}],
)
def test_a_single_instance_never_runs_twice(capacities: dict[str, float]) -> None:
    result, safe = fixed(
        "single-instance-label-conflict", {**APP, "labels": LABEL, "upgradeStrategy": capacities}
    )
    assert result is not None
    assert result["upgradeStrategy"] == {"minimumHealthCapacity": 0, "maximumOverCapacity": 0}
    assert safe == [True]


@pytest.mark.parametrize(
    ("rule", "given"),
    [
        ("single-instance-label-conflict", {"labels": LABEL, "instances": 2}),
        (
            "scheduler-level-health-check",
            {"healthChecks": [{"protocol": "HTTP", "maxConsecutiveFailures": 0}]},
        ),
        (
            "scheduler-level-health-check",
            {"healthChecks": [{"protocol": "HTTP"}, {"protocol": "TCP"}]},
        ),
        (
            "scheduler-level-health-check",
            {"healthChecks": [{"protocol": "HTTP"}, {"protocol": "MESOS_TCP"}]},
        ),
    ],
)
def test_people_decide_where_two_ways_are_open(rule: str, given: dict[str, Any]) -> None:
    assert fixed(rule, {**APP, **given}) == (None, [])


def test_a_hundred_ports_are_one_finding() -> None:
    definition = {**APP, "requirePorts": True, "ports": list(range(1, 106))}
    report = lint([SourceFile("app.json", json.dumps(definition))], built_in("all"))
    for rule in ("host-port-never-offered", "privileged-host-port"):
        (only,) = [finding for finding in report.findings if finding.rule.name == rule]
        assert "port 1 and 104 more" in only.message
        assert len(only.related) == 10
