"""Shell text to the commands in it.

A small reading of POSIX shell and the parts of bash that build files use. It does
not check a script: whatever it cannot place is a word, and nothing raises.

Why not a kept parser? Measured on six usual RUN lines, bashlex takes 5 to 10 times as
long, its import costs ten starts of Python, and it gives up on patterns of `case`, `[[`,
arrays and arithmetic. tree-sitter-bash is 3 to 6 times faster, but is 3.6 MB of machine
code whose import costs two starts, counts bytes, answers half a script with ERROR nodes, and
leaves the wrappers, the scripts behind `-c` and the way back to the file to be written anyway.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from policylint.dockerfile.excerpt import Excerpt, Stretch, joined
from policylint.dockerfile.script import (
    Assignment,
    Command,
    Group,
    Redirection,
    Script,
    ShellWord,
    spaced,
)
from policylint.dockerfile.words import decoded
from policylint.named import NamedTuple
from policylint.patterns import regex
from policylint.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from policylint.dockerfile.excerpt import Word
    from policylint.dockerfile.scanner import Instruction

SHELLS = frozenset(("ash", "bash", "dash", "ksh", "sh", "zsh"))


class Wrapper(NamedTuple):
    """A program that runs another: which of its options take a value, and what comes first."""

    valued: frozenset[str] = frozenset()
    operands: int = 0
    assignments: bool = False
    queries: frozenset[str] = frozenset()


# fmt: off
_SUDO = frozenset((
    "-C", "-D", "-R", "-T", "-U", "-g", "-h", "-p", "-r", "-t", "-u", "--chdir", "--chroot",
    "--close-from", "--command-timeout", "--group", "--host", "--other-user", "--prompt", "--role",
    "--type", "--user",
))
_XARGS = frozenset((
    "-E", "-I", "-L", "-P", "-a", "-d", "-n", "-s", "--arg-file", "--delimiter", "--max-args",
    "--max-chars", "--max-lines", "--max-procs", "--process-slot-var",
))
# fmt: on

WRAPPERS = {
    "builtin": Wrapper(),
    "busybox": Wrapper(),
    "chroot": Wrapper(operands=1),
    "command": Wrapper(queries=frozenset(("-v", "-V"))),
    "coproc": Wrapper(),
    "doas": Wrapper(frozenset(("-C", "-a", "-u"))),
    "dumb-init": Wrapper(frozenset(("-r", "--rewrite"))),
    "eatmydata": Wrapper(),
    "env": Wrapper(frozenset(("-u", "--unset", "-C", "--chdir")), assignments=True),
    "exec": Wrapper(frozenset(("-a",))),
    "fakeroot": Wrapper(frozenset(("-b", "-i", "-l", "-s", "--faked", "--lib"))),
    "gosu": Wrapper(operands=1),
    "ionice": Wrapper(frozenset(("-c", "-n", "-p", "--class", "--classdata", "--pid"))),
    "nice": Wrapper(frozenset(("-n", "--adjustment"))),
    "nohup": Wrapper(),
    "setsid": Wrapper(),
    "stdbuf": Wrapper(frozenset(("-e", "-i", "-o", "--error", "--input", "--output"))),
    "su-exec": Wrapper(operands=1),
    "sudo": Wrapper(_SUDO, assignments=True),
    "time": Wrapper(frozenset(("-f", "--format", "-o", "--output"))),
    "timeout": Wrapper(frozenset(("-k", "--kill-after", "-s", "--signal")), operands=1),
    "tini": Wrapper(frozenset(("-e", "-p"))),
    "xargs": Wrapper(_XARGS),
}

# Deeper nesting is nobody's real script; every level reads its text again.
_DEEPEST_SCRIPT = 10
_DEEPEST_GROUP = 100
_LONGEST_SUM = 1000  # how far to look for the end of ((...))

_BLANKS = re.compile(r"(?:[ \t\r\f\v]|\\\r?\n)+")
_OPERATOR = re.compile(r"&&|\|\||\|&|;;&|;;|;&|[|&;()\n]")
_REDIRECTION = regex(r"(\d*|\{\w+\})(&>>|&>|<<<|<<-|<<|<>|<&|>>|>&|>\||<(?!\()|>(?!\())")
# Most words have nothing special in them, nor anything behind them that could be a part.
_USUAL = re.compile(
    r"[ \t\r\f\v]*([^ \t\r\f\v\n'\"\\$`;&|<>()#][^ \t\r\f\v\n'\"\\$`;&|<>()]*)"
    r"(?![^ \t\r\f\v\n;&|)])"
)
_PLAIN = re.compile(r"[^ \t\r\f\v\n'\"\\$`;&|<>()]+")
_ANSI_QUOTED = regex(r"[^'\\]*(?:\\.[^'\\]*)*", re.DOTALL)
_ANSI_PIECE = regex(r"\\.|[^\\]+", re.DOTALL)
_ANSI_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_IN_QUOTES = regex(r"[^\"\\$`]+")
_NESTING = regex(r"['\"\\`$(){}]")
_BACKTICK = regex(r"[`\\]")
_EXPANSION = regex(r"\$[({]|`|\\")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)(?:\[[^\]\s]*\])?\+?=")
_PARAMETER = regex(r"\w+|[@*#?$!-]")
_LAST_PART = regex(r"/([\w.+-]+)\Z")

_RUNS_SCRIPT = SHELLS | {"eval", "runuser", "su"}
_EXECUTES = frozenset(("-exec", "-execdir", "-ok", "-okdir"))
_OPENERS = frozenset(("case", "for", "if", "select", "until", "while", "{"))
_CLOSERS = {
    "done": ("for", "select", "until", "while"),
    "esac": ("case",),
    "fi": ("if",),
    "}": ("{",),
}
_SEPARATORS = frozenset(("!", "do", "elif", "else", "then"))
_RESERVED = _OPENERS | _SEPARATORS | {*_CLOSERS, "function"}
_ENDS_WORD = frozenset(" \t\r\f\v\n;&|<>()")


def parse(text: str | Excerpt, kind: str = "") -> Script:
    """Read a script, plain text or an excerpt of a source."""
    excerpt = Stretch(text) if isinstance(text, str) else text
    return _Reader(excerpt, kind, 0).run()


def command_line(words: Sequence[ShellWord]) -> Script:
    """The script that a list of arguments amounts to: no shell sees it, unless it is one."""
    return _reading(words, "", 0)


def _reading(words: Sequence[ShellWord], kind: str, depth: int) -> Script:
    reader = _Reader(Stretch("".join([word.value for word in words])), kind, depth)
    reader.words = list(words)
    reader.end_command("")
    return reader.script


def read(instruction: Instruction) -> Script | None:
    """The script of a RUN, CMD, ENTRYPOINT or HEALTHCHECK CMD.

    `None` when there is none, or when it is for another interpreter than a shell.
    """
    name = instruction.name
    words = instruction.words
    if name == "HEALTHCHECK" and words and words[0].text.upper() == "CMD":
        words = words[1:]
    elif name not in ("RUN", "CMD", "ENTRYPOINT"):
        return None
    if instruction.is_exec:
        return command_line([_argument(instruction.excerpt, word) for word in words])
    if not words:
        return None
    excerpt = instruction.excerpt
    start = excerpt.index(words[0].span.start)
    command = excerpt.slice(start, start + len(words[0].text))
    if not instruction.heredocs:
        return parse(command)
    first = instruction.heredocs[0]
    if command.text == first.word.text:
        body = first.body
        return parse(body) if is_for_shell(body.text) else None
    parts = [command, Stretch("\n", instruction.span.end)]
    for heredoc in instruction.heredocs:
        place = (heredoc.end or heredoc.span).start
        parts += [heredoc.body, Stretch(f"{heredoc.name}\n", place)]
    return parse(joined(parts))


def is_for_shell(script: str) -> bool:
    """Whether a script has no `#!` line, or that of a shell."""
    if not script.startswith("#!"):
        return True
    words = script[2:].partition("\n")[0].split()
    names = [word.rpartition("/")[2] for word in words if word[0] != "-"]
    if names[:1] == ["env"]:
        names = names[1:]
    return bool(names) and names[0] in SHELLS


def is_posix(shell: Sequence[Word]) -> bool:
    """Whether the words of a SHELL name a POSIX shell: not cmd, not PowerShell."""
    if not shell:
        return False
    name = shell[0].text.replace("\\", "/").rpartition("/")[2].lower()
    return name.removesuffix(".exe") in SHELLS


def reads_script(command: Command) -> bool:
    """Whether a command is a shell that reads its script from standard input."""
    if command.name not in SHELLS:
        return False
    takes_script, operands = _shell_operands(command)
    return not takes_script and (not operands or operands[0].value in ("-", "/dev/stdin"))


def only_checks(command: Command) -> bool:
    """Whether a shell reads a script without running it: `sh -n`."""
    return _shell_operands(command) == (True, [])


def _argument(excerpt: Excerpt, word: Word) -> ShellWord:
    start = excerpt.index(word.span.start)
    end = excerpt.index(word.span.end - 1) + 1
    text, value, span = excerpt.text[start:end], word.text, word.span
    if "\\" not in text:
        return ShellWord(text, value, True, excerpt, start + 1, end - 1, span=span)
    content = decoded(excerpt.slice(start, end))
    return ShellWord(text, value, True, content, 0, len(content.text), span=span)


class _Frame:
    """An open group, and how far the pipeline around it had come."""

    __slots__ = ("bars", "first", "in_function", "in_pattern", "in_subshell", "kind", "started")

    def __init__(self, kind: str, first: int, outer: _Frame | None, is_function: bool) -> None:
        self.kind = kind
        self.first = first
        self.started = first  # the first command of the current pipeline
        self.bars: list[int] = []  # where its further elements begin
        self.in_pattern = False
        self.in_subshell: bool = kind == "(" or (outer is not None and outer.in_subshell)
        self.in_function: bool = is_function or (outer is not None and outer.in_function)


class _Reader:
    """One walk over the text of a script."""

    __slots__ = (
        "assignments",
        "at",
        "closed",
        "connector",
        "depth",
        "excerpt",
        "expanded",
        "frames",
        "function",
        "header",
        "nested",
        "redirections",
        "script",
        "sum_limit",
        "text",
        "unread",
        "waits",
        "words",
    )

    def __init__(self, excerpt: Excerpt, kind: str, depth: int) -> None:
        self.excerpt = excerpt
        self.text = excerpt.text
        self.at = 0
        self.depth = depth
        self.script = Script(excerpt.text, kind)
        self.frames = [_Frame("", 0, None, False)]
        self.connector = ""
        self.waits = False  # for a command, after && and its like
        self.header = ""  # of the group whose head is being read: for, select, case
        self.function = False  # the next group is the body of one
        self.expanded = False  # something in the word being read is
        self.closed: Group | None = None  # the group that redirections belong to
        self.sum_limit = 0  # before this, ( ( is no arithmetic
        self.words: list[ShellWord] = []
        self.assignments: list[Assignment] = []
        self.redirections: list[Redirection] = []
        self.nested: list[tuple[str, int, int]] = []
        self.unread: list[tuple[list[Redirection], int, int, bool]] = []  # here-documents

    def run(self) -> Script:
        """The whole script."""
        text, excerpt, end = self.text, self.excerpt, len(self.text)
        usual = _USUAL.match
        while self.at < end:
            found = usual(text, self.at)
            if self.words and not self.header:
                words = self.words
                while found:
                    word, stop = found[1], found.end()
                    words.append(ShellWord(word, word, True, excerpt, stop - len(word), stop))
                    self.at = stop
                    found = usual(text, stop)
            if found:
                self._first_word(found)
                continue
            if self.at == end:
                break
            blanks = _BLANKS.match(text, self.at)
            if blanks:
                self.at = blanks.end()
                continue
            character = text[self.at]
            if character == "#":
                self._skip_comment()
            elif self._may_redirect(character) and self._redirection():
                continue
            elif character in "|&;()\n":
                operator = _OPERATOR.match(text, self.at).group()  # type: ignore[union-attr]
                self.at += len(operator)
                self._operator(operator)
            else:
                self._word()
        self._newline()
        while len(self.frames) > 1:
            self._close_frame()
        self._end_pipeline()
        return self.script

    def end_command(self, connector: str) -> None:
        """Make a command of what was read since the last one."""
        if self.words or self.assignments or self.redirections or self.nested:
            words = [] if self.header else self.words
            command = Command(words, self.assignments, self.redirections, self.connector)
            if self.header and self.words:
                command.place = self.words[0].span
            if len(self.frames) > 1:
                frame = self.frames[-1]
                command.in_subshell, command.in_function = frame.in_subshell, frame.in_function
            if words:
                _unwrap(command)
            script = _script_of(command) if command.name in _RUNS_SCRIPT else None
            if script is not None or self.nested:
                self._read_nested(command, script)
            if command.name == "find":
                self._read_executed(command)
            command.index = len(self.script.commands)
            self.script.commands.append(command)
            self.words, self.assignments, self.redirections, self.nested = [], [], [], []
            self.connector = connector
        elif connector != "\n":
            self.connector = connector
        self.header = ""

    def _read_nested(self, command: Command, script: ShellWord | None) -> None:
        """Read the scripts within a command; the word behind `-c` is read as one."""
        if self.depth >= _DEEPEST_SCRIPT:
            return
        for kind, start, end in self.nested:
            place = self.excerpt.offset(start)
            if script is None or not script.span.start <= place < script.span.end:
                self._read_inner(command, kind, self.excerpt.slice(start, end))
        if script is not None:
            self._read_inner(command, "shell", script.content)

    def _read_inner(self, command: Command, kind: str, excerpt: Excerpt) -> None:
        command.nested.append(_Reader(excerpt, kind, self.depth + 1).run())

    def _read_executed(self, command: Command) -> None:
        """Read the commands that find runs: `find . -exec chmod 644 {} +`."""
        if self.depth >= _DEEPEST_SCRIPT:
            return
        for words in _executed(command):
            command.nested.append(_reading(words, "exec", self.depth + 1))

    def _skip_comment(self) -> None:
        end = self.text.find("\n", self.at)
        self.at = len(self.text) if end < 0 else end

    def _operator(self, operator: str) -> None:
        frame = self.frames[-1]
        if frame.in_pattern:
            frame.in_pattern = operator != ")"
            if operator == "\n":
                self._read_heredocs()
        elif operator == "\n":
            self._newline()
        elif operator == "(":
            self._open_parenthesis()
        elif operator == ")":
            if not self._close(("(",)):
                self._end_pipeline()
        elif operator in ("|", "|&"):
            self.end_command(operator)
            frame.bars.append(len(self.script.commands))
            self.closed, self.waits = None, True
        else:
            self._end_pipeline(operator if operator in ("&&", "||", "&") else ";")
            self.waits = operator in ("&&", "||")
            if operator[:2] in (";;", ";&") and frame.kind == "case":
                frame.in_pattern = True

    def _newline(self) -> None:
        if not self.waits or self.words:
            self._end_pipeline(";" if self.script.commands or self.words else "")
            self.waits = False
        self._read_heredocs()

    def _end_pipeline(self, connector: str = ";") -> None:
        self.end_command(connector)
        frame, now = self.frames[-1], len(self.script.commands)
        if frame.bars:
            self.script.pipelines.append([frame.started, *frame.bars, now])
            frame.bars = []
        frame.started = now
        self.closed = None

    def _open_parenthesis(self) -> None:
        if len(self.words) == 1 and not self.header and self.text.startswith(")", self.at):
            self.at += 1
            self.words = []
            self.function = True
            return
        if not self.words and self.text.startswith("(", self.at) and self.at >= self.sum_limit:
            limit = self.at + _LONGEST_SUM
            end = _closing(self.text, self.at + 1, ")", limit)
            if self.text.startswith("))", end):
                self._expansions(self.at + 1, end)
                self.at = end + 2
                return
            if end == limit:
                self.sum_limit = limit  # nor would it do to look again from every parenthesis
        if self.words or self.assignments:
            self._end_pipeline()
        self._open("(")

    def _open(self, kind: str) -> None:
        if len(self.frames) < _DEEPEST_GROUP:
            first = len(self.script.commands)
            self.frames.append(_Frame(kind, first, self.frames[-1], self.function))
        self.function = False
        self.closed = None

    def _close(self, kinds: tuple[str, ...]) -> bool:
        """End the innermost group of some kinds; those left open inside end with it."""
        if not any(frame.kind in kinds for frame in self.frames):
            return False
        while self.frames[-1].kind not in kinds:
            self._close_frame()
        self._close_frame()
        return True

    def _close_frame(self) -> None:
        self._end_pipeline()
        frame = self.frames.pop()
        self.connector = ";"
        self.closed = Group(frame.kind, frame.first, len(self.script.commands), [])
        self.script.groups.append(self.closed)

    def _first_word(self, found: re.Match[str]) -> None:
        """Take a usual word where a command may begin, or a keyword or an assignment stand."""
        text = found[1]
        if "=" in text:
            self.at = found.start(1)
            self._word()
        else:
            self.at = end = found.end()
            self._place(ShellWord(text, text, True, self.excerpt, end - len(text), end))

    def _word(self) -> None:
        """Take a word, or the assignment that stands there."""
        if not (self.words or self.redirections or self.header) and not self.frames[-1].in_pattern:
            found = _ASSIGNMENT.match(self.text, self.at)
            if found:
                self._assignment(found.group(1), found.end())
                return
        self._place(self._read_word(self.at))

    def _place(self, word: ShellWord) -> None:
        """Make a word a part of what is being read."""
        if self.frames[-1].in_pattern:
            if word.text == "esac":
                self._close(("case",))
        elif self.header:
            self._head_word(word)
        elif self.words or self.assignments or not self._reserved(word):
            self.words.append(word)
            if word.text == "[[" and len(self.words) == 1:
                self._test()

    def _reserved(self, word: ShellWord) -> bool:
        """Take a word at the place of a command as a keyword, if it is one."""
        text = word.text
        if text not in _RESERVED:
            return False
        if text in _OPENERS:
            self._open(text)
            self.header = text if text in ("case", "for", "select") else ""
        elif text in _CLOSERS:
            return self._close(_CLOSERS[text])
        elif text in _SEPARATORS:
            self.connector = self.connector if text == "!" else ";"
        else:
            self._skip_name()
        return True

    def _skip_name(self) -> None:
        blanks = _BLANKS.match(self.text, self.at)
        name = _PLAIN.match(self.text, blanks.end() if blanks else self.at)
        if name:
            self.at = name.end()
            self.function = True
            if self.text.startswith("()", self.at):
                self.at += 2

    def _head_word(self, word: ShellWord) -> None:
        self.words.append(word)
        if self.header == "case" and word.text == "in" and len(self.words) > 1:
            self.end_command(";")
            self.frames[-1].in_pattern = True
        elif self.header != "case" and word.text == "do":
            self.end_command(";")

    def _test(self) -> None:
        """Read on to the end of `[[ ... ]]`, in which `&&`, `<` and `(` are no operators."""
        text = self.text
        while self.at < len(text) and text[self.at] != "\n":
            blanks = _BLANKS.match(text, self.at)
            if blanks:
                self.at = blanks.end()
                continue
            if text[self.at] in _ENDS_WORD:
                self.at += 1
                continue
            word = self._read_word(self.at)
            self.words.append(word)
            if word.text == "]]":
                return

    def _assignment(self, name: str, equals_end: int) -> None:
        start = self.at
        if self.text.startswith("(", equals_end):
            end = _closing(self.text, equals_end + 1, ")")
            self._expansions(equals_end + 1, end)
            self.at = min(end + 1, len(self.text))
            value, literal = self.text[equals_end : self.at], False
        else:
            word = self._read_word(equals_end)
            value, literal = word.value, word.literal
        span = self.excerpt.span(start, self.at)
        value_span = self.excerpt.span(equals_end, self.at)
        self.assignments.append(Assignment(name, value, literal, span, value_span))

    def _may_redirect(self, character: str) -> bool:
        if character == "&":
            return self.text.startswith(">", self.at + 1)
        return character in "<>{0123456789"

    def _redirection(self) -> bool:
        found = _REDIRECTION.match(self.text, self.at)
        if not found:
            return False
        start = self.at
        descriptor, operator = found.groups()
        blanks = _BLANKS.match(self.text, found.end())
        self.at = blanks.end() if blanks else found.end()
        target = self._read_word(self.at)
        into = self.redirections
        if self.closed is not None and not self.words:
            into = self.closed.redirections
        span = self.excerpt.span(start, self.at)
        into.append(Redirection(descriptor, operator, target, span))
        if operator in ("<<", "<<-"):
            number = len(self.script.commands)
            self.unread.append((into, len(into) - 1, number, target.text == target.value))
        return True

    def _read_heredocs(self) -> None:
        """Take the bodies of the here-documents that the line before asked for."""
        text = self.text
        commands = self.script.commands
        for into, number, owner, expands in self.unread:
            asked = into[number]
            start = stop = self.at
            while stop < len(text):
                end = text.find("\n", stop)
                end = len(text) if end < 0 else end
                line = text[stop:end].rstrip("\r")
                self.at = min(end + 1, len(text))
                if (line.lstrip("\t") if asked.operator == "<<-" else line) == asked.target.value:
                    break
                stop = self.at
            into[number] = asked._replace(body=self.excerpt.slice(start, stop))
            if owner < len(commands) and commands[owner].redirections is into:
                self._give_body(commands[owner], into[number], (start, stop) if expands else None)
        self.unread = []

    def _give_body(
        self, command: Command, heredoc: Redirection, expanded: tuple[int, int] | None
    ) -> None:
        """Let the command that reads a here-document have the scripts in it."""
        if heredoc.body is None or self.depth >= _DEEPEST_SCRIPT:
            return
        runner = self._runner(command)
        if runner is not None:
            self._read_inner(runner, "heredoc", heredoc.body)
        elif expanded:
            self._expansions(*expanded)
            self._read_nested(command, None)
            self.nested = []

    def _runner(self, command: Command) -> Command | None:
        """The shell that runs what a command is given to read: itself, or the next in a pipe."""
        if reads_script(command):
            return command
        following = self.script.commands[command.index + 1 : command.index + 2]
        if command.name != "cat" or any(word.value != "-" for word in command.arguments):
            return None
        is_fed = bool(following) and following[0].connector in ("|", "|&")
        return following[0] if is_fed and reads_script(following[0]) else None

    def _read_word(self, start: int) -> ShellWord:
        """The word at a place; empty where there is none."""
        text, excerpt = self.text, self.excerpt
        plain = _PLAIN.match(text, start)
        end = plain.end() if plain else start
        if plain and (end == len(text) or (text[end] in _ENDS_WORD and text[end] not in "(<>")):
            self.at = end
            word = text[start:end]
            return ShellWord(word, word, True, excerpt, start, end)
        self.at = start
        self.expanded = False
        parts: list[tuple[str, int, int]] = []
        while self.at < len(text) and self._piece(parts, self.at > start):
            pass
        value = "".join([part for part, _, _ in parts])
        literal = not self.expanded
        return ShellWord(text[start : self.at], value, literal, excerpt, start, self.at, parts)

    def _piece(self, parts: list[tuple[str, int, int]], inside: bool) -> bool:
        """Take one piece of a word, quoted or not; false where the word ends."""
        text, at = self.text, self.at
        plain = _PLAIN.match(text, at)
        character = text[at]
        if plain:
            self.at = plain.end()
            parts.append((plain.group(), at, self.at))
        elif character == "\\":
            self._escaped(parts)
        elif character == "'":
            end = text.find("'", at + 1)
            end = len(text) if end < 0 else end
            parts.append((text[at + 1 : end], at + 1, end))
            self.at = min(end + 1, len(text))
        elif character == '"':
            self._double_quoted(parts)
        elif character in "$`":
            self._expansion(parts, quoted=False)
        elif text.startswith(("<(", ">("), at):
            self._substitution("process", at, at + 2, _closing(text, at + 2, ")"), parts)
        elif character == "(" and inside and text[at - 1] in "?*+@!":
            self.at = min(_closing(text, at + 1, ")") + 1, len(text))
            parts.append((text[at : self.at], at, self.at))
        else:
            return False
        return True

    def _escaped(self, parts: list[tuple[str, int, int]]) -> None:
        at = self.at
        self.at = min(at + 2, len(self.text))
        escaped = self.text[at + 1 : self.at]
        if escaped != "\n":
            parts.append((escaped or "\\", at, self.at))

    def _double_quoted(self, parts: list[tuple[str, int, int]]) -> None:
        text = self.text
        self.at += 1
        while self.at < len(text):
            at = self.at
            plain = _IN_QUOTES.match(text, at)
            if plain:
                self.at = plain.end()
                parts.append((plain.group(), at, self.at))
            elif text[at] == '"':
                self.at += 1
                return
            elif text[at] != "\\":
                self._expansion(parts, quoted=True)
            elif text[at + 1 : at + 2] in ('"', "$", "`", "\\", "\n"):
                self._escaped(parts)
            else:
                self.at += 1
                parts.append(("\\", at, self.at))

    def _expansion(self, parts: list[tuple[str, int, int]], *, quoted: bool) -> None:
        """Take what begins with `$` or a backtick."""
        text, at = self.text, self.at
        following = text[at + 1 : at + 2]
        if text[at] == "`":
            self._substitution("substitution", at, at + 1, _closing_backtick(text, at + 1), parts)
        elif following == "(":
            self._parenthesised(at, parts)
        elif following == "{":
            end = _closing(text, at + 2, "}")
            self._expansions(at + 2, end)
            self._take_expansion(at, end + 1, parts)
        elif following in ("'", '"') and not quoted:
            self._bash_quoted(at, parts)
        else:
            parameter = _PARAMETER.match(text, at + 1)
            if parameter:
                self._take_expansion(at, parameter.end(), parts)
            else:
                self.at += 1
                parts.append(("$", at, self.at))

    def _take_expansion(self, at: int, end: int, parts: list[tuple[str, int, int]]) -> None:
        self.at = min(end, len(self.text))
        self.expanded = True
        parts.append((self.text[at : self.at], at, self.at))

    def _substitution(
        self, kind: str, at: int, start: int, end: int, parts: list[tuple[str, int, int]]
    ) -> None:
        self.nested.append((kind, start, end))
        self._take_expansion(at, end + 1, parts)

    def _parenthesised(self, at: int, parts: list[tuple[str, int, int]]) -> None:
        text = self.text
        end = _closing(text, at + 2, ")")
        if text.startswith("$((", at) and text.startswith("))", end - 1):
            self._expansions(at + 3, end - 1)
            self._take_expansion(at, end + 1, parts)
        else:
            self._substitution("substitution", at, at + 2, end, parts)

    def _bash_quoted(self, at: int, parts: list[tuple[str, int, int]]) -> None:
        """Take `$'...'`, with its escapes, or `$"..."`."""
        self.at = at + 1
        if self.text[at + 1] == '"':
            self._double_quoted(parts)
            return
        quoted = _ANSI_QUOTED.match(self.text, at + 2)
        self.at = quoted.end() if quoted else at + 2
        for piece in _ANSI_PIECE.finditer(self.text, at + 2, self.at):
            text = piece.group()
            value = _ANSI_ESCAPES.get(text[1], text[1]) if text[0] == "\\" else text
            parts.append((value, *piece.span()))
        self.at = min(self.at + 1, len(self.text))

    def _expansions(self, start: int, end: int) -> None:
        """Note the command substitutions in a text in which only those count."""
        text, at = self.text, start
        while True:
            found = _EXPANSION.search(text, at, end)
            if not found:
                return
            at = found.end()
            if found.group() == "\\":
                at += 1
            elif found.group() == "`":
                closing = min(_closing_backtick(text, at), end)
                self.nested.append(("substitution", at, closing))
                at = closing + 1
            elif found.group() == "$(" and not text.startswith("(", at):
                closing = min(_closing(text, at, ")"), end)
                self.nested.append(("substitution", at, closing))
                at = closing + 1


def _closing(text: str, at: int, closer: str, limit: int | None = None) -> int:
    """Where what is open ends: at its closing character, else at the end of the text."""
    end = len(text) if limit is None else min(limit, len(text))
    open_ = [closer]
    while True:
        found = _NESTING.search(text, at, end)
        if not found:
            return end
        at = found.end()
        character, inside = found.group(), open_[-1]
        if character == inside:
            open_.pop()
            if not open_:
                return at - 1
        elif character == "\\":
            at += 1
        elif character == "`":
            at = _closing_backtick(text, at) + 1
        elif character == "$" and text[at : at + 1] in ("(", "{"):
            open_.append(")" if text[at] == "(" else "}")
            at += 1
        elif inside != '"':
            if character == "'":
                quote = text.find("'", at)
                at = quote + 1 if quote >= 0 else end
            elif character == '"':
                open_.append('"')
            elif character == "(" and inside == ")":
                open_.append(")")


def _closing_backtick(text: str, at: int) -> int:
    while True:
        found = _BACKTICK.search(text, at)
        if not found:
            return len(text)
        if found.group() == "`":
            return found.start()
        at = found.end() + 1


def _unwrap(command: Command) -> None:
    """Find the name of a command behind `sudo`, `env` and the like."""
    words = command.words
    command.name = name = _program(words[0])
    while name in WRAPPERS:
        head = _wrapped(command, WRAPPERS[name])
        if head >= len(words):
            break
        command.wrappers += (name,)
        command.head = head
        command.name = name = _program(words[head])


def _wrapped(command: Command, wrapper: Wrapper) -> int:
    """The number of the word that a wrapper runs, past the last if it runs none."""
    words, at, skip = command.words, command.head + 1, wrapper.operands
    while at < len(words):
        value = words[at].value
        if value in wrapper.queries:
            return len(words)
        if value == "--":
            return at + 1 + skip
        if len(value) > 1 and value[0] == "-":
            at += 2 if _takes_value(value, wrapper.valued) else 1
            continue
        assigned = _ASSIGNMENT.match(value) if wrapper.assignments else None
        if not assigned:
            return at + skip
        command.assignments.append(_assigned(words[at], assigned.group(1), assigned.end()))
        at += 1
    return at


def _takes_value(option: str, valued: frozenset[str]) -> bool:
    """Whether the next word is an option's value: `-u`, and `-Hu`, but not `-uapp`."""
    if option in valued:
        return True
    is_cluster = option[1] != "-" and option[:2] not in valued
    return is_cluster and f"-{option[-1]}" in valued


