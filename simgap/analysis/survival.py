"""Times until something happens, some of them cut short by the end of observation.

Plain arrays in, plain numbers out. All intervals are two-sided at 95 %. The times are taken as independent:
where one trial gives several, the estimates hold and the intervals are too narrow.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_Z = 1.959963984540054  # the standard normal's quantile at 97.5 %
# A survival that should be equal to a share may differ from it by the rounding of its factors.
_ROUNDING = 1e-9


class Survival(NamedTuple):
    """Kaplan-Meier estimate: a step function, 1 before the first time and level after the last.

    Attributes
    ----------
    n : int
        Times that went into it, censored ones too.
    times : FloatArray[k]
        Distinct times of events, rising.
    survival : FloatArray[k]
        Share without an event after each of them.
    error : FloatArray[k]
        Its standard error by Greenwood's formula; nan where the survival is 0.
    low, high : FloatArray[k]
        Its interval. Where the survival is 0: from 0 to the bound before.
    """

    n: int
    times: FloatArray
    survival: FloatArray
    error: FloatArray
    low: FloatArray
    high: FloatArray


def kaplan_meier(times: FloatArray, observed: BoolArray) -> Survival:
    """Estimate the share still without an event as time goes by, from times some of which are censored.

    Parameters
    ----------
    times : FloatArray[n]
        To the event or to the end of observation, in any unit; not negative. A censored one may be infinite.
    observed : BoolArray[n]
        Whether the event was seen. An event comes before a censoring at the same time.

    Returns
    -------
    Survival
        Without events its arrays are empty.

    Raises
    ------
    ValueError
        The arrays differ in length, a time is negative or nan, or the time of an event is infinite.

    References
    ----------
    E. L. Kaplan & P. Meier (1958), *Journal of the American Statistical Association* 53, 457-481.
    M. Greenwood (1926), "The natural duration of cancer", *Reports on Public Health and Medical Subjects*
    33. J. D. Kalbfleisch & R. L. Prentice (2002), *The Statistical Analysis of Failure Time Data*, 2nd ed.,
    ch. 1: the interval is for log(-log survival), so it stays within 0 and 1.

    Examples
    --------
    >>> found = kaplan_meier(np.array([3.0, 1.0, 3.0, 5.0]), np.array([True, True, False, False]))
    >>> found.times.tolist(), found.survival.tolist()
    ([1.0, 3.0], [0.75, 0.5])
    """
    times, observed = np.asarray(times, np.float64), np.asarray(observed, np.bool_)
    if times.shape != observed.shape:
        raise ValueError(f"{len(times)} times and {len(observed)} marks of what was observed")
    if not (times >= 0.0).all():
        raise ValueError("a time is negative or nan")
    if np.isinf(times[observed]).any():
        raise ValueError("the time of an event is infinite")
    distinct, events = np.unique(times[observed], return_counts=True)
    at_risk = len(times) - np.searchsorted(np.sort(times), distinct)
    left = at_risk - events
    survival: FloatArray = np.cumprod(left / at_risk, dtype=np.float64)
    # Where nobody is left the error is 0 x inf, the nan that is wanted; the bounds there are set below.
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt(np.cumsum(events / (at_risk * left.astype(np.float64))))
        error: FloatArray = survival * spread
        hazard = -np.log(survival)
        factor = np.exp(_Z * spread / hazard)
        low, high = np.exp(-hazard * factor), np.exp(-hazard / factor)
    if survival.size and not left[-1]:
        low[-1], high[-1] = 0.0, high[-2] if len(high) > 1 else 1.0
    return Survival(len(times), distinct, survival, error, low, high)


def survival_quantile(curve: Survival, share: float = 0.5) -> tuple[float, float, float]:
    """Return the time by which a share have had the event, by default the median, with its interval.

    Parameters
    ----------
    curve : Survival
        From `kaplan_meier`.
    share : float
        0 < share <= 1.

    Returns
    -------
    value, low, high : float
        The first times at which the survival and its bounds are down to 1 - `share`; ``inf`` for what does
        not get there within the observation, ``nan`` where there are no times at all.

    References
    ----------
    R. Brookmeyer & J. Crowley (1982), "A confidence interval for the median survival time", *Biometrics* 38,
    29-41.
    """
    if not curve.n:
        return math.nan, math.nan, math.nan

    def first(bound: FloatArray) -> float:
        reached = np.flatnonzero(bound <= 1.0 - share + _ROUNDING)
        return float(curve.times[reached[0]]) if reached.size else math.inf

    return first(curve.survival), first(curve.low), first(curve.high)


def restricted_mean(curve: Survival, horizon: float) -> float:
    """Return the mean time without an event up to a horizon, the area under the curve.

    Parameters
    ----------
    curve : Survival
        From `kaplan_meier`. It is level after its last event, so that a horizon beyond the longest time gives
        too much, unless that time is an event's.
    horizon : float
        In the unit of the times, finite; not negative.

    Returns
    -------
    float
        In that unit; ``nan`` where there are no times.

    Examples
    --------
    >>> restricted_mean(kaplan_meier(np.array([1.0, 3.0]), np.array([True, False])), 2.0)
    1.5
    """
    if not curve.n:
        return math.nan
    edges = np.minimum(np.concatenate([[0.0], curve.times, [horizon]]), horizon)
    return float(np.diff(edges) @ np.concatenate([[1.0], curve.survival]))
