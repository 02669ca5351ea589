"""Rules on when jobs run: too often, or on top of themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect.placeholders import has_hole
from policylint.finding import Change, Fix, Problem
from policylint.rule import rule
from policylint.workload import Schedule

if TYPE_CHECKING:
    from policylint.detect.cron import Rhythm
    from policylint.finding import Problems
    from policylint.model import Value

_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60))


@rule(
    on=Schedule,
    severity="medium",
    family="resources",
    refs="CWE-362 CWE-799 ATTACK:T1499",
)
def job_overlap_allowed(schedule: Schedule, *, overlap_ok_after: int = 86400) -> Problems:
    """Scheduled job may overlap itself.

    A run that takes longer than usual meets the next one: both work on the same
    data, and slow runs pile up until the cluster is full.

    Instead, write `"concurrencyPolicy": "FORBID"`: no run then starts beside another.

    Settings:
        overlap_ok_after: Seconds between two runs from which an overlap weighs little.

    Bad (job):
        {"id": "report", "run": {"cmd": "run", "cpus": 1, "mem": 128},
          "schedules": [{"id": "often", "cron": "*/5 * * * *"}]}

    Good (job):
        {"id": "report", "run": {"cmd": "run", "cpus": 1, "mem": 128},
          "schedules": [{"id": "often", "cron": "*/5 * * * *", "concurrencyPolicy": "FORBID"}]}
    """
    stated = schedule.concurrency
    is_enabled = schedule.enabled is None or not schedule.enabled.is_false
    if not is_enabled or (stated is not None and stated.value != "ALLOW"):
        return
    rhythm = _rhythm(schedule)
    if rhythm is None and not _is_open(schedule.cron):
        return
    # Where nobody can say how often it runs, it gets the benefit of the doubt.
    is_rare = rhythm is None or rhythm.interval >= overlap_ok_after
    when = f"{_every(rhythm.interval)} " if rhythm is not None and not rhythm.is_never else ""
    how = "is allowed to overlap" if stated is not None else "may overlap, as is the default"
    yield Problem(
        stated if stated is not None else schedule.id or schedule.cron,
        f"a job that runs {when}{how}: slow runs pile up",
        severity="low" if is_rare else None,
        fix=_forbidding(schedule),
    )


@rule(
    on=Schedule,
    severity="medium",
    family="resources",
    refs="CWE-799 ATTACK:T1499",
)
def cron_too_frequent(schedule: Schedule, *, min_interval: int = 300) -> Problems:
    """Job runs too often.

    Every run is a container to place, to start and to clean up, and its sandbox
    stays on a disk.

    Instead, let it run less often, or write a service that waits between its rounds.

    Settings:
        min_interval: Seconds that are to lie between two runs at least.

    Bad (job):
        {"id": "poll", "run": {"cmd": "run", "cpus": 1, "mem": 128},
          "schedules": [{"id": "often", "cron": "* * * * *", "concurrencyPolicy": "FORBID"}]}

    Good (job):
        {"id": "poll", "run": {"cmd": "run", "cpus": 1, "mem": 128},
          "schedules": [{"id": "hourly", "cron": "17 * * * *", "concurrencyPolicy": "FORBID"}]}
    """
    is_off = schedule.enabled is not None and schedule.enabled.is_false
    rhythm = None if is_off else _rhythm(schedule)
    if rhythm is None:
        return
    line = schedule.cron.value.strip()
    if rhythm.is_never:
        yield Problem(
            schedule.cron,
            f'"{line}" never runs: no day fits it',
            severity="low",
            instead="instead, name a day that exists",
        )
    elif rhythm.shortest < min_interval:
        changes = " where clocks change" if rhythm.interval >= min_interval else ""
        yield Problem(
            schedule.cron,
            f'"{line}" runs {_every(rhythm.shortest)}{changes}, '
            f"each time a container to place and start; {_amount(min_interval)} is the least here",
        )


def _rhythm(schedule: Schedule) -> Rhythm | None:
    """How often it runs; None where nobody can say, or understands the line."""
    from policylint.detect.cron import rhythm

    zone = schedule.timezone
    name = zone.value if zone is not None and zone.is_known else "UTC"
    return rhythm(schedule.cron.value, name) if schedule.cron.is_known else None


def _is_open(cron: Value[str]) -> bool:
    return not cron.is_known or has_hole(cron.value)


def _every(seconds: float) -> str:
    """`every 5 minutes`; what is longer than a day in whole days."""
    if seconds > 366 * 86400:
        return "once in years"
    amount = _amount(seconds)
    return f"every {amount.removeprefix('1 ')}"


def _amount(seconds: float) -> str:
    for name, size in _UNITS:
        number, rest = divmod(int(seconds), size)
        if number and (not rest or name == "day"):
            return f"{number} {name}{'s' * (number > 1)}"
    return f"{int(seconds)} seconds"


def _forbidding(schedule: Schedule) -> Fix:
    if schedule.concurrency is not None:
        change = Change("set", schedule.concurrency.at, "FORBID")
    else:
        change = Change("add", schedule.cron.at, "FORBID", "concurrencyPolicy", up=1)
    return Fix("forbid overlapping runs", (change,))
