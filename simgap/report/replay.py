"""The screens of `replay`: what can be taken out of a replication, and what followed from it. 80 columns."""

from __future__ import annotations

import csv
import textwrap
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any

from simgap.analysis.replay import INCIDENT, OUTAGE, RESTRICTION, SCHEMA_CHANGE, Event, Step
from simgap.analysis.words import money, title
from simgap.model import keys
from simgap.model.clock import HOUR, NEVER
from simgap.report import eventlog
from simgap.report.outside import twice
from simgap.report.screen import WIDTH, wrap

if TYPE_CHECKING:
    from simgap.engines.log import Entry

Stamp = Callable[[int], "str | None"]

MARKS = {"removed": "*", "only factual": "+", "only without": "-", "otherwise": "~"}
LEGEND = (
    "What differs, in order of time. * taken out; + happened, and would not have; - would have happened; "
    "~ otherwise than without it:"
)
CAVEAT = (
    "This is what the model says of this one future: the difference of two histories with the same draw of "
    "what is not known, the same luck and the same random numbers. It is no forecast, and in another future "
    "the same event may cost more, less or nothing."
)
MOST_STEPS = 24  # lines of the chain on the screen
# Rows of the table of counts, in words.
COUNTS = {
    "straight": "Items straight through",
    "reviewed": "Items reviewed",
    "manual": "Items done by hand",
    "fallback": "Items fallen back (deadline)",
    "suspended": "Items while suspended",
    "lost": "Items lost in an outage",
    "declined": "Items not sent to the AI",
    "reviews": "Reviews begun, duplicates too",
    "deadlines_missed": "Deadlines missed, duplicates too",
    "escaped_straight": "Escaped, straight through",
    "escaped_missed": "Escaped, missed by a reviewer",
    "escaped_overturned": "Escaped, overturned wrongly",
    "escaped_manual": "Escaped, wrong by hand",
    "incidents": "Incidents",
    "problems": "Problems opened",
    "outages": "Outages",
    "schema_changes": "Schema changes",
    "alarms": "Alarms of the chart",
    "connector_changes": "Connector repairs asked for",
    "retrainings": "Retrainings asked for",
    "edge_type_changes": "Edge-case changes asked for",
}


# What is taken out, and the steps of the chain, in words.


def removed(event: Event, workflows: Sequence[str], stamp: Stamp) -> str:
    """Return what is taken out, in words."""
    until = _until(event.end, stamp)
    if event.kind == INCIDENT:
        return f"{event.name}: {_item(event.entity, workflows)}{_failed(event.words)}"
    if event.kind == OUTAGE:
        return f"{event.name}: the AI is out{until}"
    if event.kind == SCHEMA_CHANGE:
        workflow = workflows[event.entity >> keys.WORKFLOW_SHIFT]
        return f"{event.name}: the data of {workflow} change their schema{until and f', repaired{until[6:]}'}"
    return f"{event.name}: {event.words[0]} at the strictest{until}"


def _until(end: int, stamp: Stamp) -> str:
    when = stamp(end)
    return "" if when is None else f" until {when[:10]}"


def _item(entity: int, workflows: Sequence[str]) -> str:
    return eventlog.item_name(keys.ITEM, entity, workflows)


def _failed(words: Sequence[str]) -> str:
    return f" (not {', not '.join(words)})" if words else ""


def step(found: Step, workflows: Sequence[str]) -> tuple[str, str]:
    """Return the mark and the words of a step of the chain.

    Parameters
    ----------
    found : Step
        As `analysis.replay.difference` returns it.
    workflows : sequence of str
        Their names.
    """
    one, other = found.factual, found.without
    known = one or other or {}
    if found.activity == "autonomy level":
        lasts = length(None if known["until"] >= NEVER else (known["until"] - found.time) / HOUR)
        levels = [side["level"] for side in (one, other) if side]
        return "otherwise", f"{' instead of '.join(levels)}{' for' * (lasts[0] != 't')} {lasts}"
    changes = {"change schedule": "change asked for", "change complete": "change done"}
    if found.activity in changes:
        what = f"{changes[found.activity]}: {eventlog.change_name(found.entity, workflows)}"
    elif found.activity == "incident":
        what = f"incident: {_item(found.entity, workflows)}{_failed(known['failed'])}"
    else:
        what = SAID.get(found.activity) or _heads(known)
    if one is None or other is None:
        return ("only factual" if other is None else "only without"), what
    if one["time"] == other["time"]:
        return "otherwise", f"{what}; without it {_heads(other)}"
    apart = length(abs(one["time"] - other["time"]) / HOUR)
    first, second = (
        ("as it was", "without it") if one["time"] < other["time"] else ("without it", "as it was")
    )
    return "otherwise", f"{what} {first}; {second} {apart} later"


