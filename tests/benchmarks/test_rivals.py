"""The benchmark does the work it times, and the performance page shows what it measures."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))  # as when it is run as a script
import engine_speed  # noqa: E402
from rivals.common import Done  # noqa: E402

RIVALS = [r for r in engine_speed.RIVALS.values() if engine_speed.installed(r.package)]
# A rule that reads an array by a name, which cimba compiles otherwise.
RULE = """
import numpy as np
from simgap.model.oversight import catch_probability
from simgap.model.parameters import P, T
print(catch_probability(0.3, 0.2, np.zeros(len(T)), np.zeros(len(P))))
"""


@pytest.fixture(scope="module", autouse=True)
def _no_process_left():
    """Other tests look for processes that were left behind."""
    yield
    engine_speed.apart().shutdown()


@pytest.mark.parametrize("rival", RIVALS, ids=lambda rival: rival.module)
def test_rivals_finish_all_items_in_a_process_of_their_own(rival):
    items, seconds = engine_speed.run_rival(rival._replace(items=500))
    assert items == 500
    assert seconds > 0
    assert f"rivals.{rival.module}" not in sys.modules


# Not by `importorskip`, which would import it beside the rules of all other tests.
@pytest.mark.skipif(not engine_speed.installed("cimba"), reason="needs cimba, of the extra bench")
def test_rules_that_the_benchmark_compiles_serve_those_without_cimba(tmp_path):
    env = {k: v for k, v in os.environ.items() if k not in ("NUMBA_CACHE_DIR", "NUMBA_DISABLE_JIT")}
    env |= {"SIMGAP_CACHE": str(tmp_path), "PYTHONPATH": str(ROOT / "benchmarks")}

    def answer(first):
        """Return what a fresh process prints, and what the cache holds after it."""
        command = [sys.executable, "-c", first + RULE]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout, {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nb?")}

    beside = answer("""
import engine_speed
engine_speed.run_rival(engine_speed.RIVALS["cimba, processes"]._replace(items=500))
""")
    assert beside[1]
    assert answer("import sys; sys.modules['cimba'] = None") == beside  # nothing was compiled again


def test_plain_simpy_is_always_measured():
    assert engine_speed.RIVALS[engine_speed.PLAIN] in RIVALS


@pytest.mark.parametrize("done", [Done(1.0, 499, 125), Done(1.0, 500, 76), Done(1.0, 500, 174)])
def test_missing_work_is_noticed(done):
    with pytest.raises(AssertionError):
        done.check(500)


def test_ratios_are_paired_within_rounds():
    speeds = {name: [1.0, 10.0, 100.0] for name in engine_speed.CASES}
    speeds[engine_speed.COMPILED] = [200.0, 2100.0, 22000.0]
    work = dict.fromkeys(speeds, 1000)
    found = engine_speed.tables(work, speeds)
    assert f"| {engine_speed.COMPILED} | 1,000 items | 2,100 | 200 | 22,000 | 210 |\n" in found
    assert f"| {engine_speed.COMPILED} / SimPy, plain | 210 | 200 | 220 | at least 100 |\n" in found


def test_a_rival_that_is_absent_is_named():
    speeds = {name: [1.0] for name in engine_speed.CASES if "cimba" not in name}
    found = engine_speed.tables(dict.fromkeys(speeds, 1), speeds)
    assert "Not installed, and so not measured: cimba, processes; cimba, events.\n" in found
    assert "/ cimba" not in found


def test_the_page_shows_every_case_and_ratio():
    page = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    shown = page.split(engine_speed.START)[1].split(engine_speed.END)[0]
    assert all(f"\n| {name} | " in shown for name in engine_speed.CASES)
    assert all(f"\n| {fast} / {slow} | " in shown for fast, slow, _ in engine_speed.RATIOS)
