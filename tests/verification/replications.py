"""Replications of scenario files, of this folder or shipped, as event logs tell them, and their intervals."""

import functools
import math
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student

import simgap
from simgap.engines.physics import Physics
from simgap.engines.reference import simulate
from simgap.model import keys
from simgap.montecarlo.phases import prepare
from simgap.scenario.values import Variant

HERE = Path(__file__).parent
SHIPPED = HERE.parents[1] / "scenarios" / "verify"  # those that `simgap verify` uses
LEVEL = 0.999
SEED = 7
NORMAL = norm.ppf(0.5 + LEVEL / 2.0)
HOUR = 3.6e9  # microseconds
PLACES = {"schedule": 0, "start": 1, "complete": 2, "withdraw": 2}
STATIONS = ("connector", "AI", "review", "specialist")


class Run(NamedTuple):
    """One replication, in hours since go-live.

    at: for each station, when each item joined, began and left; nan for what never happened.
    arrived: when each item arrived. consequential, lost: of each item. outages: their starts and ends.
    """

    physics: Physics
    at: dict
    arrived: np.ndarray
    consequential: np.ndarray
    lost: np.ndarray
    outages: np.ndarray


def file_of(name):
    """Path of a scenario file of this folder, or of those that ship."""
    path = SHIPPED / f"{name}.yaml"
    return path if path.exists() else HERE / path.name


def stated(name, words):
    """The numbers that the head of a file states after some words."""
    head = file_of(name).read_text().partition("simgap:")[0]
    return [float(x) for x in re.findall(r"[0-9.]*[0-9]", re.search(rf"{words}: (.*)", head)[1])]


@functools.cache
def runs(name, replications, sets=()):
    """Replications of a file, luck = 0, 1, 2 and so on."""
    packed = prepare(simgap.load(str(file_of(name)), sets).resolved, {}, Variant()).production
    return [_run(packed, luck) for luck in range(replications)]


def _run(packed, luck):
    log = []
    physics = simulate(packed, SEED, 0, luck, log)
    arrivals = [e for e in log if e.activity == "arrival"]  # in the order of their numbers
    at = {station: np.full((len(arrivals), 3), math.nan) for station in STATIONS}
    lost = np.zeros(len(arrivals), bool)
    for e in log:
        if e.activity in at and e.kind == keys.ITEM:
            at[e.activity][e.entity, PLACES[e.transition]] = e.time / HOUR
        elif e.activity == "end":
            lost[e.entity] = e.detail["outcome"] == "lost"
    outages = np.array([e.time / HOUR for e in log if e.activity == "outage"]).reshape(-1, 2)
    arrived = np.array([e.time / HOUR for e in arrivals])
    return Run(physics, at, arrived, np.array([e.detail["consequential"] for e in arrivals]), lost, outages)


def interval(y, *controls):
    """Mean and half-width over replications, after linear control on statistics of known mean 0."""
    y = np.array(y, np.float64)
    design = np.column_stack([np.ones(len(y)), *controls])
    fit = np.linalg.lstsq(design, y, rcond=None)[0]
    free = len(y) - design.shape[1]
    variance = ((y - design @ fit) ** 2).sum() / free * np.linalg.inv(design.T @ design)[0, 0]
    return fit[0], student.ppf(0.5 + LEVEL / 2.0, free) * math.sqrt(variance)


def agrees(y, value, wrong, *controls):
    """Test that the interval of a mean holds a value, and would hardly hold a wrong one.

    `wrong` is the value under a rate that is 10 % off. The half-width may be 3/4 of the difference: were the
    wrong one true, the test would fail with a probability of 0.8 at least.
    """
    mean, half = interval(y, *controls)
    assert half <= 0.75 * abs(wrong - value), f"too few replications to tell: {half} against {wrong - value}"
    assert abs(mean - value) <= half, f"{mean} against {value}, half-width {half}"


def is_near(total, mean, variance, wrong=1.05):
    """The same for a sum that is nearly normal with known mean and variance: `wrong` multiplies its mean."""
    half = NORMAL * math.sqrt(variance)
    assert half <= 0.75 * abs(wrong - 1.0) * mean, "too few replications to tell"
    assert abs(total - mean) <= half, f"{total} against {mean}, half-width {half}"


def inputs_are_as_stated(many, rate, span, times=()):
    """Test what controls would hide: Poisson arrivals, and exponential times by (station, mean)."""
    mean = rate * span * len(many)
    is_near(sum(len(run.arrived) for run in many), mean, mean)
    for station, time in times:
        taken = np.concatenate([run.at[station][:, 2] - run.at[station][:, 1] for run in many])
        taken = taken[~np.isnan(taken)]
        is_near(taken.sum(), len(taken) * time, len(taken) * time**2)
