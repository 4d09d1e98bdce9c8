"""Replay a recorded fix against this build and an earlier one, twice in a row on each: own time and tokens.

``python -m bench.fix [--rounds N] [--other PATH] [--case DIR ...]``. Issues are fixed end to end with recorded answers:
real webhooks, git, sandbox and tests, a model that answers at once, so all time is the bot's own. Builds take turns;
each round begins with a new server. The earlier build is commit bb752ae, or what lies at ``PATH``. The sample's issue
is played with the answers each build has recorded for it; each ``DIR`` is another case: a folder or clone
``repository``, ``issue.md`` (title in the first line) and ``answers.json``.

The last line is one JSON object. For each case and build it has the ``first`` fix and the ``second`` on the same
server, medians over the rounds: ``cpu`` the processor seconds of the bot and everything it started, without its start;
``seconds`` from the label to the last thing it wrote on GitHub; ``prepare`` those of installing and of the tests as
they are; ``steps`` those of each step. Tokens are counted as ``bench.builds`` says. Ratios are of sums over the cases:
``second_prepare_ratio`` of the second fix to the first, ``second_fix_ratio_before`` of the seconds of second fixes
here and in the earlier build, ``own_time_ratio_before`` (processor seconds) and ``tokens_ratio_before`` of the first
fixes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Collection, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import aiohttp

from bench.builds import Hosted, Recorder, check_out, hosted, used
from simhub.model import Pull
from simhub.requestlog import RequestRecord

_HERE = Path(__file__).parents[1]
_LABEL = "ai-bug-fix"
_LONGEST = 1200.0
_LOOK = 0.05
# without a write: the comments after the pull request come at once
_STILL = 3.0
_BEFORE = "bb752ae"  # the build that this one is measured by


@dataclass(frozen=True)
class Case:
    """A recorded fix: the code, the issue, and what the model answers."""

    name: str
    source: Path
    issue: str
    answers: Path


def sample(build: Path) -> Case:
    """Return the sample, alike in all builds, with answers recorded for this."""
    files = Path(str(resources.files("simhub") / "sample" / "python"))
    issue = (files / "issue.md").read_text()
    # where it was before there were other languages
    old = build / "simhub" / "sample" / "answers.json"
    answers = old if old.is_file() else build / "simhub" / "sample" / "python" / "answers.json"
    return Case("timesheet", files / "timesheet", issue, answers)


def kept(folder: Path) -> Case:
    return Case(folder.name, folder / "repository", (folder / "issue.md").read_text(), folder / "answers.json")


async def replay(build: Path, case: Case, script: Recorder | None = None) -> list[dict[str, Any]]:
    """Fix the case twice with the code in ``build``; raise where that does not end in verified pull requests.

    ``script`` keeps what was asked and answered.
    """
    answers = json.loads(case.answers.read_text())
    script = script or Recorder()
    rounds: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="bench-fix-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        async with hosted(build, folder, script, {case.name: case.source}) as one:
            writes: list[float] = []
            one.hub.observers.append(lambda record, _: writes.append(time.perf_counter()) if _wrote(record) else None)
            for _ in range(2):
                script.extend(answers)
                asked, before, started = len(script.answered), one.server.cpu_s(), time.perf_counter()
                pull = await _opened(one, await _file(one, case.issue), writes, folder)
                if pull is None or pull.draft:
                    raise SystemExit(
                        f"{build}: the recorded fix of {case.name} did not end in a verified pull request."
                    )
                times = {"cpu": one.server.cpu_s() - before, "seconds": writes[-1] - started}
                rounds.append(times | asdict(used(script.answered[asked:])))
        for figures, steps in zip(rounds, _read_steps(folder / "data" / "forgehand.db"), strict=True):
            figures["prepare"] = steps["install"] + steps["baseline"]
            figures["steps"] = steps
    return rounds


def _read_steps(database: Path) -> list[dict[str, float]]:
    """Return the seconds that the steps of each fix took, those with a number or role in their names together."""
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute(
            "SELECT workflow_uuid, function_name, completed_at_epoch_ms - started_at_epoch_ms FROM operation_outputs "
            "WHERE started_at_epoch_ms IS NOT NULL ORDER BY started_at_epoch_ms"
        ).fetchall()
    found: dict[str, dict[str, float]] = {}
    for task, step, milliseconds in rows:
        steps = found.setdefault(task, {})
        name = step.partition("-")[0]
        steps[name] = round(steps.get(name, 0) + milliseconds / 1000, 3)
    return list(found.values())


def _wrote(record: RequestRecord) -> bool:
    return record.kind in {"app", "installation", "git"} and record.method != "GET"


async def _file(one: Hosted, issue: str) -> int:
    title, _, body = issue.partition("\n")
    url = f"{one.hub.api_url}/repos/{one.repositories[0].full_name}/issues"
    async with aiohttp.ClientSession(headers={"Authorization": f"token {one.person.token}"}) as session:
        async with session.post(url, json={"title": title, "body": body.strip()}) as answer:
            answer.raise_for_status()
            number: int = (await answer.json())["number"]
        async with session.post(f"{url}/{number}/labels", json={"labels": [_LABEL]}) as answer:
            answer.raise_for_status()
    return number


async def _opened(one: Hosted, number: int, writes: list[float], folder: Path) -> Pull | None:
    """Return the pull request for the newest issue once all is quiet; None where there is none."""
    repository = one.repositories[0]
    comments = repository.issues[number].comments
    began = time.perf_counter()
    opened: list[Pull] = []
    while not (opened or len(comments) > 1) or time.perf_counter() - max(writes) < _STILL:
        if time.perf_counter() - began > _LONGEST or one.server.process.returncode is not None:
            log = (folder / "forgehand.log").read_text(errors="replace")
            raise SystemExit(f"No fix within {_LONGEST:.0f} s, or the bot ended.\n{log[-3000:]}")
        await asyncio.sleep(_LOOK)
        opened = [pull for pull in repository.pulls if pull.issue.number > number]
    if not opened:
        print("\n\n".join(comment.body for comment in comments))
    return opened[0] if opened else None


def summary(rounds: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Medians over the rounds."""
    steps = {name: statistics.median(one["steps"].get(name, 0) for one in rounds) for name in rounds[0]["steps"]}
    figures = {key: round(statistics.median(one[key] for one in rounds), 4) for key in rounds[0] if key != "steps"}
    return figures | {"steps": steps}


