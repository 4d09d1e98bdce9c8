"""Rust: every verdict right, nothing lost, merged or made up; what a test prints is no verdict, an exit no pass."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import pytest_asyncio

from bot.sandbox.port import Limits
from bot.settings import Checks, Settings
from bot.toolchains.port import TestRun, Workspace
from bot.toolchains.repository import RepositoryToolchain, make_toolchain
from tests.support.patience import PATIENCE
from tests.support.sandboxes import bubblewrap
from tests.toolchains.conftest import write
from tests.toolchains.zoos import Told, below, open_zoo, told

pytestmark = pytest.mark.needs("cargo")
ZOO = Path(__file__).parent / "zoo"
Opened = tuple[RepositoryToolchain, Workspace]
Change = Callable[[dict[str, str]], Opened]
PASSED, FAILED, SKIPPED = ("passed", "call"), ("failed", "call"), ("skipped", "call")
VERDICTS = below(
    "cart/tests/verdicts.rs",
    {
        "passes": PASSED,
        "fails": FAILED,
        "panics": FAILED,
        "returns_an_error": FAILED,
        "throws_a_number": FAILED,
        "panics_as_it_should": PASSED,
        "panics_with_another_text": FAILED,
        "does_not_panic": FAILED,
        "is_ignored": SKIPPED,
        "is_ignored_with_a_reason": SKIPPED,
        "größe_zählt": PASSED,
        "r#match": PASSED,
        "a_thread_panics": PASSED,
        "group::passes": PASSED,
        "group::inner::passes": FAILED,
    },
)
UNITS = {
    "cart/src/lib.rs::tests::adds": PASSED,
    "cart/src/lib.rs::tests::inner::adds": PASSED,
    "cart/src/main.rs::adds": PASSED,
    "cart/src/price.rs::adds": PASSED,
    "cart/src/price.rs::many::one": PASSED,
    "cart/src/price.rs::many::none": FAILED,
    "cart/src/price/parse.rs::parses": PASSED,
    "cart/src/stock/mod.rs::counts": PASSED,
    "cart/src/odd.rs::is_elsewhere": PASSED,
}
EXAMPLES = below(
    "cart/src/lib.rs::doctest",
    {"add": FAILED, "add#2": PASSED, "add#3": PASSED, "add#4": SKIPPED, "add#5": ("error", "build")},
) | {"cart/src/lib.rs::doctest": PASSED}
PRINTS = below(
    "cart/tests/prints.rs",
    {
        "fails": FAILED,
        "forges_a_pass": PASSED,
        "forges_a_failure": PASSED,
        "is_quiet": PASSED,
        "leaves_its_line_open": PASSED,
    },
)
HELPS = "cart/tests/common/mod.rs::helps"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def zoo(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    return await open_zoo(ZOO, tmp_path_factory.mktemp("rust"))


@pytest.fixture
def change(zoo: Opened, tmp_path: Path) -> Change:
    """Lay out the zoo with files added, replaced or (by "") removed, on what was installed."""

    def build(files: dict[str, str]) -> Opened:
        tree = tmp_path / "tree"
        shutil.copytree(zoo[1].tree, tree)
        write(tree, {name: text for name, text in files.items() if text})
        for name in (name for name, text in files.items() if not text):
            (tree / name).unlink()
        return make_toolchain(bubblewrap(), Checks(), tree, Settings()), Workspace(tree=tree, env=zoo[1].env)

    return build


async def run(opened: Opened, *targets: str, seconds: float = PATIENCE) -> TestRun:
    toolchain, workspace = opened
    return await toolchain.test(workspace, targets, limits=Limits(seconds=seconds))


def test_a_workspace_is_one_unit_with_its_evidence(zoo: Opened) -> None:
    (part,) = zoo[0].parts
    assert (part.unit.root, part.unit.runner, part.unit.evidence) == (
        "",
        "cargo test",
        ("`Cargo.toml` of a workspace",),
    )


async def test_every_kind_of_verdict(zoo: Opened) -> None:
    done = await run(zoo, "cart/tests/verdicts.rs")
    assert done.complete, done.completeness
    assert done.command == "cargo test --no-fail-fast -p cart --test verdicts"
    assert told(done) == VERDICTS
    said = {case.id.rpartition("::")[2]: case.message for case in done.cases}
    assert said["fails"].startswith("said before\n")
    assert "not yet" in said["fails"]
    assert "index out of bounds: the len is 0 but the index is 0" in said["panics"]
    assert said["is_ignored_with_a_reason"] == "not today"
    assert said["does_not_panic"].startswith("test did not panic as expected")
    # neither advice nor the number of a thread, which is another one in each run
    assert not [text for text in said.values() if "RUST_BACKTRACE" in text or "' (" in text]


async def test_unit_tests_stand_in_the_file_of_their_module(zoo: Opened) -> None:
    done = await run(zoo, "cart/src")
    assert done.complete, done.completeness
    assert told(done) == UNITS | EXAMPLES
    assert {case.id for case in done.cases if case.kind == "doctest"} == set(EXAMPLES)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("cart/src/price/parse.rs", {"cart/src/price/parse.rs::parses": PASSED}),
        ("cart/src/price.rs::many::none", {"cart/src/price.rs::many::none": FAILED}),
        ("cart/src/lib.rs::doctest::add#3", {"cart/src/lib.rs::doctest::add#3": PASSED}),
        ("cart/tests/verdicts.rs::r#match", {"cart/tests/verdicts.rs::r#match": PASSED}),
        ("cart/tests/own.rs", {"cart/tests/own.rs::own": PASSED}),
        # a module of helpers that two programs hold
        (HELPS, {HELPS: PASSED}),
        (f"{HELPS}#2", {f"{HELPS}#2": PASSED}),
    ],
)
async def test_one_is_run_alone(zoo: Opened, target: str, expected: Told) -> None:
    done = await run(zoo, target)
    assert done.complete, done.completeness
    assert told(done) == expected


@pytest.mark.parametrize(
    "target",
    ["cart/tests/verdicts.rs::none", "cart/tests/none.rs", "cart/tests/empty.rs", "cart/src/lib.rs::doctest::no"],
)
async def test_a_selection_that_matches_nothing_proves_nothing(zoo: Opened, target: str) -> None:
    """libtest itself says ok, and 0 tests."""
    done = await run(zoo, target)
    assert (done.cases, done.complete) == ((), False)


async def test_what_a_test_writes_past_the_capture_is_no_verdict(zoo: Opened) -> None:
    """Lines of libtest's own form, on the same output."""
    done = await run(zoo, "cart/tests/prints.rs")
    assert done.complete, done.completeness
    assert told(done) == PRINTS


