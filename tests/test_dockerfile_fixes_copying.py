"""What fixes make of Dockerfiles: COPY for ADD, folders that end with a slash, whole WORKDIRs."""

from __future__ import annotations

import pytest

from policylint.engine import lint
from policylint.fix import apply
from policylint.policy import built_in
from policylint.source import SourceFile


def fixed(rule: str, text: str) -> str:
    """The text as the safe fixes of one rule leave it."""
    report = lint([SourceFile("Dockerfile", f"FROM debian:12\n{text}\n")], built_in("all"))
    found = [finding for finding in report.findings if finding.rule.name == rule]
    edits = [
        edit
        for finding in found
        if finding.fix is not None and finding.fix.is_safe
        for edit in finding.edits
    ]
    after = apply(report.findings[0].source.text, edits)
    return after.removeprefix("FROM debian:12\n").rstrip("\n")


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("ADD app.py /srv/", "COPY app.py /srv/"),
        ("add app.py /srv/", "copy app.py /srv/"),
        ('ADD --chown=1 ["a", "/srv/"]', 'COPY --chown=1 ["a", "/srv/"]'),
        ("ONBUILD ADD a \\\n  b /srv/", "ONBUILD COPY a \\\n  b /srv/"),
        ("ADD <<A /srv/\ntext\nA", "COPY <<A /srv/\ntext\nA"),
    ],
)
def test_what_only_copies_becomes_copy(given: str, wanted: str) -> None:
    assert fixed("add-instead-of-copy", given) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "ADD app.py rootfs.tgz /srv/",
        "ADD app.py https://example.com/a /srv/",
        "ADD app.py $WHAT /srv/",
        "ADD * /srv/",
        "ADD --unpack=true app.bin /srv/",
    ],
)
def test_what_may_do_more_stays_add(text: str) -> None:
    assert fixed("add-instead-of-copy", text) == text


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("COPY a b /srv", "COPY a b /srv/"),
        ("COPY a b \\\n  .", "COPY a b \\\n  ./"),
        ("ADD a b '/srv'", "ADD a b '/srv/'"),
        ('COPY ["a", "b", "/srv"]', 'COPY ["a", "b", "/srv/"]'),
        ("COPY a b $HOME/srv", "COPY a b $HOME/srv/"),
        ("ONBUILD COPY a b /srv  ", "ONBUILD COPY a b /srv/  "),
    ],
)
def test_a_folder_gets_its_slash(given: str, wanted: str) -> None:
    assert fixed("copy-many-needs-slash", given) == wanted.rstrip("\n")


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("WORKDIR /srv\nWORKDIR app", "WORKDIR /srv\nWORKDIR /srv/app"),
        ("WORKDIR /srv/\nWORKDIR ./app/..", "WORKDIR /srv/\nWORKDIR /srv"),
        (
            "WORKDIR /srv\nWORKDIR app\nRUN id\nworkdir  src  ",
            "WORKDIR /srv\nWORKDIR /srv/app\nRUN id\nworkdir  /srv/app/src  ",
        ),
        ("WORKDIR /srv\nONBUILD WORKDIR app", "WORKDIR /srv\nONBUILD WORKDIR /srv/app"),
    ],
)
def test_a_folder_is_written_whole(given: str, wanted: str) -> None:
    assert fixed("workdir-relative", given) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "WORKDIR $HOME\nWORKDIR app",
        'WORKDIR /srv\nWORKDIR "app"',
        "WORKDIR /srv\nWORKDIR app/$NAME",
        "WORKDIR /my folder\nWORKDIR app",
    ],
)
def test_a_folder_that_is_not_plain_is_left_alone(text: str) -> None:
    assert fixed("workdir-relative", text) == text
