"""Measure mutants in the sandbox."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bot.git.changes import Changes
from bot.mutation.records import WRONG_RESULT, Mutant, Plan, RecordedTest, Survey
from bot.sandbox.port import Limits
from bot.toolchains.placeholders import escape_target
from bot.toolchains.port import Measurement, Program
from bot.work.workshop import Workshop

_INSIDE = Path(__file__).parent / "inside"
# exits by itself where the modules of ``inside`` could not even be read
_RUN = (
    "import sys; sys.version_info >= (3, 9) or sys.exit('forgehand: too old'); "
    "import forgehand_mutants; forgehand_mutants.main()"
)
# Wall clock, beside what the plan allows in processor time: it ends only what hangs.
_WATCHDOG = 4.0
_NO_PYTEST = (
    "pytest is not installed in this repository's environment, and mutants are measured with it. Add pytest to its "
    "test requirements."
)


_TOO_OLD = (
    "Small faults are measured with Python 3.9 or newer, and this repository is installed with an older one. Raise "
    "`requires-python`, or the Python versions that its classifiers name."
)


async def measure_mutants(workshop: Workshop, changes: Changes, plan: Plan) -> Survey:
    """Measure the plan on base plus changes.

    Raises :class:`~bot.toolchains.port.ToolchainError` where no Python is installed.
    """
    limits = Limits(seconds=plan.seconds * _WATCHDOG)
    return read_survey(await workshop.measure(make_program(plan), changes, limits))


def make_program(plan: Plan) -> Program:
    """Return the program that measures a plan."""
    plan = plan.model_copy(update={"targets": tuple(escape_target(target) for target in plan.targets)})
    return Program(folder=_INSIDE, module="forgehand_mutants", argv=("-c", _RUN), plan=plan.model_dump_json())


def read_survey(measured: Measurement) -> Survey:
    """Read the records of a measurement, up to the first that is none."""
    tests: list[RecordedTest] = []
    mutants: list[Mutant] = []
    unloaded: list[tuple[str, str]] = []
    events: dict[str, dict[str, Any]] = {}
    for record in measured.records:
        told = {name: value for name, value in record.items() if name != "event"}
        try:
            match record.get("event"):
                case "test":
                    tests.append(RecordedTest.model_validate(told))
                case "mutant":
                    mutants.append(Mutant.model_validate(told))
                case "problem":
                    unloaded.append((str(told["id"]), str(told["message"])))
                case event:
                    events[str(event)] = told
        except (ValidationError, KeyError):
            break
    return Survey(
        tests=tuple(tests),
        mutants=tuple(mutant for mutant in mutants if mutant.kind != WRONG_RESULT),
        results=tuple(mutant for mutant in mutants if mutant.kind == WRONG_RESULT),
        unloaded=tuple(unloaded),
        problem=_find_problem(measured, events),
    )


def _find_problem(measured: Measurement, events: dict[str, dict[str, Any]]) -> str:
    """Return why a measurement is not whole, "" where it is."""
    output = measured.result.output[-1500:]
    if "No module named 'pytest'" in output or "No module named '_pytest'" in output:
        return _NO_PYTEST
    if "forgehand: too old" in output:
        return _TOO_OLD
    if "collected" not in events:
        return f"The tests could not be collected:\n{output}"
    how = events.get("end", {}).get("how")
    if how == "done":
        return ""
    return f"The measurement was cut short ({how or measured.result.ended}); what it told before stands."
