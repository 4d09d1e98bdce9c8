"""A bad deployment is rolled back once, whatever dies in between; where that would do harm it is refused."""

from __future__ import annotations

import asyncio
import json
import time
from functools import partial
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.doors.signals.verification import Proof, verify
from bot.store import deployments, incidents
from bot.store.deployments import Deployed
from bot.store.incidents import Incident
from bot.store.tables import rollback
from bot.types import Repository as BotRepository
from simhub.model import Deployment, RuleRequest
from tests.doors.signals.test_door import add
from tests.e2e.answers import GOOD
from tests.e2e.conftest import Tell
from tests.e2e.scenes import POLICY, git, installation_of, put, rows
from tests.support.api import asker, opened
from tests.support.story import Story
from tests.support.typing import comment

pytestmark = pytest.mark.needs("sandbox")
RIGHTS = {"deployments": "write", "actions": "write"}
EVENTS = ["deployment_status", "deployment_protection_rule"]
RULES = """review: { on: [] }
incidents:
  rollback: act
  services: { shop: { environment: production }, mail: { environment: production } }
rollback:
  environments:
    production: {}
    staging: { ways: [workflow, deployment], workflow: deploy.yml }
"""
WORKFLOW = "on: { workflow_dispatch: { inputs: { sha: {} } } }\njobs: {}\n"
ENDS = ("Done.", "Stopped", "Failed")


async def prepared(tell: Tell, **environment: str) -> Story:
    """The optional group is switched on, and the policy names the environments."""
    story: Story = await tell([], **environment)
    installation = installation_of(story)
    story.app.app.events = [*story.app.app.events, *EVENTS]
    story.hub.accept_permissions(installation, {**installation.permissions, **RIGHTS})
    await put(story, POLICY, RULES)
    return story


async def deployed(story: Story, text: str, environment: str = "production", path: str = "README.md") -> Deployment:
    """A commit that was deployed with success, a minute later than what was before."""
    story.hub.advance(60)
    made = await story.hub.deploy(story.repository, await put(story, path, text), environment)
    await story.hub.report(made, "success")
    await story.hub.settled()
    return made


async def ask(story: Story, text: str = "/rollback production") -> tuple[int, str]:
    """Type it on an issue; its number and the last word there."""
    number = await story.file("Checkout is down", "Since the last deployment.", label=None)
    await comment(story, number, text)
    return number, await story.until_status(number, *ENDS)


def rolled_back(story: Story) -> list[Deployment]:
    return [each for each in story.repository.deployments if each.task == "rollback"]


async def test_an_alert_rolls_a_bad_deployment_back_once_though_the_bot_is_killed(tell: Tell) -> None:
    story = await prepared(tell)
    sender = await add(story, "own")
    good = await deployed(story, "One.\n")
    await deployed(story, "Two.\n")
    killed = asyncio.Event()

    def watch(record: Any, *_: Any) -> None:
        if record.method == "POST" and record.path.endswith("/deployments") and not killed.is_set():
            killed.set()

    story.hub.observers.append(watch)
    await story.until(
        lambda: len(rows(story, "select 1 from fh_deployment where good > 0")) == 2, what="both are known"
    )
    down = {"kind": "alert_firing", "title": "Checkout is down", "severity": "critical", "service": "shop"}
    before = down | {"title": "The disk fills", "service": "mail", "started": time.time() - 3_600}
    assert (await sender.send({"signals": [before, down]}))[0] == 202
    await story.until(killed.is_set, what="a deployment is asked for")
    await story.kill_bot()
    await story.start_bot()
    ended = "select number from fh_task where flow = 'rollback' and state = 'done'"
    await story.until(lambda: rows(story, ended), what="the end of the task")
    ((number,),) = rows(story, ended)
    assert rows(story, "select title from fh_incident where number = ?", number) == [("Checkout is down",)]
    ((choices,),) = rows(story, "select data from fh_incident where title = 'The disk fills'")
    assert "It began before the newest deployment." in choices, "so it acts on nothing"
    (made,) = rolled_back(story)
    assert (made.sha, made.environment) == (good.sha, "production")
    assert len(story.shown(number, "rollback")) == 1
    await story.hub.report(made, "success")
    await story.until(lambda: story.shown(number, "rollback-end"), what="its end is told")
    (told,) = story.shown(number, "rollback-end")
    assert "its deployment succeeded" in told
    assert "so nothing was asked" in told
    assert await deployed_states(story) == [("succeeded",)]
    _, refused = await ask(story)
    assert "I do it only once" in refused or "nothing to go back to" in refused
    assert len(rolled_back(story)) == 1
    await deployed(story, "Three.\n")
    _, refused = await ask(story)
    assert "was rolled back 0 minutes ago" in refused
    await mend(story, number)
    assert len(rolled_back(story)) == 1


async def mend(story: Story, number: int) -> None:
    """Have the incident's issue fixed, and the fix deployed."""
    story.script.extend(GOOD)
    await comment(story, number, "/fix")
    await story.until(lambda: story.repository.pulls, what="a fix")
    await story.until_status(number, "Done.")
    (pull,) = story.repository.pulls
    fixed = (await story.request("PUT", f"/pulls/{pull.number}/merge", {}))["sha"]
    story.hub.advance(60)
    await story.hub.report(await story.hub.deploy(story.repository, fixed, "production"), "success")
    live = "select 1 from fh_deployment where sha = ? and good > 0"
    await story.until(lambda: rows(story, live, fixed), what="the fix is live")


async def deployed_states(story: Story) -> list[tuple[Any, ...]]:
    await story.until(lambda: rows(story, "select 1 from fh_rollback where ended is not null"), what="it is noted")
    return rows(story, "select state from fh_rollback")


