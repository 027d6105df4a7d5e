"""Reviewing everything against reviewing the least confident fifth: it turns on overturning.

An item that the fifth leaves out is better reviewed only if odds(wrong) x catch is above `overturn`. Where
that turns is computed here from the binormal model alone.
"""

import pytest
from paired import CLEAN, SHORT, run, surely_positive
from scipy.optimize import brentq
from scipy.stats import norm
from scipy.stats import t as student

CATCH, AUROC, FIFTH = 0.8, 0.85, 0.2
ENOUGH = (*SHORT, *CLEAN, "oversight.reviewers=3", "oversight.gamma=0")
ALL = "governance.mandatory_review=100 %"
REPLICATIONS = 10


def left_out(accuracy):
    """Return the shares of decisions that are not in the least confident fifth: wrong, right."""
    shift = 2**0.5 * norm.ppf(AUROC)

    def below(score):
        return (1 - accuracy) * norm.cdf(score + shift), accuracy * norm.cdf(score)

    score = brentq(lambda s: sum(below(s)) - FIFTH, -10, 10)
    return 1 - accuracy - below(score)[0], accuracy - below(score)[1]


def turning_point(accuracy):
    wrong, right = left_out(accuracy)
    return CATCH * wrong / right


def part_and_all(*sets, n=REPLICATIONS, scene=ENOUGH):
    return [run(*scene, *sets, *more, n=n) for more in ((), (ALL,))]


def test_the_turning_point_is_where_the_documentation_says():
    assert [round(turning_point(a), 3) for a in (0.85, 0.92, 0.97)] == [0.061, 0.027, 0.009]


@pytest.mark.parametrize(("accuracy", "times"), [(0.85, 0.1), (0.92, 3)])
def test_escaped_errors_turn_at_that_overturning(accuracy, times):
    overturn = times * turning_point(accuracy)
    part, everything = part_and_all(f"ai.accuracy={accuracy}", f"oversight.overturn={overturn:.6f}")
    more = everything["n_escaped"] - part["n_escaped"]
    assert surely_positive(more if times > 1 else -more)
    # And it is by how much theory says: a true mean would be refused on 1 seed in 1,000.
    wrong, right = left_out(accuracy)
    excess = more - part["n_items"] * (overturn * right - CATCH * wrong)
    assert abs(excess.mean()) < student.isf(0.0005, REPLICATIONS - 1) * excess.std(ddof=1) / REPLICATIONS**0.5


def test_without_overturning_and_cost_it_is_never_worse():
    # The same verdict for each item that both review, so in every replication.
    free = ("oversight.overturn=0 %", "oversight.wage=0 per hour", "legacy.delay_cost=0 per hour")
    part, everything = part_and_all(*free)
    assert (everything["n_escaped"] < part["n_escaped"]).all()
    assert (everything["realised_npv"] > part["realised_npv"]).all()


def test_but_it_is_where_reviewing_swamps_the_team():
    swamped = (*SHORT, *CLEAN, "oversight.reviewers=1", "oversight.gamma=3", "oversight.overturn=0 %")
    part, everything = part_and_all(scene=swamped)
    assert surely_positive(everything["n_escaped"] - part["n_escaped"])
