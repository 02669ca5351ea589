"""The schemas of definitions: complete, self-contained, and the same to every validator."""

from __future__ import annotations

import copy
import glob
import json
import os
import re
from typing import TYPE_CHECKING, Any

import jsonschema
import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policylint.bundle import bundled, written
from policylint.model import SchemaError, UnknownField
from policylint.parsers import parse
from policylint.parsers.structure import SCHEMAS, check
from policylint.source import SourceFile, shipped
from tests.parsers.definitions import COMPLETE

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = sorted({*SCHEMAS.values(), "metronome-job-v0"})
# Definitions of other projects, kept outside the repository.
SAMPLES = os.environ.get("POLICYLINT_SAMPLES") or os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "..", "..", "shared", "samples"
)
# What is rightly found in them: the names of fields that nobody reads, and what is refused.
FOUND_IN_SAMPLES = {
    "app-14": ["minimunHealthCapacity", "missing: upgradeStrategy.minimumHealthCapacity"],
    "app-20": ["maintainer"],
    "app-list-01": ["UNIQUE takes no value"],
    "job-01": ["missing: run.disk"],
    "job-02": ["missing: run.disk"],
    "job-05": ["missing: run.disk"],
    "pod-04": ["maxInstances"],
}
EXAMPLES = sorted(
    path
    for path in glob.glob(f"{shipped('examples')}/*/*/*")
    if path.endswith((".json", ".yaml")) and "dreadful" not in path
)