async def test_what_would_do_harm_is_refused_in_words(tell: Tell) -> None:
    story = await prepared(tell)
    _, said = await ask(story, "/rollback elsewhere")
    assert "The policy does not let me roll `elsewhere` back" in said
    _, said = await ask(story)
    assert "No deployment to `production` has succeeded" in said
    await deployed(story, "One.\n")
    _, said = await ask(story)
    assert "No other commit was deployed to `production` and good before" in said
    await deployed(story, "add_column\n", path="db/migrate/1_add.rb")
    _, said = await ask(story)
    assert "`db/migrate/1_add.rb` (Rails)" in said
    assert rolled_back(story) == []


async def test_a_workflow_deploys_and_its_failure_is_told(tell: Tell) -> None:
    story = await prepared(tell)
    await put(story, ".github/workflows/deploy.yml", WORKFLOW)
    good = await deployed(story, "One.\n", "staging")
    await deployed(story, "Two.\n", "staging")
    number, said = await ask(story, "/rollback staging")
    assert said.startswith("Done.")
    (dispatched,) = story.repository.dispatches
    assert dispatched.inputs == {"sha": good.sha}
    assert rolled_back(story) == []
    made = await story.hub.deploy(story.repository, good.sha, "staging", dispatched.run)
    await story.hub.report(made, "failure")
    await story.until(lambda: story.shown(number, "rollback-end"), what="its end is told")
    assert "**failed**" in story.shown(number, "rollback-end")[0]


async def test_a_signed_webhook_asks_the_deploy_system(tell: Tell) -> None:
    story = await prepared(tell, FORGEHAND_HEALTH_HOSTS='["127.0.0.1"]')
    sender = await add(story, "own")
    asked: list[tuple[Proof, dict[str, Any]]] = []

    async def answer(request: web.Request) -> web.Response:
        body = await request.read()
        asked.append((verify("own", request.headers, body, [sender.secret], time.time()), json.loads(body)))
        return web.Response(status=503 if len(asked) == 1 else 202)

    app = web.Application()
    app.router.add_post("/deploy", answer)
    async with TestServer(app, host="127.0.0.1") as system:
        ways = f"ways: [webhook], webhook: '{system.make_url('/deploy')}', source: {sender.id}"
        await put(story, POLICY, f"review: {{ on: [] }}\nrollback: {{ environments: {{ canary: {{ {ways} }} }} }}\n")
        good = await deployed(story, "One.\n", "canary")
        bad = await deployed(story, "Two.\n", "canary")
        _, said = await ask(story, "/rollback canary")
        assert "webhook: the webhook answered 503" in said
        with opened(story) as store:
            store.run_sync(lambda connection: connection.execute(rollback.delete()))
        number, said = await ask(story, "/rollback canary")
        assert said.startswith("Done.")
    (_, (proof, told)) = asked
    wanted = {"action": "rollback", "environment": "canary", "repository": "octo/sample"}
    assert told == wanted | {"sha": good.sha, "from": bad.sha, "task": told["task"]}
    assert told["task"].encode() in proof.name, "what comes twice has one name"
    await story.hub.report(await story.hub.deploy(story.repository, good.sha, "canary"), "success")
    await story.until(lambda: story.shown(number, "rollback-end"), what="its end is told")


async def knock(url: str, environment: str = "production") -> int:
    """Ask as Flagger does; the status of the answer."""
    body = {"name": "shop", "phase": "Progressing"}
    async with aiohttp.ClientSession() as session:
        answer = await session.post(url, params={"environment": environment}, json=body)
        return answer.status


def is_answered(request: RuleRequest) -> bool:
    return request.state is not None


async def test_a_protection_rule_lets_in_what_nothing_speaks_against(tell: Tell) -> None:
    story = await prepared(tell)
    sha = git(story, "rev-parse", "main")
    answers = []
    for trouble in (False, True):
        if trouble:
            now = int(story.hub.world.clock() * 1000)
            place = BotRepository(id=story.repository.id, owner="octo", name="sample", installation=1)
            found = Incident(
                id="i", repository=place.id, place=place, key="k", open_key="k", kind="alert", title="Shop is down",
                environment="production", opened=now, first=now, last=now,
            )  # fmt: skip
            with opened(story) as store:
                store.run_sync(incidents.save, found)
        run = await story.hub.start_workflow(story.repository, sha, "main")
        asked = await story.hub.ask_rule(story.app, run, "production")
        await story.until(partial(is_answered, asked), what="it is answered")
        answers.append((asked.state, asked.comments))
    assert answers == [
        ("approved", ["No incident of this environment is open."]),
        ("rejected", ["An incident of this environment is open: Shop is down"]),
    ]
    program = asker(story, story.maintainer)
    where = "/api/v1/gate?repository=octo/sample&environment=production"
    assert (await program.get(where)).data == {"rollback": False, "value": 0, "reasons": []}
    assert (await program.ask("POST", where, None)).status == 403
    gate = f"{(await add(story, 'own')).url}/gate"
    assert [await knock(gate, "production"), await knock(gate, ""), await knock(f"{gate[:-9]}no/gate")] == [
        403,
        400,
        404,
    ]
    live = Deployed(
        id=1,
        environment="production",
        sha=sha,
        created=now - 9,
        state="success",
        changed=now - 9,
        good=now - 9,
    )
    with opened(story) as store:
        store.run_sync(deployments.record, story.repository.id, live)
    assert (await program.get(where)).data["value"] == 1
    assert (await program.ask("POST", where, {"name": "shop", "phase": "Progressing"})).status == 200
    assert [await knock(gate, "production"), await knock(gate, "staging")] == [200, 403]
