"""Programs that mine coins, and the pools that they work for."""

from __future__ import annotations

import re

from policylint.detect.placeholders import mask_holes
from policylint.patterns import regex

_MINER = regex(
    r"stratum\d?\+(?:tcp|ssl|tls)://"
    # The game and the dinosaur have words after the name, the miner its version.
    r"|\bt-rex\b(?!-[a-z]{2,}\b(?<!-linux)(?<!-win)(?<!-miner))"
    r"|\b(?:xmrig|xmr-stak|minerd|cpuminer|cgminer|nbminer|ethminer|phoenixminer|cryptonight)\b"
    r"|--donate-level\b"
    r"|\b(?:minexmr\.com|nanopool\.org|supportxmr\.com|pool\.hashvault\.pro|2miners\.com)\b",
    re.ASCII | re.IGNORECASE,
)


def indicator(text: str) -> str | None:
    """The word of a text that speaks of mining."""
    match = _MINER.search(text) and _MINER.search(mask_holes(text))
    return match.group() if match else None
