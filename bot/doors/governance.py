"""Notice that a policy or an owner's file may have changed."""

from __future__ import annotations

from bot.doors.webhook.parts import read_part
from bot.doors.webhook.router import Event, Router
from bot.policy.sections import REPOSITORY
from bot.work.services import Services

router: Router[Services] = Router()


@router.on("push")
@router.on("pull_request", "closed")
async def look_again(event: Event, services: Services) -> None:
    """Read the file anew: whatever branch it was, that costs one request."""
    repository = event.repository()
    pull = read_part(event.payload, "pull_request")
    if repository is None or (pull and not pull.get("merged")):
        return
    services.policies.forget(repository)
    if repository.name.casefold() == REPOSITORY:
        services.policies.owners.forget(repository.owner, repository.installation)
