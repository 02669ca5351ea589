"""What definitions say, whichever format they say it in: values and the nodes that hold them.

Every fact is a `Value`, or `None` where the author did not say. Nodes are small
and immutable; they know where they stand (`at`) and hold the nodes below them,
never the ones above.
"""

from __future__ import annotations

from functools import cache
from types import FunctionType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from types import CodeType

    from policylint.source import Span
    from policylint.tree import Place

    At = Place | Span

T = TypeVar("T")

if TYPE_CHECKING:
    from typing import TypeAlias

    from typing_extensions import Self, dataclass_transform
else:

    def dataclass_transform() -> Any:
        """What tells type checkers that annotations make the constructor."""
        return lambda made: made


@dataclass_transform()
class _RecordType(type):
    """Makes slots of a class's annotations; its constructor is made when it is first called.

    There are many types of node and a run meets few of them: a named tuple costs
    0.14 ms at every start, this a tenth.
    """

    # The fields of a node that hold the nodes below it, in the order of a definition.
    PARTS: tuple[str, ...] = ()
    # What policies in Rego see of it beside its fields.
    SHOWN: tuple[str, ...] = ()
    _fields: tuple[str, ...] = ()
    _defaults: dict[str, Any] = {}  # noqa: RUF012 (never changed)

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> _RecordType:
        own = tuple(namespace.get("__annotations__", ()))
        defaults = {field: namespace.pop(field) for field in own if field in namespace}
        for base in bases:
            namespace["_fields"] = (*getattr(base, "_fields", ()), *own)
            namespace["_defaults"] = {**getattr(base, "_defaults", {}), **defaults}
            namespace["__init__"] = _make_constructor
        return super().__new__(mcs, name, bases, {**namespace, "__slots__": own})


def _make_constructor(self: Any, *values: Any, **named: Any) -> None:
    made = type(self)
    made.__init__ = _constructor(made)
    made.__init__(self, *values, **named)


class Record(metaclass=_RecordType):
    """A small value with named fields, not to be changed once it is made.

    A type may be made from another and adds its fields to those.
    """

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in type(self)._fields)
        return f"{type(self).__name__}({fields})"

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def _values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in type(self)._fields)

    def _replace(self, **changed: Any) -> Self:
        """A copy with some fields changed."""
        kept = {name: getattr(self, name) for name in type(self)._fields}
        return type(self)(**{**kept, **changed})


def _constructor(made: type[Record]) -> FunctionType:
    fields, defaults = made._fields, made._defaults  # noqa: SLF001 (the type is ours)
    if fields[len(fields) - len(defaults) :] != tuple(defaults):
        raise TypeError(f"{made.__name__}: a field without default behind one with a default")
    # All types of one size share the code of theirs, with other names in it.
    code = _constructor_code(len(fields)).replace(co_varnames=("self", *fields), co_names=fields)
    constructor = FunctionType(code, {}, "__init__", tuple(defaults.values()))
    constructor.__qualname__ = f"{made.__name__}.__init__"
    return constructor


@cache
def _constructor_code(size: int) -> CodeType:
    names = [f"_{at}" for at in range(size)]
    body = "; ".join(f"self.{name} = {name}" for name in names) or "pass"
    scope: dict[str, Any] = {}
    # The text is made of numbers, nothing else.
    exec(f"def __init__({', '.join(['self', *names])}): {body}", scope)  # noqa: S102
    code: CodeType = scope["__init__"].__code__
    return code


