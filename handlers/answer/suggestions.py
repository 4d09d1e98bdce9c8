"""Improve: suggestions that code has checked: on lines of the change, applicable, and the file parses afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from bot.edits.syntax import broken_by
from bot.github.api.scopes import REVIEW
from bot.github.resources import reviews
from bot.github.resources.reviews import Overtaken, ReviewComment
from bot.github.text.diffs import FileDiff
from bot.github.text.markers import Marker
from bot.github.text.suggestions import suggestion
from bot.models.port import Tool
from bot.pulls.memory import Memory
from bot.pulls.places import find_place
from bot.pulls.rules import ReviewRules
from bot.work.inquiry import Inquiry
from bot.work.prompts import render
from handlers.answer import subject as reading
from handlers.answer.records import Improved, Looked, Placed, Subject, Suggested
from handlers.answer.repeats import unsaid
from handlers.answer.stages import Stage
from handlers.answer.subject import Talk
from handlers.answer.words import suggestion_text

_TURNS = 10
_STRING = {"type": "string"}
_SUGGESTION = {
    "type": "object",
    "properties": {
        "path": _STRING,
        "line": {"type": "integer"},
        "quote": _STRING,
        "replacement": _STRING,
        "why": _STRING,
    },
    "required": ["path", "line", "quote", "replacement", "why"],
}
IMPROVE = Tool(
    name="improve",
    description="Report the suggestions; this ends your work.",
    parameters={
        "type": "object",
        "properties": {"suggestions": {"type": "array", "items": _SUGGESTION}},
        "required": ["suggestions"],
        "additionalProperties": False,
    },
)


async def improve(talk: Talk, subject: Subject, looked: Looked, memory: Memory) -> Improved:
    """The new suggestions that can be committed, at most as many as reviews may put inline. Raises
    :class:`bot.models.port.ModelError`."""
    await talk.stage(Stage.ANSWER, "started")
    repository, most = talk.task.repository.full_name, max(1, talk.policy.rules(ReviewRules).inline)
    inquiry = Inquiry(
        assignment=talk,
        name="answer",
        role="review",
        system=render("improve/system.md.j2", repository=repository, nonce=subject.nonce, guidelines=looked.guidelines),
        sha=subject.sha,
        answer=IMPROVE,
        turns=_TURNS,
    )
    prompt = render("improve/improve.md.j2", subject=subject, looked=looked, lines=talk.task.lines, most=most)
    answer = await inquiry.ask(prompt)
    if answer.arguments is None:
        return Improved(sha=subject.sha, problem=answer.problem or "the model gave no answer")
    suggested = list(_read(answer.arguments))
    texts = await _texts(talk, looked, {one.path for one in suggested})
    placed = await asyncio.to_thread(lambda: tuple(_distinct(_checked(suggested, texts))))
    new = await asyncio.to_thread(unsaid, memory, placed, {path: text for path, (_, text) in texts.items()})
    await talk.stage(Stage.ANSWER, "done")
    left_out, said = len(suggested) - len(placed), len(placed) - len(new)
    return Improved(sha=subject.sha, placed=new[:most], left_out=left_out, said=said)


async def post(talk: Talk, improved: Improved, body: str) -> str | None:
    """One review with the suggestions, once; why not, where the head has moved or the pull request was closed."""
    task, services = talk.task, talk.services
    github = await services.github.for_repository(task.repository, REVIEW)
    comments = [_comment(talk, one, suggestion_text(one)) for one in improved.placed]
    try:
        await reviews.create_review(
            github,
            task.repository,
            task.number,
            improved.sha,
            services.outgoing(body),
            comments,
            "COMMENT",
            marker=Marker(task=talk.task_id, part="final"),
            bot_id=(await services.github.bot()).id,
        )
    except Overtaken as error:
        return error.message
    await talk.audit(f"improve #{task.number}", allowed=True, reason=f"{len(comments)} suggestions")
    return None


async def _texts(talk: Talk, looked: Looked, paths: set[str]) -> dict[str, tuple[FileDiff, str]]:
    """The changed ones among the files: what changed in them, and their text."""
    diffs = await reading.diffs(talk, looked)
    mirror = await talk.mirror(looked.sha)
    read = {path: await mirror.read(looked.sha, path) for path in paths & set(diffs)}
    return {path: (diffs[path], text) for path, text in read.items() if text is not None}


def _checked(suggested: list[Suggested], texts: Mapping[str, tuple[FileDiff, str]]) -> Iterator[Placed]:
    """Those that stand on lines of the change, apply and parse."""
    for one in suggested:
        if one.path not in texts:
            continue
        diff, text = texts[one.path]
        found = find_place(diff, one.quote, one.line, head=text, base="")
        if found is None or found.anchor is None or found.part is None:
            continue
        anchor = found.anchor
        lines = range(anchor.start_line or anchor.line, anchor.line + 1)
        block = suggestion(anchor, diff, text, one.replacement, quote=found.part or found.quote, broken_by=broken_by)
        if block is not None and diff.added_lines() & set(lines):
            yield Placed(suggested=one, anchor=anchor, block=block)


def _distinct(placed: Iterator[Placed]) -> Iterator[Placed]:
    """One for each line, the first."""
    taken: set[tuple[str, int]] = set()
    for one in placed:
        anchor = one.anchor
        lines = {(anchor.path, line) for line in range(anchor.start_line or anchor.line, anchor.line + 1)}
        if not lines & taken:
            taken |= lines
            yield one


def _read(arguments: Mapping[str, Any]) -> Iterator[Suggested]:
    for item in arguments["suggestions"]:
        try:
            one = Suggested.model_validate(item)
        except ValidationError:
            continue
        yield one.model_copy(update={"path": one.path.removeprefix("./"), "why": one.why.strip()[:600]})


def _comment(talk: Talk, one: Placed, text: str) -> ReviewComment:
    anchor = one.anchor
    return ReviewComment(
        path=anchor.path,
        body=talk.services.outgoing(text),
        line=anchor.line,
        side=anchor.side,
        start_line=anchor.start_line,
        start_side=anchor.start_side,
    )
