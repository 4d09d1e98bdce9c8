"""Run a policy's analyser: a command on whole trees that writes SARIF."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from bot.analysis.records import Analyser, AnalysisError, NotRun, StaticFinding, ToolRun
from bot.analysis.runner import LIMITS, Outcome, describe_end, scratch
from bot.analysis.sarif import MAX_BYTES, clean_message, read_sarif
from bot.analysis.staging import read_regular
from bot.sandbox.port import WORK, Sandbox, SandboxError

NOT_ALLOWED = "It may run code of the repository, which is not allowed for this pull request."


async def run_policy_analyser(
    sandbox: Sandbox, name: str, analyser: Analyser, base: Path, head: Path, renamed: Mapping[str, str], files: int
) -> Outcome:
    """Run the policy's command on copies; findings get the head's paths."""
    try:
        found: list[tuple[StaticFinding, ...]] = []
        seconds = 0.0
        for tree in (base, head):
            findings, took = await _run_on(sandbox, name, analyser, tree)
            found.append(findings)
            seconds += took
    except (SandboxError, AnalysisError) as error:
        return Outcome(NotRun(tool=name, reason=error.message))
    except OSError as error:
        return Outcome(NotRun(tool=name, reason=f"The files could not be laid out: {error.strerror or error}."))
    run = ToolRun(
        tool=name, version="(of the policy)", command=analyser.command, seconds=round(seconds, 3), files=files
    )
    moved = [
        finding.model_copy(update={"path": new})
        for new, old in renamed.items()
        for finding in found[0]
        if finding.path == old
    ]
    return Outcome(run, None, (*found[0], *moved), found[1])


async def _run_on(
    sandbox: Sandbox, name: str, analyser: Analyser, tree: Path
) -> tuple[tuple[StaticFinding, ...], float]:
    async with scratch() as folder:
        copy = folder / "tree"
        await asyncio.to_thread(_copy_without, tree, copy, analyser.sarif)
        limits = LIMITS.model_copy(update={"seconds": analyser.minutes * 60, "memory_mb": 2048, "processes": 256})
        result = await sandbox.run(["/bin/sh", "-c", analyser.command], copy, limits=limits)
        report = await asyncio.to_thread(read_regular, copy, analyser.sarif, MAX_BYTES)
        if trouble := describe_end(result):
            raise AnalysisError(f"{name} gave no answer: {trouble}.")
        if report is None:
            output = clean_message(result.output[-2000:])[-300:]
            raise AnalysisError(f"{name} ended with exit code {result.exit_code} and no {analyser.sarif}: {output}")
        roots = (WORK, str(copy), str(copy.resolve()))
        return await asyncio.to_thread(read_sarif, report, name, roots=roots), result.seconds


def _copy_without(tree: Path, copy: Path, report: str) -> None:
    """Copy a tree without a report of the repository's own."""
    shutil.copytree(tree, copy, symlinks=True)
    report_path = copy / report
    if os.path.lexists(report_path) and Path(os.path.realpath(report_path.parent)).is_relative_to(
        os.path.realpath(copy)
    ):
        if report_path.is_dir() and not report_path.is_symlink():
            shutil.rmtree(report_path)
        else:
            report_path.unlink()
