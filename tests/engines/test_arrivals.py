"""Expected arrivals: profile, growth, ramp, season, month end, holidays, and days that differ by chance."""

import calendar
import datetime
import math

import numpy as np
import pytest
from cases import ALWAYS, LONG_DAYS, MONDAY
from scipy.integrate import quad
from scipy.stats import kstest, lognorm

from simgap.engines.arrivals import day_factors, intensity, levels_of
from simgap.model.clock import HOUR
from simgap.sampling.philox import words

PLAIN = {
    "volume": 8760.0,
    "profile": ALWAYS,
    "starts": 0.0,
    "ramp": 0.0,
    "growth": 0.0,
    "season": [],
    "month_end": 1.0,
    "month_end_days": 3,
    "holiday_volume": 1.0,
    "clock.holidays": [],
}
SEASON = [0.5, 0.0, 2.0, 1.0, 1.0, 3.0, 0.25, 0.25, 1.0, 1.5, 1.0, 4.0]
HOLIDAYS = ["2025-12-25", "2026-01-01", "2026-04-03", "2026-12-25", "2027-01-01", "2027-12-25"]
DAY = datetime.timedelta(days=1)


def expected(length_hours, decision=MONDAY, go_live_hours=0.0, **changes):
    """Return knots in hours, and the expected arrivals by each."""
    values = PLAIN | {"clock.holidays": changes.pop("holidays", [])} | changes
    knots, levels = intensity(values, round(length_hours * HOUR), decision, go_live_hours)
    return knots / HOUR, levels


# --- profile, growth, ramp ------------------------------------------------------------------------------


def test_arrivals_around_the_clock_are_even():
    knots, levels = expected(730.0, go_live_hours=37.0)
    np.testing.assert_allclose(levels, knots, rtol=1e-10)
    knots, levels = expected(8760.5)
    assert knots[-1] == 8760.5
    assert levels[-1] == pytest.approx(8760.5, rel=1e-10)


@pytest.mark.parametrize("offset", [0.0, 9.0, 50.0, 167.0])
def test_whole_weeks_carry_their_share_of_the_yearly_volume(offset):
    for profile in (LONG_DAYS, ((100, 168, 2.0),), ((0, 1, 1.0), (8.25, 9.75, 3.0))):
        knots, levels = expected(4 * 168.0, go_live_hours=offset, volume=52_000.0, profile=profile)
        assert levels[-1] == pytest.approx(52_000.0 * 4 * 168 / 8760, rel=1e-10)
        assert (np.diff(levels) >= 0).all()
        assert len(knots) == 4 * 168 + 1


@pytest.mark.parametrize("offset", [0.0, 9.0, 50.25])
def test_the_profile_minute_by_minute(offset):
    profile = ((8.5, 12, 1.0), (13, 17, 2.0), (24, 30, 0.5), (144, 168, 0.25))
    weight = np.zeros(168 * 60)
    for start, end, w in profile:
        weight[round(start * 60) : round(end * 60)] = w
    knots, levels = expected(300.0, go_live_hours=offset, volume=10_000.0, profile=profile)
    minutes = (np.arange(300 * 60) + round(offset * 60)) % len(weight)
    flow = weight[minutes] / weight.sum() * 10_000.0 * 168 / 8760
    wanted = np.concatenate([[0.0], flow.reshape(300, 60).sum(axis=1).cumsum()])
    np.testing.assert_allclose(levels, wanted, rtol=1e-9, atol=1e-9)
    assert knots[1] == 1.0


def test_nothing_arrives_outside_the_profile():
    _, levels = expected(2 * 168.0, volume=52_000.0, profile=LONG_DAYS)
    flow = np.diff(levels).reshape(14, 24)
    inside = np.zeros((14, 24), bool)
    inside[[d for d in range(14) if d % 7 < 5], 8:18] = True
    np.testing.assert_allclose(flow[~inside], 0.0, atol=1e-9)
    np.testing.assert_allclose(flow[inside], 52_000.0 * 168 / 8760 / 50, rtol=1e-9)


