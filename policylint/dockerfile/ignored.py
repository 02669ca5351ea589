"""The ignore file of a build: what the context leaves out."""

from __future__ import annotations

from typing import NamedTuple


class IgnoreFile(NamedTuple):
    """An ignore file: its path as reported, and its text."""

    path: str
    text: str
