"""What all commands need of a scenario: messages, plans evaluated, and what results say of themselves."""

from __future__ import annotations

import datetime
import platform
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simgap import scenario
from simgap.analysis.summary import head_of
from simgap.defaults import DESIGN, LUCKS
from simgap.engines.physics import OVERLONG
from simgap.errors import InputError, Problem, SimulationError
from simgap.montecarlo import plan as plans
from simgap.scenario.values import Variant
from simgap.study import precision as precise
from simgap.study.limits import check_size, refusal
from simgap.version import __version__

MOST_MONEY = 1e18  # no currency needs more, and squares of it are far from the largest number
LIBRARIES = ("numpy", "scipy", "simpy", "numba", "pandas", "pyarrow", "matplotlib")

Progress = Callable[[int, int], None]
Instant = tuple[datetime.datetime, float]


def silent(done: int, total: int) -> None:
    """Report nothing."""


def mute(words: str) -> None:
    """Say nothing."""


def now() -> Instant:
    """Return the present, for people and for `taken`."""
    return datetime.datetime.now(datetime.UTC), time.monotonic()


def taken(since: Instant, workers: int = 1) -> dict[str, Any]:
    """Return when work began and how long it took: ``times`` of the provenance."""
    started, clock = since
    return {
        "started": started.isoformat(timespec="seconds"),
        "seconds": round(time.monotonic() - clock, 3),
        "workers": workers,
    }


@dataclass(frozen=True)
class Setting:
    """A scenario that this version can simulate, and what it was read from.

    Attributes
    ----------
    resolved : dict
        The resolved form.
    file, text, sets : str, str, sequence of str
        What it was read from and what replaced leaves of it, for messages.
    """

    resolved: dict[str, Any]
    file: str = "<text>"
    text: str = field(default="", repr=False)
    sets: Sequence[str] = ()

    def summary(self, results: plans.Results, seed: int) -> dict[str, Any]:
        """Return what the JSON of all commands that simulate many trials begins with."""
        return head_of(self.resolved, results, seed)

    def check(
        self,
        variants: tuple[Variant, ...],
        confirmed: bool,
        workers: int | None,
        engine: str,
        further: Callable[[int], int] = lambda n: 0,
    ) -> Callable[[int], None]:
        """Return what refuses so many draws of the variants, and further trials, as more than an hour."""
        if confirmed:
            return lambda n: None
        items = plans.work(self.resolved, plans.crossed(variants, 1)) / len(variants)

        def check(n: int) -> None:
            trials = len(variants) * n + further(n)
            check_size(items * trials, trials, workers or plans.default_workers(), engine)

        return check

    def until_precise(
        self,
        asked: precise.Asked,
        variants: tuple[Variant, ...],
        check: Callable[[int], None],
        said: Callable[[str], None],
        seed: int,
        workers: int | None,
        progress: Progress,
        engine: str,
    ) -> tuple[plans.Results, dict[str, Any], dict[str, Any], int]:
        """Return results, times, the JSON of ``precision``, and draws; see `precise.simulate`."""
        stages: list[dict[str, Any]] = []

        def evaluate(
            plan: plans.Plan, before: plans.Results | None, pool: plans.Pool, shown: Progress
        ) -> plans.Results:
            done, times = self.evaluate(plan, seed, workers, shown, engine, before, pool)
            stages.append(times)
            return done

        done, told, n = precise.simulate(asked, variants, evaluate, check, progress, said)
        return done, stages[0] | {"seconds": round(sum(t["seconds"] for t in stages), 3)}, told, n

    def evaluate(
        self,
        plan: plans.Plan,
        seed: int,
        workers: int | None,
        progress: Progress,
        engine: str,
        before: plans.Results | None = None,
        pool: plans.Pool | None = None,
    ) -> tuple[plans.Results, dict[str, Any]]:
        """Return the results of a plan and the times it took; see `montecarlo.plan.evaluate`."""
        if not plan.rows:
            raise refusal("--replications", "0", "1 or more")
        since = now()
        with self.in_words():
            done = plans.evaluate(self.resolved, plan, seed, workers, progress, engine, before, pool)
        for name in ("projected_npv", "realised_npv"):
            largest = float(np.abs(done.of(name)).max())
            if not largest < MOST_MONEY:
                what = f"{name.replace('_', ' ')} comes to {largest:.3g}, too large to compute with"
                allowed = f"amounts and volumes that add up to less than {MOST_MONEY:.0e}"
                raise InputError(self.file, [Problem(0, "", what, allowed)])
        return done, taken(since, workers or plans.default_workers())

    @contextmanager
    def in_words(self) -> Iterator[None]:
        """Turn the one failure of a simulation that is the file's fault into words that say so."""
        try:
            yield
        except SimulationError as error:
            if not str(error).endswith(OVERLONG):
                raise
            allowed = "a time in the right unit, more capacity, or a deadline"
            raise InputError(self.file, [Problem(0, "", str(error), allowed)]) from None

    def wrong(self, key: str, what: str, allowed: str) -> InputError:
        """Return the error of a value of the file."""
        return scenario.wrong([(key, what, allowed)], self.text, self.file, self.sets)

    def provenance(
        self,
        command: str,
        seed: int,
        replications: int,
        complete: bool,
        times: dict[str, Any],
        design: str = DESIGN,
        lucks: int = LUCKS,
        control: bool = False,
    ) -> dict[str, Any]:
        """Return what is needed to run the same again."""
        from importlib.metadata import version

        return {
            "command": command,
            "seed": seed,
            "replications_asked": replications,
            "design": design,
            "lucks": lucks,
            "control": control,
            "complete": complete,
            "simgap": __version__,
            "python": platform.python_version(),
            "platform": f"{sys.platform} {platform.machine()}",
            "libraries": {name: version(name) for name in LIBRARIES},
            "times": times,
            "scenario": self.resolved,
        }
