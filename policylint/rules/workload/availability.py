"""Rules on workloads that fall over and stay down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.finding import Problem
from policylint.model import UNKNOWN, Value, Workload
from policylint.rule import rule

if TYPE_CHECKING:
    from policylint.finding import Problems


@rule(on=Workload, severity="medium", family="availability", refs="CIS-Docker:5.27 CWE-754")
def no_health_check(workload: Workload) -> Problems:
    """No health check.

    A running process is taken for a healthy one, and a task that hangs stays in rotation.

    Instead, add a health check over HTTP or TCP, or a command.

    Bad (marathon):
        {"id": "/web", "cmd": "run"}

    Good (marathon):
        {"id": "/web", "cmd": "run",
          "healthChecks": [{"protocol": "MESOS_HTTP", "path": "/health", "portIndex": 0}]}

    Good (pod):
        {"id": "/web", "containers": [{"name": "shop", "exec": {"command": {"shell": "run"}},
          "endpoints": [{"name": "http", "containerPort": 80}],
          "healthCheck": {"http": {"endpoint": "http", "path": "/health"}}}]}
    """
    instances = workload.instances
    suspended = instances is not None and instances.is_false
    if workload.kind == "app" and not (workload.partial or suspended or workload.health_checks):
        yield _unchecked(workload.id, offers_ports=bool(workload.ports))
    if workload.kind == "pod" and not suspended:
        yield from _unchecked_containers(workload)


def _unchecked_containers(pod: Workload) -> Problems:
    """Containers that offer a port without a check, or the pod when nothing in it has either."""
    open_ones = [container for container in pod.containers if container.ports]
    for container in open_ones:
        if not container.health_checks:
            name = Value(container.name or UNKNOWN, container.at)
            yield _unchecked(name, offers_ports=True)
    if not open_ones and not any(container.health_checks for container in pod.containers):
        yield _unchecked(pod.id, offers_ports=False)


def _unchecked(name: Value[str], *, offers_ports: bool) -> Problem:
    what = name.value if name.is_known else "the service"
    return Problem(
        name,
        f"{what} has no health check: a task that hangs stays in rotation",
        severity=None if offers_ports else "low",
    )
