"""JSON that people and templates write: put right without moving a character.

Everything that JSON does not know is replaced by as many characters that it
does: comments, stray commas and template statements by blanks, placeholders in
value position by strings that stand for them. So every place found in the
mended text is the place in the original.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policylint.named import NamedTuple
from policylint.patterns import regex
from policylint.source import Span
from policylint.tree import Placeholder
from policylint.tree.json_text import JsonTree

if TYPE_CHECKING:
    from policylint.tree import Place, Repeated

# A placeholder's string begins with one of these characters, which tells the number of
# the placeholder, and goes on with the filler. Both lie in Unicode's private area.
_FIRST = 0xE001
_MOST = 6000  # more placeholders than that, and the later ones are strings
_FILLER = "\ue000"

_STATEMENT = r"\{\{\{?\s*[#^/!>][^{}]*\}\}|\{%[^%]*%\}|\{#[^#]*#\}|<%[^=%][^%]*%>"
_VALUE = (
    r"(?:\{\{\{[^{}]*\}\}\}|\{\{[^{}]*\}\}|<%=[^%]*%>|\$\{[^{}]*\}|\$[A-Za-z_]\w*|@@\w+@@|%%\w+%%"
    r"|<[A-Za-z][\w .-]*>)"
)
_TOKEN = regex(
    r'(?P<string>"[^"\\]*(?:\\.[^"\\]*)*"?)'
    r"|(?P<comment>//[^\n\r]*|/\*.*?(?:\*/|\Z)|#[^\n\r]*)"
    rf"|(?P<statement>{_STATEMENT})"
    rf"|(?P<hole>[\w.+-]*{_VALUE}(?:{_VALUE}|[\w.+-])*)"
    r"|(?P<comma>,)|(?P<close>[\]}])|(?P<open>[\[{])"
    r'|(?P<other>[^\s",\[\]{}/#<$@%]+|\S)',
    re.DOTALL,
)
_CONTROL = regex(r"[\x00-\x1f]")


class MendedTree:
    """A document in mended text; placeholders in value position are `Placeholder` values."""

    def __init__(self, mended: Mended) -> None:
        """Read it; raises `Unreadable` when there is still no sense in it."""
        self._tree = JsonTree(mended.text)
        self._has_statements = mended.has_statements
        self.value: object = _with_holes(self._tree.value, mended.holes)

    def repeated(self) -> list[Repeated]:
        """Keys that stand twice in one object; sections of a template may repeat one another's."""
        return [] if self._has_statements else self._tree.repeated()

    def span(self, place: Place) -> Span:
        """The stretch of text that a place names; its nearest ancestor's when it has none."""
        return self._tree.span(place)


class Mistake(NamedTuple):
    """Something that strict JSON does not have, where it stands first, and how often."""

    message: str
    span: Span
    times: int


class Mended(NamedTuple):
    """A text of the same length that JSON can read, and what had to be put right for it."""

    text: str
    mistakes: tuple[Mistake, ...]
    holes: tuple[str, ...]
    has_statements: bool


def mend(text: str) -> Mended:
    """Put a text right, as far as that needs no guess."""
    mender = _Mender(text)
    for token in _TOKEN.finditer(text):
        mender.take(token.lastgroup or "", token.start(), token.end())
    return mender.result()


class _Mender:
    def __init__(self, text: str) -> None:
        self._text = text
        self._out: list[str] = []
        self._mistakes: dict[str, list[Span]] = {}
        self._holes: list[str] = []
        self._has_statements = False
        self._end = 0
        self._comma_at = 0
        self._comma: int | None = None  # where in `_out` a comma waits for what follows it
        self._is_open = True  # nothing stands before this in the object or list
        self._is_done = False  # a value has ended, and only a comma or an end may follow
        self._gap: int | None = None  # where in `_out` a statement stood since then

    def take(self, kind: str, start: int, end: int) -> None:
        """One token; white space between tokens is kept."""
        self._out.append(self._text[self._end : start])
        token, self._end = self._text[start:end], end
        if kind == "comment":
            self._note("comments", start, end)
            self._out.append(_blank(token))
        elif kind == "statement":
            self._has_statements = True
            self._gap = len(self._out)
            self._out.append(_blank(token))
        elif kind == "comma":
            self._take_comma(start)
        else:
            self._take_content(kind, token, start)

    def _take_comma(self, start: int) -> None:
        # A section that is left out leaves its commas: one too many, or one in front.
        if self._has_statements and (self._comma is not None or self._is_open):
            self._out.append(" ")
            return
        self._comma = len(self._out)
        self._is_done = False
        self._out.append(",")
        self._comma_at = start

    def _take_content(self, kind: str, token: str, start: int) -> None:
        if kind == "close" and self._comma is not None:
            self._out[self._comma] = " "
            self._note("trailing commas", self._comma_at, self._comma_at + 1)
        elif kind != "close" and not token.startswith(":"):
            self._fill_gap()
        if kind == "string":
            token = self._string(token, start)
        elif kind == "hole" and len(token) > 2:
            token = self._hole(token)
        self._comma = None
        self._is_open = kind == "open"
        self._is_done = kind != "open" and not token.endswith(":")
        self._gap = None
        self._out.append(token)

    def _fill_gap(self) -> None:
        """Two sections one after the other: a comma where the rendered document has one."""
        if self._is_done and self._gap is not None:
            self._out[self._gap] = "," + self._out[self._gap][1:]

    def result(self) -> Mended:
        """What has come out of all tokens."""
        self._out.append(self._text[self._end :])
        # Sections leave commas and gaps behind that a rendered document has not.
        mistakes = tuple(
            Mistake(message, spans[0], len(spans))
            for message, spans in self._mistakes.items()
            if not (self._has_statements and "comma" in message)
        )
        return Mended("".join(self._out), mistakes, tuple(self._holes), self._has_statements)

    def _string(self, token: str, start: int) -> str:
        control = _CONTROL.search(token)
        if control:
            at = start + control.start()
            self._note("raw control characters in strings", at, at + 1)
            token = _CONTROL.sub(" ", token)
        return token

    def _hole(self, token: str) -> str:
        first = chr(_FIRST + min(len(self._holes), _MOST))
        self._holes.append(token)
        return '"' + first + _FILLER * (len(token) - 3) + '"'

    def _note(self, message: str, start: int, end: int) -> None:
        self._mistakes.setdefault(message, []).append(Span(start, end))


def _with_holes(value: object, holes: tuple[str, ...]) -> object:
    """A value with the placeholders back in place of the strings that stand for them."""
    if not holes:
        return value
    if isinstance(value, dict):
        return {key: _with_holes(item, holes) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_holes(item, holes) for item in value]
    if isinstance(value, str) and value and set(value[1:]) <= {_FILLER}:
        number = ord(value[0]) - _FIRST
        if 0 <= number < min(len(holes), _MOST):
            return Placeholder(holes[number])
    return value


def _blank(token: str) -> str:
    return re.sub(r"[^\n\r]", " ", token)
