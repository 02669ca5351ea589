"""Every reference of every rule has its true title and a link."""

from __future__ import annotations

import pytest

from policylint.engine import load_rule
from policylint.references import reference
from policylint.rules.index import RULES


@pytest.mark.parametrize(
    ("token", "title", "url"),
    [
        (
            "CWE-250",
            "CWE-250: Execution with Unnecessary Privileges",
            "https://cwe.mitre.org/data/definitions/250.html",
        ),
        (
            "ATTACK:T1552.001",
            "MITRE ATT&CK T1552.001: Unsecured Credentials: Credentials In Files",
            "https://attack.mitre.org/techniques/T1552/001/",
        ),
        (
            "NIST:4.4.3",
            "NIST SP 800-190 4.4.3: Insecure container runtime configurations",
            "https://doi.org/10.6028/NIST.SP.800-190",
        ),
        (
            "CIS-Docker:5.5",
            "CIS Docker Benchmark v1.6.0 5.5: Ensure that privileged containers are not used",
            "https://www.cisecurity.org/benchmark/docker",
        ),
        (
            "PSS:baseline",
            "Kubernetes Pod Security Standards: Baseline",
            "https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline",
        ),
        (
            "Marathon:constraints",
            "Marathon documentation: Constraints",
            "https://mesosphere.github.io/marathon/docs/constraints.html",
        ),
        ("https://example.com/why", "https://example.com/why", "https://example.com/why"),
        ("ORG-7", "ORG-7", None),
        ("ORG:7", "ORG:7", None),
    ],
)
def test_a_reference_has_a_title_and_a_link(token: str, title: str, url: str | None) -> None:
    assert reference(token) == (token, title, url)


@pytest.mark.parametrize("name", RULES)
def test_the_references_of_a_rule_are_known(name: str) -> None:
    for token in load_rule(name).refs:
        known = reference(token)
        assert known.url, token
        assert ": " in known.title, token
