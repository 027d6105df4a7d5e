"""Dates and team calendars, against the calendar of the standard library and numbers by hand."""

import datetime
import random

import numpy as np
import pytest
from cases import ALWAYS, MONDAY, OFFICE

from simgap.engines.calendars import calendar_of, date_of, days_since, week_offset
from simgap.model import clock
from simgap.model.clock import DAY, HOUR, NEVER, WEEK

MICROSECOND = datetime.timedelta(microseconds=1)


def moment(decision, hours):
    """Return a date and time, some hours after a decision."""
    day = decision if len(decision) == 10 else f"{decision}-01"
    return datetime.datetime.fromisoformat(day) + datetime.timedelta(hours=hours)


def test_a_month_is_its_first_day():
    assert date_of("2026-01") == datetime.date(2026, 1, 1)
    assert date_of("2028-02-29") == datetime.date(2028, 2, 29)


@pytest.mark.parametrize("hours", [0.0, 1.0, 730.0, 8760.0, 2190.25])
@pytest.mark.parametrize("date", ["2026-01-05", "2024-02-29", "2026-11-22", "2026-12", "2027-01"])
def test_week_offset_is_the_time_since_monday(date, hours):
    since = moment(date, hours) - datetime.datetime(2000, 1, 3)  # a Monday
    assert week_offset(date, hours) == since % datetime.timedelta(weeks=1) // MICROSECOND


@pytest.mark.parametrize("hours", [0.0, 0.5, 24.0, 730.0, 2190.25, 1e4])
@pytest.mark.parametrize("decision", ["2026-01-05", "2028-02-28", "2026-12"])
def test_days_since_count_from_midnight_over_leap_days_and_years(decision, hours):
    zero = moment(decision, hours)
    dates = ["2024-02-29", "2026-12-01", "2026-12-02", "2028-02-28", "2028-02-29", "2028-03-01", "2100-03-01"]
    wanted = [(datetime.datetime.fromisoformat(d) - zero) // MICROSECOND for d in dates]
    assert days_since(decision, dates, hours) == wanted
    assert days_since(decision, [], hours) == []


def test_the_first_instants_of_days_are_midnights_of_the_week():
    """Offset and closures are reckoned apart; together they must fall on midnights of their own weekday."""
    rng = random.Random(4)
    for _ in range(300):
        decision = datetime.date(2026, 1, 1) + datetime.timedelta(rng.randrange(1461))
        date = decision + datetime.timedelta(rng.randrange(-40, 1461))
        hours = rng.choice([0.0, 730.0, 2190.0, rng.uniform(0, 9000)])
        [start] = days_since(decision.isoformat(), [date.isoformat()], hours)
        at = (start + week_offset(decision.isoformat(), hours)) % WEEK
        assert at == date.weekday() * DAY


def test_calendar_of_spans():
    c = calendar_of(OFFICE, 17)
    assert c.week.dtype == c.closed.dtype == np.int64
    wanted = [[(24 * d + 9) * HOUR, (24 * d + 17) * HOUR, 8 * d * HOUR] for d in range(5)]
    np.testing.assert_array_equal(c.week, [*wanted, [WEEK, WEEK, 40 * HOUR]])
    np.testing.assert_array_equal(c.closed, [[NEVER, NEVER, NEVER, 0]])
    assert c.offset == 17
    np.testing.assert_array_equal(calendar_of(ALWAYS, 0).week, [[0, WEEK, 0], [WEEK, WEEK, WEEK]])
    thirds = calendar_of([(1 / 3, 2 / 3, 1.0)], 0)  # hours are rounded to whole microseconds
    np.testing.assert_array_equal(thirds.week[0], [1_200_000_000, 2_400_000_000, 0])


def test_calendar_of_closures():
    """Time 0 is Wednesday noon. Closed: days before and yesterday, today, Saturday, next Monday, Tuesday."""
    offset = 60 * HOUR
    days = [-1000 * DAY, -36 * HOUR, -12 * HOUR, 60 * HOUR, 108 * HOUR, 132 * HOUR]
    c = calendar_of(OFFICE, offset, days)
    wanted = [
        [0, 12, 0, 0],  # what is left of today: 5 h of staffed time
        [60, 84, 16, 5],  # Saturday takes nothing
        [108, 132, 16, 5],
        [132, 156, 16, 13],
    ]
    np.testing.assert_array_equal(c.closed[:-1], np.array(wanted) * HOUR)
    np.testing.assert_array_equal(c.closed[-1], [NEVER, NEVER, NEVER, 21 * HOUR])
    assert clock.staffed_time(156 * HOUR, c) == 16 * HOUR
    assert clock.next_opening(0, c) == 21 * HOUR


def test_a_day_that_ends_at_time_0_is_past():
    assert len(calendar_of(OFFICE, 0, [-DAY]).closed) == 1
    assert len(calendar_of(OFFICE, 0, [-DAY + 1]).closed) == 2


def test_a_public_holiday_is_closed_from_midnight_to_midnight():
    """Decision on Monday 5 January 2026, go-live 730 h later; Ascension Day is Thursday 14 May 2026."""
    c = calendar_of(ALWAYS, week_offset(MONDAY, 730.0), days_since(MONDAY, ["2026-05-14"], 730.0))
    start = 129 * DAY - 730 * HOUR
    assert [clock.is_staffed(t, c) for t in (start - 1, start, start + DAY - 1, start + DAY)] == [
        *(True, False, False, True)
    ]
