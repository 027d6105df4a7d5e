"""The way of one work item: what it is, what the AI makes of it, and why a person looks at it.

Every function is a pure function of the item's random words and the packed parameters `p`. Probabilities are
compared as ``uniform < probability``, so a probability of 0 never happens and 1 always does.
"""

from __future__ import annotations

import math

from simgap.compiling import rule, small
from simgap.model import keys
from simgap.model.governance import GUARDED, RESTRICTED
from simgap.model.keys import item_words
from simgap.model.parameters import P
from simgap.model.types import Floats, Ints
from simgap.sampling.inversion import exponential_quantile, normal_cdf
from simgap.sampling.philox import Words, unit

# Bits of the data defects of an item.
MISSING, FORMAT, SCHEMA, STALE = 1, 2, 4, 8

# Bits of what an item brings with it, whatever it meets: whether validation stops it if it is defective, and
# if it is good; whether connectors would repair it; whether an outage would lose it; whether the AI knows an
# edge case of an unhandled type for one; mandatory review; audit, and how an audit would err.
STOPPED_BAD, STOPPED_GOOD, REPAIRED, LOST, RECOGNISED, CHOSEN, AUDITED, AUDIT_MISSES, AUDIT_FAULTS = (
    1 << bit for bit in range(9)
)

# Bits of the reasons for which a person sees an item, in the order of `TRIGGERS` in the parameter table.
CONFIDENCE, EXCEPTION, EDGE, CONSEQUENTIAL, VALUE, MANDATORY, AUTONOMY, AUDIT = (1 << bit for bit in range(8))
GUARDED_TOO = 256  # of a decision alone: what its triggers would be under `guarded`
BY_HAND = EXCEPTION | EDGE

# Types of edge case are numbered by their rank, from 1.
ORDINARY, ONCE = -1, 0  # no edge case; of a type that never repeats

# Places of the cuts on the score's uniform under which a decision is reviewed; those of `guarded` follow.
OF_RIGHT, OF_WRONG, OF_WRONG_EDGE, CUTS = range(4)


@small
def arrival_time(level: float, levels: Floats, knots: Ints, first: int) -> tuple[int, int]:
    """Return the instant at which the cumulative intensity reaches `level`, and its interval in the table.

    Parameters
    ----------
    level : float
        E_1 + ... + E_k.
    levels : Floats[n]
        Cumulative intensity at the knots, from 0; linear in between (Cinlar 1975, *Introduction to
        Stochastic Processes*, ch. 4: an inhomogeneous Poisson process by inversion).
    knots : Ints[n]
        Microseconds since go-live.
    first : int
        Where to begin to look: the interval of the previous arrival.

    Returns
    -------
    tuple of int
        The instant and its interval; the interval is -1 when the level is never reached.
    """
    i = first
    while i + 1 < len(levels):
        if level <= levels[i + 1]:
            share = (level - levels[i]) / (levels[i + 1] - levels[i])
            return knots[i] + int(share * (knots[i + 1] - knots[i])), i
        i += 1
    return 0, -1


@small
def value_class_of(u: float, quantiles: Floats) -> int:
    """Return the value class, 0 the lowest, of an item whose value has the quantile u."""
    value_class = 0
    for i in range(len(quantiles)):
        if u >= quantiles[i]:
            value_class = i + 1
    return value_class


@small
def stakes(w: Words, p: Floats, quantiles: Floats) -> tuple[int, bool]:
    """Return the value class of an item, and whether an error in it has consequences."""
    return value_class_of(unit(w[2]), quantiles), unit(w[3]) < p[P.CONSEQUENTIAL]


@small
def arrive(
    w: Words,
    entity: int,
    p: Floats,
    level: float,
    interval: int,
    levels: Floats,
    knots: Ints,
    regular: bool,
) -> tuple[int, float, int]:
    """Return when the next item arrives.

    Items come in batches of a fixed size at one instant; the gap before a batch is that of its items.

    Parameters
    ----------
    level, interval : float and int
        Of the item before: cumulative intensity, and its place in the table.
    levels, knots : Floats[n] and Ints[n]
        As in `arrival_time`.
    regular : bool
        Gaps of exactly one a batch item in cumulative intensity, instead of exponential ones with that mean.

    Returns
    -------
    tuple
        Instant, level, interval (-1 when no further item arrives).
    """
    batch = int(p[P.BATCH])
    if batch == 1 or (entity & keys.NUMBER) % batch == 0:
        level += batch * (1.0 if regular else exponential_quantile(unit(w[0])))
    when, interval = arrival_time(level, levels, knots, interval)
    return when, level, interval


