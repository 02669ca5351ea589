"""Policies written for conftest: they run unchanged, as rules of the name `namespace.rule`."""

from __future__ import annotations

import json
import os
import re
import subprocess
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from policylint.source import shipped
from tests.rego.repository import write

if TYPE_CHECKING:
    from pathlib import Path

    from tests.rego.conftest import Run

pytestmark = pytest.mark.usefixtures("opa")

ONLY = ("--select", "organisation", "--format", "concise")
LATEST = """
    package main

    deny_latest contains msg if {
        some command in input
        command.Cmd == "from"
        endswith(command.Value[0], ":latest")
        msg := sprintf("%s moves", [command.Value[0]])
    }

    warn contains "no owner" if {
        input.id
        not input.labels.owner
    }
"""
FILES = {
    "app.json": '{"id": "/web", "cmd": "run", "mem": 64}\n',
    "Dockerfile": "# the base\nFROM web:latest\nUSER root\n",
    "apps.yaml": "id: /a\ncmd: x\nmem: 200\n---\nid: /b\ncmd: x\nmem: 300\n",
    "list.json": '[{"id": "/c", "cmd": "x", "mem": 1}, {"id": "/d", "cmd": "x", "mem": 101}]\n',
}


def found(run: Run, *options: str, code: int = 1) -> list[str]:
    """The findings of the policies in `policy`, a line each."""
    done = run("check", "--isolated", "--rego", "policy", *ONLY, *options)
    assert (done.code, done.err) == (code, "")
    return done.out.splitlines()[:-1]


def told(run: Run, *options: str) -> str:
    """What is said of policies that cannot be used, which must not be a pass."""
    done = run("check", "--isolated", "--rego", "policy", *ONLY, *options)
    assert done.code == 2
    return done.err.removeprefix("error: ").rstrip("\n")


def policy(folder: Path, body: str, package: str = "main") -> None:
    write(folder, {"policy/p.rego": f"package {package}\n\n{dedent(body)}\n"})


@pytest.fixture
def files(folder: Path) -> Path:
    """A repository with definitions of several kinds."""
    write(folder, FILES)
    return folder


def test_they_are_rules_of_their_own(files: Path, run: Run) -> None:
    write(files, {"policy/p.rego": LATEST})
    assert found(run) == [
        "Dockerfile:1:1: high: web:latest moves [main.deny_latest]",
        "app.json:1:8: low: no owner [main.warn]",
        "apps.yaml:1:5: low: no owner [main.warn]",
        "apps.yaml:5:5: low: no owner [main.warn]",
        "list.json:1:9: low: no owner [main.warn]",
        "list.json:1:45: low: no owner [main.warn]",
    ]


def test_warnings_alone_do_not_fail(folder: Path, run: Run) -> None:
    policy(folder, 'warn contains "so" if input.id')
    assert found(run, code=0) == ["app.json:1:8: low: so [main.warn]"]
    assert found(run, "--fail-on", "low") == ["app.json:1:8: low: so [main.warn]"]


@pytest.mark.parametrize(
    ("name", "severity"),
    [
        ("deny", "high"),
        ("violation", "high"),
        ("deny_A1_b", "high"),
        ("violation_x", "high"),
        ("warn", "low"),
        ("warn_2", "low"),
    ],
)
def test_every_name_that_conftest_asks_for_is_one(
    folder: Path, run: Run, name: str, severity: str
) -> None:
    policy(folder, f'{name} contains "so" if input.id')
    code = 1 if severity == "high" else 0
    assert found(run, code=code) == [f"app.json:1:8: {severity}: so [main.{name}]"]


def test_no_other_name_is(folder: Path, run: Run) -> None:
    body = "\n".join(
        f'{name} contains "{name}" if input.id'
        for name in ("deny_", "deny__a", "denied", "_deny", "warning", "allow", "violation_a_")
    )
    policy(folder, f'deny contains "so" if input.id\n{body}')
    assert found(run) == ["app.json:1:8: high: so [main.deny]"]


# Namespaces


