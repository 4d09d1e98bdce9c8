"""Runs unittest tests given as files or ``file::Class::test`` ids (everything: no argument), writing signed records."""

# os.path rather than pathlib: this also runs on old Pythons, and starts with every test run
# ruff: noqa: PTH100, PTH110, PTH112, PTH118
from __future__ import annotations

import importlib
import os
import sys
import time
import traceback
import unittest
from typing import Any

from forgehand_records import Records  # type: ignore[import-not-found]

_ENDINGS = ("_test.py", "_tests.py")
_SKIPPED = {"node_modules", "build", "dist", "venv"}


class Result(unittest.TextTestResult):
    """Tells each verdict to the records under the id it was asked for by."""

    records: Any
    _started = 0.0

    def getDescription(self, test: Any) -> str:
        # the library's own calls code of the repository, which may raise
        case = getattr(test, "test_case", test)
        return test_id(case) if isinstance(case, unittest.TestCase) else case.__class__.__name__

    def startTest(self, test: unittest.TestCase) -> None:
        self._started = time.monotonic()
        super().startTest(test)

    def _case(self, test: Any, verdict: str, error: Any = None, phase: str = "call") -> None:
        message = "" if error is None else error if isinstance(error, str) else described(error)
        self.records.case(test_id(test), verdict, phase, message, time.monotonic() - self._started)

    def addSuccess(self, test: unittest.TestCase) -> None:
        super().addSuccess(test)
        self._case(test, "passed")

    def addFailure(self, test: unittest.TestCase, err: Any) -> None:
        super().addFailure(test, err)
        self._case(test, "failed", err)

    def addError(self, test: Any, err: Any) -> None:
        super().addError(test, err)
        if not isinstance(test, unittest.TestCase):
            self.records.case(str(test), "error", "setup", described(err))
            return
        # what the loader makes of a name that is not there
        phase = "collect" if type(test).__name__ == "_FailedTest" else phase_of(err)
        self._case(test, "failed" if phase == "call" else "error", err, phase)

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        super().addSkip(test, reason)
        self._case(test, "skipped", reason)

    def addExpectedFailure(self, test: unittest.TestCase, err: Any) -> None:
        super().addExpectedFailure(test, err)
        self._case(test, "skipped", "expected failure")

    def addUnexpectedSuccess(self, test: unittest.TestCase) -> None:
        super().addUnexpectedSuccess(test)
        self._case(test, "failed", "unexpected success")

    def addSubTest(self, test: unittest.TestCase, subtest: Any, err: Any) -> None:
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._case(test, "failed", err)


def described(error: Any) -> str:
    """``Class: message`` first, then the traceback."""
    return "{}: {}\n{}".format(error[0].__name__, error[1], "".join(traceback.format_exception(*error)))


def phase_of(error: Any) -> str:
    """Where the traceback says an error came from: setUp, tearDown or the test itself."""
    names = [frame.name for frame in traceback.extract_tb(error[2])]
    own = next((name for name in names if name in ("setUp", "tearDown", "asyncSetUp", "asyncTearDown")), "")
    return "setup" if own.lower().endswith("setup") else "teardown" if own else "call"


def test_id(test: Any) -> str:
    """``file::Class::test`` below the working directory.

    A test whose class lies elsewhere (one of doctest, made by ``load_tests``) belongs to the file it was loaded from.
    """
    module = sys.modules[type(test).__module__]
    path = os.path.relpath(getattr(module, "__file__", None) or module.__name__)
    loaded_from = getattr(test, "forgehand_file", None)
    if loaded_from and path.startswith(os.pardir):
        return f"{loaded_from}::{test.id()}"
    return f"{path}::{type(test).__qualname__}::{test._testMethodName}"


def cases(suite: Any) -> list[Any]:
    """The tests of a suite and the suites in it."""
    return [case for one in suite for case in cases(one)] if isinstance(suite, unittest.TestSuite) else [suite]


def belonging(suite: Any, path: str) -> Any:
    """The same tests, told that they were loaded from ``path``."""
    for case in cases(suite):
        case.forgehand_file = path
    return suite


def module_name(path: str) -> str:
    """The importable name of a file, its package's parent put on ``sys.path``."""
    folder, name = os.path.split(os.path.abspath(path)[: -len(".py")])
    while os.path.exists(os.path.join(folder, "__init__.py")):
        folder, package = os.path.split(folder)
        name = package + "." + name
    if folder not in sys.path:
        sys.path.insert(0, folder)
    return name


def test_files(root: str) -> list[str]:
    """Every ``test*.py``, ``*_test.py`` and ``*_tests.py`` below ``root``, sorted."""
    found = []
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _SKIPPED)
        names = [name for name in files if name.endswith(".py")]
        found += [os.path.join(folder, name) for name in names if name.startswith("test") or name.endswith(_ENDINGS)]
    return sorted(os.path.relpath(path) for path in found)


def load(target: str, records: Any) -> Any:
    """The tests of one file, class or method; a file that cannot be imported is recorded as a collection error."""
    path, _, rest = target.partition("::")
    loader = unittest.defaultTestLoader
    if os.path.isdir(path):
        return unittest.TestSuite(load(file, records) for file in test_files(path))
    try:
        module = importlib.import_module(module_name(path))
        suite = belonging(loader.loadTestsFromModule(module), path)
        if not rest:
            return suite
        found = [case for case in cases(suite) if (test_id(case) + "::").startswith(target + "::")]
        # one that ``load_tests`` leaves out is still run where it is named
        return unittest.TestSuite(found or [belonging(loader.loadTestsFromName(rest.replace("::", "."), module), path)])
    except BaseException as error:  # noqa: BLE001 - a test module may raise anything while it is imported
        records.case(path, "error", "collect", described((type(error), error, error.__traceback__)))
        traceback.print_exc()
        return unittest.TestSuite()


def main(targets: list[str]) -> int:
    """Run ``targets``; the exit code is 0 only where everything passed, 5 where nothing was found."""
    records = Records(os.environ["FORGEHAND_RESULTS"])
    Result.records = records
    wanted = targets or test_files(".")
    suites = [(target, load(target, records)) for target in wanted]
    broken = [target for target, suite in suites if not suite.countTestCases() and targets]
    runner: Any = unittest.TextTestRunner(resultclass=Result)  # type: ignore[arg-type]
    result = runner.run(unittest.TestSuite(suite for _, suite in suites))
    code = 1 if broken or not result.wasSuccessful() else 0 if result.testsRun else 5
    records.end(code, bool(result.shouldStop))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
