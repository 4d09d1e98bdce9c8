"""Host a local checkout on a simulated GitHub, with a bot of its own.

What is asked of that bot is done as on GitHub, with the user's own model.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from bot.doors.api.tokens import make_token
from bot.git.command import run_git
from bot.local.hosting import LocalError, LocalRun, local_run, work_folder
from bot.local.tier import tier_environment
from bot.settings import load_settings
from bot.store import tokens
from bot.store.database import now_ms
from bot.store.tokens import NewToken
from bot.types import Actor, T

_DAY_MS = 24 * 3_600_000
_BASES = ("main", "master")
_UNUSUAL = re.compile(r"[^A-Za-z0-9._-]")
_LONGEST_NAME = 100


class Draft(NamedTuple):
    """An issue or pull request to be filed.

    ``kind`` is ``issues`` or ``pulls``. ``since`` is what a change that comes of it is compared with.
    """

    kind: str
    fields: Mapping[str, str]
    since: str


@asynccontextmanager
async def hosted(
    repo: Path, *, checks: Mapping[str, Any], trust: bool, say: Callable[[str], None]
) -> AsyncIterator[LocalRun]:
    """Host the checkout's HEAD and start a bot; it has nothing to do yet.

    ``checks`` are those of its settings that are given here. The App is not installed before :meth:`LocalRun.install`.
    """
    await _look_at(repo, say)
    settings = load_settings()
    environment = {
        "FORGEHAND_CHECKS": settings.checks.model_copy(update=dict(checks)).model_dump_json(exclude_unset=True),
        **await tier_environment(say, trust=trust),
    }
    with work_folder("run") as folder:
        name = f"local/{_repository_name(repo)}"
        async with local_run(folder, name=name, source=repo, shared=True, port=0, environment=environment) as local:
            yield local


def read_issue(text: str, source: str) -> Draft:
    """Read an issue: the title in the first line, the body below.

    Raises :class:`LocalError`, naming its ``source``, where it is empty.
    """
    title, _, body = text.strip().partition("\n")
    if not title:
        raise LocalError(f"{source} is empty: put the issue's title in the first line and its text below.")
    return Draft("issues", {"title": title.strip(), "body": body.strip()}, since="HEAD")


async def read_pull(repo: Path, branch: str) -> Draft:
    """Read a pull request: a branch, described by its last commit.

    ``branch`` may be ``BASE..BRANCH``. Else its base is the branch that is checked out, or ``main`` if that is the one.
    Raises :class:`LocalError` where there is no such branch or base.
    """
    base, dots, head = branch.rpartition("..")
    if not dots:
        base = await _find_base(repo, head)
    for name in (base, head):
        if not await _has_branch(repo, name):
            raise LocalError(f"{repo} has no branch {name}.")
    message = await run_git(["-C", str(repo), "log", "-1", "--format=%s%n%b", f"refs/heads/{head}", "--"], cwd=repo)
    title, _, body = message.text.partition("\n")
    return Draft("pulls", {"title": title or head, "body": body.strip(), "head": head, "base": base}, since=head)


async def file(local: LocalRun, draft: Draft) -> int:
    """File an issue or pull request and return its number."""
    made = await local.request("POST", f"/repos/{local.repository.full_name}/{draft.kind}", draft.fields)
    return int(made["number"])


async def _find_base(repo: Path, branch: str) -> str:
    """Return the branch to compare with.

    Raises :class:`LocalError` where it has to be told.
    """
    current = (await run_git(["-C", str(repo), "branch", "--show-current"], cwd=repo)).text.strip()
    for name in (current, *_BASES):
        if name and name != branch and await _has_branch(repo, name):
            return name
    raise LocalError(f"Which branch should {branch} be compared with? Write BASE..{branch}.")


async def _has_branch(repo: Path, name: str) -> bool:
    command = ["-C", str(repo), "rev-parse", "--verify", "--quiet", f"refs/heads/{name}^{{commit}}"]
    return (await run_git(command, cwd=repo)).code == 0


async def make_key(local: LocalRun) -> str:
    """Make a token of the bot's API for the person it works for."""
    token = make_token()
    new = NewToken(
        hash=token.digest,
        prefix=token.prefix,
        name="forgehand run",
        account=Actor(login=local.person.login, id=local.person.id),
        scopes=("read", "run"),
        expires=now_ms() + _DAY_MS,
    )
    await local.store.run(tokens.add, new)
    return token.text


async def while_alive(local: LocalRun, work: Coroutine[Any, Any, T]) -> T:
    """Do the work, or raise :class:`LocalError` where the bot ends before."""
    working = asyncio.create_task(work)
    ended = asyncio.create_task(local.bot.wait())
    try:
        await asyncio.wait({working, ended}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise LocalError(f"The bot ended (exit code {local.bot.returncode}). {local.log_tail()}")
    finally:
        for each in (working, ended):
            each.cancel()
        await asyncio.gather(working, ended, return_exceptions=True)


async def bring_home(local: LocalRun, repo: Path, branch: str) -> str:
    """Fetch a branch into the checkout and return its name there.

    Nothing else in the checkout changes: a branch that it has already stays as it is, and what comes is named
    ``forgehand/...``.
    """
    name = f"forgehand/{branch}" if await _has_branch(repo, branch) else branch
    source = f"{local.hub.url}/{local.repository.full_name}.git"
    wanted = f"+refs/heads/{branch}:refs/heads/{name}"
    done = await run_git(["-C", str(repo), "fetch", "--quiet", source, wanted], cwd=repo)
    if done.code:
        raise LocalError(f"The branch {branch} could not be fetched into {repo}:\n{done.stderr}")
    return name


async def read_diff(repo: Path, since: str, branch: str) -> str:
    """Return what a branch of the checkout changed since another."""
    return (await run_git(["-C", str(repo), "diff", "--no-ext-diff", f"{since}...{branch}", "--"], cwd=repo)).text


async def _look_at(repo: Path, say: Callable[[str], None]) -> None:
    """Check that the checkout has a commit; name what is not committed.

    Only HEAD is worked on.
    """
    head = await run_git(["-C", str(repo), "rev-parse", "--verify", "--quiet", "HEAD"], cwd=repo)
    if head.code:
        raise LocalError(f"{repo} is not a git checkout with a commit. Give --repo the folder of one.")
    status = await run_git(["-C", str(repo), "status", "--porcelain"], cwd=repo)
    changed = [line[3:] for line in status.text.splitlines()]
    if changed:
        names = ", ".join(changed[:5]) + (f" and {len(changed) - 5} more" if len(changed) > 5 else "")
        say(f"Not committed, so ignored: {names}")


def _repository_name(repo: Path) -> str:
    """Return a name as GitHub's are."""
    kept = _UNUSUAL.sub("-", repo.resolve().name)[:_LONGEST_NAME]
    return kept.strip(".-") or "project"
