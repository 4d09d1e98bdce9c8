"""Installation: prepare repositories the App is given, and stop work where it is taken away."""

from __future__ import annotations

from typing import Any

from bot.change.services import Services
from bot.github import labels
from bot.intake.router import Event, Router
from bot.intake.start import cancel_installation
from bot.store import installations
from bot.types import Repository

router: Router[Services] = Router()
_WRITE = {"issues": "write", "metadata": "read"}
_DESCRIPTION = "Forgehand reproduces and fixes this bug"


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
    installation = event.installation
    for data in listed if isinstance(listed, list) and installation is not None else []:
        owner, _, name = str(data.get("full_name") or "").partition("/")
        if not name or installation is None or not isinstance(data.get("id"), int):
            continue
        repository = Repository(id=data["id"], owner=owner, name=name, installation=installation)
        policy = await services.policies.load(repository)
        github = await services.github.for_repository(repository, _WRITE)
        await labels.ensure(github, repository, policy.fix.label, description=_DESCRIPTION)
