"""Declare ``/why``: why checks are red, said without a model."""

from __future__ import annotations

from bot.dispatch.spec import Shown, TaskSpec
from bot.engine.port import Ctx, Outcome
from bot.github.api.errors import Forbidden
from bot.github.api.scopes import CHECKS
from bot.github.resources import checks
from bot.github.resources.checks import CheckReport
from bot.markdown import counted
from bot.models.port import ModelError
from bot.work.inquiry import Inquiry
from bot.work.prompts import render
from bot.work.results import Form
from bot.work.services import Services
from handlers.answer.pipeline import begin, reply
from handlers.answer.records import TalkTask
from handlers.why.diagnosis import diagnose
from handlers.why.reading import Inquest, read
from handlers.why.records import Diagnosis, RedCommit, WhyInput
from handlers.why.words import write_diagnosis

_FORM: Form = "document"
_CHECK = "Forgehand why"


async def run(ctx: Ctx, services: Services, task: TalkTask[WhyInput]) -> Outcome:
    """Read the failing jobs, look into the repository, answer."""
    why = await begin(ctx, services, "why", task)
    red = await ctx.step("read", read, why, retries=2)
    if red.stop:
        return await reply(ctx, why, red.stop, None, "Nothing is red.", form=_FORM)
    found = await ctx.step("look", diagnose, why, red, retries=2)
    if task.text.strip():
        try:
            found = await ctx.step("deepen", deepen, why, red, found, interruptible=True)
        except ModelError as error:
            found = found.model_copy(update={"problem": error.message})
    summary = f"Said why {red.sha[:10]} is red." if red.jobs else "Looked for the trace."
    if red.number and not task.quiet:
        await ctx.step("check", show_check, why, red, found, ctx.task_id, retries=2)
    return await reply(ctx, why, write_diagnosis(red, found), None, summary, form=_FORM)


async def show_check(why: Inquest, red: RedCommit, found: Diagnosis, task: str) -> None:
    """Put the diagnosis beside the checks it is about. Safe to repeat."""
    outgoing = why.services.outgoing
    report = CheckReport(
        title=outgoing(f"Why {counted(len(red.jobs), 'check')} failed"),
        summary=outgoing(write_diagnosis(red, found)),
        conclusion="neutral",
    )
    repository = why.task.repository
    github = await why.services.github.for_repository(repository, CHECKS)
    try:
        await checks.put_check(github, repository, red.sha, _CHECK, task, report)
    except Forbidden:
        return  # the answer says it in any case


async def deepen(why: Inquest, red: RedCommit, found: Diagnosis) -> Diagnosis:
    """Ask a model one question about what was found; it decides nothing."""
    await why.stage("deepen", "started")
    await why.mirror(red.sha)
    system = render("why/system.md.j2", repository=why.task.repository.full_name, nonce=red.nonce)
    told = write_diagnosis(red, found)
    prompt = render("why/deeper.md.j2", told=told, question=why.task.text, nonce=red.nonce)
    inquiry = Inquiry(assignment=why, name="deepen", role="cheap", system=system, sha=red.sha, turns=6)
    answer = await inquiry.ask(prompt)
    await why.stage("deepen", "failed" if answer.problem else "done")
    return found.model_copy(update={"deeper": answer.text.strip(), "problem": answer.problem})


TASK = TaskSpec(
    name="why",
    summary="Says why checks are red: what fails, where, since when, and which commits are suspected.",
    details="It reads the failing jobs' logs, the history of the checks and git; no model is asked, so it costs "
    "nothing. On a pull request it looks at its head, on an issue at the stack trace in it, else at the newest red "
    "commit of the default branch. A question behind the command goes deeper, with one call of a model.",
    examples=(
        ("/why", "says why the checks of this pull request failed"),
        ("/why Could the new timeout be the reason?", "the same, and goes into the question"),
    ),
    input=WhyInput,
    request=TalkTask[WhyInput],
    run=run,
    subjects=frozenset({"pull", "thread", "issue", "repository"}),
    shown=Shown.REPLY,
    stages={
        "read": "Read the failing checks",
        "look": "Look into the repository",
        "deepen": "Go into the question",
    },
    outlets=frozenset({"github", "result"}),
)
