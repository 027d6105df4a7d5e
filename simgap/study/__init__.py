"""Cases: what Python users load and run, and what the commands call."""

from simgap.study.case import Case, load

__all__ = ["Case", "load"]
