"""Investments and pilot designs as data: what is bought, what it changes, what it costs, what is refused."""

import itertools
import math

import pytest

from simgap.errors import InputError
from simgap.montecarlo.phases import in_proportion, mean_rate, prepare
from simgap.scenario import read_text
from simgap.scenario.portfolios import (
    MOST_COMBINED,
    bill,
    changes,
    combinations,
    concerns,
    conflicts,
    duration,
    feasible,
    members,
)
from simgap.scenario.table import CONDITIONS
from simgap.scenario.values import (
    Variant,
    at_volume,
    evaluate,
    inputs,
    of_variant,
    phase_values,
    refusals,
    row_of,
    targets,
    workflow_values,
)
from simgap.study import load

TEXT = """
simgap: 1
clock: {decision: 2026-01, horizon: 12 months}
base: {pilot: bench, portfolio: usual}
legacy: {cost: 6 per item}
workflows:
  letters: {volume: 10k per year | 40k per year, consequential: 1 % | 5 %}
  cards: {volume: none | 60k per year, data: {missing: 10 % | 30 %}}
data:
  missing: 2 % | 10 / 20 / 40 %
  stale: 4 / 6 / 9 %
  format: 1 / 2 / 4 % | x 2 / 3 / 5
  validated: 95 % | 30 %
edge_cases: {share: none | 8 %, handled: 10 | 25}
integration: {latency: 2 s | 10 s}
ai: {accuracy: 92 %}
oversight:
  reviewers: 3 | 9
  wage: 30 per hour
  time: 4 min | 6 min
  deadline: none | 10 h
measurement: {basis: pilot_metrics}
investments:
  half: {once: 10k, monthly: 1k, delay: 3 weeks, change: {data.missing: x 0.5, oversight.deadline: x 0.5}}
  less: {once: 4k, monthly: 500, delay: 1 week, change: {data.missing: -5 %, oversight.reviewers: +2}}
  fixed: {once: 2k, delay: 4 weeks, parallel: yes, change: {data.missing: 30 %}}
  fifth:
    {once: 20 / 30 / 50 max 100, delay: 2 weeks, parallel: yes, change: {data.missing: x 0.1 / 0.2 / 0.4}}
  cards only: {change: {workflows.cards.data.missing: x 0.5}}
  letters only: {change: {workflows.letters.data.missing: -4 %, workflows.letters.oversight.time: 3 min}}
  words: {change: {measurement.basis: workflow_outcomes, edge_cases.handled: x 1.01}}
portfolios:
  usual: [half, less]
  all: [half, less, fixed, fifth]
pilots:
  bench: {cost: 5k, lasts: 4 weeks}
  built: {cost: 8k, lasts: 6 weeks, carries: [fixed, less]}
  near: {cost: 7k, lasts: 5 weeks, like_production: [data, oversight, scope]}
"""
RESOLVED = read_text(TEXT, "<text>")
DRAWN = {
    "data.format": 3.0,
    "data.format@pilot": 0.02,
    "data.missing": 0.24,
    "data.stale": 0.06,
    "investments.fifth.change.data.missing": 0.15,
    "investments.fifth.once": 35.0,
}
MISSING = ("data.missing", "production")


def seen(*others, carried=(), sets=(), like=(), drawn=DRAWN):
    return evaluate(RESOLVED, drawn, sets, like, carried, others)


def missing(*others, **more):
    return seen(*others, **more)["data.missing"]


# --- what is bought ------------------------------------------------------------------------------------


def test_what_is_bought_is_the_portfolio_and_what_the_pilot_carries():
    assert members(RESOLVED) == ("bench", (), ("half", "less"))
    assert members(RESOLVED, "built") == ("built", ("less", "fixed"), ("half",))
    assert members(RESOLVED, "built", ("fixed", "words")) == ("built", ("less", "fixed"), ("words",))
    # In the order of the file, whatever that of the list.
    assert members(RESOLVED, "", ("fixed", "half")) == ("bench", (), ("half", "fixed"))
    assert members(RESOLVED, "bench", ()) == ("bench", (), ())


