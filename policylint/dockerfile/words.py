"""Words of an instruction: split at blanks, by quotes, into keys and values, or from JSON."""

from __future__ import annotations

import re
from json import JSONDecoder
from typing import TYPE_CHECKING

from policylint.dockerfile.excerpt import Word
from policylint.named import NamedTuple
from policylint.patterns import regex
from policylint.source import Span

if TYPE_CHECKING:
    from typing import NoReturn

    from policylint.dockerfile.excerpt import Excerpt

# What BuildKit, written in Go, takes for white space; str.isspace and \s take four more,
# U+001C to U+001F. A line of those is no blank line: whatever follows it is not its like.
SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
SPACES = r"[^\S\x1c-\x1f]*"

_UNQUOTED = re.compile(r"[^\t\v\f\r ]+")
_SPACES = re.compile(SPACES)
# A word without quotes and escapes, and a blank or nothing at all behind it.
_PLAIN = re.compile(rf"{SPACES}([^\s'\"\\`]+)(?![^\t\n\v\f\r ])")
# Each alternative begins with another character and nothing follows the loops
# that could fail, so the engine has nothing to try twice.
_QUOTED = {
    escape: regex(
        rf"(?:[^\s'\"{e}]+|[\x1c-\x1f]|'[^']*'|\"[^\"{e}]*(?:{e}.[^\"{e}]*)*\"|{e}.)+", re.DOTALL
    )
    for escape, e in (("\\", r"\\"), ("`", "`"))
}
_JSON_CHARACTER = (
    r"[^\\]+|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\."
)
_JSON = JSONDecoder()
_JSON_BLANKS = re.compile(r"[\t\n\r ]*")
# A string without escapes, and what stands behind it in an array.
_USUAL_STRING = re.compile(r'[\t\n\r ]*"([^"\\\x00-\x1f]*)"[\t\n\r ]*([,\]])')


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


_STRICT_JSON = JSONDecoder(parse_constant=_refuse)  # NaN and Infinity are none of JSON's


class Pair(NamedTuple):
    """A key with its value in ENV, LABEL or ARG, both as written, quotes included.

    An ARG may have no value, and a word of the others that lacks its `=` has none.
    `legacy` is the form with a blank: `ENV key value`.
    """

    key: Word
    value: Word | None
    legacy: bool = False

    @property
    def word(self) -> Word:
        """Both halves as the one word that they are, but for the form with a blank."""
        if self.value is None:
            return self.key
        text = f"{self.key.text}={self.value.text}"
        return Word(text, Span(self.key.span.start, self.value.span.end))


def split(excerpt: Excerpt, start: int, end: int) -> tuple[Word, ...]:
    """The words of an instruction that knows no quotes, such as FROM, COPY or EXPOSE."""
    return excerpt.words(_UNQUOTED.findall(excerpt.text, start, end), start)


def first(excerpt: Excerpt, start: int, end: int) -> Word:
    """The first of those words; there must be one."""
    found: re.Match[str] = _UNQUOTED.search(excerpt.text, start, end)  # type: ignore[assignment]
    return excerpt.word(*found.span())


def split_pairs(excerpt: Excerpt, start: int, end: int, name: str, escape: str) -> tuple[Pair, ...]:
    """The keys and values of an ENV, LABEL or ARG.

    Blanks within quotes do not end a word; the last one takes everything behind a
    quote that nobody closed.
    """
    text = excerpt.text
    pairs: list[Pair] = []
    for begin, stop in _quoted(text, start, end, escape):
        equals = text.find("=", begin, stop)
        if equals >= 0:
            pairs.append(Pair(excerpt.word(begin, equals), excerpt.word(equals + 1, stop)))
        elif name != "ARG" and not pairs:
            return _legacy_pair(excerpt, start, end)
        else:
            pairs.append(Pair(excerpt.word(begin, stop), None))
    return tuple(pairs)


