"""See which statements of functions the tests run, and which small faults they notice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from bot.change.recipe import AnyEvidence, Job
from bot.git.changes import Changes
from bot.mutation.records import Plan, Scope, Survey
from bot.mutation.runner import measure_mutants
from bot.surface.functions import body_lines, list_functions
from bot.surface.scopes import Function
from bot.surface.source import parse
from handlers.refactor.gates import count_statements

Names = Mapping[str, tuple[str, ...]]  # of functions, by path


async def survey(
    job: Job[Any], evidence: AnyEvidence, sha: str, changes: Changes, names: Names, *, mutants: bool = True
) -> Survey:
    """Run the tests on a commit plus changes, and on mutants of functions."""
    if not names:
        return Survey()
    workshop = job.workshop(sha)
    await workshop.ready()
    toolchain = workshop.toolchain()
    base = evidence.baseline
    new = [path for path, text in changes.files.items() if text is not None and toolchain.is_test(path)]
    targets = (*base.targets, *toolchain.targets(new)) if base is not None and base.targets else ()
    scopes = {path: Scope(names=functions) for path, functions in names.items()}
    only = None if mutants else ()
    return await measure_mutants(workshop, changes, Plan(files=scopes, targets=targets, only=only))


def list_unrun(texts: Mapping[str, str], names: Names, seen: Survey) -> dict[str, set[int]]:
    """Return the lines of functions that no passing test runs, by path."""
    found = {}
    for path, nodes in _nodes(texts, names).items():
        run = {line for test in seen.tests if test.outcome == "passed" for line in test.lines.get(path, ())}
        lines = {line for node in nodes.values() for line in body_lines(node)}
        if lines - run:
            found[path] = lines - run
    return found


def list_untouched(texts: Mapping[str, str], names: Names, seen: Survey) -> list[str]:
    """Return the functions of which no test runs a line."""
    unrun = list_unrun(texts, names, seen)
    return [
        f"{path}::{name}"
        for path, nodes in _nodes(texts, names).items()
        for name, node in nodes.items()
        if body_lines(node) <= unrun.get(path, set())
    ]


def count_unrun(texts: Mapping[str, str], names: Names, seen: Survey) -> Counter[str]:
    """Count the statements of functions that no test runs, by their text."""
    found: Counter[str] = Counter()
    unrun = list_unrun(texts, names, seen)
    for path, nodes in _nodes(texts, names).items():
        found += count_statements(nodes, unrun.get(path, set()))
    return found


def count_all(texts: Mapping[str, str], names: Names) -> Counter[str]:
    """Count all statements of functions by their text."""
    found: Counter[str] = Counter()
    for nodes in _nodes(texts, names).values():
        found += count_statements(nodes)
    return found


def _nodes(texts: Mapping[str, str], names: Names) -> dict[str, dict[str, Function]]:
    """Return the syntax of functions by path and name."""
    trees = {path: parse(texts[path]) for path in names}
    return {
        path: {name: node for name, node in list_functions(tree) if name in names[path]}
        for path, tree in trees.items()
        if tree is not None
    }
