"""Report every verdict of a pytest run (``-p forgehand_pytest``).

Only the controlling process reports. PYTEST_DONT_REWRITE: it is imported before pytest could.
"""

# os.path rather than pathlib: this also runs on old Pythons, and starts with every test run
from __future__ import annotations

import importlib
import os
from typing import Any

from forgehand_errors import describe_errors  # type: ignore[import-not-found]
from forgehand_records import Records, directory_with_key, number_ids  # type: ignore[import-not-found]

_DIRECTORY = directory_with_key()
# Read now, before anything else is imported: a worker of pytest-xdist finds no key and reports nothing.
_RECORDS = Records(_DIRECTORY) if _DIRECTORY else None
if _RECORDS:
    # Import pytest and its own plugins now, while no file of the repository can pose as one of them or their imports.
    for _name in ("pytest", *(f"_pytest.{name}" for name in importlib.import_module("_pytest.config").default_plugins)):
        importlib.import_module(_name)
import pytest  # noqa: E402 - only now, see above

_REPORTS: Any = importlib.import_module("_pytest.reports")
_VERDICTS = {"passed": "passed", "skipped": "skipped", "failed": "error"}
# Options of a repository that end a run at its first failure, and the values that switch them off.
_STOPPING = {"maxfail": 0, "stepwise": False, "stepwise_skip": False}


def kind_of(node: Any) -> str:
    """Return whether a node is a ``test``, a ``doctest`` or a ``check``.

    A ``check`` is what a plugin checks of a whole file: its style, its types.
    """
    if isinstance(node, pytest.Function):
        return "test"
    return "doctest" if any(base.__name__ == "DoctestItem" for base in type(node).__mro__) else "check"


class Ended(Exception):
    """An attempt of a test to end the whole run, which fails it instead."""


def hold(outcome: Any) -> None:
    """Make what would end the run a failure of the test that raised it."""
    error = outcome.excinfo[1] if outcome.excinfo else None
    if isinstance(error, (KeyboardInterrupt, pytest.exit.Exception)) and hasattr(outcome, "force_exception"):
        ended = Ended(f"{type(error).__name__} ended the test: {error}")
        ended.__cause__ = error
        outcome.force_exception(ended.with_traceback(error.__traceback__))


class Marker:
    """Hooks that add an item's own id, kind and errors to its reports.

    Reports carry them from workers. What would end the run fails its test.
    """

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_make_collect_report(self, collector: Any) -> Any:
        outcome = yield
        error = outcome.excinfo[1] if outcome.excinfo else None
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            # a script that looks like a test file, and that ends at once
            said = _REPORTS.CollectErrorRepr(f"{type(error).__name__} while it was imported: {error}")
            outcome.force_result(_REPORTS.CollectReport(collector.nodeid, "failed", said, []))

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_setup(self) -> Any:
        hold((yield))

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_call(self) -> Any:
        hold((yield))

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self) -> Any:
        hold((yield))

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: Any) -> None:
        # first, since pytest-xdist appends groups to ids (``@group``), and others may shuffle items of one id
        for item, own in zip(items, number_ids([item.nodeid for item in items])):  # noqa: B905 - not before Python 3.10
            item.forgehand = (own, kind_of(item))

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: Any, call: Any) -> Any:
        outcome = yield
        if outcome.excinfo is None and hasattr(item, "forgehand"):
            report = outcome.get_result()
            report.forgehand_id, report.forgehand_kind = item.forgehand
            if report.outcome == "failed" and call.excinfo is not None:
                report.forgehand_raised = describe_errors(call.excinfo.value)


class Reporter:
    """Hooks that write records.

    Ids are as seen from the repository's root, wherever pytest was started.
    """

    def __init__(self, records: Any, config: Any) -> None:
        self._records = records
        root = getattr(config, "rootpath", None) or config.rootdir
        prefix = os.path.relpath(str(root), os.environ["FORGEHAND_ROOT"])
        self._prefix = "" if prefix == "." else prefix + "/"

    def _id(self, report: Any) -> str:
        return self._prefix + str(getattr(report, "forgehand_id", report.nodeid))

    def _message(self, report: Any) -> str:
        if report.outcome == "skipped":
            return str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr or "")
        crash = getattr(getattr(report.longrepr, "reprcrash", None), "message", "")
        text = report.longreprtext if hasattr(report, "longreprtext") else str(report.longrepr or "")
        return f"{crash[:1000]}\n{text[-3000:]}" if crash else text

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: Any) -> None:
        # not called where the workers of pytest-xdist run the tests: it tells itself what a dead one was running
        if hasattr(item, "forgehand"):
            self._records.start(self._prefix + item.forgehand[0])

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.outcome == "rerun":
            # pytest-rerunfailures: verdicts of this attempt and its subtests count no more
            self._records.again(self._id(report))
        if report.outcome not in _VERDICTS or (report.when != "call" and report.outcome == "passed"):
            return
        verdict = "failed" if report.when == "call" and report.outcome == "failed" else _VERDICTS[report.outcome]
        message = "" if report.outcome == "passed" else self._message(report)
        kind = getattr(report, "forgehand_kind", "test")
        raised = getattr(report, "forgehand_raised", [])
        self._records.case(self._id(report), verdict, report.when, message, report.duration, kind, raised)

    def pytest_collectreport(self, report: Any) -> None:
        # a module that skips itself, or that cannot be imported
        if report.outcome in ("failed", "skipped"):
            verdict = _VERDICTS[report.outcome]
            self._records.case(self._prefix + report.nodeid, verdict, "collect", self._message(report))

    def pytest_sessionfinish(self, session: Any, exitstatus: int) -> None:
        cut_short = bool(session.shouldstop or session.shouldfail)
        self._records.end(int(exitstatus), cut_short)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: Any) -> None:
    """Let nothing end the run early, and report.

    A worker reports nothing, nor does a run that a test started.
    """
    is_worker = hasattr(config, "workerinput")
    if not is_worker and (_RECORDS is None or _RECORDS.taken):
        return
    for name, value in _STOPPING.items():
        if hasattr(config.option, name):
            setattr(config.option, name, value)
    config.pluginmanager.register(Marker(), "forgehand-marker")
    if _RECORDS is not None and not is_worker:
        _RECORDS.taken = True
        config.pluginmanager.register(Reporter(_RECORDS, config), "forgehand-reporter")
