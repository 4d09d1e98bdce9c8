"""Print a ranking for people."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot.context.index import Indexer
from bot.context.ranking import RankedFile
from bot.context.tree import IndexingError
from bot.git.command import run_git

_MOST = 20  # files


async def rank_files(repo: Path, commit: str, issue: str, cache_dir: Path) -> str:
    """Rank the files of a repository for an issue, or raise IndexingError."""
    git_dir = await _line(repo, "rev-parse", "--absolute-git-dir")
    sha = await _line(repo, "rev-parse", "--verify", "--end-of-options", f"{commit}^{{commit}}")
    async with Indexer(cache_dir) as indexer:
        index = await indexer.index(Path(git_dir), sha)
        ranking = await asyncio.to_thread(index.rank, issue, _MOST)
    return render(ranking, files=len(index.files), left_out=index.left_out)


def render(ranking: tuple[RankedFile, ...], *, files: int, left_out: dict[str, int]) -> str:
    """Render one paragraph a file; last what was looked at."""
    lines = []
    for number, one in enumerate(ranking, 1):
        lines += [f"{number:>2}. {one.path}  ({one.score:.2f})", *(f"      {reason}" for reason in one.reasons)]
    passed = ", ".join(f"{count} {reason}" for reason, count in sorted(left_out.items()))
    lines.append(f"{files} files read" + (f"; left out: {passed}" if passed else ""))
    return "\n".join(lines)


async def _line(repo: Path, *arguments: str) -> str:
    done = await run_git(arguments, cwd=repo)
    if done.code:
        raise IndexingError(f"{repo} is not a git repository, or has no such commit: {done.stderr.strip()}")
    return done.text.strip()
