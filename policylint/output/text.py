"""Findings for people: the line, the underline, the reason, the way out."""

from __future__ import annotations

import os
from bisect import bisect_right
from typing import TYPE_CHECKING

from policylint.named import NamedTuple
from policylint.source import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from policylint.finding import Finding, Report, Suppressed
    from policylint.source import SourceFile

    Paint = Callable[[str, str], str]
    Secrets = dict[str, list[Span]]

_COLOURS = {
    "critical": "1;31", "high": "31", "medium": "33", "low": "36", "info": "34",
    "bold": "1", "dim": "2",
}  # fmt: skip
_WIDTH = 120
_TEXT_WIDTH = 100
_MASK = "********"
# A place of more lines than this is shown by its first and its last one.
_MOST_LINES = 3


def render(
    report: Report,
    *,
    colour: bool = False,
    root: str | None = None,
    statistics: bool = False,
    suppressed: bool = False,
) -> str:
    """Every finding with its line, and a summary; paths are relative to the current folder.

    With `statistics` also how many findings each rule has, with `suppressed` also
    those that are taken back, and why.
    """
    paint = _paint if colour else _plain
    taken = report.suppressed
    secrets = _secrets([*report.findings, *(entry.finding for entry in taken)])
    blocks = ["\n".join(_block(finding, secrets, root, paint)) for finding in report.findings]
    if suppressed:
        blocks += ["\n".join(_suppressed_block(entry, secrets, root, paint)) for entry in taken]
    table = ["\n".join(_statistics(report))] if statistics and report.findings else []
    return "\n\n".join([*blocks, *table, summary(report)]) + "\n"


def render_concise(
    report: Report,
    *,
    root: str | None = None,
    statistics: bool = False,
    suppressed: bool = False,
) -> str:
    """One line a finding, and a summary."""
    lines = [_head(finding, root, _plain) for finding in report.findings]
    if suppressed:
        lines += [
            f"{_head(entry.finding, root, _plain, 'suppressed')} {why(entry, root)}"
            for entry in report.suppressed
        ]
    table = _statistics(report) if statistics else ()
    return "\n".join([*lines, *table, summary(report)]) + "\n"


def summary(report: Report) -> str:
    """What was found and what was looked at, in one line."""
    counts = ", ".join(f"{count} {severity}" for severity, count in report.counts().items())
    total = len(report.findings)
    files = len(report.files)
    # Where there was nothing to look at, nothing is said to be in order.
    found = f"{_count(total, 'finding')} ({counts})" if total else "no findings" if files else ""
    checked = f"in {_count(files, 'file')} checked" if found else "no files checked"
    passed = f", {report.passed_over} passed over" if report.passed_over else ""
    taken = f"; {len(report.suppressed)} suppressed" if report.suppressed else ""
    taken += f" ({report.honored} by remarks for other tools)" if report.honored else ""
    unknown = f"; {_count(report.unknown, 'value')} unknown" if report.unknown else ""
    policy = f"policy {printable(report.policy)}"
    return f"{found} {checked}{passed}{taken}{unknown}; {policy}".lstrip()


def why(entry: Suppressed, root: str | None) -> str:
    """Why a finding is taken back, by what and until when, in one line."""
    asked = entry.by
    line = entry.source.position(asked.at.start)[0]
    place = f"{_shown(entry.source, root)}:{line}"
    until = f" until {asked.until}" if asked.until else ""
    owner = f", owner {printable(asked.owner)}" if asked.owner else ""
    return f"suppressed{until} by the {asked.form} in {place}{owner}: {printable(asked.reason)}"


def printable(text: str) -> str:
    """Text that can go to a terminal: whatever could steer it is written as an escape."""
    return text if text.isprintable() else "".join(map(_printable, text))


def _printable(character: str) -> str:
    # Python calls nothing printable that controls, formats or separates, but the plain space.
    if character.isprintable():
        return character
    code = ord(character)
    return (
        f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
    )


def _block(finding: Finding, secrets: Secrets, root: str | None, paint: Paint) -> Iterator[str]:
    yield _head(finding, root, paint)
    for line in _excerpt(finding.source, finding.span, secrets):
        yield from line.painted("^", finding.severity, paint)
    for number, related in enumerate(finding.related, 1):
        at, column = related.source.position(related.span.start)
        mark = f"{number}." if finding.is_path else "="
        place = f"{_shown(related.source, root)}:{at}:{column}"
        yield f"  {mark} {place}: {printable(related.message)}"
        for line in _excerpt(related.source, related.span, secrets):
            yield from line.painted("-", "bold", paint)
    if finding.advice:
        yield from _wrapped(printable(finding.advice))


def _suppressed_block(
    entry: Suppressed, secrets: Secrets, root: str | None, paint: Paint
) -> Iterator[str]:
    finding = entry.finding
    yield _head(finding, root, paint, "suppressed")
    for line in _excerpt(finding.source, finding.span, secrets):
        yield from line.painted("^", "dim", paint)
    yield from _wrapped(why(entry, root))


