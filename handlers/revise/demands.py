"""Read: the pull request as it is now, and everything that is asked of it."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Collection, Sequence
from functools import partial

from bot.change.job import task_of
from bot.change.localization import style_there
from bot.change.records import Brief, Found
from bot.context import guidelines
from bot.context.index import Index
from bot.github.api.client import Client
from bot.github.api.scopes import READ
from bot.github.resources import pulls, threads
from bot.github.resources.pulls import Pull
from bot.github.resources.threads import Thread
from bot.github.text.diffs import parse_diff
from bot.store import findings, tasks
from bot.store.findings import StoredFinding
from bot.work.inquiry import index
from bot.work.untrusted import visible
from handlers.revise import failed_checks
from handlers.revise.assignment import Revision
from handlers.revise.records import Demand, Wanted

# who may write to the repository, as far as GitHub tells it beside a comment
_TRUSTED = {"OWNER", "MEMBER", "COLLABORATOR"}
_MAX_RAW = 60_000
_MAX_BODY = 12_000
_MAX_DEMAND = 8_000
_MAX_DEMANDS = 30
_MAX_DIFF = 60_000
_TESTS = 12
_PATH = re.compile(r"[\w./-]{1,200}\.\w{1,4}\b")


async def read(revision: Revision) -> Wanted:
    """The pull request and its demands: those of the delivery, then those in review threads."""
    await revision.stage("read", "started")
    task = revision.task
    github = await revision.services.github.for_repository(task.repository, READ)
    pull = await pulls.get_pull(github, task.repository, task.number)
    asked = await _demands(revision, github)
    failed = await failed_checks.demands(revision, pull.head_sha) if task.checks else ()
    demands = (*asked, *failed)
    fork = pull.from_fork(task.repository)
    stop = _stop(pull, demands, None if fork else task.repository.default_branch)
    ours = not fork and pull.author_id == (await revision.services.github.bot()).id
    wanted = Wanted(
        brief=Brief(
            nonce=secrets.token_hex(8),
            number=task.number,
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
        failed=len(failed),
        ours=ours,
        unverified=ours and await _opened_unverified(revision, pull),
    )
    await revision.stage("read", "failed" if stop else "done", stop or _counted(wanted.demands))
    return wanted


async def _opened_unverified(revision: Revision, pull: Pull) -> bool:
    """Whether the task that opened a pull request of ours ended without a verified fix."""
    task_id = task_of(pull.head_branch) or ""
    task = await revision.services.store.run(lambda connection: tasks.get(connection, task_id))
    return task is not None and task.state == "unverified"


def _counted(demands: Sequence[Demand]) -> str:
    """In words that hold before anybody has read them: a review's own text may ask for something or not."""
    threads = sum(demand.root is not None for demand in demands)
    other = len(demands) - threads
    if not threads:
        return f"{other} demand{'' if other == 1 else 's'}"
    return f"{threads} comment{'' if threads == 1 else 's'} on lines" + (f" and {other} more" if other else "")


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
        tests=await asyncio.to_thread(_tests, code, changed, _named_tests(wanted)),
        style=await asyncio.to_thread(style_there, code, [path for path in changed if path in code.files]),
    )


async def existing(revision: Revision, wanted: Wanted) -> tuple[str, ...]:
    """The paths of the base branch where the pull request left it."""
    mirror = await revision.mirror(wanted.merge_base)
    return tuple(entry.path for entry in await mirror.entries(wanted.merge_base))


def _tests(code: Index, changed: tuple[str, ...], named: Sequence[str]) -> tuple[str, ...]:
    own = [path for path in (*named, *changed) if path in code.files and code.files[path].role == "test"]
    near = [test for path in changed if path in code.files for test in code.find_tests(path)]
    return tuple(dict.fromkeys([*own, *near]))[:_TESTS]


def _named_tests(wanted: Wanted) -> list[str]:
    """Files that the demands name, such as those in a failing check's log."""
    return [path for demand in wanted.demands for path in _PATH.findall(demand.text)]


