"""The meaning of a run, whatever a repository's options and plugins do.

With real pytest, unittest and node.
"""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from bot.settings import Checks, Settings
from bot.toolchains.port import TestRun, Workspace
from bot.toolchains.python.toolchain import PythonToolchain, make_toolchain
from tests.support.notrun import need
from tests.support.sandboxes import bubblewrap
from tests.toolchains.conftest import write

# 8, since pytest-xdist's groups no longer reach the ids of 9.2
NEEDED = "pytest<9\npytest-xdist\npytest-rerunfailures\npytest-subtests\nunittest-xml-reporting\n"
NOWHERE = Settings(registries=["registry.invalid"])


def installed(folder: Path, requirements: str) -> Path:
    tree = write(folder / "tree", {"requirements-test.txt": requirements, "x.py": ""})
    workspace = Workspace(tree=tree, env=folder / "env")
    asyncio.run(make_toolchain(bubblewrap(), Checks(), workspace.tree, Settings()).install(workspace))
    return workspace.env


@pytest.fixture(scope="module")
def plugged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the plugins that change most what pytest reports."""
    return installed(tmp_path_factory.mktemp("plugged"), NEEDED)


@pytest.fixture(scope="module")
def newest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the pytest of today, which has subtests of its own."""
    return installed(tmp_path_factory.mktemp("newest"), "pytest>=9\npytest-xdist\npytest-rerunfailures\n")


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment without anything."""
    folder = tmp_path_factory.mktemp("bare")
    tree = write(folder / "tree", {"tests/test_a.py": "import unittest\n"})
    workspace = Workspace(tree=tree, env=folder / "env")
    asyncio.run(make_toolchain(bubblewrap(), Checks(), tree, NOWHERE).install(workspace))
    return workspace.env


def build(tmp_path: Path, env: Path, files: dict[str, str], checks: Checks | None = None) -> tuple[
    PythonToolchain, Workspace
]:  # fmt: skip
    shutil.rmtree(tmp_path / "tree", ignore_errors=True)
    workspace = Workspace(tree=write(tmp_path / "tree", files), env=env)
    return make_toolchain(bubblewrap(), checks or Checks(), workspace.tree, NOWHERE), workspace


def phases(run: TestRun) -> dict[str, tuple[str, str]]:
    return {case.id: (case.verdict, case.phase) for case in run.cases}


BROKEN_AND_FINE = {
    "tests/test_a.py": "def test_bad(): assert 0\ndef test_good(): pass\n",
    "tests/test_b.py": "import no_such_module\n",
    "tests/test_c.py": "def test_bad(): assert 0\ndef test_good(): pass\n",
}


@pytest.mark.parametrize(
    "options", ["-x", "--maxfail=1", "--stepwise", "-x -n 2", "-p no:cacheprovider --strict-config -x"]
)
async def test_no_option_ends_a_run_at_its_first_failure(tmp_path: Path, plugged: Path, options: str) -> None:
    files = BROKEN_AND_FINE | {"pytest.ini": f"[pytest]\naddopts = {options}\n"}
    toolchain, workspace = build(tmp_path, plugged, files)
    run = await toolchain.test(workspace)
    assert run.complete, run.result.output
    assert run.verdicts() == {
        "tests/test_a.py::test_bad": "failed",
        "tests/test_a.py::test_good": "passed",
        "tests/test_b.py": "error",
        "tests/test_c.py::test_bad": "failed",
        "tests/test_c.py::test_good": "passed",
    }


INTERRUPTED = """
import pytest
@pytest.fixture
def gone():
    pytest.exit("no server")
