"""Make the figures of this folder: `python figures/make.py`; `--quick` tries it with tiny settings.

`python figures/make.py [--quick] [FOLDER]` writes to FOLDER, by default this one.
"""

from __future__ import annotations

import sys
from pathlib import Path

import simgap
from simgap.plots import style

SCENARIO = "claims"
RUN = {"replications": 1000}
OVER = ("data=0:1.5:7", "governance.mandatory_review=0:1:6")
SWEEP = {"replications": 20}
TRACED = 30  # a replication that meets all four levels of autonomy
OUTCOME = "ratio"


def make(folder: Path, quick: bool) -> list[Path]:
    """Write the figures of a run, a sweep and a trace, and return their files."""
    case = simgap.load(SCENARIO, ["clock.horizon=3 months"] if quick else [])
    result = case.run(replications=4 if quick else RUN["replications"])
    over = [text[: text.rindex(":")] + ":2" for text in OVER] if quick else OVER
    swept = case.sweep(over, OUTCOME, replications=2 if quick else SWEEP["replications"])
    trace = case.trace(0 if quick else TRACED)
    figures = {
        "value": result.plot.value,
        "cash": result.plot.cash,
        "dashboard": result.plot.dashboard,
        "tornado": result.plot.tornado,
        "sweep": swept.figure,
        "timeline": trace.figure,
    }
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{name}.png" for name in figures]
    for file, draw in zip(files, figures.values(), strict=True):
        style.save(draw(), file)
    return files


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "--quick"]
    for made in make(Path(words[0]) if words else Path(__file__).parent, "--quick" in sys.argv):
        print(made)
