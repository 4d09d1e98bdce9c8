"""The doctor's lines about GitHub, against a hub in good and bad health."""

from __future__ import annotations

from typing import Any

from bot.checkup import Line
from bot.doctor.actions import check_actions
from bot.doctor.github import check_app, check_hook
from bot.github.api.access import GitHubs
from bot.github.api.limiter import Clock
from bot.github.resources.manifest import load_manifest
from bot.settings import Settings
from tests.github.conftest import World, set_hook

MANIFEST = load_manifest()


def by_subject(lines: list[Line]) -> dict[str, Line]:
    return {line.subject: line for line in lines}


async def test_a_healthy_app_is_named(world: World, github: GitHubs) -> None:
    world.credentials.app.permissions = MANIFEST.levels()
    world.credentials.app.events = MANIFEST.event_names()
    lines = await check_app(github, MANIFEST)
    assert [line.level for line in lines] == ["ok"] * len(lines)
    assert "knows this key as forgehand (id 1001" in lines[0].text
    assert "octo" in by_subject(lines)["Installations"].text


async def test_each_illness_is_told_with_its_cure(world: World, github: GitHubs) -> None:
    app, installation = world.credentials.app, next(iter(world.hub.world.installations.values()))
    app.permissions = {**MANIFEST.levels(["ci"]), "checks": "read"}
    app.events = ["issues"]
    world.time.off = -4000
    found = by_subject(await check_app(github, MANIFEST))
    assert (found["Permissions"].level, found["Events"].level, found["Clock"].level) == ("fail", "warn", "warn")
    assert "checks: write (Show the state" in found["Permissions"].text
    assert "pull_request (" in found["Events"].text
    assert "s behind GitHub" in found["Clock"].text
    assert "has not accepted actions" in found["Installations"].text
    world.hub.suspend(installation)
    assert "suspended" in by_subject(await check_app(github, MANIFEST))["Installations"].text


async def test_a_key_that_is_not_the_apps_fails_in_words(world: World) -> None:
    other = world.hub.create_app("other")
    wrong = GitHubs.as_app(world.session, world.hub.api_url, world.credentials.app_id, other.private_key)
    lines = await check_app(wrong, MANIFEST)
    assert [line.level for line in lines] == ["fail"]
    assert "FORGEHAND_APP_ID" in lines[0].text
    clock = Clock(world.time.now, world.time.sleep, world.time.steady)
    nobody = GitHubs.as_app(world.session, "http://127.0.0.1:9", 1, other.private_key, clock=clock)
    lines = await check_app(nobody, MANIFEST)
    assert "Check the network" in lines[0].text


async def test_the_webhook_is_compared_with_this_server(world: World, github: GitHubs) -> None:
    url = "http://127.0.0.1:9/webhook"
    await set_hook(github, url, "s3cret")
    world.hub.create_repository("octo/other")
    world.hub.uninstall(next(iter(world.hub.world.installations.values())))
    await world.hub.settled()
    found = by_subject(await check_hook(github.app, url, has_secret=True))
    assert (found["Webhook"].level, found["Webhook secret"].level, found["Deliveries"].level) == ("ok", "ok", "warn")
    found = by_subject(await check_hook(github.app, "https://elsewhere.example/webhook", has_secret=False, poll=True))
    assert (found["Webhook"].level, found["Webhook secret"].level, found["Deliveries"].level) == ("fail", "fail", "ok")


async def test_runs_of_actions_may_ask_where_the_issuer_answers(world: World) -> None:
    def given(**more: Any) -> Settings:
        return Settings.model_validate({"web_url": world.hub.url, "public_url": "https://bot.example.org/x", **more})

    line = await check_actions(given())
    assert (line.level, line.text.endswith("the audience https://bot.example.org.")) == ("ok", True)
    for closed in ({"public_url": None}, {"oidc_issuers": []}):
        line = await check_actions(given(**closed))
        assert (line.level, "may not ask: FORGEHAND_" in line.text) == ("ok", True)
    world.hub.id_tokens.down = True
    line = await check_actions(given())
    assert (line.level, "answers 503" in line.text) == ("warn", True)
    world.hub.id_tokens.down = False
    line = await check_actions(given(oidc_issuers=[world.hub.url + "/_services/token/"]))
    assert (line.level, line.subject) == ("warn", "Actions")
