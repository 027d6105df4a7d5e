"""Designs of the unknowns: strata, nets, independence of the order of asking, and what they gain."""

import itertools

import numpy as np
import pytest
from scipy import stats
from scipy.stats import qmc

from simgap.sampling.designs import (
    FEWEST,
    LHS,
    MOST,
    PLAIN,
    SCRAMBLE,
    SOBOL,
    WITHIN,
    Design,
    nearest,
    split,
    uniforms,
)
from simgap.sampling.philox import KIND_UNKNOWN, words
from simgap.sampling.unknowns import draw_unknowns, entity_of, unknown_uniforms

NAMES = ["data.missing", "legacy.cost", "oversight.time", "ai.accuracy"]
ENTITIES = [entity_of(name) for name in NAMES]
SEED = 7
EACH = [Design(LHS, 50), Design(SOBOL, 64)]


def points(design, randomisations=16, entities=ENTITIES, seed=SEED):
    """Return the points by randomisation: an array of (randomisations, points, inputs)."""
    draws = np.arange(randomisations * design.points)
    return uniforms(design, entities, seed, draws).reshape(randomisations, design.points, -1)


def by_hand(seed, entity, randomisation, point, net):
    """Return a scrambled Sobol' point, digit by digit on text, from the words and the point of the net."""
    digits, flipped = f"{net:032b}", ""
    for b, digit in enumerate(digits):
        node = 2**b + (int(digits[:b], 2) if b else 0)
        flip = words(seed, randomisation, 0, 0, KIND_UNKNOWN, entity, SCRAMBLE, node)[0] % 2
        flipped += str(int(digit) ^ flip)
    below = words(seed, randomisation, point, 0, KIND_UNKNOWN, entity, WITHIN, 0)[0]
    return (int(flipped + f"{below:032b}"[:20], 2) + 0.5) / 2**52


# --- every point set --------------------------------------------------------------------------------------


@pytest.mark.parametrize("design", [*EACH, Design(LHS, 2), Design(LHS, 97), Design(SOBOL, 2)])
def test_every_stratum_of_every_input_holds_one_point(design):
    u = points(design)
    assert 0.0 < u.min() < u.max() < 1.0
    strata = np.floor(u * design.points).astype(int)
    assert (np.sort(strata, axis=1) == np.arange(design.points)[:, None]).all()


@pytest.mark.parametrize(("inputs", "t"), [(1, 0), (2, 0), (3, 1), (4, 3)])
def test_every_randomisation_is_a_net(inputs, t):
    """Of 2^m points every elementary interval of volume 2^(t - m) holds 2^t; t is the sum over dimensions of
    the degree of their primitive polynomial less one, the first having none (Sobol' 1967)."""
    m = 6
    for u in points(Design(SOBOL, 2**m))[:, :, :inputs]:
        for levels in itertools.product(range(m - t + 1), repeat=inputs):
            if sum(levels) == m - t:
                cells = np.floor(u * 2 ** np.array(levels)).astype(int)
                number = np.ravel_multi_index(tuple(cells.T), [2**level for level in levels])
                assert (np.bincount(number, minlength=2 ** (m - t)) == 2**t).all()


def test_the_scrambling_is_nested_and_digit_by_digit():
    net = qmc.Sobol(len(NAMES), scramble=False, bits=32).random_base2(6) * 2.0**32
    u = points(Design(SOBOL, 64))
    for r, i, j in ((0, 0, 0), (3, 63, 1), (15, 17, 3)):
        assert u[r, i, j] == by_hand(SEED, ENTITIES[j], r, i, int(net[i, j]))


def test_points_are_uniform_within_their_strata():
    # Four tests at 1 / 4000 each: a false alarm in 1 of 1000 seeds.
    for design in EACH:
        u = points(design, 40)
        within = (u * design.points) % 1.0
        for sample in (within[:, :, 0], u[:, 3, 1]):
            assert stats.kstest(sample.ravel(), "uniform").pvalue > 1 / 4000


def test_the_order_of_lhs_is_random_for_each_input_and_randomisation():
    strata = np.floor(points(Design(LHS, 3), 1200) * 3).astype(int)
    # Six orders, equally likely, over two inputs each: chi-square with 5 degrees, 35 with the pair.
    one, other = (strata[:, :, j] @ [9, 3, 1] for j in (0, 1))
    found = np.unique(one, return_inverse=True)[1], np.unique(other, return_inverse=True)[1]
    assert found[0].max() == found[1].max() == 5
    # A false alarm in 1 of 1000 seeds for the two together.
    for counts in (np.bincount(found[0]), np.bincount(found[0] * 6 + found[1], minlength=36)):
        assert stats.chisquare(counts).pvalue > 1 / 2000


def test_randomisations_are_independent():
    """Means of a function over randomisations r and r + 1 are uncorrelated."""
    for design in (Design(LHS, 8), Design(SOBOL, 8)):
        means = np.sin(5.0 * points(design, 2000)).sum(axis=2).mean(axis=1)
        # A correlation of n independent pairs has standard deviation 1 / sqrt(n): 1 of 1000 for both.
        assert abs(np.corrcoef(means[:-1], means[1:])[0, 1]) < 3.5 / np.sqrt(2000)
        assert len(np.unique(means)) == 2000


