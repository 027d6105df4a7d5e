"""When items are expected: the cumulative intensity of arrivals, hour by hour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from simgap.compiling import rule
from simgap.engines.calendars import date_of, week_offset
from simgap.model import keys
from simgap.model.clock import DAY, HOUR
from simgap.model.types import Floats, Ints
from simgap.sampling.inversion import lognormal_quantile
from simgap.sampling.philox import unit

Values = Mapping[str, Any]
HOURS_PER_YEAR = 8760.0
MONTH_DAYS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], np.float64)
THURSDAY = 3  # the weekday of 1970-01-01, day 0 of numpy


def intensity(values: Values, length: int, decision: str, go_live_hours: float) -> tuple[Ints, Floats]:
    """Return knots, every hour, and the expected number of unique items that have arrived by each.

    Parameters
    ----------
    values : mapping
        Values of one workflow.
    length : int
        Microseconds during which items arrive.
    decision : str
        Calendar date of the decision.
    go_live_hours : float
        Time from the decision to time 0.

    Returns
    -------
    knots : Ints[n]
        Microseconds from 0 to `length`.
    levels : Floats[n]
        Exact at the knots for the weekly profile; ramp, growth, and what depends on the date are taken at
        the middle of each hour.
    """
    knots = np.append(np.arange(0, length, HOUR, dtype=np.int64), length)
    spans = np.array(values["profile"], np.float64)
    work = spans[:, 2] * (spans[:, 1] - spans[:, 0])
    after = np.cumsum(work)
    corners = np.concatenate([[0.0], spans[:, :2].ravel(), [168.0]])
    reached = np.concatenate([[0.0], np.column_stack([after - work, after]).ravel(), after[-1:]])
    clock = (knots + week_offset(decision, go_live_hours)) / HOUR
    weeks = np.floor(clock / 168.0)
    profile = weeks * reached[-1] + np.interp(clock - 168.0 * weeks, corners, reached)
    hours = (knots[1:] + knots[:-1]) / (2.0 * HOUR)
    since_start = hours - values["starts"] * 730.0
    factor = np.where(since_start >= 0.0, (1.0 + values["growth"]) ** (hours / HOURS_PER_YEAR), 0.0)
    if values["ramp"] > 0.0:
        factor = factor * np.clip(since_start / values["ramp"], 0.0, 1.0)
    per_hour = values["volume"] / HOURS_PER_YEAR * 168.0 / reached[-1]
    steps = per_hour * np.diff(profile) * factor

    go_live = round(go_live_hours * HOUR)
    first, last = go_live // DAY, (go_live + length) // DAY
    weekdays = np.diff(np.interp(24.0 * np.arange(8), corners, reached))
    rates = _day_rates(values, decision, first, last, weekdays)
    steps = steps * rates[_days(knots, go_live) - first]
    return knots, np.concatenate([[0.0], np.cumsum(steps)])


def _days(knots: Ints, go_live: int) -> Ints:
    """Return the day, counted from the decision, in which the middle of each interval lies."""
    return np.asarray((knots[:-1] + np.diff(knots) // 2 + go_live) // DAY, np.int64)


def _day_rates(values: Values, decision: str, first: int, last: int, weekdays: Floats) -> Floats:
    """Return the rate of each day as a multiple of the weekly profile's.

    Parameters
    ----------
    values : mapping
        Values of one workflow.
    decision : str
        Calendar date of the decision, which is day 0.
    first, last : int
        The days.
    weekdays : Floats[7]
        Weight of each day of the week, from Monday, in the profile.

    Returns
    -------
    Floats[last - first + 1]
        All 1 where season, month end and holidays are neutral.
    """
    start = np.datetime64(date_of(decision), "D")
    begin = (start + first).astype("M8[M]").astype("M8[D]")
    end = ((start + last).astype("M8[M]") + 1).astype("M8[D]")
    days = np.arange(begin, end)  # whole months
    months = days.astype("M8[M]")

    left = (months + 1).astype("M8[D]") - days
    rates = np.where(left.astype(int) <= values["month_end_days"], values["month_end"], 1.0)
    weights = weekdays[(days.astype(int) + THURSDAY) % 7]
    place = (months - months[0]).astype(int)
    even, uneven = np.bincount(place, weights), np.bincount(place, weights * rates)
    # A month without any volume left has none to raise.
    rates = rates * (even / np.where(uneven > 0.0, uneven, 1.0))[place]

    if len(values["season"]):
        season = np.array(values["season"], np.float64)
        season *= MONTH_DAYS.sum() / (season @ MONTH_DAYS)
        rates = rates * season[months.astype(int) % 12]
    holidays = np.isin(days, np.array(values["clock.holidays"], "M8[D]"))
    rates = rates * np.where(holidays, values["holiday_volume"], 1.0)
    skipped = int((start + first - begin).astype(int))
    return np.asarray(rates[skipped : skipped + last - first + 1], np.float64)


@rule
def _day_factors(key: Ints, days: Ints, cv: float, out: Floats) -> None:
    for i in range(len(days)):
        if i > 0 and days[i] == days[i - 1]:
            out[i] = out[i - 1]
        else:
            u = unit(keys.item_words(key, keys.DAY, days[i], keys.DAY_FACTOR)[0])
            out[i] = lognormal_quantile(u, 1.0, cv)


def day_factors(key: Ints, knots: Ints, go_live: int, cv: float) -> Floats:
    """Return the factor on the intensity of each interval that its day brings: lognormal with mean 1.

    Arrivals are then a Cox process (Cox 1955, *Journal of the Royal Statistical Society* B 17:129-164):
    Poisson given the factors, so a day that expects m items has a variance of m + (cv m)^2.

    Parameters
    ----------
    key : Ints[4]
        Seed, draw of the unknowns, luck index, phase.
    knots : Ints[n + 1]
        Microseconds since go-live.
    go_live : int
        Microseconds from the decision to go-live; days begin at midnight.
    cv : float
        Coefficient of variation from day to day.

    Returns
    -------
    Floats[n]
        The same number for all intervals of a day.
    """
    out = np.empty(len(knots) - 1)
    _day_factors(key, _days(knots, go_live), cv, out)
    return out


def levels_of(levels: Floats, factors: Floats) -> Floats:
    """Return the cumulative intensity after factors on its intervals.

    Parameters
    ----------
    levels : Floats[n + 1]
        Cumulative intensity at the knots, from 0.
    factors : Floats[n]
        Of the intervals between them.

    Returns
    -------
    Floats[n + 1]
    """
    return np.concatenate([[0.0], np.cumsum(np.diff(levels) * factors)])


def drawn_levels(key: Ints, levels: Floats, knots: Ints, go_live: int, cv: float) -> Floats:
    """Return the cumulative intensity of one replication: with the factors of its days, where days differ."""
    return levels_of(levels, day_factors(key, knots, go_live, cv)) if cv > 0.0 else levels
