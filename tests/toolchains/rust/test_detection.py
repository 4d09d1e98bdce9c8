"""Which folders are Rust's units, what their paths are, where their modules stand, and where a new test goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.sandbox.process import NoSandbox
from bot.settings import Checks, Settings
from bot.toolchains.port import ToolchainError, Workspace
from bot.toolchains.repository import make_toolchain
from bot.toolchains.rust import paths
from bot.toolchains.rust.language import find_units
from bot.toolchains.rust.modules import Place, read_modules
from bot.toolchains.rust.targets import read_manifest
from tests.toolchains.conftest import write

PACKAGE = '[package]\nname = "a"\nversion = "0.1.0"\n'
WORKSPACE = '[workspace]\nmembers = ["m"]\nexclude = ["other", "old-*"]\n'
TEST = "#[test]\nfn t() {}\n"


@pytest.mark.parametrize(
    ("files", "roots"),
    [
        ({"Cargo.toml": PACKAGE, "src/lib.rs": TEST}, [""]),
        ({"Cargo.toml": PACKAGE, "tests/a.rs": "#[tokio::test]\nasync fn t() {}\n", "src/lib.rs": ""}, [""]),
        ({"Cargo.toml": PACKAGE, "src/lib.rs": "/// ```\n/// a();\n/// ```\n"}, [""]),
        # a virtual workspace is one unit; what it excludes is its own, and a stranger in it cannot be built
        ({"Cargo.toml": WORKSPACE, "m/Cargo.toml": PACKAGE, "m/src/lib.rs": TEST}, [""]),
        ({"Cargo.toml": WORKSPACE, "m/Cargo.toml": PACKAGE, "m/src/lib.rs": TEST,
          "other/Cargo.toml": PACKAGE, "other/src/lib.rs": TEST, "old-1/Cargo.toml": PACKAGE, "old-1/src/lib.rs": TEST,
          "stranger/Cargo.toml": PACKAGE, "stranger/src/lib.rs": TEST}, ["", "old-1", "other"]),
        ({"Cargo.toml": PACKAGE + WORKSPACE, "src/lib.rs": "", "m/Cargo.toml": PACKAGE, "m/src/lib.rs": TEST}, [""]),
        ({"Cargo.toml": WORKSPACE, "m/src/lib.rs": TEST, "tool/Cargo.toml": "[workspace]\n" + PACKAGE,
          "tool/src/lib.rs": TEST}, ["", "tool"]),
        ({"Cargo.toml": PACKAGE, "src/lib.rs": TEST, "b/Cargo.toml": PACKAGE, "b/src/lib.rs": TEST}, ["", "b"]),
        ({"native/Cargo.toml": PACKAGE, "native/src/lib.rs": TEST, "setup.py": ""}, ["native"]),
        # an extension of another language without tests of its own; samples; what no manifest names
        ({"Cargo.toml": PACKAGE, "pyproject.toml": "", "src/lib.rs": "pub fn f() {}\n"}, []),
        ({"Cargo.toml": PACKAGE, "src/lib.rs": TEST, "tests/x/Cargo.toml": PACKAGE, "tests/x/src/lib.rs": TEST}, [""]),
        ({"Cargo.toml": PACKAGE, "src/lib.rs": TEST, "fuzz/Cargo.toml": PACKAGE, "fuzz/src/a.rs": TEST}, [""]),
        ({"src/lib.rs": TEST}, []), ({"Cargo.toml": "not [ toml", "src/lib.rs": TEST}, []),
        ({"Cargo.toml": "a = 1\n", "src/lib.rs": TEST}, []),
        ({"Cargo.toml": "[workspace]\nexclude = 5\nmembers = 5\n", "m/src/lib.rs": TEST}, [""]),
        ({"vendor/a/Cargo.toml": PACKAGE, "vendor/a/src/lib.rs": TEST}, []),
    ],
)  # fmt: skip
def test_packages_and_workspaces_with_tests_are_units(tmp_path: Path, files: dict[str, str], roots: list[str]) -> None:
    assert [unit.root for unit in find_units(write(tmp_path, files))] == roots


def test_a_repository_of_two_languages_has_a_unit_of_each(tmp_path: Path) -> None:
    files = {"Cargo.toml": PACKAGE, "src/lib.rs": TEST, "web/package.json": '{"scripts": {"test": "node --test"}}'}
    toolchain = make_toolchain(NoSandbox(), Checks(), write(tmp_path, files), Settings())
    assert [(part.unit.toolchain, part.unit.root) for part in toolchain.parts] == [("node", "web"), ("rust", "")]
    assert toolchain.targets(["tests/a.rs", "web/a.test.js", "src/lib.rs"]) == ["web/a.test.js", "tests/a.rs"]


@pytest.mark.parametrize(
    ("path", "test", "config"),
    [
        ("tests/cart.rs", True, False), ("m/tests/common/mod.rs", True, False), ("tests/data/x.json", True, False),
        ("src/cart/tests.rs", True, False), ("src/cart_test.rs", True, False), ("src/tests/cart.rs", True, False),
        ("Cargo.toml", True, True), ("m/Cargo.toml", True, True), ("Cargo.lock", True, True), ("build.rs", True, True),
        ("rust-toolchain.toml", True, True), (".cargo/config.toml", True, True), ("vendor/x/src/lib.rs", True, True),
        ("src/cart.rs", False, False), ("src/contest.rs", False, False), ("src/main.rs", False, False),
        ("README.md", False, False),
    ],
)  # fmt: skip
def test_what_is_a_test(path: str, test: bool, config: bool) -> None:
    assert (paths.is_test(path), paths.is_test_config(path)) == (test, config)


@pytest.mark.parametrize(
    ("existing", "near", "root", "expected"),
    [
        ([], "src/cart.rs", "", "tests/cart.rs"),
        ([], "src/cart/mod.rs", "", "tests/cart.rs"),
        (["tests/cart.rs"], "src/cart.rs", "", "tests/cart_regression.rs"),
        (["tests/cart.rs", "tests/cart_regression.rs"], "src/cart.rs", "", "tests/cart_regression_2.rs"),
        (["tests/prices_test.rs"], "src/cart.rs", "", "tests/cart_test.rs"),
        # a file in a folder of tests is a module of a program, and one in src of nothing
        (["tests/common/mod.rs", "src/cart/tests.rs"], "src/lib.rs", "", "tests/regression.rs"),
        ([], "m/src/deep/er.rs", "", "m/tests/er.rs"),
        ([], "", "native", "native/tests/regression.rs"),
    ],
)
def test_a_new_test_is_a_program_of_its_package(existing: list[str], near: str, root: str, expected: str) -> None:
    assert paths.new_test_path(existing, near, root) == expected


def test_nothing_new_decides_how_cargo_builds(tmp_path: Path) -> None:
    vendored = paths.find_conflict("vendor/a/src/lib.rs", tmp_path)
    assert vendored == "`vendor/a/src/lib.rs` lies in vendor, where dependencies are."
    for path in ("build.rs", "m/.cargo/config.toml", "rust-toolchain"):
        assert paths.find_conflict(path, tmp_path) == f"`{path}` decides how cargo builds."
    assert paths.find_conflict("src/cart.rs", tmp_path) is None


MODULES = {
    "src/lib.rs": """
