"""Runs beside the repository's tests: writes one signed line a test, so that the file cannot be made up afterwards.

The key lies in a file that is removed as soon as it is read, before the runner can import any code of the repository
(see ``sitecustomize``). Standard library only; any Python from 3.7 on.
"""

# os.path rather than pathlib: this also runs on old Pythons, and starts with every test run
# ruff: noqa: PTH108, PTH110, PTH118, PTH123, SIM115
from __future__ import annotations

import hashlib
import hmac
import json
import os

KEY_FILE = "key"
RESULTS_FILE = "results.jsonl"
TEXT = 4000


def directory_with_key() -> str | None:
    """Where a key waits to be taken; None where no run is being reported, or a process before this one took it."""
    directory = os.environ.get("FORGEHAND_RESULTS")
    return directory if directory and os.path.exists(os.path.join(directory, KEY_FILE)) else None


class Records:
    """Appends records to ``directory``; each line's signature covers all lines before it."""

    def __init__(self, directory: str) -> None:
        key_file = os.path.join(directory, KEY_FILE)
        with open(key_file, "rb") as stream:
            self._chain = hmac.new(stream.read(), digestmod=hashlib.sha256)
        os.unlink(key_file)
        self._stream = open(os.path.join(directory, RESULTS_FILE), "x")

    def case(self, id: str, verdict: str, phase: str, message: str = "", seconds: float = 0.0) -> None:
        """One verdict; the reader keeps the worst of a test's."""
        self._write(
            {"id": id, "verdict": verdict, "phase": phase, "message": message[-TEXT:], "seconds": round(seconds, 4)}
        )

    def end(self, exit_code: int, cut_short: bool) -> None:
        """The last line; without it the run counts as cut short."""
        self._write({"end": exit_code, "cut_short": cut_short})

    def _write(self, record: dict[str, object]) -> None:
        line = json.dumps(record)
        self._chain.update(line.encode())
        self._stream.write(self._chain.hexdigest() + " " + line + "\n")
        self._stream.flush()
