"""Outcomes: what became of our pull requests, remembered per task, and of what we found in those of others."""

from __future__ import annotations

import re

from bot.change.services import Services
from bot.intake.router import Event, Router
from bot.review import ending
from bot.store import outcomes, tasks

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
    task = await services.store.run(lambda connection: tasks.get(connection, match.group(1)))
    if task is None:
        return
    head = (pull.get("head") or {}).get("sha")
    published = ((task.result or {}).get("data") or {}).get("head_sha")
    kind = "closed" if not pull.get("merged") else "merged" if head == published else "edited"
    data = {"pull": pull.get("number"), "head": head}
    await services.store.run(lambda connection: outcomes.record(connection, task.id, kind, data))


@router.on("pull_request", "closed")
async def merged(event: Event, services: Services) -> None:
    """Every finding of a review that was told and is still open ends with the merge: fixed, ignored or disputed."""
    pull, repository, number = event.payload.get("pull_request") or {}, event.repository(), event.number
    head, author = (pull.get("head") or {}).get("sha"), (pull.get("user") or {}).get("login")
    if pull.get("merged") and repository is not None and number is not None and isinstance(head, str):
        await ending.end(services, repository, number, head, str(author))
