"""Plans: the same bits however they are run, paired draws, whole draws after an interruption."""

import itertools
import multiprocessing
import pickle
import subprocess
import sys
import time
import tracemalloc
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool

import numpy as np
import pytest

from simgap.economics.cashflow import discount_factors
from simgap.engines.physics import Count
from simgap.engines.reference import simulate
from simgap.errors import BacklogLimit, SimgapError, SimulationError
from simgap.model import keys
from simgap.model.oversight import WAIT_BINS
from simgap.montecarlo import plan as plans
from simgap.montecarlo import trial
from simgap.montecarlo.outcomes import MONTHLY
from simgap.montecarlo.phases import planned_volume, prepare
from simgap.montecarlo.plan import Plan, crossed, evaluate, one_each, work
from simgap.scenario import read_text
from simgap.scenario.values import Variant, inputs

SEED = 4
TEXT = """
simgap: 1
name: small
clock: {decision: 2026-01, horizon: 3 months}
workflows:
  letters: {volume: 8 per day | 20 per day, error_cost: 10 / 20 / 40, value_cv: 1}
legacy: {cost: 5 / 6 / 8 per item, error_rate: 3 %}
data: {missing: 2 % | 6 / 10 / 15 %, duplicate: none | 5 %, validated: 50 %}
ai: {accuracy: 80 / 90 / 95 %, cost: 0.10 per item}
oversight: {reviewers: 1, wage: 35 per hour, time: 10 min, review_least_confident: 30 %}
pilots: {demo: {lasts: 2 weeks, cost: 1k}}
"""
RESOLVED = read_text(TEXT, "<text>")
COST = "ai.cost"
DEARER = Variant(sets=((COST, "production", 0.35),))
MANY = Variant(sets=(("oversight.reviewers", "production", 3.0),))


def run(plan, workers=1, seed=SEED, **more):
    return evaluate(RESOLVED, plan, seed, workers, **more)


def same(a, b):
    """Whether two results hold the same bits."""
    return (a.rows, a.names, a.inputs, a.complete) == (b.rows, b.names, b.inputs, b.complete) and all(
        getattr(a, f).tobytes() == getattr(b, f).tobytes()
        for f in ("outcomes", "monthly", "waits", "workflows", "drawn")
    )


@pytest.fixture(scope="module")
def three():
    return run(one_each(3))


@pytest.fixture(scope="module")
def pairs():
    return run(crossed((Variant(), DEARER, MANY), 4))


# --- plans ---------------------------------------------------------------------------------------------


def test_plans():
    assert one_each(3).rows == ((0, 0, 0), (0, 1, 1), (0, 2, 2))
    assert crossed((Variant(), DEARER), 2).rows == ((0, 0, 0), (1, 0, 0), (0, 1, 1), (1, 1, 1))


def test_work_is_the_number_of_items():
    # Arrivals with duplicates are Poisson, both phases. Five sigma: a false alarm in 1.7 million seeds.
    plan = crossed((Variant(), Variant(doses=(("data", 0.0),))), 4)
    drawn = {unknown["name"]: 0.5 for unknown in inputs(RESOLVED)}  # the volume is known
    items = 0
    for v in range(2):
        phases = prepare(RESOLVED, drawn, plan.variants[v])
        for packed, k in itertools.product((phases.production, phases.pilot), range(4)):
            items += simulate(packed, SEED, k, k).total(Count.ARRIVED, Count.DUPLICATES)
    expected = work(RESOLVED, plan)
    assert expected == pytest.approx(items, abs=5.0 * expected**0.5)
    # Twenty a day for what two weeks leave of three months, with a 19th more as duplicates and without; eight
    # a day in the pilot.
    days = 3 * 730 / 24 - 14
    by_hand = 4 * (20 * days / 0.95 + 8 * 14) + 4 * (20 * days + 8 * 14)
    assert expected == pytest.approx(by_hand, rel=1e-9)


