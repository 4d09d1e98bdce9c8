"""Reading without running anything.

A repository's own configuration, paths, JUnit, TAP, signed records, hostile trees.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from bot.sandbox.port import CommandResult
from bot.sandbox.process import NoSandbox
from bot.settings import Checks, Settings
from bot.toolchains.events import Fold, Record
from bot.toolchains.exit_code import read_exit_code
from bot.toolchains.junit import read_junit
from bot.toolchains.placeholders import fill_placeholders, is_run_by
from bot.toolchains.port import TestCase, ToolchainError
from bot.toolchains.python import commands, requirements
from bot.toolchains.python.inside.forgehand_records import Records
from bot.toolchains.python.interpreters import Interpreter, find_interpreters, pick_interpreter, satisfies
from bot.toolchains.python.paths import is_test, is_test_config, new_test_path, pick_targets
from bot.toolchains.python.project import Project, detect
from bot.toolchains.python.shadows import find_conflict
from bot.toolchains.python.toolchain import make_toolchain
from bot.toolchains.results import ResultsChannel, read_signed
from bot.toolchains.tap import read_tap
from bot.toolchains.workspace import remove_tree
from tests.toolchains.conftest import write


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, Project()),
        ({"requirements.txt": "x", "dev-requirements.txt": "y"},
         Project(requirements=("requirements.txt", "dev-requirements.txt"))),
        ({"setup.py": "setup(python_requires='>=3.7', classifiers=['Programming Language :: Python :: 3.8'])"},
         Project(installable=True, requires_python=">=3.7", pythons=("3.8",))),
        ({"setup.cfg": "[metadata]\nname=x\n[options]\npython_requires = >=3.6\n"
                       "[options.extras_require]\ntesting =\n  a\ndocs = b", "requirements.txt": "x"},
         Project(installable=True, requires_python=">=3.6", extras=("testing",))),
        ({"pyproject.toml": "[build-system]\nrequires=[]\n[dependency-groups]\ndev=['a']\ntest=['b']\n"
                            "[project.optional-dependencies]\ndev=['c']", ".python-version": "3.9.1\n"},
         Project(installable=True, pythons=("3.9",), extras=("dev",), groups=("test",))),
        ({"pyproject.toml": "[project]\nname='x'\ndependencies=['a>1', '--index-url=http://evil']\n"
                            "[project.optional-dependencies]\ntest=['b']"},
         Project(packages=("a>1", "b"), extras=("test",))),
        ({"pyproject.toml": "[build-system]\nrequires=['poetry-core']\n"
                            "[tool.poetry.group.test.dependencies]\nhttpx='^1'\n"},
         Project(installable=True, packages=("httpx",))),
        ({"tox.ini": "[testenv]\ndeps =\n    mock>=2\n    -r req.txt\n    py27: enum34\n    six # old\n"},
         Project(packages=("mock>=2", "six"))),
        ({"pyproject.toml": "not [ toml", "setup.cfg": "also not", "tox.ini": "["}, Project()),
        ({"tests/test_a.py": "import unittest"}, Project(unittest=True)),
        ({"tests/test_a.py": "import unittest", "tests/test_b.py": "import pytest"}, Project()),
        ({"tests/test_a.py": "import unittest", "pytest.ini": ""}, Project()),
        ({"tests/test_a.py": "import unittest", ".github/workflows/ci.yml": "run: python -m pytest"}, Project()),
    ],
)  # fmt: skip
def test_detection(tmp_path: Path, files: dict[str, str], expected: Project) -> None:
    assert detect(write(tmp_path, files)) == expected


@pytest.mark.parametrize("variable", ["PYENV_ROOT", "UV_PYTHON_INSTALL_DIR", "PATH"])
def test_folders_that_cannot_be_read_hold_no_interpreter(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """As with another account's ``PYENV_ROOT`` behind sudo. Root may read everything, but no name that long."""
    monkeypatch.setenv(variable, "/" + "x" * 300)
    assert find_interpreters.__wrapped__()[0].version[:2] == sys.version_info[:2]


def test_install_is_one_resolution_and_pytest_comes_with_it() -> None:
    project = Project(installable=True, extras=("test",), groups=("lint",), requirements=("requirements-test.txt",))
    (with_uv,) = commands.install(project, pip=None)
    assert with_uv[-5:] == ["--requirement=requirements-test.txt", "--group=lint", "--editable", ".[test]", "pytest"]
    assert fill_placeholders("pytest {tests}", []) == "pytest"


