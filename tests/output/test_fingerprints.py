"""A fingerprint names one finding, and names it still after edits elsewhere."""

from __future__ import annotations

import json
from typing import Any

from policylint.source import SourceFile
from tests.output.reports import app, checked

WEB: dict[str, Any] = {
    "id": "/web",
    "cmd": "run",
    "cpus": 1,
    "mem": 64,
    "env": {"DB_PASSWORD": "k7Qz-Vt93-wLp0", "API_TOKEN": "k7Qz-Vt93-wLp1"},
    "container": {
        "type": "DOCKER",
        "docker": {
            "image": "web",
            "parameters": [
                {"key": "privileged", "value": "true"},
                {"key": "cap-add", "value": "SYS_ADMIN"},
                {"key": "cap-add", "value": "NET_ADMIN"},
            ],
        },
        "volumes": [
            {"containerPath": "/a", "hostPath": "/etc", "mode": "RW"},
            {"containerPath": "/b", "hostPath": "/etc", "mode": "RW"},
            {"containerPath": "/c", "hostPath": "/", "mode": "RO"},
        ],
    },
}


def fingerprints(text: str, path: str = "app.json") -> list[tuple[str, str]]:
    """Rule and fingerprint of all findings, sorted."""
    findings = checked(SourceFile(path, text)).findings
    return sorted((finding.rule.name, finding.fingerprint) for finding in findings)


def test_fingerprints_are_unique_among_twins() -> None:
    twins = [WEB, WEB, {**WEB, "id": "/other"}]
    found = fingerprints(json.dumps({"id": "/", "apps": twins}))
    assert len(found) > 20
    assert len(set(found)) == len(found)


def test_fingerprints_are_unique_among_repeated_keys() -> None:
    found = fingerprints('{"id": "/a", "cmd": "x", "cpus": 1, "cmd": "y", "cpus": 2, "mem": 32}')
    repeated = [fingerprint for rule, fingerprint in found if rule == "duplicate-key"]
    assert len(set(repeated)) == 2


def test_fingerprints_are_unique_among_the_documents_of_a_file() -> None:
    found = fingerprints(f"---\n{app()}\n---\n{app()}\n", "apps.yaml")
    assert len(found) >= 2
    assert len(set(found)) == len(found)


def test_a_fingerprint_stays_when_lines_move() -> None:
    flat, indented = json.dumps(WEB), json.dumps(WEB, indent=4)
    assert fingerprints(flat) == fingerprints(indented) == fingerprints(f"\n\n\n{indented}\n")


def test_a_fingerprint_stays_when_members_are_reordered() -> None:
    container = WEB["container"]
    docker = container["docker"]
    reordered = {
        **dict(reversed(WEB.items())),
        "container": {
            "volumes": container["volumes"][::-1],
            "type": "DOCKER",
            "docker": {**docker, "parameters": docker["parameters"][::-1]},
        },
    }
    assert fingerprints(json.dumps(reordered)) == fingerprints(json.dumps(WEB))


def test_a_fingerprint_stays_when_an_app_moves_within_its_group() -> None:
    other = {**WEB, "id": "/other"}
    forth = json.dumps({"id": "/", "apps": [WEB, other]})
    back = json.dumps({"id": "/", "apps": [other, WEB]})
    assert fingerprints(forth) == fingerprints(back)


def test_a_fingerprint_stays_when_something_else_is_mended() -> None:
    mended = {**WEB, "env": {}}
    assert set(fingerprints(json.dumps(mended))) < set(fingerprints(json.dumps(WEB)))


def test_another_file_object_or_place_has_another_fingerprint() -> None:
    here = set(fingerprints(json.dumps(WEB)))
    assert here.isdisjoint(fingerprints(json.dumps(WEB), "copy.json"))
    assert here.isdisjoint(fingerprints(json.dumps({**WEB, "id": "/other"})))
    moved = json.loads(json.dumps(WEB))
    moved["container"]["volumes"][0]["containerPath"] = "/moved"
    assert len(here - set(fingerprints(json.dumps(moved)))) == 1