def test_a_capacity_meets_the_volume_of_its_variant():
    # One reviewer for eight letters a day in the pilot: three for twenty, and ten for eighty.
    drawn = {unknown["name"]: 0.5 for unknown in inputs(RESOLVED)}
    more = (("workflows.letters.volume", "production", 80.0 * 365.0),)
    for sets, reviewers in (((), 3), (more, 10)):
        phases = prepare(RESOLVED, drawn, Variant((("oversight", 0.0),), sets))
        assert (phases.pilot.reviewers.staff, phases.production.reviewers.staff) == (1, reviewers)


# --- what a trial reports -------------------------------------------------------------------------------

LIVELY = read_text(
    TEXT.replace(
        "error_cost: 10", "consequential: 60 %, backlog: 30, starts: month 1, error_cost: 10"
    ).replace("reviewers: 1,", "reviewers: 1, escalated: 30 %, specialists: 1, specialist_deadline: 4 h,")
    + """
governance: {surfaced: 80 %, lag: 5 days, explainable: 50 %, resolve: 10 days, warn: 3, restrict: 6,
  suspend: 9, incident_cost: 1k, review_consequential: no}
integration: {throughput: 6 per hour, outages: 100 per year, lost: 30 %}
""",
    "<text>",
)


@pytest.fixture(scope="module", params=range(3))
def lively(request):
    """A trial with incidents, outages and specialists: its phases, physics of production, and the trial."""
    drawn = {unknown["name"]: 0.3 for unknown in inputs(LIVELY)} | {"ai.accuracy": 0.6}
    luck = request.param
    phases = prepare(LIVELY, drawn, Variant())
    physics = simulate(phases.production, SEED, 0, luck)
    return phases, physics, trial.run_trial(LIVELY, drawn, Variant(), SEED, 0, luck)


