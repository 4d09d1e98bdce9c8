"""Look whether a public address leads to this server, and whether GitHub's clock and ours agree."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from time import time

import aiohttp

from bot.checkup import Line

ECHO = "/setup/echo"
_CLOCK_TOLERANCE = 30.0  # seconds, as the doctor allows
_TIMEOUT = aiohttp.ClientTimeout(total=8)
_MOST = 1_000  # bytes that are read of an answer


class Echo:
    """Proof that an answer is this server's: only it knows the key."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def answer(self, nonce: str) -> str:
        """Return what nobody else could answer."""
        return hmac.new(self._key, nonce.encode(), hashlib.sha256).hexdigest()


async def probe_address(session: aiohttp.ClientSession, public_url: str, echo: Echo) -> Line:
    """Ask a public address for a proof that it leads here."""
    nonce = secrets.token_hex(16)
    try:
        async with session.get(
            f"{public_url}{ECHO}", params={"nonce": nonce}, allow_redirects=False, timeout=_TIMEOUT
        ) as answer:
            text = (await answer.content.read(_MOST)).decode(errors="replace")
            status = answer.status
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        return _warn(
            f"{public_url} does not answer this server ({type(error).__name__}). Is its name known, its proxy running, "
            "its certificate good?"
        )
    if status == 200 and hmac.compare_digest(text.encode(), echo.answer(nonce).encode()):
        return Line(level="ok", subject="Public address", text=f"{public_url} answers, and leads to this server.")
    return _warn(
        f"{public_url} answers with {status}, but it is not this server that answers. Let the proxy pass on "
        "all paths, unchanged."
    )


async def probe_github(session: aiohttp.ClientSession, api_url: str) -> list[Line]:
    """Ask a GitHub for its clock, without a credential."""
    try:
        async with session.get(f"{api_url}/meta", allow_redirects=False, timeout=_TIMEOUT) as answer:
            headers = answer.headers
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        text = (
            f"{api_url} does not answer this server ({type(error).__name__}). Check the name, the network, the proxy."
        )
        return [Line(level="fail", subject="GitHub", text=text)]
    return judge_github(api_url, headers, time())


def judge_github(api_url: str, headers: Mapping[str, str], now: float) -> list[Line]:
    """Say what an answer's headers tell; ``now``: our clock, in seconds."""
    if "x-github-request-id" not in headers:
        text = f"What answers at {api_url} does not say that it is a GitHub; is the address right?"
        return [Line(level="warn", subject="GitHub", text=text)]
    lines = [Line(level="ok", subject="GitHub", text=f"{api_url} answers.")]
    try:
        skew = parsedate_to_datetime(headers.get("date", "")).timestamp() - now
    except ValueError:
        return lines
    if abs(skew) <= _CLOCK_TOLERANCE:
        return [*lines, Line(level="ok", subject="Clock", text="This machine's clock agrees with GitHub's.")]
    side = "behind" if skew > 0 else "ahead of"
    text = f"This machine's clock is {abs(skew):.0f} s {side} GitHub's: turn on time synchronisation."
    return [*lines, Line(level="warn", subject="Clock", text=text)]


def _warn(text: str) -> Line:
    return Line(level="warn", subject="Public address", text=text)
