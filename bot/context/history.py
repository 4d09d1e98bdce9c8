"""Read git's history: which files a commit's message went with, how lately."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from bot.context.blobs import OFFLINE
from bot.context.words import STOP, count_terms
from bot.git.command import run_git

DEPTH = 2_000  # commits read, newest first
_MOST_FILES = 25  # a commit of more files swept over the tree and says nothing of each


@dataclass(frozen=True)
class Change:
    """A commit: when, terms of its message, paths unless it swept over many."""

    time: int
    sha: str
    terms: dict[str, int]
    paths: tuple[str, ...]


@dataclass(frozen=True)
class History:
    """The latest changes, newest first."""

    commit: str = ""
    changes: tuple[Change, ...] = ()


async def read_history(git_dir: Path, commit: str, before: History) -> History:
    """Read the history of a commit.

    Only what ``before`` lacks is read, where its commit is an ancestor. Where git cannot say (a shallow or partial
    clone), what it could say counts.
    """
    if before.commit == commit:
        return before
    known = False
    if before.commit:
        ancestry = ["merge-base", "--is-ancestor", before.commit, commit]
        known = (await run_git(ancestry, cwd=git_dir, env=OFFLINE)).code == 0
    span = [commit, f"^{before.commit}"] if known else [commit]
    arguments = ["log", "--no-merges", f"--max-count={DEPTH}", "--no-renames", "--name-only", "-z"]
    done = await run_git([*arguments, "--format=%x01%H%x02%ct%x02%B%x02", *span], cwd=git_dir, env=OFFLINE)
    fresh = await asyncio.to_thread(lambda: [_change(entry) for entry in done.text.split("\x01")[1:]])
    changes = [*fresh, *before.changes] if known else fresh
    return History(commit, tuple(sorted(changes, key=lambda one: (-one.time, one.sha))[:DEPTH]))


def _change(entry: str) -> Change:
    sha, time, message, names = (*entry.split("\x02", 3), "", "", "", "")[:4]
    paths = tuple(name for name in names.strip("\0\n").split("\0") if name)
    said = {term: min(times, 3) for term, times in count_terms(message[:2_000]).items() if term not in STOP}
    return Change(int(time) if time.isdigit() else 0, sha, said, paths if len(paths) <= _MOST_FILES else ())
