"""The compilation cache must never serve a rule that has been edited, in whatever module it is used."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import simgap
from simgap.compiling import source_digest

PACKAGE = Path(simgap.__file__).parent
# A rule of one module that is called by a rule of another: numba's own cache does not see the edit.
SCRIPT = """
from simgap.model.items import decide
from simgap.model.parameters import P
import numpy as np
p = np.zeros(len(P))
p[P.SIGMA_W] = 1.0
print(decide(np.array([1, 2, 3, 0]), 1, 5, p, 0, False, False, 0, 0)[0])
"""


def hardness(folder, cache):
    env = {k: v for k, v in os.environ.items() if k not in ("NUMBA_CACHE_DIR", "NUMBA_DISABLE_JIT")}
    env |= {"SIMGAP_CACHE": str(cache), "PYTHONPATH": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=env, cwd=folder, capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def test_an_edited_rule_is_seen_by_the_rules_that_call_it(tmp_path):
    shutil.copytree(PACKAGE, tmp_path / "simgap", ignore=shutil.ignore_patterns("__pycache__"))
    cache = tmp_path / "cache"
    before = hardness(tmp_path, cache)
    assert hardness(tmp_path, cache) == before
    inversion = tmp_path / "simgap" / "sampling" / "inversion.py"
    text = inversion.read_text()
    head, body = text.split("def normal_quantile(p: float) -> float:", 1)
    assert "    q = p - 0.5\n" in body
    inversion.write_text(
        head
        + "def normal_quantile(p: float) -> float:"
        + body.replace("    q = p - 0.5\n", "    if p > 0.0:\n        return 42.0\n    q = p - 0.5\n", 1)
    )
    assert before != 42.0
    assert hardness(tmp_path, cache) == 42.0
    assert len(list(cache.iterdir())) == 2


def test_the_digest_sees_every_layer_that_is_compiled(tmp_path):
    shutil.copytree(PACKAGE, tmp_path / "simgap", ignore=shutil.ignore_patterns("__pycache__"))
    package = tmp_path / "simgap"
    digests = {source_digest(package)}
    for name in ("compiling.py", "sampling/philox.py", "model/clock.py", "economics/tails.py"):
        with (package / name).open("a") as source:
            source.write("# edited\n")
        digests.add(source_digest(package))
    assert len(digests) == 5


def test_a_cache_folder_that_cannot_be_made_is_replaced_by_a_temporary_one(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    env = os.environ | {"SIMGAP_CACHE": str(blocked)}
    env.pop("NUMBA_CACHE_DIR", None)
    code = "from simgap.compiling import numba; print(numba.config.CACHE_DIR)"
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert "simgap-cache-" in done.stdout