@small
def defects_of(u_missing: float, u_format: float, u_stale: float, p: Floats) -> int:
    """Return the bits of the defects with which an item arrives, but for its schema, each independent."""
    return (
        MISSING * (u_missing < p[P.MISSING])
        | FORMAT * (u_format < p[P.FORMAT])
        | STALE * (u_stale < p[P.STALE])
    )


@small
def schema_share(broken: int, p: Floats) -> float:
    """Return the share of items in another schema while so many schema changes are not yet repaired."""
    if broken == 0:
        return p[P.SCHEMA]
    return 1.0 - (1.0 - p[P.SCHEMA]) * math.pow(1.0 - p[P.SCHEMA_BROKEN], float(broken))


@small
def check_flags(c: Words, p: Floats) -> int:
    """Return what validation, connectors and an outage would do with an item, as bits."""
    u = unit(c[0])
    return (
        STOPPED_BAD * (u < p[P.VALIDATED])
        | STOPPED_GOOD * (u < p[P.FALSE_REJECT])
        | REPAIRED * (unit(c[1]) < p[P.REPAIRED])
        | LOST * (unit(c[3]) < p[P.LOST])
    )


@small
def validated(defects: int, flags: int) -> tuple[int, bool]:
    """Return the defects left after validation, and whether the item is an exception for people.

    Validation catches a share of the defective items; connectors repair a share of the caught and the rest
    are exceptions. It also rejects a share of the good items, which are exceptions too.
    """
    # Without a branch: which way it goes could not be foreseen.
    stopped = (flags & (STOPPED_BAD if defects else STOPPED_GOOD)) != 0
    repaired = (defects != 0) & stopped & ((flags & REPAIRED) != 0)
    return (0 if repaired else defects), stopped & (not repaired)


@small
def edge_type(u: float, cumulative: Floats) -> int:
    """Return the rank, from 1, of an edge-case type drawn from the table of cumulative Zipf frequencies."""
    low = 0
    high = len(cumulative) - 1
    while low < high:
        middle = (low + high) // 2
        if u < cumulative[middle]:
            high = middle
        else:
            low = middle + 1
    return low + 1


@small
def edge_share(connected: int, p: Floats) -> float:
    """Return the share of edge cases while so many workflows are connected: variety adds to it."""
    return min(1.0, p[P.EDGE_SHARE] + p[P.VARIETY] * max(0, connected - 1))


@small
def edge_case(e: Words, p: Floats, cumulative: Floats) -> tuple[int, int]:
    """Return the type of an edge case, and `RECOGNISED` if the AI would know it for one."""
    kind = ONCE if unit(e[0]) < p[P.NEVER_REPEATS] else edge_type(unit(e[1]), cumulative)
    return kind, RECOGNISED * (unit(e[2]) < p[P.RECOGNISED])


@small
def inspect(
    key: Ints, kind: int, entity: int, p: Floats, cumulative: Floats, broken: int, connected: int
) -> tuple[int, int, int, bool]:
    """Return what an item is like when it arrives.

    Parameters
    ----------
    key : Ints[4]
        Of the replication.
    kind, entity : int
        The item.
    p : Floats
        Packed parameters of its workflow.
    cumulative : Floats
        Of its edge-case types.
    broken, connected : int
        Schema changes of its source that are not repaired; workflows connected.

    Returns
    -------
    tuple
        Bits of its defects after validation; its flags, as far as they are of data and edge cases; its type
        of edge case, or `ORDINARY`; whether it is an exception.
    """
    d = item_words(key, kind, entity, keys.DATA)
    c = item_words(key, kind, entity, keys.CHECK)
    defects = defects_of(unit(d[0]), unit(d[1]), unit(d[3]), p)
    if unit(d[2]) < schema_share(broken, p):
        defects |= SCHEMA
    flags = check_flags(c, p)
    defects, exception = validated(defects, flags)
    edge = ORDINARY
    if unit(c[2]) < edge_share(connected, p):
        edge, recognised = edge_case(item_words(key, kind, entity, keys.EDGE_TYPE), p, cumulative)
        flags |= recognised
    return defects, flags, edge, exception


