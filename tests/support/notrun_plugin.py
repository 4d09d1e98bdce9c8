"""Gather which tests and checks could not run on this machine; tell it at the end; run them alone later.

It imports little, as ``tests/test_notrun.py`` starts many runs with it.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tests.support.notrun import need, noted

_NOTE = "did not run"
_CACHE = "forgehand/not-run"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--not-run", action="store_true", help="only what the last run could not run here")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(_NotRun(config), "not-run")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("needs"):
        for name in marker.args:
            need(name)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Reports travel from the processes that run tests to the one that tells."""
    report = yield
    report.user_properties += [(_NOTE, note) for note in noted()]
    return report


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, Any, Any]:
    """Keep hostile input in a failure's text from stopping its process.

    xdist sends strings as UTF-8: one lone surrogate (a file name that is no UTF-8) ended its worker, and the run in an
    INTERNALERROR (pytest-xdist 3.8).
    """
    return _encodable((yield))


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_encodable(key): _encodable(each) for key, each in value.items()}
    return type(value)(map(_encodable, value)) if isinstance(value, list | tuple) else value


class _NotRun:
    """Gather what could not run, by reason; tell it at the end; remember it for ``--not-run``."""

    def __init__(self, config: pytest.Config) -> None:
        self._cache = getattr(config, "cache", None)  # None where -p no:cacheprovider switched it off
        self._tests: dict[str, set[str]] = {}  # reason: tests, or whole files where a part of a test did not run

    def pytest_ignore_collect(self, collection_path: Path, config: pytest.Config) -> bool | None:
        """Import no file of which nothing is wanted: each worker would import all of them."""
        if not config.getoption("--not-run") or not collection_path.name.startswith("test_"):
            return None
        files = {each.partition("::")[0] for each in self._known()}
        unwanted = collection_path.is_file() and str(collection_path.relative_to(config.rootpath)) not in files
        return unwanted or None

    def _known(self) -> set[str]:
        """The tests and files that the last run could not run, or not wholly."""
        return set(self._cache.get(_CACHE, []) if self._cache else ())

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        if config.getoption("--not-run"):
            known = self._known()
            wanted = [item for item in items if known & {item.nodeid, item.location[0]}]
            config.hook.pytest_deselected(items=[item for item in items if item not in wanted])
            items[:] = wanted

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for name, reason in report.user_properties:
            if name == _NOTE:
                self._tests.setdefault(reason, set()).add(report.location[0])
        if report.skipped and isinstance(report.longrepr, tuple):
            reason = report.longrepr[2].removeprefix("Skipped: ")
            self._tests.setdefault(reason, set()).add(report.nodeid)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if session.config.getoption("--not-run") and session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
            session.exitstatus = pytest.ExitCode.OK

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._cache:
            self._cache.set(_CACHE, sorted(set().union(*self._tests.values())))
        if self._tests:
            terminalreporter.section("did not run here", yellow=True)
            for reason, tests in sorted(self._tests.items()):
                kind = "test" if all("::" in test for test in tests) else "file"
                terminalreporter.line(f"{len(tests)} {kind}{'s' * (len(tests) > 1)}: {reason}")
            terminalreporter.line("Once that is there, run these alone: make test ARGS=--not-run")
