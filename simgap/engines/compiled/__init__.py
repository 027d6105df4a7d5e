"""The compiled engine: the same trajectories as the reference engine, in one compiled loop."""

from simgap.engines.compiled.engine import simulate

__all__ = ["simulate"]
