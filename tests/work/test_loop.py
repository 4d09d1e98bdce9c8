"""The loop's limits, on the inline engine with scripted replies. A replay takes the same turns without asking again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from bot.engine.port import Ctx, FlowSpec, FlowTable, Outcome
from bot.git.changes import Changes
from bot.models.port import BudgetExceeded, Conversation, Message, Reply, ToolCall
from bot.types import JsonModel
from bot.work.loop import LoopLimits, TurnResult, shorten_history, work
from bot.work.records import Work
from tests.support.inline_engine import InlineEngine


class Nothing(JsonModel):
    """An argument without content."""


@dataclass
class ScriptedHands:
    """Replies in order; every call adds one file, so that the tree changes unless it is a repeated read."""

    replies: Iterator[Reply]
    asked: list[str] = field(default_factory=list)

    async def ask(self, step: str, conversation: Conversation, failed: int) -> Reply:
        self.asked.append(step)
        reply = next(self.replies, None)
        if reply is None:
            raise BudgetExceeded("The task may cost $2.00, of which $0.01 is left.", limit="task")
        return reply

    async def act(self, reply: Reply, changes: Changes) -> TurnResult:
        if not reply.tool_calls:
            return TurnResult(messages=(Message(role="user", text="Use a tool."),), changes=changes, malformed=True)
        (call,) = reply.tool_calls
        if call.name == "finish":
            return TurnResult(messages=(_answer(call),), changes=changes, finished="done")
        if call.name == "edit":
            changes = Changes(files={**changes.files, str(call.arguments["path"]): "x"})
        return TurnResult(messages=(_answer(call),), changes=changes, seconds=5.0)


def _answer(call: ToolCall) -> Message:
    return Message(role="tool", text="ok", tool_call_id=call.id)


def call(name: str, **arguments: Any) -> Reply:
    return Reply(tool_calls=(ToolCall(id="1", name=name, arguments=arguments),), seconds=1.0)


async def run(replies: list[Reply], limits: LoopLimits, memory: dict[str, Any] | None = None) -> tuple[Work, list[str]]:
    hands = ScriptedHands(iter(replies))
    ended: list[Work] = []

    async def flow(ctx: Ctx, argument: Nothing) -> Outcome:
        ended.append(await work(ctx, "edit", "system", Work(), hands, limits))
        return Outcome(state="done", summary="")

    table = FlowTable()
    table.add(FlowSpec(name="loop", run=flow, argument=Nothing))
    engine = InlineEngine(table, memory=memory)
    await engine.start("task", "loop", Nothing(), group=None)
    await engine.close()
    return ended[0], hands.asked


@pytest.mark.parametrize(
    ("replies", "limits", "ended", "turns"),
    [
        ([call("read", path="a"), call("edit", path="a"), call("finish")], LoopLimits(), "finished", 3),
        ([call("edit", path=str(n)) for n in range(9)], LoopLimits(turns=4), "turns", 4),
        ([Reply(text="hm")] * 9, LoopLimits(), "malformed", 3),
        ([call("read", path="a")] * 9, LoopLimits(), "repeated", 3),
        ([call("edit", path=str(n)) for n in range(9)], LoopLimits(seconds=10), "wall clock", 2),
        ([call("read", path="a")], LoopLimits(), "dollars", 1),
    ],
)
async def test_every_limit_ends_the_loop(replies: list[Reply], limits: LoopLimits, ended: str, turns: int) -> None:
    state, _ = await run(replies, limits)
    assert (state.ended, state.turns) == (ended, turns)
    assert state.summary


async def test_malformed_answers_count_only_in_a_row() -> None:
    replies = [Reply(text="hm"), Reply(text="hm"), call("edit", path="a"), Reply(text="hm"), call("finish")]
    state, _ = await run(replies, LoopLimits())
    assert state.ended == "finished"
    assert state.changes.files == {"a": "x"}


async def test_the_conversation_holds_what_was_said_and_answered() -> None:
    state, asked = await run([call("edit", path="a"), call("finish")], LoopLimits())
    assert [message.role for message in state.messages] == ["assistant", "tool", "assistant", "tool"]
    assert asked == ["edit-0-ask", "edit-1-ask"]


def test_old_tool_answers_are_cut_in_steps_of_ten() -> None:
    messages = tuple(Message(role="tool", text=f"{n} " + "x" * 9000, tool_call_id=str(n)) for n in range(27))
    shorter = shorten_history(messages)
    cut = [n for n, message in enumerate(shorter) if "[cut here" in message.text]
    assert cut == list(range(10))
    assert shorten_history(messages[:5]) == messages[:5]
