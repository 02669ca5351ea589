"""Words in paths that tell the clusters of one organisation apart."""

from __future__ import annotations

from policylint.patterns import regex

ENVIRONMENTS = (
    "dev", "development", "test", "testing", "qa", "uat", "int", "integration", "stage", "staging",
    "preprod", "prod", "production", "live", "sandbox", "demo", "canary", "dr",
)  # fmt: skip
_WORDS = regex(r"[^a-z0-9]+")


def environment(path: str, names: tuple[str, ...] = ENVIRONMENTS) -> frozenset[str]:
    """Those of the names that are words of a path: `prod` of `prod/web.json`, `web.prod.json`."""
    return frozenset(_WORDS.split(path.lower())).intersection(names)
