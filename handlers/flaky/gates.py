"""Refuse what only hides a flake, and require that it is gone."""

from __future__ import annotations

import ast
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.change.recipe import AnyEvidence, Job
from bot.change.records import ChangeTask, Gate
from bot.change.suppressions import suppressions_gate
from bot.flakiness.classes import tally_orders
from bot.flakiness.experiments import run_alone, run_varied
from bot.flakiness.records import Examination, Order, Plan, Tally
from bot.flakiness.runner import run_orders
from bot.git.changes import Changes
from bot.github.text.diffs import parse_diff
from bot.markdown import counted
from bot.sandbox.port import Limits
from handlers.flaky.records import get_flake

FLAKE = "flake"
REPEATS = 20
# seeds that nobody saw before the edit
_FRESH = range(1001, 1021)
_MOST_ALONE = 60
_DOUBT = 0.05
_HIDES = {
    "waits": re.compile(r"\bsleep\s*\(|\bwait_for\b|\.wait\s*\("),
    "tries again": re.compile(r"\b(?:retry|retries|retrying|rerun\w*|reruns|tenacity|backoff|flaky)\b", re.IGNORECASE),
    "sets an order": re.compile(
        r"mark\.(?:order|run|dependency|first|last|tryfirst|trylast)\b|pytest_collection_modifyitems|random_order|"
        r"randomly|-p\s+no:"
    ),
    "swallows errors": re.compile(r"except\s*(?:\(?\s*(?:AssertionError|Exception|BaseException)\b.*)?:|suppress\s*\("),
    "looks at what runs it": re.compile(r"PYTEST_CURRENT_TEST|forgehand|\bsys\.modules\b.*pytest", re.IGNORECASE),
}
_TIMEOUT = re.compile(r"(time_?out|deadline|max_?wait)\w*['\"]?\s*[=:(]\s*(\d+(?:\.\d+)?)", re.IGNORECASE)


async def gate_fix(job: Job[ChangeTask], evidence: AnyEvidence, base_sha: str, changes: Changes) -> Sequence[Gate]:
    """Read the change for cheats, then run the flake again."""
    mirror = await job.mirror(base_sha)
    toolchain = job.workshop(base_sha).toolchain()
    diff = await mirror.diff(base_sha, changes)
    tests = {
        path: (await mirror.read(base_sha, path) or "", text or "")
        for path, text in changes.files.items()
        if toolchain.is_test(path)
    }
    configured = [path for path in changes.files if toolchain.is_test_config(path)]
    read = [
        suppressions_gate(diff, toolchain.is_test),
        hiding_gate(diff, configured),
        assertions_gate(tests),
    ]
    if not all(gate.passed for gate in read):
        return read
    return [*read, await flake_gate(job, get_flake(evidence), base_sha, changes)]


def hiding_gate(diff: str, configured: Sequence[str]) -> Gate:
    """Require no sleep, retry, order, longer timeout or swallowed error."""
    found = [*find_hiding(diff), *(f"{path} configures how tests run" for path in configured)]
    return Gate(
        name="nothing hides it",
        passed=not found,
        after=f"{len(found)} found" if found else "no wait, retry, order or timeout",
        detail="\n".join([*found, "Remove what the test depends on instead."]) if found else "",
    )


def find_hiding(diff: str) -> Iterator[str]:
    """Yield, in sentences, what a change would hide a flake by."""
    lines = [(file.path, line) for file in parse_diff(diff) for hunk in file.hunks for line in hunk.lines]
    for words, pattern in _HIDES.items():
        gone = sum(bool(pattern.search(line.text)) for _, line in lines if line.kind == "-")
        for path, line in lines:
            if line.kind == "+" and pattern.search(line.text):
                gone -= 1
                if gone < 0:
                    yield f"{path} {words}: {line.text.strip()[:120]}"
    before = [float(found[2]) for _, line in lines if line.kind == "-" for found in _TIMEOUT.finditer(line.text)]
    for path, line in lines:
        for found in _TIMEOUT.finditer(line.text) if line.kind == "+" else ():
            if not before or float(found[2]) > max(before):
                yield f"{path} sets a longer timeout: {line.text.strip()[:120]}"


