"""Run the conversations: read, ask a model, answer where it was asked."""

from __future__ import annotations

from typing import Any

from bot.engine.port import Ctx, Outcome
from bot.models.port import ModelError
from bot.pulls.history import recall
from bot.work.results import Ending, Form
from bot.work.services import Services
from handlers.answer import description, question, suggestions
from handlers.answer import subject as reading
from handlers.answer.records import Answer, Description, Improvements, TalkTask
from handlers.answer.subject import Talk
from handlers.answer.words import (
    write_answer,
    write_description,
    write_description_note,
    write_improvements,
    write_kept_suggestion,
)


async def run_ask(kind: str, ctx: Ctx, services: Services, task: TalkTask[Any]) -> Outcome:
    """Answer an ``ask`` or ``explain`` once, be there an answer or not."""
    talk = await begin(ctx, services, kind, task)
    subject = await ctx.step("read", reading.read, talk, retries=2)
    code = await ctx.step("look", reading.look, talk, subject, retries=2)
    try:
        answer = await ctx.step("answer", question.ask, talk, subject, code, kind, interruptible=True)
    except ModelError as error:
        answer = Answer(text="", sha=subject.sha, problem=error.message)
    cost = await ctx.step("account", talk.cost)
    summary = f"Answered, with {answer.linked} places cited."
    return await reply(ctx, talk, write_answer(answer, cost), answer.problem, summary)


async def run_describe(ctx: Ctx, services: Services, task: TalkTask[Any]) -> Outcome:
    """Write our part of the pull request's text, and say so where asked."""
    talk = await begin(ctx, services, "describe", task)
    subject = await ctx.step("read", reading.read, talk, retries=2)
    code = await ctx.step("look", reading.look, talk, subject, retries=2)
    try:
        described = await ctx.step("answer", description.describe, talk, subject, code, interruptible=True)
    except ModelError as error:
        described = Description(sha=subject.sha, problem=error.message)
    if not described.problem and not task.quiet:
        await ctx.step("write", description.write, talk, described, retries=2)
    cost = await ctx.step("account", talk.cost)
    note = write_description_note(described, cost)
    # What is described stands in the pull request's text, whether or not a locked conversation lets it be said.
    if not task.quiet:
        await ctx.step("post", question.post, talk, note, retries=2)
    text = note if described.problem else write_description(described)
    return _finish(described.problem, f"Described {len(described.files)} files.", "document", text)


async def run_improve(ctx: Ctx, services: Services, task: TalkTask[Any]) -> Outcome:
    """Post one review with suggestions, or answer that there are none."""
    talk = await begin(ctx, services, "improve", task)
    subject = await ctx.step("read", reading.read, talk, retries=2)
    code = await ctx.step("look", reading.look, talk, subject, retries=2)
    memory = await ctx.step("recall", recall, services, task.repository, task.number, subject.author, retries=2)
    try:
        improvements = await ctx.step("answer", suggestions.improve, talk, subject, code, memory, interruptible=True)
    except ModelError as error:
        improvements = Improvements(sha=subject.sha, problem=error.message)
    cost = await ctx.step("account", talk.cost)
    body = write_improvements(improvements, cost)
    whole = "\n\n".join([body, *map(write_kept_suggestion, improvements.placed)])
    if improvements.placed:
        made = f"Made {len(improvements.placed)} suggestions."
        if task.quiet:
            return _finish(None, made, "answer", whole)
        stop = await ctx.step("review", suggestions.post, talk, improvements, body, retries=2)
        if stop is None:
            return _finish(None, made, "answer", whole)
        if stop == question.LOCKED:
            return _keep(whole)
        improvements = Improvements(sha=subject.sha, problem=stop)
        body = write_improvements(improvements, cost)
    return await reply(ctx, talk, body, improvements.problem, "There was nothing to suggest.")


async def reply(ctx: Ctx, talk: Talk, text: str, problem: str | None, summary: str, form: Form = "answer") -> Outcome:
    """Post the answer, unless only the task's result is to hold it."""
    if talk.task.quiet:
        return _finish(problem, summary, form, text)
    posted = await ctx.step("post", question.post, talk, text, retries=2)
    return _keep(text, form) if posted is None else _finish(problem, summary, form, text)


def _keep(text: str, form: Form = "answer") -> Outcome:
    """End with an answer that a locked conversation did not take."""
    data = Ending(form=form, report=text).model_dump() | {"answered": True}
    return Outcome(state="refused", summary=question.LOCKED, data=data)


def _finish(problem: str | None, summary: str, form: Form, text: str) -> Outcome:
    """End a task that has said itself how it ended; its result says it too."""
    data = Ending(form=None if problem else form, report=text).model_dump() | {"answered": True}
    return Outcome(state="failed" if problem else "done", summary=problem or summary, data=data)


async def begin(ctx: Ctx, services: Services, name: str, task: TalkTask[Any]) -> Talk:
    """Load the policy, and return the task with it."""
    policy = await ctx.step("policy", services.policies.load, task.repository, retries=2)
    return Talk(services, ctx.task_id, task, policy, policy.max_dollars(name))
