"""One trial of a plain run again, this time with the log of what happened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from simgap.engines.log import Entry
from simgap.engines.packing import Packed
from simgap.engines.reference import simulate
from simgap.errors import SimulationError
from simgap.montecarlo.phases import Phases, prepare
from simgap.sampling.unknowns import draw_unknowns
from simgap.scenario.values import Variant, inputs


def phases_of(resolved: Mapping[str, Any], seed: int, draw: int) -> Phases:
    """Return the phases of one draw of a plain run, as `montecarlo.plan.evaluate` meets them."""
    unknowns = inputs(resolved)
    correlations = [(a, b, rho) for a, b, rho in resolved["correlations"]]
    drawn = draw_unknowns(unknowns, correlations, seed, np.array([draw], np.int64))[0].tolist()
    names = (str(unknown["name"]) for unknown in unknowns)
    return prepare(resolved, dict(zip(names, drawn, strict=True)), Variant())


def log_of(packed: Packed, seed: int, replication: int) -> list[Entry]:
    """Simulate a phase of a replication, whose draw and luck have one number, and return what happened.

    Parameters
    ----------
    packed : Packed
        The phase.
    seed, replication : int
        Seed of the study, number of the replication; each below 2^32.

    Raises
    ------
    SimulationError
        A law that every replication obeys was broken, or the backlog outgrew its limit; the words name the
        replication.
    """
    log: list[Entry] = []
    try:
        simulate(packed, seed, replication, replication, log)
    except SimulationError as error:
        raise type(error)(f"seed {seed}, draw {replication}, luck {replication}: {error}") from error
    return log
