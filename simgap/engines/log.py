"""The event log of a replication: what happened to whom, and why."""

from __future__ import annotations

from typing import Any, NamedTuple


class Entry(NamedTuple):
    """One event.

    Attributes
    ----------
    time : int
        Microseconds since go-live.
    kind, entity : int
        Of the item, incident, outage or team, as in `model.keys`.
    activity, transition : str
        What happens, and where it stands in its life: ``schedule``, ``start``, ``complete``, ``withdraw``.
    detail : dict
        What else is known: words, numbers, and tuples of words.
    """

    time: int
    kind: int
    entity: int
    activity: str
    transition: str
    detail: dict[str, Any]
