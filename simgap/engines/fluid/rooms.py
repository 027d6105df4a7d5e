"""What the fluid model reads and writes: inputs, counts, the state between steps, and room to work in."""

from __future__ import annotations

from typing import NamedTuple

from simgap.model.types import Floats, Ints

PIECES = 172  # of a step, at most: hours of a week, and where it is cut


class Inputs(NamedTuple):
    """What a phase is read from; arrays by workflow first. Instants are microseconds since go-live.

    Attributes
    ----------
    p2, teams : Floats[workflows, len(P)] and Floats[2, workflows, len(T)]
        Packed parameters.
    levels : Floats[workflows, knots]
        Cumulative intensity of unique items.
    ratio : Floats[workflows]
        Duplicates for each unique item.
    widths : Floats[workflows, classes]
        Share of the items in each value class.
    frequencies, types : Floats[workflows, most types], Ints[workflows]
        Of the edge-case types.
    cuts : Floats[workflows, 2 CUTS]
        Of the confidence score at go-live.
    waiting, waiting_from, joins : Ints[workflows]
        Opening backlog, and when the workflows begin.
    knots, edges, month_of : Ints
        Knots of the intensity; ends of the steps, and the month of each.
    planned, nobody : Floats[steps + 1], Ints[steps]
        Reviewers by plan in each step, and specialists last; whether no reviewer is there or comes.
    exact, by_hour_1, by_hour_2 : Floats[2, steps + 1], Floats, Floats
        Staffed hours by the ends of the steps, and by each hour, of reviewers and specialists.
    order : Ints[2, workflows]
        The workflows by their patience with each team.
    batch : float
        Squared coefficient of variation of the gaps between arrivals.
    regular : bool
        Whether the gaps are deterministic.
    concurrency, priority, window, probation, stops_at
        As in `Packed`; times in hours, priority as one mask.
    dynamic : bool
        Whether types of edge case come to be handled, or are born.
    last_look : int
        Instant of the last look at the backlog.
    nodes, weights : Floats[n]
        Of the quadrature over hardness.
    """

    p2: Floats
    teams: Floats
    levels: Floats
    ratio: Floats
    widths: Floats
    frequencies: Floats
    types: Ints
    cuts: Floats
    waiting: Ints
    waiting_from: Ints
    joins: Ints
    knots: Ints
    edges: Ints
    month_of: Ints
    planned: Floats
    nobody: Ints
    exact: Floats
    by_hour_1: Floats
    by_hour_2: Floats
    order: Ints
    batch: float
    regular: bool
    concurrency: float
    priority: int
    window: float
    probation: float
    stops_at: int
    dynamic: bool
    last_look: int
    nodes: Floats
    weights: Floats


class Room(NamedTuple):
    """What is written: what was counted, the state between steps, and space to work in; all zero at first."""

    counts: Floats
    by_class: Floats
    capacity: Floats
    backlog: Floats
    level_time: Floats
    escapes: Floats
    incidents: Floats
    changes_open: Floats
    drift_read: Floats
    state: Floats
    queue: Floats
    work: Floats
    number: Floats
    flows: Floats
    open_table: Floats
    still: Floats
    entries: Floats
    ends: Floats
    handled: Floats
    examples: Floats
    place: Floats
    done_at: Floats
    odds: Floats
    catches: Floats
    mix: Floats
    straight: Floats
    review: Floats
    trigger: Floats
    in_work: Floats
    in_items: Floats
    served: Floats
    lost: Floats
    area: Floats
    latent: Floats
    before: Floats
    in_stage: Floats
    passed: Floats
    broken: Floats
    failing: Floats
    pi: Floats
    known: Floats
    extra: Floats
    seen_items: Floats
    new_cuts: Floats
    now_cuts: Floats
    straight_2: Floats
    review_2: Floats
    now_: Floats
    regimes: Floats
    told: Floats
    pieces: Floats
    shares: Floats
    firsts: Floats
    coming: Floats
