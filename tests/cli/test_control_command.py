"""`--control`: means adjusted by the fluid model, recomputed; what stays as it is, and what is cut short."""

import json

import numpy as np
import pytest
from contract import holds, without_times

from simgap.montecarlo.plan import crossed, evaluate
from simgap.sampling.designs import Design
from simgap.scenario.values import Variant
from simgap.study import controlling
from simgap.study.case import load

ONE = ("--workers", 1)
N = 12
ROW = {"mean": (float,), "ci95": [(float,)], "variance_left": (float, type(None))}


@pytest.fixture(autouse=True)
def _few_points(monkeypatch):
    """The fluid model's own mean over 32 draws in place of 2,048 or more."""
    monkeypatch.setattr(controlling, "POINTS", 2)
    monkeypatch.setattr(controlling, "EACH", 1)


def regression(values, controls, points):
    """The estimate least in variance, with the means of the controls from 16 groups of points."""
    n, groups = len(values), points.reshape(16, -1, points.shape[1]).mean(axis=1)
    inside = np.cov(controls, rowvar=False) + n * np.cov(groups, rowvar=False) / 16
    with_values = np.cov(np.column_stack([values, controls]), rowvar=False)[0, 1:]
    slopes = np.linalg.solve(np.atleast_2d(inside), with_values)
    return float(values.mean() - slopes @ (controls.mean(axis=0) - points.mean(axis=0)))


def fluid(case, variants, plan, seed, names):
    done = evaluate(case.resolved, plan, seed, 1, engine="fluid")
    return np.stack([done.of(name).reshape(-1, len(variants)) for name in names], axis=2)


def test_a_run_is_adjusted_by_what_the_fluid_model_says(data, tiny):
    found = data("run", tiny, "--replications", N, *ONE, "--control")
    plain = data("run", tiny, "--replications", N, *ONE)
    assert plain["control"] is None
    control = found.pop("control")
    assert found["provenance"].pop("control")
    assert not plain["provenance"].pop("control")
    assert without_times(found) == without_times({k: v for k, v in plain.items() if k != "control"})
    names = ("realised_npv", "projected_npv", "gap")
    holds({"draws": int, "method": str, **dict.fromkeys(names, ROW)}, control)
    case, variants = load(tiny), (Variant(),)
    result = case.run(N, workers=1)
    trials = fluid(case, variants, crossed(variants, N), 1, names[:2])[:, 0]
    points = fluid(case, variants, crossed(variants, 32, design=Design("sobol", 2)), 2, names[:2])[:, 0]
    for name in names:
        expected = regression(result.trials[name].to_numpy(), trials, points)
        assert control[name]["mean"] == pytest.approx(expected, rel=1e-9)
    means = [control[name]["mean"] for name in names]
    assert means[2] == pytest.approx(means[1] - means[0], rel=1e-9)
    low, high = control["realised_npv"]["ci95"]
    assert low <= means[0] <= high


def test_a_comparison_is_adjusted_pair_by_pair(data, buying):
    path = buying()
    control = data("compare", path, "--replications", N, *ONE, "--control")["control"]
    case = load(path)
    compared = case.compare(replications=N, workers=1, control=True)
    names = [p["name"] for p in control["portfolios"]]
    assert names == [p["name"] for p in compared.summary["portfolios"]]
    assert compared.summary["control"] == control
    bought = [tuple(p["investments"]) for p in compared.summary["portfolios"]]
    variants = tuple(Variant(investments=names) for names in bought)
    trials = fluid(case, variants, crossed(variants, N), 1, ["realised_npv"])[:, :, 0]
    points = fluid(case, variants, crossed(variants, 32, design=Design("sobol", 2)), 2, ["realised_npv"])
    values = compared.results.of("realised_npv").reshape(-1, len(names))
    for pair in control["pairs"]:
        a, b = names.index(pair["a"]), names.index(pair["b"])
        less = trials[:, [a]] - trials[:, [b]], points[:, [a], 0] - points[:, [b], 0]
        expected = regression(values[:, a] - values[:, b], *less)
        assert pair["mean"] == pytest.approx(expected, rel=1e-6)


def test_the_screens_say_it(simgap, tiny, buying):
    text = simgap("run", tiny, "--replications", N, *ONE, "--control").out
    assert "... with the fluid model as control" in text
    assert max(map(len, text.splitlines())) <= 80
    text = simgap("compare", buying(), "--replications", N, *ONE, "--control").out
    assert "With the fluid model as control the difference is" in " ".join(text.split())


def test_blocks_are_adjusted_as_blocks(data, tiny):
    options = ("--design", "lhs", "--replications", 64, "--lucks", 2, *ONE, "--control")
    control = data("run", tiny, *options)["control"]
    low, high = control["realised_npv"]["ci95"]
    assert low < control["realised_npv"]["mean"] < high


def test_where_nothing_is_uncertain_there_is_nothing_to_adjust(data):
    found = data("run", "minimal", "--set", "ai.accuracy=90 %", "--replications", 4, *ONE, "--control")
    assert not found["inputs"]
    npv, control = found["realised"]["npv"], found["control"]["realised_npv"]
    assert control["mean"] == pytest.approx(npv["mean"], rel=1e-12)
    assert control["ci95"] == pytest.approx(npv["ci95"], rel=1e-12)


@pytest.mark.parametrize("command", ["run", "compare"])
def test_the_plain_numbers_outlive_the_control(simgap, data, tiny, buying, interrupted_after, command):
    path, variants = (tiny, 1) if command == "run" else (buying(), 2)
    expected = data(command, path, "--replications", N, *ONE)
    if command == "compare":
        variants = len(expected["portfolios"])
    interrupted_after(N * variants + 3)
    answer = simgap(command, path, "--replications", N, *ONE, "--control", "--json")
    assert answer.code == 3
    assert "topped before" in answer.err
    found = json.loads(answer.out)
    assert found["control"] is None
    assert not found["provenance"]["complete"]
    key = "realised" if command == "run" else "pairs"
    assert found[key] == expected[key]
