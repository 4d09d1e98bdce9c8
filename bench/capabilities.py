"""What the capabilities beyond the fix can show: mutants, cheats, stale passages, renames, speed-ups.

``python -m bench.capabilities [--mirrors DIR] [--only tests|docs|refactor|optimize ...]``. DIR (default
``.bench/mirrors``) holds bare clones ``owner+name/repo`` of the packages in ``capability_docs.yml``; the other parts
fetch theirs from PyPI. The last line is the figures of all parts as one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path
from typing import Any

from bench import capability_docs, capability_optimize, capability_refactor, capability_tests

_PARTS = ("tests", "docs", "refactor", "optimize")


async def measure(parts: list[str], mirrors: Path) -> dict[str, Any]:
    """Return the figures of some parts, one part after the other."""
    figures: dict[str, Any] = {}
    for part in parts:
        print(f"--- {part}", flush=True)
        figures |= await _measure_part(part, mirrors)
    return figures


async def _measure_part(part: str, mirrors: Path) -> dict[str, Any]:
    match part:
        case "tests":
            return await capability_tests.measure()
        case "docs":
            return await capability_docs.measure(mirrors)
        case "refactor":
            return await capability_refactor.measure()
        case _:
            return await capability_optimize.measure()


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m bench.capabilities")
    parser.add_argument("--mirrors", type=Path, default=Path(".bench/mirrors"))
    parser.add_argument("--only", choices=_PARTS, nargs="+", default=list(_PARTS))
    asked = parser.parse_args()
    print(json.dumps(asyncio.run(measure(asked.only, asked.mirrors))))


if __name__ == "__main__":
    main()
