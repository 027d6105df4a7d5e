"""The order of events at an instant, and the hours in which people work, on schedules worked out by hand.

Unless said otherwise every item needs one hour of one reviewer, who is always there; the AI takes no time.
"""

import math

import numpy as np
import pytest
from cases import ALWAYS, INF, MONTH, OFFICE, Witness, arriving, bare, packed

from simgap.engines.physics import Count
from simgap.model import items, keys
from simgap.model.clock import HOUR

MICROSECOND = 1 / HOUR
ITEM, DUPLICATE = keys.ITEM, keys.DUPLICATE
FRIDAY = 4 * 24


def ended(witness):
    """Return how the unique items ended, by number."""
    return {entity: how for _, kind, entity, how, _ in witness.ends if kind == ITEM}


@pytest.mark.parametrize("clock", ["wall", "staffed"])
@pytest.mark.parametrize(
    ("deadline", "how", "hour"),
    [
        (1.0, Count.REVIEWED, 7.0),  # a tie: the completion frees its server, and the review that starts wins
        (1.0 - MICROSECOND, Count.FALLBACK, 6.0 - MICROSECOND),
        (1.0 + MICROSECOND, Count.REVIEWED, 7.0),
        (0.25, Count.FALLBACK, 5.25),
        (0.0, Count.FALLBACK, 5.0),
    ],
)
def test_a_review_that_can_start_at_the_deadline_starts(clock, deadline, how, hour):
    case = bare(oversight__deadline=deadline, oversight__deadline_clock=clock)
    witness = Witness(arriving(case, [5.0, 5.0]))
    assert ended(witness) == {0: Count.REVIEWED, 1: how}
    assert {e: h for h, _, e, _, _ in witness.ends} == pytest.approx({0: 6.0, 1: hour}, abs=1e-12)
    physics = witness.physics
    assert physics.total(Count.DEADLINE_MISSED) == (how == Count.FALLBACK)
    assert physics.reviewers.wall_wait_total == round((min(hour, 6.0) - 5.0) * HOUR)


def test_a_chain_of_ties():
    """Ten at once, each for an hour, and patience for exactly three: four are seen, six leave together."""
    case = bare(oversight__deadline=3.0)
    witness = Witness(arriving(case, [2.0] * 10))
    assert [ended(witness)[e] for e in range(10)] == [Count.REVIEWED] * 4 + [Count.FALLBACK] * 6
    assert witness.hours() == [3.0, 4.0, 5.0] + [5.0] * 6 + [6.0]
    # At 5.0 the review ends before those who wait give up, by number.
    assert [e for _, _, e, _, _ in witness.ends] == [0, 1, 2, 4, 5, 6, 7, 8, 9, 3]


def test_an_arrival_at_the_instant_of_a_completion_is_served_at_once():
    witness = Witness(arriving(bare(oversight__deadline=0.0), [1.0, 2.0, 3.0]))
    assert ended(witness) == dict.fromkeys(range(3), Count.REVIEWED)
    assert witness.physics.reviewers.wall_wait_total == 0


def test_items_of_the_evening_start_at_opening():
    """Monday 20:00 and 22:00; the team opens on Tuesday at 9."""
    witness = Witness(arriving(bare(oversight__hours=OFFICE, oversight__reviewers=2), [20.0, 22.0]))
    assert witness.hours() == [24 + 10.0, 24 + 10.0]
    assert witness.physics.reviewers.wall_wait_total == (13 + 11) * HOUR
    assert witness.physics.reviewers.wait_total == 0
    assert witness.physics.reviewers.waits[0] == 2
    assert witness.physics.reviewers.queue_area == 24 * HOUR


def test_a_review_spans_the_evening_and_the_weekend():
    case = bare(oversight__hours=OFFICE)
    assert Witness(arriving(case, [16.5])).hours() == [24 + 9.5]
    assert Witness(arriving(case, [FRIDAY + 16.5])).hours() == [7 * 24 + 9.5]
    long = bare(oversight__hours=OFFICE, oversight__time=44.0)
    assert Witness(arriving(long, [FRIDAY + 16.0])).hours() == [2 * 7 * 24 + 12.0]


def test_a_review_that_ends_at_closing_ends_there_and_the_next_waits():
    witness = Witness(arriving(bare(oversight__hours=OFFICE), [16.0, 16.0]))
    assert witness.hours() == [17.0, 24 + 10.0]
    assert witness.physics.reviewers.wait_total == HOUR
    assert witness.physics.reviewers.wall_wait_total == 17 * HOUR


def test_shifts_that_touch_are_one():
    split = tuple((24 * d + a, 24 * d + b, 1) for d in range(5) for a, b in ((9, 13), (13, 17)))
    for hours in (OFFICE, split):
        assert Witness(arriving(bare(oversight__hours=hours), [12.5])).hours() == [13.5]


