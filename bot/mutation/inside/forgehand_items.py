"""Run collected tests of pytest one by one, and say how each ended."""

from __future__ import annotations

import importlib
import importlib.util
import os
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
    return options + (["-n0"] if importlib.util.find_spec("xdist") else [])


def name_items(items: Sequence[Any]) -> dict[str, Any]:
    """Return items by ids as seen from the repository's root."""
    if not items:
        return {}
    config = items[0].config
    prefix = os.path.relpath(str(config.rootpath), os.environ["FORGEHAND_ROOT"])
    prefix = "" if prefix == "." else f"{prefix}/"
    return {f"{prefix}{id}": item for id, item in zip(number_ids([one.nodeid for one in items]), items)}


def run_items(items: Sequence[Any]) -> Iterator[str]:
    """Run tests in turn; yield ``passed``, ``skipped``, ``failed``, ``error``.

    ``failed`` is a failure in the test's own body.
    """
    for config in {item.config for item in items}:
        config.option.tbstyle = "no"  # pytest parses each source file of a traceback: ten times what a test needs
    for item, following in zip(items, [*items[1:], None]):
        reports = _RUNNER.runtestprotocol(item, log=False, nextitem=following)
        yield _judge(reports)


def _judge(reports: Sequence[Any]) -> str:
    failed = {report.when for report in reports if report.outcome == "failed"}
    if failed:
        return "failed" if "call" in failed else "error"
    return "skipped" if any(report.outcome == "skipped" for report in reports) else "passed"
