"""The screen of `attribute`: which condition takes how much of the gap, from the JSON alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from simgap.analysis.words import interval, left_out, listed, money, title
from simgap.report.screen import conventions, few, without_holidays, wrap

SMALL = 0.02  # of the gap: bars below are named together
SHOWN_PAIRS = 5
NAME, CELL = 16, 12  # characters
FIRST = ("scale", "investments")

Data = Mapping[str, Any]


def screen(found: Data, settings: Data) -> str:
    """Return the screen of an attribution.

    Parameters
    ----------
    found : mapping
        As `study.attributing.summary` returns it, with ``scenario``, ``seed``, ``replications``, ``ended``
        and ``currency``.
    settings : mapping
        Values of the rows of ``money`` and ``clock`` by path.

    Returns
    -------
    str
        Text of at most 80 columns.
    """
    name = title(found["scenario"]["name"])
    return "\n".join(
        [
            name,
            "=" * len(name),
            *map(wrap, [*warnings(found), *without_holidays(settings), *words(found)]),
            "",
            wrap(f"{conventions(found, settings)} {reading(found)}"),
            "",
            *table(found),
            *(line for portfolio in found["portfolios"] for line in ["", *left(found, portfolio)]),
        ]
    )


def warnings(found: Data) -> list[str]:
    """Return what a reader must not overlook."""
    n, ended = found["replications"], len(found["ended"]["draws"])
    return [left_out(ended, ended + n)] * bool(ended) + few(n)


def reading(found: Data) -> str:
    """Return how the bars are meant."""
    how = "over all coalitions" if found["exact"] else "along a random order and its reverse in each draw"
    lucks = f" (the pilot's luck averaged over {found['pilot_lucks']})" if found["pilot_lucks"] else ""
    return (
        f"Bars: Shapley values of the conditions, {how}, on the planned volume. scale: the board's "
        f"figure{lucks} less the planned volume under pilot conditions; it holds what the board does not "
        "count, such as sums paid once. All intervals of a table hold together at 95 %."
    )


def words(found: Data) -> list[str]:
    """Return the paragraphs that open the screen."""
    currency, gap = found["currency"], found["gap"]
    board, real = found["projected"]["npv"]["mean"], found["realised"]["npv"]["mean"]
    opening = f"The board saw {money(board, currency)}; production comes to {money(real)} on average."
    if gap["ci95"] is None:
        return [f"{opening} One draw shows nothing of the gap of {money(gap['mean'])}."]
    if gap["ci95"][0] <= 0.0:
        size = f"{money(gap['mean'])}{interval(gap['ci95'])}"
        none = "That is no less: the gap is" if gap["ci95"][1] < 0.0 else "No gap can be shown:"
        return [f"{opening} {none} {size}.", *_others(found)]
    large = [row for row in _ordered(found["bars"]) if row["shown"] and row["share"] >= SMALL]
    told = [f"{_named(row)} takes {row['share']:.0%} ({money(row['mean'])})" for row in large]
    told = told[:1] + [text.replace(" takes", "") for text in told[1:]]
    size = f"the gap of {money(gap['mean'])}{interval(gap['ci95'])}"
    of_gap = f"Of {size}, {listed(told)}." if told else f"No bar of {size} is told from zero."
    return [f"{opening} {of_gap}", *_others(found)]


def _others(found: Data) -> list[str]:
    """Return the sentences on bars that are small, that give, and that are not there."""
    lines: list[str] = []
    rows = _ordered(found["bars"])
    small = [_named(row) for row in rows if row["share"] is not None and 0.0 < row["share"] < SMALL]
    gives = [row for row in rows if row["mean"] < 0.0 and row["shown"]]
    better = [f"{_named(row)} ({money(-row['mean'])})" for row in gives if row["condition"] not in FIRST]
    lines += [
        f"{_named(row).capitalize()} narrows it by {money(-row['mean'])}."
        for row in gives
        if row["condition"] in FIRST
    ]
    unclear = [_named(row) for row in rows if not row["shown"] and abs(row["share"] or 0.0) >= SMALL]
    if small:
        lines.append(f"Less than {SMALL:.0%} each: {listed(small)}.")
    if better:
        lines.append(f"Narrows the gap, production being better off there than the pilot: {listed(better)}.")
    if unclear:
        lines.append(f"Not told from zero: {listed(unclear)}.")
    if found["without_bar"]:
        names = listed([name.replace("_", " ") for name in found["without_bar"]])
        lines.append(f"The same in pilot and production, so exactly 0: {names}.")
    return [" ".join(lines)] * bool(lines) + _pairs(found)


def _pairs(found: Data) -> list[str]:
    """Return the sentences on pairs, where they were looked at."""
    if found.get("interactions") is None:
        return []
    shown = [pair for pair in found["interactions"] if pair["shown"]]
    if not shown:
        return ["No two conditions can be shown to take more, or less, together than each without the other."]
    told = [
        f"{pair['a'].replace('_', ' ')} and {pair['b'].replace('_', ' ')} {money(abs(pair['mean']))} "
        f"{'more' if pair['mean'] > 0.0 else 'less'}{interval(_size(pair))}"
        for pair in shown[:SHOWN_PAIRS]
    ]
    more = len(shown) - len(told)
    return [f"Together beyond what each takes without the other: {listed(told, more)}."]


def table(found: Data) -> list[str]:
    """Return the table from the projected to the realised value."""
    npv = found["projected"]["npv"], found["realised"]["npv"]
    rows = [_line("", ("takes", "from", "to", "of the gap"))]
    rows.append(_line("projected", (money(npv[0]["mean"]),)))
    for row in _ordered(found["bars"]):
        ends = [money(end) for end in row["ci95"]] if row["ci95"] else ["", ""]
        share = "" if row["share"] is None else f"{row['share']:.1%}"
        rows.append(_line(f"  {_named(row)}", (money(row["mean"]), *ends, share)))
    rows.append(_line("realised", (money(npv[1]["mean"]),)))
    widest = found["widest"]
    if widest:
        name = widest["condition"].replace("_", " ")
        rows.append(f"Widest interval: {name}, {widest['share']:.1%} of the gap either way.")
    return rows


def left(found: Data, portfolio: Data) -> list[str]:
    """Return the words and the table of what is left under a portfolio."""
    name, change = title(portfolio["name"]), portfolio["gap_change"]
    base, currency = title(found["portfolio"]), found["currency"]
    gap, by = portfolio["gap"]["mean"], money(abs(change["mean"]))
    by += " smaller" if change["mean"] >= 0.0 else " larger"
    words = (
        f"With {name} instead of {base} the gap to the same board figure is {money(gap, currency)}, "
        f"{by}{interval(_size(change))}. investments: what they cost, and what their delay of go-live loses."
    )
    own = {row["condition"]: row["mean"] for row in found["bars"]}
    less = {row["condition"]: row for row in portfolio["changes"]}
    rows = [wrap(words), "", _line("", (base, name, "smaller by", "from", "to"))]
    for row in _ordered(portfolio["bars"], own):
        shrunk = less[row["condition"]]
        ends = [money(end) for end in shrunk["ci95"]] if shrunk["ci95"] else []
        cells = (money(own.get(row["condition"], 0.0)), money(row["mean"]), money(shrunk["mean"]), *ends)
        rows.append(_line(f"  {_named(row)}", cells))
    gaps = (found["gap"], portfolio["gap"], portfolio["gap_change"])
    return [*rows, _line("gap", [money(gap["mean"]) for gap in gaps])]


def _size(change: Data) -> list[float] | None:
    """Return the interval of how large a change is, whichever way it goes."""
    ends = change["ci95"] and (
        change["ci95"] if change["mean"] >= 0.0 else [-e for e in change["ci95"][::-1]]
    )
    return list(ends) if ends else None


def _ordered(rows: Sequence[Data], size: Data | None = None) -> list[Data]:
    """Return what is no condition first, then the largest bars, perhaps by their size elsewhere."""

    def key(row: Data) -> tuple[int, float]:
        name = row["condition"]
        mean = row["mean"] if size is None else size.get(name, 0.0)
        return (FIRST.index(name) if name in FIRST else len(FIRST), -mean)

    return sorted(rows, key=key)


def _named(row: Data) -> str:
    return str(row["condition"]).replace("_", " ")


def _line(label: str, cells: Sequence[str]) -> str:
    return f"{label:<{NAME}}{''.join(f'{cell[: CELL - 1]:>{CELL}}' for cell in cells)}".rstrip()
