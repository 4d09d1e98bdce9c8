"""What disturbs the work: signals, troubles of databases and clocks, by a plan that a seed makes."""

from __future__ import annotations

import asyncio
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum

from simhub.model_formats import ModelRequest
from simhub.requestlog import RequestRecord
from tests.faults.outages import Pair, crowd, fill_disk, lock
from tests.faults.pace import Pace
from tests.support.clocks import set_clock
from tests.support.story import Story

_LONGEST_WAIT = 2.0  # for a moment that may never come
_PACE_SECONDS = 60.0  # for work to go on so far that a server may be killed
_END_SECONDS = 60.0  # for a process that was asked to end
_AWAY_SECONDS = (0.3, 3.0)
_LONG = 35.0  # by then another process has taken over, and SQLite has waited in vain for its lock
_STARTING_SECONDS = (0.0, 1.2)
_MODEL_FAULTS = ("overloaded", "reset", "truncate", "stream_error", "down", "malformed")
_MOMENTS = ("write", "write", "read", "model", "model", "answer", "answer", "time")
_CLOCKS = (-86400.0, -3600.0, -90.0, 0.0, 90.0, 3600.0, 86400.0)  # seconds off


class Kind(StrEnum):
    """What a blow is; ``CUT`` is SIGTERM while the database is away."""

    KILL = "SIGKILL"
    STARTING = "SIGKILL at start"
    TERM = "SIGTERM"
    STOP = "SIGSTOP"
    CLOCK = "clock set"
    AWAY = "database away"
    CUT = "SIGTERM, database away"
    OVER = "database failed over"
    CROWD = "no connection left"
    LOCK = "database locked"
    FULL = "disk full"


DEADLY = (Kind.KILL, Kind.STARTING)
_SIGNALS = {
    Kind.KILL: signal.SIGKILL,
    Kind.STARTING: signal.SIGKILL,
    Kind.TERM: signal.SIGTERM,
    Kind.CUT: signal.SIGTERM,
    Kind.STOP: signal.SIGSTOP,
}
_DEATHS = {Kind.KILL: 1, Kind.STARTING: 1, Kind.CUT: 1, Kind.STOP: 1}
_ANYWHERE = {Kind.KILL: 30, Kind.STARTING: 6, Kind.TERM: 3, Kind.STOP: 3, Kind.CLOCK: 2}
_WEIGHTS = {
    "sqlite": _ANYWHERE | {Kind.LOCK: 2, Kind.FULL: 1},
    "postgres": _ANYWHERE | {Kind.AWAY: 2, Kind.CUT: 1, Kind.OVER: 2, Kind.CROWD: 2},
}
_SHORT = {
    "sqlite": [Kind.KILL, Kind.LOCK, Kind.STARTING, Kind.TERM, Kind.KILL],
    "postgres": [Kind.KILL, Kind.OVER, Kind.TERM, Kind.KILL, Kind.STOP],
}


@dataclass(frozen=True)
class Blow:
    """A blow ``lag`` seconds after the ``count``-th event of a kind from now on, or after ``wait`` seconds.

    ``away`` is how long the database or the process is.
    """

    kind: Kind
    server: int
    moment: str
    count: int
    wait: float
    lag: float
    away: float
    start: float
    clock: float


def plan(chance: random.Random, database: str, count: int, *, short: bool) -> list[Blow]:
    """Draw up a round's blows; a short round has one of each kind that matters most."""
    weights = _WEIGHTS[database]
    kinds = _SHORT[database] if short else chance.choices(list(weights), list(weights.values()), k=count)
    return [_draw(chance, kind, 2 if database == "postgres" else 1) for kind in kinds]


def _draw(chance: random.Random, kind: Kind, servers: int) -> Blow:
    is_long = chance.random() < 0.15 and (kind is Kind.LOCK or (kind is Kind.STOP and servers > 1))
    return Blow(
        kind,
        chance.randrange(servers),
        chance.choice(_MOMENTS),
        chance.randint(1, 5),
        chance.uniform(0.0, 2.0),
        chance.choice((0.0, chance.uniform(0.0, 0.2))),
        _LONG if is_long else chance.uniform(*_AWAY_SECONDS),
        chance.uniform(*_STARTING_SECONDS),
        chance.choice(_CLOCKS),
    )


@dataclass
class ModelFaults:
    """The model's faults: one in so many questions, never two close together, so that asking again helps."""

    chance: random.Random
    share: float = 0.05
    _last: int = 0

    def draw(self, number: int) -> str | None:
        """Return the fault with which the question of this number is answered, if any."""
        if number - self._last < 8 or self.chance.random() >= self.share:
            return None
        self._last = number
        return self.chance.choice(_MODEL_FAULTS)


