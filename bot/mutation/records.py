"""Define what is asked of a measurement of mutants, and what it tells."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from bot.types import JsonModel

MutantVerdict = Literal["killed", "survived", "not covered", "timeout", "unusable", "not run"]
# Every test that looks at the result at all notices it: it proves nothing of a test.
RETURN_NONE = "return-none"
# Another value of the same type comes out.
WRONG_RESULT = "wrong-result"


class Scope(JsonModel):
    """Part of a file: lines, or functions by their names; or all of it."""

    lines: tuple[int, ...] | None = None
    names: tuple[str, ...] | None = None


class Plan(JsonModel):
    """Files to make mutants of, and the tests that should notice them.

    ``only`` names mutants by id. ``every``: tells all tests that notice a mutant, not only the first. ``orders``: the
    tests are run as they are so often, shuffled after the first time. ``most`` mutants are tried, evenly chosen, and of
    those that need an import of their own ``cold``. ``results``: wrong results are tried too. ``seconds`` limits all.
    """

    files: dict[str, Scope]
    targets: tuple[str, ...] = ()
    only: tuple[str, ...] | None = None
    every: bool = False
    orders: int = 1
    most: int = 400
    cold: int = 20
    results: bool = False
    seconds: float = 600.0


class RecordedTest(JsonModel):
    """Test as it is: how it ended, its processor time, the lines it runs."""

    id: str
    outcome: Literal["passed", "failed", "crashed", "error", "skipped", "lost"]
    seconds: float
    lines: dict[str, tuple[int, ...]]


class Mutant(JsonModel):
    """Fault, and the tests that notice it.

    ``kills`` are tests with how they end: in their own body ``failed`` where they assert, ``crashed`` by any other
    exception; ``error`` in a fixture.
    """

    id: str
    path: str
    line: int
    function: str
    kind: str
    before: str
    after: str
    verdict: MutantVerdict
    kills: tuple[tuple[str, Literal["failed", "crashed", "error"]], ...] = ()

    @property
    def open(self) -> bool:
        """Return whether a better test could notice it."""
        return self.verdict in ("survived", "not covered")

    @property
    def counts(self) -> bool:
        """Return whether noticing it proves something of a test."""
        return self.kind != RETURN_NONE

    @property
    def place(self) -> str:
        """Return where it is and what it changes, in one line."""
        return f"{self.path}:{self.line} in {self.function or 'the module'}: {self.before} -> {self.after}"

    def killers(self) -> tuple[str, ...]:
        """Return the tests that fail in their own body."""
        return tuple(test for test, how in self.kills if how != "error")

    def asserters(self) -> tuple[str, ...]:
        """Return the tests that fail by what they assert."""
        return tuple(test for test, how in self.kills if how == "failed")


class Survey(JsonModel):
    """Result of a measurement; ``problem`` says why it is not whole.

    ``unloaded`` are test files that could not be collected, with what was said. ``results`` are mutants that let a
    function end with a wrong result: no fault that anybody makes, but a test that notices one looks at what comes out.
    """

    tests: tuple[RecordedTest, ...] = ()
    mutants: tuple[Mutant, ...] = ()
    results: tuple[Mutant, ...] = ()
    unloaded: tuple[tuple[str, str], ...] = ()
    problem: str = ""

    def count(self, verdicts: Iterable[MutantVerdict]) -> int:
        """Count the mutants with one of the verdicts."""
        wanted = set(verdicts)
        return sum(mutant.verdict in wanted for mutant in self.mutants)

    def open_mutants(self) -> tuple[Mutant, ...]:
        """Return the mutants that no test notices, return-None left out."""
        return tuple(mutant for mutant in self.mutants if mutant.open and mutant.counts)
