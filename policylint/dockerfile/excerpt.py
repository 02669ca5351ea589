"""Text taken out of a source, and where each of its characters stood."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from policylint.named import NamedTuple
from policylint.source import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

# The constructor of a named tuple is Python that does nothing but call this.
_span: Callable[[type[Span], tuple[int, int]], Span] = tuple.__new__
_word: Callable[[type[Word], tuple[str, Span]], Word] = tuple.__new__


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

    A piece may be one character that took several in the source, such as an
    escape sequence: `widths[n]` says how many. Without widths, all are 1.
    """

    __slots__ = ("sources", "starts", "text", "widths")

    def __init__(
        self,
        text: str,
        starts: Sequence[int],
        sources: Sequence[int],
        widths: Sequence[int] = (),
    ) -> None:
        self.text = text
        self.starts = starts
        self.sources = sources
        self.widths = widths

    def __repr__(self) -> str:
        return f"Excerpt({self.text!r}, {self.starts!r}, {self.sources!r})"

    def offset(self, index: int) -> int:
        """Where a character of the excerpt stands in the source."""
        piece = bisect_right(self.starts, index) - 1
        return self.sources[piece] + index - self.starts[piece]

    def index(self, offset: int) -> int:
        """Which character of the excerpt stands at an offset of the source."""
        piece = bisect_right(self.sources, offset) - 1
        return self.starts[piece] + offset - self.sources[piece]

    def span(self, start: int, end: int) -> Span:
        """The stretch of the source from one character of the excerpt up to another."""
        if end <= start:
            at = self.offset(start)
            return Span(at, at)
        last = bisect_right(self.starts, end - 1) - 1
        width = self.widths[last] if self.widths else 1
        return Span(self.offset(start), self.sources[last] + end - 1 - self.starts[last] + width)

    def word(self, start: int, end: int) -> Word:
        """A part of the excerpt as a word."""
        return _word(Word, (self.text[start:end], self.span(start, end)))

    def worded(self, text: str, start: int, end: int) -> Word:
        """A part of the excerpt as a word, of which the text is another: what is decoded."""
        return _word(Word, (text, self.span(start, end)))

    def words(self, texts: Iterable[str], at: int) -> tuple[Word, ...]:
        """Words that stand one behind the other, with blanks alone between them."""
        found: list[Word] = []
        for text in texts:
            start = self.text.index(text, at)
            at = start + len(text)
            found.append(self.worded(text, start, at))
        return tuple(found)

    def slice(self, start: int, end: int) -> Excerpt:
        """A part of the excerpt as an excerpt."""
        text = self.text[start:end]
        first = bisect_right(self.starts, start) - 1
        head = self.sources[first] + start - self.starts[first]
        if first + 1 == len(self.starts) or self.starts[first + 1] >= end:
            if not self.widths or self.widths[first] == 1:
                return Stretch(text, head)
            return Excerpt(text, (0,), (head,), self.widths[first : first + 1])
        stop = bisect_left(self.starts, end, first + 1)
        widths = self.widths[first:stop]
        starts = [0, *[at - start for at in self.starts[first + 1 : stop]]]
        return Excerpt(text, starts, [head, *self.sources[first + 1 : stop]], widths)

    def rewritten(self, parts: Sequence[tuple[str, int, int]]) -> Excerpt:
        """The excerpt made of parts of this one, each given as its text, start and end.

        The text is that part, or one character that it stands for.
        """
        kept: list[Excerpt] = []
        for text, start, end in parts:
            if len(text) == end - start:
                kept.append(self.slice(start, end))
            else:
                span = self.span(start, end)
                kept.append(Excerpt(text, (0,), (span.start,), (span.end - span.start,)))
        return joined(kept) if kept else self.nothing(0)

    def nothing(self, index: int) -> Excerpt:
        """An empty excerpt at the place of a character."""
        return Stretch("", self.offset(index))


class Stretch(Excerpt):
    """An excerpt of one piece, as most are: a stretch of the source, which begins at `begin`."""

    __slots__ = ("begin",)

    starts = (0,)
    widths = ()

    def __init__(self, text: str, begin: int = 0) -> None:
        self.text = text
        self.begin = begin

    @property
    def sources(self) -> Sequence[int]:  # type: ignore[override]
        """The one place where it begins."""
        return (self.begin,)

    def offset(self, index: int) -> int:  # noqa: D102 (as above, and so on)
        return self.begin + index

    def index(self, offset: int) -> int:  # noqa: D102
        return offset - self.begin

    def span(self, start: int, end: int) -> Span:  # noqa: D102
        begin = self.begin
        return _span(Span, (begin + start, begin + end))

    def word(self, start: int, end: int) -> Word:  # noqa: D102
        begin = self.begin
        return _word(Word, (self.text[start:end], _span(Span, (begin + start, begin + end))))

    def words(self, texts: Iterable[str], at: int) -> tuple[Word, ...]:  # noqa: D102
        whole, begin = self.text, self.begin
        found: list[Word] = []
        for text in texts:
            start = whole.index(text, at)
            at = start + len(text)
            found.append(_word(Word, (text, _span(Span, (begin + start, begin + at)))))
        return tuple(found)

    def worded(self, text: str, start: int, end: int) -> Word:  # noqa: D102
        begin = self.begin
        return _word(Word, (text, _span(Span, (begin + start, begin + end))))

    def slice(self, start: int, end: int) -> Excerpt:  # noqa: D102
        return Stretch(self.text[start:end], self.begin + start)


def joined(excerpts: Sequence[Excerpt]) -> Excerpt:
    """Several excerpts of one source as one."""
    if len(excerpts) == 1:
        return excerpts[0]
    texts: list[str] = []
    starts: list[int] = []
    sources: list[int] = []
    widths: list[int] = []
    length = 0
    for excerpt in excerpts:
        if excerpt.text:
            texts.append(excerpt.text)
            starts.extend([at + length for at in excerpt.starts])
            sources.extend(excerpt.sources)
            widths.extend(excerpt.widths or [1] * len(excerpt.starts))
            length += len(excerpt.text)
    if len(widths) == sum(widths):
        widths = []
    return Excerpt("".join(texts), starts or (0,), sources or (0,), widths)
