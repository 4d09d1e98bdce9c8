"""Hand a change over in its task's result: the patch, what ran, and the five parts.

What was published on GitHub leaves the same behind, so that every door can read it.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from bot.change.recipe import AnyEvidence, Job
from bot.change.records import Baseline, Gate, GateReport, Judgement, Proof
from bot.change.stages import Stage
from bot.engine.port import Ctx, Outcome, TaskState
from bot.markdown import counted, listed
from bot.work.artifacts import leave
from bot.work.results import Ending, Form, PartName, Parts, told

PATCH = "change.patch"
EVIDENCE = "evidence.json"
DOCUMENTS = (".md", ".rst", ".adoc")
_NAMED = 10
_NO_CHANGE = "Nothing was changed, so there was nothing to measure."
_NO_RUN = "No test was run."
_FORK = "Code of a fork is not run here."
_NO_DOCUMENT = "No document was changed. Only `/docs` compares documents with the code."
_NOT_TIMED = "Nothing was timed. Only `/optimize` compares the time that code takes."


async def leave_change(job: Job[Any], evidence: AnyEvidence) -> None:
    """Keep the change as a patch for ``git apply``, and what ran as JSON."""
    await leave(job, EVIDENCE, "evidence", json.dumps(_describe(evidence), indent=1, ensure_ascii=False))
    report = evidence.report
    if report is not None and report.changes.files:
        mirror = await job.mirror(report.base_sha)
        await leave(job, PATCH, "patch", await mirror.diff(report.base_sha, report.changes))


async def hand_over(ctx: Ctx, job: Job[Any], evidence: AnyEvidence) -> Outcome:
    """End with a patch in the task's result; nothing is written on GitHub."""
    assert evidence.report is not None, "only what was gated is handed over"
    await ctx.step("leave", leave_change, job, evidence, retries=2)
    size = next(gate.after for gate in evidence.report.gates if gate.name == "size")
    await ctx.step("publish-done", job.stage, Stage.PUBLISH, "done", f"a patch of {size}")
    ending = end(evidence, "patch", job.recipe.words.write_patch(evidence))
    state: TaskState = "done" if evidence.verified else "unverified"
    return Outcome(state=state, summary=f"Made a patch: {size}.", data=ending.model_dump())


def end(evidence: AnyEvidence, form: Form | None, report: str) -> Ending:
    """Return what a change ended in, as every door reads it."""
    base = evidence.report.base_sha if evidence.report is not None else None
    return Ending(form=form, report=report, base_sha=base, parts=tell_parts(evidence))


def tell_parts(evidence: AnyEvidence) -> Parts:
    """Tell a change's five parts from its gates, those of the recipe included."""
    report = evidence.report
    proof = evidence.proof
    gates = {gate.name: gate for gate in report.gates} if report is not None else {}
    if report is None:
        nothing = told(otherwise=_NO_CHANGE)
        tests = told(_tell_proof(proof, None), otherwise=_NO_CHANGE)
        return Parts(implementation=nothing, tests=tests, documentation=nothing, performance=nothing, security=nothing)
    changed = list(report.changes.files)
    documents = [path for path in changed if path.endswith(DOCUMENTS)]
    code = [path for path in changed if path not in {*documents, *report.tests}]
    return Parts(
        implementation=told(
            _name("changed", code) if code else "",
            *_told_by_gates(report, "implementation"),
            _tell_judgement(evidence.judgement),
        ),
        tests=told(
            _tell_proof(proof, gates.get("proof")),
            _tell_baseline(evidence.baseline, gates.get("regressions")),
            _name("of tests changed", list(report.tests)) if report.tests else "",
            *_told_by_gates(report, "tests"),
            f"Ran: {report.command}" if report.command else "",
            otherwise=_NO_RUN if evidence.brief.runs else _FORK,
        ),
        documentation=told(
            _name("of documentation changed", documents) if documents else "",
            *_told_by_gates(report, "documentation"),
            otherwise=_NO_DOCUMENT,
        ),
        performance=told(*_told_by_gates(report, "performance"), otherwise=_NOT_TIMED),
        security=told(*_tell_security(gates), *_told_by_gates(report, "security")),
    )


def _told_by_gates(report: GateReport, part: PartName) -> list[str]:
    return [gate.parts[part] for gate in report.gates if part in gate.parts]


def _tell_judgement(judgement: Judgement | None) -> str:
    if judgement is None or not judgement.model:
        return "No second model has read it."
    objection = judgement.objection.rstrip(".") or "it gave no reason"
    said = "has no objection" if judgement.passed else f"objects: {objection}"
    return f"A second model call ({judgement.model}) {said}."


def _tell_proof(proof: Proof | None, gate: Gate | None) -> str:
    if proof is None:
        return ""
    many = len(proof.tests) > 1
    kind = "new " if proof.files.files else ""  # else they were there, and red
    new = f"{len(proof.tests)} {kind}tests fail" if many else f"1 {kind}test fails"
    after = f"with it: {gate.after}" if gate is not None else "nothing was run with a change"
    return f"{new} without the change ({proof.runs} of {proof.runs} runs); {after}."


def _tell_baseline(base: Baseline | None, gate: Gate | None) -> str:
    if base is None or gate is None:
        return ""
    return f"{base.scope}, {base.tier}: {gate.before} before; {gate.after} now."


def _tell_security(gates: dict[str, Gate]) -> list[str]:
    secrets = gates.get("secrets")
    paths = gates.get("paths")
    touched = ""
    if paths is not None:
        touched = paths.detail or "none touched"
    return [
        f"Credentials in added lines: {secrets.after}." if secrets is not None else "",
        f"Protected paths: {touched}." if touched else "",
    ]


def _name(what: str, paths: list[str]) -> str:
    named = f": {listed(paths, _NAMED)}" if paths else ""
    return f"{counted(len(paths), 'file')} {what}{named}."


def _describe(evidence: AnyEvidence) -> dict[str, Any]:
    """Return what ran and what was found, without anybody's unchecked words."""
    base = evidence.baseline
    proof = evidence.proof
    report = evidence.report
    judgement = evidence.judgement
    return {
        "verified": evidence.verified,
        "base_sha": evidence.brief.base_sha if report is None else report.base_sha,
        "cause": evidence.cause,
        "change": evidence.change,
        "baseline": None if base is None else _describe_baseline(base),
        "proof": None if proof is None else proof.model_dump(mode="json", exclude={"files"}),
        "gates": None if report is None else _describe_gates(report),
        "judgement": None if judgement is None else judgement.model_dump(mode="json", exclude={"supported"}),
        "notes": evidence.notes,
        "tries": [one.model_dump() for one in evidence.tries],
        "author": evidence.author,
        "cost": evidence.cost.model_dump(),
    }


def _describe_baseline(base: Baseline) -> dict[str, Any]:
    counted = Counter(base.verdicts.values())
    return base.model_dump(mode="json", exclude={"verdicts"}) | {"verdicts": dict(sorted(counted.items()))}


def _describe_gates(report: GateReport) -> dict[str, Any]:
    files = {"files": sorted(report.changes.files)}
    return report.model_dump(mode="json", exclude={"changes", "diff", "base_sha"}) | files
