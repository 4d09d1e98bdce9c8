"""A pytest plugin (``-p forgehand_pytest``): tells every verdict to the records, in the controlling process only.

PYTEST_DONT_REWRITE: it is imported before pytest could.
"""

# os.path rather than pathlib: this also runs on old Pythons, and starts with every test run
from __future__ import annotations

import importlib
import os
from typing import Any

from forgehand_records import Records, directory_with_key  # type: ignore[import-not-found]

_DIRECTORY = directory_with_key()
# read now, before anything else is imported: a worker of pytest-xdist finds no key and stays silent
_RECORDS = Records(_DIRECTORY) if _DIRECTORY else None
if _RECORDS:
    # pytest and its own plugins now, while no file of the repository can pose as one, or as what they import
    for _name in ("pytest", *(f"_pytest.{name}" for name in importlib.import_module("_pytest.config").default_plugins)):
        importlib.import_module(_name)
_VERDICTS = {"passed": "passed", "skipped": "skipped", "failed": "error"}


class Reporter:
    """Hooks; ids are told as seen from the repository's root, wherever pytest was started or configured."""

    def __init__(self, records: Any, config: Any) -> None:
        self._records = records
        root = getattr(config, "rootpath", None) or config.rootdir
        prefix = os.path.relpath(str(root), os.environ["FORGEHAND_ROOT"])
        self._prefix = "" if prefix == "." else prefix + "/"

    def _message(self, report: Any) -> str:
        if report.outcome == "skipped":
            return str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr or "")
        crash = getattr(getattr(report.longrepr, "reprcrash", None), "message", "")
        text = report.longreprtext if hasattr(report, "longreprtext") else str(report.longrepr or "")
        return f"{crash[:1000]}\n{text[-3000:]}" if crash else text

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.outcome not in _VERDICTS or (report.when != "call" and report.outcome == "passed"):
            return
        verdict = "failed" if report.when == "call" and report.outcome == "failed" else _VERDICTS[report.outcome]
        message = "" if report.outcome == "passed" else self._message(report)
        self._records.case(self._prefix + report.nodeid, verdict, report.when, message, report.duration)

    def pytest_collectreport(self, report: Any) -> None:
        if report.outcome == "failed":
            self._records.case(self._prefix + report.nodeid, "error", "collect", self._message(report))

    def pytest_sessionfinish(self, session: Any, exitstatus: int) -> None:
        cut_short = bool(session.shouldstop or session.shouldfail)
        self._records.end(int(exitstatus), cut_short)


def pytest_configure(config: Any) -> None:
    """Report unless this is a worker or a run started by a test."""
    if _RECORDS is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Reporter(_RECORDS, config), "forgehand-reporter")