def test_other_packages_are_none_unless_they_are_named(folder: Path, run: Run) -> None:
    deny = 'deny contains "so" if input.id'
    packages = {name: f"package {name}\n{deny}\n" for name in ("main", "k8s.pods", "k8s.jobs", "x")}
    write(folder, {f"policy/{name}.rego": text for name, text in packages.items()})

    def rules(*options: str) -> list[str]:
        return [line.rpartition("[")[2].rstrip("]") for line in found(run, *options)]

    assert rules() == ["main.deny"]
    assert rules("--namespace", "x", "--namespace", "main") == ["main.deny", "x.deny"]
    assert rules("--namespace", "k8s.*") == ["k8s.jobs.deny", "k8s.pods.deny"]
    assert rules("--namespace", "k8s.[^p]*") == ["k8s.jobs.deny"]
    assert len(rules("--namespace", "*")) == 4


def test_a_namespace_may_stand_in_several_files(folder: Path, run: Run) -> None:
    write(
        folder,
        {
            "policy/a.rego": 'package main\ndeny contains "a" if input.id\n',
            "policy/b/c.rego": 'package main\ndeny contains "b" if data.lib.is_app\n',
            "policy/lib.rego": "package lib\nis_app if input.id\n",
        },
    )
    assert [line.split()[2] for line in found(run)] == ["a", "b"]


def test_a_folder_without_any_of_them_is_told(folder: Path, run: Run) -> None:
    policy(folder, 'deny contains "so" if input.id', "k8s")
    said = told(run)
    assert said.startswith("policy/p.rego: no rule here, nor in other files of it")
    assert "--namespace" in said


def test_a_package_without_a_plain_name_is_told(folder: Path, run: Run) -> None:
    policy(folder, 'deny contains "so" if input.id', 'a["b-c"]')
    said = told(run, "--namespace", "*")
    assert said == 'policy/p.rego:3: no rule can be called a["b-c"].deny: rename the package'


# Results


def test_objects_lists_and_sets_are_results(folder: Path, run: Run) -> None:
    body = """
        deny contains {"msg": "a", "code": 7, "details": {"x": [1]}} if input.id
        violation := ["b", {"msg": "c"}, ""]
        deny_none := false
        warn := []
    """
    policy(folder, body)
    assert found(run) == [
        "app.json:1:8: high: a [main.deny]",
        "app.json:1:8: high: b [main.violation]",
        "app.json:1:8: high: c [main.violation]",
    ]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('deny contains {"message": "x"}', '{"message": "x"} has no message'),
        ('deny contains {"msg": 3}', '{"msg": 3} has no message'),
        ("deny contains 3", "3 is no result"),
        ('deny := "x"', '"x" is neither a set nor a list of results'),
        ("deny if input.id", "true is no set of results"),
        ('deny[msg] if { msg := "x" }', '{"x": true} is no set of results'),
        ('deny contains {"msg": "x", "_path": "id"}', '_path "id" is no path'),
        ('deny contains {"msg": "x", "_path": ["id", 3]}', '_path ["id", 3] leads nowhere'),
    ],
)
def test_a_wrong_shape_is_told(folder: Path, run: Run, body: str, said: str) -> None:
    policy(folder, body)
    message = told(run)
    assert message.startswith("policy/p.rego:3: ")
    assert said in message
    assert "(main.deny, app.json)\n" in message or "_path" in body


def test_what_fails_on_one_document_is_told_of_that_one(files: Path, run: Run) -> None:
    policy(files, "limit := 1 if input.id\nlimit := 2 if input.mem > 200\n"
                  'deny contains "so" if limit > 0')  # fmt: skip
    done = run("check", "--isolated", "--rego", "policy", *ONLY)
    assert done.code == 2
    assert "policy/p.rego:4 (main.deny, apps.yaml)" in done.err
    assert {line.partition(":")[0] for line in done.out.splitlines()[:-1]} >= {
        "app.json", "list.json",
    }  # fmt: skip


def test_what_only_conftest_has_is_told(folder: Path, run: Run) -> None:
    policy(folder, 'deny contains "x" if parse_config("yaml", "a: 1").a == 1')
    assert "opa has no such function, only conftest" in told(run)


