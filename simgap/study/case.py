"""Cases: what Python users load and run, and what the commands call.

A case is a scenario that this version can simulate. Running it gives a result, see `simgap.results`
and `simgap.trace`.
"""

from __future__ import annotations

import datetime
import math
import platform
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simgap import scenario
from simgap.analysis import sweep as sweeps
from simgap.analysis.breakeven import Curve
from simgap.analysis.summary import ended, finite, summary
from simgap.analysis.timeline import of_arrivals, timeline
from simgap.defaults import (
    ALL_REPLICATIONS,
    ATTRIBUTE_REPLICATIONS,
    ENGINE,
    EXACT_REPLICATIONS,
    REPLICATIONS,
    SEED,
    SWEEP_REPLICATIONS,
)
from simgap.engines.calendars import date_of
from simgap.engines.physics import OVERLONG
from simgap.errors import BacklogLimit, InputError, Problem, SimulationError
from simgap.model.clock import MONTH
from simgap.montecarlo import one
from simgap.montecarlo import plan as plans
from simgap.montecarlo.phases import arrivals
from simgap.results.attribution import Attribution
from simgap.results.comparison import Comparison
from simgap.results.gate import Gate
from simgap.results.run import Result
from simgap.results.sweep import Sweep
from simgap.scenario.load import read_source
from simgap.scenario.values import Variant
from simgap.study import attributing, comparing, gating
from simgap.study.limits import check_size, check_window, number, refusal
from simgap.trace import Trace
from simgap.version import __version__

MOST_MONEY = 1e18  # no currency needs more, and squares of it are far from the largest number
MOST_REPLICATIONS = 10**7  # of a run
MOST_TRACED = 1_000_000  # items; their log takes a few gigabytes
PHASES = ("production", "pilot")
LIBRARIES = ("numpy", "scipy", "simpy", "numba", "pandas", "pyarrow", "matplotlib")

Progress = Callable[[int, int], None]


def _silent(done: int, total: int) -> None:
    """Report nothing."""


