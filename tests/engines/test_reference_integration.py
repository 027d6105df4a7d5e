"""Outages, the connector and the waits before the AI, on schedules worked out by hand.

Unless said otherwise items pass a connector of no time and an AI of one hour, and end straight through.
"""

import math

import numpy as np
import pytest
from audit import at, audit, lives_of, logged, told
from cases import ALWAYS, INF, MONTH, Witness, arriving, bare, packed, values
from scipy.stats import lognorm

from simgap.engines.physics import Count
from simgap.model import keys
from simgap.model.clock import HOUR
from simgap.sampling.philox import words

MICROSECOND = 1 / HOUR
ITEM, DUPLICATE = keys.ITEM, keys.DUPLICATE
STRAIGHT = {
    "governance__mandatory_review": 0.0,
    "governance__permission": INF,
    "oversight__review_least_confident": 0.0,
    "integration__latency": 1.0,
}
# About one outage in two days, of exactly ten hours each.
OUTAGES = {"integration__outages": 180.0, "integration__outage_time": 10.0, "integration__outage_cv": 0.0}
SEED = 1


def up_times(rate, n, seed=SEED):
    """Return the first up-times in hours, from the words of each outage."""
    u = [(int(words(seed, 0, 0, 0, keys.OUTAGE, k, keys.OUTAGE_TIME, 0)[0]) + 0.5) / 2**32 for k in range(n)]
    return [-8760.0 / rate * math.log(1.0 - x) for x in u]


UP = up_times(180.0, 40)
FIRST, SECOND = UP[0], UP[0] + 10.0 + UP[1]


def straight(**changes):
    return bare(**{**STRAIGHT, **changes})


def run(hours, twins=False, window=MONTH, **changes):
    """Return the log, item by item, and what was counted."""
    ready = arriving(straight(**changes), hours, twins, window=window)
    physics, log = logged(ready)
    audit(ready, physics, log)
    return lives_of(log), physics, log


def hours_of(lives, activity, transition, kind=ITEM):
    """Return the hours of a step, by item."""
    return [at(lives[k], activity, transition) / HOUR for k in sorted(lives) if k[0] == kind]


# --- outages -------------------------------------------------------------------------------------------


def test_up_and_down_in_turn_until_the_window_ends():
    _, physics, log = run([1.0], **OUTAGES)
    begun = [e.time / HOUR for e in told(log, "outage", "start")]
    over = [e.time / HOUR for e in told(log, "outage")]
    wanted, t = [], 0.0
    for up in UP:
        if t + up >= 730.0:
            break
        wanted.append(t + up)
        t += up + 10.0
    assert len(wanted) > 8
    np.testing.assert_allclose(begun, wanted, atol=1e-8)
    np.testing.assert_allclose(over, np.array(wanted) + 10.0, atol=1e-8)
    assert [e.entity for e in told(log, "outage")] == list(range(len(wanted)))
    assert physics.total(Count.STRAIGHT) == 1


def test_lengths_are_lognormal_outage_by_outage():
    _, _, log = run([1.0], **{**OUTAGES, "integration__outage_cv": 1.3})
    sigma = math.sqrt(math.log(1.0 + 1.3**2))
    begun, over = told(log, "outage", "start"), told(log, "outage")
    for a, b in zip(begun, over, strict=True):
        u = (int(words(SEED, 0, 0, 0, keys.OUTAGE, a.entity, keys.OUTAGE_TIME, 0)[1]) + 0.5) / 2**32
        length = lognorm.ppf(u, s=sigma, scale=10.0 * math.exp(-0.5 * sigma**2))
        assert (b.time - a.time) / HOUR == pytest.approx(length, abs=1e-8)


@pytest.mark.parametrize("gap", [-MICROSECOND, 0.0])
def test_no_outage_begins_at_the_end_of_the_window_or_after_it(gap):
    """The window ends with the start of the second outage, or a microsecond before."""
    second = round(UP[0] * HOUR) / HOUR + 10.0 + round(UP[1] * HOUR) / HOUR
    _, _, log = run([1.0], window=second + gap, **OUTAGES)
    assert len(told(log, "outage")) == 1
    _, _, log = run([1.0], window=second + MICROSECOND, **OUTAGES)
    assert len(told(log, "outage")) == 2


