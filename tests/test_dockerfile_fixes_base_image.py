"""What `--fix` makes of the flags of a FROM."""

from __future__ import annotations

import pytest

from policylint.engine import lint
from policylint.fix import apply
from policylint.policy import built_in
from policylint.source import SourceFile


def fixed(rule: str, text: str) -> str:
    """The text with every safe fix of one rule made."""
    report = lint([SourceFile("Dockerfile", text)], built_in("all"))
    found = [finding for finding in report.findings if finding.rule.name == rule]
    safe = [finding for finding in found if finding.fix is not None and finding.fix.is_safe]
    return apply(text, [edit for finding in safe for edit in finding.edits])


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("FROM --platform=$TARGETPLATFORM debian:1\n", "FROM debian:1\n"),
        ('from --platform="${TARGETPLATFORM}" \t debian:1 AS a\n', "from debian:1 AS a\n"),
        (
            "FROM --platform=$TARGETPLATFORM \\\n  debian:1\n",
            "FROM \\\n  debian:1\n",
        ),
        ("ARG A\r\nFROM --platform=$TARGETPLATFORM $A\r\n", "ARG A\r\nFROM $A\r\n"),
    ],
)
def test_a_redundant_platform_is_left_out(given: str, wanted: str) -> None:
    assert fixed("from-platform-redundant", given) == wanted
    assert fixed("from-platform-redundant", wanted) == wanted


def test_a_flag_over_two_lines_is_left_to_people() -> None:
    text = "FROM --platform=$TARGET\\\nPLATFORM debian:1\n"
    assert fixed("from-platform-redundant", text) == text
