"""Add, list, test, rotate and retire keys of models' providers.

A person's key is theirs alone; a repository's is its administrators', an organisation's its owners', asked of GitHub
each time; the server's are its own administrators'. They manage all others too, and need no account on GitHub for that.
A run of GitHub Actions manages no keys: whoever may change a workflow would.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field, SecretStr

from bot.doors.api.callers import Caller
from bot.doors.api.context import Context
from bot.doors.api.fields import KeyId, Moment, ProviderParameter, RepositoryName, maybe_moment, moment
from bot.doors.api.operation import Operations, Reply, Sent
from bot.doors.api.problems import Problem
from bot.github.api.errors import Forbidden
from bot.github.api.scopes import READ_MEMBERS
from bot.github.resources import members
from bot.keys.keeper import Keeper, KeyUnusable, Tried
from bot.keys.records import DAY_MS, OVERDUE_DAYS, Shown, state_of
from bot.keys.trial import Stage
from bot.sealing.port import SealError
from bot.store import keys, limits
from bot.store.database import now_ms
from bot.store.keys import KeyOwner, KeyUse, StoredKey
from bot.store.periods import find_start
from bot.types import JsonModel, KeyScope, Repository

operations = Operations("keys")
_NO_KEY = "There is no such key, or it is not yours to manage; `GET /api/v1/keys` lists yours."
_ERRORS = {404: "there is no such key, or it is not the caller's to manage", 409: "the key cannot be used for that"}


class SecretBody(Sent):
    """A key's value; it is never told again."""

    secret: SecretStr = Field(min_length=8, max_length=4_000, description="the key; it is sealed and never told again")


class NewKey(SecretBody):
    """A key to add."""

    provider: ProviderParameter
    scope: KeyScope = Field(default="person", description="whose it is; the narrowest that there is pays for a task")
    repository: RepositoryName | None = Field(
        default=None, description="for the scope `repository`; for `organisation` one of its repositories"
    )
    name: str = Field(default="", max_length=100, description="what it is called in lists")
    fallback: bool = Field(default=False, description="whether a wider key may pay where this one cannot be used")


class KeysQuery(Sent):
    """Owner of the keys that are wanted."""

    repository: RepositoryName | None = Field(
        default=None, description="a repository that the caller administers; else the caller's own are listed"
    )


class KeyChange(Sent):
    """The changes of a key; what is left out stays."""

    name: str | None = Field(default=None, min_length=1, max_length=100, description="what it is called in lists")
    fallback: bool | None = Field(default=None, description="whether a wider key may pay where this one cannot be used")


class KeyChoice(Sent):
    """Choice of who pays without the key."""

    fallback: bool = Field(default=False, description="whether a wider key may pay from now on")


class TestChoice(Sent):
    """Reach of a test."""

    ask: bool = Field(default=False, description="whether a model is tried out too, which the key's owner pays")


class StoredKeyView(JsonModel):
    """A key without its value."""

    id: str
    provider: str
    scope: KeyScope
    owner: str = Field(description="a login, a repository's name, or empty for the server")
    name: str
    masked: str = Field(description="the part of it that may be shown")
    state: Shown
    use: KeyUse = Field(description="`next`: waits until it works; `former`: serves the tasks that began with it")
    problem: str = Field(description="what is wrong with it, empty where nothing is")
    fallback: bool
    added_by: str = Field(description="a login, empty for whoever runs the server")
    added_at: Moment
    due_at: Moment = Field(description="when it is overdue for a successor; it goes on working")
    tested_at: Moment | None
    retired_at: Moment | None
    stages: tuple[Stage, ...] = Field(description="how its last test went")
    month_micro_dollars: int = Field(description="what it has paid in this month")
    limit_micro_dollars: int | None = Field(description="what it may pay a month, null where nothing limits that")


class StoredKeys(JsonModel):
    """The keys that the caller may manage, oldest first."""

    items: tuple[StoredKeyView, ...]


class TriedKey(JsonModel):
    """A key, and how its test went."""

    key: StoredKeyView
    stages: tuple[Stage, ...]


@operations.add("GET", "/keys", scope="read")
async def list_keys(context: Context, caller: Caller, query: KeysQuery) -> StoredKeys:
    """List the caller's own keys, or those of a repository.

    Administrators of the server see all where they name no repository.
    """
    found = await context.services.store.read(keys.list_all)
    if query.repository is not None:
        owner = await _find_shown(context, caller, query.repository)
        theirs, account = {(owner.scope, owner.id)}, _find_account(owner)
        shared = any((key.scope, key.owner) == (account.scope, account.id) for key in found)
        if shared and await _may_manage(context, caller, account):  # else there is nothing to ask GitHub for
            theirs.add((account.scope, account.id))
        mine = [key for key in found if (key.scope, key.owner) in theirs]
    else:
        mine = [key for key in found if caller.administers or _is_own(caller, key.belongs_to)]
    return StoredKeys(items=tuple(await _show(context, mine)))