def test_without_a_portfolio_nothing_is_bought():
    text = TEXT.replace("base: {pilot: bench, portfolio: usual}\n", "")
    assert members(read_text(text, "<text>")) == ("bench", (), ())  # and the first pilot is run


def test_a_variant_is_its_pilot_its_investments_and_its_sets():
    variant = Variant(sets=((*MISSING, 0.5),), pilot="built", investments=("half",))
    found = of_variant(RESOLVED, DRAWN, variant)
    assert found == seen("half", carried=("less", "fixed"), sets=variant.sets)
    assert of_variant(RESOLVED, DRAWN, Variant()) == seen("half", "less")
    like = ("data", "oversight", "scope")
    assert of_variant(RESOLVED, DRAWN, Variant(pilot="near", investments=())) == seen(like=like)


# --- what it changes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bought", "expected"),
    [
        ((), 0.24),
        (("half",), 0.24 * 0.5),
        (("less",), 0.24 - 0.05),
        (("fixed",), 0.30),
        (("half", "less"), 0.24 * 0.5 - 0.05),
        (("fixed", "half"), 0.30 * 0.5),
        (("half", "fixed", "less"), 0.30 * 0.5 - 0.05),
        (("fifth",), 0.24 * 0.15),
        (("half", "fifth"), 0.24 * 0.5 * 0.15),
        (("half", "less", "fixed", "fifth"), 0.0),  # 0.30 x 0.5 x 0.15 - 0.05, and no less than nothing
    ],
)
def test_a_parameter_is_set_then_scaled_then_added_to_then_clipped(bought, expected):
    for order in itertools.permutations(bought):
        assert missing(*order) == (0.02, pytest.approx(expected, rel=1e-14))


def test_the_order_of_what_is_done():
    drawn = {"investments.fifth.change.data.missing": 0.15}
    names = ("less", "half", "fixed", "fifth")
    found = changes(RESOLVED["investments"], names, drawn)["data.missing"]
    assert found == [("set", 0.3), ("scale", 0.5), ("scale", 0.15), ("add", -0.05)]


@pytest.mark.parametrize(("added", "expected"), [("+90 %", 1.0), ("-90 %", 0.0), ("x 50", 1.0), ("x 0", 0.0)])
def test_what_leaves_the_bounds_stops_there(added, expected):
    text = TEXT.replace("{data.missing: -5 %,", "{data.missing: " + added + ",")
    assert evaluate(read_text(text, "<text>"), DRAWN, others=("less",))["data.missing"][1] == expected


def test_a_change_acts_on_production_and_where_it_is_carried_on_the_pilot_too():
    assert missing("half") == (0.02, 0.12)
    assert missing(carried=("half",)) == (0.01, 0.12)
    assert missing("less", carried=("half",)) == (0.01, pytest.approx(0.07))
    # Set first, scale later, wherever each stands.
    assert missing("fixed", carried=("half",)) == (0.01, 0.15)
    assert missing("half", carried=("fixed",)) == (0.30, 0.15)
    assert seen(carried=("less",))["oversight.reviewers"] == (5.0, 11.0)


def test_an_uncertain_change_is_one_draw_for_all_that_it_reaches():
    text = TEXT.replace(
        "cards: {volume: none | 60k per year, data: {missing: 10 % | 30 %}}", "cards: {volume: 1k per year}"
    )
    resolved = read_text(text, "<text>")
    name = "investments.fifth.change.data.missing"
    assert [i["path"] for i in inputs(resolved) if i["name"] == name] == ["data.missing"]
    for factor in (0.15, 0.3):
        values = evaluate(resolved, DRAWN | {name: factor}, carried=("fifth",))
        assert values["data.missing"] == (0.02 * factor, 0.24 * factor)
        for side, column in (("pilot", 0), ("production", 1)):
            phase = phase_values(values, side, {})
            both = [workflow_values(phase, workflow)["data.missing"] for workflow in ("letters", "cards")]
            assert both == [values["data.missing"][column]] * 2
    # A change of the same key by another investment has a draw of its own.
    twin = text.replace("data.missing: x 0.5,", "data.missing: x 0.4 / 0.5 / 0.6,")
    names = {i["name"] for i in inputs(read_text(twin, "<text>"))}
    assert {name, "investments.half.change.data.missing"} <= names


