"""Sweeps: what an axis may be, the plan of its points, and the grid of means."""

import math

import numpy as np
import pytest

from simgap import scenario
from simgap.analysis.sweep import Axis, ends, grid, parse_axis, place, plan_of
from simgap.errors import InputError
from simgap.montecarlo.plan import Results

TEXT = """\
simgap: 1
workflows: {letters: {volume: 2 per day | 3 per day}}
legacy: {cost: 6 per item}
data: {missing: 1 % | 10 / 20 / 30 %}
ai: {accuracy: 90 %}
oversight: {reviewers: 1, wage: 35 per hour, time: 5 min}
"""
RESOLVED = scenario.read_text(TEXT)


@pytest.mark.parametrize(
    ("text", "key", "values"),
    [
        ("data=0:1.5:4", "data", [0.0, 0.5, 1.0, 1.5]),
        (" data = 0 : 1 : 2 ", "data", [0.0, 1.0]),
        ("oversight.time=6 min:0.3 h:3", "oversight.time", [0.1, 0.2, 0.3]),
        ("data.missing=0 %:50 %:2", "data.missing", [0.0, 0.5]),
        ("data.missing@pilot=0:0.5:2", "data.missing@pilot", [0.0, 0.5]),
        ("workflows.letters.volume=1 per day:2 per day:2", "workflows.letters.volume", [365.0, 730.0]),
        ("workflows.letters.data.missing=0:1:2", "workflows.letters.data.missing", [0.0, 1.0]),
        ("data=0:10:200", "data", list(np.linspace(0, 10, 200))),
    ],
)
def test_an_axis(text, key, values):
    axis = parse_axis(text, RESOLVED)
    assert (axis.key, axis.is_dose) == (key, key == "data")
    assert axis.values.tolist() == pytest.approx(values)


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("", "is not a range"),
        ("data", "is not a range"),
        ("data=0:1", "is not a range"),
        ("data:0:1:3", "is not a range"),
        ("data=0:1:3:4", "is not a range"),
        ("data=0:1:1", "`1` is not a number of points; a whole number from 2 to 200"),
        ("data=0:1:201", "`201` is not a number of points"),
        ("data=0:1:1e2", "not a number of points"),
        ("data=0:1:\N{FULLWIDTH DIGIT THREE}", "not a number of points"),
        ("data=1:0:3", "1 is not below 0; LO below HI"),
        ("data=0:0:3", "is not below"),
        ("data=low:high:3", "`low` is not a dose"),
        ("data=nan:1:3", "`nan` is not a dose"),
        ("data=0:inf:3", "`inf` is not a dose"),
        ("data=-1:1:3", "`-1` is not a dose"),
        ("dta=0:1:3", "did you mean `data`?"),
        ("=0:1:3", "is not a parameter"),
        ("data.missng=0:1:3", "did you mean `data.missing`?"),
        ("data.missing=0 %:150 %:3", "over 100 %"),
        ("data.missing@left=0 %:50 %:3", "not a side"),
        ("oversight.time=4:10:3", "has no unit"),
        ("oversight.time=4 / 5 / 6 min:10 min:3", "plain numbers"),
        ("measurement.basis=a:b:2", "cannot be swept"),
        ("oversight.hours=always:none:2", "cannot be swept"),
        ("clock.horizon=6 months:9 months:2", "cannot be swept"),
        ("workflows.letters.value=1:2:2", "not simulated in this version"),
        ("workflows.other.volume=1 per day:2 per day:2", "not among the workflows"),
        ("x" * 9000 + "=0:1:2", "is not a parameter"),
    ],
)
def test_what_is_no_axis(text, fragment):
    with pytest.raises(InputError) as caught:
        parse_axis(text, RESOLVED)
    assert str(caught.value).startswith("--over: ")
    assert fragment in str(caught.value)
    assert len(str(caught.value)) < 10_000


def test_what_every_workflow_overrides_is_no_axis():
    own = ("workflows.letters.data.stale=1 %", "workflows.cards.data.stale=1 %")
    text = TEXT.replace("3 per day}}", "3 per day}, cards: {volume: 3 per day}}")
    assert parse_axis("data.stale=0:1:2", scenario.read_text(text, "<text>", own[:1])).key == "data.stale"
    with pytest.raises(
        InputError, match=f"data.stale: is overridden by every workflow; {own[0].split('=')[0]}"
    ):
        parse_axis("data.stale=0:1:2", scenario.read_text(text, "<text>", own))
    with pytest.raises(InputError, match=r"cannot differ between workflows; `?oversight\.reviewers"):
        parse_axis("workflows.letters.oversight.reviewers=1:4:4", RESOLVED)


