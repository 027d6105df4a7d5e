"""The two phases of one draw of the unknowns under one variant, ready to simulate."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from simgap.economics.ledger import Window
from simgap.engines.arrivals import intensity
from simgap.engines.packing import Packed, pack
from simgap.model import keys
from simgap.model.clock import HOUR, MONTH
from simgap.model.parameters import P
from simgap.model.types import Floats
from simgap.scenario.outside import uplifted, without_uplifts
from simgap.scenario.portfolios import Bill, bill, members
from simgap.scenario.values import (
    Variant,
    at_volume,
    evaluate,
    of_variant,
    phase_values,
    taken,
    workflow_values,
)

Values = Mapping[str, Any]
FULL_RATE = {"starts": 0.0, "ramp": 0.0, "growth": 0.0, "backlog": 0}
PLAN = "oversight.headcount_plan"
# Every hour like every other: a phase need not hold whole weeks or years.
EVEN = {"profile": [[0.0, 168.0, 1.0]], "season": [], "month_end": 1.0, "holiday_volume": 1.0}


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
    bill : Bill
        What pilot and investments cost, and how long they take.
    promised : Bill
        The same as it is estimated, without the uplifts for optimism: what the sponsors see.
    promised_window : Window
        The months of production as they see them.
    """

    values: tuple[Values, ...]
    pilot_values: tuple[Values, ...]
    planned: tuple[Values, ...]
    general: Values
    production: Packed
    pilot: Packed
    window: Window
    pilot_window: Window
    bill: Bill
    promised: Bill
    promised_window: Window

    @property
    def go_live_hours(self) -> float:
        """Hours from the decision to go-live."""
        return self.bill.lasts + self.bill.delay

    @property
    def promised_hours(self) -> float:
        """Hours from the decision to the go-live that the sponsors see."""
        return self.promised.lasts + self.promised.delay


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
    names, doses = resolved["workflows"], dict(variant.doses)
    pilot_name, carried, others = members(resolved, variant.pilot, variant.investments)
    like = taken(resolved, pilot_name)
    both = of_variant(resolved, drawn, variant)
    general = phase_values(both, "production", {})
    planned = tuple(workflow_values(general, name) for name in names)
    costs = bill(general, pilot_name, carried, others)
    promised = bill(without_uplifts(general), pilot_name, carried, others)
    decision, months = general["clock.decision"], int(general["clock.horizon"])
    lasts, go_live = costs.lasts, costs.lasts + costs.delay
    hours = months * 730.0 - go_live
    # A plan without a bar is of the months after go-live, and the pilot is over then.
    plan = resolved["parameters"][PLAN]
    left_out: dict[str, Any] = (
        {PLAN: []} if plan.get("pilot") == plan.get("production") or "oversight" in like else {}
    )
    pilots = pilot_values(both, names, left_out)
    if like:
        # A pilot is the same whatever is bought after it.
        before = planned
        if others:
            plain = phase_values(evaluate(resolved, drawn, variant.sets, like, carried), "production", {})
            before = tuple(workflow_values(plain, name) for name in names)
        both = at_volume(both, like, 1.0 / volume_ratio(before, months * 730.0 - lasts, pilots, lasts))
        pilots = pilot_values(both, names, left_out)
        if "scope" in like:
            pilots = in_proportion(pilots, before)
    if doses:
        general = phase_values(both, "production", doses, volume_ratio(planned, hours, pilots, lasts))
    general = uplifted(general)
    values: tuple[Values, ...] = tuple(workflow_values(general, name) for name in names)
    if doses.get("scope", 1.0) != 1.0:
        values = at_scope(values, planned, pilots, doses["scope"], decision, go_live, hours)
    production = staffed_for(
        pack(values, pilots, keys.PRODUCTION, decision, go_live, months * 730.0), variant
    )
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
        costs,
        promised,
        Window(months, round((promised.lasts + promised.delay) * HOUR) / MONTH, float(months)),
    )


def staffed_for(packed: Packed, variant: Variant) -> Packed:
    """Return a phase with the adoption and the further reviewers that a variant asks for."""
    if variant.adopted is not None:
        flows = tuple(replace(flow, p=flow.p.copy()) for flow in packed.workflows)
        for flow in flows:
            flow.p[P.CEILING] = variant.adopted
        packed = replace(packed, workflows=flows)
    if variant.heads:
        team = packed.reviewers

        def more(heads: float) -> int:
            # A fraction of a head is for the fluid model, which asks for no whole number.
            now = max(0.0, heads + variant.heads)
            return int(now) if now.is_integer() else now  # type: ignore[return-value]

        plan = tuple((when, more(heads)) for when, heads in team.plan)
        packed = replace(packed, reviewers=replace(team, staff=more(team.staff), plan=plan))
    return packed


def pilot_values(
    both: Mapping[str, tuple[Any, Any]], names: Sequence[str], left_out: dict[str, Any]
) -> tuple[Values, ...]:
    """Return the values of each workflow in the pilot, which runs at its full rate from its first day on."""
    seen = phase_values(both, "pilot", {})
    return tuple(workflow_values(seen, name) | FULL_RATE | left_out for name in names)


def in_proportion(pilots: Sequence[Values], planned: Sequence[Values]) -> tuple[Values, ...]:
    """Return the pilot's workflows with its volume shared among them in production's proportions."""
    volumes = np.array([values["volume"] for values in planned], np.float64)
    total = sum(values["volume"] for values in pilots)
    shares = volumes / volumes.sum() if volumes.any() else np.zeros(len(volumes))
    return tuple(
        {**values, "volume": total * share} for values, share in zip(pilots, shares.tolist(), strict=True)
    )


def volume_ratio(
    planned: Sequence[Values], hours: float, pilots: Sequence[Values], pilot_hours: float
) -> float:
    """Return the mean rate of production over that of the pilot; 1 where either has no items."""
    rate = sum(mean_rate(values, hours) for values in planned)
    piloted = sum(mean_rate(values, pilot_hours) for values in pilots)
    return rate / piloted if rate and piloted else 1.0


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
    window, general = phases.promised_window, phases.general
    if not math.isnan(general["board.volume"]):
        return np.asarray(general["board.volume"] / 12.0 * window.active() * general["board.adoption"])
    go_live = round(phases.promised_hours * HOUR)
    ends = np.arange(window.months + 1) * MONTH - go_live
    length = round(window.months * 730.0 * HOUR) - go_live
    volume = np.zeros(window.months)
    for values in phases.planned:
        knots, levels = intensity(values, length, general["clock.decision"], phases.promised_hours)
        volume += np.diff(np.interp(ends, knots, levels))
        starts = round(values["starts"] * MONTH)
        if starts < length:  # nothing arrives after the window
            volume[(go_live + starts) // MONTH] += values["backlog"]
    return np.asarray(volume * general["board.adoption"], np.float64)