def test_requirement_files_are_read_once_and_only_inside_the_tree(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("token\n")
    named = f"-r ../../secret.txt\n-r {tmp_path}/secret.txt\n-r a\0b\n-r more/b.txt\n"
    files = {"dev/a.txt": f"one  # 1\n{named}", "dev/more/b.txt": "-r ../a.txt\ntwo\n" * 3, "dev/..c.txt": "three"}
    tree = write(tmp_path / "tree", files | {"all.txt": "-r dev/a.txt\n--requirement dev/..c.txt\n" * 100})
    assert sorted(requirements.read_file(tree, "all.txt")) == ["one", "three", "two", "two", "two"]


def test_groups_are_read_for_a_pip_that_knows_none() -> None:
    groups = {
        "Test_All": [{"include-group": "lint.x"}, "a>1", "-r b", "./c", 7, {"include-group": "none"}],
        "lint-x": ["ruff", {"include-group": "test-all"}],
        "odd": "text",
    }
    read = {name: requirements.read_group({"dependency-groups": groups}, name) for name in ("test-all", "odd", "none")}
    assert read == {"test-all": ["a>1", "ruff"], "odd": [], "none": []}
    assert commands.install(Project(packages=("a>1",)), ["pip"]) == [
        ["pip", "install", "--quiet", "--disable-pip-version-check", "a>1", "pytest"]
    ]


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


VERSIONS = tuple(Interpreter(Path(f"/p/{minor}"), (3, minor, 1), Path("/p")) for minor in (11, 13, 12, 9))


@pytest.mark.parametrize(
    ("requires", "named", "minor"),
    [
        (None, (), 11), (">=3.12", (), 13), (">=3.8,<3.10", (), 9), ("~=3.9", (), 11), ("==3.9.*", (), 9),
        ("!=3.11.*", (), 13), (">3.11.1", (), 13), ("<=3.9.1", (), 9), (None, ("3.8", "3.9", "3.12"), 12),
        (">=3.12", ("3.9",), 12), (None, ("3.5", "3.6"), 9), ("~=3.9.0", (), 9), ("nonsense", (), 11),
        (">=4", (), None), ("<3.9", (), None),
    ],
)  # fmt: skip
def test_the_fitting_interpreter(requires: str | None, named: tuple[str, ...], minor: int | None) -> None:
    found = pick_interpreter(requires, named, VERSIONS)
    assert (found.version[1] if found else None) == minor
    assert satisfies((3, 11, 7), ">=3.8, <4")


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


def test_a_repository_may_name_its_test_files(tmp_path: Path) -> None:
    tree = write(tmp_path, {"pytest.ini": "[pytest]\npython_files = check_*.py *.py\n"})
    toolchain = make_toolchain(NoSandbox(), Checks(), tree, Settings())
    assert toolchain.is_test("spec/check_calc.py")
    assert not toolchain.is_test("src/calc.py")
    assert toolchain.new_test_path(["spec/check_calc.py"], "src/calc.py") == "spec/check_calc_regression.py"


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


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("pytest.py", "an installed one"), ("src/pluggy/__init__.py", "an installed one"),
        ("py.cpython-311-x86_64-linux-gnu.so", "an installed one"), ("json.py", "Python's own"),
        ("lib/json/__init__.py", "Python's own"), ("src/json.pyc", "Python's own"),
        ("sitecustomize/__init__.py", "starts with"), ("forgehand_records.py", "starts with"),
        ("queue.py", None), ("src/packaging/new.py", None), ("src/packaging/json.py", None), ("pkg/json.py", None),
        ("json/data.json", None), ("docs/conf.py", None), ("*.py", None), ("", None), ("src", None),
    ],
)  # fmt: skip
def test_a_new_file_shadows_nothing(tmp_path: Path, path: str, reason: str | None) -> None:
    names = ("pytest/__init__.py", "pluggy/__init__.py", "py.py", "packaging/__init__.py")
    env = write(tmp_path / "env", {f"lib/python3.11/site-packages/{name}": "" for name in names})
    tree = write(tmp_path / "tree", {"queue.py": "", "src/packaging/__init__.py": "", "src/pkg/__init__.py": ""})
    found = find_conflict(path, tree, env)
    assert found is None if reason is None else found is not None and reason in found


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("tests/new/test_calc.py", "as `tests/old/test_calc.py` is"),
        ("tests/new/test_other.py", None),
        ("tests/old/test_calc.py", None),
        # told apart by their packages
        ("tests/pkg/test_calc.py", None),
        ("tests/pkg/test_inner.py", "as `tests/again/pkg/test_inner.py` is"),
        # a helper of the proof beside the product's module, and one named like Python's own
        ("tests/new/calc.py", "as `calc.py` is"),
        ("tests/new/json.py", "Python's own"),
        ("tests/new/conftest.py", None),
        ("tests/new/data.json", None),
        ("src/calc.py", None),
    ],
)
def test_a_new_test_has_a_name_of_its_own(tmp_path: Path, path: str, reason: str | None) -> None:
    files = ("calc.py", "tests/old/test_calc.py", "tests/pkg/__init__.py", "tests/again/pkg/__init__.py")
    more = ("tests/again/pkg/test_inner.py", "tests/old/conftest.py", "tests/old/data.json", ".venv/test_other.py")
    tree = write(tmp_path / "tree", dict.fromkeys((*files, *more), ""))
    toolchain = make_toolchain(NoSandbox(), Checks(), tree, Settings())
    found = toolchain.shadows(path, tmp_path / "env")
    assert found is None if reason is None else found is not None and reason in found
    write(tree, {"pytest.ini": "[pytest]\naddopts = -q --import-mode importlib\n"})
    if reason != "Python's own":
        assert make_toolchain(NoSandbox(), Checks(), tree, Settings()).shadows(path, tmp_path / "env") is None


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