# Places


def test_a_place_is_told_by_line_or_by_path(files: Path, run: Run) -> None:
    body = """
        deny_line contains {"msg": "root", "_loc": {"file": data.conftest.file.name, "line": 3}} if {
            input[_].Value == ["root"]
        }
        deny_path contains {"msg": "latest", "_path": [i, "Value", 0]} if {
            some i
            endswith(input[i].Value[0], ":latest")
        }
        deny_json contains {"msg": "much", "_path": ["mem"]} if input.mem > 100
        deny_lack contains {"msg": "lack", "_path": ["labels", "x"]} if input.mem == 64
    """  # noqa: E501
    policy(files, body)
    assert found(run) == [
        "Dockerfile:2:6: high: latest [main.deny_path]",
        "Dockerfile:3:1: high: root [main.deny_line]",
        "app.json:1:8: high: lack [main.deny_lack]",
        "apps.yaml:3:6: high: much [main.deny_json]",
        "apps.yaml:7:6: high: much [main.deny_json]",
        "list.json:1:70: high: much [main.deny_json]",
    ]


@pytest.mark.parametrize(
    "place", ['{"line": 99}', '{"line": -1}', '{"line": "1"}', '{"file": "other", "line": 2}', "3"]
)
def test_a_place_that_is_none_is_that_of_the_definition(folder: Path, run: Run, place: str) -> None:
    policy(folder, f'deny contains {{"msg": "so", "_loc": {place}}} if input.id')
    assert found(run) == ["app.json:1:8: high: so [main.deny]"]


# Exceptions


def test_an_exception_takes_all_results_of_a_rule_back(files: Path, run: Run) -> None:
    body = """
        deny_a contains "a" if input.id
        warn_a contains "w" if input.id
        deny_b contains "b" if input.id
        deny contains "bare" if input.id
        exception contains rules if { input.id == "/web"; rules := ["a", "zz"] }
        exception contains rules if { input.id == "/a"; rules := [""] }
    """
    policy(files, body)
    lines = found(run, "app.json", "apps.yaml", "--show-suppressed")
    assert [line for line in lines if "suppressed" not in line] == [
        "app.json:1:8: high: bare [main.deny]",
        "app.json:1:8: high: b [main.deny_b]",
        "apps.yaml:1:5: high: a [main.deny_a]",
        "apps.yaml:1:5: high: b [main.deny_b]",
        "apps.yaml:1:5: low: w [main.warn_a]",
        "apps.yaml:5:5: high: bare [main.deny]",
        "apps.yaml:5:5: high: a [main.deny_a]",
        "apps.yaml:5:5: high: b [main.deny_b]",
        "apps.yaml:5:5: low: w [main.warn_a]",
    ]
    taken = [line.partition("suppressed by ")[2] for line in lines if "suppressed by" in line]
    assert taken == [
        'the exception in policy/p.rego:8: data.main.exception names "a"',
        'the exception in policy/p.rego:8: data.main.exception names "a"',
        'the exception in policy/p.rego:8: data.main.exception names ""',
    ]


# Data


def test_data_comes_by_the_folders_in_which_it_lies(folder: Path, run: Run) -> None:
    policy(folder, """
        deny contains sprintf("%v %v", [data.limits.mem, data.top]) if input.id
    """)  # fmt: skip
    write(
        folder,
        {"facts/limits/x.yaml": "mem: 3\n", "facts/a.json": '{"top": 1}', "facts/n.txt": "no"},
    )
    assert found(run, "--data", "facts") == ["app.json:1:8: high: 3 1 [main.deny]"]
    write(folder, {".policylint.yaml": "rego: {policies: policy, data: [facts]}\n"})
    assert "high: 3 1 [main.deny]" in run("check", *ONLY).out
    assert found(run, "--data", "facts/a.json", code=0) == []


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"facts/a.json": '{"a": '}, "facts/a.json: unexpected EOF"),
        ({"facts/a.json": '{"a": 1}', "facts/b.yaml": "a: 2"}, "merge error"),
        ({"facts/a.txt": ""}, "facts: no data: no file here ends in .json"),
        ({}, "facts: no data"),
    ],
)
def test_data_that_cannot_be_used_is_told(
    folder: Path, run: Run, files: dict[str, str], said: str
) -> None:
    policy(folder, 'deny contains "so" if input.id')
    write(folder, files)
    assert said in told(run, "--data", "facts")


