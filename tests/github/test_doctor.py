"""The doctor's lines, against a hub in good and bad health; and the manifest they are measured by."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.github.api.access import GitHubs
from bot.github.api.hosts import HostRefused, api_url_of, web_url_of
from bot.github.api.lane import Clock
from bot.github.doctor import Line, check_app, check_hook
from bot.github.resources.app import set_hook
from bot.github.resources.manifest import ManifestError, lacking, load_manifest
from tests.github.conftest import World

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
    wrong = GitHubs(world.session, world.hub.api_url, world.credentials.app_id, other.private_key)
    lines = await check_app(wrong, MANIFEST)
    assert [line.level for line in lines] == ["fail"]
    assert "FORGEHAND_APP_ID" in lines[0].text
    clock = Clock(world.time.now, world.time.sleep)
    nobody = GitHubs(world.session, "http://127.0.0.1:9", 1, other.private_key, clock=clock)
    lines = await check_app(nobody, MANIFEST)
    assert "Check the network" in lines[0].text


async def test_the_webhook_is_compared_with_this_server(world: World, github: GitHubs) -> None:
    url = "http://127.0.0.1:9/webhook"
    await set_hook(github.app, url, "s3cret")
    world.hub.create_repository("octo/other")
    world.hub.uninstall(next(iter(world.hub.world.installations.values())))
    await world.hub.settled()
    found = by_subject(await check_hook(github.app, url, has_secret=True))
    assert (found["Webhook"].level, found["Webhook secret"].level, found["Deliveries"].level) == ("ok", "ok", "warn")
    found = by_subject(await check_hook(github.app, "https://elsewhere.example/webhook", has_secret=False, poll=True))
    assert (found["Webhook"].level, found["Webhook secret"].level, found["Deliveries"].level) == ("fail", "fail", "ok")


def test_the_manifest_asks_for_little_and_says_why() -> None:
    assert MANIFEST.levels() == {
        "metadata": "read", "contents": "write", "issues": "write", "pull_requests": "write", "checks": "write",
    }  # fmt: skip
    assert all(ask.why for ask in MANIFEST.permissions.values())
    assert MANIFEST.levels(["ci", "rerun"])["actions"] == "write"
    assert "workflow_run" in MANIFEST.event_names(["ci"])
    assert "workflow_run" not in MANIFEST.event_names()
    assert lacking({"contents": "read"}, {"contents": "write", "metadata": "read"}) == {
        "contents": "write",
        "metadata": "read",
    }
    with pytest.raises(ManifestError, match="choose from ci"):
        MANIFEST.levels(["everything"])
    off = MANIFEST.for_github(name="x", homepage="https://h.example", redirect_url="http://127.0.0.1/c", hook_url=None)
    assert off["hook_attributes"] == {"url": "https://h.example", "active": False}


def test_a_broken_manifest_is_told_by_file_and_key(tmp_path: Path) -> None:
    file = tmp_path / "app.yml"
    for text, said in (("a: [", "not YAML"), ("name: x\ndescription: y\nevents: {}\n", "permissions: Field required")):
        file.write_text(text)
        with pytest.raises(ManifestError, match=said):
            load_manifest(file)
    with pytest.raises(ManifestError, match="cannot be read"):
        load_manifest(tmp_path / "none.yml")


def test_addresses_of_githubs() -> None:
    assert api_url_of(web_url_of("github.com")) == "https://api.github.com"
    assert api_url_of(web_url_of("https://Octo.ghe.com/")) == "https://api.octo.ghe.com"
    assert api_url_of(web_url_of("https://git.example.com:8443")) == "https://git.example.com:8443/api/v3"
    assert api_url_of(web_url_of("http://127.0.0.1:3000")) == "http://127.0.0.1:3000/api/v3"
    for bad in (
        "",
        "http://git.example.com",
        "ftp://x",
        "https://a@b",
        "https://x/y",
        "https://x:port",
        "https:///x",
    ):
        with pytest.raises(HostRefused):
            web_url_of(bad)