def ended(code: int | None, output: str = "") -> CommandResult:
    return CommandResult(
        argv=("x",), exit_code=code, output=output, truncated=False, seconds=1, peak_mb=None, ended="exit"
    )


def parse_junit(text: bytes, roots: tuple[str, ...] = (), *, succeeded: bool = False) -> tuple[TestCase, ...]:
    return Fold().add(read_junit(text, roots, succeeded=succeeded)).close(ended(0)).cases


def parse_tap(text: str) -> tuple[tuple[TestCase, ...], bool]:
    """The cases, and whether the plan was met: believed by neither a good nor a bad exit code."""
    cases = Fold().add(read_tap(text)).close(ended(0)).cases
    return cases, any(Fold().add(read_tap(text)).close(ended(code)).completeness.ok for code in (0, 1))


def told(text: str) -> dict[str, str]:
    return {case.id: case.verdict for case in parse_junit(text.encode(), ("/work",))}


def test_junit_verdicts() -> None:
    text = b"""<?xml version="1.0"?><testsuites><testsuite>
    <testcase classname="k" name="ok" time="0.5"/>
    <testcase classname="k" name="bad"><failure message="m">t</failure></testcase>
    <testcase name="err" time="1,200.5"><error/></testcase><testcase file="f.js" name="skip"><skipped/></testcase>
    <testcase classname="k" name="ok"><failure/></testcase><testcase name="off" status="notrun"/>
    <testcase name="todo"><skipped type="todo"/><failure message="later"/></testcase></testsuite></testsuites>"""
    cases = {case.id: (case.verdict, case.message, case.seconds) for case in parse_junit(text)}
    assert cases == {
        "k::ok": ("passed", "", 0.5),
        "k::bad": ("failed", "m\nt", 0.0),
        "err": ("error", "", 1200.5),
        "f.js::skip": ("skipped", "", 0.0),
        "k::ok#2": ("failed", "", 0.0),
        "off": ("skipped", "", 0.0),
        "todo": ("skipped", "later", 0.0),
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # node: one class for all, suites within suites, a file without tests as a test of its own
        ("""<testsuites><testsuite name="g"><testcase name="adds" classname="test"/><testsuite name="h">
            <testcase name="adds" classname="test"><failure/></testcase></testsuite></testsuite>
            <testsuite name="i"><testcase name="adds" classname="test"/></testsuite>
            <testcase name="adds" classname="test"/><testcase name="adds" classname="test"><failure/></testcase>
            <testcase name="/work/test/empty.js" classname="test"/>
            <testcase name="x" classname="test" file="/work/test/a.js"/>
            <testcase name="/work/test/b.js" classname="test" file="/work/test/b.js"><failure/></testcase>
            </testsuites>""",
         {"g::adds": "passed", "g::h::adds": "failed", "i::adds": "passed", "adds": "passed", "adds#2": "failed",
          "test/a.js::x": "passed", "test/b.js::/work/test/b.js": "failed"}),
        # pytest: both families; two classes of one file; what fails and then also errs
        ("""<testsuites><testsuite name="pytest"><testcase classname="tests.test_a.TestX" name="test_m"/>
            <testcase classname="tests.test_a.TestY" name="test_m"><failure/></testcase>
            <testcase classname="tests.test_a" name="test_m"><failure/></testcase>
            <testcase classname="tests.test_a" name="test_m"><error/></testcase>
            <testcase classname="tests.test_b.TestX" file="tests/test_b.py" name="test_m"/></testsuite></testsuites>""",
         {"tests.test_a.TestX::test_m": "passed", "tests.test_a.TestY::test_m": "failed",
          "tests.test_a::test_m": "failed", "tests.test_a::test_m#2": "error",
          "tests/test_b.py::TestX::test_m": "passed"}),
        # unittest-xml-reporting: the time in the suite's name; subtests that are named only while they fail or skip
        ("""<testsuites><testsuite name="t.test_x.A-20261129152159" file="t/test_x.py">
            <testcase classname="t.test_x.A" name="test_ok" file="t/test_x.py"/>
            <testcase classname="t.test_x.A" name="test_sub (i=1)" file="t/test_x.py"><failure/></testcase>
            <testcase classname="t.test_x.A" name="test_sub (i=2)" file="t/test_x.py"><failure/></testcase>
            <testcase classname="t.test_x.A" name="test_b [why]" file="t/test_x.py"><failure/></testcase></testsuite>
            <testsuite name="unittest.case._SubTest-20261129152159" file="unittest/case.py">
            <testcase classname="t.test_x.A" name="test_c (&lt;subtest&gt;)" file="t/test_x.py"><skipped/></testcase>
            </testsuite></testsuites>""",
         {"t/test_x.py::A::test_ok": "passed", "t/test_x.py::A::test_sub": "failed", "t/test_x.py::A::test_b": "failed",
          "t/test_x.py::A::test_c": "skipped"}),
        # surefire, gradle: the suite is the class
        ("""<testsuite name="p.CalcTest"><testcase classname="p.CalcTest" name="adds"/>
            <testcase classname="p.CalcTest$Nested" name="adds"><error/></testcase></testsuite>""",
         {"p.CalcTest::adds": "passed", "p.CalcTest$Nested::adds": "error"}),
        # the files of two folders, named alike
        ("""<testsuites><testsuite name="a" file="a/x.php"><testcase classname="X" name="t"/></testsuite>
            <testsuite name="a" file="b/x.php"><testcase classname="X" name="t"><failure/></testcase></testsuite>
            </testsuites>""",
         {"a/x.php::a::X::t": "passed", "b/x.php::a::X::t": "failed"}),
        # a namespace, as some writers have it; PHPUnit's suite of the whole run, which is named by its file
        ("""<testsuite xmlns="urn:junit" name="/work/phpunit.xml"><testsuite name="Unit"><testcase name="t">
            <failure/></testcase></testsuite></testsuite>""", {"phpunit.xml::Unit::t": "failed"}),
        # a name that looks like a number of equal names
        ("""<testsuite><testcase name="a"/><testcase name="a#2"><failure/></testcase>
            <testcase name="a"/></testsuite>""",
         {"a": "passed", "a#2": "failed", "a#3": "passed"}),
        # what a test printed: colours, as themselves and by number, and bytes
        ("""<testsuite><testcase name="a"><failure>\x1b[31mred&#27;[0m</failure></testcase>
            <testcase name="b"/></testsuite>""", {"a": "failed", "b": "passed"}),
        # surefire and nextest: a case says itself that it ran again
        ("""<testsuite name="C"><testcase classname="C" name="t"><flakyFailure/></testcase>
            <testcase classname="C" name="u"><failure/><rerunFailure/></testcase></testsuite>""",
         {"C::t": "passed", "C::u": "failed"}),
    ],
)  # fmt: skip
def test_tests_of_foreign_runners_keep_their_identity(text: str, expected: dict[str, str]) -> None:
    assert told(text) == expected


