"""Routing labels: what the proxies at the edge of a cluster make of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policylint.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Iterable

_HAPROXY_GROUP = regex(r"HAPROXY_(?:\d+_)?GROUP")
_HAPROXY_HOST = regex(r"HAPROXY_\d+_VHOST")
_TRAEFIK_RULE = regex(r"traefik\.(?:[\w-]+\.)*rule", re.IGNORECASE)
_TRAEFIK_SWITCH = "traefik.enable"
_NO = ("false", "0", "no", "off")


def routes(labels: Iterable[tuple[str, str]], groups: Iterable[str]) -> list[str]:
    """The names of those labels by which a proxy leads the internet to a service.

    `groups` are the groups of HAProxy that face the internet; an empty value is
    one that nobody knows.
    """
    labels = list(labels)
    is_off = any(name.lower() == _TRAEFIK_SWITCH and value in _NO for name, value in labels)
    return [
        name
        for name, value in labels
        if _HAPROXY_HOST.fullmatch(name)
        or (_HAPROXY_GROUP.fullmatch(name) and not set(groups).isdisjoint(_words(value)))
        or (not is_off and (_TRAEFIK_RULE.fullmatch(name) or name.lower() == _TRAEFIK_SWITCH))
    ]


def _words(value: str) -> list[str]:
    return [word.strip() for word in value.split(",")]
