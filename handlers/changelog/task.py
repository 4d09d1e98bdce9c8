"""Draft the changelog entry for a pull request, in the repository's style."""

from __future__ import annotations

from bot.dispatch.spec import Button, Doors, Shown, TaskSpec
from bot.engine.port import Ctx, Outcome
from bot.markdown import code_block
from bot.models.port import ModelError
from bot.types import JsonModel
from bot.work.inquiry import Inquiry
from bot.work.origin import TaskInput
from bot.work.prompts import render
from bot.work.services import Services
from handlers.answer.pipeline import begin, reply
from handlers.answer.records import CodeContext, Subject, TalkTask
from handlers.answer.stages import Stage
from handlers.answer.subject import Talk, look, read
from handlers.companions.buttons import ADD_ENTRY

NAMES = ("CHANGELOG.md", "CHANGES.md", "HISTORY.md", "NEWS.md", "CHANGELOG.rst", "CHANGES.rst", "NEWS.rst")
_SHOWN = 20_000  # characters of the changelog: enough to see its style


class Entry(JsonModel):
    """Drafted ``text`` for the changelog at ``path`` ("": there is none)."""

    path: str = ""
    text: str = ""
    problem: str | None = None


async def run(ctx: Ctx, services: Services, task: TalkTask[TaskInput]) -> Outcome:
    """Read the change, have a model draft the entry, answer with it."""
    talk = await begin(ctx, services, "changelog", task)
    subject = await ctx.step("read", read, talk, retries=2)
    code = await ctx.step("look", look, talk, subject, retries=2)
    try:
        entry = await ctx.step("draft", draft, talk, subject, code, interruptible=True)
    except ModelError as error:
        entry = Entry(problem=error.message)
    return await reply(ctx, talk, write_entry(entry), entry.problem, "Drafted the entry.", form="document")


async def draft(talk: Talk, subject: Subject, code: CodeContext) -> Entry:
    """Ask a model for an entry like those in the base's changelog."""
    await talk.stage(Stage.ANSWER, "started")
    mirror = await talk.mirror(subject.sha)
    texts = {name: text for name in NAMES if (text := await mirror.read(code.merge_base or subject.sha, name))}
    path = next(iter(texts), "")
    changelog = texts.get(path, "")[:_SHOWN]
    system = render("changelog/system.md.j2", repository=talk.task.repository.full_name, nonce=subject.nonce)
    prompt = render("changelog/draft.md.j2", subject=subject, code=code, lines=None, path=path, changelog=changelog)
    inquiry = Inquiry(assignment=talk, name="draft", role="cheap", system=system, sha=subject.sha, turns=4)
    answer = await inquiry.ask(prompt)
    await talk.stage(Stage.ANSWER, "failed" if answer.problem else "done", path or "no changelog yet")
    return Entry(path=path, text=answer.text.strip(), problem=answer.problem)


def write_entry(entry: Entry) -> str:
    """Write the entry, ready to be pasted, or why there is none."""
    if entry.problem:
        return f"I could not draft an entry: {entry.problem}\n\nSend the command again to retry."
    where = f"for `{entry.path}`" if entry.path else "(the repository has no changelog yet)"
    return f"Changelog entry {where}:\n\n{code_block(entry.text, 'markdown')}"


TASK = TaskSpec(
    name="changelog",
    summary="Drafts the changelog entry for a pull request.",
    details="In the style of the repository's own changelog, from the diff. It is posted as text to paste.",
    examples=(("/changelog", "drafts the entry"),),
    input=TaskInput,
    request=TalkTask[TaskInput],
    run=run,
    subjects=frozenset({"pull", "thread"}),
    shown=Shown.REPLY,
    doors=Doors(buttons=(Button(ADD_ENTRY, TaskInput()),)),
    stages={Stage.READ: "Read the pull request", Stage.LOOK: "Read the change", Stage.ANSWER: "Draft the entry"},
    outlets=frozenset({"github", "result"}),
)
