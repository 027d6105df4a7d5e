"""Laws of buying: what costs and changes nothing is nothing, whatever it is called, whoever simulates it."""

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import simgap
from simgap.economics.ledger import LINES
from simgap.model import keys
from simgap.montecarlo import trial
from simgap.montecarlo.outcomes import MONTHLY
from simgap.montecarlo.plan import Plan, chosen, crossed, evaluate, of_variants, one_each
from simgap.scenario import read_text
from simgap.scenario.values import Variant

SEED = 6
TEXT = """
simgap: 1
name: bought
clock: {decision: 2026-01, horizon: 3 months}
success: realised >= 80 % of projected
base: {pilot: demo, portfolio: usual}
legacy: {cost: 12 / 16 / 22 per item, error_rate: 4 %}
workflows:
  letters: {volume: 3 per day | 5 per day, error_cost: 30, value_cv: 1, consequential: 10 %}
  cards: {volume: none | 2 per day, error_cost: 60, starts: none | month 1}
data: {missing: 1 % | 10 / 20 / 40 %, duplicate: none | 4 %, validated: 60 %}
edge_cases: {share: none | 8 %, recognised: 40 %}
integration: {throughput: 30 per hour | 6 per hour}
ai: {accuracy: 80 / 90 / 95 %, cost: 0.1}
oversight:
  reviewers: 1 | 2
  wage: 30 per hour
  time: 10 min | 20 min
  review_least_confident: 20 %
  catch: 90 % | 60 %
  deadline: none | 8 h
governance: {surfaced: 30 %, lag: 1 week, explainable: 100 % | 50 %, incident_cost: 500, incident_cost_cv: 1}
measurement: {audit: 5 %, audit_cost: 2}
investments:
  cleaning: {once: 300 / 500 / 900 max 3k, monthly: 40, delay: 1 / 2 / 3 weeks max 4 weeks,
             change: {data.missing: x 0.2 / 0.5 / 0.8, data.validated: 90 %}}
  people: {once: 200, change: {oversight.reviewers: +1, workflows.cards.oversight.time: 5 min}}
  words: {monthly: 10, delay: 5 days, parallel: yes, change: {measurement.basis: workflow_outcomes}}
portfolios:
  usual: [cleaning]
  more: [cleaning, people, words]
pilots:
  demo: {cost: 1k / 2k / 3k, lasts: 2 weeks}
  near: {cost: 2k, lasts: 3 weeks, like_production: [data, edge_cases, integration, oversight, scope],
         carries: [cleaning]}
"""
RESOLVED = read_text(TEXT, "<text>")
VARIANTS = (
    Variant(investments=()),
    Variant(investments=("cleaning", "people", "words")),
    Variant(pilot="near", investments=()),
    Variant(pilot="near", investments=("people", "words")),
)
ARRAYS = ("outcomes", "monthly", "waits", "workflows", "drawn")


def run(plan, resolved=RESOLVED, workers=1, **more):
    return evaluate(resolved, plan, SEED, workers, **more)


def same(a, b, arrays=ARRAYS):
    """Whether two results hold the same bits."""
    return a.rows == b.rows and all(getattr(a, f).tobytes() == getattr(b, f).tobytes() for f in arrays)


def with_investments(text):
    """The scenario with more investments, before and behind those that it has."""
    first, behind = text
    return TEXT.replace("investments:\n", f"investments:\n{first}").replace(
        "portfolios:\n", f"{behind}portfolios:\n"
    )


@pytest.fixture(scope="module")
def four():
    return run(crossed(VARIANTS, 4))


# --- nothing is nothing --------------------------------------------------------------------------------

IDLE = (
    "  aaa: {change: {data.missing: x 1, oversight.reviewers: +0, workflows.letters.oversight.time: x 1}}\n",
    "  zzz: {delay: 0 h, once: 0}\n",
)


@pytest.mark.parametrize("pilot", ["demo", "near"])
@pytest.mark.parametrize("engine", ["compiled", "reference"])
def test_what_changes_costs_and_delays_nothing_changes_no_bit(pilot, engine):
    variants = tuple(
        Variant(pilot=pilot, investments=bought)
        for some in ((), ("cleaning",), ("cleaning", "people", "words"))
        for bought in (some, ("aaa", *some, "zzz"))
    )
    results = run(crossed(variants, 2), read_text(with_investments(IDLE), "<text>"), engine=engine)
    for name in ("outcomes", "monthly", "workflows"):
        bits = getattr(results, name)
        pairs = bits.reshape(2, 3, 2, *bits.shape[1:])
        assert pairs[:, :, 0].tobytes() == pairs[:, :, 1].tobytes(), name
    assert results.waits[0::2].tobytes() == results.waits[1::2].tobytes()


