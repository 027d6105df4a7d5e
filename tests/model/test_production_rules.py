"""Drift, news, changes, adoption and hiring, against scipy.stats and formulas in plain Python."""

import itertools
import math

import numpy as np
import pytest
from rules_by_hand import DIRTY, KEY, packed, team, uniforms
from scipy.special import expit
from scipy.stats import chisquare, expon, kstest, lognorm, poisson

from simgap.model import items, keys, production
from simgap.model.clock import HOUR, MONTH, NEVER
from simgap.model.keys import WORKFLOW_SHIFT

MANY = 20_000
YEAR = 8760 * HOUR
NEWS = (keys.SHOCK, keys.SCHEMA_CHANGE, keys.BIRTH)


# Drift, and the chart's baseline.


@pytest.mark.parametrize("share", [0.0, 0.03, 0.5])
def test_erosion_takes_a_share_of_the_odds_each_month(share):
    p = packed(erosion=-math.log(1 - share) / 730)
    for months in (0, 1, 2, 12, 36):
        odds = math.exp(-production.drift_at(months * MONTH, 0.0, p))
        assert odds == pytest.approx((1 - share) ** months, rel=1e-12)


def test_erosion_and_shocks_lower_accuracy_at_every_hardness_alike():
    """The odds of a right decision are a product: what there was, what erosion left, what two shocks left."""
    p = packed(**{**DIRTY, "erosion": -math.log(0.98) / 730})
    drift = production.drift_at(5 * MONTH, 2 * 0.4, p)
    for h in (-2.0, 0.0, 1.3):
        odds = math.exp(1.5 - 1.3 * h) * 0.98**5 * math.exp(-0.4) ** 2
        right = odds / (1 + odds)
        assert items.ease(right * (1 - 1e-9), h, p) > drift > items.ease(right * (1 + 1e-9), h, p)


def test_what_is_left_of_drift_counts_unless_it_is_a_rounding_error():
    eroding, steady = packed(erosion=1e-9), packed()
    for drift in (-0.2, 0.0, 0.3):
        assert production.still_drifts(drift, eroding)
    left = 0.1 + 0.1 + 0.1 - 1.0 * 0.3  # three shocks, all removed
    assert left > 0
    assert not production.still_drifts(left, steady)
    assert not production.still_drifts(0.0, steady)
    assert production.still_drifts(0.001, steady)


def test_the_rate_in_control_is_between_what_no_audit_and_every_audit_would_show():
    for audits in (1, 7, 100):
        rates = [production.in_control(faults, audits) for faults in range(audits + 1)]
        wanted = (np.arange(audits + 1) + 0.5) / (audits + 1)
        np.testing.assert_allclose(rates, wanted, rtol=1e-15)
        assert min(rates) > 0
        assert max(rates) < 1


def test_audits_in_a_time_are_as_frequent_as_before():
    assert production.audits_in(8760.0, 100, 500 * HOUR) == pytest.approx(1752)
    assert production.audits_in(1.0, 3, HOUR) == pytest.approx(3)
    # All in one instant: as many as a microsecond could hold.
    assert production.audits_in(2.0, 5, 0) == pytest.approx(10 * 3.6e9)


# News.


@pytest.mark.parametrize("kind", NEWS)
@pytest.mark.parametrize("workflow", [0, 3])
def test_news_one_by_one(kind, workflow):
    for number in range(300):
        entity = workflow << WORKFLOW_SHIFT | number
        wanted = -math.log1p(-uniforms(kind, entity, keys.NEWS)[0]) * 8760 / 2.5 * 3.6e9
        assert production.next_after(KEY, kind, entity, 2.5) == pytest.approx(wanted, rel=1e-12, abs=1)


def gaps(kind, workflow=0, a_year=3.0, n=MANY):
    first = workflow << WORKFLOW_SHIFT
    return np.array([production.next_after(KEY, kind, first + i, a_year) for i in range(n)])


