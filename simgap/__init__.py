"""Monte Carlo simulation of the gap between an AI pilot's promise and what production delivers."""

__version__ = "0.1.0"
