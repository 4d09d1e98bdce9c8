"""What stays of an installation that was removed, and of mirrors that nobody uses."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa

from bot.policy.loader import OwnersFiles
from bot.store import deliveries, deployments, installations, tasks
from bot.store.database import now_ms
from bot.store.deliveries import Delivery, DeliveryEnd
from bot.store.deployments import Deployed, Rollback
from bot.store.tables import delivery, task, task_event
from bot.upkeep.housekeeper import Housekeeper
from bot.upkeep.mirrors import trim_mirrors
from handlers import TASKS
from tests.dispatch.test_progress import Desk, desk
from tests.test_organisation import Owner

__all__ = ["desk"]

DAY = 86_400


def folders(desk: Desk) -> list[Path]:
    """The folders of the desk's repository, and of another."""
    data = desk.services.settings.data_dir
    made = [data / "mirrors" / f"{desk.repository.id}.git", data / "environments" / str(desk.repository.id) / "key"]
    made += [data / "mirrors" / "1.git", data / "environments" / "1" / "key"]
    for folder in made:
        folder.mkdir(parents=True)
    return made


async def test_nothing_of_a_removed_installation_stays_once_its_tasks_have_ended(desk: Desk) -> None:
    store = desk.services.store
    theirs = folders(desk)
    desk.add("a1")
    desk.begin("a1")
    number = desk.repository.installation
    live = Deployed(id=1, environment="production", sha="a" * 40, created=1, state="success", changed=1)
    back = Rollback(task="a1", place=desk.repository, environment="production", bad=1, bad_sha="", sha="", began=1)
    await store.run(deployments.record, desk.repository.id, live)
    await store.run(deployments.begin, back, 0)
    await store.run(installations.upsert, number, "octo", "deleted", {})
    housekeeper = Housekeeper(desk.services)
    await housekeeper.sweep()
    assert all(folder.is_dir() for folder in theirs), "a task may still be using them"
    desk.close("a1", "cancelled", "The App was removed.")
    await housekeeper.sweep()
    assert [folder.is_dir() for folder in theirs] == [False, False, True, True]
    assert await store.run(tasks.get, "a1") is None
    assert await store.run(deployments.list_deployed, desk.repository.id, "production") == []
    assert await store.run(deployments.find, "a1") is None
    assert not (desk.services.settings.data_dir / "environments" / str(desk.repository.id)).exists()


async def test_one_that_came_back_is_left_alone(desk: Desk) -> None:
    theirs = folders(desk)
    for state in ("deleted", "active"):
        await desk.services.store.run(installations.upsert, desk.repository.installation, "octo", state, {})
    await Housekeeper(desk.services).sweep()
    assert all(folder.is_dir() for folder in theirs)


async def test_an_organisation_keeps_fewer_days_than_the_server(desk: Desk) -> None:
    def age(connection: sa.Connection) -> None:
        connection.execute(sa.update(task).values(ended=now_ms() - 6 * 86_400_000))
        connection.execute(sa.update(delivery).values(done=now_ms() - 6 * 86_400_000))

    store = desk.services.store
    number = desk.repository.installation
    for name in ("a1", "b2"):
        desk.add(name)
        desk.begin(name)
        desk.close(name, "done", "Done.")
        payload = json.dumps({"installation": {"id": number if name == "a1" else 1}}).encode()
        await store.run(deliveries.put, [Delivery(name, "issues", payload)], "me")
        await store.run(deliveries.end, [DeliveryEnd(name, None)])
    elsewhere = sa.update(task).where(task.c.id == "b2").values(repository="octo/other")
    await store.run(lambda connection: connection.execute(elsewhere) and None)
    await store.run(age)
    await store.run(installations.upsert, number, desk.repository.owner, "active", {})
    desk.services.policies.owners = OwnersFiles(
        Owner((f"repositories: {{{desk.repository.name}: {{keep_days: 5}}}}", "1")), TASKS.schema
    )
    await Housekeeper(desk.services).sweep()

    def left(connection: sa.Connection) -> tuple[set[str], set[str]]:
        told = set(connection.execute(sa.select(task_event.c.task)).scalars())
        full = sa.select(delivery.c.guid).where(sa.func.length(delivery.c.payload) > 0)
        return told, set(connection.execute(full).scalars())

    assert await store.run(left) == ({"b2"}, {"b2"})


async def test_records_go_when_they_are_old_or_too_many_but_not_those_of_these_weeks(desk: Desk) -> None:
    store = desk.services.store
    for name, days in (("a1", 500), ("b2", 100), ("c3", 1)):
        desk.add(name)
        desk.begin(name)
        desk.close(name, "done", "Done.")
        then = now_ms() - days * DAY * 1000
        aged = sa.update(task).where(task.c.id == name).values(created=then, ended=then)
        await store.run(lambda connection, aged=aged: connection.execute(aged) and None)
    await Housekeeper(desk.services).sweep()
    assert [await store.run(tasks.get, name) is not None for name in ("a1", "b2", "c3")] == [False, True, True]
    small = replace(desk.services, settings=desk.services.settings.model_copy(update={"records_gb": 1e-6}))
    await Housekeeper(small).sweep()
    assert [await store.run(tasks.get, name) is not None for name in ("b2", "c3")] == [False, True]


def test_mirrors_go_by_disuse_and_by_size_but_not_those_of_today(tmp_path: Path) -> None:
    now = time.time()
    for name, days in {"1.git": 0, "2.git": 2, "3.git": 3, "4.git": 40, "new-x": 2, "new-y": 0}.items():
        folder = tmp_path / name
        folder.mkdir()
        (folder / "pack").write_bytes(os.urandom(100_000))
        os.utime(folder, (now - days * DAY, now - days * DAY))
    trim_mirrors(tmp_path, 1_000_000, 30)
    assert {path.name for path in tmp_path.iterdir()} == {"1.git", "2.git", "3.git", "new-y"}
    trim_mirrors(tmp_path, 250_000, 30)
    assert {path.name for path in tmp_path.iterdir()} == {"1.git", "2.git", "new-y"}
    trim_mirrors(tmp_path, 0, 30)
    assert {path.name for path in tmp_path.iterdir()} == {"1.git", "new-y"}
