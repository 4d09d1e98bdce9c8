"""Look whether runs of GitHub Actions can ask this server."""

from __future__ import annotations

from bot.checkup import Line
from bot.doors.api.runs import trusted_issuers
from bot.doors.oidc.issuers import Issuer, KeysUnavailable
from bot.github.api.access import open_session
from bot.settings import Settings

_SUBJECT = "Actions"


async def check_actions(settings: Settings) -> Line:
    """Fetch the keys of the issuers that are trusted."""
    issuers = trusted_issuers(settings)
    if not issuers or settings.origin is None:
        lack = "FORGEHAND_PUBLIC_URL is not set" if issuers else "FORGEHAND_OIDC_ISSUERS names no issuer"
        return Line(level="ok", subject=_SUBJECT, text=f"Runs of GitHub Actions may not ask: {lack}.")
    async with open_session() as session:
        for url in issuers:
            try:
                await Issuer(session, url).fetch()
            except KeysUnavailable as error:
                text = (
                    f"{error.message} Runs of GitHub Actions cannot ask; see FORGEHAND_OIDC_ISSUERS, or set it to []."
                )
                return Line(level="warn", subject=_SUBJECT, text=text)
    text = f"Runs of GitHub Actions may ask, with tokens for the audience {settings.origin}."
    return Line(level="ok", subject=_SUBJECT, text=text)
