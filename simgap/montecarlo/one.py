"""One trial of a plain run again: with the log of what happened, or with something taken out of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from simgap.defaults import ENGINE
from simgap.engines.log import Entry
from simgap.engines.packing import Packed
from simgap.engines.physics import Physics
from simgap.engines.reference import simulate
from simgap.errors import SimulationError
from simgap.model import keys
from simgap.montecarlo.outcomes import Reading
from simgap.montecarlo.phases import Phases, prepare
from simgap.montecarlo.trial import reading, remembering
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
    with _named(seed, replication):
        simulate(packed, seed, replication, replication, log)
    return log


class History(NamedTuple):
    """Production of a replication, perhaps without something.

    Attributes
    ----------
    reading : Reading
        In money.
    packed : Packed
        What was simulated last: up to the end of the AI, where it is given up.
    """

    reading: Reading
    packed: Packed


def history(
    phases: Phases, seed: int, replication: int, without: tuple[tuple[int, int, int], ...] = ()
) -> History:
    """Return a replication, without what is taken out of its production; the pilot is the same.

    Parameters
    ----------
    phases : Phases
        As `phases_of` returns them.
    seed, replication
        As in `log_of`.
    without : tuple of (kind, number, end)
        What is taken out, `model.without`.

    Raises
    ------
    SimulationError
        As in `log_of`.
    """
    production = replace(phases.production, without=without)
    last = production

    def simulated(packed: Packed) -> Physics:
        nonlocal last
        if packed.phase == keys.PRODUCTION:
            last = packed
        return remembering(ENGINE, packed, seed, replication, replication)

    with _named(seed, replication):
        read = reading(replace(phases, production=production), simulated, seed, replication, replication)
    return History(read, last)


@contextmanager
def _named(seed: int, replication: int) -> Iterator[None]:
    """Have an error name the replication."""
    try:
        yield
    except SimulationError as error:
        raise type(error)(f"seed {seed}, draw {replication}, luck {replication}: {error}") from error
