"""Policies that are wrong: each is told with its place and a way out, and is never a pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.rego.repository import APP, rule, write

if TYPE_CHECKING:
    from pathlib import Path

    from tests.rego.conftest import Run

pytestmark = pytest.mark.usefixtures("opa")

DENY = 'deny contains {"msg": "so", "path": []} if input.path\n'


def told(folder: Path, run: Run, text: str, *options: str) -> str:
    """What is said of a policy, which must not be a pass."""
    write(folder, {"org/p.rego": text})
    done = run("check", "--rego", "org", "--select", "organisation", *options)
    assert done.code == 2
    return done.err.removeprefix("error: ").rstrip("\n")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            "deny contains 1 if {\n    input.a =\n}",
            "org/p.rego:5:1: unexpected } token",
        ),
        (
            'deny["no"] { input.path }',
            """org/p.rego:3:1: `if` keyword is required before rule body
  this is Rego v0: `opa fmt --write --v0-v1` turns it into Rego v1""",
        ),
        (
            "deny contains x if input.path",
            "org/p.rego:3:15: var x is unsafe\n  nothing gives it a value: is it misspelt",
        ),
        (
            "deny contains x if some x in deny",
            "org/p.rego:3:1: rule data.policylint.rules.some_rule.deny is recursive:",
        ),
        (
            'deny contains x if x := http.send({"method": "get", "url": "http://127.0.0.1:1"})',
            "org/p.rego:3:25: undefined function http.send\n  policies have no network",
        ),
        (
            "deny contains x if x := time.now_ns()",
            "org/p.rego:3:25: undefined function time.now_ns\n  policies have no clock: ",
        ),
        (
            "deny contains x if x := helpers.first(input)",
            "org/p.rego:3:25: undefined function helpers.first\n  is it misspelt, or",
        ),
    ],
)
def test_what_does_not_compile_is_told_with_its_place(
    folder: Path, run: Run, body: str, said: str
) -> None:
    assert told(folder, run, rule(body)).startswith(said)


def test_a_misspelt_member_does_not_compile_where_the_schema_is_named(
    folder: Path, run: Run
) -> None:
    body = 'deny contains {"msg": "x", "path": []} if input.model.workloads[_].lables'
    said = told(folder, run, rule(body, metadata="schemas: [{input: schema.document}]"))
    assert said == (
        'org/p.rego:5:43: undefined ref: input.model.workloads[_].lables\n  did you mean "labels"?'
    )


def test_a_schema_that_is_none_is_told(folder: Path, run: Run) -> None:
    said = told(folder, run, rule(DENY, metadata="schemas: [{input: schema.app}]"))
    assert said.endswith("undefined schema: schema.app\n  there are: schema.document, schema.fleet")


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ('"no owner"', '"no owner" is no result'),
        ("3", "3 is no result"),
        ('{"path": []}', '{"path": []} has no message'),
        ('{"msg": " ", "path": []}', "has no message"),
        ('{"msg": "so"}', '{"msg": "so"} has no path'),
        ('{"msg": "so", "path": "id"}', 'path "id" is no path: a list of keys'),
        ('{"msg": "so", "path": [true]}', "path [true] is no path"),
        ('{"msg": "so", "path": {"start": 1}}', 'path {"start": 1} is no place'),
        ('{"msg": "so", "path": {"start": 1, "end": 9999}}', "leads nowhere: the text is shorter"),
        ('{"msg": "so", "path": ["id", "x"]}', 'there is no "x" in no object and no list'),
        ('{"msg": "so", "path": ["ports", 2]}', "there is no 2 in a list of 1"),
        ('{"msg": "so", "path": [0]}', "path [0] leads nowhere: there is no 0 in an object"),
        ('{"msg": "so", "path": [], "severity": "hgih"}', 'severity: "hgih" is none of info, low'),
        ('{"msg": "so", "path": [], "sverity": "low"}', 'no such member of a result: "sverity"'),
    ],
)
def test_a_wrong_result_is_told(folder: Path, run: Run, result: str, said: str) -> None:
    write(folder, {"app.json": '{"id": "/web", "cmd": "run", "ports": [0]}'})
    message = told(folder, run, rule(f"deny contains {result} if input.path", metadata="title: x"))
    assert message.startswith("org/p.rego:3: ")
    assert said in message
    assert "(some-rule, app.json)" in message


def test_the_other_findings_are_reported_all_the_same(folder: Path, run: Run) -> None:
    body = f'{DENY}\ndeny contains "text" if input.path'
    write(folder, {"org/p.rego": rule(body)})
    done = run("check", "--rego", "org", "--format", "concise")
    assert done.code == 2
    assert "app.json:1:8: medium: so [some-rule]" in done.out
    assert "no-health-check" in done.out


@pytest.mark.parametrize(
    "body", ["allow if input.path", "deny := {} if false", 'denied contains "x" if input.path']
)
def test_a_rule_that_never_says_anything_is_told(folder: Path, run: Run, body: str) -> None:
    assert "org/p.rego:1: there is no `deny contains ... if` in it (some-rule)" in told(
        folder, run, rule(body)
    )


def test_a_fleet_policy_that_never_says_anything_is_told(folder: Path, run: Run) -> None:
    text = rule("allow if input.documents", metadata="custom: {on: fleet}")
    assert "there is no `deny contains ... if` in it (some-rule)" in told(folder, run, text)


@pytest.mark.parametrize("document", ["", '"document": 1,', '"document": "app.json",'])
def test_a_fleet_result_that_names_no_document_is_told(
    folder: Path, run: Run, document: str
) -> None:
    deny = f'deny contains {{{document} "msg": "so", "path": []}} if input.documents'
    said = told(folder, run, rule(deny, metadata="custom: {on: fleet}"))
    assert "names no document: it is an index of input.documents (some-rule)" in said


def test_a_deny_that_is_no_set_is_told(folder: Path, run: Run) -> None:
    assert "true is no result" in told(folder, run, rule("deny if input.path"))


def test_a_conflict_in_one_document_is_told_of_that_one(folder: Path, run: Run) -> None:
    body = f"{DENY}\nlimit := 1 if input.path\nlimit := 2 if input.source.mem\n"
    body += 'deny contains {"msg": "so", "path": ["cmd"]} if limit > 0'
    files = {f"{number}.json": APP for number in range(9)}
    write(folder, {**files, "5.json": APP.replace('"cmd"', '"mem": 1, "cmd"')})
    write(folder, {"org/p.rego": rule(body)})
    done = run("check", "--rego", "org", "--select", "organisation", "--format", "concise")
    assert done.code == 2
    assert done.err.splitlines()[0].startswith("error: org/p.rego:6:1: rule data.policylint.rules")
    assert done.err.splitlines()[0].endswith("(some-rule, 5.json)")
    assert "exclude each other" in done.err.splitlines()[1]
    told_of = {line.partition(":")[0] for line in done.out.splitlines() if "some-rule" in line}
    assert told_of == {"app.json", *files} - {"5.json"}


def test_a_policy_that_always_fails_hides_no_other(folder: Path, run: Run) -> None:
    body = "limit := 1 if input.path\nlimit := 2 if input.path\n"
    body += 'deny contains {"msg": "so", "path": []} if limit > 0'
    write(folder, {f"{number}.json": APP for number in range(9)})
    write(folder, {"org/p.rego": rule(body), "org/q.rego": rule(DENY, "other")})
    done = run("check", "--rego", "org", "--select", "organisation", "--format", "concise")
    assert done.code == 2
    assert done.err.count("error: org/p.rego") == 3
    assert "it fails again and again" in done.err
    assert done.out.count("[other]") == 10


def test_a_policy_that_does_not_end_is_ended(folder: Path, run: Run) -> None:
    body = """
        deny contains {"msg": "so", "path": []} if {
            some i in numbers.range(1, 100000)
            some j in numbers.range(1, 100000)
            i * j < 0
        }
    """
    said = told(folder, run, rule(body), "--opa-timeout", "3")
    assert said.startswith("org/p.rego:")
    assert said.endswith("\n  make it simpler, or give it more time with --opa-timeout")


# Names, packages, METADATA


def test_a_rule_has_no_built_in_rules_name(folder: Path, run: Run) -> None:
    said = told(folder, run, rule(DENY, "privileged_container"))
    assert said == "org/p.rego:1: a rule of policylint is called privileged-container already"


def test_two_files_cannot_be_one_rule(folder: Path, run: Run) -> None:
    write(folder, {"org/a.rego": rule(DENY)})
    said = told(folder, run, rule(DENY))
    assert said.startswith("org/p.rego: policylint.rules.some_rule stands in org/a.rego already\n")


def test_a_rule_in_the_policy_file_and_on_the_command_line_collide(folder: Path, run: Run) -> None:
    write(folder, {"more/a.rego": rule(DENY), ".policylint.yaml": "rego: more\n"})
    said = told(folder, run, rule(DENY))
    assert said == "more/a.rego:1: some-rule is the rule in org/p.rego:1 already"


@pytest.mark.parametrize(
    "package",
    ["policylint.rule.x", "policylint.rules", "policylint.rules.a.b", 'policylint.rules["a-b"]',
     "policylint.rules.Upper"],
)  # fmt: skip
def test_a_package_that_is_nearly_a_rules_is_told(folder: Path, run: Run, package: str) -> None:
    write(folder, {"org/good.rego": rule(DENY, "good")})
    said = told(folder, run, f"package {package}\n\n{DENY}")
    assert said.startswith(f"org/p.rego: package {package} is no rule\n  a rule's package is")


def test_policies_without_any_rule_are_told(folder: Path, run: Run) -> None:
    assert "no rule here" in told(folder, run, f"package other\n\n{DENY}")


def test_a_folder_without_policies_is_told(folder: Path, run: Run) -> None:
    write(folder, {"org/readme.md": "", "org/p_test.rego": "package p"})
    done = run("check", "--rego", "org")
    assert done.code == 2
    assert "org: no policies in Rego: no file here ends in .rego" in done.err


def test_a_path_that_leads_nowhere_is_told(run: Run) -> None:
    done = run("check", "--rego", "nowhere")
    assert (done.code, done.err) == (2, "error: nowhere: no such file or folder\n")


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ("custom: {severity: hgih}", 'custom.severity: "hgih" is none of info, low'),
        ("custom: {severty: high}", 'custom: no such key: "severty"\n  did you mean "severity"?'),
        ("custom: {family: secrests}", 'custom.family: "secrests" is none of document'),
        ("custom: {on: fleets}", 'custom.on: "fleets" is none of document, fleet'),
        ("custom: {kinds: [apps]}", 'custom.kinds: "apps" is none of app, app-list'),
        ("custom: {references: [3]}", "custom.references: expected a list of texts"),
        ("custom: {settings: [max]}", "custom.settings: expected names, each with a default"),
        ("custom: {settings: {max: 3}}", "custom.settings.max: expected a mapping with a default"),
        ("custom: {settings: {max: {default: 3, typ: integer}}}", '"typ" is none of type'),
        ("custom: {settings: {max: {default: 3, type: int}}}", '"int" is none of string, integer'),
        ("custom: {settings: {max: {default: 3, type: string}}}", "the default is no string"),
        ("custom: {settings: {max: {default: [a, 3]}}}", "custom.settings.max.type"),
        ("custom: {settings: {severity: {default: low}}}", "every rule has that"),
    ],
)
def test_wrong_metadata_is_told(folder: Path, run: Run, metadata: str, said: str) -> None:
    message = told(folder, run, rule(DENY, metadata=metadata))
    assert message.startswith("org/p.rego:3: METADATA of some-rule: ")
    assert said in message


def test_metadata_that_is_no_yaml_is_told(folder: Path, run: Run) -> None:
    assert told(folder, run, rule(DENY, metadata="title: [")).startswith("org/p.rego:2:1: yaml:")


def test_keys_of_ones_own_are_left_alone(folder: Path, run: Run) -> None:
    write(folder, {"org/p.rego": rule(DENY, metadata="custom: {id: ORG001, ticket: [a]}")})
    assert run("check", "--rego", "org", "--select", "some-rule").code == 1


@pytest.mark.parametrize("name", ["-x.rego", "a b.rego", "a\nb.rego", "data:x.rego", "$(id).rego"])
def test_the_name_of_a_file_is_nothing_but_a_name(folder: Path, run: Run, name: str) -> None:
    write(folder, {f"org/{name}": rule(DENY)})
    assert "so [some-rule]" in run("check", "--rego", "org", "--format", "concise").out
    write(folder, {f"org/{name}": rule("deny contains x if input.path")})
    shown = name.replace("\n", "\\n")
    assert f"org/{shown}:3:15: var x is unsafe" in run("check", "--rego", "org").err


def test_the_name_of_a_document_is_nothing_but_a_name(folder: Path, run: Run) -> None:
    body = 'deny contains {"msg": input.path, "path": []} if input.path'
    name = '"] | true\n--help.json'
    write(folder, {"org/p.rego": rule(body), name: APP})
    found = run("check", "--rego", "org", "--format", "concise")
    assert found.code == 1
    assert '"] | true --help.json [some-rule]' in found.out
