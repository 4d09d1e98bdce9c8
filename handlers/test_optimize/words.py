"""Write what a suite catches, in which order."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from bot.markdown import code_block, counted, folded, inline_code, table
from handlers.test_optimize.ordering import Order, Ranked, name_redundant

_ROWS = 15
_LISTED = 200
_SHARES = (0.5, 0.8, 0.95, 1.0)


def write_report(order: Order, scope: str) -> str:
    """Write the report of a measured suite."""
    redundant = name_redundant(order)
    parts = [
        f"{counted(len(order.tests), 'test')} that pass take {order.seconds:.1f} s of processor time and catch "
        f"{order.faults} of {order.judged} small faults in {scope}. Nothing was changed.",
        _write_selections(order),
        "**First in order**, by faults that no test before them catches, a second:",
        _write_rows(order.tests[:_ROWS]),
        folded("The whole order", code_block(_list(order.tests))),
    ]
    if redundant:
        spent = sum(test.seconds for test in redundant)
        parts.append(
            folded(
                f"Redundant, without a fault or line of their own: {counted(len(redundant), 'test')} ({spent:.1f} s)",
                "Others catch and run the same. Whether they tell people something, or catch what these faults do not "
                f"show, a person decides.\n\n{code_block(_list(redundant))}",
            )
        )
    return "\n\n".join(parts)


def _write_selections(order: Order) -> str:
    rows = []
    for share in _SHARES:
        chosen = order.select(share)
        spent = sum(test.seconds for test in chosen) / order.seconds
        rows.append([f"{share:.0%} of what is caught", str(len(chosen)), f"{spent:.0%} of the time"])
    command = shlex.join(["pytest", *(test.test for test in order.select(_SHARES[-2])[:_LISTED])])
    shown = folded(f"The tests that catch {_SHARES[-2]:.0%}", code_block(command))
    return f"{table(['faults', 'tests', 'processor time'], rows)}\n\n{shown}"


def _write_rows(tests: Sequence[Ranked]) -> str:
    rows = [
        [inline_code(test.test), f"{test.seconds:.3f} s", str(test.faults), str(test.new_faults), str(test.new_lines)]
        for test in tests
    ]
    return table(["test", "time", "faults", "new", "new lines"], rows)


def _list(tests: Sequence[Ranked]) -> str:
    more = len(tests) - _LISTED
    lines = [f"{test.seconds:8.3f} s  {test.faults:4} faults  {test.test}" for test in tests[:_LISTED]]
    return "\n".join([*lines, f"and {more} more"] if more > 0 else lines)
