"""Whether an edited Dockerfile says what the edits mean, and nothing else anew."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from policylint.dockerfile.scanner import scan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policylint.dockerfile.excerpt import Excerpt
    from policylint.dockerfile.scanner import Dockerfile, Instruction
    from policylint.source import Span


def reads_as_meant(text: str, fixed: str, edits: Sequence[tuple[Span, str]]) -> bool:
    """Whether a fixed text has the instructions of the old one, changed as the edits say.

    Each edit lies within one line of an instruction or of a here-document, as the
    build joins them; comments, directives and the other instructions stay as they are.
    """
    before, after = scan(text), scan(fixed)
    if len(before.instructions) != len(after.instructions) or _frame(before) != _frame(after):
        return False
    waiting = sorted(edits, reverse=True)
    for old, new in zip(before.instructions, after.instructions, strict=True):
        end = old.extent.end
        own = []
        while waiting and waiting[-1][0].start <= end:
            own.append(waiting.pop())
        if _said(new) != (_changed(old, own) if own else _said(old)):
            return False
    return not waiting


def _frame(dockerfile: Dockerfile) -> tuple[object, ...]:
    directives = tuple((each.name, each.value) for each in dockerfile.directives)
    return directives, tuple(comment.text for comment in dockerfile.comments)


def _said(instruction: Instruction) -> list[str]:
    """What the build reads: the joined line and the bodies of the here-documents."""
    return [excerpt.text for excerpt in _texts(instruction)]


def _changed(instruction: Instruction, edits: Sequence[tuple[Span, str]]) -> list[str]:
    return [_edited(excerpt, edits) for excerpt in _texts(instruction)]


def _texts(instruction: Instruction) -> list[Excerpt]:
    carrier = instruction.trigger or instruction
    return [instruction.line, *(heredoc.body for heredoc in carrier.heredocs)]


def _edited(excerpt: Excerpt, edits: Sequence[tuple[Span, str]]) -> str:
    """The text of an excerpt with the edits made that lie in it."""
    first, last = excerpt.offset(0), excerpt.span(0, len(excerpt.text)).end
    text = excerpt.text
    for span, replacement in reversed(edits):
        if first <= span.start and span.end <= last:
            text = (
                text[: _index(excerpt, span.start)]
                + replacement
                + text[_index(excerpt, span.end) :]
            )
    return text


def _index(excerpt: Excerpt, offset: int) -> int:
    """Which character stands at an offset, or follows it where lines are joined."""
    following = excerpt.starts[bisect_right(excerpt.sources, offset) :]
    return min(excerpt.index(offset), *following[:1], len(excerpt.text))
