"""The constants that make the stated rates hold: solved once for a draw of the unknowns, by quadrature.

People state marginal rates (accuracy, catch rate, share reviewed); the rules need intercepts and a threshold.
Expectations over hardness h ~ N(0, 1) are taken by the trapezium rule on a fine grid, which converges
geometrically for smooth integrands that vanish at both ends (Trefethen & Weideman 2014, SIAM Rev. 56:385-458)
and, unlike Gauss-Hermite, stays exact where hardness makes the integrand a steep step.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from simgap.compiling import rule
from simgap.model.roots import root
from simgap.model.types import Floats
from simgap.sampling.inversion import logistic

HARDNESS_NODES: Floats = np.array([0.01 * i for i in range(-1000, 1001)])
HARDNESS_WEIGHTS: Floats = np.array([math.exp(-0.5 * h * h) for h in HARDNESS_NODES])
HARDNESS_WEIGHTS /= math.fsum(HARDNESS_WEIGHTS)
CLOSE = 1e-13  # of a constant
# Answers that are kept: both phases of a draw, and the variants of a sweep, ask mostly the same questions.
KEPT = 256


# Scalar loops, not array functions: those round differently from one processor to the next.
@rule
def _mean_logistic(intercept: float, slope: float, nodes: Floats, weights: Floats) -> float:
    total = 0.0
    for i in range(len(nodes)):
        total += weights[i] * logistic(intercept - slope * nodes[i])
    return total


@rule
def _wrong_weights(intercept: float, slope: float, nodes: Floats, weights: Floats, out: Floats) -> None:
    """Write to `out` the weights of the nodes given that the decision is wrong; they sum to one."""
    total = lost = 0.0
    for i in range(len(nodes)):
        # 1 - logistic(x) = logistic(-x), without the loss of digits.
        out[i] = weights[i] * logistic(slope * nodes[i] - intercept)
        # A sum that keeps what rounding loses: Neumaier (1974), ZAMM 54:39-51.
        more = total + out[i]
        lost += (total - more) + out[i] if total > out[i] else (out[i] - more) + total
        total = more
    for i in range(len(nodes)):
        out[i] /= total + lost


@lru_cache(KEPT)
def probability_right(intercept: float, spread: float) -> float:
    """Return E[logistic(intercept - spread h)]."""
    return _mean_logistic(intercept, spread, HARDNESS_NODES, HARDNESS_WEIGHTS)


@lru_cache(KEPT)
def intercept_of(accuracy: float, spread: float) -> float:
    """Return the intercept a at which E[logistic(a - spread h)] is the stated accuracy, 0 < accuracy < 1."""
    bracket = 40.0 + 12.0 * spread
    return root(lambda a: probability_right(a, spread) - accuracy, -bracket, bracket, CLOSE)


@lru_cache(KEPT)
def catch_intercept_of(catch: float, intercept: float, spread: float, rho: float) -> float:
    """Return the intercept c at which reviewers catch the stated share of wrong decisions.

    The marginal is over wrong decisions on clean items in scope under no congestion. Given that a decision is
    wrong its score tells nothing more about hardness, so the threshold does not enter.

    Parameters
    ----------
    catch : float
        P(catch | wrong), between 0 and 1.
    intercept, spread : float
        Of the AI's log-odds.
    rho : float
        How much hardness that misleads the AI misleads reviewers.

    Notes
    -----
    The share that results is exact to 2e-10 for rho x spread up to 100, to 2e-4 at the bounds of the table.
    """
    wrong = np.empty(len(HARDNESS_NODES))
    _wrong_weights(intercept, spread, HARDNESS_NODES, HARDNESS_WEIGHTS, wrong)
    bracket = 40.0 + 12.0 * rho * spread

    def excess(c: float) -> float:
        return _mean_logistic(c, rho * spread, HARDNESS_NODES, wrong) - catch

    return root(excess, -bracket, bracket, CLOSE)


def separation_of(auroc: float, sigma_w: float) -> float:
    """Return d, the distance of the means of right and wrong scores (binormal AUROC; Green & Swets 1966)."""
    from scipy.special import ndtri

    return math.sqrt(1.0 + sigma_w**2) * float(ndtri(auroc))


def threshold_of(share: float, mix: Sequence[tuple[float, float, float]], sigma_w: float) -> float:
    """Return the score under which a share of the AI decisions of a mix of items lies.

    Parameters
    ----------
    share : float
        0 gives minus infinity, 1 infinity.
    mix : sequence of (weight, probability right, separation)
        Classes of items; weights need not sum to one.
    sigma_w : float
        Spread of the scores of wrong decisions.
    """
    if share <= 0.0:
        return -math.inf
    if share >= 1.0:
        return math.inf
    return _threshold(share, tuple(mix), sigma_w)


@lru_cache(KEPT)
def _threshold(share: float, mix: tuple[tuple[float, float, float], ...], sigma_w: float) -> float:
    from scipy.special import ndtr

    weights, right, separation = np.array(mix).T
    weights = weights / weights.sum()

    def excess(t: float) -> float:
        under = right * ndtr(t) + (1.0 - right) * ndtr((t + separation) / sigma_w)
        return float(weights @ under) - share

    bracket = 40.0 * (1.0 + sigma_w) + float(separation.max())
    return root(excess, -bracket, bracket, CLOSE)
