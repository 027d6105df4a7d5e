"""Specialists, headcount plans and holidays, on schedules worked out by hand.

Unless said otherwise every item needs an hour of a reviewer, who is always there, and each goes on to the
specialists for two hours; the AI takes no time.
"""

import math
from dataclasses import replace

import numpy as np
import pytest
from audit import at, audit, lives_of, logged, reasons_of, told
from cases import ALWAYS, INF, MONTH, OFFICE, arriving, bare, packed
from scipy.stats import lognorm

from simgap.engines.physics import Count
from simgap.model import keys
from simgap.model.clock import HOUR
from simgap.sampling.philox import words

ITEM = keys.ITEM
MICROSECOND = 1 / HOUR
ESCALATED = {
    "oversight__reviewers": 99,
    "oversight__escalated": 1.0,
    "oversight__specialists": 1,
    "oversight__specialist_hours": ALWAYS,
    "oversight__specialist_time": 2.0,
    "oversight__specialist_time_law": "deterministic",
}


def escalated(**changes):
    return bare(**{**ESCALATED, **changes})


def run(case, hours, plan=(), seed=1, **where):
    """Return the log by item, and what was counted; `plan` is a list of (hour, reviewers)."""
    ready = arriving(case, hours, **where)
    plan = tuple((round(hour * HOUR), heads) for hour, heads in plan)
    ready = replace(ready, reviewers=replace(ready.reviewers, plan=plan))
    physics, log = logged(ready, seed)
    audit(ready, physics, log, seed)
    return lives_of(log), physics


def ends(lives, kind=ITEM):
    """Return hour and outcome of the ends, by item."""
    last = [lives[k][-1] for k in sorted(lives) if k[0] == kind]
    return [(e.time / HOUR, e.detail["outcome"]) for e in last]


def uniforms(n, purpose, word, seed=1):
    """Return a word of a purpose of the first items, as uniform numbers."""
    return [(int(words(seed, 0, 0, 0, ITEM, e, purpose, 0)[word]) + 0.5) / 2**32 for e in range(n)]


# --- specialists ---------------------------------------------------------------------------------------


def test_after_the_review_the_item_waits_for_a_specialist():
    """Three reviews end at 2:00; one specialist takes two hours for each."""
    lives, physics = run(escalated(), [1.0] * 3)
    assert ends(lives) == [(4.0, "reviewed"), (6.0, "reviewed"), (8.0, "reviewed")]
    assert physics.total(Count.QUEUED) == physics.total(Count.SPECIALIST_QUEUED) == 3
    assert physics.total(Count.USED) == 3 * HOUR
    assert physics.total(Count.SPECIALIST_USED) == physics.total(Count.SPECIALIST_OFFERED) == 6 * HOUR
    assert physics.specialists.wait_total == physics.specialists.wall_wait_total == (2 + 4) * HOUR
    assert physics.reviewers.wait_total == 0
    assert physics.specialists.capacity.tolist() == [730 * HOUR]
    assert physics.total(Count.DELAY) == (3 + 5 + 7) * 3_600_000
    steps = [(e.activity, e.transition, e.time / HOUR) for e in lives[ITEM, 1]]
    assert steps[-6:] == [
        *[("review", "start", 1.0), ("review", "complete", 2.0)],
        *[("specialist", "schedule", 2.0), ("specialist", "start", 4.0), ("specialist", "complete", 6.0)],
        ("end", "complete", 6.0),
    ]


def test_a_share_escalates_item_by_item():
    lives, physics = run(escalated(oversight__escalated=0.3, oversight__specialists=99), [1.0] * 500)
    went = ["specialist" in {e.activity for e in lives[ITEM, e]} for e in range(500)]
    assert went == [u < 0.3 for u in uniforms(500, keys.REVIEW, 3)]
    assert physics.total(Count.SPECIALIST_QUEUED) == sum(went)
    assert 100 < sum(went) < 200


def test_specialists_have_their_own_hours():
    """A review ends on Monday at 21:00; the specialists are there on weekdays from 9 to 17."""
    lives, physics = run(escalated(oversight__specialist_hours=OFFICE), [20.0, 4 * 24 + 15.5])
    assert ends(lives) == [(24 + 11.0, "reviewed"), (7 * 24 + 10.5, "reviewed")]
    assert physics.specialists.wait_total == 0
    assert physics.specialists.wall_wait_total == 12 * HOUR
    # Four weeks, Monday, Tuesday, and an hour of Wednesday.
    assert physics.specialists.capacity.tolist() == physics.specialists.staffed.tolist() == [177 * HOUR]


