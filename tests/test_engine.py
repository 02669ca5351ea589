"""What is ours, what is passed over in silence, and what becomes of input that is bad."""

from __future__ import annotations

import gc
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policylint.engine import ByPrograms, Checks, lint, load_rule
from policylint.finding import UNREADABLE
from policylint.image import Run
from policylint.parsers import parse
from policylint.policy import built_in
from policylint.rules.index import RULES
from policylint.source import ReadFailure, SourceFile
from tests.parsers.reading import walk

if TYPE_CHECKING:
    from policylint.finding import Report

ALL = built_in("all")
BASELINE = built_in("baseline")


def check(text: str, name: str = "app.json", kind: str | None = None) -> Report:
    return lint([SourceFile(name, text, kind=kind)], BASELINE)


def rules(report: Report) -> list[str]:
    return [finding.rule.name for finding in report.findings]


APP = {"id": "/web", "cmd": "run", "cpus": 0.1, "mem": 32, "instances": 1}

# Written like the real ones, each with words that a definition also has.
FOREIGN: dict[str, Any] = {
    "package.json": {
        "name": "web", "version": "1.0.0", "private": True, "scripts": {"start": "node ."},
        "dependencies": {"express": "^4"}, "container": "web", "env": {"A": "b"},
    },
    "tsconfig.json": {"compilerOptions": {"strict": True, "types": ["node"]}, "include": ["src"]},
    "values.json": {
        "image": {"repository": "web", "tag": "1"}, "replicas": 2, "env": {"A": "b"},
        "resources": {"limits": {"cpu": "1"}}, "labels": {}, "args": ["--x"],
    },
    "docker-compose.json": {
        "version": "3", "services": {"web": {"image": "web", "container_name": "x", "cpus": 0.5}},
        "networks": {"default": {}}, "secrets": {},
    },
    "deployment.json": {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"labels": {"app": "web"}},
        "spec": {"template": {"spec": {"containers": [{"name": "web", "args": ["x"]}]}}},
    },
    "pod.json": {
        "kind": "Pod", "apiVersion": "v1", "id": "x", "containers": [{"name": "a"}], "env": [],
    },
    "dashboard.json": {
        "id": None, "uid": "x", "title": "CPU", "panels": [{"id": 1, "targets": []}], "tags": [],
    },
    "dashboard-old.json": {"id": 12, "title": "mem", "rows": [{"panels": []}], "instances": 3},
    "schema.json": {
        "$schema": "http://json-schema.org/draft-07/schema#", "id": "http://example.com/app",
        "type": "object", "required": ["cmd"], "dependencies": {"a": ["b"]},
        "properties": {"id": {"type": "string"}, "cmd": {"type": "string"}, "cpus": {}, "mem": {}},
    },
    "chronos.json": {
        "name": "nightly", "schedule": "R/2027-01-01T00:00:00Z/P1D", "command": "run", "cpus": 0.5,
        "mem": 128, "uris": [], "owner": "ops@example.com", "epsilon": "PT15M",
        "container": {"type": "DOCKER", "image": "job"}, "constraints": [],
    },
    "chronos-list.json": [
        {"name": "a", "schedule": "R//P1D", "command": "x", "cpus": 1, "mem": 1, "uris": []},
        {"name": "b", "parents": ["a"], "command": "x", "cpus": 1, "mem": 1, "disk": 1, "uris": []},
    ],
    "tasks.json": {
        "tasks": [{
            "id": "web.1", "name": "web", "framework_id": "f", "executor_id": "", "slave_id": "s",
            "state": "TASK_RUNNING", "resources": {"cpus": 1, "mem": 2}, "labels": [],
        }],
    },
    "task-list.json": [{
        "id": "web.1", "name": "web", "framework_id": "f", "executor_id": "", "slave_id": "s",
        "state": "TASK_RUNNING", "resources": {"cpus": 1}, "container": {"type": "DOCKER"},
    }],
    "running.json": {"tasks": [{"id": "web.1", "appId": "/web", "host": "a", "ports": [1]}]},
    "options.json": {"service": {"name": "web", "cpus": 1, "mem": 32, "instances": 3, "user": "x"}},
    "config.json": {"type": "object", "properties": {"service": {"properties": {"cpus": {}}}}},
    "users.json": [{"id": "7", "user": {"login": "a"}, "labels": []}, {"id": "8", "role": "x"}],
    "people.json": {"id": "7", "name": "web", "role": "admin"},
    "task-definition.json": {
        "family": "web", "containerDefinitions": [{"name": "a", "image": "b", "cpu": 1}],
        "cpu": "256", "memory": "512",
    },
    "list.json": [], "object.json": {}, "number.json": 7, "text.json": "cmd", "null.json": None,
    "mixed.json": [APP, 7],
}  # fmt: skip


