"""What the items of a step are like, what the AI makes of them, and how many of them a person sees.

Everything here is exact in expectation, given the shares of broken schemas, of unhandled edge cases and of
the levels of autonomy: the joint law of defects, kind of edge case, right and wrong, confidence, stakes
and triggers is summed over, and hardness by Gauss-Hermite quadrature.
"""

from __future__ import annotations

import math

from simgap.compiling import rule
from simgap.model import items
from simgap.model.governance import GUARDED, RESTRICTED
from simgap.model.parameters import P
from simgap.model.types import Floats

# What a mix holds: the share of items that are exceptions; of the items that reach the AI, those handed over,
# those decided rightly and wrongly, of ordinary kind and of unhandled edge cases, and of the wrong ones what
# reviewers would catch, in the usual regime and where all is reviewed, and what specialists would.
(
    EXCEPTION,
    HANDED_OVER,
    RIGHT,
    RIGHT_EDGE,
    WRONG,
    WRONG_EDGE,
    CATCH,
    CATCH_EDGE,
    CATCH_BUSY,
    CATCH_BUSY_EDGE,
    EXPERT,
    EXPERT_EDGE,
    MIX,
) = range(13)

# What is known of the unique items that wait for a team; HAND and WORK in hours; then items by value class.
(
    EXC,  # exceptions
    EDG,  # handed-over edge cases
    RT,  # right decisions that are not audited, and of these the consequential
    RTC,
    WR,  # wrong ones
    WRC,
    WR_CAUGHT,  # of the wrong ones: those that reviewers catch, and those that specialists would
    WR_EXPERT,
    AR,  # right and wrong decisions that are audited, and of these the consequential
    ARC,
    AW,
    AWC,
    EXAMPLES,  # of unhandled types of edge case, once seen
    HAND,
    WORK,
    FIELDS,
) = range(16)


@rule
def mix_of(
    p: Floats,
    schema: float,
    unhandled: float,
    drift: float,
    odds: Floats,
    weights: Floats,
    catches: Floats,
    out: Floats,
) -> None:
    """Write the mix of the items of a workflow.

    Parameters
    ----------
    p : Floats
        Packed parameters.
    schema, unhandled, drift : float
        Share of items in another schema; of items that are edge cases of an unhandled type; log-odds that
        drift has taken.
    odds, weights : Floats[n]
        Odds against a right decision on a clean item at the nodes of hardness, and the nodes' weights.
    catches : Floats[3, n]
        P(catch | wrong) at the nodes: of reviewers in both regimes, and of specialists.
    out : Floats[MIX]
        Written.
    """
    for i in range(MIX):
        out[i] = 0.0
    clean = (1.0 - p[P.MISSING]) * (1.0 - p[P.FORMAT]) * (1.0 - schema) * (1.0 - p[P.STALE])
    stopped = p[P.VALIDATED]
    good = clean * (1.0 - p[P.FALSE_REJECT]) + (1.0 - clean) * stopped * p[P.REPAIRED]
    out[EXCEPTION] = clean * p[P.FALSE_REJECT] + (1.0 - clean) * stopped * (1.0 - p[P.REPAIRED])
    passing = 1.0 - out[EXCEPTION]
    if passing <= 0.0:
        return
    out[HANDED_OVER] = unhandled * p[P.RECOGNISED]
    for bits in range(16):
        share = good
        if bits:
            share = 1.0 - stopped
            share *= p[P.MISSING] if bits & items.MISSING else 1.0 - p[P.MISSING]
            share *= p[P.FORMAT] if bits & items.FORMAT else 1.0 - p[P.FORMAT]
            share *= schema if bits & items.SCHEMA else 1.0 - schema
            share *= p[P.STALE] if bits & items.STALE else 1.0 - p[P.STALE]
        for edge in range(2):
            of_kind = unhandled * (1.0 - p[P.RECOGNISED]) if edge else 1.0 - unhandled
            weight = share / passing * of_kind
            if weight <= 0.0:
                continue
            lost = math.exp(items.penalty(bits, edge == 1, p) + drift)
            right = caught = busy = expert = 0.0
            for i in range(len(odds)):
                at = 1.0 / (1.0 + odds[i] * lost)
                right += weights[i] * at
                caught += weights[i] * (1.0 - at) * catches[0, i]
                busy += weights[i] * (1.0 - at) * catches[1, i]
                expert += weights[i] * (1.0 - at) * catches[2, i]
            out[RIGHT + edge] += weight * right
            out[WRONG + edge] += weight * (1.0 - right)
            out[CATCH + edge] += weight * caught
            out[CATCH_BUSY + edge] += weight * busy
            out[EXPERT + edge] += weight * expert


@rule
def unseen(
    mask: int, level: int, consequential: bool, value_class: int, kind: int, p: Floats, cuts: Floats
) -> float:
    """Return the probability that none of some triggers sends a decision to review; audits are left out."""
    share = 1.0 - p[P.MANDATORY] if mask & items.MANDATORY else 1.0
    cut = cuts[kind] if mask & items.CONFIDENCE else 0.0
    if mask & items.CONSEQUENTIAL and consequential and p[P.REVIEW_CONSEQUENTIAL] > 0.5:
        return 0.0
    if mask & items.VALUE and value_class > p[P.PERMISSION]:
        return 0.0
    if mask & items.AUTONOMY:
        if level >= RESTRICTED:
            return 0.0
        if level == GUARDED:
            if consequential or value_class > p[P.GUARDED_PERMISSION]:
                return 0.0
            cut = max(cut, cuts[items.CUTS + kind])
    return share * (1.0 - cut)


