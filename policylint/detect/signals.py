"""Signals, as the engine reads them."""

from __future__ import annotations

from policylint.patterns import regex

_NAMES = frozenset((
    "ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT", "KILL",
    "PIPE", "POLL", "PROF", "PWR", "QUIT", "SEGV", "STKFLT", "STOP", "SYS", "TERM", "TRAP", "TSTP",
    "TTIN", "TTOU", "UNUSED", "URG", "USR1", "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ",
))  # fmt: skip
_REAL_TIME = regex(r"RTMIN(?:\+(?:[1-9]|1[0-5]))?|RTMAX(?:-(?:[1-9]|1[0-4]))?")
_NUMBER = regex(r"\+?\d{1,9}")
_KILL = 9
_STOP = 19
_HIGHEST = 64


def is_kill(text: str) -> bool:
    """Whether a signal is the one that no process can heed."""
    return _name(text) == "KILL" or bool(_NUMBER.fullmatch(text) and int(text) == _KILL)


def is_stop(text: str) -> bool:
    """Whether a signal only halts a process, which does not even hear of it."""
    return _name(text) == "STOP" or bool(_NUMBER.fullmatch(text) and int(text) == _STOP)


def is_signal(text: str) -> bool:
    """Whether there is such a signal, by its name or its number."""
    if _NUMBER.fullmatch(text):
        return 0 < int(text) <= _HIGHEST
    name = _name(text)
    return name in _NAMES or bool(_REAL_TIME.fullmatch(name))


def _name(text: str) -> str:
    return text.upper().removeprefix("SIG")
