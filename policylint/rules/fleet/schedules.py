"""Rules on when jobs run."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from policylint.demand import UNITS
from policylint.detect import cron
from policylint.finding import Problem
from policylint.fleet import Fleet
from policylint.fleet.meeting import running
from policylint.rule import rule
from policylint.rules.fleet.quotas import amount

if TYPE_CHECKING:
    from policylint.finding import Problems
    from policylint.fleet import Service, Timer
    from policylint.organisation import Environments

    Start = tuple[Service, Timer]

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# More runs in a week than any scheduler sees; what goes beyond is not looked at.
_MOST_RUNS = 3_000_000


@rule(on=Fleet, severity="medium", family="resources", refs="CWE-770 CWE-799", given=("timers",))
def cron_storm(
    fleet: Fleet,
    environments: Environments,
    *,
    max_starts: int = 20,
    max_cpus: float = 0,
    max_mem: float = 0,
) -> Problems:
    """Many jobs start in one minute.

    Midnight and the full hour are everybody's choice: the scheduler stalls, and jobs
    start late or not at all.

    Instead, spread them over the hour: `17 0 * * *` is as good as `0 0 * * *`.

    Settings:
        max_starts: How many jobs may start in one minute.
        max_cpus: How many cpus they may ask for together; 0 for any number.
        max_mem: How many MiB of memory they may ask for together; 0 for any number.

    Policy:
        rules: {cron-storm: {max_starts: 1}}

    Bad (yaml):
        id: nightly
        run: {cmd: run, cpus: 1, mem: 32}
        schedules: [{id: night, cron: "0 0 * * *"}]
        ---
        id: report
        run: {cmd: run, cpus: 1, mem: 32}
        schedules: [{id: night, cron: "0 0 * * *"}]

    Good (yaml):
        id: nightly
        run: {cmd: run, cpus: 1, mem: 32}
        schedules: [{id: night, cron: "7 0 * * *"}]
        ---
        id: report
        run: {cmd: run, cpus: 1, mem: 32}
        schedules: [{id: night, cron: "41 1 * * *"}]
    """
    timers: dict[frozenset[str], dict[tuple[str, str], list[Start]]] = {}
    for cluster, service in running(fleet, environments):
        for timer in service.timers:
            if timer.is_enabled:
                alike = timers.setdefault(cluster, {})
                alike.setdefault((timer.cron, timer.timezone or "UTC"), []).append((service, timer))
    for schedules in timers.values():
        weeks = _weeks(schedules)
        for need, limit in (("", max_starts), ("cpus", max_cpus), ("mem", max_mem)):
            storm = _worst(schedules, weeks, need) if limit > 0 else None
            if storm is not None and storm[1] > limit:
                asked = f", which is {amount(storm[1])} {UNITS[need]}" if need else ""
                words = f"{asked}, {amount(limit)} are allowed"
                yield _storm(schedules, weeks, storm[0], words)


def _weeks(schedules: dict[tuple[str, str], list[Start]]) -> dict[tuple[str, str], tuple[int, ...]]:
    """The minutes in which each line fires."""
    weeks = {}
    runs = 0
    for key in schedules:
        if runs < _MOST_RUNS:
            weeks[key] = cron.week(*key)
            runs += len(weeks[key])
    return weeks


def _worst(
    schedules: dict[tuple[str, str], list[Start]],
    weeks: dict[tuple[str, str], tuple[int, ...]],
    need: str,
) -> tuple[int, float] | None:
    """The minute in which the most is started, and how much that is."""
    sums: Counter[int] = Counter()
    for key, minutes in weeks.items():
        asked = sum(service.need(need).value if need else 1 for service, _ in schedules[key])
        for minute in minutes:
            sums[minute] += asked  # type: ignore[assignment]
    return min(sums.items(), key=lambda found: (-found[1], found[0]), default=None)


def _storm(
    schedules: dict[tuple[str, str], list[Start]],
    weeks: dict[tuple[str, str], tuple[int, ...]],
    minute: int,
    words: str,
) -> Problem:
    starts = [start for key, week in weeks.items() if minute in week for start in schedules[key]]
    starts.sort(key=lambda start: start[0].spot(start[1]).order())
    days, minutes = divmod(minute, 24 * 60)
    (service, timer), *others = starts
    return Problem(
        service.spot(timer),
        f"on {_DAYS[days]} at {minutes // 60:02}:{minutes % 60:02} UTC {len(starts)} "
        f"{'job starts' if len(starts) == 1 else 'jobs start'}{words}",
        [(other.spot(each), f"{other.name} starts then") for other, each in others],
        here=f"{service.name} starts then",
        is_mutual=True,
    )
