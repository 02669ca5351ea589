"""Policies: what they say, what they refuse, and how one stands over another."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from policylint.finding import UNREADABLE
from policylint.organisation import Environments, Images, Quotas, Registries, Roles, Tiers
from policylint.policy import PolicyError, RuleChoice, built_in, find
from policylint.policy_file import load, read
from policylint.rules.index import RULES, SETS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from policylint.policy import Policy

    Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write a policy file into an empty folder, which is the current one."""
    monkeypatch.chdir(tmp_path)

    def write(text: str, name: str = ".policylint.yaml") -> str:
        os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
        (tmp_path / name).write_bytes(text.encode())
        return name

    return write


def mistakes(path: str) -> list[str]:
    """What is wrong with a policy, a line each."""
    with pytest.raises(PolicyError) as caught:
        load(path)
    return str(caught.value).split("\n")


def test_an_empty_file_is_the_default_set(write: Write) -> None:
    policy = read(write(""))
    assert policy.rules == built_in("recommended").rules
    assert policy.fail_on == "medium"


def test_every_set_has_a_name_and_document_unreadable() -> None:
    assert set(SETS) == {
        "all", "availability", "baseline", "governance", "hygiene", "recommended", "restricted",
    }  # fmt: skip
    assert all(UNREADABLE in built_in(name).rules for name in SETS)
    assert set(built_in("all").rules) == set(RULES)


@pytest.mark.parametrize("name", SETS)
def test_a_set_is_loaded_by_its_name(name: str) -> None:
    assert load(name) == built_in(name)


def test_all_keys_together(write: Write) -> None:
    policy = read(
        write(
            "extends: baseline\n"
            "fail_on: high\n"
            "min_severity: low\n"
            "exclude: ['vendor/**', third_party]\n"
            "settings:\n"
            "  registries: registry.example.com/**\n"
            "  roles: {'/web/**': [web], public: [slave_public, edge]}\n"
            "  tiers: [{platform: [/infra/**]}, {users: '/*/**'}]\n"
            "  quotas:\n"
            "    role: {web: {cpus: 40, mem: 65536}}\n"
            "    group: {/web: {cpus: 60}}\n"
            "    warn_at: 0.8\n"
            "  images: {registry.example.com/shop: shop/Dockerfile}\n"
            "  environments: [East, west]\n"
            "rules:\n"
            "  host-path-mount: {severity: low, allow: ['/var/log/apps/**']}\n"
            "  privileged-container: high\n"
            "  host-pid-namespace: off\n"
            "  runs-as-root: on\n"
        )
    )
    assert policy.fail_on == "high"
    assert policy.exclude == ("vendor/**", "third_party")
    assert policy.organisation == (
        Registries(("registry.example.com/**",)),
        Roles((("/web/**", ("web",)),), ("slave_public", "edge")),
        Tiers((("platform", ("/infra/**",)), ("users", ("/*/**",)))),
        Quotas((("web", {"cpus": 40, "mem": 65536}),), (("/web", {"cpus": 60}),), 0.8),
        Images((("registry.example.com/shop", "shop/Dockerfile"),)),
        Environments(("east", "west")),
    )
    assert policy.rules["host-path-mount"].severity == "low"
    assert policy.rules["host-path-mount"].settings == {"allow": ("/var/log/apps/**",)}
    assert policy.rules["privileged-container"].severity == "high"
    assert "host-pid-namespace" not in policy.rules
    assert policy.rules["runs-as-root"].severity is None
    assert policy.rules["host-ipc-namespace"] == RuleChoice(floor="medium")


