"""Import a module with a mutant in it, in a process that has imported nothing of the repository yet.

That is needed for what runs while a module is imported: constants, class bodies, defaults of arguments.
"""

from __future__ import annotations

import ast
import importlib.machinery
import json
import os
from collections.abc import Sequence
from typing import Any

import forgehand_children as children  # type: ignore[import-not-found]
from forgehand_assertions import Assertions, run_items, skip_shrinking  # type: ignore[import-not-found]
from forgehand_items import list_options, name_items, start_like_pytest  # type: ignore[import-not-found]
from forgehand_mutator import find_mutants  # type: ignore[import-not-found]
from forgehand_swap import make_control  # type: ignore[import-not-found]

_LOADER = importlib.machinery.SourceFileLoader


class Nursery:
    """Process that forks one for each cold mutant: it must be made first."""

    def __init__(self) -> None:
        request, self._ask = os.pipe()
        self._reply, reply = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._ask)
            os.close(self._reply)
            _serve(request, reply)
        os.close(request)
        os.close(reply)
        self.pipes = {self._ask, self._reply}

    def run(self, path: str, mutant: str, tests: Sequence[str], seconds: float, *, every: bool) -> children.Ended:
        """Run tests with a mutant, with the control where its id is ""."""
        asked = {"path": path, "mutant": mutant, "tests": list(tests), "seconds": seconds, "every": every}
        with open(self._ask, "w", closefd=False) as stream:
            stream.write(json.dumps(asked) + "\n")
        with open(self._reply, closefd=False) as stream:
            return children.Ended(*json.loads(stream.readline()))

    def close(self) -> None:
        """Let the process end, once nobody else can ask it."""
        for pipe in self.pipes:
            os.close(pipe)
        os.waitpid(self._pid, 0)


def _serve(request: int, reply: int) -> None:
    """Answer requests until the other end is closed, and end."""
    children.upstream.update((request, reply))
    try:
        with open(request) as asked, open(reply, "w") as answers:
            for line in asked:
                one = json.loads(line)
                ended = children.run(lambda send, one=one: _run(one, send), one["seconds"])
                answers.write(json.dumps(ended) + "\n")
                answers.flush()
    finally:
        os._exit(0)


def _run(asked: dict[str, Any], send: children.Send) -> None:
    import pytest

    served = _serve_mutant(asked["path"], asked["mutant"])
    start_like_pytest()
    files = dict.fromkeys(test.partition("::")[0] for test in asked["tests"])
    pytest.main([*list_options(), *files], plugins=[_Loop(asked, served, send), Assertions([asked["path"]])])


def _serve_mutant(path: str, mutant: str) -> list[str]:
    """Let the importer find another module at a path; list who imported it."""
    with open(path, "rb") as stream:
        tree = ast.parse(stream.read())
    if mutant:
        next(one for one in find_mutants(tree, path, results=True) if one.id == mutant).apply()
    else:
        tree = make_control(tree)
    place = os.path.realpath(path)
    served: list[str] = []
    original = _LOADER.get_code

    def get_code(self: Any, name: str) -> Any:
        if os.path.realpath(self.path) != place:
            return original(self, name)
        served.append(name)
        return compile(tree, self.path, "exec", dont_inherit=True)

    _LOADER.get_code = get_code  # type: ignore[method-assign,assignment]
    return served


class _Loop:
    """Plugin that tells how the wanted tests end that met the mutant."""

    def __init__(self, asked: dict[str, Any], served: list[str], send: children.Send) -> None:
        self._asked = asked
        self._served = served
        self._send = send

    def pytest_collection(self) -> None:
        skip_shrinking()

    def pytest_runtestloop(self, session: Any) -> bool:
        named = name_items(session.items)
        tests = [test for test in self._asked["tests"] if test in named]
        for test, outcome in zip(tests, run_items([named[test] for test in tests])):
            if self._served:  # else the test never met the mutant, not even by an import in its body
                self._send([test, outcome])
            if outcome in ("failed", "crashed", "error") and not self._asked["every"]:
                break
        return True
