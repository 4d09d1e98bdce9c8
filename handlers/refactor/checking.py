"""Check a change that shall be a refactoring: in short after each edit, in full as gates."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from bot.change.editor import show_tests
from bot.change.recipe import AnyEvidence, Job
from bot.change.records import ChangeTask, CodeLocation, Gate
from bot.change.suppressions import suppressions_gate
from bot.codemod.dangling import find_dangling
from bot.git.changes import Changes
from bot.surface.comparison import compare
from bot.surface.functions import find_changed
from bot.surface.levels import DOCUMENTS
from bot.surface.measures import measure
from bot.work.toolset import Check
from handlers.refactor import coverage, gates
from handlers.refactor.records import Goal, get_plan
from handlers.refactor.renaming import gate_rename
from handlers.refactor.sources import apply, read_texts

_READABLE = (".py", *DOCUMENTS)


def show_progress(job: Job[ChangeTask], evidence: AnyEvidence, found: CodeLocation) -> Check:
    """Run the tests nearby after an edit, and say what else does not hold yet."""
    tests = show_tests(job, evidence, found)

    async def check(changes: Changes) -> str:
        read = await _read_gates(job, evidence, evidence.brief.base_sha, changes)
        told = [f"{gate.name}: {gate.after}\n{gate.detail}".strip() for gate in read if not gate.passed]
        return "\n\n".join([await tests(changes), *told])

    return check


async def gate_refactoring(job: Job[ChangeTask], evidence: AnyEvidence, sha: str, changes: Changes) -> Sequence[Gate]:
    """Compare what can be read, then what the tests notice of the code."""
    plan = get_plan(evidence)
    if plan.rename is not None:
        return await gate_rename(job, sha, changes, plan.rename)
    toolchain = job.workshop(sha).toolchain()
    diff = await (await job.mirror(sha)).diff(sha, changes)
    read = [suppressions_gate(diff, toolchain.is_test), *await _read_gates(job, evidence, sha, changes)]
    if not all(gate.passed for gate in read):
        return read
    tests = Changes(files={path: text for path, text in changes.files.items() if toolchain.is_test(path)})
    targets = toolchain.targets(sorted(tests.files))
    if targets:
        read.append(gates.first_tests_gate(await job.workshop(sha).test(tests, targets)))
    return [*read, *(await _compare_tests(job, evidence, sha, changes, tests) if read[-1].passed else [])]


async def _read_gates(job: Job[Any], evidence: AnyEvidence, sha: str, changes: Changes) -> list[Gate]:
    """Judge what reading alone can tell: API, and the figure to be lessened."""
    goal = get_plan(evidence).goal
    assert goal is not None, "an edit has a goal"
    toolchain = job.workshop(sha).toolchain()
    product = [path for path in changes.files if not toolchain.is_test(path)]
    before = await read_texts(job, sha)
    after = apply(before, Changes(files={path: changes.files[path] for path in product if path.endswith(_READABLE)}))
    found = await asyncio.to_thread(compare, before, after)
    removed = [change.name for change in found.changes if change.fact == "removed"]
    dangling = await asyncio.to_thread(find_dangling, before, after, removed)
    unread = sorted(set(found.unread) & set(changes.files))
    return [
        gates.python_gate([path for path in product if not path.endswith(_READABLE)], unread),
        gates.api_gate(found, dangling),
        gates.goal_gate(goal, _measure(goal, before, product), _measure(goal, after, product)),
    ]


def _measure(goal: Goal, texts: Mapping[str, str], changed: Sequence[str]) -> int | None:
    """Measure the goal's figure in a tree; a function may have moved."""
    paths = [goal.path] if goal.path and not goal.function else [*goal.paths, *changed]
    files = {path: texts[path] for path in paths if path.endswith(".py") and path in texts}
    return measure(files, goal.measure, goal.function)


async def _compare_tests(
    job: Job[Any], evidence: AnyEvidence, sha: str, changes: Changes, tests: Changes
) -> list[Gate]:
    """Compare what the tests run and notice of the changed functions."""
    toolchain = job.workshop(sha).toolchain()
    before = await read_texts(job, sha, (".py",))
    after = apply(before, Changes(files={path: text for path, text in changes.files.items() if path.endswith(".py")}))
    product = [path for path in changes.files if path.endswith(".py") and not toolchain.is_test(path)]
    old = {path: before[path] for path in product if path in before}
    new = {path: after[path] for path in product if path in after}
    was, now = find_changed(old, new), find_changed(new, old)
    seen = await coverage.survey(job, evidence, sha, tests, was)
    untested = gates.untested_gate(coverage.count_unrun(old, was, seen), coverage.count_all(new, now))
    if not untested.passed:
        return [untested]
    return [untested, gates.mutants_gate(seen, await coverage.survey(job, evidence, sha, changes, now))]
