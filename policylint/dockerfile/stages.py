"""Stages of a Dockerfile: what they are built from, and what holds in them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING
from weakref import proxy

from policylint.dockerfile.variables import LONGEST_VALUE, expand, expand_and_refer
from policylint.named import NamedTuple
from policylint.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.dockerfile.excerpt import Excerpt, Word
    from policylint.dockerfile.scanner import Dockerfile, Flag, Instruction
    from policylint.dockerfile.variables import Reference as VariableReference
    from policylint.source import Span

PLATFORM_ARGUMENTS = frozenset(
    f"{side}{part}"
    for side in ("BUILD", "TARGET")
    for part in ("PLATFORM", "OS", "ARCH", "VARIANT")
)
PROXY_ARGUMENTS = frozenset(
    name
    for upper in ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY")
    for name in (upper, upper.lower())
)

# Deeper chains of stages, and more characters of values, are nobody's real file.
_LONGEST_CHAIN = 64
_MOST_CHARACTERS = 1 << 20

# How much of an instruction's text is its name.
_LONGEST_NAME = 200

_QUOTED_FIELD = regex(r'"((?:[^"]|"")*)"(?=,|\Z)')
_AT_THE_END = -1
_IN_FROM = PROXY_ARGUMENTS | PLATFORM_ARGUMENTS
_IN_STAGES = PROXY_ARGUMENTS | {"PATH"}
_NOTHING: dict[str, str | None] = {}


class Reference(NamedTuple):
    """The parts of an image reference; a colon before the last slash is that of a port."""

    name: str
    tag: str | None
    digest: str | None


class Declaration(NamedTuple):
    """A name that an ENV or ARG gives a value; the value is `None` when nobody knows it."""

    name: str
    value: str | None
    key: Word
    instruction: Instruction


class Source(NamedTuple):
    """What COPY --from or a mount takes files from: a stage, or (`None`) something else."""

    text: str
    span: Span
    instruction: Instruction
    stage: Stage | None


class MountField(NamedTuple):
    """A field of --mount: `type=cache`, or a switch, `readonly`, without value."""

    key: str
    value: str | None
    span: Span


class Mount(NamedTuple):
    """A --mount flag of a RUN."""

    flag: Flag
    fields: tuple[MountField, ...]

    def field(self, *keys: str) -> MountField | None:
        """The last field with one of these keys: one thing may have several names."""
        for field in reversed(self.fields):
            if field.key in keys:
                return field
        return None


class Variables:
    """What is known of the variables at one place: a value, or `None` for unknown.

    A name that nobody declared is a `KeyError` when the file is `complete`, that
    is, when no image outside the file can have set it.
    """

    __slots__ = ("_before", "_layers", "_predefined", "complete")

    def __init__(
        self,
        layers: tuple[_Layer, ...],
        before: int,
        predefined: frozenset[str],
        complete: bool,
    ) -> None:
        self._layers = layers
        self._before = before
        self._predefined = predefined
        self.complete = complete

    def __getitem__(self, name: str, /) -> str | None:
        found = self.declared(name)
        if found is not None:
            return found.value
        if name in self._predefined or not self.complete:
            return None
        raise KeyError(name)

    def __contains__(self, name: str) -> bool:
        """Whether a name may have a value here, known or not."""
        return not self.complete or name in self._predefined or self.declared(name) is not None

    def declared(self, name: str) -> Declaration | None:
        """The ENV, or else the ARG, that gives a name its value here."""
        for kind in ("ENV", "ARG"):
            before = self._before
            for layer in self._layers:
                found = layer.last(kind, name, before)
                if found is not None:
                    return found
                before = _AT_THE_END
        return None

    def names(self) -> frozenset[str]:
        """Every name declared before this place."""
        found: set[str] = set()
        before = self._before
        for layer in self._layers:
            found.update(layer.names(before))
            before = _AT_THE_END
        return frozenset(found)


class Stage:
    """One stage: its FROM and the instructions up to the next.

    `image` and `name` are the words as written. `reference` is the image with its
    variables filled in, `None` when unknown, `used` are those variables. `parent` is
    the stage it is built from, `None` for an image outside the file. A stage does not
    outlive its build.
    """

    __slots__ = (
        "_build",
        "_by_name",
        "complete",
        "image",
        "index",
        "instruction",
        "instructions",
        "layers",
        "name",
        "parent",
        "reference",
        "used",
    )

    def __init__(self, build: Build, index: int, instruction: Instruction) -> None:
        words = instruction.words
        named = len(words) > 2 and words[1].text.upper() == "AS"
        # What refers to itself would stay in memory until somebody looks for circles.
        self._build: Build = proxy(build)
        self._by_name: dict[str, list[Instruction]] | None = None
        self.layers: tuple[_Layer, ...] = ()
        self.complete = False
        self.index = index
        self.instruction = instruction
        self.instructions: list[Instruction] = []
        self.image = words[0] if words else None
        self.name = words[2] if named else None
        self.reference: str | None = None
        self.used: tuple[VariableReference, ...] = ()
        if self.image is not None:
            self.reference, self.used = expand_and_refer(
                self.image.text, build.arguments, instruction.escape
            )
        self.parent = build.stage_named(self.reference, index) if self.reference else None

    def __repr__(self) -> str:
        return f"<stage {self.index} {self.instruction!r}>"

    @property
    def is_scratch(self) -> bool:
        """Whether the stage begins with nothing at all."""
        return self.parent is None and self.reference == "scratch"

    @property
    def is_external(self) -> bool:
        """Whether the stage begins with an image outside the file, known or not."""
        return self.parent is None and self.reference != "scratch"

    @property
    def sources(self) -> tuple[Source, ...]:
        """What COPY --from and mounts take files from, ONBUILD left out."""
        return tuple(self._sources())

    def chain(self) -> Iterator[Stage]:
        """The stage, the one it is built from, and so on."""
        stage: Stage | None = self
        while stage is not None:
            yield stage
            stage = stage.parent

    def own(self, name: str) -> list[Instruction]:
        """The instructions of a name in this stage, those behind ONBUILD left out."""
        if self._by_name is None:
            by_name: dict[str, list[Instruction]] = {}
            for instruction in self.instructions:
                by_name.setdefault(instruction.name, []).append(instruction)
            self._by_name = by_name
        return self._by_name.get(name, [])

    def effective(self, name: str, before: Instruction | None = None) -> Instruction | None:
        """The last USER, WORKDIR, SHELL, ... that holds at the end, or before an instruction.

        `None` when neither the stage nor those it is built from have one: an
        image outside the file decides, or, on `scratch`, the default holds.
        """
        if before is not None:
            own = self.own(name)
            at = bisect_left(own, before.start, key=_start)
            if at:
                return own[at - 1]
            return self.parent.effective(name) if self.parent else None
        own = self.own(name)
        if own or self.parent is None:
            return own[-1] if own else None
        known = self._build.ends.setdefault(name, {})
        passed: list[int] = []
        found: Instruction | None = None
        for stage in self.chain():
            if stage.index in known:
                found = known[stage.index]
                break
            passed.append(stage.index)
            own = stage.own(name)
            if own:
                found = own[-1]
                break
        known.update(dict.fromkeys(passed, found))
        return found

    def variables(self, before: Instruction | None = None) -> Variables:
        """The variables at the end of the stage, or as an instruction sees them."""
        self._build.fill_layers()
        place = _AT_THE_END if before is None else before.start
        return Variables(self.layers, place, _IN_STAGES, self.complete)

    def expand(self, word: Word, instruction: Instruction) -> str | None:
        """A word of one of the stage's instructions with its variables filled in."""
        if "$" not in word.text:
            return expand(word.text, _NOTHING, instruction.escape)
        return expand(word.text, self.variables(instruction), instruction.escape)

    def _sources(self) -> Iterator[Source]:
        for instruction in self.instructions:
            if instruction.name == "COPY":
                flag = instruction.flag("from")
                if flag is not None and flag.value and flag.value_span:
                    stage = self._build.stage_meant(flag.value, self.index)
                    yield Source(flag.value, flag.value_span, instruction, stage)
            elif instruction.name == "RUN":
                for mount in mounts(instruction):
                    field = mount.field("from")
                    if field is not None and field.value:
                        stage = self._build.stage_meant(field.value, self.index)
                        yield Source(field.value, field.span, instruction, stage)


