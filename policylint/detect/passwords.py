"""Passwords that everybody knows: those that products ship with, and those that repeat a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

DEFAULTS = frozenset({
    "password", "passw0rd", "p@ssw0rd", "changeme", "changeit", "change-me", "secret", "admin",
    "root", "toor", "guest", "letmein", "test", "default", "123456", "12345678", "qwerty",
    "minio123", "minioadmin", "postgres", "mysql", "rabbitmq", "cassandra", "elastic", "kong",
    "wordpress", "jupyter", "yourstrong!passw0rd",
})  # fmt: skip

# Shorter names are too often parts of something else.
_SHORTEST_NAME = 3


def is_default(value: str, names: Collection[str] = (), more: Collection[str] = ()) -> bool:
    """Whether a password is a known default, or the name of the user or the product itself."""
    word = value.strip().lower()
    if word in DEFAULTS or word in map(str.lower, more):
        return True
    return len(word) >= _SHORTEST_NAME and word in map(str.lower, names)
