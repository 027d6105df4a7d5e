"""What a trace came to: one replication as an event log, a summary and a figure, and their folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simgap.analysis.head import head
from simgap.analysis.summary import finite
from simgap.analysis.timeline import Timeline, counts
from simgap.analysis.words import title
from simgap.folder import result_folder, write_json
from simgap.model.clock import HOUR, MONTH
from simgap.report import eventlog
from simgap.report.outside import twice
from simgap.report.screen import wrap
from simgap.scenario.outside import counted_twice
from simgap.version import __version__

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from simgap.engines.log import Entry


@dataclass(frozen=True)
class Trace:
    """What happened in one phase of one replication.

    Attributes
    ----------
    seed, replication : int
        Seed of the study; number of the replication, counted from 0.
    phase : str
        ``production`` or ``pilot``.
    months : tuple of int, or None
        First and last month of arrivals that the log is of; None: all.
    entries : list of Entry
        The log: time in microseconds since go-live, kind and number of the entity, activity, transition and
        a mapping of details; see docs/trace.md.
    start : datetime
        Go-live; of the pilot, the decision.
    timeline : Timeline
        The whole replication over time.
    """

    resolved: dict[str, Any]
    seed: int
    replication: int
    phase: str
    months: tuple[int, int] | None
    entries: list[Entry]
    start: datetime
    timeline: Timeline
    provenance: dict[str, Any]

    # A log is whole or there is none.
    complete = True
    shortfalls = ()

    def json(self) -> dict[str, Any]:
        """Return what ``result.json`` holds."""
        line = self.timeline
        most, since = line.longest
        month = (line.go_live + since) // MONTH + 1
        longest = {"items": most, "time": self._time(since), "month": month}
        seen = line.incidents < line.window
        return {
            **head(self.resolved, seed=self.seed, replication=self.replication, engine="reference"),
            "phase": self.phase,
            "months": list(self.months) if self.months else None,
            "go_live": self._time(0),
            **counts(self.entries),
            "incidents": int(seen.sum()),
            "latent_incidents": int((~seen).sum()),
            "problems": int((seen & line.opened).sum()),
            "level_shares": line.level_shares(),
            "longest_queue": longest if most else None,
            "files": list(TRACE_FILES),
            "provenance": finite(self.provenance),
        }

    def _time(self, time: int) -> str:
        return eventlog.time_stamp(time, self.start)

    def text(self) -> str:
        """Return a summary for the terminal."""
        found, name = self.json(), title(self.resolved["name"])
        items, line = found["items"], self.timeline
        span = f" in months {self.months[0]} to {self.months[1]}" if self.months else ""
        longest = found["longest_queue"]
        levels = (f"{word} {share:.1%}" for word, share in found["level_shares"].items() if share)
        hours = float(np.diff(line.outages).sum()) / HOUR
        facts = [
            f"{items:,} items arrive{span}, and {found['duplicates']:,} duplicates. How items end:",
            *_table(found["outcomes"], items),
            "Why items and duplicates are reviewed; one may have several reasons:",
            *_table(found["reasons"], items + found["duplicates"]),
            "Wrong decisions that escape, of items:",
            *_table(found["escaped"], items),
            "In the whole replication:" if self.months else "",
            f"{found['incidents']:,} incidents, of which {found['problems']:,} open a problem; "
            f"{found['latent_incidents']:,} more after the window."
            if len(line.incidents)
            else "No incidents.",
            f"{found['outages']:,} outages of the AI, {hours:,.0f} h in all." if found["outages"] else "",
            _news(found["activities"]),
            f"Time at each level: {', '.join(levels)}.",
            f"Longest queue: {longest['items']:,} items wait for a reviewer on {longest['time'][:10]} "
            f"(month {longest['month']})."
            if longest
            else "No item waits for a reviewer.",
            twice(counted_twice(self.resolved)).strip(),
        ]
        head = f"{name}: replication {self.replication} in {self.phase}, seed {self.seed}"
        return "\n".join([*map(wrap, [head, *filter(None, facts)])])

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the log as a table, a row an event; see `report.eventlog.write_csv`."""
        eventlog.write_csv(Path(path), self.entries, self.start, self.resolved["workflows"])

    def to_xes(self, path: str | os.PathLike[str]) -> None:
        """Write the log as XES, IEEE 1849-2016; see `report.eventlog.write_xes`."""
        workflows, name = self.resolved["workflows"], title(self.resolved["name"])
        eventlog.write_xes(Path(path), self.entries, self.start, workflows, name, __version__)

    def figure(self) -> Figure:
        """Draw the whole replication over time."""
        from simgap.plots import style
        from simgap.plots import timeline as drawing

        caption = (
            f"{title(self.resolved['name'])}: replication {self.replication} in {self.phase}, seed "
            f"{self.seed}; one draw of what is not known and one luck.{twice(counted_twice(self.resolved))}"
        )
        figure, axes = style.new_figure(caption, height=drawing.height(self.timeline))
        drawing.draw(axes, self.timeline)
        return figure

    def save(self, folder: str | os.PathLike[str], overwrite: bool = False) -> None:
        """Write the result folder: all of it, or nothing.

        Raises
        ------
        InputError
            As `results.Result.save`.
        """
        from simgap.plots import style

        with result_folder(Path(folder), overwrite) as place:
            write_json(place / "result.json", self.json())
            self.to_csv(place / "events.csv")
            self.to_xes(place / "events.xes")
            style.save(self.figure(), place / "timeline.png")


TRACE_FILES = ("result.json", "events.csv", "events.xes", "timeline.png")


def _table(counted: Mapping[str, int], of: int) -> list[str]:
    """Return a line for each thing that was counted and happened."""
    lines = [f"  {word:<14}{n:>11,}{n / of:>9.1%}" for word, n in counted.items() if n]
    return lines or ["  none"]


# What befalls the organisation besides, in the words of the log and of the summary.
NEWS = {
    "shock complete": "shocks",
    "schema change complete": "schema changes",
    "new edge-case type complete": "new edge-case types",
    "alarm complete": "alarms of the control chart",
    "change schedule": "changes asked for",
    "change complete": "changes done",
}


def _news(activities: Mapping[str, int]) -> str:
    """Return what befell the organisation in a sentence; nothing where nothing did."""
    found = [f"{activities[step]:,} {words}" for step, words in NEWS.items() if step in activities]
    return f"Besides: {', '.join(found)}." if found else ""
