"""A review beside PR-Agent's: how soon the first sign, how soon all is said, at what price, and what was read.

``python -m bench.review [--rounds N] [--without-peer] [--streams]``. Both have the same simulated GitHub (answering in
100 ms) and the same scripted model (5 s an answer), each as a server process of its own, one after the other. PR-Agent
is measured with its ``/review`` alone, findings inline, which is the least it can do, and as it ships (three commands).
The last line is one JSON object; times are medians over the rounds, from the pull request's opening. Then this build,
commit bb752ae and the peer are compared as ``bench.review_streams`` says; ``--streams`` does nothing else.

``python -m bench.review --other BUILD [--history CLONE] [--changes N]`` compares what the model costs with another
build instead, as ``bench.review_cost`` says.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from bench import review_cost, review_streams
from bench import review_scenes as scenes
from bench.builds import check_out
from bench.review_peer import answer, install_pr_agent, pr_agent
from bench.review_scenes import Scene
from bench.review_streams import WHOLE, Pace
from bench.webhooks.servers import SECRET, Server, serving
from bot.local.hosting import free_port, manifest_rights
from bot.settings import MODEL_ROLES
from simhub import AppCredentials, Hub
from simhub.model import Account, Pull, Repository
from simhub.model_formats import ModelRequest
from simhub.requestlog import RequestRecord
from simhub.scripted_model import Script, ScriptedModel

_GITHUB_SECONDS = 0.1
_LOOK = 0.005
_STILL = 5.0  # seconds without a request or a thinking model: nothing more will come
_LONGEST = 300.0
_PART = re.compile(r"value_(\d{3})_\d+")
BARS = {
    "first_sign_s": 0.5, "finished_s": 13, "finished_quiet_s": 8, "github_calls": 12, "files_read": 120, "off_diff": 0,
    "rerun_model_calls": 0, "streamed_ratio_peer": 1.0, "streamed_ratio_before": 0.75, "plain_ratio_before": 1.0,
}  # fmt: skip
_BEFORE = "bb752ae"  # the build that this one is measured by


@dataclass
class Subject:
    """A reviewer under test with the GitHub it serves and the model it asks."""

    hub: Hub
    app: AppCredentials
    repository: Repository
    maintainer: Account
    script: Script
    folder: Path
    model: ScriptedModel
    pace: Pace
    server: Server | None = None
    scene: Scene = field(default_factory=lambda: scenes.quiet(0))
    asked: list[tuple[float, RequestRecord]] = field(default_factory=list)

    def observe(self, record: RequestRecord, _answer: object) -> None:
        # The sweep of the delivery log is no part of a review.
        if record.kind in {"app", "installation"} and record.path != "/app/hook/deliveries":
            self.asked.append((time.perf_counter(), record))

    def reply(self, asked: ModelRequest) -> dict[str, Any]:
        return {**_reply(asked, self.scene), **self.pace}


@dataclass(frozen=True)
class Observation:
    """One review as seen from outside.

    Times in seconds from the opening; ``cpu`` is the server's.
    """

    first_sign: float
    said_inline: float
    standing: float  # until all that the scene has to tell stands on lines of the pull request
    finished: float
    cpu: float
    github_calls: int
    model_calls: int
    prompts: str
    inline: int
    said: str

    def line(self, scene: Scene) -> str:
        calls = f"{self.github_calls} GitHub and {self.model_calls} model calls, {self.inline} inline"
        return (
            f"{scene.title:<12} sign {self.first_sign:5.2f} s, inline {self.said_inline:5.2f} s, "
            f"finished {self.finished:6.2f} s, processor {self.cpu:5.2f} s, {calls}"
        )

    def off_diff(self, scene: Scene) -> int:
        return sum(one.path in self.said or one.title in self.said for one in scene.invented)


Start = Callable[[Hub, AppCredentials, Path, int, str], AbstractAsyncContextManager[Server]]


def _reply(asked: ModelRequest, scene: Scene) -> dict[str, Any]:
    told = (*scene.told, *scene.invented)
    if "report" in asked.tools:
        mine = told if re.search("Concern: .*correctness", asked.text) else ()
        return {"tool_calls": [{"name": "report", "arguments": scenes.report(mine)}]}
    if "verdict" in asked.tools:
        one = next(each for each in told if each.title in asked.text)
        return {"tool_calls": [{"name": "verdict", "arguments": scenes.verdict(one)}]}
    return answer(asked, told)


@asynccontextmanager
async def forgehand(
    hub: Hub, app: AppCredentials, folder: Path, port: int, model_url: str, build: Path | None = None
) -> AsyncIterator[Server]:
    """Run the whole bot as an operator does, one model for every role."""
    model = {"provider": "anthropic", "api": "messages", "base_url": model_url.removesuffix("/v1"), "context": 200_000,
             "max_output": 32_000, "input_price": 1.0, "output_price": 5.0}  # fmt: skip
    settings = {
        "FORGEHAND_MODELS": json.dumps({"scripted": model}),
        "FORGEHAND_ROLES": json.dumps({role: ["scripted"] for role in MODEL_ROLES}),
        "ANTHROPIC_API_KEY": "sk-ant-api03-scripted",
    }
    async with serving(hub, app, folder, port, settings, build) as server:
        yield server


@asynccontextmanager
async def subject(start: Start, folder: Path, pace: Pace = WHOLE) -> AsyncIterator[Subject]:
    """``start`` the reviewer in front of a GitHub and a model of its own."""
    folder.mkdir()
    script = Script()
    async with Hub.start(folder / "hub") as hub, ScriptedModel(script) as model:
        app = hub.create_app("forgehand", webhook_secret=SECRET, **manifest_rights())
        maintainer = hub.create_user("mara")
        repository = hub.create_repository("octo/shop", source=scenes.seed(folder / "source"))
        hub.set_permission(repository, "mara", "admin")
        made = Subject(hub, app, repository, maintainer, script, folder, model, pace)
        script.on(made.reply, reusable=True)
        hub.observers.append(made.observe)
        port = free_port()
        async with start(hub, app, folder, port, model.openai_url) as server:
            made.server, app.webhook_url = server, f"http://127.0.0.1:{port}{server.webhook}"
            hub.install(app, "octo", [repository])
            await hub.settled()
            yield made


async def review(one: Subject, scene: Scene) -> tuple[Pull, Observation]:
    """Open the pull request and watch until nothing more happens."""
    one.scene, one.hub.latency = scene, 0.0
    one.asked.clear()
    one.script.requests.clear()
    assert one.server is not None
    burnt = one.server.cpu_s()
    opening = asyncio.create_task(scenes.propose(one.hub, one.repository, one.maintainer, scene, one.folder))
    known = len(one.repository.pulls)
    while len(one.repository.pulls) == known:
        await asyncio.sleep(_LOOK)
    opened, one.hub.latency = time.perf_counter(), _GITHUB_SECONDS
    pull = one.repository.pulls[known]
    first = asyncio.create_task(_first_sign(one, pull, opened))
    standing = asyncio.create_task(_all_told(one, pull, opened))
    await opening
    await _until_still(one, pull)
    for watch in (first, standing):
        watch.cancel()
    signs, stood = await asyncio.gather(first, standing, return_exceptions=True)
    writes = [(at - opened, each.path) for at, each in one.asked if each.method != "GET" and each.path != "/graphql"]
    seen = Observation(
        first_sign=signs if isinstance(signs, float) else float("inf"),
        said_inline=max((at for at, path in writes if path.endswith("/reviews")), default=0.0),
        standing=stood if isinstance(stood, float) else math.inf,
        finished=max((at for at, _ in writes), default=0.0),
        cpu=one.server.cpu_s() - burnt,
        github_calls=len(one.asked),
        model_calls=len(one.script.requests),
        prompts="\n".join(asked.text for asked in one.script.requests),
        inline=len(_inline(one, pull)),
        said="\n".join(_said(one, pull)),
    )
    print(seen.line(scene), flush=True)
    return pull, seen


async def _first_sign(one: Subject, pull: Pull, opened: float) -> float:
    """Seconds until anything of the bot can be seen on the pull request."""
    body = pull.issue.body
    while not (_runs(one, pull) or _said(one, pull) or pull.issue.reactions or pull.issue.labels
               or pull.issue.body != body):  # fmt: skip
        await asyncio.sleep(_LOOK)
    return time.perf_counter() - opened


async def _all_told(one: Subject, pull: Pull, opened: float) -> float:
    """Seconds until each of the scene's findings is a comment on the pull request."""
    while not all(any(each.title in said for said in _inline(one, pull)) for each in one.scene.told):
        await asyncio.sleep(_LOOK)
    return time.perf_counter() - opened


