"""Questions to models are asked in full waves, none before the one it follows."""

from __future__ import annotations

from typing import Any

from bot.engine.port import Ctx, FlowSpec, FlowTable, Outcome, Step
from bot.types import JsonModel
from handlers.review.batches import ask_all
from tests.support.inline_engine import InlineEngine


class Nothing(JsonModel):
    """Argument of a workflow that needs none."""


class Answer(JsonModel):
    """Answer to a question; ``asked`` is how many were asked when it came."""

    short: bool = False
    asked: int = 0


async def ask_in_waves(names: list[str], after: dict[str, str]) -> dict[str, int]:
    """Return for each question how many had been asked when its wave was."""
    asked: list[str] = []

    async def ask(name: str) -> Answer:
        asked.append(name)
        return Answer(asked=len(asked))

    async def flow(ctx: Ctx, _argument: Nothing) -> Outcome:
        answers = await ask_all(ctx, {name: Step(ask, (name,)) for name in names}, after=after)
        return Outcome(state="done", summary="", data={name: answer.asked for name, answer in answers.items()})

    table = FlowTable()
    table.add(FlowSpec(name="ask", run=flow, argument=Nothing))
    outcome = await InlineEngine(table).run("ask", Nothing())
    data: dict[str, Any] = outcome.data
    return data


async def test_a_second_reading_fills_the_last_wave_of_the_first() -> None:
    firsts = [f"first-{number}" for number in range(8)]
    order = await ask_in_waves([*firsts, "again-0", "again-7"], {"again-0": "first-0", "again-7": "first-7"})
    assert sorted(order, key=lambda name: order[name]) == [*firsts, "again-0", "again-7"]
    assert {order["first-6"], order["first-7"], order["again-0"]} == {7, 8, 9}


async def test_a_second_reading_of_one_part_waits_for_the_first() -> None:
    assert await ask_in_waves(["again", "first"], {"again": "first"}) == {"first": 1, "again": 2}
