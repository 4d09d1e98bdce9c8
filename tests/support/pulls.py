"""Pull requests as people make them: commits pushed with real git, opened over REST; and what the bot said of them."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from handlers.review.check_run import CHECK_NAME
from simhub.model import Account, CheckRun, Repository
from tests.support.story import Story

Files = Mapping[str, str | bytes | None]
_WHO = ("-c", "user.name=Mara", "-c", "user.email=mara@example.com", "-c", "core.autocrlf=false")


async def push(
    story: Story,
    branch: str,
    files: Files,
    *,
    onto: str = "main",
    into: Repository | None = None,
    by: Account | None = None,
    message: str = "Change",
    moves: Mapping[str, str] | None = None,
) -> str:
    """Commit to a branch made anew from ``onto`` (a branch or sha), and push it by force; the commit.

    ``files`` maps paths to their new content, None where they are deleted; ``moves`` renames first.
    """
    target, person = into or story.repository, by or story.maintainer
    folder = story.root / f"clone-{target.owner.login}-{target.name}-{branch.replace('/', '-')}"
    shutil.rmtree(folder, ignore_errors=True)
    await _git(story.root, "clone", "--quiet", str(target.path), str(folder))
    await _git(folder, "checkout", "--quiet", "-B", branch, onto if len(onto) == 40 else f"origin/{onto}")
    for old, new in (moves or {}).items():
        (folder / new).parent.mkdir(parents=True, exist_ok=True)
        await _git(folder, "mv", old, new)
    for path, content in files.items():
        _write(folder / path, content)
    await _git(folder, "add", "--all", "--force")
    await _git(folder, *_WHO, "commit", "--quiet", "--allow-empty", "-m", message)
    secret = base64.b64encode(f"x-access-token:{person.token}".encode()).decode()
    url = f"{story.hub.url}/{target.full_name}.git"
    header = ("-c", f"http.extraHeader=Authorization: Basic {secret}")
    await _git(folder, *header, "push", "--quiet", "--force", url, f"HEAD:refs/heads/{branch}")
    return (await _git(folder, "rev-parse", "HEAD")).strip()


async def propose(
    story: Story,
    files: Files,
    *,
    branch: str = "topic",
    title: str = "Change prices",
    body: str = "",
    draft: bool = False,
    moves: Mapping[str, str] | None = None,
    by: Account | None = None,
    fork: Repository | None = None,
) -> int:
    """Push a branch and open a pull request from it, by ``by`` from their ``fork`` where one is given; its number."""
    await push(story, branch, files, into=fork, by=by, moves=moves)
    head = f"{fork.owner.login}:{branch}" if fork is not None else branch
    wanted = {"title": title, "body": body, "head": head, "base": "main", "draft": draft}
    return int((await story.request("POST", "/pulls", wanted, by=by))["number"])


async def pull(story: Story, number: int) -> dict[str, Any]:
    return dict(await story.request("GET", f"/pulls/{number}"))


async def check(story: Story, number: int, sha: str | None = None) -> dict[str, Any] | None:
    """The bot's newest check run on a pull request's head, or on another commit of it."""
    head = sha or (await pull(story, number))["head"]["sha"]
    name = CHECK_NAME.replace(" ", "%20")
    found = await story.request("GET", f"/commits/{head}/check-runs?check_name={name}&filter=all")
    return max(found["check_runs"], key=lambda run: run["id"], default=None)


async def reviewed(story: Story, number: int, *, sha: str | None = None) -> dict[str, Any]:
    """Wait until the newest check run has ended and all that belongs to it is posted; the check run."""

    def look() -> bool:
        newest = max(runs(story, number, sha), key=lambda run: run.id, default=None)
        return newest is not None and newest.status == "completed"

    async def show() -> str:
        return str(await check(story, number, sha))

    await story.until(look, what=f"the review of #{number} has ended", show=show)
    found = await check(story, number, sha)
    assert found is not None
    await story.until(lambda: _told(story, found["external_id"]), what=f"task {found['external_id']} is told")
    return found


def runs(story: Story, number: int, sha: str | None = None) -> list[CheckRun]:
    """Asked of the hub itself: over HTTP every look would cost it some git processes."""
    found = story.repository.issues[number].pull
    assert found is not None
    head = sha or found.head_sha
    suites = [suite for suite in story.repository.suites if suite.head_sha == head]
    return [run for suite in suites for run in suite.runs if run.name == CHECK_NAME]


def _told(story: Story, task: str) -> bool:
    """Return whether the reporter has written its last word.

    A check run that belongs to no task is complete by itself.
    """
    with sqlite3.connect(f"file:{story.root / 'data' / 'forgehand.db'}?mode=ro", uri=True) as database:
        posted = [json.loads(row[0]) for row in database.execute("select posted from fh_task where id = ?", (task,))]
    return not posted or bool(posted[0].get("closed"))


async def remarks(story: Story, number: int) -> list[dict[str, Any]]:
    """The bot's review comments, oldest first."""
    found = await story.request("GET", f"/pulls/{number}/comments?per_page=100")
    return [each for each in found if each["user"]["id"] == story.app.bot_id]


async def reviews(story: Story, number: int) -> list[dict[str, Any]]:
    """The bot's reviews."""
    found = await story.request("GET", f"/pulls/{number}/reviews?per_page=100")
    return [each for each in found if each["user"]["id"] == story.app.bot_id]


def _write(path: Path, content: str | bytes | None) -> None:
    if content is None:
        path.unlink()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


async def _git(cwd: Path, *argv: str) -> str:
    """Off the loop, because the hub that is pushed to serves on it."""
    env = {"PATH": os.environ["PATH"], "HOME": str(cwd), "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    process = await asyncio.create_subprocess_exec(
        "git", *argv, cwd=cwd, env=env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    assert process.returncode == 0, f"git {' '.join(argv)}: {err.decode()}"
    return out.decode()
