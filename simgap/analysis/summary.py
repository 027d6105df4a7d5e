"""The summary of a run, as the JSON of `simgap run`; plain data made of the results alone."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from simgap.analysis.head import head
from simgap.analysis.outside import lifts_of, outside_view
from simgap.analysis.statistics import (
    cvar,
    fieller_ratio,
    histogram_quantile,
    proportion,
    rank_correlations,
    summarise,
)
from simgap.analysis.survival import kaplan_meier, survival_quantile
from simgap.analysis.uncertainty import METHOD, components
from simgap.analysis.words import POINTS
from simgap.economics.ledger import LINES
from simgap.engines.physics import CHANGES, TRIGGER_COLUMNS, wait_edges
from simgap.model.governance import LEVELS, RESTRICTED
from simgap.model.types import Floats, Ints
from simgap.montecarlo.outcomes import MONTHLY, PER_WORKFLOW
from simgap.montecarlo.plan import Results
from simgap.scenario.portfolios import concerns, members
from simgap.scenario.values import inputs, row_of
from simgap.scenario.words import READERS

# Months of the dashboard, and what is counted in production: names of the JSON, and of outcomes behind n_.
BY_MONTH = ("accuracy_shown", "accuracy_true", "net_shown", "oversight_per_item")
EVENTS = (
    "shocks",
    "schema_changes",
    "births",
    "audited",
    "alarms",
    "false_alarms",
    "changes",
    "changes_done",
    "hired",
)
BOUGHT = {"once": "investment_once", "upkeep": "upkeep", "delay_months": "delay_months"}
SPREAD = ("realised_npv", "projected_npv", "gap")  # what is taken apart by the two kinds of uncertainty
SETTINGS = ("money", "clock", "board", "base")  # groups of choices, not of claims about the world


def finite(value: Any) -> Any:
    """Return data as JSON can hold it: numbers that are not finite become null, numpy's become plain.

    Examples
    --------
    >>> finite({"a": [1.0, float("inf")], "b": np.float64(2.0)})
    {'a': [1.0, None], 'b': 2.0}
    """
    if isinstance(value, Mapping):
        return {key: finite(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [finite(v) for v in value]
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value


def _percentiles_with_never(values: Floats) -> dict[str, float]:
    """Return P5, P50, P95 of numbers that may be infinite: observed values, so nothing is interpolated."""
    p = np.percentile(values, [5, 50, 95], method="inverted_cdf")
    return dict(zip(("p5", "p50", "p95"), map(float, p), strict=True))


def payback(months: Floats) -> dict[str, float]:
    """Return the share of trials that never pay back, and percentiles of the months; never is infinite."""
    return {"p_never": float(np.isinf(months).mean()), **_percentiles_with_never(months)}


def _ratio(results: Results, part: str, whole: str) -> float:
    total = float(results.of(whole).sum())
    return float(results.of(part).sum()) / total if total else math.nan


def _mean_known(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else math.nan


def _irr(rates: Floats) -> dict[str, Any]:
    known = rates[np.isfinite(rates)]
    shown = _percentiles_with_never(known) if len(known) else dict.fromkeys(("p5", "p50", "p95"))
    return {"p_undefined": 1.0 - len(known) / len(rates), **shown}


def _waits(total_hours: float, counts: Ints) -> dict[str, float]:
    number = counts.sum()
    edges = wait_edges()
    return {
        "mean": total_hours / number if number else math.nan,
        "p50": histogram_quantile(counts, edges, 0.5),
        "p95": histogram_quantile(counts, edges, 0.95),
    }


def operations(results: Results) -> dict[str, Any]:
    """Return the rates of production, pooled over trials: ratios of sums, not means of ratios."""
    total = {
        name.removeprefix("n_"): float(results.of(name).sum()) for name in results.names if name[:2] == "n_"
    }

    def ratio(part: float, whole: float) -> float:
        return part / whole if whole else math.nan

    worked = total["items"] + total["duplicates"]
    sent = total["items"] - total["suspended"] - total["declined"]
    level_hours = [total[f"level_{word}"] for word in LEVELS]
    autonomy = {word: ratio(h, sum(level_hours)) for word, h in zip(LEVELS, level_hours, strict=True)}
    cost = results.of("oversight_cost").sum() + results.of("exception_cost").sum()
    return {
        "items": total["items"] / len(results.rows),
        "straight_through_rate": ratio(total["straight"], sent),
        "review_share": ratio(total["queued"], worked),
        "review_share_by_trigger": {
            c.name.removeprefix("TRIGGER_").lower(): ratio(total[c.name.lower()], worked)
            for c in TRIGGER_COLUMNS
        },
        "edge_case_share": ratio(total["edge_cases"], sent),
        "exception_share": ratio(total["exceptions"], sent),
        "duplicate_share": ratio(total["duplicates"], worked),
        "fallback_share": ratio(total["fallback"], total["items"]),
        "lost_share": ratio(total["lost"], total["items"]),
        "suspended_share": ratio(total["suspended"], total["items"]),
        "declined_share": ratio(total["declined"], total["items"]),
        "ai_wait_hours": ratio(total["ai_wait"], total["ai_served"]),
        "ai_backlog_peak": float(results.of("ai_backlog_peak").mean()),
        "reviewer_utilisation": ratio(total["used"], total["capacity"]),
        "review_hours_offered_per_staffed_hour": ratio(total["offered"], total["capacity"]),
        "reviewers_needed_peak": float(results.of("reviewers_needed_peak").mean()),
        "backlog_peak": float(results.of("backlog_peak").mean()),
        "review_wait_hours": _waits(total["wait"], results.waits[0, 0]),
        "review_wait_wall_hours": _waits(total["wall_wait"], results.waits[0, 1]),
        "deadline_miss_rate": ratio(total["deadline_missed"], total["queued"]),
        "specialist_share": ratio(total["specialist_queued"], total["queued"]),
        "specialist_utilisation": ratio(total["specialist_used"], total["specialist_capacity"]),
        "specialist_wait_hours": ratio(total["specialist_wait"], total["specialist_queued"]),
        "specialist_deadline_miss_rate": ratio(
            total["specialist_deadline_missed"], total["specialist_queued"]
        ),
        "escaped_error_rate": ratio(total["escaped"], sent),
        "escaped_error_rate_of_all_items": ratio(total["escaped"], total["items"]),
        "escaped_errors": total["escaped"] / len(results.rows),
        "ended_after_window_share": ratio(total["late"], total["items"]),
        "pilot_items": total["pilot_items"] / len(results.rows),
        "caught_share_of_reviewed_errors": ratio(total["caught"], total["caught"] + total["escaped_missed"]),
        "incidents": total["incidents"] / len(results.rows),
        "latent_incidents": total["latent_incidents"] / len(results.rows),
        "problems": total["problems"] / len(results.rows),
        "restricted_time_share": sum(autonomy[word] for word in LEVELS[RESTRICTED:]),
        "autonomy_time_share": autonomy,
        "oversight_cost_per_item": ratio(float(cost), total["items"]),
    }


def dashboard(resolved: Mapping[str, Any], results: Results) -> dict[str, Any]:
    """Return what the dashboard shows beside what is true, on the whole and by month.

    Means over the trials in which there is something to show; money is not discounted, and without sums paid
    once.
    """
    leaf = resolved["parameters"]["measurement.basis"]
    reported = _mean_known(results.of("accuracy_reported"))
    shown = reported
    if leaf.get("value", leaf.get("production")) == "workflow_outcomes":
        shown = 1.0 - _ratio(results, "n_audit_faulted", "n_audited")
    true_net = results.monthly[:, :, MONTHLY.index("net")] - results.monthly[:, :, MONTHLY.index("one_off")]
    months = {name: _known_means(results.monthly[:, :, MONTHLY.index(name)]) for name in BY_MONTH}
    return {
        "accuracy_reported": reported,
        "accuracy_shown": shown,
        "accuracy_true": _mean_known(results.of("accuracy_true")),
        "by_month": {**months, "net_true": true_net.mean(axis=0).tolist()},
    }


def production(results: Results) -> dict[str, Any]:
    """Return what production did besides single items, as means over trials unless the key says otherwise."""
    n, months = len(results.rows), results.monthly.shape[1]
    stopped = results.of("stopped_month")
    return {
        **{name: float(results.of(f"n_{name}").sum()) / n for name in EVENTS},
        "drift_log_odds_at_end": float(results.of("drift_at_end").mean()),
        "audits_faulted_share": _ratio(results, "n_audit_faulted", "n_audited"),
        "changes_by_kind": {
            c.name.removeprefix("CHANGES_").lower(): float(results.of(f"n_{c.name.lower()}").sum()) / n
            for c in CHANGES
        },
        "changes_open_at_month_end": float(results.of("n_changes_open").sum()) / n / months,
        "change_lead_time_hours": _ratio(results, "n_change_lead", "n_changes_done"),
        "time_to_detect": time_to_detect(results),
        "p_stopped": float(np.isfinite(stopped).mean()),
        "stopped_month": _mean_known(stopped),
    }


def time_to_detect(results: Results) -> dict[str, Any] | None:
    """Return how soon the first spell of drift is seen: Kaplan-Meier over trials, in months.

    Trials whose window ends first, or whose model was retrained for another reason, are censored. None where
    nothing drifts. The interval takes trials as independent, and is left out where they are not.
    """
    hours, observed = results.of("detection_hours"), results.of("detected")
    known = np.isfinite(hours)
    if not known.any():
        return None
    curve = kaplan_meier(hours[known] / 730.0, observed[known] > 0.5)
    median, *ends = survival_quantile(curve)
    return {
        "trials": int(known.sum()),
        "detected_share": float(observed[known].mean()),
        "p50_months": median,
        "p50_ci95": ends if results.independent else [math.nan, math.nan],
    }


def _known_means(table: Floats) -> list[float]:
    """Return the means of columns over the rows in which each is known; nan where it never is."""
    known = np.isfinite(table)
    number = known.sum(axis=0)
    sums = np.where(known, table, 0.0).sum(axis=0)
    means = np.divide(sums, number, out=np.full(len(sums), math.nan), where=number > 0)
    return [float(mean) for mean in means]


def workflows(names: Sequence[str], results: Results) -> list[dict[str, Any]]:
    """Return what became of the items of each workflow, pooled over trials, in the order of the file."""
    found = []
    for name, row in zip(names, results.workflows.sum(axis=0).tolist(), strict=True):
        total = dict(zip(PER_WORKFLOW, row, strict=True))

        def share(part: str, whole: str, total: Mapping[str, float] = total) -> float:
            return total[part] / total[whole] if total[whole] else math.nan

        found.append(
            {
                "name": name,
                "items": total["items"] / len(results.rows),
                "straight_through_rate": share("straight", "sent"),
                "escaped_error_rate": share("escaped", "sent"),
                "fallback_share": share("fallback", "items"),
                "net_benefit": total["net_benefit"] / len(results.rows),
            }
        )
    return found


def ended(results: Results) -> dict[str, Any]:
    """Return how many replications ended early, by reason, and the draws that are left out for it."""
    return {"backlog_limit": len(results.ended), "draws": sorted({draw for _, draw, _ in results.ended})}


def monthly_means(results: Results) -> dict[str, Floats]:
    """Return the mean over trials of every monthly quantity."""
    means = results.monthly.mean(axis=0)
    return {name: means[:, i] for i, name in enumerate(MONTHLY)}


def cumulative_cash(results: Results, name: str = "cash") -> Floats:
    """Return cumulative cash by trial: after the sums paid at the decision, then at the end of each month.

    Parameters
    ----------
    results : Results
        Of a plan with one variant.
    name : str
        Column of `MONTHLY`: ``cash`` (after tax, the benefit that becomes cash), or ``projected``.
    """
    flow = results.monthly[:, :, MONTHLY.index(name)]
    start = results.monthly[:, :1, MONTHLY.index("one_off")] * (name != "projected")
    return np.concatenate([start, np.cumsum(flow, axis=1)], axis=1)


def guesses(
    resolved: Mapping[str, Any],
    pilots: Collection[str] | None = None,
    investments: Collection[str] | None = None,
) -> tuple[int, int]:
    """Return how many of the numbers stated about the world are guesses, and how many there are.

    Parameters
    ----------
    resolved : mapping
        The resolved scenario.
    pilots, investments : collection of str, optional
        Those that are run and bought, by default all: what the others say does not count. What an investment
        changes has no source in the file, and is a guess.
    """
    pilots = resolved["pilots"] if pilots is None else pilots
    investments = resolved["investments"] if investments is None else investments
    strengths = [
        leaf["strength"]
        for path, leaf in resolved["parameters"].items()
        if leaf["stated"]
        and row_of(path).group not in SETTINGS
        and row_of(path).unit not in READERS
        and concerns(path, pilots, investments)
    ]
    changes = sum(
        row_of(path).unit not in READERS
        for name in investments
        for path in resolved["investments"][name]["change"]
    )
    return strengths.count("guess") + changes, len(strengths) + changes


def input_links(resolved: Mapping[str, Any], results: Results) -> list[dict[str, Any]]:
    """Return the inputs with their rank correlation with realised NPV, strongest first.

    The intervals hold together at 95 %, so that among many inputs none stands out by chance alone.
    """
    npv, draws = results.of("realised_npv"), results.draws
    correlations = rank_correlations(results.drawn, npv, len(results.inputs), draws)
    strengths = {i["name"]: i["strength"] for i in inputs(resolved)}
    order = np.argsort(-np.nan_to_num(np.abs(correlations[:, 0])), kind="stable")
    return [
        {
            "name": results.inputs[i],
            "rank_correlation": float(correlations[i, 0]),
            "ci95": [float(end) for end in correlations[i, 1:]],
            "strength": strengths[results.inputs[i]],
        }
        for i in order
    ]


def summary(resolved: Mapping[str, Any], results: Results, seed: int, version: str) -> dict[str, Any]:
    """Return the summary of a run.

    Parameters
    ----------
    resolved : mapping
        The resolved scenario.
    results : Results
        Of a plan with one variant.
    seed : int
        Of the study.
    version : str
        Of simgap.

    Returns
    -------
    dict
        The keys of `simgap run --json`, without provenance. Times are in hours unless the key says otherwise.
    """
    realised, projected = results.of("realised_npv"), results.of("projected_npv")
    n = len(realised)
    blocks, draws = results.blocks, results.draws
    losing, winning = (realised < 0.0).astype(np.float64), results.of("success")
    npv = summarise(realised, blocks)
    half_width = (npv["ci95"][1] - npv["ci95"][0]) / 2.0 if npv["ci95"] else None
    pilot, carried, others = members(resolved)
    bought = (*carried, *others)
    guessed, stated = guesses(resolved, (pilot,), bought)
    flow = monthly_means(results)
    median_cash = np.median(cumulative_cash(results), axis=0)
    deepest = int(np.argmin(median_cash))
    return dict(
        finite(
            {
                **head_of(resolved, results, seed),
                "version": version,
                "pilot": pilot,
                "bought": {
                    "investments": [name for name in resolved["investments"] if name in bought],
                    **{key: float(results.of(outcome).mean()) for key, outcome in BOUGHT.items()},
                },
                "projected": {"npv": summarise(projected, blocks)},
                "realised": {
                    "npv": npv,
                    "cashable_npv": summarise(results.of("cashable_npv"), blocks),
                    "p_negative": losing.sum() / n,
                    "p_negative_ci95": proportion(losing, blocks, draws),
                    "p_success": winning.sum() / n,
                    "p_success_ci95": proportion(winning, blocks, draws),
                    "cvar5": cvar(realised),
                    "payback_months": payback(results.of("payback_months")),
                    "discounted_payback_months": payback(results.of("discounted_payback_months")),
                    "irr": _irr(results.of("irr")),
                    "peak_funding": summarise(results.of("peak_funding"), blocks),
                    "median_path": {"deepest": max(0.0, -float(median_cash[deepest])), "month": deepest},
                },
                "gap": summarise(results.of("gap"), blocks),
                "realisation_ratio": fieller_ratio(realised, projected, blocks)
                if projected.mean() > 0.0
                else None,
                "operations": operations(results),
                "workflows": workflows(resolved["workflows"], results),
                "dashboard": dashboard(resolved, results),
                "production": production(results),
                "ledger": {name: float(flow[name].sum()) for name in LINES},
                "reviewers": _reviewers(results, flow),
                "inputs": input_links(resolved, results),
                "guesses": {"guessed": guessed, "stated": stated},
                "uncertainty": uncertainty(results),
                "outside_view": outside_view(
                    resolved, realised, projected, lifts_of(resolved, results.inputs, results.drawn)
                ),
                "precision": {
                    "metric": "realised.npv.mean",
                    "half_width": half_width,
                    "confidence": 0.95,
                    "method": method(results),
                    "reached": None,
                    "target": None,
                    "looks": [],
                },
            }
        )
    )


def head_of(resolved: Mapping[str, Any], results: Results, seed: int) -> dict[str, Any]:
    """Return what the JSON of every command that simulates many trials begins with."""
    return head(
        resolved,
        seed=seed,
        replications=len({row[1:] for row in results.rows}),
        design=design(results),
        ended=ended(results),
        engine=results.engine,
    )


def design(results: Results) -> dict[str, Any]:
    """Return how the unknowns were drawn: as many randomisations as there are independent units."""
    return {
        "name": results.design.name,
        "randomisations": int(results.blocks.max()) + 1,
        "points": results.design.points,
        "lucks": results.lucks,
    }


def method(results: Results) -> str:
    """Return how the interval of a mean is made."""
    about = design(results)
    units, points, lucks = about["randomisations"], about["points"], about["lucks"]
    each = f", {lucks} lucks a draw" * (lucks > 1)
    if about["name"] in POINTS:
        kind = POINTS[about["name"]]
        return f"Student t on the means of {units} randomisations of {points} {kind}{each}"
    if lucks > 1:
        return f"Student t on the means of {units} draws of the unknowns{each}"
    return "Student t, one draw of the unknowns and one luck a trial"


def uncertainty(results: Results) -> dict[str, Any] | None:
    """Return how much of the spread is what is not known, and how much luck.

    Parameters
    ----------
    results : Results
        Of a plan with one variant.

    Returns
    -------
    dict or None
        ``draws``, ``lucks``, ``method``, and `uncertainty.components` of each of `SPREAD`; None with one luck
        a draw, or one independent unit.
    """
    units = results.blocks[:: results.lucks]
    if results.lucks < 2 or units.max() == 0:
        return None
    found = {name: components(results.of(name).reshape(len(units), -1), units) for name in SPREAD}
    return {"draws": len(units), "lucks": results.lucks, "method": METHOD, **found}


def _reviewers(results: Results, flow: Mapping[str, Floats]) -> dict[str, Any]:
    """Return when the work offered first exceeds the staffed hours, as a mean over trials; None for never."""
    over = np.flatnonzero(flow["offered_hours"] > flow["staffed_hours"])
    unstaffed = np.flatnonzero((flow["offered_hours"] > 0.0) & (flow["staffed_hours"] == 0.0))
    active = float(results.of("n_active_months").mean())
    return {
        "reviewers": float(results.of("reviewers").mean()),
        "reviewers_fewest": float(results.of("reviewers_fewest").mean()),
        "overloaded_share": float((results.of("n_offered") > results.of("n_capacity")).mean()),
        "overloaded_from_month": int(over[0]) + 1 if len(over) else None,
        "unstaffed_from_month": int(unstaffed[0]) + 1 if len(unstaffed) else None,
        "offered_hours_per_month": float(flow["offered_hours"].sum()) / active,
        "staffed_hours_per_month": float(flow["staffed_hours"].sum()) / active,
    }
