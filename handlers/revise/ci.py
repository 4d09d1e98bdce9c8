"""Look into checks that fail on pull requests of ours.

That is done twice at most; then a person is asked. It is done only where the head is a commit that we pushed: what
somebody else pushed on top is theirs to fix.
"""

from __future__ import annotations

from typing import Any

from bot.change.branches import task_of
from bot.dispatch import replies
from bot.dispatch.start import start, task_id_of
from bot.doors.webhook.parts import read_number, read_part, read_text
from bot.doors.webhook.router import Event, Router
from bot.github.resources.reply_targets import ReplyTarget
from bot.store import tasks
from bot.store.tasks import Task
from bot.types import Repository
from bot.work.origin import Origin, Principal, Request, Subject
from bot.work.services import Services
from handlers.revise import task as revise
from handlers.revise.records import ReviseInput, RevisionTask

ATTEMPTS = 2
_BAD = {"failure", "timed_out"}
_RED = (
    f"CI still fails after {ATTEMPTS} attempts of mine, so I leave it to you. My comments above say what I found "
    "each time; `/revise …` tells me what to change, `/fix` makes me try again."
)

router: Router[Services] = Router()


@router.on("check_suite", "completed")
async def look_into_suite(event: Event, services: Services) -> None:
    """Look into the ended checks of some App."""
    await _look_into(event, services, read_part(event.payload, "check_suite"))


@router.on("workflow_run", "completed")
async def look_into_run(event: Event, services: Services) -> None:
    """Look into an ended workflow: a failure may come by both doors."""
    await _look_into(event, services, read_part(event.payload, "workflow_run"))


async def _look_into(event: Event, services: Services, ended: dict[str, Any]) -> None:
    repository = event.repository()
    if repository is None or read_text(ended, "conclusion") not in _BAD:
        return
    task_id = task_of(read_text(ended, "head_branch"))
    origin = await services.store.read(tasks.get, task_id) if task_id else None
    if origin is None or Request.model_validate(origin.argument).repository.id != repository.id:
        return
    for number in _find_pulls(ended, repository):
        await _start_attempt(event, services, repository, number, ended, origin)


async def _start_attempt(
    event: Event, services: Services, repository: Repository, number: int, ended: dict[str, Any], origin: Task
) -> None:
    """Start an attempt if the head is ours, or say it is a person's turn."""
    head = read_text(ended, "head_sha")
    revisions = await services.store.read(tasks.find, repository.id, number, flow=revise.TASK.name)
    if head not in {revise.find_published(task) for task in (origin, *revisions)}:
        return
    request = _make_request(event, repository, number, head, read_text(ended, "updated_at"), origin)
    task_id = task_id_of(revise.TASK, request)
    earlier = {task.id for task in revisions if task.source == "ci"} - {task_id}
    if len(earlier) >= ATTEMPTS:
        key = f"{repository.id}#{number} ci"
        await replies.say(services, repository, ReplyTarget(kind="body", number=number), key, _RED)
        return
    policy, _ = await services.policies.load_or_default(repository)
    await start(services, revise.TASK, request, policy, parent=origin.id)


def _make_request(
    event: Event, repository: Repository, number: int, head: str, when: str, origin: Task
) -> RevisionTask:
    """Return one request a head, for whoever asked for the pull request."""
    reason = f"CI failed on {head[:10]}, which this bot pushed for @{origin.actor}."
    asker = Request.model_validate(origin.argument).actor
    return RevisionTask(
        repository=repository,
        subject=Subject(kind="pull", number=number),
        origin=Origin(
            door="ci",
            principal=Principal(kind="self", actor=asker, vouched=reason),
            key=f"{repository.id}#{number} ci {head}",
            at=when,
            delivery=event.guid,
        ),
        input=ReviseInput(text="", checks=True),
    )


def _find_pulls(ended: dict[str, Any], repository: Repository) -> list[int]:
    """Return the pull requests into this repository, not into its forks."""
    listed = ended.get("pull_requests")
    found = listed if isinstance(listed, list) else []
    here = [pull for pull in found if read_part(pull, "base", "repo").get("id") == repository.id]
    return [each for pull in here if (each := read_number(pull, "number")) is not None]
