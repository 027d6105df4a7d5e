"""The data behind the scenario `claims`: derived numbers, published numbers and the page that states them."""

import datetime
import gzip
import re
from pathlib import Path

import numpy as np
import pytest
from pandas.tseries.holiday import USFederalHolidayCalendar
from scipy import integrate, stats
from shipped import derivation

from simgap.scenario import read
from simgap.scenario.grammar import parse_change
from simgap.scenario.values import row_of

CLAIMS = Path(__file__).parents[2] / "scenarios" / "claims"
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")

# Transcribed from a separate computation: on the complete original files, or by hand from the quantiles.
DERIVED = {
    "data.missing": (0.0121380, 0.5297030, 0.9950495),
    "data.format": (0.0264962, 0.0608199, 0.1258003),
    "data.stale": (0.1039604, 0.6509445, 0.8788134),
    "data.missing_penalty": (0.2193655, 0.6936948, 2.1936555),
    "data.format_penalty": (0.1475436, 0.4665737, 1.4754357),
    "data.stale_penalty": (0.1162760, 0.3676971, 1.1627603),
    "data.schema_penalty": (1.4518189, 2.1925359, 2.7922024),
    "ai.accuracy": 0.89576,
    "ai.auroc": 0.8341924359,
    "ai.sigma_w": 0.9298564543,
    "drift.erosion": (0.0033922, 0.0106879, 0.0334091),
    "iteration.lead_time": (4.2904107, 28.6708772, 191.5945267),
    "governance.resolve@pilot": 10.8624908,
    "governance.resolve_cv@pilot": 1.0476955,
    "governance.resolve": (10.8624908, 118.8334520, 250.6197582),
    "governance.resolve_cv": 3.2446363,
    "investments.data architecture.once": (25.9989011, 45.8659650, 105.4029336),
    "investments.integration.once": (13.5842704, 23.9646924, 55.0724024),
    "investments.measurement.once": (12.3323616, 21.7561375, 49.9970014),
    "investments.governance.monthly": (0.243975, 0.7715167, 2.43975),
    "investments.stakeholders.once": (18.1586795, 24.3624250, 32.6856231),
    "investments.reviewers.once": (9.361, 10.4102016, 11.577),
    "investments.data architecture.delay": (28.6762020, 46.8280417, 76.4698719),
    "investments.governance.delay": (18.7565237, 30.6292749, 50.0173965),
    "investments.measurement.delay": (13.6023169, 22.2124905, 36.2728451),
    "investments.integration.delay": (14.9831440, 24.4673717, 39.9550507),
    "investments.stakeholders.delay": (15.2318134, 24.8734471, 40.6181691),
    "investments.reviewers.delay": (61.3, 65.3978609, 70.0),
    "investments.data architecture.change.data.validated": (0.4594126, 0.7051136, 0.9950495),
    "investments.data architecture.change.data.repaired": (0.4297922, 0.6162851, 0.8067166),
    "investments.integration.change.integration.outages": (2.336, 3.6935403, 5.84),
    "pilots.production-ready.cost": (80.0, 101.9803903, 130.0),
}