async def _until_still(one: Subject, pull: Pull) -> None:
    """Wait until the bot has spoken, no check runs, and it asks nobody."""
    began = time.perf_counter()
    while not _said(one, pull) or not all(run.conclusion for run in _runs(one, pull)) or _busy(one):
        if time.perf_counter() - began > _LONGEST:
            sys.exit(f"The review did not end within {_LONGEST:.0f} s; the server's log is in {one.folder}.")
        await asyncio.sleep(_LOOK)


def _busy(one: Subject) -> bool:
    last = max((at for at, _ in one.asked), default=0.0)
    return one.model.speaking > 0 or time.perf_counter() - last < _STILL


def _runs(one: Subject, pull: Pull) -> list[Any]:
    return [run for suite in one.repository.suites if suite.head_sha == pull.head_sha for run in suite.runs]


def _inline(one: Subject, pull: Pull) -> list[str]:
    return [each.body for each in pull.review_comments if each.user.id == one.app.bot_id]


def _said(one: Subject, pull: Pull) -> list[str]:
    """Everything the bot wrote where people read it, but for its check run."""
    comments = [each.body for each in pull.issue.comments if each.user.id == one.app.bot_id]
    reviews = [each.body for each in pull.reviews if each.user.id == one.app.bot_id]
    return [*comments, *reviews, *_inline(one, pull)]


