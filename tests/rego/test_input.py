"""What policies see: the documents that they are asked about, and the places they answer with."""

from __future__ import annotations

import json
import os
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from policylint.cases import case_files, read_cases
from policylint.discover import discover
from policylint.engine import lint
from policylint.parsers import KINDS, parse
from policylint.policy import built_in
from policylint.rego.evaluate import Evaluation
from policylint.rego.library import Library
from policylint.rego.places import Nowhere, find
from policylint.rego.schema import document_schema, fleet_schema
from policylint.rego.view import view
from policylint.source import SourceFile, Span
from tests.integration.outside import ROOT
from tests.rego.repository import rule, write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from policylint.parsers import Document
    from tests.rego.conftest import Run

LIST = '[{"id": "/a", "env": {}, "ports": [0, [1]]}, {"cmd": "x"}, {"cpus": 1}]'


def documents() -> Iterator[SourceFile]:
    for source in discover([os.path.join(ROOT, "examples")], root=ROOT):
        if isinstance(source, SourceFile):
            yield source


def given(sources: list[SourceFile]) -> list[dict[str, Any]]:
    """The documents of files as policies see them."""
    evaluation = Evaluation(Library(None, KINDS), {}, datetime.now(timezone.utc))
    shown: list[dict[str, Any]] = []
    evaluation.ask = lambda: None  # type: ignore[method-assign]
    add = evaluation.add

    def noted(document: Document, findings: Any) -> int:
        number = add(document, findings)
        shown.append(json.loads(evaluation._waiting[-1].encoded))
        return number

    evaluation.add = noted  # type: ignore[method-assign]
    lint(sources, built_in("all"), rego=evaluation)
    return shown


def test_the_schemas_fit_what_policies_see() -> None:
    shown = [{**document, "settings": {}} for document in given(list(documents()))]
    assert len(shown) > 5
    assert any(document["findings"] for document in shown)
    for document in shown:
        jsonschema.validate(document, document_schema())
    for document in shown:
        del document["settings"]
    jsonschema.validate({"documents": shown, "settings": {}}, fleet_schema())


def test_a_template_is_shown_as_it_is_written() -> None:
    source = SourceFile("app.json.mustache", '{"id": "/a", "cmd": "run", "mem": {{mem}}}')
    (shown,) = given([source])
    assert shown["model"]["workloads"][0]["containers"][0]["resources"]["_unknown"] == ["mem"]


@pytest.mark.parametrize("number", [".inf", "-.inf", ".nan", "1e999", "0x" + "f" * 5000])
def test_every_number_that_can_be_read_can_be_shown(number: str) -> None:
    (shown,) = given([SourceFile("a.yaml", f"id: /a\ncmd: x\nmem: {number}\n")])
    assert shown["kind"] == "app"


def test_a_document_that_nobody_can_read_is_not_shown() -> None:
    assert given([SourceFile("app.marathon.json", '{"id": "/a", ')]) == []


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ([0, "id"], '"/a"'),
        ([0], '"/a"'),
        ([1], '"cmd"'),  # an object without a name: its first member
        ([0, "env"], '"env"'),
        ([0, "ports"], '"ports"'),
        ([0, "ports", 0], "0"),
        ([0, "ports", 1], "["),
        ([0, "env", "X"], '"env"'),
        ([0, "container", "docker", "image"], '"/a"'),
        ([2, "cmd"], '"cpus"'),
        ([], "["),
        ({"start": 2, "end": 6}, '"id"'),
    ],
)
def test_a_path_means_a_value_or_the_name_of_an_object(path: object, meant: str) -> None:
    (document,) = parse(SourceFile("apps.json", LIST, kind="app-list"))
    span = document.span(find(document, path))
    assert LIST[span.start : span.end] == meant


@pytest.mark.parametrize("path", [[3], [-1], [0, 0], [0, "id", "x"], [0, "ports", "0"], [True], 3])
def test_a_path_that_leads_nowhere_is_refused(path: object) -> None:
    (document,) = parse(SourceFile("apps.json", LIST, kind="app-list"))
    with pytest.raises(Nowhere):
        find(document, path)


def test_a_document_without_paths_knows_spans_alone() -> None:
    (document,) = parse(SourceFile("app.marathon.json", '{"id": '))
    assert find(document, []) == Span(0, 0)
    with pytest.raises(Nowhere, match="has no paths"):
        find(document, ["id"])


def test_many_documents_are_asked_about_in_parts(
    opa: str, folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("policylint.rego.evaluate.CHUNK", 5_000)
    app = '{"id": "/web", "cmd": "run", "env": {"A": "%s"}}'
    write(folder, {f"{number}.json": app % ("x" * 1000) for number in range(10)})
    twice = 'deny contains {"msg": m, "path": [], "document": 0} if m := count(input.documents)'
    twice = twice.replace("m := count", 'm := sprintf("%d", [count').replace("ments)", "ments)])")
    each = 'deny contains {"msg": "so", "path": []} if input.path'
    write(folder, {"org/each.rego": rule(each, "each")})
    found = run(
        "check", "--rego", "org", "--select", "organisation", "--format", "concise", "--opa", opa
    )
    assert found.out.count("[each]") == 11
    write(folder, {"org/all.rego": rule(twice, "all_of_them", "custom: {on: fleet}")})
    found = run(
        "check", "--rego", "org", "--select", "organisation", "--format", "concise", "--opa", opa
    )
    assert (found.out.count("[each]"), found.out.count("11 [all-of-them]")) == (11, 1)


DOCKERFILES = sorted({
    source.text
    for path in case_files(os.path.join(ROOT, "tests", "rules"))
    for case in read_cases(path)
    for source in case.sources
    if source.name == "Dockerfile"
})  # fmt: skip


def test_the_schemas_fit_every_dockerfile() -> None:
    valid = jsonschema.Draft202012Validator(document_schema())
    for text in DOCKERFILES:
        (document,) = parse(SourceFile("Dockerfile", text))
        shown = {**json.loads(json.dumps(view(document))), "settings": {}}
        assert not list(valid.iter_errors(shown)), text


def test_a_build_is_seen_with_its_stages_instructions_and_commands() -> None:
    text = "FROM a:1 AS x\nFROM x\nRUN --network=none sudo apt-get install -y curl\nUSER web\n"
    (document,) = parse(SourceFile("Dockerfile", text))
    (seen,) = view(document)["model"]["builds"]
    first, second = seen["stages"]
    assert (first["base"]["tag"], first["name"], second["parent"]) == ("1", "x", 0)
    run, user = second["statements"]
    assert (run["keyword"], run["flags"]) == ("RUN", ["--network=none"])
    assert [(each["name"], each["arguments"]) for each in run["commands"]] == [
        ("apt-get", ["install", "-y", "curl"])
    ]
    at = find(document, user["_paths"]["user"])
    assert text[document.span(at).start : document.span(at).end] == "web"
