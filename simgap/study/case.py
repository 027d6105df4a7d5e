"""Cases: what Python users load and run, and what the commands call.

A case is a scenario that this version can simulate. Running it gives a result, see `simgap.results`
and `simgap.trace`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from simgap import scenario
from simgap.analysis import sweep as sweeps
from simgap.analysis.breakeven import Curve
from simgap.analysis.summary import finite, summary
from simgap.analysis.timeline import of_arrivals, timeline
from simgap.defaults import (
    ALL_REPLICATIONS,
    ATTRIBUTE_REPLICATIONS,
    CAPACITY_DRAWS,
    CHECK_REPLICATIONS,
    DESIGN,
    ENGINE,
    EXACT_REPLICATIONS,
    FLUID,
    LUCKS,
    PREVIEW_REPLICATIONS,
    PREVIEW_TRIALS,
    REPLICATIONS,
    SEED,
    SWEEP_REPLICATIONS,
)
from simgap.errors import BacklogLimit, InputError, Problem
from simgap.model.clock import MONTH
from simgap.montecarlo import one
from simgap.montecarlo import plan as plans
from simgap.montecarlo.phases import arrivals
from simgap.results.attribution import Attribution
from simgap.results.capacity import Capacity
from simgap.results.comparison import Comparison
from simgap.results.gate import Gate
from simgap.results.replay import Happenings, Replay
from simgap.results.run import Result
from simgap.results.sweep import Sweep
from simgap.scenario.load import read_source
from simgap.scenario.values import Variant
from simgap.study import attributing, comparing, controlling, gating, replaying
from simgap.study import capacity as capacities
from simgap.study import precision as precise
from simgap.study.limits import check_replication, check_size, check_traced, check_window, refusal, start_of
from simgap.study.replicating import replicated
from simgap.study.setting import Progress, Setting, mute, now, silent, taken
from simgap.trace import Trace
from simgap.version import __version__

PHASES = ("production", "pilot")


class Case(Setting):
    """A scenario that this version can simulate; what it was read from is kept for messages.

    Attributes
    ----------
    resolved : dict
        The resolved form.
    """

    def run(
        self,
        replications: int | None = None,
        seed: int = SEED,
        workers: int | None = None,
        progress: Progress = silent,
        confirmed: bool = True,
        engine: str = ENGINE,
        design: str = DESIGN,
        lucks: int = LUCKS,
        control: bool = False,
        precision: str | float | None = None,
        precision_of: str | None = None,
        said: Callable[[str], None] = mute,
    ) -> Result:
        """Simulate projected and realised value.

        Parameters
        ----------
        replications : int, optional
            Trials; each has its own luck, and by default its own draw of the unknowns. By default 1,000, or
            the next number that design and lucks can split. With `precision` the most that may be run, by
            default 100,000.
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
        design : str
            How the unknowns are drawn: ``mc``, ``lhs`` or ``sobol``. Of the latter two the replications are
            16 to 31 randomisations, of ``sobol`` each of a power of two of points.
        lucks : int
            Trials of each draw of the unknowns. Two or more tell what is not known from luck.
        control : bool
            Also adjust the means by the fluid model as control variate, which makes their intervals narrower.
        precision : str or float, optional
            Half-width of the 95 % interval at which to stop, such as ``50000``, ``"50k"``, or ``"5 %"`` of
            the estimate; see docs/stopping.md.
        precision_of : str, optional
            Of what: a key of `analysis.sequential.METRICS`, by default ``npv``, mean realised value.
        said : callable
            Told in words what is seen at each look.

        Returns
        -------
        Result
            Of the trials that were finished: not all are after a keyboard interrupt, or where trials end with
            `backlog_limit`.

        Raises
        ------
        InputError
            The plan would take more than an hour and is not confirmed, the pilot outlasts the window, the
            replications cannot be split, or there is no such precision.
        BacklogLimit
            Every trial ended with `backlog_limit`; where some do, the result is of the others.
        KeyboardInterrupt
            Interrupted before the first trial was finished.
        """
        asked = precise.asked(precision, precision_of, replications, design, lucks)
        count = asked.first if asked else replications
        draws, drawn = replicated(self.resolved, count, REPLICATIONS, design, lucks)
        n, variants = draws * lucks, (Variant(),)
        check = self.check(variants, confirmed, workers, engine)
        check(n)
        check_window(self.resolved, self.wrong, variants)
        how = (seed, workers, progress, engine)
        if asked is None:
            done, times = self.evaluate(plans.one_each(draws, lucks, drawn), *how)
            found, complete = summary(self.resolved, done, seed, __version__), done.complete
        else:
            done, times, told, n = self.until_precise(asked, variants, check, said, *how)
            found = precise.placed(summary(self.resolved, done, seed, __version__), told)
            complete = done.complete and told["reached"]
        found["control"], unfinished = None, ""
        if control and not done.stopped:
            found["control"], unfinished = controlling.told(
                done,
                lambda: controlling.control(self.resolved, variants, done, seed, workers, progress),
                lambda asked_for: controlling.of_run(asked_for, done),
            )
        complete = complete and not unfinished
        provenance = self.provenance("run", seed, n, complete, times, design, lucks, control)
        return Result(self.resolved, done, found, provenance, unfinished)

    def sweep(
        self,
        over: Sequence[str],
        outcome: str = "npv",
        replications: int | None = None,
        seed: int = SEED,
        workers: int | None = None,
        progress: Progress = silent,
        confirmed: bool = True,
        engine: str = ENGINE,
        design: str = DESIGN,
        preview: bool = False,
    ) -> Sweep:
        """Simulate an outcome over one or two parameters or doses of conditions.

        Parameters
        ----------
        over : sequence of str
            One or two texts ``KEY=LO:HI:N``.
        outcome : str
            ``npv``, ``ratio`` or ``success``.
        replications : int, optional
            Trials at each point; by default 20, of a preview 4 to 50, fewer the more points there are.
        seed, workers, progress, confirmed, engine, design
            As in `run`; every point of the grid meets the same trials.
        preview : bool
            Ask the fluid model for what is expected at each point, and simulate nothing: approximate.

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
        check_window(self.resolved, self.wrong, (Variant(),), axes)
        if preview:
            engine = FLUID
        fewest, most = PREVIEW_REPLICATIONS
        usual = min(max(PREVIEW_TRIALS // points, fewest), most) if preview else SWEEP_REPLICATIONS
        n, drawn = replicated(self.resolved, replications, usual, design)
        if not confirmed:
            # The corners of the grid speak for all of it: looking at each point would itself take long.
            corners = sweeps.plan_of(sweeps.ends(axes), self.resolved, 1)
            items = plans.work(self.resolved, corners) / len(corners.rows) * points * n
            check_size(items, points * n, workers or plans.default_workers(), engine)
        plan = sweeps.plan_of(axes, self.resolved, n, drawn)
        done, times = self.evaluate(plan, seed, workers, progress, engine)
        mean, half_width = sweeps.grid(axes, done, len(plan.variants), outcome)
        provenance = self.provenance("sweep", seed, n, done.complete, times, design)
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
        progress: Progress = silent,
        confirmed: bool = True,
        engine: str = ENGINE,
        design: str = DESIGN,
        lucks: int = LUCKS,
        control: bool = False,
        precision: str | float | None = None,
        said: Callable[[str], None] = mute,
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
            point, both of plain draws with one luck each.
        seed, workers, progress, confirmed, engine, design, lucks, control, said
            As in `run`.
        precision : str or float, optional
            As in `run`, of the mean difference between two portfolios.

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
        known = precise.asked(precision, "difference", replications, design, lucks)
        draws, drawn = replicated(resolved, known.first if known else replications, usual, design, lucks)
        n = draws * lucks
        asked = comparing.asked(resolved, portfolios, every, each, break_even, over)
        variants = asked.variants
        if known and len(asked.chosen) != 2:
            what = f"is that of a difference, and {len(asked.chosen)} portfolios are compared"
            raise refusal("--precision", what, "the names of two portfolios beside it")
        check_window(resolved, self.wrong, variants, asked.axes)
        for axis in asked.searched:  # each by itself
            check_window(resolved, self.wrong, variants, [axis])
        check = self.check(variants, confirmed, workers, engine, asked.further_trials)
        check(n)
        how = (seed, workers, progress, engine)
        told = None
        if known is None:
            done, times = self.evaluate(plans.crossed(variants, draws, lucks, drawn), *how)
        else:
            done, times, told, n = self.until_precise(known, variants, check, said, *how)
        shown = plans.of_variants(done, range(len(asked.chosen)))
        summary = self.summary(shown, seed)
        summary |= comparing.compared(resolved, asked, done, shown)
        if told is not None:
            summary = precise.paired(summary, told, asked.chosen[0][0])

        curves: dict[str, Curve] = {}
        winners, unfinished = None, ""
        summary["control"] = None

        def simulate(plan: plans.Plan) -> plans.Results:
            nonlocal unfinished
            found, _ = self.evaluate(plan, seed, workers, progress, engine)
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
        if control and not (done.stopped or unfinished):
            bought, names = variants[: len(asked.chosen)], [name for name, _ in asked.chosen]
            summary["control"], unfinished = controlling.told(
                shown,
                lambda: controlling.control(resolved, bought, shown, seed, workers, progress),
                lambda asked_for: controlling.of_comparison(asked_for, shown, names),
            )
        complete = done.complete and not unfinished and (told is None or told["reached"])
        provenance = self.provenance("compare", seed, n, complete, times, design, lucks, control)
        return Comparison(resolved, shown, finite(summary), curves, winners, unfinished, provenance)

    def gate(
        self,
        designs: Sequence[str] = (),
        replications: int = REPLICATIONS,
        seed: int = SEED,
        workers: int | None = None,
        progress: Progress = silent,
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
        names = gating.designs_of(resolved, self.wrong, designs)
        variants = tuple(Variant(pilot=name) for name in names)
        check_window(resolved, self.wrong, variants)
        if not confirmed:
            items = plans.work(resolved, plans.crossed(variants, 1)) * replications
            trials = len(variants) * replications
            check_size(items, trials, workers or plans.default_workers(), engine)
        done, times = self.evaluate(plans.crossed(variants, replications), seed, workers, progress, engine)
        judged = gating.trials(resolved, names, done)
        found = self.summary(done, seed) | gating.judged(resolved, judged, seed)
        provenance = self.provenance("gate", seed, replications, done.complete, times)
        return Gate(resolved, done, judged, finite(found), provenance)

    def attribute(
        self,
        portfolios: Sequence[str] = (),
        exact: bool = False,
        interactions: bool = False,
        replications: int | None = None,
        seed: int = SEED,
        workers: int | None = None,
        progress: Progress = silent,
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
        check_window(resolved, self.wrong, asked.variants)
        if not confirmed:
            one_draw = attributing.plan_of(asked, 1, seed)
            items, trials = plans.work(resolved, one_draw) * n, len(one_draw.rows) * n
            check_size(items, trials, workers or plans.default_workers(), engine)
        plan = attributing.plan_of(asked, n, seed)
        done, times = self.evaluate(plan, seed, workers, progress, engine)
        shares = attributing.shares(asked, done, seed)
        found = self.summary(done, seed) | attributing.summary(resolved, asked, done, shares)
        provenance = self.provenance("attribute", seed, n, done.complete, times)
        return Attribution(resolved, done, asked.conditions, shares, finite(found), provenance)

    def capacity(
        self,
        draws: int = CAPACITY_DRAWS,
        replications: int = CHECK_REPLICATIONS,
        seed: int = SEED,
        workers: int | None = None,
        progress: Progress = silent,
        confirmed: bool = True,
        engine: str = ENGINE,
    ) -> Capacity:
        """Ask the fluid model what share of the work reviewers can carry, and check it by simulation.

        Parameters
        ----------
        draws : int
            Of the unknowns, through the fluid model.
        replications : int
            Futures of the check: each is simulated as planned, with one more reviewer, and at the share that
            was found and three smaller ones. 0 for no check.
        seed, workers, progress, confirmed, engine
            As in `run`.

        Raises
        ------
        InputError
            As in `run`.
        KeyboardInterrupt
            Interrupted before the fluid model was done.
        """
        check_window(self.resolved, self.wrong, (Variant(),))
        if not confirmed:
            trials = len(capacities.check_plan(1.0, replications).rows)
            items = trials * plans.work(self.resolved, plans.one_each(1))
            check_size(items, trials, workers or plans.default_workers(), engine)
            check_size(0.0, draws * len(capacities.FLUID_VARIANTS), workers or plans.default_workers(), FLUID)
        found, times = self.evaluate(capacities.fluid_plan(draws), seed, workers, progress, FLUID)
        if found.stopped:
            raise KeyboardInterrupt
        simulated, unfinished = None, ""
        if replications:
            plan = capacities.check_plan(capacities.cliff(found)[0].share, replications)
            try:
                simulated, _ = self.evaluate(plan, seed, workers, progress, engine)
            except (KeyboardInterrupt, BacklogLimit) as error:
                unfinished = f"the check was not finished ({error or 'stopped'})"
        told = capacities.summary(self.resolved, seed, found, simulated)
        summary = self.summary(found, seed) | told
        complete = found.complete and not unfinished and (simulated is None or simulated.complete)
        provenance = self.provenance("capacity", seed, draws, complete, times)
        provenance["check_replications"] = replications
        return Capacity(self.resolved, found, simulated, summary, provenance, unfinished)

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
        check_replication(replication)
        if phase not in PHASES:
            raise refusal("--phase", phase, " or ".join(PHASES))
        check_window(self.resolved, self.wrong, (Variant(),))
        since = now()
        packed = getattr(one.phases_of(self.resolved, seed, replication), phase)
        first, last = months or (1, packed.months)
        if not 1 <= first <= last <= packed.months:
            allowed = f"A:B within 1:{packed.months}, the months from the decision to the end of the {phase}"
            raise refusal("--months", f"{first}:{last}", allowed)
        check_traced(arrivals(packed))
        with self.in_words():
            entries = one.log_of(packed, seed, replication)
        start = start_of(self.resolved, packed.go_live, entries[-1].time if entries else 0)
        go_live, window = packed.go_live, int(packed.knots[-1])
        line = timeline(entries, go_live, window, packed.reviewers.staff, packed.reviewers.calendar)
        if months:
            entries = of_arrivals(entries, (first - 1) * MONTH - go_live, last * MONTH - go_live)
        provenance = self.provenance("trace", seed, 1, True, taken(since))
        return Trace(self.resolved, seed, replication, phase, months, entries, start, line, provenance)

    def replay(
        self,
        replication: int = 0,
        without: Sequence[str] = (),
        each: bool = False,
        seed: int = SEED,
        progress: Progress = silent,
        confirmed: bool = True,
    ) -> Happenings | Replay:
        """Take events out of one replication of `run`, and show what followed from them.

        Parameters
        ----------
        replication : int
            Counted from 0; of its production.
        without : sequence of str
            Events ``KIND:N`` to take out together, such as ``incident:3``; without any, what there is to take
            out is listed.
        each : bool
            Take out each of those listed by itself, and say what it cost.
        seed, progress, confirmed
            As in `run`.

        Returns
        -------
        Happenings or Replay
            What can be taken out; or what followed from what was.

        Raises
        ------
        InputError
            There is no such replication or event, or as in `trace`.
        BacklogLimit
            It ends with `backlog_limit`, as it was or without what is taken out.
        """
        check_replication(replication)
        check_window(self.resolved, self.wrong, (Variant(),))
        since = now()
        with self.in_words():
            found = replaying.replay(self.resolved, replication, without, each, seed, progress, confirmed)
        provenance = self.provenance("replay", seed, 1, found.complete, taken(since))
        return replace(found, provenance=provenance)


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
