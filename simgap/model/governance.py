"""Incidents, which properties they fail, and the autonomy that the organisation leaves to the AI.

An escaped error of a consequential item may surface as an incident. If it cannot be explained, reviewed or
corrected, a problem is open until what was missing has been put right. Open problems and the number of recent
incidents decide the level of autonomy.
"""

from __future__ import annotations

from simgap.compiling import rule
from simgap.model import keys
from simgap.model.clock import NEVER
from simgap.model.keys import item_words
from simgap.model.parameters import P
from simgap.model.times import to_microseconds
from simgap.model.types import Floats, Ints
from simgap.sampling.inversion import exponential_quantile, lognormal_quantile
from simgap.sampling.philox import unit

AUTONOMOUS, GUARDED, RESTRICTED, SUSPENDED = range(4)
LEVELS = ("autonomous", "guarded", "restricted", "suspended")

# Bits of the properties that an incident fails.
EXPLAINABLE, REVIEWABLE, CORRECTABLE = 1, 2, 4


@rule
def surfaces_after(key: Ints, entity: int, p: Floats) -> int:
    """Return the time from an escaped error to its incident in microseconds; `NEVER` if it stays hidden."""
    w = item_words(key, keys.INCIDENT, entity, keys.SEVERITY)
    if unit(w[2]) >= p[P.SURFACED]:
        return NEVER
    return to_microseconds(p[P.LAG] * exponential_quantile(unit(w[3])))


@rule
def failures(key: Ints, entity: int, p: Floats) -> int:
    """Return the bits of the properties that an incident fails, each independent of the others."""
    w = item_words(key, keys.INCIDENT, entity, keys.PROPERTY)
    bits = 0
    if unit(w[0]) >= p[P.EXPLAINABLE]:
        bits |= EXPLAINABLE
    if unit(w[1]) >= p[P.REVIEWABLE]:
        bits |= REVIEWABLE
    if unit(w[2]) >= p[P.CORRECTABLE]:
        bits |= CORRECTABLE
    return bits


@rule
def problem_time(key: Ints, entity: int, failed: int, p: Floats) -> int:
    """Return how long the problem of an incident stays open in microseconds.

    The longest of one lognormal time for each property that it fails; 0 if it fails none.
    """
    w = item_words(key, keys.INCIDENT, entity, keys.RESOLUTION)
    hours = 0.0
    if failed & EXPLAINABLE:
        hours = max(hours, lognormal_quantile(unit(w[0]), p[P.RESOLVE], p[P.RESOLVE_CV]))
    if failed & REVIEWABLE:
        hours = max(hours, lognormal_quantile(unit(w[1]), p[P.RESOLVE], p[P.RESOLVE_CV]))
    if failed & CORRECTABLE:
        hours = max(hours, lognormal_quantile(unit(w[2]), p[P.RESOLVE], p[P.RESOLVE_CV]))
    return to_microseconds(hours)


@rule
def level_of(open_problems: int, recent: int, suspended: bool, probation: bool, p: Floats) -> int:
    """Return the level of autonomy.

    Parameters
    ----------
    open_problems : int
        Problems that are open now.
    recent : int
        Incidents that surfaced within the window.
    suspended, probation : bool
        Whether a suspension, or the probation after one, is under way.
    p : Floats
        Packed parameters.
    """
    if suspended:
        return SUSPENDED
    if probation or open_problems >= 2 or recent >= p[P.RESTRICT]:
        return RESTRICTED
    if open_problems == 1 or recent >= p[P.WARN]:
        return GUARDED
    return AUTONOMOUS


@rule
def stays_suspended(open_problems: int, recent: int, p: Floats) -> bool:
    """Return whether a suspension goes on: a problem is open, or too many incidents are recent."""
    return open_problems > 0 or recent >= p[P.SUSPEND]