def assertions_gate(tests: Mapping[str, tuple[str, str]]) -> Gate:
    """Require that changed tests still assert all that they did."""
    found = [one for path, (before, after) in tests.items() for one in find_lost(path, before, after)]
    return Gate(
        name="assertions kept",
        passed=not found,
        after=f"{len(found)} gone or changed" if found else "each is there as it was",
        detail="\n".join(found),
    )


def find_lost(path: str, before: str, after: str) -> list[str]:
    """Return assertions of a file's functions that are not there any more."""
    if not path.endswith(".py"):
        return []
    try:
        old, new = _read_assertions(before), _read_assertions(after)
    except (SyntaxError, ValueError, RecursionError) as error:
        return [f"{path} cannot be read: {error}"]
    lost = []
    for name, kept in old.items():
        lost += [f"{path}: `{name}` loses `{text[:120]}`" for text in (kept - new.get(name, Counter())).elements()]
    return lost


def _read_assertions(text: str) -> dict[str, Counter[str]]:
    """Return the assertions of each test function as they are written."""
    found: dict[str, Counter[str]] = {}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test"):
            reached = _list_reached(node.body)
            found[node.name] = found.get(node.name, Counter()) + Counter(map(ast.unparse, filter(_asserts, reached)))
    return found


def _list_reached(body: Sequence[ast.stmt]) -> Iterator[ast.AST]:
    """Yield the parts of a body, up to what ends it early."""
    for statement in body:
        yield from ast.walk(statement)
        if isinstance(statement, (ast.Return, ast.Raise)):
            return


def _asserts(node: ast.AST) -> bool:
    if isinstance(node, ast.Assert):
        return True
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return name.startswith(("assert", "expect")) or name in ("raises", "warns", "fail")


async def flake_gate(job: Job[Any], flake: Examination, base_sha: str, changes: Changes) -> Gate:
    """Require that what failed passes, 20 of 20, and in orders nobody saw."""
    workshop = job.workshop(base_sha)
    limits = Limits(seconds=min(300.0, job.policy.checks.minutes * 60))
    orders = (*list_repeats(flake), *_FRESH)
    plan = Plan(orders=orders, test=flake.test, seconds=job.policy.checks.minutes * 60, each=limits.seconds)
    found = await run_orders(workshop, changes, plan)
    seen = [tally_orders(flake.test, found.runs, "orders", found.died)]
    seen.append(await run_alone(workshop, flake.test, count_alone(flake), limits, changes))
    if flake.kind == "environment":
        seen.append((await run_varied(workshop, flake.test, limits, changes))[0])
    message = next((run.message for run in found.runs if run.message), "")
    return judge_flake(flake, seen, wanted=len(list_repeats(flake)), message=message, problem=found.problem)


def list_repeats(flake: Examination) -> tuple[Order, ...]:
    """Return the orders that showed it, 20 runs of them together."""
    shown = flake.bad_orders[:4]
    return tuple(shown[number % len(shown)] for number in range(REPEATS)) if shown else ()


def count_alone(flake: Examination) -> int:
    """Return how many runs alone would show a chance that was seen."""
    tally = next((one for one in flake.tallies if one.both), None)
    if flake.kind != "non-deterministic" or tally is None:
        return 3
    runs = math.ceil(math.log(_DOUBT) / math.log(1 - tally.failed / tally.seen))
    return min(max(runs, REPEATS), _MOST_ALONE)


def judge_flake(
    flake: Examination, seen: Sequence[Tally], *, wanted: int, message: str = "", problem: str = ""
) -> Gate:
    """Judge the runs after the edit (pure)."""
    failed = sum(one.failed for one in seen)
    passed = sum(one.passed for one in seen)
    shuffled = seen[0]
    whole = shuffled.seen >= wanted + len(_FRESH) // 2
    faults = [f"{flake.test} still fails in {failed} of {passed + failed} runs."] if failed else []
    faults += [message] if failed and message else []
    faults += [f"Too few orders reached their end: {shuffled.seen}. {problem}"] if not whole else []
    before = "reproduced" if flake.confirmed else flake.kind
    said = f"passes in {passed} of {passed + failed} runs, {counted(wanted, 'time')} in what failed before"
    return Gate(
        name=FLAKE,
        passed=not faults,
        before=before,
        after=said,
        detail="\n".join(faults),
        parts={"tests": f"{flake.test}: {flake.reason} Now it {said}."} if not faults else {},
    )
