"""Say what a log fails for, in a form that survives other runs, lines and machines."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import NamedTuple

from bot.ci_logs.excerpt import find_errors
from bot.ci_logs.failing_tests import find_failing_tests
from bot.ci_logs.frames import Frame, find_traces
from bot.ci_logs.masks import mask, mask_values
from bot.redaction import redact

_EXCEPTION = re.compile(
    r"^(?:E\s+|\[\w+\]\s+|Caused by: |Exception in thread \"[^\"]{0,80}\" |Uncaught |\s*)"
    r"(?P<kind>(?:[\w$]+[.:]+){0,12}[A-Z]\w*(?:Error|Exception|Failure|Failed|Fault|Panic|Interrupt|Exit"
    r"|Timeout)\w*)(?:\s\[\w+\])?(?:: ?(?P<message>.*)|\s*)$"
)
_PANIC = re.compile(r"(?:^panic: |panicked at (?:'(?P<quoted>.{0,300})', )?)(?P<message>.*)$")
_RULE = re.compile(
    r"\b(?:error|warning)?\s?(?P<rule>TS\d{4}|error\[E\d{4}\]|CS\d{4}|C\d{4}|LNK\d{4}|[A-Z]{1,4}\d{3,4}"
    r"|[a-z]+(?:-[a-z]+)+|-W[\w-]+)\b"
)
_COMPILER = re.compile(
    r"^(?P<path>[\w./\\+@-]{1,300}\.\w{1,5})(?::|\()(?P<line>\d+)(?:[:,]\d+)?\)?:? ?(?:-? ?)(?:fatal )?(?:error"
    r"|warning)?:? ?(?P<message>.*)$"
)


class Cause(NamedTuple):
    """Cause of a failure; ``kind``: exception, rule or "" if unknown."""

    kind: str
    message: str
    path: str
    function: str
    test: str


def find_cause(lines: Sequence[str]) -> Cause:
    """Return the cause that a step's lines tell."""
    tests = find_failing_tests(lines)
    kind, message, place = _find_exception(lines)
    frame = _find_own_frame(lines, place)
    if not kind:
        kind, message, frame = _find_rule(lines, frame)
    if not kind and not tests:
        errors = find_errors(lines, 1)
        message = errors[0] if errors else ""
    return Cause(
        kind, redact(message), frame.path if frame else "", frame.function if frame else "", min(tests) if tests else ""
    )


def make_fingerprint(lines: Sequence[str]) -> str:
    """Return the same text for logs of one cause, else another.

    "" where the log tells no cause: two such logs may have two.
    """
    cause = find_cause(lines)
    if not any(cause):
        return ""
    base = cause.path.replace("\\", "/").rpartition("/")[2]
    parts = (cause.kind.rpartition(".")[2], mask_values(cause.message), base, cause.function, mask(cause.test))
    return hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()[:32]


def _find_exception(lines: Sequence[str]) -> tuple[str, str, int]:
    """Return kind, message and place of the first exception of a trace."""
    for place, line in enumerate(lines):
        match = _EXCEPTION.match(line[:600])
        if match is not None and (match["message"] or "Error" in match["kind"] or "Exception" in match["kind"]):
            return match["kind"], (match["message"] or "").strip(), place
        panic = _PANIC.search(line[:600]) if "panic" in line else None
        if panic is not None:
            told = panic["message"] if panic["quoted"] is None else panic["quoted"]
            return "panic", told if not told.endswith(":") or place + 1 >= len(lines) else lines[place + 1], place
    return "", "", 0


def _find_own_frame(lines: Sequence[str], place: int) -> Frame | None:
    """Return the innermost own frame near an exception, else the first."""
    near = lines[max(0, place - 120) : place + 80]
    for traces in (find_traces(near), find_traces(lines)):
        for trace in traces:
            own = next((frame for frame in trace if frame.own), None)
            if own is not None:
                return own
    return None


def _find_rule(lines: Sequence[str], frame: Frame | None) -> tuple[str, str, Frame | None]:
    """Return rule, message and place of the first finding of a checker."""
    for line in lines:
        if "rror" not in line and "arning" not in line and not re.search(r":\d+:\d+: [A-Z]\d", line):
            continue
        match = _COMPILER.match(line.strip()[:600])
        if match is not None:
            rule = _RULE.search(line)
            return (
                rule["rule"] if rule else "error",
                match["message"],
                Frame(match["path"], int(match["line"]), "", True),
            )
    return "", "", frame
