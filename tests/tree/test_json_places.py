"""Places in JSON: the marked text must be found under the path, whatever stands around it."""

from __future__ import annotations

import pytest

from policylint.source import SourceFile, Span, decode
from policylint.tree import Place, Unreadable
from policylint.tree.json_text import JsonTree

Path = tuple[str | int, ...]


def unmark(marked: str) -> tuple[str, Span]:
    """A text without its marks, and the place between them."""
    start = marked.index("⟦")
    end = marked.index("⟧") - 1
    return marked.replace("⟦", "").replace("⟧", ""), Span(start, end)


VALUES: list[tuple[str, Path]] = [
    ('⟦{"a": 1}⟧', ()),
    (' \r\n\t⟦{"a": 1}⟧\n ', ()),
    ('{"a": ⟦1⟧}', ("a",)),
    ('{"a":⟦-1.5e+3⟧,"b":2}', ("a",)),
    ('{"a": 0, "b" :\t⟦true⟧ }', ("b",)),
    ('{\n\t"container": {\n\t\t"docker": {\n\t\t\t"privileged":\t⟦true⟧\n\t\t}\n\t}\n}',
     ("container", "docker", "privileged")),
    ('{"a": [1, {"b": ⟦"x"⟧}]}', ("a", 1, "b")),
    ('[[], {}, [⟦null⟧]]', (2, 0)),
    ('{"a": ⟦[]⟧}', ("a",)),
    ('{"a": ⟦{"b": [1, 2]}⟧ , "c": 3}', ("a",)),
    ('{"a": 1, "a": ⟦2⟧}', ("a",)),
    ('{"a": {"b": 1}, "a": {"b": ⟦2⟧}}', ("a", "b")),
    ('{"\\u0069d": ⟦"/web"⟧}', ("id",)),
    ('{"a\\"}": ⟦1⟧}', ('a"}',)),
    ('{"\\ud83d\\ude00": ⟦1⟧}', ("😀",)),
    ('{"": ⟦1⟧}', ("",)),
    ('{"a": "}", "b": "\\\\", "c": ⟦"[\\"{"⟧}', ("c",)),
    ('{"naïve": "日本😀", "b": ⟦"ü"⟧}', ("b",)),
    ('{"\u2028": "\u2028", "b": ⟦1⟧}', ("b",)),
    ('{\r\n  "a": 1,\r\n  "b": ⟦2⟧\r\n}\r\n', ("b",)),
    ('{\r  "a": 1,\r  "b": ⟦2⟧\r}', ("b",)),
]  # fmt: skip


@pytest.mark.parametrize(("marked", "path"), VALUES)
def test_a_value_is_where_it_stands(marked: str, path: Path) -> None:
    text, expected = unmark(marked)
    assert JsonTree(text).span(Place(path)) == expected


@pytest.mark.parametrize(
    ("marked", "path"),
    [
        ('{⟦"a"⟧: 1}', ("a",)),
        ('{"a": {⟦"b"⟧ : 1}}', ("a", "b")),
        ('{⟦"\\u0069d"⟧: 1}', ("id",)),
        ('{"a": 1, ⟦"a"⟧: 2}', ("a",)),
        ('{"a": [1, ⟦22⟧]}', ("a", 1)),
    ],
)
def test_a_key_is_where_it_stands(marked: str, path: Path) -> None:
    text, expected = unmark(marked)
    assert JsonTree(text).span(Place(path, key=True)) == expected


@pytest.mark.parametrize(
    ("marked", "path"),
    [
        ('⟦{"a": 1}⟧', ("b",)),
        ('{"a": ⟦{"b": 1}⟧}', ("a", "c", "d")),
        ('{"a": ⟦[1]⟧}', ("a", 1)),
        ('{"a": ⟦1⟧}', ("a", "b")),
        ('{"a": ⟦{}⟧}', ("a", 0)),
    ],
)
def test_what_is_missing_is_its_nearest_ancestor(marked: str, path: Path) -> None:
    text, expected = unmark(marked)
    assert JsonTree(text).span(Place(path)) == expected


