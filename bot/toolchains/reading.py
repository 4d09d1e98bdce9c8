"""Read what a policy's own test command left, in the format that the policy names."""

from __future__ import annotations

from pathlib import Path

from bot.sandbox.port import WORK, CommandResult
from bot.settings import ResultFormat
from bot.toolchains.events import Fold, Folded
from bot.toolchains.exit_code import read_exit_code
from bot.toolchains.junit import read_junit
from bot.toolchains.port import Completeness, ToolchainError
from bot.toolchains.results import ResultsChannel, read_bounded
from bot.toolchains.tap import read_tap
from bot.toolchains.trx import read_trx

JUNIT_FILE = "junit.xml"


def read_results(how: ResultFormat, channel: ResultsChannel, result: CommandResult, line: str, tree: Path) -> Folded:
    """Fold the results of a command line. Blocking.

    Our own reporter's come before a JUnit file. A report that is refused gives no cases, and a run that cannot be
    believed.
    """
    fold = Fold()
    try:
        if how == "exit":
            return fold.add(read_exit_code(result, line)).close(result)
        if how == "tap":
            return _note_cut(fold.add(read_tap(result.output)).close(result), result)
        if (recorded := channel.read()) is not None:
            return fold.add(recorded).close(result)
        text = read_bounded(channel.directory / JUNIT_FILE)
        if how == "trx":
            return fold.add([] if text is None else read_trx(text)).close(result)
        found = [] if text is None else read_junit(text, (WORK, str(tree)), succeeded=result.exit_code == 0)
        return fold.add(found).close(result)
    except ToolchainError as error:
        return Folded((), Completeness(ok=False, reason=error.message))


def _note_cut(folded: Folded, result: CommandResult) -> Folded:
    """Return what was read; not believed where output is missing."""
    if not result.truncated:
        return folded
    return Folded(folded.cases, Completeness(ok=False, reason="The output is too long: not all of it was kept."))