def test_the_drain_goes_on_after_an_outage_that_outlasts_the_window():
    window = FIRST + 2.0
    lives, physics, _ = run([FIRST - 0.5, FIRST + 1.0], window=window, **OUTAGES)
    np.testing.assert_allclose(hours_of(lives, "end", "complete"), [FIRST + 0.5, FIRST + 11.0], atol=1e-8)
    assert physics.counts[0, :, Count.STRAIGHT].tolist() == [1, 1]


def test_what_is_under_way_finishes_and_those_who_wait_start_when_it_is_over():
    """Two places: items half an hour before an outage, at its first instant, in it, at its end, after."""
    start = round(UP[0] * HOUR) / HOUR
    hours = [start - 0.5, start, start + 3.0, start + 3.0, start + 10.0, start + 10.5]
    lives, physics, _ = run(hours, ai__concurrency=2, **OUTAGES)
    # At the end three wait for two places, first the two who came first; then the one who came at the end.
    begun = [start - 0.5, start + 10.0, start + 10.0, start + 11.0, start + 11.0, start + 12.0]
    np.testing.assert_allclose(hours_of(lives, "AI", "start"), begun, atol=1e-9)
    np.testing.assert_allclose(hours_of(lives, "end", "complete"), np.array(begun) + 1.0, atol=1e-9)
    # Waits of 10, 7, 8, 1 and 1.5 hours; three waited before the end, and at it three, with one new.
    assert physics.total(Count.AI_WAIT) == pytest.approx(27.5 * 3.6e6, abs=6)
    assert physics.ai_backlog_peak == 3
    assert physics.total(Count.LOST) == 0


def test_the_lost_end_the_legacy_way_when_the_outage_is_over():
    """All are lost who reach the AI in the outage, from its first instant to the one before its end."""
    start = round(UP[0] * HOUR) / HOUR
    hours = [start - MICROSECOND, start, start + 4.0, start + 10.0 - MICROSECOND, start + 10.0]
    lives, physics, log = run(hours, twins=True, **OUTAGES, integration__lost=1.0)
    ends = [lives[ITEM, e][-1] for e in range(5)]
    assert [e.detail["outcome"] for e in ends] == ["straight", "lost", "lost", "lost", "straight"]
    over = start + 10.0
    np.testing.assert_allclose(
        [e.time / HOUR for e in ends], [start + 1, over, over, over, over + 1], atol=1e-9
    )
    assert physics.total(Count.LOST) == physics.total(Count.DUPLICATE_FALLBACK) == 3
    assert physics.total(Count.AI_SERVED) == 4  # the lost are not paid for
    assert physics.total(Count.AI_WAIT) == 0
    assert physics.total(Count.LEGACY_DELAY) == pytest.approx((10 + 6) * 3.6e6, abs=2)
    # They end before those who wait start, and the items before the duplicates.
    late = [e for e in told(log, "end") if e.detail["outcome"] == "lost"]
    assert [(e.kind, e.entity) for e in late] == [(k, n) for k in (ITEM, DUPLICATE) for n in (1, 2, 3)]


def test_the_lost_are_found_before_anything_else_is_done_at_the_end_of_the_outage():
    """Item 0 is with the AI until the very instant at which the outage ends and item 1 is found lost."""
    start = round(UP[0] * HOUR) / HOUR
    hours = [start - 0.5, start + 1.0]
    _, _, log = run(hours, integration__latency=10.5, **OUTAGES, integration__lost=1.0)
    ends = told(log, "end")
    assert [(e.entity, e.detail["outcome"]) for e in ends] == [(1, "lost"), (0, "straight")]
    assert ends[0].time == ends[1].time == told(log, "outage")[0].time


def test_a_share_is_lost_item_by_item():
    """From the fourth word of the checks; the others wait."""
    start = round(UP[0] * HOUR) / HOUR
    lives, physics, _ = run([start + 0.01 * i for i in range(300)], **OUTAGES, integration__lost=0.4)
    u = [(int(words(SEED, 0, 0, 0, ITEM, e, keys.CHECK, 0)[3]) + 0.5) / 2**32 for e in range(300)]
    lost = [lives[ITEM, e][-1].detail["outcome"] == "lost" for e in range(300)]
    assert lost == [x < 0.4 for x in u]
    assert 80 < sum(lost) < 160
    assert physics.ai_backlog_peak == 300 - sum(lost)