@pytest.mark.parametrize("growth", [0.25, -0.4, 3.0])
def test_growth_is_yearly(growth):
    _, levels = expected(2 * 8760.0, volume=10_000.0, growth=growth)
    for year in (1, 2):
        wanted = quad(lambda t: 10_000.0 * (1 + growth) ** t, 0, year)[0]
        # The middle of each hour: an error of the order of (hour / year)^2.
        assert levels[8760 * year] == pytest.approx(wanted, rel=1e-7)


def test_ramp_and_start():
    knots, levels = expected(3000.0, starts=1.0, ramp=1000.0)
    since = knots - 730.0
    wanted = np.where(since < 0, 0.0, np.where(since < 1000, since**2 / 2000, since - 500))
    np.testing.assert_allclose(levels, wanted, atol=1e-6)
    _, sudden = expected(3000.0, starts=2.0, ramp=0.0)
    np.testing.assert_allclose(sudden, np.maximum(0.0, knots - 1460.0), atol=1e-6)


# --- season, month end, holidays ------------------------------------------------------------------------


def brute_force(case, hours, decision, go_live_hours):
    """Return the expected arrivals of each hour, date by date and minute by minute."""
    begin = datetime.datetime.fromisoformat(decision) + datetime.timedelta(hours=go_live_hours)
    minutes = np.zeros(7 * 1440)
    for start, end, weight in case["profile"]:
        minutes[round(start * 60) : round(end * 60)] = weight
    of_weekday = minutes.reshape(7, 1440).sum(axis=1)
    season = case["season"] or [1.0] * 12
    lengths = [calendar.monthrange(2026, month)[1] for month in range(1, 13)]
    mean = sum(w * n for w, n in zip(season, lengths, strict=True)) / 365

    def late(day):
        days = calendar.monthrange(day.year, day.month)[1]
        return case["month_end"] if day.day > days - case["month_end_days"] else 1.0

    def rate(day):
        first = day.replace(day=1)
        month = [first + i * DAY for i in range(calendar.monthrange(day.year, day.month)[1])]
        usual = sum(of_weekday[d.weekday()] for d in month)
        raised = sum(of_weekday[d.weekday()] * late(d) for d in month)
        holiday = case["holiday_volume"] if day.isoformat() in case["clock.holidays"] else 1.0
        return season[day.month - 1] / mean * late(day) * usual / raised * holiday

    rates, flow = {}, []
    for hour in range(hours):
        now = begin + datetime.timedelta(hours=hour)
        minute = now.weekday() * 1440 + now.hour * 60 + now.minute
        weight = np.take(minutes, range(minute, minute + 60), mode="wrap").sum()
        day = (now + datetime.timedelta(minutes=30)).date()
        if day not in rates:
            rates[day] = rate(day)
        flow.append(weight / minutes.sum() * case["volume"] * 168 / 8760 * rates[day])
    return np.array(flow)


