"""Public repositories in their own language: what is found, installed and counted, beside the runner's own word.

``--repos`` is a folder of checkouts, ``owner/name`` each, at the commits that ``toolchains.json`` names; those that are
not there are left out. Each is installed and tested twice: as a person would, outside the sandbox and with an empty
home, and by Forgehand. Counts are compared with the summary that the runner prints itself. ``wrong_verdicts`` is by how
many verdicts the two differ. Overheads are seconds by seconds, summed over the repositories whose counts are equal.
``peer_...`` is the same of SWE-bench's log parsers, given what the runner printed where one of theirs is for it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from bench.toolchain_peer import PARSERS, ask_peer
from bench.toolchain_summaries import COMMANDS, NONE, SUMMARIES, Counts
from bot.sandbox.bubblewrap import Bubblewrap
from bot.sandbox.port import Limits
from bot.settings import Checks, Settings
from bot.toolchains.port import TestRun, ToolchainError, Workspace
from bot.toolchains.repository import make_toolchain

LISTED = Path(__file__).parent / "toolchains.json"
_SECONDS = 900.0
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# A person is not root, who can write where nobody may.
_NOBODY = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
_OURS = {"passed": "passed", "failed": "failed", "error": "failed", "skipped": "skipped"}


@dataclass
class Measured:
    """Figures of one repository; seconds are to install and to test."""

    name: str
    detected: bool = False
    wrong: bool = False
    runs: bool = False
    installed: bool = False
    complete: bool = False
    own: Counts = NONE
    ours: Counts = NONE
    own_seconds: tuple[float, float] = (0.0, 0.0)
    our_seconds: tuple[float, float] = (0.0, 0.0)
    problem: str = ""
    runner: str = ""
    console: str = ""

    @property
    def equal(self) -> bool:
        return self.installed and self.complete and self.own == self.ours and sum(self.own) > 0


@contextmanager
def copied(source: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder:
        shutil.copytree(source, Path(folder) / "tree", symlinks=True)
        yield Path(folder)


def run_own(folder: Path, line: str) -> tuple[str, float]:
    """Run a line outside the sandbox, with an empty home of its own."""
    real = Path.home()
    variables = {**os.environ, "HOME": str(folder), "CI": "1", "RUST_BACKTRACE": "0", "NO_COLOR": "1"}
    variables |= {"RUSTUP_HOME": os.environ.get("RUSTUP_HOME", str(real / ".rustup"))}
    began = time.monotonic()
    done = subprocess.run(
        [*(_NOBODY if os.geteuid() == 0 else ()), "bash", "-c", line],
        cwd=folder / "tree",
        env=variables,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
    )
    return _COLOUR.sub("", done.stdout + done.stderr), time.monotonic() - began


def measure_own(source: Path, entry: dict[str, Any], found: Measured) -> None:
    runner = entry["summary"]
    install, test = (entry.get(key, line) for key, line in zip(("install", "test"), COMMANDS[runner], strict=True))
    with copied(source) as folder:
        _, to_install = run_own(folder, install)
        output, to_test = run_own(folder, test)
    found.own = SUMMARIES[runner](output)
    found.runner, found.console = runner, output
    found.own_seconds = (to_install, to_test)


async def measure_ours(source: Path, found: Measured) -> None:
    with copied(source) as folder:
        workspace = Workspace(tree=folder / "tree", env=folder / "env")
        toolchain = make_toolchain(Bubblewrap(), Checks(), workspace.tree, Settings())
        began = time.monotonic()
        try:
            await toolchain.install(workspace)
            installed = time.monotonic()
            run = await toolchain.test(workspace, limits=Limits(seconds=_SECONDS))
        except ToolchainError as error:
            found.problem = error.message
            return
        found.our_seconds = (installed - began, time.monotonic() - installed)
    found.installed = True
    found.complete = run.complete
    found.problem = run.completeness.reason
    found.ours = count_ours(run)


def count_ours(run: TestRun) -> Counts:
    found = Counter(_OURS[case.verdict] for case in run.cases)
    return Counts(found["passed"], found["failed"], found["skipped"])


def detect(source: Path, entry: dict[str, Any], found: Measured) -> None:
    """Compare the units that are found with those that there are.

    Nothing found is said to be unknown, and is not wrong.
    """
    toolchain = make_toolchain(Bubblewrap(), Checks(), source, Settings())
    units = [[part.unit.root, part.unit.toolchain, part.unit.runner] for part in toolchain.parts]
    unknown = [part.unit.evidence for part in toolchain.parts] == [("nothing names another language",)]
    found.detected = units == entry["units"]
    found.wrong = not found.detected and not unknown


def measure(source: Path, entry: dict[str, Any]) -> Measured:
    found = Measured(entry["name"], runs="summary" in entry)
    detect(source, entry, found)
    if found.runs:
        measure_own(source, entry, found)
        asyncio.run(measure_ours(source, found))
    return found


def sum_up(measured: list[Measured]) -> dict[str, Any]:
    """Sum up: what was found of all, what was run of those that have a command."""
    run = [one for one in measured if one.runs]
    both = [one for one in run if one.equal]
    overheads = [
        round(sum(one.our_seconds[at] for one in both) / max(sum(one.own_seconds[at] for one in both), 0.001), 2)
        for at in (0, 1)
    ]
    return {
        "repos": len(run),
        "installed": sum(one.installed for one in run),
        "counts_equal": len(both),
        "wrong_verdicts": sum(one.own.differ_by(one.ours) for one in run if one.installed and one.complete),
        "detected": sum(one.detected for one in measured),
        "detected_of": len(measured),
        "detected_wrong": sum(one.wrong for one in measured),
        "overhead_install": overheads[0],
        "overhead_test": overheads[1],
        **compare_peer([one for one in both if one.runner in PARSERS]),
    }


def compare_peer(both: Sequence[Measured]) -> dict[str, int]:
    """Compare SWE-bench's parsers with the summaries that ours agrees with."""
    told = ask_peer([(one.runner, one.console) for one in both])
    wrong = {one.name: one.own.differ_by(theirs) for one, theirs in zip(both, told, strict=True)}
    print("SWE-bench's parsers differ by", {name: many for name, many in wrong.items() if many})
    return {
        "peer_repos": len(both),
        "peer_counts_equal": sum(not many for many in wrong.values()),
        "peer_wrong_verdicts": sum(wrong.values()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--repos", type=Path, required=True, help="folder of checkouts, owner/name each")
    parser.add_argument("--only", default="", help="names of repositories to measure, by a part of them")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    measured = []
    for entry in json.loads(LISTED.read_text()):
        source = options.repos / entry["name"]
        if options.only not in entry["name"] or not source.is_dir():
            continue
        found = measure(source, entry)
        measured.append(found)
        seconds = " ".join(f"{value:.1f}" for value in (*found.own_seconds, *found.our_seconds))
        unseen = "WRONG" if found.wrong else "unknown"
        seen = "found" if found.detected else unseen
        print(
            f"{found.name:<32} {seen:<8} {tuple(found.own)} {tuple(found.ours)} {seconds} {found.problem[-200:]!r}",
            flush=True,
        )
    print(json.dumps(sum_up(measured)))


if __name__ == "__main__":
    main()
