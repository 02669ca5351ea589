"""The schema of policy files, for editors: it accepts what the reader accepts."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from jsonschema import Draft7Validator

from policylint.rules.index import RULES, SETS
from policylint.source import shipped
from policylint.tree.yaml_text import read
from tests.test_policy_cases import CASES, NAME

with open(shipped("schemas/policy.schema.json"), encoding="utf-8") as _file:
    SCHEMA: Any = json.load(_file)


def errors(text: str) -> list[str]:
    trees = read(text)
    return [error.json_path for error in Draft7Validator(SCHEMA).iter_errors(_value(trees))]


def _value(trees: list[Any]) -> Any:
    return trees[0].value if trees else {}


def test_it_is_a_schema() -> None:
    Draft7Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", SETS)
def test_the_shipped_sets_keep_to_it(name: str) -> None:
    with open(shipped(f"policies/{name}.yaml"), encoding="utf-8") as file:
        assert errors(file.read()) == []


GOOD = [case for case in CASES if not case.marks]


@pytest.mark.parametrize("case", GOOD, ids=[case.title for case in GOOD])
def test_what_the_reader_accepts_it_accepts(case: Any) -> None:
    assert errors(case.files[NAME]) == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("fail_on: hihg\n", "$.fail_on"),
        ("failon: high\n", "$"),
        ("rules: {nope: on}\n", "$.rules"),
        ("rules: {runs-as-root: no}\n", "$.rules['runs-as-root']"),
        ("rules: {document-unreadable: off}\n", "$.rules['document-unreadable']"),
        ("rules: {host-path-mount: {alow: [/x]}}\n", "$.rules['host-path-mount']"),
        ("rules: {host-path-mount: {allow: 7}}\n", "$.rules['host-path-mount']"),
        ("rules:\n", "$.rules"),
        ("exclude: [/vendor]\n", "$.exclude"),
        ("settings: {quotas: {role: {web: {cpu: 1}}}}\n", "$.settings.quotas.role.web"),
        ("settings: {tiers: [{a: x, b: y}]}\n", "$.settings.tiers[0]"),
        ("exemptions: [{rule: runs-as-root}]\n", "$.exemptions[0]"),
        ("exemptions: [{rule: runs-as-rot, reason: x}]\n", "$.exemptions[0].rule"),
        ("exemptions: [{rule: runs-as-root, reason: x, until: soon}]\n", "$.exemptions[0].until"),
    ],
)
def test_an_editor_shows_mistakes(text: str, place: str) -> None:
    assert errors(text) == [place]


@pytest.mark.parametrize("source", ["rego: org\n", "extends: [baseline, base.yaml]\n"])
def test_rules_in_rego_may_have_any_name(source: str) -> None:
    rules = "rules: {owner-missing: {severity: low, label: team}, runs-as-root: off}\n"
    assert errors(f"{source}{rules}exemptions: [{{rule: owner-missing, reason: x}}]\n") == []
    assert errors(f"{source}rules: {{owner-missing: {{severity: hihg}}}}\n") != []


def test_an_editor_completes_every_rule_and_setting_with_its_words() -> None:
    rules = SCHEMA["properties"]["rules"]["properties"]
    assert list(rules) == sorted(RULES)
    for name, (*_, settings) in RULES.items():
        assert rules[name]["description"]
        members = rules[name]["anyOf"][1]["properties"]
        assert members.keys() == {"severity", "suppressible", *settings}
        assert all(member["description"] for member in members.values())


def test_policies_in_the_guides_keep_to_it() -> None:
    folder = os.path.join(os.path.dirname(os.path.dirname(__file__)), "docs")
    found = [text for name in ("policies", "exceptions") for text in _policies(folder, name)]
    assert len(found) > 3
    assert [errors(text) for text in found] == [[] for _ in found]


def _policies(folder: str, name: str) -> list[str]:
    with open(os.path.join(folder, f"{name}.md"), encoding="utf-8") as file:
        blocks = file.read().split("```yaml\n")[1:]
    # A comment that names a file marks what is no policy.
    return [block.partition("```")[0] for block in blocks if not block.startswith("# app.yaml")]
