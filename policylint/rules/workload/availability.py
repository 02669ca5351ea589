"""Rules on workloads that fall over and stay down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.finding import Problem
from policylint.model import Workload
from policylint.rule import rule

if TYPE_CHECKING:
    from policylint.finding import Problems


@rule(on=Workload, severity="medium", family="availability", refs="CIS-Docker:5.27 CWE-754")
def no_health_check(workload: Workload) -> Problems:
    """No health check.

    A running process is taken for a healthy one, and a task that hangs stays in rotation.

    Instead, add a check of protocol MESOS_HTTP, MESOS_TCP or COMMAND.

    Bad (marathon):
        {"id": "/web", "cmd": "run"}

    Good (marathon):
        {"id": "/web", "cmd": "run",
          "healthChecks": [{"protocol": "MESOS_HTTP", "path": "/health", "portIndex": 0}]}
    """
    instances = workload.instances
    suspended = instances is not None and instances.is_false
    if workload.kind != "app" or workload.partial or workload.health_checks or suspended:
        return
    severity = None if workload.ports else "low"
    yield Problem(workload.id, f"{_name(workload)} has no health check", severity=severity)


def _name(workload: Workload) -> str:
    return workload.id.value if workload.id.is_known else "the service"
