"""Read the reports of tools that write JSON of their own instead of SARIF."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice
from typing import Any

from bot.analysis.records import Severity, StaticFinding
from bot.analysis.sarif import MAX_RESULTS, clean_message, load_json, make_relative, read_line_number

_BANDIT: dict[str, Severity] = {"HIGH": "error", "MEDIUM": "warning", "LOW": "note"}
_ZIZMOR_FILE = re.compile(r"failed to (?:validate|parse|load) (?:input )?file://(.+?) as \w+(?:$|:)", re.MULTILINE)
ZIZMOR_NAMELESS = re.compile(r"failed to parse input:")
_SHELLCHECK: dict[str, Severity] = {"error": "error", "warning": "warning", "info": "note", "style": "note"}


def read_bandit(data: bytes, tool: str, *, roots: Sequence[str] = ()) -> tuple[StaticFinding, ...]:
    """Read ``bandit -f json``; raise :class:`AnalysisError` for no JSON."""
    found = (
        _finding(tool, roots, row, "filename", row.get("line_range"), _BANDIT, "issue_severity")
        for row in _rows(data, tool, "results")
    )
    return tuple(one for one in found if one is not None)


def find_unparsed_by_bandit(data: bytes, errors: str, roots: Sequence[str]) -> tuple[str, ...]:
    """Return the files that bandit reports it could not parse."""
    names = (make_relative(str(row.get("filename") or ""), roots) for row in _rows(data, "bandit", "errors"))
    return tuple(name for name in names if name is not None)


def find_unparsed_by_zizmor(data: bytes, errors: str, roots: Sequence[str]) -> tuple[str, ...]:
    """Return the files that zizmor warns of.

    On its standard error, version 1.32 names files that are not workflows ("failed to validate file://PATH as
    workflow") and not those that it cannot read as YAML ("failed to parse input: ..."); the exit code is 0.
    """
    names = (make_relative(name, roots) for name in _ZIZMOR_FILE.findall(errors))
    return tuple(name for name in names if name is not None)


def read_shellcheck(data: bytes, tool: str, *, roots: Sequence[str] = ()) -> tuple[StaticFinding, ...]:
    """Read ``shellcheck -f json1``; :class:`AnalysisError` for no JSON."""
    found = (
        _finding(tool, roots, row, "file", [row.get("line"), row.get("endLine")], _SHELLCHECK, "level")
        for row in _rows(data, tool, "comments")
    )
    return tuple(one for one in found if one is not None)


def _rows(data: bytes, tool: str, name: str) -> list[dict[str, Any]]:
    rows = load_json(data, tool).get(name)
    return [row for row in islice(rows, MAX_RESULTS) if isinstance(row, dict)] if isinstance(rows, list) else []


def _finding(
    tool: str,
    roots: Sequence[str],
    row: dict[str, Any],
    path_key: str,
    lines: object,
    severities: dict[str, Severity],
    severity_key: str,
) -> StaticFinding | None:
    path = make_relative(str(row.get(path_key) or ""), roots)
    numbers = [number for one in (lines if isinstance(lines, list) else []) if (number := read_line_number(one))]
    if path is None or not numbers:
        return None
    code = row.get("code")
    return StaticFinding(
        tool=tool,
        rule=str(row["test_id"]) if "test_id" in row else f"SC{code}",
        path=path,
        line=min(numbers),
        end_line=max(numbers),
        message=clean_message(str(row.get("issue_text") or row.get("message") or "")),
        severity=severities.get(str(row.get(severity_key)), "warning"),
    )
