"""Read what a test run left in its results directory.

All of it is hostile: bounded and checked.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bot.toolchains.port import TestCase

# Names that the reporters of every language use.
KEY_FILE = "key"
RESULTS_FILE = "results.jsonl"
MAX_BYTES = 64 * 1024 * 1024
# Characters of a message that are kept, from its end.
TEXT = 4000
# The worst of a test's reports is its verdict.
_RANK = {"skipped": 0, "passed": 1, "failed": 2, "error": 3}

# Exit codes of pytest after which results stand, and whether something failed: 2 is a file that cannot be collected,
# 5 is nothing to run (https://docs.pytest.org/en/stable/reference/exit-codes.html).
_ENDS: dict[int | None, bool] = {0: False, 1: True, 2: True, 5: False}


@dataclass(frozen=True)
class RunRecords:
    """Cases that our reporter recorded, and how its run ended."""

    cases: tuple[TestCase, ...]
    exit_code: int | None
    cut_short: bool

    def agrees(self, exit_code: int | None) -> bool:
        """Return whether cases, runner and command agree on a complete run."""
        if exit_code is None or self.exit_code not in _ENDS or self.cut_short:
            return False
        # a command around the runner (make, a script) may fail with a code of its own
        same = (exit_code == 0) == (self.exit_code == 0)
        return same and has_failure(self.cases) == _ENDS[self.exit_code]


def has_failure(cases: Iterable[TestCase]) -> bool:
    """Return whether any case failed or could not be run."""
    return any(case.verdict in ("failed", "error") for case in cases)


class ResultsChannel:
    """Fresh writable directory for one run's results, keyed for us."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._key = secrets.token_bytes(32)
        directory.mkdir(mode=0o700)
        (directory / KEY_FILE).write_bytes(self._key)

    def read(self) -> RunRecords | None:
        """Read records up to the first foreign line; None without our reporter."""
        text = read_bounded(self.directory / RESULTS_FILE)
        return None if text is None else parse_records(text, self._key)


def read_bounded(path: Path) -> bytes | None:
    """Read a regular file up to :data:`MAX_BYTES`; None for all else."""
    if path.is_symlink() or not path.is_file() or path.stat().st_size > MAX_BYTES:
        return None
    return path.read_bytes()


def parse_records(text: bytes, key: bytes) -> RunRecords:
    """Parse the cases of signed lines, up to the first wrong signature."""
    chain = hmac.new(key, digestmod=hashlib.sha256)
    found: dict[str, list[TestCase]] = {}
    for line in text.splitlines():
        signature, _, body = line.partition(b" ")
        chain.update(body)
        if not hmac.compare_digest(signature, chain.hexdigest().encode()):
            break
        record: dict[str, Any] = json.loads(body)
        if "end" in record:
            return RunRecords(keep_worst(found), int(record["end"]), bool(record["cut_short"]))
        if "again" in record:
            found.pop(str(record["again"]), None)
            continue
        try:
            case = TestCase.model_validate(record)
        except ValidationError:
            break
        found.setdefault(case.id, []).append(case)
    return RunRecords(keep_worst(found), None, True)


def keep_worst(found: Mapping[str, Sequence[TestCase]]) -> tuple[TestCase, ...]:
    """Reduce the reports of each id to its worst one.

    They keep the order of first sight; a case has the seconds of all its reports.
    """
    return tuple(
        max(cases, key=lambda case: _RANK[case.verdict]).model_copy(
            update={"seconds": round(sum(case.seconds for case in cases), 4)}
        )
        for cases in found.values()
    )


def number_ids(cases: Iterable[TestCase]) -> tuple[TestCase, ...]:
    """Make equal ids different: later ones end in ``#2``, ``#3``.

    Foreign reports hold several cases of one id, and they are different tests. Merged, one that is known to fail would
    hide that another begins to fail. What is itself named ``adds#2`` keeps its name.
    """
    listed = tuple(cases)
    taken = {case.id for case in listed}
    last: dict[str, int] = {}
    found = []
    for case in listed:
        number = last.get(case.id, 0) + 1
        while number > 1 and f"{case.id}#{number}" in taken:
            number += 1
        last[case.id] = number
        own = case.id if number == 1 else f"{case.id}#{number}"
        taken.add(own)
        found.append(case.model_copy(update={"id": own}))
    return tuple(found)
