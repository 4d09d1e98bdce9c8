"""Read from the annotations of checks which tests failed, and from a later pass that they passed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from bot.ci_logs import find_failing_tests
from bot.github.api.client import Client
from bot.github.resources import check_notes
from bot.github.resources.check_notes import EndedCheck
from bot.store import test_outcomes
from bot.store.store import Store
from bot.store.test_outcomes import StoredReport
from bot.types import Repository

_COMMITS = 10
_CHECKS = 50  # of a commit
_NOTES = 50  # of a check
_LINES = 5  # of an annotation: what comes later is a trace
_LONGEST = 300
# A publisher's title is often the test's name and nothing else.
_BARE = re.compile(r"[\w./-]+\.py::\S+|\w+ \([\w.]+\.[A-Z]\w*(?:\.\w+)?\)")


async def read_notes(client: Client, store: Store, repository: Repository) -> int:
    """Store what checks of the branch's newest commits tell that is new.

    Returns how many checks that are. An annotation names failures only; a check that passes says that the tests which
    failed under its name have passed. Safe to repeat.
    """
    known = await store.run(test_outcomes.list_sources, repository.id)
    failures = _Failures()
    for one in await store.run(test_outcomes.list_outcomes, repository.id):
        if not one.passed:
            failures.note(one.variant, {one.test}, one.at)
    count = 0
    commits = await check_notes.list_commits(client, repository, repository.default_branch, _COMMITS)
    for sha, tree in reversed(commits):  # the oldest first: passes are kept from a test's first failure on
        checks = await check_notes.list_ended(client, repository, sha, _CHECKS)
        for check in sorted(checks, key=lambda one: one.at):
            variant = f"check {check.name}"
            failed = set() if f"check:{check.id}" in known else await _read_failed(client, repository, check)
            passed = failures.list_before(variant, check.at) if check.passed else set[str]()
            if f"check:{check.id}" in known or not (failed or passed):
                continue
            stored = StoredReport(
                source=f"check:{check.id}",
                variant=variant,
                place="branch",
                sha=sha,
                tree=tree,
                at=check.at,
                tests=len(failed) + len(passed),
            )
            await store.run(test_outcomes.add_report, repository.id, stored, failed, passed)
            failures.note(variant, failed, check.at)
            count += 1
    return count


@dataclass
class _Failures:
    """Moments when tests first failed, by the check that said so."""

    first: dict[str, dict[str, int]] = field(default_factory=dict)

    def note(self, variant: str, tests: Iterable[str], at: int) -> None:
        known = self.first.setdefault(variant, {})
        known.update({test: min(at, known.get(test, at)) for test in tests})

    def list_before(self, variant: str, at: int) -> set[str]:
        return {test for test, failed in self.first.get(variant, {}).items() if failed <= at}


async def _read_failed(client: Client, repository: Repository, check: EndedCheck) -> set[str]:
    if check.passed or not check.notes:
        return set()
    return find_named(await check_notes.list_notes(client, repository, check.id, _NOTES))


def find_named(notes: Iterable[str]) -> set[str]:
    """Return the tests that annotations name."""
    lines = [line.strip()[:_LONGEST] for note in notes for line in note.split("\n")[:_LINES]]
    return {line for line in lines if _BARE.fullmatch(line)} | set(find_failing_tests(lines))
