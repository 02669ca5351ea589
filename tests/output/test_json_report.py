"""The report for programs keeps to its schema and says all that the others say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from policylint.output import json_report
from policylint.source import SourceFile, shipped
from tests.output.reports import app, checked, clean, sarif_run, showcase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.finding import Report


@pytest.fixture(scope="module")
def schema() -> Any:
    with open(shipped("schemas/report.schema.json"), encoding="utf-8") as file:
        return json.load(file)


def read(report: Report) -> Any:
    return json.loads(json_report.render(report))


@pytest.mark.parametrize(
    "report",
    [
        showcase(),
        clean(),
        checked(SourceFile("a.json", app()), SourceFile("marathon.yaml", "id: [")),
    ],
)
def test_the_schema_accepts_it(schema: Any, report: Report) -> None:
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(read(report))


def test_the_schema_refuses_what_it_does_not_know(schema: Any) -> None:
    validator = Draft202012Validator(schema)
    for path in ((), ("summary",), ("findings", 0), ("findings", 0, "region"), ("files", 0)):
        content = read(showcase())
        place = content
        for step in path:
            place = place[step]
        place["surprise"] = 1
        with pytest.raises(ValidationError, match="surprise"):
            validator.validate(content)


def test_the_schema_describes_every_member(schema: Any) -> None:
    undescribed = [name for name, member in members(schema) if not described(member, schema)]
    assert undescribed == []


def test_the_kinds_of_every_file_are_told() -> None:
    group = json.dumps({"id": "/shops", "apps": [json.loads(app())]})
    report = checked(
        SourceFile("shops.json", group),
        SourceFile("both.yaml", f"---\n{app()}\n---\n{app()}\n"),
        SourceFile("package.json", '{"name": "x", "scripts": {}}'),
    )
    content = read(report)
    assert content["files"] == [
        {"path": "both.yaml", "kinds": ["app", "app"]},
        {"path": "shops.json", "kinds": ["group"]},
    ]
    assert content["summary"]["files_checked"] == 2
    assert content["summary"]["files_passed_over"] == 1


def test_the_counts_add_up() -> None:
    content = read(showcase())
    assert content["summary"] == {
        "failed": True,
        "findings": 6,
        "severities": {"critical": 1, "high": 2, "medium": 1, "low": 1, "info": 1},
        "rules": {"door-open": 3, "key-under-mat": 2, "curtain-drawn": 1},
        "suppressed": 0,
        "honored": 0,
        "values_unknown": 0,
        "files_checked": 3,
        "files_passed_over": 2,
    }
    assert read(clean())["summary"]["failed"] is False


def test_a_finding_has_all_its_parts() -> None:
    finding = read(showcase())["findings"][0]
    assert finding["rule"] == "door-open"
    assert finding["instead"] == "instead, close it"
    assert finding["subject"] == "/日本"
    assert finding["region"] == {
        "start_line": 3, "start_column": 10, "end_line": 3, "end_column": 16,
    }  # fmt: skip
    assert finding["related"] == [
        {
            "message": "this one as well",
            "path": "lobby.yaml",
            "region": {"start_line": 4, "start_column": 5, "end_line": 4, "end_column": 11},
        }
    ]
    assert finding["references"][0] == {
        "id": "CWE-250",
        "title": "CWE-250: Execution with Unnecessary Privileges",
        "url": "https://cwe.mitre.org/data/definitions/250.html",
    }


def test_what_is_not_known_is_left_out() -> None:
    finding = read(showcase())["findings"][5]
    assert "subject" not in finding


def test_json_and_sarif_report_the_same_findings() -> None:
    report = checked(SourceFile("a.json", app()), SourceFile("b.json", app(id="/b")))
    in_json = {finding["fingerprint"] for finding in read(report)["findings"]}
    in_sarif = {
        result["partialFingerprints"]["policylint/v1"] for result in sarif_run(report)["results"]
    }
    assert in_json == in_sarif


def test_no_secret_is_shown() -> None:
    written = json_report.render(
        checked(SourceFile("a.json", app(env={"DB_PASSWORD": "k7Qz-Vt93-wLp0"})))
    )
    assert "plaintext-secret-env" in written
    assert "k7Qz" not in written


def members(schema: Any) -> Iterator[tuple[str, Any]]:
    """The members of every object that a schema describes."""
    if isinstance(schema, dict):
        properties = schema.get("properties", {})
        yield from properties.items()
        for part in (*properties.values(), schema.get("items"), *schema.get("$defs", {}).values()):
            yield from members(part)


def described(member: Any, schema: Any) -> bool:
    target = schema["$defs"][member["$ref"].rpartition("/")[2]] if "$ref" in member else {}
    return bool(member.get("description") or target.get("description"))
