"""Examine a checkout: which folders are tested by what, what they lack here, and what comes of it."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from bot.checkup import Line
from bot.ci_logs import read_lines
from bot.git.command import run_git
from bot.markdown import counted
from bot.redaction import redact
from bot.sandbox.port import SandboxError
from bot.sandbox.tiers import choose_sandbox
from bot.settings import Checks, Settings
from bot.toolchains.language import Part
from bot.toolchains.languages import UNNAMED
from bot.toolchains.port import TestRun, ToolchainError, Workspace
from bot.toolchains.repository import RepositoryToolchain, make_toolchain
from bot.toolchains.workspace import remove_tree
from bot.work.untrusted import without_unseen

# Failed tests that are named.
_NAMED = 5
# Last lines of the output of a run that cannot be believed, and the characters of each.
_LINES = 20
_WIDTH = 300


async def find(repo: Path, checks: Checks, settings: Settings, *, run: bool) -> AsyncIterator[Line]:
    """Yield what would be done, and with ``run`` what came of it, in a copy.

    ``checks`` are those of the repository's policy.
    """
    sandbox = await choose_sandbox(settings)
    with tempfile.TemporaryDirectory(prefix="forgehand-doctor-") as folder:
        workspace = Workspace(tree=Path(folder) / "tree", env=Path(folder) / "env")
        await _copy(repo, workspace.tree)
        toolchain = make_toolchain(sandbox, checks, workspace.tree, settings)
        for part in await asyncio.to_thread(lambda: toolchain.parts):
            yield await asyncio.to_thread(_describe, part)
        if run:
            async for line in _run(toolchain, workspace, settings.secrets):
                yield line


async def _copy(repo: Path, tree: Path) -> None:
    """Copy HEAD of a checkout, or a plain folder as it stands."""
    command = ["clone", "--quiet", "--depth=1", repo.as_uri(), str(tree)]
    cloned = await run_git(command, cwd=repo, env={"GIT_ALLOW_PROTOCOL": "file"})
    if cloned.code == 0:
        await asyncio.to_thread(remove_tree, tree / ".git")
    else:
        await asyncio.to_thread(shutil.copytree, repo, tree, symlinks=True)


def _describe(part: Part) -> Line:
    """Describe a part, or what keeps it from being tested. Blocking."""
    unit = part.unit
    checks = part.checks
    how = f"`{checks.test}` of the policy" if checks.test else unit.runner or "pytest, else unittest"
    manager = f", installed by {unit.manager}" if unit.manager and not checks.setup else ""
    seen = "Assumed, as" if unit.evidence == UNNAMED else "Seen by"
    text = f"{unit.toolchain}{manager}, tested by {how}. {seen} {', '.join(unit.evidence)}."
    try:
        part.toolchain.require()
    except ToolchainError as error:
        said = error.message if unit.evidence == UNNAMED else f"{text} {error.message}"
        return Line(level="fail", subject=unit.root or "Repository", text=said)
    return Line(level="ok", subject=unit.root or "Repository", text=text)


async def _run(toolchain: RepositoryToolchain, workspace: Workspace, secrets: Sequence[str]) -> AsyncIterator[Line]:
    try:
        for result in await toolchain.install(workspace):
            level = "ok" if result.ok else "warn"
            yield Line(level=level, subject="Install", text=f"`{' '.join(result.argv)}` took {result.seconds:.1f} s.")
        yield _describe_run(await toolchain.test(workspace), secrets)
    except (ToolchainError, SandboxError) as error:
        yield Line(level="fail", subject="Install", text=error.message)


def _describe_run(run: TestRun, secrets: Sequence[str]) -> Line:
    """Describe a run: its verdicts, and whether they can be believed.

    Why is shown by the end of what the first test says that did not pass; of a run that cannot be believed, by that of
    its output.
    """
    counts = Counter(case.verdict for case in run.cases)
    told = ", ".join(f"{number} {verdict}" for verdict, number in sorted(counts.items())) or "no test ran"
    bad = [case for case in run.cases if case.verdict in ("failed", "error")]
    named = f" Not passing: {', '.join(case.id for case in bad[:_NAMED])}." if bad else ""
    more = f" And {counted(len(bad) - _NAMED, 'other')}." if len(bad) > _NAMED else ""
    why = f" The run cannot be believed: {run.completeness.reason}" if not run.complete else ""
    notes = "".join(f" {note}" for note in run.notes)
    level = "ok" if run.complete and run.cases and not bad else "warn"
    said = bad[0].message if bad else ""
    shown = _show_end(said, "What the first of them says", secrets) if said else ""
    shown = shown if run.complete else _show_end(run.result.output, "The end of its output", secrets)
    text = f"`{run.command}`: {told} in {run.result.seconds:.1f} s.{named}{more}{why}{notes}{shown}"
    return Line(level=level, subject="Tests", text=text)


def _show_end(output: str, title: str, secrets: Sequence[str]) -> str:
    """Return the last lines of a text, as a terminal shows them."""
    # before it is cut: half a secret is not known as one
    text = without_unseen(redact("\n".join(read_lines(output)), secrets))
    lines = [f"    {line[:_WIDTH]}" for line in text.split("\n") if line.strip()][-_LINES:]
    return "\n".join(["", f"{title}:", *lines]) if lines else " It printed nothing."
