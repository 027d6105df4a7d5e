"""Plans whose independent unit is larger than a trial: designs, several lucks, and what is left of them."""

import numpy as np
import pytest

import simgap
from simgap.analysis.summary import design, method, summary, uncertainty
from simgap.engines.reference import simulate
from simgap.errors import BacklogLimit
from simgap.model import keys
from simgap.montecarlo import plan as plans
from simgap.montecarlo import trial
from simgap.montecarlo.plan import crossed, evaluate, of_variants, one_each
from simgap.sampling.designs import LHS, SOBOL, Design
from simgap.sampling.unknowns import draw_unknowns
from simgap.scenario.values import Variant, inputs

SEED = 4
# Nothing but arrivals and a price: the value is their product, and what a board states has no luck.
TEXT = """
simgap: 1
name: product
clock: {horizon: 2 months}
money: {discount: 0 % per year}
board: {npv: "uniform(100000, 120000)"}
workflows: {letters: {volume: 1 per day | 2 per day}}
legacy: {cost: "uniform(8, 12) per item", error_rate: none}
ai: {accuracy: 99.9999 %}
oversight: {reviewers: 1, wage: 0 per hour, time: 5 min}
pilots: {demo: {lasts: 1 week}}
"""
CASE = simgap.load(TEXT)
RESOLVED = CASE.resolved
ARRIVALS = 2.0 * (2 * 730 / 24 - 7)
SOBOL4, LHS3 = Design(SOBOL, 4), Design(LHS, 3)
MORE = Variant(sets=(("workflows.letters.volume", "production", 3.0 * 365.0),))


def run(plan, workers=1, **more):
    return evaluate(RESOLVED, plan, SEED, workers, **more)


def same(a, b, places):
    """Whether one result holds the bits of some rows of another."""
    return a.rows == tuple(b.rows[i] for i in places) and all(
        getattr(a, f).tobytes() == getattr(b, f)[places].tobytes()
        for f in ("outcomes", "monthly", "workflows", "drawn")
    )


@pytest.fixture(scope="module")
def whole():
    """Three randomisations of four points with two lucks, under two variants: 48 rows."""
    return run(crossed((Variant(), MORE), 12, 2, SOBOL4))


def test_rows_and_blocks(whole):
    assert one_each(2, 3).rows == ((0, 0, 0), (0, 0, 1), (0, 0, 2), (0, 1, 1), (0, 1, 2), (0, 1, 3))
    assert one_each(2).rows == ((0, 0, 0), (0, 1, 1))
    assert crossed((Variant(), MORE), 2, 2).rows == tuple(
        (v, k, k + luck) for k in (0, 1) for luck in (0, 1) for v in (0, 1)
    )
    assert whole.blocks.tolist() == np.repeat([0, 1, 2], 16).tolist()
    assert (whole.draws, whole.lucks, whole.independent) == (12, 2, False)
    first = of_variants(whole, [1])
    assert first.blocks.tolist() == np.repeat([0, 1, 2], 8).tolist()
    assert (first.draws, first.lucks, first.design) == (12, 2, SOBOL4)
    plain = run(one_each(3))
    assert (plain.blocks.tolist(), plain.independent) == ([0, 1, 2], True)
    lucks = run(one_each(3, 2))
    assert (lucks.blocks.tolist(), lucks.independent) == ([0, 0, 1, 1, 2, 2], False)


def test_each_draw_is_that_of_its_design_whatever_its_luck_and_variant(whole):
    expected = draw_unknowns(inputs(RESOLVED), [], SEED, np.arange(12), SOBOL4)
    assert (whole.drawn == expected.repeat(4, axis=0)).all()


def test_the_first_luck_is_that_of_a_plain_run_and_the_others_are_new():
    plain, several = run(one_each(4)), run(one_each(4, 3))
    assert same(plain, several, [0, 3, 6, 9])
    items = several.of("n_items")
    # Luck k of draw k and of draw k - 1 have one number and different keys.
    assert not np.array_equal(items[1:9:3], items[3::3])


def test_money_is_as_of_a_trial_of_its_own(whole):
    # The value is arrivals times price, which the luck and the design together give.
    price = whole.drawn[:, whole.inputs.index("legacy.cost")]
    assert whole.of("realised_npv") == pytest.approx(whole.of("n_items") * price, rel=1e-12)


def test_the_same_bits_for_any_number_of_workers_and_for_one_randomisation_alone(whole):
    plan = crossed((Variant(), MORE), 12, 2, SOBOL4)
    assert same(run(plan, workers=2), whole, list(range(48)))
    part = plans.Plan(plan.variants, plan.rows[16:32], SOBOL4)
    assert same(run(part), whole, list(range(16, 32)))


# --- what is left -------------------------------------------------------------------------------------------


def interrupted(plan, after, workers=1):
    def progress(done, total):
        if done == after:
            raise KeyboardInterrupt

    return run(plan, workers, progress=progress)


