"""The event log of one replication as files: a CSV table, and XES for process-mining tools.

XES is IEEE Std 1849-2016, Standard for eXtensible Event Stream. Both files are written as they are made, so
that a long log needs no more memory than its entries.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import quoteattr

import numpy as np

from simgap.model import keys
from simgap.model.clock import HOUR
from simgap.model.production import BEFORE_TYPES, OF_MODEL, OF_SOURCE

if TYPE_CHECKING:
    from simgap.engines.log import Entry

DETAILS = (
    "value_class",
    "consequential",
    "level",
    "defects",
    "exception",
    "edge_case",
    "right",
    "handed_over",
    "congestion",
    "verdict",
    "outcome",
    "escaped",
    "failed",
    "open_problems",
    "recent_incidents",
    "reviewers",
    "specialists",
    "rank",
)
COLUMNS = ("case", "activity", "transition", "time", "hours", "resource", "instance", "reasons", *DETAILS)
SHARED = {
    keys.INCIDENT: "governance",
    keys.OUTAGE: "outages",
    keys.TEAM: "team",
    keys.SHOCK: "drift",
    keys.SCHEMA_CHANGE: "data sources",
    keys.BIRTH: "edge-case types",
    keys.CHANGE: "changes",
}
NUMBERED = (keys.OUTAGE, keys.SHOCK)
STARTED_BY_ITEMS = ("incident", "problem")

# Attribute of an event in XES: the standard's own where it has one.
ATTRIBUTES = {"resource": "org:resource", "instance": "concept:instance"}
TAGS = {bool: "boolean", int: "int", float: "float", str: "string"}
HEAD = """\
<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849.2016" xes.features="">
<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
<extension name="Lifecycle" prefix="lifecycle" uri="http://www.xes-standard.org/lifecycle.xesext"/>
<extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
<extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
<global scope="trace">
<string key="concept:name" value="unknown"/>
</global>
<global scope="event">
<string key="concept:name" value="unknown"/>
<string key="lifecycle:transition" value="unknown"/>
<date key="time:timestamp" value="1970-01-01T00:00:00.000000+00:00"/>
</global>
<classifier name="Activity" scope="event" keys="concept:name lifecycle:transition"/>
<string key="lifecycle:model" value="standard"/>
"""


def item_name(kind: int, entity: int, workflows: Sequence[str]) -> str:
    """Return the name of an item or of a duplicate, such as ``claims item 17``; the first has number 0.

    Examples
    --------
    >>> item_name(keys.ITEM, 17, ["claims"]), item_name(keys.DUPLICATE, (1 << 32) + 3, ["claims", "mail"])
    ('claims item 17', 'mail duplicate 3')
    """
    number = entity & (1 << keys.WORKFLOW_SHIFT) - 1
    word = "item" if kind == keys.ITEM else "duplicate"
    return f"{workflows[entity >> keys.WORKFLOW_SHIFT]} {word} {number}"


def case_name(kind: int, entity: int, workflows: Sequence[str]) -> str:
    """Return the case of an entry: an item or a duplicate, or what concerns them all."""
    return SHARED.get(kind) or item_name(kind, entity, workflows)


def change_name(entity: int, workflows: Sequence[str]) -> str:
    """Return what a change is of.

    Examples
    --------
    >>> [change_name((1 << 32) + column, ["claims", "mail"]) for column in (0, 1, 18)]
    ['connector of mail', 'model', 'edge-case type 17 of mail']
    """
    workflow, column = workflows[entity >> keys.WORKFLOW_SHIFT], entity & keys.NUMBER
    if column == OF_SOURCE:
        return f"connector of {workflow}"
    return "model" if column == OF_MODEL else f"edge-case type {column - BEFORE_TYPES} of {workflow}"


def time_stamp(time: int, start: datetime) -> str:
    """Return an instant in ISO 8601, to the microsecond.

    Parameters
    ----------
    time : int
        Microseconds since go-live.
    start : datetime
        Go-live, aware of its time zone.

    Raises
    ------
    OverflowError
        The instant lies beyond the year 9999.
    """
    return (start + timedelta(microseconds=time)).isoformat(timespec="microseconds")


def details(entry: Entry, workflows: Sequence[str]) -> dict[str, Any]:
    """Return what a log says about an entry besides case, activity, transition and time.

    Lists are joined by ``;``. What is empty, and so says nothing, is left out.
    """
    found = dict(entry.detail)
    if entry.kind in NUMBERED:
        found["instance"] = str(entry.entity)
    elif entry.kind in (keys.SCHEMA_CHANGE, keys.BIRTH):
        found["instance"] = workflows[entry.entity >> keys.WORKFLOW_SHIFT]
    elif entry.kind == keys.CHANGE:
        found["instance"] = change_name(entry.entity, workflows)
    elif entry.activity in STARTED_BY_ITEMS:
        found["instance"] = item_name(keys.ITEM, entry.entity, workflows)
    said = {k: _simple(v) for k, v in found.items()}
    return {k: v for k, v in said.items() if v != ""}


def _simple(value: Any) -> Any:
    """Return a value as text, number or truth value; without numba, rules give numbers of numpy."""
    if isinstance(value, tuple):
        return ";".join(value)
    return value.item() if isinstance(value, np.generic) else value


def write_csv(path: Path, entries: Iterable[Entry], start: datetime, workflows: Sequence[str]) -> None:
    """Write one row an event, in the order in which things happen.

    Parameters
    ----------
    path : Path
        Where to.
    entries : iterable of Entry
        The log.
    start : datetime
        Go-live, aware of its time zone.
    workflows : sequence of str
        Names of the workflows.

    Raises
    ------
    OSError
        The file cannot be written.
    ValueError
        An entry has a detail that no column is for.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(row(entry, start, workflows) for entry in entries)


