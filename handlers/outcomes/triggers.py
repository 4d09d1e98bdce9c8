"""Record what became of our pull requests, for each task that opened one."""

from __future__ import annotations

from collections.abc import Sequence

from bot.change.branches import task_of
from bot.doors.webhook.parts import read_number, read_part, read_text
from bot.doors.webhook.router import Event, Router
from bot.store import outcomes, tasks
from bot.store.tasks import Task
from bot.work.services import Services
from handlers.revise import task as revise

router: Router[Services] = Router()


@router.on("pull_request", "closed")
async def record_outcome(event: Event, services: Services) -> None:
    """Record whether it was merged as we left it, merged edited, or closed."""
    pull = read_part(event.payload, "pull_request")
    repository = event.repository()
    number = event.number
    author = read_number(read_part(pull, "user"), "id")
    task_id = task_of(read_text(read_part(pull, "head"), "ref"))
    if task_id is None or repository is None or number is None or author != (await services.github.bot()).id:
        return
    task = await services.store.read(tasks.get, task_id)
    if task is None:
        return
    revisions = await services.store.read(tasks.find, repository.id, number, flow=revise.TASK.name)
    head = read_text(read_part(pull, "head"), "sha") or None
    kind = "closed"
    if pull.get("merged"):
        kind = "merged" if _is_only_ours(head, task, revisions) else "edited"
    data = {"pull": number, "head": head}
    await services.store.run(outcomes.record, task.id, kind, data)


def _is_only_ours(head: str | None, task: Task, revisions: Sequence[Task]) -> bool:
    """Return whether all is ours: the task's commit and revisions on it."""
    beneath = {revise.find_published(revision): revise.find_base(revision) for revision in revisions}
    while head is not None and head in beneath:
        head = beneath.pop(head)
    return head is not None and head == revise.find_published(task)