def test_files_that_could_not_be_loaded_are_no_tests() -> None:
    text = (
        b'<testsuites><testsuite name="unittest.loader._FailedTest.tests-20261129152159"><testcase name="test_b" '
        b'classname="unittest.loader._FailedTest.tests" file="/usr/lib/python3/unittest/loader.py"><error/></testcase>'
        b'<testcase classname="unittest.loader.ModuleSkipped.tests" name="test_c"><skipped/></testcase></testsuite>'
        b'<testsuite name="pytest"><testcase classname="" name="tests.test_d"><error message="collection failure"/>'
        b'</testcase><testcase classname="tests.test_e" name="test_e"><error message="failed on setup with x"/>'
        b"</testcase></testsuite></testsuites>"
    )
    assert [(case.id, case.verdict, case.phase) for case in parse_junit(text)] == [
        ("tests/test_b.py", "error", "collect"),
        ("tests/test_c.py", "skipped", "collect"),
        ("tests/test_d.py", "error", "collect"),
        ("tests.test_e::test_e", "error", "setup"),
    ]


@pytest.mark.parametrize(
    ("case", "phase"),
    [
        # what a test raises is an error to unittest, surefire and PHPUnit
        ("<testcase name='test_a'><error type='KeyError' message='1'>File 'a.py', line 3, in test_a\n"
         "  File 'b.py', line 1, in setUp\nKeyError: 1</error></testcase>", "call"),
        ("<testcase name='adds'><error type='NullPointer'>at p.Calc.add(Calc.java:3)</error></testcase>", "call"),
        ("<testcase name='test_a'><error type='KeyError'>File 'a.py', line 3, in setUp\nKeyError: 1</error></testcase>",
         "setup"),
        ("<testcase name='test_a'><error message='failed on setup with \"KeyError: 1\"'>x</error></testcase>", "setup"),
        ("<testcase name='test_a'><error message='failed on teardown with \"x\"'>x</error></testcase>", "teardown"),
        ("<testcase name='setUpClass (tests.test_a.Case)'><error>KeyError: 1</error></testcase>", "setup"),
        ("<testcase name='tearDownModule (tests.test_a)'><error>KeyError: 1</error></testcase>", "teardown"),
    ],
)  # fmt: skip
def test_an_error_is_where_it_was_raised(case: str, phase: str) -> None:
    (found,) = parse_junit(f"<testsuite>{case}</testsuite>".encode())
    assert (found.verdict, found.phase) == ("error", phase)


