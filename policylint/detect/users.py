"""Users that a process runs as."""

from __future__ import annotations


def is_root(user: str) -> bool:
    """Whether `user`, `user:group`, or a number of either, is root."""
    name = user.partition(":")[0].strip()
    # The engine reads the number with a sign too.
    number = name[1:] if name[:1] in ("+", "-") else name
    return name == "root" or (number != "" and not number.strip("0"))
