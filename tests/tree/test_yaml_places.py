"""Places in YAML: the marked text must be found under the path, whatever stands around it."""

from __future__ import annotations

import pytest

from policylint.source import Span
from policylint.tree import Place, Placeholder, Unreadable, yaml_text

Path = tuple[str | int, ...]


def unmark(marked: str) -> tuple[str, Span]:
    """A text without its marks, and the place between them."""
    start = marked.index("⟦")
    end = marked.index("⟧") - 1
    return marked.replace("⟦", "").replace("⟧", ""), Span(start, end)


@pytest.mark.parametrize(
    ("marked", "path"),
    [
        pytest.param("a: ⟦1⟧\n", ("a",), id="block"),
        pytest.param("a: ⟦1⟧", ("a",), id="no line end"),
        pytest.param("a:\n  b:\n    - c: ⟦x y⟧  # z\n      d: 2\n", ("a", "b", 0, "c"), id="deep"),
        pytest.param("a:\n- ⟦1⟧\n- 2\n", ("a", 0), id="list at the key's column"),
        pytest.param("a: {b: [1, ⟦two words⟧ ], c: 3}\n", ("a", "b", 1), id="flow"),
        pytest.param('{"a": {"b":⟦true⟧}}', ("a", "b"), id="JSON"),
        pytest.param("a: ⟦{b: 1}⟧ # x\n", ("a",), id="flow mapping"),
        pytest.param("a:\n  ⟦b: 1\n  c: 2⟧\n\n# x\nd: 3\n", ("a",), id="block mapping"),
        pytest.param("a:\n  ⟦- 1\n  - 2⟧\n\nd: 3\n", ("a",), id="block list"),
        pytest.param("a:\n  ⟦b:\n    - c: 1⟧\n\n\n", ("a",), id="block in a block"),
        pytest.param("a: ⟦'it''s'⟧ # x\n", ("a",), id="single quotes"),
        pytest.param('a: ⟦"\\u00e9 # \\""⟧ # x\n', ("a",), id="double quotes"),
        pytest.param('a: ⟦"one\n  two"⟧\nb: 1\n', ("a",), id="quotes over two lines"),
        pytest.param("a: ⟦one\n  two⟧\nb: 1\n", ("a",), id="plain over two lines"),
        pytest.param("a: ⟦|\n  one\n\n  two⟧\n\n\nb: 1\n", ("a",), id="literal"),
        pytest.param("a: ⟦>-\n  one\n  two⟧\nb: 1\n", ("a",), id="folded"),
        pytest.param("a: ⟦|  # why\n  # no comment⟧\nb: 1\n", ("a",), id="hash in a literal"),
        pytest.param("a: &x ⟦1⟧\nb: *x\n", ("a",), id="anchored scalar"),
        pytest.param("a: &x ⟦1⟧\nb: *x\n", ("b",), id="alias"),
        pytest.param("a: &x\n  ⟦b: 1⟧\nc: *x\n", ("c",), id="anchored mapping"),
        pytest.param("a: &x # why\n  # more\n  ⟦b: 1⟧\n", ("a",), id="comment after an anchor"),
        pytest.param("a: &x {b: ⟦1⟧}\nc: *x\n", ("c", "b"), id="through an alias"),
        pytest.param("a: &x {b: ⟦1⟧}\nc:\n  <<: *x\n  d: 2\n", ("c", "b"), id="merged"),
        pytest.param("a: &x {b: 1}\nc:\n  b: ⟦2⟧\n  <<: *x\n", ("c", "b"), id="own over merged"),
        pytest.param(
            "a: &x {b: ⟦1⟧}\nd: &y {b: 2}\nc:\n  <<: [*x, *y]\n", ("c", "b"), id="first merged wins"
        ),
        pytest.param(
            "a: &x {b: ⟦1⟧}\nd: &y\n  <<: *x\nc:\n  <<: *y\n", ("c", "b"), id="merged twice over"
        ),
        pytest.param('a: {"<<": ⟦{b: 1}⟧}\n', ("a", "<<"), id="quoted, it is no merge key"),
        pytest.param("a: !!str ⟦1⟧\n", ("a",), id="core tag"),
        pytest.param("a: !include ⟦x.yml⟧\n", ("a",), id="private tag"),
        pytest.param("a: !x &y ⟦{b: 1}⟧\n", ("a",), id="tag and anchor"),
        pytest.param("? a\n: ⟦1⟧\n", ("a",), id="explicit key"),
        pytest.param("? [a, b]\n: ⟦1⟧\n", ("[a, b]",), id="a list for a key"),
        pytest.param("1: ⟦x⟧\n", ("1",), id="a number for a key"),
        pytest.param("a: 1\na: ⟦2⟧\n", ("a",), id="the last of repeated keys"),
        pytest.param("a: ⟦{{name}}⟧\n", ("a",), id="hole"),
        pytest.param("a: ⟦x{{name}}⟧\n", ("a",), id="hole in a text"),
        pytest.param("naïve: 日本😀\nb: ⟦ü⟧\n", ("b",), id="not ASCII"),
        pytest.param("a: 'x\u2028y'\nb: ⟦1⟧\n", ("b",), id="line separator"),
        pytest.param("a: 1\r\nb:\r\n  - ⟦c d⟧\r\n  - 2\r\n", ("b", 0), id="CRLF"),
        pytest.param("a: ⟦|\r\n  one\r\n  two⟧\r\nb: 1\r\n", ("a",), id="literal with CRLF"),
        pytest.param("a: 1\rb: ⟦2⟧\r", ("b",), id="CR"),
        pytest.param("%YAML 1.2\n---\na: ⟦1⟧\n...\n", ("a",), id="directive"),
        pytest.param("---  # x\n⟦a: 1⟧\n", (), id="root"),
        pytest.param("a: ⟦1⟧\n", ("a",), id="one level"),
        pytest.param("a:\n  ⟦b: 1⟧\n", ("a", "c"), id="missing: its owner"),
        pytest.param("a: ⟦[1]⟧\n", ("a", 7, "x"), id="missing: no such item"),
        pytest.param("a: ⟦x⟧\n", ("a", "b", "c"), id="missing: below a scalar"),
        pytest.param("a: {b: ⟦[]⟧}\n", ("a", "b"), id="empty list"),
    ],
)  # fmt: skip
def test_a_value_is_where_it_stands(marked: str, path: Path) -> None:
    text, expected = unmark(marked)
    (tree,) = yaml_text.read(text)
    assert tree.span(Place(path)) == expected


