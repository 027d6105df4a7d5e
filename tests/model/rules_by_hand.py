"""What the tests of the rules share: packed parameters by name, and the uniforms of an item."""

import numpy as np

from simgap.model.parameters import P
from simgap.sampling.philox import words

KEY = np.array([2024, 7, 3, 0], np.int64)


def packed(**by_name):
    """Return packed parameters from their names in lower case; what is not named is 0."""
    p = np.zeros(len(P))
    for name, value in by_name.items():
        p[P[name.upper()]] = value
    return p


def uniforms(kind, entity, purpose, key=KEY):
    """Return the four uniforms of a purpose of an item."""
    seed, draw, luck, phase = (int(k) for k in key)
    return [(w + 0.5) / 2**32 for w in words(seed, draw, luck, phase, kind, entity, purpose, 0)]


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
    "edge_share": 0.3,
    "never_repeats": 0.2,
    "handled": 5,
    "recognised": 0.45,
    "edge_penalty": 1.5,
    "consequential": 0.35,
    "intercept": 1.5,
    "hardness": 1.3,
    "separation": 1.2,
    "separation_edge": 0.3,
    "sigma_w": 0.8,
    "threshold": -0.7,
    "mandatory": 0.15,
    "review_consequential": 1,
    "permission": 1,
    "latency": 0.02,
    "latency_cv": 0.5,
    "latency_law": 2,
    "review_time": 0.25,
    "review_cv": 1.2,
    "review_law": 2,
    "exception_factor": 3.0,
    "edge_factor": 1.7,
    "shrinkage": 0.25,
    "catch_intercept": 1.1,
    "rho": 0.8,
    "gamma": 1.4,
    "delta": 0.2,
    "x_ref": 8.0,
    "overturn": 0.12,
    "manual_error": 0.22,
    "deadline": 16.0,
    "patience_law": 1,
}


def zipf_table(types, exponent):
    """Return cumulative Zipf frequencies, summed one by one."""
    weights = [k**-exponent for k in range(1, types + 1)]
    table = [sum(weights[: k + 1]) / sum(weights) for k in range(types)]
    table[-1] = 1.0
    return np.array(table)
