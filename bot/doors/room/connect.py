"""Get a key from OpenRouter in the browser, by PKCE: nothing is typed or pasted.

What has to be known when the browser comes back is sealed into the address that it comes back to, for this session
alone: no table holds it, and in another session it does not open.
"""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime, timedelta

from pydantic import Field, SecretStr

from bot.doors.api.fields import RepositoryName
from bot.doors.api.keys import NewKey, TriedKey, add_key, make_keeper
from bot.doors.api.operation import Reply, Sent
from bot.doors.api.problems import Problem
from bot.doors.room.guard import find_origin
from bot.doors.room.page import Answer, Moved, Pages, Shown
from bot.doors.room.rendering import PREFIX
from bot.doors.room.seen import list_seen
from bot.doors.room.visit import Visit
from bot.keys import openrouter
from bot.keys.keeper import KeyUnusable
from bot.keys.openrouter import DAYS, MINUTES, Handshake, make_verifier
from bot.sealing.port import SealError
from bot.types import JsonModel, KeyScope

pages = Pages("keys")
_STRANGE = "This is not the answer to a question of yours, or it came too late. Begin again with Connect OpenRouter."
_NO_ADDRESS = "OpenRouter cannot send you back: FORGEHAND_PUBLIC_URL must be the address of this server."


class ConnectForm(Sent):
    """Owner of the new key, and its limit a month."""

    scope: KeyScope | None = None
    repository: RepositoryName | None = None
    dollars: int = Field(default=20, ge=1, le=100_000)
    fallback: bool = False


class CodeQuery(Sent):
    """The code that OpenRouter sends back."""

    code: str | None = Field(default=None, max_length=1000)


class _Begun(JsonModel):
    """A request under way, sealed."""

    verifier: str
    until: datetime
    scope: KeyScope
    repository: str | None
    fallback: bool


@pages.add("GET", "/keys/connect", access="person", title="Connect OpenRouter")
async def show_connect(visit: Visit) -> Answer:
    """Ask whose the key is to be, then lead to OpenRouter's page.

    A link leads there: browsers follow no redirect of a form to another site under our policy.
    """
    form = visit.read_query(ConnectForm)
    link = "" if form.scope is None else await _begin(visit, form, form.scope)
    return Shown(
        "connect.html", form=form, link=link, seen=list_seen(visit), days=DAYS, has_account=visit.caller.holds("run")
    )


@pages.add("GET", "/keys/connected/{begun}", access="person", title="Connect OpenRouter")
async def finish(visit: Visit) -> Answer:
    """Take the key for the code that came back, and keep it."""
    begun = await _read(visit)
    code = visit.read_query(CodeQuery).code
    if begun is None or begun.until < datetime.now(UTC) or code is None:
        raise Problem(_STRANGE, status=409)
    shaken = Handshake("", begun.verifier, begun.until)
    try:
        secret = await openrouter.exchange(openrouter.HOME, shaken.form(code))
    except KeyUnusable as error:
        raise Problem(error.message, status=409) from None
    new = NewKey(
        provider="openrouter",
        scope=begun.scope,
        repository=begun.repository,
        fallback=begun.fallback,
        secret=SecretStr(secret),
    )
    made: Reply[TriedKey] = await visit.ask(add_key, body=new)
    return Moved(f"{PREFIX}/keys/{made.body.key.id}", "OpenRouter gave a key. It pays from the next call on.")


async def _begin(visit: Visit, form: ConnectForm, scope: KeyScope) -> str:
    """Return the address at OpenRouter on which the person agrees."""
    origin = find_origin(visit.context.services.settings)
    if origin is None:
        raise Problem(_NO_ADDRESS, status=409)
    now = datetime.now(UTC)
    begun = _Begun(
        verifier=make_verifier(),
        until=now + timedelta(minutes=MINUTES),
        scope=scope,
        repository=form.repository,
        fallback=form.fallback,
    )
    sealed = await make_keeper(visit.context).seal(begun.model_dump_json(), _place(visit))
    part = base64.urlsafe_b64encode(sealed.encode()).rstrip(b"=").decode()
    shaken = Handshake(f"{origin}{PREFIX}/keys/connected/{part}", begun.verifier, now + timedelta(days=DAYS))
    return shaken.page(openrouter.HOME, label="Forgehand", dollars=form.dollars)


async def _read(visit: Visit) -> _Begun | None:
    """Return what was begun in this session, if the address says so."""
    part = visit.part("begun")
    try:
        sealed = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode()
        return _Begun.model_validate_json(await make_keeper(visit.context).unseal(sealed, _place(visit)))
    except (binascii.Error, ValueError, SealError):
        return None


def _place(visit: Visit) -> str:
    return f"openrouter:{visit.caller.id}"
