"""Ask a model to find what is wrong, once for each reading."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, get_args

from pydantic import ValidationError

from bot.analysis.records import Analysis
from bot.github.text.diffs import FileDiff
from bot.models.port import BudgetExceeded, ModelError, Tool
from bot.models.structured import array_of, closed_object
from bot.pulls import diff as change
from bot.pulls import excerpts, placeholders
from bot.pulls.diff import Review
from bot.pulls.records import (
    CONCERNS,
    SEVERITIES,
    Concern,
    Finding,
    Part,
    Reading,
    ReadingResult,
    ReviewPlan,
    Severity,
    Subject,
)
from bot.pulls.rules import ReviewRules
from bot.work.inquiry import Inquiry
from bot.work.prompts import render
from handlers.review.stages import Stage

_TURNS = 10
_MOST = 12
_LISTED = 150
_EVIDENCE = 40
_LONGEST = {"title": 200, "claim": 1500, "failing_input": 600, "quote": 4000, "suggestion": 6000, "path": 1000}
_ABOUT: dict[Concern, str] = {
    "correctness": "Wrong results, crashes, lost or corrupted data, races, missed cases, broken callers, broken"
    " promises to users of an API, what the issue asks for and the change does not do.",
    "security": "What an attacker can reach: injection, missing checks of permission, secrets, unsafe parsing.",
    "performance": "Work that grows with the data where it need not: queries in loops, unbounded memory, lost indexes.",
    "tests": "Tests that pass though the code is wrong; changed behaviour that matters and that no test would notice.",
    "docs": "Documentation, comments and messages that this change makes false, and changes of a public API that say"
    " nothing of it.",
}


_TEXT: dict[str, Any] = {"type": "string"}
# What the prompt explains is not explained again: tools are sent with every request.
_FINDING: dict[str, Any] = {
    "type": "object",
    "properties": {
        "path": _TEXT,
        "quote": _TEXT,
        "line": {"type": "integer", "description": "number of the quote's first line"},
        "removed": {"type": "boolean", "description": "true where the quoted lines are removed ones"},
        "severity": {"type": "string", "enum": list(get_args(Severity))},
        "concern": {"type": "string", "enum": list(CONCERNS)},
        "title": _TEXT,
        "claim": _TEXT,
        "failing_input": _TEXT,
        "suggestion": {"type": ["string", "null"]},
    },
    "required": ["path", "quote", "line", "severity", "concern", "title", "claim", "failing_input"],
}
_FILE = {"type": "object", "properties": {"path": _TEXT, "change": _TEXT}, "required": ["path", "change"]}
REPORT = Tool(
    name="report",
    description="Say what is wrong with your part of the change; this ends your work.",
    parameters=closed_object(findings=array_of(_FINDING), files=array_of(_FILE)),
)


async def find(
    review: Review,
    subject: Subject,
    plan: ReviewPlan,
    reading: Reading,
    static: Analysis,
    hear: Callable[[Sequence[Finding]], None] | None = None,
) -> ReadingResult:
    """Return one reader's findings; a failing model is only a problem.

    ``hear`` is told again and again of those that are whole while the answer is written.
    """

    def listen(name: str, arguments: dict[str, Any]) -> None:
        if hear is not None and name == REPORT.name and isinstance(arguments.get("findings"), list):
            hear(_parse_findings(arguments["findings"]))

    await review.stage(Stage.FIND, "started")
    shared = await _show_reading(review, subject, plan, reading, static)
    about = " ".join(_ABOUT[concern] for concern in reading.concerns)
    question = render("review/find.md.j2", concerns=reading.concerns, about=about, severities=SEVERITIES)
    try:
        inquiry = Inquiry(
            assignment=review,
            name=reading.name,
            role="review",
            system=render_system(review, subject, plan),
            sha=plan.head_sha,
            answer=REPORT,
            turns=_TURNS,
            hide=partial(placeholders.redact, secrets=await change.read_secrets(review, plan)),
            hear=None if hear is None else listen,
        )
        answer = await inquiry.ask(question, shared)
    except ModelError as error:
        return ReadingResult(problem=error.message, short=isinstance(error, BudgetExceeded))
    if answer.arguments is None:
        return ReadingResult(problem=answer.problem or "the model gave no answer")
    return parse_answer(answer.arguments, reading, answer.model)


def render_system(review: Review, subject: Subject, plan: ReviewPlan) -> str:
    """Render our rules and the repository's guidelines."""
    return render(
        "review/system.md.j2",
        repository=review.task.repository.full_name,
        nonce=subject.nonce,
        guidelines=plan.guidelines,
    )


