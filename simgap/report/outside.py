"""The outside view on the screen of a run, and what every screen and caption says of uplifts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from simgap.analysis.words import money, share_of_100, title
from simgap.scenario.outside import APPLIES, DELAY, MONTHLY, ONCE

Data = Mapping[str, Any]

SHOWN = 3  # paths that are named
WHAT = {ONCE: "costs paid once", MONTHLY: "monthly costs", DELAY: "delays"}
MEASURED = {"cost": "actual over estimated cost", "duration": "actual over estimated duration"}


def lifted(settings: Data, swept: Collection[str] = ()) -> str:
    """Return the sentence that says which estimates are raised for optimism; nothing where none is.

    Uplifts that an axis varies, `swept`, are not of one size.
    """
    found = [
        f"{WHAT[path]} by {'what the axis says' if path in swept else _size(settings[path])}"
        for path in APPLIES
        if settings.get(path) or path in swept
    ]
    if not found:
        return ""
    return f" Raised for optimism, in what is realised and not in what the board saw: {', '.join(found)}."


def _size(value: float | Data) -> str:
    if not isinstance(value, Mapping):
        return f"{value:.0%}"
    if "p10" in value:
        return f"{value['p10']:.0%} to {value['p90']:.0%}"
    return "an uncertain share"


def twice(paths: Sequence[str]) -> str:
    """Return the sentence that says what is counted twice, as the file asks; nothing where nothing is.

    Examples
    --------
    >>> twice(["pilots.demo.cost"])
    ' COUNTED TWICE, as the file asks: the overruns of pilots.demo.cost are in its range and in an uplift.'
    """
    if not paths:
        return ""
    more = f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else ""
    one = len(paths) == 1
    return (
        f" COUNTED TWICE, as the file asks: the overruns of {', '.join(paths[:SHOWN])}{more} are in "
        f"{'its range' if one else 'their ranges'} and in an uplift."
    )


def uplifts(settings: Data, swept: Collection[str] = ()) -> list[str]:
    """Return what every screen says of uplifts, a paragraph a sentence; none where there is no uplift."""
    found = (lifted(settings, swept), twice(settings.get("counted_twice", ())))
    return [text.strip() for text in found if text]


def optimistic(view: Data | None) -> list[str]:
    """Return a word of warning for each reference class of which the forecast beats more than 9 in 10."""
    return [
        f"WARNING: the forecast is more optimistic than 9 in 10 of {title(one['name'])}; see below."
        for one in (view["classes"] if view else ())
        if (one.get("value") or {}).get("verdict") == "optimistic"
    ]


def outside(view: Data | None, p_success: float, currency: str) -> list[str]:
    """Return the paragraphs of the outside view; none where the file names no reference class.

    Parameters
    ----------
    view : mapping or None
        As `analysis.outside.outside_view` returns it.
    p_success : float
        Of the forecast, by the file's criterion.
    currency : str
        Of sums.
    """
    if not view or not view["classes"]:
        return []
    lines = ["Outside view, beside the forecast and not in it."]
    for one in view["classes"]:
        lines.append("")
        lines += _own(one, view["forecast"], p_success, currency) if one["kind"] == "own" else _published(one)
    if any(one["kind"] == "published" for one in view["classes"]):
        lines.append("")
        lines.append(
            f"Success by the file's own criterion, in this forecast: {share_of_100(p_success)} in 100. Each "
            "source has its own criterion: such a share is no prior for this case."
        )
    return lines


def _own(one: Data, forecast: Data | None, p_success: float, currency: str) -> list[str]:
    name, n, value = title(one["name"]), one["projects"], one["value"]
    lines = []
    opening = f"{name}, {n:,} project{'s' * (n > 1)}: "
    if value:
        first = (
            f"realised over projected value is {value['p50']:.2f} in the median"
            f"{_interval(value['p50_ci95'])}, {value['p10']:.2f} to {value['p90']:.2f} in 8 of 10."
        )
        if value["realised"]:
            at = value["realised"]
            first += (
                f" Of this board's figure that is {money(at['p50'], currency)}, {money(at['p10'])} to "
                f"{money(at['p90'])}."
            )
        lines.append(opening + first + _left_out(one))
        opening = ""
        if forecast:
            lines.append(_placed(value, forecast, p_success))
        else:
            lines.append("The board's figure is not positive, so the forecast has no place in this class.")
    for measure, words in MEASURED.items():
        held = one[measure]
        if held:
            unknown = f" (of {held['n']:,}; the others do not say)" * bool(held["unknown"])
            lines.append(
                f"{opening or f'{name}: '}{words} is {held['p50']:.2f} in the median"
                f"{_interval(held['p50_ci95'])}, {held['p10']:.2f} to {held['p90']:.2f} in 8 of 10{unknown}."
            )
            opening = ""
    if not value and one["not_positive"]:
        lines.append(f"{opening or f'{name}: '}no project had a projected value over 0: there is no ratio.")
    return lines


def _placed(value: Data, forecast: Data, p_success: float) -> str:
    """Say where the forecast falls in the class."""
    above = value["forecast_above"]
    low, high = value["forecast_above_ci95"]
    verdict = {
        "optimistic": "MORE OPTIMISTIC than 9 in 10 of the class",
        "pessimistic": "more pessimistic than 9 in 10 of the class",
        "within": "within what the class has seen",
        "few": "too few projects to say more",
    }[value["verdict"]]
    chance = value["p_success_ci95"]
    return (
        f"This forecast: {forecast['p50']:.2f} in the median, {forecast['p10']:.2f} to "
        f"{forecast['p90']:.2f} in 8 of 10. It lies above {_of(above, value)} of the class (95 % interval "
        f"{share_of_100(low)} to {share_of_100(high)} in 100): {verdict}. "
        f"{_of(value['p_short'], value)} fell short of what was projected. By the file's criterion "
        f"{_of(value['p_success'], value)} would succeed ({share_of_100(chance[0])} to "
        f"{share_of_100(chance[1])} in 100), and {share_of_100(p_success)} in 100 futures of this forecast."
    )


def _of(share: float, value: Data) -> str:
    """Say how many projects of a class: counted where they are few and have no weights."""
    n = value["n"]
    if n < 100 and value["n_effective"] == n:
        return f"{share * n:.3g} of {n}"
    return f"{share_of_100(share)} in 100 projects"


def _left_out(one: Data) -> str:
    """Say how many projects have a ratio, and why the others have none."""
    found = []
    if one["value"]["unknown"]:
        found.append(f"{one['value']['unknown']} {'does' if one['value']['unknown'] == 1 else 'do'} not say")
    if one["not_positive"]:
        found.append(f"{one['not_positive']} projected nothing over 0, so that there is no ratio")
    return f" That is of {one['value']['n']:,}; of the others {', and '.join(found)}." if found else ""


def _interval(ends: Sequence[float | None]) -> str:
    low, high = ends
    if low is None and high is None:
        return " (too few for an interval)"
    if low is None:
        return f" (95 %: at most {high:.2f})"
    return f" (95 %: at least {low:.2f})" if high is None else f" (95 % interval {low:.2f} to {high:.2f})"


def _published(one: Data) -> list[str]:
    n = f"n = {one['n']:,}" if one["n"] else "n not said"
    figures = "; ".join(f"{f['what']}: {_figure(f)}" for f in one["figures"])
    return [
        f"{title(one['name'])}, {one['about']} ({n}; {one['strength']}): {figures}. {one['source']}. "
        f"Mind: {one['caveat']}."
    ]


def _figure(figure: Data) -> str:
    if figure["kind"] == "multiple":
        return f"{figure['value']:.2f}"
    return f"{100.0 * figure['value']:.1f} %".replace(".0 %", " %")
