"""Rules on the metadata services of clouds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect.metadata import metadata_host
from policylint.finding import Problem
from policylint.model import Value, Workload
from policylint.rule import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.finding import Problems
    from policylint.model import Command, Container, HealthCheck

_NO_PROXY = ("no_proxy", "noproxy")


@rule(
    on=Workload,
    severity="high",
    family="escape",
    refs="CWE-918 NIST:4.4.2 ATTACK:T1552.005",
    confidence="medium",
)
def metadata_service_access(
    workload: Workload, *, metadata_hosts: tuple[str, ...] = ()
) -> Problems:
    """Metadata service of the cloud asked.

    It gives the credentials of the agent's role to whoever asks from the agent. A
    file to fetch is asked for by the agent itself, whatever network the task has.

    Instead, give the service credentials of its own.

    Settings:
        metadata_hosts: Further hosts that count.

    Bad (marathon):
        {"id": "/web", "cmd": "run", "fetch": [
          {"uri": "http://169.254.169.254/latest/meta-data/iam/security-credentials/"}]}

    Good (marathon):
        {"id": "/web", "cmd": "run", "env": {"NO_PROXY": "169.254.169.254"}}
    """
    for container in workload.containers:
        for artifact in container.artifacts:
            host = _host(artifact.uri, metadata_hosts)
            if host:
                yield Problem(
                    artifact.uri,
                    f"fetched from {host}: the agent hands out its own credentials",
                    severity="critical",
                )
    for what, value in _texts(workload):
        host = _host(value, metadata_hosts)
        if host:
            yield Problem(
                value, f"{what} {host}, which hands out the agent's credentials", severity="medium"
            )


def _host(value: Value[str], extra: tuple[str, ...]) -> str | None:
    return metadata_host(value.value, extra) if value.is_known else None


def _texts(workload: Workload) -> Iterator[tuple[str, Value[str]]]:
    for container in workload.containers:
        yield from _command(container.command, "the command asks")
        yield from _entrypoint(container)
        yield from _variables(container)
        for check in container.health_checks:
            yield from _check(check)
    for check in workload.health_checks:
        yield from _check(check)


def _variables(container: Container) -> Iterator[tuple[str, Value[str]]]:
    for variable in container.env:
        if variable.value is not None and not variable.name.lower().endswith(_NO_PROXY):
            yield f"{variable.name} names", variable.value


def _entrypoint(container: Container) -> Iterator[tuple[str, Value[str]]]:
    for parameter in container.parameters:
        if parameter.key == "entrypoint":
            yield "the entrypoint asks", parameter.value


def _check(check: HealthCheck) -> Iterator[tuple[str, Value[str]]]:
    yield from _command(check.command, "the check asks")
    if check.path is not None:
        yield "the check asks", check.path


def _command(command: Command | None, what: str) -> Iterator[tuple[str, Value[str]]]:
    if command is not None:
        if command.text is not None:
            yield what, command.text
        for argument in command.args:
            yield what, argument