def test_a(): raise KeyboardInterrupt("Ctrl-C")
def test_b(gone): pass
def test_c(): pass
"""


async def test_nor_does_a_test_that_would_end_it(tmp_path: Path, plugged: Path, newest: Path) -> None:
    for env in (plugged, newest):
        script = {"tests/test_script.py": "import sys\nsys.exit(0)\n", "tests/test_z.py": "raise KeyboardInterrupt\n"}
        toolchain, workspace = build(tmp_path, env, {"tests/test_a.py": INTERRUPTED} | script)
        run = await toolchain.test(workspace)
        assert run.complete, run.result.output
        assert phases(run) == {
            "tests/test_a.py::test_a": ("failed", "call"),
            "tests/test_a.py::test_b": ("error", "setup"),
            "tests/test_a.py::test_c": ("passed", "call"),
            "tests/test_script.py": ("error", "collect"),
            "tests/test_z.py": ("error", "collect"),
        }
        (ended,) = [case for case in run.cases if case.id == "tests/test_a.py::test_a"]
        assert [error.type for error in ended.raised] == ["Ended", "KeyboardInterrupt"]


async def test_nor_does_one_of_a_command_of_the_policy(tmp_path: Path, plugged: Path) -> None:
    toolchain, workspace = build(tmp_path, plugged, BROKEN_AND_FINE, Checks(test="pytest -x {tests}"))
    run = await toolchain.test(workspace, ["tests/test_a.py", "tests/test_c.py"])
    assert (run.complete, list(run.verdicts().values())) == (True, ["failed", "passed", "failed", "passed"])


GROUPS = """
import pytest
@pytest.mark.xdist_group("slow")
@pytest.mark.parametrize("text", ["a@b", "c"])
def test_grouped(text): assert text == "c"
def test_alone(): pass
"""


async def test_groups_of_xdist_are_no_part_of_an_id(tmp_path: Path, plugged: Path) -> None:
    files = {"tests/test_a.py": GROUPS, "pytest.ini": "[pytest]\naddopts = -n 2 --dist loadgroup\n"}
    toolchain, workspace = build(tmp_path, plugged, files)
    run = await toolchain.test(workspace)
    file = "tests/test_a.py"
    expected = {
        f"{file}::test_grouped[a@b]": "failed",
        f"{file}::test_grouped[c]": "passed",
        f"{file}::test_alone": "passed",
    }
    assert (run.complete, run.verdicts()) == (True, expected)
    again = await toolchain.test(workspace, list(expected))
    assert again.verdicts() == expected


PER_FILE = """
import pytest
class Line(pytest.Item):
    def runtest(self): assert self.path.read_text().startswith('"')
class Style(pytest.File):
    def collect(self):
        yield Line.from_parent(self, name="STYLE")
        yield Line.from_parent(self, name="STYLE")
def pytest_collect_file(file_path, parent):
    if file_path.suffix == ".py" and file_path.name != "conftest.py":
        return Style.from_parent(parent, path=file_path)
"""


@pytest.mark.parametrize("options", ["--doctest-modules", "--doctest-modules -n 2"])
async def test_what_is_said_of_a_file_does_not_make_it_a_test(tmp_path: Path, plugged: Path, options: str) -> None:
    files = {
        "conftest.py": PER_FILE,
        "pytest.ini": f"[pytest]\naddopts = {options}\n",
        "src/calc.py": '"""\n>>> 1 + 1\n2\n"""\n',
        "tests/test_a.py": "def test_a(): pass\n",
    }
    toolchain, workspace = build(tmp_path, plugged, files)
    run = await toolchain.test(workspace)
    assert run.complete, run.result.output
    assert {case.id: (case.kind, case.verdict) for case in run.cases} == {
        "src/calc.py::STYLE": ("check", "passed"),
        "src/calc.py::STYLE#2": ("check", "passed"),
        "src/calc.py::calc": ("doctest", "passed"),
        "tests/test_a.py::STYLE": ("check", "failed"),
        "tests/test_a.py::STYLE#2": ("check", "failed"),
        "tests/test_a.py::test_a": ("test", "passed"),
    }
    assert not toolchain.is_test("src/calc.py")
    again = await toolchain.test(workspace, ["src/calc.py::STYLE#2"])
    assert again.verdicts() == {"src/calc.py::STYLE": "passed", "src/calc.py::STYLE#2": "passed"}


async def test_only_what_was_asked_for_is_told(tmp_path: Path, plugged: Path) -> None:
    files = BROKEN_AND_FINE | {"pytest.ini": "[pytest]\naddopts = tests/test_c.py\n"}
    toolchain, workspace = build(tmp_path, plugged, files)
    run = await toolchain.test(workspace, ["tests/test_a.py::test_good"])
    assert (run.complete, run.verdicts()) == (True, {"tests/test_a.py::test_good": "passed"})


SUBTESTS = """
import unittest
TRIED = []
def test_passes_when_run_again(subtests):
    TRIED.append(1)
    for number in range(3):
        with subtests.test(number=number):
            assert number != 1 or len(TRIED) > 1
