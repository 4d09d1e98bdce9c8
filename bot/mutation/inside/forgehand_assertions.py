"""Run collected tests, and tell what a test asserts from what the code raises by itself."""

from __future__ import annotations

import contextlib
import importlib
import os
import traceback
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from forgehand_items import judge_reports, run_reports  # type: ignore[import-not-found]

_FAILED: Any = importlib.import_module("_pytest.outcomes").Failed


def skip_shrinking() -> None:
    """Let hypothesis end with the first example that fails.

    Looking for a smaller one costs most of the time, and changes no outcome.
    """
    with contextlib.suppress(ImportError):
        hypothesis: Any = importlib.import_module("hypothesis")  # now: settings take the profile of when they are made
        phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
        hypothesis.settings.register_profile("forgehand", hypothesis.settings(phases=phases))
        hypothesis.settings.load_profile("forgehand")


class Assertions:
    """Plugin that marks failures which a test asserted, not the code.

    ``paths`` are the measured files.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = {os.path.realpath(path) for path in paths}

    def pytest_exception_interact(self, call: Any, report: Any) -> None:
        report.forgehand_asserted = self._is_asserted(call.excinfo.value)

    def _is_asserted(self, error: BaseException) -> bool:
        inner = getattr(error, "exceptions", ())  # of a group, as hypothesis raises it
        if inner:
            return any(self._is_asserted(one) for one in inner)
        if not isinstance(error, (AssertionError, _FAILED)):
            return False
        frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
        return not frames or os.path.realpath(frames[-1].f_code.co_filename) not in self._paths


def run_items(items: Sequence[Any]) -> Iterator[str]:
    """Run tests in turn; yield ``passed``, ``skipped`` or how they fail.

    In the test's own body: ``failed`` where it asserts, ``crashed`` by any other exception; ``error`` elsewhere.
    """
    for config in {item.config for item in items}:
        config.option.tbstyle = "no"  # pytest parses each source file of a traceback: ten times what a test needs
    for reports in run_reports(items):
        outcome = judge_reports(reports)
        asserted = any(getattr(report, "forgehand_asserted", False) for report in reports if report.when == "call")
        yield "crashed" if outcome == "failed" and not asserted else outcome
