"""What misleads the AI misleads reviewers (rho): what that costs depends on what `catch` was measured on.

`catch` is stated for the AI's own wrong decisions on clean items. These are the hard ones already, so at the
same `catch` rho moves nothing there. Measured on errors planted in ordinary items, the same figure promises
too much. And on dirty items, wrong without being hard, reviewers with a high rho do better than stated.
"""

import numpy as np
from paired import CLEAN, SHORT, pooled_catch_rate, run
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import binom, norm

ACCURACY, CATCH = 0.8, 0.8
SCENE = (
    *SHORT,
    *CLEAN,
    f"ai.accuracy={ACCURACY}",
    "governance.mandatory_review=100 %",
    "oversight.reviewers=4",
    "oversight.gamma=0",
)
REPLICATIONS = 6
RHO = 2.0
ALARM = 1e-3  # a true share would be refused on 1 seed in 1,000


def mean_over_hardness(f):
    return quad(lambda h: norm.pdf(h) * f(h), -10, 10)[0]


INTERCEPT = brentq(lambda a: mean_over_hardness(lambda h: expit(a - h)) - ACCURACY, -10, 10)


def catch_on_wrong(c, penalty=0.0, rho=RHO):
    """Return the mean of P(catch) over wrong decisions, with an intercept of its log-odds."""
    both = mean_over_hardness(lambda h: expit(h - INTERCEPT + penalty) * expit(c - rho * h))
    return both / mean_over_hardness(lambda h: expit(h - INTERCEPT + penalty))


def simulated(rho, catch=CATCH, *sets):
    return run(*SCENE, f"oversight.rho={rho}", f"oversight.catch={catch:.6f}", *sets, n=REPLICATIONS)


def is_share(outcomes, share):
    """Return whether the pooled rate is compatible with a share, by the binomial."""
    rate, wrong = pooled_catch_rate(outcomes)
    low, high = binom.interval(1 - ALARM, int(wrong), share)
    return low <= rate * wrong <= high


def test_at_the_same_catch_rho_moves_nothing_on_clean_items():
    for rho in (0, RHO):
        assert is_share(simulated(rho), CATCH)


def test_a_catch_measured_on_planted_errors_promises_too_much():
    # Planted in items of ordinary hardness, 80 % would be found; of the AI's own errors fewer are.
    planted = brentq(lambda c: mean_over_hardness(lambda h: expit(c - RHO * h)) - CATCH, -10, 10)
    expected = catch_on_wrong(planted)
    assert expected < CATCH - 0.1
    correlated = simulated(RHO, expected)
    assert is_share(correlated, expected)
    assert (correlated["n_escaped_missed"] > simulated(0)["n_escaped_missed"]).all()


def test_on_dirty_items_more_is_caught_than_stated():
    dirty = ("data.stale@production=100 %", "data.stale_penalty=2", "data.validated@production=0 %")
    stated = brentq(lambda c: catch_on_wrong(c) - CATCH, -10, 10)
    expected = catch_on_wrong(stated, penalty=2.0)
    assert expected > CATCH + 0.04
    assert is_share(simulated(RHO, CATCH, *dirty), expected)
    assert is_share(simulated(0, CATCH, *dirty), CATCH)
    assert np.all(simulated(RHO, CATCH, *dirty)["n_escaped_missed"] > simulated(RHO)["n_escaped_missed"])
