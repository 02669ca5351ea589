"""Definitions in the shape in which conftest gives them to its policies."""

from __future__ import annotations

import json
import os

import pytest

from policylint.dockerfile.scanner import scan
from policylint.parsers import parse
from policylint.rego.shapes import commands, place, shapes
from policylint.source import SourceFile, Span
from policylint.tree import Place
from tests.rego.shapes.record import HERE, names, record

_CONFTEST = os.environ.get("POLICYLINT_CONFTEST")


def text_of(name: str) -> str:
    with open(os.path.join(HERE, name), encoding="utf-8", newline="") as file:
        return file.read()


def recorded() -> dict[str, object]:
    with open(os.path.join(HERE, "recorded.json"), encoding="utf-8") as file:
        found: dict[str, object] = json.load(file)
    return found


@pytest.mark.parametrize("name", names())
def test_a_dockerfile_has_the_shape_that_conftest_gives_it(name: str) -> None:
    said = [command.said for command in commands(scan(text_of(name)))]
    assert said == recorded()[name]


def test_conftest_still_gives_what_is_recorded() -> None:
    if not _CONFTEST:
        pytest.skip("no conftest: `python3 dev.py tool conftest` builds one")
    assert record(_CONFTEST) == recorded()


def test_every_value_of_a_dockerfile_knows_its_place() -> None:
    text = 'FROM a\n# why\nENV A=1 \\\n  B="2"\nCMD ["x", "y"]\nRUN  echo  hi\nHEALTHCHECK CMD z\n'
    (document,) = parse(SourceFile("Dockerfile", text))
    (shape,) = shapes(document)

    def at(*path: str | int) -> str:
        found = place(shape, path)
        assert isinstance(found, Span)
        return text[found.start : found.end]

    assert [at(number) for number in range(len(shape.value))] == [
        "FROM", "# why", "ENV", "CMD", "RUN", "HEALTHCHECK",
    ]  # fmt: skip
    assert [at(2, "Value", number) for number in range(6)] == ["A", "1", "A", "B", '"2"', "B"]
    assert [at(3, "Value", number) for number in range(2)] == ['"x"', '"y"']
    assert at(4, "Value", 0) == "echo  hi"
    assert [at(5, "Value", number) for number in range(2)] == ["CMD", "z"]
    assert at(0, "Value", 7) == "FROM"
    assert place(shape, ()) == Span(0, 0)
    assert place(shape, (6,)) is None
    assert place(shape, ("Cmd",)) is None


def test_a_list_is_given_item_by_item() -> None:
    (document,) = parse(SourceFile("apps.json", '[{"id": "/a", "cmd": "x"}, {"id": "/b"}]'))
    first, second = shapes(document)
    assert (first.value["id"], second.value) == ("/a", {"id": "/b"})
    assert place(second, ("id",)) == Place((1, "id"))


def test_a_dockerfile_that_no_build_would_take_has_a_shape_all_the_same() -> None:
    text = "FORM a\n\tRUN\nHEALTHCHECK\nENV A\nONBUILD\nONBUILD RUN\nCMD [\nRUN <<E\n"
    (document,) = parse(SourceFile("Dockerfile", text))
    (shape,) = shapes(document)
    assert [command["Cmd"] for command in shape.value] == [
        "form", "run", "healthcheck", "env", "onbuild", "onbuild", "cmd", "run",
    ]  # fmt: skip
    assert {command["Stage"] for command in shape.value} == {0}
