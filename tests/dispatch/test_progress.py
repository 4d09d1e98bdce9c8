"""The reporter against the hub: one comment a task, kept true, closed whatever became of the task."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.context.index import Indexer
from bot.dispatch.progress import Reporter
from bot.engine.port import FlowTable
from bot.git.mirrors import Mirrors
from bot.github.api.access import GitHubs
from bot.github.text.markers import Marker, markers_in, with_marker
from bot.models.catalogue import Catalogue
from bot.models.client import SdkModel
from bot.models.gateway import ModelGateway
from bot.policy import DefaultBranch, PolicyLoader
from bot.sandbox.process import NoSandbox
from bot.settings import Settings
from bot.store import tasks
from bot.store.database import create_engine
from bot.store.store import Store
from bot.toolchains.repository import make_toolchain
from bot.types import Repository
from bot.work.services import Services
from handlers import TASKS
from simhub import AppCredentials, Fault, Hub
from tests.support.evidence import make_task
from tests.support.inline_engine import InlineEngine
from tests.support.keys import key_pair
from tests.support.models import new_store
from tests.support.patience import PATIENCE

COMMENTS = "/repos/octo/basket/issues/*"


@dataclass
class Desk:
    """A hub with one issue, and the services of a bot that works on it."""

    hub: Hub
    app: AppCredentials
    person: str
    repository: Repository
    services: Services
    session: aiohttp.ClientSession
    number: int = 0

    async def ask(self, method: str, path: str, body: object = None, token: str = "") -> list[dict[str, object]]:
        head = {"Authorization": f"token {token or self.person}"}
        url = f"{self.hub.api_url}/repos/octo/basket{path}"
        async with self.session.request(method, url, json=body, headers=head) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json()  # type: ignore[no-any-return]

    async def comments(self) -> list[str]:
        found = await self.ask("GET", f"/issues/{self.number}/comments")
        return [str(each["body"]) for each in found]

    async def until(self, holds: Callable[[list[str]], bool]) -> list[str]:
        """The comments, once they are as wished for; failing, what they are."""
        end = asyncio.get_running_loop().time() + PATIENCE
        while not holds(now := await self.comments()):
            assert asyncio.get_running_loop().time() < end, now
            await asyncio.sleep(0.05)
        return now

    def add(self, task_id: str, flow: str = "fix", **more: object) -> None:
        """A queued task's row, as the engine writes it; ``more`` of its argument."""
        task = make_task(repository=self.repository, number=self.number)
        new = tasks.NewTask(
            id=task_id, flow=flow, source="label", installation=self.repository.installation,
            repository="octo/basket", actor="mara", argument=task.model_dump() | more, number=self.number,
        )  # fmt: skip
        assert self.services.store.run_sync(lambda c: tasks.create(c, new)).created

    def stage(self, task_id: str, name: str, state: str) -> None:
        data = {"stage": name, "state": state, "text": ""}
        self.services.store.run_sync(lambda c: tasks.add_event(c, task_id, "stage", data))

    def begin(self, task_id: str) -> None:
        assert self.services.store.run_sync(lambda c: tasks.begin(c, task_id))

    def cancel(self, task_id: str, by: str) -> None:
        assert self.services.store.run_sync(lambda c: tasks.request_cancel(c, task_id, by))

    def close(self, task_id: str, state: str, summary: str, **data: object) -> None:
        result = {"summary": summary, "data": data}
        assert self.services.store.run_sync(lambda c: tasks.close(c, task_id, state, result))

    def posted(self, task_id: str) -> dict[str, object]:
        task = self.services.store.run_sync(lambda c: tasks.get(c, task_id))
        assert task is not None
        return task.posted

    def forget(self, task_id: str) -> None:
        """The process died between posting and remembering."""
        query = "update fh_task set posted = '{}' where id = ?"
        self.services.store.run_sync(lambda c: c.exec_driver_sql(query, (task_id,)))

    def posts(self) -> int:
        bot = [each for each in self.hub.requests if each.method == "POST" and each.path.endswith("/comments")]
        return len(bot)


@asynccontextmanager
async def reporting(services: Services) -> AsyncIterator[None]:
    """A reporter as a fresh process would have it; it must be alive to the end."""
    running = asyncio.create_task(Reporter(services, TASKS).run())
    try:
        yield
        assert not running.done(), running.exception()
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


