"""Show keys of models' providers, add, test, rotate and retire them; a key's value goes in and never comes out."""

from __future__ import annotations

from pydantic import Field, SecretStr

from bot.doors.api.fields import ProviderParameter, RepositoryName
from bot.doors.api.keys import (
    KeyChange,
    KeyChoice,
    KeysQuery,
    NewKey,
    SecretBody,
    StoredKeyView,
    TestChoice,
    TriedKey,
    add_key,
    change_key,
    list_keys,
    read_key,
    retire_key,
    rotate_key,
    test_stored_key,
)
from bot.doors.api.operation import Reply, Sent
from bot.doors.api.problems import Problem
from bot.doors.room.page import Answer, Moved, Pages, Shown
from bot.doors.room.seen import list_seen
from bot.doors.room.visit import Visit
from bot.models.providers import PROVIDERS
from bot.types import KeyScope

pages = Pages("keys")
_PATH = "/room/keys"
_TAKEN = tuple(row.name for row in PROVIDERS.values() if row.takes_keys)
_NOTHING_TYPED = "Type or paste the key."


class KeyForm(Sent):
    """A new key as a form says it."""

    provider: ProviderParameter
    scope: KeyScope = "person"
    repository: RepositoryName | None = None
    name: str = Field(default="", max_length=100)
    fallback: bool = False
    secret: SecretStr | None = Field(default=None, max_length=4_000)


class ChangeForm(Sent):
    """A key's own form; an empty value keeps the one there is."""

    name: str | None = Field(default=None, max_length=100)
    fallback: bool = False
    secret: SecretStr | None = Field(default=None, max_length=4_000)


@pages.add("GET", "/keys", access="person", title="Keys", place="you")
async def show_keys(visit: Visit) -> Answer:
    """Show one's own keys, or those of a repository, and a form for a new one."""
    return await _show_list(visit, visit.read_query(KeysQuery))


@pages.add("POST", "/keys", access="person", title="Add a key")
async def add(visit: Visit) -> Answer:
    """Add a key once its provider accepted it."""
    form = await visit.read_form(KeyForm)
    if form.secret is None:
        return await _show_list(visit, KeysQuery(), problem=_NOTHING_TYPED, form=form)
    new = NewKey.model_validate(form.model_dump())
    try:
        made: Reply[TriedKey] = await visit.ask(add_key, body=new)
    except Problem as problem:
        return await _show_list(visit, KeysQuery(), problem=problem.message, form=form, status=problem.status)
    return Moved(f"{_PATH}/{made.body.key.id}", "The key is kept, and pays from the next call on.")


@pages.add("GET", "/keys/{key}", access="person", title="Key")
async def show_key(visit: Visit) -> Answer:
    """Show a key: how it stands, its last test, and what can be done with it."""
    return await _show_one(visit)


@pages.add("POST", "/keys/{key}", access="owner", title="Change a key")
async def change(visit: Visit) -> Answer:
    """Rename a key, and give it a successor where a new value was typed."""
    key, form = visit.part("key"), await visit.read_form(ChangeForm)
    await visit.ask(change_key, key=key, body=KeyChange(name=form.name, fallback=form.fallback))
    if form.secret is None:
        return Moved(f"{_PATH}/{key}", "Saved; the key itself is as it was.")
    try:
        made: Reply[TriedKey] = await visit.ask(rotate_key, key=key, body=SecretBody(secret=form.secret))
    except Problem as problem:
        return await _show_one(visit, problem=problem.message, status=problem.status)
    took_over = made.body.key.use == "current"
    told = "It pays from now on; tasks that run end with the old one." if took_over else "It waits until a test works."
    return Moved(f"{_PATH}/{made.body.key.id}", f"The successor is kept. {told}")


@pages.add("POST", "/keys/{key}/test", access="owner", title="Test a key")
async def test(visit: Visit) -> Answer:
    """Test a key in stages."""
    key, choice = visit.part("key"), await visit.read_form(TestChoice)
    tried: TriedKey = await visit.ask(test_stored_key, key=key, query=choice)
    return Moved(f"{_PATH}/{key}", f"Tested: {tried.key.state}.")


@pages.add("POST", "/keys/{key}/retire", access="owner", title="Retire a key")
async def retire(visit: Visit) -> Answer:
    """Forget a key's value at once."""
    key, choice = visit.part("key"), await visit.read_form(KeyChoice)
    gone: StoredKeyView = await visit.ask(retire_key, key=key, query=choice)
    return Moved(_PATH, f"{gone.name} is forgotten here. Withdraw it at {gone.provider} too.")


async def _show_list(
    visit: Visit, query: KeysQuery, *, problem: str = "", form: KeyForm | None = None, status: int = 200
) -> Answer:
    found = await visit.ask(list_keys, query=query)
    return Shown(
        "keys.html",
        status=400 if problem and status == 200 else status,
        keys=found.items,
        query=query,
        seen=list_seen(visit),
        providers=_TAKEN,
        form=form,
        problem=problem,
        has_account=visit.caller.holds("run"),
    )


async def _show_one(visit: Visit, *, problem: str = "", status: int = 200) -> Answer:
    key: StoredKeyView = await visit.ask(read_key, key=visit.part("key"))
    return Shown("key.html", status=status, key=key, problem=problem)
