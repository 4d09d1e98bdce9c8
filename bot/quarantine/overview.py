"""Choose the tests of a repository that are worth a look, and put together what is known of each (pure)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from bot.quarantine.entries import Entry, find_entry
from bot.store.test_outcomes import Examined
from bot.test_history.histories import History
from bot.test_history.names import normalise

# one failure shows nothing; each state that a history shows needs more
_LEAST_FAILURES = 2
# examinations that showed nothing
_SILENT = {"not shown", "not examined"}


class KnownTest(NamedTuple):
    """A test with its histories, what examining it showed, and its entry."""

    test: str
    histories: tuple[History, ...]
    examined: Examined | None
    entry: Entry | None


def list_keys(failures: Mapping[str, int], examined: Sequence[Examined], entries: Sequence[Entry]) -> list[str]:
    """List the normalised names of the tests that are worth a look, sorted.

    Those that failed at least twice (``failures`` by stored name), that an examination told something of, or that are
    in quarantine.
    """
    counts: dict[str, int] = {}
    for test, failed in failures.items():
        counts[normalise(test)] = counts.get(normalise(test), 0) + failed
    found = {test for test, failed in counts.items() if failed >= _LEAST_FAILURES}
    found |= {one.test for one in examined if one.kind not in _SILENT}
    found |= {normalise(one.test) for one in entries if not any(map(one.covers, found))}
    return sorted(found)


def find_names(failures: Collection[str], keys: Collection[str]) -> dict[str, str]:
    """Return the normalised names of stored ones, where they are wanted."""
    names = {test: normalise(test) for test in failures}
    return {test: key for test, key in names.items() if key in keys}


def describe(
    key: str,
    names: Mapping[str, str],
    histories: Sequence[History],
    examined: Sequence[Examined],
    entries: Sequence[Entry],
) -> KnownTest:
    """Put together what is known of a test.

    ``names`` are those of :func:`find_names`.
    """
    entry = find_entry(entries, key)
    written = next((name for name, own in names.items() if own == key), key)
    return KnownTest(
        test=entry.test if entry is not None and normalise(entry.test) == key else written,
        histories=tuple(one for one in histories if one.test == key),
        examined=next((one for one in examined if one.test == key), None),
        entry=entry,
    )