def test_what_only_an_attribute_tells_counts() -> None:
    cases = "".join(
        f'<testcase name="{number}" {attribute}/>'
        for number, attribute in enumerate(
            (
                'status="fail"',
                'result="FAILED"',
                'status="run" result="completed"',
                'status="notrun" result="suppressed"',
            )
        )
    )
    found = parse_junit(f'<testsuite name="s">{cases}</testsuite>'.encode())
    assert [case.verdict for case in found] == ["failed", "failed", "passed", "skipped"]


def test_attempts_of_one_test_are_one_where_the_run_is_well() -> None:
    """gotestsum and Gradle report each attempt as a case."""
    text = (
        b'<testsuite name="p"><testcase classname="p" name="T"><failure/></testcase><testcase name="U" time="nan"/>'
        b'<testcase classname="p" name="T"/><testcase name="V"><error/></testcase></testsuite>'
    )
    assert [(case.id, case.verdict) for case in parse_junit(text, succeeded=True)] == [
        ("p::U", "passed"),
        ("p::T", "passed"),
        ("p::V", "error"),
    ]
    assert [case.verdict for case in parse_junit(text)] == ["failed", "passed", "passed", "error"]
    assert {case.seconds for case in parse_junit(text)} == {0.0}


def test_bytes_that_are_no_text_do_not_cost_the_report() -> None:
    text = b'<testsuite><testcase name="a"/><system-out>\xff\x00</system-out></testsuite>'
    assert [case.id for case in parse_junit(text)] == ["a"]
    latin = '<?xml version="1.0" encoding="ISO-8859-1"?><testsuite><testcase name="é"/></testsuite>'
    assert [case.id for case in parse_junit(latin.encode("latin-1"))] == ["é"]


LAUGHS = (
    b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><testsuite><testcase name="&b;"/></testsuite>'
)


@pytest.mark.parametrize(
    "text",
    [
        LAUGHS,
        LAUGHS.decode().encode("utf-16"),
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><testsuite/>',
        b"<testsuite>",
        b"",
        b"\xff\xfe\x00",
        b'<testsuite><testcase a:name="x"/></testsuite>',
    ],
)
def test_hostile_junit_is_refused(text: bytes) -> None:
    with pytest.raises(ToolchainError, match="JUnit file"):
        parse_junit(text)