def test_a_policy_knows_the_file(folder: Path, run: Run) -> None:
    policy(folder, 'deny contains sprintf("%s|%s", [f.dir, f.name]) if f := data.conftest.file')
    write(folder, {"x/b.json": FILES["app.json"]})
    assert found(run) == [
        f"app.json:1:8: high: {folder}|app.json [main.deny]",
        f"x/b.json:1:8: high: {folder}/x|b.json [main.deny]",
    ]


# All documents at once


def test_combined_input_is_a_list_of_paths_and_contents(files: Path, run: Run) -> None:
    body = """
        deny contains {"msg": concat(" ", [entry.path | some entry in input])}
        deny contains {"msg": data.conftest.file.name, "_loc": {"file": "list.json", "line": 1}}
        deny_mem contains {"msg": "much", "_path": [i, "contents", "mem"]} if {
            some i
            input[i].contents.mem > 100
        }
        deny_user contains {"msg": "root", "_path": [i, "contents", j]} if {
            some i, j
            input[i].contents[j].Value == ["root"]
        }
        deny_entry contains {"msg": "entry", "_path": [1]} if input[1]
    """
    policy(files, body)
    paths = ["Dockerfile", "app.json", "apps.yaml", "apps.yaml", "list.json", "list.json"]
    assert found(run, "--combine") == [
        f"Dockerfile:1:1: high: {' '.join(paths)} [main.deny]",
        "Dockerfile:3:1: high: root [main.deny_user]",
        "app.json:1:8: high: entry [main.deny_entry]",
        "apps.yaml:3:6: high: much [main.deny_mem]",
        "apps.yaml:7:6: high: much [main.deny_mem]",
        "list.json:1:1: high: Combined [main.deny]",
        "list.json:1:70: high: much [main.deny_mem]",
    ]


def test_a_line_without_a_file_says_nothing_of_many(files: Path, run: Run) -> None:
    policy(files, 'deny contains {"msg": "so", "_loc": {"line": 3}}')
    assert found(run, "--combine") == ["Dockerfile:1:1: high: so [main.deny]"]


def test_combined_policies_have_nothing_to_say_where_there_is_no_definition(
    folder: Path, run: Run
) -> None:
    policy(folder, 'deny contains "none" if count(input) == 0')
    (folder / "app.json").unlink()
    done = run("check", "--isolated", "--rego", "policy", "--combine", *ONLY)
    assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize("path", ["[]", '["contents"]', "[99]", '[0, "contents", "id", 3]'])
def test_a_path_that_leads_to_no_document_is_told(folder: Path, run: Run, path: str) -> None:
    policy(folder, f'deny contains {{"msg": "so", "_path": {path}}}')
    assert f"_path {path} " in told(run, "--combine")


# Rego v0


V0 = 'package main\n\ndeny[msg] {\n    input.id\n    msg := "so"\n}\n'


def test_rego_v0_runs_when_asked_to(folder: Path, run: Run) -> None:
    write(folder, {"policy/p.rego": V0})
    assert found(run, "--rego-version", "v0") == ["app.json:1:8: high: so [main.deny]"]
    write(folder, {".policylint.yaml": "rego: {policies: policy, version: v0}\n"})
    assert "[main.deny]" in run("check", *ONLY).out


def test_rego_v0_is_told_from_mistakes(folder: Path, run: Run) -> None:
    write(folder, {"policy/p.rego": V0})
    assert told(run) == (
        "policy/p.rego:3:1: `if` keyword is required before rule body\n"
        "  this is Rego v0: `opa fmt --write --v0-v1` turns it into Rego v1,"
        " and --rego-version v0 reads it as it is"
    )
    policy(folder, 'deny contains "so" if input.id')
    assert told(run, "--rego-version", "v0").endswith(
        "  this is Rego v1: `import rego.v1` says so, or leave out --rego-version v0"
    )


