"""Every rule gives the same bits compiled and, with NUMBA_DISABLE_JIT=1, interpreted."""

import importlib
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import every_rule
from numba.core.dispatcher import Dispatcher

import simgap
from simgap import model
from simgap.model import items


def rules_of(module):
    """Return the names of the compiled functions that a module defines."""
    return {
        name
        for name, thing in vars(module).items()
        if getattr(thing, "__module__", "") == module.__name__ and hasattr(thing, "py_func")
    }


def test_every_rule_is_compiled_and_called():
    modules = [importlib.import_module(m.name) for m in pkgutil.iter_modules(model.__path__, "simgap.model.")]
    rules = set().union(*(rules_of(module) for module in modules))
    called = {line.split()[0] for line in every_rule.lines()}
    assert {r for r in rules if not r.startswith("_")} == called
    assert isinstance(items.inspect, Dispatcher)


def test_the_rules_give_the_same_bits_interpreted():
    here = Path(every_rule.__file__)
    environment = {
        **os.environ,
        "NUMBA_DISABLE_JIT": "1",
        "PYTHONPATH": os.pathsep.join([str(here.parent), str(Path(simgap.__file__).parents[1])]),
    }
    done = subprocess.run(
        [sys.executable, "-W", "error", here], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == every_rule.lines()
