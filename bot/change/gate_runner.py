"""Run the gates: the finished change in a fresh tree, judged by code alone."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from bot.change import gates
from bot.change.lint import lint_gates, parse_gate
from bot.change.own_lint import own_lint_gates
from bot.change.proof_rules import RUNS
from bot.change.quarantined import find_excused
from bot.change.recipe import AnyEvidence, Job
from bot.change.records import Baseline, Gate, GateReport, Proof
from bot.change.stages import Stage
from bot.change.unrun import count_unrun
from bot.git.changes import Changes
from bot.markdown import counted
from bot.redaction import find_secrets
from bot.sandbox.port import Limits
from bot.toolchains.port import TestRun, Toolchain, Verdict
from bot.work.workshop import Workshop

_SHOWN = 20_000
# more tests that flip at once are not flakiness
_FLIPPED = 50


async def gate(job: Job[Any], evidence: AnyEvidence, base_sha: str, wanted: Changes) -> GateReport:
    """Run every gate on ``base_sha`` plus the change.

    Test configuration and existing tests stay as they were; on a pull request, existing tests are those of its
    base branch. What a program made may change any of them, and be of any size, if nobody edited it.
    Without a proof nothing must begin to pass; without a baseline nothing is run, and the gates are those that only
    read. The recipe's own gates judge what has passed all others. Where a recipe can leave out what is at fault and the
    rest passes, the rest is the change. Lines that no test ran are reported if the change passed and a model wrote it.
    """
    proof = evidence.proof
    own_test = proof is not None and proof.files.files
    included = ", the test included" if own_test else ""
    await job.stage(Stage.EDIT, "done", f"{counted(len(wanted.files), 'file')} changed{included}")
    await job.stage(Stage.GATE, "started")
    report = await _judge_all(job, evidence, base_sha, wanted)
    if not report.passed and job.recipe.narrow is not None:
        narrowed = await job.recipe.narrow(job, evidence, base_sha, wanted)
        rest = await _judge_all(job, evidence, base_sha, narrowed.changes) if narrowed is not None else report
        if narrowed is not None and rest.passed:
            report = rest.model_copy(update={"dropped": narrowed.dropped})
    if report.passed and evidence.baseline is not None and evidence.made is None and not job.recipe.gates.restores:
        unrun = await count_unrun(job, evidence.baseline, evidence.proof, report)
        report = report.model_copy(update={"unrun": unrun})
    await job.stage(Stage.GATE, "done" if report.passed else "failed", ", ".join(gate.name for gate in report.failed()))
    return report


async def _judge_all(job: Job[Any], evidence: AnyEvidence, base_sha: str, wanted: Changes) -> GateReport:
    """Run the gates of every change, and where these pass the recipe's own."""
    report = await _judge(job, evidence, base_sha, wanted)
    if report.passed and job.recipe.own_gates is not None:
        own = await job.recipe.own_gates(job, evidence, base_sha, report.changes)
        report = report.model_copy(update={"gates": (*report.gates, *own)})
    return report


async def _judge(job: Job[Any], evidence: AnyEvidence, base_sha: str, wanted: Changes) -> GateReport:
    """Run the gates that every change has."""
    brief = evidence.brief
    limits = job.recipe.gates
    mirror = await job.mirror(base_sha)
    paths = {entry.path for entry in await mirror.entries(base_sha)}
    existing = paths if brief.pull is None else {entry.path for entry in await mirror.entries(brief.trusted_sha)}
    changes = wanted
    restored: tuple[str, ...] = ()
    toolchain = job.workshop(base_sha).toolchain()
    edited = evidence.made is None or limits.foreign
    if limits.tests_from_base and edited:
        changes, restored = gates.take_tests_from_base(wanted, existing, toolchain.is_test, toolchain.is_test_config)
    diff = await mirror.diff(base_sha, changes)
    ran = _Ran()
    linted: tuple[Gate, ...] = ()
    if evidence.baseline is not None:
        earlier = existing | set(evidence.begun.files)
        listed = base_sha if brief.pull is None else brief.trusted_sha
        ran = await _run(job, base_sha, evidence.baseline, earlier, evidence.proof, changes, listed)
        if not limits.restores:
            linted = await own_lint_gates(job.workshop(base_sha), mirror, base_sha, paths, changes)
    shadowing = await asyncio.to_thread(_find_shadowing, job.workshop(base_sha), changes, paths)
    return GateReport(
        base_sha=base_sha,
        changes=changes,
        gates=(
            *ran.gates,
            *(() if limits.restores or not edited else (gates.tests_gate(restored),)),
            await parse_gate(mirror, base_sha, changes),
            *(() if limits.restores else await lint_gates(mirror, base_sha, changes)),
            *linted,
            gates.secrets_gate(diff, find_secrets),
            gates.paths_gate(changes, job.policy.protected, shadowing, () if edited else evidence.renewed_paths),
            gates.size_gate(diff, limits.files, limits.lines) if edited else _made_gate(evidence, wanted),
        ),
        diff=diff[:_SHOWN],
        tests=tuple(sorted(path for path in changes.files if toolchain.is_test(path))),
        flaky=ran.flaky,
        notes=ran.notes,
        command=ran.command,
        seconds=ran.seconds,
    )


