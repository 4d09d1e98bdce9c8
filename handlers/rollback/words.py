"""Write what people are told of a rollback."""

from __future__ import annotations

from bot.deployments.words import tell_figures
from bot.markdown import inline_code, paragraph, shortened
from handlers.rollback.records import Plan, RollbackTask, Started

_REASON = 500
_WAYS = {
    "deployment": "a deployment with the task `rollback`",
    "workflow": "the repository's own workflow",
    "webhook": "the deploy system's webhook",
}


def write_title(task: RollbackTask, plan: Plan) -> str:
    """Write the title of the issue."""
    return f"Rolled {shortened(task.input.environment, 60)} back to {plan.sha[:10]}"


def write_begun(task: RollbackTask, plan: Plan, started: Started) -> str:
    """Write what was live, what is deployed instead, and how."""
    reason = f"\n\n**Why.** {paragraph(shortened(task.input.reason, _REASON))}" if task.input.reason.strip() else ""
    tried = "".join(f"\n- not taken: {paragraph(shortened(one, 300))}" for one in started.problems)
    way = _WAYS.get(started.way or "", "")
    figures = tell_figures(plan.figures)
    figures = f"\n\n{figures}" if figures else ""
    number = f" ({started.deployment})" if started.deployment is not None else ""
    return (
        f"{inline_code(task.input.environment[:100])} had {inline_code(plan.bad.sha[:10])} (deployment {plan.bad.id}). "
        f"I asked for {inline_code(plan.sha[:10])}, which was good there before, by {way}{number}.{reason}{figures}\n\n"
        f"I report its status and the service's health here. {inline_code(plan.bad.sha[:10])} is still on its branch: "
        f"`/revert` its pull request, or repair it, before the next deployment brings it back.{tried}"
    )


def write_failed(task: RollbackTask, started: Started) -> str:
    """Say that no way worked."""
    tried = "; ".join(started.problems)
    return f"{inline_code(task.input.environment[:100])} could not be rolled back: {shortened(tried, 600)}"
