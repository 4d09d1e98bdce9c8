"""Ask a server, or a bot of our own, for a task; follow it; show what came of it."""

from __future__ import annotations

import asyncio
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.dispatch.spec import TaskSpec
from bot.doors.api.views import TaskReport, TaskView
from bot.engine.port import TaskState
from bot.local import checkout
from bot.local.display import make_console, say, say_diff
from bot.local.hosting import LocalRun
from bot.terminal.client import Client, open_client
from bot.terminal.exits import Exit, WrongUse
from bot.terminal.output import describe_cost, print_json, print_result
from bot.terminal.progress import Progress
from handlers import TASKS

EXITS: Mapping[TaskState, Exit] = {
    "done": Exit.DONE,
    "unverified": Exit.UNVERIFIED,
    "refused": Exit.REFUSED,
    "failed": Exit.FAILED,
    "cancelled": Exit.FAILED,
    "dead": Exit.FAILED,
    "awaiting_answer": Exit.WAITING,
    "awaiting_approval": Exit.WAITING,
    "awaiting_key": Exit.WAITING,
}


@dataclass(frozen=True)
class Wish:
    """A task that somebody asks for.

    ``given`` are its own fields of the API's body.
    """

    spec: TaskSpec[Any]
    given: Mapping[str, Any]
    as_json: bool
    plain: bool

    def body(self, repository: str, number: int | None) -> dict[str, Any]:
        """Return what the API is sent."""
        return {"repository": repository, **({} if number is None else {"number": number}), **self.given}


async def ask_server(wish: Wish, repository: str, number: int | None, server: str, token: str) -> Exit:
    """Have a server do it."""
    errors = make_console(errors=True)
    async with open_client(server, token) as client:
        task = await client.start(wish.spec.name, wish.body(repository, number), uuid.uuid4().hex)
        try:
            report = await follow(client, task, plain=wish.plain)
            patch = await client.read_patch(report)
        except asyncio.CancelledError:
            say(errors, f"It goes on. `forgehand tasks cancel {task.id}` stops it, `tasks show {task.id}` shows it.")
            raise
    return _show(report, patch, wish)


async def ask_checkout(
    wish: Wish, repo: Path, subject: tuple[str, str] | None, *, checks: Mapping[str, Any], trust: bool, stay: bool
) -> Exit:
    """Have a bot of our own do it for a checkout.

    A branch that comes of it is then in the checkout.
    """
    errors = make_console(errors=True)

    def tell(text: str) -> None:
        say(errors, text)

    draft = None if subject is None else await _read_draft(repo, *subject)
    async with checkout.hosted(repo, checks=checks, trust=trust, say=tell) as local:
        number = None if draft is None else await checkout.file(local, draft)
        local.install()
        page = f"{local.hub.url}/{local.repository.full_name}"
        tell(f"Working on {page}{'' if number is None else f'/issues/{number}'}\nThe bot's log: {local.log}")
        report, patch = await checkout.while_alive(local, _ask_local(wish, local, number))
        if report.branch is not None:
            branch = await checkout.bring_home(local, repo, report.branch)
            since = "HEAD" if draft is None else draft.since
            tell(f"The branch {branch} is in {repo}. Look at it with: git diff {since}...{branch}")
            say_diff(errors, await checkout.read_diff(repo, since, branch))
        code = _show(report, patch, wish)
        if stay:
            tell("The pages stay open until you press Ctrl-C.")
            await asyncio.Event().wait()
    return code


async def follow(client: Client, task: TaskView, *, plain: bool) -> TaskReport:
    """Show what a task does until it has ended; return what came of it."""
    console = make_console(errors=True)
    say(console, f"Task {task.id}: {task.task} for {task.repository}{'' if task.number is None else f'#{task.number}'}")
    titles = {str(name): title for name, title in TASKS.show(task.task).stages.items()}
    progress = Progress(console, titles, plain=plain)
    with progress.shown():
        async for event in client.follow(task.id):
            progress.tell(event)
    report = await client.read_result(task.id)
    state = report.state.replace("_", " ").capitalize()
    say(console, f"{state}. {report.summary} {describe_cost(report.cost)}.")
    return report


def _show(report: TaskReport, patch: str, wish: Wish) -> Exit:
    """Print a result; return the exit code that says it too."""
    if wish.as_json:
        print_json(report)
    else:
        print_result(report, patch)
    return EXITS[report.state]


async def _ask_local(wish: Wish, local: LocalRun, number: int | None) -> tuple[TaskReport, str]:
    async with open_client(local.bot_url, await checkout.make_key(local)) as client:
        task = await client.start(wish.spec.name, wish.body(local.repository.full_name, number), uuid.uuid4().hex)
        report = await follow(client, task, plain=wish.plain)
        return report, await client.read_patch(report)


async def _read_draft(repo: Path, kind: str, given: str) -> checkout.Draft:
    """Read what the task is about: a branch, a file, or standard input."""
    if kind == "pull":
        return await checkout.read_pull(repo, given)
    try:
        text = sys.stdin.read() if given == "-" else await asyncio.to_thread(Path(given).read_text, "utf-8", "replace")
    except (FileNotFoundError, IsADirectoryError):
        raise WrongUse(
            f"--issue: there is no file {given}. With a checkout it is a text file, title in the first line; the "
            "number of an issue goes with --repo OWNER/NAME."
        ) from None
    return checkout.read_issue(text, "standard input" if given == "-" else given)
