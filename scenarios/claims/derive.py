"""Recompute every number of the scenario `claims` that comes from data.

Run ``python scenarios/claims/derive.py`` for a table of key, value and how. ``derive()`` returns the same
values by parameter path, ``@pilot`` where the pilot differs; a triple is P10, P50, P90. ``SOURCES.md`` says
why each is used and where it misleads; ``data/NOTICE.md`` says where the excerpts come from.
"""

from __future__ import annotations

import calendar
import csv
import datetime
import gzip
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit, logit
from scipy.stats import norm, rankdata

Triple = tuple[float, float, float]
Value = float | Triple

DATA = Path(__file__).parent / "data"
FIELDS = ("sched_dep_time", "act_dep_time", "sched_arr_time", "act_arr_time")
DAY = 24 * 60  # minutes
# Sources with fewer rows say little about their own rate.
MIN_ROWS = 30
# The parameter of the scenario, and the experiment that stands for it.
DEFECTS = {"missing": "Completeness", "format": "ConsistentRepresentation", "stale": "FeatureAccuracy"}
CHANCE = 0.5
COLUMNS = 17  # features of the covid table in DQ4AI: 16 categories and the age
# Real dirt costs about a tenth of injected dirt: see SOURCES.md.
REAL_TO_INJECTED = 0.1
REVIEWED = (0.05, 0.10, 0.15, 0.20, 0.30)
# Published quantiles of the BPI Challenge 2013, in days: until service was restored, until the root cause
# was resolved, and the median of the latter for problems of major impact.
LEVELS = (0.25, 0.50, 0.90)
RESTORED = (0.28, 7.5, 22.6)
ROOT_CAUSE = (24.0, 82.0, 528.0)
MAJOR = 35.0
# Fields of an item, of four, that a broken connector loses: a guess.
CONNECTOR = (0.25, 0.50, 0.75)
# Wild-Time 2022: share of the accuracy lost out of time; the months it takes are a guess.
LOST, LOST_IN = 0.20, 36
# Algorithmia 2020: share of firms that deploy a model within days, and of all that name a time.
WITHIN = {7.0: 0.14, 30.0: 0.14 + 0.28}
DEPLOY = 0.14 + 0.28 + 0.40
# A quantity of which only the upper end was found: P10 a tenth of it, P50 the geometric middle.
TENTH = 0.1
# Investments, in k USD and weeks of 40 hours. BLS 5/2022: mean wage of a software developer in a year, and
# the share of wages in what an hour costs, 12/2024, as for the reviewers.
DEVELOPER, HOURS_OF_YEAR, WAGE_SHARE = 132.930, 2080, 0.705
WEEK = 40
# Trade: weeks to build a connector, and days to make one hold that is built; how many is a guess.
CONNECTOR_WEEKS, HOLD_DAYS, CONNECTORS = (4.0, 10.0), (13.0, 21.0), 2
MEASURE_WEEKS = 6.0  # a guess
# Flyvbjerg and Gardner 2023: 18 % of IT projects cost over 1.5 of their estimate, and these 5.47 on average.
OVER, OVER_SHARE, OVER_MEAN = 1.5, 0.18, 5.47
# Trade: the EU AI Act for one system, k EUR at the start (P10, P50, P90); k EUR a year, an upper end.
ACT_ONCE, ACT_YEARLY = (15.0, 30.0, 80.0), 29.277
# Change management as a share of a project; the project is the pilot of 60k and what is built.
INVOLVED, PILOT = (0.10, 0.18), 60.0
# SHRM: k USD for a hire, and days until one is found; California: hours of training, four weeks.
HIRE, FOUND, TRAINED = (4.129, 4.425), (33.3, 42.0), 120 + 40
WAGE = (32.7, 44.7)
# MIT NANDA 2025 and Gartner 2024: months from prototype to production.
ROLL_OUT = (3.0, 8.0)
MONTH_DAYS = 730 / 24
# Trade: k USD of a pilot of 90 days, the vendor's fee and the time of one's own people.
FEE, OWN_TIME = 50.0, (30.0, 80.0)
# A connected system of cloud services is up for 99.80 to 99.92 % of the time; hours of an outage.
UP, OUTAGE = (0.9992, 0.9980), 3.0
# Federal holidays: (month, day), and (month, weekday from Monday = 0, which one in the month).
FIXED = ((1, 1), (6, 19), (7, 4), (11, 11), (12, 25))
MOVING = ((1, 0, 3), (2, 0, 3), (5, 0, -1), (9, 0, 1), (10, 0, 2), (11, 3, 4))
OBSERVED = {5: -1, 6: 1}  # days by which a Saturday and a Sunday move
HOW = {
    "data.missing": "flights: share of rows with a time absent, P10/P50/P90 over sources",
    "data.format": "flights: share of rows with the right time written otherwise, over sources",
    "data.stale": "flights: share of rows with another time than the true one, over sources",
    "data.missing_penalty": "DQ4AI Completeness at the flights' bad shares; P90 fit, P10 a tenth",
    "data.format_penalty": "DQ4AI ConsistentRepresentation, likewise",
    "data.stale_penalty": "DQ4AI FeatureAccuracy, likewise",
    "data.schema_penalty": "DQ4AI Completeness, one, two, three of four fields",
    "ai.accuracy": "IMDB: share of predictions that are right",
    "ai.auroc": "IMDB: P(confidence of a right one > of a wrong one), ties a half",
    "ai.sigma_w": "IMDB: 1 / slope of the zROC at the 5, 10, ..., 90 % least confident",
    "drift.erosion": "Wild-Time 2022: odds lost a month; P90 a fifth in 3 years, P10 a tenth",
    "iteration.lead_time": "Algorithmia 2020: days, lognormal through 7 and 30 days",
    "governance.resolve@pilot": "BPI 2013: days to restore, mean of the lognormal through P50 and P90",
    "governance.resolve_cv@pilot": "BPI 2013: its coefficient of variation",
    "governance.resolve": "BPI 2013: days, mean restored / root cause, major / root cause, any",
    "governance.resolve_cv": "BPI 2013: root cause, lognormal fitted to P25, P50 and P90",
    "investments.data architecture.once": "k USD: weeks of two connectors, BLS, overruns of IT projects",
    "investments.integration.once": "k USD: days to make two connectors hold, likewise",
    "investments.measurement.once": "k USD: six weeks, a guess, likewise",
    "investments.governance.monthly": "k USD: EU AI Act, a year for one system, as P90",
    "investments.stakeholders.once": "k USD: 10 to 18 % of the pilot and what is built",
    "investments.reviewers.once": "k USD: SHRM, and 160 hours of training at the reviewers' wage",
    "investments.data architecture.delay": "days: its part, by median cost, of 3 to 8 months",
    "investments.governance.delay": "days: likewise",
    "investments.measurement.delay": "days: likewise",
    "investments.integration.delay": "days: likewise",
    "investments.stakeholders.delay": "days: likewise",
    "investments.reviewers.delay": "days: SHRM, time to find one, and the training",
    "investments.data architecture.change.data.validated": "flights: defective rows that show it",
    "investments.data architecture.change.data.repaired": "flights: of these, whole with one more source",
    "investments.integration.change.integration.outages": "a year: cloud services in series, three hours",
    "pilots.production-ready.cost": "k USD: fee and own time of a pilot of 90 days",
}


