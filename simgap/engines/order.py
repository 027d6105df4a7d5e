"""The order of events at one instant: it belongs to the model, not to an engine.

Phase A, everything due, by rank, workflow, kind and number; phase B, services start; phase C, deadlines.
"""

from __future__ import annotations

from simgap.compiling import small
from simgap.model import keys

# Places in an instant: ranks within phase A, then the phases B and C; the bits below are for workflow, kind
# and number. Outages, schema changes, shocks and births of edge-case types share a rank.
(
    PLANS,
    OUTAGES,
    GOVERNANCE,
    CHANGES,
    SPECIALIST_DONE,
    REVIEW_DONE,
    AI_DONE,
    ARRIVES,
    START_SERVICES,
    DEADLINE,
) = ((rank + 1) << 56 for rank in (0, 1, 2, 3, 4, 5, 6, 8, 32, 64))
# The kinds among governance events. After a restriction that is taken out the ladder counts again.
SURFACES, CLOSES, EXPIRES, PROBATION_ENDS, COUNTS_AGAIN = range(5)
# The last workflow there can be: what is placed there comes after all others of its rank.
LAST = (1 << 12) - 1 << keys.WORKFLOW_SHIFT
# What befalls a team besides its plan, above the numbers of the plan's changes: looks at the backlog, hires
# who come, by the week of their look, and the end of the AI.
LOOK, COME, STOP = 1 << 16, 1 << 17, 1 << 18
MASK63 = (1 << 63) - 1


@small
def place_of(kind: int, entity: int) -> int:
    """Return the place of an entity among those of the same rank: by workflow, kind and number."""
    return (entity >> keys.WORKFLOW_SHIFT) << 44 | kind << 36 | (entity & keys.NUMBER)


@small
def fingerprint(seen: int, time: int, what: int, entity: int) -> int:
    """Return the fingerprint of a history to which one event is added.

    A polynomial hash of 63 bits. Engines fold in the start of every review and the end of every item, so two
    histories with the same fingerprint have, but for a chance of 2^-63, the same events.
    """
    # Plain integers: numpy's would complain of the overflow that is meant, where this runs interpreted.
    folded = (int(seen) * 1_000_003 + int(time)) * 1_000_003 + what
    return (folded * 1_000_003 + int(entity)) & MASK63