def tap(text: str) -> tuple[dict[str, str], bool]:
    cases, met = parse_tap(text)
    return {case.id: case.verdict for case in cases}, met


def test_tap() -> None:
    text = (
        "TAP version 13\n1..4\nok 1 - a\nnot ok 2 - b\n  ---\n  message: no\n  ok 9 - fake\n  ...\n"
        "ok 3 - c # SKIP later\nnot ok 4 # TODO d\n"
    )
    assert tap(text) == ({"a": "passed", "b": "failed", "c": "skipped", "test 4": "skipped"}, True)
    assert "message: no" in parse_tap(text)[0][1].message
    assert tap("1..3\nok 1\nok 2\n")[1] is False
    assert tap("1..1\nok 1\nBail out! disk\n")[1] is False
    assert tap("1..0 # SKIP nothing here\n") == ({}, True)


@pytest.mark.parametrize(
    ("text", "expected", "met"),
    [
        # names with a number sign, as they are escaped and as they are not; times that runners add
        ("1..5\nok 1 - issue #12 is closed\nnot ok 2 - issue #13 is closed\nok 3 - a \\# b # skip no\nok 4 - a \\\\ c"
         "\nok 5 - fast # time=12.3ms\n",
         {"issue #12 is closed": "passed", "issue #13 is closed": "failed", "a # b": "skipped", "a \\ c": "passed",
          "fast": "passed"}, True),
        # equal names
        ("1..3\nok 1 - adds\nnot ok 2 - adds\nok 3 - adds\n",
         {"adds": "passed", "adds#2": "failed", "adds#3": "passed"}, True),
        # subtests: each counts, and a group only where it fails by itself
        ("# Subtest: g\n    # Subtest: adds\n    not ok 1 - adds\n      ---\n      at: x\n      ...\n    ok 2 - subs\n"
         "    1..2\nnot ok 1 - g\n# Subtest: h\n    ok 1 - adds\n    1..1\nnot ok 2 - h\n# Subtest: i\n"
         "        ok 1 - deep\n        1..1\n    ok 1 - in\n    1..1\nok 3 - i\n1..3\n",
         {"g::adds": "failed", "g::subs": "passed", "h::adds": "passed", "h": "failed", "i::in::deep": "passed"}, True),
        # node-tap and vitest: the group first, its tests in braces
        ("1..1\nnot ok 1 - a.test.js # time=3ms {\n    1..2\n    ok 1 - x # time=1ms\n    not ok 2 - y\n}\n",
         {"a.test.js::x": "passed", "a.test.js::y": "failed"}, True),
        # subtests that were lost; output that looks like a subtest; a stream that ends in a group
        ("    ok 1 - x\n    1..3\nok 1 - g\n1..1\n", {"g::x": "passed"}, False),
        ("ok 1 - real\n    ok 7 - printed\nok 2 - other\n1..2\n", {"real": "passed", "other": "passed"}, True),
        ("ok 1 - a\n    ok 1 - x\n    1..2\n1..1\n", {"a": "passed"}, False),
        # names that end in a brace, of tests and of node's groups
        ("not ok 1 - rejects {\n  ---\n  at: x\n  ...\nok 2 - b\n    ok 1 - in {\n    ok 2 - on\n    1..2\nok 3 - g {\n"
         "ok 4 - last {\n1..4\n",
         {"rejects {": "failed", "b": "passed", "g {::in {": "passed", "g {::on": "passed", "last {": "passed"}, True),
        # bats, with the times of its tests; a time before a directive
        ("1..3\nok 1 adds in 16ms\nnot ok 2 subs # in 2 sec\nnot ok 3 muls # time=3ms # TODO\n",
         {"adds": "passed", "subs": "failed", "muls": "skipped"}, True),
        # a group of Perl's that may fail
        ("# Subtest: g\n    ok 1 - a\n    not ok 2 - b\n    1..2\nnot ok 1 - g # TODO later\nok 2 - c\n1..2\n",
         {"g::a": "passed", "g::b": "skipped", "c": "passed"}, True),
        ("# Subtest: g\n    not ok 1 - a\n    1..2\nnot ok 1 - g # TODO later\n1..1\n", {"g::a": "skipped"}, True),
        # tape, whose tests are headings
        ("TAP version 13\n# adds\nok 1 should be equal\n# subs #2 # TODO\nnot ok 2 should be equal\n  ---\n"
         "    operator: equal\n  ...\nok 3 # SKIP\n# muls\nnot ok 4 should be equal # TODO\n\n1..4\n# tests 4\n"
         "# pass  2\n# fail  1\n",
         {"adds::should be equal": "passed", "subs #2::should be equal": "failed", "subs #2": "skipped",
          "muls::should be equal": "skipped"}, True),
        # two commands
        ("TAP version 13\n1..1\nok 1 - a\nTAP version 13\nnot ok 1 - a\n1..1\n",
         {"a": "passed", "a#2": "failed"}, True),
        ("TAP version 13\n1..2\nok 1 - a\nTAP version 13\nok 1 - b\n1..1\n", {"a": "passed", "b": "passed"}, False),
        # prove: files with equal names, one that ended early, one that ended badly, one that was skipped
        ("t/a.t .. \nok 1 - adds\nnot ok 2 - subs \\# x\n1..2\nDubious, test returned 1 (wstat 256, 0x100)\n"
         "Failed 1/2 subtests \nt/b.t ... \n# Subtest: g\n    ok 1 - adds\n    1..1\nok 1 - g\nok 2 - adds\n1..2\nok\n"
         "t/c.t .. skipped: no database\nt/d.t .. \n1..3\nok 1 - adds\nDubious, test returned 2 (wstat 512, 0x200)\n"
         "Failed 2/3 subtests \nt/e.t .. \n1..1\nok 1 - adds\nDubious, test returned 3 (wstat 768, 0x300)\n"
         "All 1 subtests passed \n\nTest Summary Report\n-------------------\nt/a.t (Wstat: 256)\n  Failed test:  2\n"
         "Files=5, Tests=6,  1 wallclock secs\nResult: FAIL\n",
         {"t/a.t::adds": "passed", "t/a.t::subs # x": "failed", "t/b.t::g::adds": "passed", "t/b.t::adds": "passed",
          "t/d.t::adds": "passed", "t/d.t": "failed", "t/e.t::adds": "passed", "t/e.t": "failed"}, True),
        ("t/a.t .. \nok 1 - adds\n1..1\nok\nt/b.t .. \n", {"t/a.t::adds": "passed", "t/b.t": "failed"}, False),
    ],
)  # fmt: skip
def test_tap_keeps_names_and_groups(text: str, expected: dict[str, str], met: bool) -> None:
    assert tap(text) == (expected, met)


