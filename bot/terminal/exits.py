"""End a command with the exit code that says how it went."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from enum import IntEnum
from typing import Any, NoReturn

import click

from bot.settings import Settings, load_settings
from bot.settings_sources import SettingsError
from bot.types import ForgehandError
from bot.work.untrusted import without_unseen


class Exit(IntEnum):
    """The exit codes; docs/terminal.md explains each to people."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    UNVERIFIED = 3
    REFUSED = 4
    UNREACHABLE = 5
    WAITING = 6
    INTERRUPTED = 130


class WrongUse(ForgehandError):
    """Arguments that do not fit together, or that a server does not take."""


class Refused(ForgehandError):
    """A request that the server understood and turns down."""


class Unreachable(ForgehandError):
    """A server without a usable answer.

    ``details``: ``retry_after`` (seconds) where it said that it is busy.
    """


_CODES: dict[type[ForgehandError], Exit] = {
    SettingsError: Exit.USAGE,
    WrongUse: Exit.USAGE,
    Refused: Exit.REFUSED,
    Unreachable: Exit.UNREACHABLE,
}


def settings_or_exit(**overrides: Any) -> Settings:
    """Return the settings; end the process where they are wrong."""
    try:
        return load_settings(**overrides)
    except ForgehandError as error:
        click.echo(str(error), err=True)
        sys.exit(Exit.USAGE)


def finish(run: Callable[[], Any]) -> NoReturn:
    """Run a command and exit with its code.

    It returns a code, or whether it succeeded. Our own errors and those of the machine (a port in use) are printed
    without a traceback; Ctrl-C exits with 130.
    """
    # Asked to stop, what runs locally must take its server along; serve installs its own handlers.
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup leaves it
            signal.signal(number, signal.default_int_handler)
    try:
        result = run()
        ended = asyncio.run(result) if asyncio.iscoroutine(result) else result
    except (ForgehandError, OSError) as error:
        click.echo(without_unseen(_words(error)), err=True)  # a server's words may be anybody's
        sys.exit(next((code for kind, code in _CODES.items() if isinstance(error, kind)), Exit.FAILED))
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
    if isinstance(ended, Exit):
        sys.exit(ended)
    sys.exit(Exit.DONE if ended in (None, True) else Exit.FAILED)


def _words(error: ForgehandError | OSError) -> str:
    """Name the file first: ``[Errno 2]`` says nothing to people."""
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror}."
    return str(error)


def print_text(text: str) -> bool:
    """Print a command's result and return True: it was done."""
    click.echo(text)
    return True


async def print_result(text: Awaitable[str]) -> bool:
    """Wait for a command's result and print it."""
    return print_text(await text)