def read(name: str) -> dict[str, Any]:
    with open(shipped(f"schemas/{name}.schema.json"), encoding="utf-8") as file:
        schema: dict[str, Any] = json.load(file)
    return schema


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_one(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(read(name))
    assert read(name)["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_stands_alone_and_has_nothing_to_spare(name: str) -> None:
    schema = read(name)
    references = set(re.findall(r'"\$ref": "([^"]*)"', json.dumps(schema)))
    assert references == {f"#/$defs/{key}" for key in schema.get("$defs", ())}


@pytest.mark.parametrize("name", NAMES)
def test_every_field_says_what_it_means(name: str) -> None:
    schema = read(name)
    for path, field in fields(schema):
        meant = {**resolve(schema, field), **field}
        if meant.get("errorMessage") is None or "description" in meant:
            assert re.fullmatch(r"[^\n]{5,}\.", meant.get("description", "")), path


@pytest.mark.parametrize("name", NAMES)
def test_a_field_of_the_past_names_the_modern_form(name: str) -> None:
    for path, field in fields(read(name)):
        if field.get("deprecated"):
            assert re.search(r"use |ithout effect|eave ", field["description"]), path


@pytest.mark.parametrize("name", NAMES)
def test_every_list_of_words_is_offered_and_checked(name: str) -> None:
    for path, field in fields(read(name)):
        words = field.get("anyOf", [{}])[0].get("enum", ())
        for word in words:
            assert re.search(field["anyOf"][1]["pattern"], word.swapcase()), path
        default = field.get("default")
        if default is not None:
            assert jsonschema_rs.is_valid({**field, "$defs": read(name).get("$defs", {})}, default)


def test_what_several_schemas_need_is_the_same_in_all() -> None:
    for path, text in bundled().items():
        with open(path, encoding="utf-8") as file:
            assert file.read() == text


def test_json_is_written_for_people() -> None:
    assert written({"a": [1, {"b": "ü"}]}) == '{"a": [1, {"b": "ü"}]}\n'
    text = written({"a": {"long": "x" * 60}, "b": ["y" * 60, "z"]})
    assert text.splitlines()[:2] == ["{", f'  "a": {{"long": "{"x" * 60}"}},']
    assert json.loads(text) == {"a": {"long": "x" * 60}, "b": ["y" * 60, "z"]}


@pytest.mark.parametrize("kind", sorted(SCHEMAS))
def test_the_definitions_of_the_tests_have_every_field(kind: str) -> None:
    schema = read(SCHEMAS[kind])
    tried = set(names_in(COMPLETE[kind]))
    unread = {"pods", "seccomp"}  # one only in answers, the other refused at a pod's top
    for path, field in fields(schema):
        if not field.get("readOnly") and path.rpartition(".")[2] not in unread:
            assert path.rpartition(".")[2] in tried, path


def test_version_0_of_a_job_knows_no_grace_period() -> None:
    old, new = read("metronome-job-v0"), read("metronome-job")
    job = COMPLETE["job"]
    assert jsonschema_rs.is_valid(new, job)
    assert not jsonschema_rs.is_valid(old, job)
    run = {key: value for key, value in job["run"].items() if key != "taskKillGracePeriodSeconds"}
    assert jsonschema_rs.is_valid(old, {**job, "run": run})


BROKEN: list[tuple[str, Any]] = [
    ("app", {}),
    ("app", []),
    ("app", {"id": 5}),
    ("app", {"id": "A"}),
    ("app", {"id": "/a/tasks"}),
    ("app", {"id": "/a", "cpus": 0, "mem": -0.5, "instances": 1.5}),
    ("app", {"id": "/a", "instances": 1.0}),
    ("app", {"id": "/a", "instances": True}),
    ("app", {"id": "/a", "instances": 2**31}),
    ("app", {"id": "/a", "role": "-x"}),
    ("app", {"id": "/a", "role": ".."}),
    ("app", {"id": "/a", "role": "a b"}),
    ("app", {"id": "/a", "container": {"docker": {"image": ""}, "type": "rkt"}}),
    ("app", {"id": "/a", "container": {"volumes": [{"persistent": {}}, {"external": {}}, {}]}}),
    ("app", {"id": "/a", "container": {"volumes": [{"persistent": None, "secret": None}]}}),
    ("app", {"id": "/a", "constraints": [[], ["a"], ["a", "UNIQUE", "b"], ["a", "LIKE"]]}),
    ("app", {"id": "/a", "env": {"": "x", "A": 1, "B": {}, "C": None, "D": {"secret": ""}}}),
    ("app", {"id": "/a", "healthChecks": [{"protocol": "command"}, {"protocol": "tcp"}]}),
    ("app-list", [{"id": "/a"}, {}]),
    ("app-list", {"apps": [{"cpus": 1}], "*": 5}),
    ("group", {"groups": [{"groups": [{"apps": [{}]}]}]}),
    ("pod", {"id": "p", "containers": []}),
    ("pod", {"id": "/p", "containers": [{}], "linuxInfo": {"seccomp": {}}}),
    ("job", {"id": "a.b", "run": {"cpus": 0.001, "mem": 31, "disk": -1}, "x": 1, "y": 2}),
    ("job", {"id": "a/b", "run": {"volumes": [{"containerPath": "/a", "secret": "s", "mode": 1}]}}),
    ("schedule", {"id": "a", "cron": "* * * *", "startingDeadlineSeconds": 0}),
]


@pytest.mark.parametrize(("kind", "document"), BROKEN, ids=lambda value: str(value)[:60])
def test_both_validators_agree_on_broken_definitions(kind: str, document: object) -> None:
    assert_agreement(kind, document)


@pytest.mark.parametrize("kind", sorted(SCHEMAS))
def test_both_validators_accept_a_definition_with_every_field(kind: str) -> None:
    assert jsonschema_rs.is_valid(read(SCHEMAS[kind]), COMPLETE[kind])
    assert jsonschema.Draft202012Validator(read(SCHEMAS[kind])).is_valid(COMPLETE[kind])


_ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**40), 2**40),
    st.sampled_from([0.5, 1.0, 0.0009, 1e9, "", "a", "A b", "RO", "rw", "unlimited", "/a/b", "@x"]),
    st.sampled_from([[], {}, [[]], [{}], {"secret": 1}, {"id": 1}]).map(copy.deepcopy),
)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_both_validators_agree_on_every_change(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(SCHEMAS)))
    document = copy.deepcopy(COMPLETE[kind])
    for _ in range(data.draw(st.integers(1, 4))):
        owner = data.draw(st.sampled_from(list(containers(document))))
        if not owner:
            continue
        keys = list(owner) if isinstance(owner, dict) else list(range(len(owner)))
        key = data.draw(st.sampled_from(keys))
        change = data.draw(st.sampled_from(["replace", "delete", "add"]))
        if change == "replace":
            owner[key] = data.draw(_ANYTHING)
        elif change == "delete":
            del owner[key]
        elif isinstance(owner, dict):
            owner[data.draw(st.sampled_from(["nobody", "", "secret", "mode", "run"]))] = 1
        else:
            owner.append(data.draw(_ANYTHING))
    assert_agreement(kind, document)