@pytest.mark.parametrize(
    ("clock", "hour"),
    [("staffed", 24 + 12.0), ("wall", 20.0)],
)
def test_a_deadline_runs_on_its_own_clock(clock, hour):
    """Four hours from 16:00 end at 20:00 on the wall, and at noon of the next day in staffed time."""
    case = bare(
        oversight__hours=OFFICE, oversight__time=9.0, oversight__deadline=4.0, oversight__deadline_clock=clock
    )
    witness = Witness(arriving(case, [15.0, 16.0]))
    assert ended(witness)[1] == Count.FALLBACK
    assert witness.hours()[0] == hour


def test_a_deadline_at_closing_time_falls_at_closing_time():
    case = bare(oversight__hours=OFFICE, oversight__time=7.5, oversight__deadline=7.0)
    witness = Witness(arriving(case, [9.5, 10.0]))
    # The reviewer is free at 17:00 too, but nobody starts a review at the end of the shift.
    assert witness.hours() == [17.0, 17.0]
    assert ended(witness) == {0: Count.REVIEWED, 1: Count.FALLBACK}


def test_priority_classes_then_arrival_then_number():
    case = bare(
        consequential=0.5,
        governance__review_consequential="yes",
        governance__permission=1,
        oversight__priority=("value", "consequential"),
    )
    hours = [1.0] + [1.5] * 12 + [1.25] * 12
    witness = Witness(arriving(case, sorted(hours)))
    arrived = dict(enumerate(sorted(hours)))
    urgency = {
        entity: 0 if triggers & items.VALUE else 1 if triggers & items.CONSEQUENTIAL else 2
        for (_, entity), (triggers, *_) in witness.last.items()
    }
    assert set(urgency.values()) == {0, 1, 2}
    rest = sorted(range(1, 25), key=lambda e: (urgency[e], arrived[e], e))
    assert [e for _, e in witness.order()] == [0, *rest]


def test_without_priority_the_first_come_is_served_first():
    witness = Witness(arriving(bare(consequential=0.5), [1.0] * 6))
    assert [e for _, e in witness.order()] == [0, 1, 2, 3, 4, 5]


def test_items_before_duplicates_then_the_lowest_number():
    witness = Witness(arriving(bare(), [1.0, 1.0, 1.0, 9.0], twins=True))
    first = [(ITEM, 0), (ITEM, 1), (ITEM, 2), (DUPLICATE, 0), (DUPLICATE, 1), (DUPLICATE, 2)]
    assert witness.order() == [*first, (ITEM, 3), (DUPLICATE, 3)]
    assert witness.hours() == [2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 10.0, 11.0]
    physics = witness.physics
    assert physics.total(Count.DUPLICATES) == physics.total(Count.DUPLICATE_DONE) == 4
    assert physics.total(Count.ARRIVED) == physics.ends_by_class.sum() == 4


@pytest.mark.parametrize("concurrency", [1, 2, INF])
def test_the_ai_serves_so_many_at_once(concurrency):
    case = bare(
        governance__mandatory_review=0.0,
        oversight__review_least_confident=0.0,
        governance__permission=INF,
        ai__concurrency=concurrency,
        integration__latency=0.5,
    )
    witness = Witness(arriving(case, [1.0] * 6))
    waves = [1 + 0.5 * math.ceil((i + 1) / min(concurrency, 6)) for i in range(6)]
    assert witness.hours() == waves
    assert [e for _, e in witness.order()] == list(range(6))
    assert witness.physics.total(Count.STRAIGHT) == 6
    assert witness.physics.total(Count.DELAY) == sum((w - 1) * 3.6e6 for w in waves)


def test_no_latency_and_no_limit_end_items_when_they_arrive():
    case = bare(
        governance__mandatory_review=0.0,
        oversight__review_least_confident=0.0,
        governance__permission=INF,
        oversight__reviewers=0,
        volume=3000.0,
    )
    physics = Witness(packed(case)).physics
    assert physics.total(Count.STRAIGHT) == physics.total(Count.ARRIVED) > 100
    assert physics.total(Count.DELAY) == physics.total(Count.QUEUED) == 0


def test_without_reviewers_and_without_a_deadline_items_fall_back_at_once():
    case = bare(oversight__reviewers=0, oversight__hours=OFFICE, integration__latency=0.25)
    witness = Witness(arriving(case, [3.0, 20.0, FRIDAY + 30.0]))
    assert witness.hours() == [3.25, 20.25, FRIDAY + 30.25]
    assert ended(witness) == dict.fromkeys(range(3), Count.FALLBACK)
    physics = witness.physics
    assert physics.total(Count.LEGACY_DELAY) == 3 * 900_000
    assert (
        physics.reviewers.wall_wait_total
        == physics.total(Count.USED)
        == physics.reviewers.capacity.sum()
        == 0
    )
    assert physics.total(Count.DEADLINE_MISSED) == 3