# Transcribed a second time from the studies' figures; SOURCES.md holds the first transcription.
PUBLISHED = {
    "oversight.time": [8, 30],
    "oversight.time_cv": [1.21],
    "oversight.wage": [32.7, 44.7],
    "legacy.cost": [2.18, 9.40, 11.57],
    "legacy.error_rate": [0.04, 0.55, 3.6],
    "oversight.catch": [39, 71],
    "oversight.catch: puzzles": [28, 39],
    "oversight.catch: second checker": [30],
    "oversight.overturn": [4.1],
    "ai.cost": [0.0008, 0.0165],
    "data.false_reject": [21],
    "data.duplicate": [0.16, 8, 10, 15.5],
    "adoption.ceiling": [70],
    "measurement.audit": [1, 5],
    "check: pairs that degrade": [91],
    "check: deploy in over a month": [40, 64],
    "check: CleanML missing values": [-7.3, 0.4, 8.9],
    "check: CleanML inconsistency": [-0.1, 0.02, 0.6],
    "governance.incident_cost": [],
    "governance.resolve: restored": [0.28, 7.5, 22.6],
    "governance.resolve: root cause": [24, 82, 528],
    "governance.resolve: root cause, major": [9.3, 35, 294],
    "check: a service restricted": [28, 188],
    "check: severe loss": [304, 408],
    "investments: a connector": [4, 5, 6, 10],
    "investments: to make a connector hold": [13, 21],
    "investments: a developer": [132.93],
    "investments: overruns": [18, 50, 447],
    "investments.governance.once": [15, 30, 80],
    "investments.governance.monthly": [29.277],
    "investments.stakeholders.once": [10, 18],
    "investments.reviewers.once": [4.129, 4.425],
    "investments.reviewers: training": [120, 40],
    "investments.reviewers.delay": [33.3, 42],
    "investments: from prototype to production": [3, 8],
    "investments.integration: availability": [99.80, 99.92],
    "pilots.production-ready.cost": [50, 30, 80],
    "check: a pilot, all counted": [150, 250],
    "check: production over pilot": [2.8, 3.8],
    "check: upkeep": [60],
    "check: a model in production": [60, 95],
    "check: one rung of lead time": [1, 7, 30],
    "check: objectives met": [15, 93],
    "check: users involved": [59, 7, 21],
}
# Mean of min(time, window) in the complete log of closed problems: 1,487, and the 135 of major impact.
WINDOW = 669.0  # days from go-live to the end
MEAN_IN_WINDOW = {"root cause": 168.7, "root cause, major": 97.6}


@pytest.fixture(scope="module")
def claims():
    return derivation("claims")


def table(heading):
    """Cells of the first table under a heading of SOURCES.md, by the key in its first column."""
    text = (CLAIMS / "SOURCES.md").read_text("utf-8").split(f"# {heading}\n")[1]
    lines = re.search(r"(?:^\|.*\n)+", text, re.MULTILINE)[0].splitlines()[2:]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {key: rest for key, *rest in rows}


def test_derived_values(claims):
    found = claims.derive()
    assert found.keys() == DERIVED.keys() == claims.HOW.keys()
    for key, value in DERIVED.items():
        assert found[key] == pytest.approx(value, abs=2e-7), key


def test_triples_can_be_fitted_on_their_bounds(claims):
    for key, value in claims.derive().items():
        if isinstance(value, tuple):
            assert 0 < value[0] < value[1] < value[2], key
            assert "data." not in key or "penalty" in key or value[2] < 1, key


def test_page_states_the_derived_values(claims):
    stated = table("Derived")
    assert stated.keys() == DERIVED.keys()
    for key, value in claims.derive().items():
        values = value if isinstance(value, tuple) else (value,)
        assert stated[key][0].split(" / ") == [f"{v:.3g}" for v in values], key


def test_page_states_the_published_values():
    stated = table("Published")
    assert {key: [float(n) for n in NUMBER.findall(cells[0])] for key, cells in stated.items()} == PUBLISHED


def test_published_values_follow_from_their_parts():
    # 3,000 tokens in and 500 out, at the cheapest and dearest list price in USD per million; four decimals.
    cost = np.array([[0.15, 0.60], [3, 15]]) @ [3000e-6, 500e-6]
    assert PUBLISHED["ai.cost"] == pytest.approx(cost, abs=5.1e-5)
    # Overturned by people who are right on 95.9 % of what the model gets right.
    assert PUBLISHED["oversight.overturn"] == [pytest.approx(100 - 95.9)]


def test_page_names_every_change():
    rows = table("What they change")
    resolved = read("claims")
    changes = {
        f"{name}: {path}": change
        for name, bought in resolved["investments"].items()
        for path, change in bought["change"].items()
    }
    assert rows.keys() == changes.keys()
    for key, (text, origin, why) in rows.items():
        path = key.split(": ")[1]
        assert parse_change(text, row_of(path)) == changes[key], key
        assert why
        # Those that are neither guessed nor chosen are derived.
        name, _, path = key.partition(": ")
        known = f"investments.{name}.change.{path}" in DERIVED
        assert origin in ("flights", "cloud services") if known else origin in ("guess", "chosen"), key