def _stop(pull: Pull, demands: tuple[Demand, ...], default_branch: str | None) -> str | None:
    if pull.state != "open":
        return f"The pull request is {'merged' if pull.merged else 'closed'}, so nothing was changed."
    if pull.head_branch == default_branch:
        return f"The head of this pull request is `{default_branch}` itself, and there I push nothing."
    if not demands:
        return "Nothing is asked for: no open thread, no open finding of mine, no failing check. Write what to change."
    return None


def _cleaned(demand: Demand) -> Demand:
    text = visible(demand.text[:_MAX_RAW])[:_MAX_DEMAND]
    return demand.model_copy(update={"text": text, "hunk": demand.hunk[-2_000:]})


async def _demands(revision: Revision, github: Client) -> tuple[Demand, ...]:
    """Everything that people and our own reviews ask."""
    task, asked = revision.task, revision.task.demands
    stored = await _findings(revision) if task.findings else ()
    if task.reviewer or any(demand.root for demand in (*asked, *stored)):
        there = await threads.threads(github, task.repository, task.number)
        bot = (await revision.services.github.bot()).login
        known = {task.actor.login, bot}
        asked = tuple(_of_thread(demand, there, known) for demand in asked)
        open_threads = {thread.id for thread in there if not thread.resolved}
        stored = tuple(_of_thread(demand, there, known) for demand in stored)
        stored = tuple(demand for demand in stored if demand.thread is None or demand.thread in open_threads)
        mention = bot.removesuffix("[bot]")
        waiting = [thread for thread in there if waits(thread, task.reviewer, mention)]
        asked = (*asked, *(_demand(thread, task.reviewer) for thread in waiting))
    return (*asked, *stored)


async def _findings(revision: Revision) -> tuple[Demand, ...]:
    """What our own reviews of this pull request found and nobody has settled."""
    task = revision.task
    stored = await revision.services.store.run(
        lambda connection: findings.list_for_pull(connection, task.repository.full_name, task.number)
    )
    bot = await revision.services.github.bot()
    return tuple(_found(one, bot.login) for one in stored if one.state in findings.UNSETTLED)


def _found(one: StoredFinding, author: str) -> Demand:
    finding = one.data.get("finding") or one.data
    words = [str(finding.get(key) or "") for key in ("title", "claim", "failing_input")]
    line = finding.get("line")
    return Demand(
        author=author,
        text="\n\n".join(word for word in words if word),
        path=str(finding.get("path") or "") or None,
        line=line if isinstance(line, int) else None,
        hunk=str(finding.get("quote") or ""),
        root=one.comment,
    )


def _of_thread(demand: Demand, there: Sequence[Thread], known: Collection[str]) -> Demand:
    """A demand typed in a thread: what is said there by those who may ask says what is meant."""
    thread = next((one for one in there if any(comment.id == demand.root for comment in one.comments)), None)
    if thread is None:
        return demand
    trusted = [one for one in thread.comments if one.author in known or one.association in _TRUSTED]
    said = [f"{one.author}: {one.body}" for one in trusted]
    root = thread.comments[0].id
    return demand.model_copy(update={"thread": thread.id, "root": root, "text": "\n\n".join(said) or demand.text})


def waits(thread: Thread, reviewer: str | None, mention: str) -> bool:
    """An open thread in which the reviewer spoke last: what we have answered is not asked any more. A command is
    answered by itself."""
    last = thread.comments[-1] if thread.comments and not thread.resolved else None
    command = rf"\s*(?:/[a-z]+(?!\S)|@{re.escape(mention)}\b)"
    return last is not None and last.author == reviewer and re.match(command, last.body) is None


def _demand(thread: Thread, reviewer: str | None) -> Demand:
    """What a thread asks for: the reviewer's words since somebody else spoke. It is answered at its first comment."""
    words: list[str] = []
    for comment in thread.comments:
        words = [*words, comment.body] if comment.author == reviewer else []
    return Demand(
        author=reviewer or "",
        text="\n\n".join(words),
        path=thread.path,
        line=thread.line or thread.original_line,
        thread=thread.id,
        root=thread.comments[0].id,
    )
