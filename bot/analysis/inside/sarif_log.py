"""Write the little SARIF that our own scanners need."""

from __future__ import annotations

import json
import sys
from typing import Any


def make_result(
    rule: str, level: str, message: str, path: str, line: int, end_line: int, columns: tuple[int, int] | None = None
) -> dict[str, Any]:
    """Make a result; lines and columns count from 1, the last one excluded."""
    region = {"startLine": line, "endLine": end_line}
    if columns is not None:
        region |= {"startColumn": columns[0], "endColumn": columns[1]}
    place = {"physicalLocation": {"artifactLocation": {"uri": path.replace("%", "%25")}, "region": region}}
    return {"ruleId": rule, "level": level, "message": {"text": message}, "locations": [place]}


def write_log(name: str, results: list[dict[str, Any]]) -> None:
    """Write the log to standard output."""
    run = {"tool": {"driver": {"name": name}}, "columnKind": "unicodeCodePoints", "results": results}
    log = {"version": "2.1.0", "runs": [run]}
    json.dump(log, sys.stdout)
