"""Read everything that is asked of a pull request."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from bot.change.branches import task_of
from bot.change.pull import brief_of, fetch_ends
from bot.change.stages import Stage
from bot.doors.comments.grammar import begins_with_command
from bot.github.api.client import Client
from bot.github.api.scopes import READ
from bot.github.resources import pulls, threads
from bot.github.resources.pulls import Pull
from bot.github.resources.threads import Thread
from bot.markdown import counted
from bot.store import findings, tasks
from bot.store.findings import StoredFinding
from bot.work.untrusted import visible
from handlers.revise import failed_checks
from handlers.revise.records import Demand, RevisionBrief, RevisionJob

# who may write to the repository, as far as GitHub tells it beside a comment
_TRUSTED = {"OWNER", "MEMBER", "COLLABORATOR"}
_MAX_RAW = 60_000
_MAX_DEMAND = 8_000
_MAX_DEMANDS = 30
_NOTHING_ASKED = (
    "Nothing is asked for: no open thread, no open finding of mine, no failing check. Write what to change."
)


async def read(job: RevisionJob) -> RevisionBrief:
    """Read the pull request, its demands, then those in review threads."""
    await job.stage(Stage.READ, "started")
    task = job.task
    github = await job.services.github.for_repository(task.repository, READ)
    pull = await pulls.get_pull(github, task.repository, task.number)
    ends = await brief_of(job, pull)
    asked = await _collect(job, github)
    failed = await failed_checks.read_demands(job, pull.head_sha) if task.checks else ()
    demands = tuple(
        demand.model_copy(update={"text": visible(demand.text[:_MAX_RAW])[:_MAX_DEMAND], "hunk": demand.hunk[-2_000:]})
        for demand in (*asked, *failed)[:_MAX_DEMANDS]
    )
    ours = ends.pull is not None and ends.pull.ours
    brief = RevisionBrief(
        **dict(ends),
        demands=demands,
        failed=len(failed),
        unverified=ours and await _was_opened_unverified(job, pull),
    )
    if not demands and brief.stop is None:
        brief = brief.model_copy(update={"stop": _NOTHING_ASKED})
    await job.stage(Stage.READ, "failed" if brief.stop else "done", brief.stop or _count(demands))
    return brief


async def fetch(job: RevisionJob, brief: RevisionBrief) -> RevisionBrief:
    """Bring both ends of the pull request into the mirror."""
    return brief.model_copy(update={"pull": await fetch_ends(job, brief)})


async def _was_opened_unverified(job: RevisionJob, pull: Pull) -> bool:
    """Return whether the task that opened our pull request ended unverified."""
    task_id = task_of(pull.head_branch) or ""
    task = await job.services.store.run(tasks.get, task_id)
    return task is not None and task.state == "unverified"


def _count(demands: Sequence[Demand]) -> str:
    """Count demands; a review's own text may ask for nothing."""
    threads = sum(demand.root is not None for demand in demands)
    other = len(demands) - threads
    if not threads:
        return counted(other, "demand")
    return f"{counted(threads, 'comment')} on lines" + (f" and {other} more" if other else "")


async def _collect(job: RevisionJob, github: Client) -> tuple[Demand, ...]:
    """Everything that people and our own reviews ask."""
    task = job.task
    asked = task.demands
    stored = await _read_findings(job) if task.findings else ()
    if task.reviewer or any(demand.root for demand in (*asked, *stored)):
        there = await threads.threads(github, task.repository, task.number)
        bot = (await job.services.github.bot()).login
        known = {task.actor.login, bot}
        asked = tuple(_complete(demand, there, known) for demand in asked)
        open_threads = {thread.id for thread in there if not thread.resolved}
        stored = tuple(_complete(demand, there, known) for demand in stored)
        stored = tuple(demand for demand in stored if demand.thread is None or demand.thread in open_threads)
        mention = bot.removesuffix("[bot]")
        names = job.services.policies.command_names(job.policy)
        waiting = [thread for thread in there if waits(thread, task.reviewer, mention, names)]
        asked = (*asked, *(_ask_as_reviewer(thread, task.reviewer) for thread in waiting))
    return (*asked, *stored)


async def _read_findings(job: RevisionJob) -> tuple[Demand, ...]:
    """Return what our own reviews found and nobody has settled."""
    task = job.task
    stored = await job.services.store.run(findings.list_for_pull, task.repository, task.number)
    bot = await job.services.github.bot()
    return tuple(_ask_for_fix(one, bot.login) for one in stored if one.state in findings.UNSETTLED)


def _ask_for_fix(one: StoredFinding, author: str) -> Demand:
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


def _complete(demand: Demand, there: Sequence[Thread], known: Collection[str]) -> Demand:
    """Complete a demand by what those who may ask said in its thread."""
    thread = next((one for one in there if any(comment.id == demand.root for comment in one.comments)), None)
    if thread is None:
        return demand
    trusted = [one for one in thread.comments if one.author in known or one.association in _TRUSTED]
    said = [f"{one.author}: {one.body}" for one in trusted]
    root = thread.comments[0].id
    return demand.model_copy(update={"thread": thread.id, "root": root, "text": "\n\n".join(said) or demand.text})


def waits(thread: Thread, reviewer: str | None, mention: str, names: Mapping[str, bool]) -> bool:
    """Say whether a thread is open and the reviewer spoke last in it.

    What we have answered is not asked any more. A command is answered by itself.
    """
    last = thread.comments[-1] if thread.comments and not thread.resolved else None
    return last is not None and last.author == reviewer and not begins_with_command(last.body, names, mention)


def _ask_as_reviewer(thread: Thread, reviewer: str | None) -> Demand:
    """Return the reviewer's words since somebody else spoke, for its root."""
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
