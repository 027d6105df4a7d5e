"""From a resolved scenario to what a phase sees: unknowns, doses, sets, capacities, overrides."""

import math
from dataclasses import replace

import pytest

from simgap.scenario import read_text
from simgap.scenario.table import BY_PATH, CONDITIONS
from simgap.scenario.values import (
    evaluate,
    inputs,
    phase_values,
    refusals,
    row_of,
    targets,
    workflow_values,
)

TEXT = """
simgap: 1
name: two sides
clock: {decision: 2026-01, horizon: 12 months}
legacy: {cost: 5 / 6 / 8 per item, error_rate: 3 %}
workflows:
  letters:
    volume: 10k per year | 40k per year
    consequential: 1 % | 5 %
    profile: Mon-Fri 08:00-18:00 | always
    data: {missing: 2 % | 10 %}
data:
  missing: 1 % | 5 / 9 / 15 %
  stale: 4 / 6 / 9 %
  format: 1 / 2 / 4 % | x 2 / 3 / 5
  schema: 90 % | x 4
edge_cases: {share: none | 8 %, handled: 10 | 25}
integration: {latency: 2 s | 10 s, latency_law: deterministic | lognormal}
ai: {accuracy: 92 %}
oversight:
  reviewers: 3 | 9
  wage: 30 per hour
  time: 4 min | 6 min
  catch: 90 % | 70 %
  manual_error: none | 4 %
  deadline: none | 10 h
  priority: none | [edge, confidence]
  hours: always | Mon-Fri 09:00-17:00
governance: {permission: none | 1, review_consequential: no | yes}
measurement: {basis: workflow_outcomes}
"""
RESOLVED = read_text(TEXT, "<text>")
DRAWN = {
    "data.format": 3.0,
    "data.format@pilot": 0.02,
    "data.missing": 0.09,
    "data.stale": 0.06,
    "legacy.cost": 6.0,
}
VALUES = evaluate(RESOLVED, DRAWN)
OWN = "workflows.letters."


def production(doses=None, sets=(), ratio=1.0):
    return phase_values(evaluate(RESOLVED, DRAWN, sets), "production", doses or {}, ratio)


# --- evaluate ------------------------------------------------------------------------------------------


def test_every_distribution_is_one_unknown_with_a_name():
    assert [i["name"] for i in inputs(RESOLVED)] == sorted(DRAWN)
    assert all(i["path"] == i["name"].partition("@")[0] for i in inputs(RESOLVED))


def test_a_leaf_without_a_bar_is_one_draw_for_both_sides():
    assert VALUES["data.stale"] == (0.06, 0.06)
    assert VALUES["ai.accuracy"] == (0.92, 0.92)


def test_a_bar_holds_two_values_and_a_factor_multiplies_the_pilots_own_draw():
    assert VALUES["data.missing"] == (0.01, 0.09)
    assert VALUES["data.format"] == (0.02, pytest.approx(0.06))
    assert VALUES["oversight.reviewers"] == (3.0, 9.0)


def test_a_product_stops_at_the_bounds_of_the_table():
    assert VALUES["data.schema"] == (0.9, 1.0)


def test_a_draw_stops_at_the_bounds_of_the_table():
    low, high = (evaluate(RESOLVED, DRAWN | {"data.missing": draw}) for draw in (-0.2, 1.7))
    assert (low["data.missing"][1], high["data.missing"][1]) == (0.0, 1.0)


def test_what_none_stands_for():
    assert VALUES["edge_cases.share"] == (0.0, 0.08)  # neutral
    assert VALUES["oversight.deadline"] == (math.inf, 10.0)  # no limit
    assert VALUES["governance.permission"] == (math.inf, 1.0)
    assert math.isnan(VALUES["oversight.manual_error"][0])  # another parameter's
    assert VALUES["oversight.priority"] == ([], ["edge", "confidence"])


def test_defaults_are_filled_in():
    # An override is a leaf of its own, and volumes have no default.
    stars = {p for p in BY_PATH if "*" in p or p.startswith("investments")}
    assert set(BY_PATH) - stars <= set(VALUES)
    assert VALUES["oversight.x_ref"] == (8.0, 8.0)


# --- doses ---------------------------------------------------------------------------------------------

NUMBERS = {
    "data.missing": (0.01, 0.09),
    "edge_cases.share": (0.0, 0.08),
    "oversight.catch": (0.9, 0.7),
    "oversight.time": (4 / 60, 6 / 60),
    "integration.latency": (2 / 3600, 10 / 3600),
    OWN + "consequential": (0.01, 0.05),
    OWN + "data.missing": (0.02, 0.10),
}