def read(name: str) -> list[dict[str, str]]:
    """Rows of an excerpt in ``data/``, gzipped or not."""
    path = DATA / name
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


# --- flights: how often, and how many fields of an item at once -------------------------------------------


def minutes(text: str) -> set[int]:
    """Minutes after midnight that a written time may mean; empty where it states none.

    Dates and remarks are passed over. Without a or p, an hour up to 12 may mean either half of the day.
    """
    found = re.search(r"(\d{1,2}):(\d\d)\s*([apn]?)", text.lower())
    if not found:
        return set()
    hour, minute, half = int(found[1]), int(found[2]), found[3]
    if half:
        return {hour % 12 * 60 + minute + (0 if half == "a" else DAY // 2)}
    morning = hour * 60 + minute
    return {morning, (morning + DAY // 2) % DAY} if hour <= 12 else {morning}


def kind(dirty: str, clean: str) -> str:
    """What is wrong with one field: nothing, `missing`, `format` or `stale` (another time)."""
    if dirty == clean:
        return ""
    meant = minutes(dirty)
    if not meant:
        return "missing"
    return "format" if meant >= minutes(clean) else "stale"


def flights() -> tuple[NDArray[np.str_], NDArray[np.str_]]:
    """Source of each row, shape (rows,), and the kind of defect of each field, shape (rows, 4)."""
    rows = read("flights.csv")
    kinds = [[kind(row[field], row[f"{field}_clean"]) for field in FIELDS] for row in rows]
    return np.array([row["src"] for row in rows]), np.array(kinds)


def off_by(dirty: str, clean: str) -> int:
    """Minutes between a written time and the true one, the short way round the clock; 0 if none is stated."""
    gaps = [abs(a - b) for a in minutes(dirty) for b in minutes(clean)]
    return min((min(gap, DAY - gap) for gap in gaps), default=0)


def over_sources(sources: NDArray[np.str_], affected: NDArray[Any]) -> tuple[float, float, float]:
    """P10, P50, P90 over the larger sources of the share of affected rows.

    Each share is the mean under Jeffreys' prior, (k + 1/2) / (n + 1): a source without a defect in n rows
    is not a source without defects, and a share of exactly 0 or 1 has no log-odds.
    """
    names, rows = np.unique(sources, return_counts=True)
    shares = [
        (affected[sources == s].sum() + 0.5) / (n + 1)
        for s, n in zip(names, rows, strict=True)
        if n >= MIN_ROWS
    ]
    low, mid, high = np.quantile(shares, [0.1, 0.5, 0.9])
    return float(low), float(mid), float(high)


def with_another(gaps: NDArray[np.bool_], useless: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Share of the other sources of a row's flight that fill all its gaps, shape (rows,).

    `gaps` and `useless` have shape (rows, 4): the fields that a row lacks, and those that fill no gap.
    """
    true = [[row[f"{field}_clean"] for field in FIELDS] for row in read("flights.csv")]
    flight = np.unique(true, axis=0, return_inverse=True)[1].ravel()
    filled = np.zeros(len(flight))
    for number in range(flight.max() + 1):
        rows = np.flatnonzero(flight == number)
        left = (gaps[rows, None] & useless[rows]).any(axis=2)
        np.fill_diagonal(left, False)
        filled[rows] = 1 - left.sum(axis=1) / (len(rows) - 1)
    return filled


def checked() -> tuple[Triple, Triple]:
    """What a check of each row alone sees of the defective ones, and what one more source completes of these.

    A field that states no time, or states it in other writing, shows; another time does not. The writing can
    be put right without help, and a gap be filled with what another source states, right or wrong.
    """
    sources, kinds = flights()
    missing = kinds == "missing"
    seen = (missing | (kinds == "format")).any(axis=1)
    defective = (kinds != "").any(axis=1)
    filled = with_another(missing, missing)
    return over_sources(sources[defective], seen[defective]), over_sources(sources[seen], filled[seen])


# --- DQ4AI: what a defect costs ---------------------------------------------------------------------------


def curve(
    defect: str, scenario: str = "train_clean_test_polluted", column: str = "accuracy"
) -> dict[float, float]:
    """Mean of `column` by pollution level, for one defect and one scenario of the experiment."""
    at: dict[float, list[float]] = {}
    for row in read("dq4ai_curves.csv"):
        if row["defect"] == defect and row["scenario"] == scenario:
            at.setdefault(float(row["level"]), []).append(float(row[column]))
    return {level: float(np.mean(values)) for level, values in sorted(at.items())}


def unbiased_accuracy(defect: str) -> dict[float, float]:
    """Accuracy by level that the same separation would give with even classes and no bias.

    Phi(d'/2) with d' = z(hit rate) - z(false-alarm rate) (Green & Swets 1966). Free of the 93/7 class split
    and of a shift of the decision threshold, which plain accuracy mixes in.
    """
    recall, accuracy = curve(defect, column="recall_positive"), curve(defect)
    # With every field empty the model calls every row positive: accuracy is then the share of positives.
    positives = curve("Completeness")[1.0]
    out = {}
    for level, hit in recall.items():
        false_alarm = 1 - (accuracy[level] - positives * hit) / (1 - positives)
        d = norm.ppf(np.clip([hit, false_alarm], 1e-4, 1 - 1e-4)) @ [1, -1]
        out[level] = float(norm.cdf(d / 2))
    return out


def log_odds_lost(accuracy: dict[float, float], bad_shares: NDArray[np.float64]) -> float:
    """Mean log-odds of a right decision lost by items with these shares of bad fields.

    The curve is read at each item's own share, accuracies below chance as chance.
    """
    lost = {
        level: float(logit(accuracy[0.0]) - logit(max(value, CHANCE))) for level, value in accuracy.items()
    }
    return float(np.mean(np.interp(bad_shares, list(lost), list(lost.values()))))


# --- IMDB: confidence and correctness ---------------------------------------------------------------------


def confidences() -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Confidence and correctness of each prediction, shape (25000,)."""
    rows = read("imdb_confidence.csv.gz")
    return np.array([float(r["confidence"]) for r in rows]), np.array([r["correct"] == "1" for r in rows])


def auroc(score: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Area under the ROC curve by rank sums (Mann & Whitney 1947), ties a half."""
    n = right.sum()
    return float((rankdata(score)[right].sum() - n * (n + 1) / 2) / (n * (~right).sum()))


def sigma_wrong(score: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Spread of the wrong decisions' scores where the right ones' is 1.

    Right ~ N(0, 1) and wrong ~ N(-d, sigma) make z P(wrong <= t) = (z P(right <= t) + d) / sigma: a straight
    line of slope 1 / sigma (Green & Swets 1966), fitted here by least squares. Above the 90th percentile
    the confidences are tied at 1.
    """
    cuts = np.quantile(score, np.arange(0.05, 0.91, 0.05))
    below = [[(score[group] <= cut).mean() for cut in cuts] for group in (right, ~right)]
    x, y = norm.ppf(below)
    return float(1 / np.polyfit(x, y, 1)[0])


def captured(score: NDArray[np.float64], right: NDArray[np.bool_], share: float) -> float:
    """Share of the errors among the least confident `share` of the decisions."""
    first = np.argsort(score, kind="stable")[: round(share * len(score))]
    return float((~right[first]).sum() / (~right).sum())


def captured_by_fit(accuracy: float, area: float, sigma: float, share: float) -> float:
    """The same under the model's two normal laws with this accuracy, AUROC and sigma."""
    d = math.hypot(1, sigma) * norm.ppf(area)

    def excess(cut: float) -> float:
        return float(accuracy * norm.cdf(cut) + (1 - accuracy) * norm.cdf((cut + d) / sigma) - share)

    return float(norm.cdf((brentq(excess, -9, 9) + d) / sigma))


# --- problems: how long they stay open --------------------------------------------------------------------


def lognormal_of(levels: tuple[float, ...], days: tuple[float, ...]) -> tuple[float, float]:
    """Mu and sigma of the lognormal nearest to some quantiles, by least squares on their logs."""
    sigma, mu = np.polyfit(norm.ppf(levels), np.log(days), 1)
    return float(mu), float(sigma)


def mean_and_cv(mu: float, sigma: float) -> tuple[float, float]:
    """Mean and coefficient of variation of a lognormal."""
    return math.exp(mu + sigma**2 / 2), math.sqrt(math.expm1(sigma**2))


def fit_to_published(mu: float, sigma: float, days: tuple[float, ...]) -> tuple[float, ...]:
    """Quantiles of a lognormal in published quantiles at ``LEVELS``."""
    return tuple(float(q) for q in np.exp(mu + sigma * norm.ppf(LEVELS)) / days)


# --- what a pilot is too short to see ----------------------------------------------------------------------


def middle_of(top: float) -> tuple[float, float, float]:
    """P10, P50, P90 where only the upper end was found."""
    return top * TENTH, top * math.sqrt(TENTH), top


def broken(shares: tuple[float, float, float]) -> tuple[float, float, float]:
    """Log-odds of a right decision lost where a connector loses a share of the fields."""
    at = curve("Completeness")
    low, mid, high = (log_odds_lost(at, np.array([share])) for share in shares)
    return low, mid, high


def erosion(usual: float) -> tuple[float, float, float]:
    """Share of the odds of a right decision lost in a month, where the accuracy is `usual` at first."""
    monthly = float(logit(usual) - logit(usual * (1.0 - LOST))) / LOST_IN
    low, mid, high = (-math.expm1(-step) for step in middle_of(monthly))
    return low, mid, high


def lead_time() -> tuple[float, float, float]:
    """P10, P50, P90 in days of the lognormal through the two shares of firms that name a time."""
    mu, sigma = lognormal_of(tuple(p / DEPLOY for p in WITHIN.values()), tuple(WITHIN))
    low, mid, high = (float(math.exp(mu + sigma * norm.ppf(p))) for p in (0.1, 0.5, 0.9))
    return low, mid, high


# --- days on which nobody works ---------------------------------------------------------------------------


def holidays(first: datetime.date, last: datetime.date) -> list[datetime.date]:
    """US federal holidays as observed from `first` to `last`, both included.

    5 U.S.C. 6103; one on a Saturday is observed on the Friday before, one on a Sunday on the Monday after.
    """
    days = []
    for year in range(first.year, last.year + 2):
        days += [datetime.date(year, *day) for day in FIXED]
        for month, weekday, which in MOVING:
            found = [week[weekday] for week in calendar.monthcalendar(year, month) if week[weekday]]
            days.append(datetime.date(year, month, found[which - 1 if which > 0 else which]))
    observed = [day + datetime.timedelta(OBSERVED.get(day.weekday(), 0)) for day in days]
    return sorted(day for day in observed if first <= day <= last)


# --- investments ------------------------------------------------------------------------------------------


def between(ends: tuple[float, float]) -> Triple:
    """P10, P50, P90 where two ends were found: the geometric middle between them."""
    low, high = ends
    return low, math.sqrt(low * high), high


def overrun() -> tuple[float, float, float, float]:
    """P10, P50, P90 and the largest of cost over estimate, for an IT project.

    A lognormal with median 1, of which `OVER_SHARE` lies over `OVER`; above that a Pareto tail with the mean
    `OVER_MEAN`, which is also where it is cut off.
    """
    sigma = math.log(OVER) / norm.ppf(1 - OVER_SHARE)
    alpha = OVER_MEAN / (OVER_MEAN - OVER)
    return math.exp(sigma * norm.ppf(0.1)), 1.0, OVER * (OVER_SHARE / 0.1) ** (1 / alpha), OVER_MEAN


def build(weeks: float) -> Triple:
    """P10, P50, P90 of the cost in k USD of what is estimated at some weeks of one developer."""
    estimate = weeks * WEEK * DEVELOPER / HOURS_OF_YEAR / WAGE_SHARE
    low, mid, high, _ = overrun()
    return estimate * low, estimate * mid, estimate * high


def once() -> dict[str, Triple]:
    """Sum paid once in k USD, by investment."""
    out = {
        "data architecture": build(CONNECTORS * between(CONNECTOR_WEEKS)[1]),
        "governance": ACT_ONCE,
        "measurement": build(MEASURE_WEEKS),
        "integration": build(CONNECTORS * between(HOLD_DAYS)[1] / 5),
    }
    project = PILOT + sum(mid for _, mid, _ in out.values())
    low, mid, high = (share * project for share in between(INVOLVED))
    out["stakeholders"] = low, mid, high
    first, last = (hire + TRAINED * wage / 1000 for hire, wage in zip(HIRE, WAGE, strict=True))
    return out | {"reviewers": between((first, last))}


def delays() -> dict[str, Triple]:
    """Delay of go-live in days, by investment; all but reviewers share 3 to 8 months as they share cost."""
    medians = {name: mid for name, (_, mid, _) in once().items() if name != "reviewers"}
    total = sum(medians.values())
    out: dict[str, Triple] = {}
    for name, mid in medians.items():
        low, middle, high = (months * MONTH_DAYS * mid / total for months in between(ROLL_OUT))
        out[name] = low, middle, high
    low, middle, high = (days + TRAINED / WEEK * 7 for days in between(FOUND))
    return out | {"reviewers": (low, middle, high)}


# --- results ----------------------------------------------------------------------------------------------


def derive() -> dict[str, Value]:
    """Every data-derived parameter of the scenario, by path; triples are P10, P50, P90.

    Shares are per item, penalties are log-odds per affected item, times are days, sums of investments k USD.
    """
    out: dict[str, Value] = {}
    sources, kinds = flights()
    for name, defect in DEFECTS.items():
        bad = (kinds == name).mean(axis=1)
        out[f"data.{name}"] = over_sources(sources, bad > 0)
        full = log_odds_lost(curve(defect), bad[bad > 0])
        out[f"data.{name}_penalty"] = (full * REAL_TO_INJECTED, full * math.sqrt(REAL_TO_INJECTED), full)
    score, right = confidences()
    out["ai.accuracy"] = float(right.mean())
    out["ai.auroc"] = auroc(score, right)
    out["ai.sigma_w"] = sigma_wrong(score, right)
    out["data.schema_penalty"] = broken(CONNECTOR)
    out["drift.erosion"] = erosion(float(right.mean()))
    out["iteration.lead_time"] = lead_time()
    restored, out["governance.resolve_cv@pilot"] = mean_and_cv(*lognormal_of(LEVELS[1:], RESTORED[1:]))
    mu, sigma = lognormal_of(LEVELS, ROOT_CAUSE)
    major, _ = mean_and_cv(math.log(MAJOR), sigma)
    cause, out["governance.resolve_cv"] = mean_and_cv(mu, sigma)
    out["governance.resolve@pilot"] = restored
    out["governance.resolve"] = (restored, major, cause)
    out |= {f"investments.{name}.once": sums for name, sums in once().items()}
    out |= {f"investments.{name}.delay": days for name, days in delays().items()}
    out["investments.governance.monthly"] = middle_of(ACT_YEARLY / 12)
    validated, repaired = checked()
    out["investments.data architecture.change.data.validated"] = validated
    out["investments.data architecture.change.data.repaired"] = repaired
    low, high = ((1 - share) * 365 * 24 / OUTAGE for share in UP)
    out["investments.integration.change.integration.outages"] = between((low, high))
    first, last = (FEE + own for own in OWN_TIME)
    out["pilots.production-ready.cost"] = between((first, last))
    return {key: out[key] for key in HOW}


def checks() -> dict[str, tuple[float, ...]]:
    """Figures beside the parameters, which SOURCES.md quotes.

    Shares of 1, log-odds or points of accuracy, as the name says; the last part of a name is the defect
    or the share reviewed.
    """
    sources, kinds = flights()
    score, right = confidences()
    accuracy, area, sigma = float(right.mean()), auroc(score, right), sigma_wrong(score, right)
    out: dict[str, tuple[float, ...]] = {"rows with any defect": (float((kinds != "").any(axis=1).mean()),)}
    for name, defect in DEFECTS.items():
        bad = kinds == name
        count = bad.sum(axis=1)
        cells, rows = float(bad.mean()), float((count > 0).mean())
        share, count = count[count > 0] / len(FIELDS), count[count > 0]
        served, retrained = curve(defect), curve(defect, "train_polluted_test_polluted")
        full = log_odds_lost(served, share)
        typical = over_sources(sources, bad.any(axis=1))[1]
        doses = (full * REAL_TO_INJECTED, full * math.sqrt(REAL_TO_INJECTED), full)
        upto = [level for level in served if 0 < level <= 0.4]
        out |= {
            f"pooled cells, rows, rows if fields were independent: {name}": (
                cells,
                rows,
                1 - (1 - cells) ** len(FIELDS),
            ),
            f"bad share of an affected row: {name}": (float(share.mean()),),
            f"penalty by share, by count of {COLUMNS} fields, unbiased by share: {name}": (
                full,
                log_odds_lost(served, count / COLUMNS),
                log_odds_lost(unbiased_accuracy(defect), share),
            ),
            f"points lost at the P50 rate with P10, P50, P90 penalty: {name}": tuple(
                float(100 * typical * (accuracy - expit(logit(accuracy) - dose))) for dose in doses
            ),
            f"most points lost up to level 40 %, served dirty, retrained on dirt: {name}": tuple(
                100 * (at[0.0] - min(at[level] for level in upto)) for at in (served, retrained)
            ),
        }
    pairs = [[(row[field], row[f"{field}_clean"]) for field in FIELDS] for row in read("flights.csv")]
    off = np.array([max(off_by(*pair) for pair in row) for row in pairs])
    out["rows with a time off by over 5, 15, 30 min"] = tuple(float((off > m).mean()) for m in (5, 15, 30))
    missing, stale = kinds == "missing", kinds == "stale"
    seen = (missing | (kinds == "format")).any(axis=1) & ~stale.any(axis=1)
    true = with_another(missing, missing | stale)[seen]
    out["rows seen whose own times are true: share true in full with one more source"] = (float(true.mean()),)
    copies = curve("Uniqueness")
    out["most points lost or won by duplicates"] = (100 * max(abs(v - copies[1.0]) for v in copies.values()),)
    out["mean confidence, accuracy"] = (float(score.mean()), accuracy)
    for reviewed in REVIEWED:
        out[f"errors captured: data, fitted sigma_w, equal variance: {reviewed:.0%}"] = (
            captured(score, right, reviewed),
            captured_by_fit(accuracy, area, sigma, reviewed),
            captured_by_fit(accuracy, area, 1.0, reviewed),
        )
    for name, days in (("restored", RESTORED), ("root cause", ROOT_CAUSE)):
        law = lognormal_of(LEVELS, days)
        out[f"P25, P50, P90 of the law in those published: {name}"] = fit_to_published(*law, days)
        out[f"mean and cv of that law: {name}"] = mean_and_cv(*law)
    out["cost over estimate: P10, P50, P90, largest"] = overrun()
    sigma = math.log(OVER) / norm.ppf(1 - OVER_SHARE)
    body = math.exp(sigma**2 / 2) * norm.cdf(math.log(OVER) / sigma - sigma)
    out["cost over estimate: mean, were nothing cut off"] = (float(body + OVER_SHARE * OVER_MEAN),)
    return out


def show(value: float | tuple[float, ...]) -> str:
    """A number or several as text."""
    return " / ".join(f"{v:.4g}" for v in (value if isinstance(value, tuple) else (value,)))


if __name__ == "__main__":
    for path, value in derive().items():
        print(f"{path:27} {show(value):26} {HOW[path]}")
    window = holidays(datetime.date(2026, 1, 1), datetime.date(2027, 12, 31))
    print(f"{'clock.holidays':27} {', '.join(map(str, window))}")
    print()
    for name, figures in checks().items():
        print(f"{name:82} {show(figures)}")
