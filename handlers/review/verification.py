"""Verify each finding with a question of its own.

The verifier sees the claim and the code and must bring a proof. Code decides what its answer is worth: the quote must
be in the file, and the answer must name an input that fails.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from itertools import accumulate, groupby
from typing import Any

from bot.context.languages import language_of
from bot.context.lookup import number_lines
from bot.context.sieve import role_of
from bot.github.text.diffs import FileDiff, Side
from bot.models.port import BudgetExceeded, ModelError, Tool
from bot.models.structured import BOOLEAN, STRING, closed_object
from bot.pulls import diff, excerpts, placeholders, places
from bot.pulls.diff import Review
from bot.pulls.fingerprints import digest
from bot.pulls.places import Place
from bot.pulls.records import Finding, ReviewPlan, Subject, Verdict
from bot.work.inquiry import Inquiry
from bot.work.prompts import render
from handlers.review.background import Background
from handlers.review.sandbox_runs import SandboxRuns, may_run
from handlers.review.stages import Stage

_TURNS = 6
# Characters of diffs: of the finding's own file, and of all others together, which only have to show how it is used.
_MAX_DIFF = 12_000
_MAX_OTHERS = 3_500
_NAMED = 30
_AROUND = 30
# A file of this many lines is shown whole; of a longer one only what surrounds the claim. Tools show the rest.
_WHOLE_FILE = 160
_SAID = 600
# Answers that mean that nothing fails; "none" and "null" may well be inputs.
_NOTHING = re.compile(r"(?:n/?a|nothing|unknown|not applicable|tbd|see above|[-–—.?\s]+)\.?", re.IGNORECASE)

VERDICT = Tool(
    name="verdict",
    description="Say whether the claim holds, and prove it; this ends your work.",
    parameters=closed_object(
        holds=BOOLEAN,
        path={**STRING, "description": "the file of the quote"},
        quote={**STRING, "description": "code copied exactly from it, without line numbers"},
        failing_input=STRING,
        reason=STRING,
    ),
)


def name_step(finding: Finding) -> str:
    """Return the name of a finding's step: another claim is another question."""
    return f"verify-{digest(finding.path, finding.quote, finding.title, finding.claim)[:10]}"


async def verify(
    review: Review, subject: Subject, plan: ReviewPlan, background: Background, turns: asyncio.Lock, finding: Finding
) -> Verdict:
    """Return a model's verdict checked by code; a failure proves nothing."""
    await review.stage(Stage.VERIFY, "started")
    runs = SandboxRuns(review, plan, turns) if may_run(review, subject) else None
    prompt = await _write_prompt(review, subject, plan, background, finding, runs=runs is not None)
    inquiry = Inquiry(
        assignment=review,
        name=name_step(finding),
        role="verify",
        system=render("review/verifier.md.j2", repository=review.task.repository.full_name, nonce=subject.nonce),
        sha=plan.head_sha,
        answer=VERDICT,
        turns=_TURNS,
        max_output=4096,
        run=runs.run if runs is not None else None,
        hide=partial(placeholders.redact, secrets=await diff.read_secrets(review, plan)),
    )
    try:
        answer = await inquiry.ask(prompt)
    except ModelError as error:
        return Verdict(fate="unproved", reason=error.message, short=isinstance(error, BudgetExceeded))
    if answer.arguments is None:
        return Verdict(fate="unproved", reason=answer.problem or "the model gave no answer")
    verdict = await _judge(review, plan, finding, answer.arguments, answer.model)
    if runs is None:
        return verdict
    return verdict.model_copy(update={"tried": runs.done[-1] if runs.done else None, "trouble": runs.trouble})


async def _judge(review: Review, plan: ReviewPlan, finding: Finding, said: Mapping[str, Any], model: str) -> Verdict:
    reason, failing = (" ".join(str(said[key]).split())[:_SAID] for key in ("reason", "failing_input"))
    if said["holds"] is not True:
        return Verdict(fate="refuted", reason=reason, model=model)
    path = str(said["path"]).removeprefix("./")
    quote = str(said["quote"])[:_SAID]
    proof = await _find_proof(review, plan, finding, path, quote)
    if proof is None:
        return Verdict(fate="unproved", reason="the check quoted code that is not in the file", model=model)
    if not failing or _NOTHING.fullmatch(failing):
        return Verdict(fate="unproved", reason="the check named nothing that fails", model=model)
    return Verdict(
        fate="verified",
        reason=reason,
        path=path,
        quote=proof.quote,
        line=proof.first,
        removed=proof.side == "LEFT",
        failing_input=failing,
        model=model,
    )


