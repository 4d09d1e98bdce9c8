"""Read SARIF 2.1.0: lenient, bounded, and trusting nothing.

All functions here are pure. They follow the specification:
https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any
from urllib.parse import unquote, urlsplit

from bot.analysis.records import AnalysisError, Severity, StaticFinding

# Bounds for a hostile report: its bytes, its results, the characters of a message, and the largest line number.
MAX_BYTES = 16 << 20
MAX_RESULTS = 20_000
MAX_MESSAGE = 1000
_MAX_LINE = 10_000_000
_LEVELS: Mapping[str, Severity] = {"error": "error", "warning": "warning", "note": "note"}
_PLACEHOLDER = re.compile(r"\{(\d{1,2})\}")

Json = Mapping[str, Any]


def read_sarif(data: bytes, tool: str, *, roots: Sequence[str] = ()) -> tuple[StaticFinding, ...]:
    """Read the failing results of a log that name a file and a line.

    At most :data:`MAX_RESULTS` are read. Paths below one of ``roots`` (absolute directories) become relative to it.
    Results that are suppressed, absent, or whose place cannot be read are left out. Raises :class:`AnalysisError` where
    it is no SARIF log at all.
    """
    log = load_json(data, tool)
    if not isinstance(log.get("runs"), list):
        raise AnalysisError(f"{tool} wrote JSON that is no SARIF log (it has no runs).")
    found = (one for run in _items(log, "runs") for one in _read_run(run, tool, roots))
    return tuple(islice(found, MAX_RESULTS))


def load_json(data: bytes, tool: str) -> Json:
    """Read a report's JSON object; raises :class:`AnalysisError`."""
    if len(data) > MAX_BYTES:
        raise AnalysisError(f"The report of {tool} is larger than {MAX_BYTES >> 20} MiB.")
    try:
        log = json.loads(data.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError) as error:
        raise AnalysisError(f"The report of {tool} is not valid JSON: {str(error)[:200]}") from None
    if not isinstance(log, dict):
        raise AnalysisError(f"The report of {tool} is not a JSON object.")
    return log


def clean_message(text: str) -> str:
    """Reduce a text to a line of :data:`MAX_MESSAGE` printable characters."""
    plain = "".join(char if char.isprintable() else " " for char in text[: 4 * MAX_MESSAGE])
    return " ".join(plain.split())[:MAX_MESSAGE]


def read_line_number(value: object) -> int | None:
    """Read a line number as JSON may hold it; None for other values."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value <= _MAX_LINE:
        return None
    return int(value)


def _read_run(run: Json, tool: str, roots: Sequence[str]) -> Iterator[StaticFinding]:
    driver = _object(_object(run, "tool"), "driver")
    rules = [rule for rule in driver.get("rules") or () if isinstance(rule, dict)] if _is_list(driver, "rules") else []
    by_id = {_text(rule.get("id")): rule for rule in rules}
    for result in _items(run, "results"):
        named = _object(result, "rule")
        rule_id = _text(result.get("ruleId")) or _text(named.get("id"))
        index = result.get("ruleIndex", named.get("index"))
        if not rule_id and isinstance(index, int) and 0 <= index < len(rules):
            rule_id = _text(rules[index].get("id"))
        if _counts(result) and (place := _place(result, run, roots)) is not None:
            rule = by_id.get(rule_id, {})
            level = _text(result.get("level")) or _text(_object(rule, "defaultConfiguration").get("level"))
            path, line, end_line, columns = place
            yield StaticFinding(
                tool=tool,
                rule=clean_message(rule_id)[:200] or "unnamed",
                path=path,
                line=line,
                end_line=end_line,
                message=_message(result, rule, driver) or rule_id,
                severity=_LEVELS.get(level, "warning"),
                columns=columns,
            )


def _counts(result: Json) -> bool:
    suppressed = any(one.get("status", "accepted") == "accepted" for one in _items(result, "suppressions"))
    failing = result.get("kind") in (None, "fail", "open", "review")
    return failing and not suppressed and result.get("baselineState") != "absent" and result.get("level") != "none"


def _message(result: Json, rule: Json, driver: Json) -> str:
    message = _object(result, "message")
    text = _text(message.get("text"))
    if not text and (name := _text(message.get("id"))):
        strings = {**_object(driver, "globalMessageStrings"), **_object(rule, "messageStrings")}
        text = _text(_object(strings, name).get("text"))
    given = message.get("arguments")
    arguments = [_text(one) for one in given] if isinstance(given, list) else []
    filled = _PLACEHOLDER.sub(lambda m: arguments[int(m[1])] if int(m[1]) < len(arguments) else m[0], text)
    return clean_message(
        filled or _text(message.get("markdown")) or _text(_object(rule, "shortDescription").get("text"))
    )


def _place(result: Json, run: Json, roots: Sequence[str]) -> tuple[str, int, int, tuple[int, int] | None] | None:
    """Return the path, first line, last line and columns of a result."""
    for location in islice(_items(result, "locations"), 10):
        physical = _object(location, "physicalLocation")
        region = _object(physical, "region")
        path = _path(_uri(_object(physical, "artifactLocation"), run), roots)
        line = read_line_number(region.get("startLine"))
        if path is not None and line is not None:
            end = read_line_number(region.get("endLine")) or line
            # A region that ends before the first column of a line does not reach that line.
            if end > line and region.get("endColumn") == 1:
                end -= 1
            return path, line, max(line, end), _columns(region) if end == line else None
    return None


def _columns(region: Json) -> tuple[int, int] | None:
    first = read_line_number(region.get("startColumn"))
    end = read_line_number(region.get("endColumn"))
    return (first, end) if first is not None and end is not None and first < end else None


def _uri(artifact: Json, run: Json) -> str:
    uri = _text(artifact.get("uri"))
    index = artifact.get("index")
    known = run.get("artifacts")
    if not uri and isinstance(index, int) and isinstance(known, list) and 0 <= index < len(known):
        entry = known[index]
        uri = _text(_object(entry, "location").get("uri")) if isinstance(entry, dict) else ""
    return uri


def _path(uri: str, roots: Sequence[str]) -> str | None:
    """Return a plain relative path, or None for one that leads elsewhere."""
    if not uri or len(uri) > 4096:
        return None
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    if parts.scheme not in ("", "file"):
        return None
    return make_relative(unquote(parts.path if parts.scheme else uri), roots)


def make_relative(path: str, roots: Sequence[str] = ()) -> str | None:
    """Make ``path`` relative to the root above it; None where there is none."""
    plain = posixpath.normpath(path.replace("\\", "/"))
    for root in roots:
        if plain.startswith(root.rstrip("/") + "/"):
            plain = plain[len(root.rstrip("/")) + 1 :]
            break
    return None if plain.startswith(("/", "../")) or plain in ("", ".", "..") or "\0" in plain else plain


def _is_list(value: Json, name: str) -> bool:
    return isinstance(value.get(name), list)


def _items(value: Json, name: str) -> Iterator[Json]:
    if _is_list(value, name):
        yield from (item for item in value[name] if isinstance(item, dict))


def _object(value: Json, name: str) -> Json:
    inner = value.get(name)
    return inner if isinstance(inner, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
