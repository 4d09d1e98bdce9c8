"""Public repositories in their own language: what is found, installed and counted, beside the runner's own word.

``--repos`` is a folder of checkouts, ``owner/name`` each, at the commits that ``toolchains.json`` names; those that are
not there are left out. Each is installed and tested twice: as a person would, outside the sandbox and with an empty
home, and by Forgehand. Counts are compared with the summary that the runner prints itself. ``wrong_verdicts`` is by how
many verdicts the two differ. Overheads are seconds by seconds, summed over the repositories whose counts are equal.
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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import structlog

from bot.sandbox.bubblewrap import Bubblewrap
from bot.sandbox.port import Limits
from bot.settings import Checks, Settings
from bot.toolchains.port import TestRun, ToolchainError, Workspace
from bot.toolchains.repository import make_toolchain

LISTED = Path(__file__).parent / "toolchains.json"
_SECONDS = 900.0
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_OWN = {"passed": "passed", "failed": "failed", "error": "failed", "skipped": "skipped"}


class Counts(NamedTuple):
    """Numbers of tests by verdict; what could not be run has failed."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def differ_by(self, other: Counts) -> int:
        """Return how many verdicts differ at least."""
        return max(abs(one - two) for one, two in zip(self, other, strict=True))


NONE = Counts()


def count_words(pattern: str, names: dict[str, str]) -> Callable[[str], Counts]:
    """Make a reader that adds up numbers that stand beside words."""

    def read(output: str) -> Counts:
        found: Counter[str] = Counter()
        for match in re.finditer(pattern, output, re.MULTILINE):
            found[names.get(match["word"].lower(), "")] += int(match["number"])
        return Counts(found["passed"], found["failed"], found["skipped"])

    return read


def count_go(output: str) -> Counts:
    """Count the lines of ``go test -v``, which has no summary."""
    found = Counter(re.findall(r"^\s*--- (PASS|FAIL|SKIP):", output, re.MULTILINE))
    return Counts(found["PASS"], found["FAIL"], found["SKIP"])


def count_ctest(output: str) -> Counts:
    match = re.search(r"(\d+) tests failed out of (\d+)", output)
    return Counts(int(match[2]) - int(match[1]), int(match[1])) if match is not None else NONE


_WORDS = dict.fromkeys(("passed", "pass", "passing", "xpassed"), "passed")
_WORDS |= dict.fromkeys(("failed", "fail", "failing", "error", "errors", "cancelled"), "failed")
_WORDS |= dict.fromkeys(("skipped", "pending", "todo", "ignored", "xfailed"), "skipped")
SUMMARIES: dict[str, Callable[[str], Counts]] = {
    "cargo test": count_words(
        r"(?:^test result: .*?\. |; )(?P<number>\d+) (?P<word>passed|failed|ignored)(?=;)", _WORDS
    ),
    "go test": count_go,
    "ctest": count_ctest,
    "pytest": count_words(r"(?:^|(?<=[ =]))(?P<number>\d+) (?P<word>\w+)(?=[, ].*in [\d.]+s)", _WORDS),
    "node:test": count_words(r"^(?:#|ℹ) (?P<word>\w+) (?P<number>\d+)$", _WORDS),
    "mocha": count_words(r"^\s+(?P<number>\d+) (?P<word>passing|failing|pending)", _WORDS),
}
# What a person would type: to install, and to test. Repositories may have lines of their own.
COMMANDS = {
    "cargo test": ("cargo fetch && cargo test --workspace --no-run", "cargo test --workspace --no-fail-fast"),
    "go test": ("go test -run=^$ ./...", "go test -count=1 -v ./..."),
    "ctest": ("cmake -S . -B built && cmake --build built", "ctest --test-dir built"),
    "pytest": ("python3 -m venv .own && .own/bin/pip install -q . pytest", ".own/bin/python -m pytest -q -rN"),
    "node:test": ("npm install --ignore-scripts", "node --test"),
    "mocha": ("npm install --ignore-scripts", "npx mocha"),
}


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
        ["bash", "-c", line], cwd=folder / "tree", env=variables, capture_output=True, text=True, timeout=_SECONDS
    )
    return _COLOUR.sub("", done.stdout + done.stderr), time.monotonic() - began


def measure_own(source: Path, entry: dict[str, Any], found: Measured) -> None:
    runner = entry["summary"]
    install, test = (entry.get(key, line) for key, line in zip(("install", "test"), COMMANDS[runner], strict=True))
    with copied(source) as folder:
        _, to_install = run_own(folder, install)
        output, to_test = run_own(folder, test)
    found.own = SUMMARIES[runner](output)
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
    found = Counter(_OWN[case.verdict] for case in run.cases)
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
