"""What the tests of the rules share: packed parameters by name, and the uniforms of an item."""

import math

import numpy as np

from simgap.model import items, keys
from simgap.model.parameters import P, T
from simgap.sampling import philox
from simgap.sampling.inversion import normal_quantile
from simgap.sampling.philox import unit

KEY = np.array([2024, 7, 3, 0], np.int64)


def _filled(places, by_name):
    array = np.zeros(len(places))
    for name, value in by_name.items():
        array[places[name.upper()]] = value
    return array


def packed(**by_name):
    """Return packed parameters from their names in lower case; what is not named is 0."""
    return _filled(P, by_name)


def team(**by_name):
    """Return the packed parameters of a team in the same way."""
    return _filled(T, by_name)


def uniforms(kind, entity, purpose, occasion=0):
    """Return the four uniforms of a purpose of an item."""
    drawn = philox.words(*(int(k) for k in KEY), kind, entity, purpose, occasion)
    return [(w + 0.5) / 2**32 for w in drawn]


DIRTY = {
    "missing": 0.1,
    "format": 0.2,
    "schema": 0.05,
    "stale": 0.3,
    "validated": 0.6,
    "false_reject": 0.07,
    "repaired": 0.4,
    "missing_penalty": 0.5,
    "format_penalty": 1.25,
    "schema_penalty": 2.0,
    "stale_penalty": 0.1,
    "schema_changes": 6.0,
    "schema_broken": 0.35,
    "edge_share": 0.3,
    "never_repeats": 0.2,
    "handled": 5,
    "recognised": 0.45,
    "edge_penalty": 1.5,
    "types": 30,
    "births": 2.5,
    "examples_needed": 4,
    "variety": 0.12,
    "consequential": 0.35,
    "batch": 1,
    "day_cv": 0.6,
    "intercept": 1.5,
    "hardness": 1.3,
    "separation": 1.2,
    "separation_edge": 0.3,
    "sigma_w": 0.8,
    "least_confident": 0.15,
    "guarded_least_confident": 0.4,
    "mandatory": 0.15,
    "review_consequential": 1,
    "permission": 2,
    "guarded_permission": 1,
    "throughput": 700.0,
    "latency": 0.02,
    "latency_sigma": math.sqrt(math.log(1 + 0.5**2)),
    "latency_law": 2,
    "outages": 40.0,
    "outage_time": 3.0,
    "outage_cv": 1.5,
    "lost": 0.42,
    "overturn": 0.12,
    "manual_error": 0.22,
    "rho": 0.8,
    "escalated": 0.17,
    "surfaced": 0.28,
    "lag": 670.0,
    "explainable": 0.9,
    "reviewable": 0.55,
    "correctable": 0.3,
    "resolve": 2016.0,
    "resolve_cv": 1.1,
    "warn": 2,
    "restrict": 4,
    "suspend": 7,
    "erosion": 4e-5,
    "shocks": 3.0,
    "shock_size": 0.4,
    "retraining_removes": 0.8,
    "charted": 1,
    "audit": 0.11,
    "audit_miss": 0.24,
    "audit_false": 0.09,
    "baseline": 100,
    "detects": 2.0,
    "run_length": 8760.0,
    "lead_time": 500.0,
    "lead_time_cv": 0.7,
    "in_parallel": 2,
    "slowdown": 0.3,
    "retrain_after": 6,
    "ceiling": 0.9,
    "half_after": 1000.0,
    "trust_lost": 0.25,
    "recovery": 2190.0,
    "hire_above": 6.0,
    "hire_lead_time": 2190.0,
    "hire_max": 8,
    "hire_learning": 1460.0,
}

THRESHOLD, GUARDED_THRESHOLD = -0.7, 0.2  # of the score, in what `decide` meets

TEAMS = {
    "reviewers": {
        "purpose": keys.REVIEW,
        "time": 0.25,
        "mean_time": 0.35,
        "time_sigma": math.sqrt(math.log(1 + 1.2**2)),
        "time_law": 2,
        "exception_factor": 3.0,
        "edge_factor": 1.7,
        "shrinkage": 0.25,
        "gamma": 1.4,
        "delta": 0.2,
        "x_ref": 8.0,
        "catch_intercept": 1.1,
        "deadline": 16.0,
        "wall_deadline": 0,
        "patience_law": 1,
    },
    "specialists": {
        "purpose": keys.SPECIALIST,
        "time": 0.8,
        "mean_time": 0.7,
        "time_sigma": math.sqrt(math.log(1 + 0.4**2)),
        "time_law": 2,
        "exception_factor": 1.3,
        "edge_factor": 2.1,
        "shrinkage": 0.4,
        "gamma": 0.3,
        "delta": 0.05,
        "x_ref": 3.0,
        "catch_intercept": 2.6,
        "deadline": 50.0,
        "wall_deadline": 1,
        "patience_law": 1,
    },
}


def zipf_table(types, exponent):
    """Return cumulative Zipf frequencies, summed one by one."""
    weights = [k**-exponent for k in range(1, types + 1)]
    table = [sum(weights[: k + 1]) / sum(weights) for k in range(types)]
    table[-1] = 1.0
    return np.array(table)


def words(kind, entity, purpose):
    """Return an item's random words for a purpose."""
    return keys.item_words(KEY, kind, entity, purpose)


def cuts_of(p, threshold=THRESHOLD, guarded=GUARDED_THRESHOLD):
    """Return the cuts of a threshold of the score and of the one under `guarded`."""
    cuts = np.zeros(2 * items.CUTS)
    items.set_cuts(threshold, p, cuts, 0)
    items.set_cuts(guarded, p, cuts, items.CUTS)
    return cuts


def decide(entity, p, cuts, defects, unhandled, consequential, value_class, level, drift=0.0):
    """Return an item's hardness, whether the AI decides right, its triggers at a level, and its flags."""
    w, a = (words(keys.ITEM, entity, purpose) for purpose in (keys.DECISION, keys.LATENCY))
    hardness, flags = normal_quantile(unit(w[0])), items.decision_flags(w, a, p)
    right = items.ease(unit(w[1]), hardness, p) > items.penalty(defects, unhandled, p) + drift
    stakes = consequential, value_class
    triggers = items.triggers_of(unit(w[2]), right, unhandled, flags, *stakes, p, cuts)
    return hardness, right, items.at_level(triggers, level), flags