def test_an_empty_value_is_an_empty_place_after_its_key() -> None:
    (tree,) = yaml_text.read("a:\nb: 1\n")
    assert tree.span(Place(("a",))) == Span(2, 2)


@pytest.mark.parametrize(
    ("marked", "path"),
    [
        ("⟦a⟧: 1\n", ("a",)),
        ("a: {⟦'b'⟧: 1}\n", ("a", "b")),
        ("a: 1\n⟦a⟧: 2\n", ("a",)),
        ("x: &x {⟦b⟧: 1}\nc:\n  <<: *x\n", ("c", "b")),
        ("&k ⟦a⟧: 1\n", ("a",)),
    ],
)
def test_a_key_is_where_it_stands(marked: str, path: Path) -> None:
    text, expected = unmark(marked)
    (tree,) = yaml_text.read(text)
    assert tree.span(Place(path, key=True)) == expected


def test_every_document_has_its_own_places() -> None:
    text = "a: 1\n---\n# nothing\n---\na: 22\n...\n---\n- x\n"
    trees = yaml_text.read(text)
    assert [tree.value for tree in trees] == [{"a": 1}, {"a": 22}, ["x"]]
    spans = [trees[0].span(Place(("a",))), trees[1].span(Place(("a",))), trees[2].span(Place((0,)))]
    assert [text[start:end] for start, end in spans] == ["1", "22", "x"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"), ("on", "on"), ("off", "off"), ("Yes", "Yes"), ("y", "y"),
        ("true", True), ("False", False), ("TRUE", True), ("tRUE", "tRUE"),
        ("null", None), ("~", None), ("NULL", None), ("nil", "nil"),
        ("2027-03-31", "2027-03-31"), ("2027-03-31 10:00:00", "2027-03-31 10:00:00"),
        ("1:30", "1:30"), ("0777", 777), ("0o17", 15), ("0x1F", 31), ("1_000", "1_000"),
        ("12", 12), ("-12", -12),
        ("+1", 1), ("1.5", 1.5), ("1.", 1.0), (".5", 0.5), ("1e3", 1000.0),
        ("1.2.3", "1.2.3"), ("0b1", "0b1"), ("=", "="), ("<<", "<<"),
        (".inf", ".inf"), ("-.INF", "-.INF"), (".NaN", ".NaN"), ("1e999", "1e999"),
        ("'1'", "1"), ('"true"', "true"), ("!!str 1", "1"), ("!!int '12'", 12), ("!!int x", "x"),
        ("!!float x", "x"), ("!!bool 'true'", True), ("!!null ''", None),
        ("!!binary aGk=", "aGk="), ("!!timestamp 2027-01-01", "2027-01-01"),
        ("0x" + "f" * 5000, "0x" + "f" * 5000), ("9" * 5000, "9" * 5000),
    ],
)  # fmt: skip
def test_a_scalar_is_what_it_looks_like(text: str, value: object) -> None:
    (tree,) = yaml_text.read(f"a: {text}\n")
    assert isinstance(tree.value, dict)
    found = tree.value["a"]
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1: x\n", {"1": "x"}),
        ("true: x\n", {"true": "x"}),
        ("~: x\n", {"~": "x"}),
        ("? \n: x\n", {"": "x"}),
        ("[a]: x\n", {"[a]": "x"}),
        ("a: &x [1]\nb: *x\n", {"a": [1], "b": [1]}),
        ("<<: {a: 1, b: 2}\na: 3\n", {"a": 3, "b": 2}),
        ("<<: [{a: 1}, {a: 2, b: 3}]\n", {"a": 1, "b": 3}),
        ("<<: {a: 1}\n<<: {a: 2}\n", {"a": 1}),
        ("<<: 7\na: 1\n", {"a": 1}),
        ("'<<': {a: 1}\n", {"<<": {"a": 1}}),
        ("!!set {a, b}\n", {"a": None, "b": None}),
        ("!!omap [a: 1]\n", [{"a": 1}]),
    ],
)
def test_mappings_are_read_as_they_would_be_sent(text: str, value: object) -> None:
    assert [tree.value for tree in yaml_text.read(text)] == [value]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a: {{name}}\n", "{{name}}"),
        ("a: {{ name }}  # x\n", "{{ name }}"),
        ("a: !include x.yml\n", "!include x.yml"),
        ("a: !map {b: 1}\n", "!map {b: 1}"),
        ("a: !list\n  - 1\n\nb: 2\n", "!list\n  - 1"),
    ],
)
def test_what_a_template_fills_in_is_a_placeholder(text: str, shown: str) -> None:
    (tree,) = yaml_text.read(text)
    assert isinstance(tree.value, dict)
    assert isinstance(tree.value["a"], Placeholder)
    assert tree.value["a"] == shown