def test_a_general_change_does_not_reach_a_workflow_with_a_value_of_its_own():
    values = seen("half")
    assert values["workflows.cards.data.missing"] == (0.1, 0.3)
    assert seen("cards only")["workflows.cards.data.missing"] == (0.1, 0.15)
    assert seen("cards only")["data.missing"] == (0.02, 0.24)
    assert seen(carried=("cards only",))["workflows.cards.data.missing"] == (0.05, 0.15)


def test_a_change_of_a_workflows_key_that_is_not_stated_begins_at_the_general_value():
    values = seen("letters only")
    assert values["workflows.letters.data.missing"] == (0.02, pytest.approx(0.2))  # the same draw
    assert values["data.missing"] == (0.02, 0.24)
    assert values["workflows.letters.oversight.time"] == (pytest.approx(4 / 60), 0.05)
    phase = phase_values(values, "production", {})
    assert workflow_values(phase, "letters")["oversight.time"] == 0.05
    assert workflow_values(phase, "cards")["oversight.time"] == 0.1
    # And is reached by what else is bought and by what the general value is set to: nothing of it is lost.
    letters = "workflows.letters.data.missing"
    assert seen("half", "letters only")[letters] == (0.02, pytest.approx(0.24 * 0.5 - 0.04))
    assert seen("letters only", carried=("half",))[letters] == (0.01, pytest.approx(0.24 * 0.5 - 0.04))
    assert seen("letters only", sets=((*MISSING, 0.5),))[letters] == (0.02, pytest.approx(0.46))
    sets = (("data.missing", "pilot", 0.07),)
    assert seen("letters only", sets=sets)[letters] == (0.07, pytest.approx(0.2))
    # But where it is set itself it is stated.
    sets = (("workflows.letters.data.missing", "production", 0.5), (*MISSING, 0.6))
    assert seen("half", "letters only", sets=sets)[letters] == (0.02, pytest.approx(0.46))
    assert seen("half", sets=sets)[letters] == (0.02, 0.5)


def test_relative_production_comes_before_changes():
    for change, expected in (("x 0.5", 0.03), ("-1 %", 0.05), ("30 %", 0.3)):
        resolved = read_text(TEXT.replace("{data.missing: 30 %}", "{data.format: " + change + "}"), "<text>")
        assert evaluate(resolved, DRAWN, others=("fixed",))["data.format"] == (0.02, pytest.approx(expected))
        # Carried, it changes each side once: production is not relative to a pilot that is changed already.
        pilot = {"x 0.5": 0.01, "-1 %": 0.01, "30 %": 0.3}[change]
        found = evaluate(resolved, DRAWN, carried=("fixed",))["data.format"]
        assert found == (pytest.approx(pilot), pytest.approx(expected))
        sets = (("data.format", "pilot", 0.04),)
        expected = {"x 0.5": 0.06, "-1 %": 0.11, "30 %": 0.3}[change]
        assert evaluate(resolved, DRAWN, sets, others=("fixed",))["data.format"] == (
            0.04,
            pytest.approx(expected),
        )


def test_no_limit_stays_no_limit_and_a_limit_is_changed():
    assert seen("half")["oversight.deadline"] == (math.inf, 5.0)
    assert seen(carried=("half",))["oversight.deadline"] == (math.inf, 5.0)
    resolved = read_text(TEXT.replace("oversight.deadline: x 0.5", "oversight.deadline: none"), "<text>")
    assert evaluate(resolved, DRAWN, others=("half",))["oversight.deadline"] == (math.inf, math.inf)
    assert (
        seen("half", sets=(("oversight.deadline", "production", math.inf),))["oversight.deadline"][1]
        == math.inf
    )


