"""Withdraw what coverage.py counts where a test keeps it from seeing more.

Lines that run after that would be called idle. No report is believed where the file that is left here is there.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

_SEEING = sys.gettrace()


def pytest_runtest_logfinish() -> None:
    if sys.gettrace() != _SEEING:
        Path(os.environ["FORGEHAND_BLIND"]).touch()
