"""Fixes of rules on roles, restarts, schedules and limits: what the text says afterwards."""

from __future__ import annotations

import pytest

from policylint.engine import lint
from policylint.fix import apply
from policylint.policy import built_in
from policylint.source import SourceFile

DOCKER = '{"id": "/a", "container": {"docker": {"image": "a:1", "parameters": [%s]}}}'
JOB = '{"id": "a", "run": {"cmd": "run", "cpus": 1, "mem": 128%s}, "schedules": [%s]}'
FORBIDDEN = '{"id": "s", "cron": "1 * * * *", "concurrencyPolicy": "FORBID"}'

SAFE = [
    (
        "backoff-disabled",
        '{"id": "/a", "cmd": "run", "backoffSeconds": 0, "backoffFactor": 2}',
        '{"id": "/a", "cmd": "run", "backoffFactor": 2}',
    ),
    (
        "backoff-disabled",
        '{"id": "/a", "backoffFactor": 1, "cmd": "run", "maxLaunchDelaySeconds": 1}',
        '{"id": "/a", "cmd": "run"}',
    ),
    (
        "role-not-group-role",
        '{"id": "/dev", "enforceRole": true, "apps": [{"id": "a", "cmd": "run", "role": "b"}]}',
        '{"id": "/dev", "enforceRole": true, "apps": [{"id": "a", "cmd": "run"}]}',
    ),
]

SUGGESTED = [
    (
        "role-not-group-role",
        '{"id": "/dev/a", "cmd": "run", "role": "b"}',
        '{"id": "/dev/a", "cmd": "run", "role": "dev"}',
    ),
    (
        "enforce-role-off",
        '{"id": "/dev", "enforceRole": false, "apps": []}',
        '{"id": "/dev", "enforceRole": true, "apps": []}',
    ),
    (
        "job-restart-unbounded",
        JOB % (', "restart": {"policy": "ON_FAILURE"}', FORBIDDEN),
        JOB % (', "restart": {"policy": "ON_FAILURE", "activeDeadlineSeconds": 3600}', FORBIDDEN),
    ),
    (
        "job-restart-unbounded",
        JOB % (', "restart": {"policy": "ON_FAILURE", "activeDeadlineSeconds": 90000}', FORBIDDEN),
        JOB % (', "restart": {"policy": "ON_FAILURE", "activeDeadlineSeconds": 86400}', FORBIDDEN),
    ),
    ("job-overlap-allowed", JOB % ("", '{"id": "s", "cron": "1 * * * *"}'), JOB % ("", FORBIDDEN)),
    (
        "job-overlap-allowed",
        JOB % ("", '{"id": "s", "cron": "1 * * * *", "concurrencyPolicy": "ALLOW"}'),
        JOB % ("", FORBIDDEN),
    ),
    (
        "container-outlives-task",
        DOCKER % '{"key": "restart", "value": "always"}, {"key": "init", "value": "true"}',
        DOCKER % '{"key": "init", "value": "true"}',
    ),
    ("oom-protection-tampered", DOCKER % '{"key": "oom-score-adj", "value": "-1"}', DOCKER % ""),
    (
        "limit-override-parameter",
        DOCKER % '{"key": "memory", "value": "1g"}, {"key": "m", "value": "2g"}',
        DOCKER % "",
    ),
]


def mended(rule: str, text: str) -> tuple[str, bool]:
    """The text with the one finding of a rule mended, and whether that is safe."""
    report = lint([SourceFile("app.json", text)], built_in("all"))
    (finding,) = [found for found in report.findings if found.rule.name == rule]
    assert finding.fix is not None
    return apply(text, finding.edits), finding.fix.is_safe


@pytest.mark.parametrize(("rule", "before", "after"), SAFE)
def test_what_may_be_mended_without_asking(rule: str, before: str, after: str) -> None:
    assert mended(rule, before) == (after, True)


@pytest.mark.parametrize(("rule", "before", "after"), SUGGESTED)
def test_what_is_only_suggested(rule: str, before: str, after: str) -> None:
    assert mended(rule, before) == (after, False)


def test_a_role_is_enforced_where_a_group_does_not_say() -> None:
    from policylint.policy import RuleChoice

    text = '{"id": "/dev", "apps": []}'
    choice = RuleChoice(settings={"enforce_default": "off"})
    policy = built_in("all")._replace(rules={"enforce-role-off": choice})
    (finding,) = lint([SourceFile("app.json", text)], policy).findings
    assert apply(text, finding.edits) == '{"id": "/dev", "apps": [], "enforceRole": true}'
