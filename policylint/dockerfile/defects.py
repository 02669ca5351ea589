"""What a build would refuse in a Dockerfile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.dockerfile.scanner import NAMES
from policylint.dockerfile.variables import defect as wrong_word
from policylint.dockerfile.words import is_json_array
from policylint.named import NamedTuple
from policylint.patterns import regex
from policylint.source import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from policylint.dockerfile.excerpt import Word
    from policylint.dockerfile.scanner import Dockerfile, Flag, Instruction

FLAGS = {
    "ADD": ("chown", "chmod", "link", "keep-git-dir", "checksum", "unpack", "exclude"),
    "COPY": ("from", "chown", "chmod", "link", "parents", "exclude"),
    "FROM": ("platform",),
    "HEALTHCHECK": ("interval", "timeout", "start-period", "start-interval", "retries"),
    "RUN": ("mount", "network", "security", "device"),
}
# A rule of its own speaks of these.
NO_TRIGGERS = ("FROM", "MAINTAINER", "ONBUILD")

_SWITCHES = ("link", "parents", "keep-git-dir", "unpack")
_REPEATABLE = ("mount", "device", "exclude")
_WITH_VARIABLES = ("ADD", "COPY", "EXPOSE", "FROM", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR")
_MAY_BE_BARE = ("CMD", "ENTRYPOINT")
_NAMES = frozenset(NAMES)
_STAGE_NAME = regex(r"[a-zA-Z][a-zA-Z0-9_.-]*")


class Defect(NamedTuple):
    """Something that a build would refuse: what, said for people, and where."""

    message: str
    span: Span


def find(dockerfile: Dockerfile) -> Iterator[Defect]:
    """Everything that a build would refuse for its form alone."""
    yield from _in_directives(dockerfile)
    instructions = dockerfile.instructions
    if not instructions:
        yield Defect("no instruction", Span(0, 0))
    elif all(instruction.name != "FROM" for instruction in instructions):
        yield Defect("no FROM", instructions[0].keyword.span)
    for instruction in instructions:
        yield from find_in(instruction)
        trigger = instruction.trigger
        if trigger is not None and trigger.name not in NO_TRIGGERS:
            yield from find_in(trigger)


def find_in(instruction: Instruction) -> list[Defect]:
    """What a build would refuse in one instruction."""
    name = instruction.name
    if name not in _NAMES:
        return [Defect(f"no such instruction: {name}", instruction.keyword.span)]
    found: list[Defect] = []
    if instruction.flags:
        found += _in_flags(instruction)
    if not instruction.has_operand:
        if name not in _MAY_BE_BARE:
            found.append(Defect(f"{name} without operand", instruction.keyword.span))
        return found
    form = _FORMS.get(name)
    defect = form(instruction) if form is not None else None
    if defect is not None:
        found.append(defect)
    if instruction.opens_array and instruction.takes_json and not instruction.is_exec:
        found += _in_array(instruction)
    if instruction.pairs:
        found += _in_pairs(instruction)
    elif name in _WITH_VARIABLES and not instruction.is_plain and not instruction.is_exec:
        found += _in_words(instruction.words, instruction.escape)
    for heredoc in instruction.heredocs:
        if heredoc.end is None:
            word = heredoc.word
            found.append(Defect(f"here-document without its end, {heredoc.name}", word.span))
    return found


def _in_directives(dockerfile: Dockerfile) -> Iterator[Defect]:
    seen: set[str] = set()
    for directive in dockerfile.directives:
        if directive.name in seen:
            yield Defect(f"directive {directive.name} given twice", directive.span)
        seen.add(directive.name)
        if directive.name == "escape" and directive.value not in ("\\", "`"):
            yield Defect("escape must be \\ or `", directive.value_span)


def _in_flags(instruction: Instruction) -> Iterator[Defect]:
    known = FLAGS.get(instruction.name, ())
    seen: set[str] = set()
    for flag in instruction.flags:
        message = _wrong_flag(flag, known, seen)
        if message:
            yield Defect(f"{instruction.name}: {message}", flag.span)
        seen.add(flag.name)


def _wrong_flag(flag: Flag, known: tuple[str, ...], seen: set[str]) -> str | None:
    if flag.name not in known:
        return f"no such flag: --{flag.name}"
    if flag.name in seen and flag.name not in _REPEATABLE:
        return f"--{flag.name} given twice"
    if flag.name in _SWITCHES:
        if flag.value is not None and flag.value.lower() not in ("true", "false"):
            return f"--{flag.name} is true or false"
        return None
    return None if flag.value is not None else f"--{flag.name} without value"


def _in_from(instruction: Instruction) -> Defect | None:
    words = instruction.words
    if len(words) == 1:
        return None
    if len(words) != 3 or words[1].text.upper() != "AS":
        return Defect("FROM takes an image, or an image AS a name", instruction.span)
    name = words[2].text
    is_plain = name.isascii() and name.isalpha()
    if not is_plain and not _STAGE_NAME.fullmatch(name):
        return Defect(f"not a name for a stage: {name}", words[2].span)
    return None


def _in_copy(instruction: Instruction) -> Defect | None:
    if len(instruction.words) > 1:
        return None
    message = f"{instruction.name} takes at least one source and a destination"
    return Defect(message, instruction.span)


def _in_shell(instruction: Instruction) -> Defect | None:
    if instruction.words and instruction.is_exec:
        return None
    return Defect("SHELL takes a JSON array of strings", instruction.span)


def _in_healthcheck(instruction: Instruction) -> Defect | None:
    words = instruction.words
    kind = words[0].text.upper()
    if kind not in ("CMD", "NONE"):
        message = f"HEALTHCHECK takes CMD or NONE, not {words[0].text}"
    elif (kind == "CMD") != (len(words) > 1):
        message = f"HEALTHCHECK {kind} {'without' if kind == 'CMD' else 'with a'} command"
    else:
        return None
    return Defect(message, instruction.span)


def _in_array(instruction: Instruction) -> Iterator[Defect]:
    if is_json_array(instruction.operand.text):
        yield Defect(f"{instruction.name}: JSON with other than strings", instruction.span)


def _in_pairs(instruction: Instruction) -> Iterator[Defect]:
    is_plain = instruction.is_plain
    for pair in instruction.pairs:
        if pair.value is None and instruction.name != "ARG":
            yield Defect(f"{instruction.name}: no value for {pair.key.text}", pair.key.span)
        if not is_plain:
            words = (pair.key,) if pair.value is None else (pair.key, pair.value)
            yield from _in_words(words, instruction.escape)


def _in_words(words: Iterable[Word], escape: str) -> Iterator[Defect]:
    for word in words:
        message = wrong_word(word.text, escape)
        if message:
            yield Defect(message, word.span)


_FORMS: dict[str, Callable[[Instruction], Defect | None]] = {
    "ADD": _in_copy,
    "COPY": _in_copy,
    "FROM": _in_from,
    "HEALTHCHECK": _in_healthcheck,
    "SHELL": _in_shell,
}
