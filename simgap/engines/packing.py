"""From the values of a phase to the arrays that the rules read; nothing else knows an index."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from simgap.engines.arrivals import intensity
from simgap.engines.calendars import calendar_of, days_since, week_offset
from simgap.model import items, keys, solving
from simgap.model.clock import HOUR, MONTH, NEVER, Calendar
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
    "audit": items.AUDIT,
}

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
    P.SCHEMA_CHANGES: "data.schema_changes",
    P.SCHEMA_BROKEN: "data.schema_broken",
    P.EDGE_SHARE: "edge_cases.share",
    P.NEVER_REPEATS: "edge_cases.never_repeats",
    P.HANDLED: "edge_cases.handled",
    P.RECOGNISED: "edge_cases.recognised",
    P.EDGE_PENALTY: "edge_cases.penalty",
    P.TYPES: "edge_cases.types",
    P.BIRTHS: "edge_cases.births",
    P.EXAMPLES_NEEDED: "edge_cases.examples_needed",
    P.VARIETY: "scope.variety",
    P.CONSEQUENTIAL: "consequential",
    P.HARDNESS: "ai.hardness",
    P.SIGMA_W: "ai.sigma_w",
    P.LEAST_CONFIDENT: "oversight.review_least_confident",
    P.GUARDED_LEAST_CONFIDENT: "governance.guarded_least_confident",
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
    P.SHOCKS: "drift.shocks",
    P.SHOCK_SIZE: "drift.shock_size",
    P.RETRAINING_REMOVES: "drift.retraining_removes",
    P.AUDIT: "measurement.audit",
    P.AUDIT_MISS: "measurement.audit_miss",
    P.AUDIT_FALSE: "measurement.audit_false",
    P.BASELINE: "measurement.baseline",
    P.DETECTS: "measurement.detects",
    P.RUN_LENGTH: "measurement.run_length",
    P.LEAD_TIME: "iteration.lead_time",
    P.LEAD_TIME_CV: "iteration.lead_time_cv",
    P.IN_PARALLEL: "iteration.in_parallel",
    P.SLOWDOWN: "iteration.slowdown",
    P.RETRAIN_AFTER: "iteration.retrain_after",
    P.TRUST_LOST: "adoption.trust_lost",
    P.RECOVERY: "adoption.recovery",
    P.HIRE_ABOVE: "oversight.hire_above",
    P.HIRE_LEAD_TIME: "oversight.hire_lead_time",
    P.HIRE_MAX: "oversight.hire_max",
    P.HIRE_LEARNING: "oversight.hire_learning",
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
    """The reviewers or the specialists, whom all workflows share.

    Attributes
    ----------
    calendar : Calendar
        Staffed hours.
    staff : int
        Heads at go-live.
    plan : tuple of (instant, heads)
        Changes of the headcount, in microseconds since go-live.
    """

    calendar: Calendar
    staff: int
    plan: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Flow:
    """One workflow in a phase.

    Attributes
    ----------
    p : Floats
        Packed parameters, indexed by `P`; those of the organisation are the same in all workflows.
    teams : Floats[2, len(T)]
        Packed parameters of its reviews by the reviewers and by the specialists, indexed by `T`.
    levels, duplicate_levels : Floats[n]
        Cumulative intensity of unique items and of duplicates at the knots of the phase.
    regular : bool
        Whether gaps are deterministic in cumulative intensity.
    quantiles : Floats
        Quantiles of the item value between the value classes.
    cumulative : Floats
        Cumulative frequencies of the edge-case types.
    defects : Floats[16]
        Share of the items that reach the AI with each set of defects, `solving.defect_shares`.
    cuts : Floats[2 CUTS]
        Of the confidence score, `items.set_cuts`, until the first retraining.
    waiting, waiting_from : int
        Items of the opening backlog, and the instant at which they are there.
    joins : int
        Instant at which it is connected; `NEVER` where it has no items.
    """

    p: Floats
    teams: Floats
    levels: Floats
    duplicate_levels: Floats
    regular: bool
    quantiles: Floats
    cumulative: Floats
    defects: Floats
    cuts: Floats
    waiting: int
    waiting_from: int
    joins: int


@dataclass(frozen=True)
class Packed:
    """One phase of one draw, ready for an engine.

    Attributes
    ----------
    workflows : tuple of Flow
        In the order of the file.
    knots : Ints[n]
        Microseconds since go-live.
    reviewers, specialists : Team
        Those who review, and those to whom reviews escalate.
    concurrency : int
        Items that the AI stage serves at once.
    priority : tuple of int
        Trigger bits, most urgent first.
    phase : int
        Of the key of the draws.
    go_live, months : int
        Microseconds from the decision to time 0; months of the window.
    incident_window, probation : int
        Microseconds for which an incident counts as recent, and of the time after a suspension.
    stops_at : int
        Instant at which the AI is given up; `NEVER` where it is not.
    without : tuple of (kind, number, end)
        What is taken out, `model.without`; restrictions in order of time, none within another.
    """

    workflows: tuple[Flow, ...]
    knots: Ints
    reviewers: Team
    specialists: Team
    concurrency: int
    priority: tuple[int, ...]
    phase: int
    go_live: int
    months: int
    incident_window: int
    probation: int
    stops_at: int = NEVER
    without: tuple[tuple[int, int, int], ...] = ()

    @property
    def p(self) -> Floats:
        """Packed parameters of the organisation: those of any workflow."""
        return self.workflows[0].p

    @property
    def removed(self) -> Ints:
        """What is taken out, as the rules read it: Ints[n, 3]."""
        return np.array(self.without, np.int64).reshape(-1, 3)

    @property
    def joins(self) -> Ints:
        """Instants at which the workflows are connected."""
        return np.array([flow.joins for flow in self.workflows], np.int64)

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


def handled_share(values: Values) -> float:
    """Return the share of edge cases whose type is handled at go-live."""
    cumulative = zipf(int(values["edge_cases.types"]), values["edge_cases.tail"])
    rank = min(int(values["edge_cases.handled"]), len(cumulative))
    return float((1.0 - values["edge_cases.never_repeats"]) * (cumulative[rank - 1] if rank else 0.0))


def team_parameters(values: Values, prefix: str, mean_time: float, catch_intercept: float) -> Floats:
    """Return the packed parameters of a workflow's reviews by a team.

    Parameters
    ----------
    values : mapping
        Values of the workflow.
    prefix : str
        Empty for the reviewers, ``specialist_`` for the specialists.
    mean_time : float
        Of a review by the team, over all workflows, in hours.
    catch_intercept : float
        `solving.catch_intercept_of`.
    """
    t = np.zeros(len(T))
    for place, path in OF_TEAM.items():
        t[place] = values[path.format(prefix)]
    t[T.PURPOSE] = keys.SPECIALIST if prefix else keys.REVIEW
    t[T.MEAN_TIME] = mean_time
    t[T.TIME_SIGMA] = lognormal_sigma(values[f"oversight.{prefix}time_cv"])
    t[T.TIME_LAW] = Law[values[f"oversight.{prefix}time_law"].upper()]
    t[T.PATIENCE_LAW] = Law[values["oversight.patience_law"].upper()]
    t[T.WALL_DEADLINE] = values["oversight.deadline_clock"] == "wall"
    # The specialist's time is stated as it is, whatever made the item one for people.
    t[T.EXCEPTION_FACTOR] = 1.0 if prefix else values["oversight.exception_factor"]
    t[T.EDGE_FACTOR] = 1.0 if prefix else values["oversight.edge_factor"]
    t[T.CATCH_INTERCEPT] = catch_intercept
    return t


def parameters(values: Values) -> Floats:
    """Return the packed parameters of a workflow in a phase, indexed by `P`."""
    p = np.zeros(len(P))
    for place, path in COPIED.items():
        p[place] = values[path]
    p[P.INTERCEPT] = solving.intercept_of(values["ai.accuracy"], values["ai.hardness"])
    p[P.SEPARATION] = solving.separation_of(values["ai.auroc"], values["ai.sigma_w"])
    p[P.SEPARATION_EDGE] = solving.separation_of(values["ai.auroc_edge"], values["ai.sigma_w"])
    classes = len(values["value_classes"]) + 1
    p[P.GUARDED_PERMISSION] = min(p[P.PERMISSION], classes - 1) - values["governance.withdrawn"]
    p[P.REVIEW_CONSEQUENTIAL] = values["governance.review_consequential"] == "yes"
    manual = values["oversight.manual_error"]
    p[P.MANUAL_ERROR] = values["legacy.error_rate"] if math.isnan(manual) else manual
    p[P.LATENCY_SIGMA] = lognormal_sigma(values["integration.latency_cv"])
    p[P.LATENCY_LAW] = Law[values["integration.latency_law"].upper()]
    p[P.CHARTED] = values["measurement.basis"] == "workflow_outcomes"
    # A share of the odds lost each month, as log-odds lost each hour.
    p[P.EROSION] = -math.log1p(-values["drift.erosion"]) / 730.0
    # Who has a say in it takes part sooner, and more of them do: half of what is missing (a guess).
    involved = 1.0 - 0.5 * values["adoption.involvement"]
    p[P.CEILING] = 1.0 - (1.0 - values["adoption.ceiling"]) * involved
    p[P.HALF_AFTER] = values["adoption.half_after"] * involved
    return p


def mean_time(workflows: Sequence[Values], prefix: str) -> float:
    """Return the mean time of a review by a team over the workflows, by their volumes, in hours."""
    volumes = [values["volume"] for values in workflows]
    times = [values[f"oversight.{prefix}time"] for values in workflows]
    return float(np.average(times, weights=volumes if any(volumes) else None))


def pack(
    workflows: Sequence[Values],
    pilots: Sequence[Values],
    phase: int,
    decision: str,
    go_live_hours: float,
    window_hours: float,
) -> Packed:
    """Return one phase, packed for an engine.

    Parameters
    ----------
    workflows : sequence of mapping
        Values of each workflow in the phase, `scenario.values.workflow_values`; what the organisation has
        only one of is read from the first.
    pilots : sequence of mapping
        Their values in the pilot: the confidence threshold is solved at the pilot's mix.
    phase : int
        `keys.PRODUCTION` or `keys.PILOT`.
    decision : str
        Calendar date of the decision.
    go_live_hours, window_hours : float
        Time from the decision to time 0 of the engine, and to the end of arrivals.
    """
    values = workflows[0]
    offset = week_offset(decision, go_live_hours)
    closures = days_since(decision, values["clock.holidays"] or (), go_live_hours)
    go_live = round(go_live_hours * HOUR)
    length = round(window_hours * HOUR) - go_live
    times = mean_time(workflows, ""), mean_time(workflows, "specialist_")
    variety = sum(pilot["volume"] > 0.0 for pilot in pilots)
    flows, knots = [], np.zeros(0, np.int64)
    for own, pilot in zip(workflows, pilots, strict=True):
        knots, levels = intensity(own, length, decision, go_live_hours)
        flows.append(_flow(own, pilot, variety, times, levels, length))
    return Packed(
        workflows=tuple(flows),
        knots=knots,
        reviewers=Team(
            calendar_of(values["oversight.hours"], offset, closures),
            int(values["oversight.reviewers"]),
            tuple((round(m * MONTH), int(heads)) for m, heads in values["oversight.headcount_plan"] or ()),
        ),
        specialists=Team(
            calendar_of(values["oversight.specialist_hours"], offset, closures),
            int(values["oversight.specialists"]),
            (),
        ),
        concurrency=int(min(values["ai.concurrency"], UNLIMITED)),
        priority=tuple(TRIGGER_BITS[t] for t in values["oversight.priority"] or ()),
        phase=phase,
        go_live=go_live,
        months=math.ceil(round(window_hours * HOUR) / MONTH),
        incident_window=to_microseconds(values["governance.window"]),
        probation=to_microseconds(values["governance.probation"]),
    )


def _flow(
    values: Values, pilot: Values, variety: int, times: tuple[float, float], levels: Floats, length: int
) -> Flow:
    """Return one workflow, packed; `variety` is the number of workflows in the pilot."""
    p, of_pilot = parameters(values), parameters(pilot)
    cuts = np.zeros(2 * items.CUTS)
    solving.solve_cuts(
        solving.defect_shares(pilot),
        items.edge_share(variety, of_pilot),
        handled_share(pilot),
        0.0,
        of_pilot,
        p,
        solving.HARDNESS_NODES,
        solving.HARDNESS_WEIGHTS,
        np.zeros((3, 32)),
        cuts,
    )
    catch, specialist_catch = values["oversight.catch"], values["oversight.specialist_catch"]
    if math.isnan(specialist_catch):
        specialist_catch = catch
    teams = [
        team_parameters(
            values,
            prefix,
            time,
            solving.catch_intercept_of(
                share, float(p[P.INTERCEPT]), values["ai.hardness"], values["oversight.rho"]
            ),
        )
        for prefix, time, share in zip(("", "specialist_"), times, (catch, specialist_catch), strict=True)
    ]
    duplicate = values["data.duplicate"]
    waiting_from = round(values["starts"] * MONTH)
    waiting = int(values["backlog"]) if waiting_from < length else 0  # nothing arrives after the window
    return Flow(
        p=p,
        teams=np.stack(teams),
        levels=levels,
        duplicate_levels=levels * (duplicate / (1.0 - duplicate)),
        regular=values["arrivals"] == "deterministic",
        quantiles=np.array(values["value_classes"], np.float64),
        cumulative=zipf(int(values["edge_cases.types"]), values["edge_cases.tail"]),
        defects=solving.defect_shares(values),
        cuts=cuts,
        waiting=waiting,
        waiting_from=waiting_from,
        joins=waiting_from if levels[-1] > 0.0 or waiting else NEVER,
    )


def digest(packed: Packed) -> bytes:
    """Return a digest of all that an engine reads of a phase: 32 bytes, equal for equal phases."""
    hasher = hashlib.sha256()  # twice as fast as others where the processor has instructions for it

    def feed(value: Any) -> None:
        if isinstance(value, np.ndarray):
            hasher.update(f"{value.dtype}{value.shape}".encode())
            hasher.update(np.ascontiguousarray(value).data)
        elif is_dataclass(value):
            for field in fields(value):
                feed(getattr(value, field.name))
        elif isinstance(value, tuple | list):
            hasher.update(f"{len(value)}:".encode())
            for part in value:
                feed(part)
        else:
            hasher.update(f"{value!r};".encode())

    feed(packed)
    return hasher.digest()
