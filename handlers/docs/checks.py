"""Hold a change of documentation to its gates, in a fresh tree, and show the model the same after each edit."""

from __future__ import annotations

import asyncio

from bot.change.recipe import AnyEvidence, Job
from bot.change.records import CodeLocation, Gate
from bot.documentation.snapshot import read_snapshot
from bot.git.changes import Changes
from bot.markdown import counted
from bot.toolchains.port import ToolchainError
from bot.work.toolset import Check
from handlers.docs.example_runs import ExampleRun, run_examples
from handlers.docs.gates import DocsChange
from handlers.docs.records import DocsTask, survey_of

_FORK = (
    "An example is changed, and code of a fork is not run here: leave the examples as they are, or ask from a branch "
    "of this repository."
)


async def judge_change(job: Job[DocsTask], evidence: AnyEvidence, base_sha: str, changes: Changes) -> tuple[Gate, ...]:
    """Return the gates of a change of documentation; examples run last."""
    survey = survey_of(evidence)
    assert survey is not None, "the survey comes before any edit"
    mirror = await job.mirror(base_sha)
    base = await read_snapshot(mirror, base_sha)
    since = await read_snapshot(mirror, survey.since) if survey.since else None
    change = DocsChange(base, base.with_changes(changes), changes.files)

    def judge() -> list[Gate]:
        gates = [
            change.code_gate(evidence.brief.asked),
            change.passages_gate(),
            change.names_gate(),
            change.defects_gate(survey, since),
            change.evasions_gate(),
        ]
        return [*gates, change.required_gate(survey)] if survey.required else gates

    gates = await asyncio.to_thread(judge)
    if change.rewrites:
        gates.append(await _run(job, evidence, base_sha, changes, change))
    return tuple(gates)


def show_gates(job: Job[DocsTask], evidence: AnyEvidence, found: CodeLocation) -> Check:
    """Show the model after each edit what the gates say of it."""

    async def check(changes: Changes) -> str:
        gates = await judge_change(job, evidence, evidence.brief.base_sha, changes)
        lines = [f"{gate.name}: {'passes' if gate.passed else 'FAILS'}, {gate.after}\n{gate.detail}" for gate in gates]
        return "\n".join(line.strip() for line in lines)

    return check


async def _run(job: Job[DocsTask], evidence: AnyEvidence, base_sha: str, changes: Changes, change: DocsChange) -> Gate:
    """Run the examples that the change wrote."""
    if not evidence.brief.runs:
        return Gate(name="examples", passed=False, after="not run", detail=_FORK)
    try:
        run = await run_examples(job.workshop(base_sha), changes, change.rewrites, change.packages)
    except ToolchainError as error:
        return Gate(name="examples", passed=False, after="not run", detail=error.message)
    return tell_examples(run)


def tell_examples(run: ExampleRun) -> Gate:
    """Tell how many examples ran, which failed, and which failed alike before."""
    after = f"{counted(run.passed, 'example')} ran and passed"
    if run.unchanged:
        after += f"; {len(run.unchanged)} cannot be run here, and could not before: {', '.join(run.unchanged)}"
    if run.failed:
        after = f"{counted(len(run.failed), 'example')} failed"
    return Gate(
        name="examples",
        passed=not run.failed,
        after=after,
        detail="\n".join(run.failed),
        parts={"tests": f"Examples of the changed pages: {after}."},
    )
