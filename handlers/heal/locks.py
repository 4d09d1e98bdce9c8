"""Have a lock file that is out of date renewed by its own tool: proposed where the policy lets it, else only named."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

from bot.change.recipe import Job, ProofResult
from bot.change.records import Claims, Gate
from bot.change.stages import Stage
from bot.engine.port import Ctx
from bot.git.changes import NO_CHANGES, Changes
from bot.markdown import inline_code
from bot.sandbox.port import CommandResult
from bot.toolchains.lock_files import StaleLock, describe_versions, find_stale, get_tool, write_line
from bot.toolchains.port import ToolchainError
from bot.types import JsonModel
from handlers.heal.records import Diagnosis, HealBrief
from handlers.heal.rules import HealRules
from handlers.heal.words import UNJUDGED_LOCK

_SHOWN = 4_000
_CHANGED_NOTHING = "I changed nothing."


class RenewedLock(JsonModel):
    """Change that a lock file's tool made, or why there is none."""

    changes: Changes = NO_CHANGES
    versions: str = ""
    problem: str = ""


async def find_lock(job: Job[Any], brief: HealBrief) -> Diagnosis | None:
    """Return the diagnosis where all that is red is one stale lock file.

    CI's log names it, and its tool says the same here; None where the log does not, or the tool is content.
    """
    tracked = await _list_tracked(job, brief.base_sha)
    named = [find_stale(one.said, one.command.folder if one.command else "", tracked) for one in brief.red]
    lock = named[0] if named else None
    if lock is None or any(one != lock for one in named):
        return None
    tool = get_tool(lock)
    said = f"Lock file: CI's log says that {inline_code(lock.path)} is out of date."
    renews = f"{inline_code(write_line(lock, tool.renew))} renews it. {_CHANGED_NOTHING}"
    try:
        result, _ = await job.workshop(brief.base_sha).keep_lock(lock, NO_CHANGES, tracked, write=False)
    except ToolchainError as error:
        return Diagnosis(kind="unknown", sentence=f"{said} {error.message} {renews}")
    if result.ok:
        return None
    check = inline_code(write_line(lock, tool.check))
    if not tool.said.search(result.output):
        return Diagnosis(kind="unknown", sentence=f"{said} Here {check} could not tell: {_say(result)} {renews}")
    sentence = (
        f"Lock file: {inline_code(lock.path)} is out of date, in CI and here: {check} fails on {brief.base_sha[:10]}."
    )
    return Diagnosis(kind="ours", sentence=sentence, lock=lock)


async def propose_lock(ctx: Ctx, job: Job[Any], brief: HealBrief, diagnosis: Diagnosis, lock: StaleLock) -> ProofResult:
    """Make the renewed lock file the change, where the policy lets it."""
    fields: dict[str, Any] = {"diagnosis": diagnosis}
    line = write_line(lock, get_tool(lock).renew)
    told = f"{diagnosis.sentence} {inline_code(line)} renews it"
    only_named = explain_naming(job.policy.rules(HealRules).renew, on_pull=brief.pull is not None)
    if only_named:
        return ProofResult(note=f"{told}; {only_named}", ended=True, fields=fields)
    renewed = await ctx.step("renew-lock", renew_lock, job, brief, lock, interruptible=True)
    if renewed.problem:
        return ProofResult(note=f"{told}, but not here: {renewed.problem}", ended=True, fields=fields)
    tool = f"{inline_code(line)}, which asked the package registries"
    change = f"{inline_code(lock.path)} renewed by {tool}: {renewed.versions}. {UNJUDGED_LOCK}"
    fields |= {
        "made": renewed.changes,
        "renewed_paths": (lock.path,),
        "mended_by": (line,),
        "versions": renewed.versions,
        "claims": Claims(cause=diagnosis.sentence, change=change),
    }
    return ProofResult(note=f"{diagnosis.sentence} {change}", fields=fields)


def explain_naming(renew: Collection[str], *, on_pull: bool) -> str:
    """Say why a lock file is not renewed; "" where it may be."""
    if on_pull:
        return f"I do not push that to a pull request. {_CHANGED_NOTHING}"
    if "locks" not in renew:
        return f"with `heal: {{renew: [locks]}}` in the policy I propose that. {_CHANGED_NOTHING}"
    return ""


async def renew_lock(job: Job[Any], brief: HealBrief, lock: StaleLock) -> RenewedLock:
    """Run what renews a lock file; nothing where it changes another file."""
    sha = brief.base_sha
    tracked = await _list_tracked(job, sha)
    try:
        result, changes = await job.workshop(sha).keep_lock(lock, NO_CHANGES, tracked, write=True)
    except ToolchainError as error:
        return RenewedLock(problem=error.message)
    await job.stage(Stage.EDIT, "started", f"{get_tool(lock).name}: {len(changes.files)} files")
    if not result.ok:
        return RenewedLock(problem=_say(result))
    after = changes.files.get(lock.path)
    if after is None or len(changes.files) != 1:
        return RenewedLock(problem=f"it changed {', '.join(sorted(changes.files)[:5]) or 'nothing'}.")
    before = await (await job.mirror(sha)).read(sha, lock.path) or ""
    return RenewedLock(changes=changes, versions=await asyncio.to_thread(describe_versions, lock.path, before, after))


async def gate_lock(job: Job[Any], sha: str, lock: StaleLock, changes: Changes) -> Gate:
    """Require that the tool finds nothing out of date in the change."""
    tracked = await _list_tracked(job, sha)
    result, _ = await job.workshop(sha).keep_lock(lock, changes, tracked, write=False)
    return Gate(
        name=f"lock file ({write_line(lock, get_tool(lock).check)})"[:200],
        passed=result.ok,
        before="out of date",
        after="up to date" if result.ok else "out of date",
        detail="" if result.ok else result.output[-_SHOWN:],
    )


async def _list_tracked(job: Job[Any], sha: str) -> list[str]:
    return [entry.path for entry in await (await job.mirror(sha)).entries(sha) if entry.kind != "link"]


def _say(result: CommandResult) -> str:
    """Return the last line that a tool wrote, as a sentence."""
    lines = [line.strip() for line in result.output.splitlines() if line.strip()]
    last = lines[-1][:200].replace("`", "'") if lines else "it says nothing"
    return last if last.endswith(".") else f"{last}."