@pytest.mark.parametrize("kind", NEWS)
def test_news_come_as_a_poisson_process(kind):
    """20,000 events of each kind. Their gaps, and how many fall in each year; six tests at 1e-6."""
    after = gaps(kind)
    assert kstest(after / YEAR, expon(scale=1 / 3).cdf).pvalue > 1e-6
    when = np.cumsum(after) / YEAR
    years = int(when[-1])
    in_year = np.bincount(when[when < years].astype(int), minlength=years)
    found = np.bincount(np.minimum(in_year, 9), minlength=10)
    expected = years * np.append(poisson.pmf(range(9), 3.0), poisson.sf(8, 3.0))
    assert years > 6000
    assert chisquare(found, expected).pvalue > 1e-6


def test_news_of_different_kinds_and_workflows_are_independent():
    """And so are gaps that follow each other. 20,000 of each, in logarithms; 45 pairs beyond 5.5 / sqrt(n):
    false alarm 2e-6."""
    columns = [np.log(gaps(kind, workflow)) for kind in NEWS for workflow in (0, 1, 2)]
    columns.append(np.append(columns[0][1:], columns[0][0]))
    assert np.abs(np.corrcoef(columns) - np.eye(10)).max() < 5.5 / math.sqrt(MANY)


def test_news_at_their_limits():
    assert {production.next_after(KEY, keys.SHOCK, i, 0.0) for i in range(100)} == {NEVER}
    assert {production.next_after(KEY, keys.SHOCK, i, 1e-300) for i in range(100)} == {NEVER}
    assert gaps(keys.SHOCK, a_year=1e5, n=1000).max() < HOUR


@pytest.mark.parametrize("types", [1, 2, 30, 100_000])
def test_births_one_by_one(types):
    for number in range(500):
        entity = 2 << WORKFLOW_SHIFT | number
        u = uniforms(keys.BIRTH, entity, keys.NEWS)[1]
        rank = production.born_type(KEY, entity, types)
        assert rank == 1 + math.floor(u * types)
        assert 1 <= rank <= types


def test_a_new_type_is_as_likely_at_each_rank_whenever_it_comes():
    """20,000 births. A chi-square at 1e-6, a correlation beyond 5 / sqrt(n): false alarm 2e-6."""
    ranks = np.array([production.born_type(KEY, i, 30) for i in range(MANY)])
    found = np.bincount(ranks, minlength=31)[1:]
    assert len(found) == 30
    assert chisquare(found).pvalue > 1e-6
    assert abs(np.corrcoef(ranks, np.log(gaps(keys.BIRTH)))[0, 1]) < 5 / math.sqrt(MANY)


# Changes.


def test_workflows_count_from_the_instant_at_which_they_join():
    joins = np.array([0, 10, NEVER, 10, 25])
    for now, wanted in [(0, 1), (9, 1), (10, 3), (24, 3), (25, 4), (10**15, 4)]:
        assert production.connected(now, joins) == wanted


def test_changes_are_of_a_source_the_model_or_a_type():
    assert production.CONNECTOR < production.MODEL < production.EDGE_TYPE  # which is begun first
    assert production.kind_of_change(production.OF_SOURCE) == production.CONNECTOR
    assert production.kind_of_change(production.OF_MODEL) == production.MODEL
    for rank in (1, 2, 30, 100_000):
        assert production.kind_of_change(production.BEFORE_TYPES + rank) == production.EDGE_TYPE


def lead_time_law(workflows, mean=500.0, cv=0.7, slowdown=0.3):
    """Return scipy's distribution of a lead time in hours."""
    mean *= 1 + slowdown * (workflows - 1)
    return lognorm(math.sqrt(math.log(1 + cv**2)), scale=mean / math.sqrt(1 + cv**2))