def test_exceptions_do_not_meet_outages():
    _, physics, _ = run([FIRST + 1.0] * 5, **OUTAGES, integration__lost=1.0, data__false_reject=1.0)
    assert physics.total(Count.MANUAL) == 5


# --- the connector ---------------------------------------------------------------------------------------


def test_the_connector_takes_one_at_a_time_in_order():
    """Four an hour: a quarter each. Three at once at 1:00, one at 1:30, and one when nobody is left."""
    lives, physics, _ = run([1.0, 1.0, 1.0, 1.5, 4.0], integration__throughput=4.0)
    assert hours_of(lives, "connector", "start") == [1.0, 1.25, 1.5, 1.75, 4.0]
    assert hours_of(lives, "connector", "complete") == [1.25, 1.5, 1.75, 2.0, 4.25]
    assert hours_of(lives, "end", "complete") == [2.25, 2.5, 2.75, 3.0, 5.25]
    # Waits of 0.25, 0.5 and 0.25 hours; two at most wait: at 1:00 behind the first.
    assert physics.total(Count.AI_WAIT) == 3_600_000
    assert physics.ai_backlog_peak == 2
    assert physics.total(Count.AI_SERVED) == 5


def test_connector_and_ai_in_tandem():
    """A quarter of an hour each, then an hour each, one at a time: the second queue builds up."""
    lives, physics, _ = run([1.0] * 4, integration__throughput=4.0, ai__concurrency=1)
    assert hours_of(lives, "connector", "complete") == [1.25, 1.5, 1.75, 2.0]
    assert hours_of(lives, "AI", "start") == [1.25, 2.25, 3.25, 4.25]
    # 0.25 + 0.5 + 0.75 before the connector, 0.75 + 1.5 + 2.25 before the AI; three wait from 1:00 on.
    assert physics.total(Count.AI_WAIT) == 6 * 3_600_000
    assert physics.ai_backlog_peak == 3


def test_the_connector_works_through_an_outage():
    """Two reach the AI in the outage, from the connector; the first is past both before it."""
    start = round(UP[0] * HOUR) / HOUR
    hours = [start - 1.0, start - 0.5, start]
    lives, physics, _ = run(hours, integration__throughput=1.0, **OUTAGES)
    # Served by the connector at start, start + 1, start + 2; the AI goes down at start, before that.
    np.testing.assert_allclose(
        hours_of(lives, "connector", "complete"), [start, start + 1, start + 2], atol=1e-9
    )
    np.testing.assert_allclose(hours_of(lives, "AI", "start"), [start + 10.0] * 3, atol=1e-9)
    # Before the connector half an hour and an hour; before the AI 10, 9 and 8 hours.
    assert physics.total(Count.AI_WAIT) == pytest.approx(28.5 * 3.6e6, abs=6)
    assert physics.ai_backlog_peak == 3


def test_items_before_duplicates_at_the_connector():
    lives, _, _ = run([1.0, 1.0, 9.0], twins=True, integration__throughput=2.0)
    assert hours_of(lives, "connector", "start") == [1.0, 1.5, 9.0]
    assert hours_of(lives, "connector", "start", DUPLICATE) == [2.0, 2.5, 9.5]


def test_who_is_served_at_once_has_not_waited():
    _, physics, _ = run([1.0] * 6)
    assert physics.total(Count.AI_WAIT) == physics.ai_backlog_peak == 0
    _, physics, _ = run([1.0] * 6, ai__concurrency=4)
    assert physics.total(Count.AI_WAIT) == 2 * 3_600_000
    assert physics.ai_backlog_peak == 2


def test_throughput_bounds_what_is_served_in_a_month():
    """Ten an hour for 20 that arrive: 7,300 in a month but for the first step."""
    case = straight(
        volume=20 * 8760.0, profile=ALWAYS, arrivals="deterministic", integration__throughput=10.0
    )
    physics = Witness(packed({**case, "integration.latency": 0.0}, window=73.0)).physics
    # The first comes at 3 min; one every 6 min from then on.
    assert physics.counts[0, 0, Count.AI_SERVED] == 729
    assert physics.ai_backlog_peak == 1460 - 730
    assert physics.total(Count.STRAIGHT) == 1460
    # Item k = 1 .. 1460 arrives at 3 k min and starts at 3 + 6 (k - 1): a wait of 3 (k - 1) min.
    assert physics.total(Count.AI_WAIT) == pytest.approx(3 * 60_000 * 1460 * 1459 / 2, rel=1e-6)


