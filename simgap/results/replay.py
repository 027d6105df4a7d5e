"""What can be taken out of a replication, and what followed from what was: words, tables, a figure, files.

matplotlib is imported only when asked for.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from simgap.analysis import replay as analysis
from simgap.analysis.head import currency, head
from simgap.analysis.replay import INCIDENT, SCHEMA_CHANGE, Difference, Event
from simgap.analysis.summary import finite
from simgap.analysis.timeline import Timeline
from simgap.analysis.words import title
from simgap.defaults import ENGINE
from simgap.folder import result_folder, write_json
from simgap.model import keys
from simgap.model.clock import HOUR, MONTH, NEVER
from simgap.model.types import Floats
from simgap.montecarlo.outcomes import Reading
from simgap.report import eventlog
from simgap.report import replay as report
from simgap.results.incomplete import doubled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from simgap.engines.log import Entry

LISTED = ("name", "kind", "month", "time", "end", "hours", "workflow", "item", "failed", "level")
PRICED = ("cost", "restricted_weeks", "ended_weeks", "incidents", "fallback", "escaped")


class Told(NamedTuple):
    """A history of a replication's production: in money, as a log, and over time."""

    reading: Reading
    entries: list[Entry]
    line: Timeline


class Price(NamedTuple):
    """What followed from one event: as it was, less without it.

    Attributes
    ----------
    cost : float
        In net present value; negative where the event earned something.
    restricted_weeks : float
        Restricted or suspended, in the window.
    ended_weeks : float
        After the AI was given up, in the window.
    incidents, fallback, escaped : float
        Incidents, itself among them; items that fall back at a deadline; escaped errors.
    """

    cost: float
    restricted_weeks: float
    ended_weeks: float
    incidents: float
    fallback: float
    escaped: float


@dataclass(frozen=True)
class Happenings:
    """What can be taken out of a replication.

    Attributes
    ----------
    resolved : dict
        The scenario.
    seed, replication : int
        Seed of the study; number of the replication, counted from 0.
    start : datetime
        Go-live.
    told : Told
        What happened.
    events : list of Event
        By kind and in order of time.
    prices : list of Price or None, or None
        What each cost, where it was asked for; None for one that was not finished.
    """

    resolved: dict[str, Any]
    seed: int
    replication: int
    start: datetime
    told: Told
    events: list[Event]
    prices: list[Price | None] | None = None
    shortfalls: tuple[str, ...] = ()
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether everything that was asked for was finished."""
        return not self.shortfalls

    def json(self) -> dict[str, Any]:
        """Return what ``result.json`` holds; events that are priced begin with the one that cost most."""
        rows = [_event(event, self) for event in self.events]
        if self.prices is not None:
            for row, price in zip(rows, self.prices, strict=True):
                row |= price._asdict() if price else dict.fromkeys(PRICED)
            rows.sort(key=lambda row: -row["cost"] if row["cost"] is not None else np.inf)
        found: dict[str, Any] = finite(
            {
                **_head(self),
                "npv": self.told.reading.realised,
                "priced": self.prices is not None,
                "events": rows,
                "files": ["result.json", "happenings.csv"],
                "provenance": self.provenance,
            }
        )
        return found

    def text(self) -> str:
        """Return the list for the terminal."""
        return report.listing(self.json())

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the list as a table, a row an event."""
        data = self.json()
        columns = (*LISTED, *(PRICED if data["priced"] else ()))
        with Path(path).open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
            table.writeheader()
            for row in data["events"]:
                table.writerow({**row, "failed": ";".join(row["failed"])})

    def save(self, folder: str | os.PathLike[str], overwrite: bool = False) -> None:
        """Write the result folder: all of it, or nothing.

        Raises
        ------
        InputError
            As `results.run.Result.save`.
        """
        with result_folder(Path(folder), overwrite) as place:
            write_json(place / "result.json", self.json())
            self.to_csv(place / "happenings.csv")


