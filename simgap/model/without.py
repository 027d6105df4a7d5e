"""What is taken out of a history, for the question what followed from it.

Nothing else is told: every draw is keyed by its entity, so whatever does not depend on what is taken out stays
the same. An incident does not surface, though its error escapes; an outage or a change of a schema takes its
place in the order of things and does nothing, so that the later ones keep their times; through a restriction
the AI is left autonomous, whatever the ladder of autonomy says.
"""

from __future__ import annotations

from simgap.compiling import rule
from simgap.model.types import Ints


@rule
def taken_out(without: Ints, kind: int, entity: int) -> bool:
    """Return whether an incident, an outage or a schema change is taken out.

    Parameters
    ----------
    without : Ints[n, 2]
        Kind and number of each entity that is.
    kind, entity : int
        As in `keys`; of an incident, that of its item.
    """
    for i in range(len(without)):
        if without[i, 0] == kind and without[i, 1] == entity:
            return True
    return False


@rule
def is_lifted(lifted: Ints, now: int) -> bool:
    """Return whether a restriction that is taken out would be under way.

    Parameters
    ----------
    lifted : Ints[n, 2]
        Begin and end of each, microseconds since go-live; the end is no part of it.
    now : int
        Microseconds since go-live.
    """
    for i in range(len(lifted)):
        if lifted[i, 0] <= now < lifted[i, 1]:
            return True
    return False