def _assigned(word: ShellWord, name: str, start: int) -> Assignment:
    span = word.content.span(start, len(word.value))
    return Assignment(name, word.value[start:], word.literal, word.span, span)


def _program(word: ShellWord) -> str:
    """The last element of the path of a program."""
    if word.literal:
        value = word.value
        return (value.rpartition("/")[2] or value) if "/" in value else value
    found = _LAST_PART.search(word.value)
    return found.group(1) if found else word.value


def _script_of(command: Command) -> ShellWord | None:
    """The word that is a script: the one behind `-c` of a shell or of su, or that of eval."""
    name = command.name
    if name in SHELLS:
        takes_script, operands = _shell_operands(command)
        return operands[0] if takes_script and operands else None
    if name in ("su", "runuser"):
        return _behind_c(command.arguments)
    return _evaluated(command.arguments) if name == "eval" else None


def _evaluated(words: list[ShellWord]) -> ShellWord | None:
    """The words of eval as one; none where a command writes a part of the script."""
    if not words or any("$(" in word.text or "`" in word.text for word in words):
        return None
    if len(words) == 1:
        return words[0]
    content = spaced(words)
    span = Span(words[0].span.start, words[-1].span.end)
    text = content.text
    literal = all(word.literal for word in words)
    return ShellWord(text, text, literal, content, 0, len(text), span=span)