def test_nothing_of_no_limit_is_no_limit():
    resolved = read_text(TEXT.replace("oversight.deadline: x 0.5", "oversight.deadline: x 0"), "<text>")
    assert evaluate(resolved, DRAWN, carried=("half",))["oversight.deadline"] == (math.inf, 0.0)


def test_words_are_set():
    assert seen("words")["measurement.basis"] == ("pilot_metrics", "workflow_outcomes")
    assert seen(carried=("words",))["measurement.basis"] == ("workflow_outcomes", "workflow_outcomes")


def test_whole_numbers_are_rounded_up_after_changes():
    assert seen("words")["edge_cases.handled"] == (10.0, 25.25)
    assert phase_values(seen("words"), "production", {})["edge_cases.handled"] == 26
    assert phase_values(seen(carried=("words",)), "pilot", {})["edge_cases.handled"] == 11


# --- sets, investments, doses, in this order -----------------------------------------------------------


def test_sets_come_before_investments():
    assert missing("half", "less", sets=((*MISSING, 0.5),)) == (0.02, pytest.approx(0.5 * 0.5 - 0.05))
    assert missing("fixed", sets=((*MISSING, 0.5),)) == (0.02, 0.3)
    sets = (("data.missing", "pilot", 0.08), (*MISSING, 0.5))
    assert missing(carried=("half",), sets=sets) == (0.04, 0.25)


def test_sets_of_a_sweep_reach_both_sides_of_what_has_no_bar():
    assert targets(RESOLVED, "data.stale") == [("data.stale", "pilot"), ("data.stale", "production")]
    text = TEXT.replace("{data.missing: 30 %}", "{data.stale: x 0.5}")
    sets = [(*target, 0.2) for target in targets(RESOLVED, "data.stale")]
    assert evaluate(read_text(text, "<text>"), DRAWN, sets, others=("fixed",))["data.stale"] == (0.2, 0.1)


@pytest.mark.parametrize("dose", [0.0, 0.25, 0.5, 1.0, 1.5])
def test_doses_lead_from_the_pilot_to_production_with_its_investments(dose):
    for bought, carried, low, high in (
        (("half",), (), 0.02, 0.12),
        ((), ("half",), 0.01, 0.12),
        (("half",), ("fixed",), 0.3, 0.15),
    ):
        values = seen(*bought, carried=carried)
        found = phase_values(values, "production", {"data": dose})["data.missing"]
        assert found == pytest.approx(low + dose * (high - low), rel=1e-12)
        assert phase_values(values, "pilot", {"data": dose})["data.missing"] == values["data.missing"][0]
    # Where the pilot takes the condition from production, dose 0 is production without investments.
    values = seen("half", like=("data",))
    found = phase_values(values, "production", {"data": dose})["data.missing"]
    assert found == pytest.approx(0.24 + dose * (0.12 - 0.24), rel=1e-12)


# --- pilots like production ----------------------------------------------------------------------------


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_pilot_like_production_takes_the_whole_condition_and_nothing_else(condition):
    plain, like = seen(), seen(like=(condition,))
    for path, (pilot, production) in plain.items():
        expected = (production if row_of(path).condition == condition else pilot), production
        assert like[path] == expected or like[path] != like[path], path


def test_like_production_is_the_same_draw_without_what_is_bought_later():
    assert missing("half", like=("data",)) == (0.24, 0.12)
    assert missing("half", carried=("less",), like=("data",)) == (pytest.approx(0.19), pytest.approx(0.07))
    assert seen(like=("data",))["data.format"] == (pytest.approx(0.06), pytest.approx(0.06))
    for draw in (0.1, 0.7):
        drawn = DRAWN | {"data.missing": draw}
        assert missing(like=("data",), drawn=drawn) == (draw, draw)
    assert missing(like=("data",), sets=((*MISSING, 0.5),)) == (0.5, 0.5)
    assert seen(like=("data",))["workflows.cards.data.missing"] == (0.3, 0.3)


