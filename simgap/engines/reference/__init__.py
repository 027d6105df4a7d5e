"""The reference engine: the model as a person would explain it, in SimPy processes.

Begin with `replication.Replication.item`, the way of one work item.
"""

from simgap.engines.reference.replication import Replication, simulate

__all__ = ["Replication", "simulate"]
