"""What a draw is for: phases, kinds of entity, purposes, and the order of the four words of each purpose.

The layout of key and counter is in `simgap.sampling.philox`. `key` is the array (seed, draw of the unknowns,
luck index, phase) of a replication. An entity's number holds its workflow in bits 32 to 43 and its place in
the workflow below, so that a workflow's items stay the same whatever the others do.
"""

from __future__ import annotations

from simgap.compiling import rule
from simgap.model.types import Ints
from simgap.sampling.philox import Words, words

# Phases. Every variant of production shares one phase, and so its luck.
PRODUCTION, PILOT = range(2)

# Kinds of entity; 0 is kept for the unknowns. Restrictions have no draws, they can only be taken out.
ITEM, DUPLICATE, INCIDENT, OUTAGE, DAY, TEAM, SHOCK, SCHEMA_CHANGE, BIRTH, CHANGE, RESTRICTION = range(1, 12)

# Purposes; the four words of a block, in order, stand beside each.
(
    ARRIVAL,  # gap, adoption, value, consequential
    DATA,  # missing, format, schema, stale
    CHECK,  # validation, repair, edge case, lost in an outage
    EDGE_TYPE,  # never repeats, type, recognised, not used
    DECISION,  # hardness, right, score, mandatory review
    LATENCY,  # time, audited, audit's verdict, not used
    REVIEW,  # time, verdict, patience, escalated
    SEVERITY,  # amount (two words), surfaces, lag
    SPECIALIST,  # time, verdict, patience, not used
    PROPERTY,  # explainable, reviewable, correctable, not used
    RESOLUTION,  # time for each of the three, not used
    OUTAGE_TIME,  # up-time before it, length, not used
    DAY_FACTOR,  # factor of the day, not used
    NEWS,  # time before it, edge-case type that is new, not used
    LEAD_TIME,  # time, not used
) = range(15)

WORKFLOW_SHIFT = 32
NUMBER = (1 << WORKFLOW_SHIFT) - 1  # mask of the place in the workflow
# Items of the opening backlog are numbered from here, so that all others keep their numbers.
FIRST_WAITING = 1 << 31


@rule
def item_words(key: Ints, kind: int, entity: int, purpose: int, occasion: int = 0) -> Words:
    """Return the four words of one purpose of one entity in the replication that `key` names.

    `occasion` tells apart what befalls one entity again and again.
    """
    return words(key[0], key[1], key[2], key[3], kind, entity, purpose, occasion)
