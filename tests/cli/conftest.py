"""The command line as users meet it: the real entry point, in this process."""

import io
import json
import signal
import sys
from collections import namedtuple
from pathlib import Path
from types import SimpleNamespace

import pytest

from simgap.cli import main
from simgap.engines.compiled import engine
from simgap.engines.reference import replication
from simgap.montecarlo import plan

Answer = namedtuple("Answer", "code out err")
TINY = Path(__file__).parent / "data" / "tiny.yaml"


@pytest.fixture
def tiny():
    """Path of a scenario whose trials take a blink."""
    return str(TINY)


@pytest.fixture
def edited(tmp_path):
    """Write the tiny scenario with one text replaced, or one text added behind, and return the path."""

    def edit(old, new, name="case.yaml"):
        text = TINY.read_text(encoding="utf-8")
        assert not old or text.count(old) == 1
        (tmp_path / name).write_text(text.replace(old, new) if old else text + new, encoding="utf-8")
        return str(tmp_path / name)

    return edit


@pytest.fixture
def simgap(monkeypatch, capsys):
    """Run a command and return its exit code, standard output and standard error."""

    def command(*arguments, stdin=b""):
        monkeypatch.setattr(sys, "argv", ["simgap", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(stdin)))
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            with pytest.raises(SystemExit) as stop:
                main()
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
        answer = Answer(stop.value.code, *capsys.readouterr())
        assert "Traceback" not in answer.out + answer.err
        return answer

    return command


@pytest.fixture
def refused(simgap):
    """Run a command that must refuse its input in words, and return what it said."""

    def command(*arguments, **more):
        answer = simgap(*arguments, **more)
        assert (answer.code, answer.out) == (2, ""), answer.err
        assert answer.err.strip()
        return answer.err

    return command


@pytest.fixture
def data(simgap):
    """Run a command that must succeed with one JSON object and nothing else, and return the object."""

    def command(*arguments, **more):
        answer = simgap(*arguments, "--json", **more)
        assert (answer.code, answer.err) == (0, "")
        assert answer.out.count("\n") == 1
        return json.loads(answer.out, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))

    return command


@pytest.fixture
def interrupted_after(monkeypatch):
    """Let a number of trials finish, then interrupt."""

    def arrange(trials):
        real, left = plan.run_trial, [trials]

        def run_trial(*arguments):
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt
            return real(*arguments)

        monkeypatch.setattr(plan, "run_trial", run_trial)

    return arrange


@pytest.fixture
def few_places(monkeypatch):
    """Let both engines hold so many items at once."""

    def arrange(most):
        monkeypatch.setattr(engine, "SLOTS", 2)
        monkeypatch.setattr(engine, "MOST_ITEMS", most)
        monkeypatch.setattr(replication, "MOST_ITEMS", most)

    return arrange


BUYING = """\
  near:
    {cost: 1.2k / 1.5k / 1.9k, lasts: 3 weeks, go_if: npv > 1400, like_production: [data], carries: [cleaning]}
investments:
  cleaning: {once: 20 / 30 / 50 max 200, monthly: 5, delay: 3 days, change: {data.missing: x 0.2}}
  people: {once: 40, change: {oversight.catch: 95 %}}
  tests: {once: 10, delay: 1 day, parallel: yes, change: {oversight.time: 2 min}}
portfolios:
  demo: []
  ready: [cleaning, people]
  quick: [tests]
"""


@pytest.fixture
def buying(tmp_path):
    """Write the tiny scenario with two pilot designs and what can be bought, and return the path.

    Further texts are pairs: what is replaced, and what stands there instead.
    """

    def write(*pairs, name="buying.yaml"):
        text = TINY.read_text(encoding="utf-8").replace("pilots: {demo: {", "pilots:\n  demo: {")
        text = text.replace("lasts: 2 weeks}}", "lasts: 2 weeks}") + BUYING
        for old, new in pairs:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        (tmp_path / name).write_text(text, encoding="utf-8")
        return str(tmp_path / name)

    return write
