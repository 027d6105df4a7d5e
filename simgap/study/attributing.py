"""Whose the gap is: which coalitions of conditions are simulated, and what each condition takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from simgap.analysis import shapley
from simgap.analysis.attribution import Shares, attribution
from simgap.model.types import Floats, Ints
from simgap.montecarlo.plan import Plan, Results
from simgap.scenario.portfolios import members
from simgap.scenario.table import CONDITIONS
from simgap.scenario.units import show
from simgap.scenario.values import Variant, row_of, taken
from simgap.study.limits import refusal

NOTHING = "nothing"  # the name of the portfolio without investments where the file has none
PILOT_LUCKS = 20  # over which the board's figure is averaged: `scale` must not hang on the luck of one pilot


@dataclass(frozen=True)
class Portfolio:
    """What is bought, and which conditions then differ between pilot and production.

    Attributes
    ----------
    name : str
    bought : tuple of str, or None
        Investments beside what the pilot carries; None for what the base case buys.
    players : int
        The coalition of all conditions that can make a difference; the others are null players.
    """

    name: str
    bought: tuple[str, ...] | None
    players: int


@dataclass(frozen=True)
class Asked:
    """What is attributed.

    Attributes
    ----------
    conditions : tuple of str
        The players: whatever differs under any of the portfolios.
    portfolios : tuple of Portfolio
        The base case first. The last buys nothing: what investments cost is measured from it.
    shown : int
        How many of the portfolios are shown.
    exact, interactions : bool
        Whether all coalitions are simulated, and whether pairs are looked at.
    """

    conditions: tuple[str, ...]
    portfolios: tuple[Portfolio, ...]
    shown: int
    exact: bool
    interactions: bool

    @property
    def variants(self) -> tuple[Variant, ...]:
        """Production under each portfolio."""
        return tuple(Variant(investments=portfolio.bought) for portfolio in self.portfolios)

    def coalitions(self, draws: int, seed: int) -> Ints:
        """Return the coalitions that are needed of each draw: Ints[draws, coalitions]."""
        n = len(self.conditions)
        if self.exact:
            return np.tile(np.arange(1 << n, dtype=np.int64), (draws, 1))
        order = shapley.orders(n, draws, seed)
        parts = [shapley.paths(order), *[shapley.swapped(order)] * self.interactions]
        return np.concatenate([part.reshape(draws, -1) for part in parts], axis=1)

    def numbers(self) -> Ints:
        """Return the variant of each portfolio and coalition: Ints[portfolios, 2^conditions].

        Those that differ in null players alone, or in the name of the portfolio, are one variant.
        """
        coalitions = np.arange(1 << len(self.conditions), dtype=np.int64)
        first = {p.bought: i for i, p in reversed(list(enumerate(self.portfolios)))}
        one_each = [len(coalitions) * first[p.bought] + (coalitions & p.players) for p in self.portfolios]
        _, found = np.unique(one_each, return_inverse=True)
        return np.asarray(found, np.int64).reshape(len(self.portfolios), -1)


def asked(resolved: Mapping[str, Any], names: Sequence[str], exact: bool, interactions: bool) -> Asked:
    """Return what is attributed; arguments as of `Case.attribute`.

    Raises
    ------
    InputError
        A portfolio is unknown or named twice.
    """
    named = {NOTHING: (), **resolved["portfolios"]}
    for name in names:
        if name not in named:
            known = ", ".join(named)
            raise refusal("--portfolio", f"{show(name)} is not among the portfolios", f"one of {known}")
    if len(set(names)) < len(names):
        raise refusal("--portfolio", f"{', '.join(names)} names a portfolio twice", "each once")
    base = resolved["parameters"]["base.portfolio"]["value"] or NOTHING
    own = members(resolved)[2]
    bought = [(base, own)] + [(name, members(resolved, "", named[name])[2]) for name in names]
    shown = len(bought)
    if not any(what == () for _, what in bought):
        bought.append((NOTHING, ()))
    differ = [differing(resolved, what) for _, what in bought]
    conditions = tuple(name for name in CONDITIONS if any(name in found for found in differ))
    portfolios = tuple(
        Portfolio(name, None if what == own else what, sum(1 << conditions.index(c) for c in found))
        for (name, what), found in zip(bought, differ, strict=True)
    )
    return Asked(conditions, portfolios, shown, exact, interactions)


def differing(resolved: Mapping[str, Any], bought: Sequence[str]) -> set[str]:
    """Return the conditions that can differ between pilot and production where these are bought.

    They have a bar in the file, or an investment changes them. The mix of several workflows is a matter of
    scope without a bar too: the pilot runs all of them from its first day on. What the pilot runs like
    production is the same in both, but for what is brought to the pilot's volume.
    """
    pilot, carried, _ = members(resolved)
    like = set(taken(resolved, pilot)) - at_own_volume(resolved, carried)
    barred = [path for path, leaf in resolved["parameters"].items() if "pilot" in leaf]
    changed = [path for name in bought for path in resolved["investments"][name]["change"]]
    found = {row_of(path).condition for path in barred} - like
    found = (found | {row_of(path).condition for path in changed}) & set(CONDITIONS)
    return found | ({"scope"} if len(resolved["workflows"]) > 1 else set())


def at_own_volume(resolved: Mapping[str, Any], carried: Sequence[str]) -> set[str]:
    """Return the conditions that a pilot which runs them like production has at its own volume.

    These are capacities and the mix of work. Brought to the pilot's volume and back they may differ.
    """
    leaves = resolved["parameters"]
    finite = [path for path, leaf in leaves.items() if leaf.get("value", leaf.get("production")) is not None]
    changed = [path for name in carried for path in resolved["investments"][name]["change"]]
    rows = [row_of(path) for path in (*finite, *changed)]
    return {"scope", *(row.condition for row in rows if row.scales)}


def plan_of(asked: Asked, draws: int, seed: int) -> Plan:
    """Return the plan: of each draw the coalitions that it needs, under every portfolio, draw = luck = k."""
    numbers = asked.numbers()
    variants: dict[int, Variant] = {}
    for (p, coalition), number in np.ndenumerate(numbers):
        portfolio, everyone = asked.portfolios[p], coalition & asked.portfolios[p].players
        doses = tuple(
            (condition, 0.0)
            for i, condition in enumerate(asked.conditions)
            if (portfolio.players & ~everyone) >> i & 1
        )
        lucks = PILOT_LUCKS if number == numbers[0, -1] else 1
        variants.setdefault(int(number), Variant(doses, (), "", portfolio.bought, lucks))
    return Plan(
        tuple(variants[number] for number in range(len(variants))),
        tuple(_rows(asked, numbers, asked.coalitions(draws, seed))),
    )


def _rows(asked: Asked, numbers: Ints, coalitions: Ints) -> Iterator[tuple[int, int, int]]:
    production = int(numbers[0, -1])
    for draw, needed in enumerate(coalitions):
        found = {int(number) for number in numbers[: asked.shown, needed].ravel()}
        found |= {int(numbers[_nothing(asked), 0])}
        for number in (production, *sorted(found - {production})):
            yield number, draw, draw


def _nothing(asked: Asked) -> int:
    """Return the place of the portfolio that buys nothing."""
    bought = [portfolio.bought for portfolio in asked.portfolios]
    return bought.index(()) if () in bought else 0


def shares(asked: Asked, results: Results, seed: int) -> list[Shares]:
    """Return what each condition takes in each draw, under each portfolio that is shown.

    Parameters
    ----------
    asked : Asked
        What was asked for.
    results : Results
        Of the plan, or of as many of its draws as were finished.
    seed : int
        Of the study.
    """
    numbers = asked.numbers()
    variant, draw, _ = np.array(results.rows, np.int64).T
    draws, place = np.unique(draw, return_inverse=True)
    table = np.full((numbers.max() + 1, len(draws)), np.nan)
    table[variant, place] = results.of("realised_npv")
    projected = results.of("projected_npv")[variant == numbers[0, -1]]
    last = int(draws[-1]) + 1
    coalitions, every = asked.coalitions(last, seed)[draws], np.arange(len(draws))
    order = shapley.orders(len(asked.conditions), last, seed)[draws]
    without = table[numbers[_nothing(asked), 0]]
    found = []
    for p, portfolio in enumerate(asked.portfolios[: asked.shown]):
        values = table[numbers[p][coalitions], every[:, None]]
        adds, pairs = _added(asked, order, values)
        none, all_ = table[numbers[p, 0]], table[numbers[p, -1]]
        found.append(
            Shares(
                name=portfolio.name,
                projected=projected,
                realised=all_,
                scale=projected - without,
                investments=without - none,
                conditions=-adds,
                pairs=None if pairs is None else -pairs,
            )
        )
    return found


def _added(asked: Asked, order: Ints, values: Floats) -> tuple[Floats, Floats | None]:
    """Return what each condition adds to value in each draw, and what pairs add, where they are looked at."""
    if asked.exact:
        pairs = shapley.exact_interactions(values) if asked.interactions else None
        return shapley.exact(values), pairs
    draws, n = order.shape
    walked = values[:, : 2 * (n + 1)].reshape(draws, 2, n + 1)
    others = values[:, 2 * (n + 1) :].reshape(draws, 2, -1) if asked.interactions else None
    pairs = None if others is None else shapley.interactions_from_paths(order, walked, others)
    return shapley.from_paths(order, walked), pairs


def summary(
    resolved: Mapping[str, Any], asked: Asked, results: Results, shares: Sequence[Shares]
) -> dict[str, Any]:
    """Return how the gap divides, `analysis.attribution.attribution`, with what was simulated for it."""
    found = attribution(shares, asked.conditions)
    stated = resolved["parameters"]["board.npv"]["value"] is not None
    own = members(resolved)[2]
    for one, portfolio in zip(found["portfolios"], asked.portfolios[1:], strict=False):
        one["investments"] = list(own if portfolio.bought is None else portfolio.bought)
    return {
        "portfolio": asked.portfolios[0].name,
        "investments": list(own),
        **found,
        "without_bar": [name for name in CONDITIONS if name not in asked.conditions],
        "exact": asked.exact,
        "simulations": len(results.rows),
        "pilot_lucks": 0 if stated else PILOT_LUCKS,
    }
