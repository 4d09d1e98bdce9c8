"""Signing in with GitHub: there and back, who is let in, and how it ends."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import aiohttp
import sqlalchemy as sa

from bot.store.database import now_ms
from bot.store.room_tables import session
from simhub.model import Account
from tests.support.api import opened
from tests.support.room import Visitor, visitor
from tests.support.story import Story

AWAY = "/room/sign-in/github"


async def at_github(story: Story, url: str, login: str, **more: str) -> str:
    """Where GitHub leads a browser back to, after somebody said yes there (or no: ``cancel``)."""
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    form = {**asked, "login": login, **more}
    async with (
        aiohttp.ClientSession() as http,
        http.get(url) as page,
        http.post(f"{story.hub.url}/login/oauth/authorize", data=form, allow_redirects=False) as answer,
    ):
        assert page.status == 200
        return answer.headers["Location"].removeprefix(f"http://127.0.0.1:{story.port}")


async def signed_in(story: Story, account: Account, wanted: str = "/room") -> Visitor:
    browser = Visitor(story)
    away = await browser.get(f"{AWAY}?next={wanted}")
    back = await browser.get(await at_github(story, away.headers["Location"], account.login))
    assert (back.status, back.headers["Location"]) == (303, wanted), back.text
    return browser


def age(story: Story, **values: object) -> None:
    """Change every session as if time had passed."""
    with opened(story) as store:
        store.run_sync(lambda connection: connection.execute(sa.update(session).values(**values)))


async def test_there_and_back(story: Story) -> None:
    browser = Visitor(story)
    away = await browser.get(f"{AWAY}?next=/room")
    url = urlsplit(away.headers["Location"])
    asked = parse_qs(url.query)
    assert f"{url.scheme}://{url.netloc}" == story.hub.url
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == [f"{browser.origin}/room/sign-in/back"]
    assert len(asked["state"][0]) >= 43
    back = await at_github(story, url.geturl(), "mara")
    for cookies in ({}, {"forgehand-state": "x.y.eA=="}, {"forgehand-state": "x"}):
        other = Visitor(story, dict(cookies))
        assert (await other.get(back)).status == 403, "nobody is signed in who did not begin here"
        assert "forgehand-session" not in other.cookies
    kept = dict(browser.cookies)
    done = await browser.get(back)
    assert (done.status, done.headers["Location"]) == (303, "/room")
    cookie = next(text for text in done.headers.getall("Set-Cookie") if "session" in text)
    assert all(flag in cookie for flag in ("HttpOnly", "SameSite=Lax", "Path=/", "Max-Age="))
    assert "Domain" not in cookie
    home = await browser.get("/room")
    assert (home.status, "mara" in home.text) == (200, True)
    again = await Visitor(story, kept).get(back)
    assert (again.status, "did not sign you in" in again.text) == (502, True), "a code is good once"
    denied = Visitor(story)
    away = await denied.get(AWAY)
    assert (await denied.get(await at_github(story, away.headers["Location"], "mara", cancel="1"))).status == 403
    (dump,) = [(story.root / "data" / "forgehand.db").read_bytes()]
    tokens = [token for token in story.hub.world.user_tokens if token.startswith("ghu_")]
    for secret in (*tokens, "ghr_", story.app.client_secret, browser.cookies["forgehand-session"]):
        assert secret.encode() not in dump
    assert len(story.hub.world.app_tokens) == 1
    assert (await browser.post("/room/sign-out")).status == 303
    assert story.hub.world.app_tokens == {}, "GitHub has forgotten the token"


async def test_strangers_are_told_and_see_nothing(story: Story) -> None:
    zed = story.hub.create_user("zed")
    browser = Visitor(story)
    away = await browser.get(AWAY)
    told = await browser.get(await at_github(story, away.headers["Location"], zed.login))
    assert (told.status, "Nothing to show to zed" in told.text) == (403, True)
    assert browser.cookies == {}
    assert story.repository.full_name not in told.text
    assert (await browser.get("/room")).status == 303


async def test_what_github_says_is_asked_again(story: Story) -> None:
    ann = story.hub.create_user("ann")
    story.hub.set_permission(story.repository, "ann", "write")
    browser = await signed_in(story, ann)
    elsewhere = await signed_in(story, ann)
    story.hub.set_permission(story.repository, "mara", "none")
    age(story, seen_at=now_ms() - 601_000)
    assert (await browser.get("/room")).status == 200
    del story.hub.world.user_tokens[next(iter(story.hub.world.app_tokens))]
    age(story, seen_at=now_ms() - 601_000)
    away = await browser.get("/room?x=1")
    assert (away.status, away.headers["Location"]) == (303, f"{AWAY}?next=/room?x%3D1"), "a dead token is no refusal"
    assert (await elsewhere.get("/room")).status == 200
    story.hub.revoke_authorization(story.app, ann)
    await story.hub.settled()
    await story.until(lambda: _counts(story, ann) == 0, what="the sessions are ended")
    assert (await elsewhere.get("/room")).headers["Location"] == "/room/sign-in?next=/room"


def _counts(story: Story, account: Account) -> int:
    query = sa.select(sa.func.count()).where(session.c.account_id == account.id)
    with opened(story) as store:
        return int(store.run_sync(lambda connection: connection.execute(query).scalar_one()))


async def test_sessions_end_by_themselves(story: Story) -> None:
    hour = 3_600_000
    for values in ({"used": now_ms() - 8 * hour}, {"created": now_ms() - 7 * 24 * hour}):
        mara = await visitor(story, story.maintainer)
        assert (await mara.get("/room")).status == 200
        age(story, **values)
        assert (await mara.get("/room")).status == 303
    mara = await visitor(story, story.maintainer)  # who has no token to ask GitHub with
    age(story, seen_at=now_ms() - 601_000)
    assert (await mara.get("/room")).headers["Location"].startswith(AWAY)
