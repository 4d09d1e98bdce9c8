"""Runs detect-secrets inside the sandbox: ``secret_scan FILE...``, SARIF to standard output.

Never says what the secret is. In tests and documentation, found by the regular expression in the environment, only
tokens that carry their issuer's mark count: made-up keys and passwords belong there.
"""

from __future__ import annotations

import math
import os
import re
import sys
from collections import Counter
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
_BITS = 2.8


def is_likely(kind: str, value: str) -> bool:
    """Whether what a guessing detector found looks like a secret rather than a word, a place or a placeholder."""
    if kind not in (_KEYWORD, _PASSWORD):
        return True
    if len(value) < 8 or _PLACEHOLDER.search(value):
        return False
    counts = Counter(value)
    return -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values()) >= _BITS


def scan(path: str, marked_only: bool) -> list[dict[str, Any]]:
    """SARIF results for one file, one a line."""
    names = _MARKED if marked_only else (*_MARKED, *_GUESSED)
    found: dict[int, str] = {}
    with transient_settings({"plugins_used": [{"name": name} for name in names]}):
        for secret in scan_file(path):
            if is_likely(secret.type, secret.secret_value or ""):
                # an issuer's mark says more than a keyword nearby
                known = found.get(secret.line_number)
                found[secret.line_number] = secret.type if known in (None, _KEYWORD) else known
    return [_result(path, line, kind) for line, kind in sorted(found.items())]


def _result(path: str, line: int, kind: str) -> dict[str, Any]:
    level = "warning" if kind in (_KEYWORD, _PASSWORD) else "error"
    rule = "-".join(re.findall(r"[a-z0-9]+", kind.lower()))
    text = f"This line looks as if it held a secret ({kind}). Revoke it if it is real; read it from the environment."
    made: dict[str, Any] = sarif_log.result(rule, level, text, path, line, line)
    return made


def main() -> None:
    tests = re.compile(os.environ["FORGEHAND_TEST_PATHS"])
    sarif_log.write("detect-secrets", [one for path in sys.argv[1:] for one in scan(path, bool(tests.search(path)))])


if __name__ == "__main__":
    main()
