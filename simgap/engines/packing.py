"""From the values of a phase to the arrays that the rules read; nothing else knows an index."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from simgap.engines.arrivals import intensity
from simgap.engines.calendars import calendar_of, days_since, week_offset
from simgap.model import items, keys, solving
from simgap.model.clock import HOUR, MONTH, Calendar
from simgap.model.parameters import Law, P, T
from simgap.model.times import to_microseconds
from simgap.model.types import Floats, Ints
from simgap.sampling.inversion import lognormal_sigma

Values = Mapping[str, Any]
UNLIMITED = 2**31  # servers
TRIGGER_BITS = {
    "confidence": items.CONFIDENCE,
    "exception": items.EXCEPTION,
    "edge": items.EDGE,
    "consequential": items.CONSEQUENTIAL,
    "value": items.VALUE,
    "mandatory": items.MANDATORY,
    "autonomy": items.AUTONOMY,
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
    P.BATCH: "batch",
    P.DAY_CV: "day_cv",
    P.THROUGHPUT: "integration.throughput",
    P.LATENCY: "integration.latency",
    P.OUTAGES: "integration.outages",
    P.OUTAGE_TIME: "integration.outage_time",
    P.OUTAGE_CV: "integration.outage_cv",
    P.LOST: "integration.lost",
    P.OVERTURN: "oversight.overturn",
    P.RHO: "oversight.rho",
    P.ESCALATED: "oversight.escalated",
    P.SURFACED: "governance.surfaced",
    P.LAG: "governance.lag",
    P.EXPLAINABLE: "governance.explainable",
    P.REVIEWABLE: "governance.reviewable",
    P.CORRECTABLE: "governance.correctable",
    P.RESOLVE: "governance.resolve",
    P.RESOLVE_CV: "governance.resolve_cv",
    P.WARN: "governance.warn",
    P.RESTRICT: "governance.restrict",
    P.SUSPEND: "governance.suspend",
}
# The same for a team; what a team has of its own comes from its prefix, the rest is common to both.
OF_TEAM = {
    T.TIME: "oversight.{}time",
    T.SHRINKAGE: "oversight.shrinkage",
    T.GAMMA: "oversight.gamma",
    T.DELTA: "oversight.delta",
    T.X_REF: "oversight.x_ref",
    T.DEADLINE: "oversight.{}deadline",
}


@dataclass(frozen=True)
class Team:
    """The reviewers or the specialists.

    Attributes
    ----------
    t : Floats
        Packed parameters, indexed by `T`.
    calendar : Calendar
        Staffed hours.
    staff : int
        Heads at go-live.
    plan : tuple of (instant, heads)
        Changes of the headcount, in microseconds since go-live.
    wall_deadline : bool
        Whether the deadline is wall time.
    """

    t: Floats
    calendar: Calendar
    staff: int
    plan: tuple[tuple[int, int], ...]
    wall_deadline: bool


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
    reviewers, specialists : Team
        Those who review, and those to whom reviews escalate.
    concurrency : int
        Items that the AI stage serves at once.
    priority : tuple of int
        Trigger bits, most urgent first.
    phase, workflow : int
        Of the key of the draws.
    go_live, months : int
        Microseconds from the decision to time 0; months of the window.
    waiting, waiting_from : int
        Items of the opening backlog, and the instant at which they are there.
    incident_window, probation : int
        Microseconds for which an incident counts as recent, and of the time after a suspension.
    """

    p: Floats
    levels: Floats
    duplicate_levels: Floats
    knots: Ints
    regular: bool
    quantiles: Floats
    cumulative: Floats
    reviewers: Team
    specialists: Team
    concurrency: int
    priority: tuple[int, ...]
    phase: int
    workflow: int
    go_live: int
    months: int
    waiting: int
    waiting_from: int
    incident_window: int
    probation: int

    @property
    def month_starts(self) -> Ints:
        """Instants at which the months begin, and the last one ends, cut to the phase: Ints[months + 1]."""
        starts = np.arange(self.months + 1) * MONTH - self.go_live
        return np.asarray(np.clip(starts, 0, self.knots[-1]), np.int64)


@lru_cache(16)  # mostly the same in every draw
def zipf(types: int, exponent: float) -> Floats:
    """Return the cumulative frequencies of types whose frequency falls as rank^-exponent; the last is 1."""
    frequencies = np.array([math.pow(rank, -exponent) for rank in range(1, types + 1)])
    cumulative = np.cumsum(frequencies) / frequencies.sum()
    cumulative[-1] = 1.0
    return np.asarray(cumulative, np.float64)


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
    edge_penalty = values["edge_cases.penalty"]
    mix = []
    for present in itertools.product((0, 1), repeat=len(DEFECTS)):
        weight = math.prod(r if on else 1.0 - r for r, on in zip(rates, present, strict=True))
        if any(present):
            weight *= 1.0 - validated
        else:
            weight = weight * (1.0 - values["data.false_reject"]) + (1.0 - clean) * validated * repaired
        penalty = sum(c for c, on in zip(penalties, present, strict=True) if on)
        for share, more, d in ((ordinary, 0.0, separation), (edge, edge_penalty, separation_edge)):
            if weight * share > 0.0:
                right = solving.probability_right(intercept - penalty - more, spread)
                mix.append((weight * share, right, d))
    # Where validation lets nothing through the AI decides nothing, and any threshold will do.
    return mix or [(1.0, 0.5, separation)]


