"""One trial: a draw of the unknowns and a luck, simulated in both phases, turned into money."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from simgap.defaults import ENGINE
from simgap.economics.cashflow import npv
from simgap.economics.ledger import (
    DEFAULT_COUNTS,
    LINES,
    OWN,
    Window,
    board_flow,
    booked,
    by_month,
    ledger,
    own_lines,
    reported_accuracy,
    together,
    value_of,
)
from simgap.engines import simulator
from simgap.engines.arrivals import intensity
from simgap.engines.packing import Packed, pack
from simgap.engines.physics import ENDS, ESCAPES, NOT_SENT, Count, Physics
from simgap.errors import SimulationError
from simgap.model import governance, keys
from simgap.model.clock import HOUR, MONTH
from simgap.model.parameters import P
from simgap.model.types import Floats, Ints
from simgap.scenario.values import Variant, evaluate, phase_values, workflow_values

Values = Mapping[str, Any]
FULL_RATE = {"starts": 0.0, "ramp": 0.0, "growth": 0.0, "backlog": 0}
PLAN = "oversight.headcount_plan"
# Every hour like every other: a phase need not hold whole weeks or years.
EVEN = {"profile": [[0.0, 168.0, 1.0]], "season": [], "month_end": 1.0, "holiday_volume": 1.0}
# What is said of each workflow: its items, those sent to the AI, and what became of them.
PER_WORKFLOW = ("items", "sent", "straight", "escaped", "fallback", "net_benefit")
MONTHLY = (
    "net",
    "cash",
    "one_off",
    "projected",
    *LINES,
    "cashable_benefit",
    "items",
    "backlog",
    "offered_hours",
    "staffed_hours",
    "specialist_backlog",
    "incident_count",
    "restricted_hours",
)


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


@dataclass(frozen=True)
class Phases:
    """The two phases of one draw under one variant.

    Attributes
    ----------
    values, pilot_values : tuple of mapping
        Values of each workflow in production and in the pilot.
    planned : tuple of mapping
        Values of each workflow in production without doses, which leave the plan as it is.
    general : mapping
        Values of production by resolved path.
    production, pilot : Packed
        Ready for an engine.
    window, pilot_window : Window
        Their months.
    """

    values: tuple[Values, ...]
    pilot_values: tuple[Values, ...]
    planned: tuple[Values, ...]
    general: Values
    production: Packed
    pilot: Packed
    window: Window
    pilot_window: Window


def pilot_length(general: Mapping[str, Any]) -> float:
    """Return the length in hours of the pilot that `run` shows."""
    return float(general[f"pilots.{general['base.pilot']}.lasts"])


def prepare(resolved: Mapping[str, Any], drawn: Mapping[str, float], variant: Variant) -> Phases:
    """Return the phases of one draw under one variant, ready to simulate.

    Parameters
    ----------
    resolved : mapping
        The resolved scenario.
    drawn : mapping
        A number for each unknown.
    variant : Variant
        Doses and sets.
    """
    both = evaluate(resolved, drawn, variant.sets)
    names, doses = resolved["workflows"], dict(variant.doses)
    general = phase_values(both, "production", {})
    planned = tuple(workflow_values(general, name) for name in names)
    in_pilot = phase_values(both, "pilot", {})
    # A plan without a bar is of the months after go-live, and the pilot is over then.
    own_plan: dict[str, Any] = {} if in_pilot[PLAN] != general[PLAN] else {PLAN: []}
    # The pilot runs at its full rate from its first day to its last.
    pilots = tuple(workflow_values(in_pilot, name) | FULL_RATE | own_plan for name in names)
    decision, lasts, months = general["clock.decision"], pilot_length(general), int(general["clock.horizon"])
    hours = months * 730.0 - lasts
    if doses:
        rate = sum(mean_rate(values, hours) for values in planned)
        piloted = sum(mean_rate(values, lasts) for values in pilots)
        general = phase_values(both, "production", doses, rate / piloted if rate and piloted else 1.0)
    values: tuple[Values, ...] = tuple(workflow_values(general, name) for name in names)
    if doses.get("scope", 1.0) != 1.0:
        values = at_scope(values, planned, pilots, doses["scope"], decision, lasts, hours)
    production = pack(values, pilots, keys.PRODUCTION, decision, lasts, months * 730.0)
    pilot = pack(pilots, pilots, keys.PILOT, decision, 0.0, lasts)
    return Phases(
        values,
        pilots,
        planned,
        general,
        production,
        pilot,
        Window(months, production.go_live / MONTH, float(months)),
        Window(pilot.months, 0.0, lasts / 730.0),
    )


def mean_rate(values: Values, hours: float) -> float:
    """Return the mean arrivals of unique items an hour in a phase of some hours, were every hour alike.

    A part of a week or a year in the phase must not ask for one more reviewer.
    """
    return float(intensity({**values, **EVEN}, round(hours * HOUR), "2026-01", 0.0)[1][-1]) / hours


def at_scope(
    values: Sequence[Values],
    planned: Sequence[Values],
    pilots: Sequence[Values],
    dose: float,
    decision: str,
    go_live_hours: float,
    hours: float,
) -> tuple[Values, ...]:
    """Return the values of production with the volumes that a dose of `scope` gives each workflow.

    The items that production plans in its window are shared among the workflows in the pilot's proportions at
    dose 0, in production's at dose 1, linearly between and beyond. Their number stays, whatever the dose does
    to starts, ramps, growth and backlogs: these say when items come, and not how many.

    Parameters
    ----------
    values, planned, pilots : sequence of mapping
        Values of each workflow in production with and without doses, and in the pilot.
    dose : float
        Of `scope`.
    decision : str
        Calendar date of the decision.
    go_live_hours, hours : float
        Time from the decision to go-live, and from there to the end of the window.
    """

    def expected(of: Values) -> tuple[float, float]:  # arrivals, and an opening backlog besides
        length = round((go_live_hours + hours) * HOUR) - round(go_live_hours * HOUR)
        backlog = of["backlog"] if round(of["starts"] * MONTH) < length else 0
        return float(intensity(of, length, decision, go_live_hours)[1][-1]), float(backlog)

    def shares(numbers: Floats) -> Floats:
        return numbers / numbers.sum() if numbers.any() else numbers

    plan = np.array([sum(expected(of)) for of in planned])
    # What one item a year comes to: nothing where a workflow has no time in the window.
    each = np.array([expected({**of, "volume": 1.0})[0] for of in values])
    in_pilot, in_production = shares(np.array([of["volume"] for of in pilots], np.float64)), shares(plan)
    if not in_pilot.any():
        in_pilot = in_production
    mix = np.maximum(in_pilot + dose * (in_production - in_pilot), 0.0)
    items = plan.sum() * shares(np.where(each > 0.0, mix, 0.0))
    result = []
    for of, yearly, number in zip(values, each.tolist(), items.tolist(), strict=True):
        backlog = min(int(of["backlog"]), int(number))
        volume = (number - backlog) / yearly if yearly else 0.0
        result.append({**of, "backlog": backlog, "volume": volume})
    return tuple(result)


def expected_items(phases: Phases) -> float:
    """Return the arrivals, with duplicates and outages, that a trial is expected to simulate."""
    packed = [phases.production]
    if math.isnan(phases.general["board.npv"]):
        packed.append(phases.pilot)
    outages = sum(p.p[P.OUTAGES] * p.knots[-1] / HOUR / 8760.0 for p in packed)
    return sum(arrivals(p) for p in packed) + float(outages)


def arrivals(packed: Packed) -> float:
    """Return the items and duplicates that a phase is expected to have."""
    return float(sum(f.levels[-1] + f.duplicate_levels[-1] + f.waiting for f in packed.workflows))


def planned_volume(phases: Phases) -> Floats:
    """Return the items by month that the board believes in."""
    packed, window, general = phases.production, phases.window, phases.general
    if not math.isnan(general["board.volume"]):
        return np.asarray(general["board.volume"] / 12.0 * window.active() * general["board.adoption"])
    ends = np.arange(window.months + 1) * MONTH - packed.go_live
    length = int(packed.knots[-1])
    volume = np.zeros(window.months)
    for values in phases.planned:
        knots, levels = intensity(values, length, general["clock.decision"], pilot_length(general))
        volume += np.diff(np.interp(ends, knots, levels))
        starts = round(values["starts"] * MONTH)
        if starts < length:  # nothing arrives after the window
            volume[(packed.go_live + starts) // MONTH] += values["backlog"]
    return np.asarray(volume * general["board.adoption"], np.float64)


def run_trial(
    resolved: Mapping[str, Any],
    drawn: Mapping[str, float],
    variant: Variant,
    seed: int,
    draw: int,
    luck: int,
    engine: str = ENGINE,
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
        One of `defaults.ENGINES`; the result is the same bits.

    Returns
    -------
    Trial
        The same for the same arguments, wherever and whenever it runs.
    """
    phases = prepare(resolved, drawn, variant)
    general, window = phases.general, phases.window
    rate, tax = general["money.discount"], general["money.tax"]

    try:
        simulate = simulator(engine)
        physics = simulate(phases.production, seed, draw, luck)
        pilot = simulate(phases.pilot, seed, draw, luck) if math.isnan(general["board.npv"]) else None
    except SimulationError as error:
        raise type(error)(f"seed {seed}, draw {draw}, luck {luck}: {error}") from error
    key = np.array([seed, draw, luck, keys.PRODUCTION], np.int64)
    own = own_lines(physics, phases.values, window, key)
    lines = together(own, physics, phases.values[0], window)
    lines["pilot"] = np.zeros(window.months)
    lines["pilot"][0] = -general[f"pilots.{general['base.pilot']}.cost"]
    lines["investment"] = np.zeros(window.months)
    one_off = lines["pilot"] + lines["investment"]
    costs = sum(
        (lines[name] for name in LINES if name not in ("benefit", "pilot", "investment")),
        np.zeros(window.months),
    )
    realised = npv((lines["benefit"] + costs) * (1.0 - tax), one_off * (1.0 - tax), rate)
    cashable = value_of(lines["cashable_benefit"] + costs, one_off, rate, tax)

    if pilot is not None:
        pilot_key = np.array([seed, draw, luck, keys.PILOT], np.int64)
        pilot_lines = ledger(pilot, phases.pilot_values, phases.pilot_window, pilot_key)
        basis = phases.pilot_values[0]["measurement.basis"]
        stated = general["board.counts"]
        counts = DEFAULT_COUNTS[basis] if stated is None else tuple(stated)
        board = board_flow(
            pilot,
            pilot_lines,
            phases.pilot_values,
            counts,
            phases.pilot_window,
            window,
            planned_volume(phases),
        )
        projected = npv(board * (1.0 - tax), np.zeros(window.months), rate)
        dashboard = reported_accuracy(pilot)
    else:
        board, projected, dashboard = np.full(window.months, math.nan), general["board.npv"], math.nan

    net = (lines["benefit"] + costs + one_off) * (1.0 - tax)
    team = physics.reviewers
    offered, capacity, hours = (
        booked(physics, Count.OFFERED).sum(axis=0) / HOUR,
        team.capacity / HOUR,
        team.staffed / HOUR,
    )
    staffed = hours > 0.0
    needed, heads = offered[staffed] / hours[staffed], capacity[staffed] / hours[staffed]
    levels = physics.level_time / HOUR
    in_window = physics.incident_time <= int(phases.production.knots[-1])
    monthly = {
        **lines,
        "net": net,
        "cash": (lines["cashable_benefit"] + costs + one_off) * (1.0 - tax),
        "one_off": one_off * (1.0 - tax),
        "projected": board * (1.0 - tax),
        "items": booked(physics, Count.ARRIVED).sum(axis=0),
        "backlog": team.backlog.astype(np.float64),
        "offered_hours": offered,
        "staffed_hours": capacity,
        "specialist_backlog": physics.specialists.backlog.astype(np.float64),
        "incident_count": by_month(physics.incident_time, np.ones(len(in_window)), window),
        "restricted_hours": levels[:, governance.RESTRICTED :].sum(axis=1),
    }
    counts = physics.counts.sum(axis=0)  # of all workflows
    totals = counts.sum(axis=0).tolist()
    outcomes = {
        "projected_npv": projected,
        "realised_npv": realised,
        "cashable_npv": cashable["npv"],
        "gap": projected - realised,
        "success": float(succeeds(resolved["success"], realised, projected)),
        # What must be funded and what pays back is cash: the benefit that becomes cash, and all costs.
        **{name: value for name, value in cashable.items() if name != "npv"},
        # Most and fewest heads in a month, which differ with a headcount plan.
        "reviewers": float(heads.max(initial=0.0)),
        "reviewers_fewest": float(heads.min(initial=math.inf)) if len(heads) else 0.0,
        "reviewers_needed_peak": float(needed.max(initial=0.0)),
        "backlog_peak": float(team.backlog.max()),
        "accuracy_reported": dashboard,
        "accuracy_true": reported_accuracy(physics),
        "oversight_cost": -float(lines["oversight"].sum()),
        "exception_cost": -float(lines["exceptions"].sum()),
        "n_items": float(totals[Count.ARRIVED]),
        "n_pilot_items": float(pilot.total(Count.ARRIVED)) if pilot is not None else math.nan,
        "n_late": float(counts[-1, list(ENDS)].sum()),
        "n_active_months": float(window.active().sum()),
        "n_escaped": float(physics.total(*ESCAPES)),
        "n_capacity": float(capacity.sum()),
        "n_used": float(counts[:-1, Count.USED].sum() / HOUR),
        "n_offered": float(offered.sum()),
        "n_wait": team.wait_total / HOUR,
        "n_wall_wait": team.wall_wait_total / HOUR,
        "n_specialist_capacity": float(physics.specialists.capacity.sum() / HOUR),
        "n_specialist_used": float(counts[:-1, Count.SPECIALIST_USED].sum() / HOUR),
        "n_specialist_wait": physics.specialists.wait_total / HOUR,
        "n_ai_wait": totals[Count.AI_WAIT] / 3.6e6,
        "n_change_lead": totals[Count.CHANGE_LEAD] / 3.6e6,
        "ai_backlog_peak": float(physics.ai_backlog_peak),
        "n_incidents": float(in_window.sum()),
        "n_latent_incidents": float((~in_window).sum()),
        "n_problems": float((physics.incident_failed[in_window] > 0).sum()),
        **{f"n_level_{word}": float(levels[:, i].sum()) for i, word in enumerate(governance.LEVELS)},
        **{f"n_{c.name.lower()}": float(totals[c]) for c in _REPORTED},
    }
    return Trial(
        outcomes,
        np.column_stack([monthly[name] for name in MONTHLY]),
        np.stack([team.waits, team.wall_waits]),
        by_workflow(physics, own),
    )


