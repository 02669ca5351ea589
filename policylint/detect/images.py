"""Image references, by the grammar that registries and engines share."""

from __future__ import annotations

from typing import NamedTuple

from policylint.detect.placeholders import mask_holes


class Reference(NamedTuple):
    """The parts of `registry/repository:tag@digest`; absent ones are None, the registry's empty."""

    registry: str
    repository: str
    tag: str | None
    digest: str | None


def parse(text: str) -> Reference:
    """Take a reference apart; colons and slashes inside placeholders do not count."""
    text = text.strip()
    mask = mask_holes(text)
    name_end, digest = len(text), None
    at = mask.find("@")
    if at >= 0:
        name_end, digest = at, text[at + 1 :]
    tag = None
    colon = mask.rfind(":", mask.rfind("/", 0, name_end) + 1, name_end)
    if colon >= 0:
        tag, name_end = text[colon + 1 : name_end], colon
    slash = mask.find("/", 0, name_end)
    first = mask[:slash] if slash > 0 else ""
    if "." in first or ":" in first or first == "localhost":
        return Reference(text[:slash], text[slash + 1 : name_end], tag, digest)
    return Reference("", text[:name_end], tag, digest)