@pytest.mark.parametrize("path", NUMBERS)
@pytest.mark.parametrize("dose", [0.0, 0.25, 0.5, 1.0, 1.5])
def test_numbers_follow_the_dose_in_a_straight_line(path, dose):
    low, high = NUMBERS[path]
    seen = production({row_of(path).condition: dose})
    assert seen[path] == pytest.approx(low + dose * (high - low), rel=1e-12)
    if dose in (0.0, 1.0):
        assert seen[path] == VALUES[path][int(dose)]  # to the last bit


def test_doses_beyond_one_stop_at_legal_values():
    seen = production({"data": 20.0, "oversight": 6.0, "integration": 2.0})
    assert seen["data.missing"] == 1.0
    assert seen["oversight.catch"] == BY_PATH["oversight.catch"].low == 0.001
    assert seen["integration.latency"] == pytest.approx(18 / 3600)


@pytest.mark.parametrize(("dose", "side"), [(0.0, 0), (0.49, 0), (0.5, 1), (1.0, 1), (1.5, 1)])
def test_words_and_limits_switch_at_a_half(dose, side):
    seen = production(dict.fromkeys(CONDITIONS, dose))
    for path in (
        "integration.latency_law",
        "oversight.deadline",
        "oversight.hours",
        "oversight.priority",
        "governance.permission",
        "governance.review_consequential",
        OWN + "profile",
    ):
        assert seen[path] == VALUES[path][side], path
    assert math.isnan(seen["oversight.manual_error"]) == (side == 0)


def test_a_dose_acts_on_its_own_condition_and_on_production_only():
    plain = production()
    dosed = production({"data": 0.3})
    changed = {p for p in plain if plain[p] != dosed[p] and plain[p] == plain[p]}
    assert changed == {"data.missing", "data.format", "data.schema", OWN + "data.missing"}
    pilot = phase_values(VALUES, "pilot", {"data": 0.3})
    assert pilot["data.missing"] == 0.01


def test_no_dose_leaves_production_as_it_is():
    plain, ones = production(), production(dict.fromkeys(CONDITIONS, 1.0), ratio=4.0)
    for path, value in plain.items():
        assert ones[path] == value or value != value, path


# --- capacities and whole numbers ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dose", "ratio", "reviewers"),
    [
        (0.0, 4.0, 12),  # the pilot's three, for four times the work
        (0.0, 1.1, 4),  # 3.3, rounded up
        (0.0, 1.0, 3),
        (1.0, 4.0, 9),  # production's own number is not scaled
        (0.5, 4.0, 11),  # half-way from 12 to 9 is 10.5
        (0.5, 1.0, 6),
        (1.5, 4.0, 8),  # 12 - 4.5 = 7.5
        (9.0, 4.0, 0),  # nobody is the least there can be
    ],
)
def test_capacities_scale_with_volume_and_round_up(dose, ratio, reviewers):
    seen = production({"oversight": dose}, ratio=ratio)["oversight.reviewers"]
    assert seen == reviewers
    assert isinstance(seen, int)


def test_a_pilot_keeps_its_own_capacity():
    pilot = phase_values(VALUES, "pilot", {"oversight": 0.0}, 4.0)
    assert pilot["oversight.reviewers"] == 3


def test_rounding_errors_are_not_rounded_up():
    # 3 x 1.1 / 1.1 and the like: a last bit over nine is nine.
    assert production({"oversight": 0.0}, ratio=3.0000000000000004)["oversight.reviewers"] == 9
    assert production(sets=[("oversight.reviewers", "production", 9.01)])["oversight.reviewers"] == 10


def test_whole_numbers_that_are_no_capacity():
    assert production({"edge_cases": 0.5}, ratio=4.0)["edge_cases.handled"] == 18  # 17.5, not scaled
    assert production({"governance": 0.0})["governance.permission"] == math.inf


def test_all_doses_at_zero_are_the_pilot_at_the_volume_of_production():
    ratio = VALUES[OWN + "volume"][1] / VALUES[OWN + "volume"][0]
    seen = production(dict.fromkeys(CONDITIONS, 0.0), ratio=ratio)
    pilot = phase_values(VALUES, "pilot", {})
    assert ratio == 4.0
    assert seen[OWN + "volume"] == 40_000.0
    capacities = {
        *("integration.throughput", "oversight.reviewers"),
        *("oversight.headcount_plan", "oversight.specialists"),
    }
    assert {path for path, row in BY_PATH.items() if row.scales} == capacities
    assert seen["oversight.reviewers"] == 4 * pilot["oversight.reviewers"]
    for path, value in pilot.items():
        if path not in {OWN + "volume", "oversight.reviewers"}:
            assert seen[path] == value or (seen[path] != seen[path] and value != value), path