@dataclass
class Striker:
    """Whoever strikes the servers; it notes how many model calls had been made at each blow."""

    faults: ModelFaults
    pace: Pace
    servers: Sequence[Story] = ()
    database: Pair | None = None
    struck: Counter[str] = field(default_factory=Counter)
    asked_before: list[int] = field(default_factory=list)
    excuse: Callable[[], None] = lambda: None
    _moment: str = ""
    _left: int = 0
    _come: Callable[[], None] = lambda: None

    def watch(self) -> None:
        """Follow what the servers do."""
        self.servers[0].hub.observers.append(self._look)

    def asked(self, request: ModelRequest) -> str | None:
        """Tell that the model is being asked; return the fault it answers with, if it does."""
        self.pace.hear(request)
        self._count("model")
        number = len(self.servers[0].script.requests)
        fault = self.faults.draw(number)
        if fault is not None:
            self.struck["model fault"] += 1
            self.asked_before.append(number)
        return fault

    def answered(self) -> None:
        """Tell that the model is about to answer."""
        self._count("answer")

    async def strike(self, blow: Blow) -> None:
        """Wait for the moment, strike, and put the server on its feet again."""
        if not await self._may(blow):
            return
        victim = self.servers[blow.server]
        await self._wait(blow, victim)
        if blow.kind in _SIGNALS:
            await self._recover(victim, blow)
        elif blow.kind is Kind.CLOCK:
            set_clock(victim.root / "clock", blow.clock)
        else:
            await self._trouble(victim, blow)
        self.struck[blow.kind.value] += 1

    async def _may(self, blow: Blow) -> bool:
        """Wait until no step can die too often of it; False if that took too long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_PACE_SECONDS):
                while not self.pace.allows(_DEATHS.get(blow.kind, 0) + (blow.kind is Kind.STARTING)):
                    await asyncio.sleep(0.1)
                return True
        self.struck["put off"] += 1
        return False

    async def _wait(self, blow: Blow, victim: Story) -> None:
        """Wait for the moment; a signal is sent in it, before GitHub or the model answers, unless it lags."""
        come = asyncio.Event()
        loop = asyncio.get_running_loop()

        def act() -> None:
            if come.is_set():  # it was not waited for any longer: who would be struck now has started anew
                return
            if blow.kind in _SIGNALS and victim.process is not None:
                victim.process.send_signal(_SIGNALS[blow.kind])
                self.pace.count(_DEATHS.get(blow.kind, 0))  # a question while it waited forgives nothing
                self._note()
            come.set()

        def act_late() -> None:
            loop.call_later(blow.lag, act)

        self._moment, self._left, self._come = blow.moment, blow.count, act_late if blow.lag else act
        with suppress(TimeoutError):
            await asyncio.wait_for(come.wait(), blow.wait if blow.moment == "time" else _LONGEST_WAIT)
        self._moment = ""
        if not come.is_set():
            act()

    async def _recover(self, victim: Story, blow: Blow) -> None:
        assert victim.process is not None
        if blow.kind is Kind.CUT and self.database is not None:
            await asyncio.to_thread(self.database.stop)
        if blow.kind in {Kind.CUT, Kind.STOP}:
            await asyncio.sleep(blow.away)
        if blow.kind is Kind.CUT and self.database is not None:
            await asyncio.to_thread(self.database.start)
        if blow.kind is Kind.STOP:
            victim.process.send_signal(signal.SIGCONT)
            return
        async with asyncio.timeout(_END_SECONDS):
            await victim.process.wait()
        self._note()
        if blow.kind is Kind.STARTING:
            await self._kill_starting(victim, blow.start)
        await victim.start_bot()

    async def _trouble(self, victim: Story, blow: Blow) -> None:
        self._note()
        if blow.kind is Kind.FULL:
            self.excuse()
        async with self._troubled(victim, blow):
            await asyncio.sleep(blow.away if blow.kind is not Kind.OVER else 0)
        self._note()

    @asynccontextmanager
    async def _troubled(self, victim: Story, blow: Blow) -> AsyncIterator[None]:
        match blow.kind, self.database:
            case Kind.LOCK, _:
                async with lock(victim):
                    yield
            case Kind.FULL, _:
                async with fill_disk(victim):
                    yield
            case Kind.CROWD, Pair() as pair:
                async with crowd(pair.url):
                    yield
            case Kind.OVER, Pair() as pair:
                await pair.fail_over(blow.away)
                yield
            case Kind.AWAY, Pair() as pair:
                await asyncio.to_thread(pair.stop)
                yield
                await asyncio.to_thread(pair.start)

    async def _kill_starting(self, victim: Story, seconds: float) -> None:
        starting = asyncio.create_task(victim.start_bot())
        await asyncio.wait({starting}, timeout=seconds)
        starting.cancel()
        with suppress(asyncio.CancelledError):
            await starting
        assert victim.process is not None
        await victim.kill_bot()
        self.pace.count()
        self._note()

    def _note(self) -> None:
        self.asked_before.append(len(self.servers[0].script.requests))

    def _look(self, record: RequestRecord, _: object) -> None:
        if record.kind in {"app", "installation", "git"}:
            self._count("read" if record.method == "GET" else "write")

    def _count(self, moment: str) -> None:
        if moment != self._moment:
            return
        self._left -= 1
        if self._left <= 0:
            self._moment = ""
            self._come()
