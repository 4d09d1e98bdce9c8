"""Turn a provider's refusal, as status and body, into one of our errors.

No SDK is needed to read an answer. Codes and texts are those of https://docs.anthropic.com/en/api/errors and
https://platform.openai.com/docs/guides/error-codes.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from bot.models.port import ContextTooLong, ModelBusy, ModelDown, ModelError, ModelQuota, ModelRefused

_QUOTA_CODES = {
    "billing_error",
    "billing_hard_limit_reached",
    "credit_balance_exhausted",
    "enforced_spend_limit_reached",
    "insufficient_quota",
    "organization_spend_limit_exceeded",
    "organization_usage_limit_exceeded",
    "project_spend_limit_exceeded",
}
_BUSY_CODES = {"overloaded_error", "rate_limit_error", "rate_limit_exceeded", "server_is_overloaded", "slow_down"}
_LONG_CODES = {"context_length_exceeded", "request_too_large"}
_QUOTA_WORDS = re.compile(r"credit balance is too low|specified API usage limits|exceeded your current quota", re.I)
_LONG_WORDS = re.compile(
    r"prompt is too long|exceeds? (the )?(model's )?(maximum )?context|maximum context length|context window", re.I
)
_LIMIT = re.compile(r"(?:> |maximum context length (?:is|of) )(\d{4,})")
_REGAIN = re.compile(r"regain access on (\d{4}-\d\d-\d\d)(?: at (\d\d:\d\d))?")
_LONGEST_WAIT = 600.0  # seconds: a rate limit that asks for more is a quota, whatever the provider calls it


def make_error(model: str, status: int, body: object, headers: Mapping[str, str]) -> ModelError:
    """Make the error for an HTTP answer, or (200) an event in a stream."""
    kind, code, message = _read(body)
    names = {kind, code}
    wait = read_retry_after(headers)
    said = f"{model}: HTTP {status}" + (f", {message}" if message else "")
    if names & _QUOTA_CODES or status == 402 or _QUOTA_WORDS.search(message):
        return _quota_error(said, message, wait)
    if names & _LONG_CODES or status == 413 or (status in (200, 400) and _LONG_WORDS.search(message)):
        limit = _LIMIT.search(message)
        return ContextTooLong(f"The conversation is too long ({said}).", limit=int(limit[1]) if limit else None)
    if names & _BUSY_CODES or status in (429, 503, 529):
        if wait is not None and wait > _LONGEST_WAIT:
            return _quota_error(said, message, wait)
        return ModelBusy(f"Busy: {said}.", retry_after=wait)
    return _make_plain_error(said, status, kind)


def _make_plain_error(said: str, status: int, kind: str) -> ModelError:
    if status in (401, 403) or kind in ("authentication_error", "permission_error"):
        return ModelRefused(
            f"The provider rejected the API key ({said}). Check it with `forgehand doctor`.", reason="key"
        )
    if status == 404 or kind == "not_found_error":
        return ModelRefused(f"No such model or URL: {said}.", reason="model")
    if status in (400, 422) or kind == "invalid_request_error":
        return ModelRefused(f"The provider rejected the request ({said}).", reason="request")
    return ModelDown(f"No answer from {said}.")


def make_refusal(model: str, words: str | None) -> ModelRefused:
    """Make the error for a model, or a filter before it, that declined."""
    return ModelRefused(f"{model} declined to answer" + (f": {_shorten(words)}" if words else "."), reason="policy")


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds a provider's headers ask us to wait, or None."""
    lowered = {name.lower(): value for name, value in headers.items()}
    try:
        if "retry-after-ms" in lowered:
            return max(float(lowered["retry-after-ms"]) / 1000, 0.0)
        return max(float(lowered["retry-after"]), 0.0)
    except KeyError:
        return None
    except ValueError:
        pass
    try:
        return max(parsedate_to_datetime(lowered.get("retry-after", "")).timestamp() - time.time(), 0.0)
    except ValueError:
        return None


def _quota_error(said: str, message: str, wait: float | None) -> ModelQuota:
    until = time.time() + wait if wait is not None else None
    if regain := _REGAIN.search(message):
        moment = datetime.fromisoformat(f"{regain[1]}T{regain[2] or '00:00'}").replace(tzinfo=UTC)
        until = moment.timestamp()
    return ModelQuota(f"Out of quota or credit: {said}. Top up or raise the limit at the provider.", until=until)


def _read(body: object) -> tuple[str, str, str]:
    """Read ``(type, code, message)`` from a body with or without wrapper."""
    if not isinstance(body, Mapping):
        return "", "", _shorten(body if isinstance(body, str) else "")
    inner: Any = body.get("error", body)
    if not isinstance(inner, Mapping):
        return "", "", _shorten(str(inner))
    details = inner.get("details")
    code = inner.get("code") or (details.get("error_code") if isinstance(details, Mapping) else None)
    return str(inner.get("type") or ""), str(code or ""), _shorten(str(inner.get("message") or ""))


def _shorten(text: str | None) -> str:
    return " ".join((text or "").split())[:200]