def test_only_conditions_and_volume_have_two_sides():
    # So the ten doses and the volume together are all that differs between the columns.
    two_sided = {path for path, (a, b) in VALUES.items() if a != b and not (a != a and b != b)}
    stated = {path for path, leaf in RESOLVED["parameters"].items() if "pilot" in leaf}
    assert two_sided == stated
    assert len(stated) == TEXT.count("|")
    conditions = {"data", "edge_cases", "integration", "oversight", "governance", "scope"}
    assert {row_of(path).condition for path in two_sided} == conditions | {"scale"}


LISTS = {
    OWN + "season": ([], [2.0] + [1.0] * 11),
    "oversight.headcount_plan": ([[1, 3], [2, 1]], [[6, 12]]),
}


@pytest.mark.parametrize(("dose", "side"), [(0.0, 0), (0.49, 0), (0.5, 1), (1.0, 1), (1.5, 1)])
def test_lists_switch_at_a_half(dose, side):
    sets = [
        OWN + "season=none | [2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]",
        "oversight.headcount_plan=[3 from month 1, 1 from month 2] | [12 from month 6]",
    ]
    both = evaluate(read_text(TEXT, "<text>", sets), DRAWN)
    assert {path: both[path] for path in LISTS} == LISTS
    seen = phase_values(both, "production", dict.fromkeys(CONDITIONS, dose))
    assert {path: seen[path] for path in LISTS} == {path: pair[side] for path, pair in LISTS.items()}
    # A plan of the pilot is a capacity: it grows with the volume, and people come whole.
    seen = phase_values(both, "production", {"oversight": dose}, 2.5)
    assert seen["oversight.headcount_plan"] == ([[1, 8], [2, 3]], [[6, 12]])[side]
    assert phase_values(both, "pilot", {}, 2.5)["oversight.headcount_plan"] == [[1, 3], [2, 1]]


def test_lists_that_are_none():
    assert VALUES["clock.holidays"] == ([], [])
    assert VALUES[OWN + "season"] == ([], [])
    assert VALUES["oversight.headcount_plan"] == ([], [])
    assert workflow_values(production(), "letters")["clock.holidays"] == []


# --- sets ----------------------------------------------------------------------------------------------


def test_targets_of_a_key():
    assert targets(RESOLVED, "data.missing") == [("data.missing", "production")]
    assert targets(RESOLVED, "data.missing@pilot") == [("data.missing", "pilot")]
    assert targets(RESOLVED, "data.stale") == [("data.stale", "pilot"), ("data.stale", "production")]
    assert targets(RESOLVED, "data.stale@production") == [("data.stale", "production")]
    assert targets(RESOLVED, OWN + "data.missing") == [(OWN + "data.missing", "production")]
    # An override that is not stated has the sides of what it overrides.
    assert targets(RESOLVED, OWN + "data.stale") == [(OWN + "data.stale", s) for s in ("pilot", "production")]
    assert targets(RESOLVED, OWN + "oversight.time") == [(OWN + "oversight.time", "production")]


def both(key, value):
    """What the pilot and production see of a key's path after a set."""
    sets = tuple((path, side, value) for path, side in targets(RESOLVED, key))
    path = key.partition("@")[0]
    return evaluate(RESOLVED, DRAWN, sets)[path]


def test_a_set_acts_on_its_side():
    assert both("data.missing", 0.5) == (0.01, 0.5)
    assert both("data.missing@pilot", 0.5) == (0.5, 0.09)
    assert both("data.stale", 0.5) == (0.5, 0.5)
    assert both("data.stale@pilot", 0.5) == (0.5, 0.06)
    assert both("data.stale@production", 0.5) == (0.06, 0.5)
    assert both(OWN + "oversight.time", 0.5) == (pytest.approx(4 / 60), 0.5)
    assert both("data.format@pilot", 0.03) == (0.03, pytest.approx(0.09))  # production is relative to it


def test_a_dose_leads_to_what_is_set():
    sets = [("data.missing", "production", 0.3), ("data.format", "pilot", 0.04)]
    seen = production({"data": 0.5}, sets)
    assert seen["data.missing"] == pytest.approx((0.01 + 0.3) / 2)
    assert seen["data.format"] == pytest.approx((0.04 + 0.12) / 2)
    assert production({"data": 1.0}, sets)["data.missing"] == 0.3


# --- workflows -----------------------------------------------------------------------------------------


def test_a_workflow_sees_its_own_rows_and_its_overrides():
    seen = workflow_values(production(), "letters")
    assert seen["volume"] == 40_000.0
    assert seen["data.missing"] == 0.10  # its own, not 0.09
    assert seen["data.stale"] == 0.06
    assert not any(path.startswith(("workflows", "pilots", "investments")) for path in seen)