@pytest.mark.parametrize(
    ("ratio", "reviewers"), [(0.1, 1), (0.25, 3), (0.12, 2), (1.0, 9), (1 / 3, 3), (1e-9, 1), (0.5, 5)]
)
def test_capacities_like_production_are_at_the_pilots_volume_and_rounded_up(ratio, reviewers):
    values = at_volume(seen(like=("oversight",)), ("oversight",), ratio)
    pilot = phase_values(values, "pilot", {})
    assert pilot["oversight.reviewers"] == reviewers
    assert phase_values(values, "production", {})["oversight.reviewers"] == 9
    # A time is no capacity, nor does a condition that is not taken have any to bring.
    assert pilot["oversight.time"] == 0.1
    assert at_volume(seen(), ("data",), ratio) == seen()


def test_every_capacity_of_the_table_is_brought_to_the_pilots_volume():
    sets = [
        "integration.throughput=none | 400 per hour",
        "oversight.escalated=10 %",
        "oversight.specialists=1 | 4",
    ]
    resolved = read_text(TEXT, "<text>", sets)
    like = ("integration", "oversight")
    values = at_volume(evaluate(resolved, DRAWN, like=like), like, 0.3)
    assert values["integration.throughput"] == (pytest.approx(120.0), 400.0)
    pilot = phase_values(values, "pilot", {})
    assert (pilot["oversight.reviewers"], pilot["oversight.specialists"]) == (3, 2)
    unlimited = at_volume(seen(like=like), like, 0.3)
    assert unlimited["integration.throughput"] == (math.inf, math.inf)


def near(**more):
    return prepare(RESOLVED, DRAWN, Variant(pilot="near", investments=(), **more))


def test_a_pilot_like_production_is_prepared_at_its_own_volume():
    phases = near()
    # 10k a year in the pilot against 100k: a tenth of nine reviewers, rounded up.
    assert phases.pilot.reviewers.staff == 1
    assert phases.production.reviewers.staff == 9
    assert [values["volume"] for values in phases.pilot_values] == pytest.approx([4000.0, 6000.0])
    assert [values["data.missing"] for values in phases.pilot_values] == [0.24, 0.3]
    assert [values["consequential"] for values in phases.pilot_values] == [0.05, 0.0]
    plain = prepare(RESOLVED, DRAWN, Variant(investments=()))
    assert [values["volume"] for values in plain.pilot_values] == [10_000.0, 0.0]
    assert plain.pilot.reviewers.staff == 3
    # Later workflows and ramps are of production: a pilot runs at its full rate.
    late = read_text(
        TEXT, "<text>", ["workflows.cards.starts=none | month 3", "workflows.cards.ramp=none | 8 weeks"]
    )
    phases = prepare(late, DRAWN, Variant(pilot="near", investments=()))
    assert [values["volume"] for values in phases.pilot_values] == pytest.approx([4000.0, 6000.0])
    assert [values["starts"] for values in phases.pilot_values] == [0.0, 0.0]
    hours = 12 * 730.0 - 5 * 168.0
    share = 10_000 / 8760 / sum(mean_rate(values, hours) for values in phases.planned)
    assert 0.1 < share < 0.2
    assert phases.pilot.reviewers.staff == math.ceil(9 * share) == 2


def test_a_pilot_like_production_is_the_same_whatever_is_bought_later():
    sets = (
        "workflows.cards.starts=none | month 3",
        "integration.throughput=none | 400 per hour",
        "pilots.near.like_production=[data, integration, oversight, scope]",
    )
    more = "{once: 2k, delay: 4 weeks, parallel: yes, change: {workflows.cards.volume: x 0.2}}"
    text = TEXT.replace("{once: 2k, delay: 4 weeks, parallel: yes, change: {data.missing: 30 %}}", more)
    resolved = read_text(text, "<text>", sets)
    bought = ((), ("fixed",), ("half",), ("less", "half", "fixed"))  # fewer cards, and less time for them
    found = [prepare(resolved, DRAWN, Variant(pilot="near", investments=names)) for names in bought]
    assert len({phases.go_live_hours for phases in found}) == 3
    for phases in found:
        assert phases.pilot_values == found[0].pilot_values
    assert 0.0 < found[0].pilot_values[0]["integration.throughput"] < 400.0


