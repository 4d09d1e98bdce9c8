"""The report at the end of a push: git says "hook declined", GitHub says why."""

from __future__ import annotations

import re
from collections.abc import Iterator

_WORKFLOW = re.compile(rb"refusing to allow a GitHub App to create or update workflow `[^`]*` without `\w+` permission")
_CHUNK = 65_515


def explained(output: bytes) -> bytes:
    """Put GitHub's reasons in place of ``hook declined``.

    Other answers of receive-pack are unchanged.
    """
    if b"hook declined" not in output:
        return output
    packets = list(_packets(output))
    told = b"".join(data[1:] for data in packets if data[:1] == b"\x02")
    report = b"".join(data[1:] for data in packets if data[:1] == b"\x01")
    lines = b"".join(_line(_because(line, told)) if line else b"0000" for line in _packets(report))
    kept = [_line(data) for data in packets if data[:1] == b"\x02"]
    return b"".join([*kept, *(_line(b"\x01" + part) for part in _parts(lines)), b"0000"])


def _because(line: bytes, told: bytes) -> bytes:
    """``ng REF hook declined`` with the reason the hook gave for that ref."""
    match = re.fullmatch(rb"ng (\S+) hook declined\n?", line)
    if match is None:
        return line
    ref = match[1]
    if b"GH013: Repository rule violations found for " + ref in told:
        reason = b"push declined due to repository rule violations"
    elif b"GH006: Protected branch update failed for " + ref in told:
        reason = b"protected branch hook declined"
    else:
        workflow = _WORKFLOW.search(told)
        reason = workflow[0] if workflow else b"hook declined"
    return b"ng " + ref + b" " + reason + b"\n"


def _packets(data: bytes) -> Iterator[bytes]:
    """Iterate over the payloads of pkt-lines; flush packets are empty."""
    place = 0
    while place + 4 <= len(data):
        size = int(data[place : place + 4], 16)
        yield data[place + 4 : place + size] if size else b""
        place += max(size, 4)


def _line(data: bytes) -> bytes:
    return f"{len(data) + 4:04x}".encode() + data


def _parts(data: bytes) -> Iterator[bytes]:
    for place in range(0, len(data), _CHUNK):
        yield data[place : place + _CHUNK]
