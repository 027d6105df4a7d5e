"""What is taken out of a history, against a table."""

import numpy as np
import pytest

from simgap.model import keys
from simgap.model.without import is_lifted, taken_out

ROWS = np.array(
    [[keys.INCIDENT, 5, 0], [keys.OUTAGE, 7, 0], [keys.RESTRICTION, 10, 20], [keys.RESTRICTION, 30, 31]],
    np.int64,
)
NOTHING = np.zeros((0, 3), np.int64)


@pytest.mark.parametrize(
    ("kind", "entity", "wanted"),
    [
        (keys.INCIDENT, 5, True),
        (keys.INCIDENT, 7, False),
        (keys.OUTAGE, 7, True),
        (keys.OUTAGE, 5, False),
        (keys.SCHEMA_CHANGE, 5, False),
        (keys.SCHEMA_CHANGE, 10, False),
    ],
)
def test_an_entity_is_taken_out_by_kind_and_number(kind, entity, wanted):
    assert taken_out(ROWS, kind, entity) == wanted
    assert not taken_out(NOTHING, kind, entity)


def test_a_restriction_is_lifted_from_its_begin_to_before_its_end():
    lifted = [now for now in range(40) if is_lifted(ROWS, now)]
    assert lifted == [*range(10, 20), 30]
    assert not any(is_lifted(NOTHING, now) for now in range(40))
