"""Signed commits that GitHub does not take: what is in their way is found, and said."""

from __future__ import annotations

import pytest

from bot.github.api.access import GitHubs
from bot.github.api.client import Client, within
from bot.github.resources import repos
from bot.github.resources.commits import BranchRefused, commit_on_branch
from simhub.faults import Fault
from simhub.model import Rule
from tests.github.conftest import World

BARE = {"message": "Reference update failed", "documentation_url": "https://docs.github.com/rest", "status": "422"}


async def refused(world: World, client: Client, branch: str) -> BranchRefused:
    sha = await repos.head_sha(client, world.repository, "main")
    with pytest.raises(BranchRefused) as caught:
        await commit_on_branch(client, world.repository, branch, sha, (), exists=False)
    return caught.value


@pytest.mark.parametrize("rival", ["forgehand", "forgehand/fix/7/old"])
async def test_a_branch_in_the_way_is_named(world: World, github: GitHubs, rival: str) -> None:
    client = await github.for_repository(world.repository, {"contents": "write", "metadata": "read"})
    sha = await repos.head_sha(client, world.repository, "main")
    url = "/repos/{owner}/{repo}/git/refs"
    await client.post(url, within(world.repository), {"ref": f"refs/heads/{rival}", "sha": sha})
    error = await refused(world, client, "forgehand/fix/7")
    assert error.detail("reason") == "name"
    assert f"The branch {rival} leaves no room" in error.message


async def test_a_rule_that_github_does_not_name_is_named(world: World, github: GitHubs) -> None:
    client = await github.for_repository(world.repository, {"contents": "write", "metadata": "read"})
    world.hub.add_ruleset(world.hub.repository("octo/durations"), "forgehand/**/*", Rule("required_signatures"))
    world.hub.faults.add(Fault(path="*/git/refs", method="POST", status=422, body=BARE))
    error = await refused(world, client, "forgehand/fix-7")
    assert error.detail("reason") == "ruleset"
    assert "Reference update failed. These rules hold for it: required_signatures" in error.message


async def test_a_protected_branch_is_told_as_one(world: World, github: GitHubs) -> None:
    client = await github.for_repository(world.repository, {"contents": "write", "metadata": "read"})
    world.hub.protect(world.hub.repository("octo/durations"), "forgehand/*", allow=())
    error = await refused(world, client, "forgehand/fix-7")
    assert error.detail("reason") == "protected"
    assert "Protected branch update failed" in error.message
