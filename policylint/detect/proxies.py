"""Labels that shared proxies read: marathon-lb's, Traefik's and the admin router's."""

from __future__ import annotations

import re

from policylint.detect.placeholders import mask_holes
from policylint.patterns import regex

_INDEXED = regex(r"HAPROXY_(\d{1,5})_(\w+)")
_ROUTING = regex(r"HAPROXY_|traefik\.|VIP_\d|DCOS_SERVICE_", re.IGNORECASE)

# Labels whose value replaces a piece of the proxy's configuration as it is. Where two forms
# of a name exist, the shorter one is a plain label: REDIRECT_TO_HTTPS, BACKEND_NETWORK_….
_TEMPLATE = regex(
    r"FRONTEND_HEAD|BACKEND_HEAD|USERLIST_HEAD"  # whole sections
    r"|HTTPS?_FRONTEND_\w+|MAP_\w+"  # which requests go to which backend, of all services
    r"|BACKEND_(?:\w+_)?OPTIONS|BACKEND_SERVER_\w+"  # what a backend does to requests
    r"|\w+_REDIRECT_\w+|\w*_GLUE"
    r"|(?!BACKEND_NETWORK_ALLOWED_ACL)\w+_NETWORK_ALLOWED_ACL"  # who is let in
)
# How its port is bound: it can switch TLS off or read certificates, for this port only.
_BIND_OPTIONS = "BIND_OPTIONS"

_GRAMMARS = (
    ("VHOST", regex(r"[A-Za-z0-9.*-]*(?:\s?,\s?[A-Za-z0-9.*-]*)*"), "host names and commas"),
    ("PATH", regex(r"(?:-i )?[\w/.~%+@:,;=!$&()*? -]*"), "paths separated by blanks"),
    ("PORT", regex(r"\d*"), "a number"),
    ("BIND_ADDR", regex(r"[0-9A-Fa-f.:]*|\*"), "an address or *"),
)
_CONTROL = {"\r": "a carriage return", "\n": "a line feed", "\0": "a NUL", "\t": "a tab",
            "#": "a #"}  # fmt: skip
_QUOTES = {"`": "backtick", '"': "double quote", "'": "quote"}

_HOST_RULE = regex(r"\bHost(?:SNI|Header|Regexp)?\s?[:(]", re.IGNORECASE)
_ANY_HOST = regex(r"HostRegexp\s?[:(][^;&|)]{0,100}?\.[*+]", re.IGNORECASE)
_ANY_PATH = regex(r"\bPathPrefix(?:Strip)?(?::\s?/\s?(?:;|$)|\([`'\"]/[`'\"]\))")
_TRAEFIK_RULE = regex(r"traefik\.(?:[\w-]+\.)*rule", re.IGNORECASE)
_TRAEFIK_PRIORITY = regex(r"traefik\.(?:[\w-]+\.)*priority", re.IGNORECASE)
_TRAEFIK_ENTRY = regex(r"traefik\.(?:[\w-]+\.)*entrypoints", re.IGNORECASE)
_TRAEFIK_MIDDLEWARES = regex(r"traefik\.(?:[\w-]+\.)*middlewares", re.IGNORECASE)
_TRAEFIK_AUTH = frozenset({"auth", "basicauth", "digestauth", "forwardauth"})
_YES = frozenset({"true", "yes", "1", "t", "y"})


def indexed(name: str) -> tuple[int, str] | None:
    """Port index and setting of `HAPROXY_0_VHOST`: 0 and VHOST."""
    match = _INDEXED.fullmatch(name)
    return (int(match[1]), match[2]) if match else None


def is_routing(name: str) -> bool:
    """Whether a proxy or the platform's router reads labels of this name."""
    return bool(_ROUTING.match(name))


def is_yes(text: str) -> bool:
    """Whether a label's value switches something on."""
    return text.strip().lower() in _YES


def is_template(setting: str) -> bool:
    """Whether a setting replaces a piece of the proxy's configuration."""
    return setting == _BIND_OPTIONS or bool(_TEMPLATE.fullmatch(setting))


def is_weak_template(setting: str) -> bool:
    """Whether it replaces only how its own port is bound."""
    return setting == _BIND_OPTIONS


def injected(name: str, value: str) -> str | None:
    """What in a routing label's value has no business there; None when all is well."""
    value = mask_holes(value)
    for char, what in _CONTROL.items():
        if char in value:
            return f"has {what} in it"
    for quote, what in _QUOTES.items():
        if value.count(quote) % 2:
            return f"has a {what} that is never closed"
    found = indexed(name)
    setting = found[1] if found else ""
    for key, grammar, expected in _GRAMMARS:
        if setting == key and not grammar.fullmatch(value):
            return f"has more in it than {expected}"
    return None


def wildcard_host(vhost: str, shared: frozenset[str]) -> str | None:
    """The host in a list that catches others' traffic: `*`, `*.suffix` or a bare suffix."""
    for host in (part.strip().lower() for part in vhost.split(",")):
        if host == "*" or (host.startswith("*.") and host[2:] in shared) or host in shared:
            return host
    return None


def is_traefik_rule(name: str) -> bool:
    """Whether a label says which requests Traefik sends here."""
    return bool(_TRAEFIK_RULE.fullmatch(name))


def is_priority(name: str) -> bool:
    """Whether a label lifts a route above others."""
    found = indexed(name)
    is_weight = found is not None and found[1] == "BACKEND_WEIGHT"
    return is_weight or bool(_TRAEFIK_PRIORITY.fullmatch(name))


def catch_all(rule: str) -> str | None:
    """Why a rule of Traefik takes everybody's requests; None when it does not."""
    if (".*" in rule or ".+" in rule) and _ANY_HOST.search(rule):
        return "its pattern fits any host"
    if _ANY_PATH.search(rule) and not _HOST_RULE.search(rule):
        return "every path of every host fits it"
    return None


def is_traefik_entry(name: str) -> bool:
    """Whether a label names the entry points of Traefik that a route uses."""
    return bool(_TRAEFIK_ENTRY.fullmatch(name))


def is_traefik_auth(name: str) -> bool:
    """Whether a label of Traefik asks for a login."""
    first, *rest = name.lower().split(".")
    return first == "traefik" and not _TRAEFIK_AUTH.isdisjoint(rest)


def foreign_middleware(name: str, value: str) -> str | None:
    """The piece of Traefik's configuration that a label takes from outside of Marathon."""
    if not _TRAEFIK_MIDDLEWARES.fullmatch(name):
        return None
    for word in (part.strip() for part in value.split(",")):
        provider = word.rpartition("@")[2] if "@" in word else "marathon"
        if provider != "marathon":
            return word
    return None


def is_open_list(text: str) -> bool:
    """Whether a list of networks lets everybody in."""
    return any(word in ("0.0.0.0/0", "::/0") for word in text.replace(",", " ").split())


def is_private_list(text: str) -> bool:
    """Whether a list of networks has private ones only."""
    from ipaddress import ip_network

    if is_open_list(text):
        return False
    words = text.replace(",", " ").split()
    try:
        return bool(words) and all(ip_network(word, strict=False).is_private for word in words)
    except ValueError:
        return False