def make_services(
    hub: Hub, app: AppCredentials, session: aiohttp.ClientSession, store: Store, folder: Path
) -> Services:
    settings = Settings(data_dir=folder, api_url=hub.api_url, web_url=hub.url)
    github, sandbox = GitHubs.as_app(session, hub.api_url, app.app_id, app.private_key), NoSandbox()
    return Services(
        settings=settings,
        store=store,
        github=github,
        mirrors=Mirrors(folder / "mirrors", hub.url),
        models=ModelGateway(store, settings, Catalogue(settings), SdkModel),
        indexer=Indexer(folder / "index"),
        sandbox=sandbox,
        policies=PolicyLoader(DefaultBranch(github), settings, TASKS.schema),
        make_toolchain=lambda checks, tree: make_toolchain(sandbox, checks, tree, settings),
        engine=InlineEngine(FlowTable(), store=store),
    )


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    store = new_store(tmp_path)
    async with Hub.start(tmp_path / "hub") as hub, aiohttp.ClientSession() as session:
        rights = {"issues": "write", "metadata": "read", "checks": "write", "pull_requests": "write"}
        app = hub.create_app("forgehand", permissions=rights, key_pair=key_pair())
        person = hub.create_user("mara")
        theirs = hub.create_repository("octo/basket")
        hub.set_permission(theirs, "mara", "admin")
        installation = hub.install(app, "octo", [theirs])
        repository = Repository(id=theirs.id, owner="octo", name="basket", installation=installation.id)
        services = make_services(hub, app, session, store, tmp_path)
        made = Desk(hub, app, person.token, repository, services, session)
        issue = await made.ask("POST", "/issues", {"title": "Cents are lost", "body": "x"})
        made.number = int(str(issue["number"]))  # type: ignore[call-overload]
        yield made
    store.close()


async def test_one_comment_follows_its_task_to_the_end(desk: Desk) -> None:
    desk.add("a1")
    async with reporting(desk.services):
        await desk.until(lambda now: len(now) == 1 and now[0].startswith("Queued"))
        desk.begin("a1")
        desk.stage("a1", "read", "started")
        (text,) = await desk.until(lambda now: "**Read the issue** ← now" in now[0])
        assert text.startswith("Working on this.")
        desk.stage("a1", "read", "done")
        desk.close("a1", "unverified", "The test never failed, said @octocat.")
        (text,) = await desk.until(lambda now: bool(desk.posted("a1").get("closed")))
    assert text.startswith("Stopped without a verified fix.")
    assert "- [x] Read the issue" in text
    assert "← now" not in text
    assert "@octocat" not in text
    assert markers_in(text) == (Marker(task="a1", part="status"),)
    assert desk.posts() == 1


async def test_what_ended_while_nobody_looked_is_closed(desk: Desk) -> None:
    """Cancelled before it began, given up, and failed after its comment was posted by a process that is gone."""
    for task_id in ("b1", "b2", "b3"):
        desk.add(task_id)
    desk.begin("b2")
    desk.begin("b3")
    desk.stage("b3", "prepare", "started")
    async with reporting(desk.services):
        await desk.until(lambda now: len(now) == 3)
    assert desk.services.store.run_sync(lambda c: tasks.request_cancel(c, "b1", "mara"))
    desk.close("b2", "dead", "Step edit crashed 3 times.")
    desk.close("b3", "failed", "GitHub did not answer.")
    heads = ("Cancelled. mara cancelled the task", "Gave up", "Failed. GitHub did not answer.")
    async with reporting(desk.services):
        await desk.until(lambda now: all(desk.posted(task_id).get("closed") for task_id in ("b1", "b2", "b3")))
    now = await desk.comments()
    assert sum(text.startswith(heads) for text in now) == 3
    assert len(now) == desk.posts() == 3
    assert not any("← now" in text or "Remove the label to stop" in text for text in now)
    writes = len([each for each in desk.hub.requests if each.method in {"POST", "PATCH"}])
    async with reporting(desk.services):
        await asyncio.sleep(1)
    assert len([each for each in desk.hub.requests if each.method in {"POST", "PATCH"}]) == writes


async def test_its_comment_is_found_again_by_its_marker(desk: Desk) -> None:
    copied = with_marker("I am the bot, believe me.", Marker(task="c1", part="status"))
    await desk.ask("POST", f"/issues/{desk.number}/comments", {"body": copied})
    before = desk.posts()
    desk.add("c1")
    async with reporting(desk.services):
        await desk.until(lambda now: len(now) == 2)
    desk.forget("c1")
    desk.begin("c1")
    desk.close("c1", "done", "Opened #2.")
    async with reporting(desk.services):
        now = await desk.until(lambda now: now[1].startswith("Done. Opened #2."))
    assert now[0] == copied
    assert len(now) == 2
    assert desk.posts() == before + 1


async def test_errors_of_github_delay_but_never_double_it(desk: Desk) -> None:
    # The comment is made, but the answer is an error: what looks like a failure had its effect.
    desk.hub.faults.add(Fault(path=f"{COMMENTS}/comments", method="POST", status=502, after=True, times=1))
    desk.add("d1")
    async with reporting(desk.services):
        await desk.until(lambda now: len(now) == 1)
        refused = desk.hub.faults.add(Fault(path=COMMENTS, method="PATCH", status=403, body={"message": "no"}, times=1))
        desk.begin("d1")
        desk.close("d1", "refused", "The issue is closed.")
        (text,) = await desk.until(lambda now: bool(desk.posted("d1").get("closed")))
    assert text.startswith("Stopped. The issue is closed.")
    assert refused.times == 0
    assert desk.posts() == 1


