"""Remember deployments as their events tell of them, and look at the rollback that one belongs to."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.deployments.watching import ask_to_look
from bot.dispatch.start import begin
from bot.doors.webhook.parts import read_number, read_part, read_text
from bot.doors.webhook.router import Event, Router
from bot.store import deployments
from bot.store.deployments import Deployed
from bot.work.services import Services
from handlers.watch_rollback.task import TASK

router: Router[Services] = Router()
_TEXT = 200


@router.on("deployment_status")
async def note_status(event: Event, services: Services) -> None:
    """Keep the newest status; a rollback's is looked at."""
    repository = event.repository()
    known = _read(event.payload)
    if repository is None or known is None:
        return
    await services.store.run(deployments.record, repository.id, known)
    found = await services.store.run(deployments.find_watched, repository.id, known.environment, known)
    if found is not None:
        number = read_number(read_part(event.payload, "deployment_status"), "id")
        bot = await services.github.bot()
        await begin(services, TASK, ask_to_look(found, bot, f"status {number}", event.guid))


def _read(payload: Any) -> Deployed | None:
    made = read_part(payload, "deployment")
    status = read_part(payload, "deployment_status")
    number = read_number(made, "id")
    created = _read_moment(made, "created_at")
    at = _read_moment(status, "created_at")
    state = read_text(status, "state")[:_TEXT]
    environment = read_text(made, "environment")[:_TEXT]
    if number is None or created is None or at is None or not state or not environment:
        return None
    good = at if state == "success" else None
    sha = read_text(made, "sha")[:64]
    return Deployed(id=number, environment=environment, sha=sha, created=created, state=state, changed=at, good=good)


def _read_moment(part: Any, key: str) -> int | None:
    try:
        return int(datetime.fromisoformat(read_text(part, key)).timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        return None
