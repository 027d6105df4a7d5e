"""The program against queueing theory and known values, on the machine at hand.

Each case is a scenario file that ships, simulated as a user would, one row for each number that theory gives.
Theory is computed from what the file states, by `simgap.analysis.queueing`; the estimate is the mean over
independent replications with Student's interval. Random words must be those published, and both engines must
tell the same history.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np

from simgap import scenario
from simgap.analysis import queueing
from simgap.engines import simulator
from simgap.engines.log import Entry
from simgap.engines.physics import Count, Physics
from simgap.model.clock import HOUR
from simgap.model.types import Floats
from simgap.montecarlo import one
from simgap.montecarlo.phases import Phases
from simgap.sampling.philox import philox4x32
from simgap.scenario.load import FOLDERS

FAMILY = 0.999
"""Confidence that all statistical rows agree where the program is right."""

AGREES, SAME, DIFFERS = "agrees", "same", "DIFFERS"
WORDS, ENGINES = "random words as published", "both engines, event by event"
FOLDER = next((path for path in (folder / "verify" for folder in FOLDERS) if path.is_dir()), FOLDERS[0])
"""Where the scenario files lie."""

APART = 10_000  # replications of one case are numbered this far from those of the next


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


# --- theory, from what a file states. In the long run a queue behind another is what it would be alone, by
# Jackson 1957; that its first hours are not quite shifts its mean by less than half a percent.


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
    return queueing.markov_from_empty(s.rate, v["oversight.time"], v["oversight.reviewers"], s.span, patience)


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
    # The n-th item is due after n gaps; the one that is due as the window ends does not come.
    items = math.ceil(s.arrivals) - 1
    excess = queueing.excess_of_equal_gaps(s.rate, s.values["oversight.time"], items - 1)
    return float(queueing.spitzer(excess).sum() / s.arrivals)


def _shares(s: Stated) -> tuple[float, float]:
    urgent = s.values["consequential"]
    return s.rate * urgent, s.rate * (1.0 - urgent)


def _of_class(place: int) -> Callable[[Stated], float]:
    def wait(s: Stated) -> float:
        rates = _shares(s)
        waits = queueing.priorities_from_empty(rates, s.values["oversight.time"], s.span)
        return float(waits[place] / (rates[place] * s.span))

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


def _specialist_wait(p: Physics, s: Stated) -> float:
    return float(p.specialists.wall_wait_total / HOUR / (s.arrivals * s.values["oversight.escalated"]))


def _ai_wait(p: Physics, s: Stated) -> float:
    return p.total(Count.AI_WAIT) / 3.6e6 / s.arrivals


def _share_of(column: Count) -> Callable[[Physics, Stated], float]:
    return lambda p, s: p.total(column) / s.arrivals


def _review_wait_of_class(place: int) -> Callable[[list[Entry], Stated], float]:
    def wait(log: list[Entry], s: Stated) -> float:
        arrivals = (e for e in log if e.activity == "arrival")
        chosen = {e.entity for e in arrivals if e.detail["consequential"] == (place == 0)}
        sign = {"schedule": -1, "start": 1}
        total = sum(
            sign.get(e.transition, 0) * e.time for e in log if e.activity == "review" and e.entity in chosen
        )
        return float(total / HOUR / (_shares(s)[place] * s.span))

    return wait


CASES = (
    Case("mm1_busy", 600, (Measure("M/M/1 wait, h", _one_reviewer, _review_wait),)),
    Case("mm12", 800, (Measure("M/M/12 wait, h", lambda s: _reviewers(s).wait, _review_wait),)),
    Case("md1", 1000, (Measure("M/D/1 wait, h", _one_reviewer, _review_wait),)),
    Case("mg1_uneven", 1500, (Measure("M/G/1 wait, h", _one_reviewer, _review_wait),)),
    Case("dm1", 400, (Measure("D/M/1 wait, h", _equal_gaps, _review_wait),)),
    Case(
        "mm3_impatient",
        100,
        (
            Measure("M/M/3+M wait, h", lambda s: _reviewers(s).wait, _review_wait),
            Measure("M/M/3+M share leaving", lambda s: _reviewers(s).lost, _share_of(Count.DEADLINE_MISSED)),
        ),
    ),
    Case("ai_mm3", 1000, (Measure("M/M/3 wait for AI, h", _ai, _ai_wait),)),
    Case("connector", 350, (Measure("M/D/1 connector, h", _connector, _ai_wait),)),
    Case(
        "tandem",
        450,
        (
            Measure("Jackson: AI, h", _ai, _ai_wait),
            Measure("Jackson: reviewers, h", lambda s: _reviewers(s).wait, _review_wait),
            Measure("Jackson: specialist, h", _specialists, _specialist_wait),
        ),
    ),
    Case(
        "outages",
        150,
        (
            Measure("share lost, outages", _lost, _share_of(Count.LOST)),
            Measure("wait until up, h", _until_up, _ai_wait),
        ),
    ),
    Case(
        "priorities",
        60,
        (
            Measure("Cobham: urgent, h", _of_class(0), _review_wait_of_class(0)),
            Measure("Cobham: others, h", _of_class(1), _review_wait_of_class(1)),
        ),
        logged=True,
    ),
)

# counter, key, block: Random123's tests/kat_vectors, https://github.com/DEShawResearch/random123
KNOWN_ANSWERS = {
    "zeros": "00000000 00000000 00000000 00000000 00000000 00000000 6627e8d5 e169c58d bc57ac4c 9b00dbd8",
    "ones": "ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff 408f276d 41c83b0e a20bc7c6 6d5451fd",
    "pi": "243f6a88 85a308d3 13198a2e 03707344 a4093822 299f31d0 d16cfe09 94fdcceb 5001e420 24126ea1",
}
SHORTENED = {"claims": "clock.horizon=4 months", "minimal": "clock.horizon=4 months"}
"""Scenarios that ship in which both engines are compared, and what makes them short."""


def stated_of(phases: Phases) -> Stated:
    """Return what a file states of its production."""
    general, (values,) = phases.general, phases.values
    span = general["clock.horizon"] * 730.0 - phases.go_live_hours
    return Stated(values["volume"] / 8760.0, span, values)


def samples(case: Case, phases: Phases, seed: int, first: int, step: Callable[[], None]) -> Floats:
    """Simulate the replications of a case, numbered from `first` as `simgap trace` numbers them.

    Returns
    -------
    Floats[replications, measures]
        What is compared with theory; `step` is called after each replication.
    """
    stated, compiled = stated_of(phases), simulator("compiled")
    out = np.empty((case.replications, len(case.measures)))
    for k in range(case.replications):
        done: Any
        if case.logged:
            done = one.log_of(phases.production, seed, first + k)
        else:
            done = compiled(phases.production, seed, first + k, first + k)
        out[k] = [measure.measured(done, stated) for measure in case.measures]
        step()
    return out


def half_width(values: Floats, confidence: float) -> float:
    """Return half of Student's interval of the mean of independent values, two at least."""
    from scipy.special import stdtrit

    n = len(values)
    return float(stdtrit(n - 1, 0.5 + confidence / 2.0) * values.std(ddof=1) / math.sqrt(n))