@pytest.mark.parametrize("carries", [False, True])
def test_nothing_is_nothing_also_where_the_pilot_carries_it(carries):
    text = with_investments(IDLE).replace(
        "cost: 1k / 2k / 3k,",
        "cost: 1k / 2k / 3k, carries: [aaa, zzz]," if carries else "cost: 1k / 2k / 3k,",
    )
    assert same(run(one_each(3), read_text(text, "<text>")), run(one_each(3)))


UNUSED = (
    "  aaa: {once: 1k / 2k / 3k, monthly: 5, delay: 60 weeks, change: {data.missing: x 0.1 / 0.2 / 0.3}}\n",
    "  zzz: {once: 1 / 2 / 3, requires: cleaning, change: {ai.accuracy: 85 / 90 / 95 %}}\n",
)
UNRUN = "  other: {cost: 1k / 2k / 3k, lasts: 900 weeks, carries: [aaa], like_production: [data]}\n"


def test_what_is_not_used_changes_no_number_of_a_run():
    text = (
        with_investments(UNUSED).replace("pilots:\n", f"pilots:\n{UNRUN}")
        + "  last: {lasts: 1 / 2 / 3 weeks}\n"
    )
    plain, crowded = (simgap.load(t).run(6, seed=SEED, workers=1) for t in (TEXT, text))
    assert same(plain.results, crowded.results)
    assert plain.results.inputs == crowded.results.inputs
    found, expected = (
        {k: v for k, v in r.summary.items() if k not in ("scenario", "guesses")} for r in (crowded, plain)
    )
    assert found == expected
    # Nor, bought or not, one of those that are.
    assert "investments.cleaning.once" in plain.results.inputs
    assert not any("aaa" in name or "other" in name or "people" in name for name in crowded.results.inputs)


def test_the_same_portfolio_under_two_names_differs_by_nothing():
    text = TEXT.replace("  more:", "  again: [cleaning]\n  more:")
    found = simgap.load(text).compare(["usual", "again", "more"], replications=3, seed=SEED, workers=1)
    assert (found.value("usual") - found.value("again")).tolist() == [0.0, 0.0, 0.0]
    pair = next(p for p in found.summary["pairs"] if {p["a"], p["b"]} == {"usual", "again"})
    assert (pair["difference"]["mean"], pair["difference"]["sd"], pair["p_a_better"]) == (0.0, 0.0, 0.5)
    assert not pair["shown"]
    usual, again = (found.results.outcomes.reshape(3, 3, -1)[:, i] for i in (0, 1))
    assert usual.tobytes() == again.tobytes()


def test_a_comparison_is_made_of_the_runs_of_its_portfolios(four):
    for i, (variant, base) in enumerate(zip(VARIANTS[:2], ("portfolio=none", "portfolio=more"), strict=True)):
        alone = run(one_each(4), simgap.load(TEXT, [f"base.{base}"]).resolved)
        assert alone.outcomes.tobytes() == four.outcomes[i::4].tobytes()
        assert (
            run(Plan((variant,), tuple((0, k, k) for k in range(4)))).monthly.tobytes()
            == four.monthly[i::4].tobytes()
        )


# --- whoever simulates it ------------------------------------------------------------------------------


def test_both_engines_give_the_same(four):
    assert same(run(crossed(VARIANTS, 4), engine="reference"), four)


def test_the_number_of_workers_changes_nothing(four):
    assert same(run(crossed(VARIANTS, 4), workers=2), four)


def test_futures_are_the_same_for_every_portfolio(four):
    npv = four.of("realised_npv").reshape(4, 4)
    assert len(set(npv.ravel().tolist())) == 16
    assert (four.drawn.reshape(4, 4, -1) == four.drawn.reshape(4, 4, -1)[:, :1]).all()
    # The pilot of a design is the same, whatever is bought after it.
    promise = four.of("n_pilot_items").reshape(4, 4)
    assert (promise[:, 0] == promise[:, 1]).all()
    assert (promise[:, 2] == promise[:, 3]).all()
    accuracy = four.of("accuracy_reported").reshape(4, 4)
    assert (accuracy[:, [0, 2]] == accuracy[:, [1, 3]]).all()
    # A pilot with production's data, though cleaned, shows less than one without.
    assert accuracy[:, 2].mean() < accuracy[:, 0].mean()