def test_page_names_a_figure_for_every_sourced_cost_and_delay():
    known = {*DERIVED, *PUBLISHED}
    for path, leaf in read("claims")["parameters"].items():
        if path.split(".")[0] in ("investments", "pilots") and leaf["stated"] and leaf["source"]:
            assert path in known, path


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("7:10 a.m.", {430}),
        ("12:05 a.m.", {5}),
        ("12:00noon", {720}),
        ("7:10aDec 1", {430}),
        ("12/2/11 5:11 p.m.", {1031}),
        ("Thu  20:00", {1200}),
        ("12:30", {750, 30}),
        ("Not Available", set()),
        ("", set()),
    ],
)
def test_written_times(claims, text, meaning):
    assert claims.minutes(text) == meaning


@pytest.mark.parametrize(
    ("dirty", "clean", "kind"),
    [
        ("7:10 a.m.", "7:10 a.m.", ""),
        ("", "7:10 a.m.", "missing"),
        ("Dec 02 Not Available", "7:10 a.m.", "missing"),
        ("7:10 a.m.  Fri 02-Dec-2011", "7:10 a.m.", "format"),
        ("7:10 p.m.", "7:10 a.m.", "stale"),
        ("7:12aDec 1", "7:10 a.m.", "stale"),
    ],
)
def test_kinds_of_defect(claims, dirty, clean, kind):
    assert claims.kind(dirty, clean) == kind


def test_clock_distance_goes_the_short_way(claims):
    assert claims.off_by("11:50 p.m.", "12:10 a.m.") == 20
    assert claims.off_by("", "12:10 a.m.") == 0


def test_flights_against_known_figures(claims):
    # Counted separately on the originals: 80 % of the rows dirty, 13.9 % of all cells (seven columns) empty.
    rows = claims.read("flights.csv")
    assert len(rows) == 2376
    dirty = [any(row[f] != row[f + "_clean"] for f in claims.FIELDS) for row in rows]
    assert np.mean(dirty) == pytest.approx(0.80, abs=0.005)
    empty = sum(row[f] == "" for row in rows for f in claims.FIELDS)
    assert empty / (7 * len(rows)) == pytest.approx(0.139, abs=0.0005)


@pytest.mark.parametrize(
    ("defect", "levels", "points"),
    [
        ("Completeness", (0.05, 0.15, 0.35), (3.5, 9.7, 20.4)),
        ("FeatureAccuracy", (0.05, 0.15, 0.35), (1.1, 3.4, 9.0)),
        ("ConsistentRepresentation", (0.10, 0.20, 0.30), (6.3, 10.1, 15.0)),
    ],
)
def test_curves_against_known_losses(claims, defect, levels, points):
    at = claims.curve(defect)
    assert [100 * (at[0.0] - at[level]) for level in levels] == pytest.approx(points, abs=0.06)


def test_log_odds_lost_by_hand(claims):
    # Odds 9, 3 and under 1 (counted as 1): losses log 3 at a half, log 9 at all, half of log 3 at a quarter.
    lost = claims.log_odds_lost({0.0: 0.9, 0.5: 0.75, 1.0: 0.1}, np.array([0.25, 0.5, 1.0]))
    assert lost == pytest.approx((0.5 + 1 + 2) * np.log(3) / 3)


def test_unbiased_accuracy_against_detection_theory(claims):
    # Clean: 45.0 % of the 7.3 % positives found, accuracy 94.2 %, hence 1.9 % false alarms: z -0.125, -2.074.
    assert claims.unbiased_accuracy("Completeness")[0.0] == pytest.approx(0.8351, abs=0.001)
    # Every row called positive: no separation at all.
    assert claims.unbiased_accuracy("Completeness")[1.0] == pytest.approx(0.5)


