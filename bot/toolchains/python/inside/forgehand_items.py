"""Run collected tests of pytest one by one, and say how each ended."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any

from forgehand_records import number_ids  # type: ignore[import-not-found]

# Import pytest and its own plugins now, while no file of the repository can pose as one of them or their imports.
for _name in ("pytest", *(f"_pytest.{name}" for name in importlib.import_module("_pytest.config").default_plugins)):
    importlib.import_module(_name)
_RUNNER: Any = importlib.import_module("_pytest.runner")


def list_options() -> list[str]:
    """Return what keeps a run in one process, and out of the tree."""
    options = ["--continue-on-collection-errors", "--color=no", "-p", "no:cacheprovider"]
    options += [f"--basetemp={os.path.join(tempfile.mkdtemp(), 'tests')}"]
    options += ["--no-cov"] if importlib.util.find_spec("pytest_cov") else []
    # it draws another order each time; that it seeds chance before each test stays
    options += ["--randomly-dont-reorganize"] if importlib.util.find_spec("pytest_randomly") else []
    return options + (["-n0"] if importlib.util.find_spec("xdist") else [])


def start_like_pytest() -> None:
    """Make ``sys`` what it is where pytest is started as a module."""
    sys.argv = ["pytest"]
    roots = [place for place in os.environ.get("FORGEHAND_PATH", "").split(os.pathsep) if place]
    sys.path[0:0] = [os.getcwd(), *(place for place in roots if place not in sys.path)]


def name_items(items: Sequence[Any]) -> dict[str, Any]:
    """Return items by ids as seen from the repository's root."""
    if not items:
        return {}
    config = items[0].config
    root = getattr(config, "rootpath", None) or config.rootdir  # the older name, before pytest 6.1
    prefix = os.path.relpath(str(root), os.environ["FORGEHAND_ROOT"])
    prefix = "" if prefix == "." else f"{prefix}/"
    return {f"{prefix}{id}": item for id, item in zip(number_ids([one.nodeid for one in items]), items)}


def run_reports(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Run tests in turn; yield pytest's reports of each."""
    for item, following in zip(items, [*items[1:], None]):
        yield _RUNNER.runtestprotocol(item, log=False, nextitem=following)


def judge_reports(reports: Sequence[Any]) -> str:
    """Say how a test ended; ``failed`` is a failure in its own body."""
    failed = {report.when for report in reports if report.outcome == "failed"}
    if failed:
        return "failed" if "call" in failed else "error"
    return "skipped" if any(report.outcome == "skipped" for report in reports) else "passed"
