"""What the dashboard shows while production runs, by month: what is true, or what the pilot has measured.

Under ``pilot_metrics`` the dashboard goes on showing what the pilot measured: its accuracy, and a benefit of
throughput times that accuracy. Under ``workflow_outcomes`` it shows the accuracy that audits find, and the
benefit of the ledger.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from simgap.economics.ledger import COUNTED, booked
from simgap.engines.physics import FINISHED, Count, Physics
from simgap.model.types import Floats


def ratio(part: Floats, whole: Floats) -> Floats:
    """Return the quotient of two rows of months, nan where there is nothing to divide by."""
    return np.asarray(np.divide(part, whole, out=np.full(len(part), math.nan), where=whole > 0.0))


def true_accuracy(physics: Physics) -> Floats:
    """Return the share of right AI decisions by month, nan where none was made."""
    right, made = (booked(physics, c).sum(axis=0) for c in (Count.AI_RIGHT, Count.AI_DECISIONS))
    return ratio(right, made)


def shown_accuracy(physics: Physics, basis: str, piloted: float) -> Floats:
    """Return the accuracy that the dashboard shows, by month.

    Parameters
    ----------
    physics : Physics
        Of production.
    basis : str
        ``pilot_metrics`` or ``workflow_outcomes``.
    piloted : float
        Accuracy that the pilot reported; nan where there was none.

    Returns
    -------
    Floats[months]
        nan where nothing is shown: no decision was made, or none was audited.
    """
    if basis == "pilot_metrics":
        return np.where(booked(physics, Count.AI_DECISIONS).sum(axis=0) > 0.0, piloted, math.nan)
    faulted, audited = (booked(physics, c).sum(axis=0) for c in (Count.AUDIT_FAULTED, Count.AUDITED))
    return 1.0 - ratio(faulted, audited)


def shown_flow(
    physics: Physics,
    lines: Mapping[str, Floats],
    workflows: Sequence[Mapping[str, Any]],
    counts: Sequence[str],
    piloted: float,
) -> Floats:
    """Return the net flow that the dashboard shows, by month, without one-off sums.

    Parameters
    ----------
    physics, lines : Physics and mapping
        Production and its ledger.
    workflows : sequence of mapping
        Values of each workflow in production.
    counts : sequence of str
        Names of the ledger lines that are counted, keys of `COUNTED`.
    piloted : float
        Accuracy that the pilot reported; where it is nan, every decision counts as right.

    Returns
    -------
    Floats[months]
    """
    costs = sum((lines[COUNTED[name]] for name in counts), np.zeros(len(lines["benefit"])))
    if workflows[0]["measurement.basis"] != "pilot_metrics":
        return np.asarray(lines["benefit"] + costs)
    worth = [v["legacy.cost"] + v["legacy.error_rate"] * v["error_cost"] for v in workflows]
    throughput = np.array(worth) @ booked(physics, *FINISHED)
    return np.asarray(throughput * (1.0 if math.isnan(piloted) else piloted) + costs)


def stop_month(flow: Floats, loss: float, first: int) -> int | None:
    """Return the month after which production is given up: the first at whose end the loss is reached.

    Parameters
    ----------
    flow : Floats[months]
        `shown_flow`.
    loss : float
        Cumulative loss at which production stops; infinite for never.
    first : int
        Month of go-live.

    Returns
    -------
    int or None
        None where it never is, or only at the end of the last month.
    """
    reached = np.flatnonzero(np.cumsum(flow[first:]) <= -loss)
    if not reached.size or first + reached[0] + 1 >= len(flow):
        return None
    return int(first + reached[0])