def test_incidents_levels_and_teams_of_a_trial(lively):
    phases, physics, result = lively
    r, hour = result.outcomes, 3.6e9
    end = phases.production.knots[-1]
    inside = physics.incident_time <= end
    assert (r["n_incidents"], r["n_latent_incidents"]) == (inside.sum(), (~inside).sum())
    assert inside.sum() > 3
    assert r["n_problems"] == (physics.incident_failed[inside] > 0).sum()
    levels = [r[f"n_level_{word}"] for word in ("autonomous", "guarded", "restricted", "suspended")]
    np.testing.assert_allclose(levels, physics.level_time.sum(axis=0) / hour, rtol=1e-12)
    assert sum(levels) == pytest.approx(3 * 730 - 14 * 24, rel=1e-12)
    for name, column in (
        ("n_lost", Count.LOST),
        ("n_suspended", Count.SUSPENDED),
        ("n_trigger_autonomy", Count.TRIGGER_AUTONOMY),
        ("n_specialist_queued", Count.SPECIALIST_QUEUED),
        ("n_specialist_deadline_missed", Count.SPECIALIST_DEADLINE_MISSED),
    ):
        assert r[name] == physics.total(column)
    assert r["n_ai_wait"] == pytest.approx(physics.total(Count.AI_WAIT) / 3.6e6)
    assert r["ai_backlog_peak"] == physics.ai_backlog_peak
    team = physics.specialists
    assert r["n_specialist_capacity"] == pytest.approx(team.capacity.sum() / hour)
    assert r["n_specialist_wait"] == pytest.approx(team.wait_total / hour)
    assert r["n_specialist_used"] == pytest.approx(physics.counts[0, :-1, Count.SPECIALIST_USED].sum() / hour)
    monthly = dict(zip(MONTHLY, result.monthly.T, strict=True))
    np.testing.assert_array_equal(monthly["specialist_backlog"], team.backlog)
    np.testing.assert_allclose(monthly["restricted_hours"], physics.level_time[:, 2:].sum(axis=1) / hour)
    # By month from the decision; what surfaces after the window stands in the last month.
    months = np.minimum((physics.incident_time / hour + 14 * 24) // 730, 2).astype(int)
    np.testing.assert_array_equal(monthly["incident_count"], np.bincount(months, minlength=3))
    assert monthly["incidents"][months.min()] < 0.0


def test_the_pilot_has_no_backlog_and_the_board_believes_in_that_of_production(lively):
    phases, _, _ = lively
    (of_pilot,), (flow,) = phases.pilot.workflows, phases.production.workflows
    assert (of_pilot.waiting, flow.waiting) == (0, 30)
    planned = planned_volume(phases)
    # 20 letters a day from a month after go-live on, at 1066 h from the decision, and the 30 at that instant.
    days = np.array([0.0, 0.0, (3 * 730 - 1066) / 24])
    days[1] = (2 * 730 - 1066) / 24
    days[2] -= days[1]
    np.testing.assert_allclose(planned, 20 * days + [0, 30, 0], rtol=2e-3, atol=0.02)
    assert flow.waiting_from == 730 * 3_600_000_000


@pytest.mark.parametrize(
    ("stated", "pilot", "production"),
    [
        ("[3 from month 1]", (), (730, 3)),  # of the months after go-live
        ("'[2 from month 0] | [3 from month 1]'", (0, 2), (730, 3)),
    ],
)
def test_a_headcount_plan_is_the_pilots_only_where_a_bar_says_so(stated, pilot, production):
    text = TEXT.replace("reviewers: 1,", f"reviewers: 1, headcount_plan: {stated},")
    resolved = read_text(text, "<text>")
    drawn = {unknown["name"]: 0.5 for unknown in inputs(resolved)}
    phases = prepare(resolved, drawn, Variant())
    for packed, plan in ((phases.pilot, pilot), (phases.production, production)):
        wanted = ((plan[0] * 3_600_000_000, plan[1]),) if plan else ()
        assert packed.reviewers.plan == wanted
        assert packed.specialists.plan == ()


# --- the same bits -------------------------------------------------------------------------------------


def test_results_are_the_same_for_any_number_of_workers(three, pairs):
    plan = crossed((Variant(), DEARER, MANY), 4)
    assert same(run(plan, workers=2), pairs)
    assert not multiprocessing.active_children()
    assert same(run(one_each(3), workers=None), three)  # a plan this small gets no processes


def test_the_seed_tells_runs_apart(three):
    again, other = run(one_each(3)), run(one_each(3), seed=SEED + 1)
    assert same(again, three)
    assert not (other.outcomes == three.outcomes).all(axis=1).any()
    assert not np.isin(other.drawn, three.drawn).any()


def test_a_row_is_the_same_alone_and_in_any_plan(three):
    alone = run(Plan((Variant(),), ((0, 2, 2),)))
    assert alone.outcomes[0].tobytes() == three.outcomes[2].tobytes()
    assert alone.monthly[0].tobytes() == three.monthly[2].tobytes()
    assert alone.drawn[0].tobytes() == three.drawn[2].tobytes()
    backwards = run(Plan((MANY, Variant()), ((1, 2, 2), (1, 0, 0))))
    assert backwards.outcomes.tobytes() == three.outcomes[[2, 0]].tobytes()


def test_draw_and_luck_are_apart():
    # Two lucks of one draw share the unknowns, two draws of one luck the arrivals.
    r = run(Plan((Variant(),), ((0, 5, 5), (0, 5, 6), (0, 6, 5))))
    assert (r.drawn[0] == r.drawn[1]).all()
    assert (r.drawn[0] != r.drawn[2]).all()
    assert len(set(r.of("realised_npv"))) == 3


# --- common random numbers -----------------------------------------------------------------------------


def test_variants_meet_the_same_draws_and_the_same_luck(pairs):
    plain, dearer, many = (np.array([row[0] for row in pairs.rows]) == v for v in range(3))
    assert (pairs.drawn[plain] == pairs.drawn[dearer]).all()
    assert (pairs.drawn[plain] == pairs.drawn[many]).all()
    physics = [i for i, name in enumerate(pairs.names) if name[:2] == "n_"]
    assert (pairs.outcomes[plain][:, physics] == pairs.outcomes[dearer][:, physics]).all()
    # The same items ask for the same work, whoever is there to do it.
    for name in ("n_items", "n_duplicates", "n_offered", "n_ai_right", "projected_npv"):
        assert (pairs.of(name)[plain] == pairs.of(name)[many]).all(), name
    assert (pairs.of("n_wait")[many] <= pairs.of("n_wait")[plain]).all()
    # A price that rises by 0.25 costs just that, item by item.
    served = pairs.monthly[plain][:, :, MONTHLY.index("ai")] / -0.10
    loss = (served * 0.25) @ discount_factors(3, 0.08)
    difference = pairs.of("realised_npv")[plain] - pairs.of("realised_npv")[dearer]
    np.testing.assert_allclose(difference, loss, rtol=1e-9)


def test_pairs_take_most_of_the_luck_out_of_a_comparison(pairs):
    npv = pairs.of("realised_npv").reshape(4, 3)
    assert np.std(npv[:, 0] - npv[:, 1]) < 0.2 * np.std(npv[:, 0])


# --- results -------------------------------------------------------------------------------------------


def test_fields_of_results(pairs):
    rows, names, inputs = len(pairs.rows), len(pairs.names), len(pairs.inputs)
    assert pairs.rows == crossed((Variant(), DEARER, MANY), 4).rows
    assert pairs.complete
    assert pairs.outcomes.shape == (12, names) == (rows, len(set(pairs.names)))
    assert pairs.monthly.shape == (12, 3, len(MONTHLY))
    assert pairs.waits.shape == (3, 2, WAIT_BINS)
    assert pairs.inputs == ("ai.accuracy", "data.missing", "legacy.cost", "workflows.letters.error_cost")
    assert pairs.drawn.shape == (12, inputs)
    assert pairs.of("gap").tolist() == pairs.outcomes[:, pairs.names.index("gap")].tolist()
    with pytest.raises(ValueError, match="tuple"):
        pairs.of("no such outcome")


def test_waits_are_summed_by_variant(pairs):
    queued = pairs.of("n_queued").reshape(4, 3).sum(axis=0)
    assert pairs.waits.sum(axis=2).tolist() == [[q, q] for q in queued]


def test_outcomes_agree_with_the_months(pairs):
    month = {name: pairs.monthly[:, :, i] for i, name in enumerate(MONTHLY)}
    factors = discount_factors(3, 0.08)
    one_off = month["pilot"][:, 0]
    npv = (month["net"] - month["pilot"]) @ factors + one_off
    np.testing.assert_allclose(npv, pairs.of("realised_npv"), rtol=1e-9)
    np.testing.assert_allclose(month["projected"] @ factors, pairs.of("projected_npv"), rtol=1e-9)
    assert (month["items"].sum(axis=1) == pairs.of("n_items")).all()
    gap = pairs.of("projected_npv") - pairs.of("realised_npv")
    assert (pairs.of("gap") == gap).all()
    assert (one_off == -1000.0).all()


def test_progress_counts_every_trial():
    told = []
    run(one_each(2), progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]


# --- interruption and failure --------------------------------------------------------------------------


def interrupt_after(n):
    def progress(done, total):
        if done == n:
            raise KeyboardInterrupt

    return progress


@pytest.mark.parametrize(("n", "draws"), [(3, 1), (5, 1), (6, 2), (11, 3)])
def test_an_interruption_leaves_whole_draws(pairs, n, draws):
    r = run(crossed((Variant(), DEARER, MANY), 4), progress=interrupt_after(n))
    assert not r.complete
    assert r.rows == pairs.rows[: 3 * draws]
    assert r.outcomes.tobytes() == pairs.outcomes[: 3 * draws].tobytes()
    assert r.monthly.shape[0] == r.drawn.shape[0] == 3 * draws
    assert r.waits[0, 0].sum() == r.of("n_queued")[::3].sum()


def test_an_interruption_before_the_first_whole_draw_is_one():
    with pytest.raises(KeyboardInterrupt):
        run(crossed((Variant(), DEARER, MANY), 4), progress=interrupt_after(2))


def test_an_interruption_ends_the_workers_and_nothing_else(pairs):
    # But not the caller's other processes.
    bystander = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(600,), daemon=True)
    bystander.start()
    try:
        r = run(crossed((Variant(), DEARER, MANY), 4), workers=2, progress=interrupt_after(9))
        assert multiprocessing.active_children() == [bystander]
    finally:
        bystander.terminate()
        bystander.join()
    # Trials come in any order from two workers: whole draws, and the same bits as ever.
    kept = [i for i, row in enumerate(pairs.rows) if row in r.rows]
    assert not r.complete
    assert len(kept) % 3 == 0
    assert r.outcomes.tobytes() == pairs.outcomes[kept].tobytes()


