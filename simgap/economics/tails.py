"""Amounts that differ from item to item: drawn here, keyed by item or incident, so that their tails survive.

A count times a mean would lose them. The engine sees only the value class of an item, from fixed quantiles of
the uniform that the amount is derived from here.
"""

from __future__ import annotations

import numpy as np

from simgap.compiling import rule
from simgap.model import keys
from simgap.model.types import Floats, Ints
from simgap.sampling.inversion import lognormal_quantile
from simgap.sampling.philox import unit, unit53, words


@rule
def _value_factors(key: Ints, entities: Ints, cv: Floats, out: Floats) -> None:
    for i in range(len(entities)):
        out[i] = lognormal_quantile(
            unit(keys.item_words(key, keys.ITEM, entities[i], keys.ARRIVAL)[2]), 1.0, cv[i]
        )


@rule
def _severities(key: Ints, incidents: Ints, mean: Floats, cv: Floats, out: Floats) -> None:
    for i in range(len(incidents)):
        w = words(key[0], key[1], key[2], key[3], keys.INCIDENT, incidents[i], keys.SEVERITY, 0)
        out[i] = lognormal_quantile(unit53(w[0], w[1]), mean[i], cv[i])


def _each(number: float | Floats, entities: Ints) -> Floats:
    """Return a number for each entity, as the rules read it."""
    return np.ascontiguousarray(np.broadcast_to(np.asarray(number, np.float64), len(entities)))


def value_factors(key: Ints, entities: Ints, cv: float | Floats) -> Floats:
    """Return the value of items as multiples of the mean value: lognormal with mean 1.

    Parameters
    ----------
    key : Ints[4]
        Seed, draw of the unknowns, luck index, phase.
    entities : Ints[n]
        Numbers of the items.
    cv : float or Floats[n]
        Coefficient of variation from item to item: of all, or of the workflow of each.

    Returns
    -------
    Floats[n]
        The same number for the same item, whatever else happens.
    """
    out = np.empty(len(entities))
    _value_factors(key, np.ascontiguousarray(entities), _each(cv, entities), out)
    return out


def class_means(quantiles: Floats, cv: float) -> Floats:
    """Return the mean value of the items of each value class, as a multiple of the mean value.

    Partial expectations of the lognormal distribution with mean 1 between its quantiles (Johnson, Kotz &
    Balakrishnan 1994, *Continuous Univariate Distributions* 1, ch. 14).

    Parameters
    ----------
    quantiles : Floats[n]
        Between the classes, strictly rising between 0 and 1.
    cv : float
        Coefficient of variation from item to item.

    Returns
    -------
    Floats[n + 1]
        Their mean, weighted by the widths of the classes, is 1.
    """
    from scipy.special import ndtr, ndtri

    edges = np.concatenate([[0.0], quantiles, [1.0]])
    sigma = np.sqrt(np.log1p(cv**2))
    return np.asarray(np.diff(ndtr(ndtri(edges) - sigma)) / np.diff(edges), np.float64)


def severities(key: Ints, incidents: Ints, mean: float | Floats, cv: float | Floats) -> Floats:
    """Return the cost of incidents: lognormal, keyed by the item that caused each.

    Parameters
    ----------
    key : Ints[4]
        Seed, draw of the unknowns, luck index, phase.
    incidents : Ints[n]
        Numbers of the items whose errors surfaced.
    mean, cv : float or Floats[n]
        Mean cost in the scenario's currency, and its coefficient of variation: of all, or of the workflow of
        each.

    Returns
    -------
    Floats[n]
        Costs, of 52-bit resolution so that a rare incident can be as severe as the law says.
    """
    out = np.empty(len(incidents))
    entities = np.ascontiguousarray(incidents)
    _severities(key, entities, _each(mean, entities), _each(cv, entities), out)
    return out
