"""Text for people: what is underlined, what is hidden, what is coloured."""

from __future__ import annotations

import json
import re

import pytest

from policylint.finding import Related
from policylint.output import text
from policylint.source import SourceFile
from tests.output.reports import (
    app,
    checked,
    curtain_drawn,
    door_open,
    found,
    key_under_mat,
    report_of,
    showcase,
    where,
)


def excerpt(source: SourceFile, words: str) -> list[str]:
    """The lines below the head of a finding at some words."""
    return (
        text.render(report_of(found(curtain_drawn, source, words))).split("\n\n")[0].split("\n")[1:]
    )


def test_the_place_is_underlined() -> None:
    assert excerpt(SourceFile("a.json", '{\n  "door": "open"\n}'), '"open"') == [
        '  2 |   "door": "open"',
        "    |           ^^^^^^",
    ]


def test_a_tab_takes_four_columns() -> None:
    assert excerpt(SourceFile("a.json", '{\n\t"door":\t"open"}'), '"open"') == [
        '  2 |     "door":    "open"}',
        "    |                ^^^^^^",
    ]


@pytest.mark.parametrize(
    ("line", "marks"),
    [
        ('{"日本": "open"}', "         ^^^^^^"),
        ('{"äö": "open"}', "       ^^^^^^"),
        ('{"a\u0308": "open"}', "      ^^^^^^"),
        ('{"✔\ufe0f": "open"}', "      ^^^^^^"),
        ('{"😀": "open"}', "       ^^^^^^"),
        ('{"\u200b": "open"}', "           ^^^^^^"),
    ],
    ids=["wide", "narrow", "combining", "variation selector", "emoji", "escaped"],
)
def test_the_underline_stands_below_the_place_after_odd_characters(line: str, marks: str) -> None:
    assert excerpt(SourceFile("a.json", line), '"open"')[1] == f"    | {marks}"


def test_a_wide_place_gets_a_wide_underline() -> None:
    assert excerpt(SourceFile("a.json", '{"d": "日本"}'), '"日本"')[1] == "    |       ^^^^^^"


def test_a_place_of_several_lines_is_underlined_line_by_line() -> None:
    source = SourceFile("a.yaml", "doors:\n  - one\n\n  - two\n")
    assert excerpt(source, "doors:\n  - one\n") == [
        "  1 | doors:",
        "    | ^^^^^^",
        "  2 |   - one",
        "    |   ^^^^^",
    ]


def test_a_long_place_is_shown_by_its_first_and_last_line() -> None:
    source = SourceFile("a.yaml", "".join(f"- {number}\n" for number in range(1, 21)))
    assert excerpt(source, source.text) == [
        "   1 | - 1",
        "     | ^^^",
        "     ⋮",
        "  20 | - 20",
        "     | ^^^^",
    ]


def test_a_place_in_an_empty_file_has_no_excerpt() -> None:
    assert excerpt(SourceFile("a.yaml", ""), "") == []


def test_a_related_place_shows_its_line_too() -> None:
    door = SourceFile("door.json", '{"door": "open"}')
    lock = SourceFile("lock.json", '\n{"lock": "none"}')
    related = (Related(lock, where(lock, '"none"'), "no lock either"),)
    assert text.render(report_of(found(curtain_drawn, door, '"open"', related=related))).split(
        "\n"
    )[3:6] == [
        "  = lock.json:2:10: no lock either",
        '  2 | {"lock": "none"}',
        "    |          ------",
    ]


def test_long_advice_is_wrapped() -> None:
    source = SourceFile("a.json", '{"key": "k"}')
    lines = text.render(report_of(found(key_under_mat, source, '"k"'))).split("\n")
    advice = lines[3 : lines.index("")]
    assert len(advice) == 2
    assert advice[1].startswith("    ")
    assert all(len(line) <= 100 for line in advice)


def test_a_minified_file_is_cut_around_each_place() -> None:
    apps = [json.loads(app(id=f"/shops/{number:04}")) for number in range(800)]
    source = SourceFile("shops.json", json.dumps({"id": "/", "apps": apps}))
    assert len(source.text) > 100_000
    report = checked(source)
    assert len(report.findings) > 1600
    blocks = text.render(report).split("\n\n")
    for finding, block in zip(report.findings, blocks, strict=False):
        _, line, marks, *_ = block.split("\n")
        assert len(line) < 200
        assert line[marks.index("^") : marks.rindex("^") + 1] == source.text[slice(*finding.span)]