def test_on_keeps_the_severity_that_is_inherited(write: Write) -> None:
    write("rules: {runs-as-root: low}\n", "team.yaml")
    policy = read(write("extends: team.yaml\nrules: {runs-as-root: on}\n"))
    assert policy.rules["runs-as-root"].severity == "low"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fail_on: severe\n", 'medium, high, critical, not "severe"'),
        ("fail_on: hihg\n", "1:10: expected one of"),
        ("fail_on: [high]\n", "critical, not a list"),
        ("fail_on: 2027-03-31\n", '"2027-03-31"'),
        ("fail_on: no\n", '1:10: expected one of info, low, medium, high, critical, not "no"'),
        ("min_severity: 3\n", '1:15: expected one of'),
        ("failon: high\n", '1:1: no such key: "failon"'),
        ("a: &x 1\n", '1:1: no such key: "a"'),
        ("exclude: {a: b}\n", "1:10: expected a list"),
        ("exclude: [1]\n", "1:11: expected a text"),
        ("exclude: ['']\n", "1:11: expected a text"),
        ("extends: 7\n", "1:10: expected a list"),
        ("extends: recomended\n", '1:10: no such policy set or file: "recomended"'),
        ("extends: [baseline, team.yaml]\n", '1:21: no such policy set or file: "team.yaml"'),
        ("extends: .\n", '1:10: no such policy set or file: "."'),
        ("rules: []\n", "1:8: expected a mapping"),
        ("rules: on\n", "1:8: expected a mapping"),
        ("rules:\n  privileged-containers: on\n", '2:3: no such rule: "privileged-containers"'),
        ("rules:\n  runs-as-root: false\n", "2:17: expected one of"),
        ("rules: {\"a\\n/x:1:1: b\": on}\n", '1:9: no such rule: "a\\n/x:1:1: b"'),
        ("rules:\n  runs-as-root:\n", "2:16: expected one of"),
        ("rules:\n  runs-as-root: []\n", "not a list"),
        ("rules:\n  runs-as-root: {severity: hard}\n", "2:28: expected one of"),
        ("rules:\n  runs-as-root: {severity: [high]}\n", "2:28: expected one of"),
        ("rules:\n  runs-as-root: {severity: off}\n", '2:28: expected one of'),
        ("rules:\n  host-path-mount: {alow: /x}\n", '2:21: no such setting of this rule: "alow"'),
        ("rules:\n  host-path-mount: {allow: 7}\n", "2:28: expected a text"),
        ("rules:\n  host-path-mount: {allow: [a, {}]}\n", "expected a text"),
        ("rules:\n  host-path-mount: {allow: }\n", "expected a text"),
        ("rules:\n  document-unreadable: off\n", "2:24: what cannot be read has not been checked"),
        ("settings: [a]\n", "1:11: expected a mapping"),
        ("settings: {registry: [a]}\n", '1:12: no such key: "registry"'),
        ("settings: {registries: {a: b}}\n", "1:24: expected a list"),
        ("settings: {roles: {'/web': 7}}\n", "1:28: expected a list"),
        ("settings: {tiers: [platform]}\n", "1:20: expected one tier"),
        ("settings: {tiers: [{a: [x], b: [y]}]}\n", "1:20: expected one tier"),
        ("settings: {quotas: {roles: {}}}\n", '1:21: no such key: "roles"'),
        ("settings: {quotas: {role: {web: {cpu: 1}}}}\n", '1:34: no such key: "cpu"'),
        ("settings: {quotas: {role: {web: {cpus: many}}}}\n", "1:40: expected a number"),
        ("settings: {quotas: {role: {web: {cpus: true}}}}\n", "1:40: expected a number"),
        ("settings: {quotas: {role: {web: {cpus: -1}}}}\n", "1:40: expected a number"),
        ("settings: {quotas: {warn_at: 90}}\n", "1:30: expected a share"),
        ("settings: {images: {a: [b]}}\n", "1:24: expected a text"),
        ("fail_on: low\nfail_on: high\n", '2:1: "fail_on" stands in line 1 already'),
        ("rules:\n  runs-as-root: on\n  runs-as-root: off\n", '3:3: "runs-as-root" stands'),
        ("- recommended\n", "1:1: expected keys such as `extends` and `rules`"),
        ("recommended\n", "1:1: expected keys"),
        ("fail_on: low\n---\nfail_on: high\n", "3:1: expected one document"),
        ("rules: {a: b\n", "2:1: not YAML"),
        ("a: [b\nc: d\n", "not YAML"),
        ("rules: &x {a: *x}\n", "1:8: an alias stands for a node that contains it"),
        ("[" * 100, "1:65: nested more than 64 levels deep"),
        ("a: \x07\n", "1:4: not YAML"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(write: Write, text: str, message: str) -> None:
    lines = mistakes(write(text))
    assert lines[0].startswith(".policylint.yaml:")
    assert message in lines[0]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("fail_on: hihg\n", 'did you mean "high"?'),
        ("failon: high\n", 'did you mean "fail_on"?'),
        ("xyz: high\n", "there are: extends, fail_on, "),
        ("extends: recomended\n", 'did you mean "recommended"?'),
        ("rules: {privileged-containers: on}\n", 'did you mean "privileged-container"?'),
        ("rules: {host-path-mount: {alow: /x}}\n", 'did you mean "allow"?'),
        ("rules: {runs-as-root: false}\n", 'did you mean "off"?'),
        ("rules: {runs-as-root: no}\n", 'did you mean "off"?'),
        ("settings: {registry: [a]}\n", 'did you mean "registries"?'),
        ("settings: {quotas: {roles: {}}}\n", 'did you mean "role"?'),
    ],
)
def test_a_mistake_comes_with_what_was_probably_meant(write: Write, text: str, hint: str) -> None:
    assert hint in mistakes(write(text))[1]


