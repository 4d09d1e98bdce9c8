"""Start tasks by the buttons of check runs and by GitHub's re-run button."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from bot.dispatch import replies
from bot.dispatch.authorise import identify
from bot.dispatch.registry import Registry
from bot.dispatch.spec import TaskSpec
from bot.dispatch.start import start
from bot.doors import flood
from bot.doors.flood import Place
from bot.doors.webhook.parts import read_part, read_text
from bot.doors.webhook.router import Event, Router
from bot.github.resources.checks import pull_of
from bot.github.resources.reply_targets import ReplyTarget
from bot.store import tasks
from bot.types import Repository
from bot.work.origin import Origin, Request, Subject, TaskInput
from bot.work.services import Services


def button_router(registry: Registry) -> Router[Services]:
    """Return the handlers for the buttons that tasks declare."""
    router: Router[Services] = Router()

    @router.on("check_run", "rerequested")
    @router.on("check_run", "requested_action")
    async def pressed(event: Event, services: Services) -> None:
        """Start the task whose button was pressed on a check run of ours."""
        repository = event.repository()
        actor = event.sender()
        run = read_part(event.payload, "check_run")
        wanted = _find_task(registry, event)
        if repository is None or actor is None or wanted is None:
            return
        number = await _pull_of(services, repository, read_text(run, "external_id"))
        if number is None or (await services.github.bot()).id == actor.id:
            return
        policy, fault = await services.policies.load_or_default(repository)
        if fault is not None:
            text = f"I couldn't start: the configuration is invalid.\n\n{fault}"
            await replies.say(services, repository, ReplyTarget(kind="body", number=number), event.guid, text)
            return
        spec, given = wanted
        principal = await identify(services, repository, actor)
        place = Place(repository, ReplyTarget(kind="body", number=number), event.guid, event.guid)
        if not await flood.admits(services, principal, place, "button"):
            return
        origin = Origin(
            door="button",
            principal=principal,
            key=event.guid,
            at=datetime.now(UTC).isoformat(),
            delivery=event.guid,
            head_sha=read_text(run, "head_sha") or None,
            cause="again",
        )
        subject = Subject(kind="pull", number=number)
        request: Request[Any] = spec.request(repository=repository, subject=subject, origin=origin, input=given)
        await start(services, spec, request, policy)

    return router


def _find_task(registry: Registry, event: Event) -> tuple[TaskSpec[Any], TaskInput] | None:
    if event.action == "rerequested":
        name = read_text(read_part(event.payload, "check_run"), "name")
        spec = next((spec for spec in registry if spec.doors.rerun and spec.check == name), None)
        return None if spec is None else (spec, spec.input())
    identifier = read_text(read_part(event.payload, "requested_action"), "identifier")
    found = ((spec, button) for spec in registry for button in spec.doors.buttons)
    return next(((spec, button.input) for spec, button in found if button.action.identifier == identifier), None)


async def _pull_of(services: Services, repository: Repository, external_id: str) -> int | None:
    """Return the pull request of a check run, None if it is not ours."""
    task = await services.store.read(tasks.get, external_id)
    if task is None:
        return pull_of(external_id)
    return task.number if task.argument["repository"]["id"] == repository.id else None