def compare(builds: dict[str, Path], rounds: int, folder: Path | None) -> tuple[str, dict[str, dict[str, Any]]]:
    """Play the case in ``folder``, or the sample, in all builds; return its name and the medians of each build."""
    runs: dict[str, list[list[dict[str, Any]]]] = {name: [] for name in builds}
    for number in range(rounds):
        for name, build in builds.items():
            case = kept(folder.resolve()) if folder else sample(build)
            runs[name].append(asyncio.run(replay(build, case)))
            print(f"{case.name}, round {number + 1}, {name}: {runs[name][-1]}", flush=True)
    medians = {
        name: dict(zip(("first", "second"), map(summary, zip(*each, strict=True)), strict=True))
        for name, each in runs.items()
    }
    return case.name, medians


def ratios(cases: Collection[dict[str, dict[str, Any]]]) -> dict[str, float]:
    """Relate sums over the cases: of the second fix to the first, of this build to the one before."""

    def total(build: str, fix: str, *keys: str) -> float:
        return sum(float(case[build][fix][key]) for case in cases for key in keys)

    tokens = ("input_tokens", "output_tokens")
    found = {
        "second_prepare_ratio": total("this", "second", "prepare") / total("this", "first", "prepare"),
        "second_fix_ratio_before": total("this", "second", "seconds") / total("before", "second", "seconds"),
        "own_time_ratio_before": total("this", "first", "cpu") / total("before", "first", "cpu"),
        "tokens_ratio_before": total("this", "first", *tokens) / total("before", "first", *tokens),
    }
    return {key: round(value, 3) for key, value in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--other", type=Path, help="the folder of another build, such as a worktree of a release")
    parser.add_argument("--case", type=Path, action="append", help="another recorded fix than the sample's; repeatable")
    options = parser.parse_args()
    builds = {"this": _HERE, "before": options.other.resolve() if options.other else check_out(_BEFORE)}
    figures = dict(compare(builds, options.rounds, folder) for folder in options.case or [None])
    load = round(os.getloadavg()[0], 1)
    print(json.dumps({"bench": "fix", "cases": figures, **ratios(figures.values()), "load_average": load}))


if __name__ == "__main__":
    main()
