"""Cron lines: how close together their runs are, as Metronome reads them."""

from __future__ import annotations

import string
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policylint.detect.cron import Rhythm, rhythm

MINUTE, HOUR, DAY = 60, 3600, 86400

INTERVALS = [
    ("* * * * *", MINUTE),
    ("*/1 * * * *", MINUTE),
    ("*/7 * * * *", 4 * MINUTE),  # from 56 to the next hour's 0
    ("5,8 * * * *", 3 * MINUTE),
    ("17 * * * *", HOUR),
    ("0-10/5 4 * * *", 5 * MINUTE),
    ("0 9-17 * * MON-FRI", HOUR),
    ("0 0,23 * * *", HOUR),  # across midnight
    ("0 0,23 * * 1", 23 * HOUR),  # no midnight between two Mondays
    ("0 0 * * *", DAY),
    ("0 0 */2 * *", DAY),  # the 31st and the 1st
    ("0 0 * * 1,4", 3 * DAY),
    ("0 0 * * 0", 7 * DAY),
    ("0 0 * * 7", 7 * DAY),
    ("0 0 * * sun", 7 * DAY),
    ("0 0 1 * *", 29 * DAY),
    ("0 0 1 JAN *", 366 * DAY),
    ("0 0 L * *", 29 * DAY),
    ("0 0 LW * *", 28 * DAY),
    ("0 0 15W * *", 29 * DAY),
    ("0 0 * * 5L", 28 * DAY),
    ("0 0 * * FRI#2", 28 * DAY),
    ("*/5 * * * * 2031", 5 * MINUTE),
    ("*/5 * * * * 2031-2033", 5 * MINUTE),
    ("*/5 * * * * *", 5 * MINUTE),
    ("  */5  *\t* * * ", 5 * MINUTE),
    ("0 0 29 2 *", inf),
    ("0 0 29 2 1", inf),
]


@pytest.mark.parametrize(("line", "interval"), INTERVALS)
def test_the_interval_of_a_line(line: str, interval: float) -> None:
    assert rhythm(line) == Rhythm(interval, interval)


def test_a_day_has_to_fit_both_fields() -> None:
    friday_13th = rhythm("0 0 13 * 5")
    assert friday_13th is not None
    assert friday_13th.interval >= 28 * DAY


@pytest.mark.parametrize("line", ["0 0 31 2 *", "0 0 30 2 *", "0 0 31 4,6,9,11 *", "* * 31 2 1"])
def test_a_line_that_no_day_fits_never_fires(line: str) -> None:
    assert rhythm(line) == Rhythm(inf, inf, is_never=True)


@pytest.mark.parametrize(
    "line",
    [
        "", "@daily", "* * * *", "* * * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *",
        "* * * 13 *", "* * * * 8", "*/0 * * * *", "5-1 * * * *", "a b c d e", "H * * * *",
        "R * * * *", "0 0 L-3 * *", "0 0 * * 1#6", "0 0 * * 1#2/3", "* * * * * soon",
        f"{'9' * 5000} * * * *", f"{'*,' * 5000}* * * * *", "\u0661 * * * *", "* * * * *\0",
    ],
)  # fmt: skip
def test_what_nobody_understands_has_no_rhythm(line: str) -> None:
    assert rhythm(line) is None


def test_clocks_that_go_forward_bring_runs_together() -> None:
    # 1:58 and 3:00 are two minutes apart when 2:00 becomes 3:00.
    assert rhythm("0,58 1,3 * * *", "Europe/Berlin") == Rhythm(58 * MINUTE, 2 * MINUTE)
    assert rhythm("0,58 1,3 * * 0", "Europe/Berlin") == Rhythm(58 * MINUTE, 2 * MINUTE)
    assert rhythm("0,58 1,3 * * 1", "Europe/Berlin") == Rhythm(58 * MINUTE, 58 * MINUTE)
    assert rhythm("0,58 1,3 * * *", "Asia/Kolkata") == Rhythm(58 * MINUTE, 58 * MINUTE)


def test_a_day_may_have_23_hours() -> None:
    assert rhythm("30 4 * * *", "America/New_York") == Rhythm(DAY, 23 * HOUR)


def test_an_hour_is_an_hour_in_every_zone() -> None:
    assert rhythm("0 * * * *", "Europe/Berlin") == Rhythm(HOUR, HOUR)
    assert rhythm("*/30 * * * *", "Australia/Lord_Howe") == Rhythm(30 * MINUTE, 30 * MINUTE)


@pytest.mark.parametrize(
    "zone", ["Nowhere/City", "../../etc/passwd", "/etc/passwd", "America", "a\0b", "x" * 5000, ""]
)
def test_a_zone_that_nobody_knows_has_no_changes(zone: str) -> None:
    assert rhythm("0 0 * * *", zone) == Rhythm(DAY, DAY)


WORDS = st.text("0123456789*/,-#LWMONSUJAFEB?", max_size=8)


@given(st.lists(WORDS, min_size=5, max_size=6).map(" ".join))
def test_any_line_has_a_rhythm_or_none(line: str) -> None:
    found = rhythm(line, "Europe/Berlin")
    if found is not None:
        assert 0 < found.shortest <= found.interval
        assert found.interval >= MINUTE


@given(st.text(string.printable, max_size=40), st.text(max_size=20))
def test_any_text_is_survived(line: str, zone: str) -> None:
    rhythm(line, zone)
