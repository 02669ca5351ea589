"""Policy files: YAML to a `Policy`, every mistake reported at its line and column."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from policylint.detect.dates import is_date
from policylint.finding import SEVERITIES, UNREADABLE, rank
from policylint.model import Suppression, Value
from policylint.organisation import Images, Organisation, Quotas, Registries, Roles, Tiers
from policylint.policy import (
    CANNOT_BE_OFF,
    DEFAULT_FAIL_ON,
    DEFAULT_SET,
    Exemption,
    Policy,
    PolicyError,
    RuleChoice,
    always_on,
    built_in,
    set_rules,
    suggestion,
)
from policylint.rules.index import RULES, SETS
from policylint.source import MAX_BYTES, SourceFile, Span, decode
from policylint.tree import Place, Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from policylint.tree.yaml_text import YamlTree

_KEYS = ("extends", "fail_on", "min_severity", "exclude", "settings", "rules", "exemptions")
_EXEMPTION = ("rule", "subject", "path", "reason", "until", "owner")
_FAMILIES = tuple(sorted({entry[3] for entry in RULES.values()}))
_RESOURCES = ("cpus", "mem", "disk", "gpus", "instances")
_LIST = re.compile(r"tuple\[(\w+), \.\.\.\]( \| None)?")
_NAMES = {"str": "a text", "int": "a whole number", "float": "a number", "bool": "true or false"}


def load(name_or_path: str) -> Policy:
    """A built-in set by its name, or a policy file by its path; raises `PolicyError`."""
    if name_or_path in SETS:
        return built_in(name_or_path)
    if not os.path.isfile(name_or_path):
        hint = suggestion(name_or_path, SETS)
        raise PolicyError(f"no such policy: {name_or_path}{hint}")
    return read(name_or_path)


def read(path: str) -> Policy:
    """A policy file and what it extends; raises `PolicyError` with all that is wrong in it."""
    layer = _resolve(_File(path), {})
    rules = {name: choice for name, choice in layer.rules.items() if choice is not None}
    rules.update({name: said for name, said in always_on().items() if name not in layer.rules})
    return Policy(
        name=_shown(path),
        rules=rules,
        fail_on=layer.fail_on or DEFAULT_FAIL_ON,
        exclude=layer.exclude,
        organisation=Organisation(**layer.facts),
        folder=os.path.dirname(os.path.abspath(path)),
        exemptions=layer.exemptions,
    )


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


class _Layer(NamedTuple):
    """What a file and those that it extends say; None for a rule that is switched off."""

    rules: Mapping[str, RuleChoice | None] = {}
    fail_on: str | None = None
    exclude: tuple[str, ...] = ()
    facts: Mapping[str, Any] = {}
    exemptions: tuple[Exemption, ...] = ()

    def under(self, later: _Layer) -> _Layer:
        """This layer with a later one over it."""
        return _Layer(
            {**self.rules, **later.rules},
            later.fail_on or self.fail_on,
            tuple(dict.fromkeys((*self.exclude, *later.exclude))),
            {**self.facts, **later.facts},
            tuple(dict.fromkeys((*self.exemptions, *later.exemptions))),
        )


def _resolve(file: _File, known: dict[str, _Layer | None]) -> _Layer:
    """The layer of a file; `known` has those of other files, None for those being read."""
    known[os.path.realpath(file.path)] = None
    base = _inherit(file, known)
    floor = file.severity("min_severity")
    rules = {name: _raised(choice, floor) for name, choice in base.rules.items()}
    _choose(file, rules, floor or "info")
    said = _Layer(
        rules,
        file.severity("fail_on"),
        file.texts(("exclude",)),
        _facts(file),
        tuple(_exemptions(file)),
    )
    file.refuse_mistakes()
    layer = base.under(said)
    known[os.path.realpath(file.path)] = layer
    return layer


def _inherit(file: _File, known: dict[str, _Layer | None]) -> _Layer:
    """What a file extends, the later over the earlier; the default set when it says nothing."""
    layer = _Layer()
    names = file.texts(("extends",)) if "extends" in file.keys(()) else (DEFAULT_SET,)
    is_list = isinstance(file.value(("extends",)), list)
    for index, name in enumerate(names):
        at = ("extends", index) if is_list else ("extends",)
        if name in SETS:
            layer = layer.under(_Layer({**set_rules(name)}))
        elif name:
            layer = layer.under(_extended(file, at, name, known))
    return layer


def _extended(
    file: _File, at: tuple[str | int, ...], name: str, known: dict[str, _Layer | None]
) -> _Layer:
    path = os.path.join(os.path.dirname(file.path), name)
    if not os.path.isfile(path):
        file.mistake(at, f"no such policy set or file: {_quoted(name)}{suggestion(name, SETS)}")
        return _Layer()
    layer = known.get(os.path.realpath(path), _Layer())
    if layer is None:
        file.mistake(at, f"{_quoted(name)} extends this file in turn")
        return _Layer()
    return layer if os.path.realpath(path) in known else _resolve(_File(path), known)


def _raised(choice: RuleChoice | None, floor: str | None) -> RuleChoice | None:
    """A choice under the least severity of the file that inherits it."""
    if choice is None or floor is None:
        return choice
    return choice._replace(floor=max(choice.floor, floor, key=rank))


def _choose(file: _File, rules: dict[str, RuleChoice | None], floor: str) -> None:
    """Apply the `rules` of a file to those that it inherits."""
    for name in file.keys(("rules",)):
        at = ("rules", name)
        if name not in RULES:
            file.mistake(at, f"no such rule: {_quoted(name)}{suggestion(name, RULES)}", key=True)
        elif file.value(at) == "off":
            if name == UNREADABLE:
                file.mistake(at, CANNOT_BE_OFF)
            rules[name] = None
        else:
            said = file.choice(at, RULES[name][4])
            before = rules.get(name)
            if before is None or said.severity:
                said = said._replace(floor=floor)
            rules[name] = said if before is None else _over(before, said)


def _over(before: RuleChoice, said: RuleChoice) -> RuleChoice:
    return RuleChoice(
        said.severity or before.severity,
        {**before.settings, **said.settings},
        said.floor if said.severity else before.floor,
        before.suppressible if said.suppressible is None else said.suppressible,
    )


def _exemptions(file: _File) -> Iterator[Exemption]:
    """The exceptions of a file: each names a rule, and why; best also whom, and until when."""
    for index, item in enumerate(file.items(("exemptions",))):
        at: tuple[str | int, ...] = ("exemptions", index)
        if not isinstance(item, dict):
            file.mistake(at, "expected a mapping of rule, subject and reason")
            continue
        for key in item:
            if key not in _EXEMPTION:
                file.unknown((*at, key), _EXEMPTION)
        for key in ("rule", "reason"):
            if key not in item:
                file.mistake(at, f"an exemption needs a {key}")
        yield Exemption(file.source, _exemption(file, at, item))


def _exemption(file: _File, at: tuple[str | int, ...], item: dict[str, Any]) -> Suppression:
    names = file.texts((*at, "rule"))
    for name in names:
        if name not in RULES and name not in _FAMILIES:
            hint = suggestion(name, [*RULES, *_FAMILIES])
            file.mistake((*at, "rule"), f"no such rule or family: {_quoted(name)}{hint}")
        elif name == UNREADABLE:
            file.mistake((*at, "rule"), CANNOT_BE_OFF)
    said = {key: file.text((*at, key)) for key in _EXEMPTION[1:] if key in item}
    until = said.get("until")
    if until is not None and not is_date(until):
        file.mistake((*at, "until"), f"{_quoted(until)} is no date: write it as 2027-03-31")
        until = None
    span = file.span((*at, "rule"))
    return Suppression(
        "exemption",
        "policy",
        tuple(Value(name, span) for name in names),
        said.get("reason", ""),
        until,
        span,
        owner=said.get("owner"),
        subject=said.get("subject"),
        path=said.get("path"),
    )


def _facts(file: _File) -> dict[str, Any]:
    """The `settings` of a file: facts about the organisation."""
    facts: dict[str, Any] = {}
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
            file.unknown(at, Organisation._fields)
    return facts


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
                data = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise PolicyError(f"{path}: cannot be read: {error.strerror}") from None
        text, failure = decode(data)
        self.source = SourceFile(_shown(path), text)
        if len(data) > MAX_BYTES:
            self._refuse("larger than 2 MiB", Span(0, 0))
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
        suppressible = said.get("suppressible")
        if suppressible is not None:
            self._typed((*path, "suppressible"), suppressible, "bool")
        for name in said:
            if name in settings:
                values[name] = self._setting((*path, name), *settings[name])
            elif name not in ("severity", "suppressible"):
                known = ("severity", "suppressible", *settings)
                self.unknown((*path, name), known, "setting of this rule")
        return RuleChoice(severity, values, suppressible=suppressible)

    def unknown(self, path: tuple[str | int, ...], known: Iterable[str], what: str = "key") -> None:
        """A key that nobody reads."""
        names = list(known)
        hint = suggestion(str(path[-1]), names) or f"\n  there are: {', '.join(names)}"
        self.mistake(path, f"no such {what}: {_quoted(path[-1])}{hint}", key=True)

    def span(self, path: tuple[str | int, ...]) -> Span:
        """The stretch of text of a value."""
        return self._tree.span(Place(path)) if self._tree else Span(0, 0)

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
            self.mistake(path, f"expected one of {', '.join(words)}, not {_quoted(found)}{hint}")

    def _refuse(self, message: str, span: Span) -> None:
        raise PolicyError(self._located(span, message))

    def _located(self, span: Span, message: str) -> str:
        line, column = self.source.position(span.start)
        return f"{self.source.path}:{line}:{column}: {message}"


def _shown(path: str) -> str:
    return os.path.relpath(path).replace(os.sep, "/")


def _quoted(found: object) -> str:
    """A value as its author wrote it, as far as that is a word."""
    if isinstance(found, bool):
        return str(found).lower()
    if isinstance(found, (dict, list)):
        return "a mapping" if isinstance(found, dict) else "a list"
    # A name must not pass for a line of its own.
    return "nothing" if found is None else '"{}"'.format(str(found).replace("\n", "\\n"))
