"""Run a verifier's commands before and after a change, none of a fork's."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from bot.git.changes import NO_CHANGES, Changes
from bot.git.output import as_text
from bot.pulls import diff, placeholders
from bot.pulls.diff import Review
from bot.pulls.records import ReviewPlan, Subject, VerifierCommand
from bot.sandbox.port import CommandResult, Limits
from bot.types import ForgehandError
from bot.work.workshop import BaseInstallation, Workshop

_LIMITS = Limits(seconds=60, memory_mb=2048, output_kb=16)
# Characters of output that the model is shown of each run, and that a comment shows of each.
_SHOWN = 4_000
_OUTPUT = 1_500
# A comment shows the command as it ran, beside claim and outputs, and GitHub takes 65,536 characters.
_LONGEST = 10_000


@dataclass
class SandboxRuns:
    """Commands that one verifier ran, in order."""

    review: Review
    plan: ReviewPlan
    turns: asyncio.Lock  # shared by all verifiers of a task, which has one directory
    done: list[VerifierCommand] = field(default_factory=list)
    trouble: str = ""  # what could not be installed or run

    async def run(self, command: str) -> str:
        """Run a shell line on the head and without the change, for the model."""
        if len(command) > _LONGEST:
            return f"It was not run: {len(command)} characters cannot be shown to people. Use at most {_LONGEST}."
        async with self.turns:
            workshop = self.review.workshop(self.plan.head_sha)
            try:
                self.trouble = self.trouble or explain_installation(await workshop.ready())
                now = await workshop.run(command, NO_CHANGES, _LIMITS)
            except ForgehandError as error:
                self.trouble = f"nothing could be run: {error.message[:300]}"
                return f"It cannot be run: {error.message[:1000]}"
            before = await self._run_before(workshop, command)
        hidden = await diff.read_secrets(self.review, self.plan)
        outputs = [placeholders.redact(each.output, hidden) if each is not None else "" for each in (now, before)]
        self.done.append(
            VerifierCommand(
                command=command,
                ended=_describe_end(now),
                output=_keep_end(outputs[0]),
                before_ended=_describe_end(before) if before is not None else "",
                before_output=_keep_end(outputs[1]),
            )
        )
        told = [f"With the change: {_describe_end(now)}, {now.seconds:.1f} s\n{outputs[0][-_SHOWN:]}"]
        if before is not None:
            told.append(f"Without the change: {_describe_end(before)}, {before.seconds:.1f} s\n{outputs[1][-_SHOWN:]}")
        return "\n\n".join(told)

    async def _run_before(self, workshop: Workshop, command: str) -> CommandResult | None:
        """Run it without the change; None if that cannot be laid out."""
        try:
            return await workshop.run(command, await revert_change(self.review, self.plan), _LIMITS)
        except ForgehandError:
            return None


async def revert_change(review: Review, plan: ReviewPlan) -> Changes:
    """Return the merge base's text files: one installation serves both."""
    diffs = await diff.read_diffs(review, plan.merge_base, plan.head_sha)
    paths = {each.old_path for each in diffs.values() if each.status != "added"}
    old = await diff.read_contents(review, plan.merge_base, paths)
    files: dict[str, str | None] = {path: None for path, each in diffs.items() if each.old_path not in paths}
    files |= {path: None for path, each in diffs.items() if each.status == "renamed"}
    return Changes(files=files | {path: text for path, data in old.items() if (text := as_text(data)) is not None})


def explain_installation(installed: BaseInstallation) -> str:
    """Say in words what could not be installed; "" where all could."""
    failed = next((each for each in installed.commands if not each.ok), None)
    return f"`{failed.command}` failed, so not everything that the tests need is there" if failed is not None else ""


def _describe_end(result: CommandResult) -> str:
    return f"exit code {result.exit_code}" if result.ended == "exit" else result.ended


def _keep_end(output: str) -> str:
    """Keep the last whole lines, because what went wrong is written last."""
    text = output.strip("\n")
    if len(text) <= _OUTPUT:
        return text
    kept = text[-_OUTPUT:]
    return f"…\n{kept.partition(chr(10))[2] or kept}"


def may_run(review: Review, subject: Subject) -> bool:
    """Return whether code may run here: the repository's own, no fork's."""
    return not subject.from_fork and review.services.sandbox.tier != "none"