def is_one_word(text: str, escape: str) -> bool:
    """Whether a text is a single word, with its quotes closed and no blank outside of them."""
    # No fullmatch: the pattern is linear only where nothing behind its loop can fail.
    found = _QUOTED[escape].match(text)
    return found is not None and found.end() == len(text)


def quoted(text: str, escape: str) -> str:
    """A text as one word in double quotes, in which nothing has another meaning."""
    for mark in dict.fromkeys((escape, '"', "$")):
        text = text.replace(mark, escape + mark)
    return f'"{text}"'


def split_json(excerpt: Excerpt, start: int) -> tuple[Word, ...] | None:
    """The strings of a JSON array, decoded, with the places of their quotes; else `None`.

    BuildKit looks no further than the end of the array: `CMD ["a"] b` runs `a`.
    """
    text = excerpt.text
    if text[start : start + 1] != "[":
        return None
    words: list[Word] = []
    at = start + 1
    usual = _USUAL_STRING.match(text, at)
    while usual:
        begin, end = usual.span(1)
        words.append(excerpt.worded(_writable(usual[1]), begin - 1, end + 1))
        at = usual.end()
        if usual[2] == "]":
            return tuple(words)
        usual = _USUAL_STRING.match(text, at)
    at = _past_blanks(text, at)
    if not words and text[at : at + 1] == "]":
        return ()
    while text[at : at + 1] == '"':
        try:
            value, stop = _JSON.raw_decode(text, at)
        except ValueError:
            return None
        words.append(excerpt.worded(_writable(value), at, stop))
        at = _past_blanks(text, stop)
        if text[at : at + 1] == "]":
            return tuple(words)
        if text[at : at + 1] != ",":
            return None
        at = _past_blanks(text, at + 1)
    return None


def is_json_array(text: str) -> bool:
    """Whether a text begins with a JSON array of anything: BuildKit wants strings in it."""
    try:
        return isinstance(_STRICT_JSON.raw_decode(text)[0], list)
    except (ValueError, RecursionError):
        return False


def decoded(excerpt: Excerpt) -> Excerpt:
    """The content of a JSON string, given with its quotes, as an excerpt."""
    text = excerpt.text
    end = len(text) - 1
    if "\\" not in text:
        return excerpt.slice(1, end)
    parts = [
        (_JSON.raw_decode(f'"{at.group()}"')[0] if at.group()[0] == "\\" else at.group(), at.span())
        for at in re.compile(_JSON_CHARACTER, re.DOTALL).finditer(text, 1, end)
    ]
    return excerpt.rewritten([(_writable(value), *span) for value, span in parts])


def _quoted(text: str, start: int, end: int, escape: str) -> list[tuple[int, int]]:
    places: list[tuple[int, int]] = []
    at = start
    while at < end:
        plain = _PLAIN.match(text, at, end)
        if plain:
            places.append(plain.span(1))
            at = plain.end()
            continue
        at = _SPACES.match(text, at, end).end()  # type: ignore[union-attr]  # it matches anything
        if at < end:
            found = _QUOTED[escape].match(text, at, end)
            stop = found.end() if found else at
            if stop < end and text[stop] not in SPACE:
                stop = end  # an open quote, or an escape with nothing behind it
            places.append((at, stop))
            at = stop
    return places


def _legacy_pair(excerpt: Excerpt, start: int, end: int) -> tuple[Pair]:
    found = _UNQUOTED.search(excerpt.text, start, end)
    key_start, key_end = found.span() if found else (start, end)
    value = _UNQUOTED.search(excerpt.text, key_end, end)
    return (
        Pair(
            excerpt.word(key_start, key_end),
            excerpt.word(value.start(), end) if value else None,
            legacy=True,
        ),
    )


def _past_blanks(text: str, at: int) -> int:
    return _JSON_BLANKS.match(text, at).end()  # type: ignore[union-attr]  # it matches anything


def _writable(text: str) -> str:
    # "\ud800" is JSON, but no output could write it.
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