@pytest.mark.parametrize(
    ("data", "line", "column"),
    [
        pytest.param(b'{"a": 1,\n "b": 2}', 2, 7, id="plain"),
        pytest.param(b'\xef\xbb\xbf{"b": 2}', 1, 7, id="a byte order mark is no column"),
        pytest.param('{"é": "😀", "b": 2}'.encode(), 1, 17, id="columns are code points"),
        pytest.param(b'{"a": 1,\r\n"b": 2}', 2, 6, id="CRLF"),
        pytest.param(b'{"a": 1,\r"b": 2}', 2, 6, id="CR"),
        pytest.param(b'{"a": 1,\n\r"b": 2}', 3, 6, id="LF and CR are two line ends"),
        pytest.param(b'{\t"b":\t2}', 1, 8, id="a tab is one column"),
        pytest.param('{"b": 2}'.encode("utf-16"), 1, 7, id="UTF-16 with its mark"),
        pytest.param('{"b": 2}'.encode("utf-16-le"), 1, 7, id="UTF-16 without"),
        pytest.param('{"b": 2}'.encode("utf-16-be"), 1, 7, id="UTF-16 the other way round"),
        pytest.param(b"\xff\xfe\x00\x00" + '{"b": 2}'.encode("utf-32-le"), 1, 7, id="UTF-32"),
        pytest.param(
            '{"a": "\x85\u2028\u2029", "b": 2}'.encode(), 1, 19, id="only CR and LF count"
        ),
    ],
)
def test_lines_and_columns_are_those_of_an_editor(data: bytes, line: int, column: int) -> None:
    text, failure = decode(data)
    assert failure is None
    region = SourceFile("app.json", text).region(JsonTree(text).span(Place(("b",))))
    assert region == (line, column, line, column + 1)


@pytest.mark.parametrize(
    ("text", "repeated"),
    [
        ('{"a": 1, "b": 2}', []),
        ('{"a": 1, "a": 2}', [((), "a", '"a"', True)]),
        ('{"a": 1, "\\u0061": 2}', [((), "a", '"\\u0061"', True)]),
        ('{"a": 1, "A": 2}', [((), "A", '"A"', False)]),
        ('{"a": 1, "A": 2, "a": 3}', [((), "A", '"A"', False), ((), "a", '"a"', True)]),
        ('{"x": [{"a": 1, "a": 2}], "a": 3}', [(("x", 0), "a", '"a"', True)]),
        ('{"a": {"a": 1}}', []),
    ],
)
def test_repeated_keys_are_told(text: str, repeated: list[object]) -> None:
    found = JsonTree(text).repeated()
    assert [
        (key.path, key.name, text[key.at.start : key.at.end], key.exact) for key in found
    ] == repeated
    assert all(key.first.end <= key.at.start for key in found)


@pytest.mark.parametrize(
    ("marked", "words"),
    [
        ("⟦⟧", "expected a value"),
        ('{"id": "/a", "cmd": "run"⟦⟧', "expected a comma or the end"),
        ('{"id": ⟦"⟧/a', "string does not end"),
        ('{"a": ⟦NaN⟧}', "NaN is no number"),
        ('{"NaN": "NaN", "a": [⟦NaN⟧]}', "NaN is no number"),
        ('{"a": ⟦-Infinity⟧}', "-Infinity is no number"),
        ('{"a": "1e999", "b": ⟦1e999⟧}', "a number too large"),
        ('{"a": "1", "b": ⟦-' + "7" * 5000 + "⟧}", "a number of thousands of digits"),
        ('{"a": "x⟦\t⟧y"}', "raw control character"),
        ('{"a": "x⟦\n⟧y"}', "raw control character"),
        ('{"a": "x⟦\x00⟧y"}', "raw control character"),
        ('{"a": "\\⟦x⟧"}', "escape"),
        ('{"a": 1} ⟦{⟧"b": 2}', "text after the end"),
        ('⟦/⟧/ comment\n{"a": 1}', "expected a value"),
        ('⟦\ufeff⟧{"a": 1}', "byte order mark"),
        ("[" * 64 + "⟦[⟧" + "]" * 65, "nested more than 64 levels deep"),
        ("[" * 64 + "⟦[⟧" + "[" * 99_935, "nested more than 64 levels deep"),
        ('{"a":' * 64 + "⟦{⟧" + '"a":' + '{"a":' * 50_000, "nested more than 64 levels deep"),
    ],
)
def test_what_is_no_json_is_told_with_its_place(marked: str, words: str) -> None:
    text, expected = unmark(marked)
    with pytest.raises(Unreadable) as caught:
        JsonTree(text)
    assert words in caught.value.message
    assert len(caught.value.message) < 100
    start, end = caught.value.span
    assert start in (expected.start, expected.start - 1)
    assert expected.start == expected.end or (start, end) == expected or "\\" in text


def test_64_levels_are_read() -> None:
    assert JsonTree("[" * 64 + "]" * 64).value is not None


def test_brackets_in_strings_are_no_nesting() -> None:
    assert JsonTree('["' + "[" * 1000 + '"]').value == ["[" * 1000]


def test_a_lone_surrogate_is_read_as_written() -> None:
    tree = JsonTree('{"\\ud800": "\\udfff"}')
    assert tree.value == {"\ud800": "\udfff"}
    assert tree.span(Place(("\ud800",))) == Span(11, 19)
