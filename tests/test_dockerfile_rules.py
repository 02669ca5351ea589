"""What rules on Dockerfiles say beside the place of a problem."""

from __future__ import annotations

import pytest

from policylint.engine import lint
from policylint.policy import built_in
from policylint.source import SourceFile

STAGES = "FROM debian:1 AS a\nFROM debian:1 AS A\n"
DEFAULT = "ARG TAG\nFROM debian:$TAG\n"


def found(text: str) -> dict[str, list[str]]:
    """The messages about a Dockerfile, by rule."""
    rules: dict[str, list[str]] = {}
    for finding in lint([SourceFile("Dockerfile", text)], built_in("all")).findings:
        rules.setdefault(finding.rule.name, []).append(finding.message)
    return rules


@pytest.mark.parametrize(
    ("rule", "text", "related"),
    [
        ("duplicate-stage-name", STAGES, STAGES.index("a\n")),
        ("from-argument-default-invalid", DEFAULT, DEFAULT.index("TAG")),
    ],
)
def test_a_problem_of_two_places_names_both(rule: str, text: str, related: int) -> None:
    report = lint([SourceFile("Dockerfile", text)], built_in("all"))
    (finding,) = [finding for finding in report.findings if finding.rule.name == rule]
    assert [other.span.start for other in finding.related] == [related]


def test_a_file_without_from_is_one_problem() -> None:
    rules = found("LABEL a=1\nRUN true\n")
    assert rules["document-unreadable"] == ["no FROM"]
    assert "instruction-before-from" not in rules


@pytest.mark.parametrize("trigger", ["FROM", "MAINTAINER", "ONBUILD", "ONBUILD FROM a b"])
def test_what_onbuild_cannot_carry_is_one_problem(trigger: str) -> None:
    rules = found(f"FROM debian:1\nONBUILD {trigger}\n")
    assert "onbuild-forbidden-trigger" in rules
    assert not {"document-unreadable", "maintainer-deprecated"} & rules.keys()


def test_a_directive_that_only_builders_see_is_seen() -> None:
    rules = found("// syntax=somebody/dockerfile:1\nFROM debian:1\n")
    assert len(rules["untrusted-syntax-image"]) == 1
    assert "untrusted-syntax-image" not in found("// note\n// syntax=somebody/dockerfile:1\n")


def test_add_knows_no_from() -> None:
    rules = found("FROM debian:1 AS a\nADD --from=a b c\nADD --from=b b c\n")
    assert len(rules["document-unreadable"]) == 2
    assert not {"copy-from-itself", "copy-from-unknown-stage"} & rules.keys()
