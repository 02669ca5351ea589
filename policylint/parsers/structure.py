"""Definitions against their schemas: what the scheduler refuses, and what nobody reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from policylint.detect.placeholders import has_hole
from policylint.model import SchemaError, UnknownField
from policylint.parsers.acceptance import accepts
from policylint.parsers.fields import OPEN, Adviser, close
from policylint.source import shipped
from policylint.tree import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from jsonschema_rs import Draft202012Validator, ValidationError

Path = tuple[str | int, ...]
Schema = dict[str, Any]

SCHEMAS = {
    "app": "marathon-app",
    "app-list": "marathon-app-list",
    "group": "marathon-group",
    "pod": "marathon-pod",
    "job": "metronome-job",
    "schedule": "metronome-schedule",
}
_STRICT = ("job", "schedule")

_FEW = 20
_SHOWN = 60
_NO_LIMIT = 2**31 - 1
# What an object is called by, and what tells an item of a list from its neighbours.
_OWN_NAMES = ("id", "name")
_ITEM_NAMES = (*_OWN_NAMES, "containerPath", "key", "containerPort", "port", "uri")
# Keywords that speak of the members of an object rather than of the object.
_OF_MEMBERS = ("additionalProperties", "required")
_QUOTES = {True: "instead, write it without quotes", False: "instead, write it in quotes"}
_WANTED = {
    "array": "a list", "boolean": "true or false", "integer": "a whole number",
    "number": "a number", "object": "an object", "string": "a text",
}  # fmt: skip


def check(
    kind: str, raw: object, path: Path = (), *, partial: bool = False
) -> Iterator[SchemaError | UnknownField]:
    """What is wrong with the structure of a definition that stands at a path of its document.

    A partial one need not have the members without which a complete one is refused.
    """
    definition = _definition(kind)
    if definition is None:
        return
    adviser = Adviser(definition.schema)
    seen = set()
    for error in definition.errors(raw):
        departure = Departure(definition, raw, error)
        if partial and departure.keyword == "required" and not departure.path:
            continue
        for finding in departure.findings(path, adviser):
            # Two parts of a schema may refuse one value, but an owner may lack several members.
            key = finding.at, departure.missing
            if key not in seen:
                seen.add(key)
                yield finding


class Definition:
    """A kind of definition: its schema and who judges by it."""

    __slots__ = ("_asked", "_validator", "is_strict", "schema")

    def __init__(self, kind: str) -> None:
        with open(shipped(f"schemas/{SCHEMAS[kind]}.schema.json"), encoding="utf-8") as file:
            self.schema: Schema = json.load(file)
        close(self.schema)
        self._validator: Draft202012Validator | None = None
        self._asked = 0
        self.is_strict = kind in _STRICT

    def errors(self, raw: object) -> list[ValidationError]:
        """Where a value departs from the schema."""
        self._asked += 1
        # The first few are judged without the library, which takes its time to load.
        if self._asked <= _FEW and self._validator is None and accepts(self.schema, raw):
            return []
        validator = self.validator()
        try:
            return list(validator.iter_errors(raw))
        except ValueError:  # a placeholder, half a surrogate pair: nothing that JSON could hold
            pass
        try:
            return list(validator.iter_errors(_plain(raw)))
        except (RecursionError, ValueError):
            return []  # deeper than any reader lets a document be

    def validator(self) -> Draft202012Validator:
        """The library's validator, loaded when it is first asked for."""
        if self._validator is None:
            from jsonschema_rs import Draft202012Validator

            self._validator = Draft202012Validator(self.schema)
        return self._validator