@pytest.mark.parametrize(
    ("deadline", "wanted"),
    [
        # One specialist from 2:00 on: the second starts at 4:00 at best, the third at 6:00.
        (3.0, [(4.0, "reviewed"), (6.0, "reviewed"), (5.0, "fallback")]),
        (
            2.0,
            [(4.0, "reviewed"), (6.0, "reviewed"), (4.0, "fallback")],
        ),  # who can start at the deadline starts
        (1.5, [(4.0, "reviewed"), (3.5, "fallback"), (3.5, "fallback")]),
        (0.0, [(4.0, "reviewed"), (2.0, "fallback"), (2.0, "fallback")]),
        (4.0 + MICROSECOND, [(4.0, "reviewed"), (6.0, "reviewed"), (8.0, "reviewed")]),
    ],
)
@pytest.mark.parametrize("clock", ["wall", "staffed"])
def test_specialists_have_a_deadline_of_their_own(clock, deadline, wanted):
    case = escalated(oversight__specialist_deadline=deadline, oversight__deadline_clock=clock)
    lives, physics = run(case, [1.0] * 3)
    assert ends(lives) == wanted
    missed = [how for _, how in wanted].count("fallback")
    assert physics.total(Count.SPECIALIST_DEADLINE_MISSED) == physics.total(Count.FALLBACK) == missed
    assert physics.total(Count.DEADLINE_MISSED) == 0


def test_a_deadline_of_the_specialists_runs_on_their_hours():
    """Four hours from Monday 15:00: 19:00 on the wall, Tuesday 11:00 in their hours."""
    for clock, hour in (("wall", 19.0), ("staffed", 24 + 11.0)):
        case = escalated(
            oversight__specialist_hours=OFFICE,
            oversight__specialist_time=100.0,
            oversight__specialist_deadline=4.0,
            oversight__deadline_clock=clock,
        )
        lives, _ = run(case, [9.0, 14.0])
        assert ends(lives)[1] == (hour, "fallback")


def test_the_deadline_of_the_reviewers_ends_with_their_review():
    """It would fall at 2:30, when two wait for the specialist, who takes until 4:00, 6:00 and 8:00."""
    for clock in ("wall", "staffed"):
        case = escalated(oversight__deadline=1.5, oversight__deadline_clock=clock)
        lives, physics = run(case, [1.0] * 3)
        assert ends(lives) == [(4.0, "reviewed"), (6.0, "reviewed"), (8.0, "reviewed")]
        assert physics.total(Count.DEADLINE_MISSED, Count.SPECIALIST_DEADLINE_MISSED) == 0


def test_without_specialists_and_without_a_deadline_the_escalated_fall_back_at_once():
    lives, physics = run(escalated(oversight__specialists=0), [1.0, 3.0])
    assert ends(lives) == [(2.0, "fallback"), (4.0, "fallback")]
    assert physics.total(Count.SPECIALIST_DEADLINE_MISSED) == 2
    assert physics.specialists.capacity.sum() == physics.total(Count.SPECIALIST_USED) == 0
    assert physics.total(Count.USED) == 2 * HOUR  # the reviews were done for nothing
    lives, _ = run(escalated(oversight__specialists=0, oversight__specialist_deadline=6.0), [1.0])
    assert ends(lives) == [(8.0, "fallback")]


@pytest.mark.parametrize(("own", "share"), [(0.9, 0.9), (0.2, 0.2), (math.nan, 0.6)])
def test_the_verdict_is_the_specialists(own, share):
    """With all items alike a wrong decision is caught where the uniform lies below the share."""
    case = escalated(
        ai__accuracy=0.5,
        ai__hardness=0.0,
        oversight__catch=0.6,
        oversight__specialist_catch=own,
        oversight__overturn=0.1,
        oversight__gamma=0.0,
        oversight__specialists=999,
        oversight__escalated=0.5,
    )
    lives, physics = run(case, [1.0] * 800)
    here, there, went = (
        uniforms(800, *word) for word in ((keys.REVIEW, 1), (keys.SPECIALIST, 1), (keys.REVIEW, 3))
    )
    verdicts = []
    for entity in range(800):
        life = lives[ITEM, entity]
        right = next(e.detail["right"] for e in life if (e.activity, e.transition) == ("AI", "complete"))
        u, catch = (there[entity], share) if went[entity] < 0.5 else (here[entity], 0.6)
        wanted = (
            ("overturned" if u < 0.1 else "confirmed") if right else ("caught" if u < catch else "missed")
        )
        assert life[-2].detail["verdict"] == wanted
        verdicts.append(wanted)
    assert physics.total(Count.CAUGHT) == verdicts.count("caught") > 50
    assert min(verdicts.count(v) for v in ("overturned", "confirmed", "missed")) > 10


