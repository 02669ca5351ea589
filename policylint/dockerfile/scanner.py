"""Dockerfile text to instructions, every part of them with its exact place.

The rules for lines are BuildKit's. Unlike BuildKit, which refuses the
whole file, the scanner goes on with the next instruction when one is wrong.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policylint.dockerfile.excerpt import Excerpt, Stretch, Word
from policylint.dockerfile.variables import is_plain
from policylint.dockerfile.words import (
    SPACE,
    SPACES,
    first,
    split,
    split_json,
    split_pairs,
)
from policylint.named import NamedTuple
from policylint.patterns import regex
from policylint.source import Span

if TYPE_CHECKING:
    from collections.abc import Callable

    from policylint.dockerfile.heredocs import Request
    from policylint.dockerfile.words import Pair

# fmt: off
NAMES = (
    "ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL",
    "MAINTAINER", "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
)
# fmt: on

_LONGEST_SUM = 256

_WITH_JSON = frozenset(("ADD", "CMD", "COPY", "ENTRYPOINT", "RUN", "SHELL", "VOLUME"))
_NOTHING: tuple[Span, ...] = ()
_WITH_HEREDOCS = frozenset(("ADD", "COPY", "RUN"))

# Around flags BuildKit knows ASCII blanks only.
_BLANKS = re.compile(r"[\t\n\v\f\r ]*")
_SPACES = re.compile(SPACES)
# A name, and where its flags, or else its operands begin.
_HEAD = re.compile(rf"([^\t\v\f\r ]*){_BLANKS.pattern}(?:(--)|{SPACES})")
_PLAIN_FLAG = re.compile(r"--([^\t\n\v\f\r '\"\\=]+)(?:=([^\t\n\v\f\r '\"\\]*))?[\t\n\v\f\r ]+")
_FLAG_PIECE = regex(
    r"[^\t\n\v\f\r '\"\\]+|\\.?|'(?:[^'\\]|\\.)*[\\']?|\"(?:[^\"\\]|\\.)*[\\\"]?", re.DOTALL
)
_ESCAPED = regex(r"\\(.)|([^\\]+)", re.DOTALL)
_IN_DIRECTIVES = "\t\f\r "
_DIRECTIVES = frozenset(("check", "escape", "syntax"))
_FLAG_QUOTE = re.compile(r"['\"\\]")


class Directive(NamedTuple):
    """A parser directive such as `# syntax=docker/dockerfile:1`; the name in lower case."""

    name: str
    value: str
    span: Span
    value_span: Span


class Flag(NamedTuple):
    """A flag of an instruction, `--name` or `--name=value`, without its quotes.

    `excerpt` is the value again, for whoever wants to look into it.
    """

    name: str
    value: str | None
    span: Span
    value_span: Span | None
    excerpt: Excerpt | None


class Heredoc(NamedTuple):
    """A here-document: the word that asks for it, and the lines below.

    `body` has neither the last line nor, with `<<-`, the leading tabs; `span` is
    the place of the body, `end` that of the last line, `None` if there is none.
    """

    word: Word
    name: str
    descriptor: str
    expand: bool
    chomp: bool
    body: Excerpt
    span: Span
    end: Span | None


class Dockerfile:
    """What stands in a Dockerfile, in the order of the file; `comments` are without directives."""

    __slots__ = ("_every", "comments", "directives", "escape", "instructions", "text")

    def __init__(
        self,
        text: str,
        escape: str,
        directives: tuple[Directive, ...],
        comments: tuple[Word, ...],
        instructions: tuple[Instruction, ...],
    ) -> None:
        self.text = text
        self.escape = escape
        self.directives = directives
        self.comments = comments
        self.instructions = instructions
        self._every: list[Instruction] = []

    def directive(self, name: str) -> Directive | None:
        """The directive of a name, if the file has it."""
        return next((found for found in self.directives if found.name == name), None)

    def all_instructions(self) -> list[Instruction]:
        """The instructions, and those behind an ONBUILD each after it."""
        if not self._every:
            for instruction in self.instructions:
                self._every.append(instruction)
                if instruction.trigger is not None:
                    self._every.append(instruction.trigger)
        return self._every


class Instruction:
    """One instruction, with its continuation lines joined.

    `name` is in capitals, `written` as it stands there; `comments` stand directly
    above, `heredocs` below, `blanks` are the blank lines inside. `trigger` is the
    instruction behind an ONBUILD. `operand_start` and `operand_end` are places in the
    excerpt.

    `words` are the operands as the instruction splits them: the strings of an exec
    form (decoded), which no shell sees (`is_exec`), the words of ADD, COPY, EXPOSE,
    FROM, VOLUME and HEALTHCHECK; all else, such as a shell command, is one word. ENV,
    LABEL and ARG have `pairs` in their place.
    """

    __slots__ = (
        "_begin",
        "_name_end",
        "blanks",
        "comments",
        "escape",
        "excerpt",
        "flags",
        "heredocs",
        "is_exec",
        "name",
        "operand_end",
        "operand_start",
        "pairs",
        "start",
        "trigger",
        "words",
        "written",
    )

    def __init__(
        self,
        excerpt: Excerpt,
        begin: int,
        end: int,
        escape: str,
        comments: tuple[Word, ...] = (),
        blanks: tuple[Span, ...] = (),
    ) -> None:
        self.excerpt = excerpt
        self.escape = escape
        self.comments = comments
        self.blanks = blanks
        self.heredocs: tuple[Heredoc, ...] = ()
        self.trigger: Instruction | None = None
        self.start = excerpt.offset(begin)  # in the source
        self._begin = begin
        self.operand_end = end
        head: re.Match[str] = _HEAD.match(excerpt.text, begin, end)  # type: ignore[assignment]
        self._name_end = head.end(1)
        self.written = head[1]
        self.name = name = self.written.upper()
        self.flags: tuple[Flag, ...] = ()
        self.operand_start = start = self._read_flags() if head[2] else head.end()
        self.is_exec = False
        self.pairs: tuple[Pair, ...] = ()
        self.words: tuple[Word, ...] = ()
        if start < end:
            splitter = _SPLITTERS.get(name)
            self.words = splitter(self, start) if splitter else (excerpt.word(start, end),)

    def __repr__(self) -> str:
        return f"<{self.excerpt.text[self._begin : self.operand_end]!r}>"

    @property
    def keyword(self) -> Word:
        """The name as written."""
        return self.excerpt.word(self._begin, self._name_end)

    @property
    def span(self) -> Span:
        """From the name to the end of the operands."""
        return self.excerpt.span(self._begin, self.operand_end)

    @property
    def extent(self) -> Span:
        """From the name to the end of the last here-document."""
        carrier = self.trigger or self
        if not carrier.heredocs:
            return self.span
        last = carrier.heredocs[-1]
        return Span(self.excerpt.offset(self._begin), (last.end or last.span).end)

    @property
    def line(self) -> Excerpt:
        """All of it, without here-documents, as the one line that the build makes of it."""
        return self.excerpt.slice(self._begin, self.operand_end)

    @property
    def operand(self) -> Excerpt:
        """All that stands behind the flags, as one text."""
        return self.excerpt.slice(self.operand_start, self.operand_end)

    @property
    def is_plain(self) -> bool:
        """Whether no quote, escape or variable stands in it, so that words are as written."""
        return is_plain(self.excerpt.text, self.escape)

    @property
    def opens_array(self) -> bool:
        """Whether the operands begin like a JSON array."""
        return self.excerpt.text.startswith("[", self.operand_start, self.operand_end)

    @property
    def has_operand(self) -> bool:
        """Whether anything stands behind the flags."""
        return self.operand_start < self.operand_end

    def beginning(self, size: int) -> str:
        """The first characters of the operands."""
        start = self.operand_start
        return self.excerpt.text[start : min(start + size, self.operand_end)]

    @property
    def takes_json(self) -> bool:
        """Whether the instruction has an exec form."""
        return self.name in _WITH_JSON

    def flag(self, name: str) -> Flag | None:
        """The last flag of a name, if there is one."""
        for flag in reversed(self.flags):
            if flag.name == name:
                return flag
        return None

    def _read_flags(self) -> int:
        """Take the flags, and tell where the operands begin."""
        excerpt, end = self.excerpt, self.operand_end
        text = excerpt.text
        at = _past_blanks(text, self._name_end)
        flags: list[Flag] = []
        while text.startswith("--", at):
            plain = _PLAIN_FLAG.match(text, at, end)
            if plain:
                flags.append(_plain_flag(excerpt, plain))
                at = plain.end()
                continue
            stop = _flag_end(text, at, end)
            flag, at = _flag(excerpt, at, stop), _past_blanks(text, stop)
            if not flag.name and flag.value is None:
                break
            flags.append(flag)
        self.flags = tuple(flags)
        return min(_past_space(text, at), end)


def _command(instruction: Instruction, start: int) -> tuple[Word, ...]:
    """The strings of an exec form, or all that stands there as one word."""
    excerpt = instruction.excerpt
    strings = split_json(excerpt, start) if excerpt.text[start] == "[" else None
    if strings is None:
        return (excerpt.word(start, instruction.operand_end),)
    instruction.is_exec = True
    return strings


def _paths(instruction: Instruction, start: int) -> tuple[Word, ...]:
    excerpt = instruction.excerpt
    if excerpt.text[start] == "[":
        found = _command(instruction, start)
        if instruction.is_exec:
            return found
    return split(excerpt, start, instruction.operand_end)


def _split(instruction: Instruction, start: int) -> tuple[Word, ...]:
    return split(instruction.excerpt, start, instruction.operand_end)


def _checked(instruction: Instruction, start: int) -> tuple[Word, ...]:
    """CMD or NONE, and the command behind it."""
    excerpt, end = instruction.excerpt, instruction.operand_end
    head = first(excerpt, start, end)
    start = _past_blanks(excerpt.text, start + len(head.text))
    return (head, *_command(instruction, start)) if start < end else (head,)


def _paired(instruction: Instruction, start: int) -> tuple[Word, ...]:
    excerpt, end = instruction.excerpt, instruction.operand_end
    name, escape = instruction.name, instruction.escape
    instruction.pairs = split_pairs(excerpt, start, end, name, escape)
    return ()


# How the operands of an instruction are split, where they are not one word.
_SPLITTERS: dict[str, Callable[[Instruction, int], tuple[Word, ...]]] = {
    "ADD": _paths,
    "ARG": _paired,
    "CMD": _command,
    "COPY": _paths,
    "ENTRYPOINT": _command,
    "ENV": _paired,
    "EXPOSE": _split,
    "FROM": _split,
    "HEALTHCHECK": _checked,
    "LABEL": _paired,
    "RUN": _command,
    "SHELL": _command,
    "VOLUME": _paths,
}


def scan(text: str) -> Dockerfile:
    """Read a Dockerfile. Nothing raises: `defects.find` tells what a build would refuse."""
    return _Scan(text).run()


class _Scan:
    """One walk over the lines of a text."""

    __slots__ = ("at", "comments", "escape", "last_lines", "lines", "next", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = text.split("\n")
        if not self.lines[-1]:
            self.lines.pop()
        self.next = 0  # which line is read next
        self.at = 0  # where it begins
        self.escape = "\\"
        self.comments: list[Word] = []
        self.last_lines: dict[bool, dict[str, int]] = {}

    def run(self) -> Dockerfile:
        """The whole file."""
        directives = self._directives()
        instructions: list[Instruction] = []
        above: list[Word] = []
        lines, count = self.lines, len(self.lines)
        while self.next < count:
            start, line = self.at, lines[self.next]
            self.next += 1
            self.at += len(line) + 1
            content = line.strip(SPACE)
            if not content:
                above = []
                continue
            if content[0] != line[0]:
                start += line.index(content[0])
            if content[0] == "#":
                above.append(self._comment(content, start))
                continue
            piece = self._continued(line) if self.escape in line else None
            if piece is None:
                excerpt: Excerpt = Stretch(content, start)
                begin, end, blanks = 0, len(content), _NOTHING
            else:
                excerpt, blanks = self._joined(piece.lstrip(SPACE), start)
                begin, end = _past_space(excerpt.text, 0), len(excerpt.text.rstrip(SPACE))
            if begin < end:
                instruction = Instruction(excerpt, begin, end, self.escape, tuple(above), blanks)
                instructions.append(instruction)
                if instruction.name == "ONBUILD" or "<<" in excerpt.text:
                    self._complete(instruction)
            above = []
        return Dockerfile(
            self.text, self.escape, directives, tuple(self.comments), tuple(instructions)
        )

    def _take_line(self) -> str:
        line = self.lines[self.next]
        self.next += 1
        self.at += len(line) + 1
        return line

    def _directives(self) -> tuple[Directive, ...]:
        directives: list[Directive] = []
        while self.next < len(self.lines):
            line = self.lines[self.next]
            head, equals, tail = line.strip(SPACE).partition("=")
            name, value = head[1:].strip(_IN_DIRECTIVES).lower(), tail.lstrip(_IN_DIRECTIVES)
            if head[:1] != "#" or not head.isascii() or name not in _DIRECTIVES or not value:
                break
            start = self.at + len(line) - len(line.lstrip(SPACE))
            end = start + len(head) + len(equals) + len(tail)
            directives.append(Directive(name, value, Span(start, end), Span(end - len(value), end)))
            if name == "escape" and value in ("\\", "`"):
                self.escape = value
            self._take_line()
        return tuple(directives)

    def _comment(self, text: str, start: int) -> Word:
        comment = Word(text, Span(start, start + len(text)))
        self.comments.append(comment)
        return comment

    def _complete(self, instruction: Instruction) -> None:
        """Read what is behind ONBUILD, and the here-documents below."""
        carrier, excerpt = instruction, instruction.excerpt
        if instruction.name == "ONBUILD":
            begin, end = instruction.operand_start, instruction.operand_end
            if begin < end:
                carrier = instruction.trigger = Instruction(excerpt, begin, end, self.escape)
        if "<<" in excerpt.text and carrier.name in _WITH_HEREDOCS and not carrier.is_exec:
            carrier.heredocs = self._heredocs(carrier)

    def _continued(self, line: str) -> str | None:
        """The line without its continuation, `None` if it has none."""
        content = line.rstrip("\r").rstrip(" \t")
        if content.endswith(self.escape) and content[-2:-1] != self.escape:
            return content[:-1]
        return None

    def _joined(self, piece: str | None, start: int) -> tuple[Excerpt, tuple[Span, ...]]:
        """The lines of one instruction, the first of them given."""
        texts: list[str] = []
        starts: list[int] = []
        sources: list[int] = []
        blanks: list[Span] = []
        length = 0
        line = ""
        while True:
            text = line.rstrip("\r") if piece is None else piece
            if text:
                texts.append(text)
                starts.append(length)
                sources.append(start)
                length += len(text)
            if piece is None:
                break
            while self.next < len(self.lines):
                start = self.at
                line = self._take_line()
                content = line.strip(SPACE)
                if not content:
                    blanks.append(Span(start, start + len(line)))
                elif content[0] == "#":
                    self._comment(content, start + line.index("#"))
                else:
                    break
            else:
                break
            piece = self._continued(line)
        return Excerpt("".join(texts), starts or (0,), sources or (start,)), tuple(blanks)

    def _heredocs(self, instruction: Instruction) -> tuple[Heredoc, ...]:
        # Few files have any, and every start counts.
        from policylint.dockerfile.heredocs import requests

        found: list[Heredoc] = []
        excerpt = instruction.excerpt
        for start, end, request in requests(excerpt.text):
            last = self._last_line(request.name, request.chomp)
            if last < 0 and _in_arithmetic(excerpt.text, start):
                continue
            body_start = min(self.at, len(self.text))
            closing = self._skip_body(request, last, instruction)
            span = Span(body_start, closing.start if closing else min(self.at, len(self.text)))
            found.append(
                Heredoc(
                    excerpt.word(start, end),
                    request.name,
                    request.descriptor,
                    request.expand,
                    request.chomp,
                    self._body(span, request.chomp),
                    span,
                    closing,
                )
            )
        return tuple(found)

    def _last_line(self, name: str, chomp: bool) -> int:
        """Which line is the last that could end a here-document, negative if none is to come.

        The table keeps a file with many open here-documents from being read over and over.
        """
        table = self.last_lines.get(chomp)
        if table is None:
            table = {_ending(line, chomp): number for number, line in enumerate(self.lines)}
            self.last_lines[chomp] = table
        number = table.get(name, -1)
        return number if number >= self.next else -1

    def _skip_body(self, request: Request, last: int, instruction: Instruction) -> Span | None:
        """Go to the end of a here-document and answer with the place of its last line.

        One without end goes up to what looks like the next instruction, so that
        the rest of the file is still read.
        """
        name, chomp = request.name, request.chomp
        looks_like = _names_in_the_case_of(instruction.keyword.text) if last < 0 else None
        while self.next < len(self.lines):
            start, line = self.at, self.lines[self.next]
            if looks_like and looks_like.match(line):
                break
            self._take_line()
            if not looks_like and _ending(line, chomp) == name:
                return Span(start, start + len(line.rstrip("\r")))
        return None

    def _body(self, span: Span, chomp: bool) -> Excerpt:
        text = self.text[span.start : span.end]
        if not chomp and "\r" not in text:
            return Stretch(text, span.start)
        whole = Stretch(text, span.start)
        parts: list[tuple[str, int, int]] = []
        at = 0
        for line in text.split("\n"):
            start = at + (len(line) - len(line.lstrip("\t")) if chomp else 0)
            end = at + len(line.rstrip("\r"))
            parts.append((text[start:end], start, end))
            at += len(line) + 1
            if at <= len(text):
                parts.append(("\n", at - 1, at))
        return whole.rewritten([part for part in parts if part[0]])


def _past_space(text: str, at: int) -> int:
    return _SPACES.match(text, at).end()  # type: ignore[union-attr]  # it matches anything


def _past_blanks(text: str, at: int) -> int:
    return _BLANKS.match(text, at).end()  # type: ignore[union-attr]


def _names_in_the_case_of(keyword: str) -> re.Pattern[str]:
    names = "|".join(NAMES)
    return re.compile(rf"\s*(?:{names if keyword.isupper() else names.lower()})\s")


def _ending(line: str, chomp: bool) -> str:
    line = line.rstrip("\r")
    return line.lstrip("\t") if chomp else line


def _in_arithmetic(text: str, at: int) -> bool:
    """Whether `$((` is open shortly before, so that `<<` shifts."""
    opened = text.rfind("((", max(0, at - _LONGEST_SUM), at)
    return opened >= 0 and text.find("))", opened, at) < 0


def _flag_end(text: str, at: int, end: int) -> int:
    while at < end:
        piece = _FLAG_PIECE.match(text, at, end)
        if not piece:
            break
        at = piece.end()
    return at


def _plain_flag(excerpt: Excerpt, found: re.Match[str]) -> Flag:
    """A flag without quotes, with something behind it."""
    name, value = found.groups()
    start, end = found.start(), found.end(1) if value is None else found.end(2)
    if value is None:
        return Flag(name, None, excerpt.span(start, end), None, None)
    begin = found.start(2)
    content = excerpt.slice(begin, end)
    return Flag(name, value, excerpt.span(start, end), excerpt.span(begin, end), content)


def _flag(excerpt: Excerpt, start: int, end: int) -> Flag:
    equals = excerpt.text.find("=", start, end)
    name = _unquoted(excerpt, start + 2, equals if equals >= 0 else end).text
    if equals < 0:
        return Flag(name, None, excerpt.span(start, end), None, None)
    value = _unquoted(excerpt, equals + 1, end)
    span, value_span = excerpt.span(start, end), excerpt.span(equals + 1, end)
    return Flag(name, value.text, span, value_span, value)


def _unquoted(excerpt: Excerpt, start: int, end: int) -> Excerpt:
    text = excerpt.text
    if not _FLAG_QUOTE.search(text, start, end):
        return excerpt.slice(start, end)
    parts: list[tuple[str, int, int]] = []
    for piece in _FLAG_PIECE.finditer(text, start, end):
        first, last = piece.span()
        quote = text[first]
        if quote in "'\"":
            first += 1
            last -= last > first and text[last - 1] == quote
        for part in _ESCAPED.finditer(text, first, last):
            kept = part.lastindex or 0
            parts.append((part.group(kept), *part.span(kept)))
    return excerpt.rewritten(parts)
