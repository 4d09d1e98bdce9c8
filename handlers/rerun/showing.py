"""Show that a failed run is the fault of CI's machines: by its records, and by the same tree passing here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.change.recipe import Job
from bot.git.changes import Changes
from bot.github.api.client import Client
from bot.github.resources import actions
from bot.github.resources.actions import BAD, WorkflowRun
from bot.toolchains.port import ToolchainError
from bot.types import JsonModel
from handlers.heal.causes import explain_records
from handlers.heal.experiments import run_command
from handlers.heal.reading import add_command, describe_job
from handlers.heal.records import RedJob
from handlers.revise.failed_checks import find_trouble

_MOST_JOBS = 5


class Shown(JsonModel):
    """Decision whether a run may run again, with its reason."""

    run: int
    attempt: int
    again: bool
    why: str


async def examine(job: Job[Any], client: Client, run: WorkflowRun) -> Shown:
    """Say whether what failed in a run is shown to be infrastructure."""
    refused = _refuse(run)
    if refused:
        return Shown(run=run.id, attempt=run.attempt, again=False, why=refused)
    jobs = await actions.list_jobs(client, job.task.repository, run.id)
    failed = [one for one in jobs if one.conclusion in BAD]
    if not failed or len(failed) > _MOST_JOBS:
        why = f"{len(failed)} of its jobs failed, which nobody but a person should judge"
        return Shown(run=run.id, attempt=run.attempt, again=False, why=why)
    red = [
        await describe_job(
            client,
            job.task.repository,
            RedJob(id=one.id, name=one.name, app="github-actions", conclusion=one.conclusion),
            one,
            run.path,
        )
        for one in failed
    ]
    reasons = [await _show(job, run, one) for one in red]
    again = all(shown for shown, _ in reasons)
    why = "; ".join(why for shown, why in reasons if shown is again)
    return Shown(run=run.id, attempt=run.attempt, again=again, why=why)


def _refuse(run: WorkflowRun) -> str:
    """Say why a run is not even looked into."""
    if not run.own:
        return "its head is in a fork, and a re-run would have the rights of whoever started it"
    if run.status != "completed":
        return "it is still under way"
    if run.conclusion not in BAD:
        return f"it ended as {run.conclusion or 'nothing'}, so nothing of it failed"
    if run.conclusion == "startup_failure":
        return "GitHub could not start its workflow file, which would only happen again"
    return f"it was run again already (attempt {run.attempt})" if run.attempt > 1 else ""


async def _show(job: Job[Any], run: WorkflowRun, red: RedJob) -> tuple[bool, str]:
    """Say whether one failed job is the machine's fault, and what shows it."""
    recorded = explain_records([red])
    if recorded is not None:
        shown = recorded.kind == "infrastructure" or _was_killed(recorded.sentence)
        return shown, recorded.sentence.partition(" I changed nothing")[0]
    words = find_trouble(red.said)
    if not words:
        return (
            False,
            f"{red.shown} failed in a command of the repository's, and its log speaks of no machine or network",
        )
    return await _passes_here(job, run, red, words)


def _was_killed(sentence: str) -> bool:
    return sentence.startswith("Resource: the machine")


async def _passes_here(job: Job[Any], run: WorkflowRun, red: RedJob, words: str) -> tuple[bool, str]:
    """Run the failed command on the same tree: words show nothing."""
    await job.fetch(run.head_branch)
    red = await add_command(await job.mirror(run.head_sha), run.head_sha, red)
    if red.command is None:
        return False, f"{red.shown}: the log says “{words}”, but the command cannot be run here to see: {red.why_not}"
    try:
        await job.workshop(run.head_sha).ready()
        _, failed = await run_command(job, run.head_sha, red.command, Changes())
    except ToolchainError as error:
        return (
            False,
            f"{red.shown}: the log says “{words}”, but the tree could not be prepared here: {error.message[:200]}",
        )
    if failed:
        return False, f"{red.shown} fails here as well, so it is not CI's machine"
    return True, f"{red.shown}: the log says “{words}”, and the same command passes here on the same tree"


def tell(found: Sequence[Shown]) -> str:
    """Say of each run what was done and why."""
    if not found:
        return "No workflow run has failed here, so there is nothing to run again."
    lines = [
        f"- Run {one.run}: {'runs once more' if one.again else 'not run again'}: {one.why.rstrip('.')}."
        for one in found
    ]
    return "\n".join(lines)
