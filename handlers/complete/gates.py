"""Require that what was left open is filled in, and that the new tests notice how."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bot.change.recipe import AnyEvidence, Job
from bot.change.records import Gate
from bot.change.suppressions import suppressions_gate
from bot.git.changes import Changes
from bot.markdown import counted
from bot.mutation.records import Plan, Scope, Survey
from bot.mutation.runner import measure_mutants
from bot.toolchains.port import ToolchainError
from handlers.complete.migrating import gate_migrations
from handlers.complete.records import CompletionBrief, Stub
from handlers.complete.stubs import find_stubs, find_unfilled, list_functions

_MUTANTS = 60
_SECONDS = 180.0
_NOTICED = "new tests notice what was filled in"
Texts = Mapping[str, str | None]


async def gate_completion(job: Job[Any], evidence: AnyEvidence, base_sha: str, changes: Changes) -> Sequence[Gate]:
    """Compare each stub before and after, then try faults in what fills it."""
    brief = evidence.brief
    assert isinstance(brief, CompletionBrief), "a completion begins with what is left open"
    mirror = await job.mirror(base_sha)
    if brief.migrations:
        return [await gate_migrations(mirror, brief, base_sha, changes)]
    workshop = job.workshop(base_sha)
    diff = await mirror.diff(base_sha, changes)
    paths = dict.fromkeys(
        [*(stub.path for stub in brief.stubs), *(path for path in changes.files if path.endswith(".py"))]
    )
    before = {path: await mirror.read(base_sha, path) for path in paths}
    after = {path: changes.files.get(path, before[path]) for path in paths}
    product = {path: text for path, text in after.items() if not workshop.toolchain().is_test(path)}
    read = [filled_gate(brief.stubs, before, after), fresh_gate(before, product)]
    read.append(suppressions_gate(diff, workshop.toolchain().is_test))
    if not all(gate.passed for gate in read):
        return read
    scopes = _list_scopes(brief.stubs, after)
    if not scopes or evidence.proof is None:
        return read
    plan = Plan(
        files=scopes, targets=evidence.proof.targets, every=True, results=True, most=_MUTANTS, cold=0, seconds=_SECONDS
    )
    try:
        survey = await measure_mutants(workshop, changes, plan)
    except ToolchainError as error:
        survey = Survey(problem=error.message)
    return [*read, noticed_gate(brief.stubs, survey)]


def filled_gate(stubs: Sequence[Stub], before: Texts, after: Texts) -> Gate:
    """Require that each stub is filled in where it stood."""
    faults = [fault for stub in stubs if (fault := find_unfilled(stub, before[stub.path] or "", after[stub.path]))]
    done = f"{len(stubs) - len(faults)} of {len(stubs)} filled in"
    return Gate(
        name="what was left open",
        passed=not faults,
        before=f"{len(stubs)} open",
        after=done,
        detail="\n".join(faults),
        parts={"implementation": f"Of what the pull request left open: {done}."},
    )


def fresh_gate(before: Texts, after: Texts) -> Gate:
    """Require that nothing new is left open."""
    found: list[str] = []
    for path, text in after.items():
        known = {(stub.function, stub.text) for stub in _all_stubs(path, before.get(path))}
        found += [stub.place for stub in _all_stubs(path, text) if (stub.function, stub.text) not in known]
    return Gate(name="nothing newly left open", passed=not found, after=f"{len(found)} new", detail="\n".join(found))


def noticed_gate(stubs: Iterable[Stub], survey: Survey) -> Gate:
    """Require that in each filled function a new test asserts one fault away.

    That the faulty code raises in a test is no sign that the test looks at what comes out.
    """
    if not survey.tests:
        why = survey.problem.partition("\n")[0]
        return Gate(name=_NOTICED, passed=True, after=f"not measured: {why}")
    faults = []
    for path, name in dict.fromkeys((stub.path, stub.function) for stub in stubs if stub.function):
        own = [mutant for mutant in survey.mutants if (mutant.path, mutant.function) == (path, name) and mutant.counts]
        results = [mutant for mutant in survey.results if (mutant.path, mutant.function) == (path, name)]
        if own and not any(mutant.asserters() for mutant in (*own, *results)):
            raises = " but where the code raises" if any(mutant.killers() for mutant in own) else ""
            faults.append(f"{path}: no new test notices any of {counted(len(own), 'small fault')} in `{name}`{raises}.")
    seen = sum(bool(mutant.asserters()) for mutant in survey.mutants)
    shown = f"{seen} of {counted(len(survey.mutants), 'small fault')} noticed"
    return Gate(
        name=_NOTICED,
        passed=not faults,
        after=shown,
        detail="\n".join(faults),
        parts={"tests": f"Small faults in what was filled in: {shown} by the new tests."},
    )


def _all_stubs(path: str, text: str | None) -> list[Stub]:
    return find_stubs(path, text, range(1, text.count("\n") + 2)) if text else []


def _list_scopes(stubs: Iterable[Stub], after: Texts) -> dict[str, Scope]:
    """Return the lines of the functions that were filled in."""
    found: dict[str, set[int]] = {}
    for stub in stubs:
        function = list_functions(ast.parse(after[stub.path] or "")).get(stub.function)
        if function is not None:
            lines = range(function.body[0].lineno, (function.end_lineno or 0) + 1)
            found.setdefault(stub.path, set()).update(lines)
    return {path: Scope(lines=tuple(sorted(lines))) for path, lines in found.items()}