async def test_a_comment_that_somebody_deleted_is_made_anew(desk: Desk) -> None:
    desk.add("e1")
    async with reporting(desk.services):
        await desk.until(lambda now: bool(desk.posted("e1").get("status")))
        url = f"{desk.hub.api_url}/repos/octo/basket/issues/comments/{desk.posted('e1')['status']}"
        async with desk.session.delete(url, headers={"Authorization": f"token {desk.person}"}) as answer:
            assert answer.status == 204
        desk.begin("e1")
        desk.close("e1", "refused", "The issue is closed.")
        now = await desk.until(lambda now: bool(desk.posted("e1").get("closed")))
    assert [text.startswith("Stopped.") for text in now] == [True]


async def test_it_never_gives_up_and_no_comment_stops_another(desk: Desk) -> None:
    desk.add("f1")
    broken = "update fh_task set argument = '{}' where id = 'f1'"
    desk.services.store.run_sync(lambda c: c.exec_driver_sql(broken))
    reporter = Reporter(desk.services, TASKS)
    running = asyncio.create_task(reporter.run())
    while not (reporter._watched and reporter._watched["f1"].failures):
        await asyncio.sleep(0.05)
    reporter._watched["f1"].failures = 20
    reporter._watched["f1"].posted_at = float("-inf")
    while reporter._watched["f1"].failures == 20:
        await asyncio.sleep(0.05)
    desk.add("f2")
    await desk.until(lambda now: bool(desk.posted("f2").get("status")))
    assert reporter._watched["f1"].failures == 21
    assert not running.done()
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def test_a_task_that_was_closed_while_others_are_looked_up_harms_nobody(desk: Desk) -> None:
    """Its last update ends, and it is forgotten, between two questions to the database."""
    desk.add("h1")
    await Reporter(desk.services, TASKS)._stand({"h1"})


async def test_who_answers_where_it_was_asked_is_spoken_for_only_where_it_could_not(desk: Desk) -> None:
    spot = {"kind": "body", "number": desk.number}
    ends = {
        "1": ("done", {"answered": True}),
        "2": ("failed", {"answered": True}),
        "3": ("cancelled", {}),
        "4": ("dead", {}),
    }
    for name in ends:
        desk.add(name, "ask", spot=spot)
        desk.begin(name)
        desk.stage(name, "look", "started")
    async with reporting(desk.services):
        await asyncio.sleep(3)
        assert await desk.comments() == []
        desk.cancel("3", by="mara")
        for name, (state, data) in ends.items():
            desk.close(name, state, "", **data)
        (text,) = await desk.until(lambda now: bool(now))
        await asyncio.sleep(1)
    assert text.startswith("Gave up")
    assert "Comment `/retry` to start a new attempt." in text
    assert await desk.comments() == [text]
    assert all(desk.posted(name).get("closed") for name in ends)


async def test_whoever_asked_is_told_that_somebody_else_has_stopped_it(desk: Desk) -> None:
    desk.add("begun", "ask", spot={"kind": "body", "number": desk.number})
    desk.begin("begun")
    desk.stage("begun", "look", "started")
    desk.cancel("begun", by="max")
    desk.close("begun", "cancelled", "max cancelled the task.")
    async with reporting(desk.services):
        (text,) = await desk.until(lambda now: bool(now))
    assert text.startswith("Cancelled. max cancelled the task.\n")
    assert "Asked by mara." in text
    assert "Comment `/retry` to start a new attempt." in text


async def test_of_two_processes_one_reports_and_the_other_takes_over(desk: Desk, postgres: str) -> None:
    stores = [Store(create_engine(postgres)) for _ in range(2)]
    one, two = (replace(desk.services, store=store) for store in stores)
    desk.services = one
    desk.add("g1")
    first, second = (asyncio.create_task(Reporter(services, TASKS).run()) for services in (one, two))
    await desk.until(lambda now: bool(desk.posted("g1").get("status")))
    await asyncio.sleep(1)
    assert len(await desk.comments()) == desk.posts() == 1
    for running in (first, second):
        assert not running.done()
    first.cancel()
    desk.begin("g1")
    await desk.until(lambda now: now[0].startswith("Working on this."))
    assert desk.posts() == 1
    second.cancel()
    await asyncio.gather(first, second, return_exceptions=True)
    for store in stores:
        store.close()


async def test_comments_and_check_runs_lead_to_the_page_of_the_task(desk: Desk) -> None:
    settings = desk.services.settings.model_copy(update={"public_url": "https://bot.example.org/"})
    written: Any = await desk.ask("PUT", "/contents/a.md", {"message": "Add a", "content": "eA=="})
    sha = written["commit"]["sha"]
    desk.add("fixing")
    desk.add("reading", "review")
    desk.services.store.run_sync(tasks.merge_posted, "reading", {"head": sha})
    desk.close("reading", "failed", "It failed.")  # a check run that goes on is shown later
    async with reporting(replace(desk.services, settings=settings)):
        (text,) = await desk.until(lambda now: bool(now))
        async with asyncio.timeout(PATIENCE):
            while not desk.posted("reading").get("closed"):
                await asyncio.sleep(0.05)
    found: Any = await desk.ask("GET", f"/commits/{sha}/check-runs")
    assert "[Details](https://bot.example.org/room/tasks/fixing)" in text
    assert [run["details_url"] for run in found["check_runs"]] == ["https://bot.example.org/room/tasks/reading"]
