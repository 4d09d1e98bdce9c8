"""Start tasks by the buttons of check runs and by GitHub's re-run button."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, NamedTuple

from bot.dispatch import replies
from bot.dispatch.authorise import identify
from bot.dispatch.registry import Registry
from bot.dispatch.spec import TaskSpec
from bot.dispatch.start import start
from bot.doors import flood
from bot.doors.flood import Place
from bot.doors.webhook.parts import read_number, read_part, read_text
from bot.doors.webhook.router import Event, Router
from bot.github.api.scopes import READ_CHECKS
from bot.github.resources import checks
from bot.github.resources.checks import pull_of
from bot.github.resources.reply_targets import ReplyTarget
from bot.store import tasks
from bot.types import Repository
from bot.work.origin import Origin, Request, Subject, TaskInput
from bot.work.services import Services

_NUMBERED = re.compile(r" \(#\d+\)$")


class _Press(NamedTuple):
    """A button that was pressed on a check run; ``key`` names this press."""

    spec: TaskSpec[Any]
    input: TaskInput
    external_id: str
    head_sha: str
    key: str


def button_router(registry: Registry) -> Router[Services]:
    """Return the handlers for the buttons that tasks declare."""
    router: Router[Services] = Router()

    @router.on("check_run", "rerequested")
    @router.on("check_run", "requested_action")
    async def pressed(event: Event, services: Services) -> None:
        """Start the task whose button was pressed on a check run of ours."""
        wanted = _find_task(registry, event)
        if wanted is not None:
            run = read_part(event.payload, "check_run")
            external_id, head = read_text(run, "external_id"), read_text(run, "head_sha")
            await _start(event, services, _Press(*wanted, external_id, head, event.guid))

    @router.on("check_suite", "rerequested")
    async def all_pressed(event: Event, services: Services) -> None:
        """Start what "Re-run all checks" means: no run has an event of its own.

        https://docs.github.com/en/rest/checks/suites#rerequest-a-check-suite
        """
        repository = event.repository()
        suite = read_number(read_part(event.payload, "check_suite"), "id")
        if repository is None or suite is None:
            return
        github = await services.github.for_repository(repository, READ_CHECKS)
        for run in await checks.list_of_suite(github, repository, suite):
            spec = _find_rerun(registry, run.name)
            if spec is not None:
                press = _Press(spec, spec.input(), run.external_id, run.head_sha, f"{event.guid}-{run.id}")
                await _start(event, services, press)

    return router


async def _start(event: Event, services: Services, press: _Press) -> None:
    repository = event.repository()
    actor = event.sender()
    if repository is None or actor is None:
        return
    number = await _pull_of(services, repository, press.external_id)
    if number is None or (await services.github.bot()).id == actor.id:
        return
    policy, fault = await services.policies.load_or_default(repository)
    place = Place(repository, ReplyTarget(kind="body", number=number), event.guid, press.key)
    if fault is not None:
        text = f"I couldn't start: the configuration is invalid.\n\n{fault}"
        await replies.say(services, repository, place.spot, press.key, text)
        return
    principal = await identify(services, repository, actor)
    if not await flood.admits(services, principal, place, "button"):
        return
    origin = Origin(
        door="button",
        principal=principal,
        key=press.key,
        at=datetime.now(UTC).isoformat(),
        delivery=event.guid,
        head_sha=press.head_sha or None,
        cause="again",
    )
    subject = Subject(kind="pull", number=number)
    request: Request[Any] = press.spec.request(repository=repository, subject=subject, origin=origin, input=press.input)
    await start(services, press.spec, request, policy)


def _find_task(registry: Registry, event: Event) -> tuple[TaskSpec[Any], TaskInput] | None:
    if event.action == "rerequested":
        spec = _find_rerun(registry, read_text(read_part(event.payload, "check_run"), "name"))
        return None if spec is None else (spec, spec.input())
    identifier = read_text(read_part(event.payload, "requested_action"), "identifier")
    found = ((spec, button) for spec in registry for button in spec.doors.buttons)
    return next(((spec, button.input) for spec, button in found if button.action.identifier == identifier), None)


def _find_rerun(registry: Registry, name: str) -> TaskSpec[Any] | None:
    """Find the task that makes a check run of this name.

    A second one on a commit has the pull request behind its name.
    """
    return next((one for one in registry if one.doors.rerun and one.check == _NUMBERED.sub("", name)), None)


async def _pull_of(services: Services, repository: Repository, external_id: str) -> int | None:
    """Return the pull request of a check run, None if it is not ours."""
    task = await services.store.read(tasks.get, external_id)
    if task is None:
        return pull_of(external_id)
    return task.number if task.argument["repository"]["id"] == repository.id else None
