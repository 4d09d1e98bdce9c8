"""Run unittest tests, writing signed records.

They are given as files or ``file::Class::test`` ids; no argument runs everything.
"""

# os.path rather than pathlib: this also runs on old Pythons, and starts with every test run
# ruff: noqa: PTH100, PTH110, PTH112, PTH118, PTH119, PTH120, PTH123
from __future__ import annotations

import importlib
import importlib.util
import os
import re
import sys
import time
import traceback
import unittest
from typing import Any

from forgehand_errors import describe_errors  # type: ignore[import-not-found]
from forgehand_records import Records, number_ids  # type: ignore[import-not-found]

_PACKAGE = "__init__.py"
_ENDINGS = ("_test.py", "_tests.py")
_SKIPPED = {"node_modules", "build", "dist", "venv"}
# folders from which ``unittest discover -s`` usually starts
_START = re.compile(r"(unit)?_?tests?|testing|src|lib|.*_tests?", re.IGNORECASE)
# names of unittest for fixtures: ``setUpClass (module.Class)``
_FIXTURE = re.compile(r"(setUp|tearDown)(?:Class|Module) \((.*)\)")
_SETUP = {"setUp", "asyncSetUp"}
_TEARDOWN = {"tearDown", "asyncTearDown", "doCleanups", "doAsyncCleanups"}
# What ends a whole run of unittest's.
_ENDS = (SystemExit, KeyboardInterrupt)


class Result(unittest.TextTestResult):
    """Result that writes each verdict to the records."""

    records: Any
    planned: list[Any]
    # how many of the planned tests were begun, or passed over
    begun = 0
    _started = 0.0

    def getDescription(self, test: Any) -> str:
        # the library's own calls code of the repository, which may raise
        case = getattr(test, "test_case", test)
        return str(getattr(case, "forgehand_id", case.__class__.__name__))

    def startTest(self, test: Any) -> None:
        self._started = time.monotonic()
        # whether a verdict was written; verdicts of its subtests
        self._has_verdict = False
        self._passed_subtests = False
        self._skipped_subtests: list[str] = []
        test.forgehand_started = True
        Result.begun = test.forgehand_place + 1
        self.records.start(test.forgehand_id)
        super().startTest(test)

    def stopTest(self, test: Any) -> None:
        error = sys.exc_info()
        if error[0] is KeyboardInterrupt:
            phase = phase_of(error, test)
            self._case(test, "failed" if phase == "call" else "error", error, phase)
        # a subtest that skips itself leaves the test without a verdict of its own
        if self._skipped_subtests and not self._has_verdict and self._passed_subtests:
            self._case(test, "passed")
        elif self._skipped_subtests and not self._has_verdict:
            self._case(test, "skipped", self._skipped_subtests[0])
        super().stopTest(test)

    def _case(self, test: Any, verdict: str, error: Any = None, phase: str = "call") -> None:
        self._has_verdict = True
        is_text = isinstance(error, (str, type(None)))
        message = error or "" if is_text else describe(error)
        raised = [] if is_text else describe_errors(error[1])
        seconds = time.monotonic() - self._started
        self.records.case(test.forgehand_id, verdict, phase, message, seconds, raised=raised)

    def addSuccess(self, test: Any) -> None:
        super().addSuccess(test)
        self._case(test, "passed")

    def addFailure(self, test: Any, err: Any) -> None:
        super().addFailure(test, err)
        self._case(test, "failed", err)

    def addError(self, test: Any, err: Any) -> None:
        super().addError(test, err)
        if not isinstance(test, unittest.TestCase):
            self._fixture(str(test), "error", describe(err))
            return
        phase = "collect" if is_placeholder(test) else phase_of(err, test)
        self._case(test, "failed" if phase == "call" else "error", err, phase)

    def addSkip(self, test: Any, reason: str) -> None:
        super().addSkip(test, reason)
        if hasattr(test, "test_case"):
            self._skipped_subtests.append(reason)
        elif isinstance(test, unittest.TestCase):
            self._case(test, "skipped", reason, "collect" if is_placeholder(test) else "call")
        else:
            self._fixture(str(test), "skipped", reason)

    def addExpectedFailure(self, test: Any, err: Any) -> None:
        super().addExpectedFailure(test, err)
        self._case(test, "skipped", "expected failure")

    def addUnexpectedSuccess(self, test: Any) -> None:
        super().addUnexpectedSuccess(test)
        self._case(test, "failed", "unexpected success")

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._case(test, "failed", err)
        self._passed_subtests = self._passed_subtests or err is None

    def _fixture(self, description: str, verdict: str, message: str) -> None:
        """Record a fixture for the tests it kept from running, or by its name."""
        found = _FIXTURE.fullmatch(description)
        owned = [case for case in self.planned if found and found.group(2) in owners(case)]
        if not found or not owned:
            self.records.case(description, verdict, "setup", message)
        elif found.group(1) == "setUp":
            for case in owned:
                if not hasattr(case, "forgehand_started"):
                    self.records.case(case.forgehand_id, verdict, "setup", message)
        elif verdict == "error":
            self.records.case(fixture_id(owned[0], description), verdict, "teardown", message)


