"""Run orders of a repository's tests in the sandbox."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bot.flakiness.records import OrderRun, Orders, Plan, Reduced
from bot.git.changes import Changes
from bot.sandbox.port import Limits
from bot.toolchains.placeholders import escape_target
from bot.toolchains.port import Measurement, Program
from bot.work.workshop import Workshop

_INSIDE = Path(__file__).parent / "inside"
_RUN = (
    "import sys; sys.version_info >= (3, 7) or sys.exit('forgehand: too old'); "
    "import forgehand_orders; forgehand_orders.main()"
)
# beside what the plan allows: to collect the tests, and to end
_MORE = 120.0
_MOST_TESTS = 50_000
_NO_PYTEST = "pytest is not installed in this repository's environment, and orders are run with it."
_TOO_OLD = "Orders are run with Python 3.7 or newer, and this repository is installed with an older one."


async def run_orders(workshop: Workshop, changes: Changes, plan: Plan) -> Orders:
    """Run a plan on base plus changes.

    Raises :class:`~bot.toolchains.port.ToolchainError` where no Python is installed.
    """
    limits = Limits(seconds=plan.seconds + _MORE)
    return read_orders(await workshop.measure(make_program(plan), changes, limits), plan)


def make_program(plan: Plan) -> Program:
    """Return the program that runs a plan."""
    targets = tuple(escape_target(target) for target in plan.targets)
    plan = plan.model_copy(update={"targets": targets, "selector": escape_target(plan.selector)})
    return Program(folder=_INSIDE, module="forgehand_orders", argv=("-c", _RUN), plan=plan.model_dump_json())


def read_orders(measured: Measurement, plan: Plan) -> Orders:
    """Read what the program told, up to the first record that is none."""
    reading = _Reading(plan)
    for record in measured.records:
        try:
            reading.take(record)
        except (ValidationError, KeyError, TypeError, ValueError, AttributeError):
            break
    return reading.close(measured)


class _Reading:
    """Fold of the records of one plan: all of them are hostile."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._tests: list[str] = []
        self._bad: dict[int, dict[str, str]] = {}
        self._messages: dict[int, str] = {}
        self._runs: list[OrderRun] = []
        self._died = 0
        self._reduced: Reduced | None = None
        self._varied: list[tuple[int, int, int]] = []
        self._unloaded: list[tuple[str, str]] = []
        self._collected = False
        self._end = ""

    def take(self, record: dict[str, Any]) -> None:
        match record["event"]:
            case "items":
                self._tests += [str(one) for one in record["ids"]][: _MOST_TESTS - len(self._tests)]
            case "collected":
                self._collected = True
            case "problem":
                self._unloaded.append((str(record["id"]), str(record["message"])))
            case "ends":
                self._take_ends(int(record["number"]), record["ends"])
            case "order":
                self._take_order(int(record["number"]), str(record["how"]))
            case "reduced":
                self._reduced = Reduced.model_validate(record)
            case "variation":
                first, again = record["exits"]
                self._varied.append((int(record["number"]), int(first), int(again)))
            case "end":
                self._end = str(record["how"])

    def _take_ends(self, number: int, ends: Any) -> None:
        for one in ends:
            if one["outcome"] != "passed":
                self._bad.setdefault(number, {})[str(one["id"])] = str(one["outcome"])
            if one.get("message"):
                self._messages[number] = str(one["message"])

    def _take_order(self, number: int, how: str) -> None:
        if how != "done":
            self._died += 1
            return
        order = self._plan.orders[number]
        bad = self._bad.get(number, {})
        self._runs.append(OrderRun(number=number, order=order, bad=bad, message=self._messages.get(number, "")))

    def close(self, measured: Measurement) -> Orders:
        return Orders(
            tests=tuple(self._tests),
            runs=tuple(self._runs),
            died=self._died,
            reduced=self._reduced,
            varied=tuple(self._varied),
            unloaded=tuple(self._unloaded),
            problem=self._find_problem(measured),
        )

    def _find_problem(self, measured: Measurement) -> str:
        """Return why the runs are not whole, "" where they are."""
        output = measured.result.output[-1500:]
        if "No module named 'pytest'" in output or "No module named '_pytest'" in output:
            return _NO_PYTEST
        if "forgehand: too old" in output:
            return _TOO_OLD
        if not self._collected:
            return f"The tests could not be collected:\n{output}"
        if self._end == "done":
            return ""
        return f"The runs were cut short ({self._end or measured.result.ended}); what was seen before stands."
