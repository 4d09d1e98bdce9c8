"""Run the tests of a repository in given orders, each in a fork of a process that has collected them all.

pytest's own plugins shuffle inside modules and classes; here an order is of all items. A fork that does not reach its
end is no observation: an order may kill pytest itself.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

import forgehand_children as children  # type: ignore[import-not-found]
from forgehand_arrange import arrange  # type: ignore[import-not-found]
from forgehand_items import (  # type: ignore[import-not-found]
    judge_reports,
    list_options,
    name_items,
    run_reports,
    start_like_pytest,
)
from forgehand_records import Records  # type: ignore[import-not-found]

# Parts of long lists, so that no record is longer than its reader takes.
_PART = 200
_MESSAGE = 2000
# Runs that must agree before an order is blamed: a test that fails by chance agrees in all of them once in 256.
_WHOLE = 3
_WITHOUT = 5


def main() -> None:
    """Fork what runs the repository's code, and sign what it says."""
    directory = os.environ["FORGEHAND_RESULTS"]
    with open(os.path.join(directory, "plan.json")) as stream:
        plan = json.load(stream)
    wait, go = os.pipe()
    running = children.Child(lambda send: _collect(plan, send, wait), plan["seconds"])
    records = Records(directory)  # only now: no process of the repository's code has had the key
    os.write(go, b".")
    for said in running.receive():
        records.write(said)
    how = running.end()
    for number, variation in enumerate(plan["variations"]):
        first = _vary(plan, variation)
        again = _vary(plan, variation) if first == 1 else first
        records.write({"event": "variation", "number": number, "exits": [first, again]})
    records.write({"event": "end", "how": how})


def _vary(plan: dict[str, Any], variation: dict[str, str]) -> int:
    """Run the test in a fresh process with more variables; return its exit."""
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", plan["selector"]]
    quiet: Any = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    try:
        ended = subprocess.run(argv, env={**os.environ, **variation}, timeout=plan["each"], check=False, **quiet)
    except subprocess.TimeoutExpired:
        return -1
    return ended.returncode


def _collect(plan: dict[str, Any], send: children.Send, wait: int) -> None:
    import pytest

    os.read(wait, 1)
    start_like_pytest()
    pytest.main([*list_options(), *plan["targets"]], plugins=[_Orders(plan, send)])


class _Orders:
    """Plugin of pytest that runs the collected tests in the plan's orders."""

    def __init__(self, plan: dict[str, Any], send: children.Send) -> None:
        self._plan = plan
        self._send = send
        self._items: dict[str, Any] = {}
        self._until = time.monotonic() + plan["seconds"]

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self._send({"event": "problem", "id": report.nodeid, "message": str(report.longrepr)[-_MESSAGE:]})

    def pytest_runtestloop(self, session: Any) -> bool:
        self._items = name_items(session.items)
        ids = list(self._items)
        for part in _cut(ids):
            self._send({"event": "items", "ids": part})
        self._send({"event": "collected", "count": len(ids)})
        whole = 0
        for number, order in enumerate(self._plan["orders"]):
            if time.monotonic() > self._until or whole == self._plan["enough"]:
                break
            ended = self._run(arrange(ids, order))
            whole += ended.how == "done"
            self._tell(number, ended)
        if self._plan["prefix"] and self._plan["test"] in self._items:
            self._reduce()
        return True

    def _run(self, ids: Sequence[str]) -> children.Ended:
        """Run tests in a fork; what chance gives it is new each time."""
        left = max(1.0, min(self._plan["each"], self._until - time.monotonic()))
        return children.run(lambda send: self._run_here([one for one in ids if one in self._items], send), left)

    def _run_here(self, ids: Sequence[str], send: children.Send) -> None:
        _draw_anew()
        for id, reports in zip(ids, run_reports([self._items[id] for id in ids])):
            outcome = judge_reports(reports)
            if outcome != "passed" or id == self._plan["test"]:
                told = _explain(reports) if id == self._plan["test"] else ""
                send({"id": id, "outcome": outcome, "message": told})

    def _tell(self, number: int, ended: children.Ended) -> None:
        for part in _cut(ended.said):
            self._send({"event": "ends", "number": number, "ends": part})
        self._send({"event": "order", "number": number, "how": ended.how})

    def _reduce(self) -> None:
        """Halve the tests before the examined one, while it ends as before."""
        told = {"message": ""}

        def repeats(ids: Sequence[str]) -> bool:
            ended = self._run([*ids, self._plan["test"]])
            last = next((one for one in ended.said if one["id"] == self._plan["test"]), None)
            bad = last is not None and last["outcome"] in ("failed", "error")
            if ended.how != "done" or last is None or last["outcome"] == "skipped":
                return False
            if bad == self._plan["fails"]:
                told["message"] = last["message"]
            return bool(bad == self._plan["fails"])

        reduction = Reduction(repeats, self._plan["tries"], self._until)
        found = reduction.reduce([one for one in self._plan["prefix"] if one in self._items])
        if found is None and reduction.is_over():
            return  # nothing was shown, chance least of all
        kept = found[:_PART] if found is not None else None
        self._send({"event": "reduced", "ids": kept, "tries": reduction.tries, "message": told["message"]})


class Reduction:
    """Delta debugging: the fewest of a list with which something repeats."""

    def __init__(self, repeats: Any, most: int, until: float) -> None:
        self._repeats = repeats
        self._most = most
        self._until = until
        self.tries = 0

    def reduce(self, ids: Sequence[str]) -> list[str] | None:
        """Return what is left.

        None where the whole, or nothing at all, repeats only by chance.
        """
        if not all(self._try(ids) for _ in range(_WHOLE)):
            return None
        without = [self._try([]) for _ in range(_WITHOUT)]
        if any(without):
            return [] if all(without) else None
        found = list(ids)
        parts = 2
        while len(found) > 1 and not self.is_over():
            tried = enumerate(_split(found, parts))
            index, smaller = next(((index, one) for index, one in tried if self._try(one)), (0, None))
            if smaller is not None:
                parts = 2 if index < parts else max(2, parts - 1)
                found = smaller
            elif parts >= len(found):
                break
            else:
                parts = min(len(found), parts * 2)
        return found

    def _try(self, ids: Sequence[str]) -> bool:
        if self.is_over():
            return False
        self.tries += 1
        return bool(self._repeats(ids))

    def is_over(self) -> bool:
        return self.tries >= self._most or time.monotonic() > self._until


def _split(ids: Sequence[str], parts: int) -> Iterator[list[str]]:
    """Yield the parts of a list, then what is left without each of them."""
    edges = [number * len(ids) // parts for number in range(parts + 1)]
    pieces = [list(ids[start:end]) for start, end in zip(edges, edges[1:])]
    yield from pieces
    if parts > 2:
        for number in range(parts):
            yield [id for other, piece in enumerate(pieces) if other != number for id in piece]


def _draw_anew() -> None:
    """Give a fork random numbers of its own, as a new process has."""
    random.seed()
    numpy = sys.modules.get("numpy")
    if numpy is not None and hasattr(numpy, "random"):
        numpy.random.seed()


def _explain(reports: Sequence[Any]) -> str:
    bad = next((report for report in reports if report.outcome == "failed"), None)
    return "" if bad is None else str(getattr(bad, "longreprtext", None) or bad.longrepr or "")[-_MESSAGE:]


def _cut(rows: Sequence[Any]) -> Iterator[list[Any]]:
    return (list(rows[start : start + _PART]) for start in range(0, len(rows), _PART))