@rule
def route(
    p: Floats,
    cuts: Floats,
    widths: Floats,
    levels: Floats,
    first: int,
    last: int,
    priority: int,
    mix: Floats,
    straight: Floats,
    review: Floats,
) -> None:
    """Write where an AI decision goes: straight through, or to a person, urgent or not.

    Parameters
    ----------
    p, cuts : Floats
        Packed parameters, and the cuts of the confidence score.
    widths : Floats[classes]
        Share of the items in each value class.
    levels : Floats[3]
        Probabilities of the levels of autonomy below `suspended`.
    first, last : int
        The levels of the regime: from the first to before the last.
    priority : int
        Bits of the triggers that are urgent.
    mix : Floats[MIX]
        Of `mix_of`.
    straight : Floats[3 + 2 classes]
        Written, for an item that reaches the AI: ended straight through; of these the wrong, and the
        consequential wrong; then by value class all and the wrong.
    review : Floats[2, FIELDS + classes]
        Written for the same, urgent first: what joins the queue of the reviewers after a decision, without
        `WORK`.
    """
    straight[:] = 0.0
    review[:, :] = 0.0
    classes = len(widths)
    every = 511 & ~items.AUDIT
    audit = p[P.AUDIT]
    for edge in range(2):
        wrong = mix[WRONG + edge]
        catch = mix[(CATCH_BUSY if first == RESTRICTED else CATCH) + edge] / wrong if wrong > 0.0 else 0.0
        expert = mix[EXPERT + edge] / wrong if wrong > 0.0 else 0.0
        for is_wrong in range(2):
            decided = mix[(WRONG if is_wrong else RIGHT) + edge]
            kind = (items.OF_WRONG_EDGE if edge else items.OF_WRONG) if is_wrong else items.OF_RIGHT
            for level in range(first, last):
                for c in range(2):
                    of_stakes = p[P.CONSEQUENTIAL] if c else 1.0 - p[P.CONSEQUENTIAL]
                    for k in range(classes):
                        share = decided * levels[level] * of_stakes * widths[k]
                        if share <= 0.0:
                            continue
                        none = unseen(every, level, c == 1, k, kind, p, cuts)
                        # Not urgent by any trigger but an audit.
                        calm = unseen(priority & every, level, c == 1, k, kind, p, cuts)
                        through = share * (1.0 - audit) * none
                        straight[0] += through
                        straight[3 + k] += through
                        if is_wrong:
                            straight[1] += through
                            straight[2] += through * c
                            straight[3 + classes + k] += through
                        for q in range(2):
                            plain = share * (1.0 - audit) * ((calm - none) if q else 1.0 - calm)
                            audited = share * audit * (calm if q else 1.0 - calm)
                            if priority & items.AUDIT:
                                audited = 0.0 if q else share * audit
                            row = review[q]
                            row[FIELDS + k] += plain + audited
                            if is_wrong:
                                row[WR] += plain
                                row[WRC] += plain * c
                                row[WR_CAUGHT] += plain * catch
                                row[WR_EXPERT] += plain * expert
                                row[AW] += audited
                                row[AWC] += audited * c
                                if edge:
                                    row[EXAMPLES] += plain * catch + audited * (1.0 - p[P.AUDIT_MISS])
                            else:
                                row[RT] += plain
                                row[RTC] += plain * c
                                row[AR] += audited
                                row[ARC] += audited * c
                                if edge:
                                    row[EXAMPLES] += plain + audited


@rule
def triggers(p: Floats, cuts: Floats, widths: Floats, levels: Floats, mix: Floats, out: Floats) -> None:
    """Write how many of the items that reach the AI have each trigger of a decision: Floats[8], by bit."""
    out[:] = 0.0
    for edge in range(2):
        for is_wrong in range(2):
            decided = mix[(WRONG if is_wrong else RIGHT) + edge]
            kind = (items.OF_WRONG_EDGE if edge else items.OF_WRONG) if is_wrong else items.OF_RIGHT
            out[0] += decided * cuts[kind]
            out[3] += decided * p[P.CONSEQUENTIAL] * (p[P.REVIEW_CONSEQUENTIAL] > 0.5)
            out[5] += decided * p[P.MANDATORY]
            out[7] += decided * p[P.AUDIT]
            for k in range(len(widths)):
                out[4] += decided * widths[k] * (k > p[P.PERMISSION])
                for level in range(3):
                    for c in range(2):
                        of_stakes = p[P.CONSEQUENTIAL] if c else 1.0 - p[P.CONSEQUENTIAL]
                        calm = unseen(items.AUTONOMY, level, c == 1, k, kind, p, cuts)
                        out[6] += decided * widths[k] * levels[level] * of_stakes * (1.0 - calm)


@rule
def threshold_for(share: float, mix: Floats, p: Floats) -> float:
    """Return the score under which a share of the decisions of a mix lies; as `solving.threshold_of`."""
    made = mix[RIGHT] + mix[RIGHT_EDGE] + mix[WRONG] + mix[WRONG_EDGE]
    if share <= 0.0 or made <= 0.0:
        return -math.inf
    if share >= 1.0:
        return math.inf
    sigma = p[P.SIGMA_W]
    low, high = -60.0 * (1.0 + sigma), 60.0 * (1.0 + sigma)
    root2 = math.sqrt(2.0)
    for _ in range(50):
        t = 0.5 * (low + high)
        under = (mix[RIGHT] + mix[RIGHT_EDGE]) * math.erfc(-t / root2)
        under += mix[WRONG] * math.erfc(-(t + p[P.SEPARATION]) / sigma / root2)
        under += mix[WRONG_EDGE] * math.erfc(-(t + p[P.SEPARATION_EDGE]) / sigma / root2)
        if 0.5 * under / made < share:
            low = t
        else:
            high = t
    return 0.5 * (low + high)
