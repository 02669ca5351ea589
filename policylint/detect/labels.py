"""What the labels of an image must look like, as a policy says it: `name=type`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policylint.detect.dates import is_date
from policylint.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_URL = regex(r"[A-Za-z][A-Za-z0-9+.-]*:(?!//(?:[/?#]|\Z))[^\s<>\"{}|\\^`]+")
_TIME = regex(
    r"(\d{4}-\d\d-\d\d)[Tt](?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?"
    r"(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)
_HASH = regex(r"[0-9a-f]{7}|[0-9a-f]{40}")
_NUMBER = r"(?:0|[1-9][0-9]*)"
_PRE = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_SEMVER = regex(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-{_PRE}(?:\.{_PRE})*)?"
    r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)
_EMAIL = regex(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")


def read_schema(entries: Iterable[str]) -> dict[str, str]:
    """The labels of a policy and their types; one that stands alone may hold any text."""
    pairs = (entry.partition("=") for entry in entries)
    return {name.strip(): kind.strip() or "text" for name, _, kind in pairs}


def type_of(entry: str) -> str | None:
    """The type in `name=type`; `None` when there is no such type, or no name."""
    name, _, kind = entry.partition("=")
    kind = kind.strip() or "text"
    return kind if name.strip() and kind in TYPES else None


def fits(value: str, kind: str) -> bool:
    """Whether the value of a label is of a type."""
    check = TYPES.get(kind)
    return check is None or check(value)


def what(kind: str) -> str:
    """A type in words."""
    return _WORDS[kind]


def _is_text(value: str) -> bool:
    return bool(value)


def _is_url(value: str) -> bool:
    return _URL.fullmatch(value) is not None


def _is_time(value: str) -> bool:
    found = _TIME.fullmatch(value)
    return found is not None and is_date(found[1])


def _is_licence(value: str) -> bool:
    # A long table, for those who ask for it.
    from policylint.detect.licences import is_expression

    return is_expression(value)


def _is_hash(value: str) -> bool:
    return _HASH.fullmatch(value) is not None


def _is_version(value: str) -> bool:
    return _SEMVER.fullmatch(value) is not None


def _is_address(value: str) -> bool:
    return _EMAIL.fullmatch(value) is not None


TYPES: dict[str, Callable[[str], bool]] = {
    "text": _is_text,
    "url": _is_url,
    "rfc3339": _is_time,
    "spdx": _is_licence,
    "hash": _is_hash,
    "semver": _is_version,
    "email": _is_address,
}
_WORDS = {
    "text": "a text",
    "url": "an absolute URL",
    "rfc3339": "a time as in RFC 3339",
    "spdx": "an SPDX licence",
    "hash": "a commit of git",
    "semver": "a semantic version",
    "email": "an e-mail address",
}