def test_volume_is_shared_in_proportion():
    pilots = [{"volume": 10.0, "a": 1}, {"volume": 0.0, "a": 2}, {"volume": 2.0, "a": 3}]
    planned = [{"volume": 50.0}, {"volume": 150.0}, {"volume": 0.0}]
    found = in_proportion(pilots, planned)
    assert [values["volume"] for values in found] == pytest.approx([3.0, 9.0, 0.0])
    assert [values["a"] for values in found] == [1, 2, 3]
    assert [values["volume"] for values in in_proportion(pilots, [{"volume": 0.0}] * 3)] == [0.0, 0.0, 0.0]


def test_a_dose_begins_at_the_pilot_that_is_run():
    assert near(doses=(("data", 0.0),)).values[0]["data.missing"] == 0.24
    # Its reviewers are production's already, brought down and up again.
    for dose in (0.0, 0.5, 1.0):
        assert near(doses=(("oversight", dose),)).production.reviewers.staff == 9


# --- money and time ------------------------------------------------------------------------------------

WEEK = 168.0


def priced(drawn=35.0):
    return phase_values(seen(drawn=DRAWN | {"investments.fifth.once": drawn}), "production", {})


@pytest.mark.parametrize(
    ("others", "weeks"),
    [
        ((), 0),
        (("half",), 3),
        (("half", "less"), 4),
        (("fixed",), 4),  # beside nothing
        (("half", "fixed"), 4),  # three beside four
        (("half", "less", "fixed"), 4),
        (("fixed", "fifth"), 4),  # both beside each other
        (("half", "fifth"), 3),
        (("words", "cards only"), 0),
    ],
)
def test_delays_add_up_and_parallel_ones_run_beside(others, weeks):
    for order in itertools.permutations(others):
        assert duration(priced(), "bench", order) == (4 * WEEK, weeks * WEEK)


def test_the_bill():
    found = bill(priced(), "built", ("less", "fixed"), ("half", "fifth"))
    assert found == (8000.0, 6000.0, 10_035.0, 500.0, 1000.0, 6 * WEEK, 3 * WEEK)
    assert found._fields == (
        "pilot",
        "carried",
        "others",
        "carried_monthly",
        "others_monthly",
        "lasts",
        "delay",
    )
    assert bill(priced(41.0), "bench", (), ("fifth",)).others == 41.0  # what was drawn
    assert bill(priced(), "bench", (), ()) == (5000.0, 0.0, 0.0, 0.0, 0.0, 4 * WEEK, 0.0)


def test_what_the_pilot_carries_takes_no_delay():
    everything = Variant(pilot="built", investments=("half", "less", "fixed"))
    assert prepare(RESOLVED, DRAWN, everything).bill.delay == 3 * WEEK
    assert prepare(RESOLVED, DRAWN, everything).go_live_hours == 9 * WEEK
    alone = Variant(pilot="bench", investments=("half", "less", "fixed"))
    assert prepare(RESOLVED, DRAWN, alone).go_live_hours == 8 * WEEK


# --- what concerns whom --------------------------------------------------------------------------------


def test_an_input_concerns_those_who_run_or_buy_it():
    def of(name):
        return concerns(name, {"demo"}, {"a"})

    assert all(map(of, ("data.missing", "workflows.a.volume", "pilots.demo.cost", "investments.a.once")))
    assert of("investments.a.change.workflows.w.data.missing")
    assert not any(map(of, ("pilots.other.cost", "investments.b.once", "investments.ab.change.data.missing")))