async def _show_reading(review: Review, subject: Subject, plan: ReviewPlan, reading: Reading, static: Analysis) -> str:
    """Write what all readers of the same parts are shown."""
    diffs = await change.read_changed(review, plan)
    heads = await change.read_texts(review, plan, plan.head_sha, reading.paths)
    shown = await asyncio.to_thread(_show_parts, diffs, heads, reading.parts)
    instructions = [
        (path, text) for path in reading.paths for text in review.policy.rules(ReviewRules).instructions_for(path)
    ]
    return render(
        "review/part.md.j2",
        subject=subject,
        listing=_list_files(plan),
        instructions=instructions,
        evidence="\n".join(select_evidence(static, diffs, reading)),
        diff=shown,
    )


def select_evidence(static: Analysis, diffs: Mapping[str, FileDiff], reading: Reading) -> list[str]:
    """Return what tools say about the files of a reading.

    That is what is new, and what was there before where it is shown. An old finding elsewhere in a file is nobody's
    concern in a review, and costs as much as one that is.
    """
    hunks = {path: diffs[path].hunks for path in reading.paths if path in diffs}
    shown = {path: [(one.new_start, one.new_start + one.new_count) for one in found] for path, found in hunks.items()}
    new = [item for item in static.new if item.path in reading.paths]
    old = (item for item in static.evidence if item.path in shown)
    near = [item for item in old if any(first <= item.line < end for first, end in shown[item.path])]
    about = dict.fromkeys((*new, *near))
    return [f"{item.path}:{item.line} {item.tool} {item.rule}: {item.message}" for item in about][:_EVIDENCE]


def _list_files(plan: ReviewPlan) -> str:
    lines = [
        f"{file.path} ({file.status}, +{file.added} -{file.removed}{', not read' if file.left_out else ''})"
        for file in plan.files
    ]
    more = len(lines) - _LISTED
    return "\n".join([*lines[:_LISTED], *([f"({more} more)"] if more > 0 else [])])


_KINDS = {"120000": ", a symlink", "160000": ", a submodule", "100755": ", executable"}


def _show_parts(diffs: Mapping[str, Any], heads: Mapping[str, str], parts: Sequence[Part]) -> str:
    pieces = []
    for part in parts:
        diff = diffs[part.path]
        moved = f", was {diff.old_path}" if diff.old_path != diff.path else ""
        rows = excerpts.render_rows(diff, heads.get(part.path))[part.start : part.end]
        kind = _KINDS.get(diff.mode, "")
        pieces.append(f"=== {part.path} ({diff.status}{moved}{kind})\n" + "\n".join(rows))
    return "\n\n".join(pieces)


def parse_answer(arguments: Mapping[str, Any], reading: Reading, model: str) -> ReadingResult:
    """Read an answer's well-formed findings in the files it was asked about."""
    said = arguments["findings"][:_MOST]
    findings = _parse_findings(said)
    changes = {
        str(item.get("path")): " ".join(str(item.get("change") or "").split())[:300]
        for item in arguments["files"]
        if isinstance(item, dict) and item.get("path") in reading.paths
    }
    beyond = max(0, len(arguments["findings"]) - _MOST)
    unusable = len(said) - len(findings)
    return ReadingResult(findings=findings, changes=changes, unusable=unusable, beyond=beyond, model=model)


def _parse_findings(said: Sequence[object]) -> tuple[Finding, ...]:
    return tuple(finding for item in said[:_MOST] if (finding := _parse_finding(item)) is not None)


def _parse_finding(item: object) -> Finding | None:
    if not isinstance(item, dict):
        return None
    known = {key: item[key] for key in _FINDING["properties"] if key in item}
    for key, length in _LONGEST.items():
        if isinstance(known.get(key), str):
            known[key] = known[key][:length]
    try:
        return Finding.model_validate(known)
    except ValidationError:
        return None
