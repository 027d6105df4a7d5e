"""The fluid model as control variate: what it says of the trials at hand, and of the unknowns as a whole."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from simgap.analysis.controls import Controlled, adjusted
from simgap.analysis.summary import finite
from simgap.defaults import FLUID
from simgap.model.types import Floats
from simgap.montecarlo import plan as plans
from simgap.sampling.designs import SOBOL, Design
from simgap.scenario.values import Variant

# Sobol' points tell the mean of a smooth function of many unknowns soonest. Four a trial, each worth about as
# many plain draws, leave the error of that mean a small part; they take no longer than the trials did.
RANDOMISATIONS, POINTS, EACH = 16, 128, 4
OUTCOMES = ("realised_npv", "projected_npv", "gap")


class Control(NamedTuple):
    """What the fluid model says of the trials of a plan, and of all draws.

    Attributes
    ----------
    trials : Floats[trials, variants, len(OUTCOMES)]
        Of the draw of each trial; several lucks of a draw have the same.
    overall : Floats[RANDOMISATIONS, variants, len(OUTCOMES)]
        Means over randomised Sobol' points, independent of each other and of the trials.
    draws : int
        Of these points.
    """

    trials: Floats
    overall: Floats
    draws: int


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
    m = max(POINTS, 1 << (math.ceil(EACH * done.draws / RANDOMISATIONS) - 1).bit_length())
    points = plans.crossed(variants, RANDOMISATIONS * m, design=Design(SOBOL, m))
    asked = ((plans.Plan(variants, done.rows, done.design), seed), (points, (seed + 1) % 2**32))
    same, all_ = (plans.evaluate(resolved, p, s, workers, progress, FLUID) for p, s in asked)
    if same.stopped or all_.stopped:
        raise KeyboardInterrupt
    overall = table(all_)
    means = overall.reshape(RANDOMISATIONS, m, *overall.shape[1:]).mean(axis=1)
    return Control(table(same), means, len(overall))


def of_run(found: Control, done: plans.Results) -> dict[str, Any]:
    """Return the JSON data of ``control`` of a run: means adjusted by the fluid model."""
    blocks = None if done.independent else done.blocks
    # Projected and realised value tell the fluid gap as well: adjusted by both, all three still add up.
    told = adjusted(table(done)[:, 0], found.trials[:, 0, :2], found.overall[:, 0, :2], blocks)
    return _head(found) | {name: _row(told, i) for i, name in enumerate(OUTCOMES)}


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
    return _head(found) | {"portfolios": portfolios, "pairs": pairs}


def _row(found: Controlled, i: int) -> dict[str, Any]:
    mean, half, left = (float(part[i]) for part in (found.mean, found.half_width, found.share))
    known = math.isfinite(half)
    return {"mean": mean, "ci95": [mean - half, mean + half] if known else None, "variance_left": left}


def _head(found: Control) -> dict[str, Any]:
    method = "regression on the fluid model, whose mean is that of randomised Sobol' points"
    return {"draws": found.draws, "method": method}


def told(
    done: plans.Results, ask: Callable[[], Control], make: Callable[[Control], dict[str, Any]]
) -> tuple[dict[str, Any] | None, str]:
    """Return the JSON data of ``control``, or why there is none.

    Parameters
    ----------
    done : Results
        What was simulated.
    ask : callable
        Asks the fluid model, `control`.
    make : callable
        Makes the data, `of_run` or `of_comparison`.
    """
    if done.ended:
        return None, "no control: the fluid model knows no backlog_limit, and would speak of all futures"
    try:
        return finite(make(ask())), ""
    except KeyboardInterrupt:
        return None, "stopped before the control was finished; the trials are complete"