# --- conflicts -----------------------------------------------------------------------------------------

RIVALS = """
simgap: 1
legacy: {cost: 6 per item}
workflows: {letters: {volume: 40k per year}}
ai: {accuracy: 92 %}
oversight: {reviewers: 3, wage: 30 per hour, time: 4 min}
investments:
  base: {once: 1}
  roof: {once: 1, requires: [base, walls]}
  walls: {once: 1, requires: base, change: {data.validated: 50 %}}
  tent: {once: 1, excludes: walls}
  glass: {once: 1, change: {data.validated: = 60 %}}
  paint: {once: 1, change: {data.validated: +10 %, workflows.letters.data.validated: 70 %}}
"""


def rivals(more=""):
    return read_text(RIVALS + more, "<text>")


@pytest.mark.parametrize(
    ("bought", "words"),
    [
        (["base"], []),
        (["walls"], ["`walls` requires `base`"]),
        (["roof"], ["`roof` requires `base`", "`roof` requires `walls`"]),
        (["base", "walls", "roof"], []),
        (["base", "walls", "tent"], ["`tent` excludes `walls`"]),
        (["tent", "base", "walls"], ["`tent` excludes `walls`"]),
        (["base", "walls", "glass"], ["`glass` and `walls` both set data.validated"]),
        (["glass", "paint"], []),  # adding is not setting, and a workflow's own key is another
        (["base", "walls", "glass", "tent"], ["`glass` and `walls` both", "`tent` excludes `walls`"]),
    ],
)
def test_what_cannot_be_bought_together(bought, words):
    resolved = rivals()
    found = sorted(what for what, _ in conflicts(resolved["parameters"], resolved["investments"], bought))
    assert len(found) == len(words)
    assert all(what.startswith(start) for what, start in zip(found, sorted(words), strict=True))
    assert feasible(resolved, bought) == (not words)


def test_combinations_are_all_that_may_be_bought_the_small_ones_first():
    resolved = rivals()
    names = list(resolved["investments"])
    # By hand: walls needs base, roof needs both, tent not with walls, glass not with walls.
    legal = [
        bought
        for size in range(7)
        for bought in itertools.combinations(names, size)
        if ("walls" not in bought or "base" in bought)
        and ("roof" not in bought or {"base", "walls"} <= set(bought))
        and not {"tent", "walls"} <= set(bought)
        and not {"glass", "walls"} <= set(bought)
    ]
    assert combinations(resolved) == legal
    assert len(legal) == 2**4 + 2**2  # without walls, and with base and walls
    carrying = rivals("pilots: {demo: {}, full: {carries: [base, walls]}}\n")
    assert combinations(carrying, "full") == [
        ("base", "walls"),
        ("base", "roof", "walls"),
        ("base", "walls", "paint"),
        ("base", "roof", "walls", "paint"),
    ]
    assert combinations(carrying) == legal
    everything = combinations(RESOLVED)  # in which nothing stands against anything
    assert (len(everything), everything[0], everything[-1]) == (2**7, (), tuple(RESOLVED["investments"]))
    assert 2**MOST_COMBINED == 4096


def refused(text, **base):
    """What a run of a scenario says that cannot be simulated."""
    with pytest.raises(InputError) as caught:
        load(text, [f"base.{key}={name}" for key, name in base.items()]).run(1, workers=1)
    return str(caught.value)


