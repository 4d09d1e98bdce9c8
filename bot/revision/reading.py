"""Read: the pull request as it is now, and everything that is asked of it."""

from __future__ import annotations

import asyncio
import secrets
from functools import partial

from bot.change.looking import index
from bot.change.reading import READ
from bot.change.records import Brief, Found
from bot.change.untrusted import visible
from bot.context import guidelines
from bot.context.index import Index
from bot.github import pulls, threads
from bot.github.client import Client
from bot.github.diffs import parse_diff
from bot.github.pulls import Pull
from bot.github.threads import Thread
from bot.revision.assignment import Revision
from bot.revision.records import Demand, Wanted

_MAX_RAW = 60_000
_MAX_BODY = 12_000
_MAX_DEMAND = 8_000
_MAX_DEMANDS = 30
_MAX_DIFF = 60_000
_TESTS = 12


async def read(revision: Revision) -> Wanted:
    """The pull request and its demands: those of the delivery, then those in review threads."""
    await revision.stage("read", "started")
    task = revision.task
    github = await revision.services.github.for_repository(task.repository, READ)
    pull = await pulls.get_pull(github, task.repository, task.number)
    demands = (*task.demands, *await _in_threads(revision, github))
    stop = _stop(pull, demands)
    fork = pull.from_fork(task.repository)
    wanted = Wanted(
        brief=Brief(
            nonce=secrets.token_hex(8),
            title=visible(pull.title)[:500],
            body=visible(pull.body[:_MAX_RAW])[:_MAX_BODY],
            base_branch=pull.base_branch,
            base_sha=pull.head_sha,
            stop=stop,
        ),
        branch=pull.head_branch,
        demands=tuple(_cleaned(demand) for demand in demands[:_MAX_DEMANDS]),
        from_fork=fork,
        runs=not fork,
    )
    await revision.stage("read", "failed" if stop else "done", stop or f"{len(wanted.demands)} demands")
    return wanted


async def fetch(revision: Revision, wanted: Wanted) -> Wanted:
    """Bring both ends of the pull request into the mirror; what it changes so far."""
    repository = revision.task.repository
    mirror = await revision.services.mirrors.of(repository)
    token = await revision.services.github.token(repository, READ)
    await mirror.fetch([wanted.brief.base_branch, f"refs/pull/{revision.task.number}/head"], token)
    mirror = await revision.mirror(wanted.brief.base_sha)
    merge_base = await mirror.merge_base(await mirror.resolve(wanted.brief.base_branch), wanted.brief.base_sha)
    diff = await mirror.diff(merge_base, wanted.brief.base_sha)
    return wanted.model_copy(update={"merge_base": merge_base, "diff": diff[:_MAX_DIFF]})


async def find(revision: Revision, wanted: Wanted) -> Found:
    """What the pull request changes, the guidelines that hold there (base branch), and the tests around it."""
    code = await index(revision, wanted.brief.base_sha)
    changed = tuple(file.path for file in await asyncio.to_thread(parse_diff, wanted.diff))
    mirror = await revision.mirror(wanted.merge_base)
    return Found(
        files=changed,
        windows="",
        guidelines=await guidelines.collect(partial(mirror.read, wanted.merge_base), code.paths, changed),
        tests=await asyncio.to_thread(_tests, code, changed),
    )


async def existing(revision: Revision, wanted: Wanted) -> tuple[str, ...]:
    """The paths of the base branch where the pull request left it."""
    mirror = await revision.mirror(wanted.merge_base)
    return tuple(entry.path for entry in await mirror.entries(wanted.merge_base))


def _tests(code: Index, changed: tuple[str, ...]) -> tuple[str, ...]:
    own = [path for path in changed if path in code.files and code.files[path].role == "test"]
    near = [test for path in changed if path in code.files for test in code.tests_for(path)]
    return tuple(dict.fromkeys([*own, *near]))[:_TESTS]


def _stop(pull: Pull, demands: tuple[Demand, ...]) -> str | None:
    if pull.state != "open":
        return f"The pull request is {'merged' if pull.merged else 'closed'}, so nothing was changed."
    if not demands:
        return "Nothing was asked: neither the review nor its comments say what to change."
    return None


def _cleaned(demand: Demand) -> Demand:
    text = visible(demand.text[:_MAX_RAW])[:_MAX_DEMAND]
    return demand.model_copy(update={"text": text, "hunk": demand.hunk[-2_000:]})


async def _in_threads(revision: Revision, github: Client) -> tuple[Demand, ...]:
    """The open threads in which the reviewer spoke last: what we have answered is not asked any more."""
    task = revision.task
    if task.reviewer is None:
        return ()
    found = await threads.threads(github, task.repository, task.number)
    waiting = [one for one in found if not one.resolved and one.comments and one.comments[-1].author == task.reviewer]
    return tuple(_demand(thread, task.reviewer) for thread in waiting)


def _demand(thread: Thread, reviewer: str) -> Demand:
    """What a thread asks for: the reviewer's words since somebody else spoke. It is answered at its first comment."""
    words: list[str] = []
    for comment in thread.comments:
        words = [*words, comment.body] if comment.author == reviewer else []
    return Demand(
        author=reviewer,
        text="\n\n".join(words),
        path=thread.path,
        line=thread.line or thread.original_line,
        thread=thread.id,
        root=thread.comments[0].id,
    )
