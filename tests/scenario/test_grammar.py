"""The leaf grammar against values computed by hand, and round trips of generated numbers."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simgap.sampling import quantiles
from simgap.scenario.families import FAMILIES, FEASIBLE
from simgap.scenario.grammar import parse_change, parse_value, split_leaf
from simgap.scenario.hours import read_calendar, staffed_day
from simgap.scenario.table import BY_PATH, ROWS, Row
from simgap.scenario.units import LISTS, NUMERIC, UNITS, Context, Wrong
from simgap.scenario.words import READERS


def row(unit: str, **more: object) -> Row:
    return Row("data.test", unit, "", "", **more)  # type: ignore[arg-type]  # a row is data


@pytest.mark.parametrize(
    ("unit", "text", "value"),
    [
        ("share", "15 %", 0.15),
        ("share", "15%", 0.15),
        ("share", "0.15", 0.15),
        ("share", "7 %", 0.07),
        ("share", "1 % of cells", 1 - 0.99**4),
        ("share", "0.01 of cells", 1 - 0.99**4),
        ("number", "1.3", 1.3),
        ("number", "1e-3", 0.001),
        ("count", "3", 3.0),
        ("duration", "250 us", 250e-6 / 3600),
        ("duration", "250 ms", 0.25 / 3600),
        ("duration", "90 s", 0.025),
        ("duration", "90 min", 1.5),
        ("duration", "3 h", 3.0),
        ("duration", "2 days", 48.0),
        ("duration", "6 weeks", 1008.0),
        ("duration", "1 month", 730.0),
        ("duration", "2 years", 17520.0),
        ("duration", "0", 0.0),
        ("staffed", "90 min", 1.5),
        ("staffed", "2 working days", 15.0),
        ("staffed", "1 working day", 7.5),
        ("money", "1.9M", 1_900_000.0),
        ("money", "4 k once", 4000.0),
        ("money_item", "9.40 per item", 9.4),
        ("money_item", "9.40", 9.4),
        ("money_hour", "41 per hour", 41.0),
        ("money_month", "24k per year", 2000.0),
        ("money_month", "4k", 4000.0),
        ("volume", "1 per hour", 8760.0),
        ("volume", "60 per day", 21900.0),
        ("volume", "7 per week", 365.0),
        ("volume", "10 per month", 120.0),
        ("volume", "120k per year", 120_000.0),
        ("yearly", "8 % per year", 0.08),
        ("yearly", "0.08 per year", 0.08),
        ("monthly", "3 % per month", 0.03),
        ("yearly_count", "1 per month", 12.0),
        ("hourly", "400 per hour", 400.0),
        ("months", "3 years", 36.0),
        ("month", "month 9", 9.0),
    ],
)
def test_a_number_in_the_normalised_unit(unit: str, text: str, value: float):
    assert parse_value(text, row(unit), Context(day=7.5, fields=4)) == pytest.approx(value, rel=1e-15)


def test_every_unit_of_the_table_is_known():
    assert {r.unit for r in ROWS} <= set(UNITS)


@pytest.mark.parametrize("path", [r.path for r in ROWS if r.default])
def test_every_default_and_every_neutral_value_can_be_read(path: str):
    target = BY_PATH[path]
    for text in filter(None, (target.default, target.neutral)):
        leaf = split_leaf(text, 0, target.unit in LISTS)
        assert leaf.shared is not None
        value = parse_value(leaf.shared, target)
        if isinstance(value, float):
            assert target.low <= value <= target.high
        elif value is None:
            assert text == "none"


NUMBERS = st.decimals(min_value=0, max_value=10**6, places=6)


@given(NUMBERS, st.sampled_from([("", 1), ("k", 1000), ("M", 10**6), (" k", 1000)]))
def test_a_number_with_a_suffix_is_the_nearest_double(number, suffix):
    text, factor = suffix
    expected = float(Fraction(number) * factor)
    assert parse_value(f"{number:f}{text}", row("money")) == expected


@given(NUMBERS)
def test_a_percentage_is_the_nearest_double_of_its_hundredth(number):
    assert parse_value(f"{number:f} %", row("share")) == float(Fraction(number) / 100)


@given(st.floats(min_value=0, allow_infinity=False, allow_nan=False))
def test_a_printed_double_comes_back(number: float):
    assert parse_value(repr(number), row("number")) == number


TEXTS = st.text(alphabet="0123456789 ./|[](){}%kMx+-=,abehilmnoprstuwy~:", max_size=30)


@settings(max_examples=300)
@given(TEXTS, st.sampled_from(ROWS))
@example("pert(1e308, 1e308, 1e309)", BY_PATH["board.npv"])
@example("beta(mean=0.5, sd=1e300)", BY_PATH["data.missing"])
@example("-1e308 / 0 / 1e308", BY_PATH["board.npv"])
@example("1e-320 / 2e-320 / 3e-320", BY_PATH["governance.incident_cost"])
def test_any_text_is_read_or_refused_in_words(text: str, target: Row):
    refusals = []
    for reader in (
        lambda: split_leaf(text, 1, target.unit in LISTS),
        lambda: parse_value(text, target, relative=True),
        lambda: parse_change(text, target),
    ):
        try:
            reader()
        except Wrong as wrong:
            refusals.append(wrong)
    assert all(wrong.what and wrong.allowed for wrong in refusals)


PARTS = st.sampled_from(
    [
        "1",
        "2",
        "5.5",
        "-3",
        "0",
        "20 %",
        "0.2",
        "6 min",
        "1k",
        "mean=6",
        "sd=2",
        "cv=0.5",
        "1 at 50 %",
        "5 at 0.5",
        "a.csv",
    ]
)
CALLS = st.builds(
    lambda sign, family, parts, after: f"{sign}{family}({', '.join(parts)}){after}",
    st.sampled_from(["", "-", "+", "x ", "= "]),
    st.sampled_from([*FAMILIES, "discrete", "empirical", "gamma"]),
    st.lists(PARTS, max_size=4),
    st.lists(
        st.sampled_from([" min", " %", " min 0", " max 10", " min -1", " max 1e9 h", " per year"]), max_size=3
    ).map("".join),
)


@settings(max_examples=300)
@given(CALLS, st.sampled_from(ROWS))
@example("normal(mean=1e308, sd=1e308) min 0", BY_PATH["board.npv"])
@example("normal(mean=0, sd=1e-320) min 0", BY_PATH["board.npv"])
@example("lognormal(mean=1e-320, cv=1e9) max 1", BY_PATH["governance.incident_cost"])
@example("discrete(1e999 at 50 %, 2 at 50 %)", BY_PATH["board.npv"])
@example("discrete(1 at 1e999, 2 at 50 %)", BY_PATH["board.npv"])
@example("lognormal(mean=1, cv=1e200)", BY_PATH["governance.incident_cost"])
@example("beta(mean=0.5, sd=1e-200)", BY_PATH["data.missing"])
@example("beta(mean=1e-300, sd=1e-300) max 1e-310", BY_PATH["data.missing"])
def test_any_call_is_read_or_refused_in_words(text: str, target: Row):
    refusals = []
    for reader in (lambda: parse_value(text, target, relative=True), lambda: parse_change(text, target)):
        try:
            quantile_of(reader())
        except Wrong as wrong:
            refusals.append(wrong)
    assert all(wrong.what and wrong.allowed for wrong in refusals)


def quantile_of(value):
    """What is read must have quantiles, that are numbers and do not fall."""
    for key in ("times", "value"):
        value = value.get(key, value) if isinstance(value, dict) and "family" not in value else value
    if isinstance(value, dict):
        with np.errstate(over="ignore"):  # of sums near 1e308, which a run refuses
            x = quantiles.quantile(value, np.array([1e-9, 0.01, 0.5, 0.99, 1 - 1e-9]))
        assert not np.isnan(x).any()
        assert (x[1:] >= x[:-1]).all()


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("normal(mean=6, sd=2) min 0 max 10 min", 0.0, 10.0),
        ("normal(mean=6, sd=2) min min 0 max 10", 0.0, 10.0),
        ("normal(mean=6, sd=2) max 10 min 0 min", 0.0, 10.0),
        ("normal(mean=6 min, sd=120 s) min 0 max 600 s", 0.0, 10.0),
        ("normal(mean=6, sd=2) min 0 min max 600 s", 0.0, 10.0),
        ("normal(mean=6, sd=2) min 0 min", 0.0, None),
        ("NORMAL(mean=6,sd=2)min min 0", 0.0, None),
    ],
)
def test_a_truncated_normal_and_its_units(text: str, low: float, high: float | None):
    found = parse_value(text, BY_PATH["oversight.time"])
    assert found.pop("of") == {"family": "normal", "mean": pytest.approx(0.1), "sd": pytest.approx(1 / 30)}
    assert found == {
        "family": "truncated",
        "low": pytest.approx(low / 60),
        "high": None if high is None else pytest.approx(high / 60),
    }


def test_a_limit_at_the_end_of_what_is_reached_cuts_nothing():
    whole = parse_value("lognormal(mean=6, cv=0.5) min", BY_PATH["oversight.time"])
    assert parse_value("lognormal(mean=6, cv=0.5) min 0 min", BY_PATH["oversight.time"]) == whole
    cut = parse_value("lognormal(mean=6, cv=0.5) min 0 max 20 min", BY_PATH["oversight.time"])
    assert (cut["of"], cut["low"], cut["high"]) == (whole, None, pytest.approx(1 / 3))
    beta = parse_value("beta(mean=5 %, sd=1 %) max 8 %", BY_PATH["data.missing"])
    assert (beta["of"]["family"], beta["low"], beta["high"]) == ("beta", None, 0.08)


@pytest.mark.parametrize(
    ("text", "path", "values"),
    [
        ("discrete(1 at 20 %, 2 at 50 %, 5 at 30 %)", "oversight.reviewers", [1, 2, 5]),
        ("discrete(10 at 20 %, 20 at 0.5, 50 at 30 %) %", "data.missing", [0.1, 0.2, 0.5]),
        ("discrete(10 % at 20 %, 20 % at 50 %, 50 % at 30 %)", "data.missing", [0.1, 0.2, 0.5]),
        ("discrete( 30 min  at 20 % ,2 h at 50 %, 1 day at 30 %)", "legacy.delay", [0.5, 2, 24]),
        ("month discrete(3 at 20 %, 6 at 50 %, 9 at 30 %)", "workflows.*.starts", [3, 6, 9]),
        ("discrete(-1M at 20 %, 0 at 50 %, 2M at 30 %)", "board.npv", [-1e6, 0, 2e6]),
    ],
)
def test_values_with_their_probabilities(text: str, path: str, values: list[float]):
    found = parse_value(text, BY_PATH[path])
    assert found == {"family": "discrete", "values": pytest.approx(values), "probabilities": [0.2, 0.5, 0.3]}


def test_what_can_be_subtracted_is_mirrored():
    reviewers = BY_PATH["oversight.reviewers"]
    assert parse_change("-discrete(1 at 30 %, 2 at 70 %)", reviewers)["value"] == {
        "family": "discrete",
        "values": [-2.0, -1.0],
        "probabilities": [0.7, 0.3],
    }
    assert parse_change("-normal(mean=6, sd=2) min 0 max 20", reviewers)["value"] == {
        "family": "truncated",
        "of": {"family": "normal", "mean": -6.0, "sd": 2.0},
        "low": -20.0,
        "high": 0.0,
    }
    with pytest.raises(Wrong, match="lognormal cannot be subtracted"):
        parse_change("-lognormal(mean=6, cv=1) max 20", reviewers)


def test_a_triple_is_a_metalog_within_the_bounds_of_its_row():
    assert parse_value("8 / 14 / 22 %", BY_PATH["data.missing"]) == {
        "family": "metalog",
        "p10": 0.08,
        "p50": 0.14,
        "p90": 0.22,
        "lower": 0.0,
        "upper": 1.0,
    }
    time = parse_value("4 / 6 / 10 min max 1 h", BY_PATH["oversight.time"])
    assert (time["p50"], time["lower"], time["upper"]) == (0.1, 0.0, 1.0)
    assert parse_value("4 / 6 / 10 max 60 min", BY_PATH["oversight.time"]) == time
    assert parse_value("4 min / 6 min / 10 min max 60", BY_PATH["oversight.time"]) == time
    npv = parse_value("-1M / 0.5M / 3M", BY_PATH["board.npv"])
    assert (npv["p10"], npv["lower"], npv["upper"]) == (-1e6, None, None)
    starts = parse_value("month 6 / 9 / 12", BY_PATH["workflows.*.starts"])
    assert (starts["p10"], starts["p90"]) == (6.0, 12.0)


def test_three_equal_values_are_the_constant():
    assert parse_value("5 / 5 / 5 %", BY_PATH["data.missing"]) == 0.05


def quantile(y: float, z10: float, z50: float, z90: float) -> float:
    """The three-term metalog, fitted by solving its own equations at 10, 50 and 90 %."""
    import numpy as np

    def basis(p: float) -> list[float]:
        logit = math.log(p / (1 - p))
        return [1.0, logit, (p - 0.5) * logit]

    a = np.linalg.solve(np.array([basis(p) for p in (0.1, 0.5, 0.9)]), np.array([z10, z50, z90]))
    return float(a @ np.array(basis(y)))


@settings(max_examples=60)
@given(st.floats(0.02, 0.98))
@example(0.115)
@example(0.116)
@example(0.5)
def test_a_triple_is_accepted_exactly_where_its_quantile_function_rises(middle: float):
    # On an unbounded row nothing is transformed; P10 = 0, P90 = 1 and the middle moves.
    skew = (1 - 2 * middle) / 0.8 * 2
    if abs(abs(skew) - FEASIBLE) < 0.005:
        return
    grid = [i / 4000 for i in range(1, 4000)] + [1e-6, 1e-9, 1 - 1e-6, 1 - 1e-9]
    values = [quantile(y, 0, middle, 1) for y in sorted(grid)]
    rises = all(low < high for low, high in pairwise(values))
    try:
        parse_value(f"0 / {middle!r} / 1", BY_PATH["board.npv"])
        accepted = True
    except Wrong:
        accepted = False
    assert accepted == rises


def test_a_long_tail_is_accepted_once_it_has_a_largest_value():
    cost = BY_PATH["governance.incident_cost"]
    with pytest.raises(Wrong, match="variance is infinite"):
        parse_value("2 / 9 / 60", cost)
    assert parse_value("2 / 9 / 60 max 1k", cost)["upper"] == 1000.0


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        ("oversight.time", "pert(4, 6, 10) min", {"low": 4 / 60, "mode": 0.1, "high": 1 / 6}),
        ("oversight.time", "triangular(4 min, 6 min, 1 h)", {"low": 4 / 60, "mode": 0.1, "high": 1.0}),
        ("data.missing", "uniform(0 %, 30 %)", {"low": 0.0, "high": 0.3}),
        ("board.npv", "normal(mean=1M, sd=200k)", {"mean": 1e6, "sd": 2e5}),
        ("integration.latency", "lognormal(mean=30, cv=80 %) s", {"mean": 30 / 3600, "cv": 0.8}),
        ("integration.latency", "lognormal(mean=30 s, cv=0.8)", {"mean": 30 / 3600, "cv": 0.8}),
        ("data.missing", "beta(mean=5 %, sd=2 %)", {"mean": 0.05, "sd": 0.02}),
        ("ai.accuracy", "beta(mean=0.95, sd=0.02)", {"mean": 0.95, "sd": 0.02}),
    ],
)
def test_a_named_distribution(path: str, text: str, value: dict[str, float]):
    found = parse_value(text, BY_PATH[path])
    assert found.pop("family") == text.split("(")[0]
    assert found == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    ("path", "text", "op", "value"),
    [
        ("oversight.reviewers", "+2", "add", 2.0),
        ("oversight.reviewers", "- 2", "add", -2.0),
        ("oversight.reviewers", "12", "set", 12.0),
        ("oversight.reviewers", "= 12", "set", 12.0),
        ("oversight.reviewers", "x 1.5", "scale", 1.5),
        ("oversight.reviewers", "x1.5", "scale", 1.5),
        ("oversight.time", "-1 min", "add", -1 / 60),
        ("workflows.*.growth", "= -2 % per year", "set", -0.02),
        ("oversight.deadline", "none", "set", None),
        ("data.missing", "none", "set", 0.0),
        ("measurement.basis", "workflow_outcomes", "set", "workflow_outcomes"),
        ("measurement.basis", "= workflow_outcomes", "set", "workflow_outcomes"),
        ("oversight.hours", "Mon 09:00-17:00", "set", [[9.0, 17.0, 1.0]]),
    ],
)
def test_a_change(path: str, text: str, op: str, value: object):
    assert parse_change(text, BY_PATH[path]) == {"op": op, "value": value}


def test_an_uncertain_subtraction_is_mirrored():
    value = parse_change("-1 / 2 / 4 %", BY_PATH["data.missing"])["value"]
    assert (value["p10"], value["p50"], value["p90"]) == (-0.04, -0.02, -0.01)
    value = parse_change("-uniform(1 %, 4 %)", BY_PATH["data.missing"])["value"]
    assert value == {"family": "uniform", "low": -0.04, "high": -0.01}


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("always", [[0, 168, 1]]),
        ("Mon-Sun 00:00-24:00", [[0, 168, 1]]),
        ("Sat-Mon 10:00-12:00", [[10, 12, 1], [130, 132, 1], [154, 156, 1]]),
        ("mon,wed 08:00-12:00", [[8, 12, 1], [56, 60, 1]]),
        ("Mon 08:00-12:00 and Mon 12:00-13:30", [[8, 13.5, 1]]),
        ("Mon 20:00-24:00 and Tue 00:00-04:00", [[20, 28, 1]]),
        ("Mon 08:00-12:00 x 2 and Mon 12:00-13:00 x 0.5", [[8, 12, 2], [12, 13, 0.5]]),
    ],
)
def test_a_calendar(text: str, spans: list[list[float]]):
    assert read_calendar(text, weighted=True) == spans


@pytest.mark.parametrize(
    ("text", "hours"),
    [("Mon-Fri 09:00-17:00", 8.0), ("always", 24.0), ("Mon-Thu 08:00-16:30 and Fri 08:00-12:00", 7.6)],
)
def test_a_working_day_is_the_mean_of_the_days_that_are_staffed(text: str, hours: float):
    assert staffed_day(read_calendar(text)) == pytest.approx(hours, rel=1e-12)


TWELVE = "1, 0, 2, 1, 1, 1, 1, 1, 1, 1, 1k, 0.5"


@pytest.mark.parametrize(
    ("unit", "text", "value"),
    [
        ("weights", f"[{TWELVE}]", [1, 0, 2, 1, 1, 1, 1, 1, 1, 1, 1000, 0.5]),
        ("weights", TWELVE, [1, 0, 2, 1, 1, 1, 1, 1, 1, 1, 1000, 0.5]),
        ("weights", "none", []),
        ("plan", "[4 from month 3, 6 from month 9]", [[3, 4], [9, 6]]),
        ("plan", "0 from Month 0,  1k  from  month 240", [[0, 0], [240, 1000]]),
        ("plan", "[100000 from month 1]", [[1, 100_000]]),
        ("plan", "none", []),
        ("plan", "[]", []),
        ("dates", "[2026-01-01, 2026-12-25]", ["2026-01-01", "2026-12-25"]),
        ("dates", "2028-02-29", ["2028-02-29"]),
        ("dates", "none", []),
    ],
)
def test_a_list_of_weights_steps_or_days(unit: str, text: str, value: list):
    found = parse_value(text, row(unit))
    assert found == value
    kinds = {"weights": float, "plan": list, "dates": str}
    assert {type(item) for item in found} <= {kinds[unit]}
    assert all(type(number) is int for step in found if unit == "plan" for number in step)


@pytest.mark.parametrize(
    ("unit", "text"),
    [
        ("weights", "[]"),
        ("weights", TWELVE + ", 1"),
        ("weights", TWELVE.replace("1k", "1e7")),
        ("weights", TWELVE.replace("1k", "nan")),
        ("plan", "[4 from month 3,]"),
        ("plan", "[4 from month 9, 6 from month 3]"),
        ("plan", "[100001 from month 3]"),
        ("plan", "[+2 / 3 from month 3]"),
        ("dates", "[2026-1-01]"),
        ("dates", "[1899-12-31]"),
        ("dates", "[2026-12-25 x]"),
        ("dates", "[2026-12-25, none]"),
    ],
)
def test_a_list_that_is_refused(unit: str, text: str):
    with pytest.raises(Wrong):
        parse_value(text, row(unit))


@pytest.mark.parametrize(
    ("text", "sides"),
    [
        ("none | [4 from month 3]", ("none", "[4 from month 3]")),
        ("[4 from month 3] | none", ("[4 from month 3]", "none")),
        ("[1 from month 0] | [4 from month 3] [team]", ("[1 from month 0]", "[4 from month 3]")),
        ("4 from month 3 | 5 from month 1 [team]", ("4 from month 3", "5 from month 1")),
    ],
)
def test_a_list_on_a_side_is_no_source(text: str, sides: tuple[str, str]):
    leaf = split_leaf(text, 0, listing=True)
    assert (leaf.pilot, leaf.production) == sides
    assert leaf.source == ("team" if "team" in text else "")


def test_units_of_lists_are_read_by_readers_of_their_own():
    assert set(LISTS) <= set(READERS)
    assert not set(NUMERIC) & set(READERS)


def test_numeric_units_are_those_that_take_numbers():
    assert {"share", "duration", "month"} <= set(NUMERIC)
    assert not {"word", "words", "shares", "calendar", "date", "comparison"} & set(NUMERIC)
