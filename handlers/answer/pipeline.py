"""Run the conversations: read, look, ask a model that can only read, answer where it was asked."""

from __future__ import annotations

from typing import Any

from bot.engine.port import Ctx, Outcome
from bot.models.port import ModelError
from bot.pulls.history import recall
from bot.store import reporting
from bot.work.services import Services
from handlers.answer import description, question, suggestions
from handlers.answer import subject as reading
from handlers.answer.records import Answered, Described, Improved, Looked, Spent, Subject, TalkTask
from handlers.answer.subject import Talk
from handlers.answer.words import answer_text, described_text, improved_text


async def run_ask(ctx: Ctx, services: Services, kind: str, task: TalkTask[Any]) -> Outcome:
    """Answer a question once, also where there is no answer to give; ``kind`` is ``ask`` or ``explain``."""
    talk = await begun(ctx, services, kind, task)
    subject, looked = await looked_at(ctx, talk)
    try:
        answered = await ctx.step("answer", question.ask, talk, subject, looked, kind, interruptible=True)
    except ModelError as error:
        answered = Answered(text="", sha=subject.sha, problem=error.message)
    spent = await ctx.step("account", account, talk)
    await ctx.step("post", question.post, talk, answer_text(answered, spent), retries=2)
    return _told(answered.problem, f"Answered, with {answered.linked} places cited.")


async def run_describe(ctx: Ctx, services: Services, task: TalkTask[Any]) -> Outcome:
    """Write our part of the pull request's text, and a word where it was asked."""
    talk = await begun(ctx, services, "describe", task)
    subject, looked = await looked_at(ctx, talk)
    try:
        described = await ctx.step("answer", description.describe, talk, subject, looked, interruptible=True)
    except ModelError as error:
        described = Described(sha=subject.sha, problem=error.message)
    if not described.problem:
        await ctx.step("write", description.write, talk, described, retries=2)
    spent = await ctx.step("account", account, talk)
    await ctx.step("post", question.post, talk, described_text(described, spent), retries=2)
    return _told(described.problem, f"Described {len(described.files)} files.")


async def run_improve(ctx: Ctx, services: Services, task: TalkTask[Any]) -> Outcome:
    """Post one review with suggestions; where there are none, a word where it was asked."""
    talk = await begun(ctx, services, "improve", task)
    subject, looked = await looked_at(ctx, talk)
    memory = await ctx.step("recall", recall, services, task.repository, task.number, subject.author, retries=2)
    try:
        improved = await ctx.step("answer", suggestions.improve, talk, subject, looked, memory, interruptible=True)
    except ModelError as error:
        improved = Improved(sha=subject.sha, problem=error.message)
    spent = await ctx.step("account", account, talk)
    body = improved_text(improved, spent)
    if improved.placed:
        overtaken = await ctx.step("review", suggestions.post, talk, improved, body, retries=2)
        if overtaken is None:
            return _told(None, f"Made {len(improved.placed)} suggestions.")
        improved = Improved(sha=subject.sha, problem=overtaken)
        body = improved_text(improved, spent)
    await ctx.step("post", question.post, talk, body, retries=2)
    return _told(improved.problem, "There was nothing to suggest.")


def _told(problem: str | None, summary: str) -> Outcome:
    """End a task that has said itself how it ended."""
    if problem:
        return Outcome(state="failed", summary=problem, data={"answered": True})
    return Outcome(state="done", summary=summary, data={"answered": True})


async def begun(ctx: Ctx, services: Services, name: str, task: TalkTask[Any]) -> Talk:
    """Load the policy, and return the task with it."""
    policy = await ctx.step("policy", services.policies.load, task.repository, retries=2)
    return Talk(services, ctx.task_id, task, policy, policy.max_dollars(name))


async def looked_at(ctx: Ctx, talk: Talk) -> tuple[Subject, Looked]:
    """Read what is asked, and the code that it is about."""
    subject = await ctx.step("read", reading.read, talk, retries=2)
    return subject, await ctx.step("look", reading.look, talk, subject, retries=2)


async def account(talk: Talk) -> Spent:
    """Return what the task has cost by now."""
    spent = await talk.services.store.run(lambda connection: reporting.sum_spending(connection, talk.task_id))
    return Spent(dollars=spent.dollars, calls=spent.calls)
