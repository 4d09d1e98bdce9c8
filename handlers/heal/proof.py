"""Make the red check the proof: its failing tests, or its own command; mend without a model what a tool mends."""

from __future__ import annotations

from typing import Any

from bot.change.recipe import AnyEvidence, Job, ProofResult
from bot.change.records import Claims, CodeLocation
from bot.change.stages import Stage
from bot.engine.port import Ctx
from bot.git.changes import NO_CHANGES, Changes
from bot.types import JsonModel
from handlers.heal.experiments import AGAIN, diagnose, run_command, script, write_with
from handlers.heal.mending import find_mends
from handlers.heal.records import Diagnosis, HealBrief, SeenCommand
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
        if diagnosis.tests:
            proof = make_proof(base, diagnosis.tests, AGAIN + 1)
            return ProofResult(proof, note=diagnosis.sentence, fields=fields)
        mended = await ctx.step("mend", mend, job, brief, diagnosis, interruptible=True)
        if mended.by:
            told = f"{diagnosis.sentence} Mended by {_name(mended)}, without a model."
            claims = Claims(cause=diagnosis.sentence, change=f"Mended by {_name(mended)}.")
            fields |= {"made": mended.changes, "mended_by": mended.by, "claims": claims}
            return ProofResult(note=told, fields=fields)
        return ProofResult(note=diagnosis.sentence, fields=fields)


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
