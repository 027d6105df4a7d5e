"""nagasim: a model of blocks, in the form of its file; logs of single events off, summaries as always."""

import time

from nagasim import api, build

from rivals.common import ARRIVALS, MU, REVIEWED, REVIEWERS, SERVERS, SERVICE, SIGMA, Done


def model(items: int) -> dict:
    made = build.Model(time_limit=0, replications=1, record_logs=False, time_unit="hours")
    made.add_resource(name="Servers", capacity=SERVERS)
    made.add_resource(name="Reviewers", capacity=REVIEWERS)
    arrive = made.create("arrive", distribution=build.Exponential(rate=ARRIVALS), max_arrivals=items)
    serve = made.process("serve", resource_name="Servers", distribution=build.Exponential(rate=1.0 / SERVICE))
    chosen = made.decide("chosen", probs=[REVIEWED])
    review = made.process(
        "review", resource_name="Reviewers", distribution=build.Lognormal(mu=MU, sigma=SIGMA)
    )
    leave = made.dispose("leave")
    arrive >> serve >> chosen
    chosen >> review >> leave
    chosen >> leave
    return made.to_dict()


def run(items: int, seed: int) -> Done:
    layout = model(items)
    started = time.perf_counter()
    results = api.run_model(layout, seed=seed)
    seconds = time.perf_counter() - started
    flow = results["material_flow_summary"].set_index(["From", "To"])["Entities"]
    reviewed = int(flow["review", "leave"])
    return Done(seconds, reviewed + int(flow["chosen", "leave"]), reviewed)
