"""What a study refuses before it simulates: too much work, and a go-live after the window."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from simgap.analysis.sweep import Axis
from simgap.defaults import FLUID
from simgap.engines.calendars import date_of
from simgap.errors import InputError, Problem
from simgap.sampling.quantiles import quantile
from simgap.scenario.outside import DELAY
from simgap.scenario.portfolios import conflicts, duration, members
from simgap.scenario.values import Variant

# By a process on an ordinary machine: to warn, not to promise.
ITEMS_PER_SECOND = {"compiled": 800_000, "reference": 15_000, FLUID: math.inf}
SECONDS_PER_TRIAL = 0.004  # to prepare and to book
LONGEST = 3600.0  # seconds of expected work that need no --yes
MOST_REPLICATIONS = 10**7  # of a run
MOST_TRACED = 1_000_000  # items; their log takes a few gigabytes

Wrong = Callable[[str, str, str], InputError]


def refusal(place: str, what: str, allowed: str) -> InputError:
    """Return the error that refuses what an option says."""
    return InputError(place, [Problem(0, "", what, allowed)])


def check_size(items: float, trials: int, workers: int, engine: str) -> None:
    """Refuse a plan that would take more than an hour.

    Raises
    ------
    InputError
        Says how many items and how long.
    """
    seconds = (items / ITEMS_PER_SECOND[engine] + trials * SECONDS_PER_TRIAL) / workers
    if seconds > LONGEST:
        what = f"the plan simulates about {number(items)} items, which takes about {_time(seconds)}"
        raise InputError("simgap", [Problem(0, "", what, "fewer --replications or points, or --yes")])


def check_window(
    resolved: Mapping[str, Any],
    wrong: Wrong,
    variants: Sequence[Variant],
    axes: Sequence[Axis] = (),
) -> None:
    """Refuse investments that cannot be bought together, and a go-live that may be after the window.

    Parameters
    ----------
    resolved : mapping
        The resolved scenario.
    wrong : callable
        Makes the error of (key, what, what is allowed).
    variants : sequence of Variant
        With pilot design and investments.
    axes : sequence of Axis
        Over which something is swept, perhaps the length of a pilot.

    Raises
    ------
    InputError
        Says which.
    """
    parameters = resolved["parameters"]
    horizon = parameters["clock.horizon"]["value"] * 730.0
    swept = {axis.key: float(axis.values[-1]) for axis in axes}
    # The longest that each may take, for whatever is drawn.
    longest = {
        path: swept.get(path, _largest(leaf["value"]))
        for path, leaf in parameters.items()
        if (path.endswith((".lasts", ".delay")) and path.split(".")[0] in ("pilots", "investments"))
        or path == DELAY
    }
    for variant in variants:
        pilot, carried, others = members(resolved, variant.pilot, variant.investments)
        bought = (*carried, *others)
        for what, allowed in conflicts(parameters, resolved["investments"], bought):
            key = f"pilots.{pilot}.carries"
            raise wrong(key, f"with what is bought besides, {what}", allowed)
        values = {path: leaf.get("value") for path, leaf in parameters.items()} | longest
        lasts, delay = duration(values, pilot, others)
        if lasts + delay >= horizon:
            what = f"a pilot of up to {number(lasts / 168.0)} weeks"
            if delay:
                what += f", and delays of up to {number(delay / 168.0)} weeks for {', '.join(others)},"
            uncertain = any(isinstance(parameters[path]["value"], dict) for path in longest)
            bounded = "; `a / b / c max N weeks` bounds what is not known" * uncertain
            what += " leave" + "s" * (not delay) + " nothing of the window"
            raise wrong(f"pilots.{pilot}.lasts", what, f"less than {horizon:,.0f} h{bounded}")


def check_replication(replication: int) -> None:
    """Refuse a number of a replication that no run can have."""
    if not 0 <= replication < MOST_REPLICATIONS:
        raise refusal("--replication", f"{replication}", f"0 to {MOST_REPLICATIONS - 1}")


def check_traced(items: float, most: int = MOST_TRACED) -> None:
    """Refuse a replication with too many items for a log."""
    if items > most:
        what = f"the replication has about {number(items)} items, too many for a log"
        raise refusal("simgap", what, f"up to {most:,}; a smaller volume or horizon, say by --set")


def start_of(resolved: Mapping[str, Any], go_live: int, end: int) -> datetime.datetime:
    """Return the date of go-live, unless what happens cannot be dated.

    Parameters
    ----------
    resolved : mapping
        The resolved scenario.
    go_live, end : int
        Microseconds from the decision to go-live, and from there to the last that happens.

    Raises
    ------
    InputError
        It happens after the year 9999.
    """
    midnight = datetime.time(tzinfo=datetime.UTC)
    start = datetime.datetime.combine(date_of(resolved["parameters"]["clock.decision"]["value"]), midnight)
    try:
        start += datetime.timedelta(microseconds=go_live)
        start + datetime.timedelta(microseconds=end)
    except OverflowError:
        what = "the replication ends after the year 9999"
        raise refusal("simgap", what, "an earlier clock.decision, or less work for reviewers") from None
    return start


def _largest(value: float | dict[str, Any]) -> float:
    """Return a number, or what a distribution practically never exceeds."""
    if isinstance(value, dict):
        return float(quantile(value, np.array([1.0 - 1e-12]))[0])
    return value


def _time(seconds: float) -> str:
    units = ((86400.0 * 365.0, "years"), (86400.0, "days"), (3600.0, "hours"), (60.0, "minutes"))
    size, name = next((u for u in units if seconds >= 2.0 * u[0]), (1.0, "seconds"))
    return f"{number(seconds / size)} {name}"


def number(value: float) -> str:
    """Write a large number."""
    return f"{value:,.0f}" if value < 1e15 else f"{value:.0e}"
