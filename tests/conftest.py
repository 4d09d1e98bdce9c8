"""Watch every hub; keep scratch in memory; begin with what takes longest.

Each package's own fixtures live beside its tests.
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

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
from tests.support.openapi import Witness, watching

pytest_plugins = ["tests.support.notrun_plugin"]

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


def pytest_configure(config: pytest.Config) -> None:
    _keep_scratch_in_memory()
    shelves.shared()  # before there are workers, so that they share one
    config.add_cleanup(shelves.close)


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