SAID = {
    "outage": "the AI is out",
    "schema change": "the data change their schema",
    "alarm complete": "the control chart raises an alarm",
    "stop": "the AI is given up",
}
ENDS = {
    "straight": "straight through",
    "manual": "done by hand",
    "fallback": "fallen back at a deadline",
    "suspended": "the legacy way while suspended",
    "lost": "lost in an outage",
    "declined": "not sent to the AI",
}


def end_of(which: str, name: str, outcome: str, other: str) -> str:
    """Return that an item ends another way, in words; `which` is ``first`` or ``last``."""
    one, two = (ENDS.get(word, word) for word in (outcome, other))
    return f"{which} item to end another way: {name}, {one} instead of {two}"


def _heads(known: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{known[team]} {team} on the staff" for team in ("reviewers", "specialists") if team in known
    )


# The list.


def listing(found: Mapping[str, Any]) -> str:
    """Return the list of what can be taken out of a replication.

    Parameters
    ----------
    found : mapping
        The JSON of `simgap replay` without ``--without``.
    """
    name, events, currency = title(found["scenario"]["name"]), found["events"], found["currency"]
    head = f"{name}: replication {found['replication']} in production, seed {found['seed']}"
    worth = f"This future is worth {money(found['npv'], currency)} (net present value)."
    worth += twice(found["counted_twice"])
    if not events:
        return "\n".join([wrap(head), wrap(f"{worth} Nothing happens in it that could be taken out.")])
    kinds = {kind: sum(event["kind"] == kind for event in events) for kind in PLURALS}
    there = ", ".join(f"{n} {PLURALS[kind][n != 1]}" for kind, n in kinds.items() if n)
    lines = [head, f"{worth} What can be taken out of it: {there}."]
    if found["priced"]:
        ended = "weeks after the end of the AI, " * any(event["ended_weeks"] for event in events)
        lines.append(
            "Cost: what the same future without this one event would be worth more, in net present value. "
            f"Weeks restricted or suspended, {ended}incidents, and items fallen back at a deadline: as it "
            "was, less without it. Costs of single events do not add up: one may follow from another."
        )
        return "\n".join([*map(wrap, lines), "", *_prices(events), "", wrap(CAVEAT)])
    rows = [f"{'event':<18}{'month':>5}  {'date':<10}  {'lasts':>10}  what"]
    for event in events:
        lasts = length(event["hours"]) if event["hours"] != 0.0 else ""
        head = f"{event['name']:<18}{event['month']:>5}  {event['time'][:10]}  {lasts:>10}  "
        rows += _hanging(head, _described(event))
    return "\n".join(
        [
            *map(wrap, lines),
            "",
            *rows,
            "",
            wrap("Use --without EVENT to see what followed from one, --each for what each cost."),
        ]
    )


PLURALS = {
    INCIDENT: ("incident", "incidents"),
    OUTAGE: ("outage", "outages"),
    SCHEMA_CHANGE: ("schema change", "schema changes"),
    RESTRICTION: ("restriction", "restrictions"),
}


def _hanging(head: str, text: str) -> list[str]:
    room = WIDTH - len(head)
    pieces = textwrap.wrap(text, room, break_on_hyphens=False) or [""]
    return [
        head.rstrip() if not text else head + pieces[0],
        *(" " * len(head) + piece for piece in pieces[1:]),
    ]


def _described(event: Mapping[str, Any]) -> str:
    """Return what an event was, in few words."""
    late = "after the window: " if event["after_window"] else ""
    if event["kind"] == INCIDENT:
        failed = f", not {', not '.join(event['failed'])}" if event["failed"] else ""
        return f"{late}{event['item']}{failed}"
    if event["kind"] == SCHEMA_CHANGE:
        return f"{event['workflow']}, until it is repaired"
    return f"{late}{event['level']} at the strictest" if event["kind"] == RESTRICTION else ""


