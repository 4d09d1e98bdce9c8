"""Read what a test run left in its results directory. All of it is hostile: bounded and checked."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bot.toolchains.port import TestCase

# every language's reporter uses these names
KEY_FILE = "key"
RESULTS_FILE = "results.jsonl"
MAX_BYTES = 64 * 1024 * 1024
# characters of a message that are kept, from its end
TEXT = 4000
# the worst of a test's reports is its verdict
_RANK = {"skipped": 0, "passed": 1, "failed": 2, "error": 3}

# exit codes of pytest after which results stand, and whether something failed: 2 is a file that cannot be collected,
# 5 is nothing to run
_ENDS: dict[int | None, bool] = {0: False, 1: True, 2: True, 5: False}


@dataclass(frozen=True)
class Recorded:
    """The cases our reporter told, and how its run ended."""

    cases: tuple[TestCase, ...]
    exit_code: int | None
    cut_short: bool

    def agrees(self, exit_code: int | None) -> bool:
        """Tell whether cases, runner and command agree on a complete run."""
        if exit_code is None or self.exit_code not in _ENDS or self.cut_short:
            return False
        # a command around the runner (make, a script) may fail with a code of its own
        same = (exit_code == 0) == (self.exit_code == 0)
        return same and any_failure(self.cases) == _ENDS[self.exit_code]


def any_failure(cases: Iterable[TestCase]) -> bool:
    return any(case.verdict in ("failed", "error") for case in cases)


class ResultsChannel:
    """A fresh directory for the results of one run.

    It is mounted writable; only our reporter reads its key.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._key = secrets.token_bytes(32)
        directory.mkdir(mode=0o700)
        (directory / KEY_FILE).write_bytes(self._key)

    def recorded(self) -> Recorded | None:
        """Return the records; None where our reporter never started.

        They end at the first line that it did not write.
        """
        text = read_bounded(self.directory / RESULTS_FILE)
        return None if text is None else parse_records(text, self._key)


def read_bounded(path: Path) -> bytes | None:
    """Return the bytes of a regular file; None for anything else.

    Links and files over :data:`MAX_BYTES` are not read.
    """
    if path.is_symlink() or not path.is_file() or path.stat().st_size > MAX_BYTES:
        return None
    return path.read_bytes()


def parse_records(text: bytes, key: bytes) -> Recorded:
    """Return the cases of signed lines; reading stops at the first line whose signature is wrong."""
    chain = hmac.new(key, digestmod=hashlib.sha256)
    found: dict[str, list[TestCase]] = {}
    for line in text.splitlines():
        signature, _, body = line.partition(b" ")
        chain.update(body)
        if not hmac.compare_digest(signature, chain.hexdigest().encode()):
            break
        record: dict[str, Any] = json.loads(body)
        if "end" in record:
            return Recorded(worst(found), int(record["end"]), bool(record["cut_short"]))
        if "again" in record:
            found.pop(str(record["again"]), None)
            continue
        try:
            case = TestCase.model_validate(record)
        except ValidationError:
            break
        found.setdefault(case.id, []).append(case)
    return Recorded(worst(found), None, True)


def worst(found: Mapping[str, Sequence[TestCase]]) -> tuple[TestCase, ...]:
    """Return one case an id, in order of first sight: its worst report, with the seconds of all its reports."""
    return tuple(
        max(cases, key=lambda case: _RANK[case.verdict]).model_copy(
            update={"seconds": round(sum(case.seconds for case in cases), 4)}
        )
        for cases in found.values()
    )


def numbered(cases: Iterable[TestCase]) -> tuple[TestCase, ...]:
    """Tell cases of one id apart, as foreign reports hold them: the second and later ones end in ``#2``, ``#3``.

    They are different tests. Merged, one that is known to fail would hide that another begins to fail.
    """
    seen: Counter[str] = Counter()
    found = []
    for case in cases:
        seen[case.id] += 1
        own = case.id if seen[case.id] == 1 else f"{case.id}#{seen[case.id]}"
        found.append(case.model_copy(update={"id": own}))
    return tuple(found)
