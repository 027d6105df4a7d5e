"""Draws of the unknowns: quantiles against scipy, the copula, and independence of the order of asking."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from simgap.sampling.philox import KIND_UNKNOWN, unit53, words
from simgap.sampling.quantiles import metalog_coefficients, quantile
from simgap.sampling.unknowns import (
    copula_normals,
    correlate_uniforms,
    correlated_groups,
    draw_unknowns,
    entity_of,
    unknown_uniforms,
)

LOW = np.array([1e-100, 1e-30, 2.0**-53, 2.0**-33, 1e-9, 1e-6, 0.001, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4999])
PROBABILITIES = np.concatenate([LOW, [0.5], 1.0 - LOW[2:][::-1]])

PERT = {"family": "pert", "low": 2.0, "mode": 3.0, "high": 9.0}
TRIANGULAR = {"family": "triangular", "low": 2.0, "mode": 3.0, "high": 9.0}
BETA = {"family": "beta", "mean": 0.2, "sd": 0.1}
METALOG = {"family": "metalog", "p10": 2.0, "p50": 3.0, "p90": 4.5, "lower": 0.0, "upper": None}

# The same distributions in scipy's terms, and the relative error allowed at every probability above.
CASES = {
    "pert": (PERT, stats.beta(1 + 4 / 7, 1 + 4 * 6 / 7, loc=2, scale=7), 1e-13),
    "pert, mode at the end": (
        {"family": "pert", "low": 0.0, "mode": 0.0, "high": 1.0},
        stats.beta(1, 5),
        1e-13,
    ),
    "triangular": (TRIANGULAR, stats.triang(1 / 7, loc=2, scale=7), 1e-14),
    "triangular, rising": (
        {"family": "triangular", "low": 0.0, "mode": 1.0, "high": 1.0},
        stats.triang(1),
        1e-14,
    ),
    "uniform": ({"family": "uniform", "low": -1.0, "high": 4.0}, stats.uniform(-1, 5), 1e-14),
    "normal": ({"family": "normal", "mean": 0.0, "sd": 2.5}, stats.norm(0, 2.5), 1e-13),
    "lognormal": (
        {"family": "lognormal", "mean": 120.0, "cv": 0.7},
        stats.lognorm(math.sqrt(math.log(1.49)), scale=120 / math.sqrt(1.49)),
        1e-13,
    ),
    # alpha + beta = 0.2 x 0.8 / 0.01 - 1 = 15
    "beta": (BETA, stats.beta(3, 12), 1e-12),
    # Evenly spaced percentiles make a3 = 0, and the metalog the logistic distribution.
    "metalog": (
        {"family": "metalog", "p10": 1.0, "p50": 3.0, "p90": 5.0, "lower": None, "upper": None},
        stats.logistic(3, 4 / (2 * math.log(9))),
        1e-13,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_quantiles_agree_with_scipy(name):
    distribution, reference, tolerance = CASES[name]
    found = quantile(distribution, PROBABILITIES)
    np.testing.assert_allclose(found, reference.ppf(PROBABILITIES), rtol=tolerance)
    # scipy may use the same inverse; its distribution functions are another way round.
    lower, upper = PROBABILITIES[PROBABILITIES > 1e-9], PROBABILITIES[PROBABILITIES > 0.5]
    np.testing.assert_allclose(reference.cdf(quantile(distribution, lower)), lower, rtol=1e-6)
    upper = upper[upper < 1 - 1e-9]
    np.testing.assert_allclose(reference.sf(quantile(distribution, upper)), 1 - upper, rtol=1e-6)


def test_beta_has_the_stated_mean_and_deviation():
    p = (np.arange(200_000) + 0.5) / 200_000
    x = quantile(BETA, p)
    assert np.mean(x) == pytest.approx(0.2, rel=1e-6)
    assert np.std(x) == pytest.approx(0.1, rel=1e-4)


def test_pert_has_its_weighted_mean():
    p = (np.arange(200_000) + 0.5) / 200_000
    assert np.mean(quantile(PERT, p)) == pytest.approx((2 + 4 * 3 + 9) / 6, rel=1e-6)


def test_quantile_keeps_the_shape_and_refuses_an_unknown_family():
    assert quantile(TRIANGULAR, np.full((2, 3), 0.5)).shape == (2, 3)
    with pytest.raises(KeyError, match="cauchy"):
        quantile({"family": "cauchy"}, np.array([0.5]))


BOUNDS = [(None, None), (0.0, None), (None, 100.0), (0.0, 100.0)]
TRIPLES = st.lists(st.integers(1, 99), min_size=3, max_size=3, unique=True).map(sorted)


@pytest.mark.parametrize(("lower", "upper"), BOUNDS)
@settings(derandomize=True, deadline=None)
@given(triple=TRIPLES)
def test_metalog_hits_its_percentiles_and_keeps_its_bounds(lower, upper, triple):
    p10, p50, p90 = map(float, triple)
    d = {"family": "metalog", "p10": p10, "p50": p50, "p90": p90, "lower": lower, "upper": upper}
    np.testing.assert_allclose(quantile(d, np.array([0.1, 0.5, 0.9])), [p10, p50, p90], rtol=1e-12)
    x = quantile(d, PROBABILITIES[PROBABILITIES > 1e-20])
    assert np.all(np.isfinite(x))
    assert lower is None or np.all(x >= lower)
    assert upper is None or np.all(x <= upper)


@pytest.mark.parametrize(("lower", "upper"), BOUNDS)
def test_metalog_coefficients_solve_keelins_equations(lower, upper):
    x = np.array([12.0, 30.0, 75.0])
    scale = {
        (None, None): x,
        (0.0, None): np.log(x),
        (None, 100.0): -np.log(100 - x),
        (0.0, 100.0): np.log(x / (100 - x)),
    }[lower, upper]
    y = np.array([0.1, 0.5, 0.9])
    log_odds = np.log(y / (1 - y))
    design = np.stack([np.ones(3), log_odds, (y - 0.5) * log_odds], axis=1)
    found = metalog_coefficients(*x.tolist(), lower, upper)
    np.testing.assert_allclose(found, np.linalg.solve(design, scale), rtol=1e-12, atol=1e-14)


def test_bounded_metalogs_are_logistic_on_their_scale():
    # Percentiles evenly spaced on the scale make a3 = 0.
    inner = PROBABILITIES[(PROBABILITIES > 1e-10) & (PROBABILITIES < 1 - 1e-10)]
    np.testing.assert_allclose(
        np.log(quantile(METALOG, PROBABILITIES)),
        stats.logistic(math.log(3), math.log(1.5) / math.log(9)).ppf(PROBABILITIES),
        rtol=1e-13,
    )
    below = {"family": "metalog", "p10": 2.0, "p50": 6.0, "p90": 8.0, "lower": None, "upper": 10.0}
    np.testing.assert_allclose(
        -np.log(10 - quantile(below, inner)),
        stats.logistic(-math.log(4), math.log(2) / math.log(9)).ppf(inner),
        rtol=1e-6,
    )
    both = {"family": "metalog", "p10": 0.2, "p50": 0.5, "p90": 0.8, "lower": 0.0, "upper": 1.0}
    x = quantile(both, inner)
    np.testing.assert_allclose(
        np.log(x / (1 - x)), stats.logistic(0, math.log(4) / math.log(9)).ppf(inner), rtol=1e-6, atol=1e-15
    )


def test_metalog_below_mirrors_metalog_above():
    above = {"family": "metalog", "p10": 1.0, "p50": 2.0, "p90": 6.0, "lower": 0.0, "upper": None}
    below = {"family": "metalog", "p10": -6.0, "p50": -2.0, "p90": -1.0, "lower": None, "upper": 0.0}
    p = np.arange(1, 64) / 64  # exact, as 1 - p is
    np.testing.assert_allclose(quantile(below, p), -quantile(above, 1 - p), rtol=1e-13)


def test_copula_has_pearsons_correlations():
    rank = np.array([[1.0, 0.5, -0.3], [0.5, 1.0, 0.2], [-0.3, 0.2, 1.0]])
    factor = copula_normals(np.eye(3), rank).T
    pearson = [
        [1.0, 2 * math.sin(math.pi / 12), -2 * math.sin(math.pi / 20)],
        [2 * math.sin(math.pi / 12), 1.0, 2 * math.sin(math.pi / 30)],
        [-2 * math.sin(math.pi / 20), 2 * math.sin(math.pi / 30), 1.0],
    ]
    np.testing.assert_allclose(factor, np.linalg.cholesky(pearson), atol=1e-15)


@pytest.mark.parametrize("k", [2, 3, 8])
def test_copula_allows_singular_matrices(k):
    # k inputs spanned by two: of rank 2, so Cholesky's method alone would meet a zero pivot.
    angles = np.linspace(0.0, 2.5, k - 1)
    angles = np.append(angles, angles[0])
    pearson = np.cos(angles[:, None] - angles[None])
    factor = copula_normals(np.eye(k), 6 / np.pi * np.arcsin(pearson / 2)).T
    np.testing.assert_allclose(factor @ factor.T, pearson, atol=1e-7)


def test_copula_refuses_an_impossible_matrix():
    rank = np.array([[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]])
    with pytest.raises(np.linalg.LinAlgError, match="positive semidefinite"):
        copula_normals(np.zeros((1, 3)), rank)


NAMES = ["ai.accuracy", "data.missing", "oversight.catch", "drift.monthly", "adoption.rate"]
DISTRIBUTIONS = [METALOG, BETA, CASES["lognormal"][0], TRIANGULAR, CASES["normal"][0]]
INPUTS = [{"name": n, "distribution": d} for n, d in zip(NAMES, DISTRIBUTIONS, strict=True)]
CORRELATIONS = [
    ("data.missing", "ai.accuracy", -0.6),
    ("drift.monthly", "data.missing", 0.4),
    ("drift.monthly", "ai.accuracy", -0.1),
]
DRAWS = np.arange(20_000)


def test_rank_correlations_are_recovered():
    x = draw_unknowns(INPUTS, CORRELATIONS, 11, DRAWS)
    expected = np.eye(5)
    for one, other, rho in CORRELATIONS:
        i, j = NAMES.index(one), NAMES.index(other)
        expected[i, j] = expected[j, i] = rho
    pairs = np.triu_indices(5, 1)
    found = stats.spearmanr(x).statistic
    # Fieller, Hartley and Pearson (1957): Fisher's z of Spearman's rho has variance 1.06 / (n - 3). Limit at
    # 4.5 standard errors, ten pairs: false alarm in 7 of 100,000 seeds, and the seed is fixed.
    limit = 4.5 * math.sqrt(1.06 / (len(DRAWS) - 3))
    np.testing.assert_allclose(np.arctanh(found[pairs]), np.arctanh(expected[pairs]), atol=limit, rtol=0)


@pytest.mark.parametrize("correlations", [[], CORRELATIONS])
def test_each_input_keeps_its_own_distribution(correlations):
    uniforms = correlate_uniforms(unknown_uniforms(NAMES, 12, DRAWS), NAMES, correlations)
    for column in uniforms.T:
        # False alarm in 1 of 100,000 seeds a column; the seed is fixed.
        assert stats.kstest(column, "uniform").pvalue > 1e-5


def test_entity_is_the_digest_of_the_name():
    # printf data.missing | b2sum -l 64
    assert entity_of("data.missing") == int("7309d9b7b96c9c53", 16) % 2**44
    assert len({entity_of(f"input {i}") for i in range(10_000)}) == 10_000


def test_uniforms_are_addressed_by_seed_name_and_draw():
    draws = np.array([0, 5, 2**32 - 1, 1])
    uniforms = unknown_uniforms(["a", "b"], 2**32 - 1, draws)
    for j, name in enumerate("ab"):
        for i, draw in enumerate(draws.tolist()):
            w = words(2**32 - 1, draw, 0, 0, KIND_UNKNOWN, entity_of(name), 0, 0)
            assert uniforms[i, j] == unit53(w[0], w[1])


@pytest.mark.parametrize("correlations", [[], CORRELATIONS])
def test_any_subset_and_order_of_draws_gives_the_same_bits(correlations):
    whole = draw_unknowns(INPUTS, correlations, 3, np.arange(300))
    rng = np.random.default_rng(1)
    for size in (*range(1, 20), 33, 257):
        draws = rng.permutation(300)[:size]
        np.testing.assert_array_equal(draw_unknowns(INPUTS, correlations, 3, draws), whole[draws])


def test_inputs_are_keyed_by_name_not_by_place():
    whole = draw_unknowns(INPUTS, CORRELATIONS, 3, np.arange(50))
    order = [3, 0, 4, 2, 1]
    turned = [(other, one, rho) for one, other, rho in reversed(CORRELATIONS)]
    shuffled = draw_unknowns([INPUTS[i] for i in order], turned, 3, np.arange(50))
    np.testing.assert_array_equal(shuffled, whole[:, order])


def test_a_new_input_changes_no_other():
    whole = draw_unknowns(INPUTS, CORRELATIONS, 3, np.arange(50))
    late = {"name": "zeal", "distribution": BETA}
    np.testing.assert_array_equal(
        draw_unknowns([late, *INPUTS], CORRELATIONS, 3, np.arange(50))[:, 1:], whole
    )
    # Nor does a correlated one that comes after its group in the order of names.
    bound = [*CORRELATIONS, ("zeal", "data.missing", 0.3)]
    np.testing.assert_array_equal(draw_unknowns([late, *INPUTS], bound, 3, np.arange(50))[:, 1:], whole)


def test_correlations_leave_other_inputs_untouched():
    free = draw_unknowns(INPUTS, [], 3, np.arange(50))
    bound = draw_unknowns(INPUTS, CORRELATIONS, 3, np.arange(50))
    for name in ("oversight.catch", "adoption.rate"):
        j = NAMES.index(name)
        np.testing.assert_array_equal(bound[:, j], free[:, j])
    assert np.all(free[:, NAMES.index("data.missing")] != bound[:, NAMES.index("data.missing")])


def test_another_seed_gives_other_draws():
    one, other = (unknown_uniforms(NAMES, seed, np.arange(50)) for seed in (1, 2))
    assert np.all(one != other)


def test_groups_are_connected_through_others():
    pairs = [("d", "c", 0.1), ("x", "y", 0.1), ("a", "b", 0.1), ("b", "c", 0.1)]
    assert correlated_groups(pairs) == [["a", "b", "c", "d"], ["x", "y"]]
    assert correlated_groups([]) == []


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_perfect_rank_correlation_follows_or_mirrors(sign):
    uniforms = unknown_uniforms(["a", "b"], 5, np.arange(500))
    bound = correlate_uniforms(uniforms, ["a", "b"], [("a", "b", sign)])
    expected = bound[:, 0] if sign > 0 else 1 - bound[:, 0]
    np.testing.assert_allclose(bound[:, 1], expected, atol=1e-12)


def test_correlated_uniforms_stay_inside_the_open_interval():
    edge = np.array([[1 - 2.0**-53] * 2, [2.0**-53] * 2])
    bound = correlate_uniforms(edge, ["a", "b"], [("a", "b", 0.7)])
    assert np.all((bound > 0) & (bound < 1))


def test_a_correlation_must_name_a_column():
    with pytest.raises(ValueError, match="nobody"):
        correlate_uniforms(np.full((1, 1), 0.5), ["a"], [("a", "nobody", 0.5)])


def test_no_inputs_and_no_draws():
    assert draw_unknowns([], [], 1, np.arange(4)).shape == (4, 0)
    assert draw_unknowns(INPUTS, CORRELATIONS, 1, np.arange(0)).shape == (0, 5)
