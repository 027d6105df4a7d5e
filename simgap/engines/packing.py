"""From the values of a phase to the arrays that the rules read; nothing else knows an index."""

from __future__ import annotations

import datetime
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from simgap.model import items, solving
from simgap.model.clock import HOUR, MONTH, WEEK
from simgap.model.parameters import Law, P
from simgap.model.types import Floats, Ints

Values = Mapping[str, Any]
HOURS_PER_YEAR = 8760.0
UNLIMITED = 2**31  # servers
TRIGGER_BITS = {
    "confidence": items.CONFIDENCE,
    "exception": items.EXCEPTION,
    "edge": items.EDGE,
    "consequential": items.CONSEQUENTIAL,
    "value": items.VALUE,
    "mandatory": items.MANDATORY,
}
DEFECTS = ("missing", "format", "schema", "stale")

# Packed parameter -> path of the value that it copies.
COPIED = {
    P.MISSING: "data.missing",
    P.FORMAT: "data.format",
    P.SCHEMA: "data.schema",
    P.STALE: "data.stale",
    P.VALIDATED: "data.validated",
    P.FALSE_REJECT: "data.false_reject",
    P.REPAIRED: "data.repaired",
    P.MISSING_PENALTY: "data.missing_penalty",
    P.FORMAT_PENALTY: "data.format_penalty",
    P.SCHEMA_PENALTY: "data.schema_penalty",
    P.STALE_PENALTY: "data.stale_penalty",
    P.EDGE_SHARE: "edge_cases.share",
    P.NEVER_REPEATS: "edge_cases.never_repeats",
    P.HANDLED: "edge_cases.handled",
    P.RECOGNISED: "edge_cases.recognised",
    P.EDGE_PENALTY: "edge_cases.penalty",
    P.CONSEQUENTIAL: "consequential",
    P.HARDNESS: "ai.hardness",
    P.SIGMA_W: "ai.sigma_w",
    P.MANDATORY: "governance.mandatory_review",
    P.PERMISSION: "governance.permission",
    P.LATENCY: "integration.latency",
    P.LATENCY_CV: "integration.latency_cv",
    P.REVIEW_TIME: "oversight.time",
    P.REVIEW_CV: "oversight.time_cv",
    P.EXCEPTION_FACTOR: "oversight.exception_factor",
    P.EDGE_FACTOR: "oversight.edge_factor",
    P.SHRINKAGE: "oversight.shrinkage",
    P.RHO: "oversight.rho",
    P.GAMMA: "oversight.gamma",
    P.DELTA: "oversight.delta",
    P.X_REF: "oversight.x_ref",
    P.OVERTURN: "oversight.overturn",
    P.DEADLINE: "oversight.deadline",
}


@dataclass(frozen=True)
class Calendar:
    """A weekly calendar as the rules of `model.clock` read it, in microseconds."""

    starts: Ints
    ends: Ints
    before: Ints
    offset: int


@dataclass(frozen=True)
class Packed:
    """One phase of one draw, ready for an engine.

    Attributes
    ----------
    p : Floats
        Packed parameters, indexed by `P`.
    levels, duplicate_levels : Floats[n]
        Cumulative intensity of unique items and of duplicates at the knots.
    knots : Ints[n]
        Microseconds since go-live.
    regular : bool
        Whether gaps are deterministic in cumulative intensity.
    quantiles : Floats
        Quantiles of the item value between the value classes.
    cumulative : Floats
        Cumulative frequencies of the edge-case types.
    calendar : Calendar
        Staffed hours of the reviewers.
    reviewers, concurrency : int
        Servers of the review and of the AI stage.
    wall_deadline : bool
        Whether the deadline is wall time.
    priority : tuple of int
        Trigger bits, most urgent first.
    phase, workflow : int
        Of the key of the draws.
    go_live, months : int
        Microseconds from the decision to time 0; months of the window.
    """

    p: Floats
    levels: Floats
    duplicate_levels: Floats
    knots: Ints
    regular: bool
    quantiles: Floats
    cumulative: Floats
    calendar: Calendar
    reviewers: int
    concurrency: int
    wall_deadline: bool
    priority: tuple[int, ...]
    phase: int
    workflow: int
    go_live: int
    months: int


