"""Go: every verdict right, nothing lost, merged or made up, and a crash that costs no other test its verdict."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import pytest_asyncio

from bot.sandbox.port import Limits
from bot.settings import Checks
from bot.toolchains.port import TestRun, Workspace
from bot.toolchains.repository import RepositoryToolchain
from tests.support.patience import PATIENCE
from tests.toolchains.zoos import below, open_zoo, told

pytestmark = pytest.mark.needs("go")
ZOO = Path(__file__).parent / "zoo"
Opened = tuple[RepositoryToolchain, Workspace]
VERDICTS = below(
    "verdicts/cart_test.go",
    {
        "TestPasses": ("passed", "call"),
        "TestFails": ("failed", "call"),
        "TestFailsAtOnce": ("failed", "call"),
        "TestSkips": ("skipped", "call"),
        "TestTable": ("failed", "call"),
        "TestTable/one": ("passed", "call"),
        "TestTable/two": ("passed", "call"),
        "TestTable/one#01": ("failed", "call"),
        "TestNested": ("passed", "call"),
        "TestNested/outer": ("passed", "call"),
        "TestNested/outer/inner": ("passed", "call"),
        'TestNested/outer/a/b_"_<_::_#': ("passed", "call"),
        "TestParallel": ("passed", "call"),
        "TestParallel/a": ("passed", "call"),
        "TestParallel/b": ("passed", "call"),
        "TestPrintsMarks": ("passed", "call"),
        "TestCleanup": ("failed", "call"),
        "TestBehind": ("passed", "call"),
        "ExampleAdd": ("passed", "call"),
        "ExampleAdd_wrong": ("failed", "call"),
        "FuzzAdd": ("passed", "call"),
        "FuzzAdd/seed#0": ("passed", "call"),
    },
) | {"verdicts/outside_test.go::TestOutside": ("passed", "call")}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def zoo(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    return await open_zoo(ZOO, tmp_path_factory.mktemp("go"))


async def run(opened: Opened, *targets: str, seconds: float = PATIENCE) -> TestRun:
    toolchain, workspace = opened
    return await toolchain.test(workspace, targets, limits=Limits(seconds=seconds))


def test_a_module_is_a_unit_with_its_evidence(zoo: Opened) -> None:
    (part,) = zoo[0].parts
    assert (part.unit.toolchain, part.unit.runner, part.unit.evidence) == ("go", "go test", ("`go.mod`",))


async def test_every_kind_of_verdict(zoo: Opened) -> None:
    done = await run(zoo, "verdicts/cart_test.go", "verdicts/outside_test.go")
    assert done.complete, done.completeness
    assert done.command == "go test ./verdicts"
    assert told(done) == VERDICTS
    said = {case.id.rpartition("::")[2]: case.message for case in done.cases}
    assert said["TestFails"] == "cart_test.go:15: 3 is not 4"
    assert said["TestCleanup"].endswith("not tidied up")
    assert said["TestTable"] == "failed in it: TestTable/one#01"
    assert said["ExampleAdd_wrong"] == "got:\n3\nwant:\n4"


async def test_code_older_than_modules_is_tested_by_its_folders(tmp_path: Path) -> None:
    test = 'package calc\nimport "testing"\nfunc TestAdd(t *testing.T) {{ if Add(1, 2) != {} {{ t.Fatal("no") }} }}\n'
    files = {
        "calc/calc.go": "package calc\nfunc Add(a, b int) int { return a + b }\n",
        "calc/calc_test.go": test.format(3),
    }
    (tmp_path / "empty").mkdir()
    toolchain, workspace = await open_zoo(
        tmp_path / "empty", tmp_path, files | {"main.go": "package main\nfunc main() {}\n"}
    )
    assert told(await run((toolchain, workspace))) == {"calc/calc_test.go::TestAdd": ("passed", "call")}
    (workspace.tree / "calc" / "calc_test.go").write_text(test.format(4))
    alone = await run((toolchain, workspace), "calc/calc_test.go::TestAdd")
    assert (alone.complete, told(alone)) == (True, {"calc/calc_test.go::TestAdd": ("failed", "call")})


async def test_one_test_is_run_alone_with_what_is_in_it(zoo: Opened) -> None:
    done = await run(zoo, "verdicts/cart_test.go::TestTable/one", "verdicts/cart_test.go::TestSkips")
    assert done.command == "go test '-run=^(TestTable|TestSkips)$' ./verdicts"
    assert told(done) == below(
        "verdicts/cart_test.go", {"TestTable/one": ("passed", "call"), "TestSkips": ("skipped", "call")}
    )


@pytest.mark.parametrize(
    "target", ["verdicts/cart_test.go::TestNone", "verdicts/cart_test.go::TestTable/none", "no_test.go"]
)
async def test_a_selection_that_matches_nothing_proves_nothing(zoo: Opened, target: str) -> None:
    """Go itself says ok to a subtest that is not there: its parent passes."""
    done = await run(zoo, target)
    assert (done.cases, done.complete) == ((), False)


async def test_a_panic_fails_its_test_and_the_others_run_without_it(zoo: Opened) -> None:
    done = await run(zoo, "panics/a_test.go")
    assert done.complete, done.completeness
    assert told(done) == below(
        "panics/a_test.go",
        {
            "TestBefore": ("passed", "call"),
            "TestNil": ("failed", "call"),
            "TestNil/sub": ("failed", "call"),
            "TestBehind": ("passed", "call"),
            "TestAlsoPanics": ("failed", "call"),
            "TestLast": ("passed", "call"),
        },
    )
    messages = {case.id.rpartition("::")[2]: case.message for case in done.cases}
    assert messages["TestNil/sub"].startswith("panic: assignment to entry in nil map")


async def test_os_exit_0_is_a_failed_test(zoo: Opened) -> None:
    done = await run(zoo, "exit0/a_test.go")
    assert done.complete, done.completeness
    assert told(done)["exit0/a_test.go::TestEnds"] == ("failed", "call")
    assert told(done)["exit0/a_test.go::TestBehind"] == ("passed", "call")


async def test_a_test_that_ends_the_process_is_named(zoo: Opened) -> None:
    done = await run(zoo, "exit3/a_test.go")
    assert not done.complete
    assert done.completeness.culprits == ("exit3/a_test.go::TestEnds",)
    assert told(done) == below(
        "exit3/a_test.go",
        {"TestBefore": ("passed", "call"), "TestEnds": ("error", "crash"), "TestBehind": ("passed", "call")},
    )


async def test_what_does_not_compile_is_an_error_of_all_its_tests(zoo: Opened) -> None:
    done = await run(zoo, "unbuilt/a_test.go")
    assert told(done) == below("unbuilt/a_test.go", {"TestOne": ("error", "build"), "TestTwo": ("error", "build")})
    assert "undefined: missing" in done.cases[0].message
    assert done.complete


async def test_a_main_that_hides_a_failure_is_not_believed(zoo: Opened) -> None:
    done = await run(zoo, "hooks/a_test.go")
    assert (done.result.exit_code, done.complete) == (0, False)
    assert told(done) == {"hooks/a_test.go::TestFails": ("failed", "call")}


async def test_a_main_that_runs_no_test_is_not_believed(zoo: Opened) -> None:
    done = await run(zoo, "nomain/a_test.go")
    assert not done.complete
    assert done.completeness.lost == ("nomain/a_test.go::TestNeverRuns",)


async def test_a_main_that_fails_is_an_error_of_its_package(zoo: Opened) -> None:
    done = await run(zoo, "setup/a_test.go")
    assert told(done) == {"setup": ("error", "setup")}
    assert not done.complete


async def test_a_test_that_hangs_is_named(zoo: Opened) -> None:
    done = await run(zoo, "slow/a_test.go", seconds=8)
    assert told(done) == below("slow/a_test.go", {"TestBefore": ("passed", "call"), "TestHangs": ("error", "timeout")})


async def test_a_whole_module_keeps_apart_what_works_and_what_does_not(tmp_path: Path) -> None:
    opened = await open_zoo(ZOO, tmp_path)
    for name in ("exit3", "hooks", "nomain", "setup", "slow"):
        shutil.rmtree(opened[1].tree / name)
    done = await run(opened)
    assert done.complete, done.completeness
    assert {id: verdict for id, verdict in told(done).items() if id.startswith("verdicts/")} == VERDICTS
    assert told(done)["unbuilt/a_test.go::TestOne"] == ("error", "build")


async def test_a_policy_may_name_its_own_command(tmp_path: Path) -> None:
    checks = Checks(test="go test -json ./verdicts", results="exit", setup="go version")
    done = await run(await open_zoo(ZOO, tmp_path, checks=checks))
    assert done.command == "go test -json ./verdicts"
    assert [case.verdict for case in done.cases] == ["failed"]