SECOND = "seed 4, draw 1, luck 1: backlog_limit: more than 7 items are in the system at once"


def second_ends(row, drawn):
    """What a worker runs in place of a trial: that of draw 1 with many reviewers ends early."""
    return BacklogLimit(SECOND) if row[:2] == (2, 1) else plans._run_row(row, drawn)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_backlog_without_end_leaves_its_draw_out_and_the_run_goes_on(pairs, workers, monkeypatch):
    def ends(packed, seed, draw, luck):
        if packed.phase == keys.PRODUCTION and draw == 1 and next(production) == 1:
            raise BacklogLimit(SECOND.split(": ", 1)[1])
        return simulate(packed, seed, draw, luck)

    production, told = itertools.count(), []
    if workers == 1:
        monkeypatch.setattr(trial, "simulator", lambda engine: ends)
    else:
        monkeypatch.setattr(plans, "_run_row", second_ends)
    r = run(crossed((Variant(), DEARER, MANY), 4), workers, progress=lambda *told_: told.append(told_))
    assert told == [(n, 12) for n in range(1, 13)]
    assert r.ended == ((2, 1, 1),)
    assert (r.complete, r.stopped) == (False, False)
    kept = [i for i, row in enumerate(pairs.rows) if row[1] != 1]
    assert r.rows == tuple(pairs.rows[i] for i in kept)
    for name in ("outcomes", "monthly", "drawn"):
        assert getattr(r, name).tobytes() == getattr(pairs, name)[kept].tobytes()
    queued = r.of("n_queued").reshape(3, 3).sum(axis=0)
    assert r.waits.sum(axis=2).tolist() == [[q, q] for q in queued]


