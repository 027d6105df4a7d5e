"""The plan and its evaluation: the one place where anything is simulated many times.

A plan is a list of rows (variant, draw, luck). Analyses make plans and read results; none of them loops over
simulations itself, so progress, interruption, worker processes and common random numbers exist once.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from simgap.compiling import is_warm
from simgap.defaults import ENGINE, FLUID
from simgap.errors import BacklogLimit, SimgapError
from simgap.model.types import Floats, Ints
from simgap.montecarlo.phases import expected_items, prepare
from simgap.montecarlo.trial import Trial, forget, run_trial
from simgap.sampling.unknowns import draw_unknowns, quantile
from simgap.scenario.portfolios import concerns, members
from simgap.scenario.values import Variant, inputs

Row = tuple[int, int, int]
SMALL = 30_000  # items; below this, starting worker processes takes longer than simulating
FEW = 600  # trials of the fluid model, likewise


@dataclass(frozen=True)
class Plan:
    """What to simulate.

    Attributes
    ----------
    variants : tuple of Variant
        Changes of the scenario.
    rows : tuple of (variant, draw, luck)
        One trial each. Draws come in order, and each with all its variants: what an interruption leaves is
        then whole draws.
    """

    variants: tuple[Variant, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Results:
    """What a plan came to.

    Attributes
    ----------
    rows : tuple of (variant, draw, luck)
        The trials that were finished, in the order of the plan.
    names : tuple of str
        Names of the outcomes.
    outcomes : Floats[rows, names]
        One row a trial.
    monthly : Floats[rows, months, len(MONTHLY)]
        By month.
    waits : Ints[variants, 2, WAIT_BINS]
        Waits summed over the trials of each variant.
    workflows : Floats[rows, workflows, len(PER_WORKFLOW)]
        Production by workflow.
    inputs : tuple of str
        Names of the unknowns; without those of pilot designs and investments that no variant has.
    drawn : Floats[rows, inputs]
        Their values in each trial.
    complete : bool
        Whether every row of the plan was finished.
    engine : str
        What simulated.
    ended : tuple of (variant, draw, luck)
        The trials that ended with `backlog_limit`, in the order of the plan. Their draws are left out of all
        that stands above.
    stopped : bool
        Whether an interruption ended the plan early.
    """

    rows: tuple[Row, ...]
    names: tuple[str, ...]
    outcomes: Floats
    monthly: Floats
    waits: Ints
    workflows: Floats
    inputs: tuple[str, ...]
    drawn: Floats
    complete: bool
    engine: str = ENGINE
    ended: tuple[Row, ...] = ()
    stopped: bool = False

    def of(self, name: str) -> Floats:
        """Return one outcome, a number a trial."""
        return self.outcomes[:, self.names.index(name)]


def of_variants(results: Results, variants: Sequence[int]) -> Results:
    """Return the results of some variants alone, numbered anew in the order given."""
    place = {variant: i for i, variant in enumerate(variants)}
    kept = [i for i, (variant, _, _) in enumerate(results.rows) if variant in place]
    kept.sort(key=lambda i: (*results.rows[i][1:], place[results.rows[i][0]]))
    return replace(
        results,
        rows=tuple((place[results.rows[i][0]], *results.rows[i][1:]) for i in kept),
        waits=results.waits[list(variants)],
        **{name: getattr(results, name)[kept] for name in ("outcomes", "monthly", "workflows", "drawn")},
    )


def one_each(replications: int) -> Plan:
    """Return the plan of a plain Monte Carlo run: one replication per draw, draw = luck = k."""
    return Plan((Variant(),), tuple((0, k, k) for k in range(replications)))


def crossed(variants: tuple[Variant, ...], replications: int) -> Plan:
    """Return the plan that runs every variant on the same draws and lucks: common random numbers."""
    rows = ((v, k, k) for k in range(replications) for v in range(len(variants)))
    return Plan(variants, tuple(rows))


def medians(resolved: Mapping[str, Any]) -> dict[str, float]:
    """Return the median of every unknown of a scenario, by name."""
    return {i["name"]: float(quantile(i["distribution"], np.array([0.5]))[0]) for i in inputs(resolved)}


def work(resolved: Mapping[str, Any], plan: Plan) -> float:
    """Return the number of items that a plan is expected to simulate, at the medians of the unknowns."""
    middle = medians(resolved)
    # A few variants, the first and the last among them, speak for a large grid: preparing each takes time.
    places = np.unique(np.linspace(0, len(plan.variants) - 1, 9).round().astype(int))
    each = [expected_items(prepare(resolved, middle, plan.variants[i])) for i in places]
    return float(np.mean(each)) * len(plan.rows)


def chosen(resolved: Mapping[str, Any], variants: Iterable[Variant]) -> tuple[set[str], set[str]]:
    """Return the pilot designs that are run and the investments that are bought under any variant."""
    bought = [members(resolved, variant.pilot, variant.investments) for variant in variants]
    return {pilot for pilot, _, _ in bought}, {
        name for _, carried, others in bought for name in (*carried, *others)
    }


def default_workers() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


_context: tuple[Mapping[str, Any], tuple[Variant, ...], int, tuple[str, ...], str]


def _start_worker(*context: Any) -> None:
    """Keep what all trials of a worker share; leave Ctrl-C to the parent."""
    global _context
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _context = context  # as `_run_in_processes` passes it


def _attempt(context: tuple[Any, ...], row: Row, drawn: Floats) -> Trial | BacklogLimit:
    """Return what a trial came to; a backlog without end ends the trial, and not the run."""
    resolved, variants, seed, names, engine = context
    variant, draw, luck = row
    values = dict(zip(names, drawn, strict=True))
    try:
        return run_trial(resolved, values, variants[variant], seed, draw, luck, engine, len(variants) > 1)
    except BacklogLimit as error:
        return BacklogLimit(str(error))  # without the frames of the engine, which hold all of its arrays


def _run_row(row: Row, drawn: Floats) -> Trial | BacklogLimit:
    return _attempt(_context, row, drawn)


def evaluate(
    resolved: Mapping[str, Any],
    plan: Plan,
    seed: int,
    workers: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
    engine: str = ENGINE,
) -> Results:
    """Simulate the rows of a plan.

    Parameters
    ----------
    resolved : mapping
        The resolved scenario.
    plan : Plan
        What to simulate.
    seed : int
        Seed of the study, below 2^32.
    workers : int, optional
        Processes; by default one a processor, or this process alone for small plans. The results are the
        same bits for any number.
    progress : callable
        Told (finished, all) after each trial.
    engine : str
        One of `defaults.ENGINES`, of which the results are the same bits; or `defaults.FLUID`, see
        `montecarlo.trial.fluid_trial`.

    Returns
    -------
    Results
        Of the draws that were finished under all their variants: not all are after a keyboard interrupt, or
        where trials end with `backlog_limit`.

    Raises
    ------
    BacklogLimit
        Not one draw was finished under all its variants, for that reason.
    SimgapError
        A trial failed, with the words that name it, a worker process died, or memory does not suffice.
    """
    unknowns = inputs(resolved)
    names = tuple(str(i["name"]) for i in unknowns)
    pilots, investments = chosen(resolved, plan.variants)
    concerned = [i for i, name in enumerate(names) if concerns(name, pilots, investments)]
    draws = np.array(sorted({draw for _, draw, _ in plan.rows}), np.int64)
    correlations = [(a, b, rho) for a, b, rho in resolved["correlations"]]
    table = draw_unknowns(unknowns, correlations, seed, draws)
    drawn = table[np.searchsorted(draws, [draw for _, draw, _ in plan.rows])]
    if workers is None:
        small = len(plan.rows) < FEW if engine == FLUID else work(resolved, plan) <= SMALL
        workers = 1 if small else default_workers()
    workers = min(workers, len(plan.rows))
    context = (resolved, plan.variants, seed, names, engine)
    run = _run_here if workers == 1 else _run_in_processes
    store, stopped = _Store(plan), False
    try:
        for number, (index, trial) in enumerate(run(context, plan.rows, drawn, workers), 1):
            store.add(index, trial)
            progress(number, len(plan.rows))
    except KeyboardInterrupt:
        stopped = True
    shown = drawn if len(concerned) == len(names) else drawn[:, concerned]
    kept, ended = store.whole_draws(), store.ended
    if not kept:
        if stopped or not ended:
            raise KeyboardInterrupt
        raise BacklogLimit(
            f"nothing to show: {len(ended)} of {len(plan.rows)} replications ended early, the first of them "
            f"with {ended[min(ended)]}"
        )
    complete = len(kept) == len(plan.rows)
    places = slice(None) if complete else kept  # all of an array need not be copied
    return Results(
        rows=tuple(plan.rows[i] for i in kept),
        names=store.names,
        outcomes=store.outcomes[places],
        monthly=store.monthly[places],
        waits=store.waits(kept),
        workflows=store.workflows[places],
        inputs=tuple(names[i] for i in concerned),
        drawn=shown[places],
        complete=complete,
        engine=engine,
        ended=tuple(plan.rows[i] for i in sorted(ended)),
        stopped=stopped,
    )


class _Store:
    """What trials came to, as numbers in arrays: of a trial a few kilobytes stay, and none of its objects.

    An interrupt may come between any two steps, so each of them leaves what is whole.
    """

    def __init__(self, plan: Plan):
        self.plan = plan
        self.names: tuple[str, ...] = ()
        self.done = bytearray(len(plan.rows))
        self.ended: dict[int, BacklogLimit] = {}
        self.left_out: set[int] = set()
        self.rows_of = Counter(draw for _, draw, _ in plan.rows)
        # The waits of draws that are not whole yet, and the sum of the others with the last of them.
        self.pending: dict[int, list[tuple[int, Ints]]] = {}
        self.summed: tuple[Ints, int] = np.zeros((0, 0, 0), np.int64), -1

    def add(self, index: int, trial: Trial | BacklogLimit) -> None:
        """Keep the numbers of the trial of a row, or that it ended early."""
        variant, draw, _ = self.plan.rows[index]
        if isinstance(trial, BacklogLimit):
            self.ended[index] = trial
            self.left_out.add(draw)
            self.pending.pop(draw, None)
            return
        if not self.names:
            self._make_room(trial)
        self.outcomes[index] = [trial.outcomes[name] for name in self.names]
        self.monthly[index] = trial.monthly
        self.workflows[index] = trial.workflows
        if draw not in self.left_out:
            self.pending.setdefault(draw, []).append((variant, trial.waits))
        self.done[index] = True
        if len(self.pending.get(draw, ())) == self.rows_of[draw]:
            self.summed = self._plus(draw), draw
            del self.pending[draw]

    def _make_room(self, trial: Trial) -> None:
        rows, names = len(self.plan.rows), tuple(trial.outcomes)
        try:
            self.outcomes = np.empty((rows, len(names)))
            self.monthly = np.empty((rows, *trial.monthly.shape))
            self.workflows = np.empty((rows, *trial.workflows.shape))
            self.summed = np.zeros((len(self.plan.variants), *trial.waits.shape), np.int64), -1
        except MemoryError:
            size = rows * (len(names) + trial.monthly.size + trial.workflows.size) * 8e-9
            raise SimgapError(
                f"the numbers of {rows:,} trials take {size:,.0f} GB, more than there is; fewer "
                "--replications or points"
            ) from None
        self.names = names

    def _plus(self, draw: int) -> Ints:
        """Return the sum of waits with those of one more draw."""
        waits = self.summed[0].copy()
        for variant, more in self.pending[draw]:
            waits[variant] += more
        return waits

    def whole_draws(self) -> list[int]:
        """Return the places of the finished rows whose draw was finished under every variant of the plan."""
        missing = {row[1] for row, done in zip(self.plan.rows, self.done, strict=True) if not done}
        return [i for i, row in enumerate(self.plan.rows) if row[1] not in missing]

    def waits(self, kept: list[int]) -> Ints:
        """Return the waits summed over these rows, the whole draws."""
        self.pending.pop(self.summed[1], None)  # where an interrupt came before it was taken out
        for draw in self.pending.keys() & {self.plan.rows[i][1] for i in kept}:
            self.summed = self._plus(draw), draw
        return self.summed[0]


def _run_here(
    context: tuple[Any, ...], rows: tuple[Row, ...], drawn: Floats, workers: int
) -> Iterator[tuple[int, Trial | BacklogLimit]]:
    forget()
    for index, row in enumerate(rows):
        yield index, _attempt(context, row, drawn[index])


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back while processes start: they inherit the mask, and so never meet it themselves."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _run_in_processes(
    context: tuple[Any, ...], rows: tuple[Row, ...], drawn: Floats, workers: int
) -> Iterator[tuple[int, Trial | BacklogLimit]]:
    waiting = iter(range(len(rows)))
    if not is_warm("flow.follow" if context[-1] == FLUID else "loop.advance"):
        # Workers would all compile the same at once, so the first trial runs here.
        first = next(waiting)
        yield from _run_here(context, rows[: first + 1], drawn, 1)
    spawn = multiprocessing.get_context("spawn")
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(min(workers, len(rows)), spawn, _start_worker, context)
    running: dict[Future[Trial | BacklogLimit], int] = {}
    try:
        while True:
            # A few tasks ahead keep workers busy; all at once would hold every row's inputs in the pipe.
            while len(running) < 3 * workers and (index := next(waiting, None)) is not None:
                with _interrupts_held():
                    future = pool.submit(_run_row, rows[index], drawn[index])
                running[future] = index
            if not running:
                break
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                yield running.pop(future), future.result()
    except BrokenProcessPool as error:
        raise SimgapError(
            "a worker process died: for want of memory (try --workers 1), or because a script of your own "
            "starts work outside `if __name__ == '__main__':`"
        ) from error
    finally:
        # Do not wait for trials that nobody will read; nor, once all is done, for half a second of farewells.
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        pool.shutdown(cancel_futures=True)