def _made_gate(evidence: AnyEvidence, wanted: Changes) -> Gate:
    """Require of what a program made that nobody edited it; any size will do."""
    return Gate(
        name="size",
        passed=wanted == evidence.made,
        after=f"{counted(len(wanted.files), 'file')}, all as the program made them",
        detail="The change is not what the program made." if wanted != evidence.made else "",
    )


class _Ran(NamedTuple):
    """Results of the gates that run tests."""

    gates: tuple[Gate, ...] = ()
    flaky: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    command: str = ""
    seconds: float = 0.0


async def _run(
    job: Job[Any],
    base_sha: str,
    base: Baseline,
    existing: Collection[str],
    proof: Proof | None,
    changes: Changes,
    listed: str,
) -> _Ran:
    """Run the proof, if there is one, then the baseline's scope.

    Failures that the quarantine list of the commit ``listed`` excuses are noted and do not count.
    """
    workshop = job.workshop(base_sha)
    await workshop.ready()
    await workshop.renew()
    seconds = job.policy.checks.minutes * 60
    targets = _proof_targets(workshop.toolchain(), proof, changes, existing) if proof else []
    proofs = [await _run_in_time(workshop, changes, targets, seconds) for _ in range(RUNS - 1)] if proof else []
    kept = _drop_own_tests(base, changes, existing)
    after, flaky, run = await run_again(workshop, seconds, kept, changes, existing)
    if proof is not None:
        last = gates.select_proof(run, proof, targets)
        proofs.append(last or await _run_in_time(workshop, changes, targets, seconds))
    lost = [name for name in gates.regressions(kept.verdicts, after, complete=run.complete) if name not in flaky]
    if job.recipe.gates.restores:
        lost = [name for name in lost if name in after or name.partition("::")[0] not in changes.files]
    failed = [name for name in lost if after.get(name) == "failed"]
    excused = await find_excused(job, listed, base_sha, failed, changes)
    lost = [name for name in lost if name not in excused]
    judged = [gates.proof_gate(proof, proofs)] if proof else []
    is_test = workshop.toolchain().is_test
    only_tests = all(path not in existing and is_test(path) for path in changes.files)
    mends = job.recipe.gates.restores and run.complete and bool(after) and set(after.values()) == {"passed"}
    judged.append(gates.regression_gate(base, run, lost, flaky, only_tests=only_tests or mends))
    judged += [gates.collected_gate(kept, run)] if job.recipe.gates.keep_tests else []
    notes = (*(note for note in run.notes if note not in base.scope), *excused.values())
    return _Ran(tuple(judged), tuple(flaky), notes, run.command, run.result.seconds)


def _proof_targets(toolchain: Toolchain, proof: Proof, changes: Changes, existing: Collection[str]) -> list[str]:
    """Return the test files of the proof and those added since.

    A judge's counterexample becomes a test that has to pass as often as the proof, whatever scope the baseline has.
    Where only the exit code of a command counts, another command would be another test.
    """
    if proof.command in proof.tests:
        return list(proof.targets)
    new = [path for path, text in changes.files.items() if text is not None and path not in existing]
    added = toolchain.targets([path for path in new if toolchain.is_test(path)])
    return list(dict.fromkeys([*proof.targets, *added]))