def test_all_mistakes_of_a_file_are_told_at_once_in_their_order(write: Write) -> None:
    lines = mistakes(write("fail_on: x\nrules:\n  nope: on\n  runs-as-root: no\nfoo: 1\n"))
    places = [line.split(": ")[0] for line in lines if line.startswith(".policylint")]
    assert places == [f".policylint.yaml:{place}" for place in ("1:10", "3:3", "4:17", "5:1")]


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_bytes(b"fail_on: \xff\n")
    assert "policy.yaml:1:10: not UTF-8: byte 0xff" in mistakes(str(path))[0]
    path.write_bytes(b"#" * (2 * 1024 * 1024 + 1))
    assert "policy.yaml:1:1: larger than 2 MiB" in mistakes(str(path))[0]


def test_a_policy_that_is_nowhere_is_refused(write: Write) -> None:
    write("")
    assert mistakes("recomended") == ["no such policy: recomended", '  did you mean "recommended"?']
    assert mistakes("nowhere/policy.yaml") == ["no such policy: nowhere/policy.yaml"]
    assert mistakes(".") == ["no such policy: ."]


def test_words_of_yaml_1_1_are_what_they_look_like(write: Write) -> None:
    policy = read(write("exclude: [off, no, 2027-03-31, 1:30]\nrules: {runs-as-root: off}\n"))
    assert policy.exclude == ("off", "no", "2027-03-31", "1:30")
    assert "runs-as-root" not in policy.rules


# One over another


def test_what_is_not_said_is_inherited(write: Write) -> None:
    write(
        "extends: baseline\nfail_on: critical\nexclude: a\n"
        "settings: {registries: [a/**], roles: {'/x': [y]}}\n"
        "rules:\n"
        "  host-path-mount: {severity: high, allow: [/a]}\n"
        "  risky-capability: {severity: high, allow_caps: [CHOWN]}\n",
        "org/team.yaml",
    )
    policy = read(
        write(
            "extends: org/team.yaml\nexclude: b\nsettings: {registries: [b/**]}\n"
            "rules: {host-path-mount: {allow: [/b]}, risky-capability: low}\n"
        )
    )
    assert policy.fail_on == "critical"
    assert policy.exclude == ("a", "b")
    assert policy.organisation.registries == Registries(("b/**",))
    assert policy.organisation.roles == Roles((("/x", ("y",)),))
    assert policy.rules["host-path-mount"][:2] == ("high", {"allow": ("/b",)})
    assert policy.rules["risky-capability"][:2] == ("low", {"allow_caps": ("CHOWN",)})


