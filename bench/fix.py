"""Replay a recorded fix against this build and, given a path, another: own time and tokens of each.

``python -m bench.fix [--rounds N] [--other PATH] [--case DIR ...]``. Issues are fixed end to end with recorded answers:
real webhooks, git, sandbox and tests, a model that answers at once, so all time is the bot's own. Builds take turns.
The sample's issue is played with the answers each build has recorded for it; each ``DIR`` is another case: a folder or
clone ``repository``, ``issue.md`` (title in the first line) and ``answers.json``. The last line is one JSON object:
``cpu`` the processor seconds of the bot and everything it started, without its start; ``seconds`` from the label to the
last thing it wrote on GitHub; medians over the rounds. Tokens are counted as ``bench.builds`` says. ``cpu_ratio`` and
``tokens_ratio`` are this build's sums over the cases by the other's.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import aiohttp

from bench.builds import Hosted, Recorder, hosted, used
from simhub.model import Pull
from simhub.requestlog import RequestRecord

_HERE = Path(__file__).parents[1]
_LABEL = "ai-bug-fix"
_LONGEST = 1200.0
_LOOK = 0.05
# without a write: the comments after the pull request come at once
_STILL = 3.0
_SUMMED = ("cpu", "seconds", "dollars", "input_tokens", "output_tokens")


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


async def replay(build: Path, case: Case) -> dict[str, Any]:
    """Fix the case once with the code in ``build``; raise where it does not end in a verified pull request."""
    script = Recorder()
    script.extend(json.loads(case.answers.read_text()))
    with tempfile.TemporaryDirectory(prefix="bench-fix-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        async with hosted(build, folder, script, {case.name: case.source}) as one:
            writes: list[float] = []
            one.hub.observers.append(lambda record, _: writes.append(time.perf_counter()) if _wrote(record) else None)
            before, started = one.server.cpu_s(), time.perf_counter()
            await _file(one, case.issue)
            pull = await _opened(one, writes, folder)
            figures = {"cpu": one.server.cpu_s() - before, "seconds": writes[-1] - started}
    if pull is None or pull.draft:
        raise SystemExit(f"{build}: the recorded fix of {case.name} did not end in a verified pull request.")
    return figures | asdict(used(script.answered))


def _wrote(record: RequestRecord) -> bool:
    return record.kind in {"app", "installation", "git"} and record.method != "GET"


async def _file(one: Hosted, issue: str) -> None:
    title, _, body = issue.partition("\n")
    url = f"{one.hub.api_url}/repos/{one.repositories[0].full_name}/issues"
    async with aiohttp.ClientSession(headers={"Authorization": f"token {one.person.token}"}) as session:
        async with session.post(url, json={"title": title, "body": body.strip()}) as answer:
            answer.raise_for_status()
            number = (await answer.json())["number"]
        async with session.post(f"{url}/{number}/labels", json={"labels": [_LABEL]}) as answer:
            answer.raise_for_status()


async def _opened(one: Hosted, writes: list[float], folder: Path) -> Pull | None:
    """Return the pull request once all is quiet; None where there is none."""
    repository = one.repositories[0]
    issue = repository.issues[1]
    began = time.perf_counter()
    while not (repository.pulls or len(issue.comments) > 1) or time.perf_counter() - max(writes) < _STILL:
        if time.perf_counter() - began > _LONGEST or one.server.process.returncode is not None:
            log = (folder / "forgehand.log").read_text(errors="replace")
            raise SystemExit(f"No fix within {_LONGEST:.0f} s, or the bot ended.\n{log[-3000:]}")
        await asyncio.sleep(_LOOK)
    if not repository.pulls:
        print("\n\n".join(comment.body for comment in issue.comments))
    return repository.pulls[0] if repository.pulls else None


def summary(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """Medians over the rounds."""
    return {key: round(statistics.median(one[key] for one in rounds), 4) for key in rounds[0]}


def ratios(this: dict[str, Any], other: dict[str, Any]) -> dict[str, float]:
    tokens = [one["input_tokens"] + one["output_tokens"] for one in (this, other)]
    whole = {key: this[key] / other[key] for key in ("cpu", "seconds", "dollars")}
    return {key: round(value, 2) for key, value in {**whole, "tokens": tokens[0] / tokens[1]}.items()}


def compare(builds: dict[str, Path], rounds: int, folder: Path | None) -> tuple[str, dict[str, dict[str, Any]]]:
    """Play the case in ``folder``, or the sample, in all builds; return its name and the medians of each build."""
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in builds}
    for number in range(rounds):
        for name, build in builds.items():
            case = kept(folder.resolve()) if folder else sample(build)
            runs[name].append(asyncio.run(replay(build, case)))
            print(f"{case.name}, round {number + 1}, {name}: {runs[name][-1]}", flush=True)
    return case.name, {name: summary(each) for name, each in runs.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--other", type=Path, help="the folder of another build, such as a worktree of a release")
    parser.add_argument("--case", type=Path, action="append", help="another recorded fix than the sample's; repeatable")
    options = parser.parse_args()
    builds = {"this": _HERE} | ({"other": options.other.resolve()} if options.other else {})
    figures = dict(compare(builds, options.rounds, folder) for folder in options.case or [None])
    whole: dict[str, float] = {}
    if options.other:
        for each in figures.values():
            each["ratio"] = ratios(each["this"], each["other"])
        sums = ({key: sum(each[name][key] for each in figures.values()) for key in _SUMMED} for name in builds)
        whole = {f"{key}_ratio": value for key, value in ratios(*sums).items() if key in {"cpu", "tokens"}}
    load = round(os.getloadavg()[0], 1)
    print(json.dumps({"bench": "fix", "cases": figures, **whole, "load_average": load}))


if __name__ == "__main__":
    main()
