"""Attack paths: reported once, with their steps in the order in which they are taken."""

from __future__ import annotations

import json
from typing import Any

from policylint.engine import lint
from policylint.policy import built_in
from policylint.source import SourceFile

PARAMETERS = [
    {"key": "security-opt", "value": "seccomp=unconfined"},
    {"key": "user", "value": "0"},
    {"key": "pid", "value": "host"},
]


def steps(definition: Any, rule: str) -> list[tuple[str, str]]:
    """The text at each step of the only path of a rule, and what is said of it."""
    report = lint([SourceFile("app.json", json.dumps(definition))], built_in("baseline"))
    (finding,) = [found for found in report.findings if found.rule.name == rule]
    assert finding.is_path
    return [
        (related.source.text[related.span.start : related.span.end], related.message)
        for related in finding.related
    ]


def test_the_steps_stand_in_the_order_of_the_attack_not_of_the_text() -> None:
    app = {"id": "/a", "container": {"docker": {"image": "a:1", "parameters": PARAMETERS}}}
    assert steps(app, "attack-path-host-root") == [
        ('"host"', "sees the agent's processes"),
        ('"0"', "runs as root"),
        ('"seccomp=unconfined"', "makes every system call"),
    ]


def test_a_path_from_the_internet_ends_with_what_the_other_rules_say() -> None:
    app = {
        "id": "/a",
        "acceptedResourceRoles": ["slave_public"],
        "container": {"docker": {"image": "a:1", "privileged": True}},
    }
    assert steps(app, "attack-path-internet-to-host") == [
        ('"slave_public"', "runs on public agents (slave_public)"),
        ("true", "container runs privileged: root in it is root on the agent"),
    ]


def test_a_step_that_a_pod_states_for_all_its_containers_is_one() -> None:
    container = {
        "resources": {"cpus": 0.1, "mem": 32},
        "volumeMounts": [{"name": "root", "mountPath": "host"}],
    }
    pod = {
        "id": "/p",
        "volumes": [{"name": "root", "host": "/"}],
        "scheduling": {"placement": {"acceptedResourceRoles": ["slave_public"]}},
        "containers": [{"name": name, **container} for name in ("a", "b")],
    }
    assert [text for text, _ in steps(pod, "attack-path-internet-to-host")] == [
        '"slave_public"',
        '"/"',
    ]


def test_a_path_counts_steps_of_rules_that_are_off() -> None:
    """Baseline does not ask for the user; root is a step all the same."""
    app = {"id": "/a", "container": {"docker": {"image": "a:1", "parameters": PARAMETERS}}}
    report = lint([SourceFile("app.json", json.dumps(app))], built_in("baseline"))
    names = {finding.rule.name for finding in report.findings}
    assert "attack-path-host-root" in names
    assert "runs-as-root" not in names
