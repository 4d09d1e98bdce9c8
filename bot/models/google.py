"""Show Google's tokens in place of a provider's key."""

from __future__ import annotations

from bot.google import GoogleTokens, NoToken
from bot.models.port import ModelBusy, ModelDown, ModelError, ModelRefused


class VertexTokens:
    """Google's tokens, with what goes wrong told as an error of a model."""

    name = GoogleTokens.name

    def __init__(self, tokens: GoogleTokens) -> None:
        self._tokens = tokens

    @property
    def lack(self) -> str:
        """Return in words what is wrong with the credentials, or ""."""
        return self._tokens.lack

    def token(self) -> str:
        """Return a token that is good now; raises :class:`ModelError`."""
        try:
            return self._tokens.token()
        except NoToken as error:
            raise _translate(error) from None

    def forget(self, refused: str) -> bool:
        """Get a new token for the next call, unless there is one since."""
        return self._tokens.forget(refused)


def _translate(error: NoToken) -> ModelError:
    match error.detail("why"):
        case "busy":
            return ModelBusy(error.message, retry_after=None)
        case "away":
            return ModelDown(error.message)
    return ModelRefused(error.message, reason="key")
