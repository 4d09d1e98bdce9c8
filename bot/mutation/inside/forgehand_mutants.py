"""Measure which tests notice which mutants, by the plan beside the key.

Three processes: this one signs and imports nothing of the repository, one collects the tests and forks a child for each
mutant, one stays as it was at the start for mutants that only an import shows. What a child says reaches the next
process by a pipe that the code in it was not given.
"""

from __future__ import annotations

import ast
import gc
import json
import os
import random
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import forgehand_children as children  # type: ignore[import-not-found]
from forgehand_assertions import Assertions, run_items, skip_shrinking  # type: ignore[import-not-found]
from forgehand_cold import Nursery  # type: ignore[import-not-found]
from forgehand_items import list_options, name_items, start_like_pytest  # type: ignore[import-not-found]
from forgehand_lines import Recorder  # type: ignore[import-not-found]
from forgehand_mutator import WRONG_RESULT, Mutant, find_mutants  # type: ignore[import-not-found]
from forgehand_records import Records  # type: ignore[import-not-found]
from forgehand_swap import LiveFunctions, Swap, compile_outer, make_control  # type: ignore[import-not-found]

_FAILED = ("failed", "crashed", "error")
# Seconds of the processor: what a mutant may use beside ten times what its tests need, and to start pytest.
_LEAST = 0.5
_TIMES = 10
_START = 20.0


def main() -> None:
    """Fork what runs the repository's code, and sign what it says."""
    directory = os.environ["FORGEHAND_RESULTS"]
    with open(os.path.join(directory, "plan.json")) as stream:
        plan = json.load(stream)
    nursery = Nursery()
    wait, go = os.pipe()
    measuring = children.Child(lambda send: _collect(plan, nursery, send, wait), plan["seconds"])
    records = Records(directory)  # only now: no process of the repository's code has had the key
    os.write(go, b".")
    for said in measuring.receive():
        records.write(said)
    how = measuring.end()
    nursery.close()
    records.write({"event": "end", "how": how})


def _collect(plan: dict[str, Any], nursery: Nursery, send: children.Send, wait: int) -> None:
    import pytest

    os.read(wait, 1)
    children.upstream.update(nursery.pipes)
    start_like_pytest()
    pytest.main(
        [*list_options(), *plan["targets"]], plugins=[_Measurer(plan, nursery, send), Assertions(plan["files"])]
    )


class _Measurer:
    """Plugin of pytest that measures instead of running the tests."""

    def __init__(self, plan: dict[str, Any], nursery: Nursery, send: children.Send) -> None:
        self._plan = plan
        self._nursery = nursery
        self._send = send
        self._recorder = Recorder(plan["files"])
        self._recorder.start()

    def pytest_collection(self) -> None:
        skip_shrinking()

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self._send({"event": "problem", "id": report.nodeid, "message": str(report.longrepr)[-2000:]})

    def pytest_runtestloop(self, session: Any) -> bool:
        imported = self._recorder.take()
        self._recorder.stop()
        self._send({"event": "collected", "count": len(session.items)})
        measure = Measure(self._plan, name_items(session.items), imported, self._nursery)
        for record in measure.records():
            self._send(record)
        return True