@pytest.mark.parametrize(
    ("text", "repeated"),
    [
        ("a: 1\nb: 2\n", []),
        ("a: 1\na: 2\n", [((), "a", 5, True)]),
        ("a: 1\n'a': 2\n", [((), "a", 5, True)]),
        ("a: 1\nA: 2\n", [((), "A", 5, False)]),
        ("b: [{a: 1, a: 2}]\n", [(("b", 0), "a", 11, True)]),
        ("x: &x {a: 1}\ny:\n  <<: *x\n  a: 2\n", []),
        ("x: &x {a: 1, a: 2}\ny: *x\n", [(("x",), "a", 13, True)]),
    ],
)
def test_repeated_keys_are_told_once(text: str, repeated: list[object]) -> None:
    (tree,) = yaml_text.read(text)
    found = [(key.path, key.name, key.at.start, key.exact) for key in tree.repeated()]
    assert found == repeated


DEEP = "nested more than 64 levels deep"


def indented(levels: int, step: str = " ") -> str:
    return "".join(f"{step * level}k:\n" for level in range(levels)) + f"{step * levels}v\n"


def lists_at_their_keys(levels: int) -> str:
    return "".join(f"{' ' * level}-\n{' ' * level} k:\n" for level in range(1, levels))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("[" * 100_000, DEEP, id="[["),
        pytest.param("{a: " * 50_000, DEEP, id="{a: {a:"),
        pytest.param("- " * 50_000, DEEP, id="- - -"),
        pytest.param("? " * 50_000, DEEP, id="? ? ?"),
        pytest.param("- ? " * 50_000, DEEP, id="- ? - ?"),
        pytest.param(": " * 50_000, "not YAML", id=": : :"),
        pytest.param("-\t" * 50_000, "not YAML", id="tabs"),
        pytest.param("&a " * 50_000, "not YAML", id="anchors"),
        pytest.param("!a " * 50_000, "not YAML", id="tags"),
        pytest.param(indented(70), DEEP, id="indentation"),
        pytest.param(indented(1000), DEEP, id="deep indentation"),
        pytest.param(indented(1000).replace("\n", "\r"), DEEP, id="indentation with CR"),
        pytest.param(indented(1000).replace("\n", "\u2028"), DEEP, id="indentation with U+2028"),
        pytest.param(lists_at_their_keys(34), DEEP, id="two levels a column"),
        pytest.param(lists_at_their_keys(500), DEEP, id="two levels a column, deep"),
        pytest.param("a0: &a0 [x]\n"
                     + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 5000)),
                     DEEP, id="a chain of aliases"),
        pytest.param("a0: &a0 [x]\n"
                     + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40)),
                     "aliases stand for more than 10000 values", id="an alias bomb"),
        pytest.param("a: &a [" + "x, " * 1000 + "]\nb: [" + "*a, " * 1000 + "]\n",
                     "aliases stand for more than 10000 values", id="a flat alias bomb"),
        pytest.param("&a [*a]\n", "contains it", id="a list in itself"),
        pytest.param("a: &x {b: {c: *x}}\n", "contains it", id="a mapping in itself"),
        pytest.param("&a {*a : 1}\n", "contains it", id="a mapping as its own key"),
        pytest.param("a: &x {<<: *x}\n", "contains it", id="a mapping merged into itself"),
        pytest.param("a: &x 1\nb: &x 2\n", "an anchor that is set already", id="an anchor twice"),
        pytest.param("--- {a: 1}\n" * 1001, "more than 1000 documents", id="many documents"),
        pytest.param("a: *x\n", "undefined alias", id="an unknown alias"),
        pytest.param("a: \x00\n", "U+0000 is not allowed", id="NUL"),
        pytest.param("a: \x07\n", "U+0007 is not allowed", id="a bell"),
        pytest.param("a: \ud800\n", "U+D800 is not allowed", id="half a character"),
        pytest.param('a: "\\ud800"\n', "not YAML", id="half a character, escaped"),
        pytest.param("a: b: c\n", "not YAML", id="two colons"),
        pytest.param("a:\n\tb: 1\n", "a tab where only blanks may indent", id="tab"),
        pytest.param("a: 'b\n", "not YAML", id="quote"),
        pytest.param("a: [1, 2\n", "not YAML", id="bracket"),
        pytest.param("a: @b\n", "not YAML", id="reserved"),
        pytest.param("a: !<x\n", "not YAML", id="tag"),
        pytest.param("%FOO\n%YAML 9.9\n--- a\n", "not YAML", id="directive"),
    ],
)  # fmt: skip
def test_what_is_no_yaml_or_too_much_of_it_is_refused(text: str, words: str) -> None:
    with pytest.raises(Unreadable) as caught:
        yaml_text.read(text)
    assert words in caught.value.message
    start, end = caught.value.span
    assert 0 <= start <= end <= len(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[" * 64 + "]" * 64, id="flow"),
        pytest.param(indented(64), id="block"),
        pytest.param("a: '" + "[" * 1000 + "'\n", id="brackets in a text"),
        pytest.param("a: x " + "- " * 1000 + "\n", id="dashes in a text"),
        pytest.param("a: |\n" + " " * 200 + "x\n", id="an indented literal"),
        pytest.param("a: &x [1]\nb: [" + "*x, " * 1000 + "]\n", id="a modest number of aliases"),
    ],
)
def test_what_only_looks_deep_is_read(text: str) -> None:
    assert yaml_text.read(text)


def test_a_place_among_very_many_is_found_without_searching() -> None:
    # 10,000 lookups: a search through the members for each would not end in a lifetime of CI.
    text = "".join(f"k{n}: {n}\n" for n in range(10_000))
    (tree,) = yaml_text.read(text)
    spans = [tree.span(Place((f"k{n}",))) for n in range(10_000)]
    assert all(text[start:end] == str(n) for n, (start, end) in enumerate(spans))


def test_very_many_merged_mappings_are_merged_in_one_go() -> None:
    text = "<<: [" + ", ".join(f"{{k{n}: {n}}}" for n in range(10_000)) + "]\n"
    (tree,) = yaml_text.read(text)
    assert isinstance(tree.value, dict)
    assert len(tree.value) == 10_000
