"""Screens of `show`: a table of all unknowns, and what each chosen input means. 80 columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from simgap.analysis.meaning import RANKS, FloatArray, Law, figure
from simgap.analysis.words import title
from simgap.report.screen import WIDTH, wrap

NAME = 23  # letters; a longer name has a line of its own
CELL = 8
BARS = 12
LONGEST = 36  # letters of the longest bar
FAMILIES = {
    "metalog": "a smooth curve through these P10 / P50 / P90 (metalog)",
    "pert": "a pert: a beta from the lowest over the most likely to the highest value",
    "triangular": "a triangle from the lowest over the most likely to the highest value",
    "uniform": "all values between the lowest and the highest alike",
    "normal": "a normal distribution",
    "lognormal": "a lognormal distribution",
    "beta": "a beta distribution",
    "discrete": "a few values with their probabilities",
}


def words(distribution: Mapping[str, Any]) -> str:
    """Return what a distribution is, in words."""
    family = distribution["family"]
    if family == "empirical":
        return f"the {len(distribution['values']):,} values of a file, each as likely as the others"
    if family == "truncated":
        return f"{FAMILIES[distribution['of']['family']]}, cut at its limits"
    return FAMILIES[family]


def table(name: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the table of all unknowns.

    Parameters
    ----------
    name : str
        Of the scenario.
    rows : sequence of mapping
        ``name``, ``strength``, ``mean``, ``percentiles`` in the normalised unit, ``one`` and ``unit``: what
        they are shown in.

    Returns
    -------
    str
        Text of at most 80 columns.
    """
    name = title(name)
    lines = [name, "=" * len(name)]
    if not rows:
        return "\n".join([*lines, "Nothing in this scenario is uncertain: every input is one number."])
    guessed = sum(row["strength"] == "guess" for row in rows)
    are = "is a guess" if guessed == 1 else "are guesses"
    many = f"{len(rows)} input{'s are' if len(rows) != 1 else ' is'}"
    lines.append(wrap(f"{many} uncertain; {guessed} of them {are}."))
    head = "".join(f"{word:>{CELL}}" for word in ("P5", "P50", "P95", "mean"))
    lines += ["", f"{'':<{NAME}}{head}  {'unit':<14}strength"]
    for row in rows:
        shown = title(row["name"])
        if len(shown) > NAME - 1:
            lines.append(shown)
            shown = ""
        numbers = [*(row["percentiles"][p] for p in ("p5", "p50", "p95")), row["mean"]]
        cells = "".join(f"{figure(number / row['one']):>{CELL}}" for number in numbers)
        lines.append(f"{shown:<{NAME}}{cells}  {row['unit'][:13]:<14}{row['strength']}".rstrip())
    lines += [
        "",
        wrap("P5: 1 future in 20 has less; P95: 1 in 20 has more. Name an input to see more of it."),
    ]
    return "\n".join(lines)


def screen(about: Mapping[str, Any], laws: Sequence[Law | None]) -> str:
    """Return what one input means.

    Parameters
    ----------
    about : mapping
        As the JSON has it, with ``one`` and ``unit`` in which the numbers of each side are shown.
    laws : sequence of Law or None
        Of each side, after clipping; None where it is known.

    Returns
    -------
    str
        Text of at most 80 columns.
    """
    name = title(about["name"])
    lines = [name, "=" * len(name), wrap(about["about"])]
    if about["written"]:
        lines.append(wrap(f"As written: {title(about['written'])}"))
    source = f"source {title(about['source'])}, " if about["source"] else ""
    lines.append(wrap(f"Strength: {source}{about['strength']}."))
    for side, found in zip(about["sides"], laws, strict=True):
        lines += ["", *_side(side, found)]
    return "\n".join(lines)


HEADS = {
    "value": "The value",
    "both": "In pilot and production, one draw",
    "pilot": "Pilot",
    "production": "Production",
    "factor": "Production is the pilot's own draw times a factor",
    "change": "What the investment changes",
}