@dataclass(frozen=True)
class Case:
    """A scenario that this version can simulate.

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

    def run(
        self,
        replications: int = REPLICATIONS,
        seed: int = SEED,
        workers: int | None = None,
        progress: Progress = _silent,
        confirmed: bool = True,
        engine: str = ENGINE,
    ) -> Result:
        """Simulate projected and realised value.

        Parameters
        ----------
        replications : int
            Trials; each has its own draw of the unknowns and its own luck.
        seed : int
            From 0 to 2^32 - 1. The same seed gives the same bits for any number of workers.
        workers : int, optional
            Processes; by default one a processor, or none besides this one for small plans.
        progress : callable
            Told (finished, all) after each trial.
        confirmed : bool
            Whether a plan of more than an hour is meant.
        engine : str
            ``compiled``, or ``reference``, which is slower and gives the same bits.

        Returns
        -------
        Result
            Of the trials that were finished: not all are after a keyboard interrupt, or where trials end with
            `backlog_limit`.

        Raises
        ------
        InputError
            The plan would take more than an hour and is not confirmed, or the pilot outlasts the window.
        BacklogLimit
            Every trial ended with `backlog_limit`; where some do, the result is of the others.
        KeyboardInterrupt
            Interrupted before the first trial was finished.
        """
        if not confirmed:
            items = replications * plans.work(self.resolved, plans.one_each(1))
            check_size(items, replications, workers or plans.default_workers(), engine)
        check_window(self.resolved, self._wrong, (Variant(),))
        done, times = self._evaluate(plans.one_each(replications), seed, workers, progress, engine)
        provenance = self._provenance("run", seed, replications, done.complete, times)
        return Result(self.resolved, done, summary(self.resolved, done, seed, __version__), provenance)

    def sweep(
        self,
        over: Sequence[str],
        outcome: str = "npv",
        replications: int = SWEEP_REPLICATIONS,
        seed: int = SEED,
        workers: int | None = None,
        progress: Progress = _silent,
        confirmed: bool = True,
        engine: str = ENGINE,
    ) -> Sweep:
        """Simulate an outcome over one or two parameters or doses of conditions.

        Parameters
        ----------
        over : sequence of str
            One or two texts ``KEY=LO:HI:N``.
        outcome : str
            ``npv``, ``ratio`` or ``success``.
        replications, seed, workers, progress, confirmed, engine
            As in `run`; every point of the grid meets the same trials.

        Raises
        ------
        InputError
            An axis is wrong, or as in `run`.
        BacklogLimit
            No draw was finished at every point, since trials ended with `backlog_limit`.
        KeyboardInterrupt
            Interrupted before the first trial was finished at every point.
        """
        axes = [sweeps.parse_axis(text, self.resolved) for text in over]
        if not 1 <= len(axes) <= 2 or len({axis.key for axis in axes}) < len(axes):
            raise InputError("--over", [Problem(0, "", f"{len(axes)} axes", "one or two, of different keys")])
        points = math.prod(len(axis.values) for axis in axes)
        check_window(self.resolved, self._wrong, (Variant(),), axes)
        if not confirmed:
            # The corners of the grid speak for all of it: looking at each point would itself take long.
            corners = sweeps.plan_of(sweeps.ends(axes), self.resolved, 1)
            items = plans.work(self.resolved, corners) / len(corners.rows) * points * replications
            check_size(items, points * replications, workers or plans.default_workers(), engine)
        plan = sweeps.plan_of(axes, self.resolved, replications)
        done, times = self._evaluate(plan, seed, workers, progress, engine)
        mean, half_width = sweeps.grid(axes, done, len(plan.variants), outcome)
        provenance = self._provenance("sweep", seed, replications, done.complete, times)
        return Sweep(self.resolved, axes, outcome, mean, half_width, done, seed, provenance)

    def compare(
        self,
        portfolios: Sequence[str] = (),
        every: bool = False,
        each: bool = False,
        break_even: Sequence[str] = (),
        over: Sequence[str] = (),
        replications: int | None = None,
        seed: int = SEED,
        workers: int | None = None,
        progress: Progress = _silent,
        confirmed: bool = True,
        engine: str = ENGINE,
    ) -> Comparison:
        """Simulate portfolios of investments on the same futures.

        Parameters
        ----------
        portfolios : sequence of str
            Names, ``nothing`` among them where nothing is to be bought; by default all that the file names.
        every : bool
            All feasible combinations of the investments instead.
        each : bool
            Simulate also what shows the value of each investment alone and in company; with `every` this
            costs nothing.
        break_even : sequence of str
            Keys, ``KEY`` or ``KEY=LO:HI``, for which it is searched where the preference between the best
            portfolio and what it is compared with flips; ``most`` stands for the five that matter most.
        over : sequence of str
            Two texts ``KEY=LO:HI:N``: which portfolio wins over both.
        replications : int, optional
            Futures; by default 1,000, with `every` 200. A search has at most
            `comparing.BREAK_EVEN_REPLICATIONS` at each value, a map `comparing.MAP_REPLICATIONS` at each
            point.
        seed, workers, progress, confirmed, engine
            As in `run`.

        Raises
        ------
        InputError
            A name or key is wrong, portfolios cannot be bought, or as in `run`.
        BacklogLimit
            No future was finished under every portfolio.
        KeyboardInterrupt
            Interrupted before the first was.
        """
        resolved = self.resolved
        usual = ALL_REPLICATIONS if every else REPLICATIONS
        n = usual if replications is None else replications
        asked = comparing.asked(resolved, portfolios, every, each, break_even, over)
        variants = asked.variants
        check_window(resolved, self._wrong, variants, asked.axes)
        for axis in asked.searched:  # each by itself
            check_window(resolved, self._wrong, variants, [axis])
        if not confirmed:
            trials = len(variants) * n + asked.further_trials(n)
            items = plans.work(resolved, plans.crossed(variants, 1)) / len(variants) * trials
            check_size(items, trials, workers or plans.default_workers(), engine)
        done, times = self._evaluate(plans.crossed(variants, n), seed, workers, progress, engine)
        shown = plans.of_variants(done, range(len(asked.chosen)))
        summary = self._summary(shown, seed) | comparing.compared(resolved, asked, done, shown)

        curves: dict[str, Curve] = {}
        winners, unfinished = None, ""

        def simulate(plan: plans.Plan) -> plans.Results:
            nonlocal unfinished
            found, _ = self._evaluate(plan, seed, workers, progress, engine)
            if found.stopped:
                raise KeyboardInterrupt
            if found.ended:
                unfinished = "futures of the break-even or the map that end with backlog_limit are left out"
            return found

        try:
            if asked.searches and summary["against"] is not None and not done.stopped:
                curves, searched = comparing.search(resolved, asked, summary, n, simulate)
                summary |= searched
            if asked.axes and not done.stopped:
                winners = comparing.map_of(resolved, asked, n, simulate)
                summary["map"] = comparing.map_data(winners, asked.chosen)
        except KeyboardInterrupt:
            unfinished = "stopped before the break-even or the map was finished"
        except BacklogLimit:
            unfinished = "every future of the break-even or the map ends with backlog_limit"
        except InputError as error:
            what = error.problems[0].what
            unfinished = f"the break-even or the map met what cannot be simulated ({what})"
        provenance = self._provenance("compare", seed, n, done.complete and not unfinished, times)
        return Comparison(resolved, shown, finite(summary), curves, winners, unfinished, provenance)

    def gate(
        self,
        designs: Sequence[str] = (),
        replications: int = REPLICATIONS,
        seed: int = SEED,
        workers: int | None = None,
        progress: Progress = _silent,
        confirmed: bool = True,
        engine: str = ENGINE,
    ) -> Gate:
        """Simulate pilot designs, what each promises, and what production then delivers in every case.

        Parameters
        ----------
        designs : sequence of str
            Names of pilots; by default all that the file states. Production buys what ``base.portfolio``
            names and what the design carries.
        replications, seed, workers, progress, confirmed, engine
            As in `run`; every design meets the same futures.

        Raises
        ------
        InputError
            A name is wrong, no pilot could change the promise, what a design is to go on for cannot be judged
            at the gate, or as in `run`.
        BacklogLimit
            No future was finished under every design.
        KeyboardInterrupt
            Interrupted before the first was.
        """
        resolved = self.resolved
        names = gating.designs_of(resolved, self._wrong, designs)
        variants = tuple(Variant(pilot=name) for name in names)
        check_window(resolved, self._wrong, variants)
        if not confirmed:
            items = plans.work(resolved, plans.crossed(variants, 1)) * replications
            trials = len(variants) * replications
            check_size(items, trials, workers or plans.default_workers(), engine)
        done, times = self._evaluate(plans.crossed(variants, replications), seed, workers, progress, engine)
        judged = gating.trials(resolved, names, done)
        found = self._summary(done, seed) | gating.judged(resolved, judged, seed)
        provenance = self._provenance("gate", seed, replications, done.complete, times)
        return Gate(resolved, done, judged, finite(found), provenance)

    def attribute(
        self,
        portfolios: Sequence[str] = (),
        exact: bool = False,
        interactions: bool = False,
        replications: int | None = None,
        seed: int = SEED,
        workers: int | None = None,
        progress: Progress = _silent,
        confirmed: bool = True,
        engine: str = ENGINE,
    ) -> Attribution:
        """Simulate which condition takes how much of the gap: Shapley values over the conditions.

        Parameters
        ----------
        portfolios : sequence of str
            Names, ``nothing`` among them: what is left of each bar under these, on the same draws.
        exact : bool
            All coalitions of conditions in each draw, in place of those along a random order and its reverse.
        interactions : bool
            Also what each two conditions take together; but for `exact` that is twice the work.
        replications : int, optional
            Draws; by default 240, with `exact` 20.
        seed, workers, progress, confirmed, engine
            As in `run`.

        Raises
        ------
        InputError
            A portfolio is unknown, or as in `run`.
        BacklogLimit
            No draw was finished under all its coalitions.
        KeyboardInterrupt
            Interrupted before the first was.
        """
        resolved = self.resolved
        usual = EXACT_REPLICATIONS if exact else ATTRIBUTE_REPLICATIONS
        n = usual if replications is None else replications
        asked = attributing.asked(resolved, portfolios, exact, interactions)
        check_window(resolved, self._wrong, asked.variants)
        if not confirmed:
            one_draw = attributing.plan_of(asked, 1, seed)
            items, trials = plans.work(resolved, one_draw) * n, len(one_draw.rows) * n
            check_size(items, trials, workers or plans.default_workers(), engine)
        plan = attributing.plan_of(asked, n, seed)
        done, times = self._evaluate(plan, seed, workers, progress, engine)
        shares = attributing.shares(asked, done, seed)
        found = self._summary(done, seed) | attributing.summary(resolved, asked, done, shares)
        provenance = self._provenance("attribute", seed, n, done.complete, times)
        return Attribution(resolved, done, asked.conditions, shares, finite(found), provenance)

    def _summary(self, results: plans.Results, seed: int) -> dict[str, Any]:
        return {
            "scenario": {"name": self.resolved["name"], "digest": scenario.digest(self.resolved)},
            "seed": seed,
            "replications": len({row[1] for row in results.rows}),
            "ended": ended(results),
            "engine": results.engine,
            "version": __version__,
            "currency": self.resolved["parameters"]["money.currency"]["value"],
        }

    def trace(
        self,
        replication: int = 0,
        seed: int = SEED,
        phase: str = "production",
        months: tuple[int, int] | None = None,
    ) -> Trace:
        """Simulate one replication of `run` again, and keep what happened.

        Parameters
        ----------
        replication : int
            Counted from 0.
        seed : int
            As in `run`: the same seed gives the same bits.
        phase : str
            ``production`` or ``pilot``.
        months : tuple of int, optional
            First and last month, counted from 1, the month of the decision. The log is then of the items that
            arrive in these months, and of what concerns all items; by default it is of all.

        Raises
        ------
        InputError
            There is no such replication, phase or month, the replication has too many items for a log, or it
            ends after the year 9999.
        BacklogLimit
            It ends with `backlog_limit`.
        """
        if not 0 <= replication < MOST_REPLICATIONS:
            raise refusal("--replication", f"{replication}", f"0 to {MOST_REPLICATIONS - 1}")
        if phase not in PHASES:
            raise refusal("--phase", phase, " or ".join(PHASES))
        check_window(self.resolved, self._wrong, (Variant(),))
        started, clock = datetime.datetime.now(datetime.UTC), time.monotonic()
        packed = getattr(one.phases_of(self.resolved, seed, replication), phase)
        first, last = months or (1, packed.months)
        if not 1 <= first <= last <= packed.months:
            allowed = f"A:B within 1:{packed.months}, the months from the decision to the end of the {phase}"
            raise refusal("--months", f"{first}:{last}", allowed)
        items = arrivals(packed)
        if items > MOST_TRACED:
            what = f"the replication has about {number(items)} items, too many for a log"
            raise refusal("simgap", what, f"up to {MOST_TRACED:,}; a smaller volume or horizon, say by --set")
        with self._in_words():
            entries = one.log_of(packed, seed, replication)
        midnight = datetime.time(tzinfo=datetime.UTC)
        decision = self.resolved["parameters"]["clock.decision"]["value"]
        start = datetime.datetime.combine(date_of(decision), midnight)
        try:
            start += datetime.timedelta(microseconds=packed.go_live)
            start + datetime.timedelta(microseconds=entries[-1].time if entries else 0)
        except OverflowError:
            what = "the replication ends after the year 9999"
            raise refusal("simgap", what, "an earlier clock.decision, or less work for reviewers") from None
        go_live, window = packed.go_live, int(packed.knots[-1])
        line = timeline(entries, go_live, window, packed.reviewers.staff, packed.reviewers.calendar)
        if months:
            entries = of_arrivals(entries, (first - 1) * MONTH - go_live, last * MONTH - go_live)
        times = {
            "started": started.isoformat(timespec="seconds"),
            "seconds": round(time.monotonic() - clock, 3),
            "workers": 1,
        }
        provenance = self._provenance("trace", seed, 1, True, times)
        return Trace(self.resolved, seed, replication, phase, months, entries, start, line, provenance)

    def _evaluate(
        self, plan: plans.Plan, seed: int, workers: int | None, progress: Progress, engine: str
    ) -> tuple[plans.Results, dict[str, Any]]:
        if not plan.rows:
            raise refusal("--replications", "0", "1 or more")
        started, clock = datetime.datetime.now(datetime.UTC), time.monotonic()
        with self._in_words():
            done = plans.evaluate(self.resolved, plan, seed, workers, progress, engine)
        for name in ("projected_npv", "realised_npv"):
            largest = float(np.abs(done.of(name)).max())
            if not largest < MOST_MONEY:
                what = f"{name.replace('_', ' ')} comes to {largest:.3g}, too large to compute with"
                allowed = f"amounts and volumes that add up to less than {MOST_MONEY:.0e}"
                raise InputError(self.file, [Problem(0, "", what, allowed)])
        times = {
            "started": started.isoformat(timespec="seconds"),
            "seconds": round(time.monotonic() - clock, 3),
            "workers": workers or plans.default_workers(),
        }
        return done, times

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        """Turn the one failure of a simulation that is the file's fault into words that say so."""
        try:
            yield
        except SimulationError as error:
            if not str(error).endswith(OVERLONG):
                raise
            allowed = "a time in the right unit, more capacity, or a deadline"
            raise InputError(self.file, [Problem(0, "", str(error), allowed)]) from None

    def _wrong(self, key: str, what: str, allowed: str) -> InputError:
        """Return the error of a value of the file."""
        return scenario.wrong([(key, what, allowed)], self.text, self.file, self.sets)

    def _provenance(
        self, command: str, seed: int, replications: int, complete: bool, times: dict[str, Any]
    ) -> dict[str, Any]:
        from importlib.metadata import version

        return {
            "command": command,
            "seed": seed,
            "replications_asked": replications,
            "complete": complete,
            "simgap": __version__,
            "python": platform.python_version(),
            "platform": f"{sys.platform} {platform.machine()}",
            "libraries": {name: version(name) for name in LIBRARIES},
            "times": times,
            "scenario": self.resolved,
        }


def load(source: str, sets: Sequence[str] = ()) -> Case:
    """Return the case of a scenario.

    Parameters
    ----------
    source : str
        A path, the name of a scenario that ships, ``-`` for standard input, or the text of a scenario (more
        than one line).
    sets : sequence of str
        ``KEY=VALUE`` texts that replace leaves of the file.

    Raises
    ------
    InputError
        With everything that is wrong in the file, or that this version cannot simulate.

    Examples
    --------
    >>> load("minimal").resolved["workflows"]
    ['letters']
    """
    text, file = (source, "<text>") if "\n" in source else read_source(source)
    resolved = scenario.read_text(text, file, sets)
    scenario.refuse(resolved, text, file, sets)
    return Case(resolved, file, text, tuple(sets))
