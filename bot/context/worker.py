"""Read blobs for the indexer in a process of its own.

Hostile text meets the parser here, without secrets and within limits. ``python -m bot.context.worker GIT_DIR`` reads
one JSON line (``[[sha, language], ...]``) and writes a frame for each blob: two 4-byte lengths, the posting, the record
(empty where the blob was left out or is missing).
"""

from __future__ import annotations

import json
import resource
import struct
import sys
from pathlib import Path

from bot.context.blobs import Blobs, decode
from bot.context.languages import language_named
from bot.context.record import Posting, read_text
from bot.context.sieve import unread_bytes

FRAME = struct.Struct(">II")
MISSING = "missing"
_MEMORY = 2 << 30  # bytes the process may use; a text whose tree needs more is not worth it


def read_blob(data: bytes | None, language: str) -> tuple[bytes, bytes]:
    """Read one blob into its posting and record, as stored."""
    if data is None:
        return Posting(left_out=MISSING).to_bytes(), b""
    reason = unread_bytes(data)
    if reason:
        return Posting(left_out=reason).to_bytes(), b""
    posting, record = read_text(decode(data), language_named(language))
    return posting.to_bytes(), record.to_bytes()


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    out = sys.stdout.buffer
    with Blobs(Path(sys.argv[1])) as blobs:
        for line in sys.stdin:
            for sha, language in json.loads(line):
                posting, record = read_blob(blobs.read(sha), language)
                out.write(FRAME.pack(len(posting), len(record)) + posting + record)
            out.flush()


if __name__ == "__main__":
    main()
