"""Definitions in the shape in which conftest gives them to its policies.

JSON and YAML are given as written, a list element by element. A Dockerfile is a list of
its instructions, each with the comments above it, as BuildKit's parser takes them apart.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from typing import TYPE_CHECKING, Any

from policylint.dockerfile.scanner import scan
from policylint.named import NamedTuple
from policylint.source import Span
from policylint.tree import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.dockerfile.scanner import Dockerfile, Instruction
    from policylint.model import At
    from policylint.parsers import Document

Steps = tuple["str | int", ...]

_FIRST_WORD = re.compile(r"\S+")


class Shape(NamedTuple):
    """What a policy of conftest gets as its input, and where that stands in the document.

    Of JSON and YAML it is the path of the value, of a Dockerfile the places of the commands.
    """

    value: Any
    path: Steps = ()
    commands: tuple[Command, ...] = ()


class Command(NamedTuple):
    """An instruction or comment of a Dockerfile, and the places of it and of its values."""

    said: dict[str, Any]
    at: Span
    values: tuple[Span, ...] = ()


def shapes(document: Document) -> list[Shape]:
    """The inputs that a document makes: one, or as many as a list has items."""
    if document.tree is None:
        found = tuple(commands(scan(document.source.text)))
        return [Shape([command.said for command in found], commands=found)]
    value = document.tree.value
    if isinstance(value, list):
        return [Shape(item, (index,)) for index, item in enumerate(value)]
    return [Shape(value)]


def commands(file: Dockerfile) -> Iterator[Command]:
    """The instructions of a Dockerfile, comments before those that they precede."""
    starts = [comment.span.start for comment in file.comments]
    stage = -1
    end = 0
    for instruction in file.instructions:
        stage += instruction.name == "FROM"
        first, last = bisect_left(starts, end), bisect_left(starts, instruction.start)
        above = [comment.span for comment in file.comments[first:last]]
        for at, text in _comments(file.text, above):
            yield Command(_said("comment", [text], stage, flags=None), at)
        yield _command(instruction, stage)
        end = instruction.extent.end


def place(shape: Shape, path: Steps) -> At | None:
    """The place of a value of the shape; None when there is no such value."""
    if not shape.commands:
        return Place((*shape.path, *path))
    if not path:
        return Span(0, 0)
    number = path[0]
    if not isinstance(number, int) or not 0 <= number < len(shape.commands):
        return None
    command = shape.commands[number]
    is_value = len(path) == 3 and path[1] == "Value" and isinstance(path[2], int)
    if is_value and 0 <= path[2] < len(command.values):  # type: ignore[operator]
        return command.values[path[2]]  # type: ignore[index]
    return command.at


def _comments(text: str, spans: list[Span]) -> Iterator[tuple[Span, str]]:
    """The comments above an instruction; an empty one hides those above it.

    Of one that is indented conftest takes the first blank away instead of the `#`.
    """
    found: list[tuple[Span, str]] = []
    for span in spans:
        said = text[span.start : span.end]
        is_indented = text[max(span.start - 1, 0) : span.start] not in ("", "\n")
        content = said if is_indented else said[1:].strip()
        if content:
            found.append((span, content))
        else:
            found.clear()
    yield from found


def _command(instruction: Instruction, stage: int) -> Command:
    inner = instruction.trigger or instruction
    is_json, words = _words(inner)
    flags = _flags(instruction)
    said = _said(
        instruction.name.lower(),
        [text for text, _ in words] or None,
        stage,
        flags=flags,
        is_json=is_json,
        inner=inner.written if inner is not instruction else "",
    )
    return Command(said, instruction.keyword.span, tuple(span for _, span in words))


def _said(
    name: str,
    values: list[str] | None,
    stage: int,
    *,
    flags: list[str] | None,
    is_json: bool = False,
    inner: str = "",
) -> dict[str, Any]:
    return {
        "Cmd": name,
        "SubCmd": inner,
        "JSON": is_json,
        "Flags": flags,
        "Value": values,
        "Stage": max(stage, 0),
    }


def _flags(instruction: Instruction) -> list[str] | None:
    if not instruction.flags and not instruction.has_operand:
        return None
    return [
        f"--{flag.name}" if flag.value is None else f"--{flag.name}={flag.value}"
        for flag in instruction.flags
    ]


def _words(instruction: Instruction) -> tuple[bool, list[tuple[str, Span]]]:
    """Whether the operands are in JSON, and their words."""
    operand = instruction.operand
    if instruction.name in ("ENV", "LABEL"):
        return False, list(_pairs(instruction))
    head: list[tuple[str, Span]] = []
    if instruction.name == "HEALTHCHECK":
        first = _FIRST_WORD.match(operand.text)
        if first is None:
            return False, []
        head = [(first.group(), operand.span(*first.span()))]
        rest = len(operand.text) - len(operand.text[first.end() :].lstrip())
        operand = operand.slice(rest, len(operand.text))
    if instruction.takes_json or head:
        strings = _strings(operand.text)
        if strings is not None:
            spans = [word.span for word in instruction.words[len(head) :]]
            whole = operand.span(0, len(operand.text))
            exact = spans if instruction.is_exec and len(spans) == len(strings) else []
            found = zip(strings, exact or [whole] * len(strings), strict=True)
            return True, [*head, *found]
    if head or instruction.is_exec:
        text = operand.text
        return False, [*head, *([(text, operand.span(0, len(text)))] if text else [])]
    words = [pair.word for pair in instruction.pairs] or instruction.words
    return False, [(word.text, word.span) for word in words if word.text]


def _pairs(instruction: Instruction) -> Iterator[tuple[str, Span]]:
    """Name, value and what stands between them: `=`, or nothing in the old form."""
    for pair in instruction.pairs:
        value = pair.value or pair.key._replace(text="")
        yield pair.key.text, pair.key.span
        yield value.text, value.span
        yield "" if pair.legacy else "=", pair.key.span


def _strings(text: str) -> list[str] | None:
    """A list of strings in JSON with nothing behind it."""
    if not text.startswith("["):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if all(isinstance(item, str) for item in found) else None