async def again(one: Subject, pull: Pull) -> int:
    """Count the model calls of a second delivery and of a re-run check."""
    one.script.requests.clear()
    opened = next(each for each in one.hub.webhooks.log if each.event == "pull_request" and _about(each.body, pull))
    one.hub.webhooks.redeliver(opened)
    await asyncio.sleep(_STILL)
    await _until_still(one, pull)
    for run in _runs(one, pull):
        await one.hub.rerequest(one.repository, run.id, one.maintainer.login)
        await asyncio.sleep(_STILL)
        await _until_still(one, pull)
    return len(one.script.requests)


def _about(body: bytes, pull: Pull) -> bool:
    payload = json.loads(body)
    return bool(payload.get("action") == "opened" and payload["number"] == pull.number)


async def measure(start: Start, folder: Path, rounds: int) -> dict[str, Any]:
    """Measure one reviewer; a first review only warms it up."""
    async with subject(start, folder) as one:
        print(folder.name, flush=True)
        await review(one, scenes.quiet(0))
        with_bugs, without = list[Observation](), list[Observation]()
        for number in range(1, rounds + 1):
            scene = scenes.findings(number)
            pull, seen = await review(one, scene)
            with_bugs.append(seen)
            without.append((await review(one, scenes.quiet(number)))[1])
        rerun = await again(one, pull)
        many = scenes.large()
        _, whole = await review(one, many)
    read = {int(number) for number in _PART.findall(whole.prompts)}
    listed = {number for number in range(len(many.files)) if f"part_{number:03}" in whole.said}
    return {
        "first_sign_s": _median(seen.first_sign for seen in with_bugs),
        "said_inline_s": _median(seen.said_inline for seen in with_bugs),
        "finished_s": _median(seen.finished for seen in with_bugs),
        "finished_quiet_s": _median(seen.finished for seen in without),
        "github_calls": max(seen.github_calls for seen in with_bugs),
        "model_calls": max(seen.model_calls for seen in with_bugs),
        "files_read": len(read),
        "files_read_or_listed": len(read | listed),
        "files_changed": len(many.files),
        "finished_large_s": round(whole.finished, 2),
        "processor_s": _median(seen.cpu for seen in with_bugs),
        "posted_inline": min(seen.inline for seen in with_bugs),
        "off_diff": sum(seen.off_diff(scene) for seen in with_bugs),
        "rerun_model_calls": rerun,
    }


async def _stand(start: Start, folder: Path, pace: Pace, number: int) -> float:
    """Measure the seconds until all findings of a pull request stand on it."""
    print(folder.name, flush=True)
    async with subject(start, folder, pace) as one:
        await review(one, scenes.quiet(0))
        return (await review(one, scenes.findings(number)))[1].standing


def _compare_streams(folder: Path, rounds: int, peer: dict[str, Start]) -> dict[str, float]:
    here = Path(__file__).parents[1]
    builds: dict[str, Start] = {
        name: partial(forgehand, build=build) for name, build in (("this", here), ("before", check_out(_BEFORE)))
    }

    def visit(name: str, start: Start, pace: Pace, number: int) -> float:
        return asyncio.run(_stand(start, folder / name, pace, number))

    return review_streams.compare(builds, peer, visit, rounds)


def _median(values: Any) -> float:
    return round(float(statistics.median(values)), 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without-peer", action="store_true")
    parser.add_argument("--other", type=Path, help="the folder of another build: compare what the model costs")
    parser.add_argument("--history", type=Path, help="with --other: a clone whose newest commits are reviewed")
    parser.add_argument("--changes", type=int, default=10, help="with --history: how many of them")
    parser.add_argument("--streams", action="store_true", help="only how soon findings stand, with both models")
    options = parser.parse_args()
    if options.other:
        builds = {"this": Path(__file__).parents[1], "other": options.other.resolve()}
        figures = review_cost.compare(builds, options.history, options.changes)
        print(json.dumps({"bench": "review", **figures, "load_average": round(os.getloadavg()[0], 1)}))
        return
    starts: dict[str, Start] = {} if options.streams else {"forgehand": forgehand}
    peer: dict[str, Start] = {}
    if not options.without_peer:
        install_pr_agent()
        peer = {"peer": partial(pr_agent, commands=["/review"])}
        starts |= {} if options.streams else {"pr_agent": peer["peer"], "pr_agent_as_shipped": pr_agent}
    with tempfile.TemporaryDirectory(prefix="bench-review-") as folder:
        figures = {
            name: asyncio.run(measure(start, Path(folder) / name, options.rounds)) for name, start in starts.items()
        }
        streams = _compare_streams(Path(folder), options.rounds, peer)
    ours = figures.pop("forgehand", {})
    load = round(os.getloadavg()[0], 1)
    print(json.dumps({"bench": "review", **ours, "peers": figures, **streams, "bars": BARS, "load_average": load}))


if __name__ == "__main__":
    main()