def test_a_later_file_stands_over_an_earlier_one(write: Write) -> None:
    write("fail_on: high\nexclude: one\nsettings: {registries: [a/**]}\n"
          "rules: {runs-as-root: low, no-health-check: off}\n", "one.yaml")  # fmt: skip
    write("extends: []\nexclude: two\nsettings: {roles: {'/x': [y]}}\n"
          "rules: {runs-as-root: critical, host-pid-namespace: off}\n", "two.yaml")  # fmt: skip
    policy = read(write("extends: [one.yaml, two.yaml]\n"))
    assert policy.fail_on == "high", "the later one did not say"
    assert policy.exclude == ("one", "two")
    assert policy.organisation.registries == Registries(("a/**",))
    assert policy.organisation.roles == Roles((("/x", ("y",)),))
    assert policy.rules["runs-as-root"].severity == "critical"
    assert "no-health-check" not in policy.rules
    assert "host-pid-namespace" not in policy.rules


def test_a_later_set_switches_on_again(write: Write) -> None:
    write("rules: {privileged-container: off}\n", "one.yaml")
    assert "privileged-container" in read(write("extends: [one.yaml, baseline]\n")).rules
    assert "privileged-container" not in read(write("extends: [baseline, one.yaml]\n")).rules


def test_extends_nothing_has_nothing_but_what_watches_over_the_rest(write: Write) -> None:
    watching = {
        UNREADABLE,
        "suppression-without-reason",
        "suppression-unused",
        "suppression-expired",
        "suppression-not-permitted",
    }
    assert set(read(write("extends: []\n")).rules) == watching
    both = {*watching, "runs-as-root"}
    assert set(read(write("extends: []\nrules: {runs-as-root: on}\n")).rules) == both


def test_a_path_is_relative_to_the_file_that_names_it(write: Write) -> None:
    write("extends: sub/two.yaml\n", "org/one.yaml")
    write("extends: baseline\nrules: {runs-as-root: info}\n", "org/sub/two.yaml")
    assert read(write("extends: org/one.yaml\n")).rules["runs-as-root"].severity == "info"


@pytest.mark.parametrize("name", ["self.yaml", "./self.yaml", "x/../self.yaml"])
def test_a_file_that_extends_itself_is_refused(write: Write, name: str) -> None:
    write("", "x/empty.yaml")
    path = write(f"extends: {name}\n", "self.yaml")
    assert mistakes(path) == [f'self.yaml:1:10: "{name}" extends this file in turn']


def test_files_that_extend_each_other_are_refused(write: Write) -> None:
    write("extends: [baseline, two.yaml]\n", "one.yaml")
    path = write("extends: one.yaml\n", "two.yaml")
    assert mistakes(path) == ['one.yaml:1:21: "two.yaml" extends this file in turn']


def test_a_mistake_in_an_extended_file_is_told_there(write: Write) -> None:
    write("rules:\n  nope: on\n", "one.yaml")
    assert mistakes(write("extends: one.yaml\n"))[0] == 'one.yaml:2:3: no such rule: "nope"'


def test_files_that_extend_the_same_are_no_cycle_and_read_it_once(write: Write) -> None:
    # Twenty levels of ten: read again for each path, this would be 10^20 files.
    for level in range(20):
        names = ", ".join([f"./level{level + 1}.yaml"] * 10)
        write(f"extends: [{names}]\n", f"level{level}.yaml")
    write("extends: baseline\nfail_on: high\n", "level20.yaml")
    assert read("level0.yaml").fail_on == "high"


# The least severity


def floors(policy: Policy) -> tuple[str, str]:
    return policy.rules["privileged-container"].floor, policy.rules["runs-as-root"].floor


def test_a_floor_holds_for_what_a_file_inherits_and_switches_on(write: Write) -> None:
    text = "extends: baseline\nmin_severity: high\nrules: {runs-as-root: on}\n"
    assert floors(read(write(text))) == ("high", "high")


def test_a_floor_is_never_lowered_for_what_is_inherited(write: Write) -> None:
    text = "extends: recommended\nmin_severity: info\n"
    assert floors(read(write(text))) == ("medium", "medium")


