"""Fixes of Dockerfiles reach the file, and nothing else in it changes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from policylint.cases import Case, case_files, read_cases
from policylint.cli.fixes import Mended
from policylint.engine import lint
from policylint.finding import Change, Fix
from policylint.fix import edits
from policylint.policy_file import load
from policylint.rules.index import RULES
from policylint.source import ReadFailure, SourceFile, Span

if TYPE_CHECKING:
    from policylint.finding import Report


ALL = load("all")


def fix(old: str, new: str, text: str) -> Fix:
    start = text.index(old)
    return Fix("x", (Change("text", Span(start, start + len(old)), new),), is_safe=True)


def test_a_fix_that_reads_otherwise_than_meant_is_not_offered() -> None:
    text = "FROM a\nRUN x\nUSER 1\n"
    source = SourceFile("Dockerfile", text)
    assert len(edits(source, None, fix("x", "y", text))) == 1
    assert edits(source, None, fix("x", "x \\", text)) == ()


def test_a_file_of_which_a_byte_could_not_be_read_is_left_alone() -> None:
    text = "FROM a\nRUN x # \ufffd\n"
    failure = ReadFailure("not UTF-8: byte 0xe9", 15, is_garbled=True)
    source = SourceFile("Dockerfile", text, error=failure)
    assert edits(source, None, fix("x", "y", text)) == ()


def check(source: SourceFile) -> Report:
    return lint([source], ALL)


def test_a_wrong_byte_does_not_hide_what_is_wrong_in_a_dockerfile() -> None:
    failure = ReadFailure("not UTF-8: byte 0xe9", 2, is_garbled=True)
    text = "# \ufffd\nFROM debian\nUSER 1\n"
    names = check(SourceFile("Dockerfile", text, error=failure)).by_rule()
    assert "image-tag-missing" in names
    assert "document-unreadable" not in names


def test_a_template_of_a_dockerfile_is_judged_as_far_as_it_goes() -> None:
    text = "FROM {{ base }}\n{% if x %}\nRUN sudo y\n{% endif %}\nUSER 1\n"
    report = check(SourceFile("Dockerfile.j2", text))
    names = report.by_rule()
    assert names["sudo-used"] == names["unresolved-placeholder"] == 1
    assert "document-unreadable" not in names
    assert "image-tag-missing" not in names


def test_a_hole_in_a_dockerfile_is_told_and_its_value_is_unknown() -> None:
    text = "FROM {{ base }}\nRUN docker inspect -f '{{.Id}}'\nUSER 1\n"
    report = check(SourceFile("Dockerfile", text))
    (told,) = [each for each in report.findings if each.rule.name == "unresolved-placeholder"]
    assert text[told.span.start : told.span.end] == "{{ base }}"
    assert "image-tag-missing" not in report.by_rule()


FOLDER = os.path.join(os.path.dirname(__file__), "rules")
FIXABLE = [
    case
    for path in case_files(FOLDER)
    for case in read_cases(path)
    if RULES[case.rule][0].startswith("dockerfile.") and case.marks
]


@pytest.mark.parametrize("case", FIXABLE, ids=[case.name for case in FIXABLE])
def test_to_fix_a_file_twice_is_to_fix_it_once(case: Case) -> None:
    once = [mended(source) for source in case.sources]
    assert [mended(source).text for source in once] == [source.text for source in once]


def mended(source: SourceFile) -> SourceFile:
    """A file after all of its fixes, those that may change more included."""
    (fixed,) = Mended([source], lambda sources: lint(sources, ALL), unsafe=True).after
    return fixed
