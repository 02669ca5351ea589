"""Definitions and the Dockerfiles of their images: who belongs to whom, and what is known then."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from policylint.engine import lint
from policylint.fleet.images import Join
from policylint.organisation import Images
from policylint.output import sarif, text
from policylint.policy_file import read_text
from policylint.source import SourceFile
from tests.test_fleet import fleet_of

if TYPE_CHECKING:
    from policylint.policy import Policy

HOST = [{"containerPath": "/d", "hostPath": "/srv/d", "mode": "RW"}]
ATTACK = "attack-path-root-image-with-host-access"
ROOT = SourceFile("shop/Dockerfile", "FROM debian:12.9\nUSER root\n")
OTHER = SourceFile("shop/Dockerfile", "FROM debian:12.9\nUSER 10001\n")


def app(path: str, identifier: str, image: str, **more: Any) -> SourceFile:
    container = {"docker": {"image": image}, **more.pop("container", {})}
    return SourceFile(path, json.dumps({"id": identifier, "container": container, **more}))


SHOP = app("shop.json", "/web/shop", "registry.example.com/shop:1")


def policy(*rules: str) -> Policy:
    return read_text(".policylint.yaml", "extends: all\n").selecting(rules, ())


def rules(*args: Any, **kwargs: Any) -> list[str]:
    return [finding.rule.name for finding in lint(*args, **kwargs).findings]


def dockerfile_of(definition: SourceFile, paths: list[str], images: Images) -> str | None:
    files = [SourceFile(path, "FROM debian:12.9\n") for path in paths]
    fleet = fleet_of([definition, *files])
    join = Join(fleet, images)
    found = [image.path for _, _, image in join.pairs()]
    return found[0] if found else None


@pytest.mark.parametrize(
    ("image", "paths", "expected"),
    [
        ("registry.example.com/shop:1", ["shop/Dockerfile"], "shop/Dockerfile"),
        ("registry.example.com/web/shop", ["a/shop/Containerfile"], "a/shop/Containerfile"),
        ("registry.example.com/shop", ["a/shop.Dockerfile"], "a/shop.Dockerfile"),
        ("registry.example.com/shop", ["Dockerfile.shop", "Dockerfile"], "Dockerfile.shop"),
        ("registry.example.com/shop", ["shop/Dockerfile", "shop/Dockerfile.dev"],
         "shop/Dockerfile"),
        ("registry.example.com/shop", ["Dockerfile"], "Dockerfile"),
        ("registry.example.com/shop", ["docker/Dockerfile"], None),
        ("registry.example.com/shop", ["Dockerfile", "Dockerfile.dev"], None),
        ("registry.example.com/web", ["Dockerfile"], None),
        ("registry.example.com/shop", ["a/shop/Dockerfile", "b/shop/Dockerfile"], None),
        ("shop", ["shop/Dockerfile"], None),
        ("docker.io/acme/shop", ["shop/Dockerfile"], None),
        ("quay.io/acme/shop", ["shop/Dockerfile"], None),
        ("{{registry}}/shop", ["shop/Dockerfile"], None),
    ],
)  # fmt: skip
def test_a_dockerfile_is_an_image_s_when_nothing_else_can_be_meant(
    image: str, paths: list[str], expected: str | None
) -> None:
    definition = app("app.json", "/web/shop", image)
    assert dockerfile_of(definition, paths, Images()) == expected


@pytest.mark.parametrize("path", ["build/Dockerfile", "./build/Dockerfile", "build\\Dockerfile"])
def test_the_policy_decides_first(path: str) -> None:
    images = Images((("acme/*", path), ("acme/shop", "shop/Dockerfile")))
    paths = ["build/Dockerfile", "shop/Dockerfile"]
    assert dockerfile_of(app("a.json", "/x", "acme/shop:1"), paths, images) == "build/Dockerfile"


def test_a_finding_shows_the_definition_and_the_dockerfile() -> None:
    definition = app("shop.json", "/web/shop", "registry.example.com/shop:1",
                     container={"volumes": HOST})  # fmt: skip
    report = lint([definition, ROOT], policy(ATTACK))
    shown = text.render(report)
    assert "shop.json:1:55: high: the image of /web/shop runs as root (USER root)" in shown
    assert "shop/Dockerfile:2:6: the image runs as root: USER root" in shown
    (result,) = json.loads(sarif.render(report))["runs"][0]["results"]
    places = [
        place["physicalLocation"]["artifactLocation"]["uri"] for place in result["relatedLocations"]
    ]
    assert places == ["shop/Dockerfile", "shop.json"]


def test_a_named_dockerfile_gets_what_it_means_for_others() -> None:
    definition = app("shop.json", "/web/shop", "registry.example.com/shop:1",
                     container={"volumes": HOST})  # fmt: skip
    (finding,) = lint([ROOT], policy(ATTACK), context=[definition]).findings
    assert (finding.source.path, finding.region.start_line) == ("shop/Dockerfile", 2)


def test_the_context_answers_a_question() -> None:
    only = policy("user-not-set")
    assert rules([SHOP], only) == ["user-not-set"]
    assert rules([SHOP], only, context=[OTHER]) == []
    (finding,) = lint([SHOP], only, context=[ROOT]).findings
    assert (finding.severity, finding.related[0].source.path) == ("medium", "shop/Dockerfile")
    assert rules([SHOP], only, context=[OTHER], together=False) == ["user-not-set"]


def test_an_answer_is_weighed_as_the_policy_says() -> None:
    stated = "extends: all\nrules: {user-not-set: {severity: critical}}\n"
    weighed = read_text(".policylint.yaml", stated).selecting(("user-not-set",), ())
    (finding,) = lint([SHOP, ROOT], weighed).findings
    assert finding.severity == "critical"


def test_an_answer_keeps_the_fingerprint() -> None:
    (guessed,) = lint([SHOP], policy("user-not-set")).findings
    (known,) = lint([SHOP, ROOT], policy("user-not-set")).findings
    assert known.fingerprint == guessed.fingerprint


def test_an_answer_is_taken_back_like_a_guess() -> None:
    label = {"policylint.ignore/user-not-set": "the entry point steps down"}
    definition = app("shop.json", "/web/shop", "registry.example.com/shop:1", labels=label)
    report = lint([definition, ROOT], policy("user-not-set", "suppression-unused"))
    assert report.findings == []
    (taken,) = report.suppressed
    assert "its image runs as root" in taken.finding.message


def test_what_an_answer_settles_needs_no_suppression() -> None:
    label = {"policylint.ignore/user-not-set": "the entry point steps down"}
    definition = app("shop.json", "/web/shop", "registry.example.com/shop:1", labels=label)
    found = rules([definition, OTHER], policy("user-not-set", "suppression-unused"))
    assert found == ["suppression-unused"]
