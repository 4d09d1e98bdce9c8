"""Mode *local*: the whole bot, started by the step, for the event of its runner."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from action.forgehand.bot_process import bot_environment
from action.forgehand.installation import place_of
from simhub.model import Account
from simhub.token_exchange import TokenExchange
from tests.e2e.answers import BODY, GOOD, TITLE
from tests.e2e.scenes import SAMPLE
from tests.support.federation import ORGANIZATION, RULE, by_federation
from tests.support.jobs import PERMISSIONS, job, runner_event, said
from tests.support.runner import Runner, obeyed
from tests.support.runs import begin
from tests.support.stand_in import standing_in
from tests.support.story import Story


def own(python: Path) -> None:
    """Put this very Python there."""
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)


def runner(story: Story, name: str, action: str, put: Callable[[Path], None] = own) -> Runner:
    """A runner on which the requirements are installed: a Python that has them is put where it is looked for."""
    tools = {"RUNNER_TOOL_CACHE": str(story.root / "tools")}
    python = place_of(tools) / "bin" / "python"
    python.parent.mkdir(parents=True)
    put(python)
    addresses = {"GITHUB_API_URL": story.hub.api_url, "GITHUB_SERVER_URL": story.hub.url}
    models = {name: value for name, value in story.model_settings.items() if name.startswith("FORGEHAND_")}
    return Runner(story.root, name, runner_event(story, name, action), {**tools, **addresses, **models})


def given(story: Story) -> dict[str, str]:
    token = story.hub.job_token(story.repository, PERMISSIONS)
    return {"anthropic_api_key": "sk-ant-api03-of-the-workflow", "github_token": token, "max_dollars": "2"}


@pytest.mark.needs("sandbox")
async def test_a_label_becomes_a_verified_pull_request(tmp_path: Path) -> None:
    orders = "::set-output name=verified::false\r::add-mask::e\n##[add-path]/tmp"
    async with job(tmp_path, SAMPLE, [{**rule, "reply": steering(rule["reply"], orders)} for rule in GOOD]) as story:
        number = await story.file(f"{TITLE}\u2028::add-path::/tmp", BODY)
        end = await runner(story, "issues", "labeled").run(**given(story))
        (pull,) = await story.pulls()
    assert end.code == 0, end.log
    assert end.outputs.pop("task") in end.log
    assert float(end.outputs.pop("cost")) > 0
    assert end.outputs == {
        "state": "done", "url": f"{story.hub.url}/octo/sample/actions/runs/70", "pull-request": pull["html_url"],
        "verified": "true",
    }  # fmt: skip
    assert f"### Forgehand: fix on #{number}: done" in end.summary
    assert "Prove the bug with a failing test: done" in end.log
    for commands in (end.commands, obeyed(end.log, stops=False)):
        assert {each.name for each in commands} == {"add-mask", "stop-commands", "notice"}
    assert not list((tmp_path / "temp").iterdir())


def steering(reply: object, orders: str) -> object:
    """What the model answers, with orders in every text of it that people are shown."""
    if isinstance(reply, dict):
        shown = {"cause", "change", "why", "reason"}
        return {
            key: f"{value}\n{orders}" if key in shown and isinstance(value, str) else steering(value, orders)
            for key, value in reply.items()
        }
    return [steering(each, orders) for each in reply] if isinstance(reply, list) else reply


async def test_who_may_not_ask_fails_the_step_and_who_asks_nothing_does_not(tmp_path: Path) -> None:
    async with job(tmp_path, SAMPLE, []) as story, standing_in() as stand_in:
        number = await story.file(TITLE, BODY, label="other")
        here = runner(story, "issues", "labeled", stand_in)
        end = await here.run(**given(story))
        assert (end.code, end.outputs["state"]) == (0, "skipped")
        stranger = story.hub.create_user("zed")
        await story.request("POST", f"/issues/{number}/comments", {"body": "/fix"}, by=stranger)
        here.event_name, here.event = "issue_comment", runner_event(story, "issue_comment", "created")
        end = await here.run(**given(story))
        assert (end.code, end.outputs["state"]) == (1, "denied")
        assert "permission" in end.told("error")


async def test_a_workflow_asks_for_a_task_as_whoever_set_it_off(tmp_path: Path) -> None:
    async with job(tmp_path, SAMPLE, []) as story, standing_in() as stand_in:
        number = await story.file("Prices", "Cents!", label=None)
        story.script.on({"text": "Whole units only."}, text="where are cents lost")
        reader = story.hub.create_user("ann")
        story.hub.set_permission(story.repository, "ann", "read")
        here = runner(story, "issues", "opened", stand_in)
        here.event_name, here.event = "schedule", {}
        asked = {"task": "ask", "number": str(number), "context": "where are cents lost?", **given(story)}
        here.variables |= {**whose(story, reader)}
        end = await here.run(**asked)
        assert (end.code, end.outputs["state"]) == (1, "denied")
        assert "@ann has read permission here; this needs write permission." in end.told("error")
        here.variables |= {**whose(story, story.maintainer)}
        end = await here.run(**asked)
        assert (end.code, end.outputs["state"]) == (0, "done"), end.log
        assert any("Whole units only." in text for text in said(story, number))
        end = await here.run(**asked | {"number": "99"})
        assert (end.code, "no issue or pull request 99" in end.told("error")) == (1, True)


def whose(story: Story, account: Account) -> dict[str, str]:
    """The variables by which a runner says whose run it is."""
    return {
        "GITHUB_ACTOR": account.login,
        "GITHUB_ACTOR_ID": str(account.id),
        "GITHUB_REPOSITORY_ID": str(story.repository.id),
        "GITHUB_REF": "refs/heads/main",
    }


async def test_the_runs_identity_stands_in_for_a_key(tmp_path: Path) -> None:
    async with job(tmp_path, SAMPLE, []) as story, standing_in() as stand_in:
        number = await story.file("Prices", "Cents!", label=None)
        story.script.on({"text": "Whole units only."}, text="where are cents lost")
        story.model.exchange = exchange = TokenExchange(RULE, ORGANIZATION, lambda: story.hub.id_tokens.public_key)
        await story.request("POST", f"/issues/{number}/comments", {"body": "/ask where are cents lost?"})
        here = runner(story, "issue_comment", "created", stand_in)
        here.variables |= story.hub.id_tokens.admit(await begin(story, "issue_comment"))
        here.variables |= by_federation(story)
        federated = {"anthropic_federation_rule_id": RULE, "anthropic_organization_id": ORGANIZATION}
        token = given(story)["github_token"]
        end = await here.run(**federated, github_token=token)
        assert (end.code, end.outputs["state"]) == (0, "done"), end.log
        assert any("Whole units only." in text for text in said(story, number))
        assert len(exchange.issued) == 1
        assert not any(secret in end.log for secret in exchange.issued)
        assert not list((tmp_path / "temp").iterdir())

        end = await here.run(**federated | {"anthropic_organization_id": "another"}, github_token=token)
        assert (end.code, end.outputs["state"]) == (1, "failed")
        assert "Compare the federation rule with it" in end.log
        assert len(exchange.issued) == 1


async def test_a_bot_that_cannot_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    async with job(tmp_path, SAMPLE, []) as story:
        await story.file(TITLE, BODY)
        here = runner(story, "issues", "labeled")
        here.variables["FORGEHAND_MODELS"] = "no JSON"
        end = await here.run(**given(story))
    assert (end.code, end.outputs["state"]) == (1, "denied")
    assert "FORGEHAND_MODELS must be JSON" in end.log
    assert "of-the-workflow" not in end.log.replace("::add-mask::sk-ant-api03-of-the-workflow", "")


async def test_a_token_that_may_not_do_it_fails_the_step(tmp_path: Path) -> None:
    async with job(tmp_path, SAMPLE, []) as story, standing_in() as stand_in:
        await story.file(TITLE, BODY)
        weak = story.hub.job_token(story.repository, {"contents": "read"})
        end = await runner(story, "issues", "labeled", stand_in).run(**{**given(story), "github_token": weak})
    assert (end.code, end.outputs["state"]) == (1, "failed")
    assert "issues" in end.told("error")


def test_the_bot_sees_nothing_of_the_runner(tmp_path: Path) -> None:
    from action.forgehand.inputs import Inputs

    env = Runner(tmp_path, variables={"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "x", "ACTIONS_RUNTIME_TOKEN": "y"}).environment(
        {"github-token": "ghs_x", "anthropic-api-key": "sk-ant-x", "max-dollars": "1.5"}
    )
    seen = bot_environment(tmp_path / "data", Inputs.read(env), env)
    assert not [name for name in seen if name.startswith(("ACTIONS_", "GITHUB_", "INPUT_", "RUNNER_"))]
    assert seen["FORGEHAND_GITHUB_TOKEN"] == "ghs_x"
    assert seen["ANTHROPIC_API_KEY"] == "sk-ant-x"
    assert seen["FORGEHAND_BUDGET"] == '{"task": 1.5, "day": 1.5}'
