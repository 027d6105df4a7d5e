"""The capacity of reviewers: plans that show the cliff and the price of an hour, and what they come to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from simgap.analysis.capacity import RISK, Carried, carried, critical_shares, p_over, peaks
from simgap.analysis.controls import controlled, error_of_means
from simgap.analysis.statistics import summarise, wilson
from simgap.economics.cashflow import discounted
from simgap.economics.ledger import Window
from simgap.model.parameters import P
from simgap.model.types import Floats
from simgap.montecarlo.one import phases_of
from simgap.montecarlo.outcomes import MONTHLY
from simgap.montecarlo.plan import Plan, Results, crossed, of_variants
from simgap.scenario.values import Variant

SHARES: Floats = np.linspace(0.1, 1.0, 10)
STEPS = (1.0, 0.75, 0.5, 0.25)  # of the share that the fluid model finds: what is simulated
HALF = 0.5  # of a head, to either side: the central difference
ROUNDING = 1e-9  # of an amount's size
SHOWN = 0.005  # likewise; less is not seen in the three digits that are shown
AS_PLANNED = Variant()
FEWER, MORE, ONE_MORE = Variant(heads=-HALF), Variant(heads=HALF), Variant(heads=1.0)
# The plan of the fluid model: the present plan, its neighbours, and every share.
FLUID_VARIANTS = (AS_PLANNED, FEWER, MORE, ONE_MORE, *(Variant(adopted=float(s)) for s in SHARES))


def fluid_plan(draws: int) -> Plan:
    """Return the plan that the fluid model is asked for."""
    return crossed(FLUID_VARIANTS, draws)


def check_plan(share: float, replications: int) -> Plan:
    """Return the plan that is simulated: as planned, with one more reviewer, and at `tried` shares."""
    return crossed((AS_PLANNED, ONE_MORE, *(Variant(adopted=s) for s in tried(share))), replications)


def tried(share: float) -> list[float]:
    """Return the adopted shares that are simulated, from the one that the fluid model finds downwards."""
    return [step * share for step in STEPS] if share > 0.0 else [0.0]


def peaks_of(results: Results) -> Floats:
    """Return the highest utilisation of each trial."""
    offered, staffed = (MONTHLY.index(name) for name in ("offered_hours", "staffed_hours"))
    months = results.monthly.shape[1]
    ends = np.minimum(results.of("stopped_month"), months)
    active = [
        Window(months, go_live, end).active()
        for go_live, end in zip(results.of("go_live_month").tolist(), ends.tolist(), strict=True)
    ]
    return peaks(results.monthly[:, :, offered], results.monthly[:, :, staffed], np.array(active))


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
    forward = price(results, known, 0, 3)
    # Where there is no half a head to take away, the difference is not central.
    fewest = float(now.of("reviewers_fewest").min())
    central = _worth(*price(results, known, 1, 2)) if fewest >= HALF else None
    heads = now.of("reviewers")
    told = {
        "reviewers": {"fewest": fewest, "most": float(heads.max())},
        "carried": curve,
        "planned": {
            "share": summarise(np.array(planned))["mean"],
            "p_over": float((highest > 1.0).mean()),
            "utilisation": float(np.percentile(highest, 50.0, method="nearest")),
        },
        "hour": {
            "central": central,
            "one_more_reviewer": _worth(*forward),
            "hours": float(forward[2].mean()),
        },
        "check": None,
    }
    if simulated is not None:
        ids = [draw for _, draw, _ in now.rows]
        by_draw = dict(zip(ids, zip(*forward, strict=True), strict=True))
        told["check"] = check(simulated, known, by_draw, found.share)
    return told


def _worth(npv: Floats, cost: Floats, hours: Floats) -> dict[str, float] | None:
    """Return what an hour is worth, before its wage and net of it; None where there is no hour more."""
    each = float(hours.mean())
    if not each > 0.0:
        return None
    worth = {"before_wage": float((npv + cost).mean()) / each, "net": float(npv.mean()) / each}
    small = ROUNDING * max(map(abs, worth.values()))
    return {name: value if abs(value) > small else 0.0 for name, value in worth.items()}


def check(
    simulated: Results,
    known: Mapping[int, Draw],
    forward: Mapping[int, tuple[float, float, float]],
    share: float,
) -> dict[str, Any]:
    """Return what simulation says: the worth of one more reviewer's hours, and overload at the share found.

    The simulated differences are adjusted by those of the fluid model, whose mean over many more draws is
    known, `analysis.controls`.

    Parameters
    ----------
    simulated : Results
        Of `check_plan`.
    known : mapping
        Of `about`.
    forward : mapping
        What one more reviewer brings by the fluid model, by draw: as `price` returns it.
    share : float
        That the fluid model finds.
    """
    at = [_overload(simulated, 2 + i, s) for i, s in enumerate(tried(share))]
    npv, cost, hours = price(simulated, known, 0, 1)
    draws = [draw for variant, draw, _ in simulated.rows if variant == 0]
    told: dict[str, Any] = {
        "replications": len(draws),
        **at[0],
        "tried": at,
        "carried_simulated": max((one["share"] for one in at if one["p_over"] <= RISK), default=0.0),
        "one_more_reviewer": None,
    }
    fluid = np.array(list(forward.values()))
    expected = _worth(*fluid.T)
    if expected is None or len(draws) < 2 or not hours.mean() > 0.0:
        return told
    values = np.column_stack([npv, npv + cost, hours])
    plain = controlled(values, values[:, :0], np.zeros(0))
    mean, half = plain.mean, plain.half_width
    # Not every draw need have both: either model may have more of them, and some end early.
    paired = [i for i, draw in enumerate(draws) if draw in forward]
    if len(paired) >= 2 and len(fluid) >= 2:
        means, errors = error_of_means(_controls(fluid))
        ahead = _controls(np.array([forward[draws[i]] for i in paired]))
        held = controlled(values[paired], ahead, means, errors)
        # Where the fluid model explains little, adjusting by it only widens the interval.
        better = held.half_width < half
        mean, half = np.where(better, held.mean, mean), np.where(better, held.half_width, half)
    mean, half = mean[:2] / mean[2], half[:2] / mean[2]
    size = max(map(abs, expected.values()))
    told["one_more_reviewer"] = {
        name: _verdict(expected[name], float(mean[i]), float(half[i]), size)
        for i, name in enumerate(("net", "before_wage"))
    }
    return told


def _controls(prices: Floats) -> Floats:
    """Return what of the fluid model's `price`, Floats[n, 3], the simulated one is adjusted by."""
    return np.column_stack([prices[:, 0], prices[:, 0] + prices[:, 1]])


def _overload(simulated: Results, variant: int, share: float) -> dict[str, Any]:
    """Return how many futures are overloaded at an adopted share."""
    over = peaks_of(of_variants(simulated, [variant])) > 1.0
    return {
        "share": share,
        "p_over": float(over.mean()),
        "p_over_ci95": list(wilson(int(over.sum()), len(over))),
    }


def _verdict(expected: float, mean: float, half: float, size: float) -> dict[str, Any]:
    """Return a simulated value, and whether it agrees with an expected one.

    It is neither said nor denied, None, where the interval holds 0 or twice the expected value besides it:
    it would agree with nearly anything. What is small beside the `size` of such amounts does not count.
    """
    mean, half = (0.0 if abs(x) <= ROUNDING * size else x for x in (mean, half))
    agrees: bool | None = abs(expected - mean) <= half + SHOWN * size
    if agrees and half > SHOWN * size and half >= min(abs(mean), abs(2.0 * expected - mean)):
        agrees = None
    return {"value": mean, "ci95": [mean - half, mean + half], "agrees": agrees}
