"""Ids of Marathon: paths that may be relative."""

from __future__ import annotations

_MOST_LEVELS = 64


def resolve(identifier: str, base: str) -> str:
    """The absolute form of an id, as Marathon resolves it: `..` at the root stays at the root."""
    segments = [] if identifier.startswith("/") else base.split("/")
    resolved: list[str] = []
    for segment in [*segments, *identifier.split("/")]:
        if segment == "..":
            del resolved[-1:]
        elif segment not in ("", "."):
            resolved.append(segment)
    return "/" + "/".join(resolved)


def ancestors(identifier: str) -> list[str]:
    """The groups around an absolute id, the closest first; none of one that is absurdly deep."""
    # Each is a text of its own: of a hostile id there would be too many.
    if not 0 < identifier.count("/") <= _MOST_LEVELS or identifier == "/":
        return []
    found = []
    while identifier:
        identifier = identifier.rpartition("/")[0]
        found.append(identifier or "/")
    return found
