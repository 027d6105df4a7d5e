"""The engines, which decide when the rules apply: `reference` to be read, `compiled` to be fast."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from simgap.engines.packing import Packed
    from simgap.engines.physics import Physics


def simulator(engine: str) -> Callable[[Packed, int, int, int], Physics]:
    """Return the function of an engine that simulates (phase, seed, draw, luck); imported only now."""
    module = import_module(f"simgap.engines.{engine}")
    return cast("Callable[[Packed, int, int, int], Physics]", module.simulate)
