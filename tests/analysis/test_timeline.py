"""One replication over time: by hand, and against a count at every instant."""

from collections import Counter

import numpy as np
import pytest

from simgap.analysis.timeline import LEVELS, counts, of_arrivals, timeline
from simgap.engines.calendars import calendar_of
from simgap.engines.log import Entry
from simgap.model import keys
from simgap.model.clock import DAY, HOUR, WEEK

OFFICE = calendar_of([[24.0 * day + 9.0, 24.0 * day + 17.0, 1.0] for day in range(5)], 0)  # time 0: a Monday
ROUND_THE_CLOCK = calendar_of([[0.0, 168.0, 1.0]], 0)
RNG = np.random.default_rng(20260301)


def entry(hours, activity, transition, entity=0, kind=keys.ITEM, **detail):
    return Entry(round(hours * HOUR), kind, entity, activity, transition, detail)


def level(hours, word):
    return entry(hours, "autonomy level", "complete", 0, keys.INCIDENT, level=word)


def test_queue_and_reviewers_by_hand():
    log = [
        entry(9, "review", "schedule", 1),  # Monday 09:00, to somebody who is free
        entry(9, "review", "start", 1),
        entry(10, "review", "schedule", 2),
        entry(10, "review", "schedule", 3),
        entry(10, "specialist", "schedule", 9),
        entry(16, "review", "complete", 1),
        entry(16, "review", "start", 2),
        entry(34, "review", "complete", 2),  # Tuesday 10:00: an hour on Monday and one on Tuesday
        entry(58, "review", "withdraw", 3),  # Wednesday 10:00
        entry(58, "specialist", "withdraw", 9),
        entry(60, "end", "complete", 3),
    ]
    line = timeline(log, 5 * HOUR, WEEK, 2, OFFICE)
    assert (line.go_live, line.window, line.end) == (5 * HOUR, WEEK, WEEK)
    assert line.waiting.tolist() == [2, 1, 1, 0, 0, 0, 0]
    assert line.specialists.tolist() == [1, 1, 1, 0, 0, 0, 0]
    assert line.busy == pytest.approx([(7.0 + 2.0) / 40.0])
    assert line.longest == (2, 10 * HOUR)


def test_one_who_is_served_at_once_does_not_wait():
    log = [entry(1, "review", "schedule"), entry(1, "review", "start"), entry(3, "review", "complete")]
    line = timeline(log, 0, WEEK, 1, ROUND_THE_CLOCK)
    assert line.waiting.max() == 0
    assert line.longest[0] == 0
    assert line.busy == pytest.approx([2.0 / 168.0])


def test_one_who_leaves_at_midnight_does_not_wait_on_the_day_that_begins():
    log = [entry(20, "review", "schedule"), entry(48, "review", "withdraw"), entry(50, "review", "schedule")]
    assert timeline(log, 0, 4 * DAY, 1, OFFICE).waiting.tolist() == [1, 1, 1, 1]
    assert timeline(log[:2], 0, 4 * DAY, 1, OFFICE).waiting.tolist() == [1, 1, 0, 0]


def test_levels_staff_outages_and_incidents_by_hand():
    log = [
        entry(0, "outage", "start", 0, keys.OUTAGE),
        entry(1, "headcount", "complete", 0, keys.TEAM, reviewers=1),
        entry(5, "outage", "complete", 0, keys.OUTAGE),
        entry(12, "incident", "complete", 4, keys.INCIDENT, failed=("explainable",)),
        level(24, "suspended"),
        entry(30, "incident", "complete", 5, keys.INCIDENT, failed=()),
        level(48, "guarded"),
        entry(160, "outage", "start", 1, keys.OUTAGE),
        level(400, "autonomous"),
    ]
    line = timeline(log, 0, WEEK, 3, OFFICE)
    shares = {"autonomous": 24 / 168, "guarded": 120 / 168, "restricted": 0.0, "suspended": 24 / 168}
    assert line.level_shares() == pytest.approx(shares)
    assert [LEVELS[i] for i in line.levels] == ["autonomous", "suspended", "guarded", "autonomous"]
    assert (line.staff_times.tolist(), line.staff.tolist()) == ([0, HOUR], [3, 1])
    assert line.outages.tolist() == [[0, 5 * HOUR], [160 * HOUR, WEEK]]
    assert (line.incidents.tolist(), line.opened.tolist()) == ([12 * HOUR, 30 * HOUR], [True, False])


