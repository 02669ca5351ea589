"""Keys and values, quotes, and variables in every form."""

from __future__ import annotations

import pytest

from policylint.dockerfile.scanner import scan
from policylint.dockerfile.variables import LONGEST_VALUE, Reference, defect, expand, references
from policylint.dockerfile.words import is_one_word

SET: dict[str, str | None] = {
    "a": "value",
    "empty": "",
    "path": "/usr/local/bin/x.tar.gz",
    "unknown": None,
    "_x1": "one",
}


def pairs(text: str) -> list[tuple[str, str | None]]:
    (instruction,) = scan(text).instructions
    return [(pair.key.text, pair.value and pair.value.text) for pair in instruction.pairs]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ENV A=1", [("A", "1")]),
        ("ENV A=1 B=2", [("A", "1"), ("B", "2")]),
        ("ENV A=", [("A", "")]),
        ("ENV A=b=c", [("A", "b=c")]),
        ('ENV A="b c" B=\'d "e\'', [("A", '"b c"'), ("B", "'d \"e'")]),
        ("ENV A=b\\ c D=e", [("A", "b\\ c"), ("D", "e")]),
        ('ENV A="b\\" c" D=e', [("A", '"b\\" c"'), ("D", "e")]),
        ("ENV A=b'c d'e F=g", [("A", "b'c d'e"), ("F", "g")]),
        ('LABEL "a b"=c', [('"a b"', "c")]),
        ("ENV A=1 \\\n B=2", [("A", "1"), ("B", "2")]),
        ("ENV A=1 B", [("A", "1"), ("B", None)]),
        ("ARG A", [("A", None)]),
        ("ARG A B=1 C", [("A", None), ("B", "1"), ("C", None)]),
        pytest.param('ENV A="b c=d', [("A", '"b c=d')], id="open-quote"),
        pytest.param("# escape=`\nENV A=b` c D=\\", [("A", "b` c"), ("D", "\\")], id="backtick"),
        ("RUN A=1", []),
    ],
)
def test_pairs(text: str, expected: list[tuple[str, str | None]]) -> None:
    assert pairs(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ENV A b", [("A", "b")]),
        ("ENV A  b c=d ", [("A", "b c=d")]),
        ("LABEL a b\\\n c", [("a", "b c")]),
        ("ENV A", [("A", None)]),
    ],
)
def test_the_legacy_form_has_one_pair(text: str, expected: list[tuple[str, str | None]]) -> None:
    assert pairs(text) == expected
    assert scan(text).instructions[0].pairs[0].legacy


def test_a_pair_knows_its_places() -> None:
    text = 'ENV A=1 \\\n  B="c d"\n'
    pair = scan(text).instructions[0].pairs[1]
    assert pair.value is not None
    assert (text[slice(*pair.key.span)], text[slice(*pair.value.span)]) == ("B", '"c d"')


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("$a", "value"),
        ("${a}", "value"),
        ("x$a-y", "xvalue-y"),
        ("$_x1.", "one."),
        ("$", "$"),
        ("a$", "a$"),
        ("$/x", "$/x"),
        ("$unset", ""),
        ("${unset}", ""),
        ("$unknown", None),
        ("a$unknown", None),
        # default
        ("${unset:-d}", "d"),
        ("${unset-d}", "d"),
        ("${empty:-d}", "d"),
        ("${empty-d}", ""),
        ("${a:-d}", "value"),
        ("${a-d}", "value"),
        ("${unknown:-d}", None),
        ("${unset:-}", ""),
        # alternative
        ("${unset:+d}", ""),
        ("${unset+d}", ""),
        ("${empty:+d}", ""),
        ("${empty+d}", "d"),
        ("${a:+d}", "d"),
        ("${a+d}", "d"),
        ("${unknown+d}", None),
        # demand
        ("${a:?m}", "value"),
        ("${a?m}", "value"),
        ("${empty?m}", ""),
        ("${empty:?m}", None),
        ("${unset?m}", None),
        # prefix and suffix
        ("${path#*/}", "usr/local/bin/x.tar.gz"),
        ("${path##*/}", "x.tar.gz"),
        ("${path%.*}", "/usr/local/bin/x.tar"),
        ("${path%%.*}", "/usr/local/bin/x"),
        ("${a#va?}", "ue"),
        ("${a#x}", "value"),
        ("${a#\\*}", "value"),
        ("${unset#x}", ""),
        ("${unknown#x}", None),
        ("${a%%*}", ""),
        ("${a#$empty}", "value"),
        # replacement
        ("${path/\\//:}", ":usr/local/bin/x.tar.gz"),
        ("${path//a/_}", "/usr/loc_l/bin/x.t_r.gz"),
        ("${a/l*e/s}", "vas"),
        ("${a//?/x}", "xxxxx"),
        ("${a/l/}", "vaue"),
        ("${unknown/a/b}", None),
        # nesting
        ("${unset:-${a}}", "value"),
        ("${unset:-$unknown}", None),
        ("${a:-$unknown}", "value"),
        ("${unset:-${unset:-x${a}y}}", "xvaluey"),
        ("${unset:-'}'}", "}"),
        # quotes and escapes
        ('"$a b"', "value b"),
        ("'$a'", "$a"),
        ("\\$a", "$a"),
        ("a\\ b", "a b"),
        ('"a\\"b\\c"', 'a"b\\c'),
        ("'a'\"b\"c", "abc"),
        ('""', ""),
        # what cannot be read is unknown
        ('"a', None),
        ("'a", None),
        ("${a", None),
        ("${}", None),
        ("${a^}", None),
        ("${:-a}", None),
        ("${unset:#x}", None),
    ],
)
def test_expand(text: str, expected: str | None) -> None:
    assert expand(text, SET) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("C:\\$a", "C:\\value"), ("`$a", "$a"), ("C:\\a\\", "C:\\a\\"), ('"`""', '"')],
)
def test_expand_with_a_backtick(text: str, expected: str) -> None:
    assert expand(text, SET, "`") == expected


def test_values_do_not_grow_without_end() -> None:
    values: dict[str, str | None] = {"x": "x" * LONGEST_VALUE}
    assert expand("$x", values) == values["x"]
    assert expand("$x$x", values) is None
    assert expand("${a:-" * 5000, {}) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", []),
        ("$a", [Reference("a", 0, 2)]),
        ("x${a}y", [Reference("a", 1, 5)]),
        ("${a:-b}", [Reference("a", 0, 7, ":-", "b")]),
        (
            "${a:-$b}/${c}",
            [Reference("a", 0, 8, ":-", "$b"), Reference("b", 5, 7), Reference("c", 9, 13)],
        ),
        ("${a//b/c}", [Reference("a", 0, 9, "//", "b/c")]),
        ("'$a' \\$b", []),
        ('"$a', [Reference("a", 1, 3)]),
    ],
)
def test_references(text: str, expected: list[Reference]) -> None:
    assert list(references(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$a'b'", None),
        ("it's", "no closing ' quote"),
        ('"a', 'no closing " quote'),
        ("${a:-b", "no closing } for ${"),
        ("${a/b}", "no closing / for ${"),
        ("${a,,}", "no such substitution: ${a,...}"),
    ],
)
def test_defect(text: str, expected: str | None) -> None:
    assert defect(text) == expected


def test_a_word_with_an_open_quote_is_told_at_once() -> None:
    assert not is_one_word("a" * 5_000 + "'", "\\")
    assert is_one_word("a" * 5_000 + "'b c'", "\\")