# --- opening backlog, batches, days that differ ------------------------------------------------------------


def test_an_opening_backlog_arrives_with_the_start_and_moves_no_other_item():
    case = values(
        volume=4000.0, starts=0.1, oversight__reviewers=60, oversight__delta=0.0, oversight__gamma=0.0
    )
    case |= {"ai.concurrency": INF, "oversight.deadline": INF}
    without, with_backlog = (packed({**case, "backlog": n}) for n in (0, 40))
    (a, before), (b, after) = logged(without), logged(with_backlog)
    audit(without, a, before)
    audit(with_backlog, b, after)
    lives, others = lives_of(before), lives_of(after)
    new = sorted(others.keys() - lives.keys())
    assert new == [(ITEM, 2**31 + i) for i in range(40)]
    assert {others[k][0].time for k in new} == {73 * HOUR}
    # All others: the same events at the same instants, but for the desk at which they sit and who waits.
    plain = {k: [(*e[:5], e.detail.get("verdict"), e.detail.get("outcome")) for e in lives[k]] for k in lives}
    same = {k: [(*e[:5], e.detail.get("verdict"), e.detail.get("outcome")) for e in others[k]] for k in lives}
    assert plain == same
    assert len(lives) > 250
    assert b.total(Count.ARRIVED) == a.total(Count.ARRIVED) + 40
    # They are items like any other: of every class, some with defects, some consequential.
    assert len({others[k][0].detail["value_class"] for k in new}) == 3
    assert any(others[k][0].detail["defects"] for k in new)
    first = int(np.flatnonzero([e.time >= 73 * HOUR for e in after])[0])
    assert after[first].entity == 2**31  # nothing else arrives before the workflow starts


def test_a_backlog_is_there_though_nothing_else_arrives():
    physics = Witness(packed(values(volume=0.0, backlog=7))).physics
    assert physics.total(Count.ARRIVED) == 7
    assert physics.counts[0, 0, Count.ARRIVED] == 7


def test_batches_come_at_one_instant():
    """Deterministic: 3 an hour in batches of 6, so 6 every two hours, from 2:00 on."""
    case = bare(volume=3 * 8760.0, profile=ALWAYS, arrivals="deterministic", batch=6, **STRAIGHT)
    witness = Witness(packed(case, window=10.5))
    assert witness.hours() == pytest.approx([2.0 * (1 + k // 6) + 1.0 for k in range(30)], abs=1e-5)
    assert [e for _, e in witness.order()] == list(range(30))


def test_batches_keep_the_items():
    """The same numbers, and the same attributes by number, at other times."""
    case = values(volume=4000.0)
    for batch in (1, 5):
        ready = packed({**case, "batch": batch})
        physics, log = logged(ready)
        audit(ready, physics, log)
        mine = {e.entity: e for e in told(log, "arrival", kind=ITEM)}
        if batch == 1:
            single = mine
    common = mine.keys() & single.keys()
    assert len(common) > 250
    assert all(mine[n].detail == single[n].detail for n in common)
    assert all(mine[n].time == mine[n - n % 5].time for n in mine)
    assert len({e.time for e in mine.values()}) == math.ceil(len(mine) / 5)


def test_days_that_differ_bring_the_same_items_at_other_times():
    case = values(volume=8000.0)
    steady, uneven = (packed({**case, "day_cv": cv}) for cv in (0.0, 0.8))
    found = []
    for ready in (steady, uneven):
        physics, log = logged(ready)
        audit(ready, physics, log)
        found.append({e.entity: e for e in told(log, "arrival", kind=ITEM)})
    common = found[0].keys() & found[1].keys()
    assert len(common) > 400
    assert all(found[0][n].detail == found[1][n].detail for n in common)
    assert sum(found[0][n].time != found[1][n].time for n in common) > 0.95 * len(common)
    # About 30 a weekday: a standard deviation of 5 by chance, and of 24 more from day to day.
    spread = [np.bincount([e.time // (24 * HOUR) for e in days.values()], minlength=31) for days in found]
    assert spread[1].std() > 1.3 * spread[0].std()
