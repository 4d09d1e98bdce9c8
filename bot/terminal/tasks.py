"""Define ``forgehand tasks``: look at a server's tasks, stop them, start them once more, approve."""

from __future__ import annotations

import re
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from bot.engine.port import TaskState
from bot.terminal.exits import finish
from bot.terminal.server import find_server, server_options

if TYPE_CHECKING:
    from bot.doors.api.views import TaskView
    from bot.terminal.client import Client

_JSON = click.option("--json", "as_json", is_flag=True, help="Print what the API answers.")
_WELL_FORMED = re.compile("[0-9a-f]{12}")


def _check_id(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    if not _WELL_FORMED.fullmatch(value):
        raise click.BadParameter(f"{value} is not a task's id: an id has twelve digits from 0 to f.")
    return value


_ID = click.argument("task_id", metavar="ID", callback=_check_id)


@click.group()
def tasks() -> None:
    """Look at the tasks of a server, cancel, retry and approve them.

    Times are those of this machine's zone. Without a terminal values are separated by tabs and nothing is shortened.
    """


@tasks.command("list", params=server_options())
@click.option("--repo", "repository", metavar="OWNER/NAME", help="Tasks of this repository.")
@click.option("--number", type=click.IntRange(1), help="Tasks of this issue or pull request.")
@click.option("--task", help="Tasks of this type, such as fix.")
@click.option("--state", type=click.Choice(get_args(TaskState)), help="Tasks in this state.")
@click.option("--actor", metavar="LOGIN", help="Tasks that this account asked for.")
@click.option("--limit", type=click.IntRange(1), default=30, show_default=True, help="How many at most.")
@_JSON
def list_(server: str | None, token_file: Path | None, limit: int, as_json: bool, **wanted: Any) -> None:
    """List tasks, newest first.

    A token that is neither bound to repositories nor an administrator's needs --repo.
    """

    async def run(client: Client) -> None:
        from bot.terminal.output import print_json, print_list

        found = await client.list({name: str(value) for name, value in wanted.items() if value is not None}, limit)
        if as_json:
            print_json(found)
        else:
            print_list(found)

    _talk(server, token_file, run)


@tasks.command(params=server_options())
@_ID
@_JSON
def show(server: str | None, token_file: Path | None, task_id: str, as_json: bool) -> None:
    """Show a task and, once it has ended, what came of it.

    With --json that is the task as it stands while it runs, its result afterwards.
    """

    async def run(client: Client) -> None:
        from bot.terminal.output import print_json, print_result, print_task

        task = await client.read(task_id)
        report = await client.read_result(task_id) if task.ended else None
        if as_json:
            print_json(report or task)
            return
        print_task(task)
        if report is not None:
            print_result(report, await client.read_patch(report))

    _talk(server, token_file, run)


@tasks.command(params=server_options())
@_ID
@_JSON
def cancel(server: str | None, token_file: Path | None, task_id: str, as_json: bool) -> None:
    """Stop a task.

    It ends at its next step; model calls and test runs stop at once.
    """
    _act(server, token_file, as_json, lambda client: client.cancel(task_id))


@tasks.command(params=server_options())
@_ID
@_JSON
def retry(server: str | None, token_file: Path | None, task_id: str, as_json: bool) -> None:
    """Start a task once more that did not end well.

    It does what was asked then, on the code as it is now.
    """
    _act(server, token_file, as_json, lambda client: client.retry(task_id, uuid.uuid4().hex))


@tasks.command(params=server_options())
@_ID
@_JSON
def approve(server: str | None, token_file: Path | None, task_id: str, as_json: bool) -> None:
    """Let a task go on that waits for approval, such as a plan.

    The task that goes on from there is printed. One that waits for answers goes on when its questions are answered in
    a comment or on its page.
    """
    _act(server, token_file, as_json, lambda client: client.answer(task_id, "approve", uuid.uuid4().hex))


@tasks.command(params=server_options())
@_ID
@_JSON
def decline(server: str | None, token_file: Path | None, task_id: str, as_json: bool) -> None:
    """End the waiting of a task that asks for approval."""
    _act(server, token_file, as_json, lambda client: client.answer(task_id, "decline", uuid.uuid4().hex))


def _act(
    server: str | None, token_file: Path | None, as_json: bool, act: Callable[[Client], Awaitable[TaskView]]
) -> None:
    async def run(client: Client) -> None:
        from bot.terminal.output import print_json, print_task

        (print_json if as_json else print_task)(await act(client))

    _talk(server, token_file, run)


def _talk(server: str | None, token_file: Path | None, run: Callable[[Client], Awaitable[None]]) -> None:
    """Do something with a server and end the process."""

    async def talk() -> None:
        from bot.terminal.client import open_client

        async with open_client(*find_server(server, token_file)) as client:
            await run(client)

    finish(talk)
