"""Small cases for the engines: values of a workflow, and ways to set up and watch a replication."""

import math
from dataclasses import replace

import numpy as np

from simgap.engines import packing, reference
from simgap.engines.physics import check
from simgap.model import keys
from simgap.model.clock import HOUR, NEVER

INF = math.inf
ALWAYS = ((0, 168, 1),)
OFFICE = tuple((24 * day + 9, 24 * day + 17, 1) for day in range(5))
LONG_DAYS = tuple((24 * day + 8, 24 * day + 18, 1) for day in range(5))
MONDAY = "2026-01-05"
MONTH = 730.0

ORDINARY = {
    "": {
        "volume": 26_000.0,
        "arrivals": "poisson",
        "profile": LONG_DAYS,
        "starts": 0.0,
        "ramp": 0.0,
        "growth": 0.0,
        "consequential": 0.06,
        "value_classes": (0.5, 0.9),
        "season": (),
        "month_end": 1.0,
        "month_end_days": 3,
        "holiday_volume": 1.0,
        "batch": 1,
        "day_cv": 0.0,
        "backlog": 0,
    },
    "clock": {"holidays": ()},
    "data": {
        "missing": 0.08,
        "format": 0.05,
        "schema": 0.02,
        "stale": 0.06,
        "validated": 0.5,
        "false_reject": 0.015,
        "repaired": 0.4,
        "duplicate": 0.04,
        "missing_penalty": 1.0,
        "format_penalty": 0.6,
        "schema_penalty": 1.9,
        "stale_penalty": 0.3,
        "schema_changes": 0.0,
        "schema_broken": 0.3,
    },
    "edge_cases": {
        "share": 0.1,
        "types": 150,
        "tail": 1.2,
        "never_repeats": 0.1,
        "handled": 12,
        "recognised": 0.4,
        "penalty": 2.0,
        "births": 0.0,
        "examples_needed": INF,
    },
    "scope": {"variety": 0.0},
    "ai": {
        "accuracy": 0.9,
        "auroc": 0.83,
        "auroc_edge": 0.6,
        "hardness": 1.0,
        "sigma_w": 0.93,
        "concurrency": 4,
    },
    "integration": {
        "latency": 0.01,
        "latency_cv": 0.5,
        "latency_law": "lognormal",
        "throughput": INF,
        "outages": 0.0,
        "outage_time": 3.0,
        "outage_cv": 1.0,
        "lost": 0.0,
    },
    "governance": {
        "mandatory_review": 0.05,
        "permission": 1,
        "review_consequential": "yes",
        "surfaced": 0.0,
        "lag": 672.0,
        "explainable": 1.0,
        "reviewable": 1.0,
        "correctable": 1.0,
        "resolve": 2016.0,
        "resolve_cv": 1.0,
        "warn": INF,
        "restrict": INF,
        "suspend": INF,
        "window": 672.0,
        "probation": 672.0,
        "guarded_least_confident": 0.3,
        "withdrawn": 1,
    },
    "oversight": {
        "reviewers": 4,
        "hours": OFFICE,
        "time": 0.15,
        "time_cv": 1.2,
        "time_law": "lognormal",
        "exception_factor": 2.0,
        "edge_factor": 1.5,
        "shrinkage": 0.3,
        "review_least_confident": 0.15,
        "catch": 0.7,
        "overturn": 0.02,
        "manual_error": math.nan,
        "rho": 1.0,
        "gamma": 1.0,
        "delta": 0.1,
        "x_ref": 8.0,
        "deadline": 16.0,
        "deadline_clock": "staffed",
        "patience_law": "deterministic",
        "priority": ("consequential",),
        "headcount_plan": (),
        "escalated": 0.0,
        "specialists": 0,
        "specialist_hours": OFFICE,
        "specialist_time": 0.5,
        "specialist_time_cv": 1.2,
        "specialist_time_law": "lognormal",
        "specialist_catch": math.nan,
        "specialist_deadline": INF,
        "hire_above": INF,
        "hire_lead_time": 2190.0,
        "hire_max": 0,
        "hire_learning": 2190.0,
    },
    "drift": {"erosion": 0.0, "shocks": 0.0, "shock_size": 0.5, "retraining_removes": 0.8},
    "measurement": {
        "basis": "pilot_metrics",
        "audit": 0.0,
        "audit_miss": 0.0,
        "audit_false": 0.0,
        "run_length": 8736.0,
        "detects": 2.0,
        "baseline": 100,
    },
    "iteration": {
        "lead_time": 0.0,
        "lead_time_cv": 0.5,
        "in_parallel": 1,
        "slowdown": 0.0,
        "retrain_after": INF,
    },
    "adoption": {
        "ceiling": 1.0,
        "half_after": 0.0,
        "involvement": 0.0,
        "trust_lost": 0.0,
        "recovery": 2190.0,
    },
    "legacy": {"error_rate": 0.03},
}

