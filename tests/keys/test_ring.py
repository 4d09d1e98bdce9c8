"""Who pays: the narrowest key there is, and nobody else without a word."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.keys.keeper import KeyUnusable
from bot.models.port import ModelQuota, ModelRefused
from bot.settings import Settings
from bot.store import keys
from bot.store.keys import KeyOwner
from bot.store.store import Store
from bot.store.tables import key as table
from bot.store.tables import model_call
from simhub.scripted_model import Script, ScriptedModel
from tests.support.models import KEY, new_store, scripted_settings, spender, talk
from tests.support.ring import Ring, new_ring

MARIA = KeyOwner(scope="person", id=11, name="maria")
SHOP = KeyOwner(scope="repository", id=21, name="octo/shop", installation=31)
OCTO = KeyOwner(scope="organisation", id=31, name="octo", installation=31)
SERVER = KeyOwner(scope="instance")
SECRETS = {one.scope: f"sk-of-the-{one.scope}-0123456789" for one in (MARIA, SHOP, OCTO, SERVER)}
CLAUDE = "claude-sonnet-5-5"


@pytest.fixture
async def server() -> AsyncIterator[ScriptedModel]:
    async with ScriptedModel(Script()) as running:
        running.keys = {KEY: "", **dict.fromkeys(SECRETS.values(), "")}
        running.models = [CLAUDE]
        running.script.on({"text": "Yes."}, reusable=True)
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = new_store(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def settings(server: ScriptedModel) -> Settings:
    return scripted_settings(server)


@pytest.fixture
def ring(store: Store, settings: Settings, tmp_path: Path) -> Ring:
    return new_ring(store, settings, tmp_path)


async def ask(ring: Ring, task: str, models: tuple[str, ...] = (CLAUDE,), **given: int) -> None:
    """Ask for Maria's task in the shop."""
    who = {"person_id": MARIA.id, "repository_id": SHOP.id, "installation": OCTO.id} | given
    asked = spender(task, role="fix", models=list(models), **who)
    await ring.gateway.ask(asked, "s", "fix", talk("Mend it."), max_output=100)


def shown(server: ScriptedModel) -> str:
    return server.requests[-1].headers["authorization"].removeprefix("Bearer ")


def ids_paid(store: Store) -> list[str]:
    query = sa.select(model_call.c.key).order_by(model_call.c.created, model_call.c.task)
    return list(store.run_sync(lambda connection: connection.execute(query).scalars().all()))


async def test_the_narrowest_key_pays_and_its_id_is_in_the_ledger(
    ring: Ring, server: ScriptedModel, store: Store
) -> None:
    await ask(ring, "t0")
    assert shown(server) == KEY, "the key of the settings comes last"
    added = []
    for number, owner in enumerate((SERVER, OCTO, SHOP, MARIA), start=1):
        tried = await ring.keeper.add(owner, "anthropic", SECRETS[owner.scope])
        added.append(tried.key.id)
        assert [(stage.name, stage.ok) for stage in tried.trial.stages] == [
            ("address", True),
            ("encryption", True),
            ("key", True),
            ("models", True),
        ]
        await ask(ring, f"t{number}")
        assert shown(server) == SECRETS[owner.scope]
    assert ids_paid(store) == ["", *added]
    await ask(ring, "t5", person_id=12)
    assert shown(server) == SECRETS["repository"], "another person's task is not paid by Maria"
    await ask(ring, "t6", person_id=12, repository_id=22, installation=32)
    assert shown(server) == SECRETS["instance"]
    held = store.run_sync(keys.list_all)
    assert {key.state for key in held} == {"works"}
    assert not any(SECRETS[key.scope] in key.model_dump_json() for key in held)


