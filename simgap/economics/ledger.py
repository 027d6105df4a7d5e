"""From physics to money: the ledger of a phase, the board's reading of a pilot, and the value of a cash flow.

Amounts are in the scenario's currency, benefits positive and costs negative, by model month of 730 hours from
the decision. What came after the window, while the queues drained, is booked to its last month.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from simgap.economics import cashflow
from simgap.economics.tails import class_means, severities, value_factors
from simgap.engines.physics import CHANGES, ENDS, FINISHED, LEGACY, REVIEWERS, SPECIALISTS, Count, Physics
from simgap.model import keys
from simgap.model.clock import HOUR, MONTH
from simgap.model.types import Floats, Ints, Numbers
from simgap.scenario.outside import RUNNING
from simgap.scenario.portfolios import Bill

Values = Mapping[str, Any]
Workflows = Sequence[Values]  # in the order of the file; of all of them the organisation has one value

# Ledger lines, in the order of reports.
PER_ITEM = ("benefit", "ai", "oversight", "exceptions", "errors", "incidents", "delay")
PER_MONTH = ("changes", "platform", "upkeep")
ONE_OFF = ("pilot", "investment")
LINES = (*PER_ITEM, *PER_MONTH, *ONE_OFF)
# Lines that a workflow has of its own; the others are of the whole organisation.
OWN = ("benefit", "ai", "errors", "incidents", "delay")
# What the scenario file calls a line in `board.counts`.
COUNTED = {
    "ai": "ai",
    "review": "oversight",
    "exceptions": "exceptions",
    "errors": "errors",
    "incidents": "incidents",
    "delay": "delay",
    "changes": "changes",
    "platform": "platform",
    "upkeep": "upkeep",
}
DEFAULT_COUNTS = {"pilot_metrics": ("ai", "review"), "workflow_outcomes": tuple(COUNTED)}


@dataclass(frozen=True)
class Window:
    """The months of a phase.

    Attributes
    ----------
    months : int
        Length of the window.
    go_live : float
        Months from the decision to go-live.
    end : float
        Months from the decision to the end of arrivals.
    """

    months: int
    go_live: float
    end: float

    def active(self) -> Floats:
        """Return the share of each month between go-live and the end."""
        month = np.arange(self.months, dtype=np.float64)
        share = np.minimum(month + 1.0, self.end) - np.maximum(month, self.go_live)
        return np.asarray(np.clip(share, 0.0, 1.0), np.float64)


def by_month(times: Ints, amounts: Floats, window: Window) -> Floats:
    """Return amounts summed by month of the window; `times` are microseconds since go-live."""
    return np.asarray(by_workflow(times, np.zeros_like(times), amounts, window, 1)[0], np.float64)


def by_workflow(times: Ints, items: Ints, amounts: Floats, window: Window, workflows: int) -> Floats:
    """Return amounts summed by the workflow of their items and by month of the window.

    Parameters
    ----------
    times, items : Ints[n]
        Microseconds since go-live, and the items.
    amounts : Floats[n]
        In the scenario's currency.
    window : Window
        The months.
    workflows : int
        Their number.

    Returns
    -------
    Floats[workflows, months]
    """
    months = window.months
    month = np.minimum((times + round(window.go_live * MONTH)) // MONTH, months - 1)
    sums = np.bincount(of_workflow(items) * months + month, amounts, workflows * months)
    # Without any times bincount gives integers.
    return sums.reshape(workflows, months).astype(np.float64)


def released(values: Values, window: Window) -> Floats:
    """Return the share of the avoided legacy labour that has turned into cash, by month.

    The cashable share, after a linear ramp-down from the workflow's start: the mean over the part of each
    month that lies after it.
    """
    start = window.go_live + values["starts"]
    ends = np.maximum(np.arange(1.0, window.months + 1.0) - start, 0.0)
    begins = np.maximum(np.arange(window.months) - start, 0.0)
    ramp = values["legacy.ramp_down"] / 730.0

    def area(x: Floats) -> Floats:  # under the ramp, from its start to x months after it
        return np.where(x < ramp, x**2 / (2.0 * ramp), x - ramp / 2.0) if ramp > 1e-6 else x

    length = ends - begins
    gone = np.divide(area(ends) - area(begins), length, out=np.zeros(window.months), where=length > 0.0)
    return np.asarray(values["legacy.cashable"] * np.clip(gone, 0.0, 1.0), np.float64)


def seen_incidents(physics: Physics, window: Window, phase: int) -> Ints:
    """Return the places of the incidents that a phase is charged with.

    Production also pays for those that surface after the window; the reading of a pilot does not see them.
    """
    if phase != keys.PILOT:
        return np.arange(len(physics.incident_time))
    return np.flatnonzero(physics.incident_time <= round((window.end - window.go_live) * MONTH))


def labour_cost(physics: Physics, values: Values) -> tuple[Floats, Floats]:
    """Return what reviewers and specialists cost by month: in all, and of it for work done by hand.

    Under ``by headcount`` all staffed hours are paid, and the drain after the window is worked in overtime.
    """
    total = by_hand = np.zeros(physics.counts.shape[1] - 1)
    wages = {"": values["oversight.wage"], "specialist": values["oversight.specialist_wage"]}
    if math.isnan(wages["specialist"]):
        wages["specialist"] = wages[""]
    for wage, team, columns in (
        (wages[""], physics.reviewers, REVIEWERS),
        (wages["specialist"], physics.specialists, SPECIALISTS),
    ):
        used, hand = (booked(physics, c).sum(axis=0) / HOUR for c in (columns.used, columns.by_hand))
        paid = used
        if values["oversight.paid"] == "by headcount":
            paid = team.capacity / HOUR
            paid[-1] += physics.counts[:, -1, columns.used].sum() / HOUR
        total = total + paid * wage
        by_hand = by_hand + hand * wage
    return total, by_hand


def booked(physics: Physics, *columns: Count) -> Floats:
    """Return the sum of columns by workflow and month, what came after the window booked to its last month.

    Returns
    -------
    Floats[workflows, months]
    """
    rows = physics.counts[:, :, list(columns)].sum(axis=2).astype(np.float64)
    rows[:, -2] += rows[:, -1]
    return np.asarray(rows[:, :-1], np.float64)


def of_workflow(entities: Ints) -> Ints:
    """Return the place of the workflow of each item."""
    return entities >> keys.WORKFLOW_SHIFT


def ledger(physics: Physics, workflows: Workflows, window: Window, key: Ints) -> dict[str, Floats]:
    """Return the ledger of one phase, without what pilot and investments cost, `bought`.

    Parameters
    ----------
    physics : Physics
        What the engine counted.
    workflows : sequence of mapping
        Values of each workflow in the phase, `scenario.values.workflow_values`.
    window : Window
        The months of the phase.
    key : Ints[4]
        Seed, draw, luck, phase: amounts are drawn here, keyed by item.

    Returns
    -------
    dict of Floats[months]
        Every line of `PER_ITEM` and `PER_MONTH`, of which ``upkeep`` is zero, and ``cashable_benefit``: the
        benefit that becomes cash.
    """
    return together(own_lines(physics, workflows, window, key), physics, workflows[0], window)


def together(
    own: Mapping[str, Floats], physics: Physics, values: Values, window: Window
) -> dict[str, Floats]:
    """Return the ledger: the lines of all workflows summed, and those of the whole organisation.

    Parameters
    ----------
    own : mapping
        As `own_lines` returns it.
    physics : Physics
        What the engine counted.
    values : mapping
        Values of any workflow.
    window : Window
        The months of the phase.
    """
    people, by_hand = labour_cost(physics, values)
    audits = booked(physics, Count.AUDITED).sum(axis=0) * values["measurement.audit_cost"]
    changes = booked(physics, *CHANGES).sum(axis=0) * values["iteration.change_cost"]
    fixed = sum(values[path] for path in RUNNING)  # together the line `platform`
    return {name: rows.sum(axis=0) for name, rows in own.items()} | {
        "oversight": -(people - by_hand + audits),
        "exceptions": -by_hand,
        "changes": -changes,
        "platform": -fixed * window.active(),
        "upkeep": np.zeros(window.months),
    }


def bought(bill: Bill, window: Window) -> dict[str, Floats]:
    """Return the lines of the pilot and of investments.

    Parameters
    ----------
    bill : Bill
        What they cost.
    window : Window
        The months of production.

    Returns
    -------
    dict of Floats[months]
        ``pilot``, ``investment`` and ``upkeep``. What the pilot carries is paid at the decision, the other
        investments in the month in which the pilot ends; the former cost their monthly sums from the decision
        on, the latter from go-live on, both until the end of the window.
    """
    pilot, investment = np.zeros((2, window.months))
    pilot[0], investment[0] = -bill.pilot, -bill.carried
    investment[int(bill.lasts / 730.0)] -= bill.others
    from_decision = Window(window.months, 0.0, window.end).active()
    return {
        "pilot": pilot,
        "investment": investment,
        "upkeep": -(bill.carried_monthly * from_decision + bill.others_monthly * window.active()),
    }


def given_up(bill: Bill, rate: float, tax: float) -> float:
    """Return the net present value where the AI is given up at the end of its pilot.

    Parameters
    ----------
    bill : Bill
        What pilot and investments cost: the pilot itself, and what it carries with its monthly sums so far.
    rate, tax : float
        Yearly discount rate; tax, where a loss is set off at once.
    """
    lasts = bill.lasts / 730.0
    pilot = Window(math.ceil(lasts), 0.0, lasts)
    once = np.zeros(pilot.months)
    once[0] = -(bill.pilot + bill.carried)
    kept = 1.0 - tax
    return cashflow.npv(-bill.carried_monthly * kept * pilot.active(), once * kept, rate)


def own_lines(physics: Physics, workflows: Workflows, window: Window, key: Ints) -> dict[str, Floats]:
    """Return the lines that each workflow has of its own.

    Parameters
    ----------
    physics, workflows, window, key
        As for `ledger`.

    Returns
    -------
    dict of Floats[workflows, months]
        The lines of `OWN`, and ``cashable_benefit``.

    Notes
    -----
    The baseline is going on the legacy way with the same arrivals. An item that the AI path finishes avoids
    its legacy cost and the legacy errors expected of it, at the mean value of the value classes that were
    finished. A duplicate would have been worked once more only where the legacy way does not recognise it. An
    item that ends the legacy way avoids nothing, and costs the rehire premium for the share of the legacy
    team that is gone; in a pilot nobody is gone. Avoided errors count as cash in full.
    """

    def of(path: str) -> Floats:  # a column, to multiply rows of months with
        return np.array([[values[path]] for values in workflows], np.float64)

    cost = of("legacy.cost")
    undetected = 1.0 - of("legacy.duplicate_detection")
    done = booked(physics, *FINISHED)
    gone = np.zeros((len(workflows), window.months))
    if key[3] == keys.PRODUCTION:
        gone[:] = [released(values, window) for values in workflows]

    labour = (done + undetected * booked(physics, Count.DUPLICATE_DONE)) * cost
    legacy = booked(physics, *LEGACY) + undetected * booked(physics, Count.DUPLICATE_FALLBACK)
    rehire = legacy * cost * (of("legacy.rehire_multiple") - 1.0) * gone
    worth = np.array([[mean_value(*pair)] for pair in zip(physics.ends_by_class, workflows, strict=True)])
    errors_avoided = done * of("legacy.error_rate") * of("error_cost") * worth

    losses = expected_losses if physics.expected else drawn_losses
    errors, incidents = losses(physics, workflows, window, key)
    late = booked(physics, Count.DELAY, Count.LEGACY_DELAY) / 3.6e6 - done * of("legacy.delay")
    return {
        "benefit": labour + errors_avoided - rehire,
        "cashable_benefit": labour * gone + errors_avoided - rehire,
        "ai": -booked(physics, Count.AI_SERVED) * of("ai.cost"),
        "errors": -errors,
        "incidents": -incidents,
        "delay": -late * of("legacy.delay_cost"),
    }


def drawn_losses(physics: Physics, workflows: Workflows, window: Window, key: Ints) -> tuple[Floats, Floats]:
    """Return what escaped errors and incidents cost: Floats[workflows, months] each, every amount drawn."""

    def of(path: str) -> Floats:
        return np.array([values[path] for values in workflows], np.float64)

    seen = seen_incidents(physics, window, key[3])
    incidents = physics.incident_entity[seen]
    whose = of_workflow(incidents)
    severity, spread = of("governance.incident_cost"), of("governance.incident_cost_cv")
    amounts = severities(key, incidents, severity[whose], spread[whose])
    escaped = physics.escaped_entity
    whose = of_workflow(escaped)
    errors = value_factors(key, escaped, of("value_cv")[whose]) * of("error_cost")[whose]
    return (
        by_workflow(physics.escaped_time, escaped, errors, window, len(workflows)),
        by_workflow(physics.incident_time[seen], incidents, amounts, window, len(workflows)),
    )


def expected_losses(
    physics: Physics, workflows: Workflows, window: Window, key: Ints
) -> tuple[Floats, Floats]:
    """Return the same of expected numbers: errors at the mean value of their class, incidents at theirs."""
    assert physics.expected
    escapes, incidents = physics.expected.escapes, physics.expected.incidents
    errors = np.zeros((len(workflows), escapes.shape[2]))
    for row, by_class, values in zip(errors, escapes, workflows, strict=True):
        means = class_means(np.array(values["value_classes"]), values["value_cv"])
        row[:] = values["error_cost"] * (means @ by_class[: len(means)])
    amounts = incidents * np.array([[values["governance.incident_cost"]] for values in workflows])
    if key[3] == keys.PILOT:
        amounts[:, -1] = 0.0
    errors, amounts = (np.column_stack([r[:, :-2], r[:, -2:].sum(axis=1)]) for r in (errors, amounts))
    return errors, amounts


def incidents_by_month(physics: Physics, window: Window) -> Floats:
    """Return the number of incidents by month, those after the window in its last: Floats[months]."""
    if physics.expected:
        rows = physics.expected.incidents.sum(axis=0)
        return np.concatenate([rows[:-2], [rows[-2:].sum()]])
    return by_month(physics.incident_time, np.ones(len(physics.incident_time)), window)


def incident_totals(physics: Physics, end: int) -> tuple[float, float, float]:
    """Return the incidents that surface until an instant, those after it, and of the former the problems."""
    if physics.expected:
        incidents, failed = physics.expected.incidents, physics.expected.failed
        return float(incidents[:, :-1].sum()), float(incidents[:, -1].sum()), float(failed[:, :-1].sum())
    inside = physics.incident_time <= end
    return float(inside.sum()), float((~inside).sum()), float((physics.incident_failed[inside] > 0).sum())


def mean_value(ends_by_class: Numbers, values: Values) -> float:
    """Return the mean value of the items that a workflow finished, as a multiple of its mean value."""
    by_class = ends_by_class[:, [ENDS.index(end) for end in FINISHED]].sum(axis=1)
    means = class_means(np.array(values["value_classes"]), values["value_cv"])
    # Another workflow may have more classes.
    return float(by_class[: len(means)] @ means) / (float(by_class.sum()) or 1.0)


def board_flow(
    physics: Physics,
    lines: Mapping[str, Floats],
    workflows: Workflows,
    counts: tuple[str, ...],
    pilot: Window,
    production: Window,
    planned: Floats,
) -> Floats:
    """Return the monthly flow that the sponsors read out of a pilot.

    Parameters
    ----------
    physics, lines : Physics and mapping
        The pilot and its ledger.
    workflows : sequence of mapping
        Values of each workflow in the pilot.
    counts : tuple of str
        Names of the ledger lines that the board counts, keys of `COUNTED`.
    pilot, production : Window
        Months of the pilot, and of the business case.
    planned : Floats[months]
        Items by month that the board believes in.

    Returns
    -------
    Floats[months]
        Per-item lines by volume, monthly lines by months, one-off lines not at all. Under ``pilot_metrics``
        the benefit is throughput times reported accuracy; errors that nobody observed are left out.
    """
    counted = {COUNTED[c] for c in counts}
    monthly = sum(lines[line].sum() for line in PER_MONTH if line in counted) / (pilot.end - pilot.go_live)
    fixed = np.asarray(monthly * production.active(), np.float64)
    arrived = physics.total(Count.ARRIVED)
    if not arrived:
        return fixed  # a pilot without items says nothing about an item
    if workflows[0]["measurement.basis"] == "pilot_metrics":
        done = booked(physics, *FINISHED).sum(axis=1)
        worth = [v["legacy.cost"] + v["legacy.error_rate"] * v["error_cost"] for v in workflows]
        accuracy = reported_accuracy(physics)
        benefit = (1.0 if math.isnan(accuracy) else accuracy) * float(done @ np.array(worth))
    else:
        benefit = lines["benefit"].sum()
    costs = sum(lines[line].sum() for line in PER_ITEM if line in counted)
    return np.asarray(planned * ((benefit + costs) / arrived) + fixed, np.float64)


def reported_accuracy(physics: Physics) -> float:
    """Return the share of right AI decisions; nan where none was made."""
    decisions = physics.total(Count.AI_DECISIONS)
    return physics.total(Count.AI_RIGHT) / decisions if decisions else math.nan


def value_of(monthly: Floats, one_off: Floats, rate: float, tax: float) -> dict[str, float]:
    """Return what finance reads in a cash flow.

    Parameters
    ----------
    monthly, one_off : Floats[months]
        Flows in the middle of each month, and sums at its start; before tax.
    rate, tax : float
        Yearly discount rate; tax on the net flow, where a loss is set off at once.

    Returns
    -------
    dict
        ``npv``, ``payback_months``, ``discounted_payback_months`` (whole months, infinite for
        never), ``peak_funding``, ``peak_month``, ``irr`` (nan where undefined).
    """
    monthly, one_off = monthly * (1.0 - tax), one_off * (1.0 - tax)
    # A sum at the start of a month must be funded before the month earns anything: two steps a month.
    nothing = np.zeros_like(monthly)
    steps = np.column_stack([one_off, monthly]).ravel()
    present = np.column_stack(
        [cashflow.discounted(nothing, one_off, rate), cashflow.discounted(monthly, nothing, rate)]
    ).ravel()
    need, step = cashflow.peak_funding(steps)
    return {
        "npv": cashflow.npv(monthly, one_off, rate),
        "payback_months": np.ceil(cashflow.payback_month(steps) / 2.0),
        "discounted_payback_months": np.ceil(cashflow.payback_month(present) / 2.0),
        "peak_funding": need,
        "peak_month": float((step + 1) // 2),
        "irr": cashflow.irr(monthly, one_off),
    }
