"""Ask the server that holds a master key, and say in words why it does not do what it is asked.

What it says is not repeated: its errors may quote what was sent.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import aiohttp

from bot.sealing.port import SealError

ABOUT = b"forgehand"  # bound to each data key where the server can; what it is for is bound to its text
_TIMEOUT = aiohttp.ClientTimeout(total=10)
_AWAY = {429, 472, 473, 500, 502, 503, 504}


def _find_none(_said: Any) -> str:
    return ""


@dataclass(frozen=True)
class Keeper:
    """A server that holds a master key; ``reasons`` by its codes or by status.

    ``find_code`` reads a code out of the JSON of a refusal; it may raise
    LookupError, TypeError and AttributeError on JSON that is not a refusal.
    """

    place: str
    reasons: Mapping[int | str, str]
    find_code: Callable[[Any], str] = _find_none
    busy: frozenset[str] = frozenset()  # codes that say to come again
    who: str = "it"  # who is asked, where that is another server

    async def ask(self, url: str, *, direct: bool = False, method: str = "POST", **given: Any) -> dict[str, Any]:
        """Return the JSON of an answer; ``given`` is for aiohttp's request.

        ``direct``: no proxy is asked. Raises :class:`SealError`.
        """
        # no session is kept, nor a lock: workflows run on several event loops
        try:
            async with (
                aiohttp.ClientSession(timeout=_TIMEOUT, trust_env=not direct) as session,
                session.request(method, url, allow_redirects=False, **given) as answer,
            ):
                status, said = answer.status, None
                said = await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise self.explain(f"{self.who} does not answer ({type(error).__name__})", away=True) from None
        except ValueError:
            said = None  # no JSON
        if status == HTTPStatus.OK and isinstance(said, dict):
            return said
        raise self._refuse(status, said)

    def read(self, answer: Mapping[str, Any], name: str) -> str:
        """Return a text of an answer; raises :class:`SealError`."""
        if not isinstance(found := answer.get(name), str) or not found:
            raise self.explain(f"its answer has no {name}", away=False)
        return found

    def decode(self, text: str) -> bytes:
        """Return what is in base64; raises :class:`SealError`."""
        try:
            return base64.b64decode(text, validate=True)
        except ValueError:
            raise self.explain("its answer is not in base64", away=False) from None

    def explain(self, reason: str, *, away: bool) -> SealError:
        """Return an error that names the place."""
        return SealError(f"{self.place[0].upper()}{self.place[1:]} cannot be used: {reason}.", away=away)

    def _refuse(self, status: int, said: Any) -> SealError:
        try:
            code = self.find_code(said)
        except (LookupError, TypeError, AttributeError):
            code = ""
        reason = self.reasons.get(code) or self.reasons.get(status) or f"{self.who} answers with HTTP {status}"
        return self.explain(reason, away=status in _AWAY or code in self.busy)