@operations.add(
    "POST",
    "/keys",
    scope="run",
    administrators=True,
    statuses=(201,),
    errors={409: "the key cannot be used, or there is one"},
)
async def add_key(context: Context, caller: Caller, body: NewKey) -> Reply[TriedKey]:
    """Add a key.

    It is tested first, and not kept where its provider refuses it.
    """
    owner = await _find_owner(context, caller, body)
    try:
        tried = await make_keeper(context).add(
            owner,
            body.provider,
            body.secret.get_secret_value(),
            name=body.name,
            by=caller.actor.login,
            fallback=body.fallback,
        )
    except (KeyUnusable, SealError) as error:
        raise _explain(error) from None
    return Reply(await _result(context, tried), 201)


@operations.add("GET", "/keys/{key}", scope="read", errors={404: _ERRORS[404]})
async def read_key(context: Context, caller: Caller, key: KeyId) -> StoredKeyView:
    """Return a key that the caller may manage."""
    return await _show_one(context, await _find(context, caller, key))


@operations.add("PATCH", "/keys/{key}", scope="run", administrators=True, errors={404: _ERRORS[404]})
async def change_key(context: Context, caller: Caller, key: KeyId, body: KeyChange) -> StoredKeyView:
    """Call a key otherwise, or say whether a wider one may pay instead."""
    found = await _find(context, caller, key)
    changed = await make_keeper(context).change(found.id, name=body.name, fallback=body.fallback, by=caller.actor.login)
    return await _show_one(context, changed)


@operations.add("POST", "/keys/{key}/test", scope="run", administrators=True, errors=_ERRORS)
async def test_stored_key(context: Context, caller: Caller, key: KeyId, query: TestChoice) -> TriedKey:
    """Test a key in stages; a successor that works takes over."""
    found = await _find(context, caller, key)
    try:
        paid = context.services.models if query.ask else None
        return await _result(context, await make_keeper(context).test(found.id, by=caller.actor.login, paid=paid))
    except (KeyUnusable, SealError) as error:
        raise _explain(error) from None


@operations.add("POST", "/keys/{key}/rotate", scope="run", administrators=True, statuses=(201,), errors=_ERRORS)
async def rotate_key(context: Context, caller: Caller, key: KeyId, body: SecretBody) -> Reply[TriedKey]:
    """Give a key a successor, which takes over once it works.

    Tasks that run end with the key that they began with.
    """
    found = await _find(context, caller, key)
    try:
        tried = await make_keeper(context).rotate(found.id, body.secret.get_secret_value(), by=caller.actor.login)
    except (KeyUnusable, SealError) as error:
        raise _explain(error) from None
    return Reply(await _result(context, tried), 201)


@operations.add("DELETE", "/keys/{key}", scope="run", administrators=True, errors=_ERRORS)
async def retire_key(context: Context, caller: Caller, key: KeyId, query: KeyChoice) -> StoredKeyView:
    """Forget a key's value at once."""
    found = await _find(context, caller, key)
    try:
        retired = await make_keeper(context).retire(found.id, by=caller.actor.login, fallback=query.fallback)
        return await _show_one(context, retired)
    except KeyUnusable as error:
        raise _explain(error) from None


def make_keeper(context: Context) -> Keeper:
    """Return what keeps keys."""
    services = context.services
    return Keeper.of(services.settings, services.store, services.models.catalogue)


def _explain(error: KeyUnusable | SealError) -> Problem:
    return Problem(error.message, status=409 if isinstance(error, KeyUnusable) else 503)


async def _find(context: Context, caller: Caller, key_id: str) -> StoredKey:
    """Return a key that the caller may manage; raises :class:`Problem` (404)."""
    _require_token(caller)
    found = await context.services.store.read(keys.find, key_id)
    if found is None or not await _may_manage(context, caller, found.belongs_to):
        raise Problem(_NO_KEY, status=404)
    return found


async def _may_manage(context: Context, caller: Caller, owner: KeyOwner) -> bool:
    if caller.administers or _is_own(caller, owner):
        return True
    if owner.scope == "organisation":
        return await _owns(context, caller, owner) is True
    if owner.scope != "repository":
        return False
    try:
        return (await _find_repository(context, caller, owner.name)).id == owner.id
    except Problem:
        return False


