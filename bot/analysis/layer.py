"""The static layer: every analyser that fits the changed files, on base and head, in the sandbox, at once."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Mapping, Sequence
from pathlib import Path

from bot.analysis.compare import split_new
from bot.analysis.own import NOT_ALLOWED, run_own
from bot.analysis.records import Analyser, Analysis, NotRun, StaticFinding, ToolRun
from bot.analysis.running import Outcome, run_tool
from bot.analysis.sarif import clean_message
from bot.analysis.staging import Source, read_sources
from bot.analysis.tools import TOOLS
from bot.sandbox.port import Sandbox

_MAX_EVIDENCE = 200
_AT_ONCE = max(2, os.cpu_count() or 1)


async def analyse(
    sandbox: Sandbox,
    base: Path,
    head: Path,
    changed: Mapping[str, frozenset[int]],
    *,
    renamed: Mapping[str, str] | None = None,
    analysers: Mapping[str, Analyser] | None = None,
    run_code: bool = False,
) -> Analysis:
    """Return findings of the head that the base does not have.

    ``base`` and ``head`` are trees that hold at least the changed files; neither is written to. ``changed`` maps each
    path of the head to the numbers of its added lines, ``renamed`` a path of the head to its old one. ``analysers``
    are the policy's own; they run only with ``run_code`` (never for a stranger's fork) and want whole trees.
    Never raises for what an analyser or the code does: that is told in ``not_run``.
    """
    old_names = renamed or {}
    sources, unread = await asyncio.to_thread(read_sources, base, head, changed, old_names)
    gate = asyncio.Semaphore(_AT_ONCE)
    jobs: list[Awaitable[Outcome]] = []
    for tool in TOOLS:
        if fitting := [source for source in sources if tool.reads(source)]:
            jobs.append(_after(gate, run_tool(sandbox, tool, fitting)))
    for name, analyser in (analysers or {}).items():
        if run_code:
            jobs.append(_after(gate, run_own(sandbox, name, analyser, base, head, old_names, len(sources))))
        else:
            jobs.append(_refused(name))
    outcomes = await asyncio.gather(*jobs)
    return await asyncio.to_thread(_sum_up, outcomes, sources, changed, unread)


async def _after(gate: asyncio.Semaphore, job: Awaitable[Outcome]) -> Outcome:
    async with gate:
        return await job


async def _refused(name: str) -> Outcome:
    return Outcome(NotRun(tool=name, reason=NOT_ALLOWED))


def _sum_up(
    outcomes: Sequence[Outcome],
    sources: Sequence[Source],
    changed: Mapping[str, frozenset[int]],
    unread: tuple[str, ...],
) -> Analysis:
    base_lines = {source.path: _lines(source.base or b"") for source in sources}
    head_lines = {source.path: _lines(source.head) for source in sources}
    new, rest = split_new(
        [_within(one, base_lines[one.path]) for outcome in outcomes for one in outcome.base if one.path in base_lines],
        [_within(one, head_lines[one.path]) for outcome in outcomes for one in outcome.head if one.path in head_lines],
        lambda path, line: _line(base_lines[path], line),
        lambda path, line: _line(head_lines[path], line),
        changed,
    )
    listed = [outcome.listed for outcome in outcomes]
    passed_over = [outcome.passed_over for outcome in outcomes]
    return Analysis(
        new=new,
        evidence=rest[:_MAX_EVIDENCE],
        ran=tuple(one for one in listed if isinstance(one, ToolRun)),
        not_run=tuple(_one_line(one) for one in (*listed, *passed_over) if isinstance(one, NotRun)),
        unread=unread,
    )


def _one_line(listed: NotRun) -> NotRun:
    return listed.model_copy(update={"reason": clean_message(listed.reason)})


def _within(finding: StaticFinding, lines: Sequence[str]) -> StaticFinding:
    """Bring a finding behind the last line back to it: where a file ends too early, parsers name the line after."""
    last = max(1, len(lines))
    if finding.end_line <= last:
        return finding
    return finding.model_copy(update={"line": min(finding.line, last), "end_line": last, "columns": None})


def _lines(data: bytes) -> list[str]:
    return data.decode("utf-8", "replace").removesuffix("\n").split("\n")


def _line(lines: Sequence[str], number: int) -> str:
    return lines[number - 1] if number <= len(lines) else ""
