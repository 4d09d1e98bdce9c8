"""Run a policy's own test command in its folder: paths are seen from there, ids from the root of the repository."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.port import CommandResult
from bot.settings import FolderChecks
from bot.toolchains.events import Folded
from bot.toolchains.placeholders import fill_placeholders
from bot.toolchains.reading import read_results
from bot.toolchains.results import ResultsChannel
from bot.toolchains.session import run_in


@dataclass(frozen=True)
class PolicyLine:
    """Test command of a policy for ``folder`` ("" for the root), filled."""

    checks: FolderChecks
    folder: str
    line: str

    @property
    def argv(self) -> list[str]:
        return run_in(self.folder, ["/bin/sh", "-c", self.line])

    @property
    def shown(self) -> str:
        """Return what a person would type at the root."""
        return f"(cd {shlex.quote(self.folder)} && {self.line})" if self.folder else self.line

    def read(self, channel: ResultsChannel, result: CommandResult, tree: Path) -> Folded:
        """Read what the command left. Blocking."""
        folded = read_results(self.checks.results, channel, result, self.line, tree)
        cases = (case.model_copy(update={"id": _place(case.id, self.folder, tree)}) for case in folded.cases)
        return folded._replace(cases=tuple(cases))


def fill_line(checks: FolderChecks, folder: str, targets: Sequence[str], tree: Path) -> PolicyLine:
    """Fill a policy's command with files or ids of tests. Blocking."""
    line = checks.test or ""
    if checks.results == "exit":
        # the only id there is, the line itself, comes back as a target
        whole = _place(fill_placeholders(line, ()), folder, tree)
        targets = [one for one in targets if one != whole and _is_there(tree / one.partition("::")[0])]
    seen = [one.removeprefix(f"{folder}::").removeprefix(f"{folder}/") for one in targets] if folder else targets
    return PolicyLine(checks, folder, fill_placeholders(line, seen))


def _place(name: str, folder: str, tree: Path) -> str:
    """Return an id that begins with a file, else with the folder."""
    file = name.partition("::")[0]
    if not folder or (file.startswith(f"{folder}/") and _is_there(tree / file)):
        return name
    return f"{folder}/{name}" if file and _is_there(tree / folder / file) else f"{folder}::{name}"


def _is_there(path: Path) -> bool:
    # unlike Path.exists, False for what is too long to be a path
    return os.path.exists(path)  # noqa: PTH110