async def _find_proof(review: Review, plan: ReviewPlan, finding: Finding, path: str, quote: str) -> Place | None:
    """Return where a proof stands near the finding, removed code before it."""
    changed = (await diff.read_changed(review, plan)).get(path)
    line = finding.line if path == finding.path else None
    head = (await diff.read_texts(review, plan, plan.head_sha, [path])).get(path, "")
    if changed is None:
        return places.find_in_text(path, head, quote, line)
    base = ""
    if finding.removed:
        base = (await diff.read_texts(review, plan, plan.merge_base, [changed.old_path])).get(changed.old_path, "")
    side: Side | None = "LEFT" if finding.removed else None
    return places.find_place(changed, quote, line, side, head=head, base=base, exact=True)


async def _write_prompt(
    review: Review, subject: Subject, plan: ReviewPlan, background: Background, finding: Finding, *, runs: bool
) -> str:
    diffs = await diff.read_changed(review, plan)
    head = (await diff.read_texts(review, plan, plan.head_sha, [finding.path])).get(finding.path)
    rows = await asyncio.to_thread(excerpts.render_rows, diffs[finding.path], head)
    others = await asyncio.to_thread(_show_other_diffs, diffs, finding.path)
    shown = _show_own_diff(rows, finding.quote)
    where = f"{finding.path}, about line {finding.line}" if finding.line else finding.path
    failing = f"\nIt is said to fail for: {finding.failing_input}" if finding.failing_input else ""
    return render(
        "review/verify.md.j2",
        nonce=subject.nonce,
        path=finding.path,
        claim=f"{finding.title}\n\n{finding.claim}{failing}\n\nAbout this code ({where}):\n{finding.quote}",
        diff=shown,
        others=others,
        code=_show_around(head or "", finding.line, excerpts.read_numbers(shown)),
        origins=background.origins.get(finding.path, ()),
        checks=background.checks,
        tests=background.tests.get(finding.path, ()),
        results=background.results,
        runs=runs,
    )


def _show_own_diff(rows: Sequence[str], quote: str) -> str:
    """Return the rows of a diff; of a long one, those around a quote."""
    if sum(len(row) + 1 for row in rows) <= _MAX_DIFF:
        return "\n".join(rows)
    first = quote.strip().partition("\n")[0]
    at = next((number for number, row in enumerate(rows) if first in row), 0)
    near = sorted(range(len(rows)), key=lambda number: abs(number - at))
    sizes = accumulate(len(rows[number]) + 1 for number in near)
    kept = sorted(number for number, size in zip(near, sizes, strict=True) if size <= _MAX_DIFF)
    return "\n".join([*(rows[number] for number in kept), f"({len(rows) - len(kept)} more rows are not shown)"])


def _show_other_diffs(diffs: Mapping[str, FileDiff], path: str) -> str:
    """Return other files' diffs as far as there is room, code first."""
    # The rest is only named, and so is all documentation: it decides no claim about code.
    parts: list[str] = []
    left: list[str] = []
    room = _MAX_OTHERS
    roles = {other: role_of(other, is_code=language_of(other) is not None) for other, one in diffs.items() if one.hunks}
    for other in sorted(roles.keys() - {path}, key=lambda other: (roles[other] == "test", other)):
        one = diffs[other]
        part = "\n".join([f"=== {other} ({one.status})", *excerpts.render_rows(one, None)])
        if roles[other] != "docs" and len(part) <= room:
            parts.append(part)
            room -= len(part)
        else:
            left.append(other)
    more = [f"(not shown: {', '.join(left[:_NAMED])})"] if left else []
    return "\n\n".join([*parts, *more])


def _show_around(text: str, line: int | None, shown: Collection[int]) -> str:
    """Return a file's numbered lines, of a long one some, but not ``shown``."""
    lines = text.replace("\r\n", "\n").removesuffix("\n").split("\n")
    first = 1
    last = len(lines)
    if len(lines) > _WHOLE_FILE:
        at = min(line or 1, len(lines))
        first = max(1, at - _AROUND)
        last = min(len(lines), at + _AROUND)
    parts: list[str] = []
    for known, run in groupby(range(first, last + 1), key=shown.__contains__):
        numbers = list(run)
        begin = numbers[0]
        end = numbers[-1]
        parts.append(f"(lines {begin} to {end}: see the diff)" if known else number_lines(lines, begin, end))
    return "\n".join(parts)