def test_specialists_take_their_own_time_whatever_the_reason():
    """Exceptions take a reviewer three times as long, and a specialist as long as anything."""
    case = escalated(data__false_reject=0.5, oversight__exception_factor=3.0, oversight__specialists=99)
    lives, physics = run(case, [1.0] * 40)
    by_hand = [k for k in lives if "exception" in reasons_of(lives[k])]
    assert 10 < len(by_hand) < 30
    for k, life in lives.items():
        assert life[-1].time / HOUR == (6.0 if k in by_hand else 4.0)
    n = len(by_hand)
    assert physics.total(Count.USED_BY_HAND) == 3 * n * HOUR
    assert physics.total(Count.SPECIALIST_USED_BY_HAND) == 2 * n * HOUR
    assert physics.total(Count.USED) == (40 + 2 * n) * HOUR
    assert physics.total(Count.SPECIALIST_USED) == 80 * HOUR
    assert physics.total(Count.MANUAL) == n


def test_the_time_of_a_specialist_item_by_item():
    case = escalated(
        oversight__specialist_time_law="lognormal",
        oversight__specialist_time_cv=0.7,
        oversight__specialists=99,
    )
    lives, _ = run(case, [1.0] * 60)
    sigma = math.sqrt(math.log(1.49))
    law = lognorm(s=sigma, scale=2.0 * math.exp(-0.5 * sigma**2))
    wanted = 2.0 + law.ppf(uniforms(60, keys.SPECIALIST, 0))
    np.testing.assert_allclose([hour for hour, _ in ends(lives)], wanted, atol=1e-8)


def test_congestion_among_specialists_is_theirs():
    """Reviews take no time: 3, 2, 1, 0 wait for one specialist, two hours each; x_ref is 4, a fifth saved."""
    lives, physics = run(
        escalated(oversight__time=0.0, oversight__x_ref=4.0, oversight__delta=0.2), [1.0] * 4
    )
    starts = [
        e for k in sorted(lives) for e in lives[k] if (e.activity, e.transition) == ("specialist", "start")
    ]
    assert [e.detail["congestion"] for e in starts] == [1.0, 1.0, 0.5, 0.0]
    assert np.diff([1.0, *(hour for hour, _ in ends(lives))]) == pytest.approx([1.6, 1.6, 1.8, 2.0])
    assert physics.total(Count.SPECIALIST_USED) == pytest.approx(7 * HOUR, abs=4)


def test_priority_classes_hold_among_specialists():
    case = escalated(consequential=0.4, oversight__priority=("consequential",), governance__permission=INF)
    lives, _ = run(case, [1.0] * 12)
    order = sorted(range(12), key=lambda e: lives[ITEM, e][-1].time)
    urgent = [e for e in range(12) if lives[ITEM, e][0].detail["consequential"]]
    assert 2 < len(urgent) < 10
    assert order == [*urgent, *(e for e in range(12) if e not in urgent)]


def test_specialists_lose_time_as_reviewers_do():
    lives, _ = run(escalated(oversight__shrinkage=0.5), [1.0])
    assert ends(lives) == [(1.0 + 2.0 + 4.0, "reviewed")]


def test_a_specialist_who_is_done_precedes_a_reviewer_who_is_done():
    """Reviews end at 2:00 and 4:00; the specialist is free at 4:00 and takes the second at once."""
    lives, physics = run(escalated(), [1.0, 3.0])
    assert ends(lives) == [(4.0, "reviewed"), (6.0, "reviewed")]
    assert physics.specialists.wall_wait_total == 0


def test_duplicates_escalate_too():
    lives, physics = run(escalated(), [1.0, 9.0], twins=True)
    assert ends(lives) == [(4.0, "reviewed"), (12.0, "reviewed")]
    assert ends(lives, keys.DUPLICATE) == [(6.0, "reviewed"), (14.0, "reviewed")]
    assert physics.total(Count.DUPLICATE_DONE) == 2
    assert physics.total(Count.SPECIALIST_QUEUED) == 4


# --- headcount plan ------------------------------------------------------------------------------------


