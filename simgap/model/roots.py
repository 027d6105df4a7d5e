"""The root of a function of one variable; `scipy.optimize`, which has it too, takes 0.2 s to import."""

from __future__ import annotations

import math
from collections.abc import Callable

STEPS = 200  # halving alone takes fewer from any bracket used here
RELATIVE = 4.0 * 2.0**-52


def root(function: Callable[[float], float], low: float, high: float, close: float) -> float:
    """Return a root of a continuous function between two points at which its signs differ.

    Parameters
    ----------
    function : callable
        Of one number.
    low, high : float
        The two points.
    close : float
        How exact the root is, beside four units in its last place.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        The function has the same sign at both points.

    References
    ----------
    R. P. Brent (1973), *Algorithms for Minimization without Derivatives*, ch. 4, with the arithmetic of
    ``scipy.optimize.brentq``: the same bits.

    Examples
    --------
    >>> root(lambda x: x * x - 2.0, 0.0, 2.0, 1e-15)
    1.414213562373095
    """
    before, here, opposite = low, high, 0.0
    f_before, f_here, f_opposite = function(low), function(high), 0.0
    if f_before == 0.0:
        return low
    if f_here == 0.0:
        return high
    if (f_before < 0.0) == (f_here < 0.0):
        raise ValueError(f"no change of sign between {low} and {high}")
    step_before = step = 0.0
    for _ in range(STEPS):
        if f_before != 0.0 and (f_before < 0.0) != (f_here < 0.0):
            opposite, f_opposite = before, f_before
            step_before = step = here - before
        if abs(f_opposite) < abs(f_here):
            before, here, opposite = here, opposite, here
            f_before, f_here, f_opposite = f_here, f_opposite, f_here
        least = 0.5 * (close + RELATIVE * abs(here))
        half = 0.5 * (opposite - here)
        if f_here == 0.0 or abs(half) < least:
            return here
        # Halve the bracket, unless interpolation gives a shorter step that can be trusted.
        longest, previous = abs(step_before), step
        step_before = step = half
        if longest > least and abs(f_here) < abs(f_before):
            if before == opposite:
                short = -f_here * (here - before) / (f_here - f_before)
            else:
                a = (f_before - f_here) / (before - here)
                b = (f_opposite - f_here) / (opposite - here)
                over = b * a * (f_opposite - f_before)  # may be too small for a number
                short = -f_here * (f_opposite * b - f_before * a) / over if over else math.inf
            if 2.0 * abs(short) < min(longest, 3.0 * abs(half) - least):
                step_before, step = previous, short
        before, f_before = here, f_here
        here += step if abs(step) > least else math.copysign(least, half)
        f_here = function(here)
    return here
