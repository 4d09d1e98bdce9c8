"""Which folders are Go modules, what their paths are, and where a new test goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.sandbox.process import NoSandbox
from bot.settings import Checks, Settings
from bot.toolchains.go import paths
from bot.toolchains.go.language import find_units
from bot.toolchains.port import ToolchainError, Workspace
from bot.toolchains.repository import make_toolchain
from tests.toolchains.conftest import write

MODULE = "module example.com/a\n"


@pytest.mark.parametrize(
    ("files", "roots"),
    [
        ({"go.mod": MODULE, "a_test.go": ""}, [""]),
        ({"go.mod": MODULE, "inner/a_test.go": ""}, [""]),
        ({"go.mod": MODULE, "a_test.go": "", "tool/go.mod": MODULE, "tool/b_test.go": ""}, ["", "tool"]),
        ({"go.work": "use ./m\n", "m/go.mod": MODULE, "m/a_test.go": ""}, ["m"]),
        ({"go.mod": MODULE, "tool/go.mod": MODULE, "tool/b_test.go": ""}, ["tool"]),
        ({"go.mod": MODULE, "main.go": ""}, []),
        # a module of benchmarks, which needs the libraries it compares with
        (
            {
                "go.mod": MODULE,
                "a_test.go": "func TestA(t *testing.T) {}",
                "bench/go.mod": MODULE,
                "bench/b_test.go": "func BenchmarkB(b *testing.B) {}",
            },
            [""],
        ),
        ({"a_test.go": ""}, []),
        ({"a/a_test.go": "", "b/b.go": ""}, []),
        ({"a/a_test.go": "", "a/a.go": ""}, [""]),
        ({"fixtures/a/a_test.go": "", "fixtures/a/a.go": ""}, []),
        ({"testdata/m/go.mod": MODULE, "testdata/m/a_test.go": ""}, []),
        ({"_old/go.mod": MODULE, "_old/a_test.go": ""}, []),
        ({"vendor/m/go.mod": MODULE, "vendor/m/a_test.go": ""}, []),
    ],
)
def test_modules_with_tests_are_units(tmp_path: Path, files: dict[str, str], roots: list[str]) -> None:
    assert [unit.root for unit in find_units(write(tmp_path, files))] == roots


def test_a_repository_of_two_languages_has_a_unit_of_each(tmp_path: Path) -> None:
    files = {"go.mod": MODULE, "a_test.go": "", "web/package.json": '{"scripts": {"test": "node --test"}}'}
    toolchain = make_toolchain(NoSandbox(), Checks(), write(tmp_path, files), Settings())
    assert [(part.unit.toolchain, part.unit.root) for part in toolchain.parts] == [("node", "web"), ("go", "")]
    assert toolchain.targets(["a_test.go", "web/a.test.js", "a.go"]) == ["web/a.test.js", "a_test.go"]


@pytest.mark.parametrize(
    ("path", "test", "config"),
    [
        ("cart_test.go", True, False), ("a/cart_test.go", True, False), ("a/testdata/x.json", True, False),
        ("go.mod", True, True), ("m/go.sum", True, True), ("go.work", True, True), ("vendor/x/y.go", True, True),
        ("cart.go", False, False), ("test.go", False, False), ("contest.go", False, False),
    ],
)  # fmt: skip
def test_what_is_a_test(path: str, test: bool, config: bool) -> None:
    assert (paths.is_test(path), paths.is_test_config(path)) == (test, config)


@pytest.mark.parametrize(
    ("existing", "near", "expected"),
    [
        ([], "cart/cart.go", "cart/cart_test.go"),
        (["cart/cart_test.go"], "cart/cart.go", "cart/cart_regression_test.go"),
        (["cart/cart_test.go"], "", "cart/regression_test.go"),
        ([], "", "m/regression_test.go"),
        (
            ["cart/cart_test.go", "cart/cart_regression_test.go"],
            "cart/cart.go",
            "cart/cart_regression_2_test.go",
        ),
    ],
)
def test_a_new_test_stands_in_the_folder_of_its_package(existing: list[str], near: str, expected: str) -> None:
    assert paths.new_test_path(existing, near, "m") == expected


def test_nothing_new_is_made_among_vendored_packages(tmp_path: Path) -> None:
    assert paths.find_conflict("vendor/a/b.go", tmp_path) == "`vendor/a/b.go` lies in vendor, where dependencies are."
    assert paths.find_conflict("cart/b.go", tmp_path) is None


@pytest.mark.needs("go")
async def test_a_module_that_needs_a_newer_go_says_so(tmp_path: Path) -> None:
    tree = write(tmp_path / "tree", {"go.mod": f"{MODULE}\ngo 1.999\n", "a_test.go": "package a\n"})
    toolchain = make_toolchain(NoSandbox(), Checks(), tree, Settings())
    with pytest.raises(ToolchainError, match=r"needs Go 1\.999; this machine has \d"):
        await toolchain.install(Workspace(tree=tree, env=tmp_path / "env"))
    # until Go 1.21 the line was advice: 1.19 builds such a module
    write(tree, {"go.mod": f"{MODULE}\ngo 1.20\n"})
    toolchain.require()
