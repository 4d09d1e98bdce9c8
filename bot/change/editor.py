"""Edit: the loop that changes the code, with the proof and the tests around it run after every edit."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from bot.change.recipe import AnyEvidence, Job
from bot.change.records import Baseline, Brief, CodeLocation, Proof
from bot.change.stages import Stage
from bot.engine.port import Ctx
from bot.git.changes import Changes
from bot.models.port import Message
from bot.sandbox.port import Limits
from bot.toolchains.port import TestRun
from bot.work.inquiry import index
from bot.work.prompts import render
from bot.work.records import Work
from bot.work.toolset import Check, Hands, May, explain_protection, show_cases, show_run
from bot.work.workshop import Workshop

# an edit waits for these tests; those that take longer run in the gates
NEAR = Limits(seconds=120)
# more test files than this are for the gates
_NEAREST = 4
_SHOWN = 4_000
_NOT_RUN = "The edits apply. Code of a fork is not run here."
_NONE_NEAR = "The edits apply. No test nearby is known."


async def start_editing(job: Job[Any], evidence: AnyEvidence, found: CodeLocation, said: tuple[Message, ...]) -> Work:
    """Begin with the proof's files, what was said, and what is wanted now."""
    await job.stage(Stage.EDIT, "started")
    verdicts = evidence.baseline.verdicts if evidence.baseline is not None else {}
    failing = [name for name, verdict in verdicts.items() if verdict in {"failed", "error"}]
    text = render(
        f"{job.recipe.prompts}/edit.md.j2",
        brief=evidence.brief,
        found=found,
        baseline=evidence.baseline,
        proof=evidence.proof,
        evidence=evidence,  # for fields that the recipe's evidence adds
        failing="\n".join(failing)[:_SHOWN],
    )
    return Work(changes=evidence.begun, messages=(*said, Message(role="user", text=text)))


async def edit_hands(ctx: Ctx, job: Job[Any], evidence: AnyEvidence, found: CodeLocation) -> Hands:
    """Return the tools of the loop, bound to what the recipe lets it edit."""
    brief = evidence.brief
    existing = frozenset(await ctx.step("existing", existing_paths, job, brief))
    return Hands(
        job,
        brief.base_sha,
        brief.nonce,
        job.recipe.may_edit(job, evidence, existing),
        (job.recipe.feedback or show_tests)(job, evidence, found),
        may_run=brief.runs,
    )


async def existing_paths(job: Job[Any], brief: Brief) -> tuple[str, ...]:
    """Return the paths of the base branch, before anybody's change."""
    mirror = await job.mirror(brief.trusted_sha)
    return tuple(entry.path for entry in await mirror.entries(brief.trusted_sha))


def code_and_new_tests(job: Job[Any], evidence: AnyEvidence, existing: Collection[str]) -> May:
    """Allow all but protected paths, existing tests, settings and the proof."""
    sha = evidence.brief.base_sha
    begun = evidence.begun.files
    whose = "the tests" if evidence.brief.pull is None else "the base branch's tests"

    def may_edit(path: str) -> str | None:
        toolchain = job.workshop(sha).toolchain()
        if path in begun:
            return f"`{path}` was written before the edit; it stays as it ran then."
        if toolchain.is_test_config(path) or (path in existing and toolchain.is_test(path)):
            return f"`{path}` belongs to {whose}, which stay as they are. If a test is wrong, say so when you finish."
        return explain_protection(job, sha, path)

    return may_edit


def show_tests(job: Job[Any], evidence: AnyEvidence, found: CodeLocation) -> Check:
    """Run the proof and the tests nearby after an edit."""
    brief = evidence.brief
    base = evidence.baseline
    proof = evidence.proof

    async def check(changes: Changes) -> str:
        if base is None:
            return _NOT_RUN
        near = await tests_near(job, brief, base, found, changes, proof)
        if proof is None:
            run = await job.workshop(brief.base_sha).test(changes, near, limits=NEAR) if near else None
            return _NONE_NEAR if run is None else show_run("Tests nearby", run)
        shown, passing = await _run_proof(job.workshop(brief.base_sha), changes, proof, near)
        await job.stage(Stage.EDIT, "started", f"proof: {passing} of {len(proof.tests)} pass")
        return shown

    return check


async def _run_proof(workshop: Workshop, changes: Changes, proof: Proof, near: Sequence[str]) -> tuple[str, int]:
    """Return what to say of the proof and the tests nearby.

    The second value is how many of the proof's tests pass. One run does for both, unless only exit codes count or it
    does not reach the proof.
    """
    near = [one for one in near if one not in proof.targets]
    if near and proof.command not in proof.tests:
        run = await workshop.test(changes, [*proof.targets, *near], limits=NEAR)
        own = [case for case in run.cases if case.id in proof.tests or case.id.partition("::")[0] in proof.targets]
        if {case.id for case in own} >= set(proof.tests):
            others = run.model_copy(update={"cases": tuple(case for case in run.cases if case not in own)})
            shown = [show_cases("The proof", own), show_run("Tests nearby, in the same run", others)]
            return "\n\n".join(shown), _passing(proof, run)
    run = await workshop.test(changes, proof.targets, limits=NEAR)
    shown = [show_run("The proof", run)]
    if near:
        shown.append(show_run("Tests nearby", await workshop.test(changes, near, limits=NEAR)))
    return "\n\n".join(shown), _passing(proof, run)


def _passing(proof: Proof, run: TestRun) -> int:
    verdicts = run.verdicts()
    return sum(verdicts.get(name) == "passed" for name in proof.tests)


async def tests_near(
    job: Job[Any], brief: Brief, base: Baseline, found: CodeLocation, changes: Changes, proof: Proof | None
) -> Sequence[str]:
    """Return the tests to run after an edit.

    New test files of the change come first, then the existing ones that were found for the request. Tests that only
    have a changed file's name are asked where none was found: they seldom show what the issue is about.
    """
    toolchain = job.workshop(brief.base_sha).toolchain()
    proved = proof.files.files if proof is not None else {}
    new = [path for path, text in changes.files.items() if text is not None and path not in proved]
    own = toolchain.targets([path for path in new if toolchain.is_test(path)])
    files = found.tests or base.targets
    if not files:
        code = await index(job, brief.base_sha)
        files = tuple(test for path in changes.files for test in code.find_tests(path))
    return (*own, *tuple(dict.fromkeys(file for file in files if file not in changes.files))[:_NEAREST])
