"""Fixes: the text after an edit says exactly what was meant, and nothing else has moved."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from policylint.finding import Change, Edit, Fix
from policylint.fix import apply, compatible, edits
from policylint.source import SourceFile, Span
from policylint.tree import Place
from policylint.tree.json_text import JsonTree
from policylint.tree.yaml_text import read


def fixed(text: str, *changes: Change, name: str = "app.json") -> str | None:
    """The text with the changes made; None when they cannot be made exactly."""
    tree = JsonTree(text) if name.endswith(".json") else read(text)[0]
    made = edits(SourceFile(name, text), tree, Fix("", changes))
    return apply(text, made) if made else None


def delete(*path: str | int, up: int = 0) -> Change:
    return Change("delete", Place(path), up=up)


def put(value: object, *path: str | int) -> Change:
    return Change("set", Place(path), value)


def add(name: str, value: object, *path: str | int, up: int = 0) -> Change:
    return Change("add", Place(path), value, name, up)


JSON = [
    ('{"a": 1, "b": 2}', [delete("a")], '{"b": 2}'),
    ('{"a": 1, "b": 2}', [delete("b")], '{"a": 1}'),
    ('{\n  "a": 1,\n  "b": 2\n}\n', [delete("a")], '{\n  "b": 2\n}\n'),
    ('{\n  "a": 1,\n  "b": 2\n}\n', [delete("b")], '{\n  "a": 1\n}\n'),
    ('{\r\n\t"a": 1,\r\n\t"b": 2\r\n}', [delete("a")], '{\r\n\t"b": 2\r\n}'),
    ('{"a": [1, 2, 3]}', [delete("a", 1)], '{"a": [1, 3]}'),
    ('{"a": [{"k": 1}]}', [delete("a", 0, "k", up=1)], '{"a": []}'),
    ('{"a": 1}', [delete("a")], "{}"),
    ('{"a": 1, "b": 2, "c": 3}', [delete("b"), delete("c")], '{"a": 1}'),
    ('{"a": 1, "b": 2, "c": 3}', [delete("c"), delete("a"), delete("b")], "{}"),
    ('{"a": [1, 2, 3, 4]}', [delete("a", i) for i in (1, 2, 3)], '{"a": [1]}'),
    ('{"a": [1, 2, 3, 4]}', [delete("a", 0), delete("a", 3)], '{"a": [2, 3]}'),
    ('{\n  "a": 1,\n  "b": 2,\n  "c": 3\n}', [delete("b"), delete("c")], '{\n  "a": 1\n}'),
    ('{"a": true}', [put(False, "a")], '{"a": false}'),
    ('{"a": "RW"}', [put("RO", "a")], '{"a": "RO"}'),
    ('{"a": 1}', [Change("rename", Place(("a",)), "b")], '{"b": 1}'),
    ('{\n  "a": 1\n}', [add("b", "x")], '{\n  "a": 1,\n  "b": "x"\n}'),
    ('{"a": 1}', [add("b", [1])], '{"a": 1, "b": [1]}'),
    ('{"a": {}}', [add("b", 1, "a")], '{"a": {"b": 1}}'),
    ('{"a": [{"k": 1}]}', [add("b", 2, "a", 0, "k", up=1)], '{"a": [{"k": 1, "b": 2}]}'),
    ('{"a": []}', [add("", {"k": "v"}, "a")], '{"a": [{"k": "v"}]}'),
    ('{"a": [1]}', [add("", 2, "a")], '{"a": [1, 2]}'),
    ('{"a": 1, "b": 2, "c": 3}', [delete("a"), put(9, "c")], '{"b": 2, "c": 9}'),
]


@pytest.mark.parametrize(("text", "changes", "result"), JSON)
def test_json(text: str, changes: list[Change], result: str) -> None:
    assert fixed(text, *changes) == result


YAML = [
    ("a: 1 # why\nb: 2\n", [delete("b")], "a: 1 # why\n"),
    ("a: 1 # why\nb: 2\n", [delete("a")], "b: 2\n"),
    ("# top\na:\n  x: 1\n  y: 2\nb: 2\n", [delete("a", "x")], "# top\na:\n  y: 2\nb: 2\n"),
    ("a:\n  x: 1\nb: 2\n", [delete("a", "x")], "a: {}\nb: 2\n"),
    ("a:\n- 1\n- 2\n", [delete("a", 0)], "a:\n- 2\n"),
    ("a:\n- k: 1\n  v: 2\n- k: 3\n", [delete("a", 0, "k", up=1)], "a:\n- k: 3\n"),
    ("a:\n- k: 1\n  v: 2\n", [delete("a", 0, "k")], "a:\n- v: 2\n"),
    ("a:\n  - k: 1\n", [delete("a", 0, "k", up=1)], "a: []\n"),
    ("a: {x: 1, y: 2}\n", [delete("a", "x")], "a: {y: 2}\n"),
    ("a: true # why\n", [put(False, "a")], "a: false # why\n"),
    ("a: 'RW'\r\nb: 1\r\n", [put("RO", "a")], "a: RO\r\nb: 1\r\n"),
    ("a: x\n", [put("no", "a")], 'a: "no"\n'),
    ("a: x\n", [put("12", "a")], 'a: "12"\n'),
    ("a:\n  x: 1\nb: 2\n", [add("w", "z", "a")], "a:\n  x: 1\n  w: z\nb: 2\n"),
    ("a: 1", [add("b", True)], "a: 1\nb: true"),
    ("uris: [x]\n", [Change("rename", Place(("uris",)), "fetch")], "fetch: [x]\n"),
]


@pytest.mark.parametrize(("text", "changes", "result"), YAML)
def test_yaml(text: str, changes: list[Change], result: str) -> None:
    assert fixed(text, *changes, name="app.yaml") == result


def test_other_documents_of_a_stream_stay() -> None:
    assert fixed("a: 1\nb: 1\n---\na: 1\nb: 2\n", delete("b"), name="x.yaml") == (
        "a: 1\n---\na: 1\nb: 2\n"
    )


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("a: &x {k: 1}\nb: *x\n", delete("a", "k")),
        ("a: &x {k: 1}\nb: *x\n", put(2, "b", "k")),
        ("a: 1\n", delete("b")),
        ("a: 1\n", add("a", 2)),
        ("a: 1\n", delete()),
        ("a: 1\n", Change("melt", Place(("a",)))),
    ],
)
def test_what_cannot_be_done_exactly_is_left_to_people(text: str, change: Change) -> None:
    assert fixed(text, change, name="app.yaml") is None


def test_text_of_a_span() -> None:
    change = Change("text", Span(0, 3), "COPY")
    assert edits(SourceFile("Dockerfile", "ADD a b"), None, Fix("", (change,))) == (
        Edit(Span(0, 3), "COPY"),
    )


def test_edits_that_overlap_are_not_made_together() -> None:
    one, two, three = Edit(Span(0, 3), "a"), Edit(Span(2, 4), "b"), Edit(Span(5, 6), "c")
    assert compatible([[one], [two, three], [three]]) == [one, three]
    with pytest.raises(ValueError, match="overlap"):
        apply("abcdef", [one, two])


NAMES = st.sampled_from(["a", "b", "cmd", "x-y", "on", "1"])
SCALARS = (
    st.none() | st.booleans() | st.integers(-9, 99) | st.sampled_from(["", "x", "no", "é: #", "1"])
)
DOCUMENTS = st.dictionaries(
    NAMES,
    st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
        max_leaves=8,
    ),
    min_size=1,
    max_size=4,
)


def paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    steps = (
        value if isinstance(value, dict) else range(len(value) if isinstance(value, list) else 0)
    )
    below = [found for step in steps for found in paths(value[step], (*path, step))]
    return [*([path] if path else []), *below]


@given(DOCUMENTS, st.data(), st.sampled_from(["json", "json2", "block", "flow"]))
def test_a_fix_does_what_was_meant_or_nothing(
    document: Any, data: st.DataObject, form: str
) -> None:
    writers = {
        "json": lambda: json.dumps(document),
        "json2": lambda: json.dumps(document, indent=2).replace("\n", "\r\n"),
        "block": lambda: yaml.safe_dump(document, default_flow_style=False, allow_unicode=True),
        "flow": lambda: yaml.safe_dump(document, default_flow_style=True),
    }
    name = "x.json" if form.startswith("json") else "x.yaml"
    path = data.draw(st.sampled_from(paths(document)))
    meant: Any = deepcopy(document)
    parent = meant
    for step in path[:-1]:
        parent = parent[step]
    if data.draw(st.booleans()):
        del parent[path[-1]]
        change = delete(*path)
    else:
        parent[path[-1]] = "RO"
        change = put("RO", *path)
    result = fixed(writers[form](), change, name=name)
    if name == "x.json":
        assert result is not None
    if result is not None:
        again = JsonTree(result) if name == "x.json" else read(result)[0]
        assert again.value == meant
