"""Reports to render: made by hand, so that no change of a real rule changes them."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from policylint.engine import lint
from policylint.finding import CheckedFile, Finding, Problem, Related, Report
from policylint.output import json_report, sarif, text
from policylint.policy import built_in
from policylint.rule import rule
from policylint.source import SourceFile, Span
from policylint.workload import Container

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from policylint.finding import Problems
    from policylint.rule import Rule

FORMATS: dict[str, Callable[[Report], str]] = {
    "text": text.render,
    "concise": text.render_concise,
    "json": json_report.render,
    "sarif": sarif.render,
}


@rule(
    on=Container,
    severity="critical",
    family="privilege",
    refs="CWE-250 CIS-Docker:5.5 NIST:4.4.3 ATTACK:T1611 PSS:baseline",
    equivalents=("OTHER-1",),
)
def door_open(_: Container) -> Problems:
    """Door stands open.

    Whoever comes by walks in.

    Instead, close it.

    Settings:
        allow: Doors that may stand open.

    Bad (marathon):
        {"id": "/web", "door": "open"}

    Good (marathon):
        {"id": "/web", "door": "shut"}
    """
    yield from ()


@rule(on=Container, severity="high", family="secrets", confidence="medium", refs="CWE-798")
def key_under_mat(_: Container) -> Problems:
    """Key lies under the mat.

    Instead, give it to a neighbour, to a friend who lives close by, or to anybody else who can
    be asked for it at any time of the day and of the night.
    """
    yield from ()


@rule(on=Container, severity="info", family="hygiene")
def curtain_drawn(_: Container) -> Problems:
    """Curtain is drawn."""
    yield from ()


def found(
    rule: Rule,
    source: SourceFile,
    words: str | Span,
    message: str = "the door stands open",
    *,
    severity: str | None = None,
    subject: str | None = "/web",
    related: tuple[Related, ...] = (),
    instead: str | None = None,
    secret: bool = False,
) -> Finding:
    """A finding at the words of a source."""
    span = where(source, words) if isinstance(words, str) else words
    return Finding(
        rule,
        severity or rule.severity,
        Problem(span, message, instead=instead, secret=secret),
        source,
        span,
        subject=subject,
        related=related,
        identity=(rule.name, source.path, span),
    )


def where(source: SourceFile, words: str) -> Span:
    start = source.text.index(words)
    return Span(start, start + len(words))


def report_of(*findings: Finding, passed_over: int = 0) -> Report:
    paths = sorted({finding.source.path for finding in findings})
    files = [CheckedFile(path, ("app",)) for path in paths]
    return Report(
        list(findings), files, passed_over=passed_over, policy="recommended", fail_on="medium"
    )


def checked(*sources: SourceFile) -> Report:
    """What all real rules say."""
    return lint(sources, built_in("all"))


def app(**members: object) -> str:
    """An app that several real rules find fault with."""
    return json.dumps(
        {
            "id": "/web",
            "cmd": "run",
            "cpus": 1,
            "mem": 64,
            "container": {"type": "DOCKER", "docker": {"image": "web", "privileged": True}},
            **members,
        }
    )


def showcase() -> Report:
    """A small report with every feature."""
    shop = SourceFile(
        "deploy/web shop/größe#1.json",
        '{\n\t"id": "/日本",\n\t"door": "open", "key": "s3cr3t-s3cr3t", "window": "open"\n}\n',
    )
    lobby = SourceFile(
        "lobby.yaml",
        "id: /lobby\ndoors:\n  - first\n  - second\n\n  - third\ncurtain: |\n  thick\n  red\n",
    )
    broken = SourceFile("marathon.json", '{"id": "/broken", ')
    doors = Related(lobby, where(lobby, "second"), "this one as well")
    files = [
        CheckedFile(shop.path, ("app",)),
        CheckedFile(lobby.path, ("app", "group")),
        CheckedFile(broken.path, ("unknown",)),
    ]
    findings = [
        found(
            door_open, shop, '"open"', 'door of "/日本" is open', subject="/日本", related=(doors,)
        ),
        found(
            key_under_mat, shop, '"s3cr3t-s3cr3t"', "the key is here", subject="/日本", secret=True
        ),
        found(
            door_open,
            shop,
            '"window": "open"',
            "[the window](https://example.com) is open",
            severity="medium",
            subject="/日本",
            related=(Related(shop, where(shop, '"s3cr3t'), "beside the key"),),
            instead="instead, draw the curtain",
        ),
        found(door_open, lobby, "doors:\n  - first\n  - second\n\n  - third", severity="low"),
        found(curtain_drawn, lobby, "|\n  thick\n  red\n", "it\x1b[31m is \u202ered"),
        found(
            key_under_mat,
            broken,
            Span(18, 18),
            "the file ends too early",
            subject=None,
            instead="x",
        ),
    ]
    return Report(findings, files, passed_over=2, policy="recommended", fail_on="medium")


def clean() -> Report:
    files = [CheckedFile("app.json", ("app",))]
    return Report([], files, passed_over=0, policy="baseline", fail_on="medium")


def sarif_run(report: Report) -> Any:
    return json.loads(sarif.render(report))["runs"][0]


def data_file(name: str) -> str:
    return os.path.join(os.path.dirname(__file__), name)


def strings(value: object) -> Iterator[str]:
    """Every key and text of a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, member in value.items():
            yield key
            yield from strings(member)
    elif isinstance(value, list):
        for member in value:
            yield from strings(member)
