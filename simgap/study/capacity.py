"""The capacity of reviewers: plans that show the cliff and the price of an hour, and what they come to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from simgap.analysis.capacity import RISK, Carried, carried, critical_shares, p_over, peaks
from simgap.analysis.controls import controlled, error_of_means
from simgap.analysis.statistics import summarise, wilson
from simgap.economics.cashflow import discounted
from simgap.model.parameters import P
from simgap.model.types import Floats
from simgap.montecarlo.one import phases_of
from simgap.montecarlo.outcomes import MONTHLY
from simgap.montecarlo.plan import Plan, Results, crossed, of_variants
from simgap.scenario.values import Variant

SHARES: Floats = np.linspace(0.1, 1.0, 10)
HALF = 0.5  # of a head, to either side: the central difference
AS_PLANNED = Variant()
FEWER, MORE, ONE_MORE = Variant(heads=-HALF), Variant(heads=HALF), Variant(heads=1.0)
# The plan of the fluid model: the present plan, its neighbours, and every share.
FLUID_VARIANTS = (AS_PLANNED, FEWER, MORE, ONE_MORE, *(Variant(adopted=float(s)) for s in SHARES))


def fluid_plan(draws: int) -> Plan:
    """Return the plan that the fluid model is asked for."""
    return crossed(FLUID_VARIANTS, draws)


def check_plan(share: float, replications: int) -> Plan:
    """Return the plan that is simulated: as planned, with one more reviewer, and at the share found."""
    return crossed((AS_PLANNED, ONE_MORE, Variant(adopted=share)), replications)


def peaks_of(results: Results) -> Floats:
    """Return the highest utilisation of each trial."""
    offered, staffed = (MONTHLY.index(name) for name in ("offered_hours", "staffed_hours"))
    return peaks(results.monthly[:, :, offered], results.monthly[:, :, staffed])


class Draw(NamedTuple):
    """What is read from the phases of a draw: adopted share by plan, discount rate, tax."""

    share: float
    rate: float
    tax: float


def about(resolved: Mapping[str, Any], seed: int, draws: Iterable[int]) -> dict[int, Draw]:
    """Return what is read from the phases of each draw, as planned."""
    found = {}
    for draw in draws:
        phases = phases_of(resolved, seed, draw)
        flows = phases.production.workflows
        items = np.array([flow.levels[-1] + flow.waiting for flow in flows])
        ceilings = np.array([flow.p[P.CEILING] for flow in flows])
        share = float(np.average(ceilings, weights=items if items.any() else None))
        general = phases.general
        found[draw] = Draw(share, float(general["money.discount"]), float(general["money.tax"]))
    return found


def people(results: Results, known: Mapping[int, Draw]) -> Floats:
    """Return what people and audits cost in each trial, as a present value after tax."""
    columns = [MONTHLY.index(name) for name in ("oversight", "exceptions")]
    cost = -results.monthly[:, :, columns].sum(axis=2)
    values = np.empty(len(cost))
    for i, (row, (_, draw, _)) in enumerate(zip(cost, results.rows, strict=True)):
        of = known[draw]
        values[i] = (1.0 - of.tax) * discounted(row, np.zeros_like(row), of.rate).sum()
    return values


def price(results: Results, known: Mapping[int, Draw], less: int, more: int) -> tuple[Floats, Floats, Floats]:
    """Return by draw what a variant with more heads has more: NPV, people's cost, and staffed hours.

    Parameters
    ----------
    results : Results
        Of paired trials.
    known : mapping
        Of `about`.
    less, more : int
        Variants.
    """
    sides = [of_variants(results, [variant]) for variant in (less, more)]
    npv, cost, hours = (
        [read(side) for side in sides]
        for read in (
            lambda side: side.of("realised_npv"),
            lambda side: people(side, known),
            lambda side: side.of("n_capacity"),
        )
    )
    return npv[1] - npv[0], cost[1] - cost[0], hours[1] - hours[0]


def cliff(results: Results) -> tuple[Carried, dict[str, Any]]:
    """Return the largest share that is carried, and what is said of the curve."""
    first = 4  # variants before those of the shares
    highest = np.stack([peaks_of(of_variants(results, [first + i])) for i in range(len(SHARES))], axis=1)
    critical = critical_shares(SHARES, highest)
    found = carried(critical)
    return found, {
        "share": found.share,
        "ci95": list(found.ci95),
        "risk": RISK,
        "never_over": bool(not np.isfinite(critical).any()),
        "shares": SHARES.tolist(),
        "p_over": p_over(critical, SHARES).tolist(),
        "utilisation": {
            "p5": _quantiles(highest, 5.0),
            "p50": _quantiles(highest, 50.0),
            "p95": _quantiles(highest, 95.0),
        },
    }


def _quantiles(values: Floats, rank: float) -> list[float]:
    return [float(v) for v in np.percentile(values, rank, axis=0, method="nearest")]


def summary(
    resolved: Mapping[str, Any], seed: int, results: Results, simulated: Results | None
) -> dict[str, Any]:
    """Return what is said of the capacity of a scenario's reviewers.

    Parameters
    ----------
    resolved : mapping
        The resolved scenario.
    seed : int
        Of the study.
    results : Results
        Of `fluid_plan`.
    simulated : Results, optional
        Of `check_plan`.
    """
    found, curve = cliff(results)
    now = of_variants(results, [0])
    draws = {draw for _, draw, _ in (*results.rows, *(simulated.rows if simulated else ()))}
    known = about(resolved, seed, sorted(draws))
    planned = [known[draw].share for _, draw, _ in now.rows]
    highest = peaks_of(now)
    central = price(results, known, 1, 2)
    forward = price(results, known, 0, 3)
    heads = now.of("reviewers")
    told = {
        "reviewers": {"fewest": float(now.of("reviewers_fewest").min()), "most": float(heads.max())},
        "carried": curve,
        "planned": {
            "share": summarise(np.array(planned))["mean"],
            "p_over": float((highest > 1.0).mean()),
            "utilisation": float(np.percentile(highest, 50.0, method="nearest")),
        },
        "hour": {
            "central": _worth(*central),
            "one_more_reviewer": _worth(*forward),
            "hours": float(forward[2].mean()),
        },
        "check": None,
    }
    if simulated is not None:
        told["check"] = check(simulated, known, forward, found.share)
    return told


def _worth(npv: Floats, cost: Floats, hours: Floats) -> dict[str, float] | None:
    """Return what an hour is worth, before its wage and net of it; None where there is no hour more."""
    each = float(hours.mean())
    if not each > 0.0:
        return None
    return {"before_wage": float((npv + cost).mean()) / each, "net": float(npv.mean()) / each}


def check(
    simulated: Results, known: Mapping[int, Draw], forward: tuple[Floats, Floats, Floats], share: float
) -> dict[str, Any]:
    """Return what simulation says: the worth of one more reviewer's hours, and overload at the share found.

    The simulated differences are adjusted by those of the fluid model, whose mean over many more draws is
    known, `analysis.controls`.
    """
    npv, cost, hours = price(simulated, known, 0, 1)
    draws = [draw for variant, draw, _ in simulated.rows if variant == 0]
    n, each = len(draws), float(hours.mean())
    over = peaks_of(of_variants(simulated, [2])) > 1.0
    told: dict[str, Any] = {
        "replications": n,
        "p_over": float(over.mean()),
        "p_over_ci95": list(wilson(int(over.sum()), n)),
        "share": share,
        "one_more_reviewer": None,
    }
    if n < 2 or not each > 0.0:
        return told
    ahead = np.column_stack([forward[0], forward[0] + forward[1]])
    values = np.column_stack([npv, npv + cost])
    means, errors = error_of_means(ahead)
    held = controlled(values, ahead[draws], means, errors)
    plain = controlled(values, ahead[draws][:, :0], means[:0])
    # Where the fluid model explains little, adjusting by it only widens the interval.
    better = held.half_width < plain.half_width
    mean = np.where(better, held.mean, plain.mean) / each
    half = np.where(better, held.half_width, plain.half_width) / each
    expected = means / each
    told["one_more_reviewer"] = {
        name: {
            "value": float(mean[i]),
            "ci95": [float(mean[i] - half[i]), float(mean[i] + half[i])],
            "agrees": bool(abs(expected[i] - mean[i]) <= half[i]),
        }
        for i, name in enumerate(("net", "before_wage"))
    }
    return told
