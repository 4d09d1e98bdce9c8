"""Deployments' newest status stays the newest; an environment is rolled back once in a while, whoever asks."""

from __future__ import annotations

from bot.store import deployments
from bot.store.deployments import Deployed, Rollback
from bot.store.store import Store
from bot.types import Repository

PLACE = Repository(id=7, owner="octo", name="shop", installation=1)


def deployed(state: str, changed: int, good: int | None = None) -> Deployed:
    return Deployed(id=5, environment="production", sha="a", created=1, state=state, changed=changed, good=good)


def rollback(task: str, began: int, environment: str = "production") -> Rollback:
    return Rollback(task=task, place=PLACE, environment=environment, bad=5, bad_sha="b", sha="a", began=began)


async def test_an_old_status_that_comes_late_changes_nothing_but_that_it_was_good(store: Store) -> None:
    for known in (deployed("failure", 30), deployed("success", 20, 20), deployed("pending", 10)):
        await store.run(deployments.record, 7, known)
    assert await store.run(deployments.list_deployed, 7, "production") == [deployed("failure", 30, 20)]
    assert await store.run(deployments.list_deployed, 7, "staging") == []


async def test_a_second_rollback_waits_and_the_same_task_is_no_second(store: Store) -> None:
    assert await store.run(deployments.begin, rollback("one", 1000), 900) is None
    assert await store.run(deployments.begin, rollback("one", 1000), 900) is None
    in_the_way = await store.run(deployments.begin, rollback("two", 1899), 900)
    assert in_the_way is not None
    assert in_the_way.task == "one"
    assert await store.run(deployments.begin, rollback("other", 1001, "staging"), 900) is None
    assert await store.run(deployments.begin, rollback("three", 1900), 900) is None


async def test_a_workflows_deployment_is_known_by_its_environment_and_time(store: Store) -> None:
    await store.run(deployments.begin, rollback("one", 5_500), 0)
    await store.run(deployments.change, "one", way="workflow", state="watching", due=10)
    early = deployed("success", 1, 1)
    late = early.model_copy(update={"id": 6, "created": 5_000})
    assert await store.run(deployments.find_watched, 7, "production", early) is None
    found = await store.run(deployments.find_watched, 7, "production", late)
    assert found is not None
    assert found.deployment == 6
    assert [one.task for one in await store.run(deployments.list_due, 10)] == ["one"]
    assert await store.run(deployments.list_due, 9) == []
    hour = 3_600_000
    assert [one.task for one in await store.run(deployments.list_due, 10 - hour)] == ["one"], "the clock was set back"
    await store.run(deployments.change, "one", state="succeeded", ended=20)
    await store.run(deployments.change, "one", state="failed", ended=30)
    assert await store.run(deployments.find_watched, 7, "production", late) is None
    ended = await store.run(deployments.find, "one")
    assert ended is not None
    assert (ended.state, ended.ended) == ("succeeded", 20)


async def test_what_ended_long_ago_is_forgotten_and_what_is_under_way_is_not(store: Store) -> None:
    for name, began in (("old", 1_000), ("open", 2_000), ("new", 9_000)):
        await store.run(deployments.begin, rollback(name, began), 0)
    await store.run(deployments.change, "old", state="failed", ended=1_500)
    await store.run(deployments.change, "new", state="succeeded", ended=9_500)
    assert [await store.run(deployments.forget_ended, 5_000) for _ in range(2)] == [1, 0]
    left = [await store.run(deployments.find, name) for name in ("old", "open", "new")]
    assert [one is not None for one in left] == [False, True, True]
