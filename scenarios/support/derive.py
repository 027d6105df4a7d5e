"""Recompute every number of the scenario `support` that comes from data or from a published table.

Run ``python scenarios/support/derive.py`` for a table of key, value and how. ``derive()`` returns the same
values by parameter path, ``@pilot`` where the pilot differs; a triple is P10, P50, P90, shares are of 1,
durations are in days. ``SOURCES.md`` says why each is used and where it misleads; ``data/NOTICE.md`` says
where the excerpt comes from. What the two scenarios share, such as the curves of DQ4AI, is read from
`claims` beside this folder.
"""

from __future__ import annotations

import csv
import datetime
import gzip
import importlib.util
import math
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from scipy.stats import spearmanr

Value = float | tuple[float, float, float]

DATA = Path(__file__).parent / "data"
CLAIMS = Path(__file__).parents[1] / "claims" / "derive.py"
TENTHS = (0.1, 0.5, 0.9)

# Brown et al. 2005, 'Anonymous Bank': service times of calls in seconds, and the lognormal fitted to them.
MEDIAN_CALL, MEAN_CALL, CV_CALL = 225.0, 394.0, 1.21
MU_CALL, SIGMA_CALL = 5.43, 1.06
# Brynjolfsson, Li and Raymond 2025: more issues resolved in an hour with the AI's proposal at hand.
FASTER = 0.15
# Which part of a case a reviewer goes through again: a guess.
PART = (0.25, 0.5, 1.0)
# Larson et al. 2019, table 2, data condition Full: accuracy in scope and recall out of scope, in per cent.
CLASSIFIERS = {
    "FastText, trained": (89.0, 9.7),
    "SVM, trained": (91.0, 14.5),
    "CNN, trained": (91.2, 18.9),
    "DialogFlow, trained": (91.7, 14.0),
    "Rasa, trained": (91.5, 45.3),
    "MLP, trained": (93.5, 47.4),
    "BERT, trained": (96.9, 40.3),
    "SVM, threshold": (88.2, 18.0),
    "FastText, threshold": (88.6, 28.3),
    "DialogFlow, threshold": (90.8, 26.7),
    "Rasa, threshold": (90.9, 31.2),
    "CNN, threshold": (90.9, 30.9),
    "MLP, threshold": (93.4, 49.1),
    "BERT, threshold": (96.2, 52.3),
}
# Gartner 2023: share of returns and of billing disputes that chatbots resolved.
RETURNS, DISPUTES = 0.58, 0.17
# Contact data going stale in a month, and months since a record was last looked at; the months are a guess.
STALE_MONTHLY, AGES, AGE_IN_PILOT = 0.02, (3, 12, 24), 1
# SQM Group: share of callers who use two or more channels for one issue.
SEVERAL_CHANNELS = 0.20
# Levels of DQ4AI: one field in seven, one row in five, one field in seven; a connector that loses a part.
LEVELS = {"missing": 0.15, "format": 0.20, "stale": 0.15}
CONNECTOR = (0.15, 0.35, 0.50)
# HubSpot: share of customers for whom immediate means within so many minutes.
IMMEDIATE, MINUTES = 0.60, 10.0
# CAQH Index 2016: minutes of a manual task in health administration, usual and long.
USUAL, LONG = 8.0, 30.0
# BLS: median yearly wage of customer service representatives, 5/2024; hours of a year, wage in total pay.
WAGE_YEAR, HOURS_YEAR, WAGE_SHARE = 42_830.0, 2080.0, 0.705

HOW = {
    "ai.accuracy": "Larson 2019: accuracy in scope, P10/P50/P90 over 14 classifiers",
    "edge_cases.recognised": "Larson 2019: recall out of scope, likewise",
    "ai.accuracy ~ edge_cases.recognised": "Larson 2019: rank correlation of the two",
    "workflows.email.ai.accuracy": "20 news groups: share of predictions that are right",
    "ai.auroc": "20 news groups: P(confidence of a right one > of a wrong one), ties a half",
    "ai.sigma_w": "20 news groups: 1 / slope of the zROC",
    "workflows.billing disputes.ai.accuracy": "Gartner 2023: log-odds lost to returns; all, half, none of it",
    "data.missing_penalty": "DQ4AI Completeness, 15 % of the fields; P90 fit, P10 a tenth",
    "data.format_penalty": "DQ4AI ConsistentRepresentation, 20 %, likewise",
    "data.stale_penalty": "DQ4AI FeatureAccuracy, 15 %, likewise",
    "data.schema_penalty": "DQ4AI Completeness, 15, 35, 50 % of the fields",
    "data.stale@pilot": "2 % a month: looked at a month ago",
    "data.stale": "2 % a month: looked at 3, 12, 24 months ago",
    "data.duplicate": "SQM: 20 % use several channels; P90 all in a second channel, P10 a tenth",
    "workflows.chat.oversight.deadline": "HubSpot: minutes, mean of the exponential with 60 % within 10",
    "oversight.time": "Brown 2005, Brynjolfsson 2025: minutes, a quarter, half, all of a call, 15 % faster",
    "oversight.wage": "BLS: median of representatives 5/2024 with on-costs, USD per hour; low end",
    "workflows.billing disputes.oversight.time": "CAQH 2016: minutes, usual, geometric middle, long",
    "measurement.audit_cost": "Brown 2005, BLS: a mean call, listened to again",
    "drift.erosion": "Wild-Time 2022: odds lost a month; P90 a fifth in 3 years, P10 a tenth",
    "iteration.lead_time": "Algorithmia 2020: days, lognormal through 7 and 30 days",
    "governance.resolve@pilot": "BPI 2013, as in claims",
    "governance.resolve_cv@pilot": "BPI 2013, as in claims",
    "governance.resolve": "BPI 2013, as in claims",
    "governance.resolve_cv": "BPI 2013, as in claims",
}


