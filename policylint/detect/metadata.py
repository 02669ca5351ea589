"""Metadata services of clouds: whoever asks one from an agent gets the agent's credentials."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policylint.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Iterable

# Amazon, Azure, Google and others; Amazon's for containers; Alibaba.
_ADDRESSES = ("169.254.169.254", "169.254.170.2", "100.100.100.200")
_HOSTS = regex(
    r"(?<![\w.-])(?:metadata\.google\.internal|metadata\.azure\.[a-z]+|fd00:ec2::254)"
    r"(?![\w:-]|\.\w)",
    re.IGNORECASE,
)
_NUMBER = r"(?:0[xX][0-9a-fA-F]{1,8}|[0-9]{1,12})"
_ADDRESS = regex(rf"(?<![\w.-]){_NUMBER}(?:\.{_NUMBER}){{0,3}}(?![\w-]|\.\w)")

# Nearly every text has none of these, which is quickly seen: how the addresses begin, by
# parts and as a whole, in decimal, octal and hexadecimal, and parts of the names.
_HINTS = ("169.", "100.", "28520", "16843", "0251", "0144", "0x", "fd00:", "metadata")

# To leave an address out is no use of it.
_LEFT_OUT = regex(
    r"(?:no_?proxy|nonproxyhosts)[\"']?\s*[=:]\s*(?:\"[^\"]*\"|'[^']*'|\S*)", re.IGNORECASE
)


def may_name_one(texts: Iterable[str], extra: Iterable[str] = ()) -> bool:
    """Whether any of some texts can name a metadata service: a quick look at all of them."""
    text = "\n".join(texts).lower()
    return any(hint in text for hint in (*_HINTS, *(host.lower() for host in extra)))


def metadata_host(text: str, extra: Iterable[str] = ()) -> str | None:
    """The metadata service that a text names, as it is written; `extra` hosts count too."""
    text = _LEFT_OUT.sub("", text)
    found = _HOSTS.search(text)
    if found:
        return found.group()
    for match in _ADDRESS.finditer(text):
        if _number(match.group()) in _KNOWN:
            return match.group()
    return next((host for host in extra if _names(host, text)), None)


def _names(host: str, text: str) -> bool:
    edges = r"(?<![\w.-])", r"(?![\w-]|\.\w)"
    return bool(re.search(re.escape(host).join(edges), text, re.IGNORECASE))


def _number(address: str) -> int | None:
    """An IPv4 address in any spelling that programs accept: the last part fills what is left."""
    *parts, last = map(_part, address.split("."))
    if None in (*parts, last) or any(part > 255 for part in parts if part is not None):
        return None
    whole = 0
    for part in parts:
        whole = whole * 256 + (part or 0)
    rest = 256 ** (4 - len(parts))
    return whole * rest + last if last is not None and last < rest else None


def _part(text: str) -> int | None:
    try:
        if text[:2] in ("0x", "0X"):
            return int(text, 16)
        return int(text, 8 if text.startswith("0") else 10)
    except ValueError:
        return None


_KNOWN = frozenset(map(_number, _ADDRESSES))
