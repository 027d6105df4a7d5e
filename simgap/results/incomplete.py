"""What results share: whether all that was asked for was finished, and what none must leave out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simgap.analysis.summary import finite
from simgap.montecarlo.plan import Results
from simgap.report.outside import twice
from simgap.report.precision import unreached
from simgap.scenario.outside import counted_twice


def shortfalls(results: Results) -> list[str]:
    """Return why not every trial that was asked for was finished, in words."""
    n = len(results.ended)
    they = (
        "replications ended with backlog_limit and are"
        if n > 1
        else "replication ended with backlog_limit and is"
    )
    found = [f"{n} {they} left out"] if n else []
    return found + ["stopped before the end"] * results.stopped


def omitted(results: Results) -> str:
    """Return the sentence of a caption that says what is left out."""
    n = len(results.ended)
    return f" Left out: {n} that ended with backlog_limit, the longest queues." if n else ""


def doubled(resolved: Mapping[str, Any]) -> str:
    """Return the sentence of a caption that says what is counted twice."""
    return twice(counted_twice(resolved))


class Whole:
    """What the results of all commands that simulate many trials have in common."""

    resolved: dict[str, Any]
    results: Results
    provenance: dict[str, Any]
    unfinished: str  # why something besides the trials is missing; most commands have nothing besides

    @property
    def _summary(self) -> Mapping[str, Any]:
        return getattr(self, "summary", {})  # a sweep has none

    @property
    def _missed(self) -> list[str]:
        precision = self._summary.get("precision") or {}
        missed = [unreached(precision)] if precision.get("reached") is False else []
        return missed + [word for word in [getattr(self, "unfinished", "")] if word]

    @property
    def complete(self) -> bool:
        """Whether everything that was asked for was finished."""
        return self.results.complete and not self._missed

    @property
    def shortfalls(self) -> list[str]:
        """Why not everything that was asked for was finished, in words."""
        return shortfalls(self.results) + self._missed

    def json(self) -> dict[str, Any]:
        """Return what ``result.json`` holds."""
        return dict(finite({**self._summary, "provenance": self.provenance}))
