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
    ('nine reviewers', '2 to 14 reviewers')
    """
    low, high = (round(heads[name], 1) for name in ("fewest", "most"))
    if low != high:
        return f"{low:g} to {high:g} reviewers"
    word = NUMBERS[int(high)] if float(high).is_integer() and high < len(NUMBERS) else f"{high:g}"
    return f"{word} reviewer{'s' * (high != 1)}"


def _percent(share: float) -> str:
    return f"{100.0 * share:.0f} %"


def words(told: Mapping[str, Any]) -> list[str]:
    """Return what is said of the capacity, a paragraph an entry."""
    carried, planned, draws, check = told["carried"], told["planned"], told["replications"], told["check"]
    heads = heads_in_words(told["reviewers"])
    verb = "carries" if heads.endswith(" reviewer") else "carry"
    low, high = carried["ci95"]
    refuted = check is not None and _refuted(check["p_over_ci95"], carried)
    if carried["never_over"]:
        first = (
            f"By the fluid model {heads} {verb} all of the work: in no month of any of "
            f"{draws} draws is more review offered than they have hours"
        )
    elif told["reviewers"]["most"] <= 0.0:
        first = "There are no reviewers: any share of the work that sends something to review is too much"
    else:
        first = (
            f"By the fluid model {heads} {verb} {_percent(carried['share'])} of the items: up to there, in "
            f"at most {100.0 * carried['risk']:.0f} futures in 100 does any month offer more review than "
            f"they have hours ({_percent(low)} to {_percent(high)}, 95 % for {draws} draws)"
        )
    if refuted:
        first += f"; simulated, with luck, {_simulated(check)}"
    found = [f"{first}."]
    if check is not None and check["share"] > 0.0:
        found.append(_tried(check, carried["risk"], refuted))
    over = planned["p_over"]
    if planned["share"] > carried["share"] and not carried["never_over"]:
        found.append(
            f"The plan is {_percent(planned['share'])}: beyond the cliff. {_futures(over)} meet a month with "
            "more work than hours (fluid model)."
        )
    else:
        found.append(f"The plan is {_percent(planned['share'])}: {_futures(over)} meet such a month.")
    if planned["utilisation"] is None or math.isinf(planned["utilisation"]):
        found.append("In some month there is work and nobody to do it.")
    return [*found, *_hour(told)]


def _refuted(interval: list[float], carried: Mapping[str, Any]) -> bool:
    """Return whether simulation excludes the accepted risk, or, where less is promised, finds more."""
    low, high = interval
    return low > carried["risk"] or (high < carried["risk"] and not carried["never_over"])


def _simulated(check: Mapping[str, Any]) -> str:
    low, high = check["p_over_ci95"]
    return (
        f"{share_of_100(check['p_over'])} in 100 have such a month at {_percent(check['share'])} "
        f"({_percent(low)} to {_percent(high)})"
    )


def _tried(check: Mapping[str, Any], risk: float, refuted: bool) -> str:
    """Say what simulation makes of the share that is carried."""
    found = "" if refuted else f"Simulated, {_simulated(check)}. "
    if check["p_over"] <= risk:
        return found.rstrip() or "Luck overloads fewer futures than the fluid model expects."
    shares = ", ".join(_percent(one["share"]) for one in check["tried"])
    held = check["carried_simulated"]
    most = f"{100.0 * risk:.0f} in 100"
    largest = (
        f"{_percent(held)} is the largest at which at most {most} are overloaded"
        if held
        else f"at none are only {most} overloaded"
    )
    return (
        f"{found}Chance adds to what the fluid model expects: of the shares simulated ({shares}) {largest}."
    )


def _futures(share: float) -> str:
    return f"{share_of_100(share)} futures in 100"


def _hour(told: Mapping[str, Any]) -> list[str]:
    """Say what one more hour is worth, and what simulation says of it."""
    currency = told["currency"]
    central, forward, check = told["hour"]["central"], told["hour"]["one_more_reviewer"], told["check"]
    if forward is None:
        return ["What one more hour is worth cannot be said: it changes no staffed hour of the window."]
    worth, how = (central, "half a head either way") if central else (forward, "a whole reviewer more")
    found = [
        f"One more reviewer-hour is worth {money(worth['before_wage'], currency)} before its wage and "
        f"{money(worth['net'], currency)} net of it, in present value (fluid model, {how})."
    ]
    if check is None or check["one_more_reviewer"] is None:
        return [*found, "Not checked by simulation."]
    one = check["one_more_reviewer"]["net"]
    pairs = check["replications"]
    verdicts = {
        True: "they agree",
        False: "they DISAGREE",
        None: f"they cannot be told apart in {pairs} pairs",
    }
    low, high = one["ci95"]
    found.append(
        f"A whole reviewer more brings {money(forward['net'])} net an hour by the fluid model and "
        f"{money(one['value'])} by {pairs} simulated pairs ({money(low)} to {money(high)}): "
        f"{verdicts[one['agrees']]}."
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