def test_what_costs_money_alone_costs_just_that():
    text = TEXT.replace("  people: {once: 200,", "  fee: {once: 700, monthly: 30}\n  people: {once: 200,")
    variants = (Variant(investments=("cleaning",)), Variant(investments=("cleaning", "fee")))
    results = run(crossed(variants, 3), read_text(text, "<text>"))
    outcomes = {name: results.of(name).reshape(3, 2) for name in results.names}
    money = {"realised_npv", "cashable_npv", "gap", "success", "payback_months", "discounted_payback_months"}
    money |= {"peak_funding", "peak_month", "irr", "investment_once", "upkeep"}
    differ = {name for name, x in outcomes.items() if x[:, 0].tobytes() != x[:, 1].tobytes()}
    assert {"realised_npv", "cashable_npv", "gap", "investment_once", "upkeep"} <= differ <= money
    assert np.diff(outcomes["investment_once"])[:, 0] == pytest.approx([700.0] * 3, rel=1e-9)
    active = (
        results.monthly[1::2, :, MONTHLY.index("upkeep")] - results.monthly[0::2, :, MONTHLY.index("upkeep")]
    )
    months = 3.0 - outcomes["go_live_month"][:, 0]
    assert active.sum(axis=1) == pytest.approx(-30.0 * months, rel=1e-9)
    factors = 1.08 ** (-(np.arange(3) + 0.5) / 12.0)  # 8 % a year; the pilot ends in the first month
    assert np.diff(outcomes["realised_npv"])[:, 0] == pytest.approx(active @ factors - 700.0, rel=1e-9)


# --- results of some variants --------------------------------------------------------------------------


@pytest.mark.parametrize("kept", [[0], [3], [0, 1], [2, 0], [3, 2, 1, 0]])
def test_results_of_some_variants_are_those_of_a_plan_of_them_alone(four, kept):
    alone = run(crossed(tuple(VARIANTS[i] for i in kept), 4))
    found = of_variants(four, kept)
    assert same(found, alone, ("outcomes", "monthly", "waits", "workflows"))
    assert (found.names, found.complete, found.engine) == (alone.names, alone.complete, alone.engine)
    # The unknowns are those that concern any of all four.
    columns = [four.inputs.index(name) for name in alone.inputs]
    assert (found.drawn[:, columns] == alone.drawn).all()
    assert set(alone.inputs) <= set(found.inputs) == set(four.inputs)


def test_what_is_run_and_bought_under_any_variant():
    assert chosen(RESOLVED, VARIANTS) == ({"demo", "near"}, {"cleaning", "people", "words"})
    assert chosen(RESOLVED, VARIANTS[:1]) == ({"demo"}, set())
    assert chosen(RESOLVED, (Variant(),)) == ({"demo"}, {"cleaning"})
    assert chosen(RESOLVED, VARIANTS[2:3]) == ({"near"}, {"cleaning"})


def test_pilots_that_are_the_same_are_simulated_once(monkeypatch):
    real, phases = trial.simulator, []

    def counting(engine):
        simulate = real(engine)

        def counted(packed, seed, draw, luck):
            phases.append(packed.phase)
            return simulate(packed, seed, draw, luck)

        return counted

    monkeypatch.setattr(trial, "simulator", counting)
    bought = ((), ("people",), ("words",), ("people", "words"))
    run(crossed(tuple(Variant(investments=b) for b in bought), 2))
    # Four portfolios and one pilot, in each of two futures.
    assert (phases.count(keys.PILOT), phases.count(keys.PRODUCTION)) == (2, 8)


# --- laws of any scenario ------------------------------------------------------------------------------

SHARES = st.integers(0, 90).map(lambda percent: f"{percent} %")
FACTORS = st.sampled_from(["x 0", "x 0.3", "x 1.4", "x 0.2 / 0.5 / 0.9 max 2"])
CHANGES = {
    "data.missing": SHARES | FACTORS | st.sampled_from(["+5 %", "-5 %"]),
    "data.validated": SHARES,
    "edge_cases.share": SHARES | st.just("+2 %"),
    "integration.throughput": st.sampled_from(["x 0.5", "none", "+ 1 per hour"]),
    "oversight.reviewers": st.sampled_from(["+1", "-1", "x 2", "3"]),
    "oversight.deadline": st.sampled_from(["none", "2 h", "x 0.1"]),
    "workflows.cards.oversight.time": st.sampled_from(["1 min", "x 3"]),
    "workflows.letters.volume": st.sampled_from(["x 0.5", "+200 per year"]),
    "governance.explainable": SHARES,
    "measurement.basis": st.sampled_from(["workflow_outcomes", "pilot_metrics"]),
    "ai.accuracy": st.sampled_from(["70 / 80 / 90 %", "+4 %", "x 0.9"]),
}
CONDITIONS = ("data", "edge_cases", "integration", "oversight", "governance", "measurement", "scope")