def test_auroc_by_counting_pairs(claims):
    score, right = claims.confidences()
    better, worse = np.sort(score[right]), score[~right]
    below, upto = (np.searchsorted(better, worse, side).mean() for side in ("left", "right"))
    assert claims.auroc(score, right) == pytest.approx(1 - (below + upto) / 2 / len(better), rel=1e-12)


def test_sigma_is_recovered_from_normal_scores(claims):
    # 20,000 wrong among 120,000: the standard error of sigma is near 0.005, so 0.03 is six of them.
    rng = np.random.default_rng(7)
    score = np.concatenate([rng.normal(size=100_000), rng.normal(-1.2, 0.8, size=20_000)])
    right = np.arange(120_000) < 100_000
    assert claims.sigma_wrong(score, right) == pytest.approx(0.8, abs=0.03)
    # The review curve of the fit agrees with the draws, to five standard errors of a share of 20,000.
    area = claims.auroc(score, right)
    for share in (0.05, 0.3):
        fit = claims.captured_by_fit(5 / 6, area, 0.8, share)
        assert fit == pytest.approx(claims.captured(score, right, share), abs=0.018)


def test_errors_captured_against_known_figures(claims):
    score, right = claims.confidences()
    found = [claims.captured(score, right, share) for share in (0.05, 0.10, 0.20, 0.30)]
    assert found == pytest.approx([0.23, 0.40, 0.62, 0.77], abs=0.005)


def test_page_states_the_errors_captured(claims):
    stated = table("How good the AI is, and whether it knows: IMDB")
    figures = claims.checks()
    for share in claims.REVIEWED:
        found = figures[f"errors captured: data, fitted sigma_w, equal variance: {share:.0%}"]
        assert stated[f"{share:.0%}".replace("%", " %")] == [
            f"{value:.1%}".replace("%", " %") for value in found
        ]


def test_equal_variance_promises_too_much_of_a_small_review(claims):
    # Two normal laws with d = sqrt(2) Phi^-1(AUROC); the cut is read off a fine grid of shares reviewed.
    d = np.sqrt(2) * stats.norm.ppf(DERIVED["ai.auroc"])
    cut = np.linspace(-5, 3, 800_001)
    reviewed = 0.89576 * stats.norm.cdf(cut) + 0.10424 * stats.norm.cdf(cut + d)
    score, right = claims.confidences()
    for share, excess in ((0.05, 0.046), (0.10, 0.034), (0.30, -0.014)):
        promised = stats.norm.cdf(cut[np.searchsorted(reviewed, share)] + d)
        assert promised - claims.captured(score, right, share) == pytest.approx(excess, abs=0.0006)


def test_a_broken_connector_is_read_off_the_curve(claims):
    # 79.3, 64.6 and 42.7 % are right with a quarter, half, three quarters missing; the last counts as 50 %.
    odds = [np.log(p / (1 - p)) for p in (0.942253, 0.792553, 0.64558, 0.5)]
    assert DERIVED["data.schema_penalty"] == pytest.approx(odds[0] - np.array(odds[1:]), abs=1e-6)


def test_erosion_comes_to_a_fifth_in_three_years():
    odds = 0.89576 / 0.10424 * (1 - DERIVED["drift.erosion"][2]) ** 36
    assert odds / (1 + odds) == pytest.approx(0.8 * 0.89576, abs=2e-6)


def law(mu, sigma):
    return stats.lognorm(sigma, scale=np.exp(mu))


