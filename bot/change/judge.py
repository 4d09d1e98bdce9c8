"""Ask another model about a change that passed all gates."""

from __future__ import annotations

from typing import Any

from bot.change.recipe import AnyEvidence, Job
from bot.change.stages import Stage
from bot.models.port import Conversation, Message, Reply
from bot.work.prompts import render

_MAX_DIFF = 60_000


async def ask_judge(job: Job[Any], evidence: AnyEvidence, step: str, system: str, schema: dict[str, Any]) -> Reply:
    """Show issue or demands, diff and evidence to the ``verify`` model; its answer follows the schema."""
    await job.stage(Stage.JUDGE, "started")
    report = evidence.report
    assert report is not None, "only a change that passed the gates is judged"
    mirror = await job.mirror(report.base_sha)
    diff = await mirror.diff(report.base_sha, report.changes)
    prompt = render(
        f"{job.recipe.prompts}/judge.md.j2",
        brief=evidence.brief,
        baseline=evidence.baseline,
        diff=diff[:_MAX_DIFF],
        said=f"{evidence.cause}\n{evidence.change}".strip() or "nothing",
    )
    conversation = Conversation(system=system, messages=(Message(role="user", text=prompt),))
    return await job.ask(step, "verify", conversation, schema=schema, max_output=4096)
