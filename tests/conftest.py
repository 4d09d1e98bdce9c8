"""Shared by all tests. Each package's own fixtures live beside its tests."""

from __future__ import annotations

import pytest

from tests.support.notrun import not_run


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not_run:
        terminalreporter.section("these checks did not run", yellow=True)
        for line in sorted(not_run):
            terminalreporter.line(line)
