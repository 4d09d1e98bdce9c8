"""Draft the changelog entry for a pull request, and post it."""

from __future__ import annotations

import secrets
from enum import StrEnum

from bot.dispatch.replies import say
from bot.dispatch.spec import Shown, TaskSpec
from bot.engine.port import Ctx, Outcome
from bot.github.api.scopes import READ
from bot.github.resources import pulls
from bot.markdown import code_block
from bot.types import JsonModel
from bot.work.assignment import Assignment
from bot.work.inquiry import Inquiry
from bot.work.origin import Request, TaskInput
from bot.work.prompts import render
from bot.work.results import Ending
from bot.work.services import Services
from bot.work.untrusted import visible, visible_title

NAMES = ("CHANGELOG.md", "CHANGES.md", "HISTORY.md", "NEWS.md", "CHANGELOG.rst", "CHANGES.rst", "NEWS.rst")
_SHOWN = 20_000  # characters of changelog and diff: enough to see the style and what changes for a user


class Stage(StrEnum):
    """Stage that steps report."""

    READ = "read"
    DRAFT = "draft"


class Change(JsonModel):
    """Pull request and its base's changelog; ``path`` is "" for none."""

    nonce: str
    description: str
    sha: str
    diff: str
    path: str
    changelog: str


Job = Assignment[Request[TaskInput]]


async def run(ctx: Ctx, services: Services, request: Request[TaskInput]) -> Outcome:
    """Read the change, have a model draft the entry, post it."""
    policy = await ctx.step("policy", services.policies.load, request.repository, retries=2)
    job = Job(services, ctx.task_id, request, policy, policy.max_dollars("changelog"))
    change = await ctx.step("read", read, job, retries=2)
    entry = await ctx.step("draft", draft, job, change, interruptible=True)
    text = write_entry(change, entry)
    if not request.quiet:
        await ctx.step("post", post, job, text, retries=2)
    ending = Ending(form="document" if entry else None, report=text)
    data = ending.model_dump() | {"answered": True}
    return Outcome(state="done" if entry else "failed", summary="Drafted the entry.", data=data)


async def read(job: Job) -> Change:
    """Read the pull request, its diff, and the start of its base's changelog."""
    await job.stage(Stage.READ, "started")
    client = await job.services.github.for_repository(job.task.repository, READ)
    pull = await pulls.get_pull(client, job.task.repository, job.task.number)
    mirror = await job.fetch_pull(pull.base_branch)
    base = await mirror.merge_base(await mirror.resolve(pull.base_branch), pull.head_sha)
    diff = (await mirror.diff(base, pull.head_sha))[:_SHOWN]
    texts = {name: text[:_SHOWN] for name in NAMES if (text := await mirror.read(base, name)) is not None}
    path = next(iter(texts), "")
    await job.stage(Stage.READ, "done", path or "no changelog yet")
    about = {"description": f"{visible_title(pull.title)}\n\n{visible(pull.body)}", "sha": pull.head_sha, "diff": diff}
    return Change(nonce=secrets.token_hex(8), path=path, changelog=texts.get(path, ""), **about)


async def draft(job: Job, change: Change) -> str:
    """Return the entry as the model drafts it; "" where it gave none."""
    await job.stage(Stage.DRAFT, "started")
    system = render("changelog/system.md.j2", repository=job.task.repository.full_name, nonce=change.nonce)
    inquiry = Inquiry(assignment=job, name="draft", role="cheap", system=system, sha=change.sha, turns=4)
    answer = await inquiry.ask(render("changelog/draft.md.j2", change=change))
    return "" if answer.problem else answer.text.strip()


def write_entry(change: Change, entry: str) -> str:
    """Write the entry, ready to be pasted."""
    where = f"for `{change.path}`" if change.path else "(the repository has no changelog yet)"
    return f"Changelog entry {where}:\n\n{code_block(entry, 'markdown')}" if entry else "The model gave no entry."


async def post(job: Job, text: str) -> None:
    """Post the entry."""
    await say(job.services, job.task.repository, job.task.place, f"{job.task_id}-entry", text)


TASK = TaskSpec(
    name="changelog",
    summary="Drafts the changelog entry for a pull request.",
    details="In the style of the repository's own changelog, from the diff. It is posted as text to paste.",
    examples=(("/changelog", "drafts the entry"),),
    input=TaskInput,
    request=Request[TaskInput],
    run=run,
    subjects=frozenset({"pull", "thread"}),
    shown=Shown.REPLY,
    stages={Stage.READ: "Read the change", Stage.DRAFT: "Draft the entry"},
    outlets=frozenset({"github", "result"}),
)