mod a;
pub(crate) mod b { mod c; #[test] fn inline() {} }
#[path = "other/name.rs"] mod renamed;
// mod commented;
/* mod commented; */
const TEXT: &str = r#"mod texts; { "#;
fn takes<'a>(x: &'a str) -> char { mod_of(x); '{' }
cfg_if! { if #[cfg(unix)] { mod unix; } }
mod r#type;
#[cfg(test)] mod gone;
""",
    "src/a.rs": 'mod d;\n#[test]\nfn of_a() {}\nmod tests { #[tokio::test(flavor = "x")] async fn t() {} }\n',
    "src/a/d.rs": "#[test] #[should_panic(expected = \"}\")] fn of_d() { let x = '\\''; }\n#[test] fn next() {}\n",
    "src/b/c/mod.rs": "#[test] fn of_c() {}\n",
    "src/other/name.rs": "mod below;\n",
    "src/other/below.rs": "#[test] fn of_below() {}\n",
    "src/unix.rs": "#[test] fn of_unix() {}\n",
    "src/type.rs": "#[test] fn of_type() {}\n",
    "src/commented.rs": TEST,
    "src/texts.rs": TEST,
}


@pytest.mark.parametrize(
    ("test", "place"),
    [
        ("a::of_a", ("src/a.rs", "of_a")), ("a::tests::t", ("src/a.rs", "tests::t")),
        ("a::d::of_d", ("src/a/d.rs", "of_d")), ("b::inline", ("src/lib.rs", "b::inline")),
        ("b::c::of_c", ("src/b/c/mod.rs", "of_c")), ("renamed::below::of_below", ("src/other/below.rs", "of_below")),
        ("unix::of_unix", ("src/unix.rs", "of_unix")), ("r#type::of_type", ("src/type.rs", "of_type")),
        # written by a macro, in a module of its own; a module whose file is not there
        ("a::made::case_1", ("src/a.rs", "made::case_1")), ("gone::x", ("src/lib.rs", "gone::x")),
    ],
)  # fmt: skip
def test_the_file_that_a_test_stands_in(tmp_path: Path, test: str, place: tuple[str, str]) -> None:
    assert read_modules(write(tmp_path, MODULES), "src/lib.rs").locate(test) == Place(*place)


def test_the_tests_that_stand_in_files(tmp_path: Path) -> None:
    modules = read_modules(write(tmp_path, MODULES), "src/lib.rs")
    assert set(modules.tests) == {
        "a::of_a", "a::tests::t", "a::d::of_d", "a::d::next", "b::inline", "b::c::of_c", "renamed::below::of_below",
        "unix::of_unix", "r#type::of_type",
    }  # fmt: skip
    assert not {"src/commented.rs", "src/texts.rs"} & set(modules.files.values())


def test_modules_do_not_lead_out_of_the_tree_or_in_circles(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    write(tmp_path, {"secret.rs": TEST})
    text = '#[path = "../../secret.rs"] mod out;\n#[path = "lib.rs"] mod again;\nmod linked;\n'
    write(tree, {"src/lib.rs": text})
    (tree / "src/linked.rs").symlink_to(tmp_path / "secret.rs")
    modules = read_modules(tree, "src/lib.rs")
    assert modules.tests == ()
    assert set(modules.files.values()) <= {"src/lib.rs", "src/linked.rs"}


def test_a_manifest_is_read_within_bounds(tmp_path: Path) -> None:
    tree = write(tmp_path, {"deep.toml": "a = " + "[" * 5000, "long.toml": "a = 1\n" + "#" * 2_000_000})
    (tree / "link.toml").symlink_to(tree / "long.toml")
    assert [read_manifest(tree / f"{name}.toml") for name in ("deep", "long", "link", "none")] == [{}] * 4


@pytest.mark.needs("cargo")
@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"rust-toolchain.toml": '[toolchain]\nchannel = "1.999"\n'}, r"needs Rust 1\.999 \(`rust-toolchain.toml`\)"),
        (
            {"rust-toolchain.toml": "[toolchain]\nchannel = 'made-up'\n"},
            r"needs Rust made-up \(`rust-toolchain.toml`\)",
        ),
        ({"rust-toolchain": "1.999.0\n"}, r"needs Rust 1\.999 \(`rust-toolchain`\)"),
        ({"Cargo.toml": f'{PACKAGE}rust-version = "1.999.1"\n'}, r"needs Rust 1\.999 \(`Cargo.toml`\)"),
    ],
)
async def test_a_repository_that_needs_another_rust_says_so(tmp_path: Path, files: dict[str, str], said: str) -> None:
    tree = write(tmp_path / "tree", {"Cargo.toml": PACKAGE, "src/lib.rs": TEST, **files})
    toolchain = make_toolchain(NoSandbox(), Checks(), tree, Settings())
    with pytest.raises(ToolchainError, match=f"{said}; this machine has 1"):
        await toolchain.install(Workspace(tree=tree, env=tmp_path / "env"))