class Departure:
    """A value that is not as the schema wants it, and what to say of it."""

    __slots__ = ("definition", "detail", "error", "keyword", "path", "root", "rule", "value")

    def __init__(self, definition: Definition, root: object, error: ValidationError) -> None:
        self.definition = definition
        self.root = root
        self.error = error
        self.keyword: str = error.kind.name
        self.detail: Any = error.kind
        self.path, self.value = _located(root, error)
        self.rule: Schema = _rule_at(definition.schema, error.schema_path[:-1])

    def findings(self, base: Path, adviser: Adviser) -> Iterator[SchemaError | UnknownField]:
        """What there is to say; nothing where a placeholder stands."""
        if self.keyword == "additionalProperties":
            yield from self._unknown_fields(base, adviser)
        elif self.missing is not None:
            is_null = self.missing == self.path
            at = self._place(base) if is_null else _owner(self.root, base, self.missing[:-1])
            yield SchemaError(f"missing: {_name(self.missing)}", at)
        elif not (isinstance(self.value, str) and has_hole(self.value)):
            is_quoted = self._is_quoted
            instead = _QUOTES[is_quoted] if is_quoted or self._wants_quotes else None
            yield SchemaError(self._message(), self._place(base), instead, is_quoted)

    @property
    def name(self) -> str:
        """What people call the value: the names that lead to it from the list it stands in."""
        return _name(self.path)

    @property
    def missing(self) -> Path | None:
        """The path of the member that is missing, if that is what is wrong."""
        if self.keyword == "required":
            return (*self.path, self.detail.property)
        # Marathon takes null for absent, and a member that may not be null must be there.
        is_member = self.error.schema_path[-3:-2] == ["properties"]
        is_absent = self.value is None and is_member and not self.definition.is_strict
        return self.path if is_absent else None

    @property
    def types(self) -> tuple[str, ...]:
        """The types that would do here, but for null."""
        wanted = self.rule.get("type", ())
        wanted = (wanted,) if isinstance(wanted, str) else tuple(wanted)
        return tuple(kind for kind in wanted if kind != "null")

    @property
    def words(self) -> list[Any]:
        """The values of an enumeration."""
        branches = [self.rule, *self.rule.get("anyOf", ())]
        return next((branch["enum"] for branch in branches if "enum" in branch), [])

    @property
    def _is_quoted(self) -> bool:
        if not isinstance(self.value, str) or "string" in self.types:
            return False
        try:
            value = json.loads(self.value)
        except ValueError:
            return False
        if isinstance(value, bool):
            return "boolean" in self.types
        return isinstance(value, (int, float)) and not {"number", "integer"}.isdisjoint(self.types)

    @property
    def _wants_quotes(self) -> bool:
        return isinstance(self.value, (int, float)) and self.types[:1] == ("string",)

    def _place(self, base: Path) -> Place:
        """The value's place; in a list that is too long that of the first item too many."""
        beyond = (self.rule["maxItems"],) if self.keyword == "maxItems" else ()
        return Place((*base, *self.path, *beyond))

    def _message(self) -> str:
        stated: str | None = self.rule.get("errorMessage")
        return stated or _MESSAGES.get(self.keyword, _is_refused)(self)

    def _unknown_fields(self, base: Path, adviser: Adviser) -> Iterator[SchemaError | UnknownField]:
        for name in self.detail.unexpected:
            at = Place((*base, *self.path, name), key=True)
            if OPEN in self.rule:
                field = adviser.unknown_field(self.path, name, at)
                if field is not None:
                    yield field
            elif "errorMessage" in self.rule and not has_hole(name):
                wanted = self.rule["errorMessage"]
                yield SchemaError(f"{_quoted(name)} is no name for {self.name}, {wanted}", at)
            elif not has_hole(name):
                known = f"Metronome knows no {_name((*self.path, name))}"
                instead = UnknownField(name, at, *adviser.advice(self.path, name)).instead
                yield SchemaError(f"{known} and refuses the job", at, instead)


def _definition(kind: str) -> Definition | None:
    if kind not in _definitions and kind in SCHEMAS:
        _definitions[kind] = Definition(kind)
    return _definitions.get(kind)


_definitions: dict[str, Definition] = {}


def _is_of_wrong_type(departure: Departure) -> str:
    wanted = " or ".join(_WANTED[kind] for kind in departure.types)
    return f"{departure.name} is {_described(departure.value)}, expected {wanted}"


def _is_no_word(departure: Departure) -> str:
    words = departure.words
    if not words:
        return _is_refused(departure)
    if not isinstance(departure.value, str):
        wanted = ", ".join(map(str, words))
        return f"{departure.name} is {_described(departure.value)}, expected one of {wanted}"
    choice = f"one of {', '.join(map(str, words))}" if len(words) > 1 else str(words[0])
    return f"{departure.name} is {choice}, not {_quoted(departure.value)}"


def _is_out_of_range(departure: Departure) -> str:
    low, high = departure.rule.get("minimum"), departure.rule.get("maximum")
    value = _short(str(departure.value))
    if departure.definition.is_strict:
        return f"{departure.name} is {value}, Metronome wants at least {low}"
    if high is None or (high >= _NO_LIMIT and departure.keyword == "minimum"):
        return f"{departure.name} is {value}, expected at least {low}"
    if high >= _NO_LIMIT:
        return f"{departure.name} is {value}, expected at most {high}"
    return f"{departure.name} is {value}, expected {low} to {high}"