class Measure:
    """Records of one plan: the tests first, then the mutants.

    ``imported`` are the lines that ran before any test.
    """

    def __init__(
        self, plan: dict[str, Any], items: dict[str, Any], imported: dict[str, list[int]], nursery: Nursery
    ) -> None:
        self._plan = plan
        self._items = items
        self._imported = imported
        self._nursery = nursery
        self._until = time.monotonic() + plan["seconds"]
        self._tests: dict[str, dict[str, Any]] = {}
        self._refuted: dict[tuple[str, str], bool] = {}
        self._trees: dict[str, ast.Module] = {}
        self._live = LiveFunctions(plan["files"])

    def records(self) -> Iterator[dict[str, Any]]:
        gc.freeze()  # children copy less of what they never touch
        self._record()
        yield from ({"event": "test", **test} for test in self._tests.values())
        cold = 0
        for mutant in self._choose():
            swaps = self._plan_swaps(mutant)
            cold += swaps is None
            late = time.monotonic() > self._until or (swaps is None and cold > self._plan["cold"])
            verdict, kills = ("not run", []) if late else self._judge(mutant, swaps)
            told = {
                name: getattr(mutant, name) for name in ("id", "path", "line", "function", "kind", "before", "after")
            }
            yield {"event": "mutant", **told, "verdict": verdict, "kills": kills}

    def _record(self) -> None:
        """Run all tests as they are, in each order, and note their lines."""
        for order in range(self._plan["orders"]):
            ids = list(self._items)
            if order:
                random.Random(order).shuffle(ids)  # noqa: S311 - a repeatable order, no secret
            ended = children.run(lambda send, ids=ids: self._run_recorded(ids, send), self._plan["seconds"])
            told = {one["id"]: one for one in ended.said}
            for id in ids:
                self._merge(told.get(id) or {"id": id, "outcome": "lost", "seconds": 0.0, "lines": {}})

    def _run_recorded(self, ids: Sequence[str], send: children.Send) -> None:
        recorder = Recorder(self._plan["files"])
        recorder.start()
        began = time.process_time()
        for id, outcome in zip(ids, run_items([self._items[id] for id in ids])):
            now = time.process_time()
            send({"id": id, "outcome": outcome, "seconds": round(now - began, 5), "lines": recorder.take()})
            began = time.process_time()

    def _merge(self, told: dict[str, Any]) -> None:
        """Keep the first outcome of a test that is not ``passed``."""
        known = self._tests.setdefault(told["id"], told)
        if known["outcome"] == "passed":
            known["outcome"] = told["outcome"]

    def _choose(self) -> list[Mutant]:
        """Return the mutants of the plan, wrong results last."""
        found = []
        for path, part in self._plan["files"].items():
            with open(path, "rb") as stream:
                tree = self._trees[path] = ast.parse(stream.read())
            found += find_mutants(tree, path, part["lines"], part["names"], results=self._plan["results"])
        only = self._plan["only"]
        results = [one for one in found if one.kind == WRONG_RESULT]
        faults = [one for one in found if one.kind != WRONG_RESULT and (only is None or one.id in set(only))]
        return _thin_out(faults, self._plan["most"]) + _thin_out(results, self._plan["most"])

    def _plan_swaps(self, mutant: Mutant) -> list[Swap] | None:
        """Return what makes live functions the mutant; None where cold."""
        if not mutant.within or self._runs_at_import(mutant):
            return None
        tree = self._trees[mutant.path]
        old = compile_outer(tree, mutant.within, mutant.path)
        mutant.apply()
        try:
            new = compile_outer(tree, mutant.within, mutant.path)
        finally:
            mutant.undo()
        swaps: list[Swap] | None = self._live.plan(old, new)
        return swaps

    def _runs_at_import(self, mutant: Mutant) -> bool:
        """Return whether importing runs it, and no test does."""
        rows = set(mutant.rows)
        return not rows.isdisjoint(self._imported.get(mutant.path, ())) and not self._cover(mutant.path, rows)

    def _judge(self, mutant: Mutant, swaps: list[Swap] | None) -> tuple[str, list[list[str]]]:
        """Return the verdict, and the tests that fail with how they do."""
        rows = mutant.rows if mutant.within and not self._runs_at_import(mutant) else None
        waiting = self._cover(mutant.path, rows)
        if not waiting:
            return "not covered", []
        while True:
            ended = self._run(mutant, swaps, waiting)
            kills = [one for one in ended.said if one[1] in _FAILED]
            wrong = [test for test, _ in kills if self._is_refuted(mutant, swaps, test)]
            if not wrong:
                return _name_verdict(ended, kills, len(waiting)), kills
            waiting = [test for test in waiting if test not in wrong]

    def _cover(self, path: str, rows: Iterable[int] | None) -> list[str]:
        """Return the passing tests that run any of the lines, fast ones first."""
        wanted = None if rows is None else set(rows)
        found = []
        for id, test in self._tests.items():
            lines = test["lines"].get(path, ())
            if test["outcome"] == "passed" and lines and (wanted is None or not wanted.isdisjoint(lines)):
                found.append(id)
        return sorted(found, key=lambda id: round(self._tests[id]["seconds"], 2))

    def _limit(self, tests: Sequence[str]) -> float:
        return _LEAST + _TIMES * sum(float(self._tests[test]["seconds"]) for test in tests)

    def _run(self, mutant: Mutant, swaps: list[Swap] | None, tests: Sequence[str]) -> children.Ended:
        every = self._plan["every"]
        if swaps is None:
            seconds = _START + self._limit(tests)
            return self._nursery.run(mutant.path, mutant.id, tests, seconds, every=every)
        return children.run(lambda send: self._run_swapped(swaps, tests, send, every), self._limit(tests))

    def _run_swapped(self, swaps: Sequence[Swap], tests: Sequence[str], send: children.Send, every: bool) -> None:
        for swap in swaps:
            swap.apply()
        each = self._limit([self._dearest()])
        children.renew_limit(each)
        for test, outcome in zip(tests, run_items([self._items[test] for test in tests])):
            send([test, outcome])
            if outcome in _FAILED and not every:
                return
            children.renew_limit(each)

    def _dearest(self) -> str:
        """Return the test that took longest.

        Any other may have to set up what that one set up for all.
        """
        return max(self._tests, key=lambda test: float(self._tests[test]["seconds"]))

    def _is_refuted(self, mutant: Mutant, swaps: list[Swap] | None, test: str) -> bool:
        """Return whether a test fails alone on code that does the same.

        It then needs other tests before it, or looks at code instead of what the code does.
        """
        place = mutant.path if swaps is None else f"{mutant.path}::{mutant.within[-1].lineno}"
        if (place, test) not in self._refuted:
            ended = self._run_control(mutant, swaps, test)
            self._refuted[place, test] = ended.said != [[test, "passed"]]
        return self._refuted[place, test]

    def _run_control(self, mutant: Mutant, swaps: list[Swap] | None, test: str) -> children.Ended:
        if swaps is None:
            return self._nursery.run(mutant.path, "", [test], _START + self._limit([test]), every=True)
        tree = self._trees[mutant.path]
        old = compile_outer(tree, mutant.within, mutant.path)
        same = (*mutant.within[:-1], make_control(mutant.within[-1]))
        control = self._live.plan(old, compile_outer(tree, same, mutant.path)) or []
        return children.run(lambda send: self._run_swapped(control, [test], send, True), self._limit([test]))


def _thin_out(found: Sequence[Mutant], most: int) -> list[Mutant]:
    """Return at most so many, evenly chosen."""
    most = min(most, len(found))
    return [found[number * len(found) // most] for number in range(most)]


def _name_verdict(ended: children.Ended, kills: Sequence[Any], tests: int) -> str:
    if kills:
        return "killed"
    if ended.how != "done":
        return "timeout" if ended.how == "timeout" else "unusable"
    return "survived" if len(ended.said) == tests else "unusable"