@dataclass(frozen=True)
class Replay:
    """What followed from what was taken out of a replication.

    Attributes
    ----------
    resolved, seed, replication, start
        As in `Happenings`.
    histories : tuple of Told
        What happened, and the same without what was taken out.
    chosen : list of Event
        What was taken out, in order of time.
    difference : Difference
        Between the two logs.
    """

    resolved: dict[str, Any]
    seed: int
    replication: int
    start: datetime
    histories: tuple[Told, Told]
    chosen: list[Event]
    difference: Difference
    provenance: dict[str, Any] = field(default_factory=dict)

    # A replay is whole or there is none.
    complete = True
    shortfalls = ()

    @property
    def money(self) -> list[dict[str, Any]]:
        """A row a ledger line, `analysis.replay.money`."""
        factual, without = (told.reading for told in self.histories)
        return analysis.money(factual.lines, without.lines, factual.rate, factual.tax)

    @property
    def cost(self) -> float:
        """Net present value that was lost to what was taken out; negative where it earned something."""
        return analysis.cost(self.money)

    def cumulative(self) -> Floats:
        """Return the net cash of what happened, less that without, added up by month: Floats[months]."""
        reads = [told.reading for told in self.histories]
        nets = [(r.lines["benefit"] + r.costs + r.one_off) * (1.0 - r.tax) for r in reads]
        return np.asarray(np.cumsum(nets[0] - nets[1]), np.float64)

    def json(self) -> dict[str, Any]:
        """Return what ``result.json`` holds."""
        apart, rows = self.difference, self.money
        lines = [told.line for told in self.histories]
        ended = [analysis.weeks_after_the_end(told.reading.window) for told in self.histories]
        weeks = [analysis.weeks_at_levels(line, after) for line, after in zip(lines, ended, strict=True)]
        stamps = {"first_difference": apart.first, "last_difference": apart.last}
        found: dict[str, Any] = finite(
            {
                **_head(self),
                "without": [_event(event, self) for event in self.chosen],
                "npv": {
                    "factual": self.histories[0].reading.realised,
                    "without": self.histories[1].reading.realised,
                    "cost": analysis.cost(rows),
                },
                "money": rows,
                "weeks": {
                    level: {"factual": weeks[0][level], "without": weeks[1][level]} for level in weeks[0]
                },
                "counts": {
                    name: {"factual": one, "without": other} for name, (one, other) in apart.counts.items()
                },
                "items": {
                    "another_way": apart.other_way,
                    "later": apart.later,
                    "earlier": apart.earlier,
                },
                **{k: None if t is None else self._stamp(t) for k, t in stamps.items()},
                "last_month": None if apart.last is None else self._month(apart.last),
                "joined": apart.joined,
                "after_arrivals": apart.after_arrivals,
                "stopped": [
                    read.window.end if read.window.end < read.window.months else None
                    for read in (told.reading for told in self.histories)
                ],
                "chain": self.chain(),
                "files": list(REPLAY_FILES),
                "provenance": self.provenance,
            }
        )
        return found

    def chain(self) -> list[dict[str, Any]]:
        """Return what differs, in order of time: ``time``, ``month``, ``mark`` and ``what``.

        Marks are ``removed``: what was taken out; ``only factual``: it happened, and would not have; ``only
        without``: the reverse; ``otherwise``.
        """
        workflows = self.resolved["workflows"]

        def stamp(time: int) -> str | None:
            return None if time >= NEVER else self._stamp(time)

        rows = [(event.time, 0, "removed", report.removed(event, workflows, stamp)) for event in self.chosen]
        removed = {(e.time, e.entity) for e in self.chosen if e.kind != analysis.RESTRICTION}
        for step in self.difference.steps:
            if not (step.without is None and (step.time, step.entity) in removed):
                rows.append((step.time, 1, *report.step(step, workflows)))
        for which, (time, entity, outcome, other) in zip(
            ("first", "last"), self.difference.items, strict=False
        ):
            name = eventlog.item_name(keys.ITEM, entity, workflows)
            rows.append((time, 2, "otherwise", report.end_of(which, name, outcome, other)))
        rows.sort(key=lambda row: row[:2])
        return [
            {"time": self._stamp(time), "month": self._month(time), "mark": mark, "what": what}
            for time, _, mark, what in rows
        ]

    def _month(self, time: int) -> int:
        return (self.histories[0].line.go_live + time) // MONTH + 1

    def _stamp(self, time: int) -> str:
        return eventlog.time_stamp(time, self.start)

    def text(self) -> str:
        """Return the screen."""
        return report.screen(self.json())

    def figure(self) -> Figure:
        """Draw both histories above each other: autonomy, backlog, and the money between them."""
        from simgap.plots import replay, style

        caption = (
            f"{title(self.resolved['name'])}: replication {self.replication}, seed {self.seed}; one draw of "
            f"what is not known and one luck, the same in both histories.{doubled(self.resolved)}"
        )
        figure, axes = style.new_figure(caption, height=replay.HEIGHT)
        lines = tuple(told.line for told in self.histories)
        marks = [(event.time, event.name) for event in self.chosen]
        statement = report.headline(self.json())
        replay.draw(axes, (lines[0], lines[1]), self.cumulative(), marks, currency(self.resolved), statement)
        return figure

    def save(self, folder: str | os.PathLike[str], overwrite: bool = False) -> None:
        """Write the result folder: all of it, or nothing.

        Raises
        ------
        InputError
            As `results.run.Result.save`.
        """
        from simgap.plots import style

        workflows = self.resolved["workflows"]
        with result_folder(Path(folder), overwrite) as place:
            write_json(place / "result.json", self.json())
            with (place / "chain.csv").open("w", encoding="utf-8", newline="") as file:
                table = csv.DictWriter(file, ("time", "month", "mark", "what"), lineterminator="\n")
                table.writeheader()
                table.writerows(self.chain())
            with (place / "differences.csv").open("w", encoding="utf-8", newline="") as file:
                report.write_differences(file, self.difference.only, self.start, workflows)
            style.save(self.figure(), place / "replay.png")


