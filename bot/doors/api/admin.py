"""Make, list and revoke tokens, for whoever runs the server."""

from __future__ import annotations

from collections.abc import Sequence

from bot.doors.api.fields import moment
from bot.doors.api.tokens import make_local_token, make_token
from bot.doors.operating import opened_app, opened_store
from bot.github.api.errors import NotFound
from bot.settings import Settings
from bot.store import sessions, tokens
from bot.store.database import now_ms
from bot.store.tokens import NewToken, StoredToken, TokenRepository
from bot.types import Actor, ForgehandError, Scope

_DAY_MS = 24 * 3_600_000


class TokenError(ForgehandError):
    """A token that cannot be made or revoked."""


async def add_token(
    settings: Settings, login: str, name: str, *, scopes: Sequence[Scope], repositories: Sequence[str], days: int
) -> str:
    """Make a token for a GitHub account and return its text.

    The text is stored nowhere. Raises :class:`TokenError` where there is no such account or repository.
    """
    account, bound = await _look_up(settings, login, repositories)
    token = make_token()
    new = NewToken(
        hash=token.digest,
        prefix=token.prefix,
        name=name,
        account=account,
        scopes=tuple(dict.fromkeys(scopes)),
        repositories=bound or None,
        expires=now_ms() + days * _DAY_MS,
    )
    with opened_store(settings) as store:
        stored = store.run_sync(lambda connection: tokens.add(connection, new))
    return f"{token.text}\n\nThis is shown once. {_describe(stored)}"


def list_tokens(settings: Settings) -> str:
    """Return a line for each token."""
    with opened_store(settings) as store:
        found = store.run_sync(tokens.list_all)
    return "\n".join(_describe(token) for token in found) or "There are no tokens; `forgehand tokens add` makes one."


def revoke_token(settings: Settings, token_id: str) -> str:
    """Revoke a token; it is refused from the next request on.

    Raises :class:`TokenError` where there is none to revoke.
    """
    with opened_store(settings) as store:
        if not store.run_sync(lambda connection: tokens.revoke(connection, token_id)):
            raise TokenError(f"There is no token {token_id} to revoke; `forgehand tokens list` shows them.")
    return f"Revoked {token_id}."


def replace_local_token(settings: Settings) -> str:
    """Replace the token of the control room's local administrator.

    Returns the new one's text, which is stored nowhere.
    """
    token = make_local_token()
    with opened_store(settings) as store:
        store.run_sync(lambda connection: sessions.replace_local(connection, token.digest))
    return f"{token.text}\n\nThis is shown once. Sign in with it at /room."


def _describe(token: StoredToken) -> str:
    bound = ", ".join(each.full_name for each in token.repositories or ()) or "every repository of the account"
    ends = f"revoked {_day(token.revoked)}" if token.revoked is not None else f"expires {_day(token.expires)}"
    used = f"last used {_day(token.used)}" if token.used is not None else "never used"
    who = f"{token.prefix}... {token.name!r} of @{token.account.login}"
    return f"{token.id}  {who}: {', '.join(token.scopes)}; {bound}; {ends}; {used}"


def _day(milliseconds: int | None) -> str:
    return "" if milliseconds is None else moment(milliseconds)[:10]


async def _look_up(settings: Settings, login: str, names: Sequence[str]) -> tuple[Actor, tuple[TokenRepository, ...]]:
    async with opened_app(settings) as github:
        try:
            account = await github.account(login)
        except NotFound:
            raise TokenError(f"GitHub knows no account {login}.") from None
        if account.type != "User":
            raise TokenError(f"{login} is not a person's account.")
        bound = []
        for name in names:
            repository = await github.find_repository(name)
            if repository is None:
                raise TokenError(f"The App is not installed on a repository {name}.")
            bound.append(TokenRepository(id=repository.id, full_name=repository.full_name))
    return account, tuple(bound)