async def test_a_forged_report_with_its_end_is_not_believed(zoo: Opened) -> None:
    """The process ends with 0, and its output says that both tests passed."""
    done = await run(zoo, "cart/tests/lies.rs")
    assert not done.complete
    assert "cart/tests/lies.rs::breaks" in done.completeness.culprits
    assert "passed" not in {case.verdict for case in done.cases}


@pytest.mark.parametrize("name", ["exit0", "exit3", "signal"])
async def test_a_test_that_ends_the_process_is_named_and_the_others_run_without_it(zoo: Opened, name: str) -> None:
    """cargo itself calls ``exit(0)`` in a test a success. The test that ran beside it is no culprit."""
    file = f"cart/tests/{name}.rs"
    done = await run(zoo, file)
    assert not done.complete
    assert done.completeness.culprits == (f"{file}::kills",)
    assert told(done) == below(file, {"before": PASSED, "kills": ("error", "crash"), "long": PASSED, "other": FAILED})


async def test_tests_written_for_nextest_have_a_process_each(change: Change) -> None:
    """cargo-nextest itself calls ``exit(0)`` in a test a success."""
    file = "cart/tests/apart.rs"
    alone = "#[test]\nfn {}() {{ assert_eq!(RUNS.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0); }}\n"
    text = "static RUNS: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);\n"
    text += "".join(alone.format(name) for name in ("one", "two")) + "#[test]\nfn fails() { panic!(); }\n"
    opened = change({".config/nextest.toml": "[profile.default]\n", file: text})
    assert (opened[0].parts[0].unit.evidence[1], opened[0].is_test_config(".config/nextest.toml")) == (
        "`.config/nextest.toml`", True,
    )  # fmt: skip
    done = await run(opened, file)
    assert done.complete, done.completeness
    assert told(done) == below(file, {"one": PASSED, "two": PASSED, "fails": FAILED})
    ended = await run(opened, "cart/tests/exit0.rs")
    assert ended.completeness.culprits == ("cart/tests/exit0.rs::kills",)
    own = below("cart/tests/exit0.rs", {"before": PASSED, "kills": ("error", "crash"), "long": PASSED, "other": FAILED})
    assert told(ended) == own


async def test_a_process_that_fails_after_its_tests_is_an_error(zoo: Opened) -> None:
    done = await run(zoo, "cart/tests/late.rs")
    assert told(done) == {
        "cart/tests/late.rs::leaves_something_behind": PASSED,
        "cart/tests/late.rs": ("error", "teardown"),
    }


async def test_a_target_without_harness_counts_by_its_exit_code(zoo: Opened) -> None:
    done = await run(zoo, "cart/tests/own.rs", "cart/tests/own_fails.rs", "cart/tests/own_signal.rs")
    assert done.complete, done.completeness
    assert told(done) == {
        "cart/tests/own.rs::own": PASSED,
        "cart/tests/own_fails.rs::own_fails": FAILED,
        "cart/tests/own_signal.rs::own_signal": ("error", "crash"),
    }
    assert [case.message for case in done.cases if case.verdict == "failed"] == ["the third case of mine is wrong"]


