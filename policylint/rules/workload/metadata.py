"""Rules on the metadata services of clouds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect.metadata import may_name_one, metadata_host
from policylint.finding import Problem
from policylint.rule import rule
from policylint.workload import Workload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.finding import Problems
    from policylint.model import Value
    from policylint.workload import Command, HealthCheck

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
    fetched = [
        artifact.uri
        for container in workload.containers
        for artifact in container.artifacts
        if artifact.uri.is_known
    ]
    used = [use for use in _uses(workload) if use[1].is_known]
    # All at once, since nearly no workload names any.
    values = (*fetched, *(value for _, value in used))
    if not may_name_one((value.value for value in values), metadata_hosts):
        return
    for uri in fetched:
        host = metadata_host(uri.value, metadata_hosts)
        if host:
            yield Problem(
                uri,
                f"fetched from {host}: the agent hands out its own credentials",
                severity="critical",
            )
    for user, value in used:
        host = metadata_host(value.value, metadata_hosts)
        if host and not user.lower().endswith(_NO_PROXY):
            yield Problem(
                value,
                f"{user} names {host}, which hands out the agent's credentials",
                severity="medium",
            )


def _uses(workload: Workload) -> Iterator[tuple[str, Value[str]]]:
    """Whatever may name a host, and what it is."""
    for container in workload.containers:
        for variable in container.env:
            if variable.value is not None:
                yield variable.name, variable.value
        yield from _command("the command", container.command)
        if container.entrypoint is not None:
            yield "the entrypoint", container.entrypoint.args[0]
        for check in container.health_checks:
            yield from _check(check)
    for check in workload.health_checks:
        yield from _check(check)


def _check(check: HealthCheck) -> Iterator[tuple[str, Value[str]]]:
    yield from _command("the check", check.command)
    if check.path is not None:
        yield "the check", check.path


def _command(user: str, command: Command | None) -> Iterator[tuple[str, Value[str]]]:
    if command is not None:
        if command.text is not None:
            yield user, command.text
        for argument in command.args:
            yield user, argument
