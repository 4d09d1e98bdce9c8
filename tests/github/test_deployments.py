"""What the bot knows of workflows that it dispatched, against the hub."""

from __future__ import annotations

import base64

from bot.github.api.access import GitHubs
from bot.github.resources.deployments import dispatch_workflow, was_dispatched
from simhub.faults import Fault
from tests.github.conftest import World

RIGHTS = {"actions": "write", "contents": "write", "workflows": "write", "metadata": "read"}
DEPLOY = "on: { workflow_dispatch: { inputs: { sha: {} } } }\njobs: {}\n"


async def test_a_dispatch_is_known_again_by_its_workflow_and_our_name(world: World, github: GitHubs) -> None:
    (installation,) = world.hub.world.installations.values()
    world.hub.accept_permissions(installation, {**installation.permissions, **RIGHTS})
    client = await github.for_repository(world.repository, RIGHTS)
    for name in ("deploy.yml", "other.yml"):
        data = {"message": name, "content": base64.b64encode(DEPLOY.encode()).decode()}
        await client.put(f"/repos/octo/durations/contents/.github/workflows/{name}", {}, data)
    since = int(world.time.now()) * 1000

    async def known(file: str, actor: str = "forgehand[bot]") -> bool:
        return await was_dispatched(client, world.repository, file, since, actor)

    assert not await known("deploy.yml")
    await dispatch_workflow(client, world.repository, "deploy.yml", "main", {"sha": "abc"})
    (made,) = world.hub.repository("octo/durations").dispatches
    assert await known("deploy.yml")
    assert not await known("deploy.yml", "ann")
    assert not await known("other.yml")
    answer = await client.get("/repos/octo/durations/actions/workflows/deploy.yml/runs")
    with_ref = [run | {"path": f"{made.run.path}@main"} for run in answer["workflow_runs"]]
    world.hub.faults.add(Fault(path="*/runs", status=200, body={**answer, "workflow_runs": with_ref}))
    assert await known("deploy.yml"), "GitHub's own example of an answer has the ref behind the path"
