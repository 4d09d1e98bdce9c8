"""Put together what is kept of each test, by the job that ran it, with what that shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from bot.store.test_outcomes import StoredOutcome
from bot.test_history.reading import group
from bot.test_history.records import Verdict
from bot.test_history.rules import judge


class History(NamedTuple):
    """Ends of a test in one job, from its first failure on.

    ``test`` is its normalised name, ``last`` the time of its newest failure in milliseconds, None where it has none.
    """

    test: str
    job: str
    runs: int
    failed: int
    last: int | None
    verdicts: tuple[Verdict, ...]


def list_histories(outcomes: Sequence[StoredOutcome]) -> list[History]:
    """Return the histories of tests, each judged by itself (pure)."""
    found = []
    for (test, variant, place), observations in group(list(outcomes)).items():
        job = variant if place == "branch" else f"{variant}, merge queue"
        failures = [one.at for one in observations if not one.passed]
        last = max(failures, default=None)
        found.append(History(test, job, len(observations), len(failures), last, judge(observations)))
    return found
