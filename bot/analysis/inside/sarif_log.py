"""The little SARIF our own scanners write inside the sandbox."""

from __future__ import annotations

import json
import sys
from typing import Any


def result(rule: str, level: str, message: str, path: str, line: int, end_line: int) -> dict[str, Any]:
    """One result; lines count from 1."""
    region = {"startLine": line, "endLine": end_line}
    place = {"physicalLocation": {"artifactLocation": {"uri": path.replace("%", "%25")}, "region": region}}
    return {"ruleId": rule, "level": level, "message": {"text": message}, "locations": [place]}


def write(name: str, results: list[dict[str, Any]]) -> None:
    """The log, to standard output."""
    log = {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": name}}, "results": results}]}
    json.dump(log, sys.stdout)
