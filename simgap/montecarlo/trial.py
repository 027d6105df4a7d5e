"""One trial: a draw of the unknowns and a luck, simulated in both phases, turned into money."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from simgap.defaults import ENGINE, FLUID
from simgap.economics import dashboard
from simgap.economics.cashflow import npv
from simgap.economics.ledger import (
    DEFAULT_COUNTS,
    board_flow,
    bought,
    ledger,
    own_lines,
    reported_accuracy,
    together,
)
from simgap.engines import simulator
from simgap.engines.packing import Packed, digest
from simgap.engines.physics import Count, Physics
from simgap.errors import SimulationError
from simgap.model import keys
from simgap.model.clock import MONTH
from simgap.model.types import Floats, Ints
from simgap.montecarlo.outcomes import Reading, by_workflow, monthly, outcomes
from simgap.montecarlo.phases import Phases, planned_volume, prepare
from simgap.scenario.values import Variant


@dataclass(frozen=True)
class Trial:
    """What one trial came to.

    Attributes
    ----------
    outcomes : dict of float
        Money, rates, and the counts that rates over many trials are pooled from (names begin with ``n_``).
    monthly : Floats[months, len(MONTHLY)]
        By month from the decision.
    waits : Ints[2, WAIT_BINS]
        Waits for a reviewer in production, in staffed and in wall time.
    workflows : Floats[workflows, len(PER_WORKFLOW)]
        Production by workflow.
    """

    outcomes: dict[str, float]
    monthly: Floats
    waits: Ints
    workflows: Floats


def run_trial(
    resolved: Mapping[str, Any],
    drawn: Mapping[str, float],
    variant: Variant,
    seed: int,
    draw: int,
    luck: int,
    engine: str = ENGINE,
    again: bool = False,
) -> Trial:
    """Simulate one trial.

    Parameters
    ----------
    resolved : mapping
        The resolved scenario.
    drawn : mapping
        The unknowns of the draw.
    variant : Variant
        Doses and sets.
    seed, draw, luck : int
        The key of the trial's random numbers; each below 2^32.
    engine : str
        One of `defaults.ENGINES`, of which the result is the same bits; or `defaults.FLUID`, and the result
        is what is expected.
    again : bool
        Whether variants with the same phases may follow, so that what is simulated is worth keeping.

    Returns
    -------
    Trial
        The same for the same arguments, wherever and whenever it runs.
    """
    phases = prepare(resolved, drawn, variant)
    simulate = partial(remembering, engine) if again else simulator(engine)
    try:
        read = reading(phases, lambda packed: simulate(packed, seed, draw, luck), seed, draw, luck)
        if variant.pilot_lucks > 1 and not np.isnan(read.board).any():  # else the file states the figure
            read = with_mean_board(read, phases, variant.pilot_lucks, engine, seed, draw, luck)
    except SimulationError as error:
        raise type(error)(f"seed {seed}, draw {draw}, luck {luck}: {error}") from error
    team = read.physics.reviewers
    return Trial(
        outcomes(read, resolved["success"], int(phases.production.knots[-1])),
        monthly(read),
        np.stack([team.waits, team.wall_waits]),
        by_workflow(read.physics, read.own),
    )


def fluid_trial(
    resolved: Mapping[str, Any], drawn: Mapping[str, float], variant: Variant
) -> dict[str, float]:
    """Return what is expected of a trial, approximately, by the names of `outcomes`; nothing is simulated.

    Parameters
    ----------
    resolved : mapping
        The resolved scenario.
    drawn : mapping
        The unknowns of the draw.
    variant : Variant
        Doses and sets.

    Returns
    -------
    dict of float
        Counts are expected numbers. ``success`` says whether the expected values meet the criterion. What
        chance alone makes is 0, such as waits (``n_wait``), or nan, such as ``detection_hours``.
    """
    return run_trial(resolved, drawn, variant, 0, 0, 0, FLUID).outcomes


_lately: OrderedDict[tuple[str, int, int, int, bytes], Physics] = OrderedDict()
MOST_REMEMBERED = 16  # of a long phase each holds a megabyte or so


def remembering(engine: str, packed: Packed, seed: int, draw: int, luck: int) -> Physics:
    """Simulate a phase, unless this process has simulated the very same lately.

    Portfolios share their pilot, and what differs in money alone needs no simulation: money is counted
    afterwards.
    """
    key = engine, seed, draw, luck, digest(packed)
    if key in _lately:
        _lately.move_to_end(key)
    else:
        _lately[key] = simulator(engine)(packed, seed, draw, luck)
        if len(_lately) > MOST_REMEMBERED:
            _lately.popitem(last=False)
    return _lately[key]


def forget() -> None:
    """Drop what `remembering` keeps: another plan in this process begins anew."""
    _lately.clear()


def reading(
    phases: Phases, simulate: Callable[[Packed], Physics], seed: int, draw: int, luck: int
) -> Reading:
    """Simulate the phases of a trial and turn them into money.

    Where the dashboard shows too great a loss, the AI is given up: production is simulated again up to that
    instant, and its history until then is the same.
    """
    general, whole = phases.general, phases.window
    rate, tax = general["money.discount"], general["money.tax"]
    piloted = pilot_items = projected = math.nan
    board = np.full(whole.months, math.nan)
    if math.isnan(general["board.npv"]):
        pilot = simulate(phases.pilot)
        piloted, pilot_items = reported_accuracy(pilot), float(pilot.total(Count.ARRIVED))
        board = board_reading(phases, pilot, np.array([seed, draw, luck, keys.PILOT], np.int64))
        projected = npv(board * (1.0 - tax), np.zeros(whole.months), rate)
    else:
        projected = general["board.npv"]

    values, key = phases.values, np.array([seed, draw, luck, keys.PRODUCTION], np.int64)
    basis = values[0]["measurement.basis"]
    counted = counts_of(general, basis)
    packed, window = phases.production, whole
    while True:
        physics = simulate(packed)
        own = own_lines(physics, values, window, key)
        lines = together(own, physics, values[0], window) | bought(phases.bill, window)
        shown = dashboard.shown_flow(physics, lines, values, counted, piloted)
        loss, first = general["governance.stop_loss"], packed.go_live // MONTH
        month = dashboard.stop_month(shown, loss, first) if window is whole else None
        if month is None:
            break
        packed = replace(packed, stops_at=(month + 1) * MONTH - packed.go_live)
        window = replace(whole, end=month + 1.0)
    accuracy = dashboard.shown_accuracy(physics, basis, piloted)
    return Reading(
        physics,
        lines,
        own,
        window,
        board,
        projected,
        piloted,
        pilot_items,
        accuracy,
        shown,
        rate,
        tax,
        phases.bill,
    )


def with_mean_board(
    read: Reading, phases: Phases, lucks: int, engine: str, seed: int, draw: int, luck: int
) -> Reading:
    """Return a reading whose board figure is the mean over so many lucks of the pilot, the trial's own first.

    The others follow it in number. What the pilot reported to the dashboard stays that of the trial.
    """
    boards = [read.board]
    for other in range(luck + 1, luck + lucks):
        pilot = simulator(engine)(phases.pilot, seed, draw, other % 2**32)
        key = np.array([seed, draw, other % 2**32, keys.PILOT], np.int64)
        boards.append(board_reading(phases, pilot, key))
    board = np.mean(boards, axis=0)
    return read._replace(
        board=board, projected=npv(board * (1.0 - read.tax), np.zeros(len(board)), read.rate)
    )


def counts_of(general: Mapping[str, Any], basis: str) -> tuple[str, ...]:
    """Return the names of the ledger lines that a board counts which reads this basis."""
    stated = general["board.counts"]
    return DEFAULT_COUNTS[basis] if stated is None else tuple(stated)


def board_reading(phases: Phases, pilot: Physics, key: Ints) -> Floats:
    """Return the monthly flow that the board reads out of the pilot."""
    values, window = phases.pilot_values, phases.pilot_window
    upkeep = -phases.promised.carried_monthly * window.active()
    return board_flow(
        pilot,
        ledger(pilot, values, window, key) | {"upkeep": upkeep},
        values,
        counts_of(phases.general, values[0]["measurement.basis"]),
        window,
        phases.promised_window,
        planned_volume(phases),
    )
