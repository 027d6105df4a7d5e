"""The fluid model as control variate: what it says of the trials at hand, and of the unknowns as a whole."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from simgap.analysis.controls import Controlled, adjusted
from simgap.defaults import FLUID
from simgap.model.types import Floats
from simgap.montecarlo import plan as plans
from simgap.sampling.designs import SOBOL, Design
from simgap.scenario.values import Variant

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
    variants: tuple[Variant, ...],
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
    variants : tuple of Variant
        What was simulated, every draw under each of them.
    done : Results
        What was finished.
    seed : int
        Of the study; the points of the means have the next, so that they are independent of the trials.
    workers, progress
        As for `montecarlo.plan.evaluate`.

    Raises
    ------
    KeyboardInterrupt
        Interrupted before all was known.
    """
    points = plans.crossed(variants, RANDOMISATIONS * POINTS, design=Design(SOBOL, POINTS))
    asked = ((plans.Plan(variants, done.rows, done.design), seed), (points, (seed + 1) % 2**32))
    same, all_ = (plans.evaluate(resolved, p, s, workers, progress, FLUID) for p, s in asked)
    if same.stopped or all_.stopped:
        raise KeyboardInterrupt
    overall = table(all_)
    return Control(table(same), overall.reshape(RANDOMISATIONS, -1, *overall.shape[1:]).mean(axis=1))


def of_run(found: Control, done: plans.Results) -> dict[str, Any]:
    """Return the JSON data of ``control`` of a run: means adjusted by the fluid model."""
    blocks = None if done.independent else done.blocks
    # Projected and realised value tell the fluid gap as well: adjusted by both, all three still add up.
    told = adjusted(table(done)[:, 0], found.trials[:, 0, :2], found.overall[:, 0, :2], blocks)
    return _HEAD | {name: _row(told, i) for i, name in enumerate(OUTCOMES)}


def of_comparison(found: Control, done: plans.Results, names: Sequence[str]) -> dict[str, Any]:
    """Return the JSON data of ``control`` of a comparison: portfolios, and their paired differences."""
    blocks = None if done.independent else done.blocks[:: len(names)]
    values, trials, overall = (part[:, :, 0] for part in (table(done), found.trials, found.overall))
    alone = [adjusted(values[:, [i]], trials[:, [i]], overall[:, [i]], blocks) for i in range(len(names))]
    pairs = []
    for a, b in itertools.combinations(range(len(names)), 2):
        of, by, mean = (part[:, [a]] - part[:, [b]] for part in (values, trials, overall))
        pairs.append({"a": names[a], "b": names[b], **_row(adjusted(of, by, mean, blocks), 0)})
    portfolios = [{"name": name, **_row(one, 0)} for name, one in zip(names, alone, strict=True)]
    return _HEAD | {"portfolios": portfolios, "pairs": pairs}


def _row(found: Controlled, i: int) -> dict[str, Any]:
    mean, half = float(found.mean[i]), float(found.half_width[i])
    return {"mean": mean, "ci95": [mean - half, mean + half], "variance_left": float(found.share[i])}


_HEAD = {
    "draws": RANDOMISATIONS * POINTS,
    "method": "regression on the fluid model, whose mean is that of randomised Sobol' points",
}
