"""Outages delay work, lose some of it, and cost value."""

import numpy as np
from paired import SHORT, run

OUTAGES = ("integration.outages@production=100 per year", "integration.outage_time@production=8 h")
# Paid by the hour, so that no luck of the last day decides what is worked in overtime.
SCENE = (*SHORT, "oversight.reviewers=3", "oversight.gamma=0", "oversight.paid@production=by hour")
REPLICATIONS = 6


def outcomes(*sets):
    return run(*SCENE, *sets, n=REPLICATIONS)


def test_they_delay_work_and_the_delay_costs():
    without, with_them = outcomes(), outcomes(*OUTAGES)
    assert (without["n_ai_wait"] == 0).all()
    assert (with_them["n_ai_wait"] > 0).all()
    assert (with_them["realised_npv"] < without["realised_npv"]).all()
    # What they delay is decided as it would have been.
    for name in ("n_items", "n_escaped", "n_straight", "n_reviewed", "n_manual", "n_caught"):
        assert np.array_equal(with_them[name], without[name])


def test_delay_that_costs_nothing_loses_next_to_nothing():
    # All that is left is the discount of what moves into the next month.
    free = "legacy.delay_cost=0 per hour"
    without, with_them = outcomes(free), outcomes(free, *OUTAGES)
    assert (np.abs(with_them["realised_npv"] - without["realised_npv"]) < 25).all()


def test_lost_items_lose_their_value():
    free = "legacy.delay_cost=0 per hour"
    waiting, lost = (outcomes(free, *OUTAGES, f"integration.lost@production={s} %") for s in (0, 50))
    assert (lost["n_lost"] > 0).all()
    worth = (waiting["realised_npv"] - lost["realised_npv"]).sum() / lost["n_lost"].sum()
    # A finished item avoids 25 of legacy cost and 3 % of 50, less what its own errors and the AI cost.
    assert 15 < worth < 27