def test_what_the_schemas_refuse_is_what_we_report() -> None:
    for kind, document in [*BROKEN, *COMPLETE.items()]:
        refused = not jsonschema_rs.is_valid(read(SCHEMAS[kind]), document)
        found = [error for error in check(kind, document) if isinstance(error, SchemaError)]
        assert bool(found) is refused, document


def test_real_definitions_are_as_the_schemas_want_them() -> None:
    paths = sorted(glob.glob(os.path.join(SAMPLES, "*-[0-9]*.json")))
    if not paths:
        pytest.skip(f"no samples in {SAMPLES}: set POLICYLINT_SAMPLES to their folder")
    found = {}
    for path in paths:
        name = os.path.basename(path).removesuffix(".json")
        with open(path, encoding="utf-8") as file:
            raw = json.load(file)
        kind = name.rpartition("-")[0]
        found[name] = sorted(
            finding.message if isinstance(finding, SchemaError) else finding.name
            for finding in check(kind, raw)
        )
        assert_agreement(kind, raw)
    assert {name: words for name, words in found.items() if words} == FOUND_IN_SAMPLES


@pytest.mark.parametrize("path", EXAMPLES, ids=os.path.basename)
def test_an_example_is_as_its_schema_wants_it(path: str) -> None:
    with open(path, encoding="utf-8") as file:
        documents = parse(SourceFile(os.path.basename(path), file.read()))
    nodes = [node for document in documents for node in document.nodes]
    assert not [node for node in nodes if isinstance(node, (SchemaError, UnknownField))]


def test_there_are_examples() -> None:
    assert EXAMPLES


def assert_agreement(kind: str, document: object) -> None:
    """Both validators find the same places, whichever words they have for it."""
    schema = read(SCHEMAS[kind])
    one = {tuple(error.instance_path) for error in jsonschema_rs.iter_errors(schema, document)}
    # One of them leaves empty names out of its paths.
    other = {
        tuple(step for step in error.absolute_path if step != "")
        for error in jsonschema.Draft202012Validator(schema).iter_errors(document)
    }
    assert one == other


def fields(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field with its path, those of the definitions included; not those of conditions."""
    # Beside a reference properties only narrow down those that it names.
    for name, field in schema.get("properties", {}).items() if "$ref" not in schema else ():
        yield f"{path}.{name}", field
        yield from fields(field, f"{path}.{name}")
    below = [schema.get("items"), schema.get("additionalProperties")]
    for inner in [*below, *schema.get("patternProperties", {}).values()]:
        if isinstance(inner, dict):
            yield from fields(inner, f"{path}[]")
    for name, definition in schema.get("$defs", {}).items():
        yield from fields(definition, name)


def resolve(schema: dict[str, Any], field: dict[str, Any]) -> dict[str, Any]:
    name = field.get("$ref", "").rpartition("/")[2]
    return schema["$defs"][name] if name else field


def names_in(value: object) -> Iterator[str]:
    for container in containers(value):
        if isinstance(container, dict):
            yield from container


def containers(value: object) -> Iterator[Any]:
    if isinstance(value, (dict, list)):
        yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from containers(inner)
