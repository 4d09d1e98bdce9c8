"""Add, list, test, rotate and retire keys of models' providers, for whoever runs the server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from bot import logs
from bot.doors.operating import opened_app, opened_store
from bot.github.api.errors import NotFound
from bot.keys import openrouter
from bot.keys.keeper import Keeper, KeyUnusable, Tried
from bot.keys.records import find_reminder, state_of
from bot.keys.resealing import count_masters, reseal
from bot.models.catalogue import Catalogue
from bot.models.client import SdkModel
from bot.models.gateway import ModelGateway
from bot.sealing.local import LocalMaster
from bot.sealing.masters import find_master
from bot.sealing.port import SealError
from bot.settings import LOCAL_MASTER, Settings
from bot.store import keys
from bot.store.database import now_ms
from bot.store.keys import KeyOwner, StoredKey
from bot.store.store import Store


async def add_key(
    settings: Settings,
    provider: str,
    secret: str,
    *,
    person: str | None,
    repository: str | None,
    organisation: str | None,
    name: str,
    fallback: bool,
) -> str:
    """Add a key and say how its test went.

    Without an owner it is the server's. Raises :class:`KeyUnusable`, :class:`SealError`.
    """
    owner = await _find_owner(settings, person, repository, organisation)
    with _opened(settings) as keeper:
        tried = await keeper.add(owner, provider, secret, name=name, fallback=fallback)
    return f"{tried.trial.words}\n{describe(tried.key)}"


async def connect_key(
    settings: Settings,
    show: Callable[[str], None],
    *,
    dollars: float,
    person: str | None,
    repository: str | None,
    organisation: str | None,
    fallback: bool,
) -> str:
    """Get a key from OpenRouter, add it, and say how its test went.

    Raises :class:`KeyUnusable`, :class:`SealError`.
    """
    secret = await openrouter.connect(
        lambda page: show(f"Open this page and agree:\n{page}"), label="Forgehand", dollars=dollars
    )
    return await add_key(
        settings,
        "openrouter",
        secret,
        person=person,
        repository=repository,
        organisation=organisation,
        name="",
        fallback=fallback,
    )


def list_keys(settings: Settings) -> str:
    """Return a line for each key."""
    with opened_store(settings) as store:
        found = store.run_sync(keys.list_all)
    return "\n".join(map(describe, found)) or "No keys are kept; `forgehand keys add` adds one."


async def test_key(settings: Settings, key_id: str, *, ask: bool) -> str:
    """Test a key in stages; raises :class:`KeyUnusable`, :class:`SealError`.

    A key that fails raises too, so that a script notices.
    """
    with opened_store(settings) as store:
        catalogue = Catalogue(settings)
        paid = ModelGateway(store, settings, catalogue, SdkModel) if ask else None
        logs.configure(
            settings.model_copy(update={"log_level": "WARNING"})
        )  # what each question took is told at the end
        tried = await Keeper.of(settings, store, catalogue).test(key_id, paid=paid)
    said = f"{tried.trial.words}\n{describe(tried.key)}"
    if tried.trial.finding.state in ("refused", "exhausted"):
        raise KeyUnusable(said)
    return said


async def rotate_key(settings: Settings, key_id: str, secret: str) -> str:
    """Give a key a successor; raises :class:`KeyUnusable`, :class:`SealError`."""
    with _opened(settings) as keeper:
        tried = await keeper.rotate(key_id, secret)
    return f"{tried.trial.words}\n{describe(tried.key)}\n{_tell_rotation(key_id, tried)}"


async def retire_key(settings: Settings, key_id: str, *, fallback: bool) -> str:
    """Forget a key; raises :class:`KeyUnusable`."""
    with _opened(settings) as keeper:
        key = await keeper.retire(key_id, fallback=fallback)
    who = key.belongs_to.words
    after = f"A wider key may pay for {who} now." if fallback else f"Until {who} has another one, nobody else's pays."
    return f"{key.id} is forgotten here; withdraw it at {key.provider} too. {after}"


async def reseal_all(settings: Settings, *, new: bool, drop_old: bool) -> str:
    """Seal everything with the master key of now, made anew with ``new``.

    ``drop_old``: drop instead those that nothing names. Raises :class:`SealError`.
    """
    local = LocalMaster.of(settings)
    is_elsewhere = settings.masters[0] != LOCAL_MASTER
    if is_elsewhere and (new or drop_old):
        raise SealError(
            f"The master key is {find_master(settings).place}: change it there, then run this without options."
        )
    with opened_store(settings) as store:
        if drop_old:
            return await _drop_old(store, local)
        if new:
            returns = len(settings.masters) > 1 and not local.is_there  # from elsewhere: there is no key yet
            await asyncio.to_thread(local.make if returns else local.add)
        done = await reseal(store, find_master(settings))
    if done.problems:
        raise SealError(f"{done.moved} moved; these could not be:\n" + "\n".join(done.problems))
    said = f"Everything is sealed with the master key {done.master} now; {done.moved} moved."
    if is_elsewhere or len(settings.masters) > 1:
        return f"{said} Nothing names another one: other places and older versions may go, once no server uses them."
    return f"{said} Where a server runs, let a minute pass, then `forgehand keys reseal --drop-old` drops the old ones."


async def _drop_old(store: Store, master: LocalMaster) -> str:
    """Drop the master keys that nothing names. Raises :class:`SealError`."""
    first, *old = await asyncio.to_thread(master.load)
    named = await count_masters(store)
    if needed := [f"{name} ({named[name]})" for name in old if named[name]]:
        raise SealError(f"Still named by what is sealed: {', '.join(needed)}. Run `forgehand keys reseal` first.")
    if not old:
        return f"There is one master key, {first}."
    await asyncio.to_thread(master.drop, old)
    return f"Dropped {', '.join(old)}; {first} stays. Backups from before need what was dropped."


def describe(key: StoredKey) -> str:
    """Return a key in one line."""
    day = datetime.fromtimestamp(key.created / 1000, UTC).strftime("%Y-%m-%d")
    about = f"{key.provider} {key.name!r} {key.masked} of {key.belongs_to.words}"
    known = f": {key.problem}" if key.problem else ""
    use = "" if key.retired is not None else f", {key.use}"
    wider = "; a wider key may pay instead" if key.fallback and key.scope != "instance" else ""
    reminder = find_reminder(key, now_ms())
    return f"{key.id}  {about}: {state_of(key, now_ms())}{use}, added {day}{known}{wider}" + (
        f" ({reminder})" if reminder else ""
    )


def _tell_rotation(old: str, tried: Tried) -> str:
    if tried.key.use == "current":
        return f"It pays from now on. {old} serves the tasks that began with it, then it is forgotten."
    return f"{old} goes on paying: `forgehand keys test {tried.key.id}` lets its successor take over once it works."


@contextmanager
def _opened(settings: Settings) -> Iterator[Keeper]:
    with opened_store(settings) as store:
        yield Keeper.of(settings, store, Catalogue(settings))


async def _find_owner(
    settings: Settings, person: str | None, repository: str | None, organisation: str | None
) -> KeyOwner:
    """Return the owner that is named; raises :class:`KeyUnusable`."""
    if person is None and repository is None and organisation is None:
        return KeyOwner(scope="instance")
    async with opened_app(settings) as github:
        if person is not None:
            try:
                account = await github.account(person)
            except NotFound:
                raise KeyUnusable(f"GitHub knows no account {person}.") from None
            return KeyOwner(scope="person", id=account.id, name=account.login)
        if repository is not None:
            found = await github.find_repository(repository)
            if found is None:
                raise KeyUnusable(f"The App is not installed on a repository {repository}.")
            return KeyOwner(scope="repository", id=found.id, name=found.full_name, installation=found.installation)
        installation = await github.installation_of(organisation or "")
        if installation is None:
            raise KeyUnusable(f"The App is not installed by an account {organisation}.")
        return KeyOwner(scope="organisation", id=installation, name=organisation or "", installation=installation)
