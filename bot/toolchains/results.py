"""Reads what a test run left in its results directory. All of it is hostile: bounded and checked."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bot.toolchains.port import TestCase

# every language's reporter uses these names
KEY_FILE = "key"
RESULTS_FILE = "results.jsonl"
MAX_BYTES = 64 * 1024 * 1024
# the worst of a test's reports is its verdict
_RANK = {"skipped": 0, "passed": 1, "failed": 2, "error": 3}

# exit codes of pytest after which results stand, and whether something failed: 2 is a file that cannot be collected,
# 5 is nothing to run
_ENDS: dict[int | None, bool] = {0: False, 1: True, 2: True, 5: False}


@dataclass(frozen=True)
class Recorded:
    """What our reporter told: the cases, and whether it came to its end with the exit code it then named."""

    cases: tuple[TestCase, ...]
    exit_code: int | None
    cut_short: bool

    def agrees(self, exit_code: int | None) -> bool:
        """Complete, failures told exactly where the runner says it failed, and the command failed exactly then."""
        if exit_code is None or self.exit_code not in _ENDS or self.cut_short:
            return False
        # a command around the runner (make, a script) may fail with a code of its own
        same = (exit_code == 0) == (self.exit_code == 0)
        return same and any_failure(self.cases) == _ENDS[self.exit_code]


def any_failure(cases: Iterable[TestCase]) -> bool:
    return any(case.verdict in ("failed", "error") for case in cases)


class ResultsChannel:
    """A fresh directory that is mounted writable for one run, and the key only our reporter reads."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._key = secrets.token_bytes(32)
        directory.mkdir(mode=0o700)
        (directory / KEY_FILE).write_bytes(self._key)

    def recorded(self) -> Recorded | None:
        """The records up to the first line that our reporter did not write; None where it never started."""
        text = read_bounded(self.directory / RESULTS_FILE)
        return None if text is None else parse_records(text, self._key)


def read_bounded(path: Path) -> bytes | None:
    """The bytes of a regular file of at most :data:`MAX_BYTES`; None for anything else, links above all."""
    if path.is_symlink() or not path.is_file() or path.stat().st_size > MAX_BYTES:
        return None
    return path.read_bytes()


def parse_records(text: bytes, key: bytes) -> Recorded:
    """Signed lines to cases; reading stops at the first line whose signature is wrong."""
    chain = hmac.new(key, digestmod=hashlib.sha256)
    found: list[TestCase] = []
    for line in text.splitlines():
        signature, _, body = line.partition(b" ")
        chain.update(body)
        if not hmac.compare_digest(signature, chain.hexdigest().encode()):
            break
        record: dict[str, Any] = json.loads(body)
        if "end" in record:
            return Recorded(merge(found), int(record["end"]), bool(record["cut_short"]))
        try:
            found.append(TestCase.model_validate(record))
        except ValidationError:
            break
    return Recorded(merge(found), None, True)


def merge(cases: Iterable[TestCase]) -> tuple[TestCase, ...]:
    """One case an id, in order of first sight, with its worst verdict and the seconds of all its reports."""
    worst: dict[str, TestCase] = {}
    for case in cases:
        known = worst.get(case.id)
        if known is None:
            worst[case.id] = case
            continue
        kept = case if _RANK[case.verdict] > _RANK[known.verdict] else known
        worst[case.id] = kept.model_copy(update={"seconds": round(known.seconds + case.seconds, 4)})
    return tuple(worst.values())
