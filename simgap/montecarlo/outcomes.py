"""The numbers that are kept of a trial: outcomes, months, and what is said of each workflow."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from simgap.economics.cashflow import discounted, npv
from simgap.economics.dashboard import ratio, true_accuracy
from simgap.economics.ledger import (
    LINES,
    ONE_OFF,
    OWN,
    Window,
    booked,
    given_up,
    incident_totals,
    incidents_by_month,
    reported_accuracy,
    value_of,
)
from simgap.engines.physics import CHANGES, ENDS, ESCAPES, NOT_SENT, Count, Physics
from simgap.model import governance
from simgap.model.clock import HOUR
from simgap.model.types import Floats
from simgap.scenario.portfolios import Bill

Values = Mapping[str, Any]
# What is said of each workflow: its items, those sent to the AI, and what became of them.
PER_WORKFLOW = ("items", "sent", "straight", "escaped", "fallback", "net_benefit")
MONTHLY = (
    "net",
    "cash",
    "one_off",
    "present",
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
    "declined_items",
    "accuracy_true",
    "accuracy_shown",
    "net_shown",
    "drift",
    "changes_open",
    "oversight_per_item",
)


class Reading(NamedTuple):
    """A trial, simulated and in money.

    Attributes
    ----------
    physics : Physics
        Of production.
    lines, own : mapping
        Its ledger with the one-off sums, and its lines by workflow.
    window : Window
        Its months; the last of them where the AI is given up.
    board : Floats[months]
        What the board reads; nan where its figure is stated.
    projected : float
        The board figure.
    piloted, pilot_items : float
        Accuracy that the pilot reported, and its items; nan where it was not simulated.
    shown_accuracy, shown_flow : Floats[months]
        What the dashboard shows.
    rate, tax : float
        Yearly discount rate, and tax.
    bill : Bill
        What pilot and investments cost.
    """

    physics: Physics
    lines: Mapping[str, Floats]
    own: Mapping[str, Floats]
    window: Window
    board: Floats
    projected: float
    piloted: float
    pilot_items: float
    shown_accuracy: Floats
    shown_flow: Floats
    rate: float
    tax: float
    bill: Bill

    @property
    def one_off(self) -> Floats:
        """Sums paid once."""
        return np.asarray(sum(self.lines[name] for name in ONE_OFF))

    @property
    def costs(self) -> Floats:
        """All other costs."""
        return np.asarray(sum(self.lines[name] for name in LINES if name not in ("benefit", *ONE_OFF)))

    @property
    def realised(self) -> float:
        """Net present value of production."""
        kept = 1.0 - self.tax
        return npv((self.lines["benefit"] + self.costs) * kept, self.one_off * kept, self.rate)


def heads_of(physics: Physics) -> tuple[Floats, Floats]:
    """Return the reviewers needed and the reviewers there were, by month, in months that are staffed."""
    hours = physics.reviewers.staffed / HOUR
    staffed = hours > 0.0
    offered = booked(physics, Count.OFFERED).sum(axis=0) / HOUR
    return offered[staffed] / hours[staffed], (physics.reviewers.capacity / HOUR)[staffed] / hours[staffed]


def monthly(r: Reading) -> Floats:
    """Return the months of a trial: Floats[months, len(MONTHLY)]."""
    physics, lines = r.physics, r.lines
    kept = 1.0 - r.tax
    items = booked(physics, Count.ARRIVED).sum(axis=0)
    columns = {
        **lines,
        "net": (lines["benefit"] + r.costs + r.one_off) * kept,
        "cash": (lines["cashable_benefit"] + r.costs + r.one_off) * kept,
        "one_off": r.one_off * kept,
        "present": discounted((lines["benefit"] + r.costs) * kept, r.one_off * kept, r.rate),
        "projected": r.board * kept,
        "items": items,
        "backlog": physics.reviewers.backlog,
        "offered_hours": booked(physics, Count.OFFERED).sum(axis=0) / HOUR,
        "staffed_hours": physics.reviewers.capacity / HOUR,
        "specialist_backlog": physics.specialists.backlog,
        "incident_count": incidents_by_month(physics, r.window),
        "restricted_hours": physics.level_time[:, governance.RESTRICTED :].sum(axis=1) / HOUR,
        "declined_items": booked(physics, Count.DECLINED).sum(axis=0),
        "accuracy_true": true_accuracy(physics),
        "accuracy_shown": r.shown_accuracy,
        "net_shown": r.shown_flow * kept,
        "drift": physics.drift,
        "changes_open": physics.changes_open,
        "oversight_per_item": ratio(-(lines["oversight"] + lines["exceptions"]), items),
    }
    return np.column_stack([columns[name] for name in MONTHLY]).astype(np.float64)


def outcomes(r: Reading, criterion: Mapping[str, Any], end: int) -> dict[str, float]:
    """Return the outcomes of a trial by name, with the counts that rates over many trials are pooled from.

    Parameters
    ----------
    r : Reading
        The trial.
    criterion : mapping
        Of success, as the resolved scenario holds it.
    end : int
        Instant at which arrivals end in production.
    """
    physics, lines = r.physics, r.lines
    realised = r.realised
    cashable = value_of(lines["cashable_benefit"] + r.costs, r.one_off, r.rate, r.tax)
    needed, heads = heads_of(physics)
    counts = physics.counts.sum(axis=0)  # of all workflows
    totals = counts.sum(axis=0).tolist()
    levels = physics.level_time / HOUR
    incidents, latent, problems = incident_totals(physics, end)
    team, specialists = physics.reviewers, physics.specialists
    return {
        "projected_npv": r.projected,
        "realised_npv": realised,
        "cashable_npv": cashable["npv"],
        "gap": r.projected - realised,
        "success": float(succeeds(criterion, realised, r.projected)),
        # What must be funded and what pays back is cash: the benefit that becomes cash, and all costs.
        **{name: value for name, value in cashable.items() if name != "npv"},
        "no_go_npv": given_up(r.bill, r.rate, r.tax),
        "pilot_cost": r.bill.pilot,
        "pilot_months": r.bill.lasts / 730.0,
        "carried_once": r.bill.carried,
        "investment_once": r.bill.carried + r.bill.others,
        "upkeep": -float(lines["upkeep"].sum()),
        "delay_months": r.bill.delay / 730.0,
        "go_live_month": r.window.go_live,
        # Most and fewest heads in a month, which differ with a headcount plan and with hiring.
        "reviewers": float(heads.max(initial=0.0)),
        "reviewers_fewest": float(heads.min(initial=math.inf)) if len(heads) else 0.0,
        "reviewers_needed_peak": float(needed.max(initial=0.0)),
        "backlog_peak": float(team.backlog.max()),
        "accuracy_reported": r.piloted,
        "accuracy_true": reported_accuracy(physics),
        "oversight_cost": -float(lines["oversight"].sum()),
        "exception_cost": -float(lines["exceptions"].sum()),
        "n_items": float(totals[Count.ARRIVED]),
        "n_pilot_items": r.pilot_items,
        "n_late": float(counts[-1, list(ENDS)].sum()),
        "n_active_months": float(r.window.active().sum()),
        "n_escaped": float(physics.total(*ESCAPES)),
        "n_capacity": float(team.capacity.sum() / HOUR),
        "n_used": float(counts[:-1, Count.USED].sum() / HOUR),
        "n_offered": totals[Count.OFFERED] / HOUR,
        "n_wait": team.wait_total / HOUR,
        "n_wall_wait": team.wall_wait_total / HOUR,
        "n_specialist_capacity": float(specialists.capacity.sum() / HOUR),
        "n_specialist_used": float(counts[:-1, Count.SPECIALIST_USED].sum() / HOUR),
        "n_specialist_wait": specialists.wait_total / HOUR,
        "n_ai_wait": totals[Count.AI_WAIT] / 3.6e6,
        "ai_backlog_peak": float(physics.ai_backlog_peak),
        "n_incidents": incidents,
        "n_latent_incidents": latent,
        "n_problems": problems,
        "n_changes": float(physics.total(*CHANGES)),
        "n_changes_open": float(physics.changes_open.sum()),
        "n_change_lead": totals[Count.CHANGE_LEAD] / 3.6e6,
        **first_detection(physics),
        "drift_at_end": float(physics.drift[-1]),
        "stopped_month": float(r.window.end) if r.window.end < r.window.months else math.inf,
        **{f"n_level_{word}": float(levels[:, i].sum()) for i, word in enumerate(governance.LEVELS)},
        **{f"n_{c.name.lower()}": float(totals[c]) for c in _REPORTED},
    }


def first_detection(physics: Physics) -> dict[str, float]:
    """Return how long the first spell of drift lasted until it was seen, or was no longer watched.

    One spell a trial: those of a trial are not independent, and what is estimated from many trials asks that.

    Returns
    -------
    dict
        ``detection_hours``, and ``detected``: 1, or 0 where it was not seen by then; nan if nothing drifts.
    """
    if not len(physics.detections):
        return {"detection_hours": math.nan, "detected": math.nan}
    begin, end, observed = physics.detections[0].tolist()
    return {"detection_hours": (end - begin) / HOUR, "detected": float(observed)}


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