def _prices(events: Sequence[Mapping[str, Any]]) -> list[str]:
    numbered = ("cost", "restricted_weeks", "ended_weeks", "incidents", "fallback", "escaped")
    given_up = any(event["ended_weeks"] for event in events)
    after = f"{'ended':>7}" * given_up
    rows = [f"{'event':<18}{'month':>5}{'cost':>9}{'weeks':>7}{after}{'incid.':>7}{'fallen':>8}  what"]
    free = [event["name"] for event in events if all(event[key] == 0.0 for key in numbered)]
    for event in events:
        if event["name"] in free:
            continue
        if event["cost"] is None:
            numbers = f"{'unknown':>9}{'':>{22 + 7 * given_up}}"
        else:
            after = f"{event['ended_weeks']:>+7.1f}" * given_up
            numbers = (
                f"{money(event['cost']):>9}{event['restricted_weeks']:>+7.1f}{after}"
                f"{event['incidents']:>+7.0f}{event['fallback']:>+8,.0f}"
            )
        rows += _hanging(f"{event['name']:<18}{event['month']:>5}{numbers}  ", _described(event))
    if free:
        rows += ["", wrap(f"Cost nothing, and none of these followed: {', '.join(free)}.")]
    return rows


def length(hours: float | None) -> str:
    """Write a time in the unit that fits it.

    Examples
    --------
    >>> length(0.001), length(0.3), length(3.2), length(50.0), length(1848.0), length(None)
    ('3.6 s', '18 min', '3.2 h', '2.1 days', '11.0 weeks', 'to the end')
    """
    if hours is None:
        return "to the end"
    if hours < 1.0:
        return f"{hours * 60.0:.0f} min" if hours >= 1.0 / 60.0 else f"{hours * 3600.0:.2g} s"
    if hours < 48.0:
        return f"{hours:.1f} h"
    return f"{hours / 24.0:.1f} days" if hours < 336.0 else f"{hours / 168.0:,.1f} weeks"


# What followed.


def statement(found: Mapping[str, Any]) -> str:
    """Say in a sentence what was taken out and what it cost."""
    names = [event["name"] for event in found["without"]]
    said = f"{', '.join(names[:-1])} and {names[-1]}" if names[1:] else names[0]
    if len(names) > 4:
        said = f"{len(names)} events"
    return f"{said} {_costs(found)}"


def headline(found: Mapping[str, Any]) -> str:
    """Say in a sentence what was taken out, what it cost, and the first things that followed."""
    return f"{statement(found)}: {', '.join(consequences(found)[:3]) or 'nothing else followed'}"


def _costs(found: Mapping[str, Any]) -> str:
    cost, currency = found["npv"]["cost"], found["currency"]
    together = " together" if len(found["without"]) > 1 else ""
    if cost == 0.0:
        return f"cost nothing{together}"
    if cost > 0.0:
        return f"cost {money(cost, currency)}{together}"
    return f"gained {money(-cost, currency)}{together}"


def screen(found: Mapping[str, Any]) -> str:
    """Return the screen of a replay.

    Parameters
    ----------
    found : mapping
        The JSON of `simgap replay` with ``--without``.
    """
    name = title(found["scenario"]["name"])
    head = f"{name}: replication {found['replication']} in production, seed {found['seed']}"
    return "\n".join(
        [
            head if len(head) <= WIDTH else wrap(head),
            *map(wrap, [*_what(found), _followed(found), _together(found)]),
            wrap(CAVEAT),
            "",
            wrap(_conventions(found)),
            *_money(found),
            "",
            *_counts(found),
            "",
            wrap(LEGEND),
            *_steps(found["chain"]),
        ]
    )


