"""No Dockerfile makes a rule fail, however it is cut and pasted."""

from __future__ import annotations

import os
from random import Random

import pytest

from policylint.cases import case_files, read_cases
from policylint.engine import lint
from policylint.policy_file import load
from policylint.source import SourceFile

FOLDER = os.path.join(os.path.dirname(os.path.dirname(__file__)), "rules")
TEXTS = sorted({
    source.text
    for path in case_files(FOLDER)
    for case in read_cases(path)
    for source in case.sources
    if source.name == "Dockerfile"
})  # fmt: skip
ALL = load("all")
PIECES = (
    "", "\n", " ", "\\", "\\\n", "'", '"', "$", "${", "$(", "`", "|", "&&", "<<EOF\n", "[", "]",
    "--", "=", ":", "@", "/", "#", "\0", "\ufffd", "\u2028", "ONBUILD ",
    "-c ", "''", '""', "{", "}",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(40))
def test_no_rule_fails_on_what_is_cut_and_pasted_together(seed: int) -> None:
    chance = Random(seed)  # noqa: S311 (the same texts in every run)
    for _ in range(40):
        text = chance.choice(TEXTS)
        for _ in range(chance.randint(1, 4)):
            start = chance.randint(0, len(text))
            end = min(len(text), start + chance.choice((0, 0, 1, 2, 8, 40)))
            middle = chance.choice(PIECES)
            if chance.random() < 0.2:
                other = chance.choice(TEXTS)
                at = chance.randint(0, len(other))
                middle = other[at : at + chance.randint(1, 60)]
            text = text[:start] + middle + text[end:]
        report = lint([SourceFile("Dockerfile", text)], ALL)
        for finding in report.findings:
            assert 0 <= finding.span.start <= finding.span.end <= len(text)
            assert finding.message
            assert finding.fingerprint
            assert isinstance(finding.edits, tuple)