@pytest.mark.parametrize("name", FOREIGN)
@pytest.mark.parametrize("ending", [".json", ".yml"])
def test_what_is_not_ours_is_passed_over_in_silence(name: str, ending: str) -> None:
    report = lint([SourceFile(name[:-5] + ending, json.dumps(FOREIGN[name], indent=2))], ALL)
    assert (report.findings, report.files, report.passed_over) == ([], [], 1)
    assert not report.failed


@pytest.mark.parametrize(
    "name",
    [name for name in FOREIGN if name not in ("chronos.json", "chronos-list.json", "mixed.json",
     "schema.json", "tasks.json", "task-list.json", "options.json")],
)  # fmt: skip
def test_broken_files_of_others_are_passed_over_in_silence(name: str) -> None:
    text = json.dumps(FOREIGN[name], indent=2)
    for broken in (text[:-1], text[: len(text) // 2], text + "}", "// comment\n" + text[:-2]):
        assert check(broken, name).findings == [], broken


FOREIGN_TEXTS = {
    "values.yaml": "image:\n  tag: '1'\nreplicaCount: 2\nresources: {}\nenv:\n  - name: A\n",
    "templates/deployment.yaml": "{{- if .Values.x }}\nkind: Deployment\nspec:\n  {{- end }}\n",
    "docker-compose.yml": "version: '2.4'\nservices:\n  web:\n    image: web\n    cpus: 0.5\n"
    "    container_name: web\n    environment: [A=b]\n",
    "broken-compose.yml": "services:\n  web:\n  image: [web\n    cpus: 0.5\n",
    "deployment.yaml": "apiVersion: apps/v1\nkind: Deployment\nspec:\n  containers: []\n",
    "service.yaml": "apiVersion: v1\nkind: Service\n---\nkind: Pod\nid: x\ncmd: y\n",
    "broken-deployment.yaml": "apiVersion: apps/v1\nkind: Deployment\n\tspec:\n  containers: [\n",
    "workflow.yml": "on: push\njobs:\n  a:\n    container: x\n    env: {A: b}\n    steps: []\n",
    "playbook.yml": "- hosts: all\n  tasks:\n  - name: x\n    cmd: y\n    args: {chdir: z}\n",
    "README.md": 'Write `{"id": "/web", "cmd": "run", "cpus": 1}` into app.json.\n',
    "notes.txt": "cmd: the command\ncpus: how many\nmem: how much\n",
    "empty.json": "",
    "blank.yml": " \n\n",
    "comment.yml": "# nothing here\n",
    "data.csv": "id,cmd,cpus,mem\n",
    "binary.json": "\x00\x01cmd cpus mem\x02",
    "script.sh": "#!/bin/sh\ncmd=1 cpus=2 mem=3\n",
}


@pytest.mark.parametrize("name", FOREIGN_TEXTS)
def test_other_texts_are_passed_over_in_silence(name: str) -> None:
    report = lint([SourceFile(name, FOREIGN_TEXTS[name])], ALL)
    assert (report.findings, report.passed_over, report.failed) == ([], 1, False)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        pytest.param('{"id": "/web", "cmd": "run", "cpus": 0.1', "web.json", id="truncated"),
        pytest.param('{"cmd": "run", "mem": 32,, "x": 1}', "web.json", id="two own keys"),
        pytest.param('{"id": "/a" "cpus": 1, "mem": 32}', "web.json", id="missing comma"),
        pytest.param('{"cmd": NaN, "mem": 32}', "web.json", id="NaN"),
        pytest.param('{"cmd": "x", "mem": 1' + "0" * 5000 + "}", "web.json", id="5,000 digits"),
        pytest.param('{"cmd": "x", "mem": 1e999}', "web.json", id="infinite"),
        pytest.param('{"cmd": "x", "mem": ' + "[" * 100_000, "web.json", id="deep"),
        pytest.param('{"cmd": "x\x00", "mem": 1}', "web.json", id="NUL"),
        pytest.param("cmd: run\nmem: [32\nid: /x\n", "web.yml", id="YAML"),
        pytest.param("cmd: run\nmem:\n\t- 32\n", "web.yaml", id="tab"),
        pytest.param("{id: web, cmd: run, mem: [1}\n", "web.yaml", id="YAML in flow style"),
        pytest.param("--- {cmd: x, mem: 1}\n" * 1001, "web.yaml", id="too many documents"),
        pytest.param("cmd: run\nmem: " + "- " * 50_000, "web.yaml", id="deep dashes"),
        pytest.param("cmd: run\nmem: " + "{a: " * 50_000, "web.yaml", id="deep braces"),
        pytest.param("cmd: run\nmem: &x [*x]\n", "web.yaml", id="contains itself"),
        pytest.param("cmd: run\nmem: *x\n", "web.yaml", id="unknown alias"),
        pytest.param(
            "cmd: run\nmem: 1\nl0: &l0 [x, x]\n"
            + "".join(f"l{n}: &l{n} [*l{n - 1}, *l{n - 1}]\n" for n in range(1, 30)),
            "web.yaml", id="alias bomb",
        ),
        pytest.param("{", "marathon.json", id="its name says marathon"),
        pytest.param("", "web-marathon.json", id="empty, its name says marathon"),
        pytest.param(" \n", "metronome.yml", id="blank, its name says metronome"),
        pytest.param("a: [", "x.metronome.yaml", id="its name says metronome"),
        pytest.param('{"a": ', "MARATHON/../Marathon.json", id="in capitals"),
    ],
)  # fmt: skip
def test_what_is_ours_and_cannot_be_read_is_a_finding(text: str, name: str) -> None:
    report = check(text, name)
    assert UNREADABLE in rules(report)
    assert report.failed
    (finding,) = [finding for finding in report.findings if finding.rule.name == UNREADABLE]
    assert finding.severity == "high"
    assert finding.advice
    assert finding.region.start_line >= 1
    assert len(finding.message) < 120


