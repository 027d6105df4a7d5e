"""The capacity cliff: how much of the work reviewers can carry, and what one more of their hours is worth."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from simgap.model.types import Floats

RISK = 0.05  # accepted probability of a month with more work than hours
NO_WORK = 1e-9  # hours; less is rounding


class Carried(NamedTuple):
    """The largest adopted share that is carried in all but few futures.

    Attributes
    ----------
    share : float
        1 where all of the work is.
    ci95 : tuple of float
        For the number of draws, by order statistics.
    """

    share: float
    ci95: tuple[float, float]


def peaks(offered: Floats, staffed: Floats, active: Floats) -> Floats:
    """Return the highest utilisation in any month: Floats[n].

    Parameters
    ----------
    offered, staffed : Floats[n, months]
        Staffed hours of work that joined the queue, and hours of all heads.
    active : Floats[n, months]
        Part of each month inside production, 0 to 1. Months with less than half of the largest part are left
        out: those in which production begins or ends.

    Returns
    -------
    Floats[n]
        Infinite where a month has work and nobody to do it; 0 where there is no work.
    """
    whole = (active > 0.0) & (active >= 0.5 * active.max(axis=1, keepdims=True))
    alone = np.where(offered > NO_WORK, math.inf, 0.0)
    ratio = np.divide(offered, staffed, out=alone, where=staffed > 0.0)
    return np.asarray(np.where(whole, ratio, 0.0).max(axis=1))


def critical_shares(shares: Floats, highest: Floats) -> Floats:
    """Return the adopted share of each draw at which its utilisation first passes 1.

    Parameters
    ----------
    shares : Floats[m]
        Rising, above 0.
    highest : Floats[n, m]
        Highest utilisation of each draw at each share, `peaks`. Nothing is offered at a share of 0; in
        between it is taken as linear.

    Returns
    -------
    Floats[n]
        Infinite where it never does.
    """
    x = np.concatenate([[0.0], shares])
    found = np.full(len(highest), math.inf)
    for i, row in enumerate(highest):
        y = np.concatenate([[0.0], row])
        over = np.flatnonzero(y > 1.0)
        if over.size:
            j = int(over[0])
            step = 0.0 if math.isinf(y[j]) else (1.0 - y[j - 1]) / (y[j] - y[j - 1])
            found[i] = x[j - 1] + step * (x[j] - x[j - 1])
    return found


def p_over(critical: Floats, shares: Floats) -> Floats:
    """Return the share of draws whose utilisation passes 1 in a month, at each adopted share."""
    return np.asarray((critical[:, None] < shares[None, :]).mean(axis=0))


def carried(critical: Floats, risk: float = RISK) -> Carried:
    """Return the largest share at which no more than a part of the draws is overloaded.

    Parameters
    ----------
    critical : Floats[n]
        Of `critical_shares`.
    risk : float
        Accepted part.

    Notes
    -----
    The quantile of the critical shares; its interval has as ends the order statistics between which it lies
    with 95 % (Conover 1999, *Practical Nonparametric Statistics*, ch. 3), 0 and 1 where draws are too few.
    """
    from scipy.stats import binom

    n = len(critical)
    in_order = np.minimum(np.sort(critical), 1.0)
    low, high = int(binom.ppf(0.025, n, risk)), int(binom.ppf(0.975, n, risk)) + 1
    return Carried(
        float(in_order[int(risk * n)]),
        (
            float(in_order[low - 1]) if low > 0 else 0.0,
            float(in_order[high - 1]) if high <= n else 1.0,
        ),
    )
