"""The report for programs. `schemas/report.schema.json` describes it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from policylint import __version__
from policylint.finding import SEVERITIES
from policylint.patterns import regex
from policylint.references import reference

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policylint.finding import Finding, Related, Report, Suppressed
    from policylint.source import SourceFile, Span

    Json = dict[str, Any]

# Raised when a reader of the old form would go wrong; new members do not raise it.
VERSION = 1

_LONE_SURROGATE = regex("[\ud800-\udfff]")


def render(report: Report, *, suppressed: bool = False) -> str:
    """The whole report as one JSON object in ASCII, so that it is safe on a terminal too.

    With `suppressed` also the findings that are taken back, and why.
    """
    counts = report.counts()
    content = {
        "version": VERSION,
        "tool": {"name": "policylint", "version": __version__},
        "policy": {"name": _text(report.policy)},
        "summary": {
            "failed": report.failed,
            "findings": len(report.findings),
            "severities": {name: counts.get(name, 0) for name in reversed(SEVERITIES)},
            "rules": report.by_rule(),
            "suppressed": len(report.suppressed),
            "honored": report.honored,
            "values_unknown": report.unknown,
            "files_checked": len(report.files),
            "files_passed_over": report.passed_over,
        },
        "files": [{"path": _text(file.path), "kinds": list(file.kinds)} for file in report.files],
    }
    lists = {"findings": _lines(map(_finding, report.findings))}
    if suppressed:
        lists["suppressed"] = _lines(map(_suppressed, report.suppressed))
    head = json.dumps(content, indent=2).removesuffix("\n}")
    return f"{head},\n{_members(lists)}\n}}\n"


def _members(lists: dict[str, str]) -> str:
    return ",\n".join(f'  "{name}": {items}' for name, items in lists.items())


def _lines(items: Iterable[Json]) -> str:
    """A list with an item on each line: the encoder is several times slower when it indents."""
    lines = [f"    {json.dumps(item)}" for item in items]
    return ",\n".join(lines).join(("[\n", "\n  ]")) if lines else "[]"


def _suppressed(entry: Suppressed) -> Json:
    asked = entry.by
    stated = {"until": asked.until, "owner": asked.owner}
    by = {
        "form": asked.form,
        "reason": _text(asked.reason),
        **{name: _text(text) for name, text in stated.items() if text is not None},
        **_place(entry.source, asked.at),
    }
    return {"finding": _finding(entry.finding), "suppression": by}


def _finding(finding: Finding) -> Json:
    instead = {"instead": _text(finding.advice)} if finding.advice else {}
    subject = {"subject": _text(finding.subject)} if finding.subject is not None else {}
    return {
        "rule": finding.rule.name,
        "severity": finding.severity,
        "family": finding.rule.family,
        "message": _text(finding.message),
        **instead,
        **subject,
        **_place(finding.source, finding.span),
        "related": [_related(related) for related in finding.related],
        **_fix(finding),
        "fingerprint": finding.fingerprint,
        "references": [_reference(token) for token in finding.rule.refs],
    }


def _fix(finding: Finding) -> Json:
    fix = finding.fix
    if fix is None or not finding.edits:
        return {}
    edits = [
        {"region": finding.source.region(edit.span)._asdict(), "text": _text(edit.text)}
        for edit in finding.edits
    ]
    said = {"description": _text(fix.description), "is_safe": fix.is_safe, "edits": edits}
    return {"fix": said}


def _related(related: Related) -> Json:
    return {"message": _text(related.message), **_place(related.source, related.span)}


def _place(source: SourceFile, span: Span) -> Json:
    return {"path": _text(source.path), "region": source.region(span)._asdict()}


def _reference(token: str) -> Json:
    known = reference(token)
    link = {"url": known.url} if known.url else {}
    return {"id": token, "title": known.title, **link}


def _text(text: str) -> str:
    """Text without half characters, which many readers of JSON refuse."""
    if text.isascii():
        return text
    return _LONE_SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", text)
