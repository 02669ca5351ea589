"""Rules on all definitions together: order, context, what takes their findings back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policylint import crosscheck
from policylint.engine import lint
from policylint.output import json_report, sarif, text
from policylint.parsers import parse
from policylint.policy_file import read_text
from policylint.source import SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policylint.finding import Finding, Report
    from policylint.fleet import Fleet
    from policylint.policy import Policy

RULES = (
    "duplicate-id", "role-quota-exceeded", "group-budget-exceeded", "dependency-cycle",
    "dependency-missing", "cross-group-dependency", "tier-violation-dependency",
)  # fmt: skip
OF_SUPPRESSIONS = ("suppression-unused", "suppression-without-reason", "suppression-not-permitted")
SETTINGS = """\
settings:
  tiers: [{platform: ["/infra/**"]}, {users: ["/*/**"]}]
  quotas: {role: {dev: {cpus: 6, instances: 9}}, group: {/dev: {mem: 900}}}
"""
LABEL = {"policylint.ignore/duplicate-id": "both are the same in the end"}


def policy(text: str = SETTINGS) -> Policy:
    stated = read_text(".policylint.yaml", f"extends: all\n{text}")
    return stated.selecting((*RULES, *OF_SUPPRESSIONS), ())


def app(path: str, identifier: str, **more: Any) -> SourceFile:
    return SourceFile(path, json.dumps({"id": identifier, "cmd": f"run {path}", **more}))


def seen(findings: Iterable[Finding]) -> list[tuple[str, str, str]]:
    return [(found.source.path, found.rule.name, found.message) for found in findings]


def rules(report: Report) -> list[str]:
    return [finding.rule.name for finding in report.findings]


TWINS = [app("a.json", "/dev/web"), app("b.json", "/dev/web")]


# What does not matter

IDS = st.sampled_from(["/dev/a", "/dev/b", "/infra/a", "/users/x/a", "c"])
APPS = st.fixed_dictionaries(
    {"id": IDS, "cmd": st.just("run")},
    optional={
        "cpus": st.sampled_from([0.1, 1, 2.5]),
        "mem": st.sampled_from([64, 300]),
        "instances": st.integers(0, 5),
        "role": st.sampled_from(["dev", "users"]),
        "dependencies": st.lists(IDS | st.sampled_from(["/dev", "../b", "/nobody"]), max_size=3),
        "labels": st.just({"policylint.ignore/dependency-cycle": "they start by themselves"}),
    },
)
GROUPS = st.fixed_dictionaries(
    {"id": st.sampled_from(["/dev", "/users"]), "apps": st.lists(APPS, max_size=3)},
    optional={"enforceRole": st.booleans(), "dependencies": st.lists(IDS, max_size=2)},
)
FILES = st.lists(APPS | GROUPS, min_size=1, max_size=7)


def sources(documents: list[Any]) -> list[SourceFile]:
    return [SourceFile(f"f{at}.json", json.dumps(found)) for at, found in enumerate(documents)]


@settings(max_examples=60, deadline=None)
@given(FILES, st.randoms(use_true_random=False))
def test_the_order_of_files_does_not_matter(documents: list[Any], random: Any) -> None:
    files = sources(documents)
    straight = lint(files, policy())
    random.shuffle(files)
    shuffled = lint(files, policy())
    assert json_report.render(shuffled) == json_report.render(straight)
    assert seen(found.finding for found in shuffled.suppressed) == seen(
        found.finding for found in straight.suppressed
    )


@settings(max_examples=60, deadline=None)
@given(FILES, st.data())
def test_named_files_get_the_findings_that_touch_them(documents: list[Any], data: Any) -> None:
    files = sources(documents)
    named = data.draw(st.lists(st.sampled_from(files), min_size=1, unique=True))
    whole = lint(files, policy(), complete=lambda: True)
    part = lint(named, policy(), context=[source for source in files if source not in named])
    paths, texts = ({source.path for source in named}, {source.text for source in named})
    touching = {
        finding.fingerprint
        for finding in whole.findings
        if finding.source.path in paths
        or (finding.rule.name in RULES and finding.source.text in texts)
        or any(related.source.text in texts for related in finding.related)
    }
    assert {finding.fingerprint for finding in part.findings} == touching
    assert all(finding.source.path in paths for finding in part.findings)


def fleet_of(files: Iterable[SourceFile]) -> Fleet:
    gathering = crosscheck.Gathering()
    for source in files:
        gathering.add(source, parse(source))
    return gathering.fleet()


@settings(max_examples=60, deadline=None)
@given(FILES)
def test_sums_are_those_of_a_naive_recomputation(documents: list[Any]) -> None:
    apps: dict[str, list[dict[str, Any]]] = {}
    enforced = {found["id"]: found["enforceRole"] for found in documents if "enforceRole" in found}
    for found in documents:
        for each in found.get("apps", [found]) if "cmd" not in found else [found]:
            base = found["id"] if "apps" in found else ""
            own = each["id"] if each["id"].startswith("/") else f"{base}/{each['id']}"
            apps.setdefault(own, []).append(each)
    sums: dict[str, float] = {}
    for identifier, claims in apps.items():
        totals = [
            tuple(each.get("instances", 1) * each.get(name, default) for name, default in NEEDS)
            for each in claims
        ]
        greediest = claims[totals.index(max(totals))]
        top = "/" + identifier.split("/")[1] if identifier.count("/") > 1 else None
        role = greediest.get("role") or (top[1:] if top and enforced.get(top, True) else "*")
        sums[role] = sums.get(role, 0) + max(totals)[0]
    counted = fleet_of(sources(documents))
    found_sums: dict[str, float] = {}
    for service in counted.counted():
        role = counted.role_of(service)
        found_sums[role] = found_sums.get(role, 0) + service.total("cpus")
    if len(enforced) == len([found for found in documents if "enforceRole" in found]):
        assert found_sums == pytest.approx(sums)


NEEDS = (("cpus", 1), ("mem", 128), ("disk", 0), ("gpus", 0))


# Several places


def test_a_finding_shows_all_its_files_in_every_format() -> None:
    report = lint(TWINS, policy())
    shown = text.render(report)
    assert "b.json:1:8: high: /dev/web is defined twice" in shown
    assert "  = a.json:1:8: an app of this id" in shown
    (result,) = json.loads(sarif.render(report))["runs"][0]["results"]
    (related,) = result["relatedLocations"]
    assert related["physicalLocation"]["artifactLocation"]["uri"] == "a.json"
    assert related["message"]["text"] == "an app of this id"
    (finding,) = json.loads(json_report.render(report))["findings"]
    assert [place["path"] for place in finding["related"]] == ["a.json"]


def test_of_very_many_places_the_first_are_shown() -> None:
    files = [app(f"{at:03}.json", f"/dev/{at}") for at in range(300)]
    (finding,) = [found for found in lint(files, policy()).findings if "instances" in found.message]
    assert finding.message == "role dev asks for 300 instances, 9 are its limit"
    assert len(finding.related) == crosscheck.MOST_RELATED


def test_files_of_several_documents_have_exact_places() -> None:
    both = SourceFile("a.yaml", "id: /dev/web\ncmd: run\n---\nid: /dev/web\ncmd: walk\n")
    (finding,) = [
        found for found in lint([both], policy()).findings if found.rule.name == "duplicate-id"
    ]
    assert (finding.region.start_line, finding.related[0].span.start) == (4, 4)


# Context


def test_only_what_touches_a_named_file_is_reported() -> None:
    others = [app("c.json", "/dev/db"), app("d.json", "/dev/db", dependencies=["/ghost"])]
    report = lint(TWINS[:1], policy(), context=[TWINS[1], *others])
    assert seen(report.findings) == [
        ("a.json", "duplicate-id",
         "/dev/web is defined twice: the last one deployed replaces the others"),
    ]  # fmt: skip
    assert [file.path for file in report.files] == ["a.json"]


def test_a_finding_that_moves_to_the_named_file_keeps_its_fingerprint() -> None:
    (whole,) = lint(TWINS, policy()).findings
    (part,) = lint(TWINS[:1], policy(), context=TWINS[1:]).findings
    assert (whole.source.path, part.source.path) == ("b.json", "a.json")
    assert whole.fingerprint == part.fingerprint


def test_a_sum_is_told_to_whoever_adds_to_it() -> None:
    big = app("big.json", "/dev/big", cpus=9)
    small = app("small.json", "/dev/small", cpus=0.5)
    (part,) = lint([small], policy(), context=[big]).findings
    assert part.message == "role dev asks for 9.5 cpus, 6 are its limit"
    assert [related.message for related in part.related] == ["/dev/big asks for 9"]


def test_a_broken_file_in_the_context_hides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = SourceFile("marathon.json", '{"id": "/x", "cmd": ')
    bomb = SourceFile("bomb.json", '{"id": "/y", "cmd": "run"}')

    def parse_or_burst(source: SourceFile, values: Any = None, **how: Any) -> Any:
        if source.path == "bomb.json":
            raise RuntimeError("a mistake of ours")
        return parse(source, values, **how)

    monkeypatch.setattr("policylint.engine.parse", parse_or_burst)
    report = lint(TWINS[:1], policy(), context=[bomb, broken, TWINS[1]])
    assert rules(report) == ["duplicate-id"]


def test_the_context_is_not_read_without_a_rule_on_the_fleet() -> None:
    def never() -> Any:
        raise AssertionError
        yield

    lint(TWINS[:1], policy().selecting(["suppression-unused"], ()), context=never())
    lint([SourceFile("package.json", "{}")], policy(), context=never())


def test_a_mistake_in_a_rule_on_the_fleet_hides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def burst(*_: Any) -> Any:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(crosscheck.Gathering, "findings", burst)
    labelled = app("a.json", "/a", labels={"policylint.ignore/dependency-cycle": ""})
    told: list[str] = []
    report = lint([labelled], policy(), crashed=lambda source, _: told.append(source.path))
    assert rules(report) == ["suppression-without-reason"]
    assert told == ["the definitions together"]


def test_a_copy_is_the_same_definition_and_answers_for_it() -> None:
    text = '{"id": "/dev/web", "cmd": "run", "cpus": 4}'
    copies = [SourceFile("x/app.json", text), SourceFile("y/app.json", text)]
    assert rules(lint(copies, policy())) == ["role-quota-exceeded"]
    other = app("z.json", "/dev/web")
    for named in copies:
        rest = [*(copy for copy in copies if copy is not named), other]
        (finding, *_) = lint([named], policy(), context=rest).findings
        assert (finding.rule.name, finding.source.path) == ("duplicate-id", named.path)


# What takes findings back


@pytest.mark.parametrize("at", [0, 1])
def test_a_claim_is_taken_back_from_either_side(at: int) -> None:
    files = list(TWINS)
    files[at] = app(files[at].path, "/dev/web", labels=LABEL)
    report = lint(files, policy(), complete=lambda: True)
    assert rules(report) == []
    assert seen(found.finding for found in report.suppressed)[0][1] == "duplicate-id"
    for named in (0, 1):
        part = lint([files[named]], policy(), context=[files[1 - named]])
        assert rules(part) == []
        assert len(part.suppressed) == 1


def test_a_central_pipeline_ignores_what_stands_in_the_context() -> None:
    other = app("b.json", "/dev/web", labels=LABEL)
    report = lint(TWINS[:1], policy(), suppressions=False, context=[other])
    assert rules(report) == ["duplicate-id"]


def test_a_sum_is_taken_back_only_where_it_is_reported() -> None:
    label = {"policylint.ignore/role-quota-exceeded": "the quota is about to be raised"}
    big, small = app("big.json", "/dev/big", cpus=9), app("small.json", "/dev/small", labels=label)
    assert rules(lint([big, small], policy(), complete=lambda: True)) == [
        "role-quota-exceeded", "suppression-unused",
    ]  # fmt: skip
    big = app("big.json", "/dev/big", cpus=9, labels=label)
    small = app("small.json", "/dev/small")
    assert rules(lint([big, small], policy(), complete=lambda: True)) == []
    assert rules(lint([small], policy(), context=[big])) == []


def test_a_suppression_is_unused_only_when_everything_was_looked_at() -> None:
    alone = app("a.json", "/dev/web", labels=LABEL)
    assert rules(lint([alone], policy())) == []
    assert rules(lint([alone], policy(), together=False)) == []
    assert rules(lint([alone], policy(), context=[])) == ["suppression-unused"]
    assert rules(lint([alone], policy(), complete=lambda: True)) == ["suppression-unused"]


@pytest.mark.parametrize("who", ["subject: /dev/web", "path: a.json", "path: b.json"])
def test_an_exemption_fits_any_of_the_files_at_fault(who: str) -> None:
    exempting = policy(
        f"exemptions: [{{rule: duplicate-id, {who}, reason: the two are never deployed at once}}]"
    )
    report = lint(TWINS, exempting, complete=lambda: True)
    assert rules(report) == []
    assert len(report.suppressed) == 1
    assert rules(lint(TWINS[:1], exempting, context=TWINS[1:])) == []


def test_an_exemption_that_no_finding_asks_for_is_unused() -> None:
    exempting = policy(
        "exemptions: [{rule: duplicate-id, subject: /x, reason: the two are never deployed}]"
    )
    report = lint(TWINS, exempting, complete=lambda: True)
    assert rules(report) == ["suppression-unused", "duplicate-id"]


def test_the_policy_weighs_findings_of_the_fleet_like_others() -> None:
    weighed = policy("rules: {duplicate-id: low}")
    (finding,) = lint(TWINS, weighed).findings
    assert finding.severity == "low"
    assert rules(lint(TWINS, weighed, min_severity="medium")) == []
    off = read_text(".policylint.yaml", "extends: baseline\nrules: {duplicate-id: off}\n")
    assert "duplicate-id" not in rules(lint(TWINS, off))


# Hostile input


def test_absurd_ids_and_numbers_end_in_an_answer() -> None:
    files = [
        app("deep.json", "/" + "/".join("a" * 200_000), dependencies=["/" + "b/" * 100_000]),
        app("big.json", "/dev/x", instances=10**300, cpus=1e308, dependencies=["/", "..", "/.."]),
        SourceFile("nan.yaml", "id: /dev/y\ncmd: run\ncpus: .nan\ninstances: .inf\n"
                   "upgradeStrategy: {minimumHealthCapacity: .nan, maximumOverCapacity: .nan}\n"),
    ]  # fmt: skip
    assert "role-quota-exceeded" in rules(lint(files, policy()))


def test_a_long_chain_of_dependencies_needs_no_stack() -> None:
    count = 5000
    apps = [
        {"id": f"/dev/{at}", "cmd": "run", "dependencies": [f"/dev/{(at + 1) % count}"]}
        for at in range(count)
    ]
    report = lint([SourceFile("a.json", json.dumps({"id": "/", "apps": apps}))], policy())
    assert "dependency-cycle" in rules(report)


def test_two_files_of_one_name_are_one() -> None:
    assert rules(lint([TWINS[0], app("a.json", "/dev/web", user="x")], policy())) == []
