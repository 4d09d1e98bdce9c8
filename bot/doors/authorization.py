"""End the sessions of people who take back that the App may act for them."""

from __future__ import annotations

from bot.doors.webhook.router import Event, Router
from bot.store import sessions
from bot.work.services import Services

router: Router[Services] = Router()


@router.on("github_app_authorization", "revoked")
async def end_sessions(event: Event, services: Services) -> None:
    """End every session of the account: its token is good for nothing now."""
    account = event.sender()
    if account is not None:
        await services.store.run(sessions.end_all_of, account.id)
