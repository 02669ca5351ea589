"""SARIF 2.1.0, as GitHub code scanning and other viewers take it.

Only rules that have results are listed. A report has no place for the category
of an upload (`automationDetails`): whoever uploads it chooses one.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from policylint import __version__
from policylint.finding import rank
from policylint.output.text import printable
from policylint.references import reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from policylint.finding import Finding, Fix, Related, Report, Suppressed
    from policylint.rule import Example, Rule
    from policylint.source import SourceFile, Span

    Json = dict[str, Any]

# What GitHub takes of one run, and shows of one rule or result.
MAX_RESULTS = 25_000
MAX_TAGS = 20
MAX_DESCRIPTION = 1024
MAX_RELATED = 100

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_ROOT = "%SRCROOT%"
_LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note", "info": "note"}
_SCORES = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0"}


def render(report: Report, *, suppressed: bool = False) -> str:
    """The report as one run, the worst findings first: readers cut long ones at the end.

    With `suppressed` also the findings that are taken back: not every reader knows
    them from the others.
    """
    findings = sorted(report.findings, key=lambda finding: -rank(finding.severity))
    kept = findings[:MAX_RESULTS]
    taken = report.suppressed[: MAX_RESULTS - len(kept)] if suppressed else ()
    rules = _worst([*kept, *(entry.finding for entry in taken)])
    index = {name: at for at, name in enumerate(rules)}
    results = [
        *(_result(finding, index[finding.rule.name]) for finding in kept),
        *(_result(entry.finding, index[entry.finding.rule.name], entry) for entry in taken),
    ]
    if suppressed:  # where one result tells, all do
        for result in results:
            result.setdefault("suppressions", [])
    run = {
        "tool": {
            "driver": {
                "name": "policylint",
                "semanticVersion": __version__,
                "rules": [_rule(rule, severity) for rule, severity in rules.values()],
            }
        },
        "invocations": [_invocation(len(findings), len(kept))],
        "originalUriBaseIds": {
            _ROOT: {"description": {"text": "The root of the repository that was checked."}}
        },
        "columnKind": "unicodeCodePoints",
        "results": results,
        "properties": {
            "policy": _text(report.policy),
            "filesChecked": len(report.files),
            "filesPassedOver": report.passed_over,
            "suppressed": len(report.suppressed),
            "honored": report.honored,
            "valuesUnknown": report.unknown,
        },
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _worst(findings: Iterable[Finding]) -> dict[str, tuple[Rule, str]]:
    """The rules of findings, each with the severity of the first, which is its worst one.

    What is taken back comes after what is not.
    """
    rules: dict[str, tuple[Rule, str]] = {}
    for finding in findings:
        rules.setdefault(finding.rule.name, (finding.rule, finding.severity))
    return rules


def _rule(rule: Rule, severity: str) -> Json:
    doc = rule.doc
    summary = _text(rule.summary, rule.name)
    return {
        "id": rule.name,
        "shortDescription": {"text": _cut(summary)},
        "fullDescription": {"text": _cut(" ".join((summary, *doc.body)))},
        "help": {
            "text": "\n\n".join(_help(rule, summary)),
            "markdown": "\n\n".join(_help_markdown(rule, summary)),
        },
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {
            "family": rule.family,
            "precision": rule.confidence,
            **_weight(severity),
            "tags": _tags(rule, severity),
            "equivalents": list(rule.equivalents),
        },
    }


def _weight(severity: str) -> Json:
    """What GitHub weighs an alert by.

    It knows one score per rule, so the rule takes that of its worst result: a
    policy that makes a rule milder makes its alerts milder too.
    """
    score = _SCORES.get(severity)
    return {"security-severity": score} if score else {"problem.severity": "recommendation"}


def _tags(rule: Rule, severity: str) -> list[str]:
    # GitHub takes a score for one of security only where this tag stands beside it.
    tags = ["security"] if severity in _SCORES else []
    tags.append(rule.family)
    for token in rule.refs:
        if not token.startswith("https://"):
            tags.append(f"external/cwe/{token.lower()}" if token.startswith("CWE-") else token)
    return list(dict.fromkeys(tags))[:MAX_TAGS]


def _help(rule: Rule, summary: str) -> Iterator[str]:
    yield summary
    yield from rule.doc.body
    for token in rule.refs:
        known = reference(token)
        yield f"{known.title}: {known.url}" if known.url else known.title


def _help_markdown(rule: Rule, summary: str) -> Iterator[str]:
    doc = rule.doc
    yield f"**{summary}**"
    yield from doc.body
    if doc.settings:
        yield "**Settings**"
        yield "\n".join(f"- `{name}`: {words}" for name, words in doc.settings.items())
    for example in doc.examples:
        yield f"**{'Good' if example.good else 'Bad'}** ({example.kind})"
        yield f"```{_language(example)}\n{example.text.rstrip()}\n```"
    if rule.refs:
        yield "**References**"
        yield "\n".join(_link(token) for token in rule.refs)


def _language(example: Example) -> str:
    if example.kind == "dockerfile":
        return "dockerfile"
    return "json" if example.text.lstrip()[:1] in ("{", "[") else "yaml"


def _link(token: str) -> str:
    known = reference(token)
    return f"- [{known.title}]({known.url})" if known.url else f"- {known.title}"


def _invocation(found: int, kept: int) -> Json:
    """That the run did its work, and what the report leaves out."""
    invocation: Json = {"executionSuccessful": True}
    if kept < found:
        words = (
            f"{found - kept} of {found} findings are left out: the report holds"
            f" the {kept} worst, which is the most that GitHub takes."
        )
        invocation["toolExecutionNotifications"] = [
            {
                "descriptor": {"id": "results-left-out"},
                "level": "warning",
                "message": {"text": words},
            }
        ]
    return invocation


def _result(finding: Finding, rule_index: int, taken: Suppressed | None = None) -> Json:
    place: Json = {"physicalLocation": _place(finding.source, finding.span)}
    if finding.subject:
        place["logicalLocations"] = [{"fullyQualifiedName": _text(finding.subject)}]
    result: Json = {
        "ruleId": finding.rule.name,
        "ruleIndex": rule_index,
        "level": _LEVELS[finding.severity],
        "message": {"text": _message(finding)},
        "locations": [place],
        "partialFingerprints": {"policylint/v1": finding.fingerprint},
        "properties": {"severity": finding.severity},
    }
    if finding.related:
        result["relatedLocations"] = _related(finding.related[:MAX_RELATED])
    if finding.related and finding.is_path:
        result["codeFlows"] = [_flow(finding.related[:MAX_RELATED])]
    if finding.fix is not None and finding.edits:
        result["fixes"] = [_fix(finding, finding.fix)]
    if taken is not None:
        result["suppressions"] = [_suppression(taken)]
    return result


def _suppression(entry: Suppressed) -> Json:
    asked = entry.by
    until = {"until": asked.until} if asked.until else {}
    owner = {"owner": _text(asked.owner)} if asked.owner else {}
    return {
        "kind": "external" if asked.form in ("exemption", "exception") else "inSource",
        "status": "accepted",
        "justification": _text(asked.reason),
        "location": {"physicalLocation": _place(entry.source, asked.at)},
        "properties": {**until, **owner},
    }


def _message(finding: Finding) -> str:
    """What is wrong and what to do about it, as sentences."""
    message, advice = _text(finding.message, finding.rule.name), _text(finding.advice, "")
    sentences = [message, advice[0].upper() + advice[1:]] if advice else [message]
    # SARIF reads `[words](target)` as a link, and names in a definition are anybody's.
    return " ".join(f"{sentence.rstrip('.')}." for sentence in sentences).replace("](", "] (")


def _related(places: Sequence[Related]) -> list[Json]:
    return [
        {
            "id": number,
            "physicalLocation": _place(related.source, related.span),
            "message": {"text": _text(related.message, "see also here")},
        }
        for number, related in enumerate(places, 1)
    ]


def _flow(steps: Sequence[Related]) -> Json:
    """The steps of an attack in their order."""
    return {"threadFlows": [{"locations": [{"location": step} for step in _related(steps)]}]}


def _fix(finding: Finding, fix: Fix) -> Json:
    replacements = [
        {
            "deletedRegion": _place(finding.source, edit.span)["region"],
            **({"insertedContent": {"text": edit.text}} if edit.text else {}),
        }
        for edit in finding.edits
    ]
    file = _file(finding.source.path)
    return {
        "description": {"text": _text(fix.description, "mend it")},
        "artifactChanges": [{"artifactLocation": file, "replacements": replacements}],
    }


def _place(source: SourceFile, span: Span) -> Json:
    region = source.region(span)
    return {
        "artifactLocation": _file(source.path),
        "region": {
            "startLine": region.start_line,
            "startColumn": region.start_column,
            "endLine": region.end_line,
            "endColumn": region.end_column,
        },
    }


def _file(path: str) -> Json:
    """A file by its address: relative to the root, or complete when it lies outside."""
    if path.startswith("/"):
        return {"uri": f"file://{_quoted(path)}"}
    if os.path.isabs(path):  # a drive of Windows
        return {"uri": f"file:///{_quoted(path)}"}
    return {"uri": _quoted(path), "uriBaseId": _ROOT}


def _quoted(path: str) -> str:
    # A name that is no UTF-8 gets its own bytes back.
    try:
        return quote(path.encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:
        return quote(path.encode("utf-8", "replace"))


def _text(text: str, otherwise: str = "-") -> str:
    """Text that may be shown anywhere; empty texts are not taken."""
    return printable(text).strip() or otherwise


def _cut(text: str) -> str:
    return text if len(text) <= MAX_DESCRIPTION else text[: MAX_DESCRIPTION - 1].rstrip() + "…"
