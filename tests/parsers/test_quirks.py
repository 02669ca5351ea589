"""What the case files of the rules do not show: places beside a quirk, owners, hostile values."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policylint.detect import parameters
from policylint.engine import lint
from policylint.model import Conflict, DeprecatedFields, DroppedSetting
from policylint.policy import built_in
from policylint.source import SourceFile
from tests.parsers.reading import docker, documents, job, nodes, pod

Quirk = Conflict | DroppedSetting

APP = {
    "id": "/a", "cmd": "run", "args": ["x"], "user": "nobody", "role": "dev", "gpus": 1,
    "cpus": 1, "mem": 64, "acceptedResourceRoles": ["*", "other"], "uris": ["https://d/a"],
    "fetch": [{"uri": "https://d/b"}], "ports": [80, 80], "requirePorts": True,
    "portDefinitions": [{"port": 81, "name": "a"}, {"port": 81, "name": "a"}],
    "networks": [{"mode": "container", "name": "a"}, {"mode": "host", "name": "b"}],
    "ipAddress": {"groups": ["g"], "discovery": {"ports": [{"name": "a"}]}},
    "residency": {"taskLostBehavior": "RELAUNCH_AFTER_TIMEOUT"},
    "resourceLimits": {"cpus": 0.5, "mem": 32},
    "unreachableStrategy": {"inactiveAfterSeconds": 9, "expungeAfterSeconds": 1},
    "check": {"tcp": {"port": 80}, "http": {"port": 80}},
    "healthChecks": [{"protocol": "COMMAND", "path": "/", "delaySeconds": 9},
                     {"protocol": "MESOS_TCP", "ipProtocol": "IPv6", "command": {"value": "x"}},
                     {"protocol": "MESOS_TCP"}],
    "container": {
        "type": "DOCKER",
        "docker": {"image": "a:1", "network": "BRIDGE", "pullConfig": {"secret": "k"},
                   "portMappings": [{"containerPort": 80}], "credential": {"principal": "p"},
                   "parameters": [{"key": "user=0", "value": ""}], "privileged": True},
        "linuxInfo": {"seccomp": {"profileName": "p", "unconfined": True},
                      "ipcInfo": {"mode": "SHARE_PARENT", "shmSize": 1}},
        "portMappings": [{"containerPort": 80, "hostPort": 1, "networkNames": ["x", "y"]}],
        "volumes": [{"containerPath": "a", "secret": "k", "hostPath": "/a", "mode": "RO"}],
    },
}  # fmt: skip

POD = {
    "id": "/p", "legacySharedCgroups": True, "user": "nobody", "role": "dev",
    "networks": [{"mode": "host"}, {"mode": "container", "name": "a"}],
    "volumes": [{"name": "v", "persistent": {"size": 1}, "host": "/v"}, {"name": "v"}],
    "scheduling": {"placement": {"acceptedResourceRoles": ["other"]},
                   "unreachableStrategy": {"inactiveAfterSeconds": 9, "expungeAfterSeconds": 1}},
    "containers": [{
        "name": "c", "resources": {"cpus": 1, "mem": 64}, "resourceLimits": {"mem": 1},
        "exec": {"command": {"shell": "a", "argv": ["b"]}, "overrideEntrypoint": False},
        "endpoints": [{"name": "e", "containerPort": 80, "networkNames": ["z"], "hostPort": 1}],
        "volumeMounts": [{"name": "w", "mountPath": "w"}],
        "healthCheck": {"tcp": {"endpoint": "e"}, "http": {"endpoint": "e"}},
    }],
}  # fmt: skip

JOB = {
    "id": "j", "dependencies": [{"id": "a"}, {"id": "a"}],
    "schedules": [{"id": "s", "cron": "0 0 * * *"}, {"id": "t", "cron": "0 0 * * *"}],
    "run": {"cpus": 1, "mem": 64, "disk": 0, "gpus": 1, "cmd": "a", "args": ["b"], "user": "nobody",
            "docker": {"image": "a:1"}, "ucr": {"image": {"id": "a:1", "kind": "appc"},
                                                "privileged": True},
            "networks": [{"mode": "host", "name": "x"}, {"mode": "container", "name": "y"}],
            "volumes": [{"containerPath": "a", "secret": "k"}],
            "placement": {"constraints": [{"attribute": "a", "operator": "EQ"}]}},
}  # fmt: skip

ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(-1, 9999), st.floats(allow_nan=False),
    st.text(max_size=4),
    st.just([]), st.just({}), st.just([None]), st.just([[]]), st.just([{}]), st.just([1, "a"]),
    st.just({"a": 1}), st.just("{{x}}"),
)  # fmt: skip


def quirks(definition: object) -> list[Quirk]:
    return [node for node in nodes(definition) if isinstance(node, (Conflict, DroppedSetting))]


def text(definition: object, at: Any) -> str:
    (document,) = documents(definition)
    span = document.span(at)
    return document.source.text[span.start : span.end]


@pytest.mark.parametrize(
    ("definition", "here", "beside", "why"),
    [
        pytest.param(
            {"id": "/a", "cmd": "run", "args": ["x"]}, '"args"', '"run"', "cmd stands here",
            id="the other field",
        ),
        pytest.param(
            docker(pullConfig={"secret": "k"}), '"pullConfig"', '"container"',
            "no type is stated, which means DOCKER", id="a type that nobody states",
        ),
        pytest.param(
            {"id": "/a",
             "container": {"type": "mesos", "docker": {"image": "a", "privileged": True}}},
            "true", '"mesos"', "type MESOS is stated here", id="a type that is stated",
        ),
        pytest.param(
            {"id": "/a", "container": {"docker": {"image": "a"}, "portMappings": [{}]}},
            '"portMappings"', '"/a"', "no network is stated, which means the agent's own",
            id="a network that nobody states",
        ),
        pytest.param(
            {"id": "/a", "cmd": "run", "requirePorts": True, "networks": [{"mode": "container"}]},
            "true", '"container"', "network mode container is chosen here",
            id="a network that is stated",
        ),
        pytest.param(
            job(docker={"image": "a:1"}, gpus=1), "1", '"docker"',
            "the Docker engine is chosen here", id="the engine of a job",
        ),
        pytest.param(
            pod({"resourceLimits": {"mem": 64}}, legacySharedCgroups=True), '"resourceLimits"',
            "true", "legacySharedCgroups stands here", id="a field of the pod",
        ),
    ],
)  # fmt: skip
def test_a_quirk_shows_what_it_depends_on(
    definition: object, here: str, beside: str, why: str
) -> None:
    (quirk,) = quirks(definition)
    ((at, message),) = quirk.others
    assert (text(definition, quirk.at), text(definition, at), message) == (here, beside, why)


@pytest.mark.parametrize("definition", [APP, POD, JOB], ids=["app", "pod", "job"])
def test_every_quirk_says_what_to_write_instead(definition: object) -> None:
    found = quirks(definition)
    assert len(found) > 8
    assert [quirk for quirk in found if not (quirk.instead or "").startswith("instead, ")] == []


def test_old_fields_of_all_definitions_of_a_document_are_one_node() -> None:
    group = {"id": "/g", "apps": [{"id": "a", "cmd": "x", "uris": ["u"]}],
             "groups": [{"id": "b", "apps": [{"id": "c", "cmd": "x", "ports": [1]}]}]}  # fmt: skip
    (found,) = [node for node in nodes(group) if isinstance(node, DeprecatedFields)]
    assert [(old, new) for old, new, _ in found.fields] == [
        ("uris", "fetch"),
        ("ports", "portDefinitions"),
    ]


def test_a_finding_on_a_quirk_belongs_to_its_workload() -> None:
    group = {"id": "/g", "apps": [{"id": "a", "cmd": "x"}, {"id": "b", "cmd": "x", "args": ["y"]}]}
    report = lint([SourceFile("marathon.json", json.dumps(group))], built_in("all"))
    subjects = [
        finding.subject for finding in report.findings if finding.rule.name == "conflicting-fields"
    ]
    assert subjects == ["/g/b"]


def test_a_role_is_enforced_by_the_group_at_the_top_only() -> None:
    inner = {"id": "b", "enforceRole": True,
             "apps": [{"id": "c", "cmd": "x", "acceptedResourceRoles": ["public"]}]}  # fmt: skip
    assert quirks({"id": "/a", "groups": [inner]}) == []
    assert [quirk.others for quirk in quirks({"id": "/a", "enforceRole": True, "groups": [inner]})]


@pytest.mark.parametrize("definition", [APP, POD, JOB], ids=["app", "pod", "job"])
@given(data=st.data())
def test_a_value_of_any_type_anywhere_breaks_nothing(definition: Any, data: st.DataObject) -> None:
    changed = json.loads(json.dumps(definition))
    holder, key = data.draw(st.sampled_from(_slots(changed)))
    holder[key] = data.draw(ANYTHING)
    for document in documents(changed):
        for node in document.nodes:
            if isinstance(node, (Conflict, DroppedSetting)):
                for at in (node.at, *(at for at, _ in node.others)):
                    assert document.span(at).start < document.span(at).end


def test_sections_within_sections_by_the_hundred_thousand_are_read() -> None:
    template = '{"id": "/a", "cmd": "x", "args": ["y"] ' + "{{#a}}" * 100_000 + "}"
    (document,) = documents(template, "a.json.mustache")
    assert [node for node in document.nodes if isinstance(node, Conflict)]


@pytest.mark.parametrize(
    ("condition", "count"),
    [
        ('{% if a %}"args": ["x"],{% else %}"cmd": "y",{% endif %}', 0),
        ('{% if a %}"args": ["x"],{% elif b %}"cmd": "y",{% endif %}', 0),
        ('{% if a %}"args": ["x"],{% endif %}"cmd": "y",', 1),
        ('{% if a %}"args": ["x"], "cmd": "y",{% endif %}', 1),
        ('{{#a}}"args": ["x"],{{/a}}{{#b}}"cmd": "y",{{/b}}', 0),
        ('{{#a}}"args": ["x"],{{/a}}{{#a}}"cmd": "y",{{/a}}', 1),
        ('{{#a}}"args": ["x"],{{#b}}"cmd": "y",{{/b}}{{/a}}', 1),
    ],
)
def test_only_what_one_rendering_can_have_together_conflicts(condition: str, count: int) -> None:
    template = '{"id": "/a", ' + condition + ' "instances": 1}'
    (document,) = documents(template, "a.json.j2")
    assert sum(isinstance(node, Conflict) for node in document.nodes) == count


def test_every_kind_of_flag_is_reviewed_and_none_is_two_things() -> None:
    kinds = [set(parameters.DENIED), set(parameters.CHECKED), set(parameters.SAFE)]
    assert sum(map(len, kinds)) == len(parameters.REVIEWED)
    assert parameters.SWITCHES | parameters.LISTS <= parameters.REVIEWED
    assert not parameters.SWITCHES & parameters.LISTS


def _slots(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a value that can hold another one."""
    keys = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    return [slot for key in keys for slot in ((value, key), *_slots(value[key]))]
