"""What is simulated to divide the gap: the coalitions, the pilot's lucks, the portfolios, whole draws."""

import numpy as np
import pytest

import simgap
from simgap.analysis import shapley
from simgap.errors import InputError
from simgap.montecarlo.plan import Plan, evaluate
from simgap.scenario.values import Variant
from simgap.study import attributing

SEED = 6
# Four conditions differ; more under `more`; the base case buys `usual`.
TEXT = """
simgap: 1
name: letters
clock: {decision: 2026-01, horizon: 2 months}
base: {pilot: demo, portfolio: usual}
legacy: {cost: 12 / 16 / 22 per item, error_rate: 4 %}
workflows:
  letters: {volume: 2 per day | 3 per day, error_cost: 30, consequential: 10 %}
data: {missing: 1 % | 10 / 20 / 40 %}
edge_cases: {share: none | 8 %}
ai: {accuracy: 80 / 90 / 95 %, cost: 0.1}
oversight:
  reviewers: 1
  paid: by hour
  wage: 30 per hour
  time: 10 min | 20 min
  review_least_confident: 20 %
  catch: 90 % | 60 %
governance: {surfaced: 30 %, lag: 1 week, explainable: 100 % | 50 %, incident_cost: 500}
integration: {latency: 2 s}
investments:
  cleaning:
    {once: 300 / 500 / 900 max 3k, monthly: 40, delay: 1 week, change: {data.missing: x 0.2 / 0.5 / 0.8}}
  speed: {once: 100, change: {integration.latency: 1 s}}
portfolios:
  usual: [cleaning]
  more: [cleaning, speed]
pilots:
  demo: {cost: 1k / 2k / 3k, lasts: 2 weeks}
"""
CASE = simgap.load(TEXT)
CONDITIONS = ("data", "edge_cases", "oversight", "governance")


def attributed(case=CASE, **arguments):
    return case.attribute(**{"replications": 12, "seed": SEED, "workers": 1, **arguments})


@pytest.fixture(scope="module")
def exact():
    return attributed(exact=True, interactions=True, replications=24)


@pytest.fixture(scope="module")
def with_portfolios():
    return attributed(portfolios=["more", "nothing"])


def values(variant, draws=12, lucks=None):
    rows = [(0, k, luck) for k in range(draws) for luck in lucks or (k,)]
    return evaluate(CASE.resolved, Plan((variant,), tuple(rows)), SEED, 1)


def test_all_conditions_as_in_production_are_the_plain_run(exact):
    plain = CASE.run(24, SEED, workers=1).results.of("realised_npv")
    assert exact.conditions == CONDITIONS
    assert (exact.shares[0].realised == plain).all()
    doses = Variant(doses=tuple((condition, 1.0) for condition in CONDITIONS))
    assert (values(doses).of("realised_npv") == plain[:12]).all()


def test_every_draw_adds_up(exact, with_portfolios):
    for result in (exact, with_portfolios):
        for shares, said in zip(result.shares, [result.summary, *result.summary["portfolios"]], strict=True):
            bars = shares.bars(True)
            assert bars.sum(axis=1) == pytest.approx(shares.gap, abs=1e-6)
            assert said["sum_error"] < 1e-6
            assert sum(row["mean"] for row in said["bars"]) == pytest.approx(said["gap"]["mean"], abs=1e-6)


def test_scale_has_the_mean_of_twenty_pilots(exact):
    projected = exact.shares[0].projected[:3]
    each = [values(Variant(), 1 + k, range(k, k + 20)).of("projected_npv")[20 * k :] for k in range(3)]
    assert attributing.PILOT_LUCKS >= 20
    assert projected == pytest.approx([lucks.mean() for lucks in each])
    assert min(len(set(lucks)) for lucks in each) > 1
    none = values(Variant(doses=tuple((c, 0.0) for c in CONDITIONS), investments=()))
    assert exact.shares[0].scale[:3] == pytest.approx(projected - none.of("realised_npv")[:3])


