"""What fixes make of package managers in Dockerfiles: options added, apt called apt-get."""

from __future__ import annotations

import pytest

from policylint.engine import lint
from policylint.fix import apply
from policylint.policy import built_in
from policylint.source import SourceFile


def fixed(rule: str, line: str) -> tuple[str, set[bool]]:
    """An instruction as fixed by one rule, and whether the fixes are safe."""
    head = "FROM debian:12.9\n"
    text = head + line
    report = lint([SourceFile("Dockerfile", text)], built_in("all"))
    found = [finding for finding in report.findings if finding.rule.name == rule]
    assert found
    mended = apply(text, [edit for finding in found for edit in finding.edits])
    safe = {finding.fix.is_safe for finding in found if finding.fix is not None}
    return mended.removeprefix(head), safe


@pytest.mark.parametrize(
    ("rule", "given", "wanted"),
    [
        (
            "apt-get-not-confirmed",
            "RUN apt-get update && apt-get install curl",
            "RUN apt-get update && apt-get install -y curl",
        ),
        (
            "apt-get-not-confirmed",
            "RUN sudo apt-get -q \\\n  install \\\n  # tools\n  curl",
            "RUN sudo apt-get -q \\\n  install -y \\\n  # tools\n  curl",
        ),
        (
            "apt-get-not-confirmed",
            "RUN apt-get install a && sh -c 'apt-get install b'",
            "RUN apt-get install -y a && sh -c 'apt-get install -y b'",
        ),
        (
            "apt-get-not-confirmed",
            'RUN ["apt-get", "install", "curl"]',
            'RUN ["apt-get", "install", "-y", "curl"]',
        ),
        (
            "apt-get-not-confirmed",
            'RUN apt-get "install" curl',
            'RUN apt-get "install" -y curl',
        ),
        (
            "apt-get-not-confirmed",
            'RUN ["sh", "-c", "apt-get install curl"]',
            'RUN ["sh", "-c", "apt-get install -y curl"]',
        ),
        (
            "apt-get-not-confirmed",
            "RUN <<EOF\napt-get install curl\nEOF\n",
            "RUN <<EOF\napt-get install -y curl\nEOF\n",
        ),
        ("yum-not-confirmed", "RUN yum install a", "RUN yum install -y a"),
        ("yum-not-confirmed", "RUN yum group install a", "RUN yum group install -y a"),
        ("dnf-not-confirmed", "ONBUILD RUN dnf install a", "ONBUILD RUN dnf install -y a"),
        ("dnf-not-confirmed", "RUN microdnf install a", "RUN microdnf install -y a"),
        ("zypper-not-confirmed", "RUN zypper in a", "RUN zypper in -y a"),
        ("apk-cache-kept", "RUN apk --update add a", "RUN apk --update add --no-cache a"),
        (
            "pip-cache-kept",
            "RUN pip install a && python -m pip install -r b",
            "RUN pip install --no-cache-dir a && python -m pip install --no-cache-dir -r b",
        ),
        ("apt-instead-of-apt-get", "RUN apt update", "RUN apt-get update"),
        ("apt-instead-of-apt-get", "RUN /bin/apt -y purge a", "RUN /bin/apt-get -y purge a"),
        ("apt-instead-of-apt-get", 'RUN "apt" clean', 'RUN "apt-get" clean'),
        ("apt-instead-of-apt-get", 'RUN ["apt", "clean"]', 'RUN ["apt-get", "clean"]'),
        (
            "apt-instead-of-apt-get",
            "RUN apt search a && apt show a && apt policy a",
            "RUN apt-cache search a && apt-cache show a && apt-cache policy a",
        ),
    ],
)  # fmt: skip
def test_an_option_or_a_name_is_put_where_it_belongs(rule: str, given: str, wanted: str) -> None:
    assert fixed(rule, given) == (wanted, {True})


def test_a_fix_that_may_change_the_image_is_not_safe() -> None:
    assert fixed("apt-get-recommends", "RUN apt-get install -y curl") == (
        "RUN apt-get install --no-install-recommends -y curl",
        {False},
    )


@pytest.mark.parametrize(
    ("rule", "given"),
    [
        ("apt-get-not-confirmed", "RUN apt-get inst\\\nall curl"),
        ("apt-get-not-confirmed", "RUN apt-get in'st'all curl"),
        ("zypper-not-confirmed", "RUN zypper si a"),
        ("apt-instead-of-apt-get", "RUN apt list"),
        ("apt-instead-of-apt-get", "RUN apt full-upgrade -y"),
        ("apt-instead-of-apt-get", "RUN a''pt update"),
        ("apt-instead-of-apt-get", "RUN ap\\\nt update"),
    ],
)
def test_what_is_written_oddly_or_has_no_equal_is_left_to_people(rule: str, given: str) -> None:
    assert fixed(rule, given) == (given, set())
