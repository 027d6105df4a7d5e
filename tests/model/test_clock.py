"""The business clock against the list of all staffed intervals, written out one by one."""

import itertools
from bisect import bisect_right

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from simgap.model import clock
from simgap.model.clock import HOUR, MONTH, SECOND, WEEK

MINUTE = 60 * SECOND
YEARS = 3 * 8760 * HOUR
HORIZON = YEARS + 30 * WEEK  # room beyond the latest time that is asked for


class Diary:
    """Every staffed interval from time 0, in order, and the staffed time before each."""

    def __init__(self, spans, offset):
        self.spans, self.offset = spans, offset
        self.intervals = []
        for monday in range(-offset, HORIZON, WEEK):
            for start, end in spans:
                if monday + end > 0:
                    self.intervals.append((max(0, monday + start), monday + end))
        self.lengths = [0, *itertools.accumulate(e - s for s, e in self.intervals)]
        self.openings = [s for s, _ in self.intervals]
        self.arrays = self._arrays()

    def _arrays(self):
        starts = np.array([s for s, _ in self.spans], np.int64)
        ends = np.array([e for _, e in self.spans], np.int64)
        before = np.array([0, *itertools.accumulate(e - s for s, e in self.spans)], np.int64)
        return starts, ends, before

    def staffed(self, t):
        i = bisect_right(self.openings, t) - 1
        if i < 0:
            return 0
        start, end = self.intervals[i]
        return self.lengths[i] + min(t, end) - start

    def open_at(self, t):
        return any(s <= t < e for s, e in self.intervals[max(0, bisect_right(self.openings, t) - 1) :][:1])

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
    """Weekly calendars of one to six spans on whole minutes, touching or not, up to Sunday 24:00."""
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
    return Diary(spans, offset)


@st.composite
def diaries_and_times(draw):
    """A calendar and an instant: anywhere in three years, or within 1 microsecond of an edge."""
    diary = draw(diaries())
    if draw(st.booleans()):
        return diary, draw(st.integers(0, YEARS))
    early = bisect_right(diary.openings, YEARS)
    edge = draw(st.sampled_from([e for pair in diary.intervals[:early] for e in pair]))
    return diary, max(0, edge + draw(st.sampled_from([-1, 0, 1])))


@given(diaries_and_times())
@settings(max_examples=150, deadline=None, derandomize=True)
def test_the_clock_agrees_with_the_list_of_intervals(case):
    diary, t = case
    starts, ends, before = diary.arrays
    assert clock.staffed_time(t, starts, ends, before, diary.offset) == diary.staffed(t)
    assert clock.is_staffed(t, starts, ends, diary.offset) == diary.open_at(t)
    assert clock.next_opening(t, starts, ends, diary.offset) == diary.opening(t)


@given(diaries_and_times(), st.one_of(st.integers(0, 40 * HOUR), st.sampled_from([0, 1, HOUR])))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_work_ends_when_the_list_of_intervals_says(case, work):
    diary, t = case
    calendar = (*diary.arrays, diary.offset)
    begun = clock.next_opening(t, diary.arrays[0], diary.arrays[1], diary.offset)
    # A week holds at least one staffed minute: less work than that keeps the oracle within its horizon.
    work = min(work, 20 * int(diary.arrays[2][-1]))
    done = clock.reached(begun, clock.staffed_time(begun, *calendar) + work, *calendar)
    if work == 0:
        assert done == begun
    else:
        assert done == diary.instant(diary.staffed(begun) + work)
        assert diary.staffed(done) - diary.staffed(begun) == work
        assert diary.staffed(done - 1) - diary.staffed(begun) == work - 1
    assert clock.reached(done, clock.staffed_time(done, *calendar), *calendar) == done


@given(diaries_and_times())
@settings(max_examples=150, deadline=None, derandomize=True)
def test_the_inverse_takes_the_earliest_instant(case):
    diary, t = case
    calendar = (*diary.arrays, diary.offset)
    b = clock.staffed_time(t, *calendar)
    earliest = clock.instant_of(b, *calendar)
    assert earliest == diary.instant(b) <= t
    assert clock.staffed_time(earliest, *calendar) == b
    if earliest:
        assert clock.staffed_time(earliest - 1, *calendar) == b - 1


@given(diaries(), st.lists(st.integers(0, YEARS), min_size=2, max_size=6))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_staffed_time_never_falls_and_never_outruns_the_wall(diary, times):
    calendar = (*diary.arrays, diary.offset)
    times = sorted(times)
    staffed = [clock.staffed_time(t, *calendar) for t in times]
    steps = zip(itertools.pairwise(times), itertools.pairwise(staffed), strict=True)
    for (t0, t1), (b0, b1) in steps:
        assert 0 <= b1 - b0 <= t1 - t0


def test_an_office_week_minute_by_minute():
    """Monday to Friday 9 to 17, time 0 on a Wednesday at noon; counted one minute at a time."""
    offset = (2 * 24 + 12) * HOUR
    diary = Diary([((24 * d + 9) * HOUR, (24 * d + 17) * HOUR) for d in range(5)], offset)
    starts, ends, before = diary.arrays
    staffed = 0
    for minute in range(2 * 7 * 24 * 60):
        day, within = divmod((2 * 24 + 12) * 60 + minute, 24 * 60)
        at_work = day % 7 < 5 and 9 * 60 <= within < 17 * 60
        t = minute * MINUTE
        assert clock.is_staffed(t, starts, ends, offset) == at_work
        assert clock.staffed_time(t, starts, ends, before, offset) == staffed * MINUTE
        staffed += at_work
    assert staffed == 2 * 40 * 60


def test_always_open_is_the_wall_clock():
    always = np.array([0]), np.array([WEEK]), np.array([0, WEEK])
    for t in (0, 1, WEEK - 1, WEEK, 5 * WEEK + 17, 1000 * WEEK):
        assert clock.staffed_time(t, *always, 3 * HOUR) == t
        assert clock.instant_of(t, *always, 3 * HOUR) == t
        assert clock.next_opening(t, *always[:2], 3 * HOUR) == t
        assert clock.is_staffed(t, *always[:2], 3 * HOUR)


def test_units():
    assert (HOUR, WEEK, MONTH) == (3_600_000_000, 604_800_000_000, 2_628_000_000_000)
    assert 12 * MONTH == 8760 * HOUR
