"""Components of variance: by hand, by recovery of known ones, and the coverage of their intervals."""

import math

import numpy as np
import pytest
from scipy import stats

from simgap.analysis.uncertainty import components
from simgap.sampling.designs import LHS, SOBOL, Design, uniforms

STUDIES = 800


def test_two_lucks_by_hand():
    y = np.array([[1.0, 3.0], [4.0, 8.0], [9.0, 5.0], [2.0, 2.0]])
    found = components(y)
    luck = ((y[:, 0] - y[:, 1]) ** 2).mean() / 2.0
    # Cov(Y1, Y2) with Y1 and Y2 in either order: E[Y1 Y2] less the product of means of different draws.
    n, mean = 4, y.mean(axis=1)
    different = (mean.sum() ** 2 - (mean**2).sum()) / (n * (n - 1))
    unknown = (y[:, 0] * y[:, 1]).mean() - different
    assert found["luck"]["variance"] == pytest.approx(luck, rel=1e-14)
    assert found["unknown"]["variance"] == pytest.approx(unknown, rel=1e-14)
    assert found["luck"]["share"] == pytest.approx(luck / (luck + unknown), rel=1e-14)
    assert found["luck"]["share"] + found["unknown"]["share"] == pytest.approx(1.0, abs=1e-15)
    assert found["sd_total"] == pytest.approx(math.sqrt(luck + unknown), rel=1e-14)
    low, high = found["unknown"]["ci95"]
    assert low < found["unknown"]["share"] < high <= 1.0
    assert found["luck"]["ci95"] == [1.0 - high, 1.0 - low]


def test_it_is_the_one_way_analysis_of_variance():
    rng = np.random.default_rng(1)
    y = rng.normal(size=(30, 1)) + rng.normal(size=(30, 4))
    between = 4.0 * y.mean(axis=1).var(ddof=1)
    within = y.var(axis=1, ddof=1).mean()
    found = components(y)
    assert found["luck"]["variance"] == pytest.approx(within, rel=1e-13)
    assert found["unknown"]["variance"] == pytest.approx((between - within) / 4.0, rel=1e-12)


def test_the_jackknife_leaves_out_one_block_after_another():
    rng = np.random.default_rng(2)
    y = rng.normal(size=(24, 1)) + rng.normal(size=(24, 2))
    blocks = np.repeat(np.arange(6), [2, 4, 4, 4, 5, 5])

    def log_ratio(keep):
        part = components(y[keep], np.unique(blocks[keep], return_inverse=True)[1])
        share = part["unknown"]["share"]
        return math.log((1.0 + share) / (1.0 - share))  # (F - 1) / (F + 1) turned round

    each = np.array([log_ratio(blocks != b) for b in range(6)])
    half = stats.t.ppf(0.975, 5) * math.sqrt(5.0 / 6.0 * ((each - each.mean()) ** 2).sum())
    middle = log_ratio(blocks >= 0)
    ends = [math.tanh((middle + sign * half) / 2.0) for sign in (-1.0, 1.0)]
    assert components(y, blocks)["unknown"]["ci95"] == pytest.approx(ends, rel=1e-10)


def test_ends_of_the_scale():
    draws = np.arange(5.0)
    no_luck = components(np.stack([draws, draws], axis=1))
    assert no_luck["luck"] == {"variance": 0.0, "share": 0.0, "ci95": [0.0, 0.0]}
    assert no_luck["unknown"]["share"] == 1.0
    assert no_luck["sd_luck"] == 0.0
    constant = components(np.full((5, 2), 3.25))
    assert math.isnan(constant["luck"]["share"])
    assert constant["sd_total"] == 0.0
    assert constant["unknown"]["ci95"] is None
    opposite = components(np.stack([draws, -draws], axis=1))  # the means do not differ at all
    assert opposite["unknown"]["share"] == pytest.approx(-1.0)
    assert opposite["sd_total"] > 0.0
    assert components(np.array([[1.0, 2.0], [5.0, 3.0]]))["luck"]["ci95"] is None
    for wrong in (np.ones((1, 2)), np.ones((2, 1)), np.ones((0, 2))):
        with pytest.raises(ValueError, match="are needed"):
            components(wrong)


def effects(rng, shape, skewed):
    """Return effects with mean 0 and variance 1; the skewed ones have skewness 4."""
    if not skewed:
        return rng.normal(size=shape)
    s2 = 0.8**2
    return (rng.lognormal(0.0, 0.8, shape) - math.exp(s2 / 2)) / math.sqrt(math.expm1(s2) * math.exp(s2))


@pytest.mark.parametrize(("skewed", "lowest"), [(False, 0.925), (True, 0.89)])
@pytest.mark.parametrize("ratio", [2.0, 0.3, 0.0])
def test_known_components_are_recovered(skewed, lowest, ratio):
    """Unbiased, and shares covered: of 800 intervals at 95 % fewer than 92.5 % hold in 1 of 1000 cases, at
    91.5 % fewer than 89 % in 1 of 100."""
    rng = np.random.default_rng(4)
    y = ratio * effects(rng, (STUDIES, 250, 1), skewed) + effects(rng, (STUDIES, 250, 2), skewed)
    found = [components(study) for study in y]
    truth = {"luck": 1.0, "unknown": ratio**2}
    for name, variance in truth.items():
        each = np.array([study[name]["variance"] for study in found])
        # Means of 800: 1 of 1600 for each of twelve.
        assert each.mean() == pytest.approx(variance, abs=4.0 * each.std() / math.sqrt(STUDIES))
        share = variance / (1.0 + ratio**2)
        held = np.mean([study[name]["ci95"][0] <= share <= study[name]["ci95"][1] for study in found])
        assert lowest < held < 0.975


@pytest.mark.parametrize("design", [Design(LHS, 8), Design(SOBOL, 8)])
def test_known_components_are_recovered_from_a_design(design):
    """Where a design hides the error of the mean, the sample variance of draws would be too large."""
    rng, draws = np.random.default_rng(6), 16 * design.points
    u = uniforms(design, [5, 6], 2, np.arange(STUDIES * draws)).reshape(STUDIES, draws, 2)
    m = 3.0 * u[:, :, 0] + u[:, :, 1] ** 2
    unknown = 9.0 / 12.0 + 4.0 / 45.0
    y = m[:, :, None] + rng.normal(size=(STUDIES, draws, 2))
    blocks = np.repeat(np.arange(16), design.points)
    found = [components(study, blocks) for study in y]
    each = np.array([study["unknown"]["variance"] for study in found])
    error = each.std() / math.sqrt(STUDIES)
    assert each.mean() == pytest.approx(unknown, abs=4.0 * error)
    share = unknown / (1.0 + unknown)
    held = np.mean([study["unknown"]["ci95"][0] <= share <= study["unknown"]["ci95"][1] for study in found])
    assert 0.92 < held < 0.98
