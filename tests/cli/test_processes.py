"""The command as a process of its own: signals, what it imports, closed pipes."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "simgap"]
HEAVY = {"numpy", "numba", "scipy", "pandas", "matplotlib", "pyarrow", "simpy", "rich", "ruamel"}
MANY = 100  # trials; a tenth is finished before the signal


def start(*arguments):
    pipe = subprocess.PIPE
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, start_new_session=True)


def no_process_is_left(group):
    """Wait until no process of the group is left; workers need a moment to end."""
    for _ in range(200):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    os.killpg(group, signal.SIGKILL)
    return False


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs process groups")
@pytest.mark.parametrize("send", ["Ctrl-C", "SIGTERM"])
def test_a_stopped_run_keeps_what_is_finished(tiny, tmp_path, send):
    out = tmp_path / "out"
    process = start("run", tiny, "--replications", MANY, "--workers", 2, "-v", "--json", "--out", out)
    first = process.stderr.readline()
    assert first.startswith(f"{MANY // 10} of {MANY} trials")
    # Ctrl-C goes to all processes of the terminal, a plain SIGTERM to the first.
    if send == "Ctrl-C":
        os.killpg(process.pid, signal.SIGINT)
    else:
        process.terminate()
    said, error = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "Traceback" not in error
    words = f"Stopped before the end: the numbers are of what was finished; what was finished is in {out}."
    assert error.splitlines()[-1] == words
    result = json.loads((out / "result.json").read_text(encoding="utf-8"))
    assert MANY // 10 <= result["replications"] < MANY
    assert result["provenance"]["replications_asked"] == MANY
    assert result["provenance"]["complete"] is False
    assert json.loads(said) == result
    assert no_process_is_left(process.pid)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_before_the_first_trial(tmp_path, number):
    # The command waits for the text of its scenario: open for writing returns once it has begun to read.
    os.mkfifo(tmp_path / "case.yaml")
    process = start("run", tmp_path / "case.yaml", "--out", tmp_path / "out")
    with (tmp_path / "case.yaml").open("wb"):
        for timeout in (20, 20, 60):
            process.send_signal(number)
            try:
                said, error = process.communicate(timeout=timeout)
                break
            except subprocess.TimeoutExpired:
                # Between Python's last look at signals and the read, which nothing then ends: asked again.
                if timeout == 60:
                    raise
    assert (process.returncode, said) == (3, "")
    assert error.strip() == "Stopped before there was a result; nothing was saved."
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_what_needs_no_simulation_imports_none(option):
    code = (
        "import sys, simgap.cli; sys.argv = ['simgap', sys.argv[1]]\n"
        "try: simgap.cli.main()\n"
        "finally: print(*sorted({name.split('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, option], capture_output=True, text=True, check=True)
    assert done.stdout
    assert not HEAVY & set(done.stderr.split())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_output_that_cannot_be_written():
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, "schema"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode != 0
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_reader_that_goes_away():
    process = start("schema")
    process.stdout.close()  # long before the first word
    assert process.stderr.read() == ""
    assert process.wait(timeout=60) == 1
    process.stderr.close()


def test_names_that_the_terminal_cannot_show(tiny, tmp_path):
    text = Path(tiny).read_text(encoding="utf-8").replace("name: tiny", "name: Büro 日本")
    (tmp_path / "büro.yaml").write_text(text, encoding="utf-8")
    western = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    command = [*COMMAND, "validate", str(tmp_path / "büro.yaml")]
    done = subprocess.run(command, capture_output=True, env=western, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"B\xfcro \\u65e5\\u672c is valid")
