"""The screen of `simgap capacity`: words first, then the curve."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from simgap.analysis.words import money, share_of_100, title
from simgap.report.outside import uplifts
from simgap.report.screen import wrap

NUMBERS = (
    "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"
)  # fmt: skip


def heads_in_words(heads: Mapping[str, float]) -> str:
    """Return how many reviewers there are.

    Examples
    --------
    >>> heads_in_words({"fewest": 9.0, "most": 9.0}), heads_in_words({"fewest": 2.0, "most": 14.0})
    ('Nine reviewers', '2 to 14 reviewers')
    """
    low, high = (round(heads[name], 1) for name in ("fewest", "most"))
    if low != high:
        return f"{low:g} to {high:g} reviewers"
    word = NUMBERS[int(high)] if float(high).is_integer() and high < len(NUMBERS) else f"{high:g}"
    return f"{word[0].upper()}{word[1:]} reviewer{'s' * (high != 1)}"


def _percent(share: float) -> str:
    return f"{100.0 * share:.0f} %"


def words(told: Mapping[str, Any]) -> list[str]:
    """Return what is said of the capacity, a paragraph an entry."""
    carried, planned, draws = told["carried"], told["planned"], told["replications"]
    risk = 100.0 * carried["risk"]
    heads = heads_in_words(told["reviewers"])
    verb = "carries" if heads.endswith(" reviewer") else "carry"
    low, high = carried["ci95"]
    if carried["never_over"]:
        first = (
            f"{heads} {verb} all of the work: in no month of any of {draws} draws is more review offered "
            "than they have hours."
        )
    elif told["reviewers"]["most"] <= 0.0:
        first = "There are no reviewers: any share of the work that sends something to review is too much."
    else:
        first = (
            f"{heads} {verb} {_percent(carried['share'])} of the items: up to there, in at most {risk:.0f} "
            f"futures in 100 does any month offer more review than they have hours ({_percent(low)} to "
            f"{_percent(high)}, 95 % for {draws} draws)."
        )
    found = [first]
    over = planned["p_over"]
    if planned["share"] > carried["share"] and not carried["never_over"]:
        found.append(
            f"The plan is {_percent(planned['share'])}: beyond the cliff. {_futures(over)} meet a month with "
            "more work than hours."
        )
    else:
        found.append(f"The plan is {_percent(planned['share'])}: {_futures(over)} meet such a month.")
    return [*found, *_hour(told)]


def _futures(share: float) -> str:
    return f"{share_of_100(share)} futures in 100"


def _hour(told: Mapping[str, Any]) -> list[str]:
    """Say what one more hour is worth, and what simulation says of it."""
    currency = told["currency"]
    central, forward, check = told["hour"]["central"], told["hour"]["one_more_reviewer"], told["check"]
    if central is None:
        return ["What one more hour is worth cannot be said: it changes no staffed hour of the window."]
    found = [
        f"One more reviewer-hour is worth {money(central['before_wage'], currency)} before its wage and "
        f"{money(central['net'], currency)} net of it, in present value (fluid model, half a head either "
        "way)."
    ]
    if check is None or check["one_more_reviewer"] is None:
        return [*found, "Not checked by simulation."]
    one = check["one_more_reviewer"]["net"]
    agree = "agree" if one["agrees"] else "DISAGREE"
    low, high = one["ci95"]
    found.append(
        f"A whole reviewer more brings {money(forward['net'])} net an hour by the fluid model and "
        f"{money(one['value'])} by {check['replications']} simulated pairs ({money(low)} to {money(high)}): "
        f"they {agree}."
    )
    found.append(
        f"Simulated at {_percent(check['share'])}, {_futures(check['p_over'])} have such a month "
        f"({_percent(check['p_over_ci95'][0])} to {_percent(check['p_over_ci95'][1])}): chance adds to what "
        "the fluid model expects."
    )
    return found


def screen(told: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """Return the screen."""
    carried = told["carried"]
    use = carried["utilisation"]
    lines = [title(told["scenario"]["name"]), *words(told), *uplifts(settings)]
    head = f"{'adopted':>10}{'P(over)':>12}   utilisation in the fullest month"
    rows = [head, f"{'':>22}{'P5':>10}{'P50':>10}{'P95':>10}"]
    for i, share in enumerate(carried["shares"]):
        ranks = "".join(f"{_ratio(use[rank][i]):>10}" for rank in ("p5", "p50", "p95"))
        rows.append(f"{_percent(share):>10}{_percent(carried['p_over'][i]):>12}{ranks}")
    return "\n".join([*map(wrap, lines), "", *rows])


def _ratio(value: float) -> str:
    return f"{value:.2f}" if math.isfinite(value) else "-"
