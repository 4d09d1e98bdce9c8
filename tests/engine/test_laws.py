"""Laws of workflows on what is remembered and what may run side by side; a test a law, on both adapters."""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from bot.engine.port import Ctx, Outcome, Step, StepCrashed, WorkflowError
from bot.types import ForgehandError, JsonModel
from tests.engine.harness import Busy, Count, Harness, Nothing, done
from tests.support.patience import PATIENCE

if TYPE_CHECKING:
    from pathlib import PurePath

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Thing(JsonModel):
    name: str
    sizes: tuple[int, ...] = ()


class Pair(NamedTuple):
    left: int
    right: str


async def test_a_result_is_what_the_annotation_says_and_not_what_the_function_held(harness: Harness) -> None:
    async def model() -> Thing:
        return Thing(name="a", sizes=(1, 2))

    async def pair() -> Pair:
        return Pair(1, "b")

    async def named(prefix: str, suffix: str) -> dict[int, frozenset[str]]:
        return {7: frozenset({prefix + suffix})}

    async def nothing() -> None:
        return None

    got: list[Any] = []

    async def flow(ctx: Ctx, _: Nothing) -> Outcome:
        got.append(await ctx.step("model", model))
        got.append(await ctx.step("pair", pair))
        got.append(await ctx.step("named", functools.partial(named, "x"), "y"))
        got.append(await ctx.step("nothing", nothing))
        got.append(await ctx.step("callable", Count(), 5))
        return done()

    assert (await harness.run(flow)).state == "done"
    assert got == [Thing(name="a", sizes=(1, 2)), Pair(1, "b"), {7: frozenset({"xy"})}, None, 5]
    assert [type(value) for value in got[:2]] == [Thing, Pair]


async def test_a_result_that_would_not_survive_replay_is_refused_at_once(harness: Harness) -> None:
    async def lies() -> Thing:
        return {"sizes": "many"}  # type: ignore[return-value]

    async def not_a_number() -> float:
        return float("nan")

    errors: list[StepCrashed] = []

    async def flow(ctx: Ctx, _: Nothing) -> Outcome:
        for step in (lies, not_a_number):
            try:
                await ctx.step(step.__name__, step)
            except StepCrashed as error:
                errors.append(error)
        return done()

    await harness.run(flow)
    assert [(error.detail("step"), error.detail("kind")) for error in errors] == [
        ("lies", "ValidationError"),
        ("not_a_number", "ValidationError"),
    ]


async def test_our_errors_come_back_as_themselves_and_foreign_ones_as_a_crash(harness: Harness) -> None:
    async def ours() -> int:
        raise Busy("come back", retry_after=3, who="model")

    async def foreign() -> int:
        return {}["/srv/bot/data"]

    async def hostile() -> int:
        raise Busy("the program said \x00\udcff")

    errors: list[ForgehandError] = []

    async def flow(ctx: Ctx, _: Nothing) -> Outcome:
        for step in (ours, foreign, hostile):
            try:
                await ctx.step(step.__name__, step)
            except ForgehandError as error:
                errors.append(error)
        return done()

    await harness.run(flow)
    assert errors[0] == Busy("come back", retry_after=3, who="model")
    assert isinstance(errors[1], StepCrashed)
    assert errors[1].details == {"step": "foreign", "kind": "KeyError"}
    assert "/srv" not in errors[1].message, "it is posted: what a stranger's error says belongs into the log"
    assert errors[2].message == "the program said \x00?"


async def test_a_step_that_says_not_what_it_returns_is_refused(harness: Harness) -> None:
    async def silent():
        return 1

    async def typing_only() -> PurePath: ...

    async def not_json() -> asyncio.Lock: ...

    errors: list[str] = []

    async def flow(ctx: Ctx, _: Nothing) -> Outcome:
        for step in (silent, typing_only, not_json):
            try:
                await ctx.step(step.__name__, step)
            except WorkflowError as error:
                errors.append(error.message)
        return done()

    await harness.run(flow)
    assert ["silent" in errors[0], "typing_only" in errors[1], "not_json" in errors[2]] == [True] * 3


async def test_names_of_steps_are_unique(harness: Harness) -> None:
    count = Count()

    async def flow(ctx: Ctx, _: Nothing) -> Outcome:
        await ctx.step("same", count)
        await ctx.step("same", count)
        return done()

    row = await harness.run(flow)
    assert (row.state, count.calls) == ("failed", 1)
    assert "same" in row.result["summary"]


async def test_gather_over_steps_is_refused_and_leaves_nothing_running(harness: Harness) -> None:
    ran: list[str] = []

    async def slow(name: str) -> str:
        await asyncio.sleep(0.3)
        ran.append(name)
        return name

    async def branch(ctx: Ctx, name: str) -> None:
        for number in range(3):
            await ctx.step(f"{name}{number}", slow, name)

    async def flow(ctx: Ctx, _: Nothing) -> Outcome:
        await asyncio.gather(branch(ctx, "a"), branch(ctx, "b"), branch(ctx, "c"))
        return done()

    row = await harness.run(flow)
    assert (row.state, row.result["data"]["error"]) == ("failed", "WorkflowError")
    await asyncio.sleep(0.4)
    assert ran == []


async def test_a_step_inside_a_step_is_refused(harness: Harness) -> None:
    async def flow(ctx: Ctx, _: Nothing) -> Outcome:
        async def outer() -> int:
            return await ctx.step("inner", Count())

        return done(await ctx.step("outer", outer))

    row = await harness.run(flow)
    assert row.result["data"]["error"] == "WorkflowError"


async def test_parallel_runs_one_step_a_branch_side_by_side_and_raises_after_all_ended(harness: Harness) -> None:
    first, second = asyncio.Event(), asyncio.Event()
    ended_steps: list[str] = []

    async def meets(mine: asyncio.Event, other: asyncio.Event) -> str:
        mine.set()
        await asyncio.wait_for(other.wait(), PATIENCE)
        return "met"

    async def fails() -> str:
        raise Busy("first")

    async def slow() -> str:
        await asyncio.sleep(0.05)
        ended_steps.append("slow")
        return ""

    async def flow(ctx: Ctx, _: Nothing) -> Outcome:
        both = await ctx.parallel({"a": Step(meets, (first, second)), "b": Step(meets, (second, first))})
        assert await ctx.parallel({}) == {}
        try:
            await ctx.parallel({"slow": Step(slow), "fails": Step(fails)})
        except Busy as error:
            return done(f"{both} {error.message} {ended_steps}")
        return done("no error")

    assert (await harness.run(flow)).result["summary"] == "{'a': 'met', 'b': 'met'} first ['slow']"


async def test_nothing_runs_beside_parallel_steps(harness: Harness) -> None:
    async def say(name: str) -> str:
        await asyncio.sleep(0.02)
        return name

    async def flow(ctx: Ctx, _: Nothing) -> Outcome:
        both = ctx.parallel({name: Step(say, (name,)) for name in "xy"})
        others = ctx.step("beside", say, "beside"), ctx.parallel({"z": Step(say, ("z",))})
        first, *refused = await asyncio.gather(both, *others, return_exceptions=True)
        names = [type(error).__name__ for error in refused]
        return done([first, names, await ctx.step("after", say, "after")])

    row = await harness.run(flow)
    assert row.result["summary"] == str([{"x": "x", "y": "y"}, ["WorkflowError"] * 2, "after"])
