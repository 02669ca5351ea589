"""useradd is told to leave the log alone."""

from __future__ import annotations

import pytest

from policylint.engine import lint
from policylint.fix import apply
from policylint.policy_file import load
from policylint.source import SourceFile


def fixed(text: str) -> str:
    """A Dockerfile with the safe fixes of the rule made."""
    report = lint([SourceFile("Dockerfile", text)], load("all"))
    (finding,) = (each for each in report.findings if each.rule.name == "useradd-large-uid")
    assert finding.fix is None or finding.fix.is_safe
    return apply(text, finding.edits)


@pytest.mark.parametrize(
    ("command", "left"),
    [
        ("useradd -u 1000001 web", "useradd -l -u 1000001 web"),
        ("a && sudo /usr/sbin/useradd \\\n  -u 1000001", None),
        ("sh -c 'useradd -u 1000001'", "sh -c 'useradd -l -u 1000001'"),
        ('["useradd", "-u", "1000001"]', '["useradd", "-u", "1000001"]'),
        ('"useradd" -u 1000001', '"useradd" -u 1000001'),
    ],
)
def test_the_option_is_put_behind_the_name(command: str, left: str | None) -> None:
    before, after = "FROM debian:12.9\nRUN ", "\nUSER 1000001\n"
    expected = left or command.replace("useradd", "useradd -l")
    assert fixed(before + command + after) == before + expected + after
    if "useradd -l" in expected:
        report = lint([SourceFile("Dockerfile", before + expected + after)], load("all"))
        assert "useradd-large-uid" not in report.by_rule()
