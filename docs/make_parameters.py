"""Write `parameters.md` from the parameter table, and the published classes of `outside-view.md`.

`python docs/make_parameters.py`
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

from simgap.scenario.published import CLASSES, Figure
from simgap.scenario.table import GROUPS, OVERRIDABLE, ROWS, Row
from simgap.scenario.units import UNITS, say

PAGE = Path(__file__).with_name("parameters.md")
OUTSIDE = Path(__file__).with_name("outside-view.md")
OPEN, CLOSE = "<!-- published -->\n", "<!-- end -->"
HEAD = """# Parameters

Every key of the scenario file, from the parameter table of the program (`simgap/scenario/table.py`). This
page is written by `python docs/make_parameters.py`; do not edit it.

- **unit**: what may follow a number; the phrases are at the end of the page.
- **default**: what holds where the file states nothing. `required` means that the file must state it.
- **bounds**: closed, in the unit named.
- **condition**: the condition that the key belongs to. Only keys with a condition, or with `scale`, may
  have a bar (pilot | production).
- **since**: the version that first simulates the key. `not yet`: `run` refuses any value but the neutral one,
  which is the default.
- **source of default**: `guess` where nobody measured it; `neutral` where the default switches the
  mechanism off.

A star stands for a name that the file chooses. A workflow may override the keys of `data`, `edge_cases`,
`integration`, `oversight`, `governance`, `ai` and `legacy` for itself, except those that say "The same for
all workflows".
"""
COLUMNS = ("key", "unit", "default", "bounds", "condition", "since", "description", "source of default")


def bounds(row: Row) -> str:
    """Return the bounds of a row in words, empty where there are none to speak of."""
    if not UNITS[row.unit].phrases:
        return ""
    low, high = (say(end, row.unit) for end in (row.low, row.high))
    whole = "; whole" if row.whole else ""
    if math.isinf(row.low) and math.isinf(row.high):
        return "any" + whole
    return (f"{low} to {high}" if math.isfinite(row.high) else f"at least {low}") + whole


def description(row: Row) -> str:
    """Return the sentence about a row, with the words it allows and what else is special."""
    parts = [row.doc]
    if row.words:
        parts.append(f"Words: {', '.join(f'`{word}`' for word in row.words)}.")
    if row.shared and row.group in OVERRIDABLE:
        parts.append("The same for all workflows.")
    if row.scales:
        parts.append("Scaled with volume at a dose.")
    if row.constant and UNITS[row.unit].phrases:
        parts.append("Never uncertain.")
    return " ".join(parts)


def cells(row: Row) -> tuple[str, ...]:
    """Return the cells of a row of the page."""
    return (
        f"`{row.path}`",
        row.unit.replace("_", " "),
        f"`{row.default}`" if row.default else "required",
        bounds(row),
        row.condition,
        row.since or "not yet",
        description(row),
        row.source,
    )


def table(head: tuple[str, ...], lines: Iterable[tuple[str, ...]]) -> str:
    """Return a Markdown table."""
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ("---",) * len(head), *lines))


def page() -> str:
    """Return the whole page."""
    parts = [HEAD]
    for group, about in GROUPS.items():
        rows = [cells(row) for row in ROWS if row.group == group]
        parts.append(f"## {group}\n\n{about}.\n\n{table(COLUMNS, rows)}\n")
    units = [
        (name.replace("_", " "), unit.words, ", ".join(f"`{phrase}`" for phrase in unit.phrases if phrase))
        for name, unit in UNITS.items()
        if name != "factor"
    ]
    parts.append(f"## Units\n\n{table(('unit', 'what is allowed', 'phrases'), units)}\n")
    return "\n".join(parts)


def published() -> str:
    """Return the table of the published reference classes."""

    def figure(f: Figure) -> str:
        return f"{f.what}: " + (f"{f.value:.2f}" if f.kind == "multiple" else f"{100.0 * f.value:.3g} %")

    head = ("name", "what, and how many", "figures", "source", "mind")
    lines = [
        (
            f"`{name}`",
            f"{held.about} ({f'{held.n:,}' if held.n else 'not said'})",
            "; ".join(map(figure, held.figures)),
            f"{held.source} ({held.strength})",
            held.caveat,
        )
        for name, held in CLASSES.items()
    ]
    return table(head, lines)


def with_published(text: str) -> str:
    """Return the page on the outside view with a fresh table."""
    before, _, rest = text.partition(OPEN)
    return f"{before}{OPEN}{published()}\n{CLOSE}{rest.partition(CLOSE)[2]}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    OUTSIDE.write_text(with_published(OUTSIDE.read_text(encoding="utf-8")), encoding="utf-8")