def test_every_point_meets_the_same_draws_and_lucks():
    dose, time = parse_axis("data=0:1:3", RESOLVED), parse_axis("oversight.time=6 min:12 min:2", RESOLVED)
    plan = plan_of([dose, time], RESOLVED, 5)
    assert len(plan.variants) == 6
    # The first axis varies slowest; a leaf without a bar is shared, so both phases see the value.
    assert [v.doses for v in plan.variants[:3]] == [(("data", 0.0),), (("data", 0.0),), (("data", 0.5),)]
    sets = plan.variants[1].sets
    assert [(path, side) for path, side, _ in sets] == [
        ("oversight.time", s) for s in ("pilot", "production")
    ]
    assert [value for *_, value in sets] == pytest.approx([0.2, 0.2])
    met = {v: [(draw, luck) for variant, draw, luck in plan.rows if variant == v] for v in range(6)}
    assert all(rows == [(k, k) for k in range(5)] for rows in met.values())
    assert [axis.values.tolist() for axis in ends([dose, time])] == [[0.0, 1.0], pytest.approx([0.1, 0.2])]


def results(realised, projected, success=0.0):
    """Results of points (rows) by replications (columns), in the order of a crossed plan."""
    points, replications = realised.shape
    rows = tuple((v, k, k) for k in range(replications) for v in range(points))
    columns = [np.broadcast_to(x, realised.shape).T.ravel() for x in (realised, projected, success)]
    nothing = np.zeros((len(rows), 0))
    names = ("realised_npv", "projected_npv", "success")
    waits = np.zeros((points, 2, 1), np.int64)
    none = np.zeros((len(rows), 1, 0))
    return Results(rows, names, np.column_stack(columns), nothing, waits, none, (), nothing, True)


AXES = [Axis("data", np.array([0.0, 1.0])), Axis("oversight", np.array([0.0, 0.5, 1.0]))]
RNG = np.random.default_rng(4)
REALISED, PROJECTED = RNG.normal(100, 30, (6, 40)), RNG.normal(150, 20, (6, 40))


def test_the_grid_of_means_and_its_intervals():
    mean, half = grid(AXES, results(REALISED, PROJECTED), 6, "npv")
    np.testing.assert_allclose(mean, REALISED.mean(axis=1).reshape(2, 3))
    # Student's t with 39 degrees of freedom, 97.5 %: 2.0227 (tables).
    error = REALISED.std(axis=1, ddof=1).reshape(2, 3) / math.sqrt(40)
    np.testing.assert_allclose(half, 2.0227 * error, rtol=1e-4)
    success = (REALISED > 100).astype(float)
    mean, _ = grid(AXES, results(REALISED, PROJECTED, success), 6, "success")
    np.testing.assert_allclose(mean, success.mean(axis=1).reshape(2, 3))


def test_the_ratio_is_of_means_with_an_interval_near_that_of_the_delta_method():
    mean, half = grid(AXES, results(REALISED, PROJECTED), 6, "ratio")
    x, y = REALISED.mean(axis=1), PROJECTED.mean(axis=1)
    np.testing.assert_allclose(mean, (x / y).reshape(2, 3))
    for point in range(6):
        (a, c), (_, b) = np.cov(REALISED[point], PROJECTED[point])
        r = x[point] / y[point]
        variance = (a - 2 * r * c + r * r * b) / y[point] ** 2 / 40
        assert half.ravel()[point] == pytest.approx(
            2.0227 * math.sqrt(variance), rel=5e-3
        )  # Fieller's is wider by order 1/n


def test_no_ratio_without_a_promise_and_no_interval_from_one_replication():
    mean, half = grid(AXES, results(REALISED, -PROJECTED), 6, "ratio")
    assert np.isnan(mean).all()
    assert np.isnan(half).all()
    mean, half = grid(AXES, results(REALISED[:, :1], PROJECTED[:, :1]), 6, "npv")
    np.testing.assert_allclose(mean, REALISED[:, 0].reshape(2, 3))
    assert np.isnan(half).all()


def test_where_pilot_and_production_stand():
    medians = {"data.missing": 0.2}
    assert place(AXES[0], RESOLVED, medians) == (0.0, 1.0)
    assert place(Axis("data.missing", AXES[0].values), RESOLVED, medians) == (0.01, 0.2)
    assert place(Axis("workflows.letters.data.missing", AXES[0].values), RESOLVED, medians) == (0.01, 0.2)
    # No deadline is an infinite one, which has no place on an axis.
    assert place(Axis("oversight.deadline", AXES[0].values), RESOLVED, medians) is None
