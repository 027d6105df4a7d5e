"""Which pilot designs are judged, and by what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from simgap.analysis.gate import Design, gate
from simgap.model.types import Floats
from simgap.montecarlo.plan import Results
from simgap.scenario.portfolios import members
from simgap.scenario.units import show
from simgap.scenario.words import parse_comparison, say_comparison
from simgap.study.limits import Wrong, refusal


def designs_of(resolved: Mapping[str, Any], wrong: Wrong, names: Sequence[str]) -> list[str]:
    """Return the names of the designs, in the order given, or by default in that of the file.

    Parameters
    ----------
    resolved : mapping
        The resolved scenario.
    wrong : callable
        Makes the error of (key, what, what is allowed) of the file.
    names : sequence of str
        As the user gave them.

    Raises
    ------
    InputError
        A name is unknown or given twice, the board's figure is stated so that no pilot changes it, or a
        design goes on for what is not known before production.
    """
    parameters = resolved["parameters"]
    for name in names:
        if name not in resolved["pilots"]:
            known = ", ".join(resolved["pilots"])
            raise refusal("gate", f"{show(name)} is not among the pilots", f"one of {known}")
    if len(set(names)) < len(names):
        raise refusal("gate", f"{', '.join(names)} names a pilot twice", "each once")
    if parameters["board.npv"]["value"] is not None:
        what = "is stated, so that no pilot changes what the sponsors read"
        raise wrong("board.npv", what, "none: the pilot is simulated and scaled")
    for name in names or resolved["pilots"]:
        key = f"pilots.{name}.go_if"
        if _bar(resolved, name)["outcome"] != "npv":
            what = "is of what production delivers, which nobody knows at the gate"
            raise wrong(key, what, "npv > AMOUNT or npv >= AMOUNT, of what the pilot promises")
    return list(names or resolved["pilots"])


def _bar(resolved: Mapping[str, Any], pilot: str) -> dict[str, Any]:
    return parse_comparison(resolved["parameters"][f"pilots.{pilot}.go_if"]["value"])


def trials(resolved: Mapping[str, Any], names: Sequence[str], results: Results) -> list[Design]:
    """Return the trials of each design.

    Parameters
    ----------
    resolved : mapping
        The resolved scenario.
    names : sequence of str
        Designs, in the order of the variants.
    results : Results
        Of the crossed plan.
    """

    def column(outcome: str, i: int) -> Floats:
        return np.ascontiguousarray(results.of(outcome).reshape(-1, len(names))[:, i])

    found = []
    for i, name in enumerate(names):
        bar, promise = _bar(resolved, name), column("projected_npv", i)
        found.append(
            Design(
                name=name,
                promise=promise,
                delivered=column("realised_npv", i),
                stopped=column("no_go_npv", i),
                go=promise >= bar["value"] if bar["relation"] == ">=" else promise > bar["value"],
                success=column("success", i) > 0.5,
                cost=column("pilot_cost", i) + column("carried_once", i),
                length_months=column("pilot_months", i),
                go_live_month=column("go_live_month", i),
            )
        )
    return found


def judged(resolved: Mapping[str, Any], designs: Sequence[Design], seed: int) -> dict[str, Any]:
    """Return what the designs come to, `analysis.gate.gate`, with what the file says of each."""
    found, parameters = gate(designs, seed), resolved["parameters"]
    found["success"] = say_comparison(resolved["success"])
    for one in found["designs"]:
        pilot, carried, others = members(resolved, one["name"])
        one["go_if"] = parameters[f"pilots.{pilot}.go_if"]["value"]
        one["like_production"] = list(parameters[f"pilots.{pilot}.like_production"]["value"] or ())
        one["carries"], one["buys"] = list(carried), list(others)
    return found
