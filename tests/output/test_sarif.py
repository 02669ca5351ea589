"""SARIF that GitHub code scanning takes: the schema, and what it demands beyond it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft4Validator

from policylint.engine import lint
from policylint.output import sarif
from policylint.output.text import render as render_text
from policylint.policy import built_in
from policylint.rule import rule
from policylint.source import SourceFile, Span
from policylint.workload import Container
from tests.output.reports import (
    app,
    checked,
    clean,
    curtain_drawn,
    data_file,
    door_open,
    found,
    report_of,
    sarif_run,
    showcase,
    strings,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.finding import Problems, Report

DOOR = SourceFile("door.json", '{"door": "open"}')


def everything() -> Report:
    return checked(
        SourceFile("a.json", app(env={"DB_PASSWORD": "k7Qz-Vt93-wLp0"}, cmd="run")),
        SourceFile("b.yaml", "id: /b\ncmd: run\ncpus: 1\nmem: 32\nuser: root\n"),
        SourceFile("marathon.json", '{"id": "/c", "cmd": '),
    )


@pytest.mark.parametrize("report", [showcase(), clean(), everything()])
def test_the_official_schema_accepts_it(report: Report) -> None:
    with open(data_file("sarif-schema-2.1.0.json"), encoding="utf-8") as file:
        schema = json.load(file)
    Draft4Validator(schema).validate(json.loads(sarif.render(report)))


@pytest.mark.parametrize("report", [showcase(), clean(), everything()])
def test_no_member_is_null_and_no_text_empty(report: Report) -> None:
    written = sarif.render(report)
    assert "null" not in written
    assert "" not in set(strings(json.loads(written)))


def test_a_clean_run_has_an_empty_list_of_results() -> None:
    run = sarif_run(clean())
    assert run["results"] == []
    assert run["tool"]["driver"]["rules"] == []
    assert run["invocations"] == [{"executionSuccessful": True}]


@pytest.mark.parametrize("report", [showcase(), everything()])
def test_everything_that_github_requires_is_there(report: Report) -> None:
    run = sarif_run(report)
    assert run["columnKind"] == "unicodeCodePoints"
    for described in run["tool"]["driver"]["rules"]:
        for member in ("shortDescription", "fullDescription", "help"):
            assert described[member]["text"]
        assert described["help"]["markdown"]
        assert described["properties"]["precision"] in ("very-high", "high", "medium", "low")
    for result in run["results"]:
        assert result["message"]["text"]
        assert len(result["partialFingerprints"]["policylint/v1"]) == 32
        for region in regions(result):
            assert region["startLine"] >= 1
            assert region["startColumn"] >= 1
            assert (region["endLine"], region["endColumn"]) >= (
                region["startLine"],
                region["startColumn"],
            )


@pytest.mark.parametrize("report", [showcase(), everything()])
def test_every_result_points_at_its_rule_and_every_rule_has_results(report: Report) -> None:
    run = sarif_run(report)
    names = [described["id"] for described in run["tool"]["driver"]["rules"]]
    assert len(names) == len(set(names))
    assert [names[result["ruleIndex"]] for result in run["results"]] == [
        result["ruleId"] for result in run["results"]
    ]
    assert set(names) == {result["ruleId"] for result in run["results"]}


@pytest.mark.parametrize(
    ("severity", "level", "score"),
    [
        ("critical", "error", "9.5"),
        ("high", "error", "8.0"),
        ("medium", "warning", "5.5"),
        ("low", "note", "2.0"),
        ("info", "note", None),
    ],
)
def test_severity_becomes_level_and_score(severity: str, level: str, score: str | None) -> None:
    run = sarif_run(report_of(found(door_open, DOOR, '"open"', severity=severity)))
    properties = run["tool"]["driver"]["rules"][0]["properties"]
    assert run["results"][0]["level"] == level
    assert properties.get("security-severity") == score
    assert ("security" in properties["tags"]) == (score is not None)
    assert properties.get("problem.severity") == (None if score else "recommendation")


def test_a_rule_is_scored_by_its_worst_result() -> None:
    mild = found(door_open, DOOR, '"door"', severity="low")
    worse = found(door_open, DOOR, '"open"', severity="medium")
    described = sarif_run(report_of(mild, worse))["tool"]["driver"]["rules"][0]
    assert described["properties"]["security-severity"] == "5.5"


def test_a_rule_brings_its_family_equivalents_and_references() -> None:
    described = sarif_run(report_of(found(door_open, DOOR, '"open"')))["tool"]["driver"]["rules"][0]
    assert described["properties"]["family"] == "privilege"
    assert described["properties"]["equivalents"] == ["OTHER-1"]
    assert described["properties"]["tags"] == [
        "security",
        "privilege",
        "external/cwe/cwe-250",
        "CIS-Docker:5.5",
        "NIST:4.4.3",
        "ATTACK:T1611",
        "PSS:baseline",
    ]
    assert "helpUri" not in described
    markdown = described["help"]["markdown"]
    assert "[CWE-250: Execution with Unnecessary Privileges](https://cwe.mitre.org" in markdown
    assert '```json\n{"id": "/web", "door": "open"}\n```' in markdown
    assert "- `allow`: Doors that may stand open." in markdown
    assert "https://attack.mitre.org/techniques/T1611/" in described["help"]["text"]


def test_limits_hold_for_a_rule_with_very_much_to_say() -> None:
    @rule(
        on=Container,
        severity="high",
        family="hygiene",
        refs=" ".join(f"CWE-{n}" for n in range(50)),
    )
    def chatterbox(_: Container) -> Problems:
        yield from ()

    chatterbox.check.__doc__ = f"Talks. {'a' * 2000}\n\n{'b' * 2000}\n"
    described = sarif_run(report_of(found(chatterbox, DOOR, '"open"')))["tool"]["driver"]["rules"][
        0
    ]
    assert len(described["properties"]["tags"]) == 20
    assert "security" in described["properties"]["tags"]
    assert len(described["shortDescription"]["text"]) <= 1024
    assert len(described["fullDescription"]["text"]) <= 1024


def test_a_rule_without_a_docstring_is_described_by_its_name() -> None:
    @rule(on=Container, severity="high", family="hygiene")
    def silent_one(_: Container) -> Problems:
        yield from ()

    described = sarif_run(report_of(found(silent_one, DOOR, '"open"')))["tool"]["driver"]["rules"][
        0
    ]
    assert described["shortDescription"]["text"] == "silent-one"
    assert described["help"]["text"] == "silent-one"


def test_the_worst_come_first_and_what_is_cut_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "MAX_RESULTS", 2)
    findings = [
        found(curtain_drawn, DOOR, '"door"'),
        found(door_open, DOOR, '"open"', severity="low"),
        found(door_open, DOOR, '"door"', severity="critical"),
    ]
    run = sarif_run(report_of(*findings))
    assert [result["properties"]["severity"] for result in run["results"]] == ["critical", "low"]
    assert [described["id"] for described in run["tool"]["driver"]["rules"]] == ["door-open"]
    (notification,) = run["invocations"][0]["toolExecutionNotifications"]
    assert notification["message"]["text"].startswith("1 of 3 findings")
    assert run["invocations"][0]["executionSuccessful"] is True


def test_equally_severe_findings_stay_in_the_order_of_the_text() -> None:
    run = sarif_run(showcase())
    high = [result for result in run["results"] if result["properties"]["severity"] == "high"]
    assert [uri(result["locations"][0]) for result in high] == [
        "deploy/web%20shop/gr%C3%B6%C3%9Fe%231.json",
        "marathon.json",
    ]


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("deploy/app.json", "deploy/app.json"),
        ("web shop/app.json", "web%20shop/app.json"),
        ("app#1.json", "app%231.json"),
        ("100%.json", "100%25.json"),
        ("what?.json", "what%3F.json"),
        ("größe.json", "gr%C3%B6%C3%9Fe.json"),
        ("two\nlines.json", "two%0Alines.json"),
        ("c:app.json", "c%3Aapp.json"),
        ("back\\slash.json", "back%5Cslash.json"),
        ("<stdin>", "%3Cstdin%3E"),
        ("latin-\udcfc.json", "latin-%FC.json"),
        ("half-\ud800.json", "half-%3F.json"),
    ],
)
def test_a_path_becomes_a_relative_address(path: str, address: str) -> None:
    source = SourceFile(path, DOOR.text)
    place = sarif_run(report_of(found(door_open, source, '"open"')))["results"][0]["locations"][0]
    file = place["physicalLocation"]["artifactLocation"]
    assert file == {"uri": address, "uriBaseId": "%SRCROOT%"}


def test_a_file_outside_the_root_has_a_complete_address() -> None:
    source = SourceFile("/srv/web shop/app.json", DOOR.text)
    place = sarif_run(report_of(found(door_open, source, '"open"')))["results"][0]["locations"][0]
    assert place["physicalLocation"]["artifactLocation"] == {
        "uri": "file:///srv/web%20shop/app.json"
    }


def test_the_root_is_named_without_a_path_of_the_machine() -> None:
    (root,) = sarif_run(showcase())["originalUriBaseIds"].values()
    assert root.keys() == {"description"}


def test_columns_are_code_points_and_the_end_is_exclusive() -> None:
    source = SourceFile("door.json", '{\r\n"😀": "öpen"}')
    result = sarif_run(report_of(found(door_open, source, '"öpen"')))["results"][0]
    assert list(regions(result)) == [
        {"startLine": 2, "startColumn": 6, "endLine": 2, "endColumn": 12}
    ]


def test_related_places_are_numbered_and_say_what_they_are() -> None:
    related = next(
        result["relatedLocations"]
        for result in sarif_run(showcase())["results"]
        if "relatedLocations" in result
    )
    assert [(place["id"], place["message"]["text"]) for place in related] == [
        (1, "this one as well")
    ]
    assert uri(related[0]) == "lobby.yaml"


def test_a_message_says_what_to_do_and_holds_no_link_of_a_stranger() -> None:
    texts = [result["message"]["text"] for result in sarif_run(showcase())["results"]]
    assert 'door of "/日本" is open. Instead, close it.' in texts
    assert not any("](" in text for text in texts)


def test_an_empty_message_gives_way_to_the_name_of_the_rule() -> None:
    report = report_of(found(curtain_drawn, DOOR, '"open"', " ", subject=""))
    report.policy = ""
    run = sarif_run(report)
    assert run["results"][0]["message"]["text"] == "curtain-drawn."
    assert "" not in set(strings(run))


def test_a_subject_is_a_logical_location() -> None:
    place = sarif_run(report_of(found(door_open, DOOR, '"open"')))["results"][0]["locations"][0]
    assert place["logicalLocations"] == [{"fullyQualifiedName": "/web"}]


def test_no_text_of_a_file_is_shown() -> None:
    written = sarif.render(
        checked(SourceFile("a.json", app(env={"DB_PASSWORD": "k7Qz-Vt93-wLp0"})))
    )
    assert "plaintext-secret-env" in written
    assert "k7Qz" not in written
    assert "snippet" not in written


def test_a_milder_policy_makes_milder_alerts() -> None:
    from policylint.engine import lint
    from policylint.policy import RuleChoice

    policy = built_in("all")._replace(rules={"privileged-container": RuleChoice(severity="low")})
    run = sarif_run(lint([SourceFile("a.json", app())], policy))
    assert [result["level"] for result in run["results"]] == ["note"]
    properties = run["tool"]["driver"]["rules"][0]["properties"]
    assert properties["security-severity"] == "2.0"


def test_a_place_without_length_is_kept() -> None:
    result = sarif_run(report_of(found(door_open, DOOR, Span(3, 3))))["results"][0]
    assert list(regions(result)) == [
        {"startLine": 1, "startColumn": 4, "endLine": 1, "endColumn": 4}
    ]


def uri(place: Any) -> str:
    address: str = place["physicalLocation"]["artifactLocation"]["uri"]
    return address


def regions(result: Any) -> Iterator[Any]:
    for place in (*result["locations"], *result.get("relatedLocations", ())):
        yield place["physicalLocation"]["region"]


ATTACK = """{"id": "/a", "acceptedResourceRoles": ["slave_public"], "container": {"docker": {
  "image": "a:1", "privileged": true}}}"""


def test_a_fix_is_offered_as_edits_of_the_file() -> None:
    report = lint([SourceFile("a.json", ATTACK)], built_in("baseline"))
    (run,) = json.loads(sarif.render(report))["runs"]
    (result,) = [it for it in run["results"] if it["ruleId"] == "privileged-container"]
    ((change,),) = [fix["artifactChanges"] for fix in result["fixes"]]
    assert change["artifactLocation"]["uri"] == "a.json"
    (replacement,) = change["replacements"]
    assert replacement == {
        "deletedRegion": {"startLine": 2, "startColumn": 17, "endLine": 2, "endColumn": 37}
    }


def test_an_attack_path_is_a_flow_of_steps() -> None:
    report = lint([SourceFile("a.json", ATTACK)], built_in("baseline"))
    (run,) = json.loads(sarif.render(report))["runs"]
    (result,) = [it for it in run["results"] if it["ruleId"] == "attack-path-internet-to-host"]
    ((thread,),) = [flow["threadFlows"] for flow in result["codeFlows"]]
    steps = [step["location"]["message"]["text"] for step in thread["locations"]]
    assert len(steps) == len(result["relatedLocations"]) > 1
    text = render_text(report)
    assert all(f"  {number}. a.json:" in text for number in range(1, len(steps) + 1))
