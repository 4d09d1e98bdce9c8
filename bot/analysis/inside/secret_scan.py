"""Run detect-secrets inside the sandbox: ``secret_scan FILE...``.

SARIF goes to standard output and never says what the secret is. In tests and documentation, found by the regular
expression in the environment, only tokens that carry their issuer's mark count: made-up keys and passwords belong
there.
"""

from __future__ import annotations

import math
import os
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import sarif_log  # type: ignore[import-not-found]
from detect_secrets.core.scan import scan_file
from detect_secrets.settings import transient_settings

_MARKED = (
    "AWSKeyDetector", "AzureStorageKeyDetector", "DiscordBotTokenDetector", "GitHubTokenDetector",
    "GitLabTokenDetector", "MailchimpDetector", "NpmDetector", "OpenAIDetector", "PypiTokenDetector",
    "SendGridDetector", "SlackDetector", "SquareOAuthDetector", "StripeDetector", "TelegramBotTokenDetector",
    "TwilioKeyDetector",
)  # fmt: skip
_GUESSED = ("BasicAuthDetector", "CloudantDetector", "JwtTokenDetector", "KeywordDetector", "PrivateKeyDetector")
_KEYWORD = "Secret Keyword"
_PASSWORD = "Basic Auth Credentials"  # noqa: S105
_PLACEHOLDER = re.compile(
    r"example|change.?me|placeholder|dummy|fake|test|sample|your|xxx|\*\*\*|\.\.\.|<|>|\$|%|\{|\}|\(|\)|\s|^[a-z_.-]+$"
    r"|^[A-Z_.-]+$|^(user|pass)|/",
    re.IGNORECASE,
)
# Entropy per character that a guessed secret needs: words have less.
_BITS = 2.8
Place = tuple[int, int, str]  # first column, the one after the last, the detector's name for it


def is_likely(kind: str, value: str) -> bool:
    """Return whether a guess looks like a secret and not like a word or path."""
    if kind not in (_KEYWORD, _PASSWORD):
        return True
    if len(value) < 8 or _PLACEHOLDER.search(value):
        return False
    counts = Counter(value)
    return -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values()) >= _BITS


def scan(path: str, marked_only: bool) -> list[dict[str, Any]]:
    """Scan one file; return a SARIF result for each secret."""
    names = _MARKED if marked_only else (*_MARKED, *_GUESSED)
    found: dict[int, list[Place]] = {}
    lines = dict(enumerate(Path(path).read_bytes().decode("utf-8", "replace").split("\n"), 1))
    with transient_settings({"plugins_used": [{"name": name} for name in names]}):
        for secret in scan_file(path):
            if is_likely(secret.type, secret.secret_value or ""):
                places = _find_columns(lines.get(secret.line_number, ""), secret.secret_value or "")
                found.setdefault(secret.line_number, []).extend((*place, secret.type) for place in places)
    return [_make_result(path, line, place) for line in sorted(found) for place in _merge(found[line])]


def _find_columns(line: str, value: str) -> list[tuple[int, int]]:
    """Find a value and the rest of its word: some detectors cut it."""
    word = re.compile(rf"[\w-]*{re.escape(value)}[\w.~+/=-]*")
    found = [match.span() for match in word.finditer(line)] if value else []
    return [(first + 1, behind + 1) for first, behind in found] or [(1, max(len(line), 1) + 1)]


def _merge(places: list[Place]) -> list[Place]:
    """Merge detectors that overlap: they mean the same secret."""
    # An issuer's mark says more than a keyword nearby.
    merged: list[Place] = []
    for first, behind, kind in sorted(places):
        if merged and first < merged[-1][1]:
            start, end, known = merged[-1]
            merged[-1] = (start, max(end, behind), kind if known == _KEYWORD else known)
        else:
            merged.append((first, behind, kind))
    return merged


def _make_result(path: str, line: int, place: Place) -> dict[str, Any]:
    first, end, kind = place
    level = "warning" if kind in (_KEYWORD, _PASSWORD) else "error"
    rule = "-".join(re.findall(r"[a-z0-9]+", kind.lower()))
    text = f"This line looks as if it held a secret ({kind}). Revoke it if it is real; read it from the environment."
    made: dict[str, Any] = sarif_log.make_result(rule, level, text, path, line, line, (first, end))
    return made


def main() -> None:
    tests = re.compile(os.environ["FORGEHAND_TEST_PATHS"])
    sarif_log.write_log(
        "detect-secrets", [one for path in sys.argv[1:] for one in scan(path, bool(tests.search(path)))]
    )


if __name__ == "__main__":
    main()