def by_workflow(physics: Physics, own: Mapping[str, Floats]) -> Floats:
    """Return what is said of each workflow.

    Parameters
    ----------
    physics : Physics
        Of production.
    own : mapping
        Its lines by workflow, `economics.ledger.own_lines`.

    Returns
    -------
    Floats[workflows, len(PER_WORKFLOW)]
        ``sent`` are the items sent to the AI. ``net_benefit`` is the benefit less the costs that the workflow
        has of its own, before the wages and fixed costs of the organisation; not discounted.
    """
    counts = physics.counts.sum(axis=1)
    columns = {
        "items": counts[:, Count.ARRIVED],
        "sent": counts[:, Count.ARRIVED] - counts[:, list(NOT_SENT)].sum(axis=1),
        "straight": counts[:, Count.STRAIGHT],
        "escaped": counts[:, list(ESCAPES)].sum(axis=1),
        "fallback": counts[:, Count.FALLBACK],
        "net_benefit": sum(own[line].sum(axis=1) for line in OWN),
    }
    return np.column_stack([columns[name] for name in PER_WORKFLOW]).astype(np.float64)


# Not times, nor what other outcomes hold.
_REPORTED = tuple(
    c
    for c in Count
    if c
    not in (
        Count.ARRIVED,
        Count.OFFERED,
        Count.USED,
        Count.USED_BY_HAND,
        Count.SPECIALIST_OFFERED,
        Count.SPECIALIST_USED,
        Count.SPECIALIST_USED_BY_HAND,
        Count.AI_WAIT,
        Count.DELAY,
        Count.LEGACY_DELAY,
        Count.CHANGE_LEAD,
    )
)


def succeeds(criterion: Mapping[str, Any], realised: float, projected: float) -> bool:
    """Return whether a future meets the scenario's criterion, compared without dividing."""
    bar = criterion["value"] * (projected if criterion["of"] == "projected" else 1.0)
    return bool(realised >= bar if criterion["relation"] == ">=" else realised > bar)
