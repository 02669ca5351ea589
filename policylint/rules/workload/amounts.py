"""Rules on how much a workload asks for, and what it may not ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.demand import UNITS, request
from policylint.detect.miners import indicator
from policylint.detect.paths import matches_glob
from policylint.detect.placeholders import has_hole
from policylint.finding import Problem
from policylint.rule import rule
from policylint.workload import Container, Group, Workload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.finding import Problems
    from policylint.model import Value
    from policylint.workload import Command


@rule(on=Workload, severity="medium", family="resources", refs="CWE-770")
def task_too_large(
    workload: Workload,
    *,
    max_cpus: float = 8,
    max_mem: float = 32768,
    max_disk: float = 102400,
    max_gpus: float = 0,
    agent_cpus: float = 0,
    agent_mem: float = 0,
    agent_disk: float = 0,
    agent_fraction: float = 0.5,
) -> Problems:
    """One task asks for too much.

    Few agents have so much free at once, or none: the task waits, keeps others from
    being placed, and an agent that it fills cannot be emptied for maintenance.

    Instead, run more and smaller instances, or have the policy exempt this one.

    Settings:
        max_cpus: Processors that a task may ask for; 0 for any number.
        max_mem: MiB of memory that a task may ask for; 0 for any amount.
        max_disk: MiB of disk that a task may ask for; 0 for any amount.
        max_gpus: Graphics processors that a task may ask for; 0 for any number.
        agent_cpus: Processors of an agent; 0 when that is not known.
        agent_mem: MiB of memory of an agent; 0 when that is not known.
        agent_disk: MiB of disk of an agent; 0 when that is not known.
        agent_fraction: The share of an agent that a task may ask for.

    Bad (marathon):
        {"id": "/web", "cmd": "run", "cpus": 64, "mem": 262144}

    Good (marathon):
        {"id": "/web", "cmd": "run", "cpus": 2, "mem": 4096}
    """
    limits = {
        "cpus": _least(max_cpus, agent_cpus * agent_fraction),
        "mem": _least(max_mem, agent_mem * agent_fraction),
        "disk": _least(max_disk, agent_disk * agent_fraction),
        "gpus": _least(max_gpus),
    }
    found = [
        (at, f"{total:g} {UNITS[name]}, {limit:g} are the most here")
        for name, limit in limits.items()
        for total, at in [request(workload, name)]
        if limit is not None and total > limit
    ]
    if found:
        (at, words), *others = found
        yield Problem(at, f"one task asks for {words}", others)


@rule(on=(Workload, Group), severity="medium", family="resources", refs="CWE-770 ATTACK:T1496")
def instances_over_limit(
    scaled: Workload | Group, *, max_instances: int = 100, max_scale_by: float = 3.0
) -> Problems:
    """Too many instances.

    A zero too many becomes a storm of launches that takes the cluster from everybody.

    Instead, ask for as many as the load needs.

    Settings:
        max_instances: Instances that a service may have.
        max_scale_by: Times by which a group may multiply the instances of its services.

    Bad (marathon):
        {"id": "/web", "cmd": "run", "instances": 5000}

    Good (marathon):
        {"id": "/web", "cmd": "run", "instances": 5}
    """
    if isinstance(scaled, Group):
        factor = scaled.scale_by
        if factor and factor.value > max_scale_by:
            yield Problem(
                factor,
                f"{factor.value:g} times the instances of everything below, {max_scale_by:g} times "
                "are the most here",
            )
        return
    instances = scaled.instances
    if instances is not None and instances.is_known and instances.value > max_instances:
        yield Problem(
            instances,
            f"{instances.value:g} instances, {max_instances} are the most here: "
            "they take the cluster from everybody",
        )


@rule(on=Container, severity="medium", family="resources", refs="CWE-770 ATTACK:T1496")
def gpu_not_allowed(
    container: Container, workload: Workload, *, gpu_ids: tuple[str, ...] = ()
) -> Problems:
    """Graphics processor requested without permission.

    They are few and dear. A parameter takes them past the scheduler, which gives them
    to the next task as well.

    Instead, ask for permission, and then for `gpus`.

    Settings:
        gpu_ids: Ids that may use graphics processors, such as `/ml/**`.

    Bad (marathon):
        {"id": "/web", "cmd": "run", "gpus": 8}

    Good (marathon):
        {"id": "/web", "cmd": "run", "gpus": 0}
    """
    if workload.id.is_known and any(matches_glob(workload.id.value, ids) for ids in gpu_ids):
        return
    gpus = container.resources.gpus if container.resources is not None else None
    if gpus is not None and gpus.is_known and gpus.value > 0:
        yield Problem(gpus, f"asks for {gpus.value:g} gpus without permission: they are few")
    for parameter in container.parameters:
        if parameter.key == "gpus" and not has_hole(parameter.value.value):
            yield Problem(
                parameter,
                "takes graphics processors past the scheduler, which gives them to others as well",
                severity="high",
                instead="instead, drop the parameter and ask for gpus in the definition",
            )


@rule(
    on=Container,
    severity="critical",
    family="resources",
    refs="NIST:4.4.5 CWE-506 ATTACK:T1496",
)
def cryptominer_indicator(container: Container, workload: Workload) -> Problems:
    """Mining software or pool.

    Somebody uses the cluster to mine coins, seldom its owner: an account or an image
    has been taken over.

    Instead, find out who deployed it, and reject it.

    Bad (marathon):
        {"id": "/web", "cmd": "./xmrig -o stratum+tcp://pool.example:3333"}

    Good (marathon):
        {"id": "/web", "cmd": "./server"}
    """
    hits = [
        (value.at, word)
        for value in _texts(container, workload)
        if value.is_known and (word := indicator(value.value)) is not None
    ]
    if hits:
        (at, word), *others = hits
        yield Problem(
            at,
            f'"{word}" is of a program that mines coins or of its pool',
            [(place, f'"{further}"') for place, further in others],
        )


def _least(*limits: float) -> float | None:
    """The lowest of the limits that are set."""
    return min((limit for limit in limits if limit > 0), default=None)


def _texts(container: Container, workload: Workload) -> Iterator[Value[str]]:
    """What a container runs, is told, and fetches."""
    checks = container.health_checks or workload.health_checks
    for command in (
        container.command,
        container.entrypoint,
        *(check.command for check in checks),
    ):
        yield from _words(command)
    if container.image is not None:
        yield container.image.reference
    for variable in container.env:
        if variable.value is not None:
            yield variable.value
    for artifact in container.artifacts:
        yield artifact.uri


def _words(command: Command | None) -> Iterator[Value[str]]:
    if command is not None:
        if command.text is not None:
            yield command.text
        yield from command.args