async def _find_owner(context: Context, caller: Caller, body: NewKey) -> KeyOwner:
    """Return whose the new key is; raises :class:`Problem` (403, 409)."""
    _require_token(caller)
    if body.scope == "person" and not caller.bound:
        caller.check_scope("run")
        return KeyOwner(scope="person", id=caller.actor.id, name=caller.actor.login)
    if body.scope == "instance" and caller.administers:
        return KeyOwner(scope="instance")
    if body.scope in ("person", "instance"):
        raise Problem(f"This token may add no key for the scope `{body.scope}`.", status=403)
    if body.repository is None:
        raise Problem(f"The scope `{body.scope}` needs `repository`.", status=409)
    owner = await _find_repository(context, caller, body.repository)
    if body.scope == "repository":
        return owner
    theirs = _find_account(owner)
    owns = caller.administers or await _owns(context, caller, theirs)
    if owns is None:
        raise Problem(
            f"GitHub does not tell this App who owns {theirs.name}: it needs the permission Members: read there. Else "
            f"whoever runs this server adds the key, `forgehand keys add {body.provider} --organisation "
            f"{theirs.name}`.",
            status=403,
        )
    if not owns:
        raise Problem(f"Only owners of {theirs.name} manage its keys.", status=403)
    return theirs


def _find_account(repository: KeyOwner) -> KeyOwner:
    """Return the account that a repository is in."""
    name, installation = repository.name.partition("/")[0], repository.installation
    return KeyOwner(scope="organisation", id=installation, name=name, installation=installation)


async def _owns(context: Context, caller: Caller, owner: KeyOwner) -> bool | None:
    """Return whether the caller owns an account; None where nobody can tell.

    GitHub is asked each time, and whether the account of this name still is the one that installed the App.
    """
    github = context.services.github
    if caller.bound or await github.installation_of(owner.name) != owner.installation:
        return False
    account = await github.account(owner.name)
    if account.type == "User":
        return account.id == caller.actor.id
    try:
        client = await github.for_installation(owner.installation or 0, READ_MEMBERS)
        return await members.owns(client, owner.name, caller.actor)
    except Forbidden:
        return None


async def _find_shown(context: Context, caller: Caller, full_name: str) -> KeyOwner:
    """Return a repository whose keys the caller may see.

    Whoever administered it when GitHub was last asked sees them, as all else there. Raises :class:`Problem` (403).
    """
    if caller.seen is None or not caller.seems(full_name, "admin"):
        return await _find_repository(context, caller, full_name)
    return _own(caller.seen[full_name.casefold()].repository)


async def _find_repository(context: Context, caller: Caller, full_name: str) -> KeyOwner:
    """Return a repository that the caller administers, or its server.

    Raises :class:`Problem` (403).
    """
    _require_token(caller)
    if caller.administers:
        found = await context.gate.readable(caller, full_name, "manage keys")
    else:
        admission = await context.gate.admit(caller, full_name, "manage keys")
        found, role = admission.repository, admission.principal.role
        if role is None or not role.at_least("admin"):
            raise Problem(f"Only administrators of {found.full_name} manage its keys.", status=403)
    return _own(found)


def _own(found: Repository) -> KeyOwner:
    return KeyOwner(scope="repository", id=found.id, name=found.full_name, installation=found.installation)


def _require_token(caller: Caller) -> None:
    if caller.door == "action":
        raise Problem("A run of GitHub Actions manages no keys: use a token of this server.", status=403)


def _is_own(caller: Caller, owner: KeyOwner) -> bool:
    return caller.door != "action" and not caller.bound and (owner.scope, owner.id) == ("person", caller.actor.id)


async def _result(context: Context, tried: Tried) -> TriedKey:
    return TriedKey(key=await _show_one(context, tried.key), stages=tried.trial.stages)


async def _show_one(context: Context, key: StoredKey) -> StoredKeyView:
    (view,) = await _show(context, [key])
    return view


async def _show(context: Context, found: Sequence[StoredKey]) -> list[StoredKeyView]:
    """Show keys beside what they paid and may pay in this month."""
    month = find_start("month", now_ms(), context.services.settings.zone)
    paid = await context.services.store.read(keys.sum_since, [key.id for key in found], month)
    stored = await context.services.store.read(limits.list_limits)
    monthly = {
        one.name: one.ceiling for one in stored if (one.scope, one.period, one.strength) == ("key", "month", "hard")
    }
    return [_view(key, paid.get(key.id, 0), monthly.get(key.id)) for key in found]


def _view(key: StoredKey, paid: int, limit: int | None) -> StoredKeyView:
    return StoredKeyView(
        id=key.id,
        provider=key.provider,
        scope=key.scope,
        owner=key.owner_name,
        name=key.name,
        masked=key.masked,
        state=state_of(key, now_ms()),
        use=key.use,
        problem=key.problem,
        fallback=key.fallback,
        added_by=key.added_by,
        added_at=moment(key.created),
        due_at=moment(key.created + OVERDUE_DAYS * DAY_MS),
        tested_at=maybe_moment(key.tested),
        retired_at=maybe_moment(key.retired),
        stages=tuple(Stage.model_validate(stage) for stage in key.stages or ()),
        month_micro_dollars=paid,
        limit_micro_dollars=limit,
    )
