"""Policy files: YAML to a `Policy`, every mistake reported at its line and column."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from policylint.detect.dates import is_date
from policylint.finding import SEVERITIES, UNREADABLE, rank
from policylint.model import Suppression, Value
from policylint.named import NamedTuple
from policylint.organisation import (
    Environments,
    Images,
    Organisation,
    Quotas,
    Registries,
    Roles,
    Tiers,
)
from policylint.patterns import regex
from policylint.policy import (
    CANNOT_BE_OFF,
    DEFAULT_FAIL_ON,
    DEFAULT_SET,
    REGO_VERSIONS,
    Exemption,
    Policy,
    PolicyError,
    RegoSources,
    RuleChoice,
    always_on,
    built_in,
    families_of,
    mistaken_tool,
    rego_path,
    set_rules,
    shipped_rego,
    suggestion,
)
from policylint.rules.index import RULES, SETS
from policylint.setting_schema import SchemaError, mistakes
from policylint.source import MAX_BYTES, ReadFailure, SourceFile, Span, decode
from policylint.tree import Place, Placeholder, Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from policylint.policy import Entry, Setting
    from policylint.tree.yaml_text import YamlTree

    Path = tuple[str | int, ...]
    # Reads policies in Rego: which, and the place that names them.
    Learn = Callable[[RegoSources, str], Mapping[str, Entry]]

KEYS = (
    "extends", "fail_on", "min_severity", "exclude", "honor", "settings", "rules", "rego",
    "exemptions",
)  # fmt: skip
_REGO = RegoSources._fields
_EXEMPTION = ("rule", "subject", "path", "reason", "until", "owner")
_RESOURCES = ("cpus", "mem", "disk", "gpus", "instances")
# Settings that are regular expressions.
_PATTERNS = frozenset({"extra_patterns", "require_ticket"})
_ABSENT = object()
_LIST = regex(r"tuple\[(\w+), \.\.\.\]( \| None)?")
_NAMES = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "dict": "a mapping",
}


class Rego(NamedTuple):
    """What reads the policies in Rego that files name, and the rules that come with the run."""

    learn: Learn
    given: Mapping[str, Entry] = {}


def _learn_nothing(_asked: RegoSources, _place: str) -> Mapping[str, Entry]:
    return {}


NO_REGO = Rego(_learn_nothing)


def load(name_or_path: str, rego: Rego = NO_REGO) -> Policy:
    """A built-in set by its name, or a policy file by its path; raises `PolicyError`."""
    if name_or_path in SETS:
        return built_in(name_or_path).adding(rego.given)
    if not os.path.isfile(name_or_path):
        hint = suggestion(name_or_path, SETS)
        raise PolicyError(f"no such policy: {name_or_path}{hint}")
    return read(name_or_path, rego)


def read(path: str, rego: Rego = NO_REGO) -> Policy:
    """A policy file and what it extends; raises `PolicyError` with all that is wrong in it."""
    return _policy(path, _top(_File(path), rego))


def read_text(path: str, text: str, rego: Rego = NO_REGO) -> Policy:
    """The policy that a file would be with another text."""
    return _policy(path, _top(_File(path, text), rego))


def read_source(path: str) -> SourceFile:
    """The text of a policy file as it is."""
    return _read(path)


def trace(name_or_path: str, rego: Rego = NO_REGO) -> Traced:
    """A policy as `load` reads it, and where every entry of it comes from."""
    policy = load(name_or_path, rego)
    if name_or_path in SETS:
        layer = _given(rego).under(_of_set(name_or_path))
    else:
        layer = _top(_File(name_or_path), rego)
    off = tuple(name for name, choice in layer.rules.items() if choice is None)
    origins = {key: origin.shown() for key, origin in layer.origins.items()}
    return Traced(policy, off, layer.min_severity, origins)


class Traced(NamedTuple):
    """A policy, the rules that it switches off, and the origin of each entry by its keys.

    An origin is the name of a set, or a file and line. The keys of a setting are
    `("rules", rule, setting)`, those of a pattern `("exclude", pattern)`.
    """

    policy: Policy
    off: tuple[str, ...]
    min_severity: str | None
    origins: Mapping[tuple[str, ...], str]


def _policy(path: str, layer: _Layer) -> Policy:
    rules = {name: choice for name, choice in layer.rules.items() if choice is not None}
    rules.update({name: said for name, said in always_on().items() if name not in layer.rules})
    folder = os.path.dirname(os.path.abspath(path))
    return Policy(
        name=_shown(path),
        rules=rules,
        fail_on=layer.fail_on or DEFAULT_FAIL_ON,
        exclude=layer.exclude,
        organisation=Organisation(**layer.facts),
        folder=folder,
        exemptions=tuple(
            exemption._replace(is_shared=not _is_in(exemption.source, folder))
            for exemption in layer.exemptions
        ),
        rego=layer.rego,
        known={**RULES, **layer.known},
        honor=layer.honor,
    )


def _is_in(source: SourceFile, folder: str) -> bool:
    return source.location.startswith(folder.rstrip(os.sep) + os.sep)


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


class _Origin(NamedTuple):
    """A set, or the place of a key or value in a file."""

    file: _File | str
    at: Path = ()

    def shown(self) -> str:
        """The name of the set, or file and line."""
        return self.file if isinstance(self.file, str) else self.file.line(self.at)


class _Layer(NamedTuple):
    """What a file and those that it extends say; None for a rule that is switched off.

    `known` are the rules in Rego that it brings.
    """

    rules: Mapping[str, RuleChoice | None] = {}
    fail_on: str | None = None
    min_severity: str | None = None
    exclude: tuple[str, ...] = ()
    facts: Mapping[str, Any] = {}
    exemptions: tuple[Exemption, ...] = ()
    rego: RegoSources = RegoSources()
    origins: Mapping[tuple[str, ...], _Origin] = {}
    known: Mapping[str, Entry] = {}
    honor: tuple[str, ...] = ()

    def under(self, later: _Layer) -> _Layer:
        """This layer with a later one over it."""
        rules = dict(self.rules)
        for name, said in later.rules.items():
            before = rules.get(name)
            if said is not None and before is not None:
                said = _over(before, said)._replace(floor=said.floor)
            rules[name] = said
        return _Layer(
            rules,
            later.fail_on or self.fail_on,
            later.min_severity or self.min_severity,
            tuple(dict.fromkeys((*self.exclude, *later.exclude))),
            {**self.facts, **later.facts},
            tuple(dict.fromkeys((*self.exemptions, *later.exemptions))),
            self.rego.under(later.rego),
            {**self.origins, **later.origins},
            {**self.known, **later.known},
            tuple(dict.fromkeys((*self.honor, *later.honor))),
        )


class _Run(NamedTuple):
    """What is known while files are read: their layers, None for those being read, and Rego."""

    rego: Rego
    layers: dict[str, _Layer | None]


def _top(file: _File, rego: Rego) -> _Layer:
    """The layer of a file that nothing extends."""
    return _resolve(file, _Run(rego, {}), _given(rego))


def _given(rego: Rego) -> _Layer:
    """The rules that come with the run as a layer: they are on."""
    origins: dict[tuple[str, ...], _Origin] = {
        ("rules", name): _Origin("--rego") for name in rego.given
    }
    return _Layer({name: RuleChoice() for name in rego.given}, origins=origins, known=rego.given)


def _resolve(file: _File, run: _Run, below: _Layer = _Layer()) -> _Layer:  # noqa: B008 (immutable)
    """The layer of a file over the one below it."""
    run.layers[os.path.realpath(file.path)] = None
    base = below.under(_inherit(file, run))
    floor = file.severity("min_severity")
    rules = {name: _raised(choice, floor) for name, choice in base.rules.items()}
    rego = _rego(file)
    learnt = _learnt(file, rego, run.rego)
    rules.update({name: RuleChoice(floor=floor or "info") for name in learnt})
    file.known = {**RULES, **run.rego.given, **base.known, **learnt}
    _choose(file, rules, floor or "info")
    said = _Layer(
        rules,
        file.severity("fail_on"),
        floor,
        _patterns(file, ("exclude",)),
        _facts(file),
        tuple(_exemptions(file)),
        rego,
        {**_origins_of(file, learnt), **dict(_origins(file))},
        learnt,
        _tools(file),
    )
    file.refuse_mistakes()
    layer = base.under(said)
    run.layers[os.path.realpath(file.path)] = layer
    return layer


def _learnt(file: _File, asked: RegoSources, rego: Rego) -> Mapping[str, Entry]:
    """The rules of the policies in Rego that a file names."""
    # What is not there has been told.
    there = tuple(path for path in asked.policies if os.path.exists(rego_path(path)))
    data = tuple(path for path in asked.data if os.path.exists(path))
    if not there:
        return {}
    return rego.learn(asked._replace(policies=there, data=data), file.place(("rego",)))


def _origins_of(file: _File, learnt: Iterable[str]) -> dict[tuple[str, ...], _Origin]:
    return {("rules", name): _Origin(file, ("rego",)) for name in learnt}


def _origins(file: _File) -> Iterator[tuple[tuple[str, ...], _Origin]]:
    """The entries of a file by their keys, each with its place."""
    stated = file.keys(())
    for key in ("fail_on", "min_severity"):
        if key in stated:
            yield (key,), _Origin(file, (key,))
    for name in file.keys(("settings",)):
        yield ("settings", name), _Origin(file, ("settings", name))
    yield from _list_origins(file)
    for name in file.keys(("rules",)):
        at = ("rules", name)
        said = file.value(at)
        yield ("rules", name), _Origin(file, at)
        if isinstance(said, dict):
            for setting in said:
                yield ("rules", name, setting), _Origin(file, (*at, setting))
        elif said in SEVERITIES:
            yield ("rules", name, "severity"), _Origin(file, at)


def _list_origins(file: _File) -> Iterator[tuple[tuple[str, ...], _Origin]]:
    is_mapping = isinstance(file.value(("rego",)), dict)
    lists: dict[tuple[str, ...], Path] = {("exclude",): ("exclude",), ("honor",): ("honor",)}
    if is_mapping:
        lists.update({("rego", key): ("rego", key) for key in ("policies", "data", "namespaces")})
    else:
        lists["rego", "policies"] = ("rego",)
    for keys, path in lists.items():
        for at, text in file.listed(path):
            yield (*keys, text), _Origin(file, at)


def _of_set(name: str) -> _Layer:
    """A built-in set as a layer."""
    floor, _, said = SETS[name]
    origins: dict[tuple[str, ...], _Origin] = {
        ("rules", rule): _Origin(name) for rule in set_rules(name)
    }
    for rule, (severity, settings) in said.items():
        stated = ("severity", *settings) if severity else settings
        origins.update({("rules", rule, setting): _Origin(name) for setting in stated})
    origins["min_severity",] = _Origin(name)
    return _Layer(set_rules(name), None, floor if floor != "info" else None, origins=origins)


def _inherit(file: _File, run: _Run) -> _Layer:
    """What a file extends, the later over the earlier; the default set when it says nothing."""
    layer = _Layer()
    names = file.texts(("extends",)) if "extends" in file.keys(()) else (DEFAULT_SET,)
    is_list = isinstance(file.value(("extends",)), list)
    for index, name in enumerate(names):
        at = ("extends", index) if is_list else ("extends",)
        if name in SETS:
            layer = layer.under(_of_set(name))
        elif name:
            layer = layer.under(_extended(file, at, name, run))
    return layer


def _extended(file: _File, at: Path, name: str, run: _Run) -> _Layer:
    path = os.path.join(os.path.dirname(file.path), name)
    if not os.path.isfile(path):
        file.mistake(at, f"no such policy set or file: {_quoted(name)}{suggestion(name, SETS)}")
        return _Layer()
    layer = run.layers.get(os.path.realpath(path), _Layer())
    if layer is None:
        file.mistake(at, f"{_quoted(name)} extends this file in turn")
        return _Layer()
    return layer if os.path.realpath(path) in run.layers else _resolve(_File(path), run)


def _raised(choice: RuleChoice | None, floor: str | None) -> RuleChoice | None:
    """A choice under the least severity of the file that inherits it."""
    if choice is None or floor is None:
        return choice
    return choice._replace(floor=max(choice.floor, floor, key=rank))


def _choose(file: _File, rules: dict[str, RuleChoice | None], floor: str) -> None:
    """Apply the `rules` of a file to those that it inherits."""
    for name in file.keys(("rules",)):
        at = ("rules", name)
        if name not in file.known:
            hint = suggestion(name, file.known)
            file.mistake(at, f"no such rule: {_quoted(name)}{hint}", key=True)
        elif file.value(at) == "off":
            if name == UNREADABLE:
                file.mistake(at, CANNOT_BE_OFF)
            rules[name] = None
        else:
            said = file.choice(at, file.known[name][4])
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


def _patterns(file: _File, at: Path) -> tuple[str, ...]:
    """Patterns of paths, as reports write paths."""
    found = file.texts(at)
    is_list = isinstance(file.value(at), list)
    for index, pattern in enumerate(found):
        _check_pattern(file, (*at, index) if is_list else at, pattern)
    return found


def _check_pattern(file: _File, at: Path, pattern: str) -> None:
    if pattern.startswith(("/", "./", "../")):
        file.mistake(at, f"{_quoted(pattern)} fits no path: they begin as in vendor/app.json")


def _tools(file: _File) -> tuple[str, ...]:
    """The tools whose remarks are heeded."""
    found = file.texts(("honor",))
    is_list = isinstance(file.value(("honor",)), list)
    for index, name in enumerate(found):
        mistake = mistaken_tool(name) if name else None
        if mistake is not None:
            file.mistake(("honor", index) if is_list else ("honor",), mistake)
    return found


def _rego(file: _File) -> RegoSources:
    """The policies in Rego of a file: their paths alone, or also how they are read."""
    if not isinstance(file.value(("rego",)), dict):
        return RegoSources(tuple(_policies(file, ("rego",))))
    for key in file.keys(("rego",)):
        if key not in _REGO:
            file.unknown(("rego", key), _REGO)
    if "policies" not in file.keys(("rego",)):
        file.mistake(("rego",), "names no policies")
    version = file.value(("rego", "version"))
    if version is not None and version not in REGO_VERSIONS:
        hint = suggestion(str(version), REGO_VERSIONS)
        words = f"expected one of {', '.join(REGO_VERSIONS)}, not {_quoted(version)}{hint}"
        file.mistake(("rego", "version"), words)
    return RegoSources(
        tuple(_policies(file, ("rego", "policies"))),
        tuple(_paths(file, ("rego", "data"))),
        file.texts(("rego", "namespaces")),
        file.flag(("rego", "combine")),
        version if isinstance(version, str) else None,
    )


def _policies(file: _File, at: Path) -> Iterator[str]:
    """The paths of policies in Rego, relative to the file that names them; or their names."""
    known = shipped_rego()
    for place, name in file.listed(at):
        path = rego_path(name, os.path.dirname(file.path))
        if name and not os.path.exists(path):
            hint = suggestion(name, known)
            file.mistake(place, f"no such file or folder: {_quoted(name)}{hint}")
        if name:
            yield name if name in known else path


def _paths(file: _File, at: Path) -> Iterator[str]:
    """Paths that are relative to the file that names them."""
    for place, name in file.listed(at):
        path = os.path.normpath(os.path.join(os.path.dirname(file.path), name))
        if name and not os.path.exists(path):
            file.mistake(place, f"no such file or folder: {_quoted(name)}")
        if name:
            yield path


def _exemptions(file: _File) -> Iterator[Exemption]:
    """The exceptions of a file: each names a rule, and why; best also whom, and until when."""
    for index, item in enumerate(file.items(("exemptions",))):
        at: Path = ("exemptions", index)
        if not isinstance(item, dict):
            file.mistake(at, "expected a mapping of rule, subject and reason")
            continue
        for key in item:
            if key not in _EXEMPTION:
                file.unknown((*at, key), _EXEMPTION)
        for key in ("rule", "reason"):
            if key not in item or item[key] == []:
                file.mistake(at, f"an exemption needs a {key}")
        yield Exemption(file.source, _exemption(file, at, item))


def _exemption(file: _File, at: Path, item: dict[str, Any]) -> Suppression:
    names = file.texts((*at, "rule"))
    is_list = isinstance(item.get("rule"), list)
    places: list[Path] = [
        (*at, "rule", index) if is_list else (*at, "rule") for index in range(len(names))
    ]
    known = [*file.known, *families_of(file.known)]
    for place, name in zip(places, names, strict=True):
        if name == UNREADABLE:
            file.mistake(place, CANNOT_BE_OFF)
        elif name and name not in known:
            hint = suggestion(name, known)
            file.mistake(place, f"no such rule or family: {_quoted(name)}{hint}")
    said = {key: file.text((*at, key)) for key in _EXEMPTION[1:] if key in item and key != "until"}
    until = item.get("until")
    if "until" in item and not (isinstance(until, str) and is_date(until)):
        file.mistake((*at, "until"), f"{_quoted(until)} is no date: write it as 2027-03-31")
        until = None
    _check_pattern(file, (*at, "path"), said.get("path", ""))
    return Suppression(
        "exemption",
        "policy",
        tuple(Value(name, file.span(place)) for place, name in zip(places, names, strict=True)),
        said.get("reason", ""),
        until,
        file.span((*at, "rule")),
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
        elif name == "environments":
            facts[name] = Environments(tuple(word.lower() for word in file.texts(at)))
        else:
            file.unknown(at, Organisation._fields)
    return facts


def _roles(file: _File, at: Path) -> Roles:
    allowed = tuple((ids, file.texts((*at, ids))) for ids in file.keys(at) if ids != "public")
    public = file.texts((*at, "public")) if "public" in file.keys(at) else Roles().public
    return Roles(allowed, public)


def _tiers(file: _File, at: Path) -> Tiers:
    levels = []
    for index, item in enumerate(file.items(at)):
        if not isinstance(item, dict) or len(item) != 1:
            file.mistake((*at, index), "expected one tier, as in `- platform: [/infra/**]`")
            continue
        (name,) = item
        levels.append((name, file.texts((*at, index, name))))
    return Tiers(tuple(levels))


def _quotas(file: _File, at: Path) -> Quotas:
    groups = {}
    warn_at = Quotas().warn_at
    for key in file.keys(at):
        if key == "warn_at":
            value = file.value((*at, key))
            if isinstance(value, (int, float)) and value is not True and 0 < value <= 1:
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


def _resources(file: _File, at: Path) -> dict[str, float]:
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

    def __init__(self, path: str, text: str | None = None) -> None:
        self.path = path
        # All rules that the file may speak of.
        self.known: Mapping[str, Entry] = RULES
        self._mistakes: list[tuple[Span, str]] = []
        self.source = _read(path) if text is None else _source(path, text)
        if self.source.error is not None:
            offset = self.source.error.offset
            self._refuse(self.source.error.message, Span(offset, offset))
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
            if key not in KEYS:
                self.unknown((key,), KEYS)

    def value(self, path: Path) -> object:
        """The value at a path, None when there is none."""
        found = self._found(path)
        return None if found is _ABSENT else found

    def line(self, path: Path) -> str:
        """File and line of a value."""
        return f"{self.source.path}:{self.source.position(self.span(path).start)[0]}"

    def place(self, path: Path) -> str:
        """File, line and column of a value."""
        return self._at(self.span(path))

    def keys(self, path: Path) -> list[str]:
        """The keys of a mapping, none when it is absent."""
        found = self._found(path)
        if isinstance(found, dict):
            return list(found)
        if found is not _ABSENT:
            self.mistake(path, f"expected a mapping, not {_quoted(found)}")
        return []

    def items(self, path: Path) -> list[object]:
        """The items of a list, none when it is absent."""
        found = self._found(path)
        if isinstance(found, list):
            return found
        if found is not _ABSENT:
            self.mistake(path, f"expected a list, not {_quoted(found)}")
        return []

    def text(self, path: Path) -> str:
        """A text."""
        found = self.value(path)
        if isinstance(found, str) and found and not isinstance(found, Placeholder):
            return found
        self.mistake(path, "expected a text")
        return ""

    def texts(self, path: Path) -> tuple[str, ...]:
        """A list of texts; a single one may stand alone."""
        found = self.value(path)
        if isinstance(found, str):
            return (self.text(path),)
        return tuple(self.text((*path, index)) for index in range(len(self.items(path))))

    def listed(self, path: Path) -> list[tuple[Path, str]]:
        """A list of texts, each with its path; a single one may stand alone."""
        texts = self.texts(path)
        is_list = isinstance(self.value(path), list)
        return [((*path, at) if is_list else path, text) for at, text in enumerate(texts)]

    def flag(self, path: Path) -> bool:
        """True or false; false when it is absent."""
        found = self._found(path)
        return found is not _ABSENT and self._typed(path, found, "bool") is True

    def severity(self, key: str) -> str | None:
        """A severity at the top of the file."""
        found = self._found((key,))
        if found is not _ABSENT:
            self._check_severity((key,), found)
        return found if isinstance(found, str) and found in SEVERITIES else None

    def choice(self, path: Path, settings: Mapping[str, Setting]) -> RuleChoice:
        """What is said of one rule: `on`, a severity, or a mapping of severity and settings."""
        said = self.value(path)
        if said == "on":
            return RuleChoice()
        if not isinstance(said, dict):
            self._check_severity(path, said, ("on", "off"))
            return RuleChoice(said if isinstance(said, str) else None)
        severity = said.get("severity")
        if "severity" in said:
            self._check_severity((*path, "severity"), severity)
        values = {}
        suppressible = said.get("suppressible")
        if "suppressible" in said:
            self._typed((*path, "suppressible"), suppressible, "bool")
        for name in said:
            if name in settings:
                values[name] = self._setting((*path, name), *settings[name])
            elif name not in ("severity", "suppressible"):
                known = ("severity", "suppressible", *settings)
                self.unknown((*path, name), known, "setting of this rule")
        return RuleChoice(severity, values, suppressible=suppressible)

    def unknown(self, path: Path, known: Iterable[str], what: str = "key") -> None:
        """A key that nobody reads."""
        names = list(known)
        hint = suggestion(str(path[-1]), names) or f"\n  there are: {', '.join(names)}"
        self.mistake(path, f"no such {what}: {_quoted(path[-1])}{hint}", key=True)

    def span(self, path: Path) -> Span:
        """The stretch of text of a value."""
        return self._tree.span(Place(path)) if self._tree else Span(0, 0)

    def mistake(self, path: Path, message: str, *, key: bool = False) -> None:
        """Note a mistake at a place."""
        span = self._tree.span(Place(path, key)) if self._tree else Span(0, 0)
        self._mistakes.append((span, message))

    def refuse_mistakes(self) -> None:
        """Raise `PolicyError` when there were any."""
        if self._mistakes:
            found = dict.fromkeys(sorted(self._mistakes))
            raise PolicyError("\n".join(self._located(span, words) for span, words in found))

    def _found(self, path: Path) -> object:
        found: Any = self._root
        for step in path:
            try:
                found = found[step]
            except (KeyError, IndexError, TypeError):
                return _ABSENT
        return found

    def _read(self) -> YamlTree | None:
        from policylint.tree import yaml_text

        try:
            trees = yaml_text.read(self.source.text)
        except Unreadable as error:
            self._refuse(error.message, error.span)
        if len(trees) > 1:
            self._refuse("expected one document", trees[1].span(Place(())))
        return trees[0] if trees else None

    def _setting(self, path: Path, kind: str, default: object, schema: object = None) -> object:
        before = len(self._mistakes)
        found = self._as_typed(path, kind, default)
        if schema is not None and len(self._mistakes) == before:
            self._check_schema(path, found, schema)
        return found

    def _check_schema(self, path: Path, found: object, schema: object) -> None:
        """Note where a setting is not as the rule's author wants it."""
        is_list = isinstance(self.value(path), list)
        value = list(found) if isinstance(found, tuple) else found
        try:
            for inside, message in mistakes(schema, value):
                # A single item may stand alone.
                steps = inside[1:] if isinstance(found, tuple) and not is_list else inside
                self.mistake((*path, *steps), message)
        except SchemaError as error:
            self.mistake(path, f"the rule's schema of this cannot be used: {error}")

    def _as_typed(self, path: Path, kind: str, default: object) -> object:
        match = _LIST.fullmatch(kind)
        name = str(path[-1])
        if match:
            found = self.value(path)
            items = enumerate(found) if isinstance(found, list) else [(None, found)]
            return tuple(
                self._single(path if at is None else (*path, at), item, match[1], name)
                for at, item in items
            )
        found = self._single(path, self.value(path), kind.removesuffix(" | None"), name)
        if default in SEVERITIES:
            self._check_severity(path, found)
        return found

    def _single(self, path: Path, found: object, kind: str, setting: str) -> object:
        found = self._typed(path, found, kind)
        if isinstance(found, str) and setting in _PATTERNS:
            self._check_expression(path, found)
        elif isinstance(found, str) and setting.endswith("_ranges"):
            self._check_range(path, found)
        elif isinstance(found, str) and setting == "label_schema":
            self._check_label(path, found)
        return found

    def _check_label(self, path: Path, found: str) -> None:
        from policylint.detect.labels import TYPES, type_of

        if type_of(found) is None:
            types = ", ".join(TYPES)
            self.mistake(path, f"expected a label and its type, name=type\n  there are: {types}")

    def _check_range(self, path: Path, found: str) -> None:
        from policylint.detect.ports import read_range

        if read_range(found) is None:
            self.mistake(path, "expected a port or two with a hyphen between them, as in 8000-8099")

    def _check_expression(self, path: Path, found: str) -> None:
        try:
            re.compile(found)
        except (re.error, RecursionError, OverflowError) as error:
            self.mistake(path, f"no regular expression: {error}")

    def _typed(self, path: Path, found: object, kind: str) -> object:
        types: dict[str, tuple[type, ...]] = {
            "str": (str,), "int": (int,), "float": (int, float), "bool": (bool,),
            "dict": (dict,),
        }  # fmt: skip
        is_other = isinstance(found, Placeholder) or (kind != "bool" and isinstance(found, bool))
        if is_other or not isinstance(found, types[kind]):
            self.mistake(path, f"expected {_NAMES[kind]}")
        return found

    def _check_severity(self, path: Path, found: object, more: tuple[str, ...] = ()) -> None:
        words = (*SEVERITIES, *more)
        if found not in words:
            hint = suggestion(str(found), words)
            if found in (False, "no", "none", "disabled"):
                hint = '\n  did you mean "off"?' if more else ""
            elif more and found in (True, "yes", "enabled"):
                hint = '\n  did you mean "on"?'
            self.mistake(path, f"expected one of {', '.join(words)}, not {_quoted(found)}{hint}")

    def _refuse(self, message: str, span: Span) -> None:
        raise PolicyError(self._located(span, message))

    def _located(self, span: Span, message: str) -> str:
        return f"{self._at(span)}: {message}"

    def _at(self, span: Span) -> str:
        line, column = self.source.position(span.start)
        return f"{self.source.path}:{line}:{column}"


def _read(path: str) -> SourceFile:
    """The text of a policy file, or why there is none."""
    try:
        if not os.path.isfile(path):  # opening a pipe would wait for ever
            raise PolicyError(f"{path}: not a file")
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise PolicyError(f"{path}: cannot be read: {error.strerror}") from None
    text, failure = decode(data)
    if len(data) > MAX_BYTES:
        failure = ReadFailure("larger than 2 MiB", 0)
    return _source(path, text, failure)


def _source(path: str, text: str, failure: ReadFailure | None = None) -> SourceFile:
    return SourceFile(_shown(path), text, location=os.path.abspath(path), error=failure)


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
