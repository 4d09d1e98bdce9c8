"""Watch every hub; gather which tests and checks could not run on this machine.

Each package's own fixtures live beside its tests.
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, settings

from tests.support import forks, shelves
from tests.support.databases import (
    database,
    empty_database,
    postgres,
    postgres_program,
    postgres_server,
    postgres_template,
    sqlite,
    store,
)
from tests.support.notrun import need, noted
from tests.support.openapi import Witness, watching

__all__ = [
    "database",
    "empty_database",
    "postgres",
    "postgres_program",
    "postgres_server",
    "postgres_template",
    "sqlite",
    "store",
]

# Tests start hundreds of processes: without bytecode on disk each would compile all that it imports.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Importing makes no garbage to speak of: looking for it took a tenth of the time in which tests are collected.
gc.disable()

# No test measures how fast the machine is: not an example's time, not that of making examples.
# Fifty examples of each property: every run draws others.
settings.register_profile("forgehand", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("forgehand")

# A traceback with the values of all locals, as structlog prints it by default, takes seconds on a busy machine.
structlog.configure(
    processors=[
        structlog.stdlib.add_log_level,
        structlog.processors.format_exc_info,
        structlog.processors.KeyValueRenderer(),
    ]
)

# Stories, other people's runners, and single files that take a worker minutes.
_LONG = (
    "tests/action/",
    "tests/doors/api/test_document.py",
    "tests/doors/test_permission_matrix.py",
    "tests/e2e/",
    "tests/incidents/test_decision.py",
    "tests/injection/",
    "tests/local/",
    "tests/terminal/",
    "tests/test_notrun.py",
    "tests/test_package.py",
    "tests/test_serve.py",
    "tests/toolchains/",
    "tests/upkeep/test_backup.py",
)
_MEMORY = Path("/dev/shm")
_ROOM = 4 << 30  # bytes; less than one tenth of them were seen in use at once
_NOTE = "did not run"
_CACHE = "forgehand/not-run"


@pytest.fixture(autouse=True, scope="module")
def witness() -> Iterator[Witness]:
    """Whatever hub a test or fixture starts: each request and answer is held against GitHub's description."""
    with watching() as witness:
        yield witness


@pytest.hookimpl(optionalhook=True)  # also where xdist is switched off
def pytest_xdist_auto_num_workers() -> int:
    """Two workers a core: with three nothing was idle, and what waits asked more often. One takes up to 0.8 GB."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(cores, min(2 * cores, 8))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, so that no worker is left alone with one at the end."""
    items.sort(key=lambda item: not item.nodeid.startswith(_LONG))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--not-run", action="store_true", help="only what the last run could not run here")


def pytest_configure(config: pytest.Config) -> None:
    _keep_scratch_in_memory()
    config.pluginmanager.register(_NotRun(config), "not-run")


def _keep_scratch_in_memory() -> None:
    """Put temporary files where no disk is waited for, unless TMPDIR says where: hundreds of databases commit."""
    if "TMPDIR" in os.environ or not os.access(_MEMORY, os.W_OK):
        return
    found = os.statvfs(_MEMORY)
    if found.f_bavail * found.f_frsize > _ROOM and not found.f_flag & os.ST_NOEXEC:
        os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)


def pytest_collection_finish() -> None:
    """What is imported by now stays: looking through it for garbage took a quarter of this process's time."""
    gc.freeze()
    gc.enable()


def pytest_sessionfinish() -> None:
    forks.close()
    shelves.close()


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
