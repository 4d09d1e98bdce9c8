"""Replay a recorded fix against this build and, given a path, another: own time and tokens of each.

``python -m bench.fix [--rounds N] [--other PATH]``. The sample's issue is fixed end to end with recorded answers: real
webhooks, git, sandbox and tests, a model that answers at once, so all time is the bot's own. Each build plays the
answers recorded for it and runs as processes of its own, one build after the other, in turns. The last line is one
JSON object; seconds are medians from the label to the end, ``cpu`` those of all processes of one run.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parents[1]
_ISSUE_LIMIT_MINUTES = 20
# It runs inside the build that is measured, so it uses only what every build has.
_DRIVER = """
import asyncio, json, resource, sqlite3, sys, time
from importlib import resources
from pathlib import Path
from bot.local import demo
from bot.local.display import Display
from bot.local.hosting import local_run, work_folder
from bot.local.tier import tier_environment
from bot.local.watching import file_issue, until_ended

QUERY = "select count(*), sum(input_tokens), sum(output_tokens), sum(seconds) from fh_model_call"

async def main(minutes):
    display = Display(plain=True)
    sample = Path(str(resources.files("simhub") / "sample"))
    title, _, body = (sample / "issue.md").read_text().partition("\\n")
    with work_folder("bench") as folder:
        tier = await tier_environment(display, trust=True)
        async with demo._model(display, None) as model:
            where = {"name": "octo/timesheet", "source": sample / "timesheet", "shared": False, "port": 0}
            async with local_run(folder, **where, environment={**model, **tier}) as local:
                start = time.monotonic()
                number = await file_issue(local, title, body.strip(), "ai-bug-fix")
                ending = await until_ended(local, number, lambda text: None, minutes=minutes)
                seconds = time.monotonic() - start
                verified = ending.pull is not None and not ending.pull["draft"]
        found = [path for path in folder.rglob("*.db")]
        rows = []
        for path in found:
            with sqlite3.connect(path) as database:
                names = {name for name, in database.execute("select name from sqlite_master")}
                rows += [database.execute(QUERY).fetchone()] if "fh_model_call" in names else []
    calls, read, written, asked = rows[0]
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(one.ru_utime + one.ru_stime for one in used)
    print(json.dumps({"verified": verified, "seconds": seconds - (asked or 0.0), "cpu": cpu, "calls": calls,
                      "input_tokens": read, "output_tokens": written}))

asyncio.run(main(float(sys.argv[1])))
"""


def replay(build: Path) -> dict[str, Any]:
    """Run the recorded fix once with the code in ``build``; raise where it does not end verified."""
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    command = [sys.executable, "-c", _DRIVER, str(_ISSUE_LIMIT_MINUTES)]
    environment["PYTHONPATH"] = str(build)
    done = subprocess.run(command, cwd=build, env=environment, capture_output=True, text=True, check=False)
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        raise SystemExit(f"{build}: the fix could not be replayed.\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    figures: dict[str, Any] = json.loads(lines[-1])
    if not figures["verified"]:
        raise SystemExit(f"{build}: the recorded fix did not end in a verified pull request.")
    return figures


def summary(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """Return medians over the rounds; tokens and calls are the same in each."""
    last = rounds[-1]
    return {
        "seconds": round(statistics.median(one["seconds"] for one in rounds), 1),
        "cpu": round(statistics.median(one["cpu"] for one in rounds), 1),
        "calls": last["calls"],
        "input_tokens": last["input_tokens"],
        "output_tokens": last["output_tokens"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--other", type=Path, help="the folder of another build, such as a worktree of a release")
    options = parser.parse_args()
    builds = {"this": _HERE} | ({"other": options.other.resolve()} if options.other else {})
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in builds}
    for number in range(options.rounds):
        for name, build in builds.items():
            runs[name].append(replay(build))
            print(f"round {number + 1}, {name}: {runs[name][-1]}")
    figures: dict[str, Any] = {name: summary(rounds) for name, rounds in runs.items()}
    if "other" in figures:
        this, other = figures["this"], figures["other"]
        tokens = [one["input_tokens"] + one["output_tokens"] for one in (this, other)]
        figures["ratio"] = {
            "seconds": round(this["seconds"] / other["seconds"], 2),
            "cpu": round(this["cpu"] / other["cpu"], 2),
            "tokens": round(tokens[0] / tokens[1], 2),
        }
    print(json.dumps({"bench": "fix", **figures, "load_average": round(os.getloadavg()[0], 1)}))


if __name__ == "__main__":
    main()
