"""Search texts for a pattern in a process of its own.

A pattern written by a model may never come to an end. Started as ``python -m bot.context.grep GIT_DIR``. One JSON
object in: ``pattern``, ``texts`` (``{path: text}``) and ``blobs`` (``[[path, sha], ...]``). One JSON line out for each
line that matches: ``[path, line number, line]``; at most 5,000.
"""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import bot
from bot.context.blobs import Blobs, decode

SECONDS = 10.0  # a pattern that needs longer may never end
_LINE = 240  # characters shown of a line
_HITS = 5_000  # lines; more are of no use to a reader
_MEMORY = 1 << 30  # bytes the process may use
_ROOT = str(Path(bot.__file__).resolve().parent.parent)


@dataclass(frozen=True)
class Hit:
    """A line (from 1) that matches, its text cut at 240 characters."""

    path: str
    line: int
    text: str


def grep(
    git_dir: Path,
    pattern: str,
    texts: Mapping[str, str],
    blobs: Sequence[tuple[str, str]],
    *,
    seconds: float = SECONDS,
) -> tuple[list[Hit], bool]:
    """Find the lines that match, and whether the search came to its end."""
    request = json.dumps({"pattern": pattern, "texts": dict(texts), "blobs": list(blobs)})
    process = subprocess.Popen(
        [sys.executable, "-m", "bot.context.grep", str(git_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"PATH": os.environ.get("PATH", os.defpath), "PYTHONPATH": _ROOT},
    )
    try:
        out, _ = process.communicate(request.encode(), timeout=seconds)
        ended = process.returncode == 0
    except subprocess.TimeoutExpired as late:
        out = late.stdout or b""
        ended = False
    finally:
        process.kill()
        process.wait()
    whole = out.decode("utf-8", "replace").rpartition("\n")[0]
    return [Hit(*json.loads(line)) for line in whole.splitlines()], ended


def _matches(
    git_dir: Path, pattern: re.Pattern[str], texts: Mapping[str, str], blobs: Sequence[tuple[str, str]]
) -> Iterator[Hit]:
    for path, text in texts.items():
        yield from _lines(path, text, pattern)
    with Blobs(git_dir) as store:
        for path, sha in blobs:
            data = store.read(sha)
            if data is not None:
                yield from _lines(path, decode(data), pattern)


def _lines(path: str, text: str, pattern: re.Pattern[str]) -> Iterator[Hit]:
    for number, line in enumerate(text.split("\n"), 1):
        if pattern.search(line):
            yield Hit(path, number, line[:_LINE])


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    request = json.load(sys.stdin)
    pattern = re.compile(request["pattern"])
    found = _matches(Path(sys.argv[1]), pattern, request["texts"], request["blobs"])
    for hit, _ in zip(found, range(_HITS), strict=False):
        sys.stdout.write(json.dumps([hit.path, hit.line, hit.text]) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
