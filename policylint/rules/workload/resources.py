"""Rules on what a workload may use up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.finding import Problem
from policylint.rule import rule
from policylint.workload import ResourceLimit

if TYPE_CHECKING:
    from policylint.finding import Problems


@rule(
    on=ResourceLimit,
    severity="high",
    family="resources",
    refs="CIS-Docker:5.11 NIST:4.4.3 CWE-770 ATTACK:T1499",
)
def memory_limit_unlimited(limit: ResourceLimit) -> Problems:
    """Memory may grow without end.

    No limit is set at all: one leak takes the agent and the neighbours with it.

    Instead, write a number, such as twice what `mem` reserves.

    Bad (marathon):
        {"id": "/web", "cmd": "run", "mem": 512, "resourceLimits": {"mem": "unlimited"}}

    Good (marathon):
        {"id": "/web", "cmd": "run", "mem": 512, "resourceLimits": {"mem": 1024}}
    """
    stated = limit.limit.value
    if limit.resource == "mem" and isinstance(stated, str) and stated.lower() == "unlimited":
        yield Problem(limit.limit, "memory has no limit: one leak takes the agent")
