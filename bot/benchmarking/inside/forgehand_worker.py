"""Run a benchmark on inputs that the timer's seed gives, and send digests.

This process holds the repository's code, so nothing it says of time is asked for. Standard library only; any Python
from 3.7 on.
"""

# os.path rather than pathlib: this also runs on old Pythons
# ruff: noqa: PTH119, SIM115
from __future__ import annotations

import hashlib
import importlib.util
import json
import marshal
import os
import random
import sys
import threading
import time
from typing import Any

# without references, so that equal values are equal bytes; it refuses all but plain values of exact types
_FORMAT = 2
# Characters of an exception that are compared.
_TEXT = 80
_GENERATORS = 0x20 | 0x80 | 0x200  # CO_GENERATOR, CO_COROUTINE, CO_ASYNC_GENERATOR


def digest(value: Any, what: str) -> str:
    """Return a digest of a plain value; raises ValueError for all others."""
    try:
        return hashlib.sha256(marshal.dumps(value, _FORMAT)).hexdigest()[:32]
    except ValueError:
        raise ValueError(
            f"{what} of type {type(value).__name__} holds more than plain values: give numbers, text, bytes, lists, "
            "tuples, sets and dictionaries"
        ) from None


def load(path: str) -> Any:
    """Import the benchmark from its file."""
    spec: Any = importlib.util.spec_from_file_location(os.path.basename(path)[: -len(".py")], path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def outcome(module: Any, value: Any) -> str:
    """Return a digest of the result for one input, or its exception."""
    try:
        result = module.run(value)
    except Exception as error:  # noqa: BLE001 - the code under test may raise anything
        return f"{type(error).__name__}: {str(error)[:_TEXT]}"
    return digest(result, "a result")


class Profile:
    """Profile of a target: its share of a run, and repeated questions."""

    def __init__(self, path: str, first: int, last: int) -> None:
        self._place = (os.path.realpath(path), first, last)
        self._known: dict[Any, bool] = {}
        self._depth = 0
        self._entered = 0.0
        self._asked: set[str] = set()
        self.calls = 0
        self.repeated = 0
        self.seconds = 0.0
        self.noting = 0.0

    def __call__(self, frame: Any, event: str, _: Any) -> None:
        if event not in ("call", "return") or not self._is_target(frame.f_code):
            return
        self._depth += 1 if event == "call" else -1
        if event == "call" and self._depth == 1:
            started = time.thread_time()
            self._note(frame)
            self._entered = time.thread_time()
            self.noting += self._entered - started
        elif event == "return" and self._depth == 0:
            self.seconds += time.thread_time() - self._entered

    def _is_target(self, code: Any) -> bool:
        if code not in self._known:
            path, first, last = self._place
            inside = first <= code.co_firstlineno <= last
            self._known[code] = inside and os.path.realpath(code.co_filename) == path
        return self._known[code]

    def _note(self, frame: Any) -> None:
        """Count a call from outside; one with arguments that were there before."""
        self.calls += 1
        if frame.f_code.co_flags & _GENERATORS:
            return  # it is entered again for each of its values
        try:
            asked = digest([list(item) for item in frame.f_locals.items()], "an argument")
        except ValueError:
            return  # objects: nothing is known of them
        self.repeated += asked in self._asked
        self._asked.add(asked)


def run_profiled(module: Any, inputs: Any, plan: Any) -> Any:
    """Run the inputs under a profile of the target; return what it saw."""
    profile = Profile(plan["target"], plan["first"], plan["last"])
    threading.setprofile(profile)
    started = time.thread_time()
    sys.setprofile(profile)
    results = [outcome(module, value) for value in inputs]
    sys.setprofile(None)
    whole = time.thread_time() - started - profile.noting
    seen = {"calls": profile.calls, "repeated": profile.repeated, "share": profile.seconds / max(whole, 1e-9)}
    return {"results": results, "profile": seen}


def main(reader: Any, writer: Any) -> None:
    """Import, draw and run, and say each when it is done."""

    def say(message: Any) -> None:
        writer.write(json.dumps(message) + "\n")
        writer.flush()

    plan = json.loads(reader.readline())
    try:
        module = load(plan["benchmark"])
        say({"ready": True})
        given = json.loads(reader.readline())
        source = random.Random(given["seed"])  # noqa: S311 - inputs, no secret
        inputs = [module.make_input(source) for _ in range(given["count"])]
        drawn = [digest(value, "an input") for value in inputs]
        say({"inputs": digest(drawn, "a digest"), "distinct": len(set(drawn))})
        reader.readline()
        if plan["target"]:
            say(run_profiled(module, inputs, plan))
        else:
            say({"results": [outcome(module, value) for value in inputs]})
    except BaseException as error:  # noqa: BLE001 - the benchmark may raise anything
        say({"error": f"{type(error).__name__}: {error}"})
    os._exit(0)  # what it left for the end of the process is not waited for


if __name__ == "__main__":
    main(open(int(sys.argv[1])), open(int(sys.argv[2]), "w"))  # noqa: PTH123
