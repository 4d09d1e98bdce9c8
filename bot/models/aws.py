"""Show Bedrock in place of a key who this machine is at AWS."""

from __future__ import annotations

from collections.abc import Mapping

from bot.aws import AwsSigner, NoCredentials
from bot.models.port import ModelError, ModelRefused

_SERVICE = "bedrock-mantle"


class BedrockSigner:
    """A signer of requests, with what goes wrong told as an error of a model."""

    name = "requests signed as this machine, untested against the real service,"

    def __init__(self, region: str) -> None:
        self._signer = AwsSigner(_SERVICE, region)

    @property
    def lack(self) -> str:
        """Return in words that the library is missing, or ""."""
        return "" if self._signer.is_installed else "AWS's library, the extra `aws`"

    def sign(self, method: str, url: str, kind: str, body: bytes) -> Mapping[str, str]:
        """Return the headers of a signed request; raises :class:`ModelError`.

        ``kind`` is the type of its body.
        """
        try:
            return self._signer.sign(method, url, {"Content-Type": kind} if kind else {}, body)
        except NoCredentials as error:
            raise _explain(error) from None


def _explain(error: NoCredentials) -> ModelError:
    return ModelRefused(f"Bedrock cannot be asked as this machine: {error.message}.", reason="key")
