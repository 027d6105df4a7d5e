"""Validation with repair raises straight-through where it repairs enough; false rejects lower it.

Of the defective items that validation catches, the repaired go on as clean items and the rest go to people.
Without validation the AI would have decided all of them, and let many through. So validation raises
straight-through only if

    repaired x P(straight | clean) > P(straight | defective).
"""

import itertools

import numpy as np
import pytest
from paired import CLEAN, SHORT, run, surely_positive
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import norm

ACCURACY, AUROC, FIFTH = 0.92, 0.85, 0.2
DIRTY = (
    *SHORT,
    *CLEAN,
    "data.stale@production=30 %",
    "oversight.reviewers=3",
)
REPLICATIONS = 6
HARDNESS, WEIGHTS = np.polynomial.hermite_e.hermegauss(60)
WEIGHTS = WEIGHTS / WEIGHTS.sum()


def straight_share(penalty, score):
    """Return P(score above the threshold) of an item with a penalty, and P(right)."""

    def right(intercept):
        return float(WEIGHTS @ expit(intercept - HARDNESS))

    intercept = brentq(lambda a: right(a) - ACCURACY, -10, 10)
    share = right(intercept - penalty)
    return share * norm.sf(score) + (1 - share) * norm.sf(score + 2**0.5 * norm.ppf(AUROC))


def turning_point(penalty):
    """Return the repaired share above which validation raises straight-through."""
    score = brentq(lambda s: straight_share(0, s) - (1 - FIFTH), -10, 10)
    return straight_share(penalty, score) / straight_share(0, score)


def straight(penalty, validated, repaired=0.0):
    sets = (
        f"data.stale_penalty={penalty}",
        f"data.validated@production={validated}",
        f"data.repaired@production={repaired:.4f}",
    )
    return run(*DIRTY, *sets, n=REPLICATIONS)["n_straight"]


def test_the_turning_point_is_where_the_documentation_says():
    assert [round(turning_point(p), 2) for p in (0.5, 1, 2, 3)] == [0.97, 0.94, 0.83, 0.7]


@pytest.mark.parametrize("penalty", [1, 3])
def test_validation_raises_straight_through_above_that_share(penalty):
    assert (straight(penalty, 0.8, 1.0) > straight(penalty, 0)).all()
    midway = (1.0 + turning_point(penalty)) / 2
    if penalty == 3:
        assert surely_positive(straight(penalty, 0.8, midway) - straight(penalty, 0), alpha=0.01)


def test_and_lowers_it_below():
    below = turning_point(1) - 0.2
    assert surely_positive(straight(1, 0) - straight(1, 0.8, below))


def test_more_repair_always_raises_it():
    shares = [straight(1, 0.8, repaired) for repaired in (0.71, 0.91, 1.0)]
    assert all((less <= more).all() for less, more in itertools.pairwise(shares))


def test_false_rejects_lower_it():
    def of(share):
        return run(*DIRTY, f"data.false_reject@production={share}", n=4)["n_straight"]

    shares = [of(share) for share in (0, 0.02, 0.1)]
    assert all((less > more).all() for less, more in itertools.pairwise(shares))
