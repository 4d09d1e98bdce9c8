"""Import our reporter in every Python that starts, before the repository.

Python does so before it puts the working directory or a script's folder on ``sys.path``, and our PYTHONPATH names
nothing of the repository. So no file of it can pose as a library, as pytest or as one of our modules before the
reporter holds the key and whatever reports is imported.
"""

# os.path rather than pathlib: this also runs on old Pythons, and starts with every one of them
# ruff: noqa: PTH110, PTH119, PTH123
from __future__ import annotations

import importlib
import os
import sys

_INSIDE = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120
_REPORTERS = {
    "pytest": "forgehand_pytest",
    "py.test": "forgehand_pytest",
    "forgehand_unittest.py": "forgehand_unittest",
}


def _started_as() -> str:
    """Return the module or script to run, "" where the system hides it."""
    # ``coverage run -m pytest`` counts as pytest.
    argv = list(getattr(sys, "orig_argv", ()))
    if not argv and os.path.exists("/proc/self/cmdline"):
        with open("/proc/self/cmdline") as stream:
            argv = stream.read().split("\0")[:-1]
    # sys.argv starts with "-m" or the script, then both hold the same arguments
    name = argv[-len(sys.argv)] if len(argv) >= len(sys.argv) else ""
    name = name[2:] if name.startswith("-m") else os.path.basename(name)
    return "pytest" if name == "coverage" and "pytest" in sys.argv else name


def _let_in(roots: list[str]) -> None:
    """Put the repository's packages on ``sys.path`` before installed ones."""
    # That happens once the reporter is imported.
    # a measuring program is told by name: it may be started in any way
    reporter = os.environ.get("FORGEHAND_PROGRAM") or _REPORTERS.get(_started_as())
    if reporter and importlib.import_module("forgehand_records").directory_with_key():
        # A repository that pytest itself depends on must come from this tree, not from where its install points to.
        installed = [number for number, place in enumerate(sys.path) if place.endswith("site-packages")]
        behind = installed[0] + 1 if installed else len(sys.path)
        sys.path[behind:behind] = roots
        importlib.import_module(reporter)
        del sys.path[behind : behind + len(roots)]
    front = sys.path.index(_INSIDE) + 1 if _INSIDE in sys.path else 0
    sys.path[front:front] = roots


_let_in([place for place in os.environ.get("FORGEHAND_PATH", "").split(os.pathsep) if place])
