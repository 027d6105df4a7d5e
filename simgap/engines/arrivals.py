"""When items are expected: the cumulative intensity of arrivals, hour by hour."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

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
    week = tuple((start, end, weight) for start, end, weight in values["profile"])
    flow = _flow(week, length, week_offset(decision, go_live_hours), round(go_live_hours * HOUR))
    since_start = flow.hours - values["starts"] * 730.0
    # Without growth the power is 1, at a cost of half of this function.
    grown = (1.0 + values["growth"]) ** (flow.hours / HOURS_PER_YEAR) if values["growth"] else 1.0
    factor = np.where(since_start >= 0.0, grown, 0.0)
    if values["ramp"] > 0.0:
        factor = factor * np.clip(since_start / values["ramp"], 0.0, 1.0)
    per_hour = values["volume"] / HOURS_PER_YEAR * 168.0 / flow.a_week
    steps = per_hour * flow.work * factor

    go_live = round(go_live_hours * HOUR)
    first, last = go_live // DAY, (go_live + length) // DAY
    rates = _day_rates(
        date_of(decision),
        first,
        last,
        flow.weekdays,
        values["month_end"],
        values["month_end_days"],
        tuple(values["season"]),
        tuple(values["clock.holidays"]),
        values["holiday_volume"],
    )
    steps = steps * rates[flow.days - first]
    return flow.knots, np.concatenate([[0.0], np.cumsum(steps)])


class _Flow(NamedTuple):
    """The weekly profile laid over a phase.

    Attributes
    ----------
    knots : Ints[n + 1]
        Every hour, in microseconds.
    hours, days : Floats[n] and Ints[n]
        Of the middle of each interval: hours since time 0, and days since the decision.
    work : Floats[n]
        Weighted hours of the profile in each interval.
    weekdays : tuple of 7 floats
        Weighted hours of each day, from Monday.
    a_week : float
        Weighted hours of the week.
    """

    knots: Ints
    hours: Floats
    days: Ints
    work: Floats
    weekdays: tuple[float, ...]
    a_week: float


@lru_cache(8)  # mostly the same in every draw
def _flow(week: tuple[tuple[float, float, float], ...], length: int, offset: int, go_live: int) -> _Flow:
    knots = np.append(np.arange(0, length, HOUR, dtype=np.int64), length)
    spans = np.array(week, np.float64)
    work = spans[:, 2] * (spans[:, 1] - spans[:, 0])
    after = np.cumsum(work)
    corners = np.concatenate([[0.0], spans[:, :2].ravel(), [168.0]])
    reached = np.concatenate([[0.0], np.column_stack([after - work, after]).ravel(), after[-1:]])
    clock = (knots + offset) / HOUR
    weeks = np.floor(clock / 168.0)
    profile = weeks * reached[-1] + np.interp(clock - 168.0 * weeks, corners, reached)
    return _Flow(
        knots=knots,
        hours=(knots[1:] + knots[:-1]) / (2.0 * HOUR),
        days=(knots[:-1] + np.diff(knots) // 2 + go_live) // DAY,
        work=np.diff(profile),
        weekdays=tuple(np.diff(np.interp(24.0 * np.arange(8), corners, reached)).tolist()),
        a_week=float(reached[-1]),
    )


@lru_cache(8)  # mostly the same in every draw
def _day_rates(
    decision: datetime.date,
    first: int,
    last: int,
    weekdays: tuple[float, ...],
    month_end: float,
    month_end_days: int,
    season: tuple[float, ...],
    holidays: tuple[str, ...],
    holiday_volume: float,
) -> Floats:
    """Return the rate of each day as a multiple of the weekly profile's.

    Parameters
    ----------
    decision : date
        Day 0.
    first, last : int
        The days.
    weekdays : tuple of 7 floats
        Weight of each day of the week, from Monday, in the profile.
    month_end, month_end_days, season, holidays, holiday_volume
        As in the scenario file.

    Returns
    -------
    Floats[last - first + 1]
        All 1 where season, month end and holidays are neutral.
    """
    start = np.datetime64(decision, "D")
    begin = (start + first).astype("M8[M]").astype("M8[D]")
    end = ((start + last).astype("M8[M]") + 1).astype("M8[D]")
    days = np.arange(begin, end)  # whole months
    months = days.astype("M8[M]")

    left = (months + 1).astype("M8[D]") - days
    rates = np.where(left.astype(int) <= month_end_days, month_end, 1.0)
    weights = np.array(weekdays)[(days.astype(int) + THURSDAY) % 7]
    place = (months - months[0]).astype(int)
    even, uneven = np.bincount(place, weights), np.bincount(place, weights * rates)
    # A month without any volume left has none to raise.
    rates = rates * (even / np.where(uneven > 0.0, uneven, 1.0))[place]

    if season:
        of_month = np.array(season, np.float64)
        of_month *= MONTH_DAYS.sum() / (of_month @ MONTH_DAYS)
        rates = rates * of_month[months.astype(int) % 12]
    closed = np.isin(days, np.array(holidays, "M8[D]"))
    rates = rates * np.where(closed, holiday_volume, 1.0)
    skipped = int((start + first - begin).astype(int))
    return np.asarray(rates[skipped : skipped + last - first + 1], np.float64)


@rule
def _day_factors(key: Ints, workflow: int, knots: Ints, go_live: int, cv: float, out: Floats) -> None:
    day_ends, factor = 0, 1.0
    for i in range(len(out)):
        middle = knots[i] + (knots[i + 1] - knots[i]) // 2 + go_live
        if i == 0 or middle >= day_ends:
            day = middle // DAY
            day_ends = (day + 1) * DAY
            entity = workflow << keys.WORKFLOW_SHIFT | day
            u = unit(keys.item_words(key, keys.DAY, entity, keys.DAY_FACTOR)[0])
            factor = lognormal_quantile(u, 1.0, cv)
        out[i] = factor


def day_factors(key: Ints, knots: Ints, go_live: int, cv: float, workflow: int = 0) -> Floats:
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
    workflow : int
        Each has days of its own.

    Returns
    -------
    Floats[n]
        The same number for all intervals of a day.
    """
    out = np.empty(len(knots) - 1)
    _day_factors(key, workflow, knots, go_live, cv, out)
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


def drawn_levels(key: Ints, levels: Floats, knots: Ints, go_live: int, cv: float, workflow: int) -> Floats:
    """Return the cumulative intensity of one replication: with the factors of its days, where days differ."""
    return levels_of(levels, day_factors(key, knots, go_live, cv, workflow)) if cv > 0.0 else levels
