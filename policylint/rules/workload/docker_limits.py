"""Rules on Docker parameters that take a task out of the scheduler's hands: its limits, its end."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from policylint.detect import parameters
from policylint.detect.placeholders import has_hole
from policylint.finding import Change, Fix, Problem
from policylint.rule import rule
from policylint.workload import Container, DockerParameter

if TYPE_CHECKING:
    from policylint.finding import Problems
    from policylint.model import At, Value

# What Marathon and Metronome give to a definition that does not say.
_DEFAULTS = {"cpus": 1.0, "mem": 128.0}
_SHARES = 1024
_PERIOD = 100_000


@rule(
    on=DockerParameter,
    severity="high",
    family="resources",
    refs="CIS-Docker:5.11 CIS-Docker:5.12 NIST:4.4.3 CWE-770 ATTACK:T1496 ATTACK:T1499",
    unless=("oom-protection-tampered",),
)
def limit_override_parameter(parameter: DockerParameter, container: Container) -> Problems:
    """Docker parameter overrides the scheduler's limits.

    Parameters come after the flags that the agent derives from `cpus` and `mem`,
    and the last one wins: the quota counts 128 MiB while the container may use it all.

    Instead, drop the parameter and state what the task needs in `cpus`, `mem` or
    `resourceLimits`.

    Bad (marathon):
        {"id": "/web", "mem": 128, "container": {"docker": {"image": "web:1", "parameters": [
          {"key": "memory", "value": "64g"}]}}}

    Good (marathon):
        {"id": "/web", "mem": 1024, "container": {"docker": {"image": "web:1"}}}
    """
    field = parameters.LIMITS.get(parameter.key)
    given = _given(parameter, container)
    if field is None or not given or has_hole(parameter.value.value):
        return
    what = f"{parameter.key} {parameter.value.value}".strip()
    amount, limit = _amount(parameter, container), _limit(field, container)
    if parameter.key == "memory-swap" and _is_swap_off(amount, limit, container):
        return
    if parameter.key == "cpu-period" and _last("cpu-quota", container) is not None:
        return  # the quota's finding speaks for both
    is_less = parameter.key != "memory-swap" and amount is not None and 0 < amount <= limit
    if is_less:
        message = f"{what} replaces {field} where the accounting does not see it"
    elif not field:
        message = f"{what} takes disk time that no field of the definition accounts for"
    else:
        message = f"{what} overrides {field}: the task may take more than is accounted for"
    instead = f"instead, state what the task needs as {field}" if field else None
    yield Problem(
        parameter,
        message,
        _also(given),
        severity="low" if is_less else None,
        instead=instead,
        fix=_without(given),
    )


@rule(
    on=DockerParameter,
    severity="high",
    family="resources",
    refs="CIS-Docker:5.11 CWE-400 ATTACK:T1499",
)
def oom_protection_tampered(parameter: DockerParameter, container: Container) -> Problems:
    """Task shields itself from the end that running out of memory would bring.

    When memory runs out, the kernel then kills the platform's daemons and the
    neighbours in its place.

    Instead, drop the parameter and state the memory that the task needs as `mem`.

    Bad (marathon):
        {"id": "/web", "container": {"docker": {"image": "web:1", "parameters": [
          {"key": "oom-kill-disable", "value": "true"}]}}}

    Good (marathon):
        {"id": "/web", "mem": 1024, "container": {"docker": {"image": "web:1"}}}
    """
    given = _given(parameter, container)
    value = parameter.value.value
    if not given or has_hole(value):
        return
    message = None
    if parameter.key == "oom-kill-disable" and value not in parameters.OFF:
        message = "oom-kill-disable keeps the task alive when memory runs out: others die for it"
    elif parameter.key == "oom-score-adj" and (parameters.number(value) or 0) < 0:
        message = f"oom-score-adj {value} lets others die first when memory runs out"
    elif parameter.key == "memory-swap" and parameters.number(value) == -1:
        message = "memory-swap -1 lets the task swap without end and slow the whole agent down"
    if message is not None:
        yield Problem(parameter, message, _also(given), fix=_without(given))


@rule(
    on=DockerParameter,
    severity="high",
    family="resources",
    refs="CIS-Docker:5.15 NIST:4.4.5 CWE-772 ATTACK:T1543.005",
)
def container_outlives_task(parameter: DockerParameter, container: Container) -> Problems:
    """Container can outlive its task.

    The agent counts the task as gone while its container runs on: nobody accounts
    for it, and nobody stops it.

    Instead, drop the parameter: the scheduler starts again what has failed, and the
    agent names the container.

    Bad (marathon):
        {"id": "/web", "container": {"docker": {"image": "web:1", "parameters": [
          {"key": "restart", "value": "always"}]}}}

    Good (marathon):
        {"id": "/web", "container": {"docker": {"image": "web:1"}}}
    """
    given = _given(parameter, container)
    value = parameter.value.value
    if not given or (has_hole(value) and parameter.key != "name"):
        return
    is_on = value not in parameters.OFF
    message = None
    if parameter.key == "detach" and is_on:
        message = "detach lets the client return at once: the task ends, its container runs on"
    elif parameter.key == "restart" and value not in ("", "no"):
        message = f"restart {value} makes the engine start again what the agent counts as gone"
    elif parameter.key == "name":
        message = "name replaces the name by which the agent stops and removes the container"
    elif (
        parameter.key == "rm" and is_on and any(item.key == "name" for item in container.parameters)
    ):
        message = "rm removes a container that the agent does not find under its own name"
    elif parameter.key == "sig-proxy" and not is_on:
        message = "sig-proxy=false keeps the signal to stop from the task"
    if message is not None:
        yield Problem(parameter, message, _also(given), fix=_without(given))


def _given(parameter: DockerParameter, container: Container) -> list[DockerParameter]:
    """Every parameter of the same name; none when a later one than this counts."""
    given = [item for item in container.parameters if item.key == parameter.key]
    return given if given[-1] is parameter else []


def _also(given: list[DockerParameter]) -> tuple[tuple[At, str], ...]:
    return tuple((item.at, "overridden by the later one") for item in given[:-1])


def _without(given: list[DockerParameter]) -> Fix:
    changes = tuple(Change("delete", item.raw_key.at, up=1) for item in given)
    return Fix(f"delete the parameter {given[-1].key}", changes)


def _amount(parameter: DockerParameter, container: Container) -> float | None:
    """The value of a parameter in the unit of the field that it overrides."""
    text, key = parameter.value.value, parameter.key
    if parameters.LIMITS[key] == "mem":
        return parameters.mebibytes(text)
    amount = parameters.number(text)
    if amount is None or key == "cpus":
        return amount
    if key == "cpu-shares":
        return amount / _SHARES
    if key == "cpu-quota":
        period = parameters.number(_last("cpu-period", container) or "")
        return amount / (period or _PERIOD)
    return None


def _limit(field: str, container: Container) -> float:
    """What the definition lets the container have; endless where a placeholder stands for it."""
    ceiling = next((limit.limit for limit in container.limits if limit.resource == field), None)
    stated: Value[float] | None = getattr(container.resources, field, None) if field else None
    limit = stated if ceiling is None else ceiling
    if limit is None:
        return _DEFAULTS.get(field, 0)
    return limit.value if isinstance(limit.value, (int, float)) else inf


def _is_swap_off(amount: float | None, limit: float, container: Container) -> bool:
    """Whether memory and swap together are what memory alone is."""
    memory = parameters.mebibytes(_last("memory", container) or "")
    return amount is not None and amount == (limit if memory is None else memory)


def _last(key: str, container: Container) -> str | None:
    texts = [item.value.value for item in container.parameters if item.key == key]
    return texts[-1] if texts else None
