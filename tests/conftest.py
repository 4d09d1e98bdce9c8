"""Shared by all tests. Each package's own fixtures live beside its tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.notrun import not_run
from tests.support.openapi import Witness, watching


@pytest.fixture(autouse=True, scope="module")
def witness() -> Iterator[Witness]:
    """Whatever hub a test or fixture starts: each request and answer is held against GitHub's description."""
    with watching() as witness:
        yield witness


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tests run in several processes; each tells the first one what it could not do."""
    told = getattr(session.config, "workeroutput", None)
    if told is not None:
        told["not_run"] = sorted(not_run)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    not_run.update(getattr(node, "workeroutput", {}).get("not_run", ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not_run:
        terminalreporter.section("these checks did not run", yellow=True)
        for line in sorted(not_run):
            terminalreporter.line(line)
