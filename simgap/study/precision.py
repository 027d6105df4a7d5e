"""A study that runs until its result is known well enough: looks, decides, and simulates on."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from simgap.analysis import sequential
from simgap.analysis.sequential import Look, Metric, Target
from simgap.analysis.summary import finite
from simgap.defaults import DESIGN, LUCKS, MOST_REPLICATIONS
from simgap.errors import InputError
from simgap.model.types import Floats
from simgap.montecarlo.plan import Plan, Pool, Results, crossed
from simgap.report.precision import glimpse
from simgap.scenario.units import UNITS, Wrong, quantity, show
from simgap.scenario.values import Variant
from simgap.study.limits import refusal

OPTION, OF = "--precision", "--precision-of"
MONEY = "a half-width above 0, such as 50000, 50k or 5 % of the estimate"
SHARE = "a half-width above 0 and below 0.5, such as 0.02 for two points"
LARGEST = 1e18  # of a half-width; see `setting.MOST_MONEY`

Simulate = Callable[[Plan, Results | None, Pool, Callable[[int, int], None]], Results]


@dataclass(frozen=True)
class Asked:
    """What is to be known, and how well.

    Attributes
    ----------
    name : str
        Key of `sequential.METRICS`, or ``difference``.
    metric : Metric
        What it stands for.
    target : Target
        How well.
    most : int
        Trials that may be run for it.
    """

    name: str
    metric: Metric
    target: Target
    most: int

    @property
    def first(self) -> int:
        """Trials before the first look."""
        return sequential.FIRST

    def values(self, results: Results, variants: int) -> Floats:
        """Return a number a finished draw: of several variants, that of the first less that of the second."""
        outcome = results.of(self.metric.outcome).reshape(-1, variants)
        return self.metric.values(outcome[:, 0] if variants == 1 else outcome[:, 0] - outcome[:, 1])


def asked(
    precision: str | float | None, name: str | None, replications: int | None, design: str, lucks: int
) -> Asked | None:
    """Return what is asked for; arguments as of `Case.run`, ``difference`` being that of `Case.compare`.

    Returns
    -------
    Asked or None
        None where no precision is.

    Raises
    ------
    InputError
        The half-width cannot be read or is no half-width of this outcome, there is no such outcome, fewer
        trials are allowed than the first look needs, or trials would not be independent of each other.
    """
    if precision is None:
        if name not in (None, "difference"):
            raise refusal(OF, f"says of what, and not how well {name} is to be known", f"{OPTION} beside it")
        return None
    if design != DESIGN or lucks != LUCKS:
        option, value = ("--lucks", f"{lucks}") if design == DESIGN else ("--design", design)
        what = f"{value} makes trials that depend on each other, and {OPTION} looks at one after the other"
        raise refusal(option, what, f"{DESIGN if option == '--design' else LUCKS}, or no {OPTION}")
    name = name or "npv"
    metric = {**sequential.METRICS, "difference": sequential.DIFFERENCE}.get(name)
    if metric is None:
        raise refusal(OF, show(name), f"one of {', '.join(sequential.METRICS)}")
    target = _target(str(precision), metric)
    most = MOST_REPLICATIONS if replications is None else replications
    if most < sequential.FIRST:
        what = f"{most} are fewer than {OPTION} looks at first"
        raise refusal("--replications", what, f"{sequential.FIRST} or more, the most that may be run")
    return Asked(name, metric, target, most)


def _target(text: str, metric: Metric) -> Target:
    share = metric.kind == "probability"
    allowed = SHARE if share else MONEY
    try:
        number, phrase = quantity(text, UNITS["money"])
    except Wrong as error:
        raise refusal(OPTION, error.what, allowed) from None
    if phrase not in ("", "%"):
        raise refusal(OPTION, f"{show(phrase)} is not a unit here", allowed)
    if share and phrase:
        what = f"{show(text)} of a share may mean points, or a part of the share itself"
        raise refusal(OPTION, what, SHARE)
    if not 0 < number < (1 if phrase else 0.5 if share else LARGEST) * (100 if phrase else 1):
        raise refusal(OPTION, f"{show(text)} is out of range", allowed)
    return Target(float(number) / (100.0 if phrase else 1.0), bool(phrase))


def simulate(
    asked: Asked,
    variants: tuple[Variant, ...],
    evaluate: Simulate,
    check: Callable[[int], None],
    progress: Callable[[int, int], None],
    said: Callable[[str], None],
) -> tuple[Results, dict[str, Any], int]:
    """Simulate until the farther end of the interval is near enough, or no more trials may be run.

    Parameters
    ----------
    asked : Asked
        The outcome, and how well it is to be known.
    variants : tuple of Variant
        One; or those whose difference is to be known, the first less the second, and perhaps more.
    evaluate : callable
        Evaluates a plan that extends results, by processes of a pool; told of progress.
    check : callable
        Refuses so many trials as an `InputError`.
    progress : callable
        Told (finished, all up to the next look) after each trial.
    said : callable
        Told in words what is seen at each look.

    Returns
    -------
    results : Results
        The same bits as those of a plain plan of as many draws. After a keyboard interrupt, of what was
        finished.
    precision : dict
        JSON data: ``precision`` of `run` and `compare`.
    n : int
        Draws, those that ended with `backlog_limit` included.

    Raises
    ------
    InputError
        The outcome is a difference, and there is one variant.
    KeyboardInterrupt
        Interrupted before the first trial was finished.
    """
    metric, target = asked.metric, asked.target
    if len(variants) == 1 and metric is sequential.DIFFERENCE:
        raise refusal(OF, show(asked.name), f"one of {', '.join(sequential.METRICS)}")
    looks: list[Look] = []
    results: Results | None = None
    have, n, alpha, why = 0, sequential.FIRST, sequential.spending(0), ""
    try:
        with Pool() as pool:
            while True:
                plan = crossed(variants, n, start=have)
                before = have * len(variants)
                results = evaluate(plan, results, pool, _after(before, progress))
                seen = asked.values(results, len(variants))
                # Stopped by hand, one looks once more, but the rule has not said that this is enough.
                look = sequential.looked(metric, seen, target, looks, 0.0 if results.stopped else alpha)
                looks.append(look)
                have = n
                if look.reached or results.stopped or have >= asked.most:
                    break
                ended = have / len(seen)  # draws that it takes to finish one
                most = max(len(seen) + 1, int(asked.most / ended))
                step, alpha = sequential.ahead(metric, seen, target, looks, most)
                n = asked.most if step >= most else min(asked.most, max(have + 1, math.ceil(step * ended)))
                said(glimpse(metric.kind, look.n, look.estimate, look.half_width, n))
                try:
                    predicted, _ = sequential.needed(metric, seen, target, sequential.upcoming(looks))
                    check(int(max(n, min(asked.most, predicted * ended))))
                except InputError as error:
                    why = error.problems[0].what
                    break
        said(glimpse(metric.kind, look.n, look.estimate, look.half_width))
    except KeyboardInterrupt:
        if results is None:
            raise
        # Between evaluations; what they came to is kept. Trials that were looked at need no other look.
        results, have = replace(results, stopped=True, complete=False), n
        seen = asked.values(results, len(variants))
        if not looks or looks[-1].n < len(seen):
            looks.append(sequential.looked(metric, seen, target, looks, 0.0))
    return results, _told(asked, seen, looks, why), have


def _after(before: int, progress: Callable[[int, int], None]) -> Callable[[int, int], None]:
    """Return the progress of trials that come after others."""
    return lambda done, total: progress(before + done, before + total)


def _told(asked: Asked, seen: Floats, looks: list[Look], why: str) -> dict[str, Any]:
    last, metric, target = looks[-1], asked.metric, asked.target
    predicted, _ = sequential.needed(metric, seen, target, sequential.upcoming(looks))
    method = (
        f"alpha spending over the looks, {sequential.METHODS[metric.kind]}: holds although one stops on "
        "looking; one draw of the unknowns and one luck a trial"
    )
    found = {
        "metric": metric.path,
        "of": asked.name,
        "estimate": last.estimate,
        "interval": [last.low, last.high],
        "half_width": last.half_width,
        "confidence": 1.0 - sequential.MISS,
        "method": method,
        "reached": last.reached,
        "constant": last.low == last.high,
        "target": target.of(last.estimate),
        "target_share": target.size if target.relative else None,
        "trials_needed": None if last.reached or math.isinf(predicted) else math.ceil(predicted),
        "most": asked.most,
        "refused": why or None,
        "looks": [
            {
                "n": x.n,
                "alpha": x.alpha,
                "estimate": x.estimate,
                "half_width": x.half_width,
                "interval": [x.low, x.high],
            }
            for x in looks
        ],
    }
    return dict(finite(found))


def placed(summary: dict[str, Any], precision: Mapping[str, Any]) -> dict[str, Any]:
    """Return the summary of a run with its precision, and the same interval where the outcome stands."""
    *groups, name = str(precision["metric"]).split(".")
    place = summary | {"precision": dict(precision)}
    inner = place
    for group in groups:
        inner[group] = dict(inner[group])
        inner = inner[group]
    key = "ci95" if name == "mean" else f"{name}_ci95"
    if key in inner:
        inner[key] = _bounded(precision["interval"])
    return place


def _bounded(interval: list[float | None]) -> list[float] | None:
    ends = [end for end in interval if end is not None]
    return ends if len(ends) == 2 else None


def _turned(found: Mapping[str, Any]) -> dict[str, Any]:
    interval = [None if end is None else 0.0 - end for end in reversed(found["interval"])]
    return {"estimate": 0.0 - found["estimate"], "interval": interval}


def paired(summary: dict[str, Any], precision: Mapping[str, Any], first: str) -> dict[str, Any]:
    """Return the summary of a comparison of two portfolios with its precision and the interval of its pair.

    Parameters
    ----------
    summary : dict
        As `analysis.compare.compare` returns it, of two portfolios.
    precision : mapping
        Of the difference of the first portfolio less the second.
    first : str
        Name of the first.
    """
    pair = dict(summary["pairs"][0])
    turned = pair["a"] != first
    told = dict(precision) | {"a": pair["a"], "b": pair["b"]}
    if turned:
        told |= _turned(told)
        told["looks"] = [look | _turned(look) for look in told["looks"]]
    bounded = _bounded(told["interval"])
    pair["difference"] = pair["difference"] | {"ci95": bounded}
    pair["shown"] = bounded is not None and (bounded[0] > 0.0 or bounded[1] < 0.0)
    method = summary["method"] | {"pairs": told["method"]}
    return summary | {"pairs": [pair], "precision": told, "method": method}