def test_more_reviewers_start_when_they_come():
    """One reviewer for six at 1:00; two more come at 3:30."""
    lives, physics = run(bare(), [1.0] * 6, [(3.5, 3)])
    assert [hour for hour, _ in ends(lives)] == [2.0, 3.0, 4.0, 4.5, 4.5, 5.0]
    assert physics.reviewers.capacity.tolist() == [round((3.5 + 3 * 726.5) * HOUR)]


def test_a_cut_takes_the_idle_first():
    """Two of four are busy for ten hours when two go: the busy stay, and nobody is free before 11:00."""
    lives, physics = run(bare(oversight__reviewers=4, oversight__time=10.0), [1.0, 1.0, 3.0], [(2.0, 2)])
    assert [hour for hour, _ in ends(lives)] == [11.0, 11.0, 21.0]
    assert physics.reviewers.capacity.tolist() == [(2 * 4 + 728 * 2) * HOUR]


def test_the_busy_finish_before_they_go():
    """Three are busy until 3:00 when two must go at 2:00; the third takes the rest, one by one."""
    case = bare(oversight__reviewers=3, oversight__time=2.0)
    lives, physics = run(case, [1.0] * 5, [(2.0, 1)])
    assert [hour for hour, _ in ends(lives)] == [3.0, 3.0, 3.0, 5.0, 7.0]
    assert physics.reviewers.capacity.tolist() == [(3 * 3 + 727) * HOUR]
    assert physics.total(Count.USED) == 10 * HOUR


def test_those_who_were_to_go_stay_when_more_are_wanted():
    """Two of three are to go at 2:00, and one is wanted back at 2:30: two are there at 3:00."""
    case = bare(oversight__reviewers=3, oversight__time=2.0)
    lives, physics = run(case, [1.0] * 5, [(2.0, 1), (2.5, 2)])
    assert [hour for hour, _ in ends(lives)] == [3.0, 3.0, 3.0, 5.0, 5.0]
    assert physics.reviewers.capacity.tolist() == [(3 * 3 + 2 * 727) * HOUR]
    # More than ever were: both stay, and two new ones start at once.
    lives, physics = run(case, [1.0] * 5, [(2.0, 1), (2.5, 5)])
    assert [hour for hour, _ in ends(lives)] == [3.0, 3.0, 3.0, 4.5, 4.5]
    assert physics.reviewers.capacity.tolist() == [round((3 * 2.5 + 5 * 727.5) * HOUR)]


def test_a_cut_at_the_instant_at_which_reviews_end_comes_first():
    case = bare(oversight__reviewers=3, oversight__time=2.0)
    lives, physics = run(case, [1.0] * 5, [(3.0, 1)])
    assert [hour for hour, _ in ends(lives)] == [3.0, 3.0, 3.0, 5.0, 7.0]
    assert physics.reviewers.capacity.tolist() == [(3 * 3 + 727) * HOUR]


def test_a_cut_to_nobody_for_good_sends_those_without_a_deadline_the_legacy_way():
    """One is busy when all go at 1:30: that review ends, those who wait fall back, and the next at once."""
    lives, physics = run(bare(), [1.0] * 3 + [9.0], [(1.5, 0)])
    assert ends(lives) == [(2.0, "reviewed"), (1.5, "fallback"), (1.5, "fallback"), (9.0, "fallback")]
    assert physics.reviewers.capacity.tolist() == [2 * HOUR]
    assert physics.reviewers.wall_wait_total == HOUR


def test_after_a_cut_to_nobody_a_deadline_still_counts():
    lives, _ = run(bare(oversight__deadline=4.0), [1.0] * 3 + [9.0], [(1.5, 0)])
    assert ends(lives) == [(2.0, "reviewed"), (5.0, "fallback"), (5.0, "fallback"), (13.0, "fallback")]


def test_nobody_for_a_while_is_worth_waiting_for():
    lives, physics = run(bare(), [1.0] * 3 + [9.0], [(1.5, 0), (20.0, 2)])
    assert ends(lives) == [(2.0, "reviewed"), (21.0, "reviewed"), (21.0, "reviewed"), (22.0, "reviewed")]
    assert physics.reviewers.capacity.tolist() == [(2 + 710 * 2) * HOUR]
    lives, _ = run(bare(oversight__reviewers=0), [1.0], [(5.0, 1)])
    assert ends(lives) == [(6.0, "reviewed")]


def test_capacity_by_month_holds_those_who_finish():
    """Of two reviewers one is busy from 699 to 735; all go at 700: 1,400 and 30 hours, then 5."""
    case = bare(oversight__reviewers=2, oversight__time=36.0)
    _, physics = run(case, [699.0], [(700.0, 0)], window=2 * MONTH)
    assert physics.reviewers.capacity.tolist() == [1430 * HOUR, 5 * HOUR]
    assert physics.counts[0, :, Count.USED].tolist() == [31 * HOUR, 5 * HOUR, 0]