def week_offset(decision: str, hours: float) -> int:
    """Return the position in the week, in microseconds from Monday 00:00, some hours after a date.

    The date is ``2026-01-15``, or ``2026-01`` for the first of the month.
    """
    day = decision if len(decision) > len("2026-01") else f"{decision}-01"
    weekday = datetime.date.fromisoformat(day).weekday()
    return (weekday * 24 * HOUR + round(hours * HOUR)) % WEEK


def calendar_of(spans: Sequence[Sequence[float]], offset: int) -> Calendar:
    """Return a calendar from its spans (start hour, end hour, weight) of the week."""
    starts = np.array([round(s[0] * HOUR) for s in spans], np.int64)
    ends = np.array([round(s[1] * HOUR) for s in spans], np.int64)
    before = np.concatenate([[0], np.cumsum(ends - starts)]).astype(np.int64)
    return Calendar(starts, ends, before, offset)


def zipf(types: int, exponent: float) -> Floats:
    """Return the cumulative frequencies of types whose frequency falls as rank^-exponent; the last is 1."""
    frequencies = np.array([math.pow(rank, -exponent) for rank in range(1, types + 1)])
    cumulative = np.cumsum(frequencies) / frequencies.sum()
    cumulative[-1] = 1.0
    return np.asarray(cumulative, np.float64)


def intensity(values: Values, length: int, offset: int) -> tuple[Ints, Floats]:
    """Return knots, every hour, and the expected number of unique items that have arrived by each.

    Parameters
    ----------
    values : mapping
        Values of one workflow.
    length : int
        Microseconds during which items arrive.
    offset : int
        Position in the week at time 0.

    Returns
    -------
    knots : Ints[n]
        Microseconds from 0 to `length`.
    levels : Floats[n]
        Exact at the knots for the weekly profile; ramp and growth are taken at the middle of each hour.
    """
    knots = np.append(np.arange(0, length, HOUR, dtype=np.int64), length)
    spans = np.array(values["profile"], np.float64)
    work = spans[:, 2] * (spans[:, 1] - spans[:, 0])
    after = np.cumsum(work)
    corners = np.concatenate([[0.0], spans[:, :2].ravel(), [168.0]])
    reached = np.concatenate([[0.0], np.column_stack([after - work, after]).ravel(), after[-1:]])
    clock = (knots + offset) / HOUR
    weeks = np.floor(clock / 168.0)
    profile = weeks * reached[-1] + np.interp(clock - 168.0 * weeks, corners, reached)
    hours = (knots[1:] + knots[:-1]) / (2.0 * HOUR)
    since_start = hours - values["starts"] * 730.0
    factor = np.where(since_start >= 0.0, (1.0 + values["growth"]) ** (hours / HOURS_PER_YEAR), 0.0)
    if values["ramp"] > 0.0:
        factor = factor * np.clip(since_start / values["ramp"], 0.0, 1.0)
    per_hour = values["volume"] / HOURS_PER_YEAR * 168.0 / reached[-1]
    steps = per_hour * np.diff(profile) * factor
    return knots, np.concatenate([[0.0], np.cumsum(steps)])


def decision_mix(values: Values, intercept: float, handled_share: float) -> list[tuple[float, float, float]]:
    """Return the classes of AI decisions that a phase makes: weight, probability right, separation."""
    spread, sigma_w = values["ai.hardness"], values["ai.sigma_w"]
    separation = solving.separation_of(values["ai.auroc"], sigma_w)
    separation_edge = solving.separation_of(values["ai.auroc_edge"], sigma_w)
    validated, repaired = values["data.validated"], values["data.repaired"]
    edge = values["edge_cases.share"] * (1.0 - handled_share) * (1.0 - values["edge_cases.recognised"])
    ordinary = 1.0 - values["edge_cases.share"] * (1.0 - handled_share)
    rates = [values[f"data.{d}"] for d in DEFECTS]
    penalties = [values[f"data.{d}_penalty"] for d in DEFECTS]
    clean = math.prod(1.0 - r for r in rates)
    mix = []
    for present in itertools.product((0, 1), repeat=len(DEFECTS)):
        weight = math.prod(r if on else 1.0 - r for r, on in zip(rates, present, strict=True))
        if any(present):
            weight *= 1.0 - validated
        else:
            weight = weight * (1.0 - values["data.false_reject"]) + (1.0 - clean) * validated * repaired
        penalty = sum(c for c, on in zip(penalties, present, strict=True) if on)
        right = solving.probability_right(intercept - penalty, spread)
        mix.append((weight * ordinary, right, separation))
        right = solving.probability_right(intercept - penalty - values["edge_cases.penalty"], spread)
        mix.append((weight * edge, right, separation_edge))
    # Where validation lets nothing through the AI decides nothing, and any threshold will do.
    return [m for m in mix if m[0] > 0.0] or [(1.0, 0.5, separation)]


