"""Portfolios of investments against each other, on the same futures: the JSON of `simgap compare`.

Every portfolio meets the same draws and lucks, so what is compared is differences within a future. A single
interval or share holds at 95 % by itself; only `may_be_best` says something of all portfolios at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np

from simgap.analysis.statistics import (
    IntArray,
    cvar,
    may_be_best,
    proportion,
    rank_correlations,
    summarise,
)
from simgap.analysis.summary import finite, payback
from simgap.analysis.uncertainty import components
from simgap.model.types import Floats
from simgap.montecarlo.plan import Results

Portfolios = Sequence[tuple[str, tuple[str, ...]]]
ALL_PAIRS = 6  # portfolios, beyond which pairs are those of the best and of the baseline
METHOD = {
    "pairs": "Student t on paired differences, each interval at 95 % by itself",
    "may_be_best": "multiple comparisons with the best, paired, Bonferroni: 95 % for all of it",
}


def compare(portfolios: Portfolios, results: Results, baseline: str | None = None) -> dict[str, Any]:
    """Return what portfolios come to, singly and in pairs.

    Parameters
    ----------
    portfolios : sequence of (name, investments)
        In the order of the plan's variants.
    results : Results
        Of ``crossed(variants, n)``: row by row the variants of one draw, then those of the next.
    baseline : str, optional
        The portfolio that is the first to be compared with. Where it is not among the names: the one that
        costs least, the first of these.

    Returns
    -------
    dict
        JSON data. ``portfolios``, in the order given: name, investments, ``npv`` and the like as in `run`;
        ``p_best`` is the share of futures in which it is best, ties shared equally, ``regret`` the mean over
        futures of what the best of them has more. ``pairs``: those of all portfolios, or where they are more
        than six those with the best and with the baseline. ``a`` is the one with the higher mean NPV,
        ``difference`` is a - b, ``p_a_better`` counts a tie half, ``shown`` whether the interval of the mean
        excludes zero, ``uncertainty`` is as `uncertainty.components` has it, None with one luck a draw.
        ``best`` has the highest mean NPV (of equals, the one that costs less); ``against`` is the baseline,
        or where that is the best the second best. ``may_be_best``: as `statistics.may_be_best`. With one
        trial there are no intervals, and nothing is shown.

    Raises
    ------
    ValueError
        The rows are not whole draws of so many variants.
    """
    names, k = [name for name, _ in portfolios], len(portfolios)
    n = len(results.rows) // k
    if [row[0] for row in results.rows] != list(range(k)) * n:
        raise ValueError(f"the rows are not those of {k} variants on the same draws")
    blocks, draws, lucks = results.blocks[::k], results.draws, results.lucks

    def of(outcome: str) -> Floats:
        return results.of(outcome).reshape(n, k)

    npv, once, upkeep = of("realised_npv"), of("investment_once"), of("upkeep")
    mean, cost = npv.mean(axis=0), (once + upkeep).mean(axis=0)
    ranking = sorted(range(k), key=lambda i: (-mean[i], cost[i]))
    first = names.index(baseline) if baseline in names else int(np.argmin(cost))
    best = ranking[0]
    against = next((i for i in [first, *ranking] if i != best), None)
    highest = npv.max(axis=1, keepdims=True)
    wins = (npv == highest) / (npv == highest).sum(axis=1, keepdims=True)

    def share(key: str, hits: Floats) -> dict[str, Any]:
        return {key: hits.sum() / n, f"{key}_ci95": proportion(hits, blocks, draws) if n > 1 else None}

    def one(i: int) -> dict[str, Any]:
        losing = (npv[:, i] < 0.0).astype(np.float64)
        regret = summarise(highest[:, 0] - npv[:, i])
        return {
            "name": names[i],
            "investments": list(portfolios[i][1]),
            "npv": summarise(npv[:, i], blocks),
            "cashable_npv": summarise(of("cashable_npv")[:, i], blocks),
            **share("p_best", wins[:, i]),
            **share("p_negative", losing),
            **share("p_success", of("success")[:, i]),
            "regret": regret["mean"],
            "regret_p95": regret["p95"],
            "cvar5": cvar(npv[:, i]),
            "payback_months": payback(of("payback_months")[:, i]),
            "cost": cost[i],
            "cost_once": once[:, i].mean(),
            "cost_monthly_total": upkeep[:, i].mean(),
            "delay_months": of("delay_months")[:, i].mean(),
            "go_live_month": of("go_live_month")[:, i].mean(),
            "peak_funding": summarise(of("peak_funding")[:, i], blocks),
        }

    def pair(a: int, b: int) -> dict[str, Any]:
        ahead = npv[:, a] - npv[:, b]
        difference = summarise(ahead, blocks)
        parts = None
        if lucks > 1 and blocks.max() > 0:
            parts = components(ahead.reshape(-1, lucks), blocks[::lucks])
        return {
            "a": names[a],
            "b": names[b],
            "difference": difference,
            **share("p_a_better", (ahead > 0.0) + (ahead == 0.0) / 2.0),
            "uncertainty": parts,
            "shown": _excludes_zero(difference["ci95"]),
        }

    kept = may_be_best(npv, blocks)
    found = {
        "portfolios": [one(i) for i in range(k)],
        "pairs": [
            pair(a, b) for a, b in combinations(ranking, 2) if k <= ALL_PAIRS or a == best or first in (a, b)
        ],
        "best": names[best],
        "baseline": names[first],
        "against": None if against is None else names[against],
        "may_be_best": [names[i] for i in ranking if kept[i]],
        "method": METHOD,
    }
    return dict(finite(found))


def _excludes_zero(interval: Sequence[float] | None) -> bool:
    return interval is not None and bool(interval[0] > 0.0 or interval[1] < 0.0)


def contributions(
    portfolios: Portfolios, npv: Floats, blocks: IntArray | None = None
) -> list[dict[str, Any]]:
    """Return what each investment is worth, alone and in company, from the portfolios at hand.

    An investment's value is the NPV of a portfolio with it less that of the same portfolio without it. Worth
    more in company than alone, investments are complements; worth less, substitutes.

    Parameters
    ----------
    portfolios : sequence of (name, investments)
        Any. Of those with the same investments the first counts.
    npv : Floats[n, len(portfolios)]
        By future and portfolio.
    blocks : IntArray[n], optional
        Independent unit of each future.

    Returns
    -------
    list of dict
        ``name``, in the order in which the portfolios first name them, and for each None or ``mean``,
        ``ci95`` (Student's, paired by future; None with one future) and ``beside``, the investments of each
        portfolio without it: ``alone`` is beside as few others as can be had, ``in_company`` beside as many,
        ``average`` the mean over all of its pairs of portfolios, of ties the mean over them. Where all pairs
        have equally many others, they are ``alone`` if there are none, and ``in_company`` otherwise.
        ``in_company_less_alone`` has ``mean``, ``ci95`` and ``shown``, whether the interval excludes zero.
    """
    place: dict[frozenset[str], int] = {}
    for i, (_, investments) in enumerate(portfolios):
        place.setdefault(frozenset(investments), i)
    names = dict.fromkeys(name for _, investments in portfolios for name in investments)
    return [_contribution(name, portfolios, place, npv, blocks) for name in names]


def _contribution(
    name: str,
    portfolios: Portfolios,
    place: dict[frozenset[str], int],
    npv: Floats,
    blocks: IntArray | None,
) -> dict[str, Any]:
    # (others, place without it, place with it), those with few others first
    pairs = sorted(
        (len(others), i, place[others | {name}])
        for others, i in place.items()
        if name not in others and others | {name} in place
    )

    def worth(chosen: list[tuple[int, int, int]]) -> Floats:
        without, having = ([p[j] for p in chosen] for j in (1, 2))
        return np.asarray((npv[:, having] - npv[:, without]).mean(axis=1))

    def found(chosen: list[tuple[int, int, int]]) -> dict[str, Any] | None:
        if not chosen:
            return None
        beside = [list(portfolios[i][1]) for _, i, _ in chosen]
        return {**_mean_with_interval(worth(chosen), blocks), "beside": beside}

    fewest, most = (pairs[0][0], pairs[-1][0]) if pairs else (0, 0)
    alone = [p for p in pairs if p[0] == fewest and (fewest == 0 or fewest < most)]
    company = [p for p in pairs if p[0] == most > 0]
    more = _mean_with_interval(worth(company) - worth(alone), blocks) if alone and company else None
    return {
        "name": name,
        "alone": found(alone),
        "in_company": found(company),
        "average": found(pairs),
        "in_company_less_alone": more and {**more, "shown": _excludes_zero(more["ci95"])},
    }


def _mean_with_interval(values: Floats, blocks: IntArray | None) -> dict[str, Any]:
    stats = summarise(values, blocks)
    return {"mean": stats["mean"], "ci95": stats["ci95"]}


def flips(
    inputs: Sequence[str], drawn: Floats, difference: Floats, most: int = 5, draws: int | None = None
) -> list[dict[str, Any]]:
    """Return the inputs that move the preference between two portfolios most, strongest first.

    Parameters
    ----------
    inputs : sequence of str, length k
        Names of the unknowns.
    drawn : Floats[n, k]
        Their values, one row a future.
    difference : Floats[n]
        NPV of one portfolio less that of the other in the same future.
    most : int
        How many inputs to return at most.
    draws : int, optional
        Different draws among the futures; see `statistics.rank_correlations`.

    Returns
    -------
    list of dict
        ``name``, ``rank_correlation`` with the difference, ``ci95`` (the intervals of all k inputs hold
        together at 95 %), and ``told``: whether it excludes zero, so that the link is told from chance.
        Inputs that do not vary are left out; all are with fewer than four futures or a constant difference.
    """
    found = rank_correlations(drawn, difference, len(inputs), draws)
    order = [i for i in np.argsort(-np.abs(found[:, 0]), kind="stable") if np.isfinite(found[i, 0])]
    return [
        {
            "name": inputs[i],
            "rank_correlation": float(found[i, 0]),
            "ci95": found[i, 1:].tolist(),
            "told": _excludes_zero(found[i, 1:].tolist()),
        }
        for i in order[:most]
    ]
