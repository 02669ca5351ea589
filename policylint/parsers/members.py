"""The members of an object as typed values with their places.

Null is absent, as in Marathon. A value of the wrong type is absent too: a rule
about documents reports it, and no other rule has to guess.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect.placeholders import is_hole
from policylint.model import UNKNOWN, Value
from policylint.tree import Place, Placeholder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# What people who come from YAML 1.1 or a shell write for a boolean. Marathon refuses
# these, but a hazard is to be seen before that.
_SPELT_OUT = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


class Members:
    """An object of a document and the path that leads to it."""

    __slots__ = ("path", "raw")

    def __init__(self, raw: Mapping[str, object], path: tuple[str | int, ...]) -> None:
        self.raw = raw
        self.path = path

    def __contains__(self, key: str) -> bool:
        return self.raw.get(key) is not None

    def place(self, key: str) -> Place:
        """The place of a member's value."""
        return Place((*self.path, key))

    def key_place(self, key: str) -> Place:
        """The place of a member's name."""
        return Place((*self.path, key), key=True)

    def child(self, key: str) -> Members | None:
        """A member that is an object."""
        raw = self.raw.get(key)
        return Members(raw, (*self.path, key)) if isinstance(raw, dict) else None

    def child_or_empty(self, key: str) -> Members:
        """A member that is an object, or an empty one in its place."""
        raw = self.raw.get(key)
        return Members(raw if isinstance(raw, dict) else {}, (*self.path, key))

    def children(self, key: str) -> list[Members]:
        """The objects in a list."""
        raw = self.raw.get(key)
        if not isinstance(raw, list):
            return []
        path = (*self.path, key)
        return [
            Members(item, (*path, index))
            for index, item in enumerate(raw)
            if isinstance(item, dict)
        ]

    def text(self, key: str) -> Value[str] | None:
        """A string; UNKNOWN when all of it is a placeholder."""
        raw = self.raw.get(key)
        return _text(raw, self.place(key)) if isinstance(raw, str) else None

    def texts(self, key: str) -> tuple[Value[str], ...]:
        """The strings in a list."""
        raw = self.raw.get(key)
        if not isinstance(raw, list):
            return ()
        path = (*self.path, key)
        return tuple(
            _text(item, Place((*path, index)))
            for index, item in enumerate(raw)
            if isinstance(item, str)
        )

    def word(self, key: str) -> Value[str] | None:
        """A value of an enumeration, in capitals: Marathon compares without case."""
        found = self.text(key)
        if found is None or not found.is_known:
            return found
        return Value(found.value.upper(), found.at)

    def flag(self, key: str) -> Value[bool] | None:
        """A boolean."""
        raw = self.raw.get(key)
        if raw is None:
            return None
        if isinstance(raw, bool):
            return Value(raw, self.place(key))
        if isinstance(raw, Placeholder) or (isinstance(raw, str) and is_hole(raw)):
            return Value(UNKNOWN, self.place(key))
        if isinstance(raw, str) and raw.lower() in _SPELT_OUT:
            return Value(_SPELT_OUT[raw.lower()], self.place(key))
        return None

    def number(self, key: str) -> Value[float] | None:
        """A number."""
        raw = self.raw.get(key)
        if raw is None:
            return None
        if isinstance(raw, (int, float)) and not isinstance(raw, bool):
            return Value(raw, self.place(key))
        if isinstance(raw, Placeholder) or (isinstance(raw, str) and is_hole(raw)):
            return Value(UNKNOWN, self.place(key))
        return None

    def entries(self) -> Iterator[tuple[str, object, Place]]:
        """Name, value and place of each member that is not null."""
        for key, raw in self.raw.items():
            if raw is not None:
                yield key, raw, Place((*self.path, key))


def _text(raw: str, at: Place) -> Value[str]:
    return Value(UNKNOWN if isinstance(raw, Placeholder) or is_hole(raw) else raw, at)
