"""Suggest better code, checked by code before it is posted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from bot.edits.syntax import find_syntax_error
from bot.github.api.errors import Locked
from bot.github.api.scopes import REVIEW
from bot.github.resources import reviews
from bot.github.resources.reviews import Overtaken, ReviewComment
from bot.github.text.diffs import FileDiff
from bot.github.text.markers import Marker
from bot.github.text.suggestions import suggestion
from bot.models.port import Tool
from bot.models.structured import INTEGER, STRING, array_of, closed_object
from bot.pulls.memory import Memory
from bot.pulls.places import find_place
from bot.pulls.rules import ReviewRules
from bot.work.inquiry import Inquiry
from bot.work.prompts import render
from handlers.answer import subject as reading
from handlers.answer.question import LOCKED
from handlers.answer.records import CodeContext, Improvements, PlacedSuggestion, Subject, Suggestion
from handlers.answer.repeats import drop_repeats
from handlers.answer.stages import Stage
from handlers.answer.subject import Talk
from handlers.answer.words import write_suggestion

_TURNS = 10
_SUGGESTION = closed_object(path=STRING, line=INTEGER, quote=STRING, replacement=STRING, why=STRING)
IMPROVE = Tool(
    name="improve",
    description="Report the suggestions; this ends your work.",
    parameters=closed_object(suggestions=array_of(_SUGGESTION)),
)


async def improve(talk: Talk, subject: Subject, code: CodeContext, memory: Memory) -> Improvements:
    """Return new suggestions, no more than reviews may put inline."""
    await talk.stage(Stage.ANSWER, "started")
    repository = talk.task.repository.full_name
    most = max(1, talk.policy.rules(ReviewRules).inline)
    inquiry = Inquiry(
        assignment=talk,
        name="answer",
        role="review",
        system=render("improve/system.md.j2", repository=repository, nonce=subject.nonce, guidelines=code.guidelines),
        sha=subject.sha,
        answer=IMPROVE,
        turns=_TURNS,
    )
    prompt = render("improve/improve.md.j2", subject=subject, code=code, lines=talk.task.lines, most=most)
    answer = await inquiry.ask(prompt)
    if answer.arguments is None:
        return Improvements(sha=subject.sha, problem=answer.problem or "the model gave no answer")
    suggested = list(_parse(answer.arguments))
    texts = await _read_texts(talk, code, {one.path for one in suggested})
    placed = await asyncio.to_thread(lambda: tuple(_drop_overlaps(_place(suggested, texts))))
    new = await asyncio.to_thread(drop_repeats, memory, placed, {path: text for path, (_, text) in texts.items()})
    await talk.stage(Stage.ANSWER, "done")
    left_out = len(suggested) - len(placed)
    return Improvements(sha=subject.sha, placed=new[:most], left_out=left_out, said=len(placed) - len(new))


async def post(talk: Talk, improvements: Improvements, body: str) -> str | None:
    """Post one review with the suggestions, or say why it was not."""
    task = talk.task
    services = talk.services
    github = await services.github.for_repository(task.repository, REVIEW)
    comments = [ReviewComment.at(one.anchor, services.outgoing(write_suggestion(one))) for one in improvements.placed]
    try:
        await reviews.create_review(
            github,
            task.repository,
            task.number,
            improvements.sha,
            services.outgoing(body),
            comments,
            "COMMENT",
            marker=Marker(task=talk.task_id, part="final"),
            bot_id=(await services.github.bot()).id,
        )
    except Overtaken as error:
        return error.message
    except Locked:
        return LOCKED
    await talk.audit(f"improve #{task.number}", allowed=True, reason=f"{len(comments)} suggestions")
    return None


async def _read_texts(talk: Talk, code: CodeContext, paths: set[str]) -> dict[str, tuple[FileDiff, str]]:
    """Read the changed ones of the files: their diff and text at the head."""
    diffs = await reading.read_diffs(talk, code)
    mirror = await talk.mirror(code.sha)
    read = {path: await mirror.read(code.sha, path) for path in paths & set(diffs)}
    return {path: (diffs[path], text) for path, text in read.items() if text is not None}


def _place(suggested: list[Suggestion], texts: Mapping[str, tuple[FileDiff, str]]) -> Iterator[PlacedSuggestion]:
    """Yield the suggestions on lines of the change that apply and parse."""
    for one in suggested:
        if one.path not in texts:
            continue
        diff, text = texts[one.path]
        found = find_place(diff, one.quote, one.line, head=text, base="")
        if found is None or found.anchor is None or found.part is None:
            continue
        anchor = found.anchor
        lines = range(anchor.start_line or anchor.line, anchor.line + 1)
        block = suggestion(
            anchor, diff, text, one.replacement, quote=found.part or found.quote, broken_by=find_syntax_error
        )
        if block is not None and diff.added_lines() & set(lines):
            yield PlacedSuggestion(suggested=one, anchor=anchor, block=block)


def _drop_overlaps(placed: Iterator[PlacedSuggestion]) -> Iterator[PlacedSuggestion]:
    """Yield the first suggestion for each line."""
    taken: set[tuple[str, int]] = set()
    for one in placed:
        anchor = one.anchor
        lines = {(anchor.path, line) for line in range(anchor.start_line or anchor.line, anchor.line + 1)}
        if not lines & taken:
            taken |= lines
            yield one


def _parse(arguments: Mapping[str, Any]) -> Iterator[Suggestion]:
    for item in arguments["suggestions"]:
        try:
            one = Suggestion.model_validate(item)
        except ValidationError:
            continue
        yield one.model_copy(update={"path": one.path.removeprefix("./"), "why": one.why.strip()[:600]})
