"""Write one signed line for each test.

The tests of the repository run in the same process: the signatures keep them from making up lines afterwards. The key
lies in a file that is removed as soon as it is read, before the runner can import any code of the repository (see
``sitecustomize``). Standard library only; any Python from 3.7 on.
"""

# os.path rather than pathlib: this also runs on old Pythons, and starts with every test run
# ruff: noqa: PTH108, PTH110, PTH118, PTH123, SIM115
from __future__ import annotations

import hashlib
import hmac
import json
import os
from typing import Any

KEY_FILE = "key"
RESULTS_FILE = "results.jsonl"
# Characters of a message that are kept, from its end.
TEXT = 4000


def directory_with_key() -> str | None:
    """Return the directory in which a key waits to be taken.

    Returns None where nothing is reported, or an earlier process took it.
    """
    directory = os.environ.get("FORGEHAND_RESULTS")
    return directory if directory and os.path.exists(os.path.join(directory, KEY_FILE)) else None


def number_ids(ids: list[str]) -> list[str]:
    """Make equal ids different by ``#2``, ``#3``, but keep given names."""
    taken = set(ids)
    last: dict[str, int] = {}
    found = []
    for one in ids:
        number = last.get(one, 0) + 1
        while number > 1 and f"{one}#{number}" in taken:
            number += 1
        last[one] = number
        found.append(one if number == 1 else f"{one}#{number}")
        taken.add(found[-1])
    return found


class Records:
    """Records of one run; each signature covers all lines before it.

    ``taken``: a run writes here already; one that a test starts in the same process must not. ``failed``: a test did.
    """

    taken = False
    failed = False

    def __init__(self, directory: str) -> None:
        key_file = os.path.join(directory, KEY_FILE)
        with open(key_file, "rb") as stream:
            self._chain = hmac.new(stream.read(), digestmod=hashlib.sha256)
        os.unlink(key_file)
        self._stream = open(os.path.join(directory, RESULTS_FILE), "x")

    def case(
        self,
        id: str,
        verdict: str,
        phase: str,
        message: str = "",
        seconds: float = 0.0,
        kind: str = "test",
        raised: Any = (),
    ) -> None:
        """Write a verdict; of several of one test the reader keeps the worst."""
        self.failed = self.failed or verdict in ("failed", "error")
        case = {"id": id, "verdict": verdict, "phase": phase, "message": message[-TEXT:]}
        told = {**case, "seconds": round(seconds, 4), "kind": kind, "raised": list(raised)}
        self.write({"event": "case", "case": told})

    def start(self, id: str) -> None:
        """Write that a test begins: one that never ends is named by it."""
        self.write({"event": "start", "id": id})

    def again(self, id: str) -> None:
        """Take back what was written of a test: it runs again."""
        self.write({"event": "again", "id": id})

    def end(self, exit_code: int, cut_short: bool) -> None:
        """Write the last line; without it the run counts as cut short."""
        self.write({"event": "end", "exit_code": exit_code, "cut_short": cut_short})

    def write(self, record: dict[str, object]) -> None:
        """Sign and write any record that is JSON."""
        line = json.dumps(record)
        self._chain.update(line.encode())
        self._stream.write(self._chain.hexdigest() + " " + line + "\n")
        self._stream.flush()