def test_never_passes(subtests):
    with subtests.test("a"):
        assert 0
class Case(unittest.TestCase):
    def test_skips_in_part(self):
        for number in range(3):
            with self.subTest(number=number):
                if number == 1:
                    self.skipTest("not this one")
"""


@pytest.mark.parametrize(
    ("options", "again"), [("", "failed"), ("--reruns 2", "passed"), ("--reruns 2 -n 2", "passed")]
)
async def test_subtests_that_run_again_neither_break_a_run_nor_hide_in_it(
    tmp_path: Path, newest: Path, options: str, again: str
) -> None:
    files = {"tests/test_a.py": SUBTESTS, "pytest.ini": f"[pytest]\naddopts = {options}\n"}
    toolchain, workspace = build(tmp_path, newest, files)
    run = await toolchain.test(workspace)
    assert run.complete, run.result.output
    expected = {
        "tests/test_a.py::test_passes_when_run_again": again,
        "tests/test_a.py::test_never_passes": "failed",
        "tests/test_a.py::Case::test_skips_in_part": "passed",
    }
    assert run.verdicts() == expected
    # nor where that is the only thing that failed
    alone = await toolchain.test(workspace, ["tests/test_a.py::test_passes_when_run_again"])
    assert (alone.complete, list(alone.verdicts().values())) == (True, [again])


async def test_a_module_that_skips_itself_is_told(tmp_path: Path, plugged: Path) -> None:
    toolchain, workspace = build(
        tmp_path, plugged, {"tests/test_a.py": "import pytest\npytest.importorskip('nothing')\n"}
    )
    run = await toolchain.test(workspace)
    assert (run.complete, phases(run)) == (True, {"tests/test_a.py": ("skipped", "collect")})


UNITTEST = {
    "tests/__init__.py": "",
    "tests/test_classes.py": """
