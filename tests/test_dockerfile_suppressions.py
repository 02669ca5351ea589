"""What comments of a Dockerfile take back: suppressions, and remarks for other tools."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policylint.dockerfile.kics import QUERIES
from policylint.dockerfile.remarks import TOOLS, find
from policylint.dockerfile.scanner import scan
from policylint.engine import Check, lint, load_rule
from policylint.policy import Policy, PolicyError, built_in
from policylint.policy_file import read_text
from policylint.rules.index import RULES
from policylint.source import SourceFile

ALL = built_in("all")
LINES = """\
# syntax=docker/dockerfile:1
ARG TAG=12.9

FROM debian AS build
RUN sudo install -d /srv
RUN true \\
    && sudo install -d /data \\
    && sudo install -d /cache
USER root

FROM build
RUN <<EOF
sudo install -d /late
EOF
ONBUILD RUN sudo true

FROM debian
COPY --from=build /srv /srv
RUN sudo install -d /srv
USER root
""".splitlines()
SUDO = [5, 7, 8, 13, 15, 19]
# The last line of each stage.
STAGES = (9, 15, 20)


def lines(text: str, policy: Policy, *names: str) -> list[int]:
    """The lines of the findings of rules that stay."""
    report = lint([SourceFile("Dockerfile", text)], policy)
    return [
        finding.source.position(finding.span.start)[0]
        for finding in report.findings
        if finding.rule.name in names
    ]


def left(comment: str, above: int, *names: str) -> list[int]:
    """The lines, as they are without the comment, that keep their findings below or above it."""
    text = "\n".join([*LINES[: above - 1], comment, *LINES[above - 1 :]])
    return [at - (at > above) for at in lines(text, ALL, *names)]


def ignore(rule: str, word: str = "ignore") -> str:
    return f"# policylint: {word}[{rule}] for the sake of a test"


def honoring(*tools: str) -> Policy:
    return ALL.honoring(tools)


def test_there_is_something_to_take_back() -> None:
    assert lines("\n".join(LINES), ALL, "sudo-used") == SUDO
    assert lines("\n".join(LINES), ALL, "image-user-root") == [20]


# Suppressions


@pytest.mark.parametrize(
    ("above", "taken"),
    [
        (4, []),
        (5, [5]),
        (6, [7, 8]),
        (7, [7, 8]),
        (8, [7, 8]),
        (9, []),
        (10, []),
        (11, []),
        (12, [13]),
        (15, [15]),
        (16, []),
        (18, []),
        (19, [19]),
        (21, []),
    ],
)
def test_one_holds_for_the_instruction_around_or_below_it(above: int, taken: list[int]) -> None:
    assert left(ignore("sudo-used"), above, "sudo-used") == [at for at in SUDO if at not in taken]


@pytest.mark.parametrize("above", [*range(3, 13), *range(15, 22)])
def test_one_for_a_stage_holds_for_that_around_or_below_it(above: int) -> None:
    number = sum(above > last for last in STAGES[:2])
    own = range((3, *STAGES)[number] + 1, STAGES[number] + 1)
    kept = left(ignore("sudo-used", "ignore-stage"), above, "sudo-used")
    assert kept == [at for at in SUDO if at not in own]


@pytest.mark.parametrize("above", [2, 3, 4, 8, 12, 21])
def test_one_for_the_file_holds_for_all_of_it(above: int) -> None:
    assert left(ignore("sudo-used", "ignore-file"), above, "sudo-used", "image-user-root") == [20]


@pytest.mark.parametrize("above", [13, 14])
def test_in_a_here_document_it_is_text(above: int) -> None:
    assert left(ignore("sudo-used", "ignore-file"), above, "sudo-used") == SUDO


@pytest.mark.parametrize("ending", ["\r\n", "\n"])
def test_lines_may_end_as_on_windows(ending: str) -> None:
    text = f"FROM a:1{ending}{ignore('sudo-used')}{ending}RUN sudo x{ending}"
    assert lines(text, ALL, "sudo-used", "suppression-without-reason") == []


def test_what_stands_between_the_comment_and_its_instruction_is_meant_too() -> None:
    remark = "# hadolint ignore=DL3002\nUSER root\n"
    assert lines(f"FROM a:1\n{remark}", ALL, "inline-ignore") == [2]
    assert lines(f"FROM a:1\n{ignore('inline-ignore')}\n{remark}", ALL, "inline-ignore") == []


def test_suppressions_of_a_dockerfile_can_be_ignored() -> None:
    text = f"FROM a:1\n{ignore('sudo-used')}\nRUN sudo x\n"
    report = lint([SourceFile("Dockerfile", text)], ALL, suppressions=False)
    assert "sudo-used" in [finding.rule.name for finding in report.findings]


def test_very_many_comments_are_each_heeded() -> None:
    many = f"{ignore('sudo-used')}\nRUN sudo x # policylint: ignore[sudo-used] a\n" * 4_000
    report = lint([SourceFile("Dockerfile", f"FROM a:1\n{many}")], honoring("hadolint"))
    assert len(report.suppressed) == 4_000
    assert report.by_rule()["suppression-unused"] == 4_000


@given(st.text(alphabet="# policylint:ignore[sudo-used]-stagef\n\\'\"<EOF RUN", max_size=200))
def test_no_comment_breaks_anything(text: str) -> None:
    lint([SourceFile("Dockerfile", f"FROM a:1\nRUN sudo x # policylint: {text}")], ALL)


# Remarks for other tools


@pytest.mark.parametrize(
    ("tool", "remark"),
    [
        ("hadolint", "# hadolint ignore=DL3004"),
        ("hadolint", "#hadolint  ignore = DL3008 , DL3004 as upstream does"),
        ("hadolint", "# hadolint ignore=DL3004\n# (more about it)"),
        ("trivy", "# trivy:ignore:DS-0010"),
        ("trivy", "# trivy:ignore:DS010"),
        ("trivy", "#trivy:ignore:AVD-DS-0010 - the lab's image has no root"),
        ("trivy", "# trivy:ignore:AVD-DS-0001 trivy:ignore:AVD-DS-0010"),
        ("trivy", "# trivy:ignore:AVD-DS-0010:exp:2999-01-01"),
        ("trivy", "# trivy:ignore:*"),
        ("trivy", "# trivy:ignore:AVD-DS-*"),
        ("kics", "# kics-scan ignore-line"),
        ("semgrep", "# nosemgrep"),
        ("semgrep", "# nosem: x.security.no-sudo-in-dockerfile"),
        ("semgrep", "# nosemgrep: missing-user, no-sudo-in-dockerfile"),
    ],
)
def test_a_remark_holds_for_the_instruction_below(tool: str, remark: str) -> None:
    text = f"FROM a:1\n{remark}\nRUN true && \\\n  sudo x\nRUN sudo y\n"
    last = text.count("\n")
    assert lines(text, honoring(tool), "sudo-used") == [last]
    assert lines(text, ALL, "sudo-used") == [last - 1, last], "only where it is asked for"
    others = [name for name in TOOLS if name != tool]
    assert lines(text, honoring(*others), "sudo-used") == [last - 1, last]


@pytest.mark.parametrize(
    ("tool", "remark"),
    [
        ("hadolint", "# hadolint ignore=DL3004\n"),  # a blank line stands below
        ("hadolint", "# hadolint ignore=DL3004\n\n# (more about it)"),
        ("hadolint", "# hadolint ignore=DL3002"),
        ("hadolint", "# hadolint ignore=CKV2_DOCKER_1"),
        ("hadolint", "# hadolint ignore=semgrep"),
        ("hadolint", "# we say: hadolint ignore=DL3004"),
        ("trivy", "# trivy:ignore:AVD-DS-0002"),
        ("trivy", "# trivy:ignore:AVD-AWS-0010"),
        ("trivy", "# trivy:ignore:AVD-DS-0010:exp:2020-01-01"),
        ("trivy", "# trivy:ignore:AVD-DS-0010:exp:2999-99-99"),
        ("trivy", "# trivy:ignore:AVD-DS-0010:ws:lab"),
        ("kics", "# kics-scan ignore-block"),
        ("kics", "# kics-scan ignore"),
        ("kics", "# kics-scan disable=8ada6e80-0ade-439e-b176-0b28f6bce35a"),
        ("semgrep", "# nosemgrep: last-user-is-root"),
        ("semgrep", "# nosemgrep-like"),
        ("buildkit", "# check=skip=all"),
    ],
)
def test_another_remark_takes_nothing_back(tool: str, remark: str) -> None:
    text = f"FROM a:1\n{remark}\nRUN sudo x\n"
    assert lines(text, honoring(tool), "sudo-used") == [text.count("\n")]


@pytest.mark.parametrize(
    ("tool", "remark"),
    [
        ("hadolint", "# hadolint global ignore=DL3004"),
        ("checkov", "# checkov:skip=CKV2_DOCKER_1:the lab's image has no root"),
        ("checkov", "#checkov:skip=CKV_DOCKER_8,CKV2_DOCKER_1"),
        ("checkov", "# bridgecrew:skip=CKV2_DOCKER_1"),
        ("kics", "# kics-scan ignore"),
        ("kics", "# kics-scan disable=x,8ada6e80-0ade-439e-b176-0b28f6bce35a"),
    ],
)
def test_a_remark_for_the_file_holds_for_all_of_it(tool: str, remark: str) -> None:
    text = f"{remark}\n\nFROM a:1\nRUN sudo x\nFROM b:1\nRUN sudo y\n"
    assert lines(text, honoring(tool), "sudo-used") == []
    assert lines(text, ALL, "sudo-used") == [4, 6]


def test_kics_leaves_out_the_stage_below() -> None:
    text = "FROM a:1\nRUN sudo x\n# kics-scan ignore-block\nFROM b:1\nRUN sudo y\n"
    assert lines(text, honoring("kics"), "sudo-used") == [2]


@pytest.mark.parametrize(
    ("tool", "remark", "kept"),
    [
        ("hadolint", "# hadolint ignore=DL3004", [4]),
        ("trivy", "# trivy:ignore:DS-0010", [4]),
        ("kics", "# kics-scan ignore-line", []),
        ("semgrep", "# nosemgrep", []),
    ],
)
def test_only_tools_that_read_lines_look_between_those_of_an_instruction(
    tool: str, remark: str, kept: list[int]
) -> None:
    text = f"FROM a:1\nRUN true && \\\n{remark}\n  sudo x\n"
    assert lines(text, honoring(tool), "sudo-used") == kept


def test_what_is_missing_is_left_alone_at_its_from() -> None:
    text = "# hadolint ignore=DL3006\n# trivy:ignore:AVD-DS-0001\nFROM debian\n"
    for tool in ("hadolint", "trivy"):
        assert lines(text, honoring(tool), "image-tag-missing") == []


def test_a_remark_says_nothing_about_the_comments_below_its_instruction() -> None:
    remark = "# hadolint ignore=DL1001\n"
    text = f"FROM a:1\n{remark}RUN x\n# hadolint ignore=DL3002\nUSER root\n"
    assert lines(text, honoring("hadolint"), "inline-ignore") == [2, 4]


def test_build_checks_are_heeded_by_name() -> None:
    text = (
        "# check=skip=FromAsCasing,StageNameCasing;error=true\n\nFROM a\n#check=skip=all\nRUN b\n"
    )
    whole, one = find(scan(text), ["buildkit"])
    assert whole.scope == "file"
    assert set(whole.ids or ()) == {"buildkit:fromascasing", "buildkit:stagenamecasing"}
    assert (one.scope, one.ids) == ("line", None)
    assert list(find(scan("# check=error=true\nFROM a\n"), ["buildkit"])) == []


def test_what_a_rule_is_called_elsewhere_can_be_named_in_a_remark() -> None:
    forms = {
        "BuildKit:": "# check=skip={}\n",
        "CKV": "# checkov:skip=CKV{}:why\n",
        "DL": "# hadolint global ignore=DL{}\n",
        "DS-": "# trivy:ignore:DS-{}\n",
        "semgrep:": "# nosemgrep: rules.{}\n",
    }
    for equivalent in {name for rule in RULES for name in load_rule(rule).equivalents}:
        for prefix, form in forms.items():
            if equivalent.startswith(prefix):
                remark = form.format(equivalent.removeprefix(prefix))
                (found,) = find(scan(f"{remark}FROM a\n"), TOOLS)
                assert found.ids == (equivalent.lower(),)


def test_every_query_of_kics_that_a_rule_knows_has_its_number() -> None:
    stated = {name for rule in RULES for name in load_rule(rule).equivalents}
    missing = {name for name in stated if name.startswith("KICS:")} - {
        f"KICS:{name}" for name in QUERIES.values()
    }
    # Passwords are many queries, each with a number of its own.
    assert missing <= {"KICS:Passwords And Secrets"}


# Remarks and policies

REMARK = "FROM a:1\n# hadolint ignore=DL3004\nRUN sudo x\n"


def test_a_policy_file_may_honor_tools() -> None:
    policy = read_text(".policylint.yaml", "extends: all\nhonor: [hadolint, trivy]\n")
    assert policy.honor == ("hadolint", "trivy")
    assert lines(REMARK, policy, "sudo-used") == []
    assert read_text(".policylint.yaml", "extends: all\nhonor: hadolint\n").honor == ("hadolint",)


def test_an_unknown_tool_is_refused() -> None:
    with pytest.raises(PolicyError, match=r'2:9: .*"hadolnt"\n  did you mean "hadolint"\?'):
        read_text("p.yaml", "extends: all\nhonor: [hadolnt]\n")
    with pytest.raises(PolicyError, match="there are: buildkit, checkov"):
        ALL.honoring(["x"])


def test_suppressions_that_are_ignored_include_remarks() -> None:
    source = [SourceFile("Dockerfile", REMARK)]
    report = lint(source, honoring("hadolint"), suppressions=False)
    assert len(report.suppressed) == 0
    assert "sudo-used" in [finding.rule.name for finding in report.findings]


@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        ("{severity: critical}", [3]),
        ("{severity: critical, suppressible: true}", []),
        ("{suppressible: false}", [3]),
        ("low", []),
    ],
)
def test_a_protected_rule_is_protected_from_remarks_too(rule: str, kept: list[int]) -> None:
    policy = read_text("p.yaml", f"extends: all\nhonor: hadolint\nrules: {{sudo-used: {rule}}}\n")
    assert lines(REMARK, policy, "sudo-used", "suppression-not-permitted") == kept


def test_a_critical_case_of_a_milder_rule_is_protected_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Check, "severity", lambda *_: "critical")
    assert lines(REMARK, honoring("hadolint"), "sudo-used") == [3]


def test_a_suppression_of_ours_and_an_exemption_stand_before_a_remark() -> None:
    entry = "{rule: sudo-used, reason: for the sake of a test}"
    policy = read_text("p.yaml", f"extends: all\nhonor: hadolint\nexemptions: [{entry}]\n")
    ours = REMARK.replace("RUN", f"{ignore('sudo-used')}\nRUN")
    forms = [
        taken.by.form
        for text, terms in ((REMARK, honoring("hadolint")), (REMARK, policy), (ours, policy))
        for taken in lint([SourceFile("Dockerfile", text)], terms).suppressed
    ]
    assert forms == ["remark", "exemption", "comment"]


def test_very_many_remarks_are_each_heeded() -> None:
    many = "# nosemgrep\n# kics-scan ignore-line\n# trivy:ignore:*\nRUN sudo x\n" * 4_000
    report = lint([SourceFile("Dockerfile", f"FROM a:1\n{many}")], honoring("semgrep", "trivy"))
    assert report.honored == 4_000
