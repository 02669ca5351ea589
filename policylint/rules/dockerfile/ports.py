"""The ports that an image says it listens on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect import ports as known
from policylint.detect.users import is_root
from policylint.finding import Change, Fix, Problem
from policylint.image import BuildStage, Expose, ExposedPort, ImageBuild, User
from policylint.patterns import regex
from policylint.rule import rule
from policylint.source import Span

if TYPE_CHECKING:
    from policylint.finding import Problems

_HIGHEST = 65535
_HIGHEST_PRIVILEGED = 1023
_REMOTE_LOGIN = ("22",)
_PROTOCOLS = ("tcp", "udp", "sctp")
# [[address:]host port:]port[/protocol], an address of IPv6 in brackets; an address alone
_MAPPING = regex(
    r"(?:(?:\[[^\]]*\]|[\w.-]*):){1,2}[\d-]*(?:/\w+)?|(?:\d+(?:\.\d+){3}|\[[^\]]*\])(?:/\w+)?"
)


@rule(
    on=ExposedPort,
    severity="medium",
    family="exposure",
    refs="CIS-Docker:5.7 ATTACK:T1021.004",
    equivalents=("CKV_DOCKER_1", "DS-0004", "KICS:Exposing Port 22 (SSH)"),
)
def remote_login_port_exposed(
    port: ExposedPort, *, ports: tuple[str, ...] = _REMOTE_LOGIN
) -> Problems:
    """A port for remote logins is exposed.

    A daemon for logins beside the service is one more way in, with accounts and keys
    that nobody looks after.

    Instead, leave it out, and run commands in the container through the scheduler.

    Settings:
        ports: ports or ranges that count, such as 22 or 512-514

    Bad (dockerfile):
        FROM debian:12.9
        EXPOSE 22 8080
        USER 10001

    Good (dockerfile):
        FROM debian:12.9
        EXPOSE 8080
        USER 10001
    """
    if port.first is None or port.last is None or port.protocol.lower() not in ("", "tcp", "udp"):
        return
    for ends in map(known.read_range, ports):
        if ends is not None and port.first <= ends[1] and ends[0] <= port.last:
            number = max(port.first, ends[0])
            name = known.INTERNAL[number].name if number in known.INTERNAL else "remote logins"
            yield Problem(port, f"port {number} is for {name}")
            return


@rule(
    on=ExposedPort,
    severity="high",
    family="exposure",
    equivalents=(
        "DL3011", "DS-0008", "KICS:UNIX Ports Out Of Range", "semgrep:invalid-port",
    ),
)  # fmt: skip
def port_out_of_range(port: ExposedPort) -> Problems:
    """There is no such port.

    Ports end at 65535: the build fails, or nothing can listen there.

    Instead, write the port that the service listens on.

    Bad (dockerfile):
        FROM debian:12.9
        EXPOSE 80800
        USER 10001

    Good (dockerfile):
        FROM debian:12.9
        EXPOSE 8080
        USER 10001
    """
    if port.first is None or port.last is None:
        return
    highest = max(port.first, port.last)
    if highest > _HIGHEST:
        yield Problem(port, f"port {highest} is above {_HIGHEST}")
    elif port.first > port.last:
        yield Problem(port, f"{port.first}-{port.last} runs backwards", severity="info")


@rule(
    on=ExposedPort,
    severity="medium",
    family="exposure",
    equivalents=("BuildKit:ExposeInvalidFormat",),
)
def expose_invalid_format(port: ExposedPort) -> Problems:
    """EXPOSE names an address or a port of the host.

    It only says where the service listens inside the container; where that can be
    reached is the scheduler's business. Some builders refuse it, others ignore a part.

    Instead, write the container's port alone, and map it in the service's definition.

    Bad (dockerfile):
        FROM debian:12.9
        EXPOSE 127.0.0.1:8080:80
        USER 10001

    Good (dockerfile):
        FROM debian:12.9
        EXPOSE 8080
        USER 10001
    """
    if port.entry.is_known and port.first is None and _MAPPING.fullmatch(port.entry.value):
        yield Problem(port, f"{port.entry.value} names more than a port")


@rule(
    on=ExposedPort,
    severity="info",
    family="exposure",
    equivalents=("BuildKit:ExposeProtoCasing",),
)
def expose_protocol_case(port: ExposedPort, build: ImageBuild) -> Problems:
    """The protocol of a port is not in lower case.

    Builders read it all the same and warn; other tools compare the text, and miss it.

    Instead, write it in lower case.

    Bad (dockerfile):
        FROM debian:12.9
        EXPOSE 8080/TCP
        USER 10001

    Good (dockerfile):
        FROM debian:12.9
        EXPOSE 8080/tcp
        USER 10001
    """
    protocol = port.protocol
    if protocol != protocol.lower() and protocol.lower() in _PROTOCOLS:
        yield Problem(port, f"{protocol} in capitals", fix=_in_lower_case(port, build))


@rule(
    on=ExposedPort,
    severity="low",
    family="exposure",
    refs="CIS-Docker:5.8",
    unless=("remote-login-port-exposed",),
)
def privileged_port_exposed(
    port: ExposedPort, expose: Expose, stage: BuildStage, *, allowed_ports: tuple[str, ...] = ()
) -> Problems:
    """A port below 1024 is exposed by an image that does not run as root.

    To listen there takes root or a capability: the service fails to start, or
    somebody will run it with more rights than it needs.

    Instead, listen on a port from 1024, and let the scheduler map the other one to it.

    Settings:
        allowed_ports: ports or ranges that may be exposed

    Bad (dockerfile):
        FROM debian:12.9
        EXPOSE 80
        USER 10001

    Good (dockerfile):
        FROM debian:12.9
        EXPOSE 8080
        USER 10001
    """
    if port.first is None or port.last is None or expose.is_trigger:
        return
    if port.first > _HIGHEST_PRIVILEGED:
        return
    last = stage.effective(User)
    user = last.user if last is not None else None
    if not user or is_root(user.value):
        return
    lowest, highest = max(port.first, 1), min(port.last, _HIGHEST_PRIVILEGED)
    allowed = (*_REMOTE_LOGIN, *allowed_ports)
    for number in range(lowest, highest + 1):
        if not known.is_within(number, allowed):
            yield Problem(port, f"port {number} takes more rights than {user.value} has")
            return


def _in_lower_case(port: ExposedPort, build: ImageBuild) -> Fix | None:
    """The entry with its protocol in lower case, where it is written out."""
    span = port.entry.at
    if not isinstance(span, Span):
        return None
    written = build.file.text[span.start : span.end]
    if not written.endswith(f"/{port.protocol}"):
        return None
    at = Span(span.end - len(port.protocol), span.end)
    change = Change("text", at, port.protocol.lower())
    return Fix("write the protocol in lower case", (change,), is_safe=True)
