"""What a script writes into which file: `echo … > file`, `… | tee file`, `sed -i s/…/…/ file`."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from policylint.dockerfile.excerpt import Excerpt, joined

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.dockerfile.script import Command, Group, Script, ShellWord


class Written(NamedTuple):
    """Some text, and the file that it ends up in; the path is as in the script."""

    path: str
    text: Excerpt


_INTO_FILE = frozenset((">", ">>", ">|", "&>", "&>>"))
_TELLERS = frozenset(("cat", "echo", "printf", "tee"))
_SED_VALUED = ("-e", "-f", "-l", "--expression", "--file", "--line-length")
_SUBSTITUTION = re.compile(
    r"\s*(?:(?:[\d$,]+|/(?:[^/\\]|\\.)*/)[!\s]*)?s([^\\\n\w])(?:\\.|(?!\1)[^\\])*\1"
    r"((?:\\.|(?!\1)[^\\])*)",
    re.DOTALL,
)
_LINE_END = re.compile(r"\\n|\\r|\r?\n")


def written(script: Script) -> Iterator[Written]:
    """What the commands of a script write, as far as its own text tells."""
    for inner in script.scripts():
        yield from _by_pipes(inner)
        for command, groups in _in_groups(inner):
            if command.name == "sed":
                yield from _substituted(command)
            elif command.name in _TELLERS:
                texts = list(_told(command))
                for path in chain(_files(command, groups), _teed(command)):
                    yield from (Written(path, text) for text in texts)


def lines(text: Excerpt) -> Iterator[Excerpt]:
    """The lines of what is written, ends that are spelt `\\n` among them."""
    at = 0
    for end in _LINE_END.finditer(text.text):
        yield text.slice(at, end.start())
        at = end.end()
    if at < len(text.text):
        yield text.slice(at, len(text.text))


def _by_pipes(script: Script) -> Iterator[Written]:
    """What `tee` at the end of a pipe is told by the command before it."""
    for pipe in script.pipes():
        for path in _teed(pipe.consumers[0]):
            for producer in pipe.producers:
                if producer.name in _TELLERS:
                    yield from (Written(path, text) for text in _told(producer))


def _in_groups(script: Script) -> Iterator[tuple[Command, list[Group]]]:
    """Every command with the groups around it, the innermost last."""
    beginning: dict[int, list[Group]] = {}
    for group in script.groups:  # in the order in which they end
        beginning.setdefault(group.first, []).append(group)
    open_: list[Group] = []
    for command in script.commands:
        while open_ and open_[-1].end <= command.index:
            open_.pop()
        open_ += reversed(beginning.get(command.index, ()))
        yield command, open_


def _files(command: Command, groups: list[Group]) -> list[str]:
    """Where the output of a command goes; its own redirection has the first word."""
    for redirections in (command.redirections, *(group.redirections for group in groups[::-1])):
        found = [
            each.target.value
            for each in redirections
            if each.operator in _INTO_FILE and each.descriptor in ("", "1")
        ]
        if found:
            return found
    return []


def _teed(command: Command) -> Iterator[str]:
    if command.name == "tee":
        for word in command.split().operands:
            yield word.value


def _told(command: Command) -> Iterator[Excerpt]:
    """The text that a command writes: its arguments, its here-document."""
    for each in command.redirections:
        if each.body is not None:
            yield each.body
        elif each.operator == "<<<":
            yield each.target.content
    words = command.arguments
    if command.name == "echo" and words:
        yield _spaced(words)
    elif command.name == "printf":
        yield from (word.content for word in words)


def _spaced(words: list[ShellWord]) -> Excerpt:
    """Words with a blank between them, as echo writes them."""
    parts = [words[0].content]
    for word in words[1:]:
        parts += [Excerpt(" ", (0,), (word.span.start,)), word.content]
    return joined(parts)


def _substituted(command: Command) -> Iterator[Written]:
    """What `sed -i` puts into files in the place of something else."""
    arguments = command.split(_SED_VALUED)
    files = list(arguments.operands)
    if not files or not arguments.option("-i", "--in-place"):
        return
    given = {each.value_span for each in arguments.options if each.name in ("-e", "--expression")}
    scripts = [word for word in command.arguments if word.span in given] or [files.pop(0)]
    for script in scripts:
        found = _SUBSTITUTION.match(script.value)
        if found:
            text = script.content.slice(*found.span(2))
            yield from (Written(word.value, text) for word in files)