@pytest.mark.parametrize(("after", "left"), [(16, 16), (31, 16), (32, 32), (47, 32)])
def test_an_interruption_leaves_whole_randomisations(whole, after, left):
    r = interrupted(crossed((Variant(), MORE), 12, 2, SOBOL4), after)
    assert same(r, whole, list(range(left)))
    assert (r.stopped, r.complete) == (True, False)
    queued = r.of("n_queued").reshape(-1, 2).sum(axis=0)
    assert r.waits[:, 0].sum(axis=1).tolist() == queued.tolist()


def test_an_interruption_before_the_first_randomisation_is_one():
    with pytest.raises(KeyboardInterrupt):
        interrupted(crossed((Variant(), MORE), 12, 2, SOBOL4), 15)


def test_an_interruption_leaves_draws_with_all_their_lucks():
    r = interrupted(one_each(4, 3), 8)
    assert r.rows == one_each(2, 3).rows


def test_a_backlog_without_end_leaves_its_draw_out_and_its_randomisation_in(whole, monkeypatch):
    def ends(packed, seed, draw, luck):
        if (packed.phase, draw, luck) == (keys.PRODUCTION, 5, 6):
            raise BacklogLimit("backlog_limit: more than 7 items are in the system at once")
        return simulate(packed, seed, draw, luck)

    monkeypatch.setattr(trial, "simulator", lambda engine: ends)
    plan = crossed((Variant(), MORE), 12, 2, SOBOL4)
    r = run(plan)
    assert r.ended == ((0, 5, 6), (1, 5, 6))
    assert same(r, whole, [i for i, row in enumerate(whole.rows) if row[1] != 5])
    assert np.bincount(r.blocks).tolist() == [16, 12, 16]
    queued = r.of("n_queued").reshape(-1, 2).sum(axis=0)
    assert r.waits[:, 0].sum(axis=1).tolist() == queued.tolist()
    # Stopped besides within the second randomisation, the first is left; within the third, both.
    assert interrupted(plan, 30).rows == r.rows[:16]
    both = interrupted(plan, 40)
    assert both.rows == r.rows[:28]
    assert both.waits[:, 0].sum() == both.of("n_queued").sum()


# --- what is said of it ---------------------------------------------------------------------------------


def test_the_summary_counts_trials_and_says_how_they_were_drawn(whole):
    one = of_variants(whole, [0])
    found = summary(RESOLVED, one, SEED, "0")
    assert found["replications"] == 24
    assert found["design"] == {"name": "sobol", "randomisations": 3, "points": 4, "lucks": 2}
    words = "Student t on the means of 3 randomisations of 4 Sobol' points, 2 lucks a draw"
    assert found["precision"]["method"] == words
    means = one.of("realised_npv").reshape(3, 8).mean(axis=1)
    half = 4.302652729696142 * means.std(ddof=1) / 3**0.5
    assert found["precision"]["half_width"] == pytest.approx(half, rel=1e-9)
    assert method(run(one_each(3, 2))) == "Student t on the means of 3 draws of the unknowns, 2 lucks a draw"
    assert method(run(one_each(3))) == "Student t, one draw of the unknowns and one luck a trial"
    lhs = run(one_each(6, 1, LHS3))
    assert method(lhs) == "Student t on the means of 2 randomisations of 3 Latin hypercube points"
    assert design(lhs) == {"name": "lhs", "randomisations": 2, "points": 3, "lucks": 1}
    assert uncertainty(lhs) is uncertainty(run(one_each(1, 2))) is None


def test_the_two_kinds_of_uncertainty_of_the_engine_are_those_of_theory():
    """Poisson arrivals with mean a at a price c: luck E[c^2] a, unknown Var(c) a^2."""
    a, price2, spread = ARRIVALS, 100.0 + 16.0 / 12.0, 16.0 / 12.0
    for plan in (one_each(200, 2), one_each(16 * 8, 2, Design(SOBOL, 8))):
        results = run(plan)
        parts = uncertainty(results)
        npv = parts["realised_npv"]
        share = price2 * a / (price2 * a + spread * a * a)
        low, high = npv["luck"]["ci95"]
        # Widened to twice its width, an interval from 16 randomisations fails in 1 of 1000 cases.
        assert low - (high - low) / 2.0 < share < high + (high - low) / 2.0
        # The mean square of 128 differences of Poisson numbers has a relative deviation of 13 %: four.
        assert npv["luck"]["variance"] == pytest.approx(price2 * a, rel=0.52)
        # What the board states has no luck at all.
        stated = parts["projected_npv"]
        assert stated["luck"] == {"variance": 0.0, "share": 0.0, "ci95": [0.0, 0.0]}
        assert stated["unknown"]["variance"] == pytest.approx(20_000.0**2 / 12.0, rel=0.35)
        assert stated["sd_luck"] == 0.0


def test_where_all_is_known_the_unknown_part_is_nothing_that_can_be_told():
    known = simgap.load(TEXT, ["legacy.cost=10 per item", "board.npv=100000"])
    parts = known.run(200, lucks=2, seed=SEED, workers=1).summary["uncertainty"]
    # The correlation of 100 pairs has standard deviation 0.1: four of them, 1 of 16 000.
    assert abs(parts["realised_npv"]["unknown"]["share"]) < 0.4
    low, high = parts["realised_npv"]["unknown"]["ci95"]
    assert 0.3 < high - low < 0.5
    assert parts["projected_npv"]["luck"]["share"] is None
