"""The business clock against a list of all staffed intervals, and against pandas' business hours."""

import datetime
import itertools
import random
from bisect import bisect_right

import numpy as np
import pandas as pd
import pytest
from dateutil.easter import easter
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.tseries.offsets import CustomBusinessHour

from simgap.engines.calendars import calendar_of, days_since, week_offset
from simgap.model import clock
from simgap.model.clock import DAY, HOUR, MONTH, NEVER, SECOND, WEEK

MINUTE = 60 * SECOND
YEARS = 3 * 8760 * HOUR
HORIZON = YEARS + 45 * WEEK  # room beyond the latest time that is asked for
MANY = settings(max_examples=150, deadline=None, derandomize=True)


class Diary:
    """Every staffed interval from time 0, in order, and the staffed time before each.

    `spans` are microseconds since Monday 00:00, `closures` the first instants of days without overlap.
    """

    def __init__(self, spans, offset, closures=()):
        self.intervals = []
        for monday in range(-offset, HORIZON, WEEK):
            for start, end in spans:
                pieces = [(max(0, monday + start), monday + end)]
                for day in closures:
                    if day < pieces[-1][1] and pieces[-1][0] < day + DAY:
                        a, b = pieces.pop()
                        pieces += [(a, day), (max(a, day + DAY), b)]
                self.intervals += [(a, b) for a, b in pieces if a < b]
        self.lengths = [0, *itertools.accumulate(e - s for s, e in self.intervals)]
        self.openings = [s for s, _ in self.intervals]
        hours = [(start / HOUR, end / HOUR, 1.0) for start, end in spans]
        self.calendar = calendar_of(hours, offset, closures)
        self.per_week = sum(end - start for start, end in spans)

    def staffed(self, t):
        i = bisect_right(self.openings, t) - 1
        if i < 0:
            return 0
        start, end = self.intervals[i]
        return self.lengths[i] + min(t, end) - start

    def open_at(self, t):
        i = bisect_right(self.openings, t) - 1
        return i >= 0 and t < self.intervals[i][1]

    def instant(self, b):
        if b == 0:
            return 0
        i = next(i for i in range(len(self.intervals)) if self.lengths[i + 1] >= b)
        return self.intervals[i][0] + b - self.lengths[i]

    def opening(self, t):
        if self.open_at(t):
            return t
        return self.openings[bisect_right(self.openings, t)]


@st.composite
def diaries(draw):
    """One to six weekly spans on whole minutes, touching or not, up to Sunday 24:00, or always; closures.

    Closures begin at midnight or at any instant, alone and in rows of touching days, also before time 0 and
    over it.
    """
    if draw(st.integers(0, 5)) == 0:
        spans = [(0, WEEK)]
    else:
        cut = st.one_of(st.integers(0, 7).map(lambda d: 1440 * d), st.integers(0, 10080))
        cuts = sorted(draw(st.lists(cut, min_size=2, max_size=7, unique=True)))
        pieces = list(itertools.pairwise(cuts))
        keep = draw(st.lists(st.booleans(), min_size=len(pieces), max_size=len(pieces)))
        keep[draw(st.integers(0, len(pieces) - 1))] = True
        spans = [(a * MINUTE, b * MINUTE) for (a, b), on in zip(pieces, keep, strict=True) if on]
    offset = draw(st.one_of(st.integers(0, 167).map(lambda h: h * HOUR), st.integers(0, WEEK - 1)))
    day = st.one_of(st.integers(-3, 12), st.integers(0, 1090))
    days = sorted(draw(st.lists(day, max_size=12, unique=True)))
    first = draw(st.one_of(st.just(-(offset % DAY)), st.integers(0, DAY - 1)))
    return Diary(spans, offset, [d * DAY + first for d in days])


@st.composite
def diaries_and_times(draw):
    """A calendar and an instant: anywhere in three years, or within 1 microsecond of an edge."""
    diary = draw(diaries())
    if draw(st.booleans()):
        return diary, draw(st.integers(0, YEARS))
    early = bisect_right(diary.openings, YEARS)
    edges = [e for pair in diary.intervals[:early] for e in pair]
    edges += [int(e) for e in diary.calendar.closed[:-1, :2].ravel()] or edges[:1]
    edge = draw(st.sampled_from(edges))
    return diary, max(0, edge + draw(st.sampled_from([-1, 0, 1])))


