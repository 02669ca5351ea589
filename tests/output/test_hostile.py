"""Nothing that stands in a file, or that a file is called, steers a terminal or breaks a report."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policylint.finding import Related
from policylint.output import text
from policylint.source import SourceFile, Span
from tests.output.reports import FORMATS, app, checked, found, key_under_mat, report_of, strings

HOSTILE = {
    "colour": "\x1b[31m",
    "title": "\x1b]0;owned\x07",
    "C1 introducer": "\x9b2J",
    "null": "\0",
    "backspace": "\x08",
    "carriage return": "\r",
    "line feed": "\n",
    "delete": "\x7f",
    "bidi override": "\u202e",
    "bidi isolate": "\u2066",
    "zero width": "\u200b",
    "line separator": "\u2028",
    "tag": "\U000e0041",
    "private use": "\ue000",
    "half a pair": "\ud800",
    "odd byte of a file name": "\udcff",
}


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=list(HOSTILE))
@pytest.mark.parametrize("form", FORMATS)
def test_hostile_characters_reach_no_report_raw(form: str, hostile: str) -> None:
    word = f"a{hostile}b"
    source = SourceFile(f"{word}/{word}.json", f'{{"x": "{word}", "y": 1}}')
    finding = found(
        key_under_mat,
        source,
        '"y"',
        f"message {word}",
        subject=f"/{word}",
        instead=f"instead, {word}",
        related=(Related(source, Span(0, 3), f"related {word}"),),
    )
    report = report_of(finding)
    report.policy = word
    written = FORMATS[form](report)
    assert_harmless(written)
    if form in ("json", "sarif"):
        for part in strings(json.loads(written)):
            part.encode("utf-8")


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=list(HOSTILE))
@pytest.mark.parametrize("form", FORMATS)
def test_hostile_ids_and_values_of_real_definitions_stay_harmless(form: str, hostile: str) -> None:
    word = f"a{hostile}b"
    definition = app(id=f"/{word}", env={f"{word}_PASSWORD": word}, cmd=word)
    escaped = SourceFile("escaped.json", definition)
    raw = SourceFile("raw.json", json.dumps(json.loads(definition), ensure_ascii=False))
    assert_harmless(FORMATS[form](checked(escaped, raw)))


def test_every_report_of_an_odd_file_name_is_one_line_where_it_must_be() -> None:
    report = report_of(found(key_under_mat, SourceFile("a\nb\rc.json", '{"y": 1}'), '"y"', "odd\n"))
    assert text.render_concise(report).count("\n") == 2


@given(
    st.text(st.characters(), max_size=30) | st.text(st.characters(categories=["Cs", "Cf", "Cc"]))
)
def test_any_text_at_all_gives_valid_and_harmless_reports(word: str) -> None:
    source = SourceFile(word or "a", f"{word}\n{word}")
    whole = Span(0, len(source.text))
    report = report_of(
        found(key_under_mat, source, whole, word, subject=word, instead=word),
        found(key_under_mat, source, Span(len(word) // 2, len(word)), word, secret=True),
    )
    for form, render in FORMATS.items():
        written = render(report)
        assert_harmless(written)
        if form in ("json", "sarif"):
            for part in strings(json.loads(written)):
                part.encode("utf-8")


def assert_harmless(written: str) -> None:
    written.encode("utf-8")
    for character in set(written) - {"\n"}:
        category = unicodedata.category(character)
        assert category not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp"), repr(character)
