"""Which documents are ours, what kind they are and which definitions stand in them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from policylint.model import ReadProblem, RepeatedKey, UnknownKind
from policylint.workload import Group, Schedule
from tests.parsers.reading import documents, job, nodes, pod, workload, workloads

APP = {"id": "/a", "cmd": "run"}
POD = pod({})
JOB = job(cmd="run")
SCHEDULE = {"id": "every", "cron": "0 * * * *"}


@pytest.mark.parametrize(
    ("definition", "kind", "ids"),
    [
        (APP, "app", ["/a"]),
        ({"id": "a", "cmd": "run"}, "app", ["/a"]),
        ([APP, {"id": "b", "cpus": 1}], "app-list", ["/a", "/b"]),
        ({"apps": [APP]}, "group", ["/a"]),
        ({"id": "/g", "apps": [{"id": "a", "cmd": "x"}]}, "group", ["/g/a"]),
        ({"id": "/g", "groups": [{"id": "h", "apps": [{"id": "a", "cmd": "x"}]}]}, "group",
         ["/g/h/a"]),
        ({"id": "/g", "groups": [{"id": "h", "apps": [{"id": "../a", "cmd": "x"}]}]}, "group",
         ["/g/a"]),
        ({"id": "/", "apps": [{"id": "/x/y", "cmd": "x"}]}, "group", ["/x/y"]),
        ({"id": "/g", "enforceRole": True}, "group", []),
        ({"scaleBy": 2}, "group", []),
        (POD, "pod", ["/p"]),
        ([POD, POD], "pod-list", ["/p", "/p"]),
        ({"id": "/p", "spec": POD, "status": "STABLE", "statusSince": "x"}, "pod", ["/p"]),
        ([{"id": "/p", "spec": POD, "status": "STABLE", "statusSince": "x"}], "pod-list", ["/p"]),
        ({"id": "/g", "apps": [], "pods": [{"id": "/g/p", "spec": POD, "status": "STABLE"}],
          "groups": []}, "group", ["/p"]),
        ({"app": APP}, "app", ["/a"]),
        ({"*": [APP]}, "app", ["/a"]),
        ({"queue": [{"app": APP, "count": 1}, {"pod": POD, "count": 2}]}, "app", ["/a", "/p"]),
        (JOB, "job", ["a"]),
        ([JOB], "job-list", ["a"]),
        (SCHEDULE, "schedule", []),
        ([SCHEDULE], "schedule-list", []),
        ({"id": "/a", "version": "2020-01-01T00:00:00.000Z"}, "rollback", []),
        ({"id": "/a", "instances": 2}, "app", ["/a"]),
        ({"cpus": 1, "mem": 64, "instances": 3}, "app", ["/"]),
        ({"id": "/a", "env": {}, "labels": {}}, "app", ["/a"]),
    ],
)  # fmt: skip
def test_what_a_document_is(definition: object, kind: str, ids: list[str]) -> None:
    (document,) = documents(definition, "any.json")
    assert document.kind == kind
    assert [found.id.value for found in workloads(definition, "any.json")] == ids


@pytest.mark.parametrize(
    "definition",
    [
        {"name": "x", "scripts": {"test": "x"}, "dependencies": {}},
        {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "a"}]}},
        {"containers": [{"name": "a", "image": "b"}]},
        {"services": {"web": {"image": "a", "container_name": "b"}}},
        {"id": "x", "panels": [], "env": {}, "labels": []},
        {"id": 5, "cmd": "x"},
        {"$schema": "http://json-schema.org/draft-07/schema#", "id": "x",
         "properties": {"cmd": {"type": "string"}}},
        {"name": "job", "schedule": "R/2020/P1D", "command": "x", "cpus": 0.1, "mem": 1},
        {"id": "t", "name": "task", "framework_id": "f", "slave_id": "s", "state": "RUNNING",
         "resources": {"cpus": 1}},
        {"id": "x", "args": []},
        {"packagingVersion": "4.0", "id": "x", "cmd": "y"},
        {"compilerOptions": {}, "id": "x", "cpus": 1},
        {"run": "npm test"},
        {"jobId": "a", "runs": [], "id": "x", "cpus": 1},
        [], {}, "text", 5, None, [1, 2], [APP, 1], [[APP]],
        {"apps": ["a"]}, {"apps": [], "x": 1}, {"groups": [{"name": "x"}]},
    ],
)  # fmt: skip
def test_what_is_somebody_else_s(definition: object) -> None:
    assert documents(definition, "any.json") == []


@pytest.mark.parametrize(
    ("definition", "kind"),
    [
        ({**APP, "kind": "x"}, "app"),
        ({"id": "a", "cmd": "run", "cpus": 1, "resources": {}}, "app"),
        ({"id": 5, "cmd": "run", "cpus": 1, "mem": 32}, "app"),
        ({**JOB, "scripts": {}}, "job"),
        ({**POD, "kind": "Pod", "apiVersion": "v1"}, "pod"),
        ({"id": "/g", "kind": "x", "apps": [APP]}, "group"),
        ({"id": "/g", "apps": [{**APP, "kind": "x"}]}, "group"),
        ({"id": "/g", "apps": [{"x": 1}, APP]}, "group"),
        ({"id": "/g", "apps": [None, APP]}, "group"),
        ({"id": "/g", "apps": [{"x": 1}], "groups": [{"id": "h", "apps": [APP]}]}, "group"),
        ([APP, {"x": 1}], "app-list"),
        ([APP, {"id": "b"}], "app-list"),
        ([APP, {"id": "/b", "version": "2020-01-01T00:00:00.000Z"}], "app-list"),
    ],
)
def test_nothing_that_is_added_hides_a_definition(definition: object, kind: str) -> None:
    (document,) = documents(definition, "any.json")
    assert document.kind == kind


@pytest.mark.parametrize(
    ("more", "kinds"),
    [({"run": {}}, {"job", "app"}), ({"run": {"cpus": 1, "cmd": "x"}}, {"job", "app"}),
     ({"cron": "* * * * *"}, {"app"}), ({"containers": []}, {"pod", "app"})],
)  # fmt: skip
def test_what_two_servers_read_in_two_ways_is_judged_both_ways(
    more: dict[str, Any], kinds: set[str]
) -> None:
    definition = {**APP, "container": {"docker": {"image": "a:1", "privileged": True}}, **more}
    found = workloads(definition)
    assert {workload.kind for workload in found} == kinds
    assert any(part.privileged for workload in found for part in workload.containers)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.json", r'{"i\u0064": "/a", "c\u006dd": "run"}'),
        ("x.yaml", r'{"i\x64": /a, "\u0063md": run}'),
        ("x.yaml", '? "i\\\n  d"\n: /a\n? "c\\\n  md"\n: run\n'),
    ],
)
def test_no_spelling_of_its_keys_hides_a_definition(name: str, text: str) -> None:
    (document,) = documents(text, name)
    assert document.kind == "app"


@pytest.mark.parametrize(
    ("name", "is_ours"),
    [("marathon.json", True), ("web.json", True), ("marathon.txt", False), ("marathon.md", False)],
)
def test_yaml_under_the_name_of_json_is_no_json(name: str, is_ours: bool) -> None:
    found = documents("id: /a\ncmd: run\ncpus: 1\n", name)
    assert [type(node) for document in found for node in document.nodes] == [ReadProblem] * is_ours


def test_yaml_streams_hold_several_documents() -> None:
    text = "id: /a\ncmd: x\n---\n---\nid: job\nrun: {cpus: 1, mem: 32, disk: 0, cmd: x}\n"
    assert [document.kind for document in documents(text, "x.yaml")] == ["app", "job"]


def test_json_under_a_yaml_name_is_read_as_json() -> None:
    text = '{"id": "/a", "cmd": "x\\u00e9", "id": "/b"}'
    assert [type(node) for node in nodes(text, "x.yml")][:1] == [RepeatedKey]


@pytest.mark.parametrize("kind", ["app", "pod", "job"])
def test_a_kind_that_the_user_states_is_not_doubted(kind: str) -> None:
    (document,) = documents({"foo": 1}, "x.json", kind=kind)
    assert document.kind == kind


@pytest.mark.parametrize("text", ["5", '"text"', "null"])
def test_a_lone_value_is_of_no_stated_kind(text: str) -> None:
    (document,) = documents(text, "x.json", kind="app")
    assert [type(node) for node in document.nodes] in ([UnknownKind], [ReadProblem])


def test_a_name_of_ours_with_content_of_no_kind() -> None:
    (document,) = documents({"id": "x", "env": {}}, "marathon.json")
    assert [type(node) for node in document.nodes] == [UnknownKind]


@pytest.mark.parametrize(
    ("name", "definition"),
    [
        ("web.json", {"id": "x", "env": {}}),
        ("marathon-lb.json", {"marathon-lb": {"cpus": 1}}),
        ("marathon.yaml", {"swagger": "2.0", "paths": {}, "id": "x"}),
        ("marathon.schema.json", {"$schema": "http://json-schema.org/draft-07/schema#", "id": "x"}),
    ],
)
def test_no_doubt_where_nothing_says_that_it_is_ours(name: str, definition: object) -> None:
    assert documents(definition, name) == []


@pytest.mark.parametrize(
    ("definition", "is_partial"),
    [
        (APP, False),
        ({"id": "/a", "args": ["x"]}, False),
        ({"id": "/a", "container": {"docker": {"image": "x"}}}, False),
        ({"id": "/a", "instances": 5}, True),
        ({"id": "/a", "container": {"volumes": []}}, True),
        ({"cmd": "x", "cpus": 1, "mem": 1}, True),
    ],
)
def test_a_partial_update_keeps_what_it_leaves_out(definition: Any, is_partial: bool) -> None:
    assert workload(definition).partial is is_partial


def test_a_group_and_what_it_says() -> None:
    found = [node for node in nodes({"id": "dev", "enforceRole": False, "apps": [APP]})
             if isinstance(node, Group)]  # fmt: skip
    (group,) = found
    assert group.id.value == "/dev"
    assert group.is_top
    assert group.enforce_role is not None
    assert group.enforce_role.is_false


def test_a_schedule_alone_and_inside_a_job() -> None:
    alone = [node for node in nodes(SCHEDULE) if isinstance(node, Schedule)]
    inside = workload({**JOB, "schedules": [SCHEDULE]}).schedules
    assert [found.cron.value for found in (*alone, *inside)] == ["0 * * * *", "0 * * * *"]


NULLS = ("container", "env", "labels", "args", "cmd", "fetch", "uris", "networks", "constraints",
         "healthChecks", "portDefinitions", "ports", "ipAddress", "upgradeStrategy", "secrets",
         "acceptedResourceRoles", "dependencies", "user", "role", "executor")  # fmt: skip


def test_null_is_absent_everywhere() -> None:
    with_nulls = {"id": "/a", "cpus": 1, **dict.fromkeys(NULLS)}
    assert workload(with_nulls) == workload({"id": "/a", "cpus": 1}) or (
        repr(workload(with_nulls)) == repr(workload({"id": "/a", "cpus": 1}))
    )


WRONG: tuple[Any, ...] = ("text", 5, True, [], {}, [1], [[]], {"x": 1}, [{"x": []}], None, 1e400)


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
@pytest.mark.parametrize("definition", [APP, POD, JOB, {"id": "/g", "apps": [APP]}],
                         ids=["app", "pod", "job", "group"])  # fmt: skip
def test_a_member_of_any_wrong_type_is_no_reason_to_fall_over(definition: Any, wrong: Any) -> None:
    fields = (*NULLS, "containers", "volumes", "scaling", "scheduling", "run", "schedules",
              "environment", "instances", "groups", "apps", "pods", "linuxInfo")  # fmt: skip
    for field in fields:
        nodes(json.dumps({**definition, field: wrong}))
    if definition is JOB:
        for field in ("docker", "ucr", "volumes", "artifacts", "env", "placement", "restart"):
            nodes(json.dumps({**JOB, "run": {**JOB["run"], field: wrong}}))


@pytest.mark.parametrize(
    ("stated", "definition"),
    [("group", APP), ("app", POD), ("pod", JOB), ("job", APP), ("schedule", [APP])],
)
def test_a_stated_kind_that_the_content_contradicts_is_told_and_both_are_judged(
    stated: str, definition: object
) -> None:
    (document,) = documents(definition, "x.json", kind=stated)
    assert any(isinstance(node, UnknownKind) for node in document.nodes)
    assert any(getattr(node, "kind", None) in ("app", "pod", "job") for node in document.nodes)


@pytest.mark.parametrize(
    ("stated", "definition"),
    [
        ("app", [APP]),
        ("app-list", {"apps": [APP]}),
        ("group", {"apps": [APP]}),
        ("app", {"id": "/a"}),
    ],
)
def test_a_stated_kind_that_fits_is_not_told(stated: str, definition: object) -> None:
    (document,) = documents(definition, "x.json", kind=stated)
    assert not any(isinstance(node, UnknownKind) for node in document.nodes)
