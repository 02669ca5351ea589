"""Routes: the requests that shared proxies send to a service because of its labels."""

from __future__ import annotations

import re
from itertools import islice, product
from typing import TYPE_CHECKING

from policylint.detect import proxies
from policylint.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NO = frozenset({"false", "0", "no", "off", "f", "n"})
_FRONTEND = re.compile(r"traefik\.(?:[\w-]+\.)?frontend\.", re.IGNORECASE)
_ROUTER = re.compile(r"traefik\.(?:http|tcp|udp)\.routers\.[\w@-]+\.", re.IGNORECASE)
_V2_PART = re.compile(r"(Host|HostSNI|PathPrefix|Path)\((`[^`]*`(?:,`[^`]*`)*)\)")
_HOSTS = ("Host", "HostSNI")
_PATHS = ("Path", "PathStrip", "PathPrefix", "PathPrefixStrip")
_EXACT = ("Path", "PathStrip")
# More hosts times paths than anybody serves.
_MOST = 500


class Route(NamedTuple):
    """Requests for a host and a path, and the label that asks for them.

    `proxy` tells apart the proxies that never see each other's routes. Where two want
    the same requests the heavier one gets them; `weight` is None where none is stated.
    The path is the beginning of those that are meant, all of one that ends with a blank;
    nothing stands for every path.
    """

    proxy: tuple[str, ...]
    host: str
    path: str
    weight: int | None
    label: str


def routes(labels: Mapping[str, str]) -> Iterator[Route]:
    """The routes that the labels of a service ask for."""
    for name, value in labels.items():
        found = proxies.indexed(name)
        if found is not None and found[1] == "VHOST":
            yield from _haproxy(labels, name, found[0], value)
    switch = {name.lower(): value for name, value in labels.items()}.get("traefik.enable", "")
    if switch.strip().lower() not in _NO:
        for name, value in labels.items():
            if proxies.is_traefik_rule(name):
                yield from _traefik(labels, name, value)


def groups(labels: Mapping[str, str], index: int) -> tuple[str, ...]:
    """The groups of HAProxy that a port of a service belongs to; `("",)` where none is stated."""
    stated = labels.get(f"HAPROXY_{index}_GROUP", labels.get("HAPROXY_GROUP", ""))
    return tuple(sorted({word.strip() for word in stated.split(",")} - {""})) or ("",)


def is_enabled(labels: Mapping[str, str], index: int) -> bool:
    """Whether HAProxy serves a port of a service at all."""
    return labels.get(f"HAPROXY_{index}_ENABLED", "true").strip().lower() not in _NO


def _haproxy(labels: Mapping[str, str], name: str, index: int, hosts: str) -> Iterator[Route]:
    if not is_enabled(labels, index):
        return
    words = labels.get(f"HAPROXY_{index}_PATH", "").split()
    paths = [word for word in words if word != "-i"] or [""]
    weight = _number(labels.get(f"HAPROXY_{index}_BACKEND_WEIGHT"))
    names = {host.strip().lower() for host in hosts.split(",")} - {""}
    for group in groups(labels, index):
        for host, path in _pairs(names, paths):
            yield Route(("haproxy", group), host, path, weight, name)


def _traefik(labels: Mapping[str, str], name: str, rule: str) -> Iterator[Route]:
    router = _FRONTEND.match(name) or _ROUTER.match(name)
    if router is None or not rule.strip():
        return
    lowered = {key.lower(): value for key, value in labels.items()}
    prefix = router.group().lower()
    entries = {word.strip() for word in lowered.get(f"{prefix}entrypoints", "").split(",")}
    tags = lowered.get("traefik.tags", "")
    weight = _number(lowered.get(f"{prefix}priority"))
    proxy = ("traefik", prefix.split(".")[1] if "routers" in prefix else "", tags, *sorted(entries))
    read = _conditions if "routers" in prefix else _old_conditions
    conditions = read(rule)
    if conditions is None or not any(kind in _HOSTS for kind, _ in conditions):
        yield Route(proxy, "".join(rule.split()), "", weight, name)
        return
    hosts = {host.lower() for kind, values in conditions if kind in _HOSTS for host in values}
    paths = [
        f"{path} " if kind in _EXACT else path
        for kind, values in conditions
        if kind in _PATHS
        for path in values
    ]
    for host, path in _pairs(hosts, paths or [""]):
        yield Route(proxy, host, path, weight, name)


def _conditions(rule: str) -> list[tuple[str, list[str]]] | None:
    """The parts of ``Host(`a`) && PathPrefix(`/b`)``; None for anything less plain."""
    found = []
    for part in "".join(rule.split()).replace('"', "`").replace("'", "`").split("&&"):
        match = _V2_PART.fullmatch(part)
        if match is None:
            return None
        found.append((match[1], [value.strip("`") for value in match[2].split(",")]))
    return found if len({kind for kind, _ in found}) == len(found) else None


def _old_conditions(rule: str) -> list[tuple[str, list[str]]] | None:
    """The parts of `Host:a,b;PathPrefix:/c`; None for anything less plain."""
    found = []
    for part in rule.split(";"):
        kind, colon, values = part.partition(":")
        if not colon or kind.strip() not in (*_HOSTS, *_PATHS):
            return None
        found.append((kind.strip(), [value.strip() for value in values.split(",")]))
    return found if len({kind for kind, _ in found}) == len(found) else None


def _pairs(hosts: set[str], paths: list[str]) -> Iterator[tuple[str, str]]:
    plain = dict.fromkeys("" if path == "/" else path for path in paths)
    return islice(product(sorted(hosts), plain), _MOST)


def _number(text: str | None) -> int | None:
    text = (text or "").strip()
    return int(text) if text.removeprefix("-").isdecimal() and len(text) < 10 else None
