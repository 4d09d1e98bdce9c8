"""Issues, labels, roles, pull requests, checks, files and the App's own log, against the hub."""

from __future__ import annotations

import base64

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.github.api.access import GitHubs
from bot.github.api.client import Client, within
from bot.github.api.errors import Invalid, NotFound
from bot.github.resources import app, checks, issues, labels, permissions, pulls, repos, users
from bot.github.text.markers import Marker
from simhub.faults import Fault
from tests.github.conftest import World, set_hook
from tests.github.test_access import new_issue

ALL = {"issues": "write", "pull_requests": "write", "contents": "write", "checks": "write"}


async def test_an_issue_is_read_with_its_labels(world: World, github: GitHubs) -> None:
    client = await github.for_repository(world.repository, ALL)
    number = await new_issue(world, "Minutes are lost", "1h30m is 3600")
    assert await labels.ensure(client, world.repository, "ai-bug-fix", description="x" * 200)
    assert not await labels.ensure(client, world.repository, "ai-bug-fix")
    url = "/repos/{owner}/{repo}/issues/{number}/labels"
    await client.post(url, within(world.repository, number=number), {"labels": ["ai-bug-fix"]})
    issue = await issues.get_issue(client, world.repository, number)
    assert (issue.title, issue.body, issue.state, issue.author) == ("Minutes are lost", "1h30m is 3600", "open", "ann")
    assert issue.labels == ("ai-bug-fix",)
    assert not issue.is_pull
    world.hub.faults.add(Fault(path="*/labels", method="POST", status=422, body={"message": "Validation Failed"}))
    with pytest.raises(Invalid):
        await labels.ensure(client, world.repository, "another")


async def test_reactions_acknowledge_once(world: World, github: GitHubs) -> None:
    client = await github.for_repository(world.repository, ALL)
    number = await new_issue(world)
    comment = await issues.ensure_comment(
        client,
        world.repository,
        number,
        "Hello",
        marker=Marker(task="t", part="final"),
        bot_id=world.credentials.bot_id,
    )
    for _ in range(2):
        await issues.react_to_issue(client, world.repository, number, "eyes")
        await issues.react_to_comment(client, world.repository, comment.id, "rocket")
    theirs = world.hub.repository("octo/durations").issues[number]
    assert [reaction.content for reaction in theirs.reactions] == ["eyes"]
    assert [reaction.content for reaction in theirs.comments[0].reactions] == ["rocket"]


async def test_long_discussions_are_read_to_the_end(world: World, github: GitHubs) -> None:
    client = await github.for_repository(world.repository, ALL)
    number = await new_issue(world)
    world.hub.limits.lift()
    headers = {"authorization": f"token {world.hub.world.accounts['ann'].token}"}
    url = f"{world.hub.api_url}/repos/octo/durations/issues/{number}/comments"
    for count in range(103):
        async with world.session.post(url, json={"body": f"word {count}"}, headers=headers):
            pass
    found = await issues.list_comments(client, world.repository, number)
    assert [comment.body for comment in found] == [f"word {count}" for count in range(103)]


@pytest.mark.parametrize(
    ("role", "base", "writes"),
    [("admin", "admin", True), ("maintain", "write", True), ("write", "write", True), ("triage", "read", False),
     ("read", "read", False), ("none", "none", False)],
)  # fmt: skip
async def test_the_true_role_decides(world: World, github: GitHubs, role: str, base: str, writes: bool) -> None:
    client = await github.for_repository(world.repository, {"metadata": "read"})
    world.hub.set_permission("octo/durations", "ann", role)
    found = await permissions.role_of(client, world.repository, "ann")
    assert found is not None
    assert (found.name, found.base, found.at_least("write")) == (role, base, writes)
    assert await permissions.role_of(client, world.repository, "nobody-of-this-name") is None


def test_a_custom_role_counts_as_its_base() -> None:
    assert permissions.Role(name="release-manager", base="write").at_least("write")
    assert not permissions.Role(name="release-manager", base="write").at_least("maintain")
    assert not permissions.Role(name="strange", base="unheard-of").at_least("read")


async def test_a_pull_request_is_opened_once_and_found_closed(world: World, github: GitHubs) -> None:
    client = await github.for_repository(world.repository, ALL)
    base = await repos.head_sha(client, world.repository, "main")
    head = "forgehand/fix-1-t1"
    await branch_with_a_commit(client, head, base)
    words = {"head": head, "base": "main", "title": "Fix", "body": "Fixes #1."}
    world.hub.faults.add(Fault(path="*/pulls", method="POST", status=502, after=True))
    pull = await pulls.open_pull(client, world.repository, **words, draft=True)
    assert (pull.head_branch, pull.base_branch, pull.draft, pull.state) == (head, "main", True, "open")
    assert not pull.from_fork(world.repository)
    assert not pull.from_fork(world.repository.model_copy(update={"name": "before-it-was-renamed"}))
    assert pull.from_fork(world.repository.model_copy(update={"id": 1})), "a fork has the name that it had"
    assert (await pulls.open_pull(client, world.repository, **words)).number == pull.number
    assert [each.number for each in await pulls.list_open(client, world.repository)] == [pull.number]
    await pulls.update_body(client, world.repository, pull.number, "Fixes #1, at last.")
    url = f"/repos/octo/durations/pulls/{pull.number}"
    closed = await client.patch(url, {}, {"state": "closed"})
    assert (closed["state"], closed["merged"], closed["body"]) == ("closed", False, "Fixes #1, at last.")
    assert (await pulls.open_pull(client, world.repository, **words)).number == pull.number
    assert (await issues.get_issue(client, world.repository, pull.number)).is_pull
    with pytest.raises(Invalid):
        await pulls.open_pull(client, world.repository, **{**words, "head": "no-such-branch"})


