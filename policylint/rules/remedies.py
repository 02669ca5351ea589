"""Fixes that several rules offer: taking a statement out, or giving it another value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policylint.finding import Change, Fix
from policylint.tree import Place

if TYPE_CHECKING:
    from policylint.model import At, Value


def remove(value: Value[Any], description: str, *, up: int = 0, safe: bool = False) -> Fix | None:
    """Take out what states a value, by every route that does; a parameter goes as a whole.

    `up` counts the objects around it that go with it. None where a place is no place
    of a member.
    """
    places = (value.at, *value.also)
    changes = tuple(
        Change("delete", at, up=1 if _is_parameter(at) else up)
        for at in dict.fromkeys(places)
        if isinstance(at, Place)
    )
    return Fix(description, changes, safe) if len(changes) == len(set(places)) else None


def replace(value: Value[Any], new: object, description: str, *, safe: bool = False) -> Fix | None:
    """Give a stated value another one."""
    if not isinstance(value.at, Place) or value.origin == "default" or value.also:
        return None
    return Fix(description, (Change("set", value.at, new),), safe)


def add(root: tuple[str | int, ...], name: str, value: object, description: str) -> Fix:
    """Put a member into an object that has none of this name."""
    return Fix(description, (Change("add", Place(root), value, name),))


def _is_parameter(at: At) -> bool:
    return isinstance(at, Place) and at.path[-3:-2] == ("parameters",)