class _Unknown:
    """The third value: nobody can say yet, because a placeholder stands there."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __bool__(self) -> bool:
        return False


UNKNOWN: Any = _Unknown()


class Value(Generic[T]):
    """A fact and its place.

    `also` are the places of further routes that say the same or are overridden;
    `origin` tells whether the fact is stated, a default or inherited from an owner.
    """

    __slots__ = ("also", "at", "origin", "value")

    def __init__(self, value: T, at: At, also: tuple[At, ...] = (), origin: str = "stated") -> None:
        self.value = value
        self.at = at
        self.also = also
        self.origin = origin

    def __bool__(self) -> bool:
        """Whether the fact is known and true; write `is_false` or `is None` for its opposites."""
        return bool(self.value)

    def __repr__(self) -> str:
        return f"Value({self.value!r}, {self.at!r})"

    @property
    def is_known(self) -> bool:
        """Whether anybody can say yet."""
        return self.value is not UNKNOWN

    @property
    def is_false(self) -> bool:
        """Whether the fact is known to be false, 0 or empty."""
        return self.value is not UNKNOWN and not self.value

    def among(self, *values: T) -> bool:
        """Whether the fact is known and one of these."""
        return self.value in values


class ReadProblem(Record):
    """A file, or a document in it, that could not be read."""

    message: str
    at: At
    instead: str | None = None


class RepeatedKey(Record):
    """A key that stands twice in one object; `exact` is false when the two differ by case."""

    name: str
    at: At
    first: At
    exact: bool = True


class SchemaError(Record):
    """A value that the scheduler refuses: of a wrong type, out of range, missing.

    `is_quoted` tells a number or boolean that is only wrong in being a text.
    """

    message: str
    at: At
    instead: str | None = None
    is_quoted: bool = False


class UnknownField(Record):
    """A member that nobody reads.

    `suggestion` is the known name that was probably meant, or the dotted path where the
    name belongs; `is_security` tells that it looks like one that guards.
    """

    name: str
    at: At
    suggestion: str | None = None
    is_security: bool = False

    @property
    def instead(self) -> str | None:
        """What to do with it, where that can be guessed."""
        if self.suggestion is None:
            return None
        if self.suggestion == self.name:
            return "instead, move it to the top of the definition"
        if "." in self.suggestion:
            return f"instead, move it to {self.suggestion}"
        return f'instead, write "{self.suggestion}"'


class DeprecatedFields(Record):
    """The old spellings of a document: name, modern form and place of each, the first at `at`.

    The modern form of what has no effect any more is empty.
    """

    fields: tuple[tuple[str, str, At], ...]

    @property
    def at(self) -> At:
        """The place of the first one."""
        return self.fields[0][2]


class Conflict(Record):
    """Two statements of which the scheduler refuses the document or follows only one."""

    message: str
    at: At
    others: tuple[tuple[At, str], ...] = ()
    instead: str | None = None


class DroppedSetting(Record):
    """A setting that has no effect where it stands; `others` are the places that make it so."""

    name: str
    why: str
    at: At
    others: tuple[tuple[At, str], ...] = ()
    instead: str | None = None


class Hole(Record):
    """A placeholder that is left in a document; `is_security` where a guard depends on it.

    In a file that is a template by its name or its sections, `is_template`, one stands for
    all; `is_linted` is false when the rest of it could not be read.
    """

    text: str
    at: At
    others: tuple[At, ...] = ()
    is_security: bool = False
    is_template: bool = False
    is_linted: bool = True


class UnknownKind(Record):
    """A document whose name says that it is ours, and whose content does not say what it is."""

    message: str
    at: At


class Suppression(Record):
    """A remark, a label or an exemption that takes findings of some rules back.

    It holds for findings that begin inside `target`; an exemption holds for
    subjects and paths instead. What became of it is told after the decision:
    `fault` is why it cannot be read or has no effect, the others are the names in
    it that are no rules, that no finding answered to, and that may not be used.
    """

    form: str
    scope: str
    rules: tuple[Value[str], ...]
    reason: str
    until: str | None
    at: Span
    target: Span | None = None
    owner: str | None = None
    subject: str | None = None
    path: str | None = None
    fault: str | None = None
    weak: str | None = None
    lapsed: str | None = None
    unknown: tuple[Value[str], ...] = ()
    unused: tuple[Value[str], ...] = ()
    denied: tuple[Value[str], ...] = ()


class Owner(Record):
    """What the findings in it are said of: a workload; `root` is the path that leads to it."""

    kind: str
    id: Value[str]
    root: tuple[str | int, ...]


if TYPE_CHECKING:
    from policylint.image import ImageNode
    from policylint.workload import (
        Artifact,
        Backoff,
        Capability,
        Command,
        Constraint,
        Container,
        DockerParameter,
        EnvVar,
        Group,
        HealthCheck,
        Label,
        Mount,
        Namespace,
        Network,
        Port,
        ReadinessCheck,
        ResourceLimit,
        Resources,
        Restart,
        Schedule,
        Secret,
        SecurityOption,
        Text,
        Texts,
        Unreachable,
        Upgrade,
        Volume,
        Workload,
        WorkloadImage,
    )

    Node: TypeAlias = (
        ReadProblem | RepeatedKey | SchemaError | UnknownField | DeprecatedFields | Conflict
        | DroppedSetting | Hole | UnknownKind | Suppression | Texts | Text | Group | Workload
        | Container | WorkloadImage | Command | Capability | SecurityOption | DockerParameter
        | Mount | Volume | Namespace | Network | Port | Constraint | HealthCheck | ReadinessCheck
        | Label | EnvVar | Secret | Artifact | Resources | ResourceLimit | Schedule | Upgrade
        | Backoff | Unreachable | Restart | ImageNode
    )  # fmt: skip
