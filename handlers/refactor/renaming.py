"""Make a rename by the codemod, and show that the change is exactly that."""

from __future__ import annotations

import asyncio
from typing import Any

from bot.change.recipe import Job
from bot.change.records import Gate
from bot.codemod.proof import prove
from bot.codemod.rename import Codemod
from bot.codemod.target import CannotRename, Rename
from bot.git.changes import NO_CHANGES, Changes
from bot.markdown import counted
from bot.surface.comparison import compare
from bot.surface.levels import DOCUMENTS, Level
from bot.types import JsonModel
from handlers.refactor.sources import apply, read_texts

_TOLD = 20
_RENAMED = {"added", "removed", "exported by *"}


class Made(JsonModel):
    """A rename in one tree, or in words why it is none."""

    changes: Changes = NO_CHANGES
    problem: str = ""


async def make_rename(job: Job[Any], sha: str, wanted: Rename) -> Made:
    """Rename in the tree of a commit, and prove that nothing was left behind."""
    texts = await read_texts(job, sha, ("",))
    entries = await (await job.mirror(sha)).entries(sha)
    others = [entry.path for entry in entries if entry.path not in texts]
    return await asyncio.to_thread(_rename, texts, wanted, others)


def _rename(texts: dict[str, str], wanted: Rename, others: list[str]) -> Made:
    try:
        changes = Codemod(texts, wanted, others).changes()
    except CannotRename as error:
        return Made(problem=error.message)
    faults = prove(texts, changes, wanted)
    if faults:
        return Made(problem="The rename is not complete: " + "; ".join(faults[:_TOLD]))
    return Made(changes=changes)


async def gate_rename(job: Job[Any], sha: str, changes: Changes, wanted: Rename) -> list[Gate]:
    """Make the rename once more: each hunk must be the codemod's."""
    reproduced = reproduced_gate(await make_rename(job, sha, wanted), changes, wanted)
    if not reproduced.passed:
        return [reproduced]
    return [reproduced, await asyncio.to_thread(_api_gate, await read_texts(job, sha), changes, wanted)]


def reproduced_gate(again: Made, changes: Changes, wanted: Rename) -> Gate:
    """Require that a change is the rename, and nothing else."""
    differing = sorted(path for path, text in changes.files.items() if again.changes.files.get(path, "") != text)
    missing = sorted(set(again.changes.files) - set(changes.files))
    same = not again.problem and not differing and not missing
    return Gate(
        name="made by the recorded codemod",
        passed=same,
        after=f"every hunk in {counted(len(changes.files), 'file')}"
        if same
        else f"not the same: {counted(len(differing) + len(missing), 'file')}",
        detail="\n".join([again.problem, *differing, *missing]).strip(),
        parts={"implementation": f"The codemod renames {wanted.old} to {wanted.new}; run again it makes every hunk."},
    )


def _api_gate(texts: dict[str, str], changes: Changes, wanted: Rename) -> Gate:
    """Require that nothing of the API changed but the name."""
    known = {path: text for path, text in changes.files.items() if path.endswith((".py", *DOCUMENTS))}
    found = compare(texts, apply(texts, Changes(files=known))).changes
    shown = [change for change in found if change.level is not Level.PRIVATE]
    others = [str(change) for change in shown if change.fact not in _RENAMED]
    names = [change.name for change in shown if change.fact == "removed" and change.level is Level.DOCUMENTED]
    told = f"; documented: {', '.join(names[:_TOLD])}" if names else "; no documented name"
    return Gate(
        name="API",
        passed=not others,
        after=f"{wanted.old} renamed as asked{told}",
        detail="\n".join(others[:_TOLD]),
    )
