"""Read an environment's deployments from GitHub, as far back as is needed, and remember them."""

from __future__ import annotations

from bot.deployments.decision import find_earlier_good, find_live
from bot.github.api.client import Client
from bot.github.resources import deployments as api
from bot.github.resources.deployments import Deployment, DeploymentStatus
from bot.store import deployments
from bot.store.deployments import Deployed
from bot.store.store import Store
from bot.types import Repository

_LOOKED_AT = 20  # deployments whose statuses are asked for, each by a request


def combine(deployment: Deployment, statuses: list[DeploymentStatus]) -> Deployed:
    """Make a deployment's record of its statuses, newest first."""
    newest = statuses[0] if statuses else DeploymentStatus(state="pending", at=deployment.created)
    return Deployed(
        id=deployment.id,
        environment=deployment.environment,
        sha=deployment.sha,
        created=deployment.created,
        state=newest.state,
        changed=newest.at,
        good=min((one.at for one in statuses if one.state == "success"), default=None),
    )


async def read_history(client: Client, store: Store, repository: Repository, environment: str) -> list[Deployed]:
    """Return the newest deployments as GitHub has them now.

    They reach back to one that was good before the live one, if there is any.
    """
    rolled_back = await store.run(deployments.list_rollbacks, repository.id, environment)
    bad = {one.bad for one in rolled_back}
    shas = {one.bad_sha for one in rolled_back}
    found: list[Deployed] = []
    for one in await api.list_deployments(client, repository, environment, _LOOKED_AT):
        known = combine(one, await api.list_statuses(client, repository, one.id))
        await store.run(deployments.record, repository.id, known)
        found.append(known)
        live = find_live(found)
        if live is not None and find_earlier_good(found, live, bad, shas) is not None:
            break
    return found
