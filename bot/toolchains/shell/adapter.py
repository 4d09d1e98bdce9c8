"""Run the tests of bats."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.port import Mount
from bot.toolchains.installer import render
from bot.toolchains.language import Install, Outcome
from bot.toolchains.session import Session
from bot.toolchains.shell.paths import is_test_file
from bot.toolchains.shell.programs import require_bats
from bot.toolchains.shell.report import Report, read_names
from bot.toolchains.units import Unit, walk_files

_INSIDE = "/forgehand/shell"


def list_files(tree: Path) -> list[str]:
    """Return the files of a tree that hold tests. Blocking."""
    return [str(path) for path in walk_files(tree) if is_test_file(str(path))]


@dataclass(frozen=True)
class BatsAdapter:
    """Adapter of a tree's tests."""

    unit: Unit
    written: tuple[str, ...] = ()

    def require(self) -> None:
        require_bats()

    def mounts(self) -> Sequence[Mount]:
        return [*require_bats().mounts(), Mount(source=Path(__file__).parent / "inside", target=_INSIDE)]

    def environment(self) -> Mapping[str, str]:
        return {
            "PATH": f"{require_bats().program.parent}:/usr/local/bin:/usr/bin:/bin",
            "CI": "1",
            "TZ": "UTC",
            "NO_COLOR": "1",
            "TERM": "dumb",
            "GIT_CONFIG_SYSTEM": f"{_INSIDE}/gitconfig",
        }

    def plan_install(self) -> Install:
        """Install nothing: bats comes with the server."""
        return Install()

    async def test(self, session: Session, targets: Sequence[str]) -> Outcome:
        """Run the targets' files, or all.

        Standard output is bats' own stream, in a file outside the sandbox.
        """
        tree = session.workspace.tree
        named = list(dict.fromkeys(self.unit.place(target) for target in targets))
        files = named or await asyncio.to_thread(list_files, tree)
        names = {file: await asyncio.to_thread(read_names, tree / file) for file in files}
        report = Report({file: found for file, found in names.items() if isinstance(found, list)})
        argv = ["bats", "--timing", "--formatter", "cat", *report.names]
        result = await session.run(argv if report.names else ["true"], report="bats.txt")
        report.read(await asyncio.to_thread(session.read_report, "bats.txt"))
        broken = {file: found for file, found in names.items() if isinstance(found, str)}
        if broken and result.exit_code == 0:
            # as bats itself would have ended
            result = result.model_copy(update={"exit_code": 1})
        result = result.model_copy(update={"output": report.log + result.output})
        line = render(["bats", *(named or ["-r", "."])], self.unit.root)
        return Outcome(line, result, list(report.list_records(broken)))