def test_capacity_after_a_go_live_within_a_month():
    """Go-live at 1000 h: 460 h are left of the second month; a third reviewer comes 100 h after go-live."""
    case = bare(oversight__reviewers=2)
    _, physics = run(case, [5.0], [(100.0, 3)], go_live=1000.0, window=3 * MONTH)
    assert physics.reviewers.capacity.tolist() == [0, (200 + 3 * 360) * HOUR, 3 * 730 * HOUR]


def test_capacity_in_office_hours():
    """Weekdays from 9 to 17 are 177 h of 730; one reviewer, and three from Wednesday at 13:00 on."""
    _, physics = run(bare(oversight__hours=OFFICE), [5.0], [(2 * 24 + 13.0, 3)])
    assert physics.reviewers.staffed.tolist() == [177 * HOUR]
    assert physics.reviewers.capacity.tolist() == [(20 + 3 * 157) * HOUR]


def test_congestion_is_by_the_heads_of_the_moment():
    """Eight wait behind the first of nine; from 1:30 on two reviewers share those who wait. x_ref is 16."""
    lives, _ = run(bare(oversight__x_ref=16.0), [1.0] * 9, [(1.5, 2)])
    starts = [e for k in sorted(lives) for e in lives[k] if (e.activity, e.transition) == ("review", "start")]
    assert [e.detail["congestion"] * 16 for e in starts[:3]] == [8.0, 7 / 2, 6 / 2]


def test_the_months_of_a_plan_count_from_go_live():
    case = bare(volume=3000.0, profile=ALWAYS, oversight__headcount_plan=((1, 4), (1.5, 2)))
    ready = packed(case, go_live=300.0, window=3 * MONTH)
    physics, log = logged(ready)
    audit(ready, physics, log)
    assert [(e.time / HOUR, e.detail["reviewers"]) for e in told(log, "headcount")] == [
        (730.0, 4),
        (1095.0, 2),
    ]
    hours = [430 * 1, 300 * 1 + 365 * 4 + 65 * 2, 730 * 2]
    np.testing.assert_allclose(physics.reviewers.capacity / HOUR, hours, atol=3)


# --- holidays ------------------------------------------------------------------------------------------

TUESDAY = {"clock__holidays": ("2026-01-06",)}


def test_nobody_starts_on_a_holiday():
    """Tuesday is a holiday: what Monday leaves is done on Wednesday, and so is what comes on Tuesday."""
    case = bare(oversight__hours=OFFICE, **TUESDAY)
    lives, physics = run(case, [16.5, 24 + 10.0, 48 + 9.0])
    assert [hour for hour, _ in ends(lives)] == [48 + 9.5, 48 + 10.5, 48 + 11.5]
    assert physics.reviewers.capacity.tolist() == [169 * HOUR]
    assert [at(lives[ITEM, e], "review", "start") / HOUR for e in range(3)] == [16.5, 48 + 9.5, 48 + 10.5]
    # Around the clock the holiday lasts from midnight to midnight.
    lives, physics = run(bare(**TUESDAY), [23.5, 24 + 10.0])
    assert [hour for hour, _ in ends(lives)] == [48.5, 49.5]
    assert physics.reviewers.capacity.tolist() == [706 * HOUR]


def test_a_deadline_in_staffed_time_stands_still_on_a_holiday():
    for clock, hour in (("staffed", 48 + 11.0), ("wall", 24.0)):
        case = bare(
            oversight__hours=OFFICE,
            oversight__time=50.0,
            oversight__deadline=8.0,
            oversight__deadline_clock=clock,
            **TUESDAY,
        )
        lives, _ = run(case, [10.0, 11.0] if clock == "staffed" else [10.0, 16.0])
        assert ends(lives)[1] == (hour, "fallback")


def test_specialists_have_the_holiday_off_and_the_ai_has_not():
    lives, _ = run(escalated(oversight__hours=ALWAYS, **TUESDAY), [22.0])
    assert ends(lives) == [(23.0 + 1.0 + 25.0, "reviewed")]
    case = bare(
        governance__mandatory_review=0.0,
        governance__permission=INF,
        oversight__review_least_confident=0.0,
        integration__latency=1.0,
        **TUESDAY,
    )
    assert ends(run(case, [24 + 5.0])[0]) == [(24 + 6.0, "straight")]