@pytest.mark.parametrize(
    ("output", "code", "expected"),
    [
        ("Ran 3 tests in 0.1s\n\nOK\n", 0, ("passed", "call")),
        ("Ran 3 tests in 0.1s\n\nFAILED (failures=1)\n", 1, ("failed", "call")),
        ("1 failed, 2 passed in 0.1s\n", 1, ("failed", "call")),
        ("anything\n", 0, ("passed", "call")),
        ("make: *** [test] Error 1\n", 2, ("failed", "call")),
        ("Traceback (most recent call last):\nAssertionError: 1 != 2\n", 1, ("failed", "call")),
        # no test was reached
        ("ERROR: test_a (unittest.loader._FailedTest.test_a)\nRan 1 test in 0.0s\n\nFAILED (errors=1)\n", 1,
         ("error", "collect")),
        ("Traceback (most recent call last):\n  File ...\nModuleNotFoundError: No module named 'x'\n", 1,
         ("error", "collect")),
        ("django.core.exceptions.ImproperlyConfigured: settings are not configured.\n", 1, ("error", "collect")),
        ("Ran 0 tests in 0.0s\n\nFAILED (errors=1)\n", 1, ("error", "collect")),
        # one module of several cannot be loaded: the others ran
        ("ERROR: test_a (unittest.loader._FailedTest.test_a)\nRan 4 tests in 0.0s\n\nFAILED (errors=1)\n", 1,
         ("failed", "call")),
        ("Ran 0 tests in 0.0s\n\nOK\n", 0, None),
        ("no tests ran in 0.01s\n", 5, None),
        # the same of other runners: cargo, RSpec, mocha, node, PHPUnit, Maven, Jest
        ("running 0 tests\n\ntest result: ok. 0 passed; 0 failed; 0 ignored\n", 0, None),
        ("running 0 tests\ntest result: ok. 0 passed\nrunning 2 tests\ntest result: ok. 2 passed\n", 0,
         ("passed", "call")),
        ("No examples found.\n\n0 examples, 0 failures\n", 0, None),
        ("3 examples, 1 failure\n", 1, ("failed", "call")),
        ("\n  0 passing (1ms)\n", 0, None),
        ("\n  10 passing (1ms)\n", 0, ("passed", "call")),
        ("# tests 0\n# pass 0\n", 0, None),
        ("ℹ tests 2\nℹ pass 2\n", 0, ("passed", "call")),
        ("No tests executed!\n", 0, None),
        ("[INFO] Tests run: 0, Failures: 0\n", 0, None),
        ("[INFO] Tests run: 4, Failures: 0\n[INFO] Tests run: 0, Failures: 0\n", 0, ("passed", "call")),
        ("No tests found, exiting with code 1\n", 1, ("error", "collect")),
        # one of two runners had nothing to do
        ("Ran 0 tests in 0.0s\n\nOK\n12 passed in 0.1s\n", 0, ("passed", "call")),
    ],
)  # fmt: skip
def test_what_an_exit_code_says(output: str, code: int, expected: tuple[str, str] | None) -> None:
    result = ended(code, output)
    cases, completeness = Fold().add(read_exit_code(result, "make test")).close(result)
    assert completeness.ok
    assert [(case.verdict, case.phase) for case in cases] == ([expected] if expected else [])


