"""Templates and text that is not quite JSON: what is still seen, and where."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policylint.engine import lint
from policylint.model import UNKNOWN, Hole, ReadProblem
from policylint.parsers.templates import Values
from policylint.policy import built_in
from policylint.source import SourceFile
from policylint.tree import Unreadable
from policylint.tree.lenient import MendedTree, mend
from tests.parsers.reading import container, documents, nodes, workload


def holes(text: str, name: str = "marathon.json") -> list[Hole]:
    return [node for node in nodes(text, name) if isinstance(node, Hole)]


def problems(text: str, name: str = "marathon.json") -> list[str]:
    return [node.message for node in nodes(text, name) if isinstance(node, ReadProblem)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"id": "/a", // why\n"cmd": "x"}', "comments"),
        ('{"id": "/a", /* why */ "cmd": "x"}', "comments"),
        ('{"id": "/a",\n# why\n"cmd": "x"}', "comments"),
        ('// why\n{"id": "/a", "cmd": "x"}', "comments"),
        ('{"id": "/a", "cmd": "x",}', "trailing commas"),
        ('{"id": "/a", "cmd": "x", "uris": ["a", ]}', "trailing commas"),
        ('{"id": "/a", "cmd": "x\ty"}', "raw control characters in strings"),
        ('{"id": "/a", "cmd": "x\ny"}', "raw control characters in strings"),
    ],
)
def test_what_strict_json_refuses_is_told_and_the_rest_is_seen(text: str, message: str) -> None:
    assert problems(text) == [f"not JSON: {message}"]
    assert workload(text).id.value == "/a"


def test_places_stay_those_of_the_original() -> None:
    text = '{ // a comment, with "quotes"\n  "id": "/a",\n  "cmd": "run", /* , */\n}\n'
    (document,) = documents(text)
    span = document.span(workload(text).id.at)
    assert text[span.start : span.end] == '"/a"'


def test_a_url_in_a_string_is_no_comment() -> None:
    assert problems('{"id": "/a", "cmd": "curl http://x/y", }') == ["not JSON: trailing commas"]


@pytest.mark.parametrize(
    "placeholder",
    ["{{cpus}}", "{{ service.cpus }}", "{{{cpus}}}", "${CPUS}", "$CPUS", "<%= cpus %>", "@@CPUS@@",
     "%%CPUS%%", "<cpus>", "{{a}}.{{b}}", "1{{zeros}}"],
)  # fmt: skip
def test_a_bare_placeholder_is_an_unknown_value(placeholder: str) -> None:
    text = f'{{"id": "/a", "cmd": "x", "instances": {placeholder}, "user": "root"}}'
    instances = workload(text).instances
    assert instances is not None
    assert instances.value is UNKNOWN
    (hole,) = holes(text)
    (document,) = documents(text)
    span = document.span(hole.at)
    assert text[span.start : span.end] == placeholder


def test_a_placeholder_inside_a_string_hides_that_part_only() -> None:
    image = container('{"id": "/a", "container": {"docker": {"image": "web:{{version}}"}}}').image
    assert image is not None
    assert (image.repository, image.tag) == ("web", UNKNOWN)


def test_sections_of_a_template_are_seen_all() -> None:
    text = """{
      "id": "/a",
      {{#container}}
      "container": {"type": "DOCKER", "docker": {"image": "a:1", "privileged": true}},
      {{/container}}
      {{^container}}
      "cmd": "x"
      {{/container}}
    }"""
    assert bool(container(text).privileged)
    assert problems(text) == []


def test_sections_one_after_the_other_in_a_list() -> None:
    text = """{"id": "/a", "cmd": "x", "uris": [
      {{#one}}"http://a",{{/one}}
      {{#two}}"http://b"{{/two}}
      {{#three}},"http://c"{{/three}}
    ]}"""
    found = container(text).artifacts
    assert [artifact.uri.value for artifact in found] == ["http://a", "http://b", "http://c"]


@pytest.mark.parametrize("name", ["marathon.json.mustache", "app.json.j2", "app.json.tmpl"])
def test_a_template_by_name_has_one_remark_for_all(name: str) -> None:
    text = '{"id": "/a", "cmd": "x", "user": "{{user}}", "role": "{{role}}", "cpus": {{cpus}}}'
    (hole,) = holes(text, name)
    assert hole.is_template
    assert hole.text == "3 placeholders"


def test_a_template_whose_rest_makes_no_sense_is_never_unreadable() -> None:
    text = '{"id": "/a", "cmd": "x", {{#x}}{{/x}} "cpus": {{#a}}1{{/a}}{{^a}}2{{/a}} "mem" }'
    assert problems(text) == []
    (hole,) = holes(text)
    assert not hole.is_linted


def test_each_placeholder_of_a_definition_once_with_all_its_places() -> None:
    text = '{"id": "/a", "cmd": "x", "labels": {"a": "{{t}}", "b": "{{t}}"}, "user": "{{u}}"}'
    found = {hole.text: hole for hole in holes(text)}
    assert found.keys() == {"{{t}}", "{{u}}"}
    assert len(found["{{t}}"].others) == 1
    assert not found["{{t}}"].is_security
    assert found["{{u}}"].is_security


@pytest.mark.parametrize(
    "member",
    ['"cmd": "echo $PORT0 ${HOST} {{x}}"', '"args": ["{{x}}"]', '"description": "{{x}}"',
     '"labels": {"HAPROXY_0_BACKEND_HEAD": "{{x}}"}', '"labels": {"traefik.rule": "{{x}}"}',
     '"env": {"A": "b ${C} d"}', '"healthChecks": [{"command": {"value": "{{x}}"}}]'],
)  # fmt: skip
def test_what_looks_like_a_placeholder_and_is_none(member: str) -> None:
    assert holes(f'{{"id": "/a", "cpus": 1, {member}}}') == []


def test_yaml_placeholders_in_value_position() -> None:
    text = "id: /a\ncmd: x\nuser: {{user}}\ninstances: {{n}}\n"
    found = workload(text, "app.yaml")
    assert found.containers[0].user is not None
    assert found.containers[0].user.value is UNKNOWN
    assert found.instances is not None
    assert found.instances.value is UNKNOWN


LOOKED_AT = (
    "privileged-container",
    "plaintext-secret-env",
    "runs-as-root",
    "unresolved-placeholder",
)


def findings(text: str, values: dict[str, Any] | None = None) -> dict[str, str]:
    filled = None if values is None else Values(values)
    report = lint([SourceFile("marathon.json", text)], built_in("all"), filled)
    return {
        finding.rule.name: finding.source.text[finding.span.start : finding.span.end]
        for finding in report.findings
        if finding.rule.name in LOOKED_AT
    }


def test_values_fill_a_template_before_it_is_judged() -> None:
    text = (
        '{"id": "/a", "container": {"docker": {"image": "a:{{tag}}", "privileged": {{priv}}}},'
        ' "env": {"PASSWORD": "{{db.password}}", "TOKEN": "${TOKEN}"}}'
    )
    values = {"tag": 1, "priv": True, "db": {"password": "hunter2hunter2"}, "TOKEN": "s3cr3tt0k"}
    assert findings(text).keys() == {"unresolved-placeholder"}
    found = findings(text, values)
    assert found["privileged-container"] == "{{priv}}"
    assert found["plaintext-secret-env"] in ('"{{db.password}}"', '"${TOKEN}"')
    assert "unresolved-placeholder" not in found


def test_a_placeholder_without_a_value_stays_one() -> None:
    text = '{"id": "/a", "cmd": "x", "user": "{{user}}", "role": "{{role}}"}'
    assert findings(text, {"role": "web"}) == {"unresolved-placeholder": '"{{user}}"'}


PIECES = st.sampled_from(
    ['{', '}', '[', ']', ',', ':', '"a"', '"', '1', 'true', '{{x}}', '{{#x}}', '{{/x}}', '//', '#',
     '/*', '*/', '\n', ' ', '${A}', '<a>', '\\', '{%', '%}', '\x01', 'é', '$', '$A', '@@a@@']
)  # fmt: skip


@given(st.lists(PIECES, max_size=30).map("".join))
def test_mending_moves_no_character_and_never_falls_over(text: str) -> None:
    mended = mend(text)
    assert len(mended.text) == len(text)
    assert [at for at, c in enumerate(text) if c in "\r\n"] == [
        at for at, c in enumerate(mended.text) if c in "\r\n"
    ] or "raw control characters in strings" in [mistake.message for mistake in mended.mistakes]
    with suppress(Unreadable):
        MendedTree(mended)


@given(st.text(max_size=60))
def test_any_text_is_read_or_passed_over(text: str) -> None:
    for name in ("marathon.json", "marathon.yaml", "x.json", "marathon.json.mustache"):
        for document in documents(text, name):
            assert document.nodes