def handled_share(values: Values) -> float:
    """Return the share of edge cases whose type is handled at go-live."""
    cumulative = zipf(int(values["edge_cases.types"]), values["edge_cases.tail"])
    rank = min(int(values["edge_cases.handled"]), len(cumulative))
    return float((1.0 - values["edge_cases.never_repeats"]) * (cumulative[rank - 1] if rank else 0.0))


def pack_team(values: Values, prefix: str, plan: Any, catch_intercept: float, calendar: Calendar) -> Team:
    """Return a team: the reviewers with an empty prefix, or the specialists with ``specialist_``."""
    t = np.zeros(len(T))
    for place, path in OF_TEAM.items():
        t[place] = values[path.format(prefix)]
    t[T.PURPOSE] = keys.SPECIALIST if prefix else keys.REVIEW
    t[T.TIME_SIGMA] = lognormal_sigma(values[f"oversight.{prefix}time_cv"])
    t[T.TIME_LAW] = Law[values[f"oversight.{prefix}time_law"].upper()]
    t[T.PATIENCE_LAW] = Law[values["oversight.patience_law"].upper()]
    # The specialist's time is stated as it is, whatever made the item one for people.
    t[T.EXCEPTION_FACTOR] = 1.0 if prefix else values["oversight.exception_factor"]
    t[T.EDGE_FACTOR] = 1.0 if prefix else values["oversight.edge_factor"]
    t[T.CATCH_INTERCEPT] = catch_intercept
    return Team(
        t=t,
        calendar=calendar,
        staff=int(values["oversight.specialists" if prefix else "oversight.reviewers"]),
        plan=tuple((round(month * MONTH), int(heads)) for month, heads in plan or ()),
        wall_deadline=values["oversight.deadline_clock"] == "wall",
    )


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
    knots, levels = intensity(values, length, decision, go_live_hours)
    duplicate = values["data.duplicate"]

    intercept = solving.intercept_of(values["ai.accuracy"], values["ai.hardness"])
    mix = decision_mix(pilot, intercept, handled_share(pilot))
    p = np.zeros(len(P))
    for place, path in COPIED.items():
        p[place] = values[path]
    p[P.INTERCEPT] = intercept
    p[P.SEPARATION] = solving.separation_of(values["ai.auroc"], values["ai.sigma_w"])
    p[P.SEPARATION_EDGE] = solving.separation_of(values["ai.auroc_edge"], values["ai.sigma_w"])
    sigma_w, classes = values["ai.sigma_w"], len(values["value_classes"]) + 1
    p[P.THRESHOLD] = solving.threshold_of(values["oversight.review_least_confident"], mix, sigma_w)
    p[P.GUARDED_THRESHOLD] = solving.threshold_of(values["governance.guarded_least_confident"], mix, sigma_w)
    p[P.GUARDED_PERMISSION] = min(p[P.PERMISSION], classes - 1) - values["governance.withdrawn"]
    p[P.REVIEW_CONSEQUENTIAL] = float(values["governance.review_consequential"] == "yes")
    manual = values["oversight.manual_error"]
    p[P.MANUAL_ERROR] = values["legacy.error_rate"] if math.isnan(manual) else manual
    p[P.LATENCY_SIGMA] = lognormal_sigma(values["integration.latency_cv"])
    p[P.LATENCY_LAW] = Law[values["integration.latency_law"].upper()]

    def catch_intercept(share: float) -> float:
        return solving.catch_intercept_of(share, intercept, values["ai.hardness"], values["oversight.rho"])

    catch, specialist_catch = values["oversight.catch"], values["oversight.specialist_catch"]
    reviewer_intercept = catch_intercept(catch)
    specialist_intercept = (
        reviewer_intercept if math.isnan(specialist_catch) else catch_intercept(specialist_catch)
    )
    closures = days_since(decision, values["clock.holidays"] or (), go_live_hours)
    waiting_from = round(values["starts"] * MONTH)
    return Packed(
        p=p,
        levels=levels,
        duplicate_levels=levels * (duplicate / (1.0 - duplicate)),
        knots=knots,
        regular=values["arrivals"] == "deterministic",
        quantiles=np.array(values["value_classes"], np.float64),
        cumulative=zipf(int(values["edge_cases.types"]), values["edge_cases.tail"]),
        reviewers=pack_team(
            values,
            "",
            values["oversight.headcount_plan"],
            reviewer_intercept,
            calendar_of(values["oversight.hours"], offset, closures),
        ),
        specialists=pack_team(
            values,
            "specialist_",
            None,
            specialist_intercept,
            calendar_of(values["oversight.specialist_hours"], offset, closures),
        ),
        concurrency=int(min(values["ai.concurrency"], UNLIMITED)),
        priority=tuple(TRIGGER_BITS[t] for t in values["oversight.priority"] or ()),
        phase=phase,
        workflow=0,
        go_live=go_live,
        months=math.ceil(round(window_hours * HOUR) / MONTH),
        waiting=int(values["backlog"]) if waiting_from < length else 0,  # nothing arrives after the window
        waiting_from=waiting_from,
        incident_window=to_microseconds(values["governance.window"]),
        probation=to_microseconds(values["governance.probation"]),
    )
