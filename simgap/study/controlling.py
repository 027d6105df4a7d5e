"""The fluid model as control variate: what it says of the trials at hand, and of the unknowns as a whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from simgap.defaults import FLUID
from simgap.model.types import Floats
from simgap.montecarlo import plan as plans
from simgap.sampling.designs import SOBOL, Design

RANDOMISATIONS, POINTS = 16, 128  # a smooth function of many unknowns: Sobol' points tell its mean soonest
OUTCOMES = ("realised_npv", "projected_npv", "gap")


class Control(NamedTuple):
    """What the fluid model says of the trials of a plan, and of all draws.

    Attributes
    ----------
    trials : Floats[trials, variants, len(OUTCOMES)]
        Of the draw of each trial; several lucks of a draw have the same.
    overall : Floats[RANDOMISATIONS, variants, len(OUTCOMES)]
        Means over randomised Sobol' points, independent of each other and of the trials.
    """

    trials: Floats
    overall: Floats


def table(results: plans.Results, names: Sequence[str] = OUTCOMES) -> Floats:
    """Return outcomes of a plan that crosses draws with variants: Floats[trials, variants, names]."""
    variants = len({row[0] for row in results.rows})
    return np.stack([results.of(name).reshape(-1, variants) for name in names], axis=2)


def control(
    resolved: Mapping[str, Any],
    plan: plans.Plan,
    done: plans.Results,
    seed: int,
    workers: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Control:
    """Return the control variates of a plan that was simulated.

    Parameters
    ----------
    resolved : mapping
        The resolved scenario.
    plan, done : Plan and Results
        What was simulated, every draw under all variants, and what was finished of it.
    seed : int
        Of the study; the points of the means have the next, so that they are independent of the trials.
    workers, progress
        As for `montecarlo.plan.evaluate`.

    Raises
    ------
    KeyboardInterrupt
        Interrupted before all was known.
    """
    points = plans.crossed(plan.variants, RANDOMISATIONS * POINTS, design=Design(SOBOL, POINTS))
    asked = ((plans.Plan(plan.variants, done.rows, plan.design), seed), (points, (seed + 1) % 2**32))
    same, all_ = (plans.evaluate(resolved, p, s, workers, progress, FLUID) for p, s in asked)
    if same.stopped or all_.stopped:
        raise KeyboardInterrupt
    overall = table(all_)
    return Control(table(same), overall.reshape(RANDOMISATIONS, -1, *overall.shape[1:]).mean(axis=1))
