"""The quick judge and the validator library agree: what the one accepts, the other does too."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policylint.parsers.acceptance import accepts
from policylint.parsers.structure import SCHEMAS, Definition
from policylint.tree import Placeholder
from tests.parsers.reading import docker, job, pod

GOOD = {
    "app": {**docker(), "cpus": 0.5, "networks": [{"mode": "host"}], "instances": 2,
            "env": {"A": "b", "C": {"secret": "c"}}, "constraints": [["hostname", "UNIQUE"]]},
    "group": {"id": "/g", "apps": [docker()], "groups": []},
    "pod": pod({"image": {"kind": "DOCKER", "id": "r/a:1"}}, networks=[{"mode": "host"}]),
    "job": job(cmd="x"),
    "schedule": {"id": "every", "cron": "0 * * * *"},
}  # fmt: skip


@pytest.mark.parametrize("kind", GOOD)
def test_a_good_definition_needs_no_library(kind: str) -> None:
    assert accepts(Definition(kind).schema, GOOD[kind])


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("app", {"cpus": "1"}),
        ("app", {"cpus": True}),
        ("app", {"instances": 0.5}),
        ("app", {"id": "/A_b"}),
        ("app", {"id": "/a\n"}),
        ("app", {"env": {"": "x"}}),
        ("pod", {"environment": {"1A": "x"}}),
        ("app", {"networks": [{"mode": "moon"}]}),
        ("app", {"privilegd": True}),
        ("app", {"constraints": [["hostname"]]}),
        ("app", {"cpus": Placeholder("{{cpus}}")}),
        ("pod", {"containers": []}),
        ("job", {"run": {"cpus": 1}}),
        ("job", {"foo": 1}),
        ("schedule", {"cron": None}),
    ],
)
def test_a_bad_one_is_not_accepted(kind: str, change: dict[str, Any]) -> None:
    assert not accepts(Definition(kind).schema, {**GOOD[kind], **change})


def test_a_keyword_that_it_does_not_know_decides_nothing() -> None:
    assert not accepts({"type": "object", "unevaluatedProperties": False}, {})


NAMES = st.sampled_from(
    ["id", "mode", "name", "uri", "size", "key", "value", "secret", "hostPath", "containerPath",
     "persistent"]
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "/a", "host", "RW", "a", "1", "latest", "x" * 70]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=6,
)  # fmt: skip


@given(st.sampled_from(sorted(GOOD)), st.data())
def test_what_it_accepts_has_no_error(kind: str, data: st.DataObject) -> None:
    definition = Definition(kind)
    schema = definition.schema if kind != "group" else definition.schema["$defs"]["group"]
    names = st.sampled_from(sorted(schema["properties"]))
    value = {**GOOD[kind], **data.draw(st.dictionaries(names, VALUES, max_size=2))}
    if accepts(definition.schema, value):
        assert list(definition.validator().iter_errors(value)) == []


def test_every_kind_has_a_good_definition_here() -> None:
    assert GOOD.keys() | {"app-list"} == SCHEMAS.keys()
