"""The ignore file of a build: what the context leaves out.

Patterns are those of Docker: `*`, `?` and `[a-z]` within a segment, `**` across segments,
`!` for an exception. A pattern that fits a folder fits all in it, and the last one that
fits decides.
"""

from __future__ import annotations

import re
from functools import lru_cache
from posixpath import normpath
from typing import TYPE_CHECKING

from policylint.dockerfile.words import SPACE
from policylint.named import NamedTuple
from policylint.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

# A class, an escaped character, `**` with its slash, any other character. In a source of
# COPY `**` is no more than `*`.
_CLASS = r"\[\^?(?:(?:\\.|[^]\\-])(?:-(?:\\.|[^]\\-]))?)+\]"
_PIECE = regex(rf"{_CLASS}|\\.|\*\*/?|.", re.DOTALL)
_SOURCE_PIECE = regex(rf"{_CLASS}|\\.|.", re.DOTALL)
_RANGE = regex(r"(\\.|[^\\-])(?:-(\\.|[^\\-]))?", re.DOTALL)
_REFUSED = ("[", "\\")
_SPECIAL = regex(r"[*?\[\]\\]")
_WILD = regex(r"[*?\[\\]")

# Nobody writes more by hand, and no file system has longer paths.
_MOST_CHARACTERS = 1 << 14
_LONGEST_PATH = 4096


class IgnoreFile:
    """An ignore file: its path as reported, and its text.

    Paths are those of the context, with or without a slash in front; the empty one is the
    context itself. Of what would take too long to find out it is said that the path is
    left out, but perhaps not all below it.
    """

    __slots__ = ("_patterns", "path", "text")

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self._patterns: _Patterns | None = None

    def __repr__(self) -> str:
        return f"<ignore file {self.path}>"

    def covers(self, path: str) -> bool:
        """Whether a build does not see a path."""
        return self._verdict(path).is_covered

    def covers_all(self, path: str) -> bool:
        """Whether a build sees neither a path nor anything below it.

        A path with wildcards stands for everything that they fit.
        """
        verdict = self._verdict(path, has_wildcards=bool(_WILD.search(path)))
        return verdict.is_covered and not verdict.may_return

    def _verdict(self, path: str, *, has_wildcards: bool = False) -> _Verdict:
        if self._patterns is None:
            self._patterns = _patterns(self.text)
        if len(path) > _LONGEST_PATH or self._patterns.are_too_many:
            return _Verdict(is_covered=True, may_return=True)
        path = normpath(f"/{path}").lstrip("/")
        if has_wildcards:
            return self._patterns.judge_all(path)
        return self._patterns.judge(path)


class _Verdict(NamedTuple):
    """Whether a path is left out, and whether an exception may fit something below it."""

    is_covered: bool
    may_return: bool


class _Class(NamedTuple):
    """`[a-z]`, or `[^a-z]`: characters from the first to the last of a range."""

    ranges: tuple[tuple[str, str], ...]
    is_negated: bool

    def fits(self, character: str) -> bool:
        """Whether a character is one of those meant."""
        return any(a <= character <= b for a, b in self.ranges) is not self.is_negated