class Suite(unittest.TestSuite):
    """Suite in which a fixture that exits is an error of its tests.

    unittest lets ``sys.exit()`` in a fixture of a class or module end the whole run.
    """

    def _handleClassSetUp(self, test: Any, result: Any) -> None:
        try:
            super()._handleClassSetUp(test, result)  # type: ignore[misc]
        except _ENDS as error:
            type(test)._classSetupFailed = True
            self._report(result, error, "setUpClass", owners(test)[1])

    def _handleModuleFixture(self, test: Any, result: Any) -> None:
        try:
            super()._handleModuleFixture(test, result)  # type: ignore[misc]
        except _ENDS as error:
            result._moduleSetUpFailed = True
            self._report(result, error, "setUpModule", owners(test)[0])

    def _tearDownPreviousClass(self, test: Any, result: Any) -> None:
        kind = result._previousTestClass
        try:
            super()._tearDownPreviousClass(test, result)  # type: ignore[misc]
        except _ENDS as error:
            self._report(result, error, "tearDownClass", kind.__module__ + "." + kind.__qualname__)

    def _handleModuleTearDown(self, result: Any) -> None:
        kind = result._previousTestClass
        try:
            super()._handleModuleTearDown(result)  # type: ignore[misc]
        except _ENDS as error:
            self._report(result, error, "tearDownModule", kind.__module__)

    def _report(self, result: Any, error: Any, name: str, owner: str) -> None:
        self._createClassOrModuleLevelException(result, error, name, owner)  # type: ignore[attr-defined]


def owners(case: Any) -> tuple[str, str]:
    """Return the module and the class of a test as unittest names them."""
    kind = type(case)
    return kind.__module__, kind.__module__ + "." + kind.__qualname__


def fixture_id(case: Any, description: str) -> str:
    """Return ``file::Class::tearDownClass``, or ``file::tearDownModule``."""
    name = description.partition(" ")[0]
    path = case.forgehand_id.partition("::")[0]
    return "::".join([path, name] if name.endswith("Module") else [path, type(case).__qualname__, name])


def is_placeholder(test: Any) -> bool:
    """Return whether a test stands for what the loader could not load."""
    return type(test).__name__ in ("_FailedTest", "ModuleSkipped")


def describe(error: Any) -> str:
    """Return ``Class: message``, then the traceback."""
    try:
        message = str(error[1])
    except Exception:  # noqa: BLE001 - an exception of the repository may raise while it is printed
        message = "<no message>"
    return "{}: {}\n{}".format(error[0].__name__, message, "".join(traceback.format_exception(*error)))


def phase_of(error: Any, test: Any) -> str:
    """Return where an error came from: setUp, tearDown or the test."""
    for frame in traceback.extract_tb(error[2]):
        if frame.name in _SETUP:
            return "setup"
        if frame.name in _TEARDOWN:
            return "teardown"
        if frame.name in ("_callTestMethod", test._testMethodName):
            return "call"
    return "call"


def test_id(test: Any, path: str) -> str:
    """Return ``file::Class::test`` of a test loaded from ``path``.

    A test whose class lies outside the repository (one of doctest, made by ``load_tests``) goes by the name it gives
    itself; what could not be loaded goes by its file.
    """
    if is_placeholder(test):
        return path
    module = sys.modules.get(type(test).__module__)
    outside = os.path.relpath(getattr(module, "__file__", None) or os.pardir).startswith(os.pardir)
    return f"{path}::{test.id()}" if outside else f"{path}::{type(test).__qualname__}::{test._testMethodName}"


def list_cases(suite: Any) -> list[Any]:
    """Return the tests of a suite and of the suites in it."""
    return [case for one in suite for case in list_cases(one)] if isinstance(suite, unittest.TestSuite) else [suite]


def set_ids(suite: Any, path: str) -> Any:
    """Give every test of a suite its id, and return the suite."""
    found = list_cases(suite)
    for case, own in zip(found, number_ids([test_id(case, path) for case in found])):  # noqa: B905 - not before 3.10
        case.forgehand_id = own
    return suite


def make_importable(path: str) -> str:
    """Return the importable name of a file, its parent on ``sys.path``."""
    folder, name = os.path.split(os.path.abspath(path)[: -len(".py")])
    if name == "__init__":
        folder, name = os.path.split(folder)
    while os.path.exists(os.path.join(folder, "__init__.py")):
        folder, package = os.path.split(folder)
        name = package + "." + name
    if folder not in sys.path:
        sys.path.insert(0, folder)
    return name


