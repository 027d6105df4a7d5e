"""The compilation cache never serves a rule that was edited, may be shared, and is all that is written.

And a warm start imports no more than it uses.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import simgap
from simgap.compiling import source_digest

PACKAGE = Path(simgap.__file__).parent
TINY = Path(__file__).parent / "cli" / "data" / "tiny.yaml"
# A rule of one module that is called by a rule of another: numba's own cache does not see the edit.
SCRIPT = """
from simgap.model.oversight import catch_probability
from simgap.model.parameters import P, T
import numpy as np
p = np.zeros(len(P))
print(catch_probability(0.3, 0.2, np.zeros(len(T)), p))
"""


def environment(folder, cache):
    env = {k: v for k, v in os.environ.items() if k not in ("NUMBA_CACHE_DIR", "NUMBA_DISABLE_JIT")}
    return env | {"SIMGAP_CACHE": str(cache), "PYTHONPATH": str(folder)}


def answer(folder, cache, script=SCRIPT, prefix=()):
    command = [*prefix, sys.executable, "-W", "error", "-c", script]
    done = subprocess.run(
        command, env=environment(folder, cache), cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return float(done.stdout)


def held(folder):
    """Return what a folder holds, and when it was written."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_an_edited_rule_is_seen_by_the_rules_that_call_it(tmp_path):
    shutil.copytree(PACKAGE, tmp_path / "simgap", ignore=shutil.ignore_patterns("__pycache__"))
    cache = tmp_path / "cache"
    before = answer(tmp_path, cache)
    assert answer(tmp_path, cache) == before
    inversion = tmp_path / "simgap" / "sampling" / "inversion.py"
    text = inversion.read_text()
    head, body = text.split("def logistic(x: float) -> float:", 1)
    assert "    odds =" in body
    inversion.write_text(
        head
        + "def logistic(x: float) -> float:"
        + body.replace("    odds =", "    if x > -1.0:\n        return 42.0\n    odds =", 1)
    )
    assert before != 42.0
    assert answer(tmp_path, cache) == 42.0
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
    code = "from simgap.compiling import numba; print(numba.config.CACHE_DIR, flush=True)"
    both = f"import subprocess, sys; {code}; subprocess.run([sys.executable, '-c', {code!r}], check=True)"
    done = subprocess.run([sys.executable, "-c", both], env=env, capture_output=True, text=True, check=True)
    folder, of_a_child = done.stdout.split()
    assert "simgap-cache-" in folder
    assert of_a_child == folder  # so that workers don't compile for themselves
    assert not Path(folder).exists()


def under_permissions():
    """Return what must stand before a command so that permissions bind it, as they do not bind root."""
    if os.geteuid():
        return ()
    without = ("setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override")
    if shutil.which("setpriv") is None or subprocess.run([*without, "true"], check=False).returncode:
        pytest.skip("root here cannot give up its power to write anywhere")
    return without


def test_a_package_that_cannot_be_written_compiles_into_the_cache(tmp_path):
    prefix = under_permissions()
    place, cache = tmp_path / "installed", tmp_path / "cache"
    shutil.copytree(PACKAGE, place / "simgap", ignore=shutil.ignore_patterns("__pycache__"))
    for path in (*place.rglob("*"), place):
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        before = held(place)
        locked = f"""
from pathlib import Path
try:
    Path({str(place / "simgap" / "model" / "x")!r}).touch()
except PermissionError:
    pass
else:
    raise AssertionError("the package can be written")
"""
        value = answer(place, cache, locked + SCRIPT, prefix)
        assert held(place) == before
        compiled = held(cache)
        assert any(path.suffix == ".nbc" for path in compiled)
        assert answer(place, cache, SCRIPT, prefix) == value
        assert held(cache) == compiled  # nothing was compiled again
    finally:
        for path in (place, *place.rglob("*")):
            path.chmod(0o755)


def test_two_processes_may_compile_into_one_cache_at_once(tmp_path):
    """Both import first, and compile when told; what they leave behind serves a third."""
    cache, go = tmp_path / "cache", tmp_path / "go"
    imports, call = SCRIPT.split("p = np.zeros", 1)
    script = f"""{imports}
import sys, time
from pathlib import Path
Path(sys.argv[1]).touch()
while not Path({str(go)!r}).exists():
    time.sleep(0.001)
p = np.zeros{call}"""
    ready = [tmp_path / name for name in ("first", "second")]
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", script, str(path)],
            env=environment(PACKAGE.parent, cache),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for path in ready
    ]
    until = time.monotonic() + 60.0
    while not all(path.exists() for path in ready):
        assert time.monotonic() < until
        time.sleep(0.01)
    assert not any(path.suffix == ".nbc" for path in held(cache))
    go.touch()
    answers = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], answers
    assert len({out for out, _ in answers}) == 1
    compiled = held(cache)
    assert any(path.suffix == ".nbc" for path in compiled)
    assert answer(PACKAGE.parent, cache) == float(answers[0][0])
    assert held(cache) == compiled
    assert answer(PACKAGE.parent, tmp_path / "another cache") == float(answers[0][0])


def test_a_run_waits_only_for_what_it_uses(tmp_path):
    """Each of these takes as long to import as a short run; whoever asks for frames gets pandas."""
    script = f"""
import sys
from simgap.cli import main
sys.argv = ["simgap", "run", {str(TINY)!r}, "--replications", "1", "--quiet", *sys.argv[1:]]
try:
    main()
except SystemExit as end:
    assert not end.code
print(*sorted(sys.modules))
"""

    def loaded(*more):
        command = [sys.executable, "-c", script, *more]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return set(done.stdout.split())

    plain, saved = loaded(), loaded("--out", str(tmp_path / "out"))
    assert not (plain | saved) & {"pandas", "scipy.stats", "multiprocessing.spawn"}
    assert not plain & {"matplotlib", "pyarrow"}
    assert saved >= {"matplotlib", "pyarrow"}
