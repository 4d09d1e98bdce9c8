"""Fetching and pushing over real HTTP: tokens, leases, refusals, trouble."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.git.changes import Changes
from bot.git.command import Access, run_git
from bot.git.errors import (
    AccessRefused,
    GitError,
    NonFastForward,
    ObjectMissing,
    PushRefused,
    ReadOnly,
    RemoteDown,
    RemoteMoved,
)
from bot.git.mirrors import Author, Mirror, Mirrors
from bot.types import Repository
from simhub import auth
from simhub.faults import Fault
from simhub.hub import Hub
from simhub.model import Token
from tests.git.conftest import git
from tests.support.keys import key_pair

BOT = Author(name="forgehand[bot]", email="1+forgehand[bot]@users.noreply.github.com")
BRANCH = "forgehand/fix-1-t1"


@dataclass
class Setting:
    hub: Hub
    mirror: Mirror
    token: Token

    async def commit(self, text: str, path: str = "src/parse.py") -> str:
        base = await self.mirror.resolve("main")
        return await self.mirror.commit(base, Changes(files={path: text}), "Fix", BOT, 1_700_000_000)

    async def on_server(self, branch: str) -> str:
        return await asyncio.to_thread(git, self.hub.repository("octo/durations").path, "rev-parse", branch)


@pytest.fixture
async def setting(tmp_path: Path, source: Path) -> AsyncIterator[Setting]:
    async with Hub.start(tmp_path / "hub") as hub:
        theirs = hub.create_repository("octo/durations", source=source, private=True)
        app = hub.create_app("forgehand", permissions={"contents": "write"}, key_pair=key_pair())
        installation = hub.install(app, "octo", ["octo/durations"])
        repository = Repository(id=theirs.id, owner="octo", name="durations", installation=installation.id)
        mirror = await Mirrors(tmp_path / "mirrors", hub.url, delays=(0.3, 0.3)).of(repository)
        token = auth.mint(hub.world, installation, {"contents": "write"}, None)
        await mirror.fetch(["main"], token.value)
        yield Setting(hub, mirror, token)


async def test_a_fetched_commit_is_read_changed_and_pushed_once(setting: Setting) -> None:
    mirror, token = setting.mirror, setting.token.value
    assert await mirror.resolve("main") == await setting.on_server("main")
    sha = await setting.commit("fixed\n")
    await mirror.push(sha, BRANCH, token)
    await mirror.push(sha, BRANCH, token)
    assert await setting.on_server(BRANCH) == sha
    await mirror.fetch([sha, f"refs/heads/{BRANCH}", "main"], token)
    with pytest.raises(ObjectMissing):
        await mirror.fetch(["refs/pull/77/head"], token)


async def test_a_lease_never_overwrites_what_others_pushed(setting: Setting, source: Path) -> None:
    mirror, token = setting.mirror, setting.token.value
    ours, theirs = await setting.commit("ours\n"), await setting.commit("theirs\n")
    await mirror.push(theirs, BRANCH, token)
    with pytest.raises(NonFastForward):
        await mirror.push(ours, BRANCH, token)
    with pytest.raises(NonFastForward):
        await mirror.push(ours, BRANCH, token, expect=await mirror.resolve("main"))
    assert await setting.on_server(BRANCH) == theirs
    await mirror.push(ours, BRANCH, token, expect=theirs)
    assert await setting.on_server(BRANCH) == ours
    for name in ("-x", "a..b", "a b", "@{u}"):
        with pytest.raises(GitError):
            await mirror.push(ours, name, token)


async def test_refusals_for_good_are_told_apart(setting: Setting) -> None:
    repository = setting.hub.repository("octo/durations")
    setting.hub.protect(repository, "release")
    setting.hub.add_ruleset(repository, "rules")
    sha = await setting.commit("x\n")
    workflow = await setting.commit("on: push\n", ".github/workflows/ci.yml")
    for branch, commit, reason in (
        ("release", sha, "protected"),
        ("rules", sha, "ruleset"),
        (BRANCH, workflow, "workflows"),
    ):
        with pytest.raises(PushRefused) as caught:
            await setting.mirror.push(commit, branch, setting.token.value)
        assert caught.value.detail("reason") == reason, caught.value.message


async def test_names_of_branches_and_repositories_explain_no_refusal(setting: Setting, tmp_path: Path) -> None:
    hub, mirror, token = setting.hub, setting.mirror, setting.token
    ours, theirs = await setting.commit("ours\n"), await setting.commit("theirs\n")
    before = len(hub.requests)
    for branch in ("GH013-parse", "GH101", "redirect/SSL_x", "gnutls", "early-EOF/GH006"):
        await mirror.push(theirs, branch, token.value)
        with pytest.raises(NonFastForward):
            await mirror.push(ours, branch, token.value)
    posts = [each for each in hub.requests[before:] if each.method == "POST" and "receive" in each.path]
    assert len(posts) == 5, "nothing is tried again as if the server were down"
    hub.add_ruleset(hub.repository("octo/durations"), "non-fast-forward")
    with pytest.raises(PushRefused) as caught:
        await mirror.push(ours, "non-fast-forward", token.value)
    assert caught.value.detail("reason") == "ruleset"
    named = hub.create_repository("octo/redirect", source=mirror.git_dir, private=True)
    there = await Mirrors(tmp_path / "others", hub.url, delays=()).of(
        Repository(id=named.id, owner="octo", name="redirect", installation=1)
    )
    with pytest.raises(AccessRefused):
        await there.fetch(["main"], token.value)


async def test_trouble_that_passes_is_tried_again_and_the_rest_is_told(setting: Setting) -> None:
    mirror, token = setting.mirror, setting.token
    setting.hub.token_lag = 0.2
    token.created = setting.hub.world.clock()
    await mirror.fetch(["main"], token.value)
    setting.hub.faults.add(Fault(path="/octo/durations.git/*", status=502, times=2))
    await mirror.fetch(["main"], token.value)
    setting.hub.faults.add(Fault(path="/octo/durations.git/*", status=500, times=-1))
    with pytest.raises(RemoteDown):
        await mirror.fetch(["main"], token.value)
    setting.hub.faults.clear()
    token.revoked = True
    for refused in (token.value, None):
        with pytest.raises(AccessRefused) as caught:
            await mirror.fetch(["main"], refused)
        assert token.value not in caught.value.message


async def test_a_403_is_lack_of_access_only_where_the_server_says_so(setting: Setting) -> None:
    mirror, token = setting.mirror, setting.token
    for body in (None, {"message": "You have exceeded a secondary rate limit."}):
        limit = setting.hub.faults.add(Fault(path="/octo/durations.git/*", status=403, body=body, times=-1))
        with pytest.raises(RemoteDown) as down:
            await mirror.fetch(["main"], token.value)
        assert down.value.passing
        limit.times = 0
    token.permissions = {"metadata": "read"}
    with pytest.raises(AccessRefused, match="Write access to repository not granted"):
        await mirror.fetch(["main"], token.value)


async def test_a_deleted_branch_never_blocks_the_mirror(setting: Setting) -> None:
    mirror, token, git_dir = setting.mirror, setting.token.value, setting.hub.repository("octo/durations").path
    first = await mirror.resolve("main")
    second = await setting.commit("second\n")
    await mirror.push(second, BRANCH, token)
    for branch, sha in (("release", first), ("release/2", second), ("release", second), ("release/2/a%2Fb", first)):
        for old in (
            await asyncio.to_thread(git, git_dir, "branch", "--list", "release*", "--format=%(refname)")
        ).split():
            await asyncio.to_thread(git, git_dir, "update-ref", "-d", old)
        await asyncio.to_thread(git, git_dir, "update-ref", f"refs/heads/{branch}", sha)
        await mirror.fetch([branch], token)
        assert await mirror.resolve(branch) == sha


async def test_a_branch_in_the_way_is_no_race(setting: Setting) -> None:
    sha = await setting.commit("x\n")
    await setting.mirror.push(sha, "forgehand", setting.token.value)
    before = len(setting.hub.requests)
    for branch in (BRANCH, "forgehand/x"):
        with pytest.raises(PushRefused, match="forgehand leaves no room for") as caught:
            await setting.mirror.push(sha, branch, setting.token.value)
        assert caught.value.detail("reason") == "name"
    posts = [each for each in setting.hub.requests[before:] if each.method == "POST" and "receive" in each.path]
    assert len(posts) <= 2, "it was tried again as if it were busy"  # a request is listed once it is over


async def test_an_archived_repository_is_told_apart_and_not_tried_again(setting: Setting) -> None:
    sha = await setting.commit("x\n")
    setting.hub.archive(setting.hub.repository("octo/durations"))
    before = len(setting.hub.requests)
    with pytest.raises(ReadOnly, match="Unarchive"):
        await setting.mirror.push(sha, BRANCH, setting.token.value)
    assert len(setting.hub.requests) - before <= 2


@dataclass
class Renamed:
    """Knows the old name until it is asked."""

    hub: Hub
    asked: int = 0

    async def name_of(self, repository: Repository, *, ask: bool = False) -> str:
        self.asked += ask
        found = self.hub.world.repository_by_id(repository.id)
        return found.full_name if ask and found else repository.full_name


async def test_a_renamed_repository_is_fetched_and_pushed_at_its_new_address(setting: Setting, tmp_path: Path) -> None:
    theirs = setting.hub.repository("octo/durations")
    repository = Repository(id=theirs.id, owner="octo", name="durations", installation=1)
    names = Renamed(setting.hub)
    mirror = await Mirrors(tmp_path / "others", setting.hub.url, delays=(), names=names).of(repository)
    setting.hub.rename(theirs, "spans")
    await mirror.fetch(["main"], setting.token.value)
    base = await mirror.resolve("main")
    sha = await mirror.commit(base, Changes(files={"x": "x\n"}), "x", BOT, 1_700_000_000)
    await mirror.push(sha, BRANCH, setting.token.value)
    assert names.asked == 1
    assert await asyncio.to_thread(git, theirs.path, "rev-parse", BRANCH) == sha


async def test_a_redirect_does_not_carry_the_token_away(setting: Setting, tmp_path: Path) -> None:
    async with Hub.start(tmp_path / "thief") as thief:
        headers = {"Location": f"{thief.url}/octo/durations.git/info/refs?service=git-upload-pack"}
        setting.hub.faults.add(Fault(path="/octo/durations.git/*", status=301, headers=headers, times=-1))
        with pytest.raises(RemoteMoved, match="renamed"):
            await setting.mirror.fetch(["main"], setting.token.value)
        assert thief.requests == []


async def test_the_token_is_seen_by_no_other_process(setting: Setting, tmp_path: Path) -> None:
    """Neither argv nor any file of the mirror holds it, and git's most talkative trace is scrubbed."""
    token = setting.token.value
    access = Access(setting.hub.url, token)
    trace = {"GIT_TRACE": "1", "GIT_TRACE_CURL": "1", "GIT_TRACE_REDACT": "0"}
    done = await run_git(["ls-remote", setting.mirror.url], cwd=tmp_path, access=access, env=trace)
    assert done.code == 0
    assert "refs/heads/main" in done.text
    assert "Authorization: Basic ***" in done.stderr
    assert token not in done.stderr
    for path in setting.mirror.git_dir.rglob("*"):
        if path.is_file() and "objects" not in path.parts:
            assert token.encode() not in path.read_bytes(), path
    lines: list[str] = []
    async with await asyncio.start_server(lambda *_: None, "127.0.0.1", 0) as silent:
        url = f"http://127.0.0.1:{silent.sockets[0].getsockname()[1]}"
        running = asyncio.create_task(run_git(["ls-remote", f"{url}/a/b.git"], cwd=tmp_path, access=Access(url, token)))
        while not any("ls-remote" in line and url in line for line in lines):
            lines = await asyncio.to_thread(command_lines)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert not any(token in line for line in lines)
    assert not any("Authorization" in line for line in lines if url in line)


def command_lines() -> list[str]:
    """Return what ``ps`` would show of this user's processes."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
            except OSError:
                continue
    return found
