"""Let people make and revoke their own tokens of the API."""

from __future__ import annotations

from typing import Annotated

import sqlalchemy as sa
from pydantic import Field

from bot.doors.api.fields import Login, RepositoryName, maybe_moment, moment
from bot.doors.api.operation import Sent
from bot.doors.api.problems import Problem
from bot.doors.api.tokens import make_token
from bot.doors.room.page import Answer, Moved, Pages, Shown
from bot.doors.room.rendering import PREFIX
from bot.doors.room.visit import Visit
from bot.github.api.errors import NotFound
from bot.store import audit, tokens
from bot.store.database import now_ms
from bot.store.tokens import NewToken, StoredToken, TokenRepository
from bot.types import Actor, JsonModel, Scope

pages = Pages("tokens")
_PATH = f"{PREFIX}/tokens"
_DAY_MS = 24 * 3_600_000


class TokenForm(Sent):
    """The token that is wanted."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    scopes: tuple[Scope, ...] = Field(min_length=1)
    repository: RepositoryName | None = None
    days: Annotated[int, Field(ge=1, le=366)] = 90
    account: Login | None = None


class TokenView(JsonModel):
    """A token as it is shown: never its text."""

    id: str
    name: str
    prefix: str
    account: str
    scopes: tuple[Scope, ...]
    repositories: tuple[str, ...]
    state: str
    created_at: str
    expires_at: str
    used_at: str | None


@pages.add("GET", "/tokens", access="person", title="Tokens", place="you")
async def show_tokens(visit: Visit) -> Answer:
    """Show the account's tokens; to administrators everybody's."""
    return await _show(visit)


@pages.add("POST", "/tokens", access="person", title="New token")
async def add_token(visit: Visit) -> Answer:
    """Make a token and show it, once.

    It can do no more than its account may, and no more than who makes it.
    """
    form = await visit.read_form(TokenForm)
    for scope in form.scopes:
        visit.caller.check_scope(scope)
    account = await _find_account(visit, form)
    bound = await _find_repository(visit, form)
    token = make_token()
    new = NewToken(
        hash=token.digest,
        prefix=token.prefix,
        name=form.name,
        account=account,
        scopes=tuple(dict.fromkeys(form.scopes)),
        repositories=bound,
        expires=now_ms() + form.days * _DAY_MS,
    )

    def keep(connection: sa.Connection) -> None:
        stored = tokens.add(connection, new)
        _note(connection, visit, f"make token {stored.id}", f"{', '.join(new.scopes)} for @{account.login}")

    await visit.context.services.store.run(keep)
    return await _show(visit, token.text)


@pages.add("POST", "/tokens/{id}/revoke", access="person", title="Revoke a token")
async def revoke_token(visit: Visit) -> Answer:
    """Revoke a token of one's own; administrators revoke every one."""
    number = visit.part("id")

    def revoke(connection: sa.Connection) -> bool:
        mine = any(token.id == number for token in _list(connection, visit))
        if mine and tokens.revoke(connection, number):
            _note(connection, visit, f"revoke token {number}", "in the control room")
            return True
        return False

    if not await visit.context.services.store.run(revoke):
        raise Problem("There is no such token of yours, or it is revoked already.", status=404)
    return Moved(_PATH, "The token is revoked; it is refused from now on.")


async def _show(visit: Visit, made: str = "") -> Shown:
    found = await visit.context.services.store.read(_list, visit)
    views = [_view(token) for token in reversed(found)]
    return Shown("tokens.html", tokens=views, made=made, scopes=visit.caller.scopes, names=visit.names)


def _list(connection: sa.Connection, visit: Visit) -> list[StoredToken]:
    everybody = visit.is_administrator
    return tokens.list_all(connection) if everybody else tokens.list_of(connection, visit.caller.actor.id)


async def _find_account(visit: Visit, form: TokenForm) -> Actor:
    """Return whom the token acts for; the local administrator has no account."""
    assert visit.signed is not None
    if visit.signed.session.account is not None:
        return visit.caller.actor
    if form.account is None:
        raise Problem("Say which GitHub account the token acts for.", status=400)
    try:
        account = await visit.context.services.github.account(form.account)
    except NotFound:
        raise Problem(f"GitHub knows no account {form.account}.", status=400) from None
    if account.type != "User":
        raise Problem(f"{form.account} is not a person's account.", status=400)
    return account


async def _find_repository(visit: Visit, form: TokenForm) -> tuple[TokenRepository, ...] | None:
    if form.repository is None:
        return None
    found = await visit.context.gate.readable(visit.caller, form.repository, "make token")
    return (TokenRepository(id=found.id, full_name=found.full_name),)


def _note(connection: sa.Connection, visit: Visit, action: str, reason: str) -> None:
    actor, delivery = visit.caller.actor.login, visit.caller.id
    audit.record(connection, action, allowed=True, reason=reason, actor=actor, delivery=delivery)


def _view(token: StoredToken) -> TokenView:
    ended = "revoked" if token.revoked is not None else "expired"
    return TokenView(
        id=token.id,
        name=token.name,
        prefix=token.prefix,
        account=token.account.login,
        scopes=token.scopes,
        repositories=tuple(each.full_name for each in token.repositories or ()),
        state="works" if token.live else ended,
        created_at=moment(token.created),
        expires_at=moment(token.expires),
        used_at=maybe_moment(token.used),
    )