async def _run_in_time(workshop: Workshop, changes: Changes, targets: Sequence[str], seconds: float) -> TestRun:
    """Run tests, once more with twice the time if they do not end."""
    run = await workshop.test(changes, targets, limits=Limits(seconds=seconds))
    if run.result.ended != "timeout":
        return run
    return await workshop.test(changes, targets, limits=Limits(seconds=2 * seconds))


def _drop_own_tests(base: Baseline, changes: Changes, existing: Collection[str]) -> Baseline:
    """Return the baseline without changed tests that are not ``existing``."""
    own = {path for path in changes.files if path not in existing}
    kept = {name: verdict for name, verdict in base.verdicts.items() if name.partition("::")[0] not in own}
    return base.model_copy(update={"verdicts": kept})


def _find_shadowing(workshop: Workshop, changes: Changes, known: Collection[str]) -> list[str]:
    """Return why changed files would hide modules that tests or we rely on."""
    toolchain = workshop.toolchain()
    written = {path: text for path, text in changes.files.items() if text is not None}
    reasons = [toolchain.shadows(path, workshop.env) for path in written if path not in known]
    reasons += [toolchain.hides(path, text) for path, text in written.items()]
    return list(dict.fromkeys(reason for reason in reasons if reason is not None))


async def run_again(
    workshop: Workshop, seconds: float, base: Baseline, changes: Changes, existing: Collection[str]
) -> tuple[dict[str, Verdict], list[str], TestRun]:
    """Run the baseline's scope again.

    What flipped runs once more, and is listed as flaky where it passes then: by itself, and behind the others, since a
    change may break a test only there.
    """
    run = await _run_in_time(workshop, changes, base.targets, seconds)
    # what a plugin reports about a new file is not a failing test
    after = {case.id: case.verdict for case in run.cases if case.kind != "check" or case.id in base.verdicts}
    after |= dict.fromkeys(await _find_renamed(workshop, seconds, base, after, existing), "passed")
    flipped = gates.regressions(base.verdicts, after)
    if not flipped or not run.complete or len(flipped) > _FLIPPED:
        return after, [], run
    selection = _selection(flipped, after, {*existing, *changes.files}) or base.targets
    again = (await workshop.test(changes, selection, limits=Limits(seconds=seconds))).verdicts()
    flaky = [name for name in flipped if again.get(name) == "passed"]
    if flaky and list(selection) != list(base.targets):
        whole = (await _run_in_time(workshop, changes, base.targets, seconds)).verdicts()
        flaky = [name for name in flaky if whole.get(name) == "passed"]
    return after, flaky, run


async def _find_renamed(
    workshop: Workshop, seconds: float, base: Baseline, after: Mapping[str, Verdict], existing: Collection[str]
) -> list[str]:
    """Return the tests that passed under another name, as they do on the base.

    A time or an address in it gives a test a new name in every run. As many must pass where it stands as before.
    """
    gone = [name for name in base.passing() if name not in after and "::" in name]
    files = dict.fromkeys(name.partition("::")[0] for name in gone)
    if not gone or not set(files) <= set(existing):
        return []
    there = (await workshop.test(Changes(), list(files), limits=Limits(seconds=seconds))).verdicts()
    before = _count_passing(base.verdicts)
    now = _count_passing(after)
    return [name for name in gone if name not in there and now[_place(name)] >= before[_place(name)]]


def _count_passing(verdicts: Mapping[str, Verdict]) -> Counter[str]:
    return Counter(_place(name) for name, verdict in verdicts.items() if verdict == "passed")


def _place(name: str) -> str:
    """Return the function of a test with parameters, the suite of any other."""
    function, bracket, _ = name.partition("[")
    return function if bracket else name.rpartition("::")[0]


def _selection(flipped: Sequence[str], after: Collection[str], files: Collection[str]) -> list[str]:
    """Return what to run to see ``flipped`` tests again.

    Vanished tests are looked for by their files. Returns nothing where an id does not begin with a file: the runner
    could not select it.
    """
    names = [name if name in after else name.partition("::")[0] for name in flipped]
    return names if all(name.partition("::")[0] in files for name in names) else []