def sibling() -> ModuleType:
    """The derivations of the scenario `claims`."""
    spec = importlib.util.spec_from_file_location("claims_derive", CLAIMS)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(CLAIMS)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


claims = sibling()


def news() -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Confidence and correctness of each prediction, shape (7532,)."""
    text = gzip.decompress((DATA / "news_confidence.csv.gz").read_bytes()).decode()
    rows = list(csv.DictReader(text.splitlines()))
    return np.array([float(r["confidence"]) for r in rows]), np.array([r["correct"] == "1" for r in rows])


def over_classifiers() -> tuple[tuple[float, float, float], tuple[float, float, float], float]:
    """Accuracy in scope and recall out of scope, P10, P50, P90, and their rank correlation."""
    table = np.array(list(CLASSIFIERS.values())) / 100.0
    right, found = (tuple(float(q) for q in np.quantile(column, TENTHS)) for column in table.T)
    return right, found, float(spearmanr(*table.T).statistic)


def of_disputes(usual: float) -> tuple[float, float, float]:
    """Accuracy on billing disputes where it is `usual` on other questions.

    What chatbots lose from returns to disputes, on the log-odds scale: all of it, half of it, none.
    """
    lost = logit(RETURNS) - logit(DISPUTES)
    low, mid, high = (float(expit(logit(usual) - part * lost)) for part in (1.0, 0.5, 0.0))
    return low, mid, high


def stale(months: float) -> float:
    """Share of records out of date that many months after they were looked at."""
    return 1.0 - (1.0 - STALE_MONTHLY) ** months


def penalties() -> dict[str, tuple[float, float, float]]:
    """Log-odds of a right decision lost by a defect, from the curves of DQ4AI."""
    out = {}
    for name, level in LEVELS.items():
        curve = claims.curve(claims.DEFECTS[name])
        out[name] = claims.middle_of(claims.log_odds_lost(curve, np.array([level])))
    return out | {"schema": claims.broken(CONNECTOR)}


def wage() -> float:
    """Loaded cost of a customer service representative for an hour."""
    return WAGE_YEAR / HOURS_YEAR / WAGE_SHARE


def derive() -> dict[str, Value]:
    """Every derived parameter of the scenario, by path; triples are P10, P50, P90."""
    accuracy, recognised, together = over_classifiers()
    score, right = news()
    lost = penalties()
    whole = MEAN_CALL / (1.0 + FASTER) / 60.0
    same = claims.derive()
    out: dict[str, Value] = {
        "ai.accuracy": accuracy,
        "edge_cases.recognised": recognised,
        "ai.accuracy ~ edge_cases.recognised": together,
        "workflows.email.ai.accuracy": float(right.mean()),
        "ai.auroc": claims.auroc(score, right),
        "ai.sigma_w": claims.sigma_wrong(score, right),
        "workflows.billing disputes.ai.accuracy": of_disputes(accuracy[1]),
        "data.stale@pilot": stale(AGE_IN_PILOT),
        "data.stale": (stale(AGES[0]), stale(AGES[1]), stale(AGES[2])),
        "data.duplicate": claims.middle_of(SEVERAL_CHANNELS / (1.0 + SEVERAL_CHANNELS)),
        "workflows.chat.oversight.deadline": -MINUTES / math.log(1.0 - IMMEDIATE),
        "oversight.time": (PART[0] * whole, PART[1] * whole, PART[2] * whole),
        "oversight.wage": wage(),
        "workflows.billing disputes.oversight.time": (USUAL, math.sqrt(USUAL * LONG), LONG),
        "measurement.audit_cost": MEAN_CALL / 3600.0 * wage(),
        "drift.erosion": claims.erosion(accuracy[1]),
        "iteration.lead_time": claims.lead_time(),
    }
    out |= {f"data.{name}_penalty": value for name, value in lost.items()}
    return {key: out[key] if key in out else same[key] for key in HOW}


def checks() -> dict[str, tuple[float, ...]]:
    """Figures beside the parameters, which SOURCES.md quotes."""
    score, right = news()
    accuracy, area, sigma = float(right.mean()), claims.auroc(score, right), claims.sigma_wrong(score, right)
    out: dict[str, tuple[float, ...]] = {
        "mean confidence, accuracy": (float(score.mean()), accuracy),
        "median, mean, cv of the fitted call": (
            math.exp(MU_CALL),
            *claims.mean_and_cv(MU_CALL, SIGMA_CALL),
        ),
    }
    for reviewed in claims.REVIEWED:
        out[f"errors captured: data, fitted sigma_w, equal variance: {reviewed:.0%}"] = (
            claims.captured(score, right, reviewed),
            claims.captured_by_fit(accuracy, area, sigma, reviewed),
            claims.captured_by_fit(accuracy, area, 1.0, reviewed),
        )
    return out


if __name__ == "__main__":
    for path, value in derive().items():
        print(f"{path:42} {claims.show(value):26} {HOW[path]}")
    window = claims.holidays(datetime.date(2026, 1, 1), datetime.date(2027, 12, 31))
    print(f"{'clock.holidays':42} {', '.join(map(str, window))}")
    print()
    for name, figures in checks().items():
        print(f"{name:82} {claims.show(figures)}")