@given(diaries_and_times())
@MANY
def test_the_clock_agrees_with_the_list_of_intervals(case):
    diary, t = case
    assert clock.staffed_time(t, diary.calendar) == diary.staffed(t)
    assert clock.is_staffed(t, diary.calendar) == diary.open_at(t)
    assert clock.next_opening(t, diary.calendar) == diary.opening(t)


@given(diaries_and_times(), st.one_of(st.integers(0, 40 * HOUR), st.sampled_from([0, 1, HOUR])))
@MANY
def test_work_ends_when_the_list_of_intervals_says(case, work):
    (diary, t), calendar = case, case[0].calendar
    begun = clock.next_opening(t, calendar)
    # A week holds at least one staffed minute: less work than that keeps the oracle within its horizon.
    work = min(work, 20 * diary.per_week)
    done = clock.reached(begun, clock.staffed_time(begun, calendar) + work, calendar)
    if work == 0:
        assert done == begun
    else:
        assert done == diary.instant(diary.staffed(begun) + work)
        assert diary.staffed(done) - diary.staffed(begun) == work
        assert diary.staffed(done - 1) - diary.staffed(begun) == work - 1
    assert clock.reached(done, clock.staffed_time(done, calendar), calendar) == done


@given(diaries_and_times())
@MANY
def test_the_inverse_takes_the_earliest_instant(case):
    (diary, t), calendar = case, case[0].calendar
    b = clock.staffed_time(t, calendar)
    earliest = clock.instant_of(b, calendar)
    assert earliest == diary.instant(b) <= t
    assert clock.staffed_time(earliest, calendar) == b
    if earliest:
        assert clock.staffed_time(earliest - 1, calendar) == b - 1


@given(diaries_and_times())
@MANY
def test_staffed_instants_are_those_at_which_staffed_time_grows(case):
    calendar, t = case[0].calendar, case[1]
    grows = clock.staffed_time(t + 1, calendar) - clock.staffed_time(t, calendar)
    assert grows == clock.is_staffed(t, calendar)
    # The next opening is staffed, and no staffed time passes before it.
    opening = clock.next_opening(t, calendar)
    assert opening >= t
    assert clock.is_staffed(opening, calendar)
    assert clock.staffed_time(opening, calendar) == clock.staffed_time(t, calendar)


@given(diaries(), st.lists(st.integers(0, YEARS), min_size=2, max_size=6))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_staffed_time_never_falls_and_never_outruns_the_wall(diary, times):
    times = sorted(times)
    staffed = [clock.staffed_time(t, diary.calendar) for t in times]
    steps = zip(itertools.pairwise(times), itertools.pairwise(staffed), strict=True)
    for (t0, t1), (b0, b1) in steps:
        assert 0 <= b1 - b0 <= t1 - t0


def test_an_office_week_minute_by_minute():
    """Monday to Friday 9 to 17, time 0 on a Wednesday at noon; counted one minute at a time.

    Closed: the Tuesday before, the first Wednesday (of which the afternoon is left), Saturday and Sunday, and
    the second Thursday and Friday.
    """
    noon = 2 * 24 + 12
    offset = noon * HOUR
    closed_days = {1, 2, 5, 6, 10, 11}
    spans = [(24 * d + 9, 24 * d + 17, 1.0) for d in range(5)]
    calendar = calendar_of(spans, offset, [d * DAY - offset for d in sorted(closed_days)])
    staffed = 0
    for minute in range(2 * 7 * 24 * 60):
        day, within = divmod(noon * 60 + minute, 24 * 60)
        at_work = day % 7 < 5 and 9 * 60 <= within < 17 * 60 and day not in closed_days
        t = minute * MINUTE
        assert clock.is_staffed(t, calendar) == at_work
        assert clock.staffed_time(t, calendar) == staffed * MINUTE
        staffed += at_work
    # Two weeks from a Wednesday noon hold 80 h; Wednesday afternoon, Thursday and Friday take 5 + 16.
    assert staffed == (80 - 21) * 60


