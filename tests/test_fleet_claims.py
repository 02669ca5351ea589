"""What several services claim: who meets whom, whatever the order and however many there are."""

from __future__ import annotations

import json
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policylint.engine import lint
from policylint.fleet.meeting import Claim, clashes, may_share_agent
from policylint.output import json_report
from policylint.policy_file import read_text
from policylint.source import SourceFile
from tests.test_fleet import fleet_of

RULES = (
    "host-port-collision", "service-port-collision", "vip-collision", "route-collision",
    "admin-route-collision", "host-path-shared", "external-volume-shared", "secret-out-of-scope",
)  # fmt: skip
POLICY = read_text(".policylint.yaml", "extends: all\n").selecting(RULES, ())

PINS = st.sampled_from([
    [], [["hostname", "CLUSTER", "n1"]], [["hostname", "LIKE", "n1|n2"]], [["rack", "IS", "a"]],
    [["hostname", "UNLIKE", "n1"]], [["hostname", "LIKE", "n[12]"]], [["hostname", "UNIQUE"]],
])  # fmt: skip
APPS = st.fixed_dictionaries(
    {"id": st.sampled_from(["/a/x", "/a/y", "/b/x", "/c", "/d"]), "cmd": st.just("run")},
    optional={
        "constraints": PINS,
        "acceptedResourceRoles": st.sampled_from([["*"], ["slave_public"], ["web", "*"]]),
        "requirePorts": st.booleans(),
        "portDefinitions": st.lists(
            st.fixed_dictionaries(
                {"port": st.sampled_from([0, 9000, 9001])},
                optional={"labels": st.just({"VIP_0": "/db:1"})},
            ),
            max_size=2,
        ),
        "labels": st.sampled_from([
            {"HAPROXY_GROUP": "g", "HAPROXY_0_VHOST": "x.example"},
            {"HAPROXY_GROUP": "g", "DCOS_SERVICE_NAME": "ui"},
            {"HAPROXY_DEPLOYMENT_GROUP": "d", "DCOS_SERVICE_NAME": "ui/x"},
        ]),
        "secrets": st.just({"k": {"source": "k"}}),
        "container": st.builds(
            lambda path, mode: {
                "docker": {"image": "x:1"},
                "volumes": [{"containerPath": "/d", "hostPath": path, "mode": mode}],
            },
            st.sampled_from(["/srv", "/srv/d", "/data"]),
            st.sampled_from(["RO", "RW"]),
        ),
    },
)  # fmt: skip


def files_of(apps: list[Any]) -> list[SourceFile]:
    return [SourceFile(f"f{at}.json", json.dumps(found)) for at, found in enumerate(apps)]


@settings(max_examples=60, deadline=None)
@given(st.lists(APPS, max_size=7), st.randoms(use_true_random=False))
def test_the_order_of_files_does_not_matter(apps: list[Any], random: Any) -> None:
    files = files_of(apps)
    straight = lint(files, POLICY)
    random.shuffle(files)
    assert json_report.render(lint(files, POLICY)) == json_report.render(straight)


@settings(max_examples=60, deadline=None)
@given(st.lists(APPS, min_size=2, max_size=7, unique_by=lambda app: app["id"]))
def test_whoever_is_named_meets_somebody_and_nobody_is_left_out(apps: list[Any]) -> None:
    services = fleet_of(files_of(apps)).services
    claims = [Claim(service, service.at) for service in services]

    def meet(one: Claim, other: Claim) -> bool:
        return may_share_agent(one.service, other.service)

    named = {claim.service.id for clash in clashes(claims, meet) for claim in clash}
    naive = {claim.service.id for pair in combinations(claims, 2) if meet(*pair) for claim in pair}
    assert named == naive


@settings(max_examples=60, deadline=None)
@given(APPS, APPS)
def test_meeting_is_mutual(one: Any, other: Any) -> None:
    first, second = fleet_of(files_of([one, {**other, "id": "/other"}])).services
    assert may_share_agent(first, second) == may_share_agent(second, first)


@pytest.mark.parametrize("constraint", [["hostname", "LIKE", "(a+)+$"], ["hostname", "LIKE", "["]])
def test_patterns_of_constraints_are_not_run(constraint: list[str]) -> None:
    apps = [
        {"id": f"/{name}", "cmd": "run", "constraints": [constraint]} for name in ("one", "two")
    ]
    one, two = fleet_of(files_of(apps)).services
    assert may_share_agent(one, two)


def test_very_many_claims_are_one_finding() -> None:
    apps = [
        {"id": f"/{at}", "cmd": "run", "requirePorts": True, "portDefinitions": [{"port": 9000}]}
        for at in range(1500)
    ]
    (finding,) = lint(files_of(apps), POLICY.selecting(("host-port-collision",), ())).findings
    assert "needed by /0, /1 and 1498 more: " in finding.message