def row(entry: Entry, start: datetime, workflows: Sequence[str]) -> dict[str, Any]:
    """Return the row of an entry in a table, by column."""
    return {
        "case": case_name(entry.kind, entry.entity, workflows),
        "activity": entry.activity,
        "transition": entry.transition,
        "time": time_stamp(entry.time, start),
        "hours": entry.time / HOUR,
        **{k: _plain(v) for k, v in details(entry, workflows).items()},
    }


def write_xes(
    path: Path, entries: Sequence[Entry], start: datetime, workflows: Sequence[str], name: str, version: str
) -> None:
    """Write a trace a case: items, duplicates, governance, outages, team; events in order of time.

    Parameters
    ----------
    path, entries, start, workflows
        As in `write_csv`.
    name : str
        Of the log.
    version : str
        Of the program.

    Raises
    ------
    OSError
        The file cannot be written.
    KeyError
        A detail is of a type that XES does not have.
    """

    def case(entry: Entry) -> tuple[int, int]:
        return entry.kind, 0 if entry.kind in SHARED else entry.entity

    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(HEAD)
        file.write(_attribute("concept:name", name) + _attribute("simgap", version))
        # Sorting keeps the order of happening within a case.
        for (kind, entity), events in groupby(sorted(entries, key=case), case):
            file.write("<trace>\n" + _attribute("concept:name", case_name(kind, entity, workflows)))
            for entry in events:
                file.writelines(_event(entry, start, workflows))
            file.write("</trace>\n")
        file.write("</log>\n")


def _event(entry: Entry, start: datetime, workflows: Sequence[str]) -> Iterator[str]:
    yield "<event>\n"
    yield _attribute("concept:name", entry.activity)
    yield _attribute("lifecycle:transition", entry.transition)
    yield f'<date key="time:timestamp" value="{time_stamp(entry.time, start)}"/>\n'
    for key, value in details(entry, workflows).items():
        yield _attribute(ATTRIBUTES.get(key, key), value)
    yield "</event>\n"


@lru_cache(4096, typed=True)  # a log says the same few things again and again
def _attribute(key: str, value: Any) -> str:
    """Return an attribute of the type that its value has."""
    # What cannot be shown XML may not hold, most of it.
    text = "".join(c if c.isprintable() else " " for c in _plain(value))
    return f"<{TAGS[type(value)]} key={quoteattr(key)} value={quoteattr(text)}/>\n"


def _plain(value: Any) -> str:
    """Write truth values as both formats have them."""
    return str(value).lower() if isinstance(value, bool) else str(value)
