"""Findings for people: the line, the underline, the reason, the way out."""

from __future__ import annotations

import os
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from policylint.finding import Finding, Report
    from policylint.source import SourceFile, Span

    Paint = Callable[[str, str], str]

_COLOURS = {
    "critical": "1;31", "high": "31", "medium": "33", "low": "36", "info": "34",
    "bold": "1", "dim": "2",
}  # fmt: skip
_WIDTH = 120
_MASK = "********"


def render(report: Report, *, colour: bool = False, root: str | None = None) -> str:
    """Every finding with its line, and a summary; paths are relative to the current folder."""
    paint = _paint if colour else _plain
    secrets = _secrets(report.findings)
    blocks = [
        "\n".join(_block(finding, secrets.get(finding.source.path, []), root, paint))
        for finding in report.findings
    ]
    return "\n\n".join([*blocks, summary(report)]) + "\n"


def render_concise(report: Report, *, root: str | None = None) -> str:
    """One line a finding, and a summary."""
    lines = [_head(finding, root, _plain) for finding in report.findings]
    return "\n".join([*lines, summary(report)]) + "\n"


def summary(report: Report) -> str:
    """What was found and what was looked at, in one line."""
    counts = ", ".join(f"{count} {severity}" for severity, count in report.counts().items())
    total = len(report.findings)
    files = len(report.files)
    found = f"{_count(total, 'finding')} ({counts})" if total else "no findings"
    checked = f"{_count(files, 'file')} checked"
    passed = f", {report.passed_over} passed over" if report.passed_over else ""
    return f"{found} in {checked}{passed}; policy {printable(report.policy)}"


def printable(text: str) -> str:
    """Text that can go to a terminal: whatever could steer it is written as an escape."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_printable, text))


def _printable(character: str) -> str:
    if character.isprintable() and not _is_steering(character):
        return character
    code = ord(character)
    return (
        f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
    )


def _is_steering(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


def _block(finding: Finding, secrets: list[Span], root: str | None, paint: Paint) -> Iterator[str]:
    yield _head(finding, root, paint)
    yield from _excerpt(finding, secrets, paint)
    for related in finding.related:
        line, column = related.source.position(related.span.start)
        yield f"  = {_shown(related.source, root)}:{line}:{column}: {printable(related.message)}"
    if finding.advice:
        yield f"  = {printable(finding.advice)}"


def _head(finding: Finding, root: str | None, paint: Paint) -> str:
    line, column = finding.source.position(finding.span.start)
    place = f"{_shown(finding.source, root)}:{line}:{column}"
    severity = paint(finding.severity, finding.severity)
    name = paint(f"[{finding.rule.name}]", "dim")
    return f"{paint(place, 'bold')}: {severity}: {printable(finding.message)} {name}"


def _excerpt(finding: Finding, secrets: list[Span], paint: Paint) -> Iterator[str]:
    """The line of a finding with the place underlined; long lines are cut around it."""
    source, region = finding.source, finding.region
    line = source.line(region.start_line)
    if not line.strip():
        return
    cells = _cells(line, source.line_start(region.start_line), secrets)
    left = region.start_column - 1
    right = region.end_column - 1 if region.end_line == region.start_line else len(line)
    first, last = _window(left, right, len(line))
    shown = "".join(cells[first:last]).rstrip()
    head, tail = "… " if first else "", " …" if last < len(line) else ""
    before = " " * _columns(head + "".join(cells[first:left]))
    width = max(1, _columns("".join(cells[left : min(right, last)])))
    gutter = f"  {region.start_line} |"
    yield f"{paint(gutter, 'dim')} {head}{shown}{tail}"
    yield f"{paint('|'.rjust(len(gutter)), 'dim')} {before}{paint('^' * width, finding.severity)}"


def _cells(line: str, start: int, secrets: list[Span]) -> list[str]:
    """What stands on the screen for each character of a line; found secrets are masked."""
    cells = ["    " if character == "\t" else printable(character) for character in line]
    for secret in secrets:
        left, right = max(secret.start - start, 0), min(secret.end - start, len(line))
        if left < right:
            cells[left:right] = [_MASK] + [""] * (right - left - 1)
    return cells


def _window(left: int, right: int, length: int) -> tuple[int, int]:
    """Which part of a line to show."""
    if length <= _WIDTH:
        return 0, length
    first = max(0, min(left - _WIDTH // 3, length - _WIDTH))
    return first, min(length, max(first + _WIDTH, min(right, left + _WIDTH)))


def _columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0
        if unicodedata.combining(character)
        else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in text
    )


def _secrets(findings: Iterable[Finding]) -> dict[str, list[Span]]:
    """The places of found secrets, by file: no excerpt shows them, whatever it is about."""
    found: dict[str, list[Span]] = {}
    for finding in findings:
        if finding.secret:
            found.setdefault(finding.source.path, []).append(finding.span)
    return found


def _shown(source: SourceFile, root: str | None) -> str:
    """A path as one would type it here."""
    if root is None or os.path.isabs(source.path) or source.path.startswith("<"):
        return printable(source.path)
    return printable(os.path.relpath(os.path.join(root, source.path)).replace(os.sep, "/"))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _paint(text: str, style: str) -> str:
    return f"\x1b[{_COLOURS[style]}m{text}\x1b[0m"


def _plain(text: str, style: str) -> str:  # noqa: ARG001 (stands in for `_paint`)
    return text
