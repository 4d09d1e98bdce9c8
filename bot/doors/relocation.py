"""Follow renamed repositories; stop work where the ground is gone.

Issues and repositories are transferred, archived and deleted, and the App is taken off them. GitHub sends these events
to every App that asked for ``issues`` and ``repository``, and ``installation_repositories`` to every App:
https://docs.github.com/en/webhooks/webhook-events-and-payloads
"""

from __future__ import annotations

from typing import Any

from bot.dispatch.stop import cancel_where
from bot.doors.webhook.parts import read_number
from bot.doors.webhook.router import Event, Router
from bot.store import findings
from bot.work.services import Services

router: Router[Services] = Router()


@router.on("issues", "transferred")
async def issue_transferred(event: Event, services: Services) -> None:
    """Stop a transferred issue's work: nobody asked for it over there."""
    await _stop_issue(event, services, "transferred the issue to another repository")


@router.on("issues", "deleted")
async def issue_deleted(event: Event, services: Services) -> None:
    """Stop the work of a deleted issue: nobody could read the result."""
    await _stop_issue(event, services, "deleted the issue")


@router.on("repository", "renamed")
async def renamed(event: Event, services: Services) -> None:
    """Look the repository up under its new name from now on."""
    repository = event.repository()
    if repository is not None:
        services.github.forget_name(repository)


@router.on("repository", "transferred")
async def transferred(event: Event, services: Services) -> None:
    """Stop what runs for the old owner: its token no longer reaches it."""
    repository = event.repository()
    if repository is not None:
        services.github.forget_name(repository)
        await cancel_where(
            services,
            lambda task, request: (
                request.repository.id == repository.id and task.installation != repository.installation
            ),
            actor=event.sender(),
            deed="transferred the repository to another owner",
            delivery=event.guid,
        )


@router.on("repository", "archived")
async def archived(event: Event, services: Services) -> None:
    """Stop the work in a read-only repository: nothing can be published."""
    await _stop_repositories(event, services, [event.payload.get("repository")], "archived the repository")


@router.on("repository", "deleted")
async def deleted(event: Event, services: Services) -> None:
    """Stop the work in a deleted repository."""
    await _stop_repositories(event, services, [event.payload.get("repository")], "deleted the repository")
    repository = event.repository()
    if repository is not None:
        await services.store.run(findings.forget, repository)


@router.on("installation_repositories", "removed")
async def removed(event: Event, services: Services) -> None:
    """Stop the work in repositories that the App was taken off."""
    if event.installation is not None:
        services.github.forget_installation(event.installation)
    gone = event.payload.get("repositories_removed")
    await _stop_repositories(event, services, gone, "took the App off the repository")


async def _stop_issue(event: Event, services: Services, deed: str) -> None:
    repository = event.repository()
    number = event.number
    if repository is not None and number is not None:
        await cancel_where(
            services,
            lambda _, request: (request.repository.id, request.subject.number) == (repository.id, number),
            actor=event.sender(),
            deed=deed,
            delivery=event.guid,
        )


async def _stop_repositories(event: Event, services: Services, listed: Any, deed: str) -> None:
    ids = {read_number(item, "id") for item in (listed if isinstance(listed, list) else [])}
    await cancel_where(
        services,
        lambda _, request: request.repository.id in ids,
        actor=event.sender(),
        deed=deed,
        delivery=event.guid,
    )
