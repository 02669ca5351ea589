"""Regular expressions that are compiled when they are first used.

There are hundreds of them, one run needs few, and compiling them all would take a third
of a start.
"""

from __future__ import annotations

import re
from typing import Any, cast


def regex(text: str, flags: int = 0) -> re.Pattern[str]:
    """What `re.compile` makes of a text, later."""
    return cast("re.Pattern[str]", _Pattern(text, flags))


class _Pattern:
    """A pattern in waiting: each of its methods is fetched once, then its own."""

    def __init__(self, text: str, flags: int) -> None:
        self._asked = text, flags

    def __repr__(self) -> str:
        return f"regex({self._asked[0]!r})"

    def __getattr__(self, name: str) -> Any:
        found = getattr(re.compile(*self._asked), name)
        setattr(self, name, found)
        return found