def import_file(path: str) -> Any:
    """Import a file, also where another one of its name was imported before."""
    module = importlib.import_module(make_importable(path))
    if os.path.realpath(getattr(module, "__file__", None) or "") == os.path.realpath(path):
        return module
    spec: Any = importlib.util.spec_from_file_location("forgehand_" + re.sub(r"\W", "_", path), path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def find_test_files(root: str) -> list[str]:
    """Return ``test*.py``, ``*_test.py``, ``*_tests.py`` below ``root``.

    With them the package that holds some, where it defines tests too: whoever loads them imports it anyway.
    """
    found = []
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _SKIPPED)
        names = [name for name in files if name.endswith(".py")]
        own = [os.path.join(folder, name) for name in names if name.startswith("test") or name.endswith(_ENDINGS)]
        found += own + ([os.path.join(folder, _PACKAGE)] if own and _PACKAGE in names and defines_tests(folder) else [])
    return sorted(os.path.relpath(path) for path in found)


def defines_tests(folder: str) -> bool:
    """Return whether a package's own file seems to define tests."""
    with open(os.path.join(folder, _PACKAGE), "rb") as file:
        return b"TestCase" in file.read()


def load_cases(module: Any, path: str) -> Any:
    """Return the tests of a module, of a package those it defines itself.

    Its ``load_tests``, and what it imports, are tests of other files, which are loaded by themselves.
    """
    loader = unittest.defaultTestLoader
    if os.path.basename(path) != _PACKAGE:
        return loader.loadTestsFromModule(module)
    named = dict.fromkeys(one for one in vars(module).values() if isinstance(one, type))
    own = [kind for kind in named if issubclass(kind, unittest.TestCase) and kind.__module__ == module.__name__]
    return Suite(loader.loadTestsFromTestCase(kind) for kind in own)


def is_discovered(path: str) -> bool:
    """Return whether unittest would load a file: others are samples, say."""
    folder = os.path.dirname(path)
    while os.path.exists(os.path.join(folder, "__init__.py")):
        folder = os.path.dirname(folder)
    return not folder or bool(_START.fullmatch(os.path.basename(folder)))


def load(target: str, records: Any, named: bool) -> Any:
    """Load the tests of one file, class or method.

    A file that skips itself or cannot be imported is recorded. Of files that were not ``named``, one that cannot be
    imported and that no discovery would load is skipped.
    """
    path, _, rest = target.partition("::")
    if os.path.isdir(path):
        return Suite(load(file, records, named) for file in find_test_files(path))
    try:
        module = import_file(path)
        suite = set_ids(load_cases(module, path), path)
    except unittest.SkipTest as skip:
        records.case(path, "skipped", "collect", str(skip))
        return unittest.TestSuite()
    except BaseException as error:  # noqa: BLE001 - a test module may raise anything while it is imported
        if named or is_discovered(path):
            records.case(path, "error", "collect", describe((type(error), error, error.__traceback__)))
        traceback.print_exc()
        return unittest.TestSuite()
    return select(suite, module, target) if rest else suite


def select(suite: Any, module: Any, target: str) -> Any:
    """Return the class or method named, for a fixture all it belongs to."""
    path, _, rest = target.partition("::")
    wanted = re.sub(r"(^|::)tearDown(Class|Module)$", "", rest)
    start = f"{path}::{wanted}" if wanted else path
    found = [
        case for case in list_cases(suite) if case.forgehand_id == start or case.forgehand_id.startswith(start + "::")
    ]
    if found:
        return Suite(found)
    # A test that ``load_tests`` leaves out is still run where it is named.
    named = set_ids(unittest.defaultTestLoader.loadTestsFromName(wanted.replace("::", "."), module), path)
    for case in list_cases(named):
        if is_placeholder(case):
            case.forgehand_id = target
    return named


def run_to_the_end(suite: Any) -> Any:
    """Run a suite, and go on behind a test that raises KeyboardInterrupt.

    Returns the last result; unittest lets that exception end the run.
    """
    while True:
        runner: Any = unittest.TextTestRunner(resultclass=Result)  # type: ignore[arg-type]
        before = Result.begun
        try:
            return runner.run(suite)
        except KeyboardInterrupt:
            if Result.begun == before:
                raise
            suite = Suite(Result.planned[Result.begun :])


def main(targets: list[str]) -> int:
    """Run ``targets``; return 0 if everything passed, 5 for no tests."""
    records = Records(os.environ["FORGEHAND_RESULTS"])
    unittest.defaultTestLoader.suiteClass = Suite
    suite = Suite(load(target, records, bool(targets)) for target in dict.fromkeys(targets) or find_test_files("."))
    Result.records = records
    # Kept here because the runner lets go of each test once it ran.
    Result.planned = list_cases(suite)
    for place, case in enumerate(Result.planned):
        case.forgehand_place = place
    result = run_to_the_end(suite)
    failed = records.failed or not result.wasSuccessful()
    code = int(failed) if failed or Result.begun else 5
    records.end(code, bool(result.shouldStop))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