async def branch_with_a_commit(client: Client, name: str, base: str) -> None:
    names = {"owner": "octo", "repo": "durations"}
    await client.post("/repos/{owner}/{repo}/git/refs", names, {"ref": f"refs/heads/{name}", "sha": base})
    data = {"message": "Fix", "content": "eCA9IDIK", "branch": name}
    await client.put("/repos/{owner}/{repo}/contents/new.py", names, data)


async def test_a_check_run_is_one_per_external_id(world: World, github: GitHubs) -> None:
    client = await github.for_repository(world.repository, ALL)
    sha = await repos.head_sha(client, world.repository, "main")
    begun = checks.CheckReport(title="Reading", summary="…")
    first = await checks.put_check(client, world.repository, sha, "Forgehand review", "t1", begun)
    assert (first.status, first.conclusion, first.external_id) == ("in_progress", None, "t1")
    done = checks.CheckReport(title="Done", summary="s" * 70_000, conclusion="neutral")
    second = await checks.put_check(client, world.repository, sha, "Forgehand review", "t1", done)
    assert (second.id, second.status, second.conclusion) == (first.id, "completed", "neutral")
    other = await checks.put_check(client, world.repository, sha, "Forgehand review", "t2", begun)
    assert other.id != first.id


async def test_what_a_check_run_says_is_cut_by_bytes(world: World, github: GitHubs) -> None:
    """Of letters that take several bytes GitHub takes fewer, and one note too long would take the rest along."""
    client = await github.for_repository(world.repository, ALL)
    sha = await repos.head_sha(client, world.repository, "main")
    note = checks.Annotation(
        path="parse.py", start_line=1, end_line=1, annotation_level="notice", title="t" * 300, message="ä" * 40_000
    )
    said = checks.CheckReport(title="Gelesen", summary="€" * 30_000, text="é" * 40_000, annotations=(note,))
    run = await checks.put_check(client, world.repository, sha, "Forgehand review", "t1", said)
    names = {"owner": "octo", "repo": "durations", "id": run.id}
    output = (await client.get("/repos/{owner}/{repo}/check-runs/{id}", names))["output"]
    assert (output["summary"], output["text"]) == ("€" * 21_845, "é" * 32_767)
    (shown,) = await client.get("/repos/{owner}/{repo}/check-runs/{id}/annotations", names)
    assert (shown["title"], shown["message"]) == ("t" * 255, "ä" * 32_768)


async def test_a_file_that_cannot_be_read_is_there(world: World, github: GitHubs) -> None:
    client = await github.for_repository(world.repository, ALL)
    for name, content in (("bytes.yml", b"a: \xff"), ("long.yml", b"#" * (2**20 + 1))):
        names = {"owner": "octo", "repo": "durations", "name": name}
        data = {"message": "Add", "content": base64.b64encode(content).decode(), "branch": "main"}
        await client.put("/repos/{owner}/{repo}/contents/{name}", names, data)
        found = await repos.find_file(client, world.repository, name, "main")
        assert found is not None
        assert (found.text, len(found.sha)) == (None, 40)


async def test_files_and_heads_of_branches(world: World, github: GitHubs) -> None:
    client = await github.for_repository(world.repository, {"contents": "read"})
    assert await repos.default_branch(client, world.repository) == "main"
    sha = await repos.head_sha(client, world.repository, "main")
    found = await repos.find_file(client, world.repository, ".github/forgehand.yml", sha)
    assert found is not None
    assert found.text == "fix:\n  label: bug\n"
    folder = await repos.find_file(client, world.repository, ".github", "main")
    assert folder == repos.File(path=".github", sha="", text=None), "there, and not to be read"
    assert await repos.find_file(client, world.repository, "none.yml", "main") is None
    assert await repos.find_head(client, world.repository, "feature/none") is None
    with pytest.raises(NotFound, match="no branch"):
        await repos.head_sha(client, world.repository, "feature/none")


async def test_the_delivery_log_gives_back_what_was_missed(world: World, github: GitHubs) -> None:
    """Do as the sweep: list, pick the failed, read one, request it again."""
    got: list[str] = []

    async def receive(request: web.Request) -> web.Response:
        got.append(request.headers["X-GitHub-Delivery"])
        return web.Response(status=500 if len(got) == 1 else 202)

    server = web.Application()
    server.router.add_post("/webhook", receive)
    async with TestServer(server) as listening:
        await set_hook(github, str(listening.make_url("/webhook")), "secret")
        assert (await app.read_hook(github.app)).url.endswith("/webhook")
        number = await new_issue(world)
        await world.hub.settled()
        log = [each async for each in app.deliveries(github.app) if each.event == "issues"]
        assert [(each.ok, each.action, each.redelivery) for each in log] == [(False, "opened", False)]
        full = await app.read_delivery(github.app, log[0].id)
        assert full.payload["issue"]["number"] == number
        assert full.headers["X-GitHub-Event"] == "issues"
        await app.redeliver(github.app, log[0].id)
        await world.hub.settled()
        assert got == [log[0].guid, log[0].guid]
        assert any(each.ok and each.redelivery for each in [one async for one in app.deliveries(github.app)])


async def test_the_author_line_links_to_the_bot(world: World, github: GitHubs) -> None:
    bot = await github.bot()
    assert users.noreply_email(bot, "https://github.com") == f"{bot.id}+forgehand[bot]@users.noreply.github.com"
    assert [each.repository_selection for each in await app.list_installations(github.app)] == ["selected"]