def test_without_reviewers_items_wait_until_their_deadline():
    case = bare(oversight__reviewers=0, oversight__deadline=6.0, oversight__hours=OFFICE)
    # Six staffed hours from Monday 12:00 are over on Tuesday at 10:00.
    assert Witness(arriving(case, [12.0])).hours() == [24 + 10.0]


def test_reviewers_work_in_parallel():
    witness = Witness(arriving(bare(oversight__reviewers=3), [1.0] * 7))
    assert witness.hours() == [2.0] * 3 + [3.0] * 3 + [4.0]
    assert [e for _, e in witness.order()] == list(range(7))


def test_congestion_is_read_when_the_review_starts():
    """Five at once for one reviewer: 4, 3, 2, 1, 0 hours are left waiting; x_ref is 3; hurry saves 20 %."""
    case = bare(oversight__x_ref=3.0, oversight__delta=0.2)
    witness = Witness(arriving(case, [1.0] * 5))
    x = [1.0, 1.0, 2 / 3, 1 / 3, 0.0]
    assert [witness.last[ITEM, e][3] for e in range(5)] == pytest.approx(x)
    assert np.diff([1.0, *witness.hours()]) == pytest.approx([1 - 0.2 * v for v in x], abs=1e-9)
    assert witness.physics.total(Count.OFFERED) == 5 * HOUR
    assert witness.physics.total(Count.USED) == pytest.approx((5 - 0.2 * sum(x)) * HOUR, abs=5)


def test_shrinkage_occupies_the_reviewer():
    witness = Witness(arriving(bare(oversight__shrinkage=0.5), [1.0, 1.0]))
    assert witness.hours() == [3.0, 5.0]
    assert witness.physics.total(Count.USED) == 4 * HOUR


def test_months_are_closed_before_anything_else_happens():
    """Three at 729.5 h and one each at 730 h and 1460 h, in a window of two months."""
    witness = Witness(arriving(bare(), [729.5] * 3 + [730.0, 1460.0], window=2 * MONTH))
    physics = witness.physics
    counts = physics.counts[0]
    assert counts[:, Count.ARRIVED].tolist() == [3, 1, 1]
    assert counts[:, Count.REVIEWED].tolist() == [0, 4, 1]
    assert physics.reviewers.backlog.tolist() == [2, 0]
    assert counts[:, Count.USED].tolist() == [HOUR // 2, 7 * HOUR // 2, HOUR]
    assert (
        physics.reviewers.staffed.tolist() == physics.reviewers.capacity.tolist() == [730 * HOUR, 730 * HOUR]
    )


def test_months_count_from_the_decision():
    """Go-live 1000 h after the decision, in a window of three months: the first month stays empty."""
    case = bare(oversight__hours=OFFICE, oversight__reviewers=3)
    ready = arriving(case, [1.0, 460.0 - MICROSECOND, 460.0], go_live=1000.0, window=3 * MONTH)
    physics = Witness(ready).physics
    assert physics.counts[0, :, Count.ARRIVED].tolist() == [0, 2, 1, 0]
    assert physics.reviewers.capacity[0] == 0
    weekly = 40 * (3 * MONTH - 1000) / 168
    assert abs(physics.reviewers.staffed.sum() / HOUR - weekly) < 40
    assert (physics.reviewers.capacity == 3 * physics.reviewers.staffed).all()


def test_escaped_errors_are_listed_when_and_where_they_happen():
    case = bare(oversight__overturn=1.0, ai__accuracy=0.5, oversight__reviewers=9)
    witness = Witness(arriving(case, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], twins=True))
    listed = [(h, e) for h, kind, e, _, escape in witness.ends if escape is not None and kind == ITEM]
    physics = witness.physics
    assert [
        (t / HOUR, e) for t, e in zip(physics.escaped_time, physics.escaped_entity, strict=True)
    ] == listed
    escaped = [c for c in Count if c.name.startswith("ESCAPED_")]
    assert physics.total(*escaped) == len(listed) > 0
    right = [e for e in range(8) if witness.last[ITEM, e][1]]
    assert physics.total(Count.ESCAPED_OVERTURNED) == len(right) > 0
    wrong = 8 - len(right)
    assert physics.total(Count.CAUGHT) == wrong - physics.total(Count.ESCAPED_MISSED) > 0


def test_nothing_arrives():
    physics = Witness(packed(bare(volume=0.0, oversight__hours=ALWAYS))).physics
    assert physics.counts.sum() == 0
    assert len(physics.escaped_time) == 0