def test_a_very_long_value_is_cut() -> None:
    (line, marks) = excerpt(SourceFile("a.json", f'{{"a": "{"x" * 5000}"}}'), "x" * 5000)
    assert len(line) < 250
    assert len(marks) <= len(line)


def test_a_found_secret_is_hidden_in_every_excerpt() -> None:
    source = SourceFile("app.json", app(env={"DB_PASSWORD": "k7Qz-Vt93-wLp0"}).replace("\n", ""))
    report = checked(source)
    assert len({finding.rule.name for finding in report.findings}) > 2
    written = text.render(report)
    assert "k7Qz" not in written
    assert "********" in written


def test_a_secret_is_hidden_where_another_line_is_related_to_it() -> None:
    source = SourceFile("a.json", '{"door": "open",\n"key": "s3cr3t"}')
    related = (Related(source, where(source, '"key"'), "the key"),)
    report = report_of(
        found(door_open, source, '"open"', related=related),
        found(key_under_mat, source, '"s3cr3t"', secret=True),
    )
    assert "s3cr3t" not in text.render(report)


def test_a_secret_of_several_lines_is_hidden_on_each() -> None:
    source = SourceFile("a.yaml", "door: open\nkey: |\n  s3cr3t\n  t3rc3s\nlock: none\n")
    report = report_of(
        found(key_under_mat, source, "|\n  s3cr3t\n  t3rc3s\n", secret=True),
        found(curtain_drawn, source, "key: |\n  s3cr3t\n  t3rc3s\nlock"),
    )
    written = text.render(report)
    assert "s3cr3t" not in written
    assert "t3rc3s" not in written


def test_secrets_that_overlap_are_hidden_whole() -> None:
    source = SourceFile("a.json", '{"a": "aaaa-bbbb-cccc", "door": "open"}')
    report = report_of(
        found(key_under_mat, source, "aaaa-bbbb-cccc", secret=True),
        found(key_under_mat, source, "bbbb", secret=True),
        found(curtain_drawn, source, '"open"'),
    )
    written = text.render(report)
    assert not re.search("aaaa|bbbb|cccc", written)


def test_a_secret_of_one_file_hides_nothing_in_another() -> None:
    first = SourceFile("a.json", '{"key": "abcdef"}')
    second = SourceFile("b.json", '{"dor": "abcdef"}')
    report = report_of(
        found(key_under_mat, first, '"abcdef"', secret=True), found(door_open, second, '"abcdef"')
    )
    assert text.render(report).count("abcdef") == 1


def test_colours_change_nothing_but_colour() -> None:
    coloured = text.render(showcase(), colour=True)
    plain = text.render(showcase())
    assert "\x1b[" not in plain
    assert "\x1b[1;31mcritical\x1b[0m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


def test_every_severity_has_a_colour_of_its_own() -> None:
    coloured = text.render(showcase(), colour=True)
    colours = re.findall(r"\x1b\[([0-9;]+)m(critical|high|medium|low|info)\x1b", coloured)
    assert len({colour for colour, _ in colours}) == len({name for _, name in colours}) == 5


def test_paths_are_shown_as_one_would_type_them_here(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(str(tmp_path))
    outside = SourceFile("/srv/b.json", "{}")
    report = report_of(
        found(curtain_drawn, SourceFile("deploy/a.json", "{}"), "{}"),
        found(curtain_drawn, outside, "{}"),
        found(curtain_drawn, SourceFile("<stdin>", "{}"), "{}"),
    )
    lines = text.render_concise(report, root=str(tmp_path) + "/..").split("\n")
    assert lines[0].startswith("../deploy/a.json:1:1: ")
    assert lines[1].startswith("/srv/b.json:1:1: ")
    assert lines[2].startswith("<stdin>:1:1: ")


def test_concise_takes_one_line_a_finding() -> None:
    lines = text.render_concise(showcase()).splitlines()
    assert len(lines) == 7
    assert lines[-1] == text.summary(showcase())
