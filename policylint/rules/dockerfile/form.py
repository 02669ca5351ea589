"""How instructions are written: order, case, continuation, old forms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.dockerfile.defects import NO_TRIGGERS
from policylint.dockerfile.scanner import NAMES
from policylint.dockerfile.variables import defect, references
from policylint.dockerfile.words import is_one_word
from policylint.finding import Change, Fix, Problem
from policylint.image import BuildStage, ImageBuild, OnBuild, Variables
from policylint.rule import rule
from policylint.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.dockerfile.excerpt import Word
    from policylint.dockerfile.scanner import Instruction
    from policylint.dockerfile.words import Pair
    from policylint.finding import Problems

_KNOWN = frozenset(NAMES)


@rule(on=OnBuild, severity="high", family="hygiene", equivalents=("DL3043",))
def onbuild_forbidden_trigger(onbuild: OnBuild) -> Problems:
    """ONBUILD carries an instruction that it cannot.

    Neither FROM nor MAINTAINER nor another ONBUILD may wait for a later build: the
    build fails at this line.

    Instead, write the instruction without ONBUILD, or leave it out.

    Bad (dockerfile):
        FROM debian:12.9
        ONBUILD MAINTAINER web@example.com

    Good (dockerfile):
        FROM debian:12.9
        ONBUILD COPY . /srv/web
    """
    trigger = onbuild.trigger
    if trigger is not None and trigger.instruction.name in NO_TRIGGERS:
        yield Problem(trigger, f"ONBUILD cannot carry {trigger.instruction.name}")


@rule(on=BuildStage, severity="medium", family="hygiene", refs="CWE-665", equivalents=("DL3044",))
def env_refers_to_itself(stage: BuildStage) -> Problems:
    """ENV uses a variable that the same ENV sets.

    All values of one ENV are worked out before any of them is set, so the variable is
    what it was above: mostly empty.

    Instead, set what others need in an ENV of its own above.

    Bad (dockerfile):
        FROM debian:12.9
        ENV APP_HOME=/srv/web APP_DATA=$APP_HOME/data

    Good (dockerfile):
        FROM debian:12.9
        ENV APP_HOME=/srv/web
        ENV APP_DATA=$APP_HOME/data
    """
    waiting: set[str] = set()
    for setting in _settings(stage):
        pairs = setting.instruction.pairs
        if len(pairs) > 1 and setting.instruction.name == "ENV":
            is_trigger = setting.is_trigger
            for name, span in _borrowed(setting.instruction):
                above = stage.stage.variables(None if is_trigger else setting.instruction)
                is_set = above.declared(name) is not None or (is_trigger and name in waiting)
                if not is_set:
                    yield Problem(
                        span, f"{name} is set by this same ENV: here it has its old value"
                    )
        if setting.is_trigger:
            waiting.update(pair.key.text for pair in pairs)


@rule(on=ImageBuild, severity="high", family="hygiene", equivalents=("DL3061",))
def instruction_before_from(build: ImageBuild) -> Problems:
    """Instruction stands before the first FROM.

    Only ARG may: there is no stage yet that anything else could belong to, and the
    build fails.

    Instead, put it below the FROM that it is for.

    Bad (dockerfile):
        LABEL com.example.team="web"
        FROM debian:12.9

    Good (dockerfile):
        FROM debian:12.9
        LABEL com.example.team="web"
    """
    if not build.stages:  # that there is no FROM is said already
        return
    for statement in build.preamble:
        name = statement.instruction.name
        if name != "ARG" and name in _KNOWN:
            yield Problem(statement, f"{name} stands before the first FROM")


@rule(on=ImageBuild, severity="info", family="hygiene", equivalents=("BuildKit:FromAsCasing",))
def from_as_case(build: ImageBuild) -> Problems:
    """AS is in another case than its FROM.

    The eye finds the name of a stage by the word before it.

    Instead, write both in capitals, or both in small letters.

    Bad (dockerfile):
        FROM debian:12.9 as base
        USER 10001

    Good (dockerfile):
        FROM debian:12.9 AS base
        USER 10001
    """
    for stage in build.build.stages:
        if stage.name is None:
            continue
        keyword, word = stage.instruction.written, stage.instruction.words[1]
        wanted = "as" if keyword.islower() else "AS"
        if word.text != wanted:
            message = f"{word.text} in another case than {keyword}"
            yield Problem(word.span, message, fix=_in_case(word, wanted, build))


@rule(
    on=ImageBuild,
    severity="info",
    family="hygiene",
    equivalents=("BuildKit:ConsistentInstructionCasing",),
)
def instruction_case(build: ImageBuild) -> Problems:
    """Instruction is in another case than the rest of the file.

    Names of instructions stand out when all are alike; one that is not looks like an
    argument of the line above.

    Instead, write all of them in capitals.

    Bad (dockerfile):
        FROM debian:12.9
        RUN true
        user 10001

    Good (dockerfile):
        FROM debian:12.9
        RUN true
        USER 10001
    """
    written = [each.written for each in build.file.all_instructions()]
    if "".join(written).isupper():
        return
    lower = sum(word.islower() for word in written)
    upper = sum(word.isupper() for word in written)
    is_lower = lower > upper
    for instruction, word in zip(build.file.all_instructions(), written, strict=True):
        wanted = instruction.name.lower() if is_lower else instruction.name
        if word != wanted and instruction.name in _KNOWN:
            rest = "small letters" if is_lower else "capitals"
            message = f"{word} in a file with instructions in {rest}"
            fix = _in_case(instruction.keyword, wanted, build)
            yield Problem(instruction.keyword.span, message, fix=fix)


@rule(
    on=ImageBuild,
    severity="low",
    family="hygiene",
    refs="CWE-477",
    equivalents=("BuildKit:LegacyKeyValueFormat",),
)
def legacy_key_value(build: ImageBuild) -> Problems:
    """Key and value stand side by side, without `=`.

    In this old form everything up to the end of the line is one value, so a second
    pair on the line silently becomes part of the first.

    Instead, write `key="value"`.

    Bad (dockerfile):
        FROM debian:12.9
        ENV APP_HOME /srv/web

    Good (dockerfile):
        FROM debian:12.9
        ENV APP_HOME="/srv/web"
    """
    for instruction in build.file.all_instructions():
        if instruction.name in ("ENV", "LABEL"):
            pair = next(iter(instruction.pairs), None)
            if pair is not None and pair.legacy and pair.value is not None:
                message = f"{pair.key.text} without = before its value"
                yield Problem(pair.key.span, message, fix=_with_equals(instruction, pair, build))


@rule(
    on=ImageBuild,
    severity="low",
    family="hygiene",
    equivalents=("BuildKit:NoEmptyContinuation",),
)
def empty_continuation(build: ImageBuild) -> Problems:
    """Blank line within an instruction.

    A continued line goes on behind blank lines, so what looks like the next instruction
    is part of this one. Builders warn, and will refuse it one day.

    Instead, take the blank line out, or the backslash above it.

    Bad (dockerfile):
        FROM debian:12.9
        RUN make \\

            install

    Good (dockerfile):
        FROM debian:12.9
        RUN make \\
            install
    """
    for instruction in build.file.instructions:
        if instruction.blanks:
            yield _blank(instruction, build)


def _settings(stage: BuildStage) -> list[Variables]:
    """The ENV and ARG of a stage, those behind ONBUILD too."""
    return [each for each in stage.unwrapped() if type(each) is Variables]


def _borrowed(instruction: Instruction) -> Iterator[tuple[str, Span]]:
    """The variables in values of an ENV that are set by others of its pairs."""
    if "$" not in instruction.excerpt.text:
        return
    own = {pair.key.text for pair in instruction.pairs}
    for pair in instruction.pairs:
        if pair.value is None or "$" not in pair.value.text:
            continue
        for each in references(pair.value.text, instruction.escape):
            has_default = each.operator in ("-", ":-", "+", ":+")
            if each.name in own and each.name != pair.key.text and not has_default:
                yield each.name, pair.value.part(each.start, each.end)


def _in_case(word: Word, wanted: str, build: ImageBuild) -> Fix | None:
    start, end = word.span
    if build.file.text[start:end] != word.text:
        return None
    return Fix(f"write {wanted}", (Change("text", word.span, wanted),), is_safe=True)


def _with_equals(instruction: Instruction, pair: Pair, build: ImageBuild) -> Fix | None:
    """The pair in its modern form, where that says just the same."""
    key, value, escape = pair.key, pair.value, instruction.escape
    if value is None or any(mark in key.text for mark in f"\"'{escape}"):
        return None
    if value.text.startswith("=") or defect(value.text, escape) is not None:
        return None
    span = Span(key.span.start, value.span.end)
    if "\n" in build.file.text[span.start : span.end]:
        return None
    if any(mark in value.text for mark in f"\"'{escape}"):
        if not is_one_word(value.text, escape):
            return None
        text = f"{key.text}={value.text}"
    else:
        text = f'{key.text}="{value.text}"'
    return Fix("write it with =", (Change("text", span, text),), is_safe=True)


def _blank(instruction: Instruction, build: ImageBuild) -> Problem:
    text, blanks = build.file.text, instruction.blanks
    for blank in blanks:
        word = _word_below(text, blank.end)
        if word.upper() in _KNOWN and word.isupper() == instruction.written.isupper():
            return Problem(
                blank,
                f"{instruction.name} goes on behind this blank line, and takes {word} with it",
                instead="instead, take out the backslash above the blank line",
            )
    changes = tuple(
        Change("text", Span(start, end + text.startswith("\n", end)), "") for start, end in blanks
    )
    fix = Fix("take the blank lines out", changes, is_safe=True)
    return Problem(blanks[0], f"blank line within {instruction.name}", fix=fix)


def _word_below(text: str, at: int) -> str:
    """The first word of the line below a place, comments left out; empty for a blank line."""
    while True:
        start = text.find("\n", at) + 1
        if not start:
            return ""
        at = text.find("\n", start)
        at = at if at >= 0 else len(text)
        words = text[start:at].split(None, 1)
        if not words or words[0][0] != "#":
            return words[0] if words else ""