class Build:
    """The stages of a Dockerfile, and what stands before the first of them.

    `arguments` are the variables that a FROM sees.
    """

    __slots__ = (
        "__weakref__",
        "_filled",
        "_needed",
        "_numbers",
        "_parents",
        "arguments",
        "ends",
        "file",
        "preamble",
        "stages",
    )

    def __init__(self, dockerfile: Dockerfile) -> None:
        self.file = dockerfile
        self.preamble: list[Instruction] = []
        self.stages: list[Stage] = []
        self.ends: dict[str, dict[int, Instruction | None]] = {}
        self._numbers: dict[str, list[int]] = {}
        self._filled = False
        self._needed: frozenset[int] | None = None
        self._parents: frozenset[int] | None = None
        outer = _Layer()
        self.arguments = Variables((outer,), _AT_THE_END, _IN_FROM, complete=True)
        instructions = self.preamble
        for instruction in dockerfile.instructions:
            if instruction.name != "FROM":
                instructions.append(instruction)
                if not self.stages and instruction.name == "ARG":
                    outer.add(instruction, self.arguments, None)
                continue
            stage = Stage(self, len(self.stages), instruction)
            self.stages.append(stage)
            if stage.name is not None:
                self._numbers.setdefault(stage.name.text.lower(), []).append(stage.index)
            instructions = stage.instructions

    @property
    def final(self) -> Stage | None:
        """The last stage: the image that the file is about."""
        return self.stages[-1] if self.stages else None

    def is_needed(self, stage: Stage) -> bool:
        """Whether the final stage is built from a stage, or takes files from it, however far."""
        if self._needed is None:
            self._needed = frozenset(self._find_needed())
        return stage.index in self._needed

    def is_built_on(self, stage: Stage) -> bool:
        """Whether another stage is built FROM a stage."""
        if self._parents is None:
            self._parents = frozenset(
                each.parent.index for each in self.stages if each.parent is not None
            )
        return stage.index in self._parents

    def stage_of(self, instruction: Instruction) -> Stage | None:
        """The stage in which an instruction stands."""
        at = bisect_right(self.stages, instruction.start, key=_start_of_stage)
        return self.stages[at - 1] if at else None

    def names(self, place: int) -> tuple[str | int, ...]:
        """What a place is called without its line: its stage, its instruction and how that begins.

        A stage without a name is called by its number.
        """
        instructions = self.file.instructions
        at = bisect_right(instructions, place, key=_start)
        if not at:
            return ()
        instruction = instructions[at - 1]
        stage = self.stage_of(instruction)
        called = None if stage is None else stage.name.text.lower() if stage.name else stage.index
        text = " ".join(instruction.beginning(_LONGEST_NAME).split())
        return ("" if called is None else called, instruction.name, text)

    def stage_named(self, name: str, before: int) -> Stage | None:
        """The last stage of a name, in any case, among those before a number."""
        numbers = self._numbers.get(name.lower(), [])
        at = bisect_left(numbers, before)
        return self.stages[numbers[at - 1]] if at else None

    def stage_meant(self, text: str, before: int) -> Stage | None:
        """The stage before a number that a `from=` names or counts, from 0."""
        found = self.stage_named(text, before)
        if found is None and text.isascii() and text.isdigit() and len(text) < 7:
            return self.stages[int(text)] if int(text) < before else None
        return found

    def fill_layers(self) -> None:
        """Work out the variables of all stages, once; parents come before their heirs."""
        if self._filled:
            return
        self._filled = True
        room = _MOST_CHARACTERS
        outer = self.arguments
        for stage in self.stages:
            layer = _Layer(room)
            parent = stage.parent
            inherited = parent.layers[: _LONGEST_CHAIN - 1] if parent else ()
            stage.layers = (layer, *inherited)
            stage.complete = (
                parent.complete and len(parent.layers) < _LONGEST_CHAIN
                if parent
                else stage.is_scratch
            )
            for instruction in stage.instructions:
                if instruction.name in ("ARG", "ENV"):
                    seen = Variables(stage.layers, instruction.start, _IN_STAGES, stage.complete)
                    layer.add(instruction, seen, outer)
            room = layer.room

    def _find_needed(self) -> set[int]:
        needed: set[int] = set()
        waiting = self.stages[-1:]
        while waiting:
            stage = waiting.pop()
            if stage.index in needed:
                continue
            needed.add(stage.index)
            waiting.extend(source.stage for source in stage.sources if source.stage)
            if stage.parent is not None:
                waiting.append(stage.parent)
        return needed


