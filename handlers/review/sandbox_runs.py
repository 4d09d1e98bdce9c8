"""The verifier may try the change: shell lines in the sandbox, on the installed head, never on a stranger's fork."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from bot.git.changes import NO_CHANGES
from bot.pulls import diff, placeholders
from bot.pulls.diff import Review
from bot.pulls.records import Looked, Subject, Tried
from bot.sandbox.port import Limits
from bot.types import ForgehandError

_LIMITS = Limits(seconds=60, memory_mb=2048, output_kb=16)
_SHOWN = 4_000
_COMMAND = 2_000
_OUTPUT = 1_500
# Verifiers work side by side, but a task has one directory.
_turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()


@dataclass
class Tries:
    """What one verifier ran, in order."""

    review: Review
    looked: Looked
    done: list[Tried] = field(default_factory=list)

    async def run(self, command: str) -> str:
        """Run a shell line; what the model is told."""
        lock = _turns.setdefault(self.review.task_id, asyncio.Lock())
        async with lock:
            try:
                result = await self.review.workshop(self.looked.head_sha).run(command, NO_CHANGES, _LIMITS)
            except ForgehandError as error:
                return f"It cannot be run: {error.message[:1000]}"
        output = placeholders.hide(result.output, await diff.secrets(self.review, self.looked))
        code = f"exit code {result.exit_code}" if result.ended == "exit" else result.ended
        self.done.append(Tried(command=_cut(command), ended=code, output=_end(output)))
        return f"{code}, {result.seconds:.1f} s\n{output[-_SHOWN:]}"


def _cut(command: str) -> str:
    return command if len(command) <= _COMMAND else f"{command[:_COMMAND]}…"


def _end(output: str) -> str:
    """The last whole lines, because what went wrong is written last."""
    text = output.strip("\n")
    if len(text) <= _OUTPUT:
        return text
    kept = text[-_OUTPUT:]
    return f"…\n{kept.partition(chr(10))[2] or kept}"


def may_try(review: Review, subject: Subject) -> bool:
    """Whoever pushes to the repository may have its code run here; of a fork nothing is."""
    return not subject.from_fork and review.services.sandbox.tier != "none"
