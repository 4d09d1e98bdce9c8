"""Decide whether a change is a refactoring: pure functions from what was compared to passed or not."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from bot.change.records import Gate
from bot.markdown import counted
from bot.mutation.records import Mutant, Survey
from bot.surface.comparison import Change, Comparison
from bot.surface.levels import Level
from bot.toolchains.port import TestRun
from handlers.refactor.records import Goal

_SHOWN = 20
_NOTICED = ("killed", "timeout")


def python_gate(paths: Collection[str], unread: Collection[str]) -> Gate:
    """Require that all changed code can be compared, which is Python's alone."""
    faults = [f"{path} is neither Python nor a document; its behaviour is not compared here" for path in paths]
    faults += [f"{path} cannot be parsed, so its API is not known" for path in unread]
    after = f"not in {counted(len(faults), 'file')}" if faults else "all changed code"
    return Gate(name="can be compared", passed=not faults, after=after, detail="\n".join(faults))


def api_gate(found: Comparison, dangling: Sequence[str]) -> Gate:
    """Require an equal API as far as it is promised, and the same values.

    What is documented stays. What is internal may move where all uses follow, but keeps its defaults and constants; so
    do private ones.
    """
    documented = [f"{change} (documented)" for change in found.at(Level.DOCUMENTED)]
    values = [f"{change} ({change.level})" for change in found.changes if _is_other_value(change)]
    faults = list(dict.fromkeys([*documented, *values, *dangling]))
    internal = {change.name for change in found.at(Level.INTERNAL)}
    moved = f"; {counted(len(internal), 'internal name')} changed, all uses follow" if internal else ""
    return Gate(
        name="API",
        passed=not faults,
        after=f"documented names equal{moved}" if not faults else counted(len(faults), "change"),
        detail="\n".join(faults[:_SHOWN]),
        parts={
            "implementation": f"Of {counted(len(found.changes), 'change')} of names, {len(documented)} are documented."
        },
    )


def _is_other_value(change: Change) -> bool:
    """Return whether a default or constant is another one now."""
    if change.fact.startswith("default of "):
        return bool(change.before and change.after) and change.level is Level.INTERNAL
    return change.fact == "value" and change.level is not Level.DOCUMENTED and _is_literal(change.before)


def _is_literal(text: str) -> bool:
    try:
        ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return False
    return True


def goal_gate(goal: Goal, before: int | None, after: int | None) -> Gate:
    """Require that the named figure is lower now."""
    better = before is not None and after is not None and after < before
    detail = "" if better else f"{goal}: {before} before, {after} now. The refactoring was to lessen it."
    if after is None:
        detail = f"{goal} cannot be measured any more: one function of that name must be there."
    return Gate(name=str(goal), passed=better, before=str(before), after=str(after), detail=detail)


def first_tests_gate(run: TestRun) -> Gate:
    """Require of new tests that they pass on the unchanged code too."""
    faults = [f"{case.id}: {case.verdict}" for case in run.cases if case.verdict != "passed" and case.kind != "check"]
    if not run.complete or not run.cases:
        faults.append(f"the run gave no usable result ({run.result.ended})")
    return Gate(
        name="new tests on the unchanged code",
        passed=not faults,
        after=f"{sum(case.verdict == 'passed' for case in run.cases)} pass",
        detail="\n".join([*faults[:_SHOWN], "A test that does not pass there does not say what the code did."])
        if faults
        else "",
        parts={"tests": f"{counted(len(run.cases), 'new test')} pass without the change too." if not faults else ""},
    )


def untested_gate(before: Counter[str], after: Counter[str]) -> Gate:
    """Require that statements that no test runs are there as they were.

    ``before`` are those of changed functions on the base, ``after`` all statements of the changed functions now.
    """
    gone = before - after
    return Gate(
        name="code that no test runs",
        passed=not gone,
        after=f"{counted(before.total(), 'statement')}, unchanged" if not gone else f"{gone.total()} changed",
        detail="\n".join(
            [*(f"no test runs `{text}`, and it was changed" for text in sorted(gone)[:_SHOWN]), _CHARACTERISE]
        )
        if gone
        else "",
    )


_CHARACTERISE = "Write new tests that run it on the unchanged code, or leave it as it was."


def mutants_gate(before: Survey, after: Survey) -> Gate:
    """Require that the tests notice what they noticed of the changed code."""
    was, now = _counted(before), _counted(after)
    lost = _lost(was, now)
    unnoticed = [sum(mutant.open for mutant in mutants) for mutants in (was, now)]
    # open_now / all_now > open_was / all_was, without division
    worse = unnoticed[1] > unnoticed[0] and unnoticed[1] * len(was) > unnoticed[0] * len(now)
    faults = [f"{one} was noticed by the tests, and is not any more" for one in lost]
    if worse:
        faults += [f"{_show(mutant)} is not noticed by any test" for mutant in now if mutant.open]
    faults += [survey.problem for survey in (before, after) if survey.problem]
    return Gate(
        name="small faults that the tests notice",
        passed=not faults,
        before=f"{len(was) - unnoticed[0]} of {len(was)}",
        after=f"{len(now) - unnoticed[1]} of {len(now)}",
        detail="\n".join(faults[:_SHOWN]),
        parts={
            "tests": f"Of {len(now)} small faults in the changed functions the tests notice {len(now) - unnoticed[1]}."
        },
    )


def _counted(survey: Survey) -> list[Mutant]:
    decided = (*_NOTICED, "survived", "not covered")
    return [mutant for mutant in survey.mutants if mutant.counts and mutant.verdict in decided]


def _lost(was: Sequence[Mutant], now: Sequence[Mutant]) -> list[str]:
    """Return faults that were noticed everywhere, and now are not somewhere."""
    noticed = {_fault(mutant) for mutant in was} - {_fault(mutant) for mutant in was if mutant.open}
    return sorted({_show(mutant) for mutant in now if mutant.open and _fault(mutant) in noticed})


def _fault(mutant: Mutant) -> tuple[str, str, str]:
    return mutant.kind, mutant.before, mutant.after


def _show(mutant: Mutant) -> str:
    return f"`{mutant.before}` as `{mutant.after}` in {mutant.path}:{mutant.line}"


def count_statements(functions: Mapping[str, ast.AST], lines: Collection[int] | None = None) -> Counter[str]:
    """Count the statements of functions by their text, those on ``lines``."""
    found: Counter[str] = Counter()
    for node in functions.values():
        for statement in ast.walk(node):
            if (
                statement is not node
                and isinstance(statement, ast.stmt)
                and (lines is None or statement.lineno in lines)
            ):
                found[ast.unparse(statement).partition("\n")[0]] += 1
    return found
