"""Measurements in the sandbox: verdicts, what a test cannot fake, and the same by a process for each mutant."""

from __future__ import annotations

import ast

import pytest

from bot.mutation.inside.forgehand_mutator import find_mutants
from bot.mutation.records import Mutant, Plan, Scope, Survey
from bot.mutation.runner import read_survey
from bot.sandbox.port import CommandResult
from bot.settings import Checks, Settings
from bot.toolchains.port import Measurement, Workspace
from bot.toolchains.python.toolchain import make_toolchain
from tests.mutation.conftest import Measure
from tests.mutation.zoo import SHAPES
from tests.support.sandboxes import bubblewrap

FILE = "tests/test_shapes.py"
WHOLE = Plan(files={"shapes.py": Scope()}, targets=(FILE,))


def of(survey: Survey, before: str) -> Mutant:
    return next(one for one in survey.mutants if one.before == before)


def one_function(name: str, **more: object) -> Plan:
    return Plan(files={"shapes.py": Scope(names=(name,))}, **{"targets": (FILE,), **more})


async def test_every_verdict(measure: Measure) -> None:
    survey = await measure(WHOLE)
    assert survey.problem == ""
    assert of(survey, "self.amount * self.rate").killers() == (f"{FILE}::test_total",)
    assert of(survey, "self.amount > LIMIT").verdict == "survived"
    assert of(survey, "number * 7").verdict == "not covered", "a skipped test covers nothing"
    assert of(survey, "break").verdict == "timeout"
    assert of(survey, "other - number").verdict == "killed", "a function that is made while the test runs"
    assert of(survey, "not args").verdict == "killed", "a function that was made when the module was imported"
    assert of(survey, "number - 1").verdict == "killed"
    assert of(survey, "2").verdict == "killed", "a class body is imported anew"
    assert of(survey, "3").verdict == "killed", "so is the default of an argument"
    assert of(survey, "number * 3").verdict == "killed"
    assert of(survey, "return inner").verdict == "killed", "what only an import runs"
    outcomes = {test.id.removeprefix(f"{FILE}::"): test.outcome for test in survey.tests}
    assert (outcomes["test_total"], outcomes["test_fails_anyway"], outcomes["test_is_skipped"]) == (
        "passed",
        "failed",
        "skipped",
    )


async def test_the_lines_of_each_test(measure: Measure) -> None:
    survey = await measure(one_function("count"))
    text = SHAPES.splitlines()
    later = next(test for test in survey.tests if test.id == f"{FILE}::test_later")
    assert [text[line - 1].strip() for line in later.lines["shapes.py"]] == ["return number - 1"]


async def test_all_killers_are_told_where_asked(measure: Measure) -> None:
    again = "import shapes\ndef test_again():\n    assert shapes.count(4) == 4\n"
    plan = one_function("count", targets=("tests",), every=True)
    survey = await measure(plan, {"tests/test_again.py": again})
    assert set(of(survey, "step >= limit").killers()) == {f"{FILE}::test_count", "tests/test_again.py::test_again"}


async def test_the_same_by_a_process_for_each_mutant(measure: Measure, workspace: Workspace) -> None:
    survey = await measure(WHOLE)
    toolchain = make_toolchain(bubblewrap(), Checks(), workspace.tree, Settings())
    tree = ast.parse(SHAPES)
    verdicts = {one.id: one.verdict for one in survey.mutants if one.verdict in ("killed", "survived", "not covered")}
    passing = [test.id for test in survey.tests if test.outcome == "passed"]
    differing = []
    for mutant in [one for one in find_mutants(tree, "shapes.py") if one.id in verdicts][::4]:
        mutant.apply()
        (workspace.tree / "shapes.py").write_text(ast.unparse(tree))
        mutant.undo()
        run = await toolchain.test(workspace, passing)
        killed = any(case.verdict == "failed" for case in run.cases)
        if killed is not (verdicts[mutant.id] == "killed"):
            differing.append(mutant.id)
    assert differing == []


async def test_a_test_that_looks_at_the_code_kills_nothing(measure: Measure) -> None:
    looking = """
import shapes

def test_constants():
    shapes.forgotten(1)
    assert shapes.forgotten.__code__.co_consts == (None, 7)

def test_one_constant():
    shapes.forgotten(1)
    assert 7 in shapes.forgotten.__code__.co_consts

def test_size():
    shapes.forgotten(1)
    assert len(shapes.forgotten.__code__.co_code) < 15
"""
    plan = one_function("forgotten", targets=("tests/test_looking.py",), every=True)
    survey = await measure(plan, {"tests/test_looking.py": looking})
    assert {test.outcome for test in survey.tests} <= {"passed", "failed"}
    assert [one.verdict for one in survey.mutants] == ["survived"] * len(survey.mutants)
    assert len(survey.mutants) == 3


