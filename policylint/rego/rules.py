"""A policy in Rego as a rule like any other, from the METADATA above its package."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from policylint.finding import SEVERITIES
from policylint.named import NamedTuple
from policylint.policy import PolicyError, suggestion
from policylint.rule import FAMILIES, Doc, Rule
from policylint.setting_schema import SchemaError, mistakes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from policylint.policy import Setting
    from policylint.rule import Example

FAMILY = "organisation"
SEVERITY = "medium"
# What a policy looks at: one document at a time, or all of them together.
DOCUMENT, FLEET = "document", "fleet"

_CUSTOM = ("severity", "family", "on", "kinds", "references", "settings")
_SETTING = ("type", "default", "description", "schema")
_TAKEN = frozenset({"severity", "suppressible"})
_TYPES = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "strings": "tuple[str, ...]",
    "integers": "tuple[int, ...]",
    "numbers": "tuple[float, ...]",
    "object": "dict",
}
_OF_PYTHON = {str: "string", int: "integer", float: "number", bool: "boolean", dict: "object"}
_NAME = re.compile(r"[a-z][a-z0-9_]*")


class Metadata(NamedTuple):
    """What is annotated above a package, and the file and line of that."""

    place: str
    said: Mapping[str, Any] = {}


class RegoRule(Rule):
    """A policy: the last part of its package, what it looks at, and what it may be told.

    `kinds` are the documents that it is asked about, all when it names none.
    """

    __slots__ = ("_schemas", "_settings", "kinds", "on", "package", "place")

    def __init__(self, package: str, metadata: Metadata, kinds: Iterable[str]) -> None:
        reader = _Reader(package, metadata)
        self._begin(package.replace("_", "-"), package, metadata.place)
        self.severity = reader.word("severity", SEVERITIES, SEVERITY)
        self.family = reader.word("family", (*FAMILIES, FAMILY), FAMILY)
        self.on = reader.word("on", (DOCUMENT, FLEET), DOCUMENT)
        self.kinds = reader.words("kinds", tuple(kinds)) or tuple(kinds)
        self.refs = (*reader.words("references"), *reader.links())
        self._settings = {name: (kind, value) for name, kind, value, _ in reader.settings()}
        self._schemas = reader.schemas()
        title = (reader.text("title") or self.name.replace("-", " ")).rstrip(".") + "."
        paragraphs = [
            " ".join(text.split()) for text in reader.text("description").split("\n\n") if text
        ]
        words = {name: said for name, _, _, said in reader.settings()}
        self._doc = Doc(title, tuple(paragraphs), words, ())
        reader.refuse_near_misses()

    def _begin(self, name: str, package: str, place: str) -> None:
        """Set what the author of a policy has no word in."""
        self.name = name
        self.package = package
        self.place = place
        self.check = _is_rego
        self.nodes = (object,)
        self.confidence = "high"
        self.unless = self.after = self.equivalents = ()

    @property
    def settings(self) -> dict[str, tuple[str, Any]]:
        """Type and default of each setting."""
        return self._settings

    @property
    def demands(self) -> dict[str, Setting]:
        """Type, default and schema of each setting, as policy files are held to them."""
        return {
            name: (*setting, self._schemas.get(name)) for name, setting in self._settings.items()
        }

    @property
    def parameters(self) -> tuple[tuple[str, str], ...]:
        """None: Rego gets everything as its input."""
        return ()

    def illustrate(self, examples: tuple[Example, ...], policy: str) -> None:
        """Show examples on the page of the rule, and the policy under which they are judged."""
        self._doc = self.doc._replace(examples=examples, policy=policy)

    @property
    def summary(self) -> str:
        """The title."""
        return self.doc.summary


def is_name(package: str) -> bool:
    """Whether the last part of a package is the name of a rule."""
    return _NAME.fullmatch(package) is not None


def _is_rego(*_: object, **__: object) -> Any:
    raise NotImplementedError("OPA evaluates this rule")


class _Reader:
    """Reads METADATA; whatever is wrong in it is told with its place."""

    def __init__(self, package: str, metadata: Metadata) -> None:
        self._place = metadata.place
        self._package = package
        self._said = metadata.said
        custom = metadata.said.get("custom") or {}
        if not isinstance(custom, dict):
            self._refuse("custom: expected names and values")
        self._custom: dict[str, Any] = custom

    def text(self, key: str) -> str:
        """A text beside `custom`; OPA has seen to it that it is one."""
        return str(self._said.get(key) or "").strip()

    def word(self, key: str, known: Iterable[str], default: str) -> str:
        """One of some words."""
        found = self._custom.get(key, default)
        if not isinstance(found, str) or found not in known:
            self._refuse_word(f"custom.{key}", found, known)
        return str(found)

    def words(self, key: str, known: tuple[str, ...] = ()) -> tuple[str, ...]:
        """A list of words, each one of those that are known, if any are."""
        found = self._custom.get(key, [])
        for word in found if isinstance(found, list) else [found]:
            if not isinstance(word, str) or not word or (known and word not in known):
                self._refuse_word(f"custom.{key}", word, known)
        return (found,) if isinstance(found, str) else tuple(found)

    def links(self) -> tuple[str, ...]:
        """The addresses of related resources."""
        found = [related.get("ref") for related in self._said.get("related_resources") or ()]
        return tuple(link for link in found if isinstance(link, str))

    def settings(self) -> list[tuple[str, str, Any, str]]:
        """Name, type, default and description of each setting."""
        found = self._custom.get("settings") or {}
        if not isinstance(found, dict):
            self._refuse("custom.settings: expected names, each with a default")
        return [self._setting(name, said) for name, said in found.items()]

    def schemas(self) -> dict[str, Any]:
        """The schema of each setting that has one; the default may be what switches a rule off."""
        found = {}
        for name, said in (self._custom.get("settings") or {}).items():
            if "schema" in said:
                try:
                    list(mistakes(said["schema"], None))
                except SchemaError as error:
                    self._refuse(f"custom.settings.{name}.schema: {error}")
                found[name] = said["schema"]
        return found

    def refuse_near_misses(self) -> None:
        """Refuse a key that was meant to be one of ours; other keys are the author's own."""
        for key in self._custom:
            hint = "" if key in _CUSTOM else suggestion(key, _CUSTOM, 0.75)
            if hint:
                self._refuse(f'custom: no such key: "{key}"{hint}')

    def _setting(self, name: str, said: Any) -> tuple[str, str, Any, str]:
        at = f"custom.settings.{name}"
        if name in _TAKEN:
            self._refuse(f"{at}: every rule has that; call it something else")
        if not isinstance(said, dict) or "default" not in said:
            self._refuse(f"{at}: expected a mapping with a default")
        for key in said:
            if key not in _SETTING:
                self._refuse_word(at, key, _SETTING)
        default = said["default"]
        stated = said.get("type", _type(default))
        if stated not in _TYPES:
            self._refuse_word(f"{at}.type", stated, _TYPES)
        if stated != _type(default) and not _is_wider(stated, default):
            self._refuse(f"{at}: the default is no {stated}")
        value = tuple(default) if isinstance(default, list) else default
        return name, _TYPES[stated], value, str(said.get("description", ""))

    def _refuse_word(self, at: str, found: object, known: Iterable[str]) -> None:
        known = list(known)
        if not known:
            self._refuse(f"{at}: expected a list of texts")
        hint = suggestion(str(found), known)
        self._refuse(f'{at}: "{found}" is none of {", ".join(known)}{hint}')

    def _refuse(self, message: str) -> None:
        name = self._package.replace("_", "-")
        raise PolicyError(f"{self._place}: METADATA of {name}: {message}")


def _type(default: object) -> str:
    """The type that a default tells; of an empty list it is that of texts."""
    if isinstance(default, list):
        kinds = {_OF_PYTHON.get(type(item), "") for item in default} or {"string"}
        kind = "number" if kinds == {"integer", "number"} else kinds.pop()
        return f"{kind}s" if not kinds or kind == "number" else ""
    return _OF_PYTHON.get(type(default), "")


def _is_wider(stated: str, default: object) -> bool:
    """Whether a default is of the stated type too, though it looks like another."""
    if default == []:
        return stated in ("strings", "integers", "numbers")
    return (stated, _type(default)) in (("number", "integer"), ("numbers", "integers"))
