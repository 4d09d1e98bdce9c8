"""Check a delivery's headers and signature before anything is parsed."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from bot.types import ForgehandError

_SIGNATURE = re.compile(r"sha256=([0-9a-f]{64})")
_GUID = re.compile(r"[0-9A-Za-z-]{1,100}")
_EVENT = re.compile(r"[a-z0-9_]{1,100}")


class InvalidDelivery(ForgehandError):
    """A request that is not a delivery, with the ``status`` to answer."""

    @property
    def status(self) -> int:
        return int(self.details["status"] or 400)


class Headers(NamedTuple):
    """The checked headers; ``signature`` is the hexadecimal HMAC-SHA256."""

    guid: str
    event: str
    signature: str


def read_headers(headers: Mapping[str, str]) -> Headers:
    """Check the headers.

    Raises :class:`InvalidDelivery` with 401 for the signature, 415 for the type or encoding, 400 for the rest.
    """
    signature = _SIGNATURE.fullmatch(headers.get("X-Hub-Signature-256", "").strip())
    if signature is None:
        alone = " A SHA-1 signature alone is not accepted." if "X-Hub-Signature" in headers else ""
        raise InvalidDelivery(
            f"X-Hub-Signature-256 is missing or malformed; set a webhook secret in the App.{alone}", status=401
        )
    kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise InvalidDelivery(
            "Set the webhook's content type to application/json; form-encoded is not read.", status=415
        )
    # GitHub packs no delivery. What is packed could grow to any size before its signature is checked.
    # Of several such headers the server obeys the last.
    encodings = {value.strip().lower() for name, value in headers.items() if name.lower() == "content-encoding"}
    if encodings - {"identity"}:
        raise InvalidDelivery(
            "Content-Encoding is not accepted: GitHub sends deliveries as they are signed.", status=415
        )
    guid = headers.get("X-GitHub-Delivery", "")
    event = headers.get("X-GitHub-Event", "")
    if not _GUID.fullmatch(guid) or not _EVENT.fullmatch(event):
        raise InvalidDelivery("X-GitHub-Delivery or X-GitHub-Event is missing or malformed.", status=400)
    return Headers(guid, event, signature.group(1))


def verify(body: bytes | bytearray, signature: str, secrets: Iterable[str]) -> None:
    """Check the signature in constant time; InvalidDelivery if none fits."""
    matches = [
        hmac.compare_digest(hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(), signature)
        for secret in secrets
        if secret
    ]
    if not any(matches):
        raise InvalidDelivery("The signature does not match: the App's webhook secret and ours differ.", status=401)
