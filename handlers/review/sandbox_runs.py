"""Run a verifier's commands in the sandbox, before the change and now; of a stranger's fork nothing is run."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from bot.git.changes import NO_CHANGES, Changes
from bot.git.mirrors import as_text
from bot.pulls import diff, placeholders
from bot.pulls.diff import Review
from bot.pulls.records import ReviewPlan, Subject, VerifierCommand
from bot.sandbox.port import CommandResult, Limits
from bot.types import ForgehandError
from bot.work.workshop import Workshop

_LIMITS = Limits(seconds=60, memory_mb=2048, output_kb=16)
# Characters of output that the model is shown of each run, that a command keeps, and that a comment shows of each run.
_SHOWN = 4_000
_COMMAND = 2_000
_OUTPUT = 1_500


@dataclass
class SandboxRuns:
    """What one verifier ran, in order. ``turns`` is shared by all verifiers of a task, which has one directory.

    ``trouble`` says what could not be installed or run.
    """

    review: Review
    looked: ReviewPlan
    turns: asyncio.Lock
    done: list[VerifierCommand] = field(default_factory=list)
    trouble: str = ""

    async def run(self, command: str) -> str:
        """Run a shell line on the head, and on the same tree with the change taken back; what the model is told."""
        async with self.turns:
            workshop = self.review.workshop(self.looked.head_sha)
            try:
                self.trouble = self.trouble or await _missing(workshop)
                now = await workshop.run(command, NO_CHANGES, _LIMITS)
            except ForgehandError as error:
                self.trouble = f"nothing could be run: {error.message[:300]}"
                return f"It cannot be run: {error.message[:1000]}"
            before = await self._before(workshop, command)
        hidden = await diff.read_secrets(self.review, self.looked)
        outputs = [placeholders.redact(each.output, hidden) if each is not None else "" for each in (now, before)]
        self.done.append(
            VerifierCommand(
                command=_cut(command),
                ended=_ended(now),
                output=_end(outputs[0]),
                before_ended=_ended(before) if before is not None else "",
                before_output=_end(outputs[1]),
            )
        )
        told = [f"With the change: {_ended(now)}, {now.seconds:.1f} s\n{outputs[0][-_SHOWN:]}"]
        if before is not None:
            told.append(f"Without the change: {_ended(before)}, {before.seconds:.1f} s\n{outputs[1][-_SHOWN:]}")
        return "\n\n".join(told)

    async def _before(self, workshop: Workshop, command: str) -> CommandResult | None:
        """Run it without the change; None where the files as they were cannot be laid out."""
        try:
            return await workshop.run(command, await self._taken_back(), _LIMITS)
        except ForgehandError:
            return None

    async def _taken_back(self) -> Changes:
        """Return what makes the merge base of the head: one installation serves both. What is not text stays."""
        diffs = await diff.read_diffs(self.review, self.looked.merge_base, self.looked.head_sha)
        paths = {each.old_path for each in diffs.values() if each.status != "added"}
        old = await diff.read_contents(self.review, self.looked.merge_base, paths)
        files: dict[str, str | None] = {path: None for path, each in diffs.items() if each.old_path not in paths}
        files |= {path: None for path, each in diffs.items() if each.status == "renamed"}
        return Changes(files=files | {path: text for path, data in old.items() if (text := as_text(data)) is not None})


async def _missing(workshop: Workshop) -> str:
    """Install unless that was done; what could not be installed, in words."""
    installed = await workshop.ready()
    failed = next((each for each in installed.commands if not each.ok), None)
    return f"`{failed.command}` failed, so not everything that the tests need is there" if failed is not None else ""


def _ended(result: CommandResult) -> str:
    return f"exit code {result.exit_code}" if result.ended == "exit" else result.ended


def _cut(command: str) -> str:
    return command if len(command) <= _COMMAND else f"{command[:_COMMAND]}…"


def _end(output: str) -> str:
    """The last whole lines, because what went wrong is written last."""
    text = output.strip("\n")
    if len(text) <= _OUTPUT:
        return text
    kept = text[-_OUTPUT:]
    return f"…\n{kept.partition(chr(10))[2] or kept}"


def may_run(review: Review, subject: Subject) -> bool:
    """Whoever pushes to the repository may have its code run here; of a fork nothing is."""
    return not subject.from_fork and review.services.sandbox.tier != "none"
