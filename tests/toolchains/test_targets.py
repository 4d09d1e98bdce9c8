"""Commands of runners: which files and tests they are given, as each takes them."""

from __future__ import annotations

import pytest

from bot.toolchains.placeholders import fill_placeholders, is_run_by
from bot.toolchains.python.paths import pick_targets


@pytest.mark.parametrize(
    ("line", "target", "filled"),
    [
        ("run {tests}", "t/test_a.py::C::test_x#2", "run t/test_a.py::C::test_x"),
        # numbers that are part of a name: of an issue, of Go's subtests
        ("run {tests}", "a.test.js::closes #12", "run 'a.test.js::closes #12'"),
        ("run {tests}", "p::TestA/sub#01", "run 'p::TestA/sub#01'"),
        ("run {modules}", "t/sub/__init__.py::C", "run t.sub.C"),
        ("run {modules:t}", "t/sub/test_a.py", "run sub.test_a"),
        # the folder itself is everything in it
        ("run {modules:t}", "t", "run"),
    ],
)
def test_targets_are_written_as_the_runner_takes_them(line: str, target: str, filled: str) -> None:
    assert fill_placeholders(line, [target]) == filled


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["tests/test_a.py", "tests/data/a.json", "tests/helper.py", "tests/__init__.py"], ["tests/test_a.py"]),
        (["spec/check_a.py", "spec/a.txt"], ["spec/check_a.py"]),
        (["tests/unusual.py", "tests/data.csv", "tests/conftest.py"], ["tests/unusual.py"]),
        (["tests/run.rb", "tests/input.json"], ["tests/run.rb"]),
        (["web/__tests__/cart.test.ts", "web/__tests__/cart.html"], ["web/__tests__/cart.test.ts"]),
    ],
)
def test_data_files_are_not_given_to_the_runner(files: list[str], expected: list[str]) -> None:
    assert pick_targets(files, ["check_*.py"]) == expected


@pytest.mark.parametrize(
    ("line", "path", "run"),
    [
        ("make test", "Makefile", True), ("make -C sub check", "sub/Makefile", True), ("pytest", "Makefile", False),
        ("cd tests && ./runtests.py {modules}", "tests/runtests.py", True),
        ("A=1; python3.11 -u bin/run.py {tests}", "bin/run.py", True), ("bash ../ci/test.sh", "ci/test.sh", True),
        ("scripts/test", "scripts/test", True), ("sh -c 'x'", "src/x.py", False),
        ("pytest --doctest-modules src/a.py && mypy src/a.py", "src/a.py", False),
        ("python -m pytest {tests}", "src/pytest.py", False), ("", "src/a.py", False),
        ("python run.py", "src/rerun.py", False),
    ],
)  # fmt: skip
def test_what_a_custom_command_runs(line: str, path: str, run: bool) -> None:
    assert is_run_by(line, path) is run