async def test_a_test_that_hangs_is_named(zoo: Opened) -> None:
    done = await run(zoo, "cart/tests/hang.rs", seconds=5)
    assert not done.complete
    assert told(done) == below("cart/tests/hang.rs", {"before": PASSED, "hangs": ("error", "timeout")})


async def test_what_does_not_compile_is_an_error_of_all_its_tests_and_of_no_other(change: Change) -> None:
    broken = "#[test]\nfn one() { missing(); }\nmod two {\n    #[test]\n    fn three() {}\n}\n"
    opened = change({"cart/tests/broken.rs": broken})
    done = await run(opened, "cart/tests/broken.rs")
    assert done.complete, done.completeness
    assert told(done) == below("cart/tests/broken.rs", {"one": ("error", "build"), "two::three": ("error", "build")})
    assert "cannot find function `missing`" in done.cases[0].message


async def test_a_library_that_does_not_compile_is_an_error_of_what_needs_it(change: Change) -> None:
    opened = change({"shop/src/lib.rs": 'pub fn total() -> i32 { "three" }\n#[test]\nfn adds() {}\n'})
    done = await run(opened, "shop", "cart/tests/own.rs")
    assert told(done)["shop/src/lib.rs::adds"] == ("error", "build")
    assert done.complete, done.completeness


async def test_a_broken_program_takes_no_name_of_another(change: Change) -> None:
    """Both hold the helpers' test: the first of them is still the first."""
    done = await run(change({"cart/tests/again.rs": "mod common;\nfn x() { missing(); }\n"}), "cart/tests/common")
    assert told(done) == {HELPS: ("error", "build"), f"{HELPS}#2": PASSED}


async def test_that_another_rust_ran_than_the_named_one_is_told(change: Change) -> None:
    done = await run(change({"rust-toolchain.toml": "[toolchain]\nchannel = '1.50'\n"}), "shop/src/lib.rs::adds")
    (note,) = done.notes
    assert note.startswith("`rust-toolchain.toml` names Rust 1.50; the tests ran with 1.")


async def test_a_manifest_that_cannot_be_read_is_told(change: Change) -> None:
    done = await run(change({"shop/Cargo.toml": "[package]\nname = 5\n"}))
    assert told(done) == {"Cargo.toml": ("error", "build")}
    assert "shop/Cargo.toml" in done.cases[0].message


async def test_a_whole_workspace(change: Change) -> None:
    aside = ("exit0", "exit3", "signal", "hang", "late", "lies")
    done = await run(change({f"cart/tests/{name}.rs": "" for name in aside}))
    assert done.complete, done.completeness
    own = {"cart/tests/own.rs::own": PASSED, "cart/tests/own_fails.rs::own_fails": FAILED}
    own |= {"cart/tests/own_signal.rs::own_signal": ("error", "crash"), HELPS: PASSED, f"{HELPS}#2": PASSED}
    own |= {"shop/src/lib.rs::adds": PASSED, "shop/src/lib.rs::doctest::total": PASSED}
    assert told(done) == VERDICTS | UNITS | EXAMPLES | PRINTS | own
    assert done.command == "cargo test --no-fail-fast --workspace"


async def test_what_has_not_changed_is_not_compiled_again_and_what_has_is(change: Change) -> None:
    """Cargo compares times: a tree laid out before the build holds other text with an older time."""
    opened = change({"shop/src/lib.rs": "#[test]\nfn adds() { assert_eq!(cart::add(1, 2), 4); }\n"})
    os.utime(opened[1].tree / "shop/src/lib.rs", (1_000_000_000, 1_000_000_000))
    done = await run(opened, "shop/src/lib.rs::adds")
    assert told(done) == {"shop/src/lib.rs::adds": FAILED}
    assert "Compiling shop" in done.result.output
    assert "Compiling cart" not in done.result.output


async def test_a_package_in_a_folder_of_its_own(tmp_path: Path) -> None:
    """Its manifest's folder is where its tests run, and where its examples are named from."""
    source = (
        "/// ```\n/// assert!(inner::yes());\n/// ```\npub fn yes() -> bool { true }\n"
        '#[test]\nfn finds_its_file() { assert!(std::fs::read("Cargo.toml").is_ok()); '
        'assert_eq!(std::env::var("CARGO_MANIFEST_DIR").unwrap(), env!("CARGO_MANIFEST_DIR")); }\n'
    )
    manifest = '[package]\nname = "inner"\nversion = "0.1.0"\nedition = "2021"\n'
    write(tmp_path / "zoo", {"rust/inner/Cargo.toml": manifest, "rust/inner/src/lib.rs": source, "README": "x"})
    done = await run(await open_zoo(tmp_path / "zoo", tmp_path))
    assert done.complete, done.completeness
    file = "rust/inner/src/lib.rs"
    assert told(done) == {f"{file}::finds_its_file": PASSED, f"{file}::doctest::yes": PASSED}
    assert done.command == "(cd rust/inner && cargo test --no-fail-fast --workspace)"
