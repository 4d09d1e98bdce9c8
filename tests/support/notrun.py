"""Checks that need something this machine lacks: said once at the end of the run, a failure where CI=true."""

from __future__ import annotations

import os

not_run: set[str] = set()


def did_not_run(check: str, needs: str) -> None:
    """Note that ``check`` could not run. Raises AssertionError with CI=true."""
    message = f"{check}: {needs}"
    assert os.environ.get("CI") != "true", message
    not_run.add(message)
