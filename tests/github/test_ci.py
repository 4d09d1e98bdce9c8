"""CI results: failed check runs, annotations, logs behind a redirect."""

from __future__ import annotations

import pytest

from bot.github.api.access import GitHubs
from bot.github.api.errors import Forbidden
from bot.github.resources import actions, ci
from simhub.workflows import Job
from tests.github.conftest import World

LOG = """2026-01-02T03:04:05.1234567Z ##[group]Run pytest
2026-01-02T03:04:06.1234567Z \x1b[31mE   assert 1 == 2\x1b[0m
2026-01-02T03:04:07.1234567Z ##[error]Process completed with exit code 1.
2026-01-02T03:04:08.1234567Z Cleaning up
"""


async def test_failed_jobs_and_their_logs_are_read(world: World, github: GitHubs) -> None:
    hub, repository = world.hub, world.hub.repository(world.repository.full_name)
    (installation,) = hub.world.installations.values()
    hub.accept_permissions(installation, {**installation.permissions, "actions": "read"})
    sha = await hub.git(repository).resolve("refs/heads/main")
    assert sha is not None
    run = await hub.start_workflow(repository, sha)
    await hub.finish_workflow(run, [Job("test", "failure", LOG), Job("lint")])
    client = await github.for_repository(world.repository, {"checks": "read", "metadata": "read"})
    (failed,) = await ci.failed_checks(client, world.repository, sha)
    assert (failed.name, failed.app, failed.conclusion) == ("test", "github-actions", "failure")
    logs = await github.for_repository(world.repository, {"actions": "read", "metadata": "read"})
    text = await ci.job_log(logs, world.repository, failed)
    assert "E   assert 1 == 2\n##[error]Process completed with exit code 1." in text


async def test_all_jobs_of_a_large_matrix_are_listed(world: World, github: GitHubs) -> None:
    hub, repository = world.hub, world.hub.repository(world.repository.full_name)
    (installation,) = hub.world.installations.values()
    hub.accept_permissions(installation, {**installation.permissions, "actions": "read"})
    sha = await hub.git(repository).resolve("refs/heads/main")
    assert sha is not None
    run = await hub.start_workflow(repository, sha)
    await hub.finish_workflow(run, [*(Job(f"test ({number})") for number in range(100)), Job("last", "failure")])
    client = await github.for_repository(world.repository, {"actions": "read", "metadata": "read"})
    jobs = await actions.list_jobs(client, world.repository, run.id)
    assert (len(jobs), jobs[-1].name, jobs[-1].conclusion) == (101, "last", "failure")


async def test_without_the_permission_there_is_no_log(world: World, github: GitHubs) -> None:
    with pytest.raises(Forbidden):
        await github.for_repository(world.repository, {"actions": "read", "metadata": "read"})
