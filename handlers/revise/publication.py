"""Publish: one commit on the pull request's branch, an answer in every thread, one comment that notifies."""

from __future__ import annotations

from bot.change import commits
from bot.change.publication import EVIDENCE
from bot.change.records import GateReport
from bot.git.errors import NonFastForward
from bot.github.api.scopes import OPEN_PULL, READ, RESOLVE_THREADS
from bot.github.resources import pulls, spots, threads
from bot.github.resources.spots import Spot
from bot.github.text.markers import Marker
from bot.github.text.outgoing import outgoing_line
from bot.github.text.sections import rewritten
from bot.store import reporting
from bot.types import JsonModel
from bot.work.locked import unless_locked
from handlers.revise.assignment import Revision
from handlers.revise.records import Revised, RevisionTask, Wanted

_MOVED = (
    "Somebody pushed to the branch while I worked. Nothing of theirs was touched and nothing of mine was pushed; ask "
    "again to build on what is there now."
)
_SUBJECT = 72
# GitHub lets an App resolve a thread only with permission to write contents.


class Sent(JsonModel):
    """The commit that was pushed, or in words why none was."""

    sha: str | None = None
    stop: str = ""


async def push(revision: Revision, wanted: Wanted, report: GateReport, change: str) -> Sent:
    """Commit the tested tree on the head that was read, and push it only if the branch is still there.

    What people pushed meanwhile is never overwritten: then nothing is published.
    """
    await revision.stage("publish", "started")
    task, services = revision.task, revision.services
    github = await services.github.for_repository(task.repository, READ)
    pull = await pulls.get_pull(github, task.repository, task.number)
    if pull.state != "open":
        return Sent(stop="The pull request was closed meanwhile, so nothing was pushed.")
    message = f"{_subject(revision, change)}\n\n{_why(task)}\n"
    try:
        sha = await commits.put(
            revision, report, message, wanted.branch, triggered=task.triggered, expect=report.base_sha
        )
    except NonFastForward:
        return Sent(stop=_MOVED)
    return Sent(sha=sha)


def _why(task: RevisionTask) -> str:
    if task.healing:
        return f"For the failing checks of #{task.number}."
    return f"Asked for in #{task.number} by {task.actor.login}."


def _subject(revision: Revision, change: str) -> str:
    first = outgoing_line(change.split(". ")[0].strip(), secrets=revision.services.settings.secrets)
    return subject(first.rstrip(".") or "Do what was asked")


def subject(text: str) -> str:
    """A line of at most 72 characters for git: cut behind a clause, else behind a word."""
    if len(text) <= _SUBJECT:
        return text
    clause = text[:_SUBJECT].rpartition(", ")[0]
    if len(clause) >= _SUBJECT // 3:
        return clause
    cut = text[: _SUBJECT - 1]
    return f"{cut.rpartition(' ')[0] or cut}…"


async def answer_threads(revision: Revision, evidence: Revised, sha: str) -> int:
    """Say in each thread what became of it, and resolve those that are met; the number of threads answered."""
    task, services = revision.task, revision.services
    github = await services.github.for_repository(task.repository, RESOLVE_THREADS)
    bot = await services.github.bot()
    answered = 0
    for number, (demand, answer) in enumerate(zip(evidence.wanted.demands, evidence.answers, strict=True)):
        if demand.root is None:
            continue
        spot = Spot(kind="review comment", number=task.number, id=demand.root, root=demand.root)
        marker = Marker(task=revision.task_id, part=f"thread-{number}")
        text = services.outgoing(revision.voice.answer(answer, sha))
        with unless_locked("answer a thread"):
            await spots.answer(github, task.repository, spot, text, marker=marker, bot_id=bot.id)
        if answer.met and demand.thread is not None:
            await threads.resolve(github, demand.thread)
        answered += 1
    return answered


async def renew(revision: Revision, evidence: Revised, sha: str) -> bool:
    """Make the evidence in the text of our own pull request that of its new head; whether something was written.

    What people wrote around it stays, and where they took it out nothing is put back.
    """
    task, services = revision.task, revision.services
    github = await services.github.for_repository(task.repository, OPEN_PULL)
    pull = await pulls.get_pull(github, task.repository, task.number)
    body = rewritten(pull.body, EVIDENCE, services.outgoing(revision.voice.evidence(evidence, sha)))
    if body is None or body == pull.body:
        return False
    await pulls.update_pull(github, task.repository, task.number, body=body)
    await revision.audit(f"edit the text of #{task.number}", allowed=True, reason=sha)
    return True


async def account(revision: Revision, evidence: Revised) -> Revised:
    """Add what the task has cost by now; a change kept from an earlier attempt says what it cost there."""
    if evidence.calls:
        return evidence
    spent = await revision.services.store.run(lambda connection: reporting.sum_spending(connection, revision.task_id))
    return evidence.model_copy(update={"dollars": spent.dollars, "calls": spent.calls})