def _statistics(report: Report) -> Iterator[str]:
    """How many findings each rule has, the most first."""
    counts = report.by_rule()
    width = len(str(max(counts.values(), default=0)))
    for name, count in counts.items():
        yield f"{count:{width}}  {name}"


def _head(finding: Finding, root: str | None, paint: Paint, word: str | None = None) -> str:
    line, column = finding.source.position(finding.span.start)
    place = f"{_shown(finding.source, root)}:{line}:{column}"
    severity = paint(word or finding.severity, "dim" if word else finding.severity)
    name = paint(f"[{finding.rule.name}]", "dim")
    return f"{paint(place, 'bold')}: {severity}: {printable(finding.message)} {name}"


def _wrapped(text: str) -> Iterator[str]:
    """Advice in lines that can be read; `textwrap` takes longer to import than to do it."""
    line = "  ="
    for word in text.split(" "):
        if len(line) + 1 + len(word) > _TEXT_WIDTH and len(line) > 4:
            yield line.rstrip()
            line = "   "
        line += f" {word}"
    yield line.rstrip()


class _Line(NamedTuple):
    """A line as it is shown: its number, its text, and which columns of that are meant.

    One without text stands for lines that are left out.
    """

    number: str
    text: str = ""
    before: int = 0
    marked: int = 0

    def painted(self, mark: str, style: str, paint: Paint) -> Iterator[str]:
        """The line, and the marks below it."""
        blank = " " * len(self.number)
        if not self.text:
            yield paint(f"  {blank} ⋮", "dim")
            return
        yield f"{paint(f'  {self.number} |', 'dim')} {self.text}"
        marks = paint(mark * self.marked, style)
        yield f"{paint(f'  {blank} |', 'dim')} {' ' * self.before}{marks}"


def _excerpt(source: SourceFile, span: Span, secrets: Secrets) -> Iterator[_Line]:
    """The lines of a place, without the blank ones."""
    first, _, last, end_column = source.region(span)
    if last > first and end_column == 1:  # it ends with the end of a line
        last -= 1
    width = len(str(last))
    skipped = last - first >= _MOST_LINES
    for number in (first, last) if skipped else range(first, last + 1):
        line = _marked(source, number, span, secrets.get(source.path, ()))
        if line.text:
            yield line._replace(number=line.number.rjust(width))
        if skipped and number == first:
            yield _Line(" " * width)


def _marked(source: SourceFile, number: int, span: Span, secrets: Sequence[Span]) -> _Line:
    """One line of a place; a long one is cut around it."""
    start, end = _line(source, number)
    left, right = max(span.start, start), min(span.end, end)
    first, last = _window(left, right, start, end)
    text = source.text[first:last]
    if span.start < start:  # further down, the indentation is not marked
        left += len(text) - len(text.lstrip())
    cells = _cells(text, first, secrets)
    head, tail = "… " if first > start else "", " …" if last < end else ""
    return _Line(
        str(number),
        f"{head}{''.join(cells)}{tail}".rstrip(),
        _columns(head + "".join(cells[: left - first])),
        max(1, _columns("".join(cells[left - first : max(0, right - first)]))),
    )


def _line(source: SourceFile, number: int) -> Span:
    """Where a line lies, without its ending."""
    start, end = source.line_start(number), source.offset(number + 1, 1)
    while end > start and source.text[end - 1] in "\r\n":
        end -= 1
    return Span(start, end)


def _cells(text: str, start: int, secrets: Sequence[Span]) -> list[str]:
    """What stands on the screen for each character of a text; found secrets are masked."""
    if text.isprintable():
        cells = list(text)
    else:
        cells = ["    " if character == "\t" else printable(character) for character in text]
    at = bisect_right(secrets, start, key=lambda secret: secret.end)
    while at < len(secrets) and secrets[at].start < start + len(text):
        left = max(secrets[at].start - start, 0)
        right = min(secrets[at].end - start, len(text))
        cells[left:right] = [_MASK] + [""] * (right - left - 1)
        at += 1
    return cells


def _window(left: int, right: int, start: int, end: int) -> Span:
    """Which part of a line to show: all of a short one, else a stretch with the place in it."""
    if end - start <= _WIDTH:
        return Span(start, end)
    first = max(start, min(left - _WIDTH // 3, end - _WIDTH))
    return Span(first, min(end, max(first + _WIDTH, min(right, left + _WIDTH))))


def _columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    from unicodedata import category, east_asian_width

    return sum(
        0 if category(character) in ("Mn", "Me") else 1 + (east_asian_width(character) in "WF")
        for character in text
    )


def _secrets(findings: Iterable[Finding]) -> Secrets:
    """The places of found secrets, by file: no excerpt shows them, whatever it is about."""
    found: Secrets = {}
    for finding in sorted(findings, key=lambda finding: finding.span):
        if finding.secret and finding.span.end > finding.span.start:
            spans = found.setdefault(finding.source.path, [])
            if spans and finding.span.start < spans[-1].end:  # one inside or across another
                last = spans.pop()
                spans.append(Span(last.start, max(last.end, finding.span.end)))
            else:
                spans.append(finding.span)
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
