from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

import pytest

from policylint.cli import exit_code
from tests.integration.outside import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# What the worst of our examples is there to show.
DREADFUL = {
    "add-remote",
    "apt-allow-unauthenticated",
    "artifact-plain-http",
    "curl-insecure",
    "dangerous-capability",
    "docker-socket-volume",
    "document-unreadable",
    "duplicate-key",
    "host-ipc-namespace",
    "host-network-explicit",
    "host-path-mount",
    "host-pid-namespace",
    "host-root-mounted",
    "host-tmp-mount",
    "image-mutable-tag",
    "image-tag-missing",
    "image-user-root",
    "kernel-filesystem-mounted",
    "mac-confinement-disabled",
    "memory-limit-unlimited",
    "no-health-check",
    "package-index-update-alone",
    "password-set-in-build",
    "plaintext-secret-env",
    "platform-path-mounted",
    "privileged-container",
    "remote-login-port-exposed",
    "remote-script-to-shell",
    "risky-capability",
    "runs-as-root",
    "runtime-socket-mounted",
    "seccomp-unconfined",
    "secret-file-copied",
    "secret-in-env-or-arg",
    "secret-value",
    "sensitive-path-readable",
    "sensitive-path-writable",
    "sudo-used",
}


# What shows when the definitions of all teams are looked at together.
FLEET = {
    "attack-path-root-image-with-host-access",
    "cross-group-dependency",
    "group-budget-exceeded",
    "host-path-shared",
    "role-quota-exceeded",
    "tier-violation-dependency",
    "vip-collision",
}


class Checked(NamedTuple):
    """What a run said of an example."""

    code: int
    rules: set[str]
    severities: set[str]
    summary: str


@pytest.fixture
def checked(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Checked]:
    monkeypatch.chdir(os.path.join(ROOT, "examples"))

    def check(*arguments: str) -> Checked:
        code = exit_code(["check", "--format", "concise", *arguments])
        *lines, summary = capfd.readouterr().out.splitlines()
        found = [re.fullmatch(r"\S+:\d+:\d+: (\w+): .* \[([a-z-]+)\]", line) for line in lines]
        assert None not in found
        rules = {match[2] for match in found if match}
        return Checked(code, rules, {match[1] for match in found if match}, summary)

    return check


def test_the_clean_example_keeps_its_own_policy(checked: Callable[..., Checked]) -> None:
    assert checked("clean")[:2] == (0, set())


def test_the_clean_example_keeps_the_default_policy(checked: Callable[..., Checked]) -> None:
    assert checked("--isolated", "--fail-on", "info", "clean")[:2] == (0, set())


def test_the_typical_example_has_findings_and_none_is_critical(
    checked: Callable[..., Checked],
) -> None:
    run = checked("typical")
    assert run.code == 1
    assert {"plaintext-secret-env", "secret-in-env-or-arg"} <= run.rules
    assert "critical" not in run.severities


def test_the_dreadful_example_shows_every_mistake_it_is_there_to_show(
    checked: Callable[..., Checked],
) -> None:
    run = checked("dreadful")
    assert run.code == 1
    assert DREADFUL - run.rules == set()


def test_the_fleet_shows_what_is_wrong_between_its_teams_and_its_files_alone_do_not(
    checked: Callable[..., Checked],
) -> None:
    run = checked("fleet")
    assert run.code == 1
    assert FLEET | {"image-user-root"} == run.rules
    alone = checked("--no-context", os.path.join("fleet", "platform", "proxy.json"))
    assert alone.rules <= {"cross-group-dependency", "tier-violation-dependency"}


def test_files_of_other_tools_beside_the_examples_are_passed_over(
    checked: Callable[..., Checked],
) -> None:
    assert "in 3 files checked, 2 passed over" in checked("typical").summary


def test_the_policy_in_the_readme_can_be_used_as_it_is(
    checked: Callable[..., Checked], tmp_path: Path
) -> None:
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
        (text,) = re.findall(r"```yaml\n(extends: .*?)```", file.read(), re.DOTALL)
    policy = tmp_path / "team.yaml"
    policy.write_text(text)
    run = checked("--policy", str(policy), "typical")
    assert run.summary.endswith("team.yaml")
    assert run.code == 1
