"""hypothesis looks for no smaller example while faults are tried."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import bot.mutation.inside
import bot.toolchains.python.inside

RUN = """
from forgehand_assertions import skip_shrinking
skip_shrinking()
from hypothesis import Phase, settings
print(Phase.shrink in settings(max_examples=3).phases)
"""


def test_settings_that_tests_make_look_for_no_smaller_example() -> None:
    folders = [str(Path(*each.__path__)) for each in (bot.mutation.inside, bot.toolchains.python.inside)]
    ran = subprocess.run(
        [sys.executable, "-c", RUN], env={"PYTHONPATH": ":".join(folders)}, capture_output=True, text=True, check=True
    )
    assert ran.stdout == "False\n"
