"""What production does to a workflow that a pilot is too short to see: drift, news, slow changes, adoption.

Times are in hours where a parameter holds them, instants in microseconds since go-live.
"""

from __future__ import annotations

import math

from simgap.compiling import rule, small
from simgap.model import keys
from simgap.model.clock import HOUR, NEVER
from simgap.model.keys import item_words
from simgap.model.parameters import P, T
from simgap.model.times import to_microseconds
from simgap.model.types import Floats, Ints
from simgap.sampling.inversion import exponential_quantile, logistic, lognormal_quantile
from simgap.sampling.philox import unit

YEAR = 8760.0  # hours
# At the start of a workflow 1/20 of those use the AI who will in the end; half of them do after `HALF_AFTER`.
STEEPNESS = math.log(19.0)
NEW_SPEED = 0.5  # of a reviewer on the first day, a guess

# What a change is of: the order in which changes are begun.
CONNECTOR, MODEL, EDGE_TYPE = range(3)
# Columns of the causes of changes in a workflow; the edge-case types follow by their rank, from 1.
OF_SOURCE, OF_MODEL, BEFORE_TYPES = 0, 1, 1


@small
def drift_at(now: int, offset: float, p: Floats) -> float:
    """Return the log-odds of a right decision that drift has taken: slow erosion since go-live, and steps."""
    return offset + p[P.EROSION] * (now / HOUR)


@small
def still_drifts(drift: float, p: Floats) -> bool:
    """Return whether drift is there or will be, when a retraining is done; rounding errors are none."""
    return p[P.EROSION] > 0.0 or drift > 1e-9


@small
def in_control(faults: int, audits: int) -> float:
    """Return the rate of faults estimated from the first audits; neither 0 nor 1, whatever they found."""
    return (faults + 0.5) / (audits + 1.0)


@small
def audits_in(hours: float, audits: int, elapsed: int) -> float:
    """Return how many audits a time holds, if so many took so many microseconds."""
    return hours * audits / max(1, elapsed) * HOUR


@rule
def next_after(key: Ints, kind: int, entity: int, a_year: float) -> int:
    """Return the time to the next of what comes at a rate a year, a Poisson process; `NEVER` at rate 0."""
    if a_year == 0.0:
        return NEVER
    w = item_words(key, kind, entity, keys.NEWS)
    return to_microseconds(YEAR / a_year * exponential_quantile(unit(w[0])))


@rule
def born_type(key: Ints, entity: int, types: int) -> int:
    """Return the rank, from 1, at which a new type of edge case takes the place of an old one.

    Each rank is as likely: a new kind can become as frequent as any kind that there was.
    """
    w = item_words(key, keys.BIRTH, entity, keys.NEWS)
    return min(types, 1 + int(unit(w[1]) * types))


@small
def connected(now: int, joins: Ints) -> int:
    """Return the number of workflows that have joined by now."""
    n = 0
    for i in range(len(joins)):
        n += joins[i] <= now
    return n


@small
def kind_of_change(column: int) -> int:
    """Return what the change of a cause is of."""
    return min(column, EDGE_TYPE)


@rule
def lead_time(key: Ints, entity: int, occasion: int, workflows: int, p: Floats) -> int:
    """Return the time that a change takes, in microseconds: lognormal, longer the more workflows it meets.

    Parameters
    ----------
    key : Ints[4]
        Of the replication.
    entity, occasion : int
        The cause of the change, and how many changes it had before.
    workflows : int
        That are connected when the change begins.
    p : Floats
        Packed parameters.
    """
    mean = p[P.LEAD_TIME] * (1.0 + p[P.SLOWDOWN] * max(0, workflows - 1))
    w = item_words(key, keys.CHANGE, entity, keys.LEAD_TIME, occasion)
    return to_microseconds(lognormal_quantile(unit(w[0]), mean, p[P.LEAD_TIME_CV]))


@small
def distrust(lost: float, since: int, now: int, p: Floats) -> float:
    """Return the share of adoption that is lost now; half of it comes back in each `RECOVERY`."""
    if lost == 0.0 or p[P.RECOVERY] == 0.0:
        return 0.0
    return lost * math.exp(-math.log(2.0) * ((now - since) / HOUR / p[P.RECOVERY]))


@small
def dented(lost: float, since: int, now: int, p: Floats) -> float:
    """Return the share of adoption that is lost just after a restriction."""
    return 1.0 - (1.0 - distrust(lost, since, now, p)) * (1.0 - p[P.TRUST_LOST])


@small
def adopted_share(now: int, joined: int, lost: float, since: int, p: Floats) -> float:
    """Return the share of the work that reaches the AI: a logistic ramp to a ceiling, less lost trust.

    Parameters
    ----------
    now, joined : int
        Instants: now, and when the workflow began.
    lost, since : float and int
        Share of adoption lost at the last restriction, what was lost before included, and its instant.
    p : Floats
        Packed parameters of the workflow.

    Notes
    -----
    The logistic curve of diffusion (Griliches 1957, *Econometrica* 25:501-522).
    """
    share = p[P.CEILING]
    if p[P.HALF_AFTER] > 0.0:
        share *= logistic(STEEPNESS * ((now - joined) / HOUR / p[P.HALF_AFTER] - 1.0))
    return share * (1.0 - distrust(lost, since, now, p))


@rule
def hires_wanted(waiting: int, staff: int, coming: int, hired: int, p: Floats, t: Floats) -> int:
    """Return how many reviewers to hire: as many as would bring the backlog a head under what is stated.

    Parameters
    ----------
    waiting : int
        Items that wait for a reviewer.
    staff, coming, hired : int
        Heads on the staff, hired and not yet there, and hired in all.
    p, t : Floats
        Packed parameters, and those of the reviewers.
    """
    backlog = waiting * t[T.MEAN_TIME] / (1.0 - t[T.SHRINKAGE])
    wanted = math.ceil(backlog / p[P.HIRE_ABOVE]) - staff - coming
    return max(0, min(int(p[P.HIRE_MAX]) - hired, wanted))


@small
def hire_time(p: Floats) -> int:
    """Return the time from the decision to hire to the first day, in microseconds."""
    return to_microseconds(p[P.HIRE_LEAD_TIME])


@small
def learning(age: int, p: Floats) -> float:
    """Return the part of a head that is missing in a reviewer hired so long ago, who still learns."""
    if p[P.HIRE_LEARNING] == 0.0:
        return 0.0
    return (1.0 - NEW_SPEED) * max(0.0, 1.0 - age / HOUR / p[P.HIRE_LEARNING])
