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
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from simgap.compiling import is_warm
from simgap.defaults import ENGINE, FLUID
from simgap.errors import BacklogLimit, SimgapError
from simgap.model.types import Floats, Ints
from simgap.montecarlo.phases import expected_items, prepare
from simgap.montecarlo.trial import Trial, forget, run_trial
from simgap.sampling.designs import PLAIN, Design
from simgap.sampling.quantiles import quantile
from simgap.sampling.unknowns import draw_unknowns
from simgap.scenario.portfolios import concerns, members
from simgap.scenario.values import Variant, inputs

Row = tuple[int, int, int]
STACKED = ("outcomes", "monthly", "workflows", "drawn")  # arrays with a row a trial
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
        One trial each. Draws come in order, and each with all its lucks and variants: what an interruption
        leaves is then whole draws.
    design : Design
        Of the draws.
    """

    variants: tuple[Variant, ...]
    rows: tuple[Row, ...]
    design: Design = PLAIN


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
    design : Design
        Of the draws.
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
    design: Design = PLAIN

    @property
    def draws(self) -> int:
        """How many draws of the unknowns there are."""
        return len({draw for _, draw, _ in self.rows})

    @property
    def lucks(self) -> int:
        """How many trials there are of a draw and a variant."""
        return len({row[1:] for row in self.rows}) // self.draws

    @property
    def independent(self) -> bool:
        """Whether, under a variant, each trial is an independent unit of its own."""
        return self.design.points == 1 and self.lucks == 1

    @property
    def blocks(self) -> Ints:
        """Which independent unit each row belongs to, counted from 0.

        A unit is a randomisation with all its points, and of plain draws each draw with all its lucks.
        """
        unit = [draw // self.design.points for _, draw, _ in self.rows]
        return np.unique(unit, return_inverse=True)[1].astype(np.int64)

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
        **{name: getattr(results, name)[kept] for name in STACKED},
    )


def joined(before: Results, after: Results) -> Results:
    """Return the results of two plans of the same variants, whose draws differ, as those of one plan."""
    both = [results for results in (before, after) if results.rows]
    if len(both) < 2:
        whole = {name: getattr(both[0], name) for name in (*STACKED, "waits")}
    else:
        whole = {name: np.concatenate([getattr(r, name) for r in both]) for name in STACKED}
        whole["waits"] = before.waits + after.waits
    return replace(
        both[0],
        rows=before.rows + after.rows,
        complete=before.complete and after.complete,
        ended=before.ended + after.ended,
        stopped=before.stopped or after.stopped,
        **whole,
    )


def one_each(draws: int, lucks: int = 1, design: Design = PLAIN) -> Plan:
    """Return the plan of a run: the scenario as it is, by default one luck a draw, draw = luck = k."""
    return crossed((Variant(),), draws, lucks, design)


def crossed(
    variants: tuple[Variant, ...], draws: int, lucks: int = 1, design: Design = PLAIN, start: int = 0
) -> Plan:
    """Return the plan that runs every variant on the same draws and lucks: common random numbers.

    The draws are numbered from `start` to `draws`, without the latter. The lucks of draw k are numbered from
    k. The key of a random number holds the draw too, so they are not those of draw k + 1.
    """
    ks = range(start, draws)
    rows = ((v, k, k + luck) for k in ks for luck in range(lucks) for v in range(len(variants)))
    return Plan(variants, tuple(rows), design)


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
    before: Results | None = None,
    pool: Pool | None = None,
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
    before : Results, optional
        Of other draws of the same variants, which these results are to extend.
    pool : Pool, optional
        Worker processes to share with other evaluations of the same variants, seed and engine.

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
    table = draw_unknowns(unknowns, correlations, seed, draws, plan.design)
    drawn = table[np.searchsorted(draws, [draw for _, draw, _ in plan.rows])]
    if workers is None:
        small = len(plan.rows) < FEW if engine == FLUID else work(resolved, plan) <= SMALL
        workers = 1 if small else default_workers()
    workers = min(workers, len(plan.rows))
    context = (resolved, plan.variants, seed, names, engine)
    store, stopped = _Store(plan), False
    try:
        with nullcontext(pool) if pool else Pool() as shared:
            trials = (
                _run_here(context, plan.rows, drawn)
                if workers == 1
                else _run_in_processes(context, plan.rows, drawn, workers, shared)
            )
            for number, (index, trial) in enumerate(trials, 1):
                store.add(index, trial)
                progress(number, len(plan.rows))
    except KeyboardInterrupt:
        stopped = True
    shown = drawn if len(concerned) == len(names) else drawn[:, concerned]
    kept, ended = store.kept(), store.ended
    if not kept and before is None:
        if stopped or not ended:
            raise KeyboardInterrupt
        raise BacklogLimit(
            f"nothing to show: {len(ended)} of {len(plan.rows)} replications ended early, the first of them "
            f"with {ended[min(ended)]}"
        )
    complete = len(kept) == len(plan.rows)
    places = slice(None) if complete else kept  # all of an array need not be copied
    found = Results(
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
        design=plan.design,
    )
    return joined(before, found) if before else found


class Pool:
    """Worker processes, started when first needed, which end with the ``with`` block."""

    def __init__(self) -> None:
        self._executor: ProcessPoolExecutor | None = None
        self._others: set[Any] = set()

    def started(self, context: tuple[Any, ...], workers: int) -> ProcessPoolExecutor:
        """Return the processes; the first call decides what they hold, and how many they may be."""
        if self._executor is None:
            self._others = set(multiprocessing.active_children())
            spawn = multiprocessing.get_context("spawn")
            self._executor = ProcessPoolExecutor(workers, spawn, _start_worker, context)
        return self._executor

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        if self._executor is None:
            return
        # Do not wait for trials that nobody will read; nor, once all is done, for half a second of farewells.
        for process in set(multiprocessing.active_children()) - self._others:
            process.terminate()
        self._executor.shutdown(cancel_futures=True)


class _Store:
    """What trials came to, as numbers in arrays: of a trial a few kilobytes stay, and none of its objects.

    An interrupt may come between any two steps, so each of them leaves what is whole.
    """

    def __init__(self, plan: Plan):
        self.plan = plan
        self.names: tuple[str, ...] = ()
        self.outcomes = self.monthly = self.workflows = np.empty((len(plan.rows), 0))  # until one is done
        self.done = bytearray(len(plan.rows))
        self.ended: dict[int, BacklogLimit] = {}
        self.left_out: set[int] = set()
        self.rows_of = Counter(map(self._block, plan.rows))
        # The waits of blocks that are not whole yet, with draw and variant, and the sum of the others with
        # the last of them.
        self.pending: dict[int, list[tuple[int, int, Ints]]] = {}
        self.summed: tuple[Ints, int] = np.zeros((0, 0, 0), np.int64), -1

    def _block(self, row: Row) -> int:
        """Return the independent unit of a row: its randomisation."""
        return row[1] // self.plan.design.points

    def add(self, index: int, trial: Trial | BacklogLimit) -> None:
        """Keep the numbers of the trial of a row, or that it ended early."""
        variant, draw, _ = self.plan.rows[index]
        block = self._block(self.plan.rows[index])
        if isinstance(trial, BacklogLimit):
            self.left_out.add(draw)
            self.ended[index] = trial
            self.pending[block] = [part for part in self.pending.get(block, ()) if part[0] != draw]
            return
        if not self.names:
            self._make_room(trial)
        self.outcomes[index] = [trial.outcomes[name] for name in self.names]
        self.monthly[index] = trial.monthly
        self.workflows[index] = trial.workflows
        if draw not in self.left_out:
            self.pending.setdefault(block, []).append((draw, variant, trial.waits))
        self.done[index] = True
        if len(self.pending.get(block, ())) == self.rows_of[block]:
            self.summed = self._plus(block), block
            del self.pending[block]

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

    def _plus(self, block: int) -> Ints:
        """Return the sum of waits with those of one more block, but for draws that are left out."""
        waits = self.summed[0].copy()
        for draw, variant, more in self.pending[block]:
            if draw not in self.left_out:
                waits[variant] += more
        return waits

    def kept(self) -> list[int]:
        """Return the places of the finished rows that are shown.

        These are the rows of whole blocks, all of whose trials have come to something, without the draws of
        which any trial ended early.
        """
        rows = list(enumerate(self.plan.rows))
        open_ = {self._block(row) for i, row in rows if not self.done[i] and i not in self.ended}
        return [i for i, row in rows if row[1] not in self.left_out and self._block(row) not in open_]

    def waits(self, kept: list[int]) -> Ints:
        """Return the waits summed over these rows, those of `kept`."""
        self.pending.pop(self.summed[1], None)  # where an interrupt came before it was taken out
        for block in self.pending.keys() & {self._block(self.plan.rows[i]) for i in kept}:
            self.summed = self._plus(block), block
        return self.summed[0]


def _run_here(
    context: tuple[Any, ...], rows: tuple[Row, ...], drawn: Floats
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
    context: tuple[Any, ...], rows: tuple[Row, ...], drawn: Floats, workers: int, shared: Pool
) -> Iterator[tuple[int, Trial | BacklogLimit]]:
    waiting = iter(range(len(rows)))
    if not is_warm("flow.follow" if context[-1] == FLUID else "loop.advance"):
        # Workers would all compile the same at once, so the first trial runs here.
        first = next(waiting)
        yield from _run_here(context, rows[: first + 1], drawn)
    pool = shared.started(context, workers)
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