class _Patterns:
    """All patterns of a file, matched at once, so that nothing is ever tried twice.

    The states of all patterns are the bits of one number, later patterns higher: the
    highest final bit that is on tells the last pattern that fits.
    """

    __slots__ = (
        "_any", "_by_character", "_classes", "_exceptions", "_finals", "_literals", "_roams",
        "_skips", "_starts", "_stays", "are_too_many",
    )  # fmt: skip

    def __init__(self, text: str) -> None:
        self._starts = self._finals = self._exceptions = 0
        self._stays = 0  # behind `*`: on until the segment ends
        self._roams = 0  # behind or in `**`: on for good
        self._skips = 0  # the `**/` that is nothing, too: the next state comes on with it
        self._any = 0  # before `?`
        self._literals: dict[str, int] = {}
        self._classes: list[tuple[_Class, int]] = []
        self._by_character: dict[str, int] = {}
        self.are_too_many = False
        room = _MOST_CHARACTERS
        for pattern, is_exception in _read(text):
            room -= len(pattern)
            if room < 0:
                self.are_too_many = True
                break
            self._add(pattern, is_exception=is_exception)

    def judge(self, path: str) -> _Verdict:
        """What becomes of a path."""
        states, hits = self._starts, 0
        for character in path:
            if character == "/":
                hits |= states & self._finals
            states = self._step(states, character)
        hits |= states & self._finals
        below = self._step(states, "/") if path else states
        return self._verdict(hits, may_return=bool(below & self._exceptions))

    def judge_all(self, pattern: str) -> _Verdict:
        """What becomes of all paths that a pattern fits, as far as it is the same for all."""
        states, hits = self._starts, 0
        lasting = self._roams | self._stays
        for found in _SOURCE_PIECE.finditer(pattern):
            piece = found.group()
            if piece in _REFUSED:
                return _Verdict(is_covered=False, may_return=True)
            if piece == "/":
                hits |= states & self._finals
            if piece == "*":
                states &= lasting
            elif piece == "?" or len(piece) > 2:
                states = self._entered(states & self._any) | states & lasting
            else:
                states = self._step(states, piece[-1])
        return self._verdict(hits | states & self._finals, may_return=self._exceptions != 0)

    def _verdict(self, hits: int, *, may_return: bool) -> _Verdict:
        last = hits.bit_length() - 1
        return _Verdict(hits != 0 and not self._exceptions >> last & 1, may_return)

    def _step(self, states: int, character: str) -> int:
        mask = self._by_character.get(character)
        if mask is None:
            mask = self._by_character[character] = self._mask(character)
        lasting = self._roams if character == "/" else self._roams | self._stays
        return self._entered(states & mask) | states & lasting

    def _entered(self, left: int) -> int:
        states = left << 1
        return states | (states & self._skips) << 1

    def _mask(self, character: str) -> int:
        """The states that a character leads out of."""
        mask = self._literals.get(character, 0)
        for each, bit in self._classes:
            if each.fits(character):
                mask |= bit
        return mask | (self._skips if character == "/" else self._any)

    def _add(self, pattern: str, *, is_exception: bool) -> None:
        pieces = _PIECE.findall(pattern)
        first = bit = 1 << self._finals.bit_length()
        for at, piece in enumerate(pieces):
            if piece == "*":
                self._stays |= bit
                continue
            if piece[:2] == "**":
                if at == len(pieces) - 1 or (piece == "**" and _is_suffix(pieces, at)):
                    self._roams |= bit
                    continue
                if at and pieces[at - 1][:2] == "**":
                    continue
                self._roams |= bit
                self._skips |= bit
            elif piece == "?":
                self._any |= bit
            elif len(piece) > 2:
                self._classes.append((_class(piece), bit))
            else:
                self._literals[piece[-1]] = self._literals.get(piece[-1], 0) | bit
            bit <<= 1
        self._finals |= bit
        self._starts |= first | (first & self._skips) << 1
        if is_exception:
            self._exceptions |= (bit << 1) - first


@lru_cache(maxsize=8)  # one ignore file may belong to many Dockerfiles
def _patterns(text: str) -> _Patterns:
    return _Patterns(text)


def _read(text: str) -> Iterator[tuple[str, bool]]:
    """The patterns of a file without detours, each with whether it is an exception."""
    for line in text.split("\n"):
        pattern = line.strip(SPACE)
        if line[:1] == "#" or not pattern:
            continue
        is_exception = pattern[0] == "!"
        if is_exception:
            pattern = pattern[1:].strip(SPACE)
        if pattern[:1] == "/":
            pattern = normpath("/" + pattern.lstrip("/"))[1:]
        elif pattern:
            pattern = normpath(pattern)
        if pattern not in ("", ".") and not _is_refused(pattern):
            yield pattern, is_exception


def _is_refused(pattern: str) -> bool:
    """Whether a bracket is not closed, or nothing is behind a backslash."""
    if "[" not in pattern and "\\" not in pattern:
        return False
    return any(piece.group() in _REFUSED for piece in _PIECE.finditer(pattern))


def _is_suffix(pieces: list[str], at: int) -> bool:
    """Whether `**` begins a pattern of plain characters: then it takes parts of names, too."""
    return at == 0 and not any(_SPECIAL.search(piece) for piece in pieces[1:])


def _class(piece: str) -> _Class:
    is_negated = piece[1] == "^"
    ranges = tuple(
        (first[-1], (last or first)[-1])
        for first, last in _RANGE.findall(piece[2 if is_negated else 1 : -1])
    )
    return _Class(ranges, is_negated)
