"""Remarks for BuildKit's build checks."""

from __future__ import annotations

import pytest

from policylint.dockerfile.checks import Checks, of_file, of_instruction, parse
from policylint.dockerfile.scanner import scan


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("skip=A,B", Checks(frozenset(("a", "b")))),
        ("skip=all", Checks(skip_all=True)),
        ("error=true", Checks(error=True)),
        ("skip= A , B ; error = true", Checks(frozenset(("a", "b")), error=True)),
        ("skip=A // for now", Checks(frozenset(("a",)))),
        ("other=A", Checks()),
        ("", Checks()),
    ],
)
def test_parse(value: str, expected: Checks) -> None:
    assert parse(value) == expected


def test_of_the_file() -> None:
    assert of_file(scan("# check=skip=JSONArgsRecommended\nFROM a\n")).skips("jsonargsrecommended")
    assert of_file(scan("FROM a\n# check=skip=A\n")) == Checks()


def test_of_an_instruction() -> None:
    text = "FROM a\n# check=skip=A\n# check=skip=B // why\nRUN a\nRUN b\n"
    _, first, second = scan(text).instructions
    assert [of_instruction(first).skips(name) for name in "ABC"] == [True, True, False]
    assert of_instruction(second) == Checks()
