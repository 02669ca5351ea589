"""JSON and YAML text to plain values, and the place of any value found afterwards.

Reading is fast and keeps no places: most documents have nothing to report.
A `Place` names a value by its path; `Tree.span` looks it up in the text when
there is something to say about it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from policylint.named import NamedTuple

if TYPE_CHECKING:
    from policylint.source import Span

MAX_DEPTH = 64
MAX_ALIAS_NODES = 10_000
MAX_DOCUMENTS = 1_000


class Place(NamedTuple):
    """A value in a document: the keys and indices that lead to it, or the key before it."""

    path: tuple[str | int, ...]
    key: bool = False


class Placeholder(str):
    """The text of a hole that a template leaves where a value belongs."""

    __slots__ = ()


class Repeated(NamedTuple):
    """A key that stands twice in one object: where it stands again, and where it stood first.

    `exact` is false for two keys that differ only by case.
    """

    path: tuple[str | int, ...]
    name: str
    at: Span
    first: Span
    exact: bool


class Unreadable(Exception):
    """Text that is no JSON or YAML, or more of it than anybody should have to read."""

    def __init__(self, message: str, span: Span) -> None:
        super().__init__(message)
        self.message = message
        self.span = span


class Tree(Protocol):
    """A document's plain values and the places they came from."""

    @property
    def value(self) -> object:
        """Dicts, lists, strings, numbers, booleans and None."""

    def repeated(self) -> list[Repeated]:
        """Keys that stand twice in one object, in the order of the text."""

    def span(self, place: Place) -> Span:
        """The stretch of text that a place names; its nearest ancestor's when it has none."""
