"""Check a heal beyond the gates of every change: CI's own command passes, and nothing was made easier."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from typing import Any

from bot.change.editor import show_tests
from bot.change.recipe import AnyEvidence, Job
from bot.change.records import CodeLocation, Gate
from bot.change.suppressions import suppressions_gate
from bot.change.words import quote
from bot.ci_logs import find_failing_tests, read_lines
from bot.git.changes import Changes
from bot.github.text.diffs import parse_diff
from bot.markdown import listed
from bot.test_history.names import normalise
from bot.work.toolset import Check
from handlers.heal.experiments import run_command
from handlers.heal.locks import gate_lock
from handlers.heal.loosening import find_loosened
from handlers.heal.records import HealEvidence, SeenCommand

_SHOWN = 4_000


async def gate_heal(job: Job[Any], evidence: AnyEvidence, sha: str, changes: Changes) -> Sequence[Gate]:
    """Read what a change loosens, then run CI's failing commands on it."""
    read = await _read_gates(job, evidence, sha, changes)
    if not all(gate.passed for gate in read):
        return read
    lock = evidence.diagnosis.lock if isinstance(evidence, HealEvidence) and evidence.diagnosis is not None else None
    if lock is not None:
        read = [*read, await gate_lock(job, sha, lock, changes)]
    await job.workshop(sha).renew()
    passing = _list_passing(evidence)
    return [*read, *[await _run_gate(job, sha, one, changes, passing) for one in _list_commands(evidence)]]


def show_progress(job: Job[Any], evidence: AnyEvidence, found: CodeLocation) -> Check:
    """Run CI's failing commands and the tests nearby after an edit."""
    tests = show_tests(job, evidence, found)

    async def check(changes: Changes) -> str:
        sha = evidence.brief.base_sha
        gates = [await _run_gate(job, sha, one, changes) for one in _list_commands(evidence)]
        gates += await _read_gates(job, evidence, sha, changes)
        told = [f"{gate.name}: {gate.after}\n{gate.detail}".strip() for gate in gates]
        return "\n\n".join([await tests(changes), *told])

    return check


async def _read_gates(job: Job[Any], evidence: AnyEvidence, sha: str, changes: Changes) -> list[Gate]:
    mirror = await job.mirror(sha)
    diff = await mirror.diff(sha, changes)
    texts = {path: (await mirror.read(sha, path) or "", text or "") for path, text in changes.files.items()}
    commands = [one.command.text for one in evidence.brief.red if one.command is not None]
    files = await asyncio.to_thread(parse_diff, diff)
    # a version that a lock file's tool chose is no limit of a check
    edited = [file for file in files if file.path not in evidence.renewed_paths]
    loosened = list(find_loosened(edited, texts, commands))
    return [
        suppressions_gate(diff, job.workshop(sha).toolchain().is_test),
        Gate(
            name="no check made easier",
            passed=not loosened,
            after=f"{len(loosened)} found" if loosened else "no setting, limit or script of a check is touched",
            detail="\n".join(loosened),
        ),
    ]


async def _run_gate(
    job: Job[Any], sha: str, seen: SeenCommand, changes: Changes, passing: Collection[str] = ()
) -> Gate:
    """Require that a command which failed on the head ends well on the change.

    It runs once more in a fresh tree where all that failed are tests of ``passing``, those that pass on the change in
    our own runs: one that looks at the clock says nothing of the change.
    """
    result, failed = await run_command(job, sha, seen.command, changes)
    others = await asyncio.to_thread(find_others, result.output, passing) if failed else ()
    if others:
        await job.workshop(sha).renew()
        result, failed = await run_command(job, sha, seen.command, changes)
    named = listed([quote(name) for name in others], 3)
    told = f" when run again: at first {named} failed, which passed in our own runs" if others else ""
    return Gate(
        name=f"CI's command ({seen.job})"[:200],
        passed=not failed,
        before=f"fails, exit code {seen.exit_code}" if seen.exit_code else "fails",
        after=(f"exit code {result.exit_code}" if result.ended == "exit" else result.ended) + told,
        detail=result.output[-_SHOWN:] if failed else "",
    )


def find_others(output: str, passing: Collection[str]) -> tuple[str, ...]:
    """Return the failing tests that an output names if all are ``passing``."""
    known = {normalise(name) for name in passing}
    named = find_failing_tests(read_lines(output))
    return named if all(normalise(name) in known for name in named) else ()


def _list_passing(evidence: AnyEvidence) -> Collection[str]:
    """Return the tests that passed before, and so do on the change.

    The gates of every change have seen to that: these run behind them. What the heal is to mend is not among them.
    """
    return evidence.baseline.passing() if evidence.baseline is not None else ()


def _list_commands(evidence: AnyEvidence) -> tuple[SeenCommand, ...]:
    found = evidence.diagnosis if isinstance(evidence, HealEvidence) else None
    return found.commands if found is not None else ()