def split_reference(text: str) -> Reference:
    """The name, tag and digest of an image reference."""
    name, at, digest = text.partition("@")
    head, slash, tail = name.rpartition("/")
    tail, colon, tag = tail.partition(":")
    return Reference(head + slash + tail, tag if colon else None, digest if at else None)


def mounts(instruction: Instruction) -> tuple[Mount, ...]:
    """The --mount flags of a RUN."""
    return tuple(
        [
            Mount(flag, tuple(_mount_fields(flag.excerpt)))
            for flag in instruction.flags
            if flag.name == "mount" and flag.excerpt is not None
        ]
    )


def _mount_fields(excerpt: Excerpt) -> Iterator[MountField]:
    text, at = excerpt.text, 0
    while at <= len(text):
        end = text.find(",", at)
        end = len(text) if end < 0 else end
        field = text[at:end]
        if field[:1] == '"' and (found := _QUOTED_FIELD.match(text, at)):
            field, end = found[1].replace('""', '"'), found.end()
        key, equals, value = field.partition("=")
        yield MountField(key.lower(), value if equals else None, excerpt.span(at, end))
        at = end + 1


class _Layer:
    """The ARG and ENV of one stage: for every name where it was declared, and as what."""

    __slots__ = ("_found", "room")

    def __init__(self, room: int = _MOST_CHARACTERS) -> None:
        self._found: dict[str, dict[str, tuple[list[int], list[Declaration]]]] = {
            "ARG": {},
            "ENV": {},
        }
        self.room = room

    def last(self, kind: str, name: str, before: int) -> Declaration | None:
        """The last declaration of a name before a place."""
        found = self._found[kind].get(name)
        if found is None:
            return None
        starts, declarations = found
        at = len(starts) if before == _AT_THE_END else bisect_left(starts, before)
        return declarations[at - 1] if at else None

    def names(self, before: int) -> Iterator[str]:
        """The names declared before a place."""
        for declared in self._found.values():
            for name, (starts, _) in declared.items():
                if before == _AT_THE_END or starts[0] < before:
                    yield name

    def add(self, instruction: Instruction, seen: Variables, outer: Variables | None) -> None:
        """Take in an ARG or ENV; a bare ARG in a stage takes the value of the outer one."""
        escape = instruction.escape
        start = instruction.start
        for pair in instruction.pairs:
            name = expand(pair.key.text, seen, escape)
            if not name:
                continue
            if pair.value is not None:
                value = expand(pair.value.text, seen, escape)
            else:
                above = outer.declared(name) if outer else None
                value = above.value if above else None
            if value is not None:
                self.room -= len(value)
                if len(value) > LONGEST_VALUE or self.room < 0:
                    value = None
            found = self._found[instruction.name].setdefault(name, ([], []))
            found[0].append(start)
            found[1].append(Declaration(name, value, pair.key, instruction))


def _start(instruction: Instruction) -> int:
    return instruction.start


def _start_of_stage(stage: Stage) -> int:
    return stage.instruction.start
