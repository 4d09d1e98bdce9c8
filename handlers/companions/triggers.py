"""Look at pull requests that are opened or pushed to, where the policy wants it."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.dispatch.start import begin
from bot.doors.webhook.parts import read_part, read_text
from bot.doors.webhook.router import Event, Router
from bot.types import Actor
from bot.work.origin import Origin, Principal, Subject
from bot.work.services import Services
from handlers.companions.records import CompanionsInput, CompanionsTask
from handlers.companions.rules import CompanionsRules
from handlers.companions.task import TASK

router: Router[Services] = Router()


@router.on("pull_request", "opened")
@router.on("pull_request", "reopened")
@router.on("pull_request", "ready_for_review")
@router.on("pull_request", "synchronize")
async def look_at_pull(event: Event, services: Services) -> None:
    """Start the look at a head, unless it is a draft's."""
    pull = read_part(event.payload, "pull_request")
    repository = event.repository()
    sender = event.sender()
    head = read_text(read_part(pull, "head"), "sha")
    base = read_text(read_part(pull, "base"), "ref")
    if repository is None or event.number is None or sender is None or not head or not base or pull.get("draft"):
        return
    policy, _ = await services.policies.load_or_default(repository, since=event.read_at)
    if policy.rules(CompanionsRules).show:
        fork = read_part(pull, "head", "repo").get("id") != repository.id
        given = CompanionsInput(head_sha=head, base_branch=base, from_fork=fork)
        subject = Subject(kind="pull", number=event.number)
        origin = _origin(event, sender, f"{repository.id}#{event.number} companions {head}")
        await begin(services, TASK, CompanionsTask(repository=repository, subject=subject, origin=origin, input=given))


def _origin(event: Event, sender: Actor, key: str) -> Origin:
    return Origin(
        door="event",
        principal=Principal(kind="self", actor=sender, vouched="Reading costs nothing; a check run is all there is."),
        key=key,
        at=datetime.now(UTC).isoformat(),
        delivery=event.guid,
        cause=event.action or "",
    )
