"""Accounts that a script leaves open: without password, as a second root, with sudo for all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policylint.dockerfile.excerpt import Excerpt, Stretch, joined
from policylint.dockerfile.shell import SHELLS
from policylint.named import NamedTuple
from policylint.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.dockerfile.script import Arguments, Command, Script, ShellWord
    from policylint.source import Span


class Opening(NamedTuple):
    """What an account is given, in words, and where that stands."""

    what: str
    span: Span


_FREE_SUDO = "sudo asks for no password, whatever it runs"
_PROGRAMS = frozenset(("adduser", "passwd", "useradd", "usermod"))
_ZERO = regex(r"0+")
_ACCOUNT_VALUED = (
    "-b", "-c", "-d", "-e", "-f", "-g", "-G", "-k", "-K", "-p", "-P", "-R", "-s", "-u", "-Z",
    "--base-dir", "--comment", "--expiredate", "--gid", "--groups", "--home", "--home-dir",
    "--inactive", "--key", "--login", "--password", "--prefix", "--root", "--selinux-user",
    "--shell", "--skel", "--uid",
)  # fmt: skip

_BLANK = r"(?:\\?\s|\\t)"
_SUDO = regex(
    rf"NOPASSWD{_BLANK}*:{_BLANK}*(?:[A-Z_]+{_BLANK}*:{_BLANK}*)*ALL\b|!{_BLANK}*authenticate\b"
)
_SSH = regex(rf"(?:PermitRootLogin|PermitEmptyPasswords)(?:{_BLANK}|=)+[\"']?yes\b", re.IGNORECASE)
_ACCOUNT = regex(r"([\w.-]+):([^:]*):(\d+):\d+:")
_PASSWD_COLONS = 6
_EMPTIED = regex(r"([a-z_][\w.-]*)::")  # what sed puts at the beginning of a line
# Whether it is worth while to look at a script more closely.
_HINTS = ("sudoers", "visudo", "sshd", "/etc/passwd", "/etc/shadow")
# echo and printf take `\n` for the end of a line, too.
_LINE = regex(r"(?:\\n)?[ \t]*((?:(?!\\n)[^\n])+)")
_ECHO_OPTION = regex(r"-[neE]+")

_WRITERS = frozenset(("echo", "printf"))
_SUBSTITUTION = regex(
    r"(?<![A-Za-z_\\])s([|/#,@!:%~+_])((?:\\.|(?!\1)[^\\\n])*)\1((?:\\.|(?!\1)[^\\\n])*)\1",
    re.DOTALL,
)
_COMMENT_SIGN = regex(r"\^?(?:\\s|\[[^\]]*\]|[ *])*#")
_DELETES = regex(r"[/\d$}]\s*d\s*\Z")


def openings(script: Script, programs: frozenset[str]) -> Iterator[Opening]:
    """The accounts that a script opens; `programs` are those that it calls."""
    hints = _hints(script.text)
    if not hints and _PROGRAMS.isdisjoint(programs):
        return
    for command in script.walk():
        name = command.name
        if name == "passwd":
            yield from _deleted_password(command)
        elif name in _PROGRAMS:
            yield from _of_account(command)
        elif hints:
            yield from _written(command, hints)


def openings_in_file(path: str, text: Excerpt) -> Iterator[Opening]:
    """The accounts that a text opens once it stands in a file."""
    hints = _hints(path)
    if hints:
        yield from _in_lines(text, hints)


def _hints(text: str) -> frozenset[str]:
    return frozenset([hint for hint in _HINTS if hint in text])


def _deleted_password(command: Command) -> Iterator[Opening]:
    arguments = command.split()
    option = arguments.option("-d", "--delete")
    if option is not None:
        yield Opening(f"{_name(arguments)} gets an empty password", option.word.span)


def _of_account(command: Command) -> Iterator[Opening]:
    if not any(map(_may_open, command.arguments)):
        return
    valued = (*_ACCOUNT_VALUED, "-l") if command.name == "usermod" else _ACCOUNT_VALUED
    arguments = command.split(valued)
    password = arguments.option("-p", "--password")
    if password is not None and password.value == "":
        yield Opening(f"{_name(arguments)} gets an empty password", password.word.span)
    number = arguments.option("-u", "--uid")
    if (
        number is not None
        and number.value_span is not None
        and number.value
        and not number.value.strip("0")
        and arguments.option("-o", "--non-unique")
    ):
        yield Opening(f"{_name(arguments)} becomes a second root", number.value_span)


def _may_open(word: ShellWord) -> bool:
    """Whether a word may be an empty password, or the option for a number that is taken."""
    value = word.value
    if value[:2] == "--":
        return value == "--password=" or value.startswith("--non-unique")
    return not value or (value[0] == "-" and "o" in value)


def _name(arguments: Arguments) -> str:
    return arguments.operands[-1].value if arguments.operands else "an account"


def _written(command: Command, hints: frozenset[str]) -> Iterator[Opening]:
    """What a command writes about accounts; where to, the hints tell."""
    if command.name == "sed":
        for word in command.arguments:
            yield from _by_sed(word.content, hints)
        return
    if command.name in _WRITERS and command.arguments:
        yield from _in_lines(_line_of(command), hints)
    for each in command.redirections:
        if each.body is not None and command.name not in SHELLS:
            yield from _in_lines(each.body, hints)
        elif each.operator == "<<<":
            yield from _in_lines(each.target.content, hints)


def _line_of(command: Command) -> Excerpt:
    """What echo prints: its arguments with blanks between them."""
    parts: list[Excerpt] = []
    for word in command.arguments:
        if _ECHO_OPTION.fullmatch(word.value) and not parts:
            continue
        parts += [word.content, Stretch(" ", word.span.end)]
    return joined(parts) if parts else Stretch("")


def _in_lines(excerpt: Excerpt, hints: frozenset[str]) -> Iterator[Opening]:
    for line in _LINE.finditer(excerpt.text):
        if not line[1].startswith("#"):
            yield from _in_line(excerpt, *line.span(1), hints)


def _in_line(excerpt: Excerpt, start: int, end: int, hints: frozenset[str]) -> Iterator[Opening]:
    text = excerpt.text
    if "sudoers" in hints or "visudo" in hints:
        found = _SUDO.search(text, start, end)
        if found:
            yield Opening(_FREE_SUDO, excerpt.span(*found.span()))
    if "sshd" in hints:
        found = _SSH.search(text, start, end)
        if found:
            is_root = "root" in found.group().lower()
            what = "sshd lets root log in" if is_root else "sshd accepts empty passwords"
            yield Opening(what, excerpt.span(*found.span()))
    if "/etc/passwd" in hints or "/etc/shadow" in hints:
        found = _ACCOUNT.match(text, start, end)
        if found and not found[2]:
            yield Opening(f"{found[1]} gets an empty password", excerpt.span(*found.span(1)))
        elif (
            found
            and found[1] != "root"
            and _ZERO.fullmatch(found[3])
            and text.count(":", start, end) == _PASSWD_COLONS
        ):
            yield Opening(f"{found[1]} becomes a second root", excerpt.span(*found.span(3)))


def _by_sed(excerpt: Excerpt, hints: frozenset[str]) -> Iterator[Opening]:
    """What a script of sed puts in; what it looks for stays as it is, or goes."""
    text = excerpt.text
    substitutions = list(_SUBSTITUTION.finditer(text))
    for found in substitutions:
        if not _is_comment(found):
            yield from _in_line(excerpt, *found.span(3), hints)
            yield from _emptied(excerpt, found, hints)
    if not substitutions and not _DELETES.search(text):
        yield from _in_lines(excerpt, hints)
    if "sudoers" in hints and any(map(_uncomments, substitutions)):
        at = text.find("NOPASSWD", 0, substitutions[-1].start(3))
        if at >= 0:
            yield Opening(_FREE_SUDO, excerpt.span(at, at + len("NOPASSWD")))


def _emptied(
    excerpt: Excerpt, substitution: re.Match[str], hints: frozenset[str]
) -> Iterator[Opening]:
    """An account that loses its password: `s/^root:[^:]*:/root::/`."""
    is_account = "/etc/passwd" in hints or "/etc/shadow" in hints
    found = _EMPTIED.fullmatch(substitution[3]) if is_account else None
    if found and substitution[2].startswith(f"^{found[1]}:"):
        start = substitution.start(3)
        what = f"{found[1]} gets an empty password"
        yield Opening(what, excerpt.span(start, start + len(found[1])))


def _uncomments(substitution: re.Match[str]) -> bool:
    return bool(_COMMENT_SIGN.match(substitution[2])) and not _is_comment(substitution)


def _is_comment(substitution: re.Match[str]) -> bool:
    return substitution[3].lstrip().startswith("#")