def test_nothing_at_all():
    line = timeline([], 0, 10 * DAY, 1, OFFICE)
    assert line.waiting.tolist() == [0] * 10
    assert line.busy.tolist() == [0.0, 0.0]
    assert line.level_shares()["autonomous"] == 1.0
    assert counts([])["outcomes"] == dict.fromkeys(counts([])["outcomes"], 0)


def test_what_follows_the_window_is_shown_up_to_a_quarter_of_it():
    for hours, end in ((100, WEEK), (180, 180 * HOUR), (10_000, 210 * HOUR)):
        line = timeline([entry(hours, "end", "complete")], 0, WEEK, 1, OFFICE)
        assert line.end == end
        assert len(line.waiting) == -(-end // DAY)
    # Work beyond what is shown does not count, and a week without staffed time has no mean.
    log = [entry(1, "review", "start"), entry(9_999, "review", "complete"), entry(10_000, "end", "complete")]
    weekend = calendar_of([[1.0, 3.0, 1.0]], 0)
    assert timeline(log, 0, WEEK, 1, weekend).busy == pytest.approx([1.0, 1.0])
    nobody = calendar_of([[100.0, 101.0, 1.0]], 0)
    np.testing.assert_array_equal(timeline(log, 0, WEEK, 1, nobody).busy, [1.0, np.nan])


def test_the_queue_against_a_count_at_every_instant():
    log, waits = [], []
    for k in range(400):
        joined = int(RNG.integers(0, 20 * DAY))
        left = joined + int(RNG.choice([0, RNG.integers(0, 2 * DAY)]))
        waits.append((joined, left))
        log.append(Entry(joined, keys.ITEM, k, "review", "schedule", {}))
        log.append(Entry(left, keys.ITEM, k, "review", ("start", "withdraw")[k % 2], {}))
        if k % 2 == 0:
            log.append(Entry(left + HOUR, keys.ITEM, k, "review", "complete", {}))
    log.sort(key=lambda e: e.time)
    line = timeline(log, 0, 23 * DAY, 1, ROUND_THE_CLOCK)
    instants = sorted({t for pair in waits for t in pair} | {day * DAY for day in range(23)})
    number = {t: sum(joined <= t < left for joined, left in waits) for t in instants}
    assert line.waiting.tolist() == [
        max(n for t, n in number.items() if t // DAY == day) for day in range(23)
    ]
    assert line.longest[0] == max(number.values())
    assert number[line.longest[1]] == line.longest[0]
    begun = [left for k, (_, left) in enumerate(waits) if k % 2 == 0]
    for week, busy in enumerate(line.busy):
        low, high = week * WEEK, min((week + 1) * WEEK, 23 * DAY)
        work = sum(max(0, min(t + HOUR, high) - max(t, low)) for t in begun)
        assert busy == pytest.approx(work / (high - low))


def test_counts_by_hand():
    log = [
        entry(0, "arrival", "complete", 0),
        entry(0, "arrival", "complete", 1),
        entry(1, "arrival", "complete", 0, keys.DUPLICATE),
        entry(1, "review", "schedule", 0, reasons=("confidence", "value")),
        entry(1, "review", "schedule", 0, keys.DUPLICATE, reasons=("value",)),
        entry(2, "end", "complete", 0, outcome="reviewed", escaped="missed"),
        entry(2, "end", "complete", 1, outcome="straight", escaped=""),
        entry(2, "end", "complete", 0, keys.DUPLICATE, outcome="reviewed", escaped=""),
        entry(3, "outage", "start", 0, keys.OUTAGE),
        entry(4, "outage", "complete", 0, keys.OUTAGE),
    ]
    found = counts(log)
    assert (found["events"], found["items"], found["duplicates"]) == (10, 2, 1)
    assert found["activities"]["review schedule"] == 2
    assert sum(found["activities"].values()) == 10
    assert {k: n for k, n in found["outcomes"].items() if n} == {"reviewed": 1, "straight": 1}
    assert {k: n for k, n in found["reasons"].items() if n} == {"confidence": 1, "value": 2}
    assert {k: n for k, n in found["escaped"].items() if n} == {"missed": 1}
    assert found["outages"] == 1


def test_entries_of_arrivals_in_a_span():
    log = [entry(k, "arrival", "complete", k) for k in range(6)]
    log += [entry(9, "end", "complete", k) for k in range(6)]
    log += [entry(9, "arrival", "complete", 3, keys.DUPLICATE), level(10, "guarded")]
    chosen = Counter((e.kind, e.entity) for e in of_arrivals(log, 2 * HOUR, 4 * HOUR))
    assert chosen == {(keys.ITEM, 2): 2, (keys.ITEM, 3): 2, (keys.INCIDENT, 0): 1}
