"""Policy files: YAML to a `Policy`, every mistake reported at its line and column."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from policylint.finding import SEVERITIES, UNREADABLE, rank
from policylint.organisation import Images, Organisation, Quotas, Registries, Roles, Tiers
from policylint.policy import (
    DEFAULT_FAIL_ON,
    DEFAULT_SET,
    Policy,
    PolicyError,
    RuleChoice,
    set_rules,
    suggestion,
)
from policylint.rules.index import RULES, SETS
from policylint.source import SourceFile, Span, decode
from policylint.tree import Place, Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policylint.tree.yaml_text import YamlTree

_KEYS = ("extends", "fail_on", "min_severity", "exclude", "settings", "rules")
_RESOURCES = ("cpus", "mem", "disk", "gpus", "instances")
_LIST = re.compile(r"tuple\[(\w+), \.\.\.\]( \| None)?")
_NAMES = {"str": "a text", "int": "a whole number", "float": "a number", "bool": "true or false"}


def read(path: str) -> Policy:
    """A policy file and what it extends; raises `PolicyError` with all that is wrong in it."""
    return _resolve(path, ())


def read_set(
    path: str, rules: set[str]
) -> tuple[str, list[tuple[str, str | None, dict[str, Any]]]]:
    """A shipped policy set, flattened: its least severity, and what it says of each rule."""
    file = _File(path)
    choices: dict[str, tuple[str, str | None, dict[str, Any]]] = {}
    for name in file.texts(("extends",)):
        inherited = read_set(os.path.join(os.path.dirname(path), f"{name}.yaml"), rules)[1]
        choices.update({choice[0]: choice for choice in inherited})
    for name in file.keys(("rules",)):
        if name not in rules:
            file.mistake(("rules", name), f'no such rule: "{name}"', key=True)
        choice = file.choice(("rules", name), {})
        choices[name] = (name, choice.severity, dict(choice.settings))
    floor = file.severity("min_severity") or "info"
    file.refuse_mistakes()
    return floor, list(choices.values())


def _resolve(path: str, above: tuple[str, ...]) -> Policy:
    file = _File(path)
    base = _inherit(file, (*above, os.path.realpath(path)))
    floor = file.severity("min_severity")
    rules = dict(base.rules)
    if floor is not None:
        rules = {
            name: choice._replace(floor=max(choice.floor, floor, key=rank))
            for name, choice in rules.items()
        }
    _choose(file, rules, floor or "info")
    policy = Policy(
        name=file.source.path,
        rules=rules,
        fail_on=file.severity("fail_on") or base.fail_on,
        exclude=(*base.exclude, *file.texts(("exclude",))),
        organisation=_organisation(file, base.organisation),
        folder=os.path.dirname(os.path.abspath(path)),
    )
    file.refuse_mistakes()
    return policy


def _inherit(file: _File, above: tuple[str, ...]) -> Policy:
    """What a file extends, the later over the earlier; the default set when it says nothing."""
    rules: dict[str, RuleChoice] = {}
    policy = Policy("", rules, DEFAULT_FAIL_ON)
    names = file.texts(("extends",)) if "extends" in file.keys(()) else (DEFAULT_SET,)
    for index, name in enumerate(names):
        at = ("extends", index) if isinstance(file.value(("extends",)), list) else ("extends",)
        if name in SETS:
            rules.update(set_rules(name))
            continue
        path = os.path.join(os.path.dirname(file.path), name)
        if not os.path.isfile(path):
            hint = suggestion(name, SETS)
            file.mistake(at, f'no such policy set or file: "{name}"{hint}')
        elif os.path.realpath(path) in above:
            file.mistake(at, f'"{name}" extends this file in turn')
        else:
            extended = _resolve(path, above)
            rules.update(extended.rules)
            policy = extended._replace(exclude=(*policy.exclude, *extended.exclude))
    rules.setdefault(UNREADABLE, RuleChoice())
    return policy._replace(rules=rules)


def _choose(file: _File, rules: dict[str, RuleChoice], floor: str) -> None:
    """Apply the `rules` of a file to those that it inherits."""
    for name in file.keys(("rules",)):
        at = ("rules", name)
        if name not in RULES:
            file.mistake(at, f'no such rule: "{name}"{suggestion(name, RULES)}', key=True)
        elif file.value(at) == "off":
            if name == UNREADABLE:
                file.mistake(
                    at, "what cannot be read has not been checked; exclude the file instead"
                )
            rules.pop(name, None)
        else:
            said = file.choice(at, RULES[name][4])
            before = rules.get(name, RuleChoice())
            rules[name] = RuleChoice(
                said.severity or before.severity,
                {**before.settings, **said.settings},
                floor if name not in rules or said.severity else before.floor,
            )


def _organisation(file: _File, base: Organisation) -> Organisation:
    facts = base._asdict()
    for name in file.keys(("settings",)):
        at = ("settings", name)
        if name == "registries":
            facts[name] = Registries(file.texts(at))
        elif name == "roles":
            facts[name] = _roles(file, at)
        elif name == "tiers":
            facts[name] = _tiers(file, at)
        elif name == "quotas":
            facts[name] = _quotas(file, at)
        elif name == "images":
            facts[name] = Images(tuple((image, file.text((*at, image))) for image in file.keys(at)))
        else:
            file.unknown(at, facts)
    return Organisation(**facts)


def _roles(file: _File, at: tuple[str | int, ...]) -> Roles:
    allowed = tuple((ids, file.texts((*at, ids))) for ids in file.keys(at) if ids != "public")
    public = file.texts((*at, "public")) if "public" in file.keys(at) else Roles().public
    return Roles(allowed, public)


def _tiers(file: _File, at: tuple[str | int, ...]) -> Tiers:
    levels = []
    for index, item in enumerate(file.items(at)):
        if not isinstance(item, dict) or len(item) != 1:
            file.mistake((*at, index), "expected one tier, as in `- platform: [/infra/**]`")
            continue
        (name,) = item
        levels.append((name, file.texts((*at, index, name))))
    return Tiers(tuple(levels))


def _quotas(file: _File, at: tuple[str | int, ...]) -> Quotas:
    groups = {}
    warn_at = Quotas().warn_at
    for key in file.keys(at):
        if key == "warn_at":
            value = file.value((*at, key))
            if isinstance(value, (int, float)) and 0 < value <= 1:
                warn_at = float(value)
            else:
                file.mistake((*at, key), "expected a share between 0 and 1, such as 0.9")
        elif key in ("role", "group"):
            groups[key] = tuple(
                (name, _resources(file, (*at, key, name))) for name in file.keys((*at, key))
            )
        else:
            file.unknown((*at, key), ("role", "group", "warn_at"))
    return Quotas(groups.get("role", ()), groups.get("group", ()), warn_at)


def _resources(file: _File, at: tuple[str | int, ...]) -> dict[str, float]:
    resources = {}
    for name in file.keys(at):
        value = file.value((*at, name))
        if name not in _RESOURCES:
            file.unknown((*at, name), _RESOURCES)
        elif isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
            file.mistake((*at, name), "expected a number, 0 or more")
        else:
            resources[name] = value
    return resources


class _File:
    """A policy file's values by their path, and the mistakes found in it so far."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._mistakes: list[tuple[Span, str]] = []
        try:
            with open(path, "rb") as file:
                text, failure = decode(file.read())
        except OSError as error:
            raise PolicyError(f"{path}: cannot be read: {error.strerror}") from None
        self.source = SourceFile(os.path.relpath(path).replace(os.sep, "/"), text)
        if failure is not None:
            self._refuse(failure.message, Span(failure.offset, failure.offset))
        self._tree = self._read()
        root: object = self._tree.value if self._tree else {}
        if not isinstance(root, dict):
            self._refuse("expected keys such as `extends` and `rules`", Span(0, 0))
        self._root: dict[str, object] = root if isinstance(root, dict) else {}
        for repeated in self._tree.repeated() if self._tree else ():
            if repeated.exact:
                line = self.source.position(repeated.first.start)[0]
                words = f'"{repeated.name}" stands in line {line} already'
                self._mistakes.append((repeated.at, words))
        for key in self._root:
            if key not in _KEYS:
                self.unknown((key,), _KEYS)

    def value(self, path: tuple[str | int, ...]) -> object:
        """The value at a path, None when there is none."""
        found: Any = self._root
        for step in path:
            try:
                found = found[step]
            except (KeyError, IndexError, TypeError):
                return None
        return found

    def keys(self, path: tuple[str | int, ...]) -> list[str]:
        """The keys of a mapping, none when it is absent."""
        found = self.value(path)
        if isinstance(found, dict):
            return list(found)
        if found is not None:
            self.mistake(path, "expected a mapping")
        return []

    def items(self, path: tuple[str | int, ...]) -> list[object]:
        """The items of a list, none when it is absent."""
        found = self.value(path)
        if isinstance(found, list):
            return found
        if found is not None:
            self.mistake(path, "expected a list")
        return []

    def text(self, path: tuple[str | int, ...]) -> str:
        """A text."""
        found = self.value(path)
        if isinstance(found, str) and found:
            return found
        self.mistake(path, "expected a text")
        return ""

    def texts(self, path: tuple[str | int, ...]) -> tuple[str, ...]:
        """A list of texts; a single one may stand alone."""
        found = self.value(path)
        if isinstance(found, str):
            return (found,)
        return tuple(self.text((*path, index)) for index in range(len(self.items(path))))

    def severity(self, key: str) -> str | None:
        """A severity at the top of the file."""
        found = self.value((key,))
        if found is not None:
            self._check_severity((key,), found)
        return found if isinstance(found, str) and found in SEVERITIES else None

    def choice(
        self, path: tuple[str | int, ...], settings: dict[str, tuple[str, Any]]
    ) -> RuleChoice:
        """What is said of one rule: `on`, a severity, or a mapping of severity and settings."""
        said = self.value(path)
        if said == "on":
            return RuleChoice()
        if not isinstance(said, dict):
            self._check_severity(path, said, ("on", "off"))
            return RuleChoice(said if isinstance(said, str) else None)
        severity = said.get("severity")
        if severity is not None:
            self._check_severity((*path, "severity"), severity)
        values = {}
        for name in said:
            if name in settings:
                values[name] = self._setting((*path, name), *settings[name])
            elif name != "severity":
                self.unknown((*path, name), ("severity", *settings), "setting of this rule")
        return RuleChoice(severity, values)

    def unknown(self, path: tuple[str | int, ...], known: Iterable[str], what: str = "key") -> None:
        """A key that nobody reads."""
        names = list(known)
        hint = suggestion(str(path[-1]), names) or f"\n  there are: {', '.join(names)}"
        self.mistake(path, f'no such {what}: "{path[-1]}"{hint}', key=True)

    def mistake(self, path: tuple[str | int, ...], message: str, *, key: bool = False) -> None:
        """Note a mistake at a place."""
        span = self._tree.span(Place(path, key)) if self._tree else Span(0, 0)
        self._mistakes.append((span, message))

    def refuse_mistakes(self) -> None:
        """Raise `PolicyError` when there were any."""
        if self._mistakes:
            found = dict.fromkeys(sorted(self._mistakes))
            raise PolicyError("\n".join(self._located(span, words) for span, words in found))

    def _read(self) -> YamlTree | None:
        from policylint.tree import yaml_text

        try:
            trees = yaml_text.read(self.source.text)
        except Unreadable as error:
            self._refuse(error.message, error.span)
        if len(trees) > 1:
            self._refuse("expected one document", trees[1].span(Place(())))
        return trees[0] if trees else None

    def _setting(self, path: tuple[str | int, ...], kind: str, default: object) -> object:
        match = _LIST.fullmatch(kind)
        if match:
            found = self.value(path)
            items = found if isinstance(found, list) else [found]
            return tuple(self._typed(path, item, match[1]) for item in items)
        found = self._typed(path, self.value(path), kind.removesuffix(" | None"))
        if default in SEVERITIES:
            self._check_severity(path, found)
        return found

    def _typed(self, path: tuple[str | int, ...], found: object, kind: str) -> object:
        types: dict[str, tuple[type, ...]] = {
            "str": (str,), "int": (int,), "float": (int, float), "bool": (bool,),
        }  # fmt: skip
        if not isinstance(found, types[kind]) or (kind != "bool" and isinstance(found, bool)):
            self.mistake(path, f"expected {_NAMES[kind]}")
        return found

    def _check_severity(
        self, path: tuple[str | int, ...], found: object, more: tuple[str, ...] = ()
    ) -> None:
        words = (*SEVERITIES, *more)
        if found not in words:
            hint = suggestion(str(found), words)
            if found in (False, "no", "none", "disabled"):
                hint = '\n  did you mean "off"?' if more else ""
            shown = found if isinstance(found, str) else type(found).__name__
            self.mistake(path, f'expected one of {", ".join(words)}, not "{shown}"{hint}')

    def _refuse(self, message: str, span: Span) -> None:
        raise PolicyError(self._located(span, message))

    def _located(self, span: Span, message: str) -> str:
        line, column = self.source.position(span.start)
        return f"{self.source.path}:{line}:{column}: {message}"
