"""Reviewers at capacity let more through where `gamma` is above 0; more reviewers wait less.

Every AI decision is reviewed, however late, so every run reviews the same items: one reviewer is not enough.
"""

import itertools

import pytest
from paired import SHORT, catch_rate, run

EVERYTHING = (*SHORT, "governance.mandatory_review=100 %")
REPLICATIONS = 4


def team(reviewers, *sets):
    return run(*EVERYTHING, f"oversight.reviewers={reviewers}", *sets, n=REPLICATIONS)


@pytest.mark.parametrize("gamma", [0.5, 1, 2])
def test_fewer_reviewers_catch_less(gamma):
    # The uniform of each verdict is the same, and congestion is all that differs.
    few, many = (team(n, f"oversight.gamma={gamma}") for n in (1, 3))
    assert (few["n_reviewed"] == many["n_reviewed"]).all()
    lost = catch_rate(many) - catch_rate(few)
    assert (lost > 0.03 * gamma).all()


def test_and_not_where_gamma_is_nought():
    few, many = (team(n, "oversight.gamma=0") for n in (1, 3))
    assert (few["n_caught"] == many["n_caught"]).all()
    assert (few["n_escaped"] == many["n_escaped"]).all()


def test_a_higher_gamma_catches_less_of_the_same_reviews():
    caught = [team(1, f"oversight.gamma={gamma}")["n_caught"] for gamma in (0, 0.5, 1, 2)]
    assert all((more > less).all() for more, less in itertools.pairwise(caught))


def test_hurry_shortens_the_wait_and_does_not_bring_the_catch_back():
    # The team gets through more, but only while it is swamped.
    slow, fast = team(1), team(1, "oversight.delta=50 %")
    assert (fast["n_wait"] < slow["n_wait"]).all()
    assert (catch_rate(fast) < catch_rate(team(3))).all()


def test_more_reviewers_wait_less():
    # First come, first served, same arrivals and times: no wait is longer (Kiefer & Wolfowitz 1955).
    waits = [team(n, "oversight.gamma=0")["n_wait"] for n in (1, 2, 3)]
    assert all((fewer > more).all() for fewer, more in itertools.pairwise(waits))


def test_more_reviewers_than_are_needed_only_cost():
    two, three = team(2), team(3)
    assert (three["realised_npv"] < two["realised_npv"]).all()
