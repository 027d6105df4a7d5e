"""Discounting, payback, funding need and internal rate of return of a project's cash flow.

Month 0 begins at the decision. Flows that run through a month (labour, licences, benefit) are booked in
its middle, the mid-period convention of Park (2016, *Contemporary Engineering Economics*, 6th ed.); sums paid
at once (an investment, a pilot fee) are booked at the start of their month. Rates are yearly and effective:
0.08 means 8 % a year. Money is in the scenario's currency, inflows positive.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from simgap.model.roots import root

FloatArray = npt.NDArray[np.float64]

# Discount factors of half a month: from -99 % to 10 000 % a year, in steps of 0.0046 of log(1 + rate).
_GRID: FloatArray = np.exp(-np.linspace(math.log(0.01), math.log(101.0), 2001) / 24.0)


def discount_factors(months: int, rate: float) -> FloatArray:
    """Return the present value of one unit flowing evenly through each month.

    Parameters
    ----------
    months : int
        Length of the window.
    rate : float
        Yearly discount rate, above -1.

    Returns
    -------
    FloatArray[months]
        ``(1 + rate) ** (-(m + 0.5) / 12)`` for month m.

    Examples
    --------
    >>> discount_factors(2, 0.0)
    array([1., 1.])
    """
    powers: FloatArray = (1.0 + rate) ** (-np.arange(0.5, months) / 12.0)
    return powers


def discounted(monthly: FloatArray, one_off: FloatArray, rate: float) -> FloatArray:
    """Return each month's present value, for discounted payback and for `npv`.

    Parameters
    ----------
    monthly : FloatArray[months]
        Flows booked mid-month.
    one_off : FloatArray[months]
        Sums booked at the start of their month.
    rate : float
        Yearly discount rate, above -1.

    Returns
    -------
    FloatArray[months]
        Both kinds of flow together, at the decision's value.
    """
    starts = (1.0 + rate) ** (-np.arange(len(one_off)) / 12.0)
    present: FloatArray = monthly * discount_factors(len(monthly), rate) + one_off * starts
    return present


def npv(monthly: FloatArray, one_off: FloatArray, rate: float) -> float:
    """Return the net present value at the decision; no terminal value.

    Parameters
    ----------
    monthly : FloatArray[months]
        Flows booked mid-month.
    one_off : FloatArray[months]
        Sums booked at the start of their month.
    rate : float
        Yearly discount rate, above -1.

    Examples
    --------
    >>> npv(np.array([0.0, 30.0]), np.array([-20.0, 0.0]), 0.0)
    10.0
    """
    return float(discounted(monthly, one_off, rate).sum())


def cumulative(flow: FloatArray) -> FloatArray:
    """Return the cash position at the end of each month, for a flow by month of the same length."""
    position: FloatArray = np.cumsum(flow)
    return position


def _rounding(flow: FloatArray) -> float:
    """Bound the rounding error of a running sum (Higham 2002, *Accuracy and Stability*, section 4.2)."""
    return float(len(flow) * np.finfo(np.float64).eps * np.abs(flow).sum())


def payback_month(flow: FloatArray) -> float:
    """Return the steps until the cumulative cash is non-negative for good.

    A project that recovers its outlay and then falls into the red again has not yet paid back, so the first
    crossing does not count, only the last. A deficit within the rounding error of the running sum is none.

    Parameters
    ----------
    flow : FloatArray[steps]
        Flow by step of time, such as a month; from `discounted` for the discounted payback.

    Returns
    -------
    float
        Whole steps from the decision to the end of the step that pays back; 0.0 if the cumulative cash is
        never negative; ``inf`` if it is negative at the end of the window.

    Examples
    --------
    >>> payback_month(np.array([-10.0, 4.0, 6.0, 5.0]))
    3.0
    """
    # Negated so that a flow which is not a number never counts as paid back.
    short = np.flatnonzero(~(cumulative(flow) >= -_rounding(flow)))
    if not short.size:
        return 0.0
    last = int(short[-1])
    return math.inf if last == len(flow) - 1 else last + 2.0


def peak_funding(flow: FloatArray) -> tuple[float, int]:
    """Return the deepest cumulative cash need and when it is first reached.

    Cash is looked at once a step, at its end: a dip within a step that the same step fills is not seen.

    Parameters
    ----------
    flow : FloatArray[steps]
        Flow by step of time, such as a month.

    Returns
    -------
    need : float
        Non-negative.
    step : int
        Counted from 1; 0 where there is no need.

    Examples
    --------
    >>> peak_funding(np.array([-10.0, -5.0, 20.0]))
    (15.0, 2)
    """
    position = cumulative(flow)
    if not position.size or position.min() >= -_rounding(flow):
        return 0.0, 0
    deepest = int(position.argmin())
    return -float(position[deepest]), deepest + 1


def irr(monthly: FloatArray, one_off: FloatArray) -> float:
    """Return the yearly internal rate of return, where there is exactly one.

    Flows that change sign more than once can have several rates at which the net present value is zero
    (Lorie & Savage 1955, *Journal of Business* 28, 229-239); none of them is then a rate of return. The roots
    between -99 % and 10 000 % a year are counted on a grid even in log(1 + rate) with steps of 0.0046; two
    roots closer than one step, and roots that only touch zero, are not seen.

    Parameters
    ----------
    monthly : FloatArray[months]
        Flows booked mid-month.
    one_off : FloatArray[months]
        Sums booked at the start of their month.

    Returns
    -------
    float
        Yearly rate; ``nan`` where there is no root in that range or more than one.

    Raises
    ------
    ValueError
        The two flows differ in length.

    Examples
    --------
    >>> round(irr(np.zeros(13), np.array([-100.0] + [0.0] * 11 + [125.0])), 12)
    0.25
    """
    # All flows fall on whole half-months, so the value is a polynomial in the half-month's discount factor.
    coefficients = np.column_stack([one_off, monthly]).ravel()[::-1]
    values = np.polyval(coefficients, _GRID)
    apart = values != 0.0  # a grid point that hits a root has no sign; its neighbours bracket it
    factors, signs = _GRID[apart], np.sign(values[apart])
    crossings = np.flatnonzero(signs[1:] != signs[:-1])
    if crossings.size != 1:
        return math.nan
    terms = coefficients.tolist()

    def value(factor: float) -> float:
        # The same steps as np.polyval, so that the bracket's ends keep their signs to the last bit.
        total = 0.0
        for term in terms:
            total = total * factor + term
        return total

    i = int(crossings[0])
    factor = root(value, float(factors[i]), float(factors[i + 1]), 1e-16)
    return float(factor**-24.0 - 1.0)
