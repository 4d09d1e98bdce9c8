"""CMake, CTest and googletest: every verdict right, nothing lost, and what is no longer built is not run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import pytest_asyncio

from bot.sandbox.port import Limits
from bot.toolchains.port import TestRun, Workspace
from bot.toolchains.repository import RepositoryToolchain
from tests.support.patience import PATIENCE
from tests.toolchains.conftest import write
from tests.toolchains.zoos import Told, below, open_zoo, told

pytestmark = pytest.mark.needs("cmake")
ZOO = Path(__file__).parent / "zoo" / "cmake"
Opened = tuple[RepositoryToolchain, Workspace]
PASSED, FAILED, SKIPPED = ("passed", "call"), ("failed", "call"), ("skipped", "call")
CART = below(
    "tests/cart_test.cpp",
    {
        "Cart::Passes": PASSED,
        "Cart::Fails": FAILED,
        "Cart::Throws": FAILED,
        "Cart::Skips": SKIPPED,
        "Cart::DISABLED_Off": SKIPPED,
        "Cart::PrintsMarks": PASSED,
        "Cart::PrintsThatItSkips": FAILED,
        "Other::Passes": PASSED,
        "Some/Sizes::Small/0": PASSED,
        "Some/Sizes::Small/1": PASSED,
        "Some/Sizes::Small/2": FAILED,
        "Kinds/0::Zero": PASSED,
        "Kinds/1::Zero": PASSED,
    },
)
PLAIN = below(
    "tests/plain_test.c",
    {
        "plain passes": PASSED,
        "plain fails": FAILED,
        "plain asserts": FAILED,
        "plain signal": ("error", "call"),
        "plain skips": SKIPPED,
        "plain exit3": FAILED,
        "plain forges": FAILED,
        'plain hostile <&> "name" #2': PASSED,
        "expected": PASSED,
        "regex": FAILED,
        "disabled": SKIPPED,
        "slow": ("error", "timeout"),
        "fixture": FAILED,
        "needs-fixture": ("error", "setup"),
    },
)
CRASH: Told = {
    "Crash::Before": PASSED,
    "Crash::Signal": ("error", "call"),
    "Crash::Aborts": FAILED,
    "Crash::Behind": PASSED,
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def zoo(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    return await open_zoo(ZOO, tmp_path_factory.mktemp("cpp"))


async def run(opened: Opened, *targets: str, seconds: float = PATIENCE) -> TestRun:
    toolchain, workspace = opened
    return await toolchain.test(workspace, targets, limits=Limits(seconds=seconds))


def change(opened: Opened, folder: Path, files: dict[str, str]) -> Opened:
    """Change files of the tree, on what was built of the base."""
    toolchain, workspace = opened
    tree = folder / "tree"
    shutil.copytree(workspace.tree, tree)
    return toolchain, Workspace(tree=write(tree, files), env=workspace.env)


def test_a_project_is_a_unit_with_its_evidence(zoo: Opened) -> None:
    (part,) = zoo[0].parts
    assert (part.unit.manager, part.unit.runner) == ("cmake", "ctest")
    assert part.unit.evidence == ("`CMakeLists.txt`", "tests in `tests/CMakeLists.txt`")


async def test_every_kind_of_verdict_of_googletest(zoo: Opened) -> None:
    done = await run(zoo, "tests/cart_test.cpp")
    assert done.complete, done.completeness
    assert told(done) == CART
    said = {case.id.rpartition("::")[2]: case.message for case in done.cases}
    assert said["Fails"].endswith('not "this" <&>')
    assert "boom" in said["Throws"]


async def test_every_kind_of_verdict_of_ctest(zoo: Opened) -> None:
    done = await run(zoo, "tests/plain_test.c")
    assert done.complete, done.completeness
    assert told(done) == PLAIN
    said = {case.id.rpartition("::")[2]: case.message for case in done.cases}
    assert said["plain fails"] == "this is fails\nFailed"
    assert 'Assertion `!is(kind, "asserts")\' failed' in said["plain asserts"]
    assert said["plain signal"].endswith("SegFault")


async def test_tests_that_are_no_program_of_the_build(zoo: Opened) -> None:
    done = await run(zoo, "tests/CMakeLists.txt", "tests/script.sh")
    assert told(done) == below(
        "tests/CMakeLists.txt", {"absent": ("error", "setup"), "shell": FAILED}
    ) | {"tests/script.sh::script": PASSED}  # fmt: skip
    assert done.complete


async def test_one_test_is_run_alone(zoo: Opened) -> None:
    done = await run(zoo, "tests/cart_test.cpp::Some/Sizes::Small/2", "tests/plain_test.c::plain passes")
    assert done.command == "ctest -R '^(zoo.Some/Sizes.Small/9|plain passes)$'"
    assert told(done) == {
        "tests/cart_test.cpp::Some/Sizes::Small/2": FAILED,
        "tests/plain_test.c::plain passes": PASSED,
    }


@pytest.mark.parametrize("target", ["tests/cart_test.cpp::Cart::None", "tests/none_test.cpp", "src/cart.cpp"])
async def test_a_selection_that_matches_nothing_proves_nothing(zoo: Opened, target: str) -> None:
    done = await run(zoo, target)
    assert (done.cases, done.complete) == ((), False)


async def test_a_signal_in_a_program_of_several_tests_costs_no_other_its_verdict(zoo: Opened) -> None:
    """The program leaves no report: each of its tests runs again alone."""
    done = await run(zoo, *below("tests/ends_test.cpp", CRASH))
    assert told(done) == below("tests/ends_test.cpp", CRASH)
    assert done.complete, done.completeness


async def test_a_test_that_ends_its_process_green_is_named(zoo: Opened) -> None:
    """The program exits with 0 after the first of its tests, and CTest says Passed."""
    names = ("Before", "Green", "Three", "Behind")
    done = await run(zoo, *(f"tests/ends_test.cpp::Exits::{name}" for name in names))
    assert not done.complete
    assert done.completeness.culprits == ("tests/ends_test.cpp::Exits::Green",)
    assert told(done) == below(
        "tests/ends_test.cpp",
        {
            "Exits::Before": PASSED,
            "Exits::Green": ("error", "crash"),
            "Exits::Three": ("error", "crash"),
            "Exits::Behind": FAILED,
        },
    )


@pytest.mark.parametrize(
    ("test", "own", "around"), [("Hooks::NeverRuns", "skipped", "setup"), ("Late::Passes", "passed", "teardown")]
)
async def test_what_fails_around_the_tests_is_told(zoo: Opened, test: str, own: str, around: str) -> None:
    """A suite that cannot be set up skips its tests; an error behind the last test is in no case."""
    done = await run(zoo, f"tests/ends_test.cpp::{test}")
    assert told(done) == {
        f"tests/ends_test.cpp::{test}": (own, "call"),
        "tests/ends_test.cpp": ("error", around),
    }


async def test_a_test_that_hangs_is_named(zoo: Opened) -> None:
    done = await run(zoo, "tests/waits_test.c", seconds=10)
    assert told(done) == {"tests/waits_test.c::waits": ("error", "timeout")}


async def test_a_whole_project(zoo: Opened, tmp_path: Path) -> None:
    waits = {"tests/waits_test.c": "int main(void) { return 0; }\n"}
    done = await run(change(zoo, tmp_path, waits))
    assert done.completeness.culprits == ("tests/ends_test.cpp::Exits::Green",)
    found = told(done)
    assert {
        id: verdict for id, verdict in found.items() if not id.startswith("tests/ends_test.cpp")
    } == CART | PLAIN | {
        "tests/CMakeLists.txt::absent": ("error", "setup"),
        "tests/CMakeLists.txt::shell": FAILED,
        "tests/script.sh::script": PASSED,
        "tests/waits_test.c::waits": PASSED,
    }


async def test_only_what_changed_is_built_again(zoo: Opened, tmp_path: Path) -> None:
    toolchain, workspace = zoo
    dry = "ninja -C /env/build -n"
    unchanged = await toolchain.run(change(zoo, tmp_path / "a", {})[1], dry, limits=Limits(seconds=PATIENCE))
    assert "no work to do" in unchanged.output
    text = (workspace.tree / "tests/support.c").read_text()
    after = await toolchain.run(
        change(zoo, tmp_path / "b", {"tests/support.c": text})[1], dry, limits=Limits(seconds=PATIENCE)
    )
    assert "[2/2] Linking C executable tests/plain" in after.output


async def test_a_program_that_no_longer_compiles_is_an_error_of_its_tests(zoo: Opened, tmp_path: Path) -> None:
    """The program of before is still in the folder of the build; CTest would run it and pass."""
    text = (ZOO / "tests/cart_test.cpp").read_text().replace("EXPECT_EQ(add(1, 2), 3)", "EXPECT_EQ(missing(1, 2), 3)")
    changed = change(zoo, tmp_path, {"tests/cart_test.cpp": text})
    done = await run(changed, "tests/cart_test.cpp", "tests/plain_test.c::plain passes")
    found = told(done)
    assert found.pop("tests/plain_test.c::plain passes") == PASSED
    assert set(found) == {id for id in CART if "Sizes" not in id and "Kinds" not in id}
    assert set(found.values()) == {("error", "build")}
    assert "missing" in done.cases[0].message
    assert done.complete, done.completeness


async def test_a_product_that_no_longer_compiles_fails_what_is_linked_to_it(zoo: Opened, tmp_path: Path) -> None:
    changed = change(zoo, tmp_path, {"src/cart.cpp": "#include <no-such-header.h>\n"})
    done = await run(changed, "tests/cart_test.cpp::Cart::Passes", "tests/ends_test.cpp::Crash::Before")
    assert told(done)["tests/cart_test.cpp::Cart::Passes"] == ("error", "build")
    assert told(done)["tests/ends_test.cpp::Crash::Before"] == PASSED


async def test_build_files_that_cannot_be_configured_are_an_error(zoo: Opened, tmp_path: Path) -> None:
    changed = change(zoo, tmp_path, {"CMakeLists.txt": "message(FATAL_ERROR gone)\n"})
    done = await run(changed, "tests/cart_test.cpp")
    assert told(done) == {".": ("error", "build")}
    assert "gone" in done.cases[0].message


async def test_a_project_whose_tests_have_vanished_proves_nothing(zoo: Opened, tmp_path: Path) -> None:
    done = await run(change(zoo, tmp_path, {"tests/CMakeLists.txt": "\n"}))
    assert (done.cases, done.complete) == ((), False)


NEW = """#include <gtest/gtest.h>
#include "cart.h"
TEST(Sum, Fails) { EXPECT_EQ(add(2, 2), 5); }
TEST(Sum, Passes) { EXPECT_EQ(add(2, 2), 4); }
"""


async def test_a_new_test_file_is_built_as_its_sibling_is(zoo: Opened, tmp_path: Path) -> None:
    changed = change(zoo, tmp_path, {"tests/sum_test.cpp": NEW})
    done = await run(changed, "tests/sum_test.cpp")
    assert done.complete, done.completeness
    assert told(done) == below("tests/sum_test.cpp", {"Sum::Fails": FAILED, "Sum::Passes": PASSED})
    (note,) = done.notes
    assert note.startswith("No build file names `tests/sum_test.cpp`: here it was built as `tests/cart_test.cpp` is.")


async def test_a_changed_file_that_nothing_compiles_is_told(zoo: Opened, tmp_path: Path) -> None:
    changed = change(zoo, tmp_path, {"src/optional.cpp": "int optional() { return 1; }\n"})
    done = await run(changed, "tests/plain_test.c::plain passes")
    assert done.notes == ("`src/optional.cpp` is changed and nothing that is built here compiles it: no test saw it.",)


async def test_a_test_of_the_base_that_an_option_leaves_out_is_not_built(zoo: Opened) -> None:
    """cJSON's tests of cJSON_Utils cannot be linked without it."""
    done = await run(zoo, "tests/optional_test.cpp", "tests/plain_test.c::plain passes")
    assert told(done) == {"tests/plain_test.c::plain passes": PASSED}


