"""The screen of `compare`: which portfolio is best, by how much, at what risk, and when that flips.

Words and table are built from the JSON alone. 80 columns.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from simgap.analysis.words import interval, left_out, listed, money, share_of_100, title, unit_of
from simgap.report.precision import remarks, with_control
from simgap.report.screen import conventions, few, spread, without_holidays, wrap
from simgap.scenario.table import CONDITIONS, Row
from simgap.scenario.units import UNITS, say
from simgap.scenario.values import row_of

SHOWN_PORTFOLIOS = 10
SHOWN_INVESTMENTS = 6
SHOWN_MATTERS = 3
SHOWN_RIVALS = 5
NAME = 16  # columns of a name in the table; a longer one has a line to itself
SPANS = (("weeks", 168.0), ("days", 24.0), ("h", 1.0), ("min", 1.0 / 60.0))

Data = Mapping[str, Any]


def screen(comparison: Data, settings: Data) -> str:
    """Return the screen of a comparison.

    Parameters
    ----------
    comparison : mapping
        As `analysis.compare.compare` returns it, and ``scenario``, ``seed``, ``replications``, ``ended``,
        ``currency``; where there are any, ``investments`` as `analysis.compare.contributions` returns them,
        ``break_even``, a list of what `analysis.breakeven.finding` returns, and ``matters``, as
        `analysis.compare.flips` returns it for ``best`` less ``against``. An entry of ``matters`` may hold
        ``crossings`` as those of ``break_even``, estimated from the futures at hand: they are told where
        there is no ``break_even``.
    settings : mapping
        Values of the rows of ``money`` and ``clock`` by path.

    Returns
    -------
    str
        Text of at most 80 columns.
    """
    name = title(comparison["scenario"]["name"])
    reading = (
        f"{conventions(comparison, settings)} Every portfolio meets the same futures. Each interval is of a "
        "mean and holds at 95 % by itself. Cost: what is bought, once and by month, not discounted; it is "
        "counted in every value."
    )
    parts = [
        name,
        "=" * len(name),
        *map(wrap, [*warnings(comparison), *without_holidays(settings)]),
        *map(wrap, words(comparison)),
        "",
        wrap(reading),
        "",
        *table(comparison),
    ]
    return "\n".join(parts)


def warnings(comparison: Data) -> list[str]:
    """Return what a reader must not overlook."""
    n, ended = comparison["replications"], len(comparison["ended"]["draws"])
    return [left_out(ended, ended + n)] * bool(ended) + remarks(comparison.get("precision")) + few(n)


def words(comparison: Data) -> list[str]:
    """Return the paragraphs that open the screen."""
    best, against = comparison["best"], comparison["against"]
    flip = _flip(comparison)
    told = flip[0] if flip else None
    return [
        opening(comparison, flip[1] if flip else ""),
        *_controlled(comparison.get("control"), best, against),
        *([] if against is None else [_risks(comparison, best, against)]),
        *_carried(comparison),
        *_rivals(comparison),
        *_kinds(comparison, best, against),
        *_investments(comparison.get("investments") or []),
        *(_break_even(f, comparison) for f in comparison.get("break_even") or [] if f is not told),
        *_not_searched(comparison),
        *_matters(comparison),
    ]


def opening(comparison: Data, flip: str = "") -> str:
    """Return the sentence that says which portfolio is best.

    Parameters
    ----------
    comparison : mapping
        As `screen` takes it.
    flip : str
        When that flips, in words; it is left out where no difference can be shown.
    """
    a, b = comparison["best"], comparison["against"]
    by_name = {p["name"]: p for p in comparison["portfolios"]}
    if b is None:
        npv = by_name[a]["npv"]
        mean = money(npv["mean"], comparison["currency"])
        return f"Only {title(a)} is compared. It comes to {mean} on average{interval(npv['ci95'])}."
    pair, first, other = _pair(comparison, a, b), title(a), title(b)
    stats, share = pair["difference"], share_of_100(pair["p_a_better"])
    amount, terms = money(stats["mean"], comparison["currency"]), _terms(by_name[a], by_name[b])
    if stats["mean"] == 0.0 and not stats["sd"]:
        return f"{first} and {other} come to the same value in every future; {first} {terms}."
    if stats["ci95"] is None:
        return (
            f"In the only future simulated {first} comes to {amount} more than {other}, and {terms}. One "
            "future shows nothing."
        )
    by = f"by {amount} on average{interval(stats['ci95'])}"
    stays = a == comparison["baseline"]
    other += " (the second best)" * (stays and len(by_name) > 2)
    if not pair["shown"]:
        return (
            f"No difference can be shown between {first} and {other}: {first} is better in {share} of 100 "
            f"futures, {by}, and {terms}."
        )
    often = f"in {share} of 100 futures"
    beats = f"{often}, {by}" if pair["p_a_better"] >= 0.5 else f"{by}, but only {often}"
    verdict = _verdict(comparison) if stays else ""
    return f"{verdict}{first} beats {other} {beats}, and {terms}{flip and f'; {flip}'}."


def _controlled(control: Data | None, best: str, against: str | None) -> list[str]:
    """Return the sentence on the difference adjusted by the fluid model; nothing where none is."""
    if not control or against is None:
        return []
    pair = next(p for p in control["pairs"] if {p["a"], p["b"]} == {best, against})
    sign = 1.0 if pair["a"] == best else -1.0
    told = {**pair, "mean": sign * pair["mean"]}
    if pair["ci95"] is None:
        return []
    return [f"With the fluid model as control the difference is {with_control(told)}."]


def _carried(comparison: Data) -> list[str]:
    """Return the sentence on what the pilot has built already, which every portfolio has."""
    carried = comparison.get("carries")
    if not carried:
        return []
    return [f"Every portfolio has what the pilot carries: {listed([title(name) for name in carried])}."]


def _verdict(comparison: Data) -> str:
    """Return what it means that the baseline beats the second best; nothing where another may be best."""
    if comparison["may_be_best"] != [comparison["baseline"]]:
        return ""
    buys = {p["name"]: p["investments"] for p in comparison["portfolios"]}
    if buys[comparison["baseline"]]:
        return "The baseline stays best: "
    if len(buys) == 2:
        return f"What {title(comparison['against'])} buys is not worth its money: "
    return "No other portfolio is worth its money: "


def _terms(a: Data, b: Data) -> str:
    """Return what a costs and takes beyond b, as a verb with what follows it."""
    cost, months = a["cost"] - b["cost"], a["delay_months"] - b["delay_months"]
    if abs(cost) <= 1e-6 * max(a["cost"], b["cost"]):
        cost = 0.0
    time = _time(months)
    amount = money(abs(cost))
    if not time:
        return f"costs {amount} {'more' if cost > 0 else 'less'}" if cost else "costs the same"
    if not cost:
        return f"costs the same and goes live {time} {'later' if months > 0 else 'sooner'}"
    if (cost > 0) == (months > 0):
        return f"costs {amount} and {time} {'more' if cost > 0 else 'less'}"
    live = f"goes live {time} {'later' if months > 0 else 'sooner'}"
    return f"costs {amount} {'more' if cost > 0 else 'less'} and {live}"


def _time(months: float) -> str:
    """Write months of 730 h, without their sign, in days or weeks; nothing for less than half a day.

    Examples
    --------
    >>> _time(9 * 168 / 730), _time(-168 / 730), _time(24 / 730), _time(0.01)
    ('9 weeks', '1 week', '1 day', '')
    """
    days = round(abs(months) * 730.0 / 24.0)
    number, unit = (days, "day") if days % 7 and days < 14 else (round(days / 7), "week")
    return f"{number} {unit}{'s' * (number != 1)}" if number else ""


def _risks(comparison: Data, a: str, b: str) -> str:
    by_name = {p["name"]: p for p in comparison["portfolios"]}
    one, two = by_name[a], by_name[b]
    first, other = title(a), title(b)
    lose = [share_of_100(p["p_negative"]) for p in (one, two)]
    worst, regret = ([money(p[key]) for p in (one, two)] for key in ("cvar5", "regret"))
    cash = [money(p["peak_funding"]["mean"]) for p in (one, two)]
    need = f"Deepest need of cash, on average: {cash[0]} and {cash[1]}."
    highest = [p["npv"]["ci95"] and p["npv"]["ci95"][1] for p in by_name.values()]
    all_lose = (
        " Every portfolio loses money on average: going on the legacy way is worth more."
        if all(end is not None and end < 0.0 for end in highest)
        else ""
    )
    return (
        f"{first} loses money in {lose[0]} of 100 futures, {other} in {lose[1]}; in their worst 5 of 100 "
        f"they come to {worst[0]} and {worst[1]} on average. {_pays_back(one, two)} "
        f"{need if cash != ['0', '0'] else 'Neither needs cash.'} Beside whatever turns out best, {first} "
        f"forgoes {regret[0]} on average (regret), {other} {regret[1]}.{all_lose}"
    )


def _pays_back(one: Data, two: Data) -> str:
    first, other = title(one["name"]), title(two["name"])
    pays = [1.0 - p["payback_months"]["p_never"] for p in (one, two)]
    if not any(pays):
        return "Neither ever pays back."
    if not all(pays):
        ever, never = (first, other) if pays[0] else (other, first)
        return f"{ever} pays back in {share_of_100(max(pays))} of 100, {never} never."
    return f"{first} pays back in {share_of_100(pays[0])} of 100, {other} in {share_of_100(pays[1])}."


def _rivals(comparison: Data) -> list[str]:
    """Return the sentence on those that cannot be told from the best, where the first has not said it."""
    rivals = comparison["may_be_best"]
    if len(rivals) < 2 or len(comparison["portfolios"]) < 3 or comparison["replications"] == 1:
        return []
    shown = [title(name) for name in rivals[:SHOWN_RIVALS]]
    more = len(rivals) - len(shown)
    either = f"Either {shown[0]} or {shown[1]}" if len(rivals) == 2 else f"Any of {listed(shown, more)}"
    return [f"{either} may be best: with all comparisons taken together, these futures cannot tell (95 %)."]


def _kinds(comparison: Data, best: str, against: str | None) -> list[str]:
    """Return the sentences on the two kinds of uncertainty of a difference, with several lucks a draw."""
    found = against and _pair(comparison, best, against).get("uncertainty")
    return [spread(found, "the spread of the difference")] if found else []


def _investments(rows: Sequence[Data]) -> list[str]:
    """Return what each investment is worth, alone and in company."""
    known = [row for row in rows if row["average"]]
    lines = [_worth(row) for row in known[:SHOWN_INVESTMENTS]]
    if len(known) > SHOWN_INVESTMENTS:
        lines.append(f"What {len(known) - SHOWN_INVESTMENTS} more are worth is in the JSON.")
    unknown = [title(row["name"]) for row in rows if not row["average"]]
    if unknown:
        shown, more = unknown[:SHOWN_INVESTMENTS], len(unknown[SHOWN_INVESTMENTS:])
        one = len(unknown) == 1
        are, themselves, them = ("is", "itself", "it") if one else ("are", "themselves", "one of them")
        lines.append(
            f"What {listed(shown, more)} {are} worth by {themselves} is not known: no two portfolios differ "
            f"by {them} alone."
        )
    return lines


def _worth(row: Data) -> str:
    told = [
        f"{_beside(value['beside'])}{' is worth' * first} {money(value['mean'])}{interval(value['ci95'])}"
        for first, value in ((True, row["alone"]), (row["alone"] is None, row["in_company"]))
        if value
    ]
    more, verdict = row["in_company_less_alone"], ""
    if more and more["shown"]:
        verdict = f": worth {'more' if more['mean'] > 0.0 else 'less'} in company"
    return f"{title(row['name'])} {', '.join(told)}{verdict}."


def _beside(portfolios: Sequence[Sequence[str]]) -> str:
    """Say beside what an investment is bought; several portfolios have equally many others."""
    others = portfolios[0]
    if not others:
        return "alone"
    if len(portfolios) == 1:
        return f"beside {listed([title(name) for name in others])}"
    return f"beside {len(others)} other{'s' * (len(others) > 1)}"


def _pair(comparison: Data, a: str, b: str) -> dict[str, Any]:
    """Return the pair of two portfolios, with a first."""
    return next(dict(p) for p in comparison["pairs"] if (p["a"], p["b"]) == (a, b))


def _oriented(found: Data, comparison: Data) -> tuple[str, str, list[dict[str, Any]]]:
    """Return the two portfolios of a break-even, the one with the higher mean first, and the crossings."""
    a, b, crossings = found["a"], found["b"], [dict(c) for c in found["crossings"]]
    mean = {p["name"]: p["npv"]["mean"] for p in comparison["portfolios"]}
    if b == comparison["best"] or mean[b] > mean[a]:
        return b, a, [{**c, "falls": not c["falls"]} for c in crossings]
    return a, b, crossings


def _flip(comparison: Data) -> tuple[Data, str] | None:
    """Return the first finding by which a preference that is shown flips, and its words."""
    a, b = comparison["best"], comparison["against"]
    if b is None or not _pair(comparison, a, b)["shown"]:
        return None
    for found in comparison.get("break_even") or []:
        first, second, crossings = _oriented(found, comparison)
        if (first, second) == (a, b) and crossings:
            return found, f"flips if {_regions(found['key'], crossings)}"
    if not comparison.get("break_even"):
        for found in comparison.get("matters") or []:
            if found.get("crossings"):
                about = _regions(found["name"], found["crossings"])
                return found, f"may flip if {about}, by a regression over these futures"
    return None


def _regions(key: str, crossings: Sequence[Data]) -> str:
    """Return where the second portfolio is ahead, given where the mean difference changes its sign."""
    row = _row_of(key)
    whole = row is not None and row.whole

    def at(crossing: Data, up: bool) -> str:
        # A whole number is rounded up before it is simulated, so that the step lies just above a whole one.
        value, ci95 = crossing["value"], crossing["ci95"]
        if whole:
            value = math.floor(value) if up else math.ceil(value)
            ci95 = ci95 and [
                end if end is None else round_(end)
                for end, round_ in zip(ci95, (math.floor, math.ceil), strict=True)
            ]
        return f"{_say(value, row)}{interval(ci95, lambda end: _say(end, row))}"

    found, start = [], None
    for crossing in crossings:
        if crossing["falls"]:
            start = crossing
        elif start is None:
            found.append(f"falls below {at(crossing, False)}")
        else:
            found.append(f"lies between {at(start, True)} and {at(crossing, False)}")
            start = None
    if start is not None:
        found.append(f"rises above {at(start, True)}")
    return f"{_named(key)} {' or '.join(found)}"


def _row_of(key: str) -> Row | None:
    """Return the row of a key path; None for a condition, whose dose varies."""
    return None if key in CONDITIONS else row_of(key.partition("@")[0])


def _named(key: str) -> str:
    return f"the dose of {key}" if key in CONDITIONS else title(key)


def _say(value: float, row: Row | None) -> str:
    """Write a value with three digits that count, in a unit that the file's grammar would read.

    Examples
    --------
    >>> from simgap.scenario.table import BY_PATH
    >>> _say(0.0667, BY_PATH["oversight.time"]), _say(1234567.0, BY_PATH["workflows.*.volume"])
    ('4 min', '1.23M per year')
    >>> _say(24.0, BY_PATH["oversight.time"]), _say(60.0, BY_PATH["oversight.deadline"])
    ('24 h', '60 h')
    >>> _say(0.12345, BY_PATH["data.missing"]), _say(0.512, None)
    ('12.3 %', '0.512')
    """
    if row is None:
        return f"{value:.3g}"
    if row.unit in ("duration", "staffed"):
        spans = SPANS if row.unit == "duration" else SPANS[2:]
        unit, hours = next((s for s in spans if value >= (2 if s[1] > 1 else 1) * s[1]), spans[-1])
        return f"{value / hours:.3g} {unit}" if value else say(value, row.unit)
    value = float(f"{value:.3g}")
    size = unit_of(abs(value))
    if size[0] > 1 and row.unit not in ("share", "yearly", "monthly"):
        return f"{value / size[0]:.3g}{size[1]} {UNITS[row.unit].normal}".strip()
    return say(value, row.unit)


def _break_even(found: Data, comparison: Data) -> str:
    """Return the sentence on one search for a break-even."""
    a, b, crossings = _oriented(found, comparison)
    first, other = title(a), title(b)
    if crossings:
        return f"{first} against {other} flips if {_regions(found['key'], crossings)}."
    key = found["key"]
    row = _row_of(key)
    span = f"With {_named(key)} from {_say(found['low'], row)} to {_say(found['high'], row)}"
    ahead = found["ahead_throughout"]
    if ahead is None:
        return f"{span}, {first} and {other} are not told apart."
    behind = other if ahead == a else first
    chance = "" if found.get("shown_throughout", True) else " on average, not everywhere by more than chance"
    return f"{span}, {title(ahead)} stays ahead of {behind}{chance}."


def _not_searched(comparison: Data) -> list[str]:
    """Return the sentence on what matters as much as the keys that were searched."""
    names = [title(name) for name in comparison.get("not_searched") or []]
    if not names:
        return []
    shown = listed(names[:SHOWN_RIVALS], len(names[SHOWN_RIVALS:]))
    return [f"Not searched, since no key of its own can be set: {shown}."]


def _matters(comparison: Data) -> list[str]:
    """Return the sentence on the inputs that move the preference."""
    found, a, b = comparison.get("matters"), comparison["best"], comparison["against"]
    if not found or b is None:
        return []
    told = [
        f"{title(m['name'])} (more of it favours {title(a if m['rank_correlation'] > 0.0 else b)})"
        for m in found
        if m["told"]
    ]
    if not told:
        return ["No input's link with the difference can be told from chance in these replications."]
    return [
        f"The preference for {title(a)} over {title(b)} hangs most on {listed(told[:SHOWN_MATTERS])}; rank "
        "correlation, not cause."
    ]


def table(comparison: Data) -> list[str]:
    """Return the table: the best portfolios, the baseline, and how many more there are."""
    ranked = sorted(comparison["portfolios"], key=lambda p: (-p["npv"]["mean"], p["cost"]))
    shown = [p for i, p in enumerate(ranked) if i < SHOWN_PORTFOLIOS or p["name"] == comparison["baseline"]]
    heads = (
        ("", "1 in 20", "1 in 20", "best in", "loses in", "", ""),
        ("mean", "below", "above", "100", "100", "cost", "delay"),
    )
    rows = [_line("", cells) for cells in heads]
    for p in shown:
        name, npv = title(p["name"]), p["npv"]
        cells = (
            *(money(npv[key]) for key in ("mean", "p5", "p95")),
            *(_short_share(p[key]) for key in ("p_best", "p_negative")),
            money(p["cost"]),
            _time(p["delay_months"]) or "-",
        )
        long = len(name) >= NAME
        rows += [name] * long + [_line("" if long else name, cells)]
    more = len(ranked) - len(shown)
    return rows + [f"and {more} more"] * bool(more)


def _line(name: str, cells: Sequence[str]) -> str:
    return f"{name:<{NAME}}{''.join(f'{cell:>9}' for cell in cells[:-1])}{cells[-1]:>10}".rstrip()


def _short_share(share: float) -> str:
    return share_of_100(share).replace("fewer than ", "<").replace("more than ", ">")
