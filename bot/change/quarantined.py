"""Read the repository's quarantine list where tests are judged; what it excuses is reported, with owner and expiry."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.git.changes import Changes
from bot.markdown import inline_code
from bot.quarantine.entries import PATH, Entry, QuarantineError, find_entry, read_entries
from bot.quarantine.nearness import find_guarded
from bot.work.assignment import Assignment


async def read_live(job: Assignment[Any], sha: str) -> tuple[Entry, ...]:
    """Return the entries in force today; none where the list is invalid."""
    text = await (await job.mirror(sha)).read(sha, PATH)
    try:
        entries = read_entries(text or "")
    except QuarantineError:
        return ()
    today = datetime.now(UTC).date()
    return tuple(entry for entry in entries if entry.is_live(today))


async def find_excused(
    job: Assignment[Any], sha: str, base_sha: str, failed: Collection[str], changes: Changes
) -> Mapping[str, str]:
    """Return failed tests that do not count, each with a sentence for people.

    The list is read at ``sha``, where no change can touch it. A test that guards what ``changes`` touch counts.
    """
    entries = await read_live(job, sha) if failed else ()
    excused = {}
    for test in failed:
        entry = find_entry(entries, test)
        if entry is not None and not await _find_guard(job, base_sha, test, changes):
            excused[test] = describe(entry)
    return excused


async def _find_guard(job: Assignment[Any], base_sha: str, test: str, changes: Changes) -> str:
    file = test.partition("::")[0]
    text = await (await job.mirror(base_sha)).read(base_sha, file)
    return find_guarded(test, list(changes.files), {file: text or ""}, job.workshop(base_sha).toolchain().is_test)


def describe(entry: Entry) -> str:
    """Say of a quarantined test that its failure does not count."""
    return (
        f"{inline_code(entry.test)} failed and does not count: it is in quarantine as flaky until {entry.expires} "
        f"(owner {entry.owner}, {entry.issue})."
    )


def find_named(entries: Sequence[Entry], said: str) -> list[Entry]:
    """Return the entries whose test a log names."""
    words = set(re.split(r"[^\w\[\]]+", said))
    return [entry for entry in entries if entry.test in said or entry.test.rpartition("::")[2] in words]
