"""A case file that says less than it seems to is refused, with file, line and case."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from policylint.cases import Case, CaseFileError, read_cases
from policylint.source import Span

if TYPE_CHECKING:
    from pathlib import Path

APP = """\
rule: runs-as-root

{case}
"""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "1:1: expected one document"),
        ("- rule", "1:1: expected a rule and its cases"),
        ("title: {marathon: '{}'}", 'case "title": expected `rule` first'),
        ("rule: runs-as-root", '1:1: case "rule": no cases'),
        ("rule: other\n\ntitle: {marathon: '{}'}", 'the rule is "other"'),
        ("rule: [", "2:1: not YAML"),
    ],
    ids=["empty", "a list", "no rule", "no cases", "another rule's name", "no YAML"],
)
def test_a_file_without_a_rule_and_cases_is_refused(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(CaseFileError) as refused:
        _read(tmp_path, text + "\n")
    assert message in str(refused.value)
    assert str(refused.value).startswith(str(tmp_path / "runs-as-root.yaml"))


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("a: text", "expected a document and what is known of it"),
        ("a: {marathon: '{}', note: x}", '3:21: case "a": no such key: "note"'),
        ("a: {message: x}", "expected one document, found 0"),
        ("a: {marathon: '{}', job: '{}'}", "expected one document, found 2"),
        ("a: {marathon: {id: /a}}", "expected a text"),
        ("a: {files: {}}", "expected paths and texts"),
        ("a: {files: {b: [1]}}", "expected a text"),
        ("a: {marathon: '⟦{}'}", "a mark is not closed"),
        ("a: {marathon: '{}⟧'}", "marks do not come in pairs"),
        ("a: {marathon: '⟦{⟦}⟧⟧'}", "marks do not come in pairs"),
        ("a: {marathon: '⟦{}⟧', severity: grave}", "expected info, low"),
        ("a: {marathon: '⟦{}⟧', severity: [high, low]}", "2 for 1 marks"),
        ("a: {marathon: '{}', message: root}", "0 for 0 marks"),
        ("a: {marathon: '⟦{}⟧', message: 7}", "expected a text or a list of texts"),
        ("a: {marathon: '{}', policy: '{}', settings: {b: c}}", "leaves no room for settings"),
        ("a: {marathon: '{}'}\n\na: {marathon: '[]'}", '5:1: case "a": "a" stands here twice'),
    ],
)
def test_a_case_that_is_not_understood_is_refused(tmp_path: Path, case: str, message: str) -> None:
    with pytest.raises(CaseFileError) as refused:
        _read(tmp_path, APP.format(case=case))
    assert message in str(refused.value)


def test_marks_are_taken_out_and_stand_for_the_places_between_them(tmp_path: Path) -> None:
    (case,) = _read(tmp_path, APP.format(case="two users: {marathon: 'é⟦ab⟧c⟦⟧', severity: high}"))
    assert case.name == "runs-as-root: two users"
    assert [(source.path, source.text) for source in case.sources] == [("app.json", "éabc")]
    assert [mark.span for mark in case.marks] == [Span(1, 3), Span(4, 4)]
    assert [mark.severity for mark in case.marks] == ["high", "high"]


def test_a_case_may_have_several_files(tmp_path: Path) -> None:
    (case,) = _read(tmp_path, APP.format(case="a: {files: {a.json: 'x⟦y⟧', b/c.yaml: '⟦z⟧'}}"))
    assert [source.path for source in case.sources] == ["a.json", "b/c.yaml"]
    assert [(mark.path, mark.span) for mark in case.marks] == [
        ("a.json", Span(1, 2)),
        ("b/c.yaml", Span(0, 1)),
    ]


def test_an_ignore_file_belongs_to_the_others_and_is_none_itself(tmp_path: Path) -> None:
    text = "a: {files: {Dockerfile: 'FROM ⟦a⟧', .dockerignore: '*'}}"
    (case,) = _read(tmp_path, APP.format(case=text))
    (source,) = case.sources
    assert source.path == "Dockerfile"
    assert source.is_placed
    assert source.beside is not None
    assert source.beside.text == "*"


def test_every_rule_is_on_and_settings_are_the_rule_s_own(tmp_path: Path) -> None:
    (case,) = _read(
        tmp_path, APP.format(case="a: {job: '{}', settings: {b: 1}, organisation: {c: 2}}")
    )
    expected = '{"extends": "all", "rules": {"runs-as-root": {"b": 1}}, "settings": {"c": 2}}'
    assert case.policy == expected


def _read(folder: Path, text: str) -> list[Case]:
    path = folder / "runs-as-root.yaml"
    path.write_text(text, encoding="utf-8")
    return read_cases(str(path))