import unittest
class SkipsItself(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise unittest.SkipTest("no server here")
    def test_one(self): pass
    def test_two(self): pass
class Breaks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise OSError("no disk")
    def test_one(self): pass
class LeavesAMess(unittest.TestCase):
    @classmethod
    def tearDownClass(cls):
        raise OSError("cannot tidy up")
    def test_one(self): pass
class Fine(unittest.TestCase):
    def test_one(self): pass
""",
    "tests/test_module.py": """
import unittest
def setUpModule():
    raise unittest.SkipTest("not on this system")
class Case(unittest.TestCase):
    def test_one(self): pass
""",
    "tests/test_import.py": "import unittest\nraise unittest.SkipTest('needs a library')\n",
    "tests/test_exits.py": """
import sys, unittest
def setUpModule():
    sys.exit("no server here")
class Case(unittest.TestCase):
    def test_one(self): pass
""",
    "tests/test_exits_too.py": """
import sys, unittest
class Exits(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        sys.exit(0)
    def test_one(self): pass
class Fine(unittest.TestCase):
    def test_one(self): pass
""",
    "tests/test_exits_at_the_end.py": """
import sys, unittest
def tearDownModule():
    raise KeyboardInterrupt
class Exits(unittest.TestCase):
    @classmethod
    def tearDownClass(cls):
        sys.exit(0)
    def test_one(self): pass
class Interrupted(unittest.TestCase):
    def setUp(self):
        if self.id().endswith("test_b"):
            raise KeyboardInterrupt
    def test_a(self):
        raise KeyboardInterrupt("Ctrl-C")
    def test_b(self): pass
    def test_c(self): pass
class Refused(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise KeyboardInterrupt
    def test_one(self): pass
""",
    "tests/test_subtests.py": """
import unittest
class Case(unittest.TestCase):
    def test_in_part(self):
        for number in range(3):
            with self.subTest(number=number):
                if number == 1:
                    self.skipTest("not this one")
    def test_not_at_all(self):
        with self.subTest():
            self.skipTest("nothing")
    def test_bad_in_part(self):
        for number in range(3):
            with self.subTest(number=number):
                if number == 0:
                    self.skipTest("not this one")
                self.assertNotEqual(number, 1)
    def test_last(self): pass
""",
    "tests/test_setup.py": """
import unittest
class Thing:
    def setUp(self):
        raise KeyError("lost")
class Case(unittest.TestCase):
    def test_calls_a_method_of_that_name(self):
        Thing().setUp()
""",
    # samples that nobody would load
    "tests/samples/test_python2.py": "print 'no'\n",
    "examples/test_plugin.py": "import no_such_plugin\n",
}


@pytest.mark.parametrize("version", ["3.8", "3.11", "3.13"])
async def test_skips_and_broken_fixtures_do_not_end_a_unittest_run(tmp_path: Path, version: str) -> None:
    workspace = Workspace(tree=write(tmp_path / "tree", UNITTEST | {".python-version": version}), env=tmp_path / "env")
    toolchain = make_toolchain(bubblewrap(), Checks(), workspace.tree, NOWHERE)
    await toolchain.install(workspace)
    run = await toolchain.test(workspace)
    assert run.complete, run.result.output
    assert phases(run) == {
        "tests/test_classes.py::SkipsItself::test_one": ("skipped", "setup"),
        "tests/test_classes.py::SkipsItself::test_two": ("skipped", "setup"),
        "tests/test_classes.py::Breaks::test_one": ("error", "setup"),
        "tests/test_classes.py::LeavesAMess::test_one": ("passed", "call"),
        "tests/test_classes.py::LeavesAMess::tearDownClass": ("error", "teardown"),
        "tests/test_classes.py::Fine::test_one": ("passed", "call"),
        "tests/test_module.py::Case::test_one": ("skipped", "setup"),
        "tests/test_import.py": ("skipped", "collect"),
        "tests/test_exits.py::Case::test_one": ("error", "setup"),
        "tests/test_exits_too.py::Exits::test_one": ("error", "setup"),
        "tests/test_exits_too.py::Fine::test_one": ("passed", "call"),
        "tests/test_exits_at_the_end.py::Exits::test_one": ("passed", "call"),
        "tests/test_exits_at_the_end.py::Exits::tearDownClass": ("error", "teardown"),
        "tests/test_exits_at_the_end.py::Interrupted::test_a": ("failed", "call"),
        "tests/test_exits_at_the_end.py::Interrupted::test_b": ("error", "setup"),
        "tests/test_exits_at_the_end.py::Interrupted::test_c": ("passed", "call"),
        "tests/test_exits_at_the_end.py::Refused::test_one": ("error", "setup"),
        "tests/test_exits_at_the_end.py::tearDownModule": ("error", "teardown"),
        "tests/test_subtests.py::Case::test_in_part": ("passed", "call"),
        "tests/test_subtests.py::Case::test_not_at_all": ("skipped", "call"),
        "tests/test_subtests.py::Case::test_bad_in_part": ("failed", "call"),
        "tests/test_subtests.py::Case::test_last": ("passed", "call"),
        "tests/test_setup.py::Case::test_calls_a_method_of_that_name": ("failed", "call"),
    }
    one = "tests/test_classes.py::LeavesAMess::tearDownClass"
    again = await toolchain.test(workspace, [one])
    assert phases(again)[one] == ("error", "teardown")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import no_such_module\n", ("error", "collect")),
        ("def (\n", ("error", "collect")),
        ("raise SystemExit(0)\n", ("error", "collect")),
        ("def load_tests(loader, tests, pattern):\n    raise ValueError('no tests today')\n", ("error", "collect")),
    ],
)
async def test_a_module_that_cannot_be_loaded_is_one_error_in_a_complete_run(
    tmp_path: Path, bare: Path, text: str, expected: tuple[str, str]
) -> None:
    fine = "import unittest\nclass Case(unittest.TestCase):\n    def test_one(self): pass\n"
    toolchain, workspace = build(tmp_path, bare, {"tests/test_a.py": text, "tests/test_b.py": fine})
    run = await toolchain.test(workspace)
    assert run.complete, run.result.output
    assert phases(run) == {"tests/test_a.py": expected, "tests/test_b.py::Case::test_one": ("passed", "call")}


SAME = """
import unittest
class Case(unittest.TestCase):
    def __init__(self, name, number=0):
        super().__init__(name)
        self.number = number
    def test_it(self):
        self.assertNotEqual(self.number, {bad})
def load_tests(loader, tests, pattern):
    return unittest.TestSuite(Case("test_it", number) for number in (1, 2, 3))
"""


async def test_tests_of_one_name_are_told_apart(tmp_path: Path, bare: Path) -> None:
    files = {
        "tests/one/test_case.py": SAME.format(bad=1),
        "tests/two/test_case.py": SAME.format(bad=2),
        # a class that a second module imports is tested there too
        "tests/base_test.py": "import unittest\nclass Base(unittest.TestCase):\n    def test_b(self): pass\n",
        "tests/user_test.py": "from base_test import Base\n",
    }
    toolchain, workspace = build(tmp_path, bare, files)
    run = await toolchain.test(workspace)
    one, two = "tests/one/test_case.py::Case::test_it", "tests/two/test_case.py::Case::test_it"
    assert run.complete, run.result.output
    assert run.verdicts() == {
        one: "failed", f"{one}#2": "passed", f"{one}#3": "passed",
        two: "passed", f"{two}#2": "failed", f"{two}#3": "passed",
        "tests/base_test.py::Base::test_b": "passed", "tests/user_test.py::Base::test_b": "passed",
    }  # fmt: skip
    again = await toolchain.test(workspace, [f"{two}#2", f"{one}#3"])
    assert again.verdicts() == {f"{two}#2": "failed", f"{one}#3": "passed"}


async def test_reports_of_unittest_xml_reporting_name_what_can_be_run_alone(tmp_path: Path, plugged: Path) -> None:
    line = "python -m xmlrunner --output-file {results} {modules}"
    test = """
import unittest
class Case(unittest.TestCase):
    def test_parts(self):
        for number in range(3):
            with self.subTest(number=number):
                self.assertNotIn(number, BAD)
    def test_fine(self): pass
"""
    seen = []
    for bad in ("BAD = (1, 2)", "BAD = ()"):
        files = {"tests/__init__.py": "", "tests/test_a.py": bad + test}
        toolchain, workspace = build(tmp_path, plugged, files, Checks(test=line))
        run = await toolchain.test(workspace, ["tests/test_a.py"])
        assert run.complete, run.result.output
        seen.append(run.verdicts())
    parts, fine = "tests/test_a.py::Case::test_parts", "tests/test_a.py::Case::test_fine"
    assert seen == [{parts: "failed", fine: "passed"}, {parts: "passed", fine: "passed"}]
    alone = await toolchain.test(workspace, [fine])
    assert alone.verdicts() == {fine: "passed"}


NODE = """
const {test, describe, it} = require('node:test');
describe('first', () => { it('adds', () => { throw new Error('known') }); });
describe('second', () => { it('adds', () => { if (BAD) throw new Error('new') }); it('#1 < 2', () => {}) });
test('adds', () => {});
test('when {', () => {});
test('red', () => { throw new Error('\\x1b[31mred\\x1b[0m') });
test('later', {todo: true}, () => { throw new Error('announced') });
"""


@pytest.mark.parametrize("results", ["junit", "tap"])
async def test_a_regression_beside_a_known_failure_of_its_name_is_seen(
    tmp_path: Path, bare: Path, results: str
) -> None:
    need("node")
    where = "--test-reporter-destination={results}" if results == "junit" else ""
    checks = Checks(test=f"node --test --test-reporter={results} {where} test/", results=results)
    verdicts = []
    for bad in ("false", "true"):
        files = {"test/a.test.js": f"const BAD = {bad};{NODE}", "x.py": ""}
        toolchain, workspace = build(tmp_path, bare, files, checks)
        run = await toolchain.test(workspace)
        assert run.complete, run.result.output
        verdicts.append({name.rpartition("test/a.test.js::")[2]: verdict for name, verdict in run.verdicts().items()})
    before = {
        "first::adds": "failed",
        "second::adds": "passed",
        "second::#1 < 2": "passed",
        "adds": "passed",
        "when {": "passed",
        "red": "failed",
        "later": "skipped",
    }
    assert verdicts == [before, before | {"second::adds": "failed"}]
