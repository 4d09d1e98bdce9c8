"""What disturbs the work: signals to the server's processes, and GitHub's own faults, by a plan that a seed makes."""

from __future__ import annotations

import asyncio
import random
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum

from simhub import Fault
from simhub.requestlog import RequestRecord
from tests.support.databases import PostgresServer
from tests.support.story import Story

_DEADLY = 5  # a step whose process died six times is given up, as is promised: so many kills may hit one task
_LONGEST_WAIT = 8.0  # for a moment that may never come
_END_SECONDS = 60.0  # for a process that was asked to end
_AWAY_SECONDS = (0.5, 4.0)
_LONG_FREEZE = 35.0  # by then another process has taken over
_STARTING_SECONDS = (0.0, 2.0)
_MODEL_FAULTS = ("overloaded", "reset", "truncate", "stream_error", "down")
_MOMENTS = ("write", "write", "read", "model", "model", "time")
_FAULTS: tuple[Callable[[], Fault], ...] = (
    lambda: Fault(method="POST", status=502, after=True),
    lambda: Fault(method="PATCH", status=502, after=True),
    lambda: Fault(method="GET", status=500),
    lambda: Fault(method="GET", reset=True),
    lambda: Fault(method="GET", malformed=True),
    lambda: Fault(method="POST", status=503),
    lambda: Fault(method="POST", status=429, headers={"Retry-After": "1"}),
    lambda: Fault(method="GET", delay=1.0),
)


class Kind(StrEnum):
    """What a blow is: a signal, or the database stopped; ``CUT`` is SIGTERM while it is away."""

    KILL = "SIGKILL"
    STARTING = "SIGKILL at start"
    TERM = "SIGTERM"
    STOP = "SIGSTOP"
    AWAY = "database away"
    CUT = "SIGTERM, database away"


_SIGNALS = {
    Kind.KILL: signal.SIGKILL,
    Kind.STARTING: signal.SIGKILL,
    Kind.TERM: signal.SIGTERM,
    Kind.CUT: signal.SIGTERM,
    Kind.STOP: signal.SIGSTOP,
}


@dataclass(frozen=True)
class Blow:
    """A blow at the ``count``-th event of a kind from now on, or after ``wait`` seconds.

    ``away`` is how long the database or the process is.
    """

    kind: Kind
    server: int
    moment: str
    count: int
    wait: float
    away: float
    start: float


def plan(chance: random.Random, *, shared: bool) -> list[Blow]:
    """Draw up a round's blows: five kills, and as many others as chance will have."""
    kinds = [Kind.KILL] * (_DEADLY - 1) + [Kind.STARTING, Kind.TERM, Kind.STOP]
    kinds += [chance.choice([Kind.TERM, Kind.STOP])] * chance.randint(0, 2)
    if shared:
        kinds += [Kind.AWAY, Kind.CUT]
    chance.shuffle(kinds)
    return [
        Blow(
            kind,
            chance.randrange(2 if shared else 1),
            chance.choice(_MOMENTS),
            chance.randint(1, 12),
            chance.uniform(0.0, 4.0),
            _LONG_FREEZE if kind is Kind.STOP and shared and chance.random() < 0.3 else chance.uniform(*_AWAY_SECONDS),
            chance.uniform(*_STARTING_SECONDS),
        )
        for kind in kinds
    ]


def faults(chance: random.Random) -> list[Fault]:
    """Draw up GitHub's own faults of a round."""
    return [make() for make in chance.sample(_FAULTS, 3)]


def model_faults(chance: random.Random) -> dict[int, str]:
    """Draw up the model's faults of a round: after so many questions, which."""
    return {chance.randint(2, 25): chance.choice(_MODEL_FAULTS) for _ in range(2)}


@dataclass
class Striker:
    """Whoever strikes the servers; it notes how many model calls had been made at each blow.

    ``thoughts`` are the model's faults by the number of the question.
    """

    servers: Sequence[Story]
    database: PostgresServer | None = None
    thoughts: dict[int, str] = field(default_factory=dict)
    struck: Counter[str] = field(default_factory=Counter)
    asked_before: list[int] = field(default_factory=list)
    _moment: str = ""
    _left: int = 0
    _act: Callable[[], None] = lambda: None

    def watch(self) -> None:
        """Follow what the servers do."""
        self.servers[0].hub.observers.append(self._look)

    def asked(self) -> str | None:
        """Tell that the model is being asked; return the fault it answers with, if it does."""
        self._count("model")
        number = len(self.servers[0].script.requests)
        due = min(self.thoughts, default=number + 1)
        if due > number:
            return None
        self.struck["model fault"] += 1
        self.asked_before.append(number)
        return self.thoughts.pop(due)

    async def strike(self, blow: Blow) -> None:
        """Wait for the moment, strike, and put the server on its feet again."""
        victim = self.servers[blow.server]
        come = asyncio.Event()

        def act() -> None:
            if blow.kind in {Kind.AWAY, Kind.CUT} and self.database is not None:
                self.database.stop()
            if blow.kind in _SIGNALS and victim.process is not None:
                victim.process.send_signal(_SIGNALS[blow.kind])
            self.asked_before.append(len(victim.script.requests))
            come.set()

        self._moment, self._left, self._act = blow.moment, blow.count, act
        with suppress(TimeoutError):
            await asyncio.wait_for(come.wait(), blow.wait if blow.moment == "time" else _LONGEST_WAIT)
        self._moment = ""
        if not come.is_set():
            act()
        self.struck[blow.kind.value] += 1
        await self._recover(victim, blow)

    async def _recover(self, victim: Story, blow: Blow) -> None:
        assert victim.process is not None
        if blow.kind in {Kind.AWAY, Kind.CUT, Kind.STOP}:
            await asyncio.sleep(blow.away)
        if blow.kind in {Kind.AWAY, Kind.CUT} and self.database is not None:
            await asyncio.to_thread(self.database.start)
        if blow.kind is Kind.STOP:
            victim.process.send_signal(signal.SIGCONT)
        if blow.kind in {Kind.AWAY, Kind.STOP}:
            return
        async with asyncio.timeout(_END_SECONDS):
            await victim.process.wait()
        self.asked_before.append(len(victim.script.requests))
        if blow.kind is Kind.STARTING:
            await self._kill_starting(victim, blow.start)
        await victim.start_bot()

    async def _kill_starting(self, victim: Story, seconds: float) -> None:
        starting = asyncio.create_task(victim.start_bot())
        await asyncio.wait({starting}, timeout=seconds)
        starting.cancel()
        with suppress(asyncio.CancelledError):
            await starting
        assert victim.process is not None
        await victim.kill_bot()
        self.asked_before.append(len(victim.script.requests))

    def _look(self, record: RequestRecord, _: object) -> None:
        if record.kind in {"app", "installation", "git"}:
            self._count("read" if record.method == "GET" else "write")

    def _count(self, moment: str) -> None:
        if moment != self._moment:
            return
        self._left -= 1
        if self._left <= 0:
            self._moment = ""
            self._act()
