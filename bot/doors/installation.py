"""Label newly installed repositories; stop work where the App is removed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import structlog

from bot.dispatch.registry import Registry
from bot.dispatch.stop import cancel_installation
from bot.doors.labels import label_of
from bot.doors.webhook.parts import read_number, read_part, read_text
from bot.doors.webhook.router import Event, Router
from bot.github.api.errors import Forbidden, GitHubError, Invalid, NotFound
from bot.github.api.scopes import COMMENT
from bot.github.resources import labels
from bot.policy import Policy
from bot.store import installations
from bot.types import Repository
from bot.work.services import Services

# Repositories that are prepared at once: GitHub asks integrators not to send many requests side by side.
_SIDE_BY_SIDE = 8
_REFUSED = (Forbidden, Invalid, NotFound)
log = structlog.get_logger(__name__)


def installation_router(registry: Registry) -> Router[Services]:
    """Return the handlers for installing and removing the App."""
    router: Router[Services] = Router()

    @router.on("installation", "created")
    async def created(event: Event, services: Services) -> None:
        """Store the installation and create the labels in its repositories."""
        await _remember(event, services, "active")
        await _label_all(event, services, registry, event.payload.get("repositories"))

    @router.on("installation_repositories", "added")
    async def added(event: Event, services: Services) -> None:
        """Create the labels in the new repositories."""
        await _label_all(event, services, registry, event.payload.get("repositories_added"))

    @router.on("installation", "suspend")
    @router.on("installation", "deleted")
    async def stopped(event: Event, services: Services) -> None:
        """Stop what runs: no call would be answered any more.

        What belonged to a removed installation is purged by the housekeeper.
        """
        await _remember(event, services, "suspended" if event.action == "suspend" else "deleted")
        actor = event.sender()
        if event.installation is not None:
            by = actor.login if actor else "the account's owner"
            deed = "suspended the App" if event.action == "suspend" else "removed the App"
            await cancel_installation(services, event.installation, by, deed)

    @router.on("installation", "unsuspend")
    @router.on("installation", "new_permissions_accepted")
    async def resumed(event: Event, services: Services) -> None:
        """Remember that work may start again, and what the owner has granted."""
        await _remember(event, services, "active")

    return router


async def _remember(event: Event, services: Services, state: str) -> None:
    installation = event.installation
    if installation is None:
        return
    account = read_text(read_part(event.payload, "installation", "account"), "login")
    permissions = read_part(event.payload, "installation", "permissions")
    await services.store.run(lambda c: installations.upsert(c, installation, account, state, permissions))


async def _label_all(event: Event, services: Services, registry: Registry, listed: Any) -> None:
    """Create the labels of all repositories.

    A permanent failure is logged and skipped; a transient one is raised at the end, and the next attempt goes on from
    there.
    """
    turns = asyncio.Semaphore(_SIDE_BY_SIDE)

    async def prepare(repository: Repository) -> GitHubError | None:
        async with turns:
            try:
                await _label(services, registry, repository)
            except GitHubError as error:
                log.warning("label not created", repository=repository.full_name, reason=error.message)
                return None if isinstance(error, _REFUSED) else error
        return None

    failures = await asyncio.gather(*(prepare(repository) for repository in _repositories(event, listed)))
    passing = next((error for error in failures if error is not None), None)
    if passing is not None:
        raise passing


async def _label(services: Services, registry: Registry, repository: Repository) -> None:
    """Create the labels that all repositories get, and those policy names."""
    policy, fault = await services.policies.load_or_default(repository)
    if policy.stopped:
        return
    if fault is not None:
        log.warning("policy is wrong", repository=repository.full_name, reason=fault.message)
    github = await services.github.for_repository(repository, COMMENT)
    for spec in registry:
        label = label_of(spec, policy) if spec.doors.label else None
        if label is not None and (spec.doors.offered or label != label_of(spec, Policy())):
            # GitHub takes 100 characters: https://docs.github.com/en/rest/issues/labels#create-a-label
            await labels.ensure(github, repository, label, description=spec.summary[:100])


def _repositories(event: Event, listed: Any) -> Iterator[Repository]:
    installation = event.installation
    for data in listed if isinstance(listed, list) and installation is not None else []:
        owner, _, name = read_text(data, "full_name").partition("/")
        identity = read_number(data, "id")
        if name and installation is not None and identity is not None:
            yield Repository(id=identity, owner=owner, name=name, installation=installation)
