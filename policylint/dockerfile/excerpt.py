"""Text taken out of a source, and where each of its characters stood."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, NamedTuple

from policylint.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Word(NamedTuple):
    """A word: its text without line continuations, and its place in the source."""

    text: str
    span: Span

    def part(self, start: int, end: int) -> Span:
        """The place of some characters; of the whole word where it runs over several lines."""
        begin = self.span.start
        if self.span.end - begin != len(self.text):
            return self.span
        return Span(begin + start, begin + end)


class Excerpt:
    """Text put together from pieces of a source, which knows where each character stood.

    Piece `n` begins at `starts[n]` in the excerpt and at `sources[n]` in the source:

        RUN apt-get update \\           text     "RUN apt-get update  && true"
          && true                      starts   0, 19
                                       sources  0, 21
    """

    __slots__ = ("sources", "starts", "text")

    def __init__(
        self, text: str, starts: Sequence[int] = (0,), sources: Sequence[int] = (0,)
    ) -> None:
        self.text = text
        self.starts = starts
        self.sources = sources

    def __repr__(self) -> str:
        return f"Excerpt({self.text!r}, {self.starts!r}, {self.sources!r})"

    def offset(self, index: int) -> int:
        """Where a character of the excerpt stands in the source."""
        piece = bisect_right(self.starts, index) - 1 if len(self.starts) > 1 else 0
        return self.sources[piece] + index - self.starts[piece]

    def index(self, offset: int) -> int:
        """Which character of the excerpt stands at an offset of the source."""
        piece = bisect_right(self.sources, offset) - 1
        return self.starts[piece] + offset - self.sources[piece]

    def span(self, start: int, end: int) -> Span:
        """The stretch of the source from one character of the excerpt up to another."""
        if len(self.starts) == 1:
            shift = self.sources[0]
            return Span(start + shift, end + shift)
        if end <= start:
            at = self.offset(start)
            return Span(at, at)
        return Span(self.offset(start), self.offset(end - 1) + 1)

    def word(self, start: int, end: int) -> Word:
        """A part of the excerpt as a word."""
        return Word(self.text[start:end], self.span(start, end))

    def slice(self, start: int, end: int) -> Excerpt:
        """A part of the excerpt as an excerpt."""
        first = bisect_right(self.starts, start) - 1 if len(self.starts) > 1 else 0
        text = self.text[start:end]
        head = self.sources[first] + start - self.starts[first]
        last = bisect_left(self.starts, end, first + 1)
        if last <= first + 1:
            return Excerpt(text, (0,), (head,))
        starts = [0, *(at - start for at in self.starts[first + 1 : last])]
        return Excerpt(text, starts, [head, *self.sources[first + 1 : last]])

    def rewritten(self, parts: Iterable[tuple[str, int, int]]) -> Excerpt:
        """The excerpt made of parts of this one, each given as its text, start and end.

        A text that is not as long as what it stands for, such as an escape
        sequence read, keeps only the place of its first character.
        """
        kept: list[Excerpt] = []
        for text, start, end in parts:
            part = self.slice(start, end if len(text) == end - start else start + 1)
            kept.append(Excerpt(text, part.starts, part.sources))
        return joined(kept) if kept else Excerpt("", (0,), (self.offset(0),))


def joined(excerpts: Iterable[Excerpt]) -> Excerpt:
    """Several excerpts of one source as one."""
    texts: list[str] = []
    starts: list[int] = []
    sources: list[int] = []
    length = 0
    for excerpt in excerpts:
        if excerpt.text:
            texts.append(excerpt.text)
            starts.extend([at + length for at in excerpt.starts])
            sources.extend(excerpt.sources)
            length += len(excerpt.text)
    return Excerpt("".join(texts), starts or (0,), sources or (0,))