def test_a_severity_that_is_stated_counts_from_the_floor_of_its_file(write: Write) -> None:
    policy = read(write("rules: {runs-as-root: low, privileged-container: {severity: low}}\n"))
    assert floors(policy) == ("info", "info")
    policy = read(write("rules: {host-path-mount: {allow: [/x]}}\n"))
    assert policy.rules["host-path-mount"].floor == "medium"


def test_a_set_that_is_listed_later_lifts_the_floor(write: Write) -> None:
    write("extends: recommended\nmin_severity: critical\n", "one.yaml")
    assert floors(read(write("extends: one.yaml\n"))) == ("critical", "critical")
    assert floors(read(write("extends: [one.yaml, all]\n"))) == ("info", "info")


# Which file holds


def test_the_closest_file_upwards_holds(tmp_path: Path) -> None:
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    assert find(str(below)) is None
    (tmp_path / "policylint.yaml").write_text("")
    assert find(str(below)) == str(tmp_path / "policylint.yaml")
    (tmp_path / "a" / ".policylint.yaml").write_text("")
    assert find(str(below)) == str(tmp_path / "a" / ".policylint.yaml")


@pytest.mark.parametrize("is_worktree", [False, True])
def test_the_search_ends_at_the_root_of_git(tmp_path: Path, is_worktree: bool) -> None:
    (tmp_path / ".policylint.yaml").write_text("")
    repository = tmp_path / "repository"
    repository.mkdir()
    assert find(str(repository)) == str(tmp_path / ".policylint.yaml")
    if is_worktree:
        (repository / ".git").write_text("gitdir: elsewhere\n")
    else:
        (repository / ".git").mkdir()
    assert find(str(repository)) is None


def test_two_files_in_one_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / ".policylint.yaml").write_text("")
    (tmp_path / "policylint.yaml").write_text("")
    with pytest.raises(PolicyError, match="two policy files"):
        find(str(tmp_path))


def test_a_folder_of_that_name_is_no_policy(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".policylint.yaml").mkdir()
    assert find(str(tmp_path)) is None


# Selecting


def test_selected_rules_keep_what_the_policy_says_of_them(write: Write) -> None:
    policy = read(write("rules: {host-path-mount: {severity: low, allow: [/x]}}\n"))
    selected = policy.selecting(["host-path-mount"], [])
    assert set(selected.rules) == {"host-path-mount", UNREADABLE}
    assert selected.rules["host-path-mount"] == policy.rules["host-path-mount"]


def test_families_can_be_selected_and_ignored() -> None:
    policy = built_in("recommended").selecting(["escape", "availability"], ["host-path-mount"])
    families = {RULES[name][3] for name in policy.rules}
    assert families == {"escape", "availability", "document"}
    assert "runtime-socket-mounted" in policy.rules
    assert "host-path-mount" not in policy.rules


def test_a_selected_rule_that_the_policy_lacks_is_switched_on() -> None:
    assert "public-agent-not-allowed" not in built_in("baseline").rules
    selected = built_in("baseline").selecting(["public-agent-not-allowed"], [])
    assert selected.rules["public-agent-not-allowed"] == RuleChoice()


def test_nothing_switches_document_unreadable_off() -> None:
    policy = built_in("baseline")
    assert UNREADABLE in policy.selecting(["no-health-check"], []).rules
    assert UNREADABLE in policy.selecting([], ["document"]).rules
    assert UNREADABLE in policy.selecting(["no-health-check"], ["availability"]).rules
    with pytest.raises(PolicyError, match="cannot be ignored"):
        policy.selecting([], [UNREADABLE])


@pytest.mark.parametrize("where", ["select", "ignore"])
def test_names_that_nobody_has_are_refused(where: str) -> None:
    policy = built_in("baseline")
    with pytest.raises(PolicyError) as caught:
        policy.selecting(["escap"], []) if where == "select" else policy.selecting([], ["escap"])
    assert str(caught.value) == 'no such rule or family: "escap"\n  did you mean "escape"?'
