"""Sign requests to AWS as whoever this machine is there (Signature Version 4).

AWS's own library, the extra ``aws``, finds the credentials and signs: the variables ``AWS_ACCESS_KEY_ID`` and
``AWS_SECRET_ACCESS_KEY``, a profile, a role of the machine or container. It is imported when something is signed.
"""

from __future__ import annotations

import importlib
import importlib.util
import threading
from collections.abc import Mapping
from concurrent.futures import TimeoutError as OutOfTime
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

from bot.types import ForgehandError

_INSTALL = "install it: `pip install --require-hashes -r requirements-aws.txt`, or `pip install 'forgehand[aws]'`"
_ADVICE = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or a role of this machine"
_TIMEOUT = 30.0  # seconds: longer than the chain takes to ask its last place


class NoCredentials(ForgehandError):
    """Nothing can be signed: the library or the credentials are missing."""


class AwsSigner:
    """Signer for one service in one region; the library renews what it found."""

    def __init__(self, service: str, region: str) -> None:
        self._service = service
        self._region = region
        self._lock = threading.Lock()  # the event loops of workflows are in threads of their own
        self._provider: Any = None

    @property
    def is_installed(self) -> bool:
        """Return True if AWS's library is here."""
        return importlib.util.find_spec("awscrt") is not None

    def sign(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
        """Return the headers of a request, signed; this may wait for credentials.

        Give only those that have to be signed; the host's is added. Raises :class:`NoCredentials`.
        """
        auth, http, errors = (_load(name) for name in ("auth", "http", "exceptions"))
        config = auth.AwsSigningConfig(
            algorithm=auth.AwsSigningAlgorithm.V4,
            signature_type=auth.AwsSignatureType.HTTP_REQUEST_HEADERS,
            credentials_provider=self._find_provider(),
            region=self._region,
            service=self._service,
        )
        place = urlsplit(url)
        named = [*headers.items(), ("Host", place.netloc)]
        path = f"{place.path or '/'}?{place.query}" if place.query else place.path or "/"
        asked = http.HttpRequest(method, path, http.HttpHeaders(named), BytesIO(body))
        try:
            signed = auth.aws_sign_request(asked, config).result(_TIMEOUT)
        except (errors.AwsCrtError, OutOfTime) as error:
            name = getattr(error, "name", "no answer in time")
            raise NoCredentials(f"there are no credentials of AWS ({name}): {_ADVICE}") from None
        return dict(signed.headers)

    def _find_provider(self) -> Any:
        """Return where the credentials are had, found once."""
        with self._lock:
            if self._provider is None:
                bootstrap = _load("io").ClientBootstrap.get_or_create_static_default()
                self._provider = _load("auth").AwsCredentialsProvider.new_default_chain(bootstrap)
            return self._provider


def _load(name: str) -> Any:
    try:
        return importlib.import_module(f"awscrt.{name}")
    except ImportError:
        raise NoCredentials(f"AWS's library is not here; {_INSTALL}") from None
