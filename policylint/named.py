"""Named tuples that cost nearly nothing to define.

`typing.NamedTuple` compiles a constructor for each type, which is most of what it costs to
import a module; here all types of one size share the code of theirs, with other names in it.
"""

from __future__ import annotations

from collections import _tuplegetter  # type: ignore[attr-defined]
from functools import cache
from types import FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import CodeType

    from typing_extensions import Self

_new = tuple.__new__


class _Named(tuple[Any, ...]):
    """What all named tuples can do."""

    __slots__ = ()
    _fields: tuple[str, ...] = ()

    def __repr__(self) -> str:
        fields = ", ".join(
            f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True)
        )
        return f"{type(self).__name__}({fields})"

    def __getnewargs__(self) -> tuple[Any, ...]:
        """What pickle and copy make it from."""
        return tuple(self)

    @classmethod
    def _make(cls, values: Iterable[Any]) -> Self:
        """One with these values, in the order of the fields."""
        made = tuple.__new__(cls, values)
        if len(made) != len(cls._fields):
            raise TypeError(f"{cls.__name__} has {len(cls._fields)} fields, got {len(made)}")
        return made

    def _replace(self, **changed: Any) -> Self:
        """A copy with some fields changed."""
        made = self._make(map(changed.pop, self._fields, self))
        if changed:
            raise ValueError(f"{type(self).__name__} has no field {' or '.join(changed)}")
        return made

    def _asdict(self) -> dict[str, Any]:
        """Its values by the names of their fields."""
        return dict(zip(self._fields, self, strict=True))


class _NamedType(type):
    """Makes a tuple type of a class's annotations."""

    def __new__(mcs, name: str, _bases: tuple[type, ...], namespace: dict[str, Any]) -> type:
        fields = tuple(namespace.get("__annotations__", ()))
        defaults = {field: namespace[field] for field in fields if field in namespace}
        if fields[len(fields) - len(defaults) :] != tuple(defaults):
            raise TypeError(f"{name}: a field without default stands behind one with a default")
        getters = {field: _tuplegetter(at, "") for at, field in enumerate(fields)}
        own = {
            "__slots__": (),
            "__match_args__": fields,
            "__new__": _constructor(name, fields, tuple(defaults.values())),
            "_fields": fields,
            "_field_defaults": defaults,
        }
        return type(name, (_Named,), {**namespace, **getters, **own})


def _constructor(made: str, fields: tuple[str, ...], defaults: tuple[Any, ...]) -> FunctionType:
    code = _constructor_code(len(fields)).replace(co_varnames=("_cls", *fields), co_name="__new__")
    constructor = FunctionType(code, globals(), "__new__", defaults)
    constructor.__qualname__ = f"{made}.__new__"
    return constructor


@cache
def _constructor_code(size: int) -> CodeType:
    if size < len(_USUAL):
        usual: CodeType = _USUAL[size].__code__
        return usual
    values = "".join(f"_{at}, " for at in range(size))
    # The text is made of numbers, nothing else.
    code: CodeType = eval(f"lambda _cls, {values}: _new(_cls, ({values}))").__code__  # noqa: S307
    return code


# Compiling one takes longer than defining ten types.
_USUAL: tuple[Any, ...] = (
    lambda _cls: _new(_cls, ()),
    lambda _cls, a: _new(_cls, (a,)),
    lambda _cls, a, b: _new(_cls, (a, b)),
    lambda _cls, a, b, c: _new(_cls, (a, b, c)),
    lambda _cls, a, b, c, d: _new(_cls, (a, b, c, d)),
    lambda _cls, a, b, c, d, e: _new(_cls, (a, b, c, d, e)),
    lambda _cls, a, b, c, d, e, f: _new(_cls, (a, b, c, d, e, f)),
    lambda _cls, a, b, c, d, e, f, g: _new(_cls, (a, b, c, d, e, f, g)),
)


if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple
else:
    NamedTuple = type.__new__(_NamedType, "NamedTuple", (), {})
