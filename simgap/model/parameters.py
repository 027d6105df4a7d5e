"""Places of the packed parameters: the one list that packing and the rules read."""

from __future__ import annotations

from enum import IntEnum, unique


@unique
class P(IntEnum):
    """Index of a number in the packed array of a phase."""

    MISSING = 0
    FORMAT = 1
    SCHEMA = 2
    STALE = 3
    VALIDATED = 4
    FALSE_REJECT = 5
    REPAIRED = 6
    MISSING_PENALTY = 7
    FORMAT_PENALTY = 8
    SCHEMA_PENALTY = 9
    STALE_PENALTY = 10
    EDGE_SHARE = 11
    NEVER_REPEATS = 12
    HANDLED = 13
    RECOGNISED = 14
    EDGE_PENALTY = 15
    CONSEQUENTIAL = 16
    INTERCEPT = 17
    HARDNESS = 18
    SEPARATION = 19
    SEPARATION_EDGE = 20
    SIGMA_W = 21
    THRESHOLD = 22
    MANDATORY = 23
    REVIEW_CONSEQUENTIAL = 24
    PERMISSION = 25
    LATENCY = 26
    LATENCY_CV = 27
    LATENCY_LAW = 28
    REVIEW_TIME = 29
    REVIEW_CV = 30
    REVIEW_LAW = 31
    EXCEPTION_FACTOR = 32
    EDGE_FACTOR = 33
    SHRINKAGE = 34
    CATCH_INTERCEPT = 35
    RHO = 36
    GAMMA = 37
    DELTA = 38
    X_REF = 39
    OVERTURN = 40
    MANUAL_ERROR = 41
    DEADLINE = 42
    PATIENCE_LAW = 43


@unique
class Law(IntEnum):
    """Law of a time."""

    DETERMINISTIC = 0
    EXPONENTIAL = 1
    LOGNORMAL = 2
