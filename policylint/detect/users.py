"""Users that a process runs as."""

from __future__ import annotations

from policylint.patterns import regex

# The engine reads the number with a sign too.
_ROOT = regex(r"root|[+-]?0+")


def is_root(user: str) -> bool:
    """Whether `user`, `user:group`, or a number of either, is root."""
    return bool(_ROOT.fullmatch(user.partition(":")[0].strip()))
