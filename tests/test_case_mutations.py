"""The marks of the cases on Dockerfiles are what the rules report: take one out, and it is gone.

A rule that went by something else than the words at the mark would report as much as before.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from policylint.cases import Case, Mark, case_files, read_cases
from policylint.dockerfile.scanner import scan
from policylint.engine import lint
from policylint.rules.index import RULES
from tests.test_rules import policy_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from policylint.policy import Policy
    from policylint.source import SourceFile

FOLDER = os.path.join(os.path.dirname(__file__), "rules")
CASES = [
    case
    for path in case_files(FOLDER)
    for case in read_cases(path)
    if RULES[case.rule][0].startswith("dockerfile.") and len(case.sources) == 1
]
HARMLESS = ("", "x", "1.2.3")
# At a FROM stands what is missing in its stage, and the stage before it may miss it too.
MARKS = [
    (case, mark)
    for case in CASES
    for mark in case.marks
    if case.sources[0].text[mark.span.start : mark.span.end] != "FROM"
]


@pytest.mark.parametrize(
    ("case", "mark"), [pytest.param(*row, id=f"{row[0].name}@{row[1].span.start}") for row in MARKS]
)
def test_without_the_marked_words_a_rule_reports_less(
    case: Case, mark: Mark, tmp_path: Path
) -> None:
    policy = policy_of(case, tmp_path)
    (source,) = case.sources
    before = _count(case, source, policy)
    assert any(
        _count(case, source.with_text(text), policy) < before for text in _without(source, mark)
    )


def _without(source: SourceFile, mark: Mark) -> Iterator[str]:
    """The text without what is marked, with a harmless word instead, without the instruction."""
    start, end = mark.span
    for word in HARMLESS:
        yield source.text[:start] + word + source.text[end:]
    around = [each.extent for each in scan(source.text).instructions if each.start <= start]
    yield source.text[: around[-1].start] + source.text[around[-1].end :]


def _count(case: Case, source: SourceFile, policy: Policy) -> int:
    return lint([source], policy).by_rule().get(case.rule, 0)
