"""The loop around a model, on one screen: ask, act, until it finishes or a limit ends it.

A turn is two steps, so that a restart continues in the middle and no answer is bought twice. All limits are computed
from what the steps recorded, never from a clock, so that a replay takes the same turns.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from dataclasses import dataclass
from typing import Literal, Protocol

from bot.engine.port import Ctx
from bot.git.changes import Changes
from bot.models.port import BudgetExceeded, Conversation, Message, Reply
from bot.types import JsonModel
from bot.work.records import Work

Ended = Literal["finished", "turns", "malformed", "repeated", "wall clock", "dollars"]
_KEEP_WHOLE = 10
_CUT_ABOVE = 200_000


@dataclass(frozen=True)
class LoopLimits:
    """Ceilings of one loop; dollars are the gateway's business."""

    turns: int = 60
    seconds: float = 3600.0
    malformed: int = 3
    repeats: int = 3


class TurnResult(JsonModel):
    """The answers to the model, the tree afterwards, and a last summary."""

    messages: tuple[Message, ...]
    changes: Changes
    finished: str | None = None
    malformed: bool = False
    seconds: float = 0.0


class Hands(Protocol):
    """A model and its tools, as a loop needs them inside steps."""

    async def ask(self, step: str, conversation: Conversation, failed: int) -> Reply: ...

    async def act(self, reply: Reply, changes: Changes) -> TurnResult: ...


async def work(ctx: Ctx, name: str, system: str, start: Work, hands: Hands, limits: LoopLimits) -> Work:
    """Turn from ``start`` until finished or a limit; the result says which."""
    state = start
    actions = Counter[str]()
    malformed = 0
    for turn in range(limits.turns):
        try:
            step = f"{name}-{turn}-ask"
            conversation = Conversation(system=system, messages=shorten_history(state.messages))
            reply = await ctx.step(step, hands.ask, step, conversation, len(state.tries), interruptible=True)
        except BudgetExceeded as error:
            return _end(state, "dollars", str(error))
        acted = await ctx.step(f"{name}-{turn}-act", hands.act, reply, state.changes, interruptible=True)
        state = _advance(state, reply, acted)
        malformed = malformed + 1 if acted.malformed else 0
        actions.update(_keys(reply, acted))
        if acted.finished is not None:
            return _end(state, "finished", acted.finished)
        if malformed >= limits.malformed:
            return _end(state, "malformed", f"{reply.model} gave {malformed} answers in a row that could not be used")
        if actions and actions.most_common(1)[0][1] >= limits.repeats:
            return _end(state, "repeated", f"the same action was repeated {limits.repeats} times")
        if state.seconds > limits.seconds:
            return _end(state, "wall clock", f"it took longer than {limits.seconds / 60:.0f} minutes")
    return _end(state, "turns", f"not finished after {limits.turns} turns")


def _advance(state: Work, reply: Reply, acted: TurnResult) -> Work:
    said = (reply.as_message(), *acted.messages)
    return state.model_copy(
        update={
            "messages": (*state.messages, *said),
            "changes": acted.changes,
            "turns": state.turns + 1,
            "model": reply.model,
            "seconds": state.seconds + reply.seconds + acted.seconds,
        }
    )


def _end(state: Work, ended: Ended, summary: str) -> Work:
    return state.model_copy(update={"ended": ended, "summary": summary})


def _keys(reply: Reply, acted: TurnResult) -> list[str]:
    """Return a key for each call: it repeats on the same tree."""
    tree = json.dumps(acted.changes.model_dump(), sort_keys=True)
    return [
        f"{call.name} {json.dumps(call.arguments, sort_keys=True)} {zlib.crc32(tree.encode())}"
        for call in reply.tool_calls
    ]


def shorten_history(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """Cut old, long tool answers once there are some 50,000 tokens."""
    if sum(len(message.text) for message in messages) < _CUT_ABOVE:
        return messages
    tools = [index for index, message in enumerate(messages) if message.role == "tool"]
    # In steps of ten: a cut that moved every turn would lose the provider's cache every turn.
    old = tools[: max(0, len(tools) - _KEEP_WHOLE) // 10 * 10]
    shown = list(messages)
    for index in old:
        text = messages[index].text
        if len(text) > 1200:
            cut = text[:1000] + "\n[cut here to save room: ask again if you need it]"
            shown[index] = messages[index].model_copy(update={"text": cut})
    return tuple(shown)