def test_what_differs_in_money_alone_is_simulated_once(monkeypatch):
    def counting(packed, seed, draw, luck):
        simulated.append((packed.phase, draw))
        return simulate(packed, seed, draw, luck)

    simulated = []
    monkeypatch.setattr(trial, "simulator", lambda engine: counting)
    plan = crossed((Variant(), DEARER, MANY), 2)
    first = run(plan)
    # Both phases for the first, neither for the dearer, production for the one with more reviewers.
    assert simulated == [(p, k) for k in (0, 1) for p in (keys.PILOT, keys.PRODUCTION, keys.PRODUCTION)]
    assert run(plan).outcomes.tobytes() == first.outcomes.tobytes()
    assert len(simulated) == 12, "a plan remembers nothing of another"
    alone = run(Plan((DEARER,), ((0, 0, 0), (0, 1, 1))))
    assert alone.outcomes.tobytes() == first.outcomes[[1, 4]].tobytes()


def test_where_every_backlog_is_without_end_the_run_says_so(monkeypatch):
    def ends(packed, seed, draw, luck):
        raise BacklogLimit("backlog_limit: more than 7 items are in the system at once")

    monkeypatch.setattr(trial, "simulator", lambda engine: ends)
    words = f"nothing to show: 3 of 3 replications ended early, the first of them with seed {SEED}, draw 0"
    with pytest.raises(BacklogLimit, match=words):
        run(one_each(3))


def test_of_a_trial_only_its_numbers_stay(three, monkeypatch):
    """Among them its outcomes and months; not its waits, its names, or the arrays of an engine that ended."""

    def stubbed(resolved, drawn, variant, seed, draw, luck, engine, again):
        if draw % 8 == 7:
            arrays = np.ones(100_000)
            raise BacklogLimit(f"{arrays.sum()}")
        outcomes = {f"{name}{draw}"[: len(name)]: float(draw) for name in three.names}
        waits = np.ones(three.waits.shape[1:], np.int64)
        return trial.Trial(outcomes, np.full(three.monthly.shape[1:], 1.0), waits, three.workflows[0])

    def peak(replications):
        tracemalloc.start()
        r = run(one_each(replications))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert len(r.rows) == replications * 7 / 8 == r.waits[0, 0, 0]
        return most

    monkeypatch.setattr(plans, "run_trial", stubbed)
    peak(16)
    numbers = 8 * (len(three.names) + three.monthly[0].size + three.workflows[0].size + len(three.inputs))
    # Twice, since of an incomplete run those that are kept are copied in the end; and the row of the plan.
    assert (peak(1200) - peak(400)) / 800 < 2 * numbers + 1000


