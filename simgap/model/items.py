"""The way of one work item: what it is, what the AI makes of it, and why a person looks at it.

Every function is a pure function of the item's random words and the packed parameters `p`. Probabilities are
compared as ``uniform < probability``, so a probability of 0 never happens and 1 always does.
"""

from __future__ import annotations

from simgap.compiling import small
from simgap.model import keys
from simgap.model.governance import GUARDED, RESTRICTED
from simgap.model.keys import item_words
from simgap.model.parameters import P
from simgap.model.types import Floats, Ints
from simgap.sampling.inversion import exponential_quantile, logistic
from simgap.sampling.philox import Words, unit

# Bits of the data defects of an item.
MISSING, FORMAT, SCHEMA, STALE = 1, 2, 4, 8

# Bits of the reasons for which a person sees an item, in the order of `TRIGGERS` in the parameter table.
CONFIDENCE, EXCEPTION, EDGE, CONSEQUENTIAL, VALUE, MANDATORY, AUTONOMY = 1, 2, 4, 8, 16, 32, 64
GUARDED_TOO = 128  # of a decision alone: what its triggers would be under `guarded`
BY_HAND = EXCEPTION | EDGE


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
def defects_of(u_missing: float, u_format: float, u_schema: float, u_stale: float, p: Floats) -> int:
    """Return the bits of the defects with which an item arrives, each independent of the others."""
    bits = 0
    if u_missing < p[P.MISSING]:
        bits |= MISSING
    if u_format < p[P.FORMAT]:
        bits |= FORMAT
    if u_schema < p[P.SCHEMA]:
        bits |= SCHEMA
    if u_stale < p[P.STALE]:
        bits |= STALE
    return bits


@small
def validated(defects: int, u_validation: float, u_repair: float, p: Floats) -> tuple[int, bool]:
    """Return the defects left after validation, and whether the item is an exception for people.

    Validation catches a share of the defective items; connectors repair a share of the caught and the rest
    are exceptions. It also rejects a share of the good items, which are exceptions too.
    """
    # Without a branch: which way it goes could not be foreseen.
    stopped = u_validation < (p[P.VALIDATED] if defects else p[P.FALSE_REJECT])
    repaired = (defects != 0) & stopped & (u_repair < p[P.REPAIRED])
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
def edge_case(e: Words, p: Floats, cumulative: Floats) -> tuple[bool, bool]:
    """Return whether an edge case is of an unhandled type, and whether the AI recognises that."""
    handled = unit(e[0]) >= p[P.NEVER_REPEATS] and edge_type(unit(e[1]), cumulative) <= p[P.HANDLED]
    return not handled, not handled and unit(e[2]) < p[P.RECOGNISED]


@small
def inspect(
    key: Ints, kind: int, entity: int, p: Floats, cumulative: Floats
) -> tuple[int, bool, bool, bool, bool]:
    """Return what the item is like when it reaches the AI.

    Returns
    -------
    tuple
        Bits of its defects, whether it is an exception, an edge case, an edge case of an unhandled type, and
        whether the AI recognises that.
    """
    d = item_words(key, kind, entity, keys.DATA)
    c = item_words(key, kind, entity, keys.CHECK)
    defects = defects_of(unit(d[0]), unit(d[1]), unit(d[2]), unit(d[3]), p)
    defects, exception = validated(defects, unit(c[0]), unit(c[1]), p)
    if unit(c[2]) >= p[P.EDGE_SHARE]:
        return defects, exception, False, False, False
    unhandled, recognised = edge_case(item_words(key, kind, entity, keys.EDGE_TYPE), p, cumulative)
    return defects, exception, True, unhandled, recognised


@small
def log_odds_right(defects: int, unhandled: bool, hardness: float, p: Floats) -> float:
    """Return logit P(right) of an AI decision."""
    odds = p[P.INTERCEPT] - p[P.HARDNESS] * hardness
    if defects & MISSING:
        odds -= p[P.MISSING_PENALTY]
    if defects & FORMAT:
        odds -= p[P.FORMAT_PENALTY]
    if defects & SCHEMA:
        odds -= p[P.SCHEMA_PENALTY]
    if defects & STALE:
        odds -= p[P.STALE_PENALTY]
    if unhandled:
        odds -= p[P.EDGE_PENALTY]
    return odds


@small
def confidence(right: bool, unhandled: bool, z: float, p: Floats) -> float:
    """Return the confidence score: N(0, 1) for right decisions, N(-d, sigma_w) for wrong ones.

    The binormal model of signal detection (Green & Swets 1966); d belongs to the class of the item, so that
    unhandled edge cases can be wrong with high confidence.
    """
    if right:
        return z
    d = p[P.SEPARATION_EDGE] if unhandled else p[P.SEPARATION]
    return p[P.SIGMA_W] * z - d


@small
def decide(
    w: Words,
    hardness: float,
    z: float,
    p: Floats,
    defects: int,
    unhandled: bool,
    consequential: bool,
    value_class: int,
) -> tuple[bool, int]:
    """Return whether the AI decides right, and the bits of the item's review triggers.

    `hardness` and `z` are the normal quantiles of the first and the third word. The bit `GUARDED_TOO` says
    that the item is reviewed under `guarded` besides: consequential items, the less confident and the highest
    value classes; `at_level` makes triggers of that.
    """
    right = unit(w[1]) < logistic(log_odds_right(defects, unhandled, hardness, p))
    score = confidence(right, unhandled, z, p)
    triggers = 0
    if score < p[P.THRESHOLD]:
        triggers |= CONFIDENCE
    if consequential and p[P.REVIEW_CONSEQUENTIAL] > 0.5:
        triggers |= CONSEQUENTIAL
    if value_class > p[P.PERMISSION]:
        triggers |= VALUE
    if unit(w[3]) < p[P.MANDATORY]:
        triggers |= MANDATORY
    if consequential or score < p[P.GUARDED_THRESHOLD] or value_class > p[P.GUARDED_PERMISSION]:
        triggers |= GUARDED_TOO
    return right, triggers


@small
def at_level(triggers: int, level: int) -> int:
    """Return the bits of the review triggers of an AI decision, given the autonomy at the item's arrival.

    Under `guarded` what has the bit `GUARDED_TOO` is reviewed besides; under `restricted`, everything is.
    """
    if level >= RESTRICTED or (level == GUARDED and triggers & GUARDED_TOO):
        triggers |= AUTONOMY
    return triggers & ~GUARDED_TOO
