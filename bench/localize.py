"""Measure how well and fast the code of an issue is found.

Beside plain BM25 and aider's repository map.

``python -m bench.localize --repos DIR --issues FILE [--aider PYTHON] [--rerank N]``. DIR holds bare repositories named
``owner+name`` (or ``owner+name/repo``; a mirror named ``...+owner__name`` will do). FILE is JSON lines, gzipped or not,
with ``repo``, ``base_commit``, ``issue``, ``gold_files`` and, for functions, ``fix`` (a unified diff). PYTHON is an
interpreter that has aider-chat installed; its map takes long, so every eighth issue is asked. ``--rerank N`` asks the
settings' ``cheap`` model to reorder the first twenty files of every Nth issue, which costs money. The last line is the
figures as one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.localize_memory import PeakMemory
from bench.localize_peers import aider_ranking, gold_functions, plain_bm25, synthetic_repository
from bench.localize_rerank import orders, prepared
from bot.context.index import Index, Indexer
from bot.context.tree import list_tree
from bot.git.command import run_git

_DEPTHS = (1, 3, 5, 10, 20, 50)
_FUNCTIONS = 20
_SIZES = (3_000, 6_000, 12_000)
_AIDER_EVERY = 8

Issue = dict[str, Any]


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repos", type=Path, required=True)
    parser.add_argument("--issues", type=Path, required=True)
    parser.add_argument("--aider", type=Path)
    parser.add_argument("--rerank", type=int, metavar="N")
    options = parser.parse_args()
    issues = sorted(_read(options.issues), key=lambda one: (one["repo"], str(one.get("id", ""))))
    with tempfile.TemporaryDirectory(prefix="localize-") as folder:
        figures = await _speed(options.repos, issues, Path(folder) / "speed")
        figures |= await _recall(options.repos, issues, Path(folder) / "recall", options.aider)
        figures["scale"] = await _scale(Path(folder))
        if options.rerank:
            figures["rerank"] = await _reranked(options.repos, issues[:: options.rerank], Path(folder) / "recall")
    print(json.dumps(figures))


def _read(path: Path) -> list[Issue]:
    data = path.read_bytes()
    text = (gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data).decode()
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def _git_dir(repos: Path, repo: str) -> Path:
    """Find the bare repository of ``owner/name`` below ``repos``."""
    names = [repos / repo.replace("/", "+"), *sorted(repos.glob(f"*+{repo.replace('/', '__')}"))]
    for folder in names:
        for place in (folder / "repo", folder / ".git", folder):
            if (place / "objects").is_dir():
                return place
    sys.exit(f"{repos} holds no repository for {repo}")


async def _speed(repos: Path, issues: Sequence[Issue], cache: Path) -> dict[str, Any]:
    """Time a cold index, the next commit and queries on the most files."""
    repo = max({one["repo"] for one in issues}, key=lambda name: (sum(one["repo"] == name for one in issues), name))
    asked = [one for one in issues if one["repo"] == repo]
    git_dir = _git_dir(repos, repo)
    commit = str(asked[-1]["base_commit"])
    parent = (await run_git(["rev-parse", f"{commit}^"], cwd=git_dir)).text.strip()
    tree = await list_tree(git_dir, parent)
    with PeakMemory() as memory:
        async with Indexer(cache) as indexer:
            started = time.perf_counter()
            await indexer.index(git_dir, parent)
            cold = time.perf_counter() - started
            started = time.perf_counter()
            index = await indexer.index(git_dir, commit)
            after = time.perf_counter() - started
            queries = [await _timed(index, one["issue"]) for one in asked]
        async with Indexer(cache) as indexer:
            started = time.perf_counter()
            await indexer.index(git_dir, commit)
            restart = time.perf_counter() - started
    print(
        f"{repo}: cold {cold:.1f} s, next commit {after:.2f} s, query {statistics.median(queries):.0f} ms", flush=True
    )
    return {
        "speed_repo": repo,
        "speed_files": len(tree.files),
        "cold_index_s": round(cold, 2),
        "next_commit_s": round(after, 3),
        "restart_s": round(restart, 2),
        "query_ms": round(statistics.median(queries), 1),
        "query_p95_ms": round(sorted(queries)[int(0.95 * (len(queries) - 1))], 1),
        "peak_mb": round(memory.peak_mb, 1),
    }


async def _timed(index: Index, issue: str) -> float:
    started = time.perf_counter()
    await asyncio.to_thread(index.rank, issue, 20)
    return 1000 * (time.perf_counter() - started)


async def _recall(repos: Path, issues: Sequence[Issue], cache: Path, aider: Path | None) -> dict[str, Any]:
    places: dict[str, list[int]] = {"forgehand": [], "plain_bm25": [], "aider": [], "forgehand_where_aider": []}
    functions: list[bool] = []
    async with Indexer(cache) as indexer:
        for number, issue in enumerate(issues):
            index = await indexer.index(_git_dir(repos, issue["repo"]), issue["base_commit"])
            gold = set(issue["gold_files"])
            ranked = [one.path for one in await asyncio.to_thread(index.rank, issue["issue"], max(_DEPTHS))]
            places["forgehand"].append(_place(ranked, gold))
            places["plain_bm25"].append(_place(await asyncio.to_thread(plain_bm25, index, issue["issue"]), gold))
            if wanted := gold_functions(index, issue.get("fix", "")):
                found = await asyncio.to_thread(index.functions, issue["issue"], _FUNCTIONS)
                functions.append(any((one.path, one.start) in wanted for one in found))
            if aider is not None and number % _AIDER_EVERY == 0:
                places["aider"].append(
                    _place(await asyncio.to_thread(aider_ranking, aider, index, issue["issue"]), gold)
                )
                places["forgehand_where_aider"].append(places["forgehand"][-1])
            print(f"{issue.get('id', issue['repo'])}: {places['forgehand'][-1] + 1 or '-'}", flush=True)
    recall = {name: _by_depth(ranks) for name, ranks in places.items() if ranks}
    return {
        "issues": len(issues),
        "file_recall": recall.pop("forgehand"),
        "function_recall_20": round(100 * sum(functions) / len(functions), 1) if functions else None,
        "function_issues": len(functions),
        "peers": recall,
    }


async def _reranked(repos: Path, issues: Sequence[Issue], cache: Path) -> dict[str, Any]:
    """Compare the issues before and after a model has reordered their files."""
    asked = []
    async with Indexer(cache) as indexer:
        for issue in issues:
            index = await indexer.index(_git_dir(repos, issue["repo"]), issue["base_commit"])
            asked.append(await asyncio.to_thread(prepared, issue["id"], issue["issue"], index))
    found, cost = await orders(asked, cache)
    gold = {issue["id"]: set(issue["gold_files"]) for issue in issues}
    before = [_place([each.path for each in one.ranking], gold[one.name]) for one in asked]
    after = [_place(found[one.name], gold[one.name]) for one in asked]
    return {"issues": len(issues), "before": _by_depth(before), "after": _by_depth(after), **cost}


def _place(ranked: Sequence[str], gold: set[str]) -> int:
    """Return the rank of the first right file, from 0.

    A large number where there is none.
    """
    return next((number for number, path in enumerate(ranked) if path in gold), 10**6 - 1)


def _by_depth(places: Sequence[int]) -> dict[str, float]:
    return {str(depth): round(100 * sum(place < depth for place in places) / len(places), 1) for depth in _DEPTHS}


async def _scale(folder: Path) -> dict[str, float]:
    """Time a cold index by number of files, on repositories made for it."""
    seconds: dict[str, float] = {}
    for files in _SIZES:
        git_dir, commit = await asyncio.to_thread(synthetic_repository, folder / f"made-{files}.git", files)
        async with Indexer(folder / f"cache-{files}") as indexer:
            started = time.perf_counter()
            await indexer.index(git_dir, commit)
            seconds[str(files)] = round(time.perf_counter() - started, 2)
    return seconds


if __name__ == "__main__":
    asyncio.run(main())
