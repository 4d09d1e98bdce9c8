"""Hold each requirement to its tests: they must notice small faults in the lines that the change added."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence

from bot.change.records import Gate, Proof
from bot.git.changes import Changes
from bot.github.text.diffs import parse_diff
from bot.markdown import counted, listed
from bot.mutation.records import Mutant, Plan, RecordedTest, Scope, Survey
from bot.mutation.runner import measure_mutants
from bot.toolchains.port import ToolchainError
from bot.work.workshop import Workshop

Lines = Mapping[str, tuple[int, ...]]
_NAME = "requirements traced to tests"
_MUTANTS = 60
_SECONDS = 180.0
_UNUSED = {"unusable", "not run"}
_NAMED = 5


async def trace_gate(
    workshop: Workshop, proof: Proof, changes: Changes, diff: str, is_test: Callable[[str], bool]
) -> Gate:
    """Measure whether the tests of each requirement notice what was added."""
    added = {path: lines for path, lines in list_added(diff).items() if not is_test(path)}
    if not added:
        return _tell_unmeasured(proof, "the change adds no line of Python outside tests")
    plan = Plan(
        files={path: Scope(lines=lines) for path, lines in added.items()},
        targets=proof.targets,
        every=True,
        most=_MUTANTS,
        cold=_MUTANTS,
        results=True,
        seconds=_SECONDS,
    )
    try:
        survey = await measure_mutants(workshop, changes, plan)
    except ToolchainError as error:
        return _tell_unmeasured(proof, error.message)
    if not survey.tests:
        return _tell_unmeasured(proof, survey.problem.partition("\n")[0])
    reach = {path: find_reach(changes.files[path] or "", lines) for path, lines in added.items()}
    return judge_traces(proof, reach, survey)


def list_added(diff: str) -> Lines:
    """Return the added lines of Python files, by path."""
    found: dict[str, tuple[int, ...]] = {}
    for file in parse_diff(diff):
        lines = (line for hunk in file.hunks for line in hunk.lines if line.kind == "+")
        numbers = tuple(line.new for line in lines if line.new is not None)
        if numbers and file.path.endswith(".py"):
            found[file.path] = numbers
    return found


def find_reach(text: str, added: Sequence[int]) -> tuple[int, ...]:
    """Return the lines of which a test of the change runs one.

    These are added lines inside functions: whatever imports the file runs the others. Where none was added inside one,
    they are the lines of all its functions, and where it has none, the added ones.
    """
    try:
        tree = ast.parse(text)
    except SyntaxError:  # written for a newer Python than this one
        return tuple(added)
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    inside = {line for one in functions for line in range(one.body[0].lineno, (one.end_lineno or 0) + 1)}
    return tuple(sorted(inside & set(added) or inside or added))


def judge_traces(proof: Proof, reach: Lines, survey: Survey) -> Gate:
    """Require of every traced test that it notices what the change added."""
    tests = {test.id: test for test in survey.tests}
    faults = [
        f"{trace.requirement} is traced to {name}, but {fault}"
        for trace in proof.traces
        for name in trace.tests
        if (fault := _find_fault(tests.get(name), reach, survey))
    ]
    seen = sum(bool(mutant.asserters()) for mutant in survey.mutants)
    noticed = f"they notice {seen} of {len(survey.mutants)} small faults in the added lines"
    told = f"{counted(len(proof.traces), 'requirement')} held by tests that run what was added; {noticed}"
    return Gate(
        name=_NAME,
        passed=not faults,
        before=f"{counted(len(proof.tests), 'test')} failed",
        after=f"{counted(len(faults), 'trace')} of no worth" if faults else told,
        detail="\n".join(faults),
        parts={"tests": f"Of the new tests: {noticed}."},
    )


def _find_fault(test: RecordedTest | None, reach: Lines, survey: Survey) -> str:
    """Say why a test shows nothing of the change, "" where it does."""
    if test is None:
        return "that test was not measured: pytest collects no test of this id."
    if test.outcome != "passed":
        return f"that test ended as {test.outcome} when run among the new tests alone."
    counting = [mutant for mutant in survey.mutants if mutant.counts]
    if any(test.id in mutant.asserters() for mutant in (*counting, *survey.results)):
        return ""
    ran = {(path, line) for path, lines in reach.items() for line in set(test.lines.get(path, ())) & set(lines)}
    if not ran:
        return "that test runs none of the lines that the change added: it shows something else."
    near = list(_list_near(ran, survey.mutants))
    if not near or any(test.id in mutant.asserters() for mutant in near):
        return ""
    shown = listed([f"`{one.before}` as `{one.after}` in {one.path}:{one.line}" for one in near], _NAMED)
    if any(test.id in mutant.killers() for mutant in near):
        return f"that test notices faults only where the code raises, none of {shown} by what it asserts."
    return f"that test passes whatever the added code does; it does not notice {shown}. Assert the result."


def _list_near(ran: set[tuple[str, int]], mutants: Sequence[Mutant]) -> Iterator[Mutant]:
    """Yield the faults in lines that a test runs; those that count, if any do."""
    near = [one for one in mutants if (one.path, one.line) in ran and one.verdict not in _UNUSED]
    yield from [one for one in near if one.counts] or near


def _tell_unmeasured(proof: Proof, why: str) -> Gate:
    """Pass on what the proof shows by itself, and say what was not measured."""
    told = f"{counted(len(proof.traces), 'requirement')} held by tests that failed before and pass now"
    said = f"whether these run the added lines was not measured: {why}"
    before = f"{counted(len(proof.tests), 'test')} failed"
    return Gate(name=_NAME, passed=True, before=before, after=f"{told}; {said}")
