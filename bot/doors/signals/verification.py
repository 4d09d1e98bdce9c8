"""Check that a body is from its source, over the raw bytes, before anything is parsed.

Each kind of sender can prove something else; what none of them signs is never believed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from bot.doors.webhook.signature import InvalidDelivery
from bot.types import SourceKind

TOKEN_HEADER = "Forgehand-Token"  # noqa: S105 - the name of a header
SIGNATURE_HEADER = "Forgehand-Signature"
_WINDOW = 300.0  # seconds that a signed time may be from ours
_GRAFANA = ("X-Grafana-Alerting-Signature", "X-Grafana-Alert-Signature")  # by its documentation, by its code
GRAFANA_TIME = "X-Grafana-Alerting-Timestamp"
_HEX = re.compile(r"[0-9a-f]{64}")
_OWN = re.compile(r"t=([0-9]{1,15}),id=([A-Za-z0-9_-]{1,100})((?:,v1=[0-9a-f]{64}){1,5})")
_REPEAT_SECONDS = 600


class Proof(NamedTuple):
    """A proof; ``name`` is equal for the same request sent again."""

    name: bytes


def verify(kind: SourceKind, headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: float) -> Proof:
    """Check a request against the secrets of its source.

    ``now`` is in seconds. Raises :class:`InvalidDelivery` (401).
    """
    if not secrets:
        raise _refuse("No secret is set for this source yet; `forgehand signals rotate` sets one.")
    if kind == "own":
        return _verify_own(headers, body, secrets, now)
    if kind == "sentry":
        _require(_fits(body, [headers.get("Sentry-Hook-Signature", "")], secrets), "Sentry-Hook-Signature")
        return Proof(body)
    if kind == "pagerduty":
        given = headers.get("X-PagerDuty-Signature", "").split(",")[:10]
        signatures = [each.strip().removeprefix("v1=") for each in given if each.strip().startswith("v1=")]
        _require(_fits(body, signatures, secrets), "X-PagerDuty-Signature")
        return Proof(body)
    if kind == "grafana" and any(name in headers for name in _GRAFANA):
        return _verify_grafana(headers, body, secrets, now)
    _require(_shows(headers, secrets), f"Authorization or {TOKEN_HEADER}")
    return Proof(_tell_repeats(body, now) if kind in {"alertmanager", "grafana"} else body)


def sign_own(body: bytes, secret: str, *, at: int, name: str) -> str:
    """Return our signature of a body that is sent at a time under a name."""
    signature = sign_body(f"{at}.{name}.".encode() + body, secret)
    return f"t={at},id={name},v1={signature}"


def _verify_own(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: float) -> Proof:
    read = _OWN.fullmatch(headers.get(SIGNATURE_HEADER, "").replace(" ", ""))
    if read is None:
        raise _refuse(f"{SIGNATURE_HEADER} is missing or malformed: t=SECONDS,id=NAME,v1=HEX.")
    at, name, signatures = read.groups()
    signed = f"{at}.{name}.".encode() + body
    _require(_fits(signed, signatures.lstrip(",").replace("v1=", "").split(","), secrets), SIGNATURE_HEADER)
    _require_recent(int(at), now)
    return Proof(name.encode())


def _verify_grafana(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: float) -> Proof:
    at = headers.get(GRAFANA_TIME, "")
    signed = f"{at}:".encode() + body if at else body
    signatures = [headers[name] for name in _GRAFANA if name in headers]
    _require(_fits(signed, signatures, secrets), _GRAFANA[0])
    if at:
        if not re.fullmatch(r"[0-9]{1,15}", at):
            raise _refuse(f"{GRAFANA_TIME} is not a time in seconds.")
        _require_recent(int(at), now)
    return Proof(_tell_repeats(body, now))


def _tell_repeats(body: bytes, now: float) -> bytes:
    """Name a body that its sender repeats while an alert fires.

    What comes within ten minutes is the same request again; later it says that the alert still fires.
    """
    return f"{int(now // _REPEAT_SECONDS)}.".encode() + body


def _shows(headers: Mapping[str, str], secrets: Sequence[str]) -> bool:
    """Return True if a secret is shown, in one of three ways."""
    kind, _, rest = headers.get("Authorization", "").strip().partition(" ")
    shown = [headers.get(TOKEN_HEADER, "")]
    if kind.lower() == "bearer":
        shown.append(rest.strip())
    elif kind.lower() == "basic":
        shown.append(_read_password(rest.strip()))
    equal = [_equal(each, secret) for each in shown if each for secret in secrets]
    return any(equal)


def _read_password(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return ""


def _fits(signed: bytes, signatures: Sequence[str], secrets: Sequence[str]) -> bool:
    """Return True if a signature fits a secret; all are compared."""
    made = [sign_body(signed, secret) for secret in secrets]
    given = [each for each in signatures if _HEX.fullmatch(each)]
    equal = [hmac.compare_digest(ours, theirs) for ours in made for theirs in given]
    return any(equal)


def sign_body(signed: bytes, secret: str) -> str:
    """Return the HMAC-SHA256 of a body, in hexadecimal."""
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def _equal(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "surrogateescape"), other.encode())


def _require(good: bool, header: str) -> None:
    if not good:
        raise _refuse(f"{header} does not fit this source: its secret and ours differ.")


def _require_recent(at: int, now: float) -> None:
    if abs(now - at) > _WINDOW:
        raise _refuse("The signed time is more than five minutes from this server's: is a clock wrong?")


def _refuse(reason: str) -> InvalidDelivery:
    return InvalidDelivery(reason, status=401)
