"""Incidents and the level of autonomy, against scipy.stats, counts, and a table of all small cases."""

import itertools
import math

import numpy as np
import pytest
from rules_by_hand import DIRTY, KEY, packed, uniforms
from scipy.stats import chisquare, expon, kstest, lognorm

from simgap.model import governance, keys
from simgap.model.clock import HOUR, NEVER

MANY = 20_000
PROPERTIES = {"explainable": 1, "reviewable": 2, "correctable": 4}


def resolution(mean=2016.0, cv=1.1):
    """Return scipy's distribution of a resolution time in hours."""
    return lognorm(math.sqrt(math.log(1 + cv**2)), scale=mean / math.sqrt(1 + cv**2))


def test_an_incident_surfaces_item_by_item():
    p = packed(**DIRTY)
    for entity in range(600):
        u = uniforms(keys.INCIDENT, entity, keys.SEVERITY)
        got = governance.surfaces_after(KEY, entity, p)
        if u[2] < 0.28:
            assert got == pytest.approx(-math.log1p(-u[3]) * 670 * 3.6e9, rel=1e-12, abs=1)
        else:
            assert got == NEVER


def test_a_stated_share_of_incidents_surfaces_after_an_exponential_lag():
    """20,000 items; the share beyond 4.5 standard deviations, the law at 1e-6: false alarm 8e-6."""
    after = np.array([governance.surfaces_after(KEY, e, packed(**DIRTY)) for e in range(MANY)])
    seen = after[after != NEVER]
    assert abs(len(seen) - 0.28 * MANY) < 4.5 * math.sqrt(MANY * 0.28 * 0.72)
    assert kstest(seen / HOUR, expon(scale=670).cdf).pvalue > 1e-6


def test_surfacing_at_its_limits():
    for share, lag, wanted in [(0.0, 5.0, {NEVER}), (1.0, 0.0, {0})]:
        p = packed(surfaced=share, lag=lag)
        assert {governance.surfaces_after(KEY, e, p) for e in range(300)} == wanted
    certain = packed(surfaced=1.0, lag=5.0)
    assert NEVER not in {governance.surfaces_after(KEY, e, certain) for e in range(300)}


def test_failed_properties_item_by_item():
    p, seen = packed(**DIRTY), set()
    for entity in range(600):
        u = uniforms(keys.INCIDENT, entity, keys.PROPERTY)
        wanted = sum(
            bit for (name, bit), x in zip(PROPERTIES.items(), u, strict=False) if not x < DIRTY[name]
        )
        assert governance.failures(KEY, entity, p) == wanted
        seen.add(wanted)
    assert seen == set(range(8))


def test_properties_fail_independently_at_their_own_rates():
    """20,000 incidents, eight combinations; chi-square at 1e-6."""
    found = np.bincount([governance.failures(KEY, e, packed(**DIRTY)) for e in range(MANY)], minlength=8)
    expected = [
        MANY
        * math.prod(1 - DIRTY[name] if combination & bit else DIRTY[name] for name, bit in PROPERTIES.items())
        for combination in range(8)
    ]
    assert chisquare(found, expected).pvalue > 1e-6


@pytest.mark.parametrize("held", list(itertools.product((0.0, 1.0), repeat=3)))
def test_properties_that_always_or_never_hold(held):
    p = packed(**dict(zip(PROPERTIES, held, strict=True)))
    wanted = sum(bit for bit, holds in zip(PROPERTIES.values(), held, strict=True) if not holds)
    assert {governance.failures(KEY, e, p) for e in range(200)} == {wanted}


def test_a_problem_lasts_as_long_as_its_slowest_repair():
    p = packed(**DIRTY)
    for entity in range(200):
        hours = resolution().ppf(uniforms(keys.INCIDENT, entity, keys.RESOLUTION)[:3])
        for failed in range(8):
            needed = [h for bit, h in zip(PROPERTIES.values(), hours, strict=True) if failed & bit]
            got = governance.problem_time(KEY, entity, failed, p)
            assert got == pytest.approx(max(needed, default=0.0) * 3.6e9, rel=1e-9, abs=1)


@pytest.mark.parametrize("failed", [1, 2, 4, 3, 6, 7])
def test_the_longest_of_several_repairs_has_the_power_of_their_law(failed):
    """20,000 problems, six tests at 1e-6. The longest of k independent times has the distribution F^k."""
    p, k = packed(**DIRTY), failed.bit_count()
    hours = [governance.problem_time(KEY, e, failed, p) / HOUR for e in range(MANY)]
    assert kstest(hours, lambda x: resolution().cdf(x) ** k).pvalue > 1e-6


def test_without_spread_a_problem_lasts_its_mean():
    p = packed(resolve=100.0, resolve_cv=0.0)
    for failed in range(8):
        got = {governance.problem_time(KEY, e, failed, p) for e in range(50)}
        assert got == {100 * HOUR if failed else 0}


def test_lag_properties_and_resolution_are_independent():
    """Pairs of 20,000 incidents; 6 correlations beyond 5 / sqrt(n): false alarm 4e-6."""
    p = packed(**{**DIRTY, "surfaced": 1.0})
    columns = [
        [math.log(governance.surfaces_after(KEY, e, p)) for e in range(MANY)],
        [governance.failures(KEY, e, p) for e in range(MANY)],
        [math.log(governance.problem_time(KEY, e, 1, p)) for e in range(MANY)],
        [math.log(governance.problem_time(KEY, e, 2, p)) for e in range(MANY)],
    ]
    assert np.abs(np.corrcoef(columns) - np.eye(4)).max() < 5 / math.sqrt(MANY)


LIMITS = (1, 2, 3, math.inf)


@pytest.mark.parametrize(("warn", "restrict"), list(itertools.product(LIMITS, LIMITS)))
def test_level_in_every_small_case(warn, restrict):
    """The highest of what open problems, recent incidents, probation and suspension ask for."""
    p = packed(warn=warn, restrict=restrict, suspend=math.inf)
    cases = itertools.product(range(5), range(6), (False, True), (False, True))
    for open_problems, recent, suspended, probation in cases:
        asked = [min(2, open_problems)]
        asked += [level for level, limit in ((1, warn), (2, restrict)) if recent >= limit]
        asked += [2] * probation + [3] * suspended
        assert governance.level_of(open_problems, recent, suspended, probation, p) == max(asked)


def test_the_levels_are_four_in_order():
    names = (governance.AUTONOMOUS, governance.GUARDED, governance.RESTRICTED, governance.SUSPENDED)
    assert names == (0, 1, 2, 3)


@pytest.mark.parametrize("limit", LIMITS)
def test_a_suspension_ends_with_the_last_problem_and_a_quiet_window(limit):
    for open_problems, recent in itertools.product(range(4), range(6)):
        over = open_problems == 0 and recent < limit
        assert governance.stays_suspended(open_problems, recent, packed(suspend=limit)) == (not over)
