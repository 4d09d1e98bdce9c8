"""A fuzz target: answers put together from pieces of all dialects must be applied or refused, nothing else.

Run for longer: python -m tests.edits.fuzz [seconds]
"""

from __future__ import annotations

import sys
import time
from random import Random

from bot.edits import EditError, EditRefused, apply, format_for, parse
from tests.edits.helpers import FILES

_PATH = "src/durations/parse.py"
_BODY = " import re\n-class DurationError(ValueError):\n+class DurationError(Exception):\n"
SEEDS = (
    f"{_PATH}\n```python\n<<<<<<< SEARCH\nimport re\n=======\nimport regex as re\n>>>>>>> REPLACE\n```\n",
    f"{_PATH}\n<<<<<<< SEARCH\nclass Reader:\n    ...\n=======\nclass Reader:\n    x = 1\n    ...\n>>>>>>> REPLACE\n",
    f"diff --git a/{_PATH} b/{_PATH}\n--- a/{_PATH}\n+++ b/{_PATH}\n"
    f"@@ -3,4 +3,4 @@ x\n \n{_BODY}\\ No newline at end of file\n",
    f"*** Begin Patch\n*** Update File: {_PATH}\n*** Move to: x.py\n"
    f"@@ class Reader:\n{_BODY}*** End of File\n*** End Patch\n",
    f"<file>{_PATH}</file>\n<original>\n  import re\n</original>\n<patched>\n  import os\n</patched>\n",
    '{"edits": [{"path": "notes.txt", "old_str": "two", "new_str": "2"}]}\n',
    "Makefile\n````make\ntest:\n\tpytest\n````\n",
    *(format_for(model).instructions for model in ("gpt-5", "claude", "gemma-2b")),
    *FILES.values(),
    "\ufeff\x00\r\n\u2028\u200b ... \t\x0c\n# ...\n",
)


def mutated(one: str, other: str, random: Random) -> str:
    """Lines of both, some of them dropped, doubled, swapped, indented or cut."""
    lines = one.split("\n")
    for _ in range(random.randint(0, 6)):
        at = random.randrange(len(lines) + 1)
        kind = random.randrange(6)
        if kind == 0:
            lines[at : at + random.randint(1, 3)] = []
        elif kind == 1:
            lines[at:at] = lines[at : at + 2]
        elif kind == 2:
            lines[at:at] = random.choices(other.split("\n"), k=3)
        elif kind == 3:
            lines[at : at + 1] = [" " * random.randint(1, 4) + line for line in lines[at : at + 1]]
        elif kind == 4:
            lines[at : at + 1] = [line[: random.randint(0, 9)] for line in lines[at : at + 1]]
        else:
            random.shuffle(lines[at : at + 4])
        lines = lines or [""]
    return "\n".join(lines)


def attack(text: str) -> str:
    """Parses and applies; anything but the package's own errors, or a broken promise, is raised."""
    try:
        edits = parse(text)
    except EditError:
        return "no edits"
    try:
        done = apply(edits, FILES.get, paths=FILES, protected=lambda path: path.startswith(".github"))
    except EditRefused as error:
        if len(error.message.split("\n")) > 40:
            raise AssertionError("the refusal is too long") from error
        return str(error.detail("reason"))
    for path, after in done.files.items():
        assert after != FILES.get(path)
        assert ".." not in path.split("/")
        assert not path.startswith(("/", ".git"))
    return "applied"


def main(seconds: float) -> None:
    """Attacks for some seconds and prints how the answers fared."""
    random, fates = Random(), dict[str, int]()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        text = mutated(random.choice(SEEDS), random.choice(SEEDS), random)
        try:
            fate = attack(text)
        except Exception:
            print(text)
            raise
        fates[fate] = fates.get(fate, 0) + 1
    print(fates)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 60)
