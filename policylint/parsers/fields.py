"""The fields that a schema knows at every position, and what was meant by one that it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policylint.detect.placeholders import has_hole
from policylint.model import UnknownField
from policylint.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from policylint.tree import Place

Path = tuple[str | int, ...]
Schema = dict[str, Any]

# Fields that guard: one that looks like them and is not is a guard that is not there.
_GUARDS = (
    "privileged", "user", "linuxInfo", "seccomp", "acceptedResourceRoles", "role", "secrets",
    "volumes", "parameters", "networks", "resourceLimits", "enforceRole", "concurrencyPolicy",
    "restart",
)  # fmt: skip
# What people write who know the field from elsewhere.
_OTHER_NAMES = {
    "force": ("forcePullImage", "forcePull"),
    "forcePull": ("forcePullImage",),
    "forcePullImage": ("forcePull",),
    "memory": ("mem",),
    "command": ("cmd",),
    "env": ("environment",),
    "environment": ("env",),
}
# Remarks that people and tools leave in a definition.
_ASIDES = ("_comment", "//")
_OWN_ASIDES = ("$schema", "x-policylint")
# Comparing names costs: nobody misspells a name of that length, or that many names.
_LONGEST = 40
_MOST = 500
# Keywords that stand beside the names of members; no member is called so.
_ITEMS, _VALUES = "items", "additionalProperties"
# Marks an object that a schema leaves open.
OPEN = "isOpen"


def close(schema: Schema) -> None:
    """Make a schema refuse the members that it does not know, also where it leaves objects open.

    So one pass finds what is refused and what nobody reads. Conditions stay as they are.
    """
    for part in (schema, *schema.get("$defs", {}).values()):
        for position in _with_those_below(part):
            if "properties" in position and position.keys().isdisjoint(("$ref", _VALUES)):
                position[_VALUES] = False
                position[OPEN] = True


class Adviser:
    """What was meant by the unknown fields of one definition."""

    __slots__ = ("_given", "_schema")

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._given: dict[tuple[Path, str], tuple[str | None, bool]] = {}

    def unknown_field(self, path: Path, name: str, at: Place) -> UnknownField | None:
        """A member that the schema does not know; None for the remarks of people and tools."""
        if name.startswith(_ASIDES) or name in _OWN_ASIDES or has_hole(name):
            return None
        return UnknownField(name, at, *self.advice(path, name))

    def advice(self, path: Path, name: str) -> tuple[str | None, bool]:
        """The known field that was meant, if any, and whether the name looks like a guard's."""
        key = tuple(step for step in path if isinstance(step, str)), name
        if key not in self._given:
            if len(self._given) >= _MOST or len(name) > _LONGEST:
                return None, False
            is_guard = _nearest(name, _GUARDS) is not None
            self._given[key] = _suggestion(self._schema, path, name), is_guard
        return self._given[key]


def _suggestion(schema: Schema, path: Path, name: str) -> str | None:
    """The field known here that was meant, or the dotted path where one of this name belongs."""
    *around, here = _positions_on(schema, path)
    for other in _OTHER_NAMES.get(name, ()):
        if other in here.known:
            return other
    near = _nearest(name, here.known)
    if near is not None:
        return near
    for owner in reversed(around):
        if name in owner.known:
            return ".".join((*owner.path, name))
    elsewhere = [(*place.path, name) for place in _all_positions(schema) if name in place.known]
    return ".".join(elsewhere[0]) if len(elsewhere) == 1 else None


class _Position(NamedTuple):
    """A part of a schema and the names that lead to it from the definition that it is part of."""

    schema: Schema
    path: tuple[str, ...]

    @property
    def known(self) -> list[str]:
        """The fields that are known here."""
        return list(self.schema.get("properties", ()))


def _with_those_below(schema: Schema) -> Iterator[Schema]:
    yield schema
    for below in _below(schema).values():
        yield from _with_those_below(below)


def _below(schema: Schema) -> dict[str, Schema]:
    """The parts for members, by their names, and for the items of a list and the rest of a map."""
    rest = {key: schema[key] for key in (_ITEMS, _VALUES) if isinstance(schema.get(key), dict)}
    for values in schema.get("patternProperties", {}).values():
        rest[_VALUES] = values
    return {**schema.get("properties", {}), **rest}


def _positions_on(top: Schema, path: Path) -> Iterator[_Position]:
    """The positions from a definition's top down to one in it."""
    schema = _resolved(top, top)
    names: tuple[str, ...] = ()
    yield _Position(schema, names)
    for step in path:
        below = _below(schema)
        if isinstance(step, str):
            names = _names(names, step)
            schema = below.get(step) or below.get(_VALUES, {})
        else:
            schema = below.get(_ITEMS, {})
        schema = _resolved(schema, top)
        yield _Position(schema, names)


def _all_positions(top: Schema) -> Iterator[_Position]:
    """Every position once, by the shortest way."""
    waiting = [_Position(_resolved(top, top), ())]
    seen = {id(waiting[0].schema)}
    for schema, names in waiting:
        yield _Position(schema, names)
        for name, inner in _below(schema).items():
            below = _resolved(inner, top)
            if id(below) not in seen:
                seen.add(id(below))
                is_name = name in schema.get("properties", ())
                waiting.append(_Position(below, _names(names, name) if is_name else names))


def _resolved(schema: Schema, top: Schema) -> Schema:
    reference = schema.get("$ref")
    return schema if reference is None else top["$defs"][reference.rpartition("/")[2]]


def _names(names: tuple[str, ...], step: str) -> tuple[str, ...]:
    """The names that lead to a member; those of an app begin at the app."""
    return () if step in ("apps", "groups") else (*names, step)


def _nearest(name: str, known: Sequence[str]) -> str | None:
    """The known name that a name is a slip of the pen away from."""
    folded = _fold(name)
    for slips in (0, 1, 2):
        for other in known:
            if _is_near(folded, _fold(other), slips):
                return other
    return None


def _fold(name: str) -> str:
    return "".join(filter(str.isalnum, name.lower()))


def _is_near(one: str, other: str, slips: int) -> bool:
    """Whether a few letters too many, missing, wrong or swapped make one of the other.

    In short names a second slip makes another word.
    """
    if slips > 1 and min(len(one), len(other)) < 6:
        return False
    return _differ_by(one, other, slips)


def _differ_by(one: str, other: str, slips: int) -> bool:
    if one == other:
        return True
    if slips == 0 or abs(len(one) - len(other)) > slips:
        return False
    pairs = zip(one, other, strict=False)
    same = next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
    one, other, slips = one[same:], other[same:], slips - 1
    return (
        _differ_by(one[1:], other[1:], slips)
        or _differ_by(one[1:], other, slips)
        or _differ_by(one, other[1:], slips)
        or (one[:2] == other[1::-1] and _differ_by(one[2:], other[2:], slips))
    )