# Rules like any other


def test_they_are_switched_weighed_and_exempted(folder: Path, run: Run) -> None:
    policy(folder, 'deny_a contains "a" if input.id\ndeny_b contains "b" if input.id')

    def lines(said: str) -> list[str]:
        text = f"extends: []\nrego: {{policies: [policy]}}\n{said}\n"
        write(folder, {".policylint.yaml": text})
        done = run("check", *ONLY[2:])
        assert done.err == ""
        return [line.split(": ", 1)[1] for line in done.out.splitlines()[:-1]]

    assert lines("rules: {main.deny_a: off}") == ["high: b [main.deny_b]"]
    assert lines("rules: {main.deny_a: low}") == ["high: b [main.deny_b]", "low: a [main.deny_a]"]
    exemption = "{rule: main.deny_a, subject: /web, reason: leaves in spring}"
    assert lines(f"exemptions: [{exemption}]") == ["high: b [main.deny_b]"]
    write(folder, {".policylint.yaml": "rego: policy\nrules: {main.deny_c: off}\n"})
    assert 'no such rule: "main.deny_c"' in run("check").err


def test_they_are_suppressed_where_they_are_found(folder: Path, run: Run) -> None:
    body = (
        'deny contains {"msg": "so", "_path": [0]} if input[0].Cmd\ndeny contains "app" if input.id'
    )
    policy(folder, body)
    label = '"labels": {"policylint.ignore/main.deny": "leaves in spring"}'
    write(
        folder,
        {
            "Dockerfile": "# policylint: ignore[main.deny] leaves in spring\nFROM a\n",
            "app.json": f'{{"id": "/web", "cmd": "x", {label}}}',
        },
    )
    policy(folder, body.replace("[0]", "[1]", 1))
    assert found(run, code=0) == []


def test_metadata_is_its_words(folder: Path, run: Run) -> None:
    body = """
# METADATA
# title: No more than 3
# description: Because.
# related_resources: ["https://wiki.example/3"]
# custom: {severity: CRITICAL, id: XY-3, family: none of ours}
deny contains "so" if input.id
"""
    policy(folder, body)
    assert found(run) == ["app.json:1:8: critical: so [main.deny]"]
    said = run("explain", "main.deny", "--rego", "policy").out
    for words in ("No more than 3.", "Because.", "in Rego: policy/p.rego:9", "wiki.example/3"):
        assert words in said
    rows = run("rules", "--rego", "policy").out
    assert any(line.split() == ["main.deny", "critical", "organisation", "Rego"]
               for line in rows.splitlines())  # fmt: skip


def test_they_run_beside_rules_of_ours(files: Path, run: Run) -> None:
    write(
        files,
        {
            "policy/p.rego": 'package main\n\ndeny contains "theirs" if input.id == "/web"\n',
            "policy/o.rego": "package policylint.rules.ours\n\n"
            'deny contains {"msg": "ours", "path": []} if input.source.id == "/web"\n',
        },
    )
    assert found(run) == [
        "app.json:1:8: high: theirs [main.deny]",
        "app.json:1:8: medium: ours [ours]",
    ]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("{polices: p}", ':1:8: no such key: "polices"\n  did you mean "policies"?'),
        ("{data: policy}", ":1:7: names no policies"),
        ("{policies: policy, version: v2}", ":1:35: expected one of v0, v1"),
        ("{policies: policy, combine: 1}", ":1:35: expected true or false"),
        ("{policies: policy, data: [no]}", ':1:33: no such file or folder: "no"'),
        ("{policies: policy, namespaces: {a: b}}", ":1:38: expected a list"),
    ],
)
def test_a_mistake_in_the_policy_file_is_told(folder: Path, run: Run, said: str, told: str) -> None:
    policy(folder, 'deny contains "so" if input.id')
    write(folder, {".policylint.yaml": f"rego: {said}\n"})
    done = run("check")
    assert done.code == 2
    assert f".policylint.yaml{told}" in done.err


