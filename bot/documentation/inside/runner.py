"""Run the examples of a repository's documentation as tests.

It is laid among the tests for one run, with the examples in place of the string below. It needs only the standard
library of any Python from 3.8 on.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import doctest
import importlib
import io
import json
import subprocess
import unittest
from typing import Any

GIVEN: dict[str, Any] = json.loads("EXAMPLES")
_FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL


class ExampleFailed(AssertionError):
    """Failure of an example to show what it says."""


def run(example: dict[str, Any], names: dict[str, Any]) -> None:
    """Run one example in a namespace; it raises what goes wrong."""
    where = f"{example['path']}:{example['line']}"
    if example["kind"] == "session":
        _run_session(example["text"], where, names)
    elif example["kind"] == "shell":
        _run_shell(example["text"])
    else:
        code = compile(example["text"], where, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        waited = eval(code, names)  # noqa: S307 - running the repository's own example is what it is for
        if waited is not None:
            asyncio.run(waited)


class Session(doctest.DocTestRunner):
    """Runner of a session, which keeps a line for each statement that fails."""

    def __init__(self) -> None:
        super().__init__(verbose=False, optionflags=_FLAGS)
        self.faults: list[str] = []

    def report_failure(self, out: Any, test: Any, example: Any, got: str) -> None:
        """Keep what a statement printed in place of what is shown."""
        self.faults.append(f"{example.source.strip()!r} printed {got!r}")

    def report_unexpected_exception(self, out: Any, test: Any, example: Any, exc_info: Any) -> None:
        """Keep what a statement raised; of syntax not its place, which moves."""
        error = exc_info[1]
        said = error.msg if isinstance(error, SyntaxError) else str(error)
        self.faults.append(f"{example.source.strip()!r} raised {type(error).__name__}: {said[:200]}")


def _run_session(text: str, where: str, names: dict[str, Any]) -> None:
    test = doctest.DocTestParser().get_doctest(text, names, where, where, 0)
    session = Session()
    session.run(test, out=lambda _: None, clear_globs=False)
    names.update(test.globs)
    if session.faults:
        raise ExampleFailed("\n".join(session.faults))


def _run_shell(text: str) -> None:
    """Run the lines behind ``$`` and compare what they print, if it is shown."""
    for block in text.split("$ ")[1:]:
        command, _, wanted = block.partition("\n")
        done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60)  # noqa: S602 - see above
        if done.returncode:
            raise ExampleFailed(f"`{command}` ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        if wanted.strip() and not doctest.OutputChecker().check_output(wanted.strip(), done.stdout.strip(), _FLAGS):
            raise ExampleFailed(f"`{command}` printed:\n{done.stdout}")


class Examples(unittest.TestCase):
    """Tests of the examples, one each."""


with contextlib.suppress(ImportError):
    # a repository that takes warnings for errors means those of its tests: an example may leave a client open
    Examples = importlib.import_module("pytest").mark.filterwarnings("ignore")(Examples)  # type: ignore[misc]


def _make(test: dict[str, Any]) -> Any:
    def method(self: unittest.TestCase) -> None:
        *before, last = test["examples"]
        names: dict[str, Any] = {"__name__": "__main__"}
        for package in GIVEN["packages"]:
            with contextlib.suppress(Exception):
                names[package] = importlib.import_module(package)
        for example in before:
            with contextlib.suppress(Exception, SystemExit), contextlib.redirect_stdout(io.StringIO()):
                run(example, names)
        try:
            run(last, names)
        except SystemExit as error:
            raise ExampleFailed("it ended the program") from error

    return method


for _test in GIVEN["tests"]:
    setattr(Examples, _test["name"], _make(_test))
