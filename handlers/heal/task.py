"""Declare ``/heal``: from a red commit to a change that CI's own check proves."""

from __future__ import annotations

from bot.change.pipeline import run_change
from bot.dispatch.spec import TaskSpec, Writes
from bot.engine.port import Ctx, Outcome
from bot.store import tasks
from bot.store.database import now_ms
from bot.store.tasks import Task
from bot.work.services import Services
from handlers.heal.recipe import HEAL
from handlers.heal.records import HealInput, HealTask
from handlers.heal.rules import HealRules

_DAY = 24 * 3600 * 1000
_ASKED_BY_NOBODY = ("alert", "self", "schedule")


async def run(ctx: Ctx, services: Services, request: HealTask) -> Outcome:
    """Run the change pipeline with the recipe of a heal."""
    return await run_change(ctx, services, HEAL, request)


async def refuse(services: Services, request: HealTask) -> str | None:
    """Refuse what nobody asked for once it was tried often enough."""
    if request.origin.principal.kind not in _ASKED_BY_NOBODY:
        return None
    policy, _ = await services.policies.load_or_default(request.repository)
    most = policy.rules(HealRules).attempts
    recent = await services.store.run(tasks.list_started, request.repository.id, ["heal"], now_ms() - _DAY)
    tried = [task for task in recent if task.source in ("alert", "ci", "schedule") and _is_same(task, request)]
    if len(tried) < most:
        return None
    where = request.input.branch or "this branch"
    return f"{most} heals of {where} were tried within a day. A person has to look now; `/heal` tries once more."


def _is_same(task: Task, request: HealTask) -> bool:
    """Return whether an earlier heal was of the same branch or pull request."""
    default = request.repository.default_branch
    about = (task.argument.get("subject") or {}).get("number")
    branch = str(task.argument["input"].get("branch") or default)
    return about == request.subject.number and branch == (request.input.branch or default)


TASK = TaskSpec(
    name="heal",
    summary="Makes a red pull request or branch green again.",
    details="Why CI is red is found out by running what failed: its tests, and the command of the step that failed. "
    "What also fails on the base, is flaky, or is the fault of CI's machines is said, and nothing is changed. What a "
    "formatter, linter or generator mends is mended by it, without a model. Everything else is changed by a model and "
    "checked: what failed passes, no test is lost, skipped or weakened, and no setting, limit or workflow is touched.",
    examples=(("/heal", "makes the failing checks of this pull request pass"),),
    input=HealInput,
    request=HealTask,
    run=run,
    subjects=frozenset({"pull", "repository"}),
    rules=HealRules,
    writes=Writes.BRANCH,
    stages={
        "read": "Read what is red",
        "find": "Find the code",
        "prepare": "Install and run the tests as they are",
        "prove": "Find the cause by running it",
        "edit": "Change the code",
        "gate": "Run what failed, and everything else",
        "judge": "Have a second model read the change",
        "publish": "Publish",
    },
    needs_open=True,
    unverified="Stopped without a verified heal.",
    objection=refuse,
    outlets=frozenset({"github", "branch", "result"}),
    own_place=True,
)
