"""Rules on what happens after a failure: how soon, and how often, it is tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.finding import Change, Fix, Problem
from policylint.rule import rule
from policylint.workload import Backoff, Restart

if TYPE_CHECKING:
    from policylint.finding import Problems

_DEADLINE = 3600


@rule(
    on=Backoff,
    severity="medium",
    family="resources",
    refs="CWE-799 ATTACK:T1499",
)
def backoff_disabled(backoff: Backoff, *, min_max_delay: int = 60) -> Problems:
    """Crash loop is not slowed down.

    A service that fails at its start is launched again and again: it keeps the
    scheduler busy, and each try leaves a sandbox on a disk.

    Instead, leave the fields out: the first wait is 1 second then, each further one
    15 % longer, 5 minutes at most.

    Settings:
        min_max_delay: Seconds that the longest wait between two launches has at least.

    Bad (marathon):
        {"id": "/web", "cmd": "run", "backoffSeconds": 0, "backoffFactor": 1,
          "maxLaunchDelaySeconds": 1}

    Good (marathon):
        {"id": "/web", "cmd": "run", "backoffSeconds": 1, "backoffFactor": 1.15,
          "maxLaunchDelaySeconds": 300}
    """
    seconds, factor, longest = backoff.seconds, backoff.factor, backoff.max_delay
    reasons = []
    if seconds is not None and seconds.is_known and seconds.value <= 0:
        reasons.append((seconds, "the first wait is 0 seconds"))
    if factor is not None and factor.is_known and factor.value <= 1:
        reasons.append((factor, f"the wait never grows (factor {factor.value:g})"))
    if longest is not None and longest.is_known and longest.value < min_max_delay:
        reasons.append((longest, f"the longest wait is {longest.value:g} seconds"))
    if not reasons:
        return
    first, *others = reasons
    yield Problem(
        first[0],
        f"{' and '.join(words for _, words in reasons)}: a crash loop is not slowed down",
        [(value.at, words) for value, words in others],
        fix=Fix(
            "leave the waits to the defaults",
            tuple(Change("delete", value.at) for value, _ in reasons),
            is_safe=True,
        ),
    )


@rule(
    on=Restart,
    severity="medium",
    family="resources",
    refs="CIS-Docker:5.15 CWE-835 CWE-799 ATTACK:T1499",
)
def job_restart_unbounded(restart: Restart, *, max_active_deadline: int = 86400) -> Problems:
    """Failing job is restarted without end.

    The job scheduler starts a failed run again at once, and without a deadline it
    does so for ever.

    Instead, set `activeDeadlineSeconds` to how long a run is worth trying.

    Settings:
        max_active_deadline: Seconds for which a job may be restarted at most.

    Bad (job):
        {"id": "report", "run": {"cmd": "run", "cpus": 1, "mem": 128,
          "restart": {"policy": "ON_FAILURE"}}}

    Good (job):
        {"id": "report", "run": {"cmd": "run", "cpus": 1, "mem": 128,
          "restart": {"policy": "ON_FAILURE", "activeDeadlineSeconds": 3600}}}
    """
    deadline = restart.active_deadline
    if restart.policy.value != "ON_FAILURE":
        return
    allowed = min(_DEADLINE, max_active_deadline)
    if deadline is None:
        change = Change("add", restart.policy.at, allowed, "activeDeadlineSeconds", up=1)
        yield Problem(
            restart.policy,
            "ON_FAILURE without activeDeadlineSeconds: a failing job is restarted for ever",
            fix=Fix(f"give up after {allowed} seconds", (change,)),
        )
    elif deadline.is_known and deadline.value > max_active_deadline:
        yield Problem(
            deadline,
            f"a failing job is restarted for {deadline.value:g} seconds, "
            f"{max_active_deadline} are the most here",
            instead=f"instead, give up after {max_active_deadline} seconds or less",
            fix=Fix(
                f"give up after {max_active_deadline} seconds",
                (Change("set", deadline.at, max_active_deadline),),
            ),
        )