def test_what_investments_cost_is_a_bar_of_its_own(exact):
    pilot = tuple((c, 0.0) for c in CONDITIONS)
    none, bought = (
        values(Variant(doses=pilot, investments=bought)).of("realised_npv") for bought in ((), ("cleaning",))
    )
    assert exact.shares[0].investments[:12] == pytest.approx(none - bought)
    assert (none - bought > 200.0).all()
    assert [row["condition"] for row in exact.summary["bars"]] == ["scale", "investments", *CONDITIONS]


def test_a_stated_board_figure_is_the_projected_value():
    found = attributed(simgap.load(TEXT, ["board.npv=40k"]), replications=2)
    assert (found.shares[0].projected == 40_000.0).all()
    assert found.summary["pilot_lucks"] == 0


def test_sampling_finds_what_all_coalitions_give(exact):
    """Paired by draw, bars and pairs differ by chance alone; a false alarm in 20 for bars, and for pairs."""
    sampled = attributed(replications=24, interactions=True)
    assert sampled.summary["simulations"] < 0.9 * exact.summary["simulations"]
    off = shapley.together(sampled.shares[0].conditions - exact.shares[0].conditions)
    assert (np.abs(off.mean) <= off.half_width + 1e-9).all()
    a, b = np.triu_indices(4, 1)
    off = shapley.together((sampled.shares[0].pairs - exact.shares[0].pairs)[:, a, b])
    assert (np.abs(off.mean) <= off.half_width + 1e-9).all()
    inside = [
        own["ci95"][0] <= true["mean"] <= own["ci95"][1]
        for own, true in zip(sampled.summary["bars"], exact.summary["bars"], strict=True)
    ]
    assert all(inside)


def test_exact_is_the_definition():
    """The bars of one draw from its sixteen coalitions, each simulated by itself."""
    found = attributed(exact=True, replications=1).shares[0]
    worth = [
        values(Variant(doses=tuple((c, 0.0) for i, c in enumerate(CONDITIONS) if not s >> i & 1)), 1)
        for s in range(16)
    ]
    expected = shapley.exact(np.array([float(w.of("realised_npv")[0]) for w in worth]))
    assert found.conditions[0] == pytest.approx(-expected, abs=1e-6)


def test_same_bits_for_any_number_of_workers(with_portfolios):
    again = attributed(portfolios=["more", "nothing"], workers=2)
    for one, other in zip(with_portfolios.shares, again.shares, strict=True):
        assert (one.bars(True) == other.bars(True)).all()
    assert with_portfolios.summary == again.summary


def test_a_draw_is_the_same_in_a_longer_study(with_portfolios):
    few = attributed(portfolios=["more"], replications=5)
    assert (few.shares[0].bars(True) == with_portfolios.shares[0].bars(True)[:5]).all()


def test_null_players_are_exactly_nothing_and_cost_nothing(with_portfolios):
    base, more, nothing = with_portfolios.shares
    at = with_portfolios.conditions.index("integration")
    assert with_portfolios.conditions == ("data", "edge_cases", "integration", "oversight", "governance")
    assert not base.conditions[:, at].any()
    assert not nothing.conditions[:, at].any()
    assert not nothing.investments.any()
    asked = attributing.asked(CASE.resolved, (), False, False)
    assert len({variant for variant, _, _ in attributing.plan_of(asked, 40, SEED).rows}) <= 17
    assert more.investments.mean() > base.investments.mean() + 90.0
    assert (more.scale == base.scale).all()


