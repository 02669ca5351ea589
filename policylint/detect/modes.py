"""Modes of files, as chmod reads them: `4755`, `u+s,go-w`."""

from __future__ import annotations

from policylint.named import NamedTuple
from policylint.patterns import regex

_OCTAL = regex(r"[+=]?([0-7]{1,5})")
_CLAUSE = regex(r"([ugoa]*)((?:[-+=](?:[ugo]|[rwxXst]*))+)")
_STEP = regex(r"([-+=])([ugo]|[rwxXst]*)")

_SETUID, _SETGID, _STICKY, _OTHERS_WRITE = 0o4000, 0o2000, 0o1000, 0o0002


class Mode(NamedTuple):
    """What a mode sets; whatever it leaves as it was counts as not set."""

    setuid: bool
    setgid: bool
    sticky: bool
    others_write: bool


def read(text: str) -> Mode | None:
    """What a mode sets; `None` for what is no mode, or hides in a variable."""
    octal = _OCTAL.fullmatch(text)
    bits = int(octal[1], 8) if octal else _symbolic(text)
    if bits is None:
        return None
    return Mode(*(bool(bits & bit) for bit in (_SETUID, _SETGID, _STICKY, _OTHERS_WRITE)))


def _symbolic(text: str) -> int | None:
    bits = 0
    for clause in text.split(","):
        match = _CLAUSE.fullmatch(clause)
        if match is None:
            return None
        for operator, letters in _STEP.findall(match[2]):
            if operator == "=":
                bits &= ~_bits(match[1] or "a", "wst")
            changed = _bits(match[1], letters)
            bits = bits & ~changed if operator == "-" else bits | changed
    return bits


def _bits(who: str, letters: str) -> int:
    """The bits that letters stand for; without `who` the umask keeps others from writing."""
    bits = 0
    everybody = not who or "a" in who
    if "s" in letters:
        bits |= _SETUID if everybody or "u" in who else 0
        bits |= _SETGID if everybody or "g" in who else 0
    if "t" in letters and (everybody or "o" in who):
        bits |= _STICKY
    if "w" in letters and ("o" in who or "a" in who):
        bits |= _OTHERS_WRITE
    return bits