def _is_of_wrong_length(departure: Departure) -> str:
    size = len(departure.value) if isinstance(departure.value, (str, list)) else 0
    if size == 0:
        return f"{departure.name} is empty"
    unit = "character" if isinstance(departure.value, str) else "item"
    side = "least" if departure.keyword.startswith("min") else "most"
    limit = departure.rule.get(departure.keyword)
    return f"{departure.name} has {size} {unit}{'s' * (size > 1)}, expected at {side} {limit}"


def _does_not_match(departure: Departure) -> str:
    wanted = departure.rule.get("patternErrorMessage", "which is not of the form that is wanted")
    return f"{departure.name} is {_quoted(departure.value)}, {wanted}"


def _is_refused(departure: Departure) -> str:
    return f"{departure.name} is not as it must be"


_MESSAGES: dict[str, Callable[[Departure], str]] = {
    "anyOf": _is_no_word,
    "enum": _is_no_word,
    "maxItems": _is_of_wrong_length,
    "maxLength": _is_of_wrong_length,
    "maximum": _is_out_of_range,
    "minItems": _is_of_wrong_length,
    "minLength": _is_of_wrong_length,
    "minimum": _is_out_of_range,
    "pattern": _does_not_match,
    "type": _is_of_wrong_type,
}


def _described(value: object) -> str:
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, float):
        return _short(str(value))
    kinds = {str: "a text", int: "a number", list: "a list", dict: "an object"}
    return next((words for kind, words in kinds.items() if isinstance(value, kind)), "something")


def _quoted(value: object) -> str:
    return json.dumps(_short(str(value)), ensure_ascii=False)


def _short(text: str) -> str:
    text = _encodable(text)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _name(path: Path) -> str:
    """`container.docker.image`, `constraints[0][1]`, but only `mode` for that of a volume."""
    names: list[str] = []
    for step in path:
        if isinstance(step, int):
            names[-1:] = [f"{''.join(names[-1:])}[{step}]"]
        elif names and names[-1].endswith("]"):
            names = [_short(step)]
        else:
            names.append(_short(step))
    return ".".join(names) or "the definition"


def _owner(root: object, base: Path, path: Path) -> Place:
    """Where to say that an object lacks a member: at its name, else at the key before it."""
    owner = _value_at(root, path)
    members = owner if isinstance(owner, dict) else {}
    is_item = bool(path) and isinstance(path[-1], int)
    for name in _ITEM_NAMES if is_item else _OWN_NAMES:
        if isinstance(members.get(name), (str, int)):
            return Place((*base, *path, name))
    if members and (is_item or not path):
        return Place((*base, *path, next(iter(members))), key=True)
    while path and isinstance(path[-1], int):
        path = path[:-1]
    return Place((*base, *path), key=bool(path))


def _located(root: Any, error: ValidationError) -> tuple[Path, object]:
    """The path of a departure and the value there.

    The validator takes names of digits for indices, and leaves out empty names.
    """
    path: list[str | int] = []
    value = root
    for step in error.instance_path:
        while isinstance(value, dict) and step not in value and str(step) not in value:
            if "" not in value:
                return tuple(path), error.instance
            path.append("")
            value = value[""]
        path.append(str(step) if isinstance(value, dict) else step)
        value = _value_at(value, path[-1:])
    if error.kind.name not in _OF_MEMBERS:
        while isinstance(value, dict) and "" in value and value != error.instance:
            path.append("")
            value = value[""]
    return tuple(path), value


def _value_at(value: Any, path: Sequence[str | int]) -> Any:
    try:
        for step in path:
            value = value[step]
    except (IndexError, KeyError, TypeError):  # a name that is not what it was: half a character
        return None
    return value


def _rule_at(schema: Any, path: list[str | int]) -> Schema:
    try:
        for step in path:
            schema = schema[step]
    except (IndexError, KeyError, TypeError):
        return {}
    return schema if isinstance(schema, dict) else {}


def _plain(value: object) -> object:
    """A value without what only Python can hold."""
    if isinstance(value, dict):
        return {_encodable(str(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, str):
        return _encodable(str(value))
    return value if value is None or isinstance(value, (int, float)) else None


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