def test_numbers_that_memory_does_not_hold_are_refused_in_words():
    months = np.broadcast_to(1.0, (10**9, 10**6))  # takes no room itself
    waits, workflows = np.zeros((2, 3), np.int64), np.zeros((1, 6))
    with pytest.raises(SimgapError, match=r"numbers of 3 trials take 24,000,000 GB, .* fewer --replications"):
        plans._Store(one_each(3)).add(0, trial.Trial({}, months, waits, workflows))


def test_waits_are_whole_wherever_an_interrupt_comes(pairs, monkeypatch):
    """Also between the steps in which a trial is put away."""
    plan = crossed((Variant(), DEARER, MANY), 2)
    done = {}

    def stubbed(resolved, drawn, variant, seed, draw, luck, engine, again):
        place = plan.rows.index((plan.variants.index(variant), draw, luck))
        outcomes = dict(zip(pairs.names, pairs.outcomes[place], strict=True))
        done.setdefault(place, np.full(pairs.waits.shape[1:], 1 + place))
        return trial.Trial(outcomes, pairs.monthly[place], done[place], pairs.workflows[place])

    monkeypatch.setattr(plans, "run_trial", stubbed)
    add, seen = plans._Store.add.__code__, set()
    for stop in itertools.count(1):
        lines = 0

        def trace(frame, event, argument):
            nonlocal lines
            if frame.f_code is not add:
                return None
            if event == "line":
                lines += 1
                if lines == stop:  # noqa: B023  # called within this round only
                    raise KeyboardInterrupt
            return trace

        sys.settrace(trace)
        try:
            r = run(plan)
        except KeyboardInterrupt:
            continue
        finally:
            sys.settrace(None)
        seen.add(len(r.rows))
        expected = np.zeros_like(r.waits)
        for variant, draw, _ in r.rows:
            expected[variant] += 1 + 3 * draw + variant
        assert (r.waits == expected).all()
        assert len(r.rows) % 3 == 0
        if r.complete:
            break
    assert seen == {3, 6}


def test_a_failed_trial_is_named(monkeypatch):
    def broken(packed, seed, draw, luck):
        if draw == 1:
            raise SimulationError("items are not conserved: 3 arrived and 2 ended")
        return simulate(packed, seed, draw, luck)

    monkeypatch.setattr(trial, "simulator", lambda engine: broken)
    with pytest.raises(SimulationError, match=f"seed {SEED}, draw 1, luck 1: items are not conserved"):
        run(one_each(3))


def test_a_worker_that_dies_is_explained(monkeypatch):
    class Dying:
        def __init__(self, *context):
            pass

        def submit(self, *work):
            future = Future()
            future.set_exception(BrokenProcessPool("A process in the process pool was terminated"))
            return future

        def shutdown(self, **how):
            pass

    monkeypatch.setattr(plans, "ProcessPoolExecutor", Dying)
    with pytest.raises(SimgapError, match=r"a worker process died.*--workers 1"):
        run(one_each(3), workers=2)


def test_errors_survive_the_way_from_a_worker():
    for kind in (SimulationError, BacklogLimit):
        error = pickle.loads(pickle.dumps(kind("seed 1, draw 2, luck 3: broken")))
        assert type(error) is kind
        assert str(error) == "seed 1, draw 2, luck 3: broken"


def test_workers_carry_no_tables_no_drawing_and_no_terminal():
    code = "import sys, simgap.montecarlo.plan; print(*sorted(m.partition('.')[0] for m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert {"simgap", "numpy", "numba"} <= loaded
    assert not loaded & {"pandas", "pyarrow", "matplotlib", "rich", "click", "PIL"}
