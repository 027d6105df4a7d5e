"""Monte Carlo simulation of the gap between an AI pilot's promise and what production delivers.

Examples
--------
>>> import simgap
>>> case = simgap.load("minimal")
>>> result = case.run(replications=2, workers=1)
>>> sorted(result.summary["realised"])[:3]
['cashable_npv', 'cvar5', 'discounted_payback_months']
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simgap.version import __version__

__all__ = ["__version__", "load"]

if TYPE_CHECKING:
    from simgap.study import load


def __getattr__(name: str) -> Any:
    # Late, so that `simgap --version` and worker processes don't wait for what they don't use.
    if name == "load":
        from simgap.study import load

        return load
    raise AttributeError(f"module 'simgap' has no attribute {name!r}")
