"""A blow strikes once, whoever is struck has started anew by then."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from simhub.model_formats import ModelRequest
from tests.faults import blows
from tests.faults.blows import Blow, Kind, ModelFaults, Striker
from tests.faults.flows import Flow
from tests.faults.pace import MOST_DEATHS, Pace
from tests.support.story import Story

_LAG = 0.2


@dataclass
class Sleeper:
    """What a blow needs of a server: a process, and how it is started anew."""

    process: asyncio.subprocess.Process | None = None
    script: Any = field(default_factory=lambda: SimpleNamespace(requests=[]))

    async def start_bot(self) -> None:
        self.process = await asyncio.create_subprocess_exec("sleep", "60")

    async def end(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()


async def test_a_blow_that_lags_does_not_strike_who_started_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blows, "_LONGEST_WAIT", _LAG / 4)
    victim = Sleeper()
    await victim.start_bot()
    striker = Striker(ModelFaults(random.Random(1)), Pace(tuple), [cast("Story", victim)])
    asyncio.get_running_loop().call_soon(striker.answered)  # the moment comes, the wait ends before the blow falls
    try:
        await striker.strike(Blow(Kind.KILL, 0, "answer", 1, 0.0, _LAG, 0.0, 0.0, 0.0))
        await asyncio.sleep(_LAG * 2)
        assert victim.process is not None
        assert victim.process.returncode is None
    finally:
        await victim.end()


async def test_a_death_counts_for_a_flow_that_asks_while_the_blow_is_awaited() -> None:
    victim = Sleeper()
    await victim.start_bot()
    flow = SimpleNamespace(word="cents", ended=False, hear=lambda: None)
    pace = Pace(lambda: [cast("Flow", flow)])
    striker = Striker(ModelFaults(random.Random(1)), pace, [cast("Story", victim)])
    asked = cast("ModelRequest", SimpleNamespace(text="What of the cents?"))
    asyncio.get_running_loop().call_later(_LAG / 2, pace.hear, asked)
    try:
        await striker.strike(Blow(Kind.KILL, 0, "time", 1, _LAG, 0.0, 0.0, 0.0, 0.0))
        assert pace.allows(MOST_DEATHS - 1)
        assert not pace.allows(MOST_DEATHS)
    finally:
        await victim.end()
