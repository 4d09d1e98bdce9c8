"""Make the red check the proof: its failing tests, or its own command; mend without a model what a tool mends."""

from __future__ import annotations

import asyncio
from typing import Any

from bot.change.recipe import AnyEvidence, Job, ProofResult
from bot.change.records import Claims, CodeLocation, Proof
from bot.change.stages import Stage
from bot.engine.port import Ctx
from bot.git.changes import NO_CHANGES, Changes
from bot.markdown import inline_code
from bot.types import JsonModel
from handlers.heal.experiments import AGAIN, diagnose, run_command, script, write_with
from handlers.heal.locks import propose_lock
from handlers.heal.mending import find_mends
from handlers.heal.records import Diagnosis, FailedCommand, HealBrief, SeenCommand
from handlers.heal.rules import HealRules
from handlers.heal.snapshots import Renewal, are_snapshots, find_renewal
from handlers.heal.words import UNJUDGED
from handlers.revise.failed_checks import make_proof


class Mended(JsonModel):
    """Change that a tool made, and its commands; empty where none mends it."""

    changes: Changes = NO_CHANGES
    by: tuple[str, ...] = ()


class RedCheck:
    """A prover whose proof is what CI saw fail, reproduced here."""

    async def prove(self, ctx: Ctx, job: Job[Any], evidence: AnyEvidence, found: CodeLocation) -> ProofResult:
        """Find the cause; end where it is not this code's fault."""
        brief = evidence.brief
        base = evidence.baseline
        assert base is not None, "code that may not be run is refused before"
        diagnosis = await ctx.step("diagnose", diagnose, job, brief, base, interruptible=True)
        fields: dict[str, Any] = {"diagnosis": diagnosis}
        if diagnosis.kind != "ours":
            return ProofResult(note=diagnosis.sentence, ended=True, fields=fields)
        if diagnosis.lock is not None:
            return await propose_lock(ctx, job, brief, diagnosis, diagnosis.lock)
        if diagnosis.tests:
            return await self._renew(ctx, job, brief, diagnosis, make_proof(base, diagnosis.tests, AGAIN + 1))
        mended = await ctx.step("mend", mend, job, brief, diagnosis, interruptible=True)
        if mended.by:
            told = f"{diagnosis.sentence} Mended by {_name(mended)}, without a model."
            claims = Claims(cause=diagnosis.sentence, change=f"Mended by {_name(mended)}.")
            fields |= {"made": mended.changes, "mended_by": mended.by, "claims": claims}
            return ProofResult(note=told, fields=fields)
        return ProofResult(note=diagnosis.sentence, fields=fields)

    async def _renew(
        self, ctx: Ctx, job: Job[Any], brief: HealBrief, diagnosis: Diagnosis, proof: Proof
    ) -> ProofResult:
        """Have snapshots renewed where only they differ and the policy lets it."""
        fields: dict[str, Any] = {"diagnosis": diagnosis}
        unrenewed = ProofResult(proof, note=diagnosis.sentence, fields=fields)
        if "snapshots" not in job.policy.rules(HealRules).renew:
            return unrenewed
        renewal = await ctx.step("find-renewal", plan_renewal, job, brief, diagnosis)
        if not renewal.command:
            return unrenewed
        if brief.pull is not None:
            line = inline_code(renewal.line)
            told = f"{diagnosis.sentence} Snapshots differ. {line} renews them, if what they show now is wanted; "
            return ProofResult(note=f"{told}I do not push that to a pull request.", ended=True, fields=fields)
        renewed = await ctx.step("renew", renew, job, brief, renewal, proof, interruptible=True)
        if not renewed.by:
            return unrenewed
        told = f"{diagnosis.sentence} Snapshots renewed by {_name(renewed)}. {UNJUDGED}"
        claims = Claims(cause=diagnosis.sentence, change=f"Snapshots renewed by {_name(renewed)}. {UNJUDGED}")
        fields |= {"made": renewed.changes, "mended_by": renewed.by, "renewed": True, "claims": claims}
        return ProofResult(proof, note=told, fields=fields)


async def plan_renewal(job: Job[Any], brief: HealBrief, diagnosis: Diagnosis) -> Renewal:
    """Find what renews the snapshots of the failing tests, if they have any."""
    workshop = job.workshop(brief.base_sha)
    await workshop.ready()
    said = "\n".join([*(one.said for one in brief.red), *(one.output for one in diagnosis.commands)])
    return await asyncio.to_thread(find_renewal, diagnosis.tests, said, workshop.toolchain().find_root)


async def renew(job: Job[Any], brief: HealBrief, renewal: Renewal, proof: Proof) -> Mended:
    """Run what renews snapshots.

    Nothing where it writes anything else, or a test still fails: then there is more to mend than snapshots.
    """
    sha = brief.base_sha
    line = script(FailedCommand(text=renewal.command, folder=renewal.folder))
    _, changes = await write_with(job, sha, line, Changes(), job.policy.checks.minutes * 60, renewal.near)
    await job.stage(Stage.EDIT, "started", f"{renewal.line[:200]}: {len(changes.files)} files")
    if not are_snapshots(changes.files.keys()):
        return Mended()
    verdicts = (await job.workshop(sha).test(changes, proof.targets)).verdicts()
    passing = all(verdicts.get(name) == "passed" for name in proof.tests)
    return Mended(changes=changes, by=(renewal.line,)) if passing else Mended()


async def mend(job: Job[Any], brief: HealBrief, diagnosis: Diagnosis) -> Mended:
    """Let tools mend what they complain of, if every command passes then."""
    changes = Changes()
    done: list[str] = []
    for seen in diagnosis.commands:
        commands = [seen.command.text] if seen.command.clean else find_mends(seen.command.text)
        for command in commands:
            line = script(seen.command, command)
            # some tools say by their exit code that they found something to mend
            _, changes = await write_with(job, brief.base_sha, line, changes, job.policy.checks.minutes * 60)
            done.append(command)
    passing = bool(changes.files) and all([await _passes(job, brief, one, changes) for one in diagnosis.commands])
    await job.stage(Stage.EDIT, "started", f"{'; '.join(done)[:200]}: {len(changes.files)} files" if done else "")
    return Mended(changes=changes, by=tuple(done)) if passing else Mended()


async def _passes(job: Job[Any], brief: HealBrief, seen: SeenCommand, changes: Changes) -> bool:
    _, failed = await run_command(job, brief.base_sha, seen.command, changes)
    return not failed


def _name(mended: Mended) -> str:
    return ", ".join(f"`{command.partition(chr(10))[0][:120]}`" for command in mended.by)
