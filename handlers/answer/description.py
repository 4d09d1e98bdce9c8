"""Describe a change in the pull request's text, below the author's own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot.github.api.scopes import REVIEW
from bot.github.resources import pulls
from bot.github.text.markers import MAX_BODY
from bot.github.text.outgoing import cap
from bot.github.text.sections import rewritten, section
from bot.models.port import Tool
from bot.work.inquiry import Inquiry
from bot.work.prompts import render
from handlers.answer.records import CodeContext, Description, FileNote, Subject
from handlers.answer.stages import Stage
from handlers.answer.subject import Talk
from handlers.answer.words import write_description

_TURNS = 8
_SECTION = "describe"
_LONGEST = {"title": 120, "summary": 2_000, "change": 300, "diagram": 2_500}
_DIAGRAM = re.compile(r"(?:flowchart (?:TB|TD|BT|RL|LR)|sequenceDiagram)\n[^`]*", re.DOTALL)
# What makes a diagram more than a picture.
_ACTIVE = re.compile(r"\bclick\b|\bhref\b|%%\{|javascript:|https?:|<\w", re.IGNORECASE)


def _make_string(description: str) -> dict[str, Any]:
    return {"type": "string", "description": description}


_FILE = {
    "type": "object",
    "properties": {"path": _make_string("the file"), "change": _make_string("what the change does there")},
    "required": ["path", "change"],
}
DESCRIBE = Tool(
    name="describe",
    description="Report the description; this ends your work.",
    parameters={
        "type": "object",
        "properties": {
            "title": _make_string("what the change does, at most ten words"),
            "summary": _make_string("what is different afterwards"),
            "files": {"type": "array", "items": _FILE},
            "diagram": {"type": ["string", "null"], "description": "a small Mermaid diagram, or null"},
        },
        "required": ["title", "summary", "files"],
        "additionalProperties": False,
    },
)


async def describe(talk: Talk, subject: Subject, code: CodeContext) -> Description:
    """Ask a model to describe the files that really changed."""
    await talk.stage(Stage.ANSWER, "started")
    repository = talk.task.repository.full_name
    inquiry = Inquiry(
        assignment=talk,
        name="answer",
        role="review",
        system=render("describe/system.md.j2", repository=repository, nonce=subject.nonce, guidelines=code.guidelines),
        sha=subject.sha,
        answer=DESCRIBE,
        turns=_TURNS,
    )
    answer = await inquiry.ask(render("describe/describe.md.j2", subject=subject, code=code, lines=None))
    if answer.arguments is None:
        return Description(sha=subject.sha, problem=answer.problem or "the model gave no answer")
    await talk.stage(Stage.ANSWER, "done")
    return _parse(answer.arguments, subject, code)


async def write(talk: Talk, description: Description) -> None:
    """Put our part into the pull request's text, over an earlier one."""
    task = talk.task
    services = talk.services
    github = await services.github.for_repository(task.repository, REVIEW)
    pull = await pulls.get_pull(github, task.repository, task.number)
    body = splice(pull.body, services.outgoing(write_description(description)))
    if body != pull.body:
        await pulls.update_body(github, task.repository, task.number, body)
        await talk.audit(f"describe #{task.number}", allowed=True, reason=f"As @{task.actor.login} asked.")


def splice(body: str, ours: str) -> str:
    """Replace our part or add one at the end; nothing where no room is left."""
    if section(_SECTION, "").split("\n")[0] in body:
        return rewritten(body, _SECTION, ours) or body
    before = f"{body.rstrip()}\n\n" if body.strip() else ""
    room = MAX_BODY - len(before) - len(section(_SECTION, ""))
    return before + section(_SECTION, cap(ours, room))


def _parse(arguments: Mapping[str, Any], subject: Subject, code: CodeContext) -> Description:
    """Read a model's answer; a diagram must be nothing but a picture."""
    told = {
        str(item["path"]).removeprefix("./"): _limit("change", item["change"])
        for item in arguments["files"]
        if isinstance(item, dict) and isinstance(item.get("path"), str) and isinstance(item.get("change"), str)
    }
    notes = tuple(FileNote(file=file, change=told.get(file.path, "")) for file in code.files)
    diagram = str(arguments.get("diagram") or "").strip().removeprefix("```mermaid").strip("`\n ")
    fits = len(diagram) <= _LONGEST["diagram"] and _DIAGRAM.fullmatch(diagram) and not _ACTIVE.search(diagram)
    return Description(
        sha=subject.sha,
        title=_limit("title", arguments["title"]),
        summary=_limit("summary", arguments["summary"]),
        files=notes,
        diagram=diagram if fits else "",
    )


def _limit(key: str, value: object) -> str:
    """Cut a model's text to what its field may hold."""
    return str(value).strip()[: _LONGEST[key]]
