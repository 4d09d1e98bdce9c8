"""Read the result of a command of which only the exit code counts.

It is one case, or none where it ran no test.
"""

from __future__ import annotations

import re

from bot.sandbox.port import CommandResult
from bot.toolchains.events import Case, End, Record
from bot.toolchains.port import TestCase

# characters of the output that a failure shows, from its end
_TAIL = 3000
# exit codes of a shell: cannot be run, not found
_NOT_RUN = (126, 127)
# exit codes without any test: pytest, and unittest since Python 3.12, have 5
_EMPTY = (0, 5)
# unittest and Django's runner end with "Ran 12 tests in 0.1s", pytest with "3 passed, 1 failed in 0.1s"
# mocha with "3 passing", RSpec with "3 examples, 0 failures", Maven with "Tests run: 3,", node with "# tests 3"
_RAN = re.compile(
    r"^(?:Ran|# tests|ℹ tests) (\d+)\b|\b(\d+) (?:passed|failed|passing|failing|examples?,)|\bTests run: (\d+),",
    re.MULTILINE,
)
_NOTHING = re.compile(
    r"^(?:Ran|running|# tests|ℹ tests) 0\b|\bno tests (?:ran|found|executed)\b|\bcollected 0 items\b(?! /)"
    r"|^\s*0 (?:passing|examples,)|\bTests run: 0,",
    re.MULTILINE | re.IGNORECASE,
)
# unittest's stand-in for a module it cannot import; counted among the tests that ran
_UNLOADED = re.compile(r"^ERROR: .*\bunittest\.loader\._FailedTest\b", re.MULTILINE)
# a runner that dies of one of these was still loading
_LOADING = re.compile(
    r"(?:[\w.]+\.)?(?:ImportError|ModuleNotFoundError|SyntaxError|IndentationError|TabError|ImproperlyConfigured"
    r"|AppRegistryNotReady)\b|RuntimeError: Model class .* doesn't declare an explicit app_label"
)


def read_exit_code(result: CommandResult, line: str) -> list[Record]:
    """Return the command as one case; nothing where it could not be run."""
    if result.exit_code in _NOT_RUN:
        return []
    ran = sum(int(next(filter(None, found))) for found in _RAN.findall(result.output))
    nothing = not ran and _NOTHING.search(result.output) is not None
    if nothing and result.exit_code in _EMPTY:
        return [End(exit_code=result.exit_code)]
    case = TestCase(id=line, verdict="passed", seconds=result.seconds)
    if not result.ok:
        failure = {"message": result.output[-_TAIL:], "verdict": "failed"}
        if nothing or _is_loading(result.output, ran):
            failure |= {"verdict": "error", "phase": "collect"}
        case = case.model_copy(update=failure)
    return [Case(case=case), End()]


def _is_loading(output: str, ran: int) -> bool:
    """Return whether a run died, or failed to load, before any test."""
    unloaded = len(_UNLOADED.findall(output))
    if ran:
        return ran <= unloaded
    last = next((line for line in reversed(output.splitlines()) if line.strip()), "")
    return _LOADING.match(last) is not None
