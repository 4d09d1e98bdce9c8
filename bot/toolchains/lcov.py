"""Read lcov's tracefiles.

https://manpages.debian.org/bookworm/lcov/geninfo.1.en.html#FILES
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from bot.toolchains.coverage import Sources, Tally
from bot.toolchains.port import Hits

_LINE = re.compile(r"DA:(\d{1,9}),(-?\d{1,18})(?:,.*)?")


def read_lcov(reports: Iterable[bytes], sources: Sources) -> Hits:
    """Read how often lines ran; what is no line of the format is passed over."""
    tally = Tally(sources)
    for report in reports:
        path = None
        for line in report.decode(errors="replace").split("\n"):
            if line.startswith("SF:"):
                path = sources.find(line[3:].rstrip("\r"))
            elif path is not None and (found := _LINE.fullmatch(line.rstrip("\r"))):
                tally.add(path, int(found[1]), int(found[2]))
    return tally.hits
