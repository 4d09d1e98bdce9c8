"""Gate: the finished change in a fresh tree, judged by code alone."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

from bot.change import gates
from bot.change.assignment import Assignment
from bot.change.linting import lint_gate, parse_gate
from bot.change.proofs import RUNS
from bot.change.records import Baseline, GateReport, Proof
from bot.change.workshop import Workshop
from bot.git.changes import Changes
from bot.github.outgoing import find_secrets
from bot.sandbox.port import Limits
from bot.toolchains.port import TestRun, Verdict

_SHOWN = 20_000


async def gate(
    job: Assignment[Any],
    base_sha: str,
    base: Baseline,
    proof: Proof | None,
    wanted: Changes,
    tests_of: str | None = None,
) -> GateReport:
    """Run every gate on ``base_sha`` plus the change; test configuration and existing tests stay as they are there.

    Existing are those of the commit ``tests_of``, by default ``base_sha``. Without a proof nothing must begin to pass.
    """
    await job.stage("edit", "done", f"{len(wanted.files)} files changed{', the test included' if proof else ''}")
    await job.stage("gate", "started")
    workshop = job.workshop(base_sha)
    await workshop.ready()
    mirror = await job.mirror(base_sha)
    paths = {entry.path for entry in await mirror.entries(base_sha)}
    toolchain = workshop.toolchain()
    existing = {entry.path for entry in await mirror.entries(tests_of)} if tests_of else paths
    changes, restored = gates.take_tests_from_base(wanted, existing, toolchain.is_test, toolchain.is_test_config)
    diff = await mirror.diff(base_sha, changes)
    proofs = [await workshop.test(changes, proof.targets) for _ in range(RUNS)] if proof else []
    after, flaky, run = await _regressions(workshop, job, base, changes)
    lost = [name for name in gates.regressions(base.verdicts, after) if name not in flaky]
    report = GateReport(
        base_sha=base_sha,
        changes=changes,
        gates=(
            *([gates.proof_gate(proof, proofs)] if proof else []),
            gates.regression_gate(base.verdicts, run, lost, flaky),
            gates.tests_gate(restored),
            await parse_gate(mirror, base_sha, changes),
            await lint_gate(mirror, base_sha, changes),
            gates.secrets_gate(diff, find_secrets),
            gates.paths_gate(
                changes, job.policy.protected, await asyncio.to_thread(_shadowing, workshop, changes, paths)
            ),
            gates.size_gate(diff),
        ),
        diff=diff[:_SHOWN],
        restored=restored,
        flaky=tuple(flaky),
        command=run.command,
        seconds=run.result.seconds,
    )
    await job.stage("gate", "done" if report.passed else "failed", ", ".join(gate.name for gate in report.failed()))
    return report


def _shadowing(workshop: Workshop, changes: Changes, known: Collection[str]) -> list[str]:
    """New files that would be imported in place of a module that the tests, or our reporter, rely on."""
    new = [path for path, text in changes.files.items() if text is not None and path not in known]
    reasons = [workshop.toolchain().shadows(path, workshop.env) for path in new]
    return [reason for reason in reasons if reason is not None]


async def _regressions(
    workshop: Workshop, job: Assignment[Any], base: Baseline, changes: Changes
) -> tuple[dict[str, Verdict], list[str], TestRun]:
    """The baseline's scope again; what flipped runs once more, alone, and is listed as flaky where it passes then."""
    limits = Limits(seconds=job.policy.checks.minutes * 60)
    run = await workshop.test(changes, base.targets, limits=limits)
    after = dict(run.verdicts())
    flipped = gates.regressions(base.verdicts, after)
    if not flipped or len(flipped) > 50:
        return after, [], run
    again = (await workshop.test(changes, flipped, limits=limits)).verdicts()
    return after, [name for name in flipped if again.get(name) == "passed"], run