@pytest.mark.parametrize("kind", ["app", "group", "app-list"])
@pytest.mark.parametrize("text", ["", "{", "7", "null", '"x"', "# x\n", "a: [", "\x00", "NaN"])
def test_what_the_user_calls_ours_is_never_passed_over(text: str, kind: str) -> None:
    for name in ("app.json", "app.yml", "anything", "<stdin>"):
        report = lint([SourceFile(name, text, kind=kind)], ALL)
        assert rules(report)[0] in (UNREADABLE, "unknown-document-kind"), (text, name)


@pytest.mark.parametrize("text", ['{"cmd": "run", "mem": 32}', "cmd: run\nmem: 32\n"])
def test_bytes_that_are_no_text_are_a_finding_where_the_text_is_ours(text: str) -> None:
    failure = ReadFailure("not UTF-8: byte 0xff", 3)
    report = lint([SourceFile("app.json", text, error=failure)], BASELINE)
    (finding,) = report.findings
    assert finding.rule.name == UNREADABLE
    assert finding.message == "not UTF-8: byte 0xff"
    assert finding.region[:2] == (1, 4)
    assert lint([SourceFile("x.json", '{"a": 1}', error=failure)], BASELINE).passed_over == 1
    assert lint([SourceFile("marathon.json", "", error=failure)], BASELINE).failed


def test_what_cannot_be_read_fails_whatever_is_demanded() -> None:
    broken = [SourceFile("app.json", '{"id": "/a", "cmd": "x", "cpus": ')]
    for policy in (
        BASELINE.selecting(["no-health-check"], []),
        BASELINE.selecting([], ["document"]),
        BASELINE._replace(fail_on="critical"),
        BASELINE._replace(
            rules={UNREADABLE: BASELINE.rules[UNREADABLE]._replace(severity="info", floor="high")}
        ),
    ):
        report = lint(broken, policy)
        assert rules(report) == [UNREADABLE]
        assert report.failed


def test_one_bad_file_hides_no_other() -> None:
    bad = '{"id": "/bad", "cmd": "run", "mem": '
    good = '{"id": "/a", "container": {"docker": {"image": "a:1", "privileged": true}}}'
    sources = [SourceFile(f"{n}.json", bad if n % 2 else good) for n in range(6)]
    report = lint(sources, BASELINE)
    assert rules(report) == ["privileged-container", UNREADABLE] * 3
    assert [file.path for file in report.files] == [f"{n}.json" for n in range(6)]


