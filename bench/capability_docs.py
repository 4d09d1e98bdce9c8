"""Measure which planted stale passages are found, and how many clean commits are alarmed about.

``capability_docs.yml`` holds the plants: thirty changes in three real packages, each with a line that it makes false,
and twenty commits without. ``python -m bench.capability_docs [MIRRORS]`` prints what was missed, and the figures last.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from bot.documentation.snapshot import Snapshot, read_snapshot
from bot.documentation.staleness import stale_passages
from bot.git.mirrors import Mirror

_PLANTS = Path(__file__).with_suffix(".yml")
_CLONES = Path(".bench/mirrors")


async def measure(mirrors: Path = _CLONES) -> dict[str, int]:
    """Return the figures of documentation; ``mirrors`` holds folders ``owner+name/repo``."""
    figures = {"stale_planted": 0, "stale_found": 0, "stale_commits": 0, "stale_false": 0}
    for name, wanted in yaml.safe_load(_PLANTS.read_text()).items():
        mirror = Mirror(_find(mirrors, name), "", "")
        base = await read_snapshot(mirror, wanted["commit"])
        for plant in wanted["plants"]:
            figures["stale_planted"] += 1
            figures["stale_found"] += await asyncio.to_thread(_is_found, base, plant)
        for commit in wanted["clean"]:
            before = await read_snapshot(mirror, commit["parent"])
            after = await read_snapshot(mirror, commit["sha"])
            found = await asyncio.to_thread(stale_passages, before, after)
            figures["stale_commits"] += 1
            figures["stale_false"] += bool(found)
            for one in found:
                print(f"{name} {commit['sha'][:10]}: {one.path}:{one.start}: {', '.join(one.reasons)}")
    return figures


def _is_found(base: Snapshot, plant: dict[str, Any]) -> bool:
    """Say whether the passage of a plant's line is among those found."""
    found = stale_passages(base, _change(base, plant))
    if any(one.path == plant["page"] and one.start <= plant["line"] <= one.end for one in found):
        return True
    print(f"missed: {plant}")
    return False


def _change(base: Snapshot, plant: dict[str, Any]) -> Snapshot:
    """Carry a plant out."""
    texts = dict(base.texts)
    if "move" in plant:
        texts[plant["to"]] = texts.pop(plant["move"])
        return Snapshot(base.paths - {plant["move"]} | {plant["to"]}, texts)
    word = re.compile(rf"\b{plant['rename']}\b")
    for path in texts:
        inside = any(path == place or path.startswith(f"{place}/") for place in plant["in"])
        if inside and path.endswith((".py", ".pyi")):
            texts[path] = word.sub(f"renamed_{plant['rename']}", texts[path])
    return Snapshot(base.paths, texts)


def _find(mirrors: Path, name: str) -> Path:
    """Return a repository's mirror, cloned where there is none."""
    folder = mirrors / name.replace("/", "+") / "repo"
    if not folder.is_dir():
        argv = ["git", "clone", "--quiet", "--bare", f"https://github.com/{name}", str(folder)]
        subprocess.run(argv, check=True)
    return folder


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(*map(Path, sys.argv[1:2])))))
