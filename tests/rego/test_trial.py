"""`policylint test`: tests in Rego, cases with marks, what they cover, and what they leave out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.rego.repository import OWNER, rule, write

if TYPE_CHECKING:
    from pathlib import Path

    from tests.rego.conftest import Run

CASES = """
    rule: owner-missing

    nobody answers for it:
      marathon: |
        {"id": "/web", "cmd": "run", ⟦"labels"⟧: {"team": "web"}}

    somebody does:
      marathon: |
        {"id": "/web", "cmd": "run", "labels": {"owner": "web"}}
"""
TEST = """
    package policylint.rules.owner_missing_test

    import data.policylint.rules.owner_missing

    test_a_label_is_enough if {
        found := owner_missing.deny with input as {
            "settings": {"label": "a"},
            "model": {"workloads": [{"_root": [], "labels": [{"name": "a"}]}]},
        }
        found == set()
    }
"""


@pytest.fixture(autouse=True)
def _policy(opa: str, folder: Path) -> None:  # noqa: ARG001
    write(folder, {"org/owner.rego": OWNER})


def case(text: str) -> str:
    """A file of one case."""
    return f"rule: owner-missing\n\na title:\n{text}"


def test_tests_and_cases_that_pass(folder: Path, run: Run) -> None:
    write(folder, {"org/owner_test.rego": TEST, "org/cases/owner-missing.yaml": CASES})
    done = run("test", "org")
    assert (done.code, done.out, done.err) == (0, "1 test and 2 cases: all passed\n", "")


def test_tests_may_lie_elsewhere(folder: Path, run: Run) -> None:
    write(folder, {"tests/owner_test.rego": TEST, "tests/cases/owner-missing.yaml": CASES})
    assert run("test", "org/owner.rego", "tests").out == "1 test and 2 cases: all passed\n"


def test_a_test_that_fails_is_told_with_its_place_and_what_it_prints(
    folder: Path, run: Run
) -> None:
    failing = 'package t_test\n\ntest_it if {\n\tprint("seen\\u001b[31m", 1)\n\tfalse\n}\n'
    write(folder, {"org/t_test.rego": failing})
    done = run("test", "org")
    assert done.code == 1
    assert done.out.startswith("org/t_test.rego:3: test_it\n  fails\n  it prints: seen")
    assert "\x1b" not in done.out
    assert "1 test and 0 cases: 1 failed" in done.out


def test_a_test_that_breaks_is_told(folder: Path, run: Run) -> None:
    broken = "package t_test\n\nf(_) := 1\n\nf(x) := 2 if x\n\ntest_it if f(true) == 1\n"
    write(folder, {"org/t_test.rego": broken})
    done = run("test", "org")
    assert done.code == 1
    assert "produced conflicting values" in done.out


def test_a_test_that_is_to_be_written_is_skipped(folder: Path, run: Run) -> None:
    write(folder, {"org/t_test.rego": f"{TEST}\n    todo_test_more if false\n"})
    assert run("test", "org").out == "1 test and 0 cases: all passed, 1 test skipped\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('  marathon: \'{⟦"id"⟧: "/a", "cmd": "x"}\'', "app.json:1:2: nothing is reported here"),
        (
            '  marathon: \'{"id": "/a", "cmd": "x"}\'',
            'app.json:1:8: this is reported and not marked: "/a": no label owner',
        ),
        (
            '  message: two labels\n  marathon: \'{"id": ⟦"/a"⟧, "cmd": "x"}\'',
            "app.json:1:8: the message is another: no label owner",
        ),
        (
            '  severity: low\n  marathon: \'{"id": ⟦"/a"⟧, "cmd": "x"}\'',
            "app.json:1:8: the severity is high, not low",
        ),
        ("  marathon: '{\"name\": 1}'", "the document is not recognised"),
    ],
    ids=["not found", "not marked", "message", "severity", "nobody's document"],
)
def test_a_case_that_fails_is_told_with_the_place_in_its_document(
    folder: Path, run: Run, text: str, told: str
) -> None:
    write(folder, {"org/cases/owner-missing.yaml": case(text)})
    done = run("test", "org")
    assert done.code == 1
    assert done.out.startswith(f"org/cases/owner-missing.yaml: a title\n  {told}")


def test_a_case_may_state_settings_and_the_day(folder: Path, run: Run) -> None:
    dated = rule(
        """
        deny contains {"msg": data.policylint.today, "path": []} if {
            data.policylint.today > input.settings.last
        }
        """,
        "dated",
        "custom: {settings: {last: {default: '2027-01-01'}}}",
    )
    cases = """
        rule: dated

        late:
          settings: {last: 2027-03-30}
          today: 2027-03-31
          message: 2027-03-31
          marathon: |
            {"id": ⟦"/a"⟧, "cmd": "run"}

        in time:
          today: 2026-12-31
          marathon: |
            {"id": "/a", "cmd": "run"}
    """
    write(folder, {"dated/dated.rego": dated, "dated/cases/dated.yaml": cases})
    done = run("test", "dated")
    assert (done.code, done.out) == (0, "0 tests and 2 cases: all passed\n")


def test_a_case_that_breaks_a_policy_hides_no_other(folder: Path, run: Run) -> None:
    broken = rule(
        """
        value := 1 if input.source.cmd

        value := 2 if input.source.cmd == "two"

        deny contains {"msg": "one", "path": ["cmd"]} if value == 1
        """,
        "broken",
    )
    cases = """
        rule: broken

        both values:
          marathon: |
            {"id": "/a", "cmd": "two"}

        one value:
          marathon: |
            {"id": "/a", "cmd": ⟦"one"⟧}
    """
    write(folder, {"org/broken.rego": broken, "org/cases/broken.yaml": cases})
    done = run("test", "org")
    assert done.code == 1
    assert "broken.yaml: both values\n  org/broken.rego:5:1: " in done.out
    assert "2 cases: 1 failed" in done.out


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({}, "org: no tests here\n  tests in Rego stand in files that end in _test.rego"),
        (
            {"org/cases/owner-missing.yaml": case("  marathon: '⟦{}'")},
            'org/cases/owner-missing.yaml:3:1: case "a title": a mark is not closed',
        ),
        (
            {"org/cases/owner-mising.yaml": "rule: owner-mising\n\na:\n  marathon: '{}'\n"},
            'no such rule in Rego: "owner-mising"\n  did you mean "owner-missing"?',
        ),
        (
            {"org/cases/owner-missing.yaml": case("  settings: {lable: a}\n  marathon: '{}'")},
            'owner-missing.yaml: case "a title": its policy cannot be',
        ),
        (
            {"org/cases/owner-missing.yaml": case("  today: soon\n  marathon: '{}'")},
            'case "a title": expected a day, as in 2027-03-31',
        ),
        (
            {"org/t_test.rego": "package t_test\n\ntest_it if nothing(1)\n"},
            "org/t_test.rego:3:12: ",
        ),
    ],
    ids=["no tests", "case file", "no such rule", "no such setting", "no day", "does not compile"],
)
def test_what_cannot_be_tested_is_an_error(
    folder: Path, run: Run, files: dict[str, str], told: str
) -> None:
    write(folder, files)
    done = run("test", "org")
    assert (done.code, done.out) == (2, "")
    assert told in done.err


def test_without_policies_there_is_nothing_to_test(folder: Path, run: Run) -> None:
    write(folder, {"other/cases/a.yaml": CASES})
    for path in ("other", "nowhere"):
        assert run("test", path).code == 2


def test_a_rule_that_nothing_tests_is_told(folder: Path, run: Run) -> None:
    write(
        folder,
        {
            "org/cases/owner-missing.yaml": CASES,
            "org/other.rego": rule('deny contains {"msg": "a", "path": []} if input.path'),
        },
    )
    done = run("test", "org")
    assert done.code == 0
    assert done.err.startswith("note: org/other.rego:1: some-rule never applies: there is neither")
    assert "owner-missing" not in done.err


@pytest.mark.parametrize(
    ("metadata", "told"),
    [
        ("custom: {kinds: [pod]}", "some-rule never applies: no case has a document of kind pod"),
        ("", "some-rule never reports anything: no case has a mark"),
    ],
)
def test_a_rule_whose_cases_never_meet_it_is_told(
    folder: Path, run: Run, metadata: str, told: str
) -> None:
    never = rule('deny contains {"msg": "a", "path": []} if input.kind == "pod"', metadata=metadata)
    cases = 'rule: some-rule\n\nan app:\n  marathon: \'{"id": "/a", "cmd": "x"}\'\n'
    write(folder, {"other/p.rego": never, "other/cases/some-rule.yaml": cases})
    done = run("test", "other")
    assert done.code == 0
    assert told in done.err


def test_coverage_tells_the_lines_that_nothing_evaluates(folder: Path, run: Run) -> None:
    more = OWNER + '\n    helper(1) := "one"\n\n    helper(2) := "two"\n'
    write(folder, {"org/owner.rego": more, "org/cases/owner-missing.yaml": CASES})
    last = (folder / "org/owner.rego").read_text().count("\n")
    done = run("test", "org", "--coverage")
    assert done.code == 0
    assert f"%  org/owner.rego: not line {last - 2}, {last}\n" in done.out
    assert "100 %" not in done.out


def test_tests_and_cases_cover_together(folder: Path, run: Run) -> None:
    write(folder, {"org/owner_test.rego": TEST, "org/cases/owner-missing.yaml": CASES})
    assert "  100 %  org/owner.rego\n" in run("test", "org", "--coverage").out


def test_too_little_coverage_fails(folder: Path, run: Run) -> None:
    write(folder, {"org/owner_test.rego": TEST})
    done = run("test", "org", "--min-coverage", "90")
    assert done.code == 1
    assert "90 % are wanted" in done.err
    assert run("test", "org", "--min-coverage", "10").code == 0


def test_without_opa_nothing_is_tested(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, {"org/cases/owner-missing.yaml": CASES})
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("POLICYLINT_OPA")
    done = run("test", "org")
    assert done.code == 2
    assert "policies in Rego need opa" in done.err


# How many policies a pipeline counts on


def test_a_check_goes_on_with_as_many_policies_as_are_required(run: Run) -> None:
    assert run("check", "--rego", "org", "--require-policies", "1").code == 1


def test_fewer_policies_than_are_required_are_an_error(folder: Path, run: Run) -> None:
    done = run("check", "--rego", "org", "--require-policies", "2")
    assert (done.code, done.out) == (2, "")
    assert "--require-policies 2: the policy has 1 of them in Rego" in done.err
    write(folder, {".policylint.yaml": "rego: org\nrules: {owner-missing: off}\n"})
    assert "the policy has none in Rego" in run("check", "--require-policies", "1").err