def judged(case: Case, stated: Stated, values: Floats, confidence: float) -> list[Row]:
    """Compare the replications of a case with theory.

    Parameters
    ----------
    case : Case
        The case.
    stated : Stated
        What its file states.
    values : Floats[replications, measures]
        As `samples` returns them.
    confidence : float
        Of the interval that theory must not leave, for each row.

    Returns
    -------
    list of Row
        One a measure. The interval shown is at 95 %.
    """
    rows = []
    for measure, y in zip(case.measures, values.T, strict=True):
        theory, mean, half = measure.theory(stated), float(y.mean()), half_width(y, 0.95)
        verdict = AGREES if abs(mean - theory) <= half_width(y, confidence) else DIFFERS
        rows.append(Row(case.name, measure.what, theory, mean, (mean - half, mean + half), verdict))
    return rows


def known_answers() -> list[Row]:
    """Compare the random words with the published ones."""
    rows = []
    for name, line in KNOWN_ANSWERS.items():
        words = line.split()
        expected = " ".join(words[6:])
        found = " ".join(f"{word:08x}" for word in philox4x32(*(int(word, 16) for word in words[:6])))
        rows.append(
            Row(f"philox {name}", WORDS, expected, found, None, SAME if found == expected else DIFFERS)
        )
    return rows


def differing(a: Physics, b: Physics) -> list[str]:
    """Return the names of what two engines counted differently: none, if they tell the same history."""
    one_side, other = asdict(a), asdict(b)
    return [name for name in one_side if not _equal(one_side[name], other[name])]


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, dict):
        return all(_equal(a[key], b[key]) for key in a)
    return bool(np.array_equal(a, b))


def engines_agree(name: str, phases: Phases, seed: int) -> Row:
    """Simulate replication 0 in both engines, the pilot too, and compare all that they counted."""
    prints: tuple[list[str], list[str]] = ([], [])
    wrong: list[str] = []
    for packed in (phases.production, phases.pilot):
        reference, compiled = (simulator(engine)(packed, seed, 0, 0) for engine in ("reference", "compiled"))
        for side, physics in zip(prints, (reference, compiled), strict=True):
            side.append(f"{physics.fingerprint:016x}")
        wrong += differing(reference, compiled)
    estimate = " ".join(prints[1]) + (f" (differ: {', '.join(wrong)})" if wrong else "")
    verdict = DIFFERS if wrong else SAME
    return Row(name, ENGINES, " ".join(prints[0]), estimate, None, verdict)


def verify(seed: int, progress: Callable[[int, int], None]) -> list[Row]:
    """Compare the program with theory, with published words, and its engines with each other.

    Parameters
    ----------
    seed : int
        From 0 to 2^32 - 1.
    progress : callable
        Told (finished, all) as it goes on.

    Returns
    -------
    list of Row
        The statistical rows all agree with probability `FAMILY` at least where the program is right
        (Bonferroni); the exact ones always.

    Raises
    ------
    InputError
        A scenario file is missing.
    SimulationError
        A replication broke a law that every replication obeys.
    """
    total = sum(case.replications for case in CASES) + len(CASES) + len(SHORTENED)
    steps = iter(range(1, total + 1))

    def step() -> None:
        progress(next(steps), total)

    confidence = 1.0 - (1.0 - FAMILY) / sum(len(case.measures) for case in CASES)
    rows, exact = [], known_answers()
    for place, case in enumerate(CASES):
        phases = one.phases_of(scenario.read(str(FOLDER / f"{case.name}.yaml")), seed, 0)
        # Of their own luck, or one case out of the common would make all others so.
        values = samples(case, phases, seed, APART * place, step)
        rows += judged(case, stated_of(phases), values, confidence)
        exact.append(engines_agree(case.name, phases, seed))
        step()
    for name, shorter in SHORTENED.items():
        exact.append(engines_agree(name, one.phases_of(scenario.read(name, [shorter]), seed, 0), seed))
        step()
    return [*rows, *exact]