@st.composite
def bought(draw):
    """The text of a scenario with two investments that change disjoint things, and a pilot of any design."""
    keys = draw(st.lists(st.sampled_from(sorted(CHANGES)), min_size=1, max_size=5, unique=True))
    cut = draw(st.integers(0, len(keys)))
    lines = []
    for name, mine in (("one", keys[:cut]), ("two", keys[cut:])):
        change = ", ".join(f"{key}: {draw(CHANGES[key])}" for key in mine)
        once, monthly, days = (draw(st.integers(0, most)) for most in (900, 90, 12))
        beside = draw(st.sampled_from(["yes", "no"]))
        lines.append(
            f"  {name}: {{once: {once}, monthly: {monthly}, delay: {days} days, parallel: {beside}"
            + (f", change: {{{change}}}}}" if change else "}")
        )
    like = draw(st.lists(st.sampled_from(CONDITIONS), max_size=3, unique=True))
    carries = draw(st.sampled_from(["none", "[one]", "[two]", "[one, two]"]))
    weeks = draw(st.integers(1, 4))
    taken = f"[{', '.join(like)}]" if like else "none"
    pilot = f"  any: {{cost: 500, lasts: {weeks} weeks, like_production: {taken}, carries: {carries}}}"
    head = TEXT[: TEXT.index("investments:")].replace(
        "base: {pilot: demo, portfolio: usual}", "base: {pilot: any}"
    )
    return "\n".join([f"{head}investments:", *lines, "portfolios: {both: [one, two]}", "pilots:", pilot, ""])


FEW = settings(
    max_examples=8,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate),  # a smaller example is not worth minutes of search
)


@FEW
@given(bought())
def test_laws_of_any_portfolio(text):
    case = simgap.load(text)
    variants = tuple(Variant(investments=b) for b in ((), ("one",), ("two",), ("one", "two"), ("two", "one")))
    results = run(crossed(variants, 2), case.resolved)
    assert same(run(crossed(variants, 2), case.resolved, engine="reference"), results)
    by = {name: results.of(name).reshape(2, 5) for name in results.names}
    months = results.monthly.reshape(2, 5, 3, -1)
    column = {name: months[..., i] for i, name in enumerate(MONTHLY)}
    # The order of a list buys nothing.
    assert (
        results.outcomes.reshape(2, 5, -1)[:, 3].tobytes()
        == results.outcomes.reshape(2, 5, -1)[:, 4].tobytes()
    )
    # The pilot is the same whatever is bought later; the plan that it is multiplied up to may not be.
    for name in (
        "n_pilot_items",
        "accuracy_reported",
        "pilot_cost",
        "carried_once",
        "no_go_npv",
        "pilot_months",
    ):
        assert (by[name] == by[name][:, :1])[~np.isnan(by[name])].all(), name
    # What is counted is what is paid, by month and in all.
    parameters = case.resolved["parameters"]
    carried = set(parameters["pilots.any.carries"]["value"] or ())
    for v, names in enumerate(((), ("one",), ("two",), ("one", "two"))):
        every = carried | set(names)
        once = sum(parameters[f"investments.{name}.once"]["value"] for name in every)
        assert by["investment_once"][:, v] == pytest.approx([once] * 2)
        late = [
            (
                parameters[f"investments.{name}.delay"]["value"],
                parameters[f"investments.{name}.parallel"]["value"],
            )
            for name in set(names) - carried
        ]
        delay = max(
            [sum(d for d, beside in late if beside == "no"), *(d for d, beside in late if beside == "yes")]
        )
        assert by["delay_months"][:, v] == pytest.approx([delay / 730.0] * 2)
        go_live = parameters["pilots.any.lasts"]["value"] / 730.0 + delay / 730.0
        assert by["go_live_month"][:, v] == pytest.approx([go_live] * 2, abs=1e-9)
        monthly = [
            parameters[f"investments.{name}.monthly"]["value"] * (3.0 if name in carried else 3.0 - go_live)
            for name in every
        ]
        assert by["upkeep"][:, v] == pytest.approx([sum(monthly)] * 2)
    assert column["present"].sum(axis=2) == pytest.approx(by["realised_npv"], rel=1e-9, abs=1e-9)
    lines = sum(column[name] for name in LINES)
    assert column["net"] == pytest.approx(lines, rel=1e-9, abs=1e-6)
    assert (by["gap"] == by["projected_npv"] - by["realised_npv"]).all()
    assert (column["items"][..., 0] == 0.0)[by["go_live_month"] >= 1.0].all()
