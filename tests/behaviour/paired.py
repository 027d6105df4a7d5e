"""Paired replications: the same luck with one thing changed.

Two runs with the same seed draw the same numbers for the same items, so a difference, replication by
replication, is the effect of what was changed. It is tested in one of two ways.

- `surely_positive`: the paired differences have a positive mean, by Student's t at 1 in 1,000, or at a
  stated `alpha`: where the mean is truly zero or less, no larger share of seeds passes. The seed is fixed,
  so a test passes always or never. How often a fresh seed fails a true claim follows from the noncentral t,
  taking the effect as found: at most 1 in 100 a test.
- By assertions on every replication, where the claim follows for each item or each queue.
"""

import functools
from pathlib import Path

import numpy as np
from scipy.stats import t as student

import simgap
from simgap.montecarlo import plan as plans
from simgap.montecarlo.outcomes import MONTHLY
from simgap.scenario.table import CONDITIONS
from simgap.scenario.values import Variant

FILE = str(Path(__file__).parent / "complaints.yaml")
SEED = 1
ALPHA = 1e-3
# A stated board figure saves the pilot, which most claims are not about.
STATED = ("board.npv=0",)
# Production goes on for seven weeks, and the autonomy ladder never moves.
SHORT = (
    *STATED,
    "clock.horizon=3 months",
    "governance.surfaced=0 %",
    "oversight.deadline=none",
)
AS_IT_IS = Variant()
AS_PILOT = Variant(doses=tuple((condition, 0.0) for condition in CONDITIONS))


@functools.cache
def evaluated(*sets, n, variant=AS_IT_IS, file=FILE):
    """Return the results of n replications of a file with some values set."""
    resolved = simgap.load(file, list(sets)).resolved
    return plans.evaluate(resolved, plans.crossed((variant,), n), SEED, workers=1)


@functools.cache
def run(*sets, n, variant=AS_IT_IS, file=FILE):
    """Return the outcomes of n replications of a file with some values set: name to an array."""
    done = evaluated(*sets, n=n, variant=variant, file=file)
    return {name: done.of(name) for name in done.names}


def months(column, *sets, n, file=FILE):
    """Return what is read at or over each month from go-live on, of the same replications: (n, months)."""
    done = evaluated(*sets, n=n, file=file)
    live = done.monthly[0, :, MONTHLY.index("items")] > 0
    return done.monthly[:, live, MONTHLY.index(column)]


def t_of(differences):
    """Return the mean of differences over its standard error."""
    return float(differences.mean() / (differences.std(ddof=1) / np.sqrt(len(differences))))


def surely_positive(differences, alpha=ALPHA):
    """Return whether paired differences have a positive mean: Student's t, one-sided."""
    return t_of(differences) > student.isf(alpha, len(differences) - 1)


def catch_rate(outcomes):
    """Return the share of reviewed wrong decisions that were corrected, by replication."""
    return outcomes["n_caught"] / (outcomes["n_caught"] + outcomes["n_escaped_missed"])


def pooled_catch_rate(outcomes):
    """Return the same share over all replications, and the number of wrong decisions reviewed."""
    wrong = outcomes["n_caught"].sum() + outcomes["n_escaped_missed"].sum()
    return outcomes["n_caught"].sum() / wrong, wrong


# Neither defects nor edge cases, on either side: then theory says what to expect.
CLEAN = (
    *(
        f"{key}@{side}=0 %"
        for key in ("data.missing", "data.stale", "edge_cases.share")
        for side in ("pilot", "production")
    ),
    "data.false_reject@production=0 %",
)
