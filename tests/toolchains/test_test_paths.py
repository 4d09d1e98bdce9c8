"""Paths of tests: which files are some, and where a new one goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.sandbox.process import NoSandbox
from bot.settings import Checks, Settings
from bot.toolchains.python.paths import is_test, is_test_config, new_test_path
from bot.toolchains.python.toolchain import make_toolchain
from tests.toolchains.conftest import write


@pytest.mark.parametrize(
    ("path", "test", "config"),
    [
        ("tests/test_a.py", True, False), ("pkg/tests/data/x.json", True, False), ("pkg/parse_test.py", True, False),
        ("app/tests.py", True, False), ("tests/conftest.py", True, True), ("pyproject.toml", True, True),
        ("sub/pytest.ini", True, True), ("sitecustomize.py", True, True), ("x.pth", True, True),
        ("django/test/client.py", False, False), ("numpy/testing/utils.py", False, False),
        ("testing/run.py", True, False),
        ("web/cart.test.js", True, False), ("pkg/calc_test.go", True, False), ("src/p/CalcTest.java", True, False),
        ("pkg/testdata/a.json", True, False), ("src/latest.js", False, False), ("src/test.json", False, False),
        ("src/attest.py", False, False), ("src/contest_rules.py", False, False), ("latest.py", False, False),
    ],
)  # fmt: skip
def test_what_is_a_test(path: str, test: bool, config: bool) -> None:
    assert (is_test(path), is_test_config(path)) == (test, config)


def test_a_repository_may_name_its_test_files(tmp_path: Path) -> None:
    tree = write(tmp_path, {"pytest.ini": "[pytest]\npython_files = check_*.py *.py\n"})
    toolchain = make_toolchain(NoSandbox(), Checks(), tree, Settings())
    assert toolchain.is_test("spec/check_calc.py")
    assert not toolchain.is_test("src/calc.py")
    assert toolchain.new_test_path(["spec/check_calc.py"], "src/calc.py") == "spec/check_calc_regression.py"


@pytest.mark.parametrize(
    ("paths", "near", "expected"),
    [
        ([], "src/a/parse.py", "tests/test_parse.py"),
        (["tests/test_other.py"], "src/a/parse.py", "tests/test_parse.py"),
        (["tests/test_parse.py"], "src/a/parse.py", "tests/test_parse_regression.py"),
        (["a/tests/test_x.py", "b/tests/test_x.py"], "b/parse.py", "b/tests/test_parse.py"),
        (["core/x_test.py", "core/y_test.py"], "core/parse.py", "core/parse_test.py"),
        (["t/test_parse.py", "t/test_parse_regression.py"], "parse.py", "t/test_parse_regression_2.py"),
        (["tests/test_x.py"], "pkg/__init__.py", "tests/test_pkg.py"),
        (["tests/test_x.py"], "", "tests/test_regression.py"),
    ],
)
def test_where_a_new_test_goes(paths: list[str], near: str, expected: str) -> None:
    found = new_test_path(paths, near)
    assert found == expected
    assert is_test(found)
