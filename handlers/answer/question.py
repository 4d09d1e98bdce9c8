"""Answer a question by an inquiry that only reads."""

from __future__ import annotations

from bot.dispatch.replies import say
from bot.work.inquiry import Inquiry
from bot.work.prompts import render
from bot.work.untrusted import visible
from handlers.answer import citations
from handlers.answer.records import Answer, CodeContext, Subject
from handlers.answer.stages import Stage
from handlers.answer.subject import Talk

_TURNS = 12
_MAX_OUTPUT = 4096
_MOST_FILES = 40
LOCKED = "The conversation is locked, so I could not answer there."


async def ask(talk: Talk, subject: Subject, code: CodeContext, kind: str) -> Answer:
    """Ask a model and link what it cites, or return a ``problem``."""
    await talk.stage(Stage.ANSWER, "started")
    task = talk.task
    prompt = render(f"ask/{kind}.md.j2", subject=subject, code=code, lines=task.lines, question=visible(task.text))
    inquiry = Inquiry(
        assignment=talk,
        name="answer",
        role="review",
        system=render_system(talk, subject, code),
        sha=subject.sha,
        turns=_TURNS,
        max_output=_MAX_OUTPUT,
    )
    answer = await inquiry.ask(prompt)
    if answer.problem:
        return Answer(text="", sha=subject.sha, problem=answer.problem)
    cited = await _link_places(talk, subject.sha, answer.text)
    await talk.stage(Stage.ANSWER, "done")
    return Answer(text=cited.text, sha=subject.sha, linked=cited.linked, dropped=cited.dropped, model=answer.model)


def render_system(talk: Talk, subject: Subject, code: CodeContext) -> str:
    """Render our rules and the repository's guidelines."""
    repository = talk.task.repository.full_name
    return render("ask/system.md.j2", repository=repository, nonce=subject.nonce, guidelines=code.guidelines)


async def post(talk: Talk, text: str) -> int | None:
    """Post the answer once; return its id, None in a locked conversation."""
    task = talk.task
    posted = await say(talk.services, task.repository, task.spot, talk.task_id, text, part="final")
    asked = f"As @{task.actor.login} asked."
    await talk.audit("answer", allowed=posted is not None, reason=asked if posted is not None else LOCKED)
    return posted


async def _link_places(talk: Talk, sha: str, text: str) -> citations.LinkedText:
    """Link the places that an answer names, in a few files at most."""
    mirror = await talk.mirror(sha)
    lengths: dict[str, int] = {}
    for path in sorted(citations.find_paths(text))[:_MOST_FILES]:
        content = await mirror.read(sha, path)
        if content is not None:
            lengths[path] = content.count("\n") + (not content.endswith("\n"))
    known = {entry.path for entry in await mirror.entries(sha)}
    root = f"{talk.services.settings.web_url}/{talk.task.repository.full_name}/blob/{sha}"
    return citations.link_places(
        text, lengths, root, endings={path.rpartition(".")[2] for path in known if "." in path}
    )
