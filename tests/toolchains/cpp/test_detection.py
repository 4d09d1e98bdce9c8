"""Which folders are projects in C and C++, what their paths are, and where a new test goes. Nothing runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.toolchains.cpp import paths
from bot.toolchains.cpp.build_files import list_meson_options, list_test_options
from bot.toolchains.cpp.language import find_units
from tests.toolchains.conftest import write

PROJECT = "cmake_minimum_required(VERSION 3.20)\nproject(a C)\n"
MESON = "project('a', 'c')\ntest('a', a)\n"
TESTED = f"{PROJECT}add_test(NAME a COMMAND a)\n"


@pytest.mark.parametrize(
    ("files", "units"),
    [
        ({"CMakeLists.txt": TESTED, "a.c": ""}, [("", "ctest")]),
        ({"CMakeLists.txt": PROJECT, "test/CMakeLists.txt": "gtest_discover_tests(a)\n", "a.cpp": ""}, [("", "ctest")]),
        ({"CMakeLists.txt": PROJECT, "cmake/t.cmake": "  add_test(a a)\n", "a.cpp": ""}, [("", "ctest")]),
        ({"native/CMakeLists.txt": TESTED, "native/a.c": "", "package.json": "{}"}, [("native", "ctest")]),
        # what tells of each test comes first
        ({"CMakeLists.txt": TESTED, "meson.build": MESON, "a.c": ""}, [("", "ctest")]),
        ({"CMakeLists.txt": PROJECT, "meson.build": MESON, "a.c": ""}, [("", "meson test")]),
        ({"meson.build": "project('a')\n", "t/meson.build": "test('a', a)\n", "a.c": ""}, [("", "meson test")]),
        ({"meson.build": "project('a')\nbenchmark('a', a)\n", "a.c": ""}, []),
        # one inside another is a part of it
        ({"CMakeLists.txt": TESTED, "a.c": "", "lib/CMakeLists.txt": TESTED, "lib/b.c": ""}, [("", "ctest")]),
        # no tests, no project, no code, a comment, those of others
        ({"CMakeLists.txt": PROJECT, "a.c": ""}, []),
        ({"CMakeLists.txt": "add_test(a a)\n", "a.c": ""}, []),
        ({"CMakeLists.txt": TESTED, "a.f90": ""}, []),
        ({"CMakeLists.txt": f"{PROJECT}# add_test(a a)\n", "a.c": ""}, []),
        ({"third_party/x/CMakeLists.txt": TESTED, "third_party/x/a.c": ""}, []),
        ({"a.c": "", "test_a.c": ""}, []),
    ],
)
def test_projects_with_tests_are_units(tmp_path: Path, files: dict[str, str], units: list[tuple[str, str]]) -> None:
    assert [(unit.root, unit.runner) for unit in find_units(write(tmp_path, files))] == units


def test_options_that_switch_tests_on(tmp_path: Path) -> None:
    names = [
        "BUILD_TESTING", "ZOO_BUILD_TESTS", "ENABLE_UNIT_TESTS", "JSON_BuildTests", "ZOO_TESTS", "FMT_TEST",
        "ENABLE_FUZZ_TESTS", "ZOO_INSTALL_TESTS", "ZOO_DISABLE_TESTS", "ZOO_TEST_PYTHON", "WITH_LATEST", "CONTEST",
    ]  # fmt: skip
    text = "\n".join(f'option({name} "x" OFF)' for name in names)
    write(tmp_path, {"CMakeLists.txt": f"{text}\n# option(OLD_TESTS x)\nset(MY_TESTS OFF CACHE BOOL x)\n"})
    assert list_test_options(tmp_path) == [
        "BUILD_TESTING", "ENABLE_UNIT_TESTS", "FMT_TEST", "JSON_BuildTests", "MY_TESTS", "ZOO_BUILD_TESTS", "ZOO_TESTS",
    ]  # fmt: skip


def test_options_of_meson(tmp_path: Path) -> None:
    text = (
        "option('tests', type: 'boolean', value: false)\noption('unit-tests',\n  type : 'feature')\n"
        "option('docs', type: 'boolean')\noption('test_kind', type: 'combo')\n# option('old_tests', type: 'boolean')\n"
    )
    assert list_meson_options(write(tmp_path, {"meson_options.txt": text})) == [
        ("tests", "true"), ("unit-tests", "enabled"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "test", "config"),
    [
        ("tests/parse.c", True, False), ("src/cart_test.cc", True, False), ("test_cart.c", True, False),
        ("CartTest.cpp", True, False), ("cart-test.cpp", True, False), ("tests/data/a.json", True, False),
        ("src/cart_unittest.cc", True, False), ("tests/common.h", True, False),
        ("CMakeLists.txt", True, True), ("cmake/a.cmake", True, True), ("meson.build", True, True),
        ("lib/Makefile.am", True, True), ("configure.ac", True, True), ("subprojects/gtest.wrap", True, True),
        ("src/cart.c", False, False), ("src/latest.c", False, False), ("src/testament.c", False, False),
        ("include/cart.h", False, False), ("contest.cpp", False, False), ("README.md", False, False),
    ],
)  # fmt: skip
def test_what_is_a_test(path: str, test: bool, config: bool) -> None:
    assert (paths.is_test(path), paths.is_test_config(path)) == (test, config)


def test_targets_are_what_is_compiled() -> None:
    assert paths.pick_targets(["tests/a.c", "tests/a.h", "tests/CMakeLists.txt", "src/a.c"]) == ["tests/a.c"]


@pytest.mark.parametrize(
    ("existing", "near", "expected"),
    [
        (["tests/cart_test.cpp"], "src/price.cpp", "tests/price_test.cpp"),
        (["tests/cart_test.cpp"], "src/cart.cpp", "tests/cart_regression_test.cpp"),
        (["test/test_cart.c"], "src/price.c", "test/test_price.c"),
        (["test/CartTest.cpp"], "src/Price.cpp", "test/PriceTest.cpp"),
        (["tests/parse.c"], "print.c", "tests/print_test.c"),
        (["src/a/cart_test.cc", "src/b/price_test.cc"], "src/b/sum.cc", "src/b/sum_test.cc"),
        ([], "src/cart.c", "m/tests/cart_test.c"),
        ([], "", "m/tests/regression_test.cpp"),
    ],
)
def test_a_new_test_is_named_as_others_are(existing: list[str], near: str, expected: str) -> None:
    assert paths.new_test_path(existing, near, "m") == expected


@pytest.mark.needs("cmake")
@pytest.mark.parametrize("path", ["src/assert.h", "src/sys/stat.h", "include/gtest/gtest.h", "tests/vector"])
def test_no_new_file_is_included_in_place_of_the_systems(tmp_path: Path, path: str) -> None:
    assert paths.find_conflict(path, tmp_path) == f"`{path}` would be included in place of a header of the system."


def test_no_new_header_is_included_in_place_of_another(tmp_path: Path) -> None:
    write(tmp_path, {"src/cart.h": ""})
    said = "`tests/cart.h` may be included in place of another `cart.h`."
    assert paths.find_conflict("tests/cart.h", tmp_path) == said
    assert paths.find_conflict("src/price.h", tmp_path) is None
    assert paths.find_conflict("src/cart.h", tmp_path) is None
    assert paths.find_conflict("src/cart.cpp", tmp_path) is None