@pytest.mark.parametrize("workflows", [1, 2, 5])
def test_lead_times_one_by_one(workflows):
    p = packed(**DIRTY)
    for cause, occasion in itertools.product((0, 1, 2, 7, 3 << WORKFLOW_SHIFT | 2), range(50)):
        u = uniforms(keys.CHANGE, cause, keys.LEAD_TIME, occasion)[0]
        got = production.lead_time(KEY, cause, occasion, workflows, p)
        assert got == pytest.approx(lead_time_law(workflows).ppf(u) * 3.6e9, rel=1e-9, abs=1)


def test_lead_times_have_their_law_anew_on_each_occasion():
    """4000 causes, five occasions. Mean beyond 4.5 standard errors, law at 1e-6, ten correlations beyond
    5 / sqrt(n): false alarm 2e-5."""
    p = packed(**DIRTY)
    hours = np.array([[production.lead_time(KEY, c, o, 3, p) / HOUR for c in range(4000)] for o in range(5)])
    mean = 500 * (1 + 0.3 * 2)
    assert abs(hours.mean() - mean) < 4.5 * 0.7 * mean / math.sqrt(MANY)
    assert kstest(hours.ravel(), lead_time_law(3).cdf).pvalue > 1e-6
    assert np.abs(np.corrcoef(np.log(hours)) - np.eye(5)).max() < 5 / math.sqrt(4000)


def test_lead_times_at_their_limits():
    fixed = packed(lead_time=100.0, lead_time_cv=0.0, slowdown=0.5)
    for workflows, hours in [(0, 100), (1, 100), (2, 150), (4, 250)]:
        assert {production.lead_time(KEY, c, 0, workflows, fixed) for c in range(50)} == {hours * HOUR}
    assert {production.lead_time(KEY, c, 0, 3, packed(lead_time_cv=0.7)) for c in range(50)} == {0}


# Adoption and trust.


def test_half_the_trust_comes_back_in_each_recovery():
    p = packed(recovery=2190.0)
    for lost, since in itertools.product((0.25, 1.0), (0, 17 * HOUR)):
        got = [production.distrust(lost, since, since + 2190 * k * HOUR, p) for k in range(9)]
        np.testing.assert_allclose(got, [lost / 2**k for k in range(9)], rtol=1e-13)
        third = production.distrust(lost, since, since + 730 * HOUR, p)
        assert third**3 * lost**-2 == pytest.approx(lost / 2, rel=1e-12)


def test_trust_that_was_not_lost_or_comes_back_at_once():
    assert production.distrust(0.0, 0, 10 * HOUR, packed(recovery=2190.0)) == 0.0
    assert production.distrust(0.9, 0, 0, packed()) == 0.0


def test_each_restriction_takes_its_share_of_what_trust_is_left():
    p = packed(recovery=2190.0, trust_lost=0.2)
    lost = production.dented(0.5, 0, 2190 * HOUR, p)  # a quarter is still missing
    assert lost == pytest.approx(1.0 - 0.75 * 0.8, rel=1e-13)
    assert production.dented(0.0, 0, HOUR, packed(recovery=2190.0)) == 0.0


@pytest.mark.parametrize("joined", [0, 5 * MONTH])
def test_adoption_begins_at_a_twentieth_and_is_half_after_the_stated_time(joined):
    p = packed(ceiling=0.9, half_after=1000.0)
    for hours, share in [(0, 0.05), (1000, 0.5), (2000, 0.95), (20_000, 1.0)]:
        got = production.adopted_share(joined + hours * HOUR, joined, 0.0, 0, p)
        assert got == pytest.approx(0.9 * share, rel=1e-12)


def test_adoption_grows_by_what_there_is_and_what_is_missing():
    """The logistic equation of diffusion, s' = k s (1 - s / ceiling), by differences of two minutes."""
    p, k, minute = packed(ceiling=0.8, half_after=500.0), math.log(19) / 500, HOUR // 60
    for hours in (10, 300, 500, 900, 1700):
        now = hours * HOUR
        before, here, after = (production.adopted_share(now + d, 0, 0.0, 0, p) for d in (-minute, 0, minute))
        assert (after - before) * 30 == pytest.approx(k * here * (1 - here / 0.8), rel=1e-6)


