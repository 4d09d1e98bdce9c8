"""Strike the bot while it works, and see whether anybody could tell: ``make faults``.

The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import sys
from concurrent.futures import ProcessPoolExecutor

from tests.faults.blows import DEADLY
from tests.faults.rounds import DATABASES, Tally, run

_BLOWS = 30  # a round
_SEEDS = 1000  # from one process's first to the next one's


def run_beside(options: argparse.Namespace) -> Tally:
    """Run several processes side by side, each with databases of its own; every second begins with PostgreSQL."""
    shares = [
        argparse.Namespace(**vars(options) | {"first": number, "seed": options.seed + number * _SEEDS})
        for number in range(options.jobs)
    ]
    tally = Tally()
    with ProcessPoolExecutor(options.jobs, multiprocessing.get_context("spawn")) as pool:
        for each in pool.map(run, shares):
            tally.add(each)
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="one round on each database, with few blows")
    parser.add_argument("--minutes", type=float, default=60.0, help="begin no round after so long")
    parser.add_argument("--jobs", type=int, default=1, help="processes that play rounds side by side")
    parser.add_argument(
        "--seed",
        type=int,
        default=random.SystemRandom().randrange(10**6),
        help=f"of the first round; each later one adds one, each further process {_SEEDS:,}",
    )
    parser.add_argument("--blows", type=int, default=_BLOWS, help="in a round")
    parser.add_argument("--database", choices=[*DATABASES, "both"], default="both")
    options = parser.parse_args()
    tally = run_beside(options)
    kills = sum(tally.struck[kind.value] for kind in DEADLY)
    told = {"kills": kills, **tally.verdict.counts, "flows": tally.flows.total(), "struck": dict(tally.struck)}
    print(json.dumps({**told, "rounds": tally.rounds, "load_average": round(os.getloadavg()[0], 1)}))
    sys.exit(any(tally.verdict.counts.values()))


if __name__ == "__main__":
    main()
