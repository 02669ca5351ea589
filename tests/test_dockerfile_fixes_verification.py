"""Taking an option out of a command takes nothing else with it."""

from __future__ import annotations

import pytest

from policylint.engine import lint
from policylint.fix import apply
from policylint.policy_file import load
from policylint.source import SourceFile

RULES = ("curl-insecure", "wget-insecure")


def fixed(text: str) -> str:
    """A Dockerfile with the safe fixes of both rules made."""
    report = lint([SourceFile("Dockerfile", text)], load("all"))
    found = [finding for finding in report.findings if finding.rule.name in RULES]
    assert found
    assert all(finding.fix is None or finding.fix.is_safe for finding in found)
    return apply(text, [edit for finding in found for edit in finding.edits])


@pytest.mark.parametrize(
    ("command", "left"),
    [
        ("curl -k a", "curl a"),
        ("curl a -k", "curl a"),
        ("curl a --insecure && b", "curl a && b"),
        ("curl -fsSLk a", "curl -fsSL a"),
        ("curl -kfsSL a", "curl -fsSL a"),
        ("curl -sko k a", "curl -so k a"),
        ("wget  --no-check-certificate  a", "wget  a"),
        ("sh -c 'curl -k'", "sh -c 'curl'"),
        ("curl \\\n    -k \\\n    a", "curl \\\n    a"),
        ("curl \\\n    -k a", "curl \\\n    a"),
        ("curl \\\n-k \\\r\na", "curl \\\na"),
        ("curl \\\n  -fsSL -k \\\n  a", "curl \\\n  -fsSL \\\n  a"),
    ],
)
def test_the_option_goes_and_the_rest_stays(command: str, left: str) -> None:
    before, after = "FROM debian:12.9\nRUN ", "\nUSER 10001\n"
    assert fixed(before + command + after) == before + left + after


@pytest.mark.parametrize(
    "command",
    [
        'curl "-k" a',
        "curl -\\\nk a",
        '["curl", "-k", "a"]',
        "echo insecure >> ~/.curlrc",
        "wget --check-certificate=off a",
        "wget -e check_certificate=off a",
        "curl a \\\n  -k",
    ],
)
def test_what_is_not_plainly_the_option_is_left_to_people(command: str) -> None:
    text = f"FROM debian:12.9\nRUN {command}\nUSER 10001\n"
    assert fixed(text) == text
