"""Here-documents that an instruction asks for."""

from __future__ import annotations

from policylint.dockerfile.variables import NAME, OPERATOR, OPERATORS, expand
from policylint.dockerfile.words import SPACES
from policylint.named import NamedTuple
from policylint.patterns import regex

_ASKED = regex(r"(\d*)<<(-?)([^<]+)")
_QUOTE = regex(r"[\"'\\]")
_SPACES = regex(SPACES)
_BARE = regex(r"[^\s$'\"\\]+")
_ORDINARY = regex(r"[^$'\"\\/}]+")


class Request(NamedTuple):
    """What a word such as `3<<-"EOF"` asks for."""

    name: str
    descriptor: str
    chomp: bool
    expand: bool


def requests(text: str) -> list[tuple[int, int, Request]]:
    """The here-documents that a line asks for, each with the place of its word.

    Only a word of its own counts. A line with an open quote or a wrong
    substitution asks for none: BuildKit looks no further there.
    """
    found: list[tuple[int, int, Request]] = []
    for start, end in _shell_words(text):
        asked = _ASKED.fullmatch(text, start, end)
        if asked:
            descriptor, dash, rest = asked.groups()
            quoted = _QUOTE.search(rest) is not None
            name = expand(rest, _Written()) if quoted else rest
            if name is not None:
                found.append((start, end, Request(name, descriptor, dash == "-", not quoted)))
    return found


class _Written:
    """Variables that stand for themselves."""

    def __getitem__(self, name: str, /) -> str:
        return f"${name}"


def _shell_words(text: str) -> list[tuple[int, int]]:
    """The words of a line as BuildKit splits it when it looks for here-documents.

    A stack holds what is open: `"`, and `/` or `}` for what ends a substitution.
    Empty when something stays open.
    """
    words: list[tuple[int, int]] = []
    open_: list[str] = []
    word_start = -1
    at = 0
    while at < len(text):
        if not open_:
            blank_end = _SPACES.match(text, at).end()  # type: ignore[union-attr]
            if blank_end > at:
                if word_start >= 0:
                    words.append((word_start, at))
                word_start, at = -1, blank_end
                continue
            if word_start < 0:
                word_start = at
        at = _past_piece(text, at, open_)
        if at < 0:
            return []
    if open_:
        return []
    if word_start >= 0:
        words.append((word_start, len(text)))
    return words


def _past_piece(text: str, at: int, open_: list[str]) -> int:
    """The end of one piece of a word; negative where BuildKit would give up."""
    character = text[at]
    inside = open_[-1] if open_ else ""
    if character == inside:
        if inside == "/":
            open_[-1] = "}"
        else:
            open_.pop()
        return at + 1
    if character == "\\":
        return at + 2 if inside != '"' or text[at + 1 : at + 2] in ('"', "$", "\\") else at + 1
    if character == "'" and inside != '"':
        return text.find("'", at + 1) + 1 or -1
    if character == '"':
        open_.append('"')
        return at + 1
    if character == "$":
        return _past_variable(text, at + 1, open_)
    ordinary = _ORDINARY.match(text, at) if inside else _BARE.match(text, at)
    return ordinary.end() if ordinary else at + 1


def _past_variable(text: str, at: int, open_: list[str]) -> int:
    if text[at : at + 1] != "{":
        name = NAME.match(text, at)
        return name.end() if name else at
    at += 1
    if text[at : at + 1] in ("{", "}", ":", ""):
        return -1
    name = NAME.match(text, at)
    found = OPERATOR.match(text, name.end() if name else at)
    if not found or found.group() not in OPERATORS:
        return -1
    operator = found.group()
    if operator != "}":
        open_.append("/" if operator[0] == "/" else "}")
    return found.end()
