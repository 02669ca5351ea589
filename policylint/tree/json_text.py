"""JSON text: values by the standard library, places by a lazy walk over the text.

The walk skips what it is not asked about at the speed of the C scanner, and
remembers the members of every object that it has been through.
"""

from __future__ import annotations

import json
import re
from json.decoder import WHITESPACE, scanstring  # type: ignore[attr-defined]
from math import isinf
from typing import TYPE_CHECKING

from policylint.named import NamedTuple
from policylint.patterns import regex
from policylint.source import Span
from policylint.tree import MAX_DEPTH, Repeated, Unreadable

if TYPE_CHECKING:
    from policylint.tree import Place

_TOKEN = regex(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[\]{}]', re.DOTALL)
_LITERAL = regex(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[-+.\w]+', re.DOTALL)

_SYNTAX = {
    "Expecting value": "expected a value",
    "Expecting ',' delimiter": "expected a comma or the end of the list or object",
    "Expecting ':' delimiter": "expected a colon after the member's name",
    "Expecting property name enclosed in double quotes": "expected a name in double quotes",
    "Illegal trailing comma before end of object": "trailing comma",
    "Illegal trailing comma before end of array": "trailing comma",
    "Unterminated string starting at": "string does not end",
    "Invalid control character at": "raw control character in a string",
    "Invalid \\escape": "not an escape that JSON knows",
    "Invalid \\uXXXX escape": "\\u wants four hexadecimal digits",
    "Unexpected UTF-8 BOM (decode using utf-8-sig)": "a second byte order mark",
    "Extra data": "text after the end of the document",
}

# Only skips values: the text has been read before, strictly.
_skip = json.JSONDecoder(strict=False).scan_once  # type: ignore[attr-defined]


class JsonTree:
    """A JSON document's values and their places."""

    def __init__(self, text: str) -> None:
        """Read a document; raises `Unreadable` when it is none."""
        self._text = text
        self._containers: dict[int, dict[str | int, _Member]] = {}
        self._suspicious = False
        self.value: object = self._load()

    def repeated(self) -> list[Repeated]:
        """Keys that stand twice in one object, in the order of the text."""
        if not self._suspicious:
            return []
        found = list(self._repeated_below((), _after_blanks(self._text, 0)))
        return sorted(found, key=lambda repeated: repeated.at)

    def span(self, place: Place) -> Span:
        """The stretch of text that a place names; its nearest ancestor's when it has none."""
        start = _after_blanks(self._text, 0)
        span = Span(start, len(self._text.rstrip(" \t\r\n")))
        for depth, step in enumerate(place.path, 1):
            member = self._members(span.start).get(step)
            if member is None:
                break
            if place.key and depth == len(place.path):
                return Span(member.key_start, member.key_end)
            span = Span(member.start, member.end)
        return span

    def _load(self) -> object:
        _refuse_depth(self._text)
        try:
            return json.loads(
                self._text,
                object_pairs_hook=self._object,
                parse_constant=_refuse_constant,
                parse_float=_finite,
            )
        except json.JSONDecodeError as error:
            message = _SYNTAX.get(error.msg, error.msg)
            end = min(error.pos + 1, len(self._text))
            raise Unreadable(f"not JSON: {message}", Span(error.pos, end)) from None
        except _Constant as constant:
            span = _span_of(self._text, constant.name)
            raise Unreadable(f"not JSON: {constant}", span) from None
        except ValueError:  # the interpreter's limit on the digits of a number
            span = _span_of(self._text, _long_number(self._text))
            raise Unreadable("not JSON: a number of thousands of digits", span) from None

    def _object(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        members = dict(pairs)
        if len({*map(str.lower, members)}) != len(pairs):
            self._suspicious = True
        return members

    def _members(self, container: int) -> dict[str | int, _Member]:
        found = self._containers.get(container)
        if found is None:
            found = {}
            for member in _walk(self._text, container):
                found[member.name] = member  # the last of repeated keys counts, as in json.loads
            self._containers[container] = found
        return found

    def _repeated_below(self, path: tuple[str | int, ...], container: int) -> list[Repeated]:
        found = []
        exact: dict[str | int, _Member] = {}
        folded: dict[str, _Member] = {}
        for member in _walk(self._text, container):
            name = member.name
            if isinstance(name, str):
                first = exact.get(name) or folded.get(name.lower())
                if first is not None:
                    at = Span(member.key_start, member.key_end)
                    earlier = Span(first.key_start, first.key_end)
                    found.append(Repeated(path, name, at, earlier, name in exact))
                exact.setdefault(name, member)
                folded.setdefault(name.lower(), member)
            found += self._repeated_below((*path, name), member.start)
        return found


class _Member(NamedTuple):
    """A member of an object or an item of a list, where its name and its value stand."""

    name: str | int
    key_start: int
    key_end: int
    start: int
    end: int


class _Constant(Exception):
    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


def _walk(text: str, container: int) -> list[_Member]:
    """The members of the object or the items of the list that begins at an offset."""
    opener = text[container : container + 1]
    if opener == "{":
        return _walk_object(text, container + 1)
    if opener == "[":
        return _walk_list(text, container + 1)
    return []


def _walk_object(text: str, at: int) -> list[_Member]:
    members = []
    at = _after_blanks(text, at)
    while text[at] == '"':
        key_start = at
        name, key_end = scanstring(text, at + 1, False)
        start = _after_blanks(text, _after_blanks(text, key_end) + 1)
        end = _skip(text, start)[1]
        members.append(_Member(name, key_start, key_end, start, end))
        at = _after_blanks(text, end)
        if text[at] == ",":
            at = _after_blanks(text, at + 1)
    return members


def _walk_list(text: str, at: int) -> list[_Member]:
    items: list[_Member] = []
    at = _after_blanks(text, at)
    while text[at] != "]":
        end = _skip(text, at)[1]
        items.append(_Member(len(items), at, end, at, end))
        at = _after_blanks(text, end)
        if text[at] == ",":
            at = _after_blanks(text, at + 1)
    return items


def _after_blanks(text: str, at: int) -> int:
    match = WHITESPACE.match(text, at)
    return match.end() if match else at


def _refuse_depth(text: str) -> None:
    """Refuse nesting that no definition has, before anything recurses into it."""
    if text.count("{") + text.count("[") <= MAX_DEPTH:
        return
    depth = 0
    for token in _TOKEN.finditer(text):
        character = text[token.start()]
        if character in "{[":
            depth += 1
            if depth > MAX_DEPTH:
                message = f"nested more than {MAX_DEPTH} levels deep"
                raise Unreadable(message, Span(token.start(), token.end()))
        elif character in "}]":
            depth -= 1


def _refuse_constant(name: str) -> object:
    raise _Constant(name, f"{name} is no number")


def _finite(digits: str) -> float:
    number = float(digits)
    if isinf(number):
        raise _Constant(digits, "a number too large for any reader")
    return number


def _span_of(text: str, literal: str) -> Span:
    """Where something stands that is no string, such as `NaN`."""
    for token in _LITERAL.finditer(text):
        if token.group() == literal:
            return Span(token.start(), token.end())
    return Span(0, 1)


def _long_number(text: str) -> str:
    """The first number with more digits than the interpreter takes."""
    literals = (token.group() for token in _LITERAL.finditer(text))
    return next((literal for literal in literals if re.fullmatch(r"-?\d{4301,}", literal)), "")