def _what(found: Mapping[str, Any]) -> list[str]:
    """Say what was taken out and what it cost."""
    npv, currency, many = found["npv"], found["currency"], len(found["without"]) > 1
    lines = [_introduced(event) for event in found["without"][:4]]
    if len(found["without"]) > 4:
        lines = [f"Taken out: {', '.join(event['name'] for event in found['without'])}."]
    it = "them" if many else "it"
    said = statement(found)
    if npv["cost"] < 0.0:
        said += ": what followed was worth more than what it took"
    worth, other = money(npv["factual"], currency), money(npv["without"], currency)
    lines.append(f"{said[0].upper()}{said[1:]}. This future is worth {worth}, and without {it} {other}.")
    for read, which in zip(found["stopped"], ("As it was", f"Without {it}"), strict=True):
        if read is not None and found["stopped"][0] != found["stopped"][1]:
            lines.append(f"{which}, the AI is given up after month {read:.0f}.")
    return lines


def _introduced(event: Mapping[str, Any]) -> str:
    """Say what an event was."""
    when = f"on {event['time'][:10]}, month {event['month']}"
    lasts = length(event["hours"])
    if event["kind"] == INCIDENT:
        failed = f" that was not {', not '.join(event['failed'])}" if event["failed"] else ""
        problem = f"; the problem was open for {lasts}" if event["failed"] else "; it opened no problem"
        after = " (after the window)" if event["after_window"] else ""
        return f"{event['name']}: an incident of {event['item']}{failed}, {when}{after}{problem}."
    if event["kind"] == OUTAGE:
        return f"{event['name']}: the AI was out for {lasts}, {when}."
    if event["kind"] == SCHEMA_CHANGE:
        repaired = "never repaired" if event["hours"] is None else f"repaired after {lasts}"
        return f"{event['name']}: the data of {event['workflow']} changed their schema {when}; {repaired}."
    for_long = "to the end" if event["hours"] is None else f"for {lasts}"
    strictest = f"{event['level']} at the strictest"
    return f"{event['name']}: from {event['time'][:10]}, month {event['month']}, {for_long}; {strictest}."


def _followed(found: Mapping[str, Any]) -> str:
    """Say in a sentence what followed, of what differs."""
    parts = consequences(found)
    if not parts:
        return "Nothing else followed."
    return f"What followed from {'it' if len(found['without']) == 1 else 'them'}: {', '.join(parts)}."


def consequences(found: Mapping[str, Any]) -> list[str]:
    """Return what followed besides money, in words: what sets others off first."""
    counts = found["counts"]

    def more(number: float, word: str) -> list[str]:
        return [f"{abs(number):,} {word} {'more' if number > 0 else 'fewer'}"] if number else []

    def apart(name: str) -> int:
        return int(counts[name]["factual"] - counts[name]["without"])

    parts = []
    for level, pair in reversed(found["weeks"].items()):  # the strictest first
        weeks = pair["factual"] - pair["without"]
        if level != "autonomous" and abs(weeks) >= 0.05:
            parts.append(
                f"{abs(weeks):.1f} weeks {'more' if weeks > 0 else 'less'} {SPENT.get(level, level)}"
            )
    items = found["items"]
    parts += [f"{items['later']:,} item{_s(items['later'])} later"] * (items["later"] > 0)
    parts += [f"{items['earlier']:,} earlier"] * (items["earlier"] > 0)
    parts += [f"{items['another_way']:,} another way"] * (items["another_way"] > 0)
    others = apart("incidents") - sum(event["kind"] == INCIDENT for event in found["without"])
    escaped = sum(apart(f"escaped_{way}") for way in WAYS)
    parts += more(apart("fallback"), "fallen back")
    parts += more(escaped, f"escaped error{_s(abs(escaped))}")
    parts += more(others, f"other incident{_s(abs(others))}")
    retrainings = apart("retrainings")
    return parts + more(retrainings, f"retraining{_s(abs(retrainings))}")


SPENT = {"ended": "after the end of the AI"}
WAYS = ("straight", "missed", "overturned", "manual")


def _s(number: float) -> str:
    return "s" * (number != 1)


def _together(found: Mapping[str, Any]) -> str:
    """Say from when to when the histories differ."""
    first, last = found["first_difference"], found["last_difference"]
    if first is None:
        return "The two histories are the same."
    if first == last:
        late = ", after arrivals have ended" * found["after_arrivals"]
        return f"The two histories differ at one instant, on {first[:10]}{late}."
    if found["after_arrivals"]:
        return (
            f"The two histories are the same until arrivals have ended, and differ after that, from "
            f"{first[:10]} to {last[:10]} (month {found['last_month']})."
        )
    if found["joined"]:
        return (
            f"The two histories are the same up to {first[:10]}, and again after {last[:10]} (month "
            f"{found['last_month']})."
        )
    return f"The two histories are the same up to {first[:10]}, and do not join again before arrivals end."


