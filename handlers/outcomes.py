"""Outcomes: what became of our pull requests, remembered per task."""

from __future__ import annotations

import re

from bot.change.services import Services
from bot.intake.router import Event, Router
from bot.store import outcomes

router: Router[Services] = Router()
_BRANCH = re.compile(r"forgehand/[a-z]+-\d+-([0-9a-f]+)")


@router.on("pull_request", "closed")
async def closed(event: Event, services: Services) -> None:
    """Merged as it was, merged after people edited it, or closed."""
    pull = event.payload.get("pull_request") or {}
    author = (pull.get("user") or {}).get("id")
    match = _BRANCH.fullmatch(str((pull.get("head") or {}).get("ref") or ""))
    if match is None or author != (await services.github.bot()).id:
        return
    kind = "closed" if not pull.get("merged") else "edited" if (pull.get("commits") or 1) > 1 else "merged"
    data = {"pull": pull.get("number"), "head": (pull.get("head") or {}).get("sha")}
    await services.store.run(lambda connection: outcomes.record(connection, match.group(1), kind, data))
