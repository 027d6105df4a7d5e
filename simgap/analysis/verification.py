"""The program against queueing theory and known values, on the machine at hand.

Each case is a scenario file that ships, simulated as a user would, one row for each number that theory gives.
Theory is computed from what the file states, by `simgap.analysis.queueing`; the estimate is the mean over
independent replications with Student's interval. Random words must be those published, and both engines must
tell the same history.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from simgap import scenario
from simgap.analysis import queueing
from simgap.engines import simulator
from simgap.engines.log import Entry
from simgap.engines.physics import Count, Physics
from simgap.errors import SimgapError
from simgap.model.clock import HOUR
from simgap.model.types import Floats
from simgap.montecarlo import one
from simgap.montecarlo.trial import Phases, pilot_length
from simgap.sampling.philox import philox4x32
from simgap.scenario.load import FOLDERS

FAMILY = 0.999
"""Confidence that all statistical rows agree where the program is right."""

AGREES, SAME, DIFFERS = "agrees", "same", "DIFFERS"


class Stated(NamedTuple):
    """What a file states: arrivals an hour, hours of arrivals, and all values by key, times in hours."""

    rate: float
    span: float
    values: Mapping[str, Any]

    @property
    def arrivals(self) -> float:
        """Expected arrivals."""
        return self.rate * self.span


class Measure(NamedTuple):
    """A number that theory gives, and how it is taken from a replication: its counts, or its log."""

    what: str
    theory: Callable[[Stated], float]
    measured: Callable[[Any, Stated], float]


class Case(NamedTuple):
    """A scenario file, how often it is simulated, and what is compared.

    `logged`: by the event log of the reference engine, because the counts do not tell.
    """

    name: str
    replications: int
    measures: tuple[Measure, ...]
    logged: bool = False


class Row(NamedTuple):
    """One comparison; of an exact one theory and estimate are words, and there is no interval."""

    name: str
    what: str
    theory: float | str
    estimate: float | str
    ci95: tuple[float, float] | None
    verdict: str


# --- theory, from what a file states


def _moments(values: Mapping[str, Any], key: str) -> tuple[float, float, float]:
    """Return three moments of a time, by its law."""
    mean, law = values[key], values[f"{key}_law"]
    if law == "exponential":
        return mean, 2.0 * mean**2, 6.0 * mean**3
    return queueing.lognormal_moments(mean, values[f"{key}_cv"] if law == "lognormal" else 0.0)


def _one_reviewer(s: Stated) -> float:
    return queueing.mg1_from_empty(s.rate, _moments(s.values, "oversight.time"), s.span).wait


def _reviewers(s: Stated) -> queueing.Expected:
    v = s.values
    patience = v["oversight.deadline"]
    return queueing.markov_from_empty(
        s.rate, v["oversight.time"], v["oversight.reviewers"], s.span, patience
    )


def _ai(s: Stated) -> float:
    servers = int(s.values["ai.concurrency"])
    return queueing.markov_from_empty(s.rate, s.values["integration.latency"], servers, s.span).wait


def _specialists(s: Stated) -> float:
    v = s.values
    rate, servers = s.rate * v["oversight.escalated"], v["oversight.specialists"]
    return queueing.markov_from_empty(rate, v["oversight.specialist_time"], servers, s.span).wait


def _connector(s: Stated) -> float:
    time = 1.0 / s.values["integration.throughput"]
    return queueing.mg1_from_empty(s.rate, (time, time**2, time**3), s.span).wait


def _equal_gaps(s: Stated) -> float:
    # The n-th item is due after n gaps, and the window ends with the last of them.
    excess = queueing.excess_of_equal_gaps(s.rate, s.values["oversight.time"], math.ceil(s.arrivals) - 2)
    return float(queueing.spitzer(excess).mean())


def _shares(s: Stated) -> tuple[float, float]:
    urgent = s.values["consequential"]
    return s.rate * urgent, s.rate * (1.0 - urgent)


def _of_class(place: int) -> Callable[[Stated], float]:
    def wait(s: Stated) -> float:
        rates = _shares(s)
        waits = queueing.priorities_from_empty(rates, s.values["oversight.time"], s.span)
        return waits[place] / (rates[place] * s.span)

    return wait


def _outages(s: Stated) -> queueing.Outages:
    v = s.values
    lengths = queueing.lognormal_moments(v["integration.outage_time"], v["integration.outage_cv"])
    return queueing.outages_from_up(8760.0 / v["integration.outages"], lengths, s.span)


def _lost(s: Stated) -> float:
    return float(s.values["integration.lost"] * _outages(s).down / s.span)


def _until_up(s: Stated) -> float:
    return float((1.0 - s.values["integration.lost"]) * _outages(s).residual / s.span)


# --- what a replication came to


def _review_wait(p: Physics, s: Stated) -> float:
    return p.reviewers.wall_wait_total / HOUR / s.arrivals


def _mean_review_wait(p: Physics, s: Stated) -> float:
    return p.reviewers.wall_wait_total / HOUR / p.total(Count.QUEUED)


def _specialist_wait(p: Physics, s: Stated) -> float:
    return p.specialists.wall_wait_total / HOUR / (s.arrivals * s.values["oversight.escalated"])


def _ai_wait(p: Physics, s: Stated) -> float:
    return p.total(Count.AI_WAIT) / 3.6e6 / s.arrivals


def _share_of(column: Count) -> Callable[[Physics, Stated], float]:
    return lambda p, s: p.total(column) / s.arrivals


def _review_wait_of_class(place: int) -> Callable[[list[Entry], Stated], float]:
    def wait(log: list[Entry], s: Stated) -> float:
        chosen = {e.entity for e in log if e.activity == "arrival" and e.detail["consequential"] == (not place)}
        sign = {"schedule": -1, "start": 1}
        total = sum(
            sign.get(e.transition, 0) * e.time for e in log if e.activity == "review" and e.entity in chosen
        )
        return total / HOUR / (_shares(s)[place] * s.span)

    return wait


CASES = (
    Case("mm1_busy", 400, (Measure("M/M/1 wait, h", _one_reviewer, _review_wait),)),
    Case("mm12", 400, (Measure("M/M/12 wait, h", lambda s: _reviewers(s).wait, _review_wait),)),
    Case("md1", 400, (Measure("M/D/1 wait, h", _one_reviewer, _review_wait),)),
    Case("mg1_uneven", 400, (Measure("M/G/1 wait, h", _one_reviewer, _review_wait),)),
    Case("dm1", 400, (Measure("D/M/1 wait, h", _equal_gaps, _mean_review_wait),)),
    Case(
        "mm3_impatient",
        400,
        (
            Measure("M/M/3+M wait, h", lambda s: _reviewers(s).wait, _review_wait),
            Measure("M/M/3+M share leaving", lambda s: _reviewers(s).lost, _share_of(Count.DEADLINE_MISSED)),
        ),
    ),
    Case("ai_mm3", 400, (Measure("M/M/3 wait for AI, h", _ai, _ai_wait),)),
    Case("connector", 400, (Measure("M/D/1 connector, h", _connector, _ai_wait),)),
    Case(
        "tandem",
        400,
        (
            Measure("Jackson: AI, h", _ai, _ai_wait),
            Measure("Jackson: reviewers, h", lambda s: _reviewers(s).wait, _review_wait),
            Measure("Jackson: specialist, h", _specialists, _specialist_wait),
        ),
    ),
    Case(
        "outages",
        400,
        (
            Measure("share lost, outages", _lost, _share_of(Count.LOST)),
            Measure("wait until up, h", _until_up, _ai_wait),
        ),
    ),
    Case(
        "priorities",
        40,
        (
            Measure("Cobham: urgent, h", _of_class(0), _review_wait_of_class(0)),
            Measure("Cobham: others, h", _of_class(1), _review_wait_of_class(1)),
        ),
        logged=True,
    ),
)