def test_adoption_and_lost_trust_in_one_formula():
    p = packed(**DIRTY)
    joined, since = 700 * HOUR, 1500 * HOUR
    for hours, lost in itertools.product((1500, 1800, 4000, 20_000), (0.0, 0.25, 0.6, 1.0)):
        ramp = 0.9 * expit(math.log(0.95 / 0.05) * ((hours - 700) / 1000 - 1))
        wanted = ramp * (1 - lost * 0.5 ** ((hours - 1500) / 2190))
        got = production.adopted_share(hours * HOUR, joined, lost, since, p)
        assert got == pytest.approx(wanted, rel=1e-12)


def test_adoption_without_a_ramp():
    assert production.adopted_share(0, 0, 0.0, 0, packed(ceiling=1.0)) == 1.0
    p = packed(ceiling=0.7, recovery=100.0)
    assert production.adopted_share(9 * HOUR, 9 * HOUR, 0.0, 0, p) == 0.7
    assert production.adopted_share(9 * HOUR, 0, 1.0, 9 * HOUR, p) == 0.0


# Hiring. The numbers are such that a computer holds them exactly.

HOURS, SHRINKAGE, ABOVE, MOST = 0.25, 0.5, 4.0, 6


def heads_needed(waiting, staff, coming, hired):
    """Return the least number of hires, one by one, with which the work a head is what is stood."""
    hires = 0
    while waiting * HOURS / (1 - SHRINKAGE) > ABOVE * (staff + coming + hires) and hired + hires < MOST:
        hires += 1
    return hires


def test_as_many_are_hired_as_bring_the_backlog_a_head_down():
    p = packed(hire_above=ABOVE, hire_max=MOST)
    t = team(
        time=77.0, mean_time=HOURS, shrinkage=SHRINKAGE
    )  # the time is one workflow's, the mean that of all
    seen = set()
    cases = itertools.product((0, 1, 7, 8, 9, 16, 17, 40, 41, 5000), range(6), range(4), range(MOST + 1))
    for waiting, staff, coming, hired in cases:
        got = production.hires_wanted(waiting, staff, coming, hired, p, t)
        assert got == heads_needed(waiting, staff, coming, hired)
        seen.add(got)
    assert seen == set(range(MOST + 1))


def test_hiring_at_its_limits():
    t = team(mean_time=1.0)
    assert production.hires_wanted(10**6, 0, 0, 0, packed(hire_above=math.inf, hire_max=9), t) == 0
    assert production.hires_wanted(10**6, 0, 0, 0, packed(hire_above=0.01), t) == 0
    assert production.hires_wanted(10**6, 0, 0, 0, packed(hire_above=0.01, hire_max=1e5), t) == 100_000
    # Exactly what is stood is stood.
    stood = packed(hire_above=2.0, hire_max=9)
    assert [production.hires_wanted(n, 3, 0, 0, stood, t) for n in (6, 7, 8, 9)] == [0, 1, 1, 2]


@pytest.mark.parametrize(("hours", "microseconds"), [(0.0, 0), (2190.0, 2190 * HOUR), (1e12, NEVER)])
def test_a_hire_comes_after_the_lead_time(hours, microseconds):
    assert production.hire_time(packed(hire_lead_time=hours)) == microseconds


def test_a_new_reviewer_works_at_half_speed_and_learns_steadily():
    p = packed(hire_learning=1460.0)
    ages = np.array([0.0, 146.0, 365.0, 730.0, 1095.0, 1459.0, 1460.0, 1461.0, 99_999.0])
    speed = np.interp(ages, [0.0, 1460.0], [0.5, 1.0])
    got = [production.learning(int(age * HOUR), p) for age in ages]
    np.testing.assert_allclose(got, 1 - speed, rtol=1e-12, atol=1e-15)
    assert got[-3:] == [0.0, 0.0, 0.0]
    assert production.learning(0, packed()) == 0.0
