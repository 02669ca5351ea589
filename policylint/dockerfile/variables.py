"""Variables in words: `$name` and every form of `${name...}`.

Variables are a mapping of names to values. A value of `None` is one that nobody
can know before the build; a name that is not in the mapping is not set. Whatever
depends on an unknown value is unknown (`None`) itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policylint.named import NamedTuple
from policylint.patterns import regex

if TYPE_CHECKING:
    from typing import Protocol

    class Variables(Protocol):
        """Names and what is known of their values; a `KeyError` means not set."""

        def __getitem__(self, name: str, /) -> str | None:
            """The value of a variable, `None` if it is unknown."""


# A value made of other values may double with every line; nobody needs one this long.
LONGEST_VALUE = 4096

NAME = regex(r"\d+|[@*#?\-$!]|\w+")
OPERATOR = regex(r":.|##?|%%?|//?|.", re.DOTALL)
OPERATORS = frozenset(("}", "-", ":-", "+", ":+", "?", ":?", "#", "##", "%", "%%", "/", "//"))

_DEEPEST = 24  # of ${a:-${b:-...}}
_LONGEST_SEARCHED = 256  # of ${a/b*c/d}, which costs the square of the length

_SPECIAL = {"\\": regex(r"[$'\"\\]"), "`": regex(r"[$'\"`]")}
_MARKS = frozenset("$\"'\\`")
_ORDINARY = regex(r"[^$'\"\\`/}]+")
_WILD = regex(r"[*?\\]")
_GLOB_PIECE = regex(r"\\.|.", re.DOTALL)


class Reference(NamedTuple):
    """A variable that a word refers to: `$name`, `${name}` or `${name<operator>operand}`.

    `start` and `end` count within the word; the operand is as written.
    """

    name: str
    start: int
    end: int
    operator: str = ""
    operand: str = ""


def expand(text: str, variables: Variables, escape: str = "\\") -> str | None:
    """A word with its quotes removed and its variables filled in.

    `None` when it depends on a value that is unknown, or cannot be read.
    """
    if not _SPECIAL[escape].search(text):
        return text
    return text[1:-1] if _is_quoted(text) else _Expansion(text, variables, escape).value


def is_plain(text: str, escape: str = "\\") -> bool:
    """Whether no quote, escape or variable stands in a text."""
    return not _SPECIAL[escape].search(text)


def references(text: str, escape: str = "\\") -> tuple[Reference, ...]:
    """The variables that a word refers to, as far as it can be read."""
    if "$" not in text:
        return ()
    return tuple(_Expansion(text, _UNKNOWN, escape).references)


def expand_and_refer(
    text: str, variables: Variables, escape: str = "\\"
) -> tuple[str | None, tuple[Reference, ...]]:
    """What `expand` makes of a word, and the variables that it refers to, read once."""
    if not _SPECIAL[escape].search(text):
        return text, ()
    expansion = _Expansion(text, variables, escape)
    return expansion.value, tuple(expansion.references)


def defect(text: str, escape: str = "\\") -> str | None:
    """Why a word cannot be read, or `None` if it can."""
    if not _SPECIAL[escape].search(text) or _is_quoted(text) or _has_one(text):
        return None
    return _Expansion(text, _UNKNOWN, escape).defect


def _is_quoted(text: str) -> bool:
    """Whether a word is one text in quotes, as most that are not plain are."""
    return (
        len(text) > 1 and text[0] in "\"'" and text[-1] == text[0] and _MARKS.isdisjoint(text[1:-1])
    )


def _has_one(text: str) -> bool:
    """Whether a word is plain but for one variable in braces."""
    head, _, rest = text.partition("${")
    name, closing, tail = rest.partition("}")
    return (
        bool(closing)
        and name.isidentifier()
        and _MARKS.isdisjoint(head)
        and _MARKS.isdisjoint(tail)
    )


class _Unknown:
    """Variables of which nothing is known."""

    def __getitem__(self, name: str, /) -> None:
        return None


_UNKNOWN = _Unknown()


class _BadWordError(ValueError):
    """An open quote or a wrong substitution."""


class _Expansion:
    """One reading of a word: its value, what it refers to, and why it cannot be read."""

    __slots__ = (
        "at",
        "defect",
        "depth",
        "escape",
        "references",
        "room",
        "text",
        "value",
        "variables",
    )

    def __init__(self, text: str, variables: Variables, escape: str) -> None:
        self.text = text
        self.variables = variables
        self.escape = escape
        self.at = 0
        self.depth = 0
        self.room = LONGEST_VALUE
        self.references: list[Reference] = []

        self.value: str | None = None
        self.defect: str | None = None
        try:
            self.value = self.read("", False)
        except _BadWordError as error:
            self.defect = str(error)

    def read(self, stop: str, raw: bool) -> str | None:
        """Everything up to a character that ends it; a raw reading keeps escapes, for patterns."""
        parts: list[str | None] = []
        text = self.text
        while self.at < len(text):
            ordinary = _ORDINARY.match(text, self.at)
            if ordinary:
                parts.append(ordinary.group())
                self.at = ordinary.end()
                continue
            character = text[self.at]
            if character == stop:
                self.at += 1
                return _joined(parts)
            parts.append(self._special(character, raw))
        if stop:
            raise _BadWordError(f"no closing {'/' if stop == '/' else '}'} for ${{")
        return _joined(parts)

    def _special(self, character: str, raw: bool) -> str | None:
        if character == "'":
            return self._single_quoted()
        if character == '"':
            return self._double_quoted(raw)
        if character == "$":
            return self._variable()
        self.at += 1
        if character != self.escape:
            return character
        escaped = self.text[self.at : self.at + 1]
        self.at += 1
        return character + escaped if raw else escaped

    def _single_quoted(self) -> str:
        start = self.at + 1
        end = self.text.find("'", start)
        if end < 0:
            raise _BadWordError("no closing ' quote")
        self.at = end + 1
        return self.text[start:end]

    def _double_quoted(self, raw: bool) -> str | None:
        parts: list[str | None] = []
        text, special = self.text, _SPECIAL[self.escape]
        self.at += 1
        while self.at < len(text):
            found = special.search(text, self.at)
            if found is None:
                break
            parts.append(text[self.at : found.start()])
            self.at = found.start()
            character = found.group()
            if character == '"':
                self.at += 1
                return _joined(parts)
            if character == "$":
                parts.append(self._variable())
                continue
            self.at += 1
            following = text[self.at : self.at + 1]
            if character == self.escape and following and following in f'"${self.escape}':
                self.at += 1
                parts.append(character + following if raw else following)
            else:
                parts.append(character)
        raise _BadWordError('no closing " quote')

    def _variable(self) -> str | None:
        start = self.at
        self.at += 1
        if self.text[self.at : self.at + 1] == "{":
            self.depth += 1
            if self.depth > _DEEPEST:
                raise _BadWordError("substitutions nested too deeply")
            value = self._substitution(start)
            self.depth -= 1
        else:
            name = self._name()
            if not name:
                return "$"
            self.references.append(Reference(name, start, self.at))
            value = self._value(name)[0]
        if value is not None:
            self.room -= len(value)
        return value if self.room >= 0 else None

    def _name(self) -> str:
        found = NAME.match(self.text, self.at)
        if not found:
            return ""
        self.at = found.end()
        return found.group()

    def _value(self, name: str) -> tuple[str | None, bool]:
        """What is known of a variable, and whether it is set at all."""
        try:
            return self.variables[name], True
        except KeyError:
            return "", False

    def _substitution(self, start: int) -> str | None:
        self.at += 1
        text = self.text
        if text[self.at : self.at + 1] in ("{", "}", ":"):
            raise _BadWordError("no name in ${}")
        name = self._name()
        found = OPERATOR.match(text, self.at)
        if not found:
            raise _BadWordError(f"no closing }} for ${{{name}")
        operator = found.group()
        if operator not in OPERATORS:
            raise _BadWordError(f"no such substitution: ${{{name}{operator}...}}")
        self.at = operand_start = found.end()
        slot = len(self.references)
        value, is_set = self._value(name)
        if operator == "}":
            self.references.append(Reference(name, start, self.at))
            return value
        if operator[0] == "/":
            pattern, replacement = self.read("/", True), self.read("}", True)
            result = _replaced(value, pattern, replacement, everywhere=operator == "//")
        else:
            operand = self.read("}", operator[0] in "#%")
            result = _chosen(operator, value, is_set, operand)
        written = text[operand_start : self.at - 1]
        self.references.insert(slot, Reference(name, start, self.at, operator, written))
        return result


def _joined(parts: list[str | None]) -> str | None:
    texts = [part for part in parts if part is not None]
    return "".join(texts) if len(texts) == len(parts) else None


def _chosen(operator: str, value: str | None, is_set: bool, operand: str | None) -> str | None:
    if operator[0] in "#%":
        return _trimmed(value, operand, operator)
    if value is None:
        return None
    present = is_set and (value != "" or operator[0] != ":")
    if operator[-1] == "+":
        return operand if present else ""
    if present:
        return value
    return operand if operator[-1] == "-" else None


def _trimmed(value: str | None, pattern: str | None, operator: str) -> str | None:
    """A value without what a pattern matches at its front (`#`) or back (`%`)."""
    if value is None or pattern is None:
        return None
    backwards = operator[0] == "%"
    glob = _Glob(pattern, backwards)
    ends = glob.ends(value[::-1] if backwards else value)
    if not ends:
        return value
    length = ends[-1] if len(operator) == 2 else ends[0]
    return value[: len(value) - length] if backwards else value[length:]


def _replaced(
    value: str | None, pattern: str | None, replacement: str | None, *, everywhere: bool
) -> str | None:
    """A value with the first or every match of a pattern replaced."""
    if value is None or pattern is None or replacement is None or not pattern:
        return None
    if not _WILD.search(pattern):
        return value.replace(pattern, replacement, -1 if everywhere else 1)
    if len(value) > _LONGEST_SEARCHED:
        return None
    glob = _Glob(pattern)
    parts: list[str] = []
    at = 0
    while at < len(value):
        ends = glob.ends(value[at:])
        if not ends or not ends[-1]:
            parts.append(value[at])
            at += 1
            continue
        parts.append(replacement)
        at += ends[-1]
        if not everywhere:
            break
    return "".join(parts) + value[at:]


class _Glob:
    """A pattern of `*`, `?` and characters, matched without ever trying twice.

    All states live in one number: bit `n` is on after `n` characters of the
    pattern were matched, and stays on where a `*` stands.
    """

    __slots__ = ("_any", "_by_character", "_final", "_stars")

    def __init__(self, pattern: str, backwards: bool = False) -> None:
        pieces = _GLOB_PIECE.findall(pattern)
        if backwards:
            pieces.reverse()
        self._stars = self._any = 0
        self._by_character: dict[str, int] = {}
        state = 1
        for piece in pieces:
            if piece == "*":
                self._stars |= state
                continue
            if piece == "?":
                self._any |= state
            else:
                character = piece[-1]
                self._by_character[character] = self._by_character.get(character, 0) | state
            state <<= 1
        self._final = state

    def ends(self, value: str) -> list[int]:
        """How many leading characters of a value may match, in rising order."""
        states = 1
        found = [0] if states & self._final else []
        for at, character in enumerate(value, 1):
            step = states & (self._any | self._by_character.get(character, 0))
            states = step << 1 | states & self._stars
            if states & self._final:
                found.append(at)
            elif not states:
                break
        return found
