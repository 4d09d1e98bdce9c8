"""Read the issue together with the plan that it is implemented by."""

from __future__ import annotations

from collections.abc import Sequence

from bot.change import issue
from bot.change.recipe import Job, WorkStep
from bot.change.records import ChangeTask
from handlers.implement.records import FeatureBrief, FeatureEvidence
from handlers.plan import history


async def read(job: Job[ChangeTask]) -> FeatureBrief:
    """Read the issue as it stands, and the plan as it was drafted."""
    past = await history.recall(job)
    assert past.draft is not None, "an implementation begins with a draft"
    assert past.draft.plan is not None, "a draft that is implemented has a plan"
    brief = await issue.read(job)
    return FeatureBrief(**dict(brief), specification=past.draft.specification, plan=past.draft.plan)


async def fetch(job: Job[ChangeTask], brief: FeatureBrief) -> FeatureBrief:
    """Bring the base into the mirror."""
    await issue.fetch(job, brief)
    return brief


def list_steps(evidence: FeatureEvidence) -> Sequence[WorkStep]:
    """Return the plan's steps, each one commit."""
    return [
        WorkStep(step.title, "\n".join([step.title, step.text, f"Files: {', '.join(step.files)}"]))
        for step in evidence.brief.plan.steps
    ]