def test_records_are_believed_only_as_far_as_they_are_signed(tmp_path: Path) -> None:
    channel = ResultsChannel(tmp_path / "results")
    records = Records(str(channel.directory))
    records.case("a", "passed", "call")
    records.case("b", "failed", "call")
    records.again("b")
    records.case("a", "error", "teardown", "x" * 9000)
    records.end(1, False)
    assert [path.name for path in channel.directory.iterdir()] == ["results.jsonl"]
    recorded = channel.read()
    assert recorded is not None
    found = list(recorded)

    def agrees(records: list[Record], code: int | None) -> bool:
        return Fold().add(records).close(ended(code)).completeness.ok

    cases = Fold().add(found).close(ended(1)).cases
    assert [(case.id, case.verdict, len(case.message)) for case in cases] == [("a", "error", 4000)]
    assert (agrees(found, 1), agrees(found, 2), agrees(found, 0), agrees(found, None)) == (True, True, False, False)
    lines = (channel.directory / "results.jsonl").read_bytes().splitlines()
    for forged in (lines[1:], [lines[0], *lines[2:]], [*lines[:4], lines[4].replace(b": 1", b": 0")], lines[:2]):
        again = list(read_signed(forged, channel._key))
        assert not agrees(again, 0)
        assert not agrees(again, 1)


def test_a_results_file_that_is_a_link_is_not_read(tmp_path: Path) -> None:
    channel = ResultsChannel(tmp_path / "results")
    (channel.directory / "results.jsonl").symlink_to("/etc/passwd")
    assert channel.read() is None


def test_hostile_trees_are_removed_and_links_are_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "task-1"
    folder.mkdir()
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o750)
    (outside / "kept").write_text("kept")
    (folder / "tree").mkdir()
    (folder / "tree" / "out").symlink_to(outside)
    (folder / "tree" / "loop").symlink_to(".")
    (folder / "tree" / "-rf").mkdir()
    (folder / "tree" / "new\nline").write_text("")
    os.mkfifo(folder / "tree" / "pipe")
    descriptor = os.open(folder / "tree", os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("deep", dir_fd=descriptor)
        below = os.open("deep", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = below
    os.close(descriptor)
    (folder / "tree").chmod(0o500)
    remove_tree(folder)
    remove_tree(folder)
    assert not folder.exists()
    assert (outside / "kept").read_text() == "kept"
    assert outside.stat().st_mode & 0o777 == 0o750


def test_of_a_folder_of_files_and_of_a_link_nothing_stays_but_what_the_link_leads_to(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    flat = tmp_path / "__pycache__"
    flat.mkdir()
    (flat / "made.pyc").write_text("")
    (flat / "out").symlink_to(outside)
    link = tmp_path / "link"
    link.symlink_to(outside)
    for path in (flat, link, tmp_path / "nothing"):
        remove_tree(path)
    assert [path.name for path in tmp_path.iterdir()] == ["outside"]
    assert (outside / "kept").read_text() == "kept"
