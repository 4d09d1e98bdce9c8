"""Exchange an identity that this machine has elsewhere for short-lived tokens of Anthropic's.

https://platform.claude.com/docs/en/manage-claude/workload-identity-federation
"""

from __future__ import annotations

import importlib
import os
import threading
from pathlib import Path
from typing import Any

import structlog

from bot.logs import register_secret
from bot.models.port import ModelBusy, ModelDown, ModelError, ModelRefused
from bot.settings import Settings

_ADVICE = (
    "Anthropic gives no token for the identity that this machine shows (HTTP {status}). Compare the federation rule "
    "with it: issuer, subject, audience, workspace. Anthropic's Console lists each attempt under Workload identity."
)
log = structlog.get_logger(__name__)


class Federation:
    """The service account that this machine may act for.

    There is one for a process: an identity is good for one exchange, and the token that it brings serves all calls.
    """

    name = "federation"

    def __init__(self, rule: str, organization: str, identity: Path, settings: Settings, base_url: str) -> None:
        self._rule = rule
        self._organization = organization
        self._identity = identity
        self._settings = settings
        self._base_url = base_url
        self._lock = threading.Lock()
        self._tokens: Any = None
        self._given = ""  # the newest token that a call has taken

    @classmethod
    def find(cls, settings: Settings, base_url: str) -> Federation | None:
        """Return the one that is set up, if all is given that it needs."""
        rule = settings.anthropic_federation_rule_id
        organization = settings.anthropic_organization_id
        identity = settings.anthropic_identity_token_file
        if not rule or not organization or identity is None:
            return None
        return cls(rule, organization, identity, settings, base_url)

    @property
    def lack(self) -> str:
        """Return in words that the file of the identity cannot be read, or ""."""
        readable = self._identity.is_file() and os.access(self._identity, os.R_OK)
        return "" if readable else "an identity token in ANTHROPIC_IDENTITY_TOKEN_FILE, which cannot be read"

    def token(self) -> str:
        """Return a token that is good now; this may ask Anthropic, and waits.

        Raises :class:`ModelError`.
        """
        sdk = importlib.import_module("anthropic")
        try:
            with self._lock:
                self._tokens = self._tokens or self._open()
            token: str = self._tokens.get_token()
        except sdk.AnthropicError as error:
            log.warning("no token by federation", reason=str(error))
            raise _explain(error) from None
        register_secret(token)
        self._given = token
        return token

    def forget(self, refused: str) -> bool:
        """Get a new token for the next call, unless there is one since.

        Calls that began with the same token are refused together: each must not cost an identity. Whether the file
        holds a new one is not known here, so that none is promised.
        """
        with self._lock:
            if refused == self._given:
                self._given = ""
                self._tokens.invalidate()
        return False

    def _open(self) -> Any:
        """Return the SDK's cache of tokens, which renews them before they expire."""
        library = importlib.import_module("anthropic.lib.credentials")
        credentials = library.WorkloadIdentityCredentials(
            identity_token_provider=library.IdentityTokenFile(self._identity),
            federation_rule_id=self._rule,
            organization_id=self._organization,
            service_account_id=self._settings.anthropic_service_account_id,
            workspace_id=self._settings.anthropic_workspace_id,
        )
        credentials.bind_base_url(self._base_url)
        return library.TokenCache(credentials)


def _explain(error: Exception) -> ModelError:
    """Return what an error means whose words may name files of ours."""
    status = getattr(error, "status_code", None)
    if status == 429:
        return ModelBusy("Busy: Anthropic gives no token for now.", retry_after=None)
    if status is not None and 400 <= status < 500:
        return ModelRefused(_ADVICE.format(status=status), reason="key")
    if status is not None or hasattr(error, "request_id"):
        return ModelDown("Anthropic gave no token.")
    return ModelRefused("No identity can be shown to Anthropic; the server's log says why.", reason="key")