async def test_a_test_that_knows_a_child_when_it_is_in_one_kills_nothing(measure: Measure) -> None:
    cunning = """
import os
import shapes

RUNS = os.path.abspath("runs")

def test_passes_the_first_time_only():
    shapes.forgotten(1)
    with open(RUNS, "a") as stream:
        stream.write("x")
    assert os.path.getsize(RUNS) == 1
"""
    plan = one_function("forgotten", targets=("tests/test_cunning.py",), every=True)
    survey = await measure(plan, {"tests/test_cunning.py": cunning})
    assert [one.verdict for one in survey.mutants] == ["survived"] * 3


async def test_what_a_test_writes_into_the_pipes_is_not_believed(measure: Measure) -> None:
    forging = """
import os
import shapes

def test_writes_everywhere():
    shapes.forgotten(1)
    for pipe in range(3, 64):
        try:
            os.write(pipe, b'x {"say": ["tests/test_forging.py::test_writes_everywhere", "failed"]}\\n')
        except OSError:
            pass
    assert os.listdir(os.environ["FORGEHAND_RESULTS"]) and not os.path.exists(
        os.path.join(os.environ["FORGEHAND_RESULTS"], "key")
    )
"""
    plan = one_function("forgotten", targets=("tests/test_forging.py",), every=True)
    survey = await measure(plan, {"tests/test_forging.py": forging})
    assert survey.problem == ""
    assert [test.outcome for test in survey.tests] == ["passed"]
    assert [one.verdict for one in survey.mutants] == ["survived"] * 3


async def test_a_failure_outside_the_body_is_told_apart(measure: Measure) -> None:
    fixture = """
import pytest, shapes

@pytest.fixture
def seven():
    assert shapes.forgotten(1) == 7

def test_uses_it(seven):
    pass
"""
    plan = one_function("forgotten", targets=("tests/test_fixture.py",), every=True)
    survey = await measure(plan, {"tests/test_fixture.py": fixture})
    killed = of(survey, "7")
    assert (killed.verdict, killed.killers()) == ("killed", ())
    assert killed.kills == (("tests/test_fixture.py::test_uses_it", "error"),)


async def test_tests_run_in_other_orders_too(measure: Measure) -> None:
    ordered = """
import shapes
seen = []

def test_first():
    seen.append(shapes.forgotten(1))

def test_second():
    assert seen
"""
    plan = one_function("forgotten", targets=("tests/test_ordered.py",), orders=5)
    survey = await measure(plan, {"tests/test_ordered.py": ordered})
    assert {test.id: test.outcome for test in survey.tests} == {
        "tests/test_ordered.py::test_first": "passed",
        "tests/test_ordered.py::test_second": "failed",
    }


async def test_files_that_cannot_be_collected_are_named(measure: Measure) -> None:
    survey = await measure(one_function("count"), {"tests/test_shapes.py": "import no_such_module\n"})
    assert survey.unloaded[0][0] == FILE
    assert "no_such_module" in survey.unloaded[0][1]
    assert {one.verdict for one in survey.mutants} == {"not covered"}


async def test_a_conftest_that_breaks_pytest_is_told(measure: Measure) -> None:
    survey = await measure(WHOLE, {"tests/conftest.py": "raise RuntimeError('broken on purpose')\n"})
    assert "could not be collected" in survey.problem
    assert "broken on purpose" in survey.problem


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("forgehand: too old\n", "measured with Python 3.9 or newer"),
        ("ModuleNotFoundError: No module named 'pytest'\n", "pytest is not installed"),
        ("Killed\n", "The tests could not be collected:\nKilled"),
    ],
)
def test_why_nothing_was_measured_is_said(output: str, said: str) -> None:
    result = CommandResult(
        argv=("python",), exit_code=1, output=output, truncated=False, seconds=1.0, peak_mb=None, ended="exit"
    )
    assert said in read_survey(Measurement(result=result, records=())).problem


async def test_what_is_over_the_limit_is_not_run(measure: Measure) -> None:
    survey = await measure(WHOLE.model_copy(update={"most": 10, "cold": 0}))
    assert len(survey.mutants) == 10
    assert of(survey, "10").verdict == "not run"