def test_a_portfolio_is_the_base_case_that_buys_it(with_portfolios):
    alone = attributed(simgap.load(TEXT, ["base.portfolio=none"]), portfolios=["usual"])
    usual, nothing = with_portfolios.shares[0], with_portfolios.shares[2]
    assert (alone.shares[0].realised == nothing.realised).all()
    assert (alone.shares[1].realised == usual.realised).all()
    assert alone.shares[1].investments == pytest.approx(usual.investments)
    # The board's figure is that of the base case: it is another where the base buys what delays go-live.
    assert (alone.shares[1].projected == alone.shares[0].projected).all()
    assert (alone.shares[0].projected != usual.projected).all()
    assert alone.summary["portfolio"] == "nothing"
    assert alone.summary["portfolios"][0]["investments"] == ["cleaning"]
    change = alone.summary["portfolios"][0]["gap_change"]["mean"]
    assert change == pytest.approx((usual.realised - nothing.realised).mean())
    changes = alone.summary["portfolios"][0]["changes"]
    assert sum(row["mean"] for row in changes) == pytest.approx(change)


def test_without_bars_all_of_the_gap_is_scale():
    case = simgap.load("minimal", ["clock.horizon=2 months", "workflows.letters.volume=2 per day"])
    for exact in (False, True):
        found = attributed(case, exact=exact, interactions=True, replications=3)
        assert found.conditions == ()
        assert found.shares[0].bars(False)[:, 0] == pytest.approx(found.shares[0].gap)
        assert found.summary["simulations"] == 3
        assert len(found.summary["without_bar"]) == 10
        assert found.text()


def test_the_mix_of_workflows_is_scope_without_a_bar():
    text = TEXT.replace("data:", "  cards: {volume: 1 per day, starts: month 1}\ndata:", 1)
    case = simgap.load(text)
    assert "scope" in attributed(case, replications=1).conditions


def test_interruption_leaves_whole_draws(monkeypatch):
    from simgap.montecarlo import plan

    whole, left, real = attributed(replications=4), [20], plan.run_trial

    def run_trial(*arguments):
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(plan, "run_trial", run_trial)
    part = attributed(replications=4)
    n = part.summary["replications"]
    assert 0 < n < 4
    assert not part.complete
    assert (part.shares[0].bars(True) == whole.shares[0].bars(True)[:n]).all()


def test_unknown_portfolios_are_refused():
    with pytest.raises(InputError, match="`dear` is not among the portfolios; one of nothing, usual, more"):
        attributed(portfolios=["dear"])
    with pytest.raises(InputError, match="names a portfolio twice"):
        attributed(portfolios=["more", "more"])


def test_what_the_pilot_runs_like_production_is_a_null_player(monkeypatch):
    """Left out, the bars of the others are those of all coalitions with it; its own was exactly 0."""
    like = TEXT.replace("lasts: 2 weeks}", "lasts: 2 weeks, like_production: [data, governance, oversight]}")
    found = attributed(simgap.load(like), exact=True, replications=3)
    # An investment changes data in production alone, and reviewers are those of the pilot's volume.
    assert found.conditions == ("data", "edge_cases", "oversight")
    assert found.summary["simulations"] == 3 * (2**3 + 1)
    assert "governance" in found.summary["without_bar"]
    monkeypatch.setattr(attributing, "taken", lambda *_: ())
    full = attributed(simgap.load(like), exact=True, replications=3)
    assert full.conditions == CONDITIONS
    assert not full.shares[0].conditions[:, 3].any()
    assert full.shares[0].conditions[:, :3] == pytest.approx(found.shares[0].conditions, abs=1e-6)
    assert (full.shares[0].scale == found.shares[0].scale).all()


def test_a_throughput_is_that_of_the_pilots_volume():
    like = TEXT.replace("lasts: 2 weeks}", "lasts: 2 weeks, like_production: [integration]}")
    latency = ["integration.latency=1 s | 4 s"]
    for more, has_bar in (([], False), (["integration.throughput=9 per hour | 3 per hour"], True)):
        asked = attributing.asked(simgap.load(like, latency + more).resolved, (), False, False)
        assert ("integration" in asked.conditions) == has_bar