def _behind_c(words: list[ShellWord]) -> ShellWord | None:
    """The word behind `-c`, `-lc` or `--command`, wherever it stands."""
    for option, word in pairwise(words):
        value = option.value
        if value == "--command" or (value[:1] == "-" and value[1:2] != "-" and value[-1] == "c"):
            return word
    return None


def _executed(command: Command) -> Iterator[list[ShellWord]]:
    """The words behind each `-exec` of find, up to its `;` or `+`."""
    words: list[ShellWord] | None = None
    for word in command.arguments:
        if words is None:
            words = [] if word.value in _EXECUTES else None
        elif word.value == ";" or (word.value == "+" and words and words[-1].value == "{}"):
            if words:
                yield words
            words = None
        else:
            words.append(word)
    if words:
        yield words


def _shell_operands(command: Command) -> tuple[bool, list[ShellWord]]:
    """Whether a shell has `-c`, and the words behind its options; with `-s` there are none.

    One that runs nothing (`-n`) is told as a shell that lacks the word behind `-c`.
    """
    arguments = command.arguments
    takes_script = reads_input = runs_nothing = False
    at = 0
    while at < len(arguments):
        value = arguments[at].value
        if value[:1] not in ("-", "+") or len(value) < 2:
            break
        at += 1
        if value == "--":
            break
        if value[1] == "-":
            at += value in ("--init-file", "--rcfile")
        elif value[0] == "-":
            takes_script = takes_script or "c" in value
            reads_input = reads_input or "s" in value
            runs_nothing = runs_nothing or "n" in value
        if value[1] != "-" and value[-1] in "oO":
            at += 1
    if runs_nothing:
        return True, []
    operands = arguments[at:]
    return takes_script, [] if reads_input and not takes_script else operands
