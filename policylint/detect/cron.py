"""Cron lines as Metronome reads them: when they fire, and how close together.

Metronome knows minute, hour, day of the month, month, day of the week and, if
wanted, the year. A day has to fit both fields of days, unlike in classic cron.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from math import inf
from typing import TYPE_CHECKING

from policylint.named import NamedTuple
from policylint.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date, tzinfo

    from cronsim import CronSim

_LONGEST = 200
_WORD = regex(r"[0-9A-Z*,/#-]+", re.ASCII)
_YEAR = regex(r"(?:\*|[0-9]{4})(?:[-/,][0-9]{1,4})*", re.ASCII)
# The working day closest to a date is a day or two away from it.
_NEAREST_WORKDAY = regex(r"\b([0-9]{1,2})W\b")

# A leap year and a month stand for all; only days that it lacks are looked for elsewhere.
_FIRST_YEAR = 2024
_USUAL_DAYS = 366 + 31
_ALL_DAYS = 28 * 366  # the calendar repeats after 28 years
_DAY = 24 * 3600


class Rhythm(NamedTuple):
    """How close together runs are, in seconds: by the clock on the wall, and in truth.

    The two differ where clocks change. `is_never` tells a line that no day fits.
    """

    interval: float
    shortest: float
    is_never: bool = False


def rhythm(line: str, timezone: str = "UTC") -> Rhythm | None:
    """The rhythm of a cron line; None for a line that nobody understands."""
    schedule = _parse(line)
    if schedule is None:
        return None
    days = list(_days(schedule, _USUAL_DAYS))
    if not days and not any(_days(schedule, _ALL_DAYS)):
        return Rhythm(inf, inf, is_never=True)
    times = sorted(
        hour * 3600 + minute * 60 for hour in schedule.hours for minute in schedule.minutes
    )
    interval = min(_gaps(times), default=inf)
    if len(days) > 1:
        apart = min((after - before).days for before, after in pairwise(days))
        interval = min(interval, apart * _DAY - times[-1] + times[0])
    return Rhythm(interval, min(interval, _shortest_change(days, times, timezone)))


def week(line: str, timezone: str = "UTC") -> tuple[int, ...]:
    """The minutes of a week in which a line fires, by the world's clock, from Monday on.

    The week has the first day of a month and of a year in it.
    """
    from datetime import datetime, timedelta

    schedule = _parse(line)
    if schedule is None:
        return ()
    start = datetime(_FIRST_YEAR, 1, 1)  # noqa: DTZ001 (a Monday)
    zone, _ = _clocks(timezone)
    found: set[int] = set()
    for number in range(7):
        day = start + timedelta(days=number)
        if day.month in schedule.months and schedule.match_day(day.date()):
            offset = zone.utcoffset(day) if zone is not None else None
            shift = int((offset or timedelta()).total_seconds()) // 60
            begin = number * _DAY // 60 - shift
            found.update(
                (begin + hour * 60 + minute) % (7 * _DAY // 60)
                for hour in schedule.hours
                for minute in schedule.minutes
            )
    return tuple(sorted(found))


def _parse(line: str) -> CronSim | None:
    from datetime import datetime

    from cronsim import CronSim, CronSimError

    words = line[: _LONGEST + 1].upper().split()
    if len(line) > _LONGEST or len(words) not in (5, 6) or not all(map(_WORD.fullmatch, words)):
        return None
    if len(words) == 6 and not _YEAR.fullmatch(words.pop()):
        return None
    # Metronome takes both fields of days together; a star would make the library choose.
    words[2] = _NEAREST_WORKDAY.sub(r"\1", words[2]).replace("*", "1-31")
    words[4] = words[4].replace("*", "0-6")
    try:
        schedule = CronSim(" ".join(words), datetime(_FIRST_YEAR, 1, 1))  # noqa: DTZ001
    except (CronSimError, AssertionError):
        return None
    schedule.day_and = True
    return schedule


def _days(schedule: CronSim, number: int) -> Iterator[date]:
    """The days on which it fires, among so many."""
    from datetime import date, timedelta

    day = date(_FIRST_YEAR, 1, 1)
    for _ in range(number):
        if day.month in schedule.months and schedule.match_day(day):
            yield day
        day += timedelta(days=1)


def _shortest_change(days: list[date], times: list[int], timezone: str) -> float:
    """The shortest time between runs around the days on which clocks change."""
    zone, changes = _clocks(timezone)
    shortest = inf
    for before, after in pairwise(days):
        if any(before <= change <= after for change in changes):
            runs = {*_instants(before, times, zone), *_instants(after, times, zone)}
            shortest = min(shortest, *_gaps(sorted(runs)))
    return shortest


def _instants(day: date, times: Iterable[int], zone: tzinfo | None) -> Iterator[float]:
    from datetime import datetime

    for time in times:
        hour, minute = divmod(time // 60, 60)
        yield datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone).timestamp()


@lru_cache(maxsize=64)
def _clocks(name: str) -> tuple[tzinfo | None, tuple[date, ...]]:
    """A time zone and the days on which its clocks change; none where nobody knows it."""
    if name.upper() in ("", "UTC", "GMT", "ETC/UTC", "ETC/GMT", "Z"):
        return None, ()
    from datetime import datetime, timedelta
    from zoneinfo import ZoneInfo

    try:
        zone = ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        return None, ()
    first = datetime(_FIRST_YEAR, 1, 1, tzinfo=zone)
    days = [first + timedelta(days=number) for number in range(_USUAL_DAYS + 1)]
    changes = (day for day, next_day in pairwise(days) if day.utcoffset() != next_day.utcoffset())
    return zone, tuple(day.date() for day in changes)


def _gaps(times: Iterable[float]) -> Iterator[float]:
    return (after - before for before, after in pairwise(times))
