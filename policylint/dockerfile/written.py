"""What a script writes into which file: `echo … > file`, `… | tee file`, `sed -i s/…/…/ file`."""

from __future__ import annotations

import re
from itertools import chain, dropwhile
from typing import TYPE_CHECKING

from policylint.dockerfile.script import spaced
from policylint.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.dockerfile.excerpt import Excerpt
    from policylint.dockerfile.script import Command, Group, Redirection, Script


class Written(NamedTuple):
    """Some texts, and the files that they all end up in; the paths are as in the script."""

    paths: list[str]
    texts: list[Excerpt]


_INTO_FILE = frozenset((">", ">>", ">|", "&>", "&>>"))
_TELLERS = frozenset(("cat", "echo", "printf", "tee"))
_ECHO_OPTIONS = frozenset(("-E", "-e", "-en", "-n", "-ne"))
# The programs that write.
WRITERS = _TELLERS | {"sed"}
_SED_VALUED = ("-e", "-f", "-l", "--expression", "--file", "--line-length")
# Compiled when something is written: a start does without.
_SUBSTITUTION = (
    r"\s*(?:(?:[\d$,]+|/(?:[^/\\]|\\.)*/)[!\s]*)?s([^\\\n\w])(?:\\.|(?!\1)[^\\])*\1"
    r"((?:\\.|(?!\1)[^\\])*)"
)
_LINE_END = r"\\n|\\r|\r?\n"


def written(script: Script) -> Iterator[Written]:
    """What the commands of a script write, as far as its own text tells."""
    return (each for each in _written(script) if each.paths and each.texts)


def lines(text: Excerpt) -> Iterator[Excerpt]:
    """The lines of what is written, ends that are spelt `\\n` among them."""
    at = 0
    for end in re.finditer(_LINE_END, text.text):
        yield text.slice(at, end.start())
        at = end.end()
    if at < len(text.text):
        yield text.slice(at, len(text.text))


def _written(script: Script) -> Iterator[Written]:
    for inner in script.scripts():
        for pipe in inner.pipes():
            for consumer in pipe.consumers[:1]:
                paths = _teed(consumer)
                texts = chain.from_iterable(map(_told, pipe.producers)) if paths else ()
                yield Written(paths, list(texts))
        for command, group_path in _in_groups(inner):
            if command.name == "sed":
                yield from _substituted(command)
            elif command.name in _TELLERS:
                path = _target(command.redirections) or group_path
                paths = [*_teed(command), path] if path else _teed(command)
                yield Written(paths, list(_told(command)) if paths else [])


def _in_groups(script: Script) -> Iterator[tuple[Command, str]]:
    """Every command, with the file that the groups around it write into."""
    beginning: dict[int, list[Group]] = {}
    for group in script.groups:  # in the order in which they end
        if group.first < group.end:
            beginning.setdefault(group.first, []).append(group)
    open_: list[tuple[int, str]] = [(len(script.commands), "")]
    for command in script.commands:
        while open_[-1][0] <= command.index:
            open_.pop()
        for group in reversed(beginning.get(command.index, ())):
            open_.append((group.end, _target(group.redirections) or open_[-1][1]))
        yield command, open_[-1][1]


def _target(redirections: list[Redirection]) -> str:
    """The file that the output goes to: the last has the say."""
    for each in reversed(redirections):
        if each.operator in _INTO_FILE and each.descriptor in ("", "1"):
            return each.target.value
    return ""


def _teed(command: Command) -> list[str]:
    if command.name != "tee":
        return []
    return [word.value for word in command.split().operands]


def _told(command: Command) -> Iterator[Excerpt]:
    """The text that a command writes: its arguments, its here-document."""
    if command.name not in _TELLERS:
        return
    for each in command.redirections:
        if each.body is not None:
            yield each.body
        elif each.operator == "<<<":
            yield each.target.content
    words = command.arguments
    if command.name == "echo":
        said = list(dropwhile(lambda word: word.value in _ECHO_OPTIONS, words))
        if said:
            yield spaced(said)
    elif command.name == "printf":
        yield from (word.content for word in words)


def _substituted(command: Command) -> Iterator[Written]:
    """What `sed -i` puts into files in the place of something else."""
    arguments = command.split(_SED_VALUED)
    files = list(arguments.operands)
    if not files or not arguments.option("-i", "--in-place"):
        return
    given = {each.value_span for each in arguments.options if each.name in ("-e", "--expression")}
    scripts = [word for word in command.arguments if word.span in given] or [files.pop(0)]
    found = [(script, re.match(_SUBSTITUTION, script.value, re.DOTALL)) for script in scripts]
    texts = [script.content.slice(*match.span(2)) for script, match in found if match]
    yield Written([word.value for word in files], texts)
