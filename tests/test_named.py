"""Named tuples: they do what those of `typing` do."""

from __future__ import annotations

import copy
import inspect
import keyword
import pickle
import types
import typing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policylint.named import NamedTuple


class Point(NamedTuple):
    """A point of a test."""

    x: int
    y: int = 0

    @property
    def sum(self) -> int:
        """Both coordinates."""
        return self.x + self.y

    @classmethod
    def origin(cls) -> Point:
        """The point in the corner."""
        return cls(0)


class Labelled(Point):
    """A point made from another type."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"labelled {super().__repr__()}"


class Empty(NamedTuple):
    """Nothing at all."""


def test_it_is_a_tuple_with_names() -> None:
    point = Point(1, y=2)
    assert (point.x, point.y, point.sum) == (1, 2, 3)
    x, y = point
    assert (x, y) == point == (1, 2)
    assert hash(point) == hash((1, 2))
    assert isinstance(point, tuple)
    assert repr(point) == "Point(x=1, y=2)"
    assert Point.origin() == (0, 0)
    assert Point.__doc__ == "A point of a test."
    assert Empty() == ()
    assert repr(Empty()) == "Empty()"


def test_it_cannot_be_changed() -> None:
    point: Any = Point(1)
    for name in ("x", "z"):
        with pytest.raises(AttributeError):
            setattr(point, name, 2)
    assert not hasattr(point, "__dict__")


def test_a_copy_with_other_values() -> None:
    assert Point(1, 2)._replace(y=3) == Point(1, 3)
    assert type(Labelled(1)._replace(x=2)) is Labelled
    with pytest.raises(ValueError, match="Point has no field z"):
        Point(1)._replace(z=3)  # type: ignore[call-arg]


def test_made_from_values() -> None:
    assert Point._make([1, 2]) == Point(1, 2)
    assert Point(1, 2)._asdict() == {"x": 1, "y": 2}
    with pytest.raises(TypeError, match="Point has 2 fields, got 1"):
        Point._make([1])


def test_a_type_made_from_another() -> None:
    assert repr(Labelled(1)) == "labelled Labelled(x=1, y=0)"
    assert Labelled(1, 2).sum == 3
    assert type(Labelled(1)) is Labelled


def test_matching() -> None:
    match Point(1, 2):
        case Point(1, y):
            assert y == 2
        case _:
            pytest.fail("no match")


@pytest.mark.parametrize("value", [Point(1, 2), Labelled(3), Empty()])
def test_copies(value: Any) -> None:
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(value, protocol))  # noqa: S301 (our own)
        assert again == value
        assert type(again) is type(value)
    assert type(copy.deepcopy(value)) is type(value)


def test_wrong_arguments_are_told_by_name() -> None:
    made: Any = Point
    for values, named, message in (
        ((), {}, r"Point.__new__\(\) missing 1 required positional argument: 'x'"),
        ((1, 2, 3), {}, r"Point.__new__\(\) takes from 2 to 3 positional arguments"),
        ((1,), {"z": 1}, r"Point.__new__\(\) got an unexpected keyword argument 'z'"),
        ((1,), {"x": 1}, r"Point.__new__\(\) got multiple values for argument 'x'"),
    ):
        with pytest.raises(TypeError, match=message):
            made(*values, **named)


def test_defaults_stand_at_the_end() -> None:
    with pytest.raises(TypeError, match="without default"):
        _define(NamedTuple, ("x", "y"), {"x": 1})


def _define(base: Any, fields: tuple[str, ...], defaults: dict[str, object]) -> Any:
    def fill(namespace: dict[str, Any]) -> None:
        namespace.update(defaults, __module__=__name__)
        namespace["__annotations__"] = dict.fromkeys(fields, "object")

    return types.new_class("Made", (base,), exec_body=fill)


_names = st.from_regex(r"[a-z][a-z0-9_]{0,5}", fullmatch=True).filter(
    lambda name: not keyword.iskeyword(name)
)


@given(st.lists(_names, unique=True, max_size=20), st.data())
def test_like_those_of_typing(names: list[str], data: st.DataObject) -> None:
    fields = tuple(names)
    first = data.draw(st.integers(0, len(fields)))
    defaults: dict[str, object] = dict.fromkeys(fields[first:], "default")
    ours, theirs = (_define(base, fields, defaults) for base in (NamedTuple, typing.NamedTuple))

    values = data.draw(st.lists(st.integers(), max_size=len(fields) + 1))
    named = data.draw(st.dictionaries(st.sampled_from([*fields, "other"]), st.integers()))
    assert _outcome(ours, values, named) == _outcome(theirs, values, named)
    assert _outcome(ours._make, [values], {})[0] == _outcome(theirs._make, [values], {})[0]

    assert inspect.signature(ours).parameters.keys() == inspect.signature(theirs).parameters.keys()
    for told in ("_fields", "_field_defaults", "__match_args__", "__slots__"):
        assert getattr(ours, told, ()) == getattr(theirs, told, ()), told


def _outcome(call: Any, values: list[Any], named: dict[str, Any]) -> tuple[Any, ...]:
    try:
        made = call(*values, **named)
    except TypeError:
        return (TypeError,)
    again = made._replace(**dict.fromkeys(made._fields[:1], "changed"))
    attributes = [getattr(made, name) for name in made._fields]
    return (tuple(made), repr(made), made._asdict(), hash(made), tuple(again), attributes)
