"""Settle the findings of a merged pull request, by code alone."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from enum import StrEnum

from bot.dispatch.spec import Doors, Shown, TaskSpec, Writes
from bot.engine.port import Ctx, Outcome
from bot.git.errors import ObjectMissing
from bot.git.mirrors import Mirror
from bot.github.api.scopes import READ
from bot.markdown import counted
from bot.pulls import placeholders
from bot.pulls.history import recall
from bot.pulls.memory import Memory, ReportedFinding
from bot.pulls.outcomes import FindingStatus, Standing, decide_final_state, settle_by_thread
from bot.store import findings
from bot.store.findings import State
from bot.types import Repository
from bot.work.origin import Request, TaskInput
from bot.work.services import Services


class Stage(StrEnum):
    """Stage that steps report."""

    SETTLE = "settle"


class SettleInput(TaskInput):
    """Merged head, and the login of the pull request's author."""

    head_sha: str
    author: str


SettleTask = Request[SettleInput]


async def run(ctx: Ctx, services: Services, request: SettleTask) -> Outcome:
    """Settle what is still open or folded."""
    settled = await ctx.step("settle", settle, services, request, retries=2)
    return Outcome(state="done", summary=f"Settled {counted(settled, 'finding')}.")


async def settle(services: Services, request: SettleTask) -> int:
    """Record how each unsettled finding ended; return how many there were."""
    repository = request.repository
    head_sha = request.input.head_sha
    memory = await recall(services, repository, request.number, request.input.author)
    mirror = await _fetch_mirror(services, repository, request.number, head_sha)
    paths = {one.finding.path for one in memory.unsettled()}
    read = {path: await mirror.read(head_sha, path) for path in sorted(paths)}
    texts = {path: _hide(path, text, memory) for path, text in read.items() if text is not None}

    def decide() -> dict[str, tuple[State, str]]:
        return {one.fingerprint: _decide(one, texts, memory) for one in memory.unsettled()}

    ends = await asyncio.to_thread(decide)
    await services.store.run(findings.settle, repository, request.number, ends)
    return len(ends)


def _hide(path: str, text: str, memory: Memory) -> str:
    """Return the text with the placeholders that stored quotes have."""
    quotes = (one.finding.quote for one in memory.told if one.finding.path == path)
    return placeholders.redact(text, [value for quote in quotes for value in placeholders.restore_values(quote, text)])


def _decide(one: ReportedFinding, texts: Mapping[str, str], memory: Memory) -> tuple[State, str]:
    """Return how a finding ended, and why: by people's words, then by code."""
    state = decide_final_state(one, texts)
    standing: Standing = "gone" if state == "fixed" else "stands"
    checked = settle_by_thread(FindingStatus(told=one, standing=standing), memory)
    return (state, "") if checked.open else (checked.told.state, checked.why)


async def _fetch_mirror(services: Services, repository: Repository, number: int, head_sha: str) -> Mirror:
    """Return the mirror with the merged head, which outlives its branch."""
    mirror = await services.mirrors.of(repository)
    try:
        await mirror.resolve(head_sha)
    except ObjectMissing:
        await mirror.fetch([f"refs/pull/{number}/head"], await services.github.token(repository, READ))
    return mirror


TASK = TaskSpec(
    name="settle",
    summary="Records what became of the findings of a merged pull request.",
    details="Fixed, ignored or disputed: decided by code, from the merged head and from what people said.",
    examples=(),
    input=SettleInput,
    request=SettleTask,
    run=run,
    subjects=frozenset({"pull"}),
    writes=Writes.NOTHING,
    shown=Shown.RESULT,
    doors=Doors(command=False),
    stages={Stage.SETTLE: "Settle the findings"},
)
