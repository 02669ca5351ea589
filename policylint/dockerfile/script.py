"""What a shell script does: its commands, and how they are tied together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.dockerfile.excerpt import Stretch, joined
from policylint.named import NamedTuple
from policylint.source import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Sequence
    from typing import TypeAlias

    from policylint.dockerfile.excerpt import Excerpt

    OptionFields: TypeAlias = tuple[str, "ShellWord", str | None, "ShellWord | None"]

# The constructor of a named tuple is Python that does nothing but call this.
_made: Callable[[type[Option], OptionFields], Option] = tuple.__new__


class ShellWord:
    """A word: `text` as written, `value` without its quotes, expansions in it as written.

    `literal` says that nothing in it is expanded, so that the value is the value.
    `content` is the value as an excerpt; it and the place are worked out when asked for.
    """

    __slots__ = ("_end", "_excerpt", "_parts", "_span", "_start", "literal", "text", "value")

    def __init__(
        self,
        text: str,
        value: str,
        literal: bool,
        excerpt: Excerpt,
        start: int,
        end: int,
        parts: Sequence[tuple[str, int, int]] | None = None,
        span: Span | None = None,
    ) -> None:
        self.text = text
        self.value = value
        self.literal = literal
        self._excerpt = excerpt
        self._start = start
        self._end = end
        self._parts = parts
        self._span = span

    def __repr__(self) -> str:
        return f"ShellWord({self.text!r})"

    @property
    def span(self) -> Span:
        """The place of the word, quotes included."""
        if self._span is None:
            self._span = self._excerpt.span(self._start, self._end)
        return self._span

    @property
    def content(self) -> Excerpt:
        """The value, and where each of its characters stands."""
        if self._parts is None:
            return self._excerpt.slice(self._start, self._end)
        if not self._parts:
            return self._excerpt.nothing(self._start)
        return self._excerpt.rewritten(self._parts)


class Assignment(NamedTuple):
    """A leading `NAME=value`; the value without its quotes."""

    name: str
    value: str
    literal: bool
    span: Span
    value_span: Span


class Redirection(NamedTuple):
    """A redirection such as `2>>file`; a here-document has its body, too."""

    descriptor: str
    operator: str
    target: ShellWord
    span: Span
    body: Excerpt | None = None


class Option(NamedTuple):
    """An option of a command, its name with its dashes: `-y`, `--assume-yes`.

    `-abc` is three options with the same word. The value is what stands behind
    `=`, or, for options known to take one, the rest of the word or the next:
    `value_word` has it.
    """

    name: str
    word: ShellWord
    value: str | None = None
    value_word: ShellWord | None = None

    @property
    def value_span(self) -> Span | None:
        """The place of the value."""
        if self.value is None or self.value_word is None:
            return None
        if self.value_word is not self.word:
            return self.value_word.span
        end = len(self.word.value)
        return self.word.content.span(end - len(self.value), end)


class Arguments(NamedTuple):
    """The arguments of a command, told apart."""

    options: tuple[Option, ...]
    operands: tuple[ShellWord, ...]

    def option(self, *names: str) -> Option | None:
        """The first option that has one of these names."""
        for option in self.options:
            if option.name in names:
                return option
        return None


_NOWHERE = Span(0, 0)


class Command:
    """A simple command: `A=1 sudo -E apt-get install -y curl >/dev/null`.

    `words` are all of its words, `head` tells which of them is the name once
    `sudo` and its like are taken off; their names are the `wrappers`. `connector`
    is what stands before the command: nothing, `;`, `&`, `&&`, `||`, `|`, `|&`.
    `place` is where the head of a `for` or `case` stands, which has no words of its own.
    `index` is its number in its script, `nested` are scripts inside: `$(...)`,
    `<(...)`, `sh -c '...'`, `sh <<EOF`, `find -exec ... ;`.
    """

    __slots__ = (
        "assignments",
        "connector",
        "head",
        "in_function",
        "in_subshell",
        "index",
        "name",
        "nested",
        "place",
        "redirections",
        "words",
        "wrappers",
    )

    def __init__(
        self,
        words: list[ShellWord],
        assignments: list[Assignment],
        redirections: list[Redirection],
        connector: str,
    ) -> None:
        self.words = words
        self.assignments = assignments
        self.redirections = redirections
        self.connector = connector
        self.nested: list[Script] = []
        self.wrappers: tuple[str, ...] = ()
        self.index = 0
        self.place = _NOWHERE
        self.head = 0
        self.name = ""
        self.in_subshell = False
        self.in_function = False

    def __repr__(self) -> str:
        return f"<{' '.join(word.text for word in self.words)}>"

    @property
    def name_word(self) -> ShellWord | None:
        """The word that is the name; `None` when there are only assignments or redirections."""
        return self.words[self.head] if self.words else None

    @property
    def arguments(self) -> list[ShellWord]:
        """The words behind the name."""
        return self.words[self.head + 1 :]

    @property
    def span(self) -> Span:
        """From the first word to the last, without redirections."""
        places = [word.span for word in self.words] + [each.span for each in self.assignments]
        places = places or [each.span for each in self.redirections] or [self.place]
        return Span(min(places).start, max(place.end for place in places))

    def split(self, valued: Container[str] = ()) -> Arguments:
        """The options and operands; `valued` names the options that take a value.

        `--` ends the options, which may also stand behind operands.
        """
        return split(self.arguments, valued)


class Pipe(NamedTuple):
    """Two neighbours in a pipeline: the second reads what the first writes."""

    producers: list[Command]
    consumers: list[Command]


class Group(NamedTuple):
    """Commands held together by `(`, `{`, `if`, `for`, ..., with the redirections of them all."""

    kind: str
    first: int
    end: int
    redirections: list[Redirection]


class Script:
    """A script, its `text`, and its commands in the order of that, those in groups among them.

    `kind` says where it stands: at the top (empty), in a `substitution`, a
    `process` substitution, behind `sh -c` (`shell`), behind `-exec` (`exec`) or in a
    `heredoc` for a shell.
    A pipeline is a list of numbers of commands, at which its elements begin, and
    one behind its last.
    """

    __slots__ = ("commands", "groups", "kind", "pipelines", "text")

    def __init__(self, text: str, kind: str) -> None:
        self.text = text
        self.kind = kind
        self.commands: list[Command] = []
        self.pipelines: list[list[int]] = []
        self.groups: list[Group] = []

    def __repr__(self) -> str:
        return f"<script {self.kind} {self.text!r}>"

    def scripts(self) -> Iterator[Script]:
        """This script and all those within it."""
        yield self
        for command in self.commands:
            for nested in command.nested:
                yield from nested.scripts()

    def walk(self) -> Iterator[Command]:
        """Every command, each followed by those within it."""
        for command in self.commands:
            yield command
            for nested in command.nested:
                yield from nested.walk()

    def pipes(self) -> Iterator[Pipe]:
        """Every pair of neighbours in a pipeline of this script, both of them there."""
        for pipeline in self.pipelines:
            for start, middle, end in zip(pipeline, pipeline[1:], pipeline[2:], strict=False):
                if start < middle < end:
                    yield Pipe(self.commands[start:middle], self.commands[middle:end])

    def redirections_of(self, command: Command) -> list[Redirection]:
        """A command's own redirections, and those of the groups around it."""
        at = command.index
        around = [group for group in self.groups if group.first <= at < group.end]
        return command.redirections + [each for group in around for each in group.redirections]


