"""Are the commits that brought a bug among the suspects?

The cases are commits that fix a bug and quote its Python trace in their message: of the repositories on which the rules
were made, and with ``--kept-aside`` of others, which nobody looked at.
Guilty are the commits that git blames for the lines the fix removes (or for their neighbours, where it only adds).
Ranked is by the trace alone, and within a range of about twenty commits round the newest guilty one.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bench.signal_logs import find_mirror
from bot.ci_logs import find_errors, find_traces, read_lines
from bot.git.mirrors import Mirror
from bot.suspects import Place, map_frames, rank_history, rank_range

PINNED = {
    "openstack/nova": "00a030403f672b975364c855b7d25b40ef83e757",
    "openstack/neutron": "2131d26f73262ec89a5d3e3e0d65521df4908e65",
    "openstack/keystone": "30ef2ffa65a3486ef882f00538e20f2253c57d4c",
    "avocado-framework/avocado": "5897184c8291b1e4771cdc61816256cf811f68ab",
    "sosreport/sos": "5c7e63ee22a96435d16e07c1bcb53faa8020a498",
}
KEPT_ASIDE = {
    "mesonbuild/meson": "cd1a097e10d3a16062772c985a0dfdd6f5d824bf",
    "virt-manager/virt-manager": "2450354f39f79af97a7c63f74c22eafdff94942a",
    "openstack/swift": "d57c078ef2744d0012729bbcb3aaca2c4e5a481d",
    "canonical/cloud-init": "04eacd06ee60de9dbb9e7be784be20dab7342c1a",
    "freeipa/freeipa": "b16f3b80dc5969c303ea71fe5d5080977d2c50c4",
    "rhinstaller/anaconda": "8eddd3c95d28e34079a80b5f2019b838697b6b77",
    "QubesOS/qubes-core-admin": "1ad5f9b84dc1eae76d1b885d009f3e84f5503740",
}
_WINDOW = 14  # of the first parents; each brings one or two commits


class Case(NamedTuple):
    """A fix: the commit before it, the places of its trace, who is guilty."""

    fix: str
    parent: str
    places: tuple[Place, ...]
    guilty: frozenset[str]
    newest: str
    errors: tuple[str, ...]


async def measure(mirrors: Path, pinned: dict[str, str]) -> dict[str, float]:
    """Return shares of cases whose guilty commit is first, or among three."""
    ranks: list[int] = []
    in_range: list[int] = []
    for name, commit in pinned.items():
        folder = find_mirror(mirrors, name)
        mirror = Mirror(folder, "", "")
        for case in _find_cases(folder, commit):
            ranked = await rank_history(mirror, case.parent, case.places, case.errors)
            ranks.append(_rank([one.sha for one in ranked], case))
            window = _find_window(folder, case)
            if window is not None:
                found = await rank_range(mirror, *window, case.places, errors=case.errors)
                in_range.append(_rank([one.sha for one in found], case))
                print(f"{case.fix[:10]}: by trace {ranks[-1]}, in {len(found)} commits {in_range[-1]}")
    return {
        "suspect_cases": len(ranks),
        "suspect_first": _share(ranks, 1),
        "suspect_among_three": _share(ranks, 3),
        "range_cases": len(in_range),
        "range_first": _share(in_range, 1),
        "range_among_three": _share(in_range, 3),
    }


def _share(ranks: list[int], most: int) -> float:
    return round(sum(0 < rank <= most for rank in ranks) / len(ranks), 3) if ranks else 0.0


def _rank(found: list[str], case: Case) -> int:
    return next((place for place, sha in enumerate(found, 1) if sha in case.guilty), 0)


def _find_cases(repo: Path, commit: str) -> Iterator[Case]:
    fixes = _git(repo, "log", "--no-merges", "-E", "--grep", "line [0-9]+, in [a-z_]", "--format=%H", commit)
    for fix in fixes.split():
        parent = _git(repo, "rev-parse", f"{fix}^").strip()
        message = _git(repo, "log", "-1", "--format=%B", fix)
        # Messages wrap the lines of a trace.
        message = re.sub(r'(File "[^"\n]*", line \d+,)\s*\n\s*(in \w+)', r"\1 \2", message)
        frames = [frame for trace in find_traces(read_lines(message)) for frame in trace if frame.own]
        paths = _git(repo, "ls-tree", "-r", "--name-only", parent).split("\n")
        # An installed package has the same paths as its repository.
        traced = [frame for trace in find_traces(read_lines(message)) for frame in trace]
        places = map_frames(frames or traced, paths)
        guilty = _blame_fix(repo, fix, parent)
        if places and guilty:
            newest = max(guilty, key=lambda sha: int(_git(repo, "log", "-1", "--format=%ct", sha)))
            errors = find_errors(read_lines(message), 5)
            yield Case(fix, parent, places, frozenset(guilty), newest, errors)


def _blame_fix(repo: Path, fix: str, parent: str) -> set[str]:
    """Return the commits that the lines of a fix come from."""
    guilty: set[str] = set()
    path = ""
    for line in _git(repo, "diff-tree", "-r", "-p", "-U0", "--no-commit-id", fix).split("\n"):
        if line.startswith("--- a/"):
            path = line[6:]
        elif line.startswith(("--- ", "diff ")):
            path = ""
        hunk = re.match(r"@@ -(\d+)(?:,(\d+))? ", line)
        if hunk is None or not path.endswith(".py") or "/tests/" in path:
            continue
        first, count = int(hunk[1]), int(hunk[2] or 1)
        span = f"{first},{first + count - 1}" if count else f"{max(1, first)},{first + 1}"
        blamed = _git(repo, "blame", "-s", "-l", f"-L{span}", parent, "--", path)
        guilty |= {row.split()[0].lstrip("^") for row in blamed.split("\n") if row}
    return {sha for sha in guilty if len(sha) == 40}


def _find_window(repo: Path, case: Case) -> tuple[str, str] | None:
    """Return a good and a bad commit with the newest guilty one between."""
    line = _git(repo, "rev-list", "--first-parent", case.parent).split()
    low, high = 0, len(line) - 1  # newest first: the last that still has it is wanted
    while low < high:
        middle = (low + high + 1) // 2
        if _has(repo, line[middle], case.newest):
            low = middle
        else:
            high = middle - 1
    after = random.Random(case.fix).randrange(_WINDOW)
    first, last = max(0, low - after), low + _WINDOW - after
    return (line[last], line[first]) if last < len(line) else None


def _has(repo: Path, commit: str, ancestor: str) -> bool:
    argv = ["git", "-C", str(repo), "merge-base", "--is-ancestor", ancestor, commit]
    return subprocess.run(argv, check=False).returncode == 0


def _git(repo: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(repo), *arguments], check=False, capture_output=True)
    return done.stdout.decode("utf-8", "replace")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.signal_suspects")
    parser.add_argument("--mirrors", type=Path, default=Path(".bench/mirrors"))
    parser.add_argument("--kept-aside", action="store_true")
    asked = parser.parse_args()
    print(json.dumps(asyncio.run(measure(asked.mirrors, KEPT_ASIDE if asked.kept_aside else PINNED))))
