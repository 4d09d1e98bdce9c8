"""Ask: one inquiry with tools that only read; the answer's places in the code are checked before it is posted."""

from __future__ import annotations

from bot.github.resources import reply_targets
from bot.github.text.markers import Marker
from bot.work.inquiry import Inquiry
from bot.work.prompts import render
from bot.work.untrusted import visible
from handlers.answer import citations
from handlers.answer.records import Answered, Looked, Subject
from handlers.answer.stages import Stage
from handlers.answer.subject import Talk

_TURNS = 12
_MAX_OUTPUT = 4096
_MOST_FILES = 40


async def ask(talk: Talk, subject: Subject, looked: Looked, kind: str) -> Answered:
    """The answer with links to what it cites; ``problem`` where there is none. Raises
    :class:`bot.models.port.ModelError`."""
    await talk.stage(Stage.ANSWER, "started")
    task = talk.task
    prompt = render(f"ask/{kind}.md.j2", subject=subject, looked=looked, lines=task.lines, question=visible(task.text))
    inquiry = Inquiry(
        assignment=talk,
        name="answer",
        role="review",
        system=system_text(talk, subject, looked),
        sha=subject.sha,
        turns=_TURNS,
        max_output=_MAX_OUTPUT,
    )
    answer = await inquiry.ask(prompt)
    if answer.problem:
        return Answered(text="", sha=subject.sha, problem=answer.problem)
    cited = await _cited(talk, subject.sha, answer.text)
    await talk.stage(Stage.ANSWER, "done")
    return Answered(text=cited.text, sha=subject.sha, linked=cited.linked, dropped=cited.dropped, model=answer.model)


def system_text(talk: Talk, subject: Subject, looked: Looked) -> str:
    """Our rules and the repository's guidelines."""
    repository = talk.task.repository.full_name
    return render("ask/system.md.j2", repository=repository, nonce=subject.nonce, guidelines=looked.guidelines)


async def post(talk: Talk, text: str) -> int:
    """The answer where the question was typed, once; the comment's id."""
    task, services = talk.task, talk.services
    github = await services.github.for_repository(task.repository, task.spot.permissions)
    marker, bot = Marker(task=talk.task_id, part="final"), await services.github.bot()
    body = services.outgoing(text)
    posted = await reply_targets.answer(github, task.repository, task.spot, body, marker=marker, bot_id=bot.id)
    await talk.audit("answer", allowed=True, reason=f"As @{task.actor.login} asked.")
    return posted


async def _cited(talk: Talk, sha: str, text: str) -> citations.Cited:
    """With the lengths of the files that are named; more than a few are not looked up."""
    mirror = await talk.mirror(sha)
    lengths: dict[str, int] = {}
    for path in sorted(citations.paths_in(text))[:_MOST_FILES]:
        content = await mirror.read(sha, path)
        if content is not None:
            lengths[path] = content.count("\n") + (not content.endswith("\n"))
    known = {entry.path for entry in await mirror.entries(sha)}
    root = f"{talk.services.settings.web_url}/{talk.task.repository.full_name}/blob/{sha}"
    return citations.linked(text, lengths, root, endings={path.rpartition(".")[2] for path in known if "." in path})
