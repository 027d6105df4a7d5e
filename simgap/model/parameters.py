"""Places of the packed parameters: the one list that packing and the rules read."""

from __future__ import annotations

from enum import IntEnum, auto, unique


class Places(IntEnum):
    """Places in an array, numbered from 0 in the order in which they stand."""

    @staticmethod
    def _generate_next_value_(name: str, start: int, count: int, last_values: list[int]) -> int:
        return count


@unique
class P(Places):
    """Index of a number in the packed array of a phase."""

    MISSING = auto()
    FORMAT = auto()
    SCHEMA = auto()
    STALE = auto()
    VALIDATED = auto()
    FALSE_REJECT = auto()
    REPAIRED = auto()
    MISSING_PENALTY = auto()
    FORMAT_PENALTY = auto()
    SCHEMA_PENALTY = auto()
    STALE_PENALTY = auto()
    SCHEMA_CHANGES = auto()
    SCHEMA_BROKEN = auto()
    EDGE_SHARE = auto()
    NEVER_REPEATS = auto()
    HANDLED = auto()
    RECOGNISED = auto()
    EDGE_PENALTY = auto()
    TYPES = auto()
    BIRTHS = auto()
    EXAMPLES_NEEDED = auto()
    VARIETY = auto()
    CONSEQUENTIAL = auto()
    BATCH = auto()
    DAY_CV = auto()
    INTERCEPT = auto()
    HARDNESS = auto()
    SEPARATION = auto()
    SEPARATION_EDGE = auto()
    SIGMA_W = auto()
    LEAST_CONFIDENT = auto()
    GUARDED_LEAST_CONFIDENT = auto()
    MANDATORY = auto()
    REVIEW_CONSEQUENTIAL = auto()
    PERMISSION = auto()
    GUARDED_PERMISSION = auto()
    THROUGHPUT = auto()
    LATENCY = auto()
    LATENCY_SIGMA = auto()
    LATENCY_LAW = auto()
    OUTAGES = auto()
    OUTAGE_TIME = auto()
    OUTAGE_CV = auto()
    LOST = auto()
    OVERTURN = auto()
    MANUAL_ERROR = auto()
    RHO = auto()
    ESCALATED = auto()
    SURFACED = auto()
    LAG = auto()
    EXPLAINABLE = auto()
    REVIEWABLE = auto()
    CORRECTABLE = auto()
    RESOLVE = auto()
    RESOLVE_CV = auto()
    WARN = auto()
    RESTRICT = auto()
    SUSPEND = auto()
    EROSION = auto()
    SHOCKS = auto()
    SHOCK_SIZE = auto()
    RETRAINING_REMOVES = auto()
    CHARTED = auto()
    AUDIT = auto()
    AUDIT_MISS = auto()
    AUDIT_FALSE = auto()
    BASELINE = auto()
    DETECTS = auto()
    RUN_LENGTH = auto()
    LEAD_TIME = auto()
    LEAD_TIME_CV = auto()
    IN_PARALLEL = auto()
    SLOWDOWN = auto()
    RETRAIN_AFTER = auto()
    CEILING = auto()
    HALF_AFTER = auto()
    TRUST_LOST = auto()
    RECOVERY = auto()
    HIRE_ABOVE = auto()
    HIRE_LEAD_TIME = auto()
    HIRE_MAX = auto()
    HIRE_LEARNING = auto()


@unique
class T(Places):
    """Index of a number in the packed array of a team: the reviewers or the specialists."""

    PURPOSE = auto()  # of its draws
    TIME = auto()
    MEAN_TIME = auto()  # of all workflows
    TIME_SIGMA = auto()
    TIME_LAW = auto()
    EXCEPTION_FACTOR = auto()
    EDGE_FACTOR = auto()
    SHRINKAGE = auto()
    GAMMA = auto()
    DELTA = auto()
    X_REF = auto()
    CATCH_INTERCEPT = auto()
    DEADLINE = auto()
    WALL_DEADLINE = auto()
    PATIENCE_LAW = auto()


@unique
class Law(IntEnum):
    """Law of a time."""

    DETERMINISTIC = 0
    EXPONENTIAL = 1
    LOGNORMAL = 2
