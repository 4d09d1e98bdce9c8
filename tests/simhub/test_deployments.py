"""Deployments as GitHub keeps them: who goes inactive, what is refused, and whom a protection rule asks."""

from __future__ import annotations

from typing import Any

from tests.support.hub import Stage

REPO = "/repos/octo/sample"
ALL = f"{REPO}/deployments"
RIGHTS = {"deployments": "write", "actions": "write", "contents": "write"}
DEPLOY = """
on:
  workflow_dispatch:
    inputs:
      sha: {}
jobs: {}
"""


async def rights(at: Stage) -> str:
    """The App gets the rights and events of the optional group."""
    at.hub.accept_permissions(at.installation, {**at.installation.permissions, **RIGHTS})
    at.installation.events += ["deployment", "deployment_status", "deployment_protection_rule"]
    at.installation.app.events = at.installation.events
    return await at.mint(permissions=RIGHTS)


async def deployed(at: Stage, token: str, environment: str, **more: Any) -> int:
    given = {"ref": "main", "environment": environment, "required_contexts": [], **more}
    made = await at.ask("POST", ALL, token, given)
    assert made.status == 201, made.body
    await at.ask("POST", f"{ALL}/{made.body['id']}/statuses", token, {"state": "success"})
    return int(made.body["id"])


async def states(at: Stage, token: str, number: int) -> list[str]:
    return [each["state"] for each in (await at.ask("GET", f"{ALL}/{number}/statuses", token)).body]


async def test_only_what_is_neither_production_nor_transient_goes_inactive(at: Stage) -> None:
    token = await rights(at)
    for environment, more, first in (
        ("staging", {}, ["inactive", "success"]),
        ("production", {}, ["success"]),
        ("preview", {"transient_environment": True}, ["success"]),
        ("blue", {"production_environment": True}, ["success"]),
    ):
        old = await deployed(at, token, environment, **more)
        new = await deployed(at, token, environment, **more)
        assert await states(at, token, old) == first
        assert await states(at, token, new) == ["success"]
    listed = (await at.ask("GET", f"{ALL}?environment=staging", token)).body
    assert [each["id"] for each in listed] == sorted((each["id"] for each in listed), reverse=True)
    await at.hub.settled()
    sent = [item for item in at.received if item.event == "deployment_status"]
    assert len(sent) == 9
    assert {item.payload["action"] for item in sent} == {"created"}
    names = (await at.ask("GET", f"{REPO}/environments", token)).body
    assert [each["name"] for each in names["environments"]] == ["staging", "production", "preview", "blue"]


async def test_red_checks_and_a_ref_behind_are_in_the_way_unless_told_otherwise(at: Stage) -> None:
    token = await rights(at)
    git = at.hub.git(at.repo)
    old = await git.text("rev-parse", "main")
    await at.pull("mine\n")
    await at.ask("PUT", f"{REPO}/pulls/1/merge", at.alice.token)
    behind = await at.ask("POST", ALL, token, {"ref": old, "required_contexts": []})
    assert (behind.status, behind.body["message"]) == (409, f"Conflict merging main into {old}.")
    made = await at.ask("POST", ALL, token, {"ref": old, "required_contexts": [], "auto_merge": False})
    assert (made.status, made.body["sha"]) == (201, old)
    assert (await at.ask("POST", ALL, token, {"ref": "nowhere"})).status == 422
    status = {"state": "failure", "context": "ci"}
    await at.ask("POST", f"{REPO}/statuses/{old}", at.alice.token, status)
    red = await at.ask("POST", ALL, token, {"ref": old, "auto_merge": False})
    assert red.status == 409
    assert red.body["message"].startswith("Conflict: Commit status checks failed")
    long = {"state": "success", "description": "x" * 141}
    assert (await at.ask("POST", f"{ALL}/{made.body['id']}/statuses", token, long)).status == 422


async def test_a_workflow_is_dispatched_only_if_it_may_be(at: Stage) -> None:
    token = await rights(at)
    where = f"{REPO}/contents/.github/workflows"
    for name, text in (("deploy.yml", DEPLOY), ("ci.yml", "on: push\njobs: {}\n")):
        encoded = __import__("base64").b64encode(text.encode()).decode()
        await at.ask("PUT", f"{where}/{name}", at.alice.token, {"message": name, "content": encoded})
    call = f"{REPO}/actions/workflows"
    given = {"ref": "main", "inputs": {"sha": "abc"}}
    assert (await at.ask("POST", f"{call}/deploy.yml/dispatches", token, given)).status == 204
    (dispatched,) = at.repo.dispatches
    assert (dispatched.inputs, dispatched.run.event) == ({"sha": "abc"}, "workflow_dispatch")
    assert (await at.ask("POST", f"{call}/ci.yml/dispatches", token, given)).status == 422
    assert (await at.ask("POST", f"{call}/none.yml/dispatches", token, given)).status == 404
    odd = {"ref": "main", "inputs": {"other": "abc"}}
    assert (await at.ask("POST", f"{call}/deploy.yml/dispatches", token, odd)).status == 422


async def test_a_protection_rule_is_answered_once(at: Stage) -> None:
    token = await rights(at)
    sha = await at.hub.git(at.repo).text("rev-parse", "main")
    run = await at.hub.start_workflow(at.repo, sha, "main")
    asked = await at.hub.ask_rule(at.app, run, "production")
    await at.hub.settled()
    (sent,) = [item for item in at.received if item.event == "deployment_protection_rule"]
    path = sent.payload["deployment_callback_url"].removeprefix(at.hub.api_url)
    report = {"environment_name": "production", "comment": "looking"}
    answer = {**report, "state": "rejected"}
    assert (await at.ask("POST", path, token, report)).status == 204
    assert (await at.ask("POST", path, token, answer)).status == 204
    assert (await at.ask("POST", path, token, {**answer, "state": "approved"})).status == 422
    assert asked.state == "rejected"