@small
def outlook(hardness: float, p: Floats) -> float:
    """Return the log-odds of a right decision on an item that loses none."""
    return p[P.INTERCEPT] - p[P.HARDNESS] * hardness


@small
def ease(u: float, hardness: float, p: Floats) -> float:
    """Return by how much log-odds a decision is right: it is while what it loses is less.

    A decision is right with P = logistic(a - s h - what it loses), so `u`, its uniform, is below that while
    what it loses is below a - s h - logit(u).
    """
    return outlook(hardness, p) - math.log(u / (1.0 - u))


@small
def penalty(defects: int, unhandled: bool, p: Floats) -> float:
    """Return the log-odds of a right decision that an item loses by its defects and an unhandled type."""
    # Without branches, as above.
    return (
        p[P.MISSING_PENALTY] * (defects & 1)
        + p[P.FORMAT_PENALTY] * (defects >> 1 & 1)
        + p[P.SCHEMA_PENALTY] * (defects >> 2 & 1)
        + p[P.STALE_PENALTY] * (defects >> 3 & 1)
        + p[P.EDGE_PENALTY] * unhandled
    )


@small
def decision_flags(w: Words, a: Words, p: Floats) -> int:
    """Return as bits whether policy sends a decision to review, and what an audit would do with it.

    `w` and `a` are the item's words for `keys.DECISION` and `keys.LATENCY`.
    """
    u = unit(a[2])
    return (
        CHOSEN * (unit(w[3]) < p[P.MANDATORY])
        | AUDITED * (unit(a[1]) < p[P.AUDIT])
        | AUDIT_MISSES * (u < p[P.AUDIT_MISS])
        | AUDIT_FAULTS * (u < p[P.AUDIT_FALSE])
    )


@rule
def set_cuts(threshold: float, p: Floats, cuts: Floats, first: int) -> None:
    """Write the cuts of a threshold: where the score of a decision lies under it, in the score's uniform.

    The score is N(0, 1) for right decisions and N(-d, sigma_w) for wrong ones, the binormal model of signal
    detection (Green & Swets 1966); d belongs to the class of the item, so that unhandled edge cases can be
    wrong with high confidence.

    Parameters
    ----------
    threshold : float
        Score under which a decision is reviewed; may be infinite.
    p : Floats
        Packed parameters.
    cuts : Floats[2 CUTS]
        Written from place `first` on: `OF_RIGHT`, `OF_WRONG`, `OF_WRONG_EDGE`.
    """
    cuts[first + OF_RIGHT] = normal_cdf(threshold)
    cuts[first + OF_WRONG] = normal_cdf((threshold + p[P.SEPARATION]) / p[P.SIGMA_W])
    cuts[first + OF_WRONG_EDGE] = normal_cdf((threshold + p[P.SEPARATION_EDGE]) / p[P.SIGMA_W])


@small
def triggers_of(
    u: float,
    right: bool,
    unhandled: bool,
    flags: int,
    consequential: bool,
    value_class: int,
    p: Floats,
    cuts: Floats,
) -> int:
    """Return the bits of the review triggers of an AI decision whose score has the quantile u.

    The bit `GUARDED_TOO` says that the item is reviewed under `guarded` besides: consequential items, the
    less confident and the highest value classes; `at_level` makes triggers of that.
    """
    among = OF_RIGHT if right else OF_WRONG_EDGE if unhandled else OF_WRONG
    triggers = 0
    if u < cuts[among]:
        triggers |= CONFIDENCE
    if consequential and p[P.REVIEW_CONSEQUENTIAL] > 0.5:
        triggers |= CONSEQUENTIAL
    if value_class > p[P.PERMISSION]:
        triggers |= VALUE
    if flags & CHOSEN:
        triggers |= MANDATORY
    if flags & AUDITED:
        triggers |= AUDIT
    if consequential or u < cuts[CUTS + among] or value_class > p[P.GUARDED_PERMISSION]:
        triggers |= GUARDED_TOO
    return triggers


@small
def at_level(triggers: int, level: int) -> int:
    """Return the bits of the review triggers of an AI decision, given the autonomy at the item's arrival.

    Under `guarded` what has the bit `GUARDED_TOO` is reviewed besides; under `restricted`, everything is.
    """
    if level >= RESTRICTED or (level == GUARDED and triggers & GUARDED_TOO):
        triggers |= AUTONOMY
    return triggers & ~GUARDED_TOO
