"""Sign people in with GitHub: to its page and back, with PKCE."""

from __future__ import annotations

import base64
import binascii
import secrets
from typing import TYPE_CHECKING, NamedTuple, Self
from urllib.parse import quote

from bot.doors.room.guard import find_origin
from bot.settings import Settings
from bot.types import ForgehandError

if TYPE_CHECKING:  # 4 MB that a server needs from the first sign-in on
    from authlib.integrations.httpx_client import AsyncOAuth2Client  # type: ignore[import-untyped]

PENDING_SECONDS = 600
TOKEN_SECONDS = 8 * 3600
_TIMEOUT = 15.0
_REVOKE_TIMEOUT = 5.0  # whoever signs out waits for it
_GONE = frozenset({204, 404, 422})  # the last two: it was dead before
_LONGEST = 2000


class SignInFailed(ForgehandError):
    """GitHub signed nobody in; the message says why and what to do."""


class Pending(NamedTuple):
    """A sign-in under way, as the browser keeps it.

    Whoever comes back with another ``state`` did not begin here; ``wanted`` is the page to show then.
    """

    state: str
    verifier: str
    wanted: str

    def pack(self) -> str:
        """Return the text of its cookie."""
        return ".".join((self.state, self.verifier, base64.urlsafe_b64encode(self.wanted.encode()).decode()))

    @classmethod
    def unpack(cls, text: str) -> Self | None:
        """Return what a cookie holds, None for nothing of ours."""
        parts = text.split(".") if len(text) < _LONGEST else []
        try:
            state, verifier, wanted = parts
            return cls(state, verifier, base64.urlsafe_b64decode(wanted).decode())
        except (ValueError, binascii.Error):
            return None


class GitHubSignIn:
    """The way to GitHub's page and back, to the path ``callback``."""

    def __init__(self, settings: Settings, callback: str) -> None:
        self._settings = settings
        self._origin = find_origin(settings)
        self._callback = callback

    @property
    def is_ready(self) -> bool:
        """Return True if the App's client is known, and where we are."""
        return bool(self._settings.client_id and self._settings.client_secret and self._origin)

    def begin(self, wanted: str, *, choose: bool) -> tuple[str, Pending]:
        """Return where to send the browser, and what it must bring back.

        ``choose`` lets people choose among their accounts.
        """
        pending = Pending(secrets.token_urlsafe(32), secrets.token_urlsafe(48), wanted)
        more = {"prompt": "select_account"} if choose else {}
        url, _ = self._client().create_authorization_url(
            f"{self._settings.web_url}/login/oauth/authorize",
            state=pending.state,
            code_verifier=pending.verifier,
            **more,
        )
        return str(url), pending

    async def finish(self, code: str, pending: Pending) -> str:
        """Return the person's token.

        The refresh token that may come with it is thrown away. Raises :class:`SignInFailed`.
        """
        import httpx2
        from authlib.integrations.base_client import OAuthError  # type: ignore[import-untyped]

        try:
            async with self._client() as client:
                token = await client.fetch_token(
                    f"{self._settings.web_url}/login/oauth/access_token",
                    code=code,
                    code_verifier=pending.verifier,
                    headers={"Accept": "application/json"},
                )
                return str(token["access_token"])
        except OAuthError as error:
            raise SignInFailed(f"GitHub did not sign you in ({error.error}). Try again.") from None
        except (httpx2.HTTPError, ValueError, KeyError, TypeError):
            raise SignInFailed("GitHub did not answer as it should. Try again in a minute.") from None

    async def revoke(self, token: str) -> bool:
        """Have GitHub forget a person's token; False where it did not answer.

        https://docs.github.com/en/rest/apps/oauth-applications#delete-an-app-token
        """
        import httpx2

        secret = self._settings.client_secret
        assert secret is not None, "there is a token of a sign-in"
        client_id = str(self._settings.client_id)
        try:
            async with httpx2.AsyncClient(timeout=_REVOKE_TIMEOUT) as client:
                answer = await client.request(
                    "DELETE",
                    f"{self._settings.api_url}/applications/{quote(client_id)}/token",
                    auth=(client_id, secret.get_secret_value()),
                    json={"access_token": token},
                )
        except httpx2.HTTPError:
            return False
        return answer.status_code in _GONE

    def _client(self) -> AsyncOAuth2Client:
        from authlib.integrations.httpx_client import AsyncOAuth2Client

        secret = self._settings.client_secret
        return AsyncOAuth2Client(
            self._settings.client_id,
            "" if secret is None else secret.get_secret_value(),
            redirect_uri=f"{self._origin}{self._callback}",
            code_challenge_method="S256",
            token_endpoint_auth_method="client_secret_post",  # noqa: S106 - the name of a way
            timeout=_TIMEOUT,
        )
