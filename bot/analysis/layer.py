"""Run every analyser that fits the changed files, on base and head."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Mapping, Sequence
from pathlib import Path

from bot.analysis.comparison import split_new
from bot.analysis.policy_analysers import NOT_ALLOWED, run_policy_analyser
from bot.analysis.records import Analyser, Analysis, NotRun, StaticFinding, ToolRun
from bot.analysis.runner import Outcome, run_tool
from bot.analysis.sarif import clean_message
from bot.analysis.staging import Source, read_sources
from bot.analysis.tools import TOOLS, is_unruled
from bot.sandbox.port import Sandbox

# Findings off the changed lines that are kept: more would fill a finder's prompt.
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
    """Analyse the head, and return what the base does not have.

    ``base`` and ``head`` are trees that hold at least the changed files; neither is written to. ``changed`` maps each
    path of the head to the numbers of its added lines, ``renamed`` a path of the head to its old one. ``analysers`` are
    the policy's own; they run only with ``run_code`` (never for a stranger's fork) and need whole trees. Never raises
    for what an analyser or the code does: ``not_run`` says it.
    """
    old_names = renamed or {}
    sources, unread = await asyncio.to_thread(read_sources, base, head, changed, old_names)
    gate = asyncio.Semaphore(_AT_ONCE)
    jobs: list[Awaitable[Outcome]] = []
    for tool in TOOLS:
        if fitting := [source for source in sources if tool.reads(source)]:
            jobs.append(_run_behind(gate, run_tool(sandbox, tool, fitting)))
    refused = [] if run_code else [Outcome(NotRun(tool=name, reason=NOT_ALLOWED)) for name in analysers or {}]
    for name, analyser in (analysers or {}).items() if run_code else ():
        jobs.append(
            _run_behind(gate, run_policy_analyser(sandbox, name, analyser, base, head, old_names, len(sources)))
        )
    outcomes = [*await asyncio.gather(*jobs), *refused]
    return await asyncio.to_thread(_sum_up, outcomes, sources, changed, unread)


async def _run_behind(gate: asyncio.Semaphore, job: Awaitable[Outcome]) -> Outcome:
    async with gate:
        return await job


def _sum_up(
    outcomes: Sequence[Outcome],
    sources: Sequence[Source],
    changed: Mapping[str, frozenset[int]],
    unread: tuple[str, ...],
) -> Analysis:
    base_lines = {source.path: _lines(source.base or b"") for source in sources}
    head_lines = {source.path: _lines(source.head) for source in sources}
    new, rest = split_new(
        [_clamp(one, base_lines[one.path]) for outcome in outcomes for one in outcome.base if one.path in base_lines],
        [_clamp(one, head_lines[one.path]) for outcome in outcomes for one in outcome.head if one.path in head_lines],
        lambda path, line: _line(base_lines[path], line),
        lambda path, line: _line(head_lines[path], line),
        changed,
    )
    listed = [outcome.listed for outcome in outcomes]
    unparsed = [outcome.unparsed for outcome in outcomes]
    return Analysis(
        new=new,
        evidence=rest[:_MAX_EVIDENCE],
        ran=tuple(one for one in listed if isinstance(one, ToolRun)),
        not_run=tuple(
            one.model_copy(update={"reason": clean_message(one.reason)})
            for one in (*listed, *unparsed)
            if isinstance(one, NotRun)
        ),
        unread=unread,
        unruled=tuple(source.path for source in sources if is_unruled(source)),
    )


def _clamp(finding: StaticFinding, lines: Sequence[str]) -> StaticFinding:
    """Move a finding after the last line, where parsers put an early end."""
    last = max(1, len(lines))
    if finding.end_line <= last:
        return finding
    return finding.model_copy(update={"line": min(finding.line, last), "end_line": last, "columns": None})


def _lines(data: bytes) -> list[str]:
    return data.decode("utf-8", "replace").removesuffix("\n").split("\n")


def _line(lines: Sequence[str], number: int) -> str:
    return lines[number - 1] if number <= len(lines) else ""
