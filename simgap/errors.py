"""One root exception; every error that a user causes names the file, the line and the key."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class SimgapError(Exception):
    """Root of all errors that simgap raises on purpose."""


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong in the input.

    Attributes
    ----------
    line : int
        Line in the file, counted from 1; 0 where a problem has no line.
    key : str
        Key path, such as ``data.missing``; empty where a problem has none.
    what : str
        What is wrong.
    allowed : str
        What is allowed, or what to do next.
    """

    line: int
    key: str
    what: str
    allowed: str

    def text(self, file: str) -> str:
        """Return ``file:line: key: what; allowed``, without the parts that are empty."""
        place = f"{file}:{self.line}" if self.line else file
        parts = [place, self.key] if self.key else [place]
        return ": ".join([*parts, "; ".join(filter(None, (self.what, self.allowed)))])


class InputError(SimgapError):
    """The input is wrong (exit code 2). Carries every problem found, not only the first.

    Parameters
    ----------
    file : str
        Name of the file, or of the option, that the problems are in.
    problems : iterable of Problem
        At least one.
    """

    def __init__(self, file: str, problems: Iterable[Problem]):
        self.file = file
        self.problems = sorted(set(problems))
        super().__init__("\n".join(p.text(file) for p in self.problems))

    def __reduce__(self) -> tuple[type[InputError], tuple[str, list[Problem]]]:
        # Else an error could not cross from a worker process.
        return type(self), (self.file, self.problems)


class SimulationError(SimgapError):
    """A law that every replication must obey was broken (exit code 1): a defect of simgap."""


class BacklogLimit(SimulationError):
    """More items were in the system at once than are simulated: a case without end in sight (exit code 3).

    It ends its replication, not the run.
    """

    allowed = "more reviewers, a deadline, a shorter horizon, or fewer items"
