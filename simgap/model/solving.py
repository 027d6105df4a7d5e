"""The constants that make the stated rates hold: solved once for a draw of the unknowns, by quadrature.

People state marginal rates (accuracy, catch rate, share reviewed); the rules need intercepts and a threshold.
Expectations over hardness h ~ N(0, 1) are taken by the trapezium rule on a fine grid, which converges
geometrically for smooth integrands that vanish at both ends (Trefethen & Weideman 2014, SIAM Rev. 56:385-458)
and, unlike Gauss-Hermite, stays exact where hardness makes the integrand a steep step.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from simgap.compiling import rule
from simgap.model import items
from simgap.model.parameters import P
from simgap.model.roots import RELATIVE, root
from simgap.model.types import Floats
from simgap.sampling.inversion import logistic, normal_cdf

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


@rule
def _share_under(t: float, mix: Floats, n: int, sigma_w: float) -> float:
    under = total = 0.0
    for i in range(n):
        weight, right, separation = mix[0, i], mix[1, i], mix[2, i]
        total += weight
        under += weight * (right * normal_cdf(t) + (1.0 - right) * normal_cdf((t + separation) / sigma_w))
    return under / total


@rule
def threshold_of(share: float, mix: Floats, n: int, sigma_w: float) -> float:
    """Return the score under which a share of the AI decisions of a mix of items lies.

    Parameters
    ----------
    share : float
        0 gives minus infinity, 1 infinity.
    mix : Floats[3, at least n]
        Weight, probability right, and separation of each class of items; weights need not sum to one.
    n : int
        Number of classes.
    sigma_w : float
        Spread of the scores of wrong decisions.
    """
    if share <= 0.0:
        return -math.inf
    if share >= 1.0:
        return math.inf
    high = 40.0 * (1.0 + sigma_w)
    for i in range(n):
        high = max(high, 40.0 * (1.0 + sigma_w) + mix[2, i])
    low = -high
    # Bisection, for it can never fail. Far from 0 numbers lie further apart than `CLOSE`.
    while high - low > max(CLOSE, RELATIVE * abs(low)):
        middle = 0.5 * (low + high)
        if _share_under(middle, mix, n, sigma_w) < share:
            low = middle
        else:
            high = middle
    return high


@rule
def decision_mix(
    defects: Floats,
    edge_share: float,
    handled: float,
    drift: float,
    p: Floats,
    nodes: Floats,
    weights: Floats,
    mix: Floats,
) -> int:
    """Write the classes of the AI decisions that a mix of items leads to; return their number.

    Parameters
    ----------
    defects : Floats[16]
        Share of the items that reach the AI with each set of defects, by their bits.
    edge_share, handled : float
        Share of edge cases among items, and of those that are of a handled type.
    drift : float
        Log-odds that drift has taken.
    p : Floats
        Packed parameters of the mix.
    nodes, weights : Floats[n]
        `HARDNESS_NODES` and `HARDNESS_WEIGHTS`; a rule takes no array from elsewhere.
    mix : Floats[3, 32]
        As `threshold_of` reads it.
    """
    unhandled = edge_share * (1.0 - handled)
    n = 0
    for bits in range(len(defects)):
        for edge in range(2):
            share = unhandled * (1.0 - p[P.RECOGNISED]) if edge else 1.0 - unhandled
            if defects[bits] * share > 0.0:
                lost = items.penalty(bits, edge == 1, p) + drift
                mix[0, n] = defects[bits] * share
                mix[1, n] = _mean_logistic(p[P.INTERCEPT] - lost, p[P.HARDNESS], nodes, weights)
                mix[2, n] = p[P.SEPARATION_EDGE] if edge else p[P.SEPARATION]
                n += 1
    if n == 0:
        # Where validation lets nothing through the AI decides nothing, and any threshold will do.
        mix[0, 0], mix[1, 0], mix[2, 0] = 1.0, 0.5, p[P.SEPARATION]
        n = 1
    return n


@rule
def solve_cuts(
    defects: Floats,
    edge_share: float,
    handled: float,
    drift: float,
    of_mix: Floats,
    p: Floats,
    nodes: Floats,
    weights: Floats,
    mix: Floats,
    cuts: Floats,
) -> None:
    """Write the cuts, `items.set_cuts`, of both thresholds: those under which the stated shares lie.

    Parameters are those of `decision_mix`; `of_mix` are the packed parameters of the mix, `p` those that
    state the shares.
    """
    n = decision_mix(defects, edge_share, handled, drift, of_mix, nodes, weights, mix)
    items.set_cuts(threshold_of(p[P.LEAST_CONFIDENT], mix, n, p[P.SIGMA_W]), p, cuts, 0)
    items.set_cuts(threshold_of(p[P.GUARDED_LEAST_CONFIDENT], mix, n, p[P.SIGMA_W]), p, cuts, items.CUTS)


def defect_shares(values: Mapping[str, Any]) -> Floats:
    """Return the share of the items that reach the AI with each set of defects, by their bits: Floats[16]."""
    rates = [values[f"data.{name}"] for name in ("missing", "format", "schema", "stale")]
    stopped, repaired = values["data.validated"], values["data.repaired"]
    shares = [
        math.prod(rate if bits >> i & 1 else 1.0 - rate for i, rate in enumerate(rates)) for bits in range(16)
    ]
    clean = shares[0]
    passed = [share * (1.0 - stopped) for share in shares]
    passed[0] = clean * (1.0 - values["data.false_reject"]) + (1.0 - clean) * stopped * repaired
    return np.array(passed)