def test_what_the_pilot_carries_and_what_is_bought_may_not_conflict(monkeypatch):
    text = RIVALS + (
        "portfolios: {out: [tent], shiny: [glass], fine: [paint]}\n"
        "pilots: {demo: {}, full: {carries: [base, walls]}}\n"
    )
    key = "<text>:15: pilots.full.carries: with what is bought besides, "
    assert refused(text, pilot="full", portfolio="out") == key + "`tent` excludes `walls`; one of them"
    said = refused(text, pilot="full", portfolio="shiny")
    assert said == key + "`glass` and `walls` both set data.validated; one of them"
    for base in (["pilot=full"], ["pilot=full", "portfolio=fine"], ["portfolio=out"]):
        assert load(text, [f"base.{name}" for name in base]).run(1, workers=1).complete
    # A pilot that carries what others require is enough.
    text = text.replace("fine: [paint]", "fine: [paint], high: [roof, base, walls]")
    assert load(text, ["base.pilot=full", "base.portfolio=high"]).run(1, workers=1).complete
    # The same holds of whatever is compared, and of every design at the gate.
    case = load(text, ["base.pilot=full"])
    monkeypatch.setattr("simgap.montecarlo.plan.evaluate", lambda *_: pytest.fail("simulated"))
    with pytest.raises(
        InputError, match=r"15: pilots\.full\.carries: with what is bought besides, `tent` excl"
    ):
        case.compare(["fine", "out"])
    with pytest.raises(
        InputError, match=r"15: pilots\.full\.carries: with what is bought besides, `tent` excl"
    ):
        load(text, ["base.portfolio=out"]).gate()


def test_a_go_live_that_may_be_after_the_window_is_refused_for_what_is_bought():
    text = RIVALS.replace("glass: {once: 1,", "glass: {once: 1, delay: 2 / 3 / 4 weeks max 6 weeks,")
    text = text.replace("paint: {once: 1,", "paint: {once: 1, delay: 3 weeks, parallel: yes,")
    text += "clock: {horizon: 2 months}\npilots: {demo: {lasts: 5 weeks}}\n"  # 1460 h, of which 840
    text += "portfolios: {quick: [base, walls], three: [paint], six: [glass], both: [glass, paint]}\n"
    for name in ("none", "quick", "three"):
        assert load(text, [f"base.portfolio={name}"]).run(1, workers=1).complete
    for name, bought in (("six", "glass"), ("both", "glass, paint")):
        assert refused(text, portfolio=name) == (
            "<text>:15: pilots.demo.lasts: a pilot of up to 5 weeks, and delays of up to 6 weeks for "
            f"{bought}, "
            "leave nothing of the window; less than 1,460 h; `a / b / c max N weeks` bounds what is not known"
        )


# --- refusals, with their lines ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("oversight.specialist_deadline: x 0.5", "changes a value that is `none`"),
        ("oversight.deadline: -1 h", None),
        ("workflows.letters.oversight.deadline: x 0.5", "changes a value that is `none`"),
        ("workflows.cards.oversight.deadline: x 0.5", None),  # of its own, or as for all
        ("oversight.specialist_deadline: 8 h", None),
        ("workflows.letters.volume: x 0.9", None),
        ("workflows.letters.consequential: +1 %", None),
        ("data.missing: x 0.5", "has no effect: every workflow states its own data.missing"),
        ("workflows.letters.data.missing: x 0.5", None),
        ("edge_cases.share: +1 %", None),  # `none` is nought here
    ],
)
def test_a_change_that_changes_nothing_is_refused_where_it_stands(change, words):
    text = (
        "simgap: 1\n"
        "legacy: {cost: 6 per item}\n"
        "workflows:\n"
        "  letters: {volume: 40k per year, data: {missing: 1 %}, oversight: {deadline: none}}\n"
        "  cards: {volume: 40k per year, data: {missing: 1 %}}\n"
        "ai: {accuracy: 92 %}\n"
        "oversight: {reviewers: 3, wage: 30 per hour, time: 4 min, deadline: 9 h}\n"
        "investments:\n"
        "  tidy:\n"
        "    change:\n"
        f"      {change}\n"
    )
    key = f"investments.tidy.change.{change.partition(':')[0]}"
    found = refusals(read_text(text, "<text>"))
    if words is None:
        assert found == []
        assert load(text).resolved
    else:
        assert [(where, what) for where, what, _ in found] == [(key, words)]
        with pytest.raises(InputError) as caught:
            load(text)
        assert str(caught.value).startswith(f"<text>:11: {key}: {words}")