@pytest.mark.parametrize(
    ("fault", "kind", "words"), [("bad_key", ModelRefused, "refuses"), ("quota", ModelQuota, "credit")]
)
async def test_nobody_wider_pays_for_a_key_that_fails(
    ring: Ring, server: ScriptedModel, store: Store, fault: str, kind: type[Exception], words: str
) -> None:
    assert server.keys is not None
    key = (await ring.keeper.add(MARIA, "anthropic", SECRETS["person"])).key
    server.keys[SECRETS["person"]] = fault
    for task in ("t1", "t2"):  # first the provider says it, then it is known
        with pytest.raises(kind, match=f"{key.id} of @maria.*{words}.*keys rotate {key.id}"):
            await ask(ring, task, models=(CLAUDE, "gpt-6.1-sol"))
    assert server.requests == [], "neither the model nor the one after it was asked with another's key"
    assert store.run_sync(keys.find, key.id).state == ("refused" if fault == "bad_key" else "exhausted")  # type: ignore[union-attr]
    server.keys[SECRETS["person"]] = ""
    await ring.keeper.test(key.id)
    await ask(ring, "t3")
    assert shown(server) == SECRETS["person"]


async def test_its_owner_may_let_a_wider_key_pay(ring: Ring, server: ScriptedModel) -> None:
    assert server.keys is not None
    await ring.keeper.add(OCTO, "anthropic", SECRETS["organisation"])
    mine = (await ring.keeper.add(MARIA, "anthropic", SECRETS["person"], fallback=True)).key
    server.keys[SECRETS["person"]] = "bad_key"
    await ask(ring, "t1")
    assert shown(server) == SECRETS["organisation"]
    await ring.keeper.retire(mine.id)
    with pytest.raises(ModelRefused, match=f"{mine.id} of @maria, and it is retired: add another one"):
        await ask(ring, "t2")
    await ring.keeper.retire(mine.id, fallback=True)
    await ask(ring, "t3")
    assert shown(server) == SECRETS["organisation"]


async def test_a_task_keeps_its_key_while_it_is_rotated(ring: Ring, server: ScriptedModel, store: Store) -> None:
    assert server.keys is not None
    old = (await ring.keeper.add(MARIA, "anthropic", SECRETS["person"])).key
    store.run_sync(_queue_task, "t1")
    await ask(ring, "t1")
    with pytest.raises(KeyUnusable, match="does not accept the key"):
        await ring.keeper.rotate(old.id, "sk-mistyped-0123456789")
    server.keys["sk-second-0123456789"] = ""
    new = (await ring.keeper.rotate(old.id, "sk-second-0123456789")).key
    assert (new.use, new.state) == ("current", "works")
    assert store.run_sync(keys.list_outlived) == [], "a task that runs began with it"
    await ask(ring, "t2")
    assert shown(server) == "sk-second-0123456789", "a new task"
    before = len(server.requests)
    await ring.gateway.ask(_maria("t1"), "s2", "fix", talk("And?"), max_output=100)
    assert shown(server) == SECRETS["person"], "the task that began with the old one"
    server.keys[SECRETS["person"]] = "bad_key"  # revoked at the provider
    await ring.gateway.ask(_maria("t1"), "s3", "fix", talk("And?"), max_output=100)
    assert (shown(server), len(server.requests)) == ("sk-second-0123456789", before + 2), "it goes on with the new one"
    store.run_sync(lambda connection: connection.execute(sa.text("update fh_task set state = 'done', ended = 1")))
    assert store.run_sync(keys.list_outlived) == [old.id]


async def test_a_copied_row_opens_nowhere_else(ring: Ring, server: ScriptedModel, store: Store) -> None:
    mine = (await ring.keeper.add(MARIA, "anthropic", SECRETS["person"])).key
    other = (await ring.keeper.add(OCTO, "anthropic", SECRETS["organisation"])).key
    moved = sa.update(table).where(table.c.id == mine.id).values(sealed=other.sealed)
    store.run_sync(lambda connection: connection.execute(moved))
    with pytest.raises(ModelRefused, match=f"{mine.id} of @maria cannot be opened"):
        await ask(ring, "t1")
    assert server.requests == []


def _maria(task: str) -> Any:
    return spender(task, role="fix", models=[CLAUDE], person_id=MARIA.id, repository_id=SHOP.id, installation=OCTO.id)


def _queue_task(connection: sa.Connection, task: str) -> None:
    columns = "id, flow, source, installation, repository, number, actor, argument, state, posted, created"
    values = f"'{task}', 'fix', 'label', 31, 'octo/shop', 7, 'maria', '{{}}', 'running', '{{}}', 1"
    connection.execute(sa.text(f"insert into fh_task ({columns}) values ({values})"))