async def test_a_new_test_with_its_own_main_keeps_the_helpers_of_its_sibling(zoo: Opened, tmp_path: Path) -> None:
    text = 'int is(const char *, const char *);\nint main(void) { return is("a", "b"); }\n'
    done = await run(change(zoo, tmp_path, {"tests/words_test.c": text}), "tests/words_test.c")
    assert told(done) == {"tests/words_test.c::words_test": PASSED}
    assert done.complete


async def test_a_new_test_that_exits_green_or_does_not_compile_proves_nothing(zoo: Opened, tmp_path: Path) -> None:
    green = NEW.replace("EXPECT_EQ(add(2, 2), 5)", "exit(0)")
    done = await run(change(zoo, tmp_path / "a", {"tests/sum_test.cpp": green}), "tests/sum_test.cpp")
    assert done.completeness.culprits == ("tests/sum_test.cpp::Sum::Fails",)
    assert told(done)["tests/sum_test.cpp::Sum::Passes"] == PASSED
    broken = NEW.replace("add(2, 2), 5", "missing()")
    done = await run(change(zoo, tmp_path / "b", {"tests/sum_test.cpp": broken}), "tests/sum_test.cpp")
    assert told(done) == {"tests/sum_test.cpp": ("error", "build")}
    assert "missing" in done.cases[0].message
