"""Notice that an owner's file may have changed."""

from __future__ import annotations

from bot.doors.webhook.router import Event, Router
from bot.policy.sections import REPOSITORY
from bot.work.services import Services

router: Router[Services] = Router()


@router.on("push")
@router.on("pull_request", "closed")
async def look_again(event: Event, services: Services) -> None:
    """Read the file anew: whatever branch it was, that costs one request."""
    repository = event.repository()
    if repository is not None and repository.name.casefold() == REPOSITORY:
        services.policies.owners.forget(repository.owner, repository.installation)
