"""What the JSON of every command begins with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simgap.scenario.outside import counted_twice
from simgap.scenario.resolved import digest
from simgap.version import __version__


def currency(resolved: Mapping[str, Any]) -> str:
    """Return the name of the currency."""
    return str(resolved["parameters"]["money.currency"]["value"])


def head(resolved: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Return what the JSON of every command says of its scenario, and what more is known, in this order.

    Parameters
    ----------
    resolved : mapping
        The resolved scenario.
    **more : object
        Such as ``seed`` and ``engine``.
    """
    return {
        "scenario": {"name": resolved["name"], "digest": digest(dict(resolved))},
        **more,
        "version": __version__,
        "currency": currency(resolved),
        "counted_twice": counted_twice(resolved),
    }
