"""Requirements traced to tests: what a trace must hold, by code."""

from __future__ import annotations

import pytest

from bot.change.records import Failure, Proof, Trace
from bot.git.changes import Changes
from bot.mutation.records import Mutant, RecordedTest, Survey
from bot.plans.records import Plan
from handlers.implement.acceptance import find_trace_fault
from handlers.implement.assertions import find_idle_tests
from handlers.implement.rules import ImplementRules
from handlers.implement.traces import find_reach, judge_traces, list_added
from tests.e2e.features import PLAN

A = "tests/test_a.py::test_a"
B = "tests/test_a.py::test_b"
TEXT = """import os

LIMIT = 3


def weeks(n=1):
    return n * 7


class Price:
    tax = 2

    def total(self):
        return self.tax
"""


def make_proof(*traces: Trace, text: str = "") -> Proof:
    failures = tuple(Failure(test=name, phase="call", message="E   assert 1 == 2") for name in (A, B))
    return Proof(
        files=Changes(files={"tests/test_a.py": text}),
        targets=("tests/test_a.py",),
        tests=(A, B),
        failures=failures,
        runs=3,
        reason="",
        command="pytest",
        traces=traces,
    )


def trace(requirement: str, *tests: str, quote: str = "assert 1 == 2") -> Trace:
    return Trace(requirement=requirement, tests=tests, quote=quote, why="It is not there.")


@pytest.mark.parametrize(
    ("traces", "fault"),
    [
        ([trace("R1", A), trace("R2", A, B)], ""),
        ([trace("R1", A)], "No failing test shows that R2 is not met yet. Write one."),
        ([trace("R1", A), trace("R2")], "R2 is not met yet: It is not there.. Write one."),
        ([trace("R1", A), trace("R2", "tests/test_a.py::test_c")], "which is no new test that fails"),
        ([trace("R1", A), trace("R2", B, quote="assert 3 == 4")], "words that are not in it"),
    ],
)
def test_every_requirement_is_traced_to_failures_in_their_words(traces: list[Trace], fault: str) -> None:
    found = find_trace_fault(["R1", "R2"], make_proof(), traces)
    assert (fault in found) if fault else found == ""


@pytest.mark.parametrize(
    ("body", "idle"),
    [
        ("assert weeks(2) == 14", False),
        ("with pytest.raises(ValueError): weeks('x')", False),
        ("check(weeks(2))", False),
        ("mock.assert_called_once()", False),
        ("weeks(2)", True),
        ("print(weeks(2))", True),
    ],
)
def test_a_test_that_asserts_nothing_is_found(body: str, idle: bool) -> None:
    text = f"def check(n):\n    assert n\n\n\ndef test_a():\n    {body}\n\n\ndef test_b():\n    assert 1\n"
    assert list(find_idle_tests(make_proof(text=text))) == ([A] if idle else [])


@pytest.mark.parametrize(
    ("added", "reach"),
    [
        ((6, 7), (7,)),  # what defines a function runs wherever the file is imported
        ((3, 7, 14), (7, 14)),
        ((3,), (7, 14)),  # a constant: any function of its file may read it
        ((11,), (7, 14)),
    ],
)
def test_importing_a_file_is_no_test_of_it(added: tuple[int, ...], reach: tuple[int, ...]) -> None:
    assert find_reach(TEXT, added) == reach
    assert find_reach("LIMIT = 3\n", (1,)) == (1,)
    assert find_reach("def broken(:\n", (1,)) == (1,)


def test_added_lines_are_those_of_python() -> None:
    diff = (
        "diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,3 @@\n x = 1\n-y = 2\n+y = 3\n+z = 4\n"
        "diff --git a/b.md b/b.md\n--- a/b.md\n+++ b/b.md\n@@ -1 +1,2 @@\n x\n+y\n"
    )
    assert list_added(diff) == {"a.py": (2, 3)}


def mutant(line: int, kind: str = "number", *kills: str, how: str = "failed") -> Mutant:
    verdict = "killed" if kills else "survived"
    told = {"function": "f", "kind": kind, "before": "7", "after": "8"}
    ended = {"verdict": verdict, "kills": [(name, how) for name in kills]}
    return Mutant.model_validate({"id": f"{line}{kind}", "path": "a.py", "line": line, **told, **ended})


@pytest.mark.parametrize(
    ("ran", "mutants", "fault"),
    [
        ((7,), [mutant(7, "number", A)], ""),
        ((7,), [], ""),  # nothing that could be noticed
        ((7,), [mutant(9)], ""),
        ((), [mutant(7)], "runs none of the lines that the change added"),
        ((7,), [mutant(7)], "passes whatever the added code does; it does not notice `7` as `8` in a.py:7"),
        ((7,), [mutant(7, "return-none", A)], ""),  # no other fault could be made there
        ((7,), [mutant(7, "return-none", A), mutant(7)], "passes whatever"),
        ((7,), [mutant(7, "number", B)], "passes whatever"),
        ((7,), [mutant(7, "number", A, how="crashed")], "only where the code raises, none of `7` as `8` in a.py:7"),
        ((7,), [mutant(7, "number", A, how="error")], "passes whatever"),
        ((7,), [mutant(7, "number", A, how="crashed"), mutant(7, "add", A)], ""),
    ],
)
def test_a_test_must_notice_what_was_added(ran: tuple[int, ...], mutants: list[Mutant], fault: str) -> None:
    test = RecordedTest(id=A, outcome="passed", seconds=0.0, lines={"a.py": ran})
    gate = judge_traces(make_proof(trace("R1", A)), {"a.py": (7,)}, Survey(tests=(test,), mutants=tuple(mutants)))
    assert gate.passed is (fault == "")
    assert fault in gate.detail
    asserted = sum(one.kills == ((A, "failed"),) or one.kills == ((B, "failed"),) for one in mutants)
    assert f"notice {asserted} of {len(mutants)} small faults" in gate.parts["tests"]


def test_a_test_that_does_not_pass_by_itself_holds_nothing() -> None:
    failed = RecordedTest(id=A, outcome="failed", seconds=0.0, lines={"a.py": (7,)})
    gate = judge_traces(make_proof(trace("R1", A, B)), {"a.py": (7,)}, Survey(tests=(failed,)))
    assert "R1 is traced to tests/test_a.py::test_a, but that test ended as failed" in gate.detail
    assert "R1 is traced to tests/test_a.py::test_b, but that test was not measured" in gate.detail


@pytest.mark.parametrize(
    ("approval", "steps", "disputed", "waits"),
    [
        ("never", 8, True, False),
        ("large", 2, False, False),
        ("large", 2, True, True),
        ("large", 4, False, True),
        ("always", 1, False, True),
    ],
)
def test_the_policy_says_when_a_plan_waits(approval: str, steps: int, disputed: bool, waits: bool) -> None:
    plan = Plan.model_validate(PLAN)
    plan = plan.model_copy(update={"steps": plan.steps[:1] * steps})
    assert ImplementRules.model_validate({"approval": approval}).wants_approval(plan, disputed=disputed) is waits