def handled_share(values: Values) -> float:
    """Return the share of edge cases whose type is handled at go-live."""
    cumulative = zipf(int(values["edge_cases.types"]), values["edge_cases.tail"])
    rank = min(int(values["edge_cases.handled"]), len(cumulative))
    return float((1.0 - values["edge_cases.never_repeats"]) * (cumulative[rank - 1] if rank else 0.0))


def pack(
    values: Values, pilot: Values, phase: int, decision: str, go_live_hours: float, window_hours: float
) -> Packed:
    """Return one phase of one workflow, packed for an engine.

    Parameters
    ----------
    values : mapping
        Values of the workflow in the phase, `scenario.values.workflow_values`.
    pilot : mapping
        Its values in the pilot: the confidence threshold is solved at the pilot's mix.
    phase : int
        `keys.PRODUCTION` or `keys.PILOT`.
    decision : str
        Calendar date of the decision.
    go_live_hours, window_hours : float
        Time from the decision to time 0 of the engine, and to the end of arrivals.
    """
    offset = week_offset(decision, go_live_hours)
    go_live = round(go_live_hours * HOUR)
    length = round(window_hours * HOUR) - go_live
    knots, levels = intensity(values, length, offset)
    duplicate = values["data.duplicate"]

    intercept = solving.intercept_of(values["ai.accuracy"], values["ai.hardness"])
    mix = decision_mix(pilot, intercept, handled_share(pilot))
    p = np.zeros(len(P))
    for place, path in COPIED.items():
        p[place] = values[path]
    p[P.INTERCEPT] = intercept
    p[P.SEPARATION] = solving.separation_of(values["ai.auroc"], values["ai.sigma_w"])
    p[P.SEPARATION_EDGE] = solving.separation_of(values["ai.auroc_edge"], values["ai.sigma_w"])
    p[P.THRESHOLD] = solving.threshold_of(
        values["oversight.review_least_confident"], mix, values["ai.sigma_w"]
    )
    p[P.CATCH_INTERCEPT] = solving.catch_intercept_of(
        values["oversight.catch"], intercept, values["ai.hardness"], values["oversight.rho"]
    )
    p[P.REVIEW_CONSEQUENTIAL] = float(values["governance.review_consequential"] == "yes")
    manual = values["oversight.manual_error"]
    p[P.MANUAL_ERROR] = values["legacy.error_rate"] if math.isnan(manual) else manual
    p[P.LATENCY_LAW] = Law[values["integration.latency_law"].upper()]
    p[P.REVIEW_LAW] = Law[values["oversight.time_law"].upper()]
    p[P.PATIENCE_LAW] = Law[values["oversight.patience_law"].upper()]
    return Packed(
        p=p,
        levels=levels,
        duplicate_levels=levels * (duplicate / (1.0 - duplicate)),
        knots=knots,
        regular=values["arrivals"] == "deterministic",
        quantiles=np.array(values["value_classes"], np.float64),
        cumulative=zipf(int(values["edge_cases.types"]), values["edge_cases.tail"]),
        calendar=calendar_of(values["oversight.hours"], offset),
        reviewers=int(values["oversight.reviewers"]),
        concurrency=int(min(values["ai.concurrency"], UNLIMITED)),
        wall_deadline=values["oversight.deadline_clock"] == "wall",
        priority=tuple(TRIGGER_BITS[t] for t in values["oversight.priority"] or ()),
        phase=phase,
        workflow=0,
        go_live=go_live,
        months=math.ceil(round(window_hours * HOUR) / MONTH),
    )
