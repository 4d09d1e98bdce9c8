"""Installation: prepare repositories the App is given, and stop work where it is taken away."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import structlog

from bot.dispatch.start import cancel_installation
from bot.doors.webhook.router import Event, Router
from bot.github.api.errors import Forbidden, GitHubError, Invalid, NotFound
from bot.github.api.scopes import COMMENT
from bot.github.resources import labels
from bot.policy import FixPolicy, PolicyError
from bot.store import installations
from bot.types import Repository
from bot.work.services import Services

router: Router[Services] = Router()
_SIDE_BY_SIDE = 8
_REFUSED = (Forbidden, Invalid, NotFound)
_DESCRIPTION = "Forgehand reproduces and fixes this bug"
log = structlog.get_logger(__name__)


@router.on("installation", "created")
async def created(event: Event, services: Services) -> None:
    """Remember the installation and create the label in each of its repositories."""
    await _remember(event, services, "active")
    await _label_all(event, services, event.payload.get("repositories"))


@router.on("installation_repositories", "added")
async def added(event: Event, services: Services) -> None:
    """Create the label where it is new."""
    await _label_all(event, services, event.payload.get("repositories_added"))


@router.on("installation", "suspend")
async def suspended(event: Event, services: Services) -> None:
    """No call would be answered any more: stop what runs."""
    await _remember(event, services, "suspended")
    await cancel_installation(services, event)


@router.on("installation", "deleted")
async def deleted(event: Event, services: Services) -> None:
    """As when suspended, for good; the history is kept."""
    await _remember(event, services, "deleted")
    await cancel_installation(services, event)


@router.on("installation", "unsuspend")
async def unsuspended(event: Event, services: Services) -> None:
    """Work may start again."""
    await _remember(event, services, "active")


@router.on("installation", "new_permissions_accepted")
async def accepted(event: Event, services: Services) -> None:
    """Remember what the owner has granted."""
    await _remember(event, services, "active")


async def _remember(event: Event, services: Services, state: str) -> None:
    data = event.payload.get("installation") or {}
    if not isinstance(data.get("id"), int):
        return
    account = str((data.get("account") or {}).get("login") or "")
    permissions = dict(data.get("permissions") or {})
    await services.store.run(lambda c: installations.upsert(c, data["id"], account, state, permissions))


async def _label_all(event: Event, services: Services, listed: Any) -> None:
    """Create the label wherever that is possible; raises what may pass, and the next try goes on from there."""
    turns = asyncio.Semaphore(_SIDE_BY_SIDE)

    async def prepare(repository: Repository) -> GitHubError | None:
        async with turns:
            try:
                await _label(services, repository)
            except GitHubError as error:
                log.warning("label not created", repository=repository.full_name, reason=error.message)
                return None if isinstance(error, _REFUSED) else error
        return None

    failures = await asyncio.gather(*(prepare(repository) for repository in _repositories(event, listed)))
    passing = next((error for error in failures if error is not None), None)
    if passing is not None:
        raise passing


async def _label(services: Services, repository: Repository) -> None:
    """The label of the repository's policy; the default one where the policy is wrong."""
    try:
        label = (await services.policies.load(repository)).fix.label
    except PolicyError as error:
        log.warning("policy is wrong", repository=repository.full_name, reason=error.message)
        label = FixPolicy().label
    github = await services.github.for_repository(repository, COMMENT)
    await labels.ensure(github, repository, label, description=_DESCRIPTION)


def _repositories(event: Event, listed: Any) -> Iterator[Repository]:
    installation = event.installation
    for data in listed if isinstance(listed, list) and installation is not None else []:
        owner, _, name = str(data.get("full_name") or "").partition("/")
        if name and installation is not None and isinstance(data.get("id"), int):
            yield Repository(id=data["id"], owner=owner, name=name, installation=installation)
