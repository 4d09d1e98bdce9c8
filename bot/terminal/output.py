"""Print what the API answers: as tables that fit for people, as JSON and with tabs for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import BaseModel, TypeAdapter
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.doors.api.views import Cost, TaskReport, TaskView
from bot.local.display import make_console, say, say_diff, say_markdown
from bot.markdown import counted, money
from bot.work.untrusted import without_unseen

_GAP = 2  # characters between two columns
_SHORTEST = 12  # characters that a text is cut to at most


class Column(NamedTuple):
    """A column of a table.

    Where not all fit, those of the highest ``rank`` are left out first. ``cut``: its texts may be shortened.
    """

    title: str
    rank: int = 0
    cut: bool = False


_COLUMNS = (
    Column("ID"),
    Column("TASK"),
    Column("STATE"),
    Column("ON", 1, cut=True),
    Column("ASKED", 2),
    Column("COST", 3),
    Column("BY", 5),
    Column("SUMMARY", 4, cut=True),
)


def print_json(value: BaseModel | Sequence[BaseModel]) -> None:
    """Print an answer of the API as it is, on one line.

    Everything but ASCII is escaped, so no terminal is steered by it either.
    """
    print(json.dumps(TypeAdapter(Any).dump_python(value, mode="json")))


def print_table(console: Console, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """Print rows: aligned in a terminal, with tabs between the values else."""
    flat = [[" ".join(without_unseen(cell).split()) for cell in row] for row in rows]
    if not console.is_terminal:
        for row in flat:
            print("\t".join(row))
        return
    console.print(_table(columns, flat, console.width))


def print_list(found: Sequence[TaskView]) -> None:
    """Print tasks, a line for each."""
    rows = [
        (
            task.id,
            task.task,
            task.state,
            _place(task),
            _local(task.created_at),
            _dollars(task),
            task.actor,
            task.summary,
        )
        for task in found
    ]
    print_table(make_console(), _COLUMNS, rows)


def print_task(task: TaskView) -> None:
    """Print a task as it stands."""
    asked = f"by {task.actor} ({task.door})" + (f", after {task.parent}" if task.parent else "")
    stop = f"asked to stop by {task.cancel_requested_by}" if task.cancel_requested_by else ""
    lines = {
        "task": f"{task.id} {task.task} for {_place(task)}",
        "state": ", ".join(part for part in (task.state, "" if task.ended else task.stage, stop) if part),
        "asked": f"{_local(task.created_at)} {asked}",
        "started": _local(task.started_at),
        "ended": _local(task.ended_at),
        "cost": describe_cost(task.cost),
        "summary": task.summary,
    }
    console = make_console()
    for name, text in lines.items():
        if text:
            say(console, f"{name:8} {text}")


def print_result(report: TaskReport, patch: str) -> None:
    """Print what came of a task: what was made, then what is said about it.

    A patch stands alone on standard output, as it is: what is said about it could be taken for a part.
    """
    console = make_console(errors=bool(patch))
    if patch:
        _print_patch(patch)
    if report.pull_request is not None:
        say(console, f"Pull request: {report.pull_request}", whole=True)
    if report.branch is not None:
        say(console, f"Branch: {report.branch}", whole=True)
    if report.report:
        say_markdown(console, report.report)
    for remark in report.remarks:
        say(console, f"\n{remark.path}{'' if remark.line is None else f':{remark.line}'}")
        say_markdown(console, remark.text)


def _print_patch(patch: str) -> None:
    console = make_console()
    if console.is_terminal:
        say_diff(console, patch)
    else:
        sys.stdout.write(patch)


def describe_cost(cost: Cost) -> str:
    """Say what models took: ``$0.11, 3 model calls``."""
    return f"{money(cost.micro_dollars / 1_000_000)}, {counted(cost.model_calls, 'model call')}"


def _place(task: TaskView) -> str:
    return task.repository if task.number is None else f"{task.repository}#{task.number}"


def _local(moment: str | None) -> str:
    """Return a moment of the API in this machine's zone, to the minute."""
    return "" if moment is None else datetime.fromisoformat(moment).astimezone().strftime("%Y-%m-%d %H:%M")


def _dollars(task: TaskView) -> str:
    return money(task.cost.micro_dollars / 1_000_000)


def _table(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> Table:
    """Lay out the columns that fit beside each other."""
    widest = [max(map(cell_len, texts)) for texts in zip([each.title for each in columns], *rows, strict=True)]
    rooms = [min(room, _SHORTEST) if column.cut else room for column, room in zip(columns, widest, strict=True)]
    kept = sorted(range(len(columns)), key=lambda number: columns[number].rank)
    while len(kept) > 1 and _used(rooms, kept) > width:
        kept.pop()
    for number in kept:  # what is left over goes to texts that were cut
        rooms[number] = max(rooms[number], min(widest[number], rooms[number] + width - _used(rooms, kept)))
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    for number in sorted(kept):
        table.add_column(columns[number].title, no_wrap=True, overflow="ellipsis", width=rooms[number])
    for row in rows:
        table.add_row(*(Text(row[number]) for number in sorted(kept)))
    return table


def _used(rooms: Sequence[int], kept: Sequence[int]) -> int:
    return sum(rooms[number] + _GAP for number in kept) - _GAP
