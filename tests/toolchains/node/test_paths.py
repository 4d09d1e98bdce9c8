"""What is a test in JavaScript, what configures tests, what hides a module: by names alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.sandbox.process import NoSandbox
from bot.settings import Checks, Settings
from bot.toolchains.node.paths import is_test, is_test_config, new_test_path, pick_targets
from bot.toolchains.node.shadows import find_conflict
from bot.toolchains.repository import make_toolchain
from tests.toolchains.conftest import write


@pytest.mark.parametrize(
    ("path", "test", "config"),
    [
        ("src/cart.test.ts", True, False), ("src/cart.spec.jsx", True, False), ("cart_test.js", True, False),
        ("lib/cart-test.mjs", True, False), ("test.js", True, False), ("test-cart.cjs", True, False),
        ("packages/a/test/helper.js", True, False), ("src/__tests__/cart.ts", True, False),
        ("src/__mocks__/fs.js", True, False), ("test/data/a.json", True, False), ("spec/cart.js", True, False),
        ("src/__snapshots__/a.test.ts.snap", True, False),
        ("src/latest.js", False, False), ("src/contest.ts", False, False), ("src/test.json", False, False),
        ("src/spec/grammar.js", False, False), ("tests/tool.py", False, False), ("src/inspect.js", False, False),
        ("package.json", True, True), ("web/package.json", True, True), ("vitest.config.mts", True, True),
        ("vite.config.js", True, True), ("jest.config.cjs", True, True), ("jest.setup.ts", True, True),
        (".mocharc.yml", True, True), ("ava.config.mjs", True, True), ("babel.config.js", True, True),
        ("src/setupTests.js", True, True), ("vitest.workspace.ts", True, True), ("tsconfig.json", False, False),
    ],
)  # fmt: skip
def test_what_is_a_test(path: str, test: bool, config: bool) -> None:
    assert (is_test(path), is_test_config(path)) == (test, config)


def test_what_a_runner_loads_first_configures_tests(tmp_path: Path) -> None:
    script = '{"scripts": {"test": "node --import ./hooks/a.js node_modules/.bin/mocha --require lib/env"}}'
    toolchain = make_toolchain(NoSandbox(), Checks(), write(tmp_path, {"w/package.json": script}), Settings())
    found = [
        path for path in ("w/hooks/a.js", "w/lib/env.ts", "lib/env.js", "w/lib/b.js") if toolchain.is_test_config(path)
    ]
    assert found == ["w/hooks/a.js", "w/lib/env.ts"]
    policy = make_toolchain(NoSandbox(), Checks(test="node scripts/run.js {tests}"), tmp_path, Settings())
    assert policy.is_test_config("scripts/run.js")


def test_data_helpers_and_mocks_are_not_given_to_the_runner() -> None:
    files = ["test/a.test.js", "test/helper.js", "test/data.json", "test/__mocks__/b.test.js", "package.json"]
    assert pick_targets(files) == ["test/a.test.js"]
    assert pick_targets(["test/cart.ts", "test/x.json"]) == ["test/cart.ts"]


@pytest.mark.parametrize(
    ("paths", "near", "expected"),
    [
        ([], "src/cart.js", "test/cart.test.js"),
        (["test/other.spec.ts"], "src/cart.ts", "test/cart.spec.ts"),
        (["test/cart.test.js"], "src/cart.js", "test/cart-regression.test.js"),
        (["src/a.test.ts", "src/a.ts", "src/b/c.ts"], "src/b/c.ts", "src/b/c.test.ts"),
        (["a/__tests__/x.test.js", "b/__tests__/x.test.js"], "b/cart.js", "b/__tests__/cart.test.js"),
        (["test/test-a.js"], "lib/cart.js", "test/test-cart.js"),
        (["test/a_test.mjs"], "lib/index.js", "test/lib_test.mjs"),
        (["test.js"], "", "regression.test.js"),
    ],
)
def test_where_a_new_test_goes(paths: list[str], near: str, expected: str) -> None:
    found = new_test_path(paths, near, "test/*.test.js")
    assert found == expected
    assert is_test(found)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("src/cart.ts", "in place of `src/cart.js`"), ("src/cart.json", "in place of `src/cart.js`"),
        ("src/till.mjs", "in place of `src/till/index.ts`"), ("node_modules/x/index.js", "node_modules"),
        ("src/node_modules/x.js", "node_modules"), ("__mocks__/fs.js", "stand in"),
        ("src/__mocks__/cart.js", "stand in"),
        ("src/cart.js", None), ("src/cart.test.js", None), ("src/cart.d.ts", None), ("src/new.ts", None),
        ("src/till/cart.js", None), ("src/cart/index.js", None), ("src/cart.md", None),
    ],
)  # fmt: skip
def test_a_new_file_shadows_nothing(tmp_path: Path, path: str, reason: str | None) -> None:
    found = find_conflict(path, write(tmp_path, {"src/cart.js": "", "src/till/index.ts": "", "src/cart.md": "x"}))
    assert found is None if reason is None else found is not None and reason in found


def test_each_language_has_its_own_paths(tmp_path: Path) -> None:
    files = {"pyproject.toml": "", "tests/test_a.py": "", "web/package.json": '{"scripts": {"test": "vitest"}}'}
    toolchain = make_toolchain(NoSandbox(), Checks(), write(tmp_path, files), Settings())
    assert toolchain.name == "python, node"
    assert toolchain.targets(["tests/test_a.py", "web/src/a.test.ts"]) == ["tests/test_a.py", "web/src/a.test.ts"]
    assert toolchain.new_test_path(list(files), "web/src/cart.ts") == "web/test/cart.test.js"
    assert toolchain.new_test_path(list(files), "calc/add.py") == "tests/test_add.py"
    assert toolchain.shadows("json.py", tmp_path / "env")
    assert toolchain.shadows("web/node_modules/x.js", tmp_path / "env")
    tests = [
        path
        for path in ("pyproject.toml", "web/package.json", "web/a.spec.ts", "calc/add.py")
        if toolchain.is_test(path)
    ]
    assert tests == ["pyproject.toml", "web/package.json", "web/a.spec.ts"]


def test_names_alone_decide_where_there_is_no_tree(tmp_path: Path) -> None:
    """As for a pull request from a fork, of which nothing is checked out."""
    toolchain = make_toolchain(NoSandbox(), Checks(), tmp_path / "absent", Settings())
    found = [
        path for path in ("tests/test_a.py", "src/a.test.ts", "jest.config.js", "src/a.ts") if toolchain.is_test(path)
    ]
    assert found == ["tests/test_a.py", "src/a.test.ts", "jest.config.js"]
