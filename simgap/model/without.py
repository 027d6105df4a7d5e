"""What is taken out of a history, for the question what followed from it.

Every draw is keyed by its entity, so whatever does not depend on what is taken out stays the same. An
incident does not surface, though its error escapes; an outage or a change of a schema takes its place in the
order of things and does nothing, so that the later ones keep their times; through a restriction the AI is
left autonomous, whatever the ladder of autonomy says.

`without` is Ints[n, 3]: kind; number of the entity, of an incident that of its item, or the instant at which
a restriction begins; the instant at which a restriction ends, which is no part of it.
"""

from __future__ import annotations

from simgap.compiling import rule
from simgap.model import keys
from simgap.model.types import Ints


@rule
def taken_out(without: Ints, kind: int, entity: int) -> bool:
    """Return whether an incident, an outage or a schema change is taken out."""
    found = False
    for i in range(len(without)):
        found = found or (without[i, 0] == kind and without[i, 1] == entity)
    return found


@rule
def is_lifted(without: Ints, now: int) -> bool:
    """Return whether a restriction that is taken out would be under way."""
    found = False
    for i in range(len(without)):
        if without[i, 0] == keys.RESTRICTION:
            found = found or without[i, 1] <= now < without[i, 2]
    return found
