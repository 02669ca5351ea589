"""What a workload asks for: per instance, and how many instances an upgrade has at its height."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from policylint.model import At, Value
    from policylint.workload import Workload

RESOURCES = ("cpus", "mem", "disk", "gpus")
UNITS = {"cpus": "cpus", "mem": "MiB of memory", "disk": "MiB of disk", "gpus": "gpus",
         "instances": "instances"}  # fmt: skip

# What containers and a pod's executor get that do not say.
_DEFAULTS = {"cpus": 1.0, "mem": 128.0, "disk": 0.0, "gpus": 0.0}
_EXECUTOR = {"cpus": 0.1, "mem": 32.0, "disk": 10.0, "gpus": 0.0}
# More than any cluster has; numbers beyond it only serve to overflow a sum.
_MOST = 1e15


def request(workload: Workload, resource: str) -> tuple[float, At]:
    """What one instance asks for in all, and the place of its largest part that is stated."""
    asked = [(container.resources, _DEFAULTS) for container in workload.containers]
    if workload.kind == "pod":
        asked.append((workload.executor_resources, _EXECUTOR))
    total = 0.0
    stated: list[Value[float]] = []
    for resources, defaults in asked:
        value: Value[float] | None = getattr(resources, resource, None)
        if value is None:
            total += defaults[resource]
        elif value.is_known:
            total += bounded(value.value)
            stated.append(value)
    largest = max(stated, key=lambda value: value.value, default=None)
    return total, largest.at if largest is not None else workload.id.at


def instances(workload: Workload) -> float:
    """How many instances run; one where nobody can say."""
    stated = workload.instances
    return bounded(stated.value) if stated is not None and stated.is_known else 1


def height(workload: Workload) -> float:
    """How many instances there are at the height of an upgrade.

    Marathon starts as many new ones as `maximumOverCapacity` allows before it stops old
    ones, and one more where both shares leave it no room at all. A service with volumes
    of its own makes room by stopping one.
    """
    usual = instances(workload)
    if workload.kind == "job" or not usual:
        return usual
    is_resident = any(
        volume.kind in ("persistent", "external")
        for container in workload.containers
        for volume in container.volumes
    )
    upgrade = workload.upgrade
    over = _share(upgrade.maximum_over if upgrade else None, 0.0 if is_resident else 1.0)
    healthy = _share(upgrade.minimum_health if upgrade else None, 0.5 if is_resident else 1.0)
    most = float(int(usual * (1 + over)))
    is_stuck = most <= usual and usual * healthy > usual - 1
    return most + 1 if is_stuck and not is_resident else most


def bounded(number: float) -> float:
    """A number that can be added up, whatever a definition says."""
    if number > _MOST:
        return _MOST
    return number if number >= 0 else 0.0  # what is no number at all is not at least 0 either


def _share(stated: Value[float] | None, default: float) -> float:
    if stated is None or not stated.is_known:
        return default
    return min(bounded(stated.value), 1)
