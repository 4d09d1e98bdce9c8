"""The gates of new tests: every cheat is refused, the honest test is kept."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from bench.capability_cheats import CHEATS, HONEST, SOURCE, TARGET
from bot.git.changes import Changes
from bot.mutation.records import Mutant, Plan, RecordedTest, Scope, Survey
from bot.mutation.runner import make_program, read_survey
from bot.sandbox.port import Limits
from bot.settings import Checks, Settings
from bot.toolchains.port import Workspace
from bot.toolchains.python.toolchain import PythonToolchain, make_toolchain
from handlers.test.gates import ORDERS, judge_survey, judge_tests, list_left, new_tests_gate
from handlers.test.objections import honesty_gate
from handlers.test.records import TargetSurvey
from tests.support.sandboxes import bubblewrap
from tests.toolchains.conftest import write

NEW = "tests/test_new.py"
# what is refused by reading, before anything is run
READ = {
    "mocked target", "re-implementation", "reads source", "code object", "xfail", "skip", "bytecode size", "fresh copy",
    "another process", "swallowed",
}  # fmt: skip


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A module without tests, and pytest."""
    folder = tmp_path_factory.mktemp("sizes")
    files = {"pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["."]\n', TARGET: SOURCE}
    found = Workspace(tree=write(folder / "tree", files), env=folder / "env")
    asyncio.run(toolchain(found).install(found))
    return found


def toolchain(workspace: Workspace) -> PythonToolchain:
    return make_toolchain(bubblewrap(), Checks(), workspace.tree, Settings())


async def measure(workspace: Workspace, tmp_path: Path, text: str, survey: TargetSurvey | None) -> Survey:
    tree = tmp_path / "tree"
    shutil.copytree(workspace.tree, tree)
    write(tree, {NEW: text})
    only = None if survey is None else tuple(mutant.id for mutant in survey.mutants)
    plan = Plan(files={TARGET: Scope()}, targets=(NEW,), only=only, every=True, orders=ORDERS, results=True)
    own = Workspace(tree=tree, env=workspace.env)
    return read_survey(await toolchain(own).measure(own, make_program(plan), limits=Limits()))


@pytest.fixture(scope="module")
def survey(workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> TargetSurvey:
    measured = asyncio.run(measure(workspace, tmp_path_factory.mktemp("survey"), "", None))
    return TargetSurvey(
        name=TARGET, scopes={TARGET: Scope()}, mutants=measured.open_mutants(), verdicts={}, tests="no test"
    )


def test_thirteen_cheats_are_known() -> None:
    assert len(CHEATS) >= 13


@pytest.mark.parametrize("name", CHEATS)
async def test_a_cheat_is_refused(name: str, workspace: Workspace, survey: TargetSurvey, tmp_path: Path) -> None:
    read = honesty_gate(Changes(files={NEW: CHEATS[name]}), {TARGET: SOURCE})
    assert read.passed is (name not in READ), read.detail
    if read.passed:
        gates = judge_survey(survey, await measure(workspace, tmp_path, CHEATS[name], survey))
        assert not all(gate.passed for gate in gates), gates


@pytest.mark.parametrize("name", sorted(READ - {"mocked target", "re-implementation", "fresh copy", "another process"}))
async def test_a_run_finds_what_reading_could_miss(
    name: str, workspace: Workspace, survey: TargetSurvey, tmp_path: Path
) -> None:
    gates = judge_survey(survey, await measure(workspace, tmp_path, CHEATS[name], survey))
    assert not all(gate.passed for gate in gates), gates


async def test_the_honest_test_is_kept(workspace: Workspace, survey: TargetSurvey, tmp_path: Path) -> None:
    assert honesty_gate(Changes(files={NEW: HONEST}), {TARGET: SOURCE}).passed
    stable, noticed = judge_survey(survey, await measure(workspace, tmp_path, HONEST, survey))
    assert (stable.passed, stable.after) == (True, "1 test, 3 of 3 orders")
    assert noticed.passed
    assert "tests run it, and none notices the change" in noticed.detail, "what stays untested is told"
    assert noticed.parts["tests"].startswith(f"Of {survey.judged} small faults in sizes.py the tests noticed 0 before")


@pytest.mark.parametrize(
    ("asserted", "kept"),
    [
        ("join([1], [2]) == [2, 1]", True),
        ("join([1], [2]) is not None", False),
        ("isinstance(join([1], [2]), list)", False),
        ("join([1], [2]) == join([1], [2])", False),
    ],
)
async def test_a_test_of_code_that_raises_when_it_is_wrong_must_look_at_its_result(
    asserted: str, kept: bool, workspace: Workspace, tmp_path: Path
) -> None:
    code = shutil.copytree(workspace.tree, tmp_path / "code")
    write(code, {TARGET: "def join(a, b):\n    return b + a\n"})  # lists cannot be subtracted
    own = Workspace(tree=code, env=workspace.env)
    before = await measure(own, tmp_path / "before", "", None)
    survey = TargetSurvey(
        name=TARGET, scopes={TARGET: Scope()}, mutants=before.open_mutants(), verdicts={}, tests="no test"
    )
    text = f"from sizes import join\n\ndef test_it():\n    assert {asserted}\n"
    gates = judge_survey(survey, await measure(own, tmp_path / "after", text, survey))
    assert all(gate.passed for gate in gates) is kept, gates


def mutant(kind: str = "number", **more: object) -> Mutant:
    told = {"path": TARGET, "line": 1, "function": "human", "before": "1", "after": "2", "verdict": "killed", **more}
    return Mutant(id=f"{TARGET}::human::{kind}#1", kind=kind, **told)


def recorded(id: str, outcome: str = "passed", lines: tuple[int, ...] = (1,)) -> RecordedTest:
    return RecordedTest(id=id, outcome=outcome, seconds=0.1, lines={TARGET: lines} if lines else {})


@pytest.mark.parametrize(
    ("measured", "said"),
    [
        (Survey(tests=(recorded("a::t"),), mutants=(mutant("return-none", kills=(("a::t", "failed"),)),)), "no fault"),
        (Survey(tests=(recorded("a::t"),), mutants=(mutant(kills=(("a::t", "error"),)),)), "no fault"),
        (Survey(tests=(recorded("a::t"),), mutants=(mutant(kills=(("a::t", "crashed"),)),)), "where the code raises"),
        (Survey(tests=(recorded("a::t", lines=()),), mutants=(mutant(kills=(("a::t", "failed"),)),)), "runs nothing"),
        (Survey(tests=(recorded("a::t", "skipped"),)), "does not pass in each of 3 orders: skipped"),
        (Survey(tests=(recorded("a::t", "lost"),)), "does not pass in each of 3 orders: lost"),
        (Survey(unloaded=(("a", "SyntaxError"),)), "cannot be collected"),
    ],
)
def test_what_is_wrong_with_a_test_is_said(measured: Survey, said: str) -> None:
    survey = TargetSurvey(name=TARGET, scopes={TARGET: Scope()}, mutants=(mutant(),), verdicts={}, tests="no test")
    judged = judge_tests(survey, measured)
    assert said in "\n".join([*judged.unstable.values(), *judged.idle.values()])
    assert not all(gate.passed for gate in judge_survey(survey, measured))


def test_a_fuzz_target_may_notice_errors_that_nobody_documented() -> None:
    measured = Survey(tests=(recorded("a::t"),), mutants=(mutant(kills=(("a::t", "crashed"),)),))
    survey = TargetSurvey(name=TARGET, scopes={}, mutants=(mutant(),), verdicts={}, tests="no test", fuzz=True)
    survey = survey.model_copy(update={"scopes": {TARGET: Scope()}})
    assert judge_tests(survey, measured) == (("a::t",), {}, {})


def test_parameters_of_one_test_count_together() -> None:
    survey = TargetSurvey(name=TARGET, scopes={TARGET: Scope()}, mutants=(mutant(),), verdicts={}, tests="no test")
    kills = (("a::t[1]", "failed"),)
    measured = Survey(tests=(recorded("a::t[1]"), recorded("a::t[2]")), mutants=(mutant(kills=kills),))
    assert judge_tests(survey, measured) == (("a::t",), {}, {})


def test_what_others_run_is_not_called_untested() -> None:
    before = mutant(verdict="survived")
    survey = TargetSurvey(
        name=TARGET, scopes={TARGET: Scope()}, mutants=(before,), verdicts={}, tests="none of 3 tests"
    )
    assert list_left(survey, Survey(mutants=(mutant(verdict="not covered"),))) == [before]


def test_nothing_but_new_tests_may_change(workspace: Workspace) -> None:
    def refused(path: str) -> str:
        return new_tests_gate(
            Changes(files={path: "x = 1\n"}), {TARGET, "tests/test_old.py"}, toolchain(workspace)
        ).detail

    assert refused(NEW) == ""
    for path in (TARGET, "tests/test_old.py", "tests/conftest.py", "helpers.py", "pyproject.toml"):
        assert path in refused(path)
