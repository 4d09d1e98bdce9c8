"""Model cost of reviews on this build and another: the same pull requests, the same reader, counted the same way.

Pull requests are commits of a clone (``--history``, the newest ones that change Python code), else three made here: one
line in one file, five files, thirty files. The scripted reader looks up two things at once before it reports, the
verifier one before its verdict: in four real reviews (``docs/field-notes.md``) both took about two calls. What they
claim is made up: that an added line is wrong, in the first two files that have one. A reader claims it only where a
request shows it that line and asks for correctness, so a build that shows less finds less. Money is counted as
``bench.builds`` says.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from bench import review_scenes as scenes
from bench.builds import Hosted, Recorder, hosted, used
from bench.review_scenes import Report
from bot.github.text.diffs import FileDiff, parse_diff
from simhub.gitrepo import environment, git_now
from simhub.model import Comment, Pull, Review, ReviewComment
from simhub.model_formats import ModelRequest
from simhub.requestlog import RequestRecord

_CLAIMS = 2
_SHORTEST = 12
_MOST_LINES = 4_000
_OLDEST = 2_000
_LOOK = 0.05
_STILL = 3.0
_LONGEST = 600.0
_SHOWN_ROW = re.compile(r"(?m)^=== (\S+\.py) ")
_SIZES = {"tiny": (1, 1), "medium": (5, 40), "large": (30, 120)}


@dataclass(frozen=True)
class Change:
    """A pull request to be: two commits of a clone, and what the reader claims of it."""

    title: str
    base_sha: str
    head_sha: str
    told: tuple[Report, ...]


def from_history(clone: Path, count: int) -> list[Change]:
    """Yield the newest first-parent commits that add a little Python code."""
    log = git_now(clone, "log", "--first-parent", f"--max-count={_OLDEST}", "--format=%H %P").splitlines()
    pairs = [line.split()[:2] for line in log if len(line.split()) > 1]
    found = (_change(clone, f"Change {head[:10]}", base, head) for head, base in pairs)
    return list(islice((one for one in found if one is not None), count))


def made(folder: Path) -> tuple[Path, list[Change]]:
    """Make a clone with a commit for each size on top of the same base."""
    git_now(folder.parent, "init", "--quiet", "--initial-branch=main", str(folder))
    most = max(files for files, _ in _SIZES.values())
    for path, text in {f"shop/part_{number:02}.py": _module(number, 0) for number in range(most)}.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
    (folder / "CONTRIBUTING.md").write_text(_GUIDE)
    base = _committed(folder, "Base")
    changes = []
    for title, (files, lines) in _SIZES.items():
        git_now(folder, "checkout", "--quiet", "--detach", base)
        for number in range(files):
            (folder / f"shop/part_{number:02}.py").write_text(_module(number, lines))
        changes.append(_change(folder, title.capitalize(), base, _committed(folder, title)))
    return folder, [one for one in changes if one is not None]


_GUIDE = "# Contributing\n\n" + "\n\n".join(
    f"## Rule {number}\n\n" + f"Part {number} keeps its promises to those who call it, and says so in a test. " * 6
    for number in range(20)
)


def _module(number: int, lines: int) -> str:
    body = "".join(f"    rate_{number} += items[{at}] / {at + 1}\n" for at in range(lines))
    return (
        f'"""Part {number} of the shop."""\n\nimport subprocess\n\n\ndef old_{number}(line):\n'
        "    return subprocess.call(line, shell=True)\n\n\n"
        f"def reckon_{number}(items, rate_{number}):\n{body}    return sum(items) * rate_{number}\n"
    )


def _committed(folder: Path, message: str) -> str:
    git_now(folder, "add", "--all")
    git_now(folder, "-c", "user.name=mara", "-c", "user.email=mara@example.org", "commit", "--quiet", "-m", message)
    return git_now(folder, "rev-parse", "HEAD")


def _change(clone: Path, title: str, base: str, head: str) -> Change | None:
    # not git_now, which strips: the last line may be a blank one
    diff = ["git", "-C", str(clone), "diff", "--no-renames", base, head]
    files = parse_diff(subprocess.run(diff, env=environment(), capture_output=True, check=True).stdout.decode())
    told = [one for file in files if (one := _claim(file)) is not None]
    lines = sum(line.kind != " " for file in files for hunk in file.hunks for line in hunk.lines)
    return Change(title, base, head, tuple(told[:_CLAIMS])) if told and lines <= _MOST_LINES else None


def _claim(file: FileDiff) -> Report | None:
    """Claim that the longest added line of a Python file is wrong."""
    added = [line for hunk in file.hunks for line in hunk.lines if line.kind == "+" and line.new is not None]
    best = max(added, key=lambda line: len(line.text), default=None)
    if best is None or best.new is None or not file.path.endswith(".py") or len(best.text.strip()) < _SHORTEST:
        return None
    title = f"Line {best.new} of {file.path} is wrong"
    claim = "It returns the wrong value for an empty list, and callers rely on it."
    return Report(file.path, best.new, best.text, title, claim, "")


@dataclass
class Reader:
    """The model: for each request what it looks up, then what it says of the change at hand."""

    told: tuple[Report, ...] = ()

    def answer(self, asked: ModelRequest) -> dict[str, Any]:
        if "report" in asked.tools:
            return self._find(asked)
        if "verdict" in asked.tools:
            return self._verify(asked)
        raise ValueError(f"The reader has no answer for tools {asked.tools}.")

    def _find(self, asked: ModelRequest) -> dict[str, Any]:
        shown = _SHOWN_ROW.findall(asked.text)
        if shown and asked.turn == 0:
            read = {"path": shown[0], "start": 1, "end": 120}
            return _calls(("read", read), ("references", {"name": _symbol(asked.text)}))
        mine = re.search(r"Concern: .*correctness", asked.text) is not None
        told = tuple(one for one in self.told if mine and f"=== {one.path} (" in asked.text and one.quote in asked.text)
        report = scenes.report(told)
        return _calls(("report", {**report, "files": [{"path": path, "change": "It reckons."} for path in shown]}))

    def _verify(self, asked: ModelRequest) -> dict[str, Any]:
        one = next(each for each in self.told if each.title in asked.text)
        if asked.turn == 0:
            return _calls(("read", {"path": one.path, "start": max(1, one.line - 30), "end": one.line + 30}))
        return _calls(("verdict", scenes.verdict(one)))


def _calls(*calls: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    return {"tool_calls": [{"name": name, "arguments": arguments} for name, arguments in calls]}


def _symbol(text: str) -> str:
    """Return the first function that a shown diff defines or lies in."""
    found = re.search(r"(?m)^[^\n]*?\bdef (\w+)\(", text)
    return found[1] if found else "main"


async def measure(build: Path, clone: Path, changes: Sequence[Change], folder: Path) -> dict[str, Any]:
    """Review every change with the code in ``build``."""
    reader, script = Reader(), Recorder()
    script.on(reader.answer, reusable=True)
    rows = []
    folder.mkdir()
    async with hosted(build, folder, script, {"shop": clone}) as one:
        for number, change in enumerate(changes):
            reader.told = change.told
            script.answered.clear()
            pull = await _reviewed(one, clone, change, number, folder)
            said = "\n".join(_said(one, pull))
            found = sum(each.title in said for each in change.told)
            rows.append({"found": found, **asdict(used(script.answered))})
            print(f"{change.title}: {rows[-1]}", flush=True)
    return {key: round(sum(row[key] for row in rows), 4) for key in rows[0]} | {"reviews": rows}


async def _reviewed(one: Hosted, clone: Path, change: Change, number: int, folder: Path) -> Pull:
    """Open the pull request and watch until the review is there and nothing is written any more."""
    repository, person = one.repositories[0], one.person
    base, head = f"base-{number}", f"change-{number}"
    refspecs = (f"{change.base_sha}:refs/heads/{base}", f"{change.head_sha}:refs/heads/{head}")
    await asyncio.to_thread(scenes.push, one.hub, repository, person, clone, *refspecs)
    last = [began := time.perf_counter()]

    def observe(record: RequestRecord, _answer: object) -> None:
        if record.kind in {"app", "installation"} and record.path != "/app/hook/deliveries":
            last[0] = time.perf_counter()

    one.hub.observers.append(observe)
    pull = await scenes.open_pull(one.hub, repository, person, change.title, head, base)
    while not _done(one, pull) or time.perf_counter() - last[0] < _STILL:
        if time.perf_counter() - began > _LONGEST or one.server.process.returncode is not None:
            raise SystemExit(f"The review of {change.title} did not end; the server's log is in {folder}.")
        await asyncio.sleep(_LOOK)
    one.hub.observers.remove(observe)
    return pull


def _done(one: Hosted, pull: Pull) -> bool:
    runs = [run for suite in one.repositories[0].suites if suite.head_sha == pull.head_sha for run in suite.runs]
    return bool(runs) and all(run.conclusion for run in runs) and bool(_said(one, pull))


def _said(one: Hosted, pull: Pull) -> list[str]:
    texts: list[Comment | Review | ReviewComment] = [*pull.issue.comments, *pull.reviews, *pull.review_comments]
    return [each.body for each in texts if each.user.id == one.app.bot_id]


def compare(builds: dict[str, Path], history: Path | None, count: int) -> dict[str, Any]:
    """Figures of each build, and the ratio of this one's cost to the other's."""
    with tempfile.TemporaryDirectory(prefix="bench-review-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        clone = folder / "clone"
        if history is not None:
            subprocess.run(["git", "clone", "--quiet", "--shared", str(history), str(clone)], check=True)
            changes = from_history(clone, count)
        else:
            clone, changes = made(clone)
        figures: dict[str, Any] = {}
        for build, path in builds.items():
            print(build, flush=True)
            figures[build] = asyncio.run(measure(path, clone, changes, folder / build))
    this, other = figures["this"], figures["other"]
    keys = {"cost_ratio": "dollars", "cost_ratio_without_cache": "dollars_without_cache", "input_ratio": "input_tokens"}
    ratios = {name: round(this[key] / other[key], 3) for name, key in keys.items()}
    claims = sum(len(change.told) for change in changes)
    return {"claims": claims, **ratios, "found": [this["found"], other["found"]], **figures}