def test_a_mistake_of_ours_hides_no_other_file(monkeypatch: pytest.MonkeyPatch) -> None:
    from policylint import engine, parsers

    parse = parsers.parse

    def fail(source: SourceFile, *rest: Any) -> Any:
        if source.path == "bad.json":
            raise RuntimeError("oops")
        return parse(source, *rest)

    monkeypatch.setattr(engine, "parse", fail)
    sources = [SourceFile("bad.json", "{}"), SourceFile("marathon.json", "{")]
    crashes: list[tuple[str, str]] = []
    report = lint(
        sources, BASELINE, crashed=lambda source, error: crashes.append((source.path, str(error)))
    )
    assert crashes == [("bad.json", "oops")]
    assert rules(report) == [UNREADABLE]
    with pytest.raises(RuntimeError):
        lint(sources, BASELINE)


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (APP, "app"),
        ({"id": "web", "cmd": "run"}, "app"),
        ({"id": "/web", "container": {"type": "MESOS"}}, "app"),
        ([APP, APP], "app-list"),
        ({"id": "/", "groups": [{"id": "a", "apps": [APP]}]}, "group"),
        ({"id": "/g", "apps": []}, "group"),
    ],
)
def test_what_is_ours_is_known_by_its_content(raw: object, kind: str) -> None:
    text = json.dumps(raw)
    for name in ("package.json", "x.json", "x.yml", "no-ending", "values.yaml"):
        report = check(text, name)
        assert [file.kinds for file in report.files] == [(kind,)], name


def test_findings_are_in_the_order_of_files_and_lines() -> None:
    text = '{"id": "/a", "cmd": "x", "cmd": "y", "mem": 1, "mem": 2}'
    report = lint([SourceFile("b.json", text), SourceFile("a.json", text)], BASELINE)
    places = [(finding.source.path, finding.span.start) for finding in report.findings]
    assert len(places) == 4
    assert places == sorted(places)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.sampled_from(["/", "unlimited", "DOCKER", "{{x}}", "a:b:c", "*", "root", "-1", "\ud800",
                       "0", "volume=/:/x", "http://x", "secret0", "%", "@", "host", "1" * 400]),
    lambda below: st.lists(below, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["id", "cmd", "args", "container", "docker", "image", "privileged", "parameters", "key",
             "value", "volumes", "hostPath", "containerPath", "mode", "networks", "name", "env",
             "secret", "secrets", "source", "labels", "healthChecks", "protocol", "command",
             "resourceLimits", "mem", "cpus", "constraints", "user", "uris", "fetch", "uri", "type",
             "portMappings", "portDefinitions", "ports", "port", "hostPort", "ipAddress", "groups",
             "apps", "dependencies", "acceptedResourceRoles", "linuxInfo", "seccomp", "pods",
             "containers", "run", "cron", "schedules", "exec", "upgradeStrategy", "instances"]
        ),
        below,
        max_size=4,
    ),
    max_leaves=25,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(["id", "cmd", "container", "groups", "apps", "env", "mem",
       "networks", "labels", "run", "containers", "fetch", "uris", "constraints", "healthChecks",
       "user", "portDefinitions", "ipAddress", "args", "upgradeStrategy"]), VALUES, max_size=5),
       st.sampled_from([None, "app", "group", "app-list", "pod", "job", "schedule"]))  # fmt: skip
def test_no_document_makes_a_rule_fail(raw: dict[str, Any], kind: str | None) -> None:
    text = json.dumps(raw)
    report = lint([SourceFile("app.json", text, kind=kind)], ALL)
    for finding in report.findings:
        assert 0 <= finding.span.start <= finding.span.end <= len(text)


def test_a_rule_that_names_programs_is_asked_where_one_of_them_is_called() -> None:
    (document,) = parse(SourceFile("Dockerfile", "FROM a\nRUN b\nRUN c && sudo yum d | sh\n"))
    checks = Checks(ALL)[Run]
    assert isinstance(checks, ByPrograms)
    runs = [node for top in document.nodes for node in walk(top) if isinstance(node, Run)]
    every = {check.rule.name for check in checks}
    asked = [{check.rule.name for check in checks.on(run)} for run in runs]
    assert [names & {"yum-cache-kept", "apt-lists-kept"} for names in asked] == [
        set(),
        {"yum-cache-kept"},
    ]
    assert {"sudo-used", "pip-cache-kept"} <= asked[0] < asked[1] < every


def test_only_rules_on_run_name_programs() -> None:
    named = [rule for rule in map(load_rule, RULES) if rule.programs]
    assert named
    assert {rule.nodes for rule in named} == {(Run,)}


def test_what_was_checked_leaves_memory_at_once() -> None:
    text = (
        "FROM a:1 AS b\nARG X=1\nRUN --mount=from=b,target=/x cat /x\nFROM b\nCOPY --from=b /a /b\n"
    )
    lint([SourceFile("Dockerfile", text)], ALL)  # imports have circles of their own
    gc.collect()
    lint([SourceFile("Dockerfile", text)], ALL)
    assert gc.collect() == 0