def _conventions(found: Mapping[str, Any]) -> str:
    tax = f"after {found['tax']:.0%} tax" if found["tax"] else "before tax"
    return (
        f"Money in {found['currency']}, {tax}, summed over the {found['months']} months; the last column is "
        f"the difference in net present value at {found['discount']:.1%} a year."
        f"{twice(found['counted_twice'])}"
    )


def _row(label: str, cells: Sequence[str]) -> str:
    return f"{label:<34}" + "".join(f"{cell:>11}" for cell in cells)


def _money(found: Mapping[str, Any]) -> list[str]:
    """Return the ledger of both histories: lines that are nothing in both are left out."""
    rows = [_row("", ("as it was", "without", "difference", "its NPV"))]
    sums = dict.fromkeys(("factual", "without", "difference", "npv_difference"), 0.0)
    largest = max(abs(line[side]) for line in found["money"] for side in ("factual", "without"))
    for line in found["money"]:
        for key in sums:
            sums[key] += line[key]
        if line["factual"] or line["without"]:
            name = line["line"].capitalize().replace("Ai", "AI")
            rows.append(_ledger_row(name, line, 1e-6 * largest))
    return [*rows, _ledger_row("Net", sums, 1e-6 * largest)]


def _ledger_row(label: str, line: Mapping[str, Any], least: float) -> str:
    """Return a row of the ledger; what is less than the least amount is shown as nothing."""
    cells = [money(line["factual"]), money(line["without"])]
    for key in ("difference", "npv_difference"):
        value = line[key] if abs(line[key]) >= least else 0.0
        cells.append("+" * (value > 0.0) + money(value))
    return _row(label, cells)


def _counts(found: Mapping[str, Any]) -> list[str]:
    """Return how often things happen in both histories, as far as that differs."""
    rows = [_row("What happens, as far as it differs", ("as it was", "without", "difference"))]
    for level, pair in found["weeks"].items():
        if abs(pair["factual"] - pair["without"]) >= 0.05:
            cells = [f"{pair['factual']:,.1f}", f"{pair['without']:,.1f}"]
            rows.append(
                _row(
                    f"Weeks {SPENT.get(level, level)}", [*cells, f"{pair['factual'] - pair['without']:+,.1f}"]
                )
            )
    for name, pair in found["counts"].items():
        if pair["factual"] != pair["without"]:
            cells = [f"{pair['factual']:,}", f"{pair['without']:,}"]
            rows.append(_row(COUNTS[name], [*cells, f"{pair['factual'] - pair['without']:+,}"]))
    return rows if rows[1:] else ["No count differs."]


def _steps(chain: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the chain; the middle of a long one is left out."""
    left_out = len(chain) - MOST_STEPS
    shown = list(chain) if left_out <= 1 else [*chain[: MOST_STEPS - 6], None, *chain[-6:]]
    rows = []
    for row in shown:
        if row is None:
            rows.append(f"  ... {left_out} more; all are in chain.csv of --out, and in --json ...")
        else:
            rows += _hanging(f"{MARKS[row['mark']]} {row['time'][:10]} {row['month']:>4}  ", row["what"])
    return rows


def write_differences(
    file: IO[str], only: tuple[Sequence[Entry], Sequence[Entry]], start: datetime, workflows: Sequence[str]
) -> None:
    """Write the events that only one of two logs holds, in order of time, as `eventlog.write_csv` does.

    Parameters
    ----------
    file : text file
        Where to.
    only : tuple of two sequences of Entry
        What only the factual log holds, and only the other.
    start : datetime
        Go-live, aware of its time zone.
    workflows : sequence of str
        Names of the workflows.
    """
    table = csv.DictWriter(file, ("history", *eventlog.COLUMNS), lineterminator="\n")
    table.writeheader()
    both = [(e.time, side, i, e) for side, entries in enumerate(only) for i, e in enumerate(entries)]
    for *_, side, _, entry in sorted(both, key=lambda found: found[:3]):
        table.writerow({"history": ("factual", "without")[side]} | eventlog.row(entry, start, workflows))