REPLAY_FILES = ("result.json", "chain.csv", "differences.csv", "replay.png")


def _head(of: Happenings | Replay) -> dict[str, Any]:
    settings: Mapping[str, Any] = of.resolved["parameters"]
    return {
        **head(of.resolved, seed=of.seed, replication=of.replication, engine=ENGINE),
        "discount": (of.told if isinstance(of, Happenings) else of.histories[0]).reading.rate,
        "tax": (of.told if isinstance(of, Happenings) else of.histories[0]).reading.tax,
        "months": int(settings["clock.horizon"]["value"]),
        "go_live": eventlog.time_stamp(0, of.start),
    }


def _event(event: Event, of: Happenings | Replay) -> dict[str, Any]:
    """Return an event as data."""
    workflows: Sequence[str] = of.resolved["workflows"]
    line = (of.told if isinstance(of, Happenings) else of.histories[0]).line
    incident = event.kind == INCIDENT
    of_workflow = incident or event.kind == SCHEMA_CHANGE
    return {
        "name": event.name,
        "kind": event.kind,
        "number": event.number,
        "month": (line.go_live + event.time) // MONTH + 1,
        "time": eventlog.time_stamp(event.time, of.start),
        "end": None if event.end >= NEVER else eventlog.time_stamp(event.end, of.start),
        "hours": None if event.end >= NEVER else (event.end - event.time) / HOUR,
        "after_window": event.time > line.window,
        "workflow": workflows[event.entity >> keys.WORKFLOW_SHIFT] if of_workflow else None,
        "item": eventlog.item_name(keys.ITEM, event.entity, workflows) if incident else None,
        "failed": list(event.words) if incident else [],
        "level": event.words[0] if event.kind == analysis.RESTRICTION else None,
    }