def test_always_open_is_the_wall_clock():
    always = calendar_of([(0, 168, 1.0)], 3 * HOUR)
    for t in (0, 1, WEEK - 1, WEEK, 5 * WEEK + 17, 1000 * WEEK):
        assert clock.staffed_time(t, always) == t
        assert clock.instant_of(t, always) == t
        assert clock.next_opening(t, always) == t
        assert clock.is_staffed(t, always)


def test_always_open_but_for_closures_is_the_wall_clock_less_whole_days():
    """Time 0 is Monday 3 h: closed are the rest of Monday, and Thursday and Friday."""
    c = calendar_of([(0, 168, 1.0)], 3 * HOUR, [-3 * HOUR, 69 * HOUR, 93 * HOUR])
    hours = [(0, 0), (20, 0), (21, 0), (22, 1), (69, 48), (80, 48), (93, 48), (117, 48), (118, 49)]
    assert [clock.staffed_time(t * HOUR, c) for t, _ in hours] == [b * HOUR for _, b in hours]
    assert [clock.instant_of(b * HOUR, c) for b in (0, 1, 48, 49)] == [t * HOUR for t in (0, 22, 69, 118)]
    assert clock.next_opening(0, c) == 21 * HOUR
    assert clock.next_opening(69 * HOUR, c) == clock.next_opening(100 * HOUR, c) == 117 * HOUR
    assert (
        clock.reached(50 * HOUR, 48 * HOUR, c) == 69 * HOUR
    )  # done when the day ends, not when the next begins
    assert clock.reached(80 * HOUR, 48 * HOUR, c) == 80 * HOUR
    assert not clock.is_staffed(93 * HOUR - 1, c)
    assert clock.is_staffed(117 * HOUR, c)


def test_closures_of_days_without_staff_change_nothing():
    spans, offset = [(24 * d + 9, 24 * d + 17, 1.0) for d in range(5)], 50 * HOUR
    plain = calendar_of(spans, offset)
    weekends = [WEEK * k + 24 * HOUR * d - offset for k in range(3) for d in (5, 6)]
    for t in range(0, 4 * WEEK, 37 * MINUTE):
        for f in (clock.staffed_time, clock.next_opening, clock.is_staffed):
            assert f(t, calendar_of(spans, offset, weekends)) == f(t, plain)
        b = t // 5
        assert clock.instant_of(b, calendar_of(spans, offset, weekends)) == clock.instant_of(b, plain)


def public_holidays():
    """Fixed and moving feasts of 2026 to 2029, some of them on weekends, and a leap day."""
    found = {datetime.date(2028, 2, 29)}
    for year in range(2026, 2030):
        found |= {datetime.date(year, *day) for day in [(1, 1), (5, 1), (12, 24), (12, 25), (12, 26)]}
        found |= {easter(year) + datetime.timedelta(days) for days in (-2, 0, 1, 39, 49, 50)}
    return sorted(d.isoformat() for d in found)


# Hours of a day, days (Monday is 0), whether there are holidays. A span that ends at 24 touches midnight; one
# that runs on after it is closed by another rule in pandas, so it meets no holidays here.
SHIFTS = {
    "office": ([(9, 17)], (0, 1, 2, 3, 4), True),
    "shop": ([(7.5, 12), (13.25, 18.75)], (0, 1, 2, 3, 4, 5), True),
    "late": ([(8, 12), (20, 24)], (1, 3, 6), True),
    "whole days": ([(0, 23.75)], (0, 2, 5, 6), True),
    "nights": ([(22, 30)], (0, 1, 2, 3, 4, 5), False),
}
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
DECISIONS = {
    f"2026-02-{day:02}": go_live
    for day, go_live in zip(range(23, 30 - 1), (0.0, 730.0, 2190.0, 17.25, 4380.0, 0.5), strict=True)
} | {"2026-03": 24.0, "2028-02-29": 730.0, "2026-12-31": 2190.5}


