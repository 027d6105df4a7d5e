"""Trials and months as columns of a table, and the settings of a scenario."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgap.montecarlo.outcomes import MONTHLY, PER_WORKFLOW
from simgap.montecarlo.plan import Results
from simgap.scenario.outside import counted_twice

Columns = dict[str, NDArray[Any]]
TRIALS_AT_ONCE = 500  # whose months are written: a table of all months would be the largest thing in memory


def trials(resolved: Mapping[str, Any], results: Results, of: str = "", names: Sequence[str] = ()) -> Columns:
    """Return a row a trial: draw, luck, inputs (``input.NAME``), outcomes, and several workflows apart.

    Parameters
    ----------
    resolved : mapping
        The resolved scenario.
    results : Results
        Of any plan.
    of : str
        Name of the column that says which variant a trial is of; none where empty.
    names : sequence of str
        Names of the variants.
    """
    several = resolved["workflows"] if results.workflows.shape[1] > 1 else ()
    return {
        **_keys(results, slice(None), of, names),
        **{f"input.{name}": results.drawn[:, i] for i, name in enumerate(results.inputs)},
        **{name: results.outcomes[:, i] for i, name in enumerate(results.names)},
        **{
            f"workflow.{name}.{what}": results.workflows[:, w, i]
            for w, name in enumerate(several)
            for i, what in enumerate(PER_WORKFLOW)
        },
    }


def months(
    results: Results, of: str = "", names: Sequence[str] = (), at_once: int | None = None
) -> Iterator[Columns]:
    """Yield tables with a row a trial and month, from month 1, of some trials each; see `trials`."""
    at_once = at_once or TRIALS_AT_ONCE
    for first in range(0, len(results.rows), at_once):
        chosen = slice(first, first + at_once)
        flows = results.monthly[chosen]
        keys, length = _keys(results, chosen, of, names), flows.shape[1]
        yield {
            **{name: np.repeat(column, length) for name, column in keys.items()},
            "month": np.tile(np.arange(1, length + 1), len(flows)),
            **{name: flows[:, :, i].ravel() for i, name in enumerate(MONTHLY)},
        }


def _keys(results: Results, chosen: slice, of: str, names: Sequence[str]) -> Columns:
    variant, draw, luck = np.array(results.rows[chosen], np.int64).T
    return ({of: np.array(names, object)[variant]} if of else {}) | {"draw": draw, "luck": luck}


def settings(resolved: Mapping[str, Any]) -> dict[str, Any]:
    """Return the value of each leaf that has one for both sides: what screens say of money and clock.

    ``counted_twice`` holds the paths of what is a range and has an uplift besides.
    """
    values = {path: leaf.get("value") for path, leaf in resolved["parameters"].items()}
    return {**values, "counted_twice": counted_twice(resolved)}
