"""Definitions against their schemas: what is said, where, and what is left alone."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policylint.model import SchemaError, UnknownField
from policylint.parsers.structure import SCHEMAS, check
from policylint.tree import MAX_DEPTH, Place, Placeholder
from tests.parsers.definitions import COMPLETE, JOB

if TYPE_CHECKING:
    from collections.abc import Iterator

    Path = tuple[str | int, ...]

KINDS = sorted(COMPLETE)


@pytest.mark.parametrize("kind", KINDS)
def test_a_definition_with_every_field_is_left_alone(kind: str) -> None:
    assert list(check(kind, COMPLETE[kind])) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_type_is_found_at_exactly_that_field_and_hides_nothing(kind: str) -> None:
    broken = _with_mistakes(kind)
    before = list(check(kind, broken))
    assert len(before) >= 2
    for path, value in _values(COMPLETE[kind]):
        wrong = _replaced(broken, path, 7 if isinstance(value, list) else [])
        found = list(check(kind, wrong))
        assert [finding.at for finding in found].count(Place(path)) == 1, path
        for finding in before:
            if _path(finding)[: len(path)] != path:
                assert str(finding) in list(map(str, found)), path


@pytest.mark.parametrize("kind", ["app", "app-list", "group", "pod"])
def test_a_field_that_marathon_does_not_know_is_found_in_every_object(kind: str) -> None:
    for path, value in [((), COMPLETE[kind]), *_values(COMPLETE[kind])]:
        if isinstance(value, dict) and not _is_map(path) and kind != "app-list":
            wrong = _replaced(COMPLETE[kind], path, {**value, "nobody": 1})
            fields = [found for found in check(kind, wrong) if isinstance(found, UnknownField)]
            assert [field.at for field in fields] == [Place((*path, "nobody"), key=True)]


def test_a_field_that_metronome_does_not_know_is_refused_or_read_by_nobody() -> None:
    ignored = {
        ("schedules", 0),
        ("dependencies", 0),
        ("run", "env", "KEY"),
        ("run", "secrets", "key"),
    }
    for path, value in [((), JOB), *_values(JOB)]:
        if isinstance(value, dict) and not _is_map(path):
            (found,) = check("job", _replaced(JOB, path, {**value, "nobody": 1}))
            assert found.at == Place((*path, "nobody"), key=True)
            assert isinstance(found, UnknownField if path in ignored else SchemaError), path


@pytest.mark.parametrize("kind", ["app", "group", "pod"])
def test_null_is_absent_for_marathon(kind: str) -> None:
    for path, _ in _values(COMPLETE[kind]):
        if isinstance(path[-1], str) and not _is_map(path[:-1]):
            absent = list(check(kind, _without(COMPLETE[kind], path)))
            null = list(check(kind, _replaced(COMPLETE[kind], path, None)))
            assert _messages(null) == _messages(absent), path
            places = {finding.at for finding in absent} | {Place(path)}
            assert {finding.at for finding in null} <= places, path


def test_null_is_refused_by_metronome() -> None:
    for path, _ in _values(JOB):
        found = list(check("job", _replaced(JOB, path, None)))
        assert Place(path) in [finding.at for finding in found], path


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("hole", [Placeholder("{{x}}"), "{{x}}", "${X}", "<x>"], ids=repr)
def test_a_placeholder_is_right_anywhere(kind: str, hole: str) -> None:
    for path, _ in _values(COMPLETE[kind]):
        found = list(check(kind, _replaced(COMPLETE[kind], path, hole)))
        assert Place(path) not in [finding.at for finding in found], path


def test_a_partial_definition_may_lack_its_id() -> None:
    assert _messages(check("app", {"cpus": "1"}, partial=True)) == [
        "cpus is a text, expected a number"
    ]
    assert _messages(check("app", {"cpus": 1})) == ["missing: id"]


def test_places_begin_where_the_definition_stands() -> None:
    app = {"cmd": "run", "cpus": "1", "cupz": 1, "env": {"": "x"}, "networks": [{"name": 5}]}
    paths = [_path(finding) for finding in check("app", app, ("queue", 0, "app"))]
    assert len(paths) == 5
    assert all(path[:3] == ("queue", 0, "app") for path in paths)


@pytest.mark.parametrize(
    ("broken", "place"),
    [
        ({"cmd": "run"}, Place(("cmd",), key=True)),
        ({}, Place(())),
        ({"id": "/a", "fetch": [{"extract": True}]}, Place(("fetch", 0, "extract"), key=True)),
        ({"id": "/a", "fetch": [{}]}, Place(("fetch",), key=True)),
        ({"id": "/a", "secrets": {"k": {}}}, Place(("secrets", "k"), key=True)),
        ({"id": "/a", "container": {"docker": {}}}, Place(("container", "docker"), key=True)),
        (
            {"id": "/a", "container": {"volumes": [{"containerPath": "/d", "mode": "RO"}]}},
            Place(("container", "volumes", 0, "containerPath")),
        ),
    ],
)
def test_what_is_missing_is_said_at_the_owner(broken: object, place: Place) -> None:
    assert [finding.at for finding in check("app", broken)] == [place]


@pytest.mark.parametrize(
    ("name", "suggestion", "is_security"),
    [
        ("instanses", "instances", False),
        ("healthchecks", "healthChecks", False),
        ("back_off_seconds", "backoffSeconds", False),
        ("acceptedResourcesRoles", "acceptedResourceRoles", True),
        ("cupc", "cpus", False),
        ("cups", "cpus", False),
        ("memory", "mem", False),
        ("environment", "env", False),
        ("privileged", "container.docker.privileged", True),
        ("forcePullImage", "container.docker.forcePullImage", False),
        ("network", "networks", True),
        ("enforceRole", None, True),
        ("foo", None, False),
        ("value", None, False),
        ("x" * 10_000, None, False),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_was_meant(name: str, suggestion: str | None, is_security: bool) -> None:
    (field,) = check("app", {"id": "/a", name: 1})
    assert isinstance(field, UnknownField)
    if name == "cupc":
        suggestion = None  # two slips make another word of a short one
    assert (field.suggestion, field.is_security) == (suggestion, is_security)


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("forcePull", 'instead, write "forcePullImage"'),
        ("requirePorts", "instead, move it to the top of the definition"),
        ("type", "instead, move it to container.type"),
        ("volumes", "instead, move it to container.volumes"),
        ("squash", None),
    ],
)
def test_where_a_misplaced_field_belongs(name: str, instead: str | None) -> None:
    (field,) = check("app", {"id": "/a", "container": {"docker": {"image": "a:1", name: 1}}})
    assert isinstance(field, UnknownField)
    assert field.instead == instead


def test_a_misplaced_field_of_an_app_in_a_group_belongs_to_the_app() -> None:
    app = {"id": "a", "cmd": "run", "container": {"docker": {"image": "a:1", "cpus": 1}}}
    (field,) = check("group", {"id": "/", "groups": [{"id": "g", "apps": [app]}]})
    assert isinstance(field, UnknownField)
    assert field.instead == "instead, move it to the top of the definition"


def test_more_unknown_fields_than_anybody_misspells_are_found_without_advice() -> None:
    found = list(check("app", {"id": "/a", **{f"cpuz{n}": n for n in range(20_000)}}))
    assert len(found) == 20_000


@pytest.mark.parametrize("name", ["", "0", "007", "+5", "²", "a/b", "~1", "\ud800", "9" * 5_000])
def test_an_odd_name_hides_nothing(name: str) -> None:
    found = list(check("app", {"id": "/a", "labels": {name: 5, "team": "shop"}}))
    assert len(found) == 1
    assert _path(found[0])[:1] == ("labels",)


@pytest.mark.parametrize("name", ["", "0", "a/b", "~1"])
def test_an_odd_name_is_found_in_its_place(name: str) -> None:
    (found,) = check("app", {"id": "/a", "labels": {"": "x", "0": "y", name: 5}})
    assert found.at == Place(("labels", name))


def test_ten_thousand_mistakes_are_as_many_findings() -> None:
    names = {f"{number}-": "x" for number in range(10_000)}
    pod = {"id": "/a", "environment": names, "containers": [{"name": "a", "resources": {}}]}
    assert len(list(check("pod", pod))) == 10_000
    fetch = [{"extract": "yes"}] * 10_000
    assert len(list(check("app", {"id": "/a", "fetch": fetch}))) == 20_000


def test_long_values_are_shortened() -> None:
    (finding,) = check("app", {"id": "/A" * 1000})
    assert isinstance(finding, SchemaError)
    assert len(finding.message) < 200


def test_an_unknown_kind_has_no_structure() -> None:
    assert list(check("rollback", {"version": 1})) == []


_ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
    st.sampled_from(["\ud800", Placeholder("{{x}}"), 10**400, -(10**400), "{{x}}", "RO", "DOCKER"]),
)
_NAMES = st.sampled_from(
    ["id", "container", "docker", "volumes", "persistent", "external", "options", "env", "run",
     "constraints", "networks", "mode", "secret", "apps", "groups", "\ud800", "{{x}}", ""]
)  # fmt: skip
_ANY = st.recursive(
    _ODD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(SCHEMAS)), _ANY, st.booleans())
def test_nothing_that_a_reader_can_read_is_too_odd(kind: str, raw: object, partial: bool) -> None:
    for finding in check(kind, raw, partial=partial):
        assert isinstance(finding.at, Place)
        if isinstance(finding, SchemaError):
            assert "\n" not in finding.message
            assert finding.message.encode()


def test_the_deepest_definition_that_a_reader_lets_pass_is_judged() -> None:
    deep: Any = {"id": 5}
    for _ in range(MAX_DEPTH):
        deep = {"id": "g", "groups": [deep]}
    assert _messages(check("group", deep)) == ["id is a number, expected a text"]


def _with_mistakes(kind: str) -> Any:
    broken = copy.deepcopy(COMPLETE[kind])
    tops = {"app-list": "apps", "group": "apps"}
    app = broken[tops[kind]][0] if kind in tops else broken
    if kind == "job":
        broken["run"]["cpus"] = 0
        broken["run"]["nobody"] = 1
    elif kind == "schedule":
        broken["cron"] = "@daily"
        broken["nobody"] = 1
    elif kind == "pod":
        broken["containers"][0]["resources"]["cpus"] = 0
        broken["nobody"] = 1
    else:
        app["cpus"] = 0
        app["container"]["docker"]["nobody"] = 1
    return broken


def _values(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value below a value with its path."""
    steps = value.items() if isinstance(value, dict) else enumerate(value)
    for step, inner in steps:
        yield (*path, step), inner
        if isinstance(inner, (dict, list)):
            yield from _values(inner, (*path, step))


def _is_map(path: Path) -> bool:
    """Whether the names at a path are the author's."""
    free = {"labels", "env", "environment", "secrets", "options", "nodeStageSecret",
            "nodePublishSecret", "volumeContext"}  # fmt: skip
    return (bool(path) and path[-1] in free) or "options" in path


def _path(finding: SchemaError | UnknownField) -> Path:
    assert isinstance(finding.at, Place)
    return finding.at.path


def _messages(findings: Any) -> list[str]:
    return [finding.message for finding in findings if isinstance(finding, SchemaError)]


def _replaced(root: Any, path: Path, value: object) -> Any:
    if not path:
        return value
    changed = dict(root) if isinstance(root, dict) else list(root)
    changed[path[0]] = _replaced(root[path[0]], path[1:], value)  # type: ignore[index]
    return changed


def _without(root: Any, path: Path) -> Any:
    changed = dict(root) if isinstance(root, dict) else list(root)
    if len(path) == 1:
        del changed[path[0]]  # type: ignore[arg-type]
    else:
        changed[path[0]] = _without(root[path[0]], path[1:])  # type: ignore[index]
    return changed