# --- without state ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("design", EACH)
def test_any_draw_alone_and_in_any_order(design):
    draws = np.arange(20 * design.points)
    whole = uniforms(design, ENTITIES, SEED, draws)
    some = np.array([999, 0, 501, 500, 3, 999])
    assert uniforms(design, ENTITIES, SEED, some).tobytes() == whole[some].tobytes()
    assert uniforms(design, ENTITIES, SEED, some[:1]).tobytes() == whole[999].tobytes()
    assert not (uniforms(design, ENTITIES, SEED + 1, draws) == whole).any()


def test_a_further_input_changes_no_other():
    for design in EACH:
        fewer = uniforms(design, ENTITIES[:2], SEED, np.arange(200))
        assert (uniforms(design, ENTITIES, SEED, np.arange(200))[:, :2] == fewer).all()
    # Under Latin hypercube wherever it comes in.
    design = Design(LHS, 20)
    assert (points(design, entities=ENTITIES[1:]) == points(design)[:, :, 1:]).all()


def test_more_points_keep_those_of_sobol():
    fewer, more = (points(Design(SOBOL, m)) for m in (32, 64))
    assert (more[:, :32] == fewer).all()


def test_plain_draws_stay_what_they_were():
    plain = unknown_uniforms(NAMES, SEED, np.arange(5), PLAIN)
    assert (plain == unknown_uniforms(NAMES, SEED, np.arange(5))).all()
    assert not np.isin(plain, points(Design(LHS, 5))).any()


def test_no_inputs_and_wrong_numbers_of_points():
    for design in EACH:
        assert uniforms(design, [], SEED, np.arange(3)).shape == (3, 0)
    for design in (Design(SOBOL, 48), Design(LHS, 0), Design("halton", 4), Design(LHS, 2**20 + 1)):
        with pytest.raises(ValueError, match="no design"):
            uniforms(design, ENTITIES, SEED, np.arange(3))


# --- what is drawn with them ----------------------------------------------------------------------------


def test_values_keep_their_strata_and_correlated_inputs_their_correlation():
    inputs = [
        {"name": name, "distribution": {"family": "uniform", "low": 0.0, "high": 10.0}} for name in NAMES
    ]
    rho = ("legacy.cost", "oversight.time", 0.8)
    for design in EACH:
        draws = np.arange(16 * design.points)
        values = draw_unknowns(inputs, [rho], SEED, draws, design)
        free = np.floor(values[:, 0].reshape(16, -1) * design.points / 10.0)
        assert (np.sort(free, axis=1) == np.arange(design.points)).all()
        # The first of the group is left as it is; standard error about 0.36 / sqrt(n) or less, 5 of them.
        found = stats.spearmanr(values[:, 1], values[:, 2]).statistic
        assert found == pytest.approx(0.8, abs=5 * 0.36 / np.sqrt(len(draws)))


def ishigami(u):
    """Ishigami and Homma (1990), a = 7, b = 0.1, on uniforms; its mean is 3.5."""
    x = np.pi * (2.0 * u - 1.0)
    return np.sin(x[..., 0]) + 7.0 * np.sin(x[..., 1]) ** 2 + 0.1 * x[..., 2] ** 4 * np.sin(x[..., 0])


def product(u):
    """Sobol's product function with a_j = j; its mean is 1."""
    a = np.arange(1.0, u.shape[-1] + 1.0)
    return ((np.abs(4.0 * u - 2.0) + a) / (1.0 + a)).prod(axis=-1)


@pytest.mark.parametrize(("function", "mean"), [(ishigami, 3.5), (product, 1.0)])
def test_means_are_unbiased_and_vary_less(function, mean):
    m, n = 64, 400
    plain = function(unknown_uniforms(NAMES, SEED, np.arange(m * n))).reshape(n, m).mean(axis=1)
    found = {}
    for design in (Design(LHS, m), Design(SOBOL, m)):
        means = function(points(design, n)).mean(axis=1)
        error = means.std(ddof=1) / np.sqrt(n)
        assert means.mean() == pytest.approx(mean, abs=4.0 * error)  # 1 of 4000 for the four
        found[design.name] = plain.var(ddof=1) / means.var(ddof=1)
    # A ratio of two variances of 400 has a relative standard deviation of 10 %: the bounds are many away.
    assert found[LHS] > (1.5 if function is ishigami else 3.0)
    assert found[SOBOL] > (5.0 if function is ishigami else 30.0)


# --- how many -------------------------------------------------------------------------------------------


def test_numbers_split_into_16_to_31_randomisations():
    for name, draws in itertools.product((LHS, SOBOL), range(1, 400)):
        legal = [
            r
            for r in range(FEWEST, MOST + 1)
            if draws % r == 0 and draws // r > 1 and (name == LHS or bin(draws // r).count("1") == 1)
        ]
        found = split(name, draws)
        assert found == (Design(name, draws // legal[0]) if legal else None)
        near = nearest(name, draws)
        assert all(split(name, n) for n in near)
        assert not any(split(name, n) for n in range(near[0] + 1, near[-1]) if n != near[-1])
        if legal:
            assert near == (draws,)
    assert split("mc", 1000) is PLAIN