def test_policy_show_tells_all_of_it(folder: Path, run: Run) -> None:
    policy(folder, 'deny contains "so" if input.id', "k8s.a")
    write(
        folder,
        {
            "facts/a.json": "{}",
            ".policylint.yaml": "rego:\n  policies: policy\n  data: [facts]\n"
            '  namespaces: ["k8s.*"]\n  combine: true\n  version: v1\n',
        },
    )
    shown = run("policy", "show").out
    for words in ("policy", "rego data", "facts", "rego namespaces", "k8s.*", "rego combine",
                  "rego version", "k8s.a.deny"):  # fmt: skip
        assert words in shown


# The guide


def guide() -> str:
    with open(shipped("docs/conftest.md"), encoding="utf-8") as file:
        return file.read()


def test_the_policy_of_the_guide_runs(files: Path, run: Run) -> None:
    write(files, {"policy/docker.rego": guide().split("```rego\n")[1].partition("```")[0]})
    assert found(run)[:2] == [
        "Dockerfile:1:1: high: web:latest is another image tomorrow [main.deny_latest]",
        "app.json:1:8: low: /web has no owner [main.warn]",
    ]
    said = guide().split("```yaml\n")[2].partition("```")[0]
    write(files, {".policylint.yaml": f"extends: []\nfail_on: low\n{said}"})
    said = run("check", "--format", "concise").out
    assert "medium: web:latest is another image tomorrow [main.deny_latest]" in said
    assert "[main.warn]" not in said


def test_every_option_of_the_guide_is_there(run: Run) -> None:
    options = {word for line in guide().split("\n") if line.startswith("| `-")
               for word in re.findall(r"`(--[a-z-]+)", line.split("|")[2])}  # fmt: skip
    assert len(options) > 6
    said = run("check", "--help").out
    assert [option for option in sorted(options) if option not in said] == []


# The same as conftest says


_CONFTEST = os.environ.get("POLICYLINT_CONFTEST")
BOTH = """
    package main

    import data.limits

    deny_latest contains msg if {
        some command in input
        command.Cmd == "from"
        endswith(command.Value[0], ":latest")
        msg := sprintf("%s moves", [command.Value[0]])
    }

    violation contains {"msg": msg, "limit": limits.mem} if {
        input.mem > limits.mem
        msg := sprintf("%s: more than %d", [input.id, limits.mem])
    }

    warn_shape contains json.marshal(input) if true

    warn_file contains data.conftest.file.name if true

    deny_cmd contains "has a command" if input.cmd

    deny contains "bare" if input.id

    exception contains ["cmd"] if input.id != "/d"

    exception contains ["", "other"] if input.id == "/a"
"""


@pytest.fixture
def conftest() -> str:
    if not _CONFTEST:
        pytest.skip("no conftest: `python3 dev.py tool conftest` builds one")
    return _CONFTEST


@pytest.mark.parametrize("how", [(), ("--combine",)])
def test_both_tools_say_the_same(
    files: Path, run: Run, conftest: str, how: tuple[str, ...]
) -> None:
    write(files, {"policy/p.rego": BOTH, "facts/limits/l.yaml": "mem: 100\n"})
    theirs = subprocess.run(
        [conftest, "test", "--policy", "policy", "--data", "facts", "--output", "json", *how,
         *FILES],
        capture_output=True, text=True, check=False, cwd=files,
    )  # fmt: skip
    said = {
        (entry["filename"], f"main.{result['metadata']['query'].rpartition('.')[2]}", result["msg"])
        for entry in json.loads(theirs.stdout)
        for result in (*entry.get("failures", ()), *entry.get("warnings", ()))
    }
    done = run("check", "--isolated", "--rego", "policy", "--data", "facts", *how, "--select",
               "organisation", "--format", "json")  # fmt: skip
    ours = {
        ("Combined" if how else finding["path"], finding["rule"], finding["message"])
        for finding in json.loads(done.out)["findings"]
    }
    assert said == ours
    assert (theirs.returncode == 1) == (done.code == 1)
    assert len(said) >= 2
