"""Detect credentials in text; kinds are named, values never repeated."""

from __future__ import annotations

import re
from collections.abc import Iterable

_MIN_KNOWN = 8

_KINDS = {
    # New installation tokens are ghs_APPID_JWT, hundreds of characters with dots.
    "GitHub token": r"\bgh[opusr]_[A-Za-z0-9_.\-]{30,}|\bgithub_pat_[A-Za-z0-9_]{40,}",
    "private key": (
        r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----"
        r"(?:(?:(?!-----BEGIN)[\s\S]){0,8000}?-----END [A-Z ]{0,40}PRIVATE KEY-----"
        # a log may end within a key
        r"|(?:(?:\s|\\n)*[A-Za-z0-9+/=]{16,}+)*+)"
    ),
    "Forgehand token": r"\bfhp_[0-9A-Za-z]{42}\b",
    "AWS access key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "Anthropic key": r"\bsk-ant-[A-Za-z0-9_\-]{20,}",
    # Style sheets are full of long names that begin like this, but in lower case.
    "OpenAI key": r"\bsk-(?=[\w\-]{0,120}[0-9])(?=[\w\-]{0,120}[A-Z])[A-Za-z0-9_\-]{32,}",
    "Slack token": r"\bxox[abeprs]-[A-Za-z0-9\-]{10,}",
    "Google key": r"\bAIza[A-Za-z0-9_\-]{35}",
    "Stripe key": r"\b[rs]k_live_[A-Za-z0-9]{20,}",
    "GitLab token": r"\bglpat-[A-Za-z0-9_\-]{20,}",
    "npm token": r"\bnpm_[A-Za-z0-9]{36}\b",
    "PyPI token": r"\bpypi-AgEI[A-Za-z0-9_\-]{50,}",
}
_PATTERNS = {kind: re.compile(pattern) for kind, pattern in _KINDS.items()}


def find_secrets(text: str, known: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the kinds of credentials in a text, ``known`` ones by value."""
    kinds = [kind for kind, pattern in _PATTERNS.items() if pattern.search(text)]
    if any(secret in text for secret in known if len(secret) >= _MIN_KNOWN):
        kinds.append("secret of this server")
    return tuple(kinds)


def redact(text: str, known: Iterable[str] = ()) -> str:
    """Replace each credential of a text by its kind in brackets."""
    for secret in sorted(known, key=len, reverse=True):
        if len(secret) >= _MIN_KNOWN:
            text = text.replace(secret, "[secret removed]")
    for kind, pattern in _PATTERNS.items():
        text = pattern.sub(f"[{kind} removed]", text)
    return text