def test_a_set_of_an_override_acts_on_that_workflow_alone():
    seen = production(sets=[(OWN + "data.stale", "production", 0.7)])
    assert workflow_values(seen, "letters")["data.stale"] == 0.7
    assert workflow_values(seen, "others")["data.stale"] == 0.06
    assert workflow_values(seen, "others")["data.missing"] == 0.09


def test_an_override_follows_the_dose_of_its_condition():
    seen = workflow_values(production({"data": 0.5}), "letters")
    assert seen["data.missing"] == pytest.approx(0.06)


# --- what is not simulated -----------------------------------------------------------------------------


def keys_of(more, text=TEXT):
    return [key for key, _, _ in refusals(read_text(text + more, "<text>"))]


def test_everything_stated_here_is_simulated():
    assert keys_of("") == []


def test_what_is_stated_and_not_neutral_is_named(monkeypatch):
    # As if this version did not simulate stale data, review times and deadlines yet.
    for path in ("data.stale", "data.repaired", "oversight.deadline"):
        monkeypatch.setitem(BY_PATH, path, replace(BY_PATH[path], since=""))
    # Neutral on one side is not neutral; a default that nobody stated is.
    assert keys_of("") == ["data.stale", "oversight.deadline"]
    neutral = TEXT.replace("stale: 4 / 6 / 9 %", "stale: none").replace("none | 10 h", "none")
    assert keys_of("", neutral) == []
    assert keys_of("", neutral.replace("stale: none", "stale: none | 0 %")) == []
    assert keys_of("", neutral.replace("{missing: 2 % | 10 %}", "{stale: 1 %}")) == [OWN + "data.stale"]


@pytest.mark.parametrize("share", ["50 %", "100 % | 50 %", "10 / 30 / 50 %"])
def test_less_volume_on_holidays_needs_holidays(share):
    def refused(*sets):
        return [key for key, _, _ in refusals(read_text(TEXT, "<text>", sets))]

    key = OWN + "holiday_volume"
    assert refused(f"{key}={share}") == [key]
    assert refused(f"{key}={share}", "clock.holidays=[2026-12-25]") == []
    assert refused(f"{key}=100 %") == []


MORE = TEXT.replace("workflows:\n", "workflows:\n  cards: {volume: 3k per year}\n")


@pytest.mark.parametrize(
    ("sets", "refused"),
    [
        # What is stated for all needs one workflow in which it has an effect.
        (["governance.surfaced=5 %"], {}),
        (
            ["governance.surfaced=5 %", OWN + "consequential=0 % | 0 %"],
            {"governance.surfaced": "workflows.cards.consequential"},
        ),
        (
            ["governance.surfaced=5 %", OWN + "consequential=0 % | 0 %", "workflows.cards.consequential=1 %"],
            {},
        ),
        # `letters` has a share of its own, and `cards` no consequential items.
        (
            ["governance.surfaced=5 %", OWN + "governance.surfaced=1 %"],
            {"governance.surfaced": "workflows.cards.consequential"},
        ),
        (
            ["workflows.cards.governance.surfaced=5 %"],
            {"workflows.cards.governance.surfaced": "workflows.cards.consequential"},
        ),
        (["oversight.specialists=2"], {"oversight.specialists": "oversight.escalated"}),
        (["oversight.specialists=2", "workflows.cards.oversight.escalated=5 %"], {}),
        (["oversight.specialists=2", "oversight.escalated=5 %", OWN + "oversight.escalated=0 %"], {}),
        (
            ["workflows.cards.holiday_volume=50 %"],
            {"workflows.cards.holiday_volume": "clock.holidays"},
        ),
    ],
)
def test_what_has_an_effect_in_no_workflow_is_named(sets, refused):
    found = {key: what for key, what, _ in refusals(read_text(MORE, "<text>", sets))}
    assert found == {key: f"has no effect without `{need}`" for key, need in refused.items()}


def test_a_leaf_that_every_workflow_overrides_needs_nothing():
    sets = ["governance.surfaced=5 %", OWN + "governance.surfaced=1 %"]
    assert refusals(read_text(TEXT, "<text>", sets)) == []


def test_what_the_base_case_does_not_use_is_no_concern():
    pilots = "pilots:\n  demo: {lasts: 8 weeks}\n  other: {lasts: 4 weeks, like_production: [data]}\n"
    assert keys_of(pilots + "base: {pilot: demo}\n") == []
    bought = "investments:\n  books: {once: 10k}\nportfolios: {some: [books]}\n"
    assert keys_of(bought) == []