def clock_text(hours):
    minutes = round(hours * 60) % 1440
    return f"{minutes // 60:02}:{minutes % 60:02}"


@pytest.mark.parametrize("decision", DECISIONS)
@pytest.mark.parametrize("shift", SHIFTS)
def test_the_clock_agrees_with_pandas_over_years(shift, decision):
    """Nights, weekends, holidays, midnights, and both ends of shifts, from a date on every weekday."""
    spans, days, observed = SHIFTS[shift]
    holidays = public_holidays() if observed else []
    weekly = [(24 * d + a, 24 * d + b, 1.0) for d in days for a, b in spans]
    go_live = DECISIONS[decision]
    offset = week_offset(decision, go_live)
    calendar = calendar_of(weekly, offset, days_since(decision, holidays, go_live))
    zero = pd.Timestamp(decision) + pd.Timedelta(hours=go_live)
    work = CustomBusinessHour(
        start=[clock_text(a) for a, _ in spans],
        end=[clock_text(b) for _, b in spans],
        weekmask=" ".join(WEEKDAYS[d] for d in days),
        holidays=holidays,
    )
    rng = random.Random(f"{shift} {decision}")
    times = {0}
    for _ in range(12):
        day = zero.normalize() + pd.Timedelta(days=rng.randrange(1, 1350))
        moments = [0.0, *(h for span in spans for h in span), rng.uniform(0, 24)]
        times |= {(day + pd.Timedelta(hours=h) - zero) // pd.Timedelta("1us") for h in moments}
    for holiday in rng.sample(holidays, 4) if holidays else []:
        day = (pd.Timestamp(holiday) - zero) // pd.Timedelta("1us")
        times |= {day - 1, day, day + 10 * HOUR, day + DAY - 1, day + DAY}
    for t in sorted(t for t in times if t >= 0):
        stamp = zero + pd.Timedelta(microseconds=t)
        # To pandas the end of a shift is still inside it; here it is not.
        inside = work.is_on_offset(stamp) and work.is_on_offset(stamp + pd.Timedelta("1us"))
        assert clock.is_staffed(t, calendar) == inside, stamp
        begun = clock.next_opening(t, calendar)
        opening = zero + pd.Timedelta(microseconds=begun)
        assert opening == work.rollforward(stamp if inside else stamp + pd.Timedelta("1us")), stamp
        # From after midnight pandas' whole shifts of a night go astray: nine steps of an hour differ from one
        # of nine.
        hours = rng.choice([1, 2, 3, 7, 8, 9, 40, rng.randrange(1, 2000)] if observed else range(1, 8))
        done = clock.reached(begun, clock.staffed_time(begun, calendar) + hours * HOUR, calendar)
        # Where work ends with its shift, pandas goes on to the next opening.
        moved = zero + pd.Timedelta(microseconds=clock.next_opening(done, calendar))
        assert moved == stamp + hours * work, (stamp, hours)


@pytest.mark.parametrize("decision", DECISIONS)
def test_every_midnight_of_four_years_agrees_with_numpy_business_days(decision):
    holidays, go_live = public_holidays(), DECISIONS[decision]
    weekly = [(24 * d + 9, 24 * d + 16.5, 1.0) for d in (0, 1, 3, 4, 6)]
    calendar = calendar_of(weekly, week_offset(decision, go_live), days_since(decision, holidays, go_live))
    zero = np.datetime64(pd.Timestamp(decision), "us") + np.timedelta64(round(go_live * 3600), "s")
    first = zero.astype("datetime64[D]") + 1
    midnights = np.arange(first, np.datetime64("2030-01-01"))
    counted = np.busday_count(first, midnights, "1101101", holidays) * round(7.5 * HOUR)
    got = np.array([clock.staffed_time(int((m - zero).astype(int)), calendar) for m in midnights])
    np.testing.assert_array_equal(got - got[0], counted)


def test_units():
    assert (HOUR, DAY, WEEK, MONTH) == (
        3_600_000_000,
        86_400_000_000,
        604_800_000_000,
        2_628_000_000_000,
    )
    assert 12 * MONTH == 8760 * HOUR
    assert NEVER > 10_000 * 8760 * HOUR
