"""Make the figures of this folder: `python figures/make.py`; `--quick` tries it with tiny settings.

`python figures/make.py [--quick] [FOLDER]` writes to FOLDER, by default this one.
"""

from __future__ import annotations

import sys
from pathlib import Path

import simgap
from simgap.plots import style
from simgap.results.shown import show

SCENARIO = "claims"
RUN = {"replications": 1000, "lucks": 1024}
OVER = ("data=0:1.5:7", "governance.mandatory_review=0:1:6")
SWEEP = {"replications": 20}
TRACED = 86  # a replication that meets all four levels of autonomy
OUTCOME = "ratio"
PORTFOLIOS = ("demo", "ready")
MAP = ("workflows.claims.volume=30k per year:180k per year:6", "oversight.reviewers=1:7:4")
SHOWN = "edge_cases.share"
FUTURES = {"compare": 1000, "all": 50, "gate": 1000, "attribute": 240}


def make(folder: Path, quick: bool) -> list[Path]:
    """Write the figures of each command that has any, and return their files."""
    case = simgap.load(SCENARIO, ["clock.horizon=3 months"] if quick else [])
    result = case.run(replications=4 if quick else RUN["replications"])
    lucks = case.run(replications=4 if quick else RUN["lucks"], lucks=2)
    over = [text[: text.rindex(":")] + ":2" for text in OVER] if quick else OVER
    swept = case.sweep(over, OUTCOME, replications=2 if quick else SWEEP["replications"])
    trace = case.trace(0 if quick else TRACED)
    futures = dict.fromkeys(FUTURES, 3) if quick else FUTURES
    on = [text[: text.rindex(":")] + ":2" for text in MAP] if quick else MAP
    # Quickly, the delays of the investments must leave something of the window: no horizon is cut for these.
    case = simgap.load(SCENARIO, ["workflows.claims.volume=40 per day | 2k per year"] if quick else [])
    compared = case.compare(PORTFOLIOS, over=on, replications=futures["compare"])
    every = case.compare(every=True, replications=futures["all"]) if not quick else compared
    gate = case.gate(replications=futures["gate"])
    attributed = case.attribute(PORTFOLIOS[1:], replications=futures["attribute"])
    figures = {
        "value": result.plot.value,
        "cash": result.plot.cash,
        "dashboard": result.plot.dashboard,
        "tornado": result.plot.tornado,
        "lucks": lucks.plot.lucks,
        "sweep": swept.figure,
        "timeline": trace.figure,
        "difference": compared.plot.difference,
        "value_over_time": compared.plot.value_over_time,
        "winners": compared.plot.winners,
        "frontier": every.plot.frontier,
        "promise": gate.plot.promise,
        "haircut": gate.plot.haircut,
        "waterfall": attributed.plot.waterfall,
        "what_is_left": attributed.plot.what_is_left,
        "input": lambda: show(SCENARIO, [SHOWN]).figures()[SHOWN],
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