@pytest.mark.parametrize(
    ("decision", "go_live"),
    [("2026-01-01", 0.0), ("2025-11-17", 1344.0), ("2027-12-01", 1000.25), ("2024-02-10", 7.5)],
)
@pytest.mark.parametrize("profile", [ALWAYS, ((8.5, 17, 1.0), (32, 42, 2.0), (120, 168, 0.25))])
def test_season_month_end_and_holidays_date_by_date(decision, go_live, profile):
    case = PLAIN | {
        "profile": profile,
        "season": SEASON,
        "month_end": 2.5,
        "month_end_days": 5,
        "holiday_volume": 0.2,
        "clock.holidays": HOLIDAYS,
    }
    _, levels = intensity(case, 9000 * HOUR, decision, go_live)
    wanted = np.concatenate([[0.0], np.cumsum(brute_force(case, 9000, decision, go_live))])
    np.testing.assert_allclose(levels, wanted, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("profile", [LONG_DAYS, ((8.25, 90, 0.3),)])
def test_neutral_values_change_no_bit(profile):
    moving = {"profile": profile, "growth": 0.2, "starts": 0.5, "ramp": 500.0}
    _, plain = expected(20_000.5, "2026-01-15", 1001.25, **moving)
    neutral = [
        {"season": [1.0] * 12},
        {"month_end_days": 27},
        {"holidays": HOLIDAYS},
        {"holidays": [], "holiday_volume": 0.0},
        {"holidays": ["2019-12-25", "2035-12-25"], "holiday_volume": 0.5},
    ]
    for change in neutral:
        assert (expected(20_000.5, "2026-01-15", 1001.25, **moving, **change)[1] == plain).all()
    _, other = expected(20_000.5, "2026-01-15", 1001.25, **moving, month_end=1.1)
    assert not (other == plain).all()


def test_a_season_keeps_the_volume_of_the_year():
    _, levels = expected(8760.0, "2026-01", season=SEASON, volume=12_345.0)
    assert levels[-1] == pytest.approx(12_345.0, rel=1e-9)
    lengths = np.array([calendar.monthrange(2026, month)[1] for month in range(1, 13)])
    ends = np.concatenate([[0], 24 * np.cumsum(lengths)])
    share = np.diff(levels[ends]) / levels[-1]
    np.testing.assert_allclose(share, SEASON * lengths / np.dot(SEASON, lengths), rtol=1e-9)
    # Any twelve months that hold each month once, and any scale of the weights.
    _, later = expected(8760.0, "2026-08", season=[1e-3 * w for w in SEASON], volume=12_345.0)
    assert later[-1] == pytest.approx(12_345.0, rel=1e-9)


@pytest.mark.parametrize("profile", [ALWAYS, LONG_DAYS, ((30, 33, 1.0), (140, 150, 0.1))])
@pytest.mark.parametrize(("ratio", "days"), [(3.0, 3), (0.2, 10), (0.0, 1), (50.0, 27)])
def test_the_end_of_a_month_keeps_the_volume_of_the_month(profile, ratio, days):
    hours = 24.0 * (366 + 365)
    changes = {"profile": profile, "volume": 50_000.0}
    _, plain = expected(hours, "2028-01-01", **changes)
    _, raised = expected(hours, "2028-01-01", month_end=ratio, month_end_days=days, **changes)
    first = datetime.date(2028, 1, 1)
    start = 0
    for month in range(24):
        length = calendar.monthrange(2028 + month // 12, month % 12 + 1)[1]
        ends = [24 * d for d in (start, start + length - days, start + length)]
        before, after = np.diff(plain[ends]), np.diff(raised[ends])
        assert after.sum() == pytest.approx(before.sum(), rel=1e-9), first + start * DAY
        if before[0] > 0 and ratio > 0:
            # Against the profile alone, the last days run at `ratio` times the rate of the others.
            assert after[1] * before[0] == pytest.approx(ratio * before[1] * after[0], rel=1e-9)
        start += length


def test_a_holiday_loses_its_items_and_no_other_day_gains_them():
    hours = 24.0 * 365
    _, plain = expected(hours, "2026-01-01", profile=LONG_DAYS)
    _, fewer = expected(hours, "2026-01-01", profile=LONG_DAYS, holidays=HOLIDAYS, holiday_volume=0.25)
    before, after = (np.diff(levels).reshape(365, 24) for levels in (plain, fewer))
    names = [(datetime.date(2026, 1, 1) + i * DAY).isoformat() for i in range(365)]
    closed = np.isin(names, HOLIDAYS)
    assert closed.sum() == 3
    np.testing.assert_allclose(after[closed], 0.25 * before[closed], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(after[~closed], before[~closed], rtol=1e-9, atol=1e-9)


def test_a_month_with_no_volume_left_has_none():
    # Days 2 to 28 of February 2027 are emptied, and the 1st, a Monday, lies outside the profile.
    changes = {"profile": ((24, 48, 1.0),), "month_end": 0.0, "month_end_days": 27}
    _, levels = expected(24.0 * 28, "2027-02", **changes)
    assert (levels == 0.0).all()


def test_a_window_of_no_length_is_empty():
    knots, levels = expected(0.0)
    assert (list(knots), list(levels)) == ([0.0], [0.0])


# --- from day to day ------------------------------------------------------------------------------------


def key_of(luck):
    return np.array([7, 0, luck, 0], np.int64)


def test_the_factor_of_a_day_is_keyed_by_the_day_alone():
    sigma = math.sqrt(math.log(1 + 0.6**2))
    for go_live in (0.0, 1000.25, 23.75):
        begin = datetime.datetime(2026, 1, 1) + datetime.timedelta(hours=go_live)
        knots = np.append(np.arange(0, 300 * HOUR, HOUR), round(300.3 * HOUR))
        factors = day_factors(key_of(3), knots, round(go_live * HOUR), 0.6)
        for start, end, factor in zip(knots[:-1], knots[1:], factors, strict=True):
            middle = begin + datetime.timedelta(microseconds=int(start + end) / 2)
            day = (middle.date() - datetime.date(2026, 1, 1)).days
            u = (words(7, 0, 3, 0, 5, day, 12, 0)[0] + 0.5) / 2**32
            assert factor == pytest.approx(lognorm.ppf(u, sigma, scale=math.exp(-(sigma**2) / 2)), rel=1e-9)


def test_no_variation_is_a_factor_of_one():
    knots = np.arange(0, 100 * HOUR, HOUR)
    assert (day_factors(key_of(0), knots, 0, 0.0) == 1.0).all()


def test_levels_after_factors():
    levels = np.array([0.0, 1.0, 3.0, 3.0, 7.0])
    np.testing.assert_array_equal(levels_of(levels, np.array([2.0, 0.5, 9.0, 1.0])), [0, 2, 3, 3, 7])
    np.testing.assert_array_equal(levels_of(levels, np.ones(4)), levels)


@pytest.mark.parametrize(("volume", "cv"), [(20.0, 0.5), (3.0, 1.0), (100.0, 0.1), (20.0, 0.0)])
def test_daily_counts_have_the_variance_of_a_cox_process(volume, cv):
    """Five tests at 4.5 standard errors and one at 1e-6, over four cases: false alarms under 2e-4."""
    knots, plain = intensity(PLAIN | {"volume": 365 * volume}, 8760 * HOUR, "2026-01-01", 30.0)
    rng = np.random.default_rng(20260105)
    counts, drawn = [], []
    for luck in range(200):
        factors = day_factors(key_of(luck), knots, 30 * HOUR, cv)
        levels = levels_of(plain, factors)
        # Days begin 18 hours after go-live.
        counts.append(rng.poisson(np.diff(levels[18:-6:24])))
        drawn.append(factors[18:-6:24])
    x, f = np.array(counts, float), np.array(drawn)
    n = x.size

    def agrees(sample, wanted):
        return abs(sample.mean() - wanted) <= 4.5 * sample.std() / math.sqrt(sample.size)

    assert agrees(x, volume)
    assert agrees((x - volume) ** 2, volume + (cv * volume) ** 2)
    assert agrees((x[:, 1:] - volume) * (x[:, :-1] - volume), 0.0)  # from day to day
    assert agrees((x[1:] - volume) * (x[:-1] - volume), 0.0)  # from replication to replication
    if cv:
        assert not agrees((x - volume) ** 2, volume)  # so that the test can tell
        sigma = math.sqrt(math.log(1 + cv**2))
        assert agrees(f, 1.0)
        assert kstest(f.ravel(), lognorm(sigma, scale=math.exp(-(sigma**2) / 2)).cdf).pvalue > 1e-6
    assert n == 200 * 364
