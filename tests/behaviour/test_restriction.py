"""Restriction lowers escaped errors and incidents, and its load destroys value where reviewers are few.

The ladder is strict: one incident within the year restricts, so that most of the window is spent restricted.
The other run has the same luck and a ladder that never moves. Every consequential escaped error surfaces.
"""

import pytest
from paired import STATED, catch_rate, run, surely_positive, t_of

REPLICATIONS = 8
SURFACED = (*STATED, "governance.surfaced=100 %")
STRICT = ("governance.restrict=1", "governance.window=52 weeks")
NEVER = (
    *(f"governance.{kind}@production=100 %" for kind in ("explainable", "reviewable", "correctable")),
    *(f"governance.{rule}@production=none" for rule in ("warn", "restrict")),
)


def both(*sets, n=REPLICATIONS):
    """Return the outcomes with the ladder and without it."""
    return [run(*SURFACED, *ladder, *sets, n=n) for ladder in (STRICT, NEVER)]


ONE, TWO = "oversight.reviewers=1", "oversight.reviewers=2"


@pytest.fixture(scope="module")
def alone():
    return both(ONE)


@pytest.fixture(scope="module")
def in_two():
    return both(TWO)


def test_it_lowers_escaped_errors(alone, in_two):
    for ladder, never in (alone, in_two):
        assert (never["n_level_restricted"] == 0).all()
        assert (ladder["n_level_restricted"] > 24 * 60).all()
        assert surely_positive(never["n_escaped"] - ladder["n_escaped"])


def test_it_lowers_incidents():
    # Half the complaints are consequential, so that there are incidents enough to count.
    ladder, never = both(TWO, "workflows.complaints.consequential@production=50 %", n=5)
    total = [a["n_incidents"] + a["n_latent_incidents"] for a in (ladder, never)]
    assert surely_positive(total[1] - total[0])


def test_it_destroys_value_where_the_team_cannot_review_everything(alone):
    ladder, never = alone
    assert surely_positive(never["realised_npv"] - ladder["realised_npv"])
    assert (ladder["n_fallback"] > 0).all()
    assert (never["n_fallback"] == 0).all()


def test_what_it_destroys_is_for_want_of_capacity(alone, in_two):
    lost = [never["realised_npv"] - ladder["realised_npv"] for ladder, never in (alone, in_two)]
    assert surely_positive(lost[0] - lost[1])
    assert lost[1].mean() < 0.2 * lost[0].mean()


def test_its_load_comes_back_through_congestion(alone, in_two):
    # Wrong decisions seen because of the level are no harder than others: only congestion moves the rate.
    ladder, never = alone
    assert surely_positive(catch_rate(never) - catch_rate(ladder))
    ladder, never = in_two
    # Too few for congestion: an equal mean would be refused on 1 seed in 1,000.
    assert abs(t_of(catch_rate(never) - catch_rate(ladder))) < 5.41


def test_it_adds_errors_where_reviewers_overturn_too_much():
    ladder, never = both(TWO, "oversight.overturn=10 %", n=5)
    assert surely_positive(ladder["n_escaped"] - never["n_escaped"], alpha=0.01)


def test_suspension_lets_nothing_through_and_earns_nothing():
    suspend = ("governance.suspend=1", "governance.window=52 weeks")
    stopped, never = (run(*SURFACED, *rule, n=2) for rule in (suspend, NEVER))
    assert (stopped["n_suspended"] > 1000).all()
    assert (stopped["n_escaped"] < never["n_escaped"]).all()
    assert (stopped["realised_npv"] < never["realised_npv"]).all()
