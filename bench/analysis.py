"""The static layer's noise and sight: new findings a commit on real clean commits, and planted defects found.

``python -m bench.analysis [--repos DIR ...] [--commits 50]``. Each DIR (default ``.bench/repos``) is or holds bare
repositories, at any depth. Commits are picked by a rule, not by hand: see ``_is_clean``; the repositories take turns,
newest first. The defects are in ``bench/analysis_defects.txt``. The last line is the figures as one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from bot.analysis.layer import analyse
from bot.analysis.records import Analysis
from bot.git.command import run_git
from bot.github.text.diffs import FileDiff, parse_diff
from bot.sandbox.bubblewrap import Bubblewrap

_DEFECTS = Path(__file__).with_name("analysis_defects.txt")
_BLOCK = re.compile(r"^=== (.+?) \| (.+?) \| (.+)\n((?:[ +-].*\n|\n)+)", re.MULTILINE)
# a commit that fixes something has a defect on its old side, so it and what undoes it are no clean commits
_MENDS = re.compile(
    r"\b(fix\w*|bug\w*|revert\w*|regress\w*|crash\w*|error\w*|broken|wrong|incorrect\w*|hotfix|typo\w*)\b", re.I
)
_MIN_ADDED = 5
_MAX_FILES = 60
_LOOK_BACK = 400


@dataclass(frozen=True)
class Commit:
    """A clean commit of a bare repository, beside its first parent."""

    git_dir: Path
    sha: str
    parent: str
    subject: str

    @property
    def name(self) -> str:
        own = self.git_dir.name not in ("repo", ".git")
        return f"{self.git_dir.name if own else self.git_dir.parent.name}@{self.sha[:10]}"


@dataclass(frozen=True)
class Defect:
    """A file before and after, the lines planted in it, and the rules that may find them."""

    name: str
    path: str
    rules: re.Pattern[str]
    before: str
    after: str
    planted: frozenset[int]


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repos", type=Path, nargs="+", default=[Path(".bench/repos")])
    parser.add_argument("--commits", type=int, default=50)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="analysis-") as folder:
        figures = await _sight(Path(folder) / "defects")
        figures |= await _noise(options.repos, options.commits, Path(folder) / "commits")
    print(json.dumps(figures))


async def _sight(folder: Path) -> dict[str, Any]:
    defects = list(read_defects(_DEFECTS.read_text()))
    missed, other = [], 0
    for number, defect in enumerate(defects):
        place = folder / str(number)
        for side, text in (("base", defect.before), ("head", defect.after)):
            target = place / side / defect.path
            target.parent.mkdir(parents=True)
            target.write_text(text)
        found = await analyse(Bubblewrap(), place / "base", place / "head", {defect.path: defect.planted})
        _require_complete(found)
        said = [f"{one.tool} {one.rule}" for one in found.new]
        hits = [one for one in found.new if defect.rules.search(one.rule)]
        other += len(found.new) - len(hits)
        if not hits:
            missed.append(defect.name)
        print(f"{'found ' if hits else 'MISSED'} {defect.name}: {', '.join(said) or 'nothing'}", flush=True)
    return {"planted": len(defects), "found": len(defects) - len(missed), "missed": missed, "other_findings": other}


def read_defects(text: str) -> Iterator[Defect]:
    """Read the defects of a file as its head describes it."""
    for name, path, rules, body in _BLOCK.findall(text):
        rows = [row or " " for row in body.rstrip("\n").replace("~", "").split("\n")]
        after = [row for row in rows if row[0] != "-"]
        yield Defect(
            name=name,
            path=path,
            rules=re.compile(f"^({rules})"),
            before="".join(f"{row[1:]}\n" for row in rows if row[0] != "+"),
            after="".join(f"{row[1:]}\n" for row in after),
            planted=frozenset(number for number, row in enumerate(after, 1) if row[0] == "+"),
        )


async def _noise(repos: Sequence[Path], wanted: int, folder: Path) -> dict[str, Any]:
    commits = await _clean_commits(repos, wanted)
    if not commits:
        print(f"No bare repositories below {', '.join(map(str, repos))}: clone some there, or say --repos.")
        return {"commits": 0}
    found, seconds = [], []
    for commit in commits:
        started = time.monotonic()
        analysis = await _analyse_commit(commit, folder / commit.sha)
        seconds.append(time.monotonic() - started)
        found.append(len(analysis.new))
        print(f"{commit.name} {len(analysis.new)} new, {len(analysis.evidence)} old: {commit.subject[:70]}", flush=True)
        for one in analysis.new:
            print(f"    {one.tool} {one.rule} {one.path}:{one.line} {one.message[:100]}", flush=True)
    return {
        "commits": len(commits),
        "new_findings": sum(found),
        "new_findings_a_commit": round(sum(found) / len(commits), 3),
        "commits_with_findings": sum(map(bool, found)),
        "seconds_median": round(statistics.median(seconds), 2),
        "seconds_worst": round(max(seconds), 2),
    }


async def _clean_commits(repos: Sequence[Path], wanted: int) -> list[Commit]:
    git_dirs = sorted(
        {place.parent for root in repos for place in root.rglob("HEAD") if (place.parent / "objects").is_dir()}
    )
    per_repository = [await _clean_of(git_dir, wanted) for git_dir in git_dirs]
    turns = (commit for turn in zip_longest(*per_repository) for commit in turn if commit is not None)
    return [commit for commit, _ in zip(turns, range(wanted), strict=False)]


async def _clean_of(git_dir: Path, wanted: int) -> list[Commit]:
    listing = await _git(git_dir, "log", "--first-parent", f"-{_LOOK_BACK}", "--format=%H %P%x09%s", "HEAD")
    found: list[Commit] = []
    for row in listing.splitlines():
        shas, _, subject = row.partition("\t")
        sha, *parents = shas.split()
        if parents and len(found) < wanted and not _MENDS.search(subject):
            commit = Commit(git_dir, sha, parents[0], subject)
            if _is_clean(await _diff(commit)):
                found.append(commit)
    return found


def _is_clean(diffs: tuple[FileDiff, ...]) -> bool:
    """Of a size people review, and with at least five lines of Python added."""
    added = sum(len(diff.added_lines()) for diff in diffs if diff.path.endswith(".py"))
    return added >= _MIN_ADDED and len(diffs) <= _MAX_FILES


async def _analyse_commit(commit: Commit, folder: Path) -> Analysis:
    diffs = [diff for diff in await _diff(commit) if diff.status != "removed" and not diff.binary]
    for diff in diffs:
        await _lay(commit.git_dir, f"{commit.sha}:{diff.path}", folder / "head" / diff.path)
        await _lay(commit.git_dir, f"{commit.parent}:{diff.old_path}", folder / "base" / diff.old_path)
    analysis = await analyse(
        Bubblewrap(),
        folder / "base",
        folder / "head",
        {diff.path: diff.added_lines() for diff in diffs},
        renamed={diff.path: diff.old_path for diff in diffs if diff.path != diff.old_path},
    )
    _require_complete(analysis)
    return analysis


async def _lay(git_dir: Path, name: str, target: Path) -> None:
    done = await run_git(["--git-dir", str(git_dir), "cat-file", "blob", name], cwd=git_dir)
    if not done.code:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(done.stdout)


def _require_complete(analysis: Analysis) -> None:
    if analysis.not_run:
        raise SystemExit(f"Not every analyser ran, so the figures would be wrong: {analysis.not_run}")


async def _diff(commit: Commit) -> tuple[FileDiff, ...]:
    text = await _git(
        commit.git_dir, "diff-tree", "-r", "-p", "--no-color", "--find-renames", commit.parent, commit.sha
    )
    return parse_diff(text)


async def _git(git_dir: Path, *arguments: str) -> str:
    done = await run_git(["--git-dir", str(git_dir), *arguments], cwd=git_dir)
    if done.code:
        raise SystemExit(f"git {arguments[0]} failed in {git_dir}: {done.stderr[:300]}")
    return done.text


if __name__ == "__main__":
    asyncio.run(main())
