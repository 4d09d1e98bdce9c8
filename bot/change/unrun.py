"""Count which changed lines no test ran: evidence for people, of which no verdict hangs."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any

from bot.change.recipe import Job
from bot.change.records import Baseline, GateReport, Proof, Unrun
from bot.github.text.diffs import parse_diff
from bot.markdown import duration
from bot.sandbox.port import Limits, SandboxError
from bot.toolchains.port import Hits, TestRun, ToolchainError

_REASON = 300
_MOST_SECONDS = 120  # of the gates' run: a longer one is not made once more for this
_WORD = re.compile(r"\w")


async def count_unrun(job: Job[Any], base: Baseline, proof: Proof | None, report: GateReport) -> Unrun:
    """Run the tests of the gates once more, and count lines.

    Nothing is run where no changed line outside of tests can be counted, where the gates did not run all tests, or
    where it would take long. Nothing is claimed where a test does not pass as it did: it may have ended before lines
    that it runs.
    """
    workshop = job.workshop(report.base_sha)
    toolchain = workshop.toolchain()
    texts = {path: text for path, text in report.changes.files.items() if text is not None}
    diff = await (await job.mirror(report.base_sha)).diff(report.base_sha, report.changes)
    added = {file.path: file.added_lines() for file in parse_diff(diff)}
    product = [path for path in texts if added.get(path) and not toolchain.is_test(path)]
    found = await asyncio.to_thread(lambda: [path for path in product if toolchain.counts(path, workshop.env)])
    counted = {path: texts[path] for path in found}
    if not counted:
        return Unrun()
    if base.targets:
        return Unrun(reason="Only the nearest tests were run, not all.")
    if report.seconds > _MOST_SECONDS:
        return Unrun(reason=f"The tests take {duration(report.seconds)}; they were not run once more for this.")
    limits = Limits(seconds=job.policy.checks.minutes * 60)
    try:
        run = await workshop.test(report.changes, limits=limits, counted=counted)
    except (ToolchainError, SandboxError) as error:
        return Unrun(reason=error.message[:_REASON])
    reason = _find_doubt(run, base, proof)
    return Unrun(reason=reason) if reason else Unrun(lines=_pick_unrun(run.hits, added, counted))


def _find_doubt(run: TestRun, base: Baseline, proof: Proof | None) -> str:
    """Return why a run's counts say nothing, or ""."""
    verdicts = run.verdicts()
    if not run.complete:
        return "The tests gave no usable result while lines were counted."
    bad = [name for name, verdict in verdicts.items() if verdict in ("failed", "error")]
    # a test can see that lines are counted, and skip itself
    passing = (*(proof.tests if proof is not None else ()), *sorted(base.passing()))
    bad += [name for name in passing if verdicts.get(name) != "passed"]
    return f"`{bad[0][:_REASON]}` did not pass while lines were counted." if bad else ""


def _pick_unrun(
    hits: Hits, added: Mapping[str, frozenset[int]], texts: Mapping[str, str]
) -> dict[str, tuple[int, ...]]:
    """Return the added lines with a word in them that did not run."""
    found = {}
    for path, text in sorted(texts.items()):
        lines = text.split("\n")
        idle = [line for line, times in hits.get(path, {}).items() if not times and line in added[path]]
        if told := tuple(line for line in sorted(idle) if _WORD.search(lines[line - 1])):
            found[path] = told
    return found
