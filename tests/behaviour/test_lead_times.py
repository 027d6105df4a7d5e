"""Longer lead times turn the same dirt into more loss.

The same schema changes, edge cases or shocks come in both runs; a change costs nothing and takes a week or
twelve. Paired, Student's t, one-sided, at 1 in 1,000.
"""

import numpy as np
import pytest
from paired import STATED, run, surely_positive

# Enough reviewers, so that only what is wrong differs, and not who waits for whom.
SCENE = (
    *STATED,
    "clock.horizon=12 months",
    "governance.surfaced=0 %",
    "oversight.gamma=0",
    "oversight.deadline=none",
    "oversight.reviewers=3",
    "iteration.in_parallel=4",
)
DIRT = {
    "schema changes": (
        "data.schema_changes@production=12 per year",
        "data.schema_broken=40 %",
        "data.schema_penalty=3",
    ),
    "edge cases": (
        "edge_cases.share@production=30 %",
        "edge_cases.handled@production=0",
        "edge_cases.tail=2",
        "edge_cases.births@production=24 per year",
        "edge_cases.examples_needed=3",
        "edge_cases.penalty=3",
    ),
    "drift": (
        "drift.shocks@production=6 per year",
        "drift.shock_size=1",
        "measurement.basis@production=workflow_outcomes",
        "measurement.audit@production=30 %",
        "measurement.run_length=26 weeks",
    ),
}
REPLICATIONS = {"schema changes": 8, "edge cases": 8, "drift": 16}


def after(weeks, *sets, n):
    return run(*SCENE, f"iteration.lead_time@production={weeks} weeks", *sets, n=n)


@pytest.mark.parametrize("dirt", DIRT)
def test_the_same_dirt_costs_more(dirt):
    fast, slow = (after(weeks, *DIRT[dirt], n=REPLICATIONS[dirt]) for weeks in (1, 12))
    for name in ("n_schema_changes", "n_births", "n_shocks", "n_items", "n_edge_cases"):
        assert np.array_equal(fast[name], slow[name])
    assert surely_positive(slow["n_escaped"] - fast["n_escaped"])
    assert surely_positive(fast["realised_npv"] - slow["realised_npv"])


def test_without_dirt_that_asks_for_changes_it_costs_nothing():
    fast, slow = (after(weeks, n=4) for weeks in (1, 12))
    assert (slow["n_changes"] == 0).all()
    assert np.array_equal(fast["realised_npv"], slow["realised_npv"])


def test_less_room_for_changes_is_a_longer_lead_time():
    # Four sources of work for one pair of hands: what waits its turn is broken meanwhile.
    dirt = (*DIRT["schema changes"], *DIRT["edge cases"], "edge_cases.examples_needed=1")
    many, one = (after(4, *dirt, f"iteration.in_parallel={room}", n=8) for room in (10, 1))
    lead = [a["n_change_lead"] / a["n_changes_done"] for a in (many, one)]
    assert (lead[1] > lead[0]).all()
    assert surely_positive(one["n_escaped"] - many["n_escaped"])
