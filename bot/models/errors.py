"""Turn a provider's refusal, as status and body, into one of our errors.

No SDK is needed to read an answer. Codes and texts are those of https://docs.anthropic.com/en/api/errors,
https://platform.openai.com/docs/guides/error-codes, https://openrouter.ai/docs/api/reference/errors-and-debugging,
https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html, and of llama-server.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

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
    "ServiceQuotaExceededException",
}
_BUSY_CODES = {"overloaded_error", "rate_limit_error", "rate_limit_exceeded", "server_is_overloaded", "slow_down"}
_BUSY_CODES |= {"ModelNotReadyException", "ThrottlingException"}
_LONG_CODES = {"context_length_exceeded", "exceed_context_size_error", "request_too_large"}
_FILTER_CODES = {"content_filter", "content_policy_violation"}
_FILTER_CODES |= {"bio_policy", "cyber_policy", "invalid_prompt", "misalignment_policy_violation"}
_QUOTA_WORDS = re.compile(r"credit balance is too low|specified API usage limits|exceeded your current quota", re.I)
_LONG_WORDS = re.compile(
    r"prompt (is )?too long|input is too long for|exceed(s|ed)? (the )?(model's )?(max(imum)? )?context|context window|"
    r"maximum context length|maximum prompt length|context length (is|of) only|exceeded model token limit|"
    r"longer than the (maximum model length|model's context)|input token count .{0,20}exceeds the maximum",
    re.I,
)
_NO_TOOLS = re.compile(r"(does|do) not support (tool|function)|support tool use|tool choice requires", re.I)
_NO_THOUGHTS = "Encrypted content is not supported with this model"
_LIMIT = re.compile(
    r"(?:> |maximum context length (?:is|of) |maximum prompt length is |context length (?:is|of) only |"
    r"maximum model length of |token limit: |tokens allowed \(?)(\d{4,})"
)
_AGAIN = re.compile(r"(?:try again|retry) in (?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)(ms|s))?")
_REGAIN = re.compile(r"regain access on (\d{4}-\d\d-\d\d)(?: at (\d\d:\d\d))?")
_LONGEST_TEXT = 4000  # characters of an error that are looked at
_LONGEST_WAIT = 600.0  # seconds: a rate limit that asks for more is a quota, whatever the provider calls it


def make_error(model: str, status: int, body: object, headers: Mapping[str, str]) -> ModelError:
    """Make the error for an HTTP answer, or (200) an event in a stream."""
    inner = _unwrap(body)
    kind, code, message = _read(inner)
    names = {kind, code, headers.get("x-amzn-errortype", "").partition(":")[0]}
    if status == 200 and code.isdecimal():
        status = int(code)  # of an error that came after the answer had begun
    told = _read_wait(message)
    wait = read_retry_after(headers)
    wait = told if wait is None else wait
    behind = " ".join(filter(None, (message, _read_raw(inner))))
    said = f"{model}: HTTP {status}" + (f", {_shorten(behind)}" if behind else "")
    if names & _QUOTA_CODES or status == 402 or (told is None and _QUOTA_WORDS.search(message)):
        return _quota_error(said, message, wait)
    if names & _LONG_CODES or status == 413 or (status in (200, 400) and _LONG_WORDS.search(behind)):
        return ContextTooLong(f"The conversation is too long ({said}).", limit=_read_limit(inner, behind))
    if names & _BUSY_CODES or status in (429, 503, 529):
        if wait is not None and wait > _LONGEST_WAIT:
            return _quota_error(said, message, wait)
        return ModelBusy(f"Busy: {said}.", retry_after=wait)
    if names & _FILTER_CODES or _read_reasons(inner):
        return make_refusal(model, "; ".join((_shorten(message), *_read_reasons(inner))))
    if advice := _find_advice(model, said, status, message):
        return ModelRefused(advice, reason="request")
    return _make_plain_error(said, status, kind, code)


def _find_advice(model: str, said: str, status: int, message: str) -> str:
    """Say of a refused request which setting would mend it, or ""."""
    if status in (400, 404, 422, 500, 501) and _NO_TOOLS.search(message):
        return (
            f"The model cannot call tools here ({said}). Set models.{model}.tools to `schema` or `text`, which need "
            "no tool calls, or choose another model."
        )
    if _NO_THOUGHTS in message:
        return f"The model does not reason ({said}). Set models.{model}.api to `chat`."
    return ""


def _make_plain_error(said: str, status: int, kind: str, code: str) -> ModelError:
    if code == "model_not_found":  # with 403 where a project may not ask it: the key is good
        return ModelRefused(f"No such model, or none that this key may ask: {said}.", reason="model")
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


def _read_wait(message: str) -> float | None:
    """Return the seconds that an error's words ask us to wait, or None."""
    again = _AGAIN.search(message)
    if again is None or not any(again.groups()):
        return None
    hours, minutes, rest, unit = again.groups()
    seconds = float(rest or 0) / (1000 if unit == "ms" else 1)
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + seconds


def _quota_error(said: str, message: str, wait: float | None) -> ModelQuota:
    until = time.time() + wait if wait is not None else None
    if regain := _REGAIN.search(message):
        moment = datetime.fromisoformat(f"{regain[1]}T{regain[2] or '00:00'}").replace(tzinfo=UTC)
        until = moment.timestamp()
    return ModelQuota(f"Out of quota or credit: {said}. Top up or raise the limit at the provider.", until=until)


def _unwrap(body: object) -> object:
    """Return the error itself; Google lists it alone, most others wrap it."""
    if isinstance(body, list) and body:
        body = body[0]
    return body.get("error", body) if isinstance(body, Mapping) else body


def _read(inner: object) -> tuple[str, str, str]:
    """Read ``(type, code, message)`` from an error."""
    if not isinstance(inner, Mapping):
        return "", "", _flatten("" if inner is None else str(inner))
    details = inner.get("details")
    code = inner.get("code") or (details.get("error_code") if isinstance(details, Mapping) else None)
    said = inner.get("message") or inner.get("Message")  # the latter from gateways of AWS
    return str(inner.get("type") or ""), str(code or ""), _flatten(str(said or ""))


def _read_limit(inner: object, message: str) -> int | None:
    told = inner.get("n_ctx") if isinstance(inner, Mapping) else None
    limit = _LIMIT.search(message)
    if isinstance(told, int):
        return told
    return int(limit[1]) if limit else None


def _read_raw(inner: object) -> str:
    """Return what a provider behind a router said, "" where it is not told."""
    metadata = inner.get("metadata") if isinstance(inner, Mapping) else None
    raw = metadata.get("raw") if isinstance(metadata, Mapping) else None
    return _flatten(raw) if isinstance(raw, str) else ""


def _read_reasons(inner: object) -> list[str]:
    """Return why a router's moderation stopped a question."""
    metadata = inner.get("metadata") if isinstance(inner, Mapping) else None
    reasons = metadata.get("reasons") if isinstance(metadata, Mapping) else None
    return [str(reason) for reason in reasons] if isinstance(reasons, list) else []


def _flatten(text: str) -> str:
    return " ".join(text[:_LONGEST_TEXT].split())


def _shorten(text: str) -> str:
    return _flatten(text)[:200]