def test_laws_are_fitted_to_the_published_quantiles(claims):
    published = {name: PUBLISHED[f"governance.resolve: {name}"] for name in ("restored", "root cause")}
    assert published == {"restored": list(claims.RESTORED), "root cause": list(claims.ROOT_CAUSE)}
    assert PUBLISHED["governance.resolve: root cause, major"][1] == claims.MAJOR
    fitted = law(*claims.lognormal_of(claims.LEVELS, claims.ROOT_CAUSE)).ppf(claims.LEVELS)
    assert fitted == pytest.approx(published["root cause"], rel=0.11)
    # Of the restorations no lognormal has all three: its median would be a third. So only two are used.
    fitted = law(*claims.lognormal_of(claims.LEVELS, claims.RESTORED)).ppf(0.5)
    assert fitted / published["restored"][1] == pytest.approx(0.318, abs=0.001)
    used = law(*claims.lognormal_of(claims.LEVELS[1:], claims.RESTORED[1:]))
    assert used.ppf(claims.LEVELS[1:]) == pytest.approx(published["restored"][1:])
    assert claims.mean_and_cv(2.0, 0.8) == pytest.approx((law(2.0, 0.8).mean(), 0.946835), rel=1e-5)


def test_within_the_window_the_laws_last_as_long_as_the_problems(claims):
    # The mean of min(T, c) is the integral of P(T > t) up to c.
    cv = DERIVED["governance.resolve_cv"]
    sigma = np.sqrt(np.log1p(cv**2))
    for name, mean in zip(MEAN_IN_WINDOW, DERIVED["governance.resolve"][:0:-1], strict=True):
        found, _ = integrate.quad(law(np.log(mean) - sigma**2 / 2, sigma).sf, 0.0, WINDOW)
        assert found == pytest.approx(MEAN_IN_WINDOW[name], rel=0.05), name


def test_cost_over_estimate_has_the_published_tail(claims):
    low, mid, high, largest = claims.overrun()
    share, over, mean = (figure / 100 for figure in PUBLISHED["investments: overruns"])
    body = stats.lognorm(np.log(mid / low) / stats.norm.ppf(0.9), scale=mid)
    assert body.sf(1 + over) == pytest.approx(share)
    # The tail's exponent from the P90 of all projects; its mean is then the published one, the largest too.
    tail = stats.pareto(np.log(share / 0.1) / np.log(high / (1 + over)), scale=1 + over)
    assert tail.mean() == pytest.approx(1 + mean)
    assert largest == pytest.approx(1 + mean)


def test_a_check_of_form_by_counting(claims):
    # A flight of three sources, of which two state no time, and one of two, of which one states none.
    clean = {f"{field}_clean": "1:00" for field in claims.FIELDS}
    table = [clean | {"act_arr_time_clean": time} for time in ("1:00", "1:00", "1:00", "2:00", "2:00")]
    gaps = np.array([[False, False, False, gap] for gap in (False, True, True, False, True)])
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(claims, "read", lambda name: table)
        assert claims.with_another(gaps, gaps).tolist() == [1.0, 0.5, 0.5, 1.0, 1.0]


def test_most_of_what_a_check_completes_is_not_true(claims):
    # From a separate computation on the same rows; the page has it in whole per cent.
    (true,) = claims.checks()["rows seen whose own times are true: share true in full with one more source"]
    assert true == pytest.approx(0.3108499, abs=2e-7)
    why = table("What they change")["data architecture: data.repaired"][2]
    assert "31 % come out true" in why


def test_holidays_against_the_calendar_of_pandas(claims):
    first, last = datetime.date(2021, 6, 1), datetime.date(2040, 12, 31)
    known = [day.date() for day in USFederalHolidayCalendar().holidays(first, last)]
    assert claims.holidays(first, last) == known
    assert len(known) > 200


def test_excerpts_are_small_and_stable():
    files = sorted((CLAIMS / "data").iterdir())
    assert sum(file.stat().st_size for file in files) < 400_000
    packed = (CLAIMS / "data" / "imdb_confidence.csv.gz").read_bytes()
    assert packed[4:8] == bytes(4)  # the time stamp of a gzip header
    assert gzip.decompress(packed).count(b"\n") == 25_001


def test_every_excerpt_has_its_notice():
    notice = (CLAIMS / "data" / "NOTICE.md").read_text("utf-8")
    for file in (CLAIMS / "data").iterdir():
        assert file.name == "NOTICE.md" or f"`{file.name}`" in notice, file.name
