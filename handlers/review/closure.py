"""What became of the findings of a pull request that was merged: fixed, ignored, disputed. Decided by code."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from bot.git.errors import ObjectMissing
from bot.git.mirrors import Mirror
from bot.github.api.scopes import READ
from bot.pulls import placeholders
from bot.pulls.history import recall
from bot.pulls.memory import FindingStatus, Memory, ReportedFinding, Standing, decide_final_state, settle_by_thread
from bot.store import findings
from bot.store.findings import State
from bot.types import Repository
from bot.work.services import Services


async def end(services: Services, repository: Repository, number: int, head_sha: str, author: str) -> None:
    """Settle what is still open or folded; the second time there is nothing left to settle."""
    where = (repository.full_name, number)
    if not await services.store.run(lambda connection: findings.has_unsettled(connection, *where)):
        return
    memory = await recall(services, repository, number, author)
    mirror = await _mirror(services, repository, number, head_sha)
    paths = {one.finding.path for one in memory.unsettled()}
    read = {path: await mirror.read(head_sha, path) for path in sorted(paths)}
    texts = {path: _hidden(path, text, memory) for path, text in read.items() if text is not None}

    def look() -> dict[str, tuple[State, str]]:
        return {one.fingerprint: _end(one, texts, memory) for one in memory.unsettled()}

    ends = await asyncio.to_thread(look)
    await services.store.run(lambda connection: findings.settle(connection, *where, ends))


def _hidden(path: str, text: str, memory: Memory) -> str:
    """The text as stored quotes have it."""
    quotes = (one.finding.quote for one in memory.told if one.finding.path == path)
    return placeholders.redact(text, [value for quote in quotes for value in placeholders.restore_values(quote, text)])


def _end(one: ReportedFinding, texts: Mapping[str, str], memory: Memory) -> tuple[State, str]:
    """What people said of it counts first, then whether its code was changed."""
    state = decide_final_state(one, texts)
    standing: Standing = "gone" if state == "fixed" else "stands"
    checked = settle_by_thread(FindingStatus(told=one, standing=standing), memory)
    return (state, "") if checked.open else (checked.told.state, checked.why)


async def _mirror(services: Services, repository: Repository, number: int, head_sha: str) -> Mirror:
    """The mirror with the merged head, which outlives its branch."""
    mirror = await services.mirrors.of(repository)
    try:
        await mirror.resolve(head_sha)
    except ObjectMissing:
        await mirror.fetch([f"refs/pull/{number}/head"], await services.github.token(repository, READ))
    return mirror