# Changes that leave only arrival, the AI at no time, and an hour's review of every item.
BARE = {
    "data__missing": 0.0,
    "data__format": 0.0,
    "data__schema": 0.0,
    "data__stale": 0.0,
    "data__false_reject": 0.0,
    "data__duplicate": 0.0,
    "edge_cases__share": 0.0,
    "consequential": 0.0,
    "ai__concurrency": INF,
    "integration__latency": 0.0,
    "integration__latency_law": "deterministic",
    "governance__mandatory_review": 1.0,
    "oversight__reviewers": 1,
    "oversight__hours": ALWAYS,
    "oversight__time": 1.0,
    "oversight__time_law": "deterministic",
    "oversight__shrinkage": 0.0,
    "oversight__delta": 0.0,
    "oversight__deadline": INF,
    "oversight__priority": None,
}


def values(**changes):
    """Return the values of a workflow; ``group__name=value`` changes one, a bare name one of its own."""
    flat = {
        f"{group}.{name}".lstrip("."): v for group, members in ORDINARY.items() for name, v in members.items()
    }
    wanted = {name.replace("__", "."): v for name, v in changes.items()}
    unknown = wanted.keys() - flat.keys()
    assert not unknown, unknown
    return {**flat, **wanted}


def bare(**changes):
    """Return values with nothing but reviews of an hour."""
    return values(**{**BARE, **changes})


def packed(case, pilot=None, phase=keys.PRODUCTION, decision=MONDAY, go_live=0.0, window=MONTH):
    """Return a case packed, its own pilot unless another is given; a list holds one case a workflow."""
    cases, pilots = ([c] if isinstance(c, dict) else c for c in (case, pilot or case))
    return packing.pack(cases, pilots, phase, decision, go_live, window)


def of_workflows(ready, *changes):
    """Return a packed case with some of the fields of each workflow changed."""
    flows = [replace(flow, **change) for flow, change in zip(ready.workflows, changes, strict=True)]
    return replace(ready, workflows=tuple(flows))


def arriving(case, hours, twins=False, **where):
    """Return a packed case whose k-th item arrives at the k-th of `hours`; `twins` adds duplicates there.

    For several workflows the case is a list of cases, and `hours` one of hours.
    """
    cases, hours = ([case], [hours]) if isinstance(case, dict) else (case, hours)
    ready = packed([{**c, "arrivals": "deterministic"} for c in cases], **where)
    all_of_them = sorted((h, number) for number, own in enumerate(hours) for h in own)
    changes = []
    for number in range(len(cases)):
        levels = np.array([0.0, *np.cumsum([n == number for _, n in all_of_them])])
        levels = np.append(levels, levels[-1])  # nothing more until the window ends
        changes.append({"levels": levels, "duplicate_levels": levels if twins else np.zeros(len(levels))})
    knots = np.array([0, *(round(h * HOUR) for h, _ in all_of_them), ready.knots[-1]], np.int64)
    return replace(of_workflows(ready, *changes), knots=knots)


def spells(log):
    """Return (begin, end) of each spell that is not autonomous; the last may not end."""
    found, level = [], "autonomous"
    for entry in log:
        if entry.activity == "stop":
            break
        if entry.activity == "autonomy level":
            if level == "autonomous":
                found.append([entry.time, NEVER])
            level = entry.detail["level"]
            if level == "autonomous":
                found[-1][1] = entry.time
    return [(begin, end) for begin, end in found if begin < end]


def removable(log):
    """Return what can be taken out of a history: (kind, number), and the restrictions."""
    kinds = {"incident": keys.INCIDENT, "outage": keys.OUTAGE, "schema change": keys.SCHEMA_CHANGE}
    entities = [(kinds[e.activity], e.entity) for e in log if e.activity in kinds]
    return list(dict.fromkeys(entities)), spells(log)


def bereft(ready, pick, seed=7, draw=0, luck=0):
    """Return a packed case without what `pick(number, place)` says of all that can be taken out of it."""
    log = []
    reference.simulate(ready, seed, draw, luck, log)
    entities, restrictions = removable(log)
    rows = [(*entity, 0) for i, entity in enumerate(entities) if pick(i)]
    rows += [(keys.RESTRICTION, *spell) for i, spell in enumerate(restrictions) if pick(i)]
    return replace(ready, without=tuple(rows))


class Witness(reference.Replication):
    """A replication that writes down how each item ended: (hour, kind, entity, how, escape)."""

    def __init__(self, ready, seed=1, draw=0, luck=0):
        super().__init__(ready, np.array([seed, draw, luck, ready.phase], np.int64))
        self.ends = []
        self.last = {}
        self.physics = self.run()
        check(self.physics)

    def end(self, item, how, escape):
        self.ends.append((self.env.now / HOUR, item.kind, item.entity, how, escape))
        self.last[item.kind, item.entity] = (item.triggers, item.right, item.hardness, item.x)
        super().end(item, how, escape)

    def order(self):
        """Return (kind, entity) in the order of the ends."""
        return [(kind, entity) for _, kind, entity, _, _ in self.ends]

    def hours(self):
        """Return the hours of the ends."""
        return [hour for hour, *_ in self.ends]
