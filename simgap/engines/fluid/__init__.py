"""The fluid model: the expected flows of a phase, week by week; approximate, and a thousand times cheaper."""

from simgap.engines.fluid.engine import simulate

__all__ = ["simulate"]