def _side(side: Mapping[str, Any], found: Law | None) -> list[str]:
    head, one, unit = HEADS[side["side"]], side["one"], side["unit"]
    if found is None:
        value = side["value"]
        if isinstance(value, int | float):
            value = f"{figure(value / one)} {unit}".strip()
        elif isinstance(value, list):
            value = side["written"] or ", ".join(map(str, value))
        return [wrap(f"{head}: {'none' if value is None else title(str(value))}, known, not uncertain.")]
    meaning = words(side["distribution"]) if side["distribution"] else "the product of both"
    low, high = (figure(side[end] / one) if side[end] is not None else "" for end in ("low", "high"))
    within = _within(side)
    in_unit = f", in {unit}" if unit and not unit.startswith("x") else ""
    lines = [wrap(f"{head}: {meaning}{within}{in_unit}."), ""]
    lines.append("".join(f"{f'P{rank}':>{CELL}}" for rank in RANKS))
    lines.append("".join(f"{figure(value / one):>{CELL}}" for value in side["percentiles"].values()))
    lines.append("")
    lines.append(wrap(f"Mean {figure(side['mean'] / one)}, standard deviation {figure(side['sd'] / one)}."))
    for end, share in ((low, side["p_at_low"]), (high, side["p_at_high"])):
        if share >= 5e-5:
            lines.append(wrap(f"At {end} or beyond: {_percent(share)} of the draws."))
    if side["clipped"] >= 5e-5:
        lines.append(wrap(f"Clipped to what is possible: {_percent(side['clipped'])} of the draws."))
    if side["whole"] and side["distribution"]["family"] != "discrete":
        lines.append("A draw is rounded up to a whole number.")
    lines += ["", *histogram(found, one), ""]
    if not side["distribution"]:
        return lines[:-1]
    ties = [f"{title(tie['name'])} {tie['rank_correlation']:+g}" for tie in side["correlations"]]
    lines.append(
        wrap(f"Rank correlations: {', '.join(ties)}." if ties else "Independent of all other inputs.")
    )
    if ties and found.kind != "smooth":
        lines.append(
            wrap("They are those of the uniform numbers behind the values; equal values weaken them.")
        )
    return lines


def _within(side: Mapping[str, Any]) -> str:
    """Return between what values it lies: the limits at which it is cut, else the bounds of the key."""
    cut = side["distribution"] if (side["distribution"] or {}).get("family") == "truncated" else {}
    ends = [cut[end] if cut.get(end) is not None else side[end] for end in ("low", "high")]
    low, high = (figure(end / side["one"]) if end is not None else "" for end in ends)
    if low and high:
        return f", within {low} to {high}"
    return f", from {low} on" if low else f", up to {high}" if high else ""


def _percent(share: float) -> str:
    return "under 0.1 %" if share < 0.0005 else f"{100.0 * share:.1f} %"


def histogram(found: Law, one: float) -> list[str]:
    """Return bars of `#`, which every terminal has: of values with a probability, or of ranges."""
    if found.kind == "discrete" and len(found.values) <= 2 * BARS:
        labels, shares = [figure(value / one) for value in found.values], found.weights
    else:
        edges = _edges(found, one)
        cumulative = np.concatenate([[0.0], found.at_most(edges * one), [1.0]])
        shares = np.diff(cumulative)
        inner = [f"{figure(a)} to {figure(b)}" for a, b in pairwise(edges)]
        labels = [f"up to {figure(edges[0])}", *inner, f"over {figure(edges[-1])}"]
        kept = [n for n, share in enumerate(shares) if 0 < n < len(shares) - 1 or share > 1e-9]
        labels, shares = [labels[n] for n in kept], shares[kept]
    widest = max(map(len, labels))
    room = min(LONGEST, WIDTH - widest - 12)
    lines = []
    for label, share in zip(labels, shares, strict=True):
        bar = "#" * round(room * share / shares.max())
        percent = "under 1 %" if 0 < share < 0.005 else f"{100.0 * share:.0f} %"
        lines.append(f"  {label:>{widest}} {bar} {percent}" if bar else f"  {label:>{widest}} {percent}")
    return lines


def _edges(found: Law, one: float) -> FloatArray:
    """Return about ten round numbers from P1 to P99, in what is shown."""
    low, high = found.percentiles[0] / one, found.percentiles[-1] / one
    if not high > low:
        return np.array([low])
    width = (high - low) / (BARS - 2)
    power = 10.0 ** np.floor(np.log10(width))
    step = next(s * power for s in (1.0, 2.0, 2.5, 5.0, 10.0) if s * power >= width * (1 - 1e-9))
    first, last = np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9)
    # Rounded, or 3 x 0.1 would be 0.30000000000000004 and its label longer.
    return np.array([float(f"{step * n:.12g}") for n in np.arange(first, last + 1.0)])