def split(words: Sequence[ShellWord], valued: Container[str] = ()) -> Arguments:
    """The options and operands among words, as `Command.split` tells them apart."""
    options: list[Option] = []
    operands: list[ShellWord] = []
    waiting = iter(words)
    for word in waiting:
        value = word.value
        if value[:1] != "-" or value == "-":
            operands.append(word)
        elif value == "--":
            operands.extend(waiting)
        elif value[1] != "-":
            _split_letters(word, waiting, valued, options)
        elif "=" in value:
            name, _, given = value.partition("=")
            options.append(_made(Option, (name, word, given, word)))
        else:
            options.append(_option(value, word, waiting, valued))
    return Arguments(tuple(options), tuple(operands))


def _split_letters(
    word: ShellWord, waiting: Iterator[ShellWord], valued: Container[str], options: list[Option]
) -> None:
    """The options of a word such as `-xzf`."""
    value = word.value
    last = len(value) - 1
    for at in range(1, last):
        name = f"-{value[at]}"
        if name in valued:
            options.append(_made(Option, (name, word, value[at + 1 :], word)))
            return
        options.append(_made(Option, (name, word, None, None)))
    options.append(_option(f"-{value[last]}", word, waiting, valued))


def _option(
    name: str, word: ShellWord, waiting: Iterator[ShellWord], valued: Container[str]
) -> Option:
    """An option that has its value, if it takes one, in the next word."""
    following = next(waiting, None) if name in valued else None
    value = following.value if following is not None else None
    return _made(Option, (name, word, value, following))


def spaced(words: Sequence[ShellWord]) -> Excerpt:
    """Words with a blank between them, as echo writes and eval reads them."""
    parts = [words[0].content]
    for word in words[1:]:
        parts += [Stretch(" ", word.span.start), word.content]
    return joined(parts)
