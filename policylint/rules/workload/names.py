"""Rules on how a workload finds others by their names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policylint.detect.placeholders import has_hole
from policylint.finding import Problem
from policylint.patterns import regex
from policylint.rule import rule
from policylint.workload import Container, DockerParameter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.finding import Problems
    from policylint.model import At
    from policylint.organisation import Registries

_JAVA = regex(
    r"(networkaddress\.cache\.(negative\.)?ttl|sun\.net\.inetaddr\.(negative\.)?ttl)"
    r"[\"']?\s?[=:]\s?[\"']?(-?\d{1,9})"
)
_RESOLVER = regex(r"\bresolver\s[^;\n]{0,100}?\bvalid=(\d{1,9}(?:ms|[smhd])?)")
_DURATION = regex(r"\s*(\d{1,9})\s*(ms|s|m|h|d)?\s*")
_SECONDS = {None: 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
# An answer that a name does not exist is forgotten soon: the task is about to start.
_MOST_NEGATIVE = 30
_CLUSTER_NAMES = (".mesos", ".thisdcos.directory")
_RESOLUTION = ("add-host", "dns", "dns-search", "dns-option")


@rule(on=Container, severity="medium", family="availability", refs="CWE-672", confidence="medium")
def dns_cache_unbounded(
    container: Container,
    *,
    max_ttl: int = 60,
    max_poll: int = 60,
    poll_keys: tuple[str, ...] = (
        "MESOS_DNS_REFRESH",
        "TRAEFIK_PROVIDERS_MARATHON_POLLINGINTERVAL",
    ),
) -> Problems:
    """Client caches DNS too long.

    When a task moves, the client keeps calling the address that it had.

    Instead, keep answers for 30 seconds at most.

    Settings:
        max_ttl: How many seconds an answer may be kept.
        max_poll: How many seconds may pass between two looks at where services are.
        poll_keys: Variables, or flags, that say how often a program looks.

    Bad (marathon):
        {"id": "/web", "cmd": "run", "env": {"JAVA_OPTS": "-Dsun.net.inetaddr.ttl=-1"}}

    Good (marathon):
        {"id": "/web", "cmd": "run", "env": {"JAVA_OPTS": "-Dsun.net.inetaddr.ttl=30"}}
    """
    for at, text in _texts(container):
        for why in (*_kept(text, max_ttl), *_polled(text, max_poll, poll_keys)):
            yield Problem(at, why)


@rule(
    on=DockerParameter,
    severity="medium",
    family="exposure",
    refs="NIST:4.4.2 CWE-706 ATTACK:T1557",
)
def name_resolution_override(
    parameter: DockerParameter,
    container: Container,
    registries: Registries,
    *,
    allowed_dns: tuple[str, ...] = ("198.51.100.1", "198.51.100.2", "198.51.100.3"),
) -> Problems:
    """Name resolution overridden.

    The container no longer asks the cluster's DNS: names of services lead
    elsewhere, or nowhere after the next move.

    Instead, remove the parameter.

    Settings:
        allowed_dns: Addresses of resolvers that containers may ask.

    Bad (marathon):
        {"id": "/web", "container": {"docker": {"image": "web:1", "parameters": [
          {"key": "add-host", "value": "leader.mesos:192.0.2.9"}]}}}

    Good (marathon):
        {"id": "/web", "container": {"docker": {"image": "web:1", "parameters": []}}}
    """
    value = parameter.value.value
    if parameter.key not in _RESOLUTION or not value or has_hole(value):
        return
    if parameter.key == "dns" and value.strip() in allowed_dns:
        return
    if parameter.key != "add-host":
        yield Problem(parameter, f"{parameter.key} {value} goes past the cluster's DNS")
        return
    name = re.split("[:=]", value, maxsplit=1)[0].strip().lower().rstrip(".")
    whose = _whose(name, container, registries)
    yield Problem(
        parameter,
        f"{name}{whose} always leads to the address written here",
        severity="high" if whose else None,
    )


def _texts(container: Container) -> Iterator[tuple[At, str]]:
    """What a container is told: variables as NAME=value, its command, its arguments."""
    for variable in container.env:
        if variable.value is not None and variable.value.is_known:
            yield variable.at, f"{variable.name}={variable.value.value}"
    for command in (container.command, container.entrypoint):
        if command is not None:
            for word in (*filter(None, (command.text,)), *command.args):
                if word.is_known:
                    yield word.at, word.value


def _kept(text: str, most: int) -> Iterator[str]:
    for match in _JAVA.finditer(text):
        limit = _MOST_NEGATIVE if match[2] or match[3] else most
        seconds = int(match[4])
        if seconds < 0:
            yield f"{match[1]} {seconds} keeps answers of the DNS for ever"
        elif seconds > limit:
            yield f"{match[1]} keeps answers of the DNS for {seconds} s, {limit} is the most"
    for match in _RESOLVER.finditer(text) if "valid=" in text else ():
        seconds_kept = _seconds(match[1])
        if seconds_kept is not None and seconds_kept > most:
            yield f"resolver keeps answers of the DNS for {match[1]}, {most} s is the most"


def _polled(text: str, most: int, keys: tuple[str, ...]) -> Iterator[str]:
    for key in keys:
        name, found, rest = text.partition(f"{key}=")
        if not found or (name and name[-1].isalnum()):
            continue
        value = rest.split(maxsplit=1)[0] if rest.split(maxsplit=1) else ""
        seconds = _seconds(value.strip("\"'"))
        if seconds is not None and seconds > most:
            yield f"{key} looks for moved tasks every {value} only, {most} s is the most"


def _seconds(text: str) -> float | None:
    match = _DURATION.fullmatch(text)
    return int(match[1]) * _SECONDS[match[2]] if match else None


def _whose(name: str, container: Container, registries: Registries) -> str:
    """Whose a name is when more than this container depends on it; nothing otherwise."""
    if name.endswith(_CLUSTER_NAMES):
        return ", a name of the cluster,"
    image = container.image
    hosts = {pattern.partition("/")[0].lower() for pattern in registries.patterns}
    if image is not None and isinstance(image.registry, str):
        hosts.add(image.registry.lower())
    if name in {host.partition(":")[0] for host in hosts}:
        return ", the registry of images,"
    for artifact in container.artifacts:
        if artifact.uri.is_known and f"//{name}" in artifact.uri.value.lower():
            return ", where artifacts come from,"
    return ""
