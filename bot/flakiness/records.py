"""Define what is run to examine a test, and what that shows."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bot.types import JsonModel

Kind = Literal[
    "victim", "brittle", "order-dependent", "non-deterministic", "environment", "broken", "not shown", "not examined"
]
"""``victim`` fails behind another test, ``brittle`` passes only behind one, ``environment`` needs a hash seed or time
zone. ``not shown``: nothing but passes was seen."""
FLAKY: frozenset[Kind] = frozenset({"victim", "brittle", "order-dependent", "non-deterministic", "environment"})

# an order: ids, a seed to shuffle all tests by, None for the order they are collected in
Order = tuple[str, ...] | int | None


class Plan(JsonModel):
    """Orders to run, each in a process of its own.

    It has collected ``targets``, all where there are none. Then, where there is a ``prefix``, the fewest of it are
    sought behind which ``test`` fails (or passes, as ``fails`` says). Each of ``variations`` is a fresh process of its
    own for ``selector``, with more variables in its environment. ``seconds`` limits the whole, ``each`` one order.
    """

    targets: tuple[str, ...] = ()
    orders: tuple[Order, ...] = ()
    enough: int = 1_000  # orders that reach their end; others after them are not run
    test: str = ""
    prefix: tuple[str, ...] = ()
    fails: bool = True
    tries: int = 120
    selector: str = ""
    variations: tuple[dict[str, str], ...] = ()
    seconds: float = 600.0
    each: float = 300.0


class OrderRun(JsonModel):
    """Run of one order: ``bad`` holds how tests ended that did not pass."""

    number: int
    order: Order
    bad: dict[str, str] = Field(default={})
    message: str = ""  # of the examined test, where it failed

    def failed(self, test: str) -> bool:
        return self.bad.get(test) in ("failed", "error")

    def passed(self, test: str) -> bool:
        return test not in self.bad


class Reduced(JsonModel):
    """Fewest tests before an examined one that matter; None: none do."""

    ids: tuple[str, ...] | None
    tries: int
    message: str = ""


class Orders(JsonModel):
    """Results of a plan; ``died`` orders did not reach their end."""

    tests: tuple[str, ...] = ()
    runs: tuple[OrderRun, ...] = ()
    died: int = 0
    reduced: Reduced | None = None
    varied: tuple[tuple[int, int, int], ...] = ()  # of variations: number, exit code, and that of a second run
    unloaded: tuple[tuple[str, str], ...] = ()
    problem: str = ""


class Tally(JsonModel):
    """Count of runs of one kind: how often it passed and failed."""

    name: str
    passed: int = 0
    failed: int = 0
    lost: int = 0  # runs that are no observation

    @property
    def both(self) -> bool:
        return bool(self.passed and self.failed)

    @property
    def seen(self) -> int:
        return self.passed + self.failed


class Examination(JsonModel):
    """Class of a test, with what shows it and the commands to see it again."""

    test: str
    kind: Kind
    reason: str
    tallies: tuple[Tally, ...] = ()
    others: tuple[str, ...] = ()  # its polluters, or those it needs before it
    commands: tuple[str, ...] = ()
    confirmed: bool = False  # the first command did the same in a fresh process
    message: str = ""  # what it failed with
    notes: tuple[str, ...] = ()
    # orders to run it in again: those that showed it, and some that it must pass as well
    bad_orders: tuple[Order, ...] = ()

    @property
    def flaky(self) -> bool:
        return self.kind in FLAKY
