"""The room as a browser meets it: the door, the frame, who is let in, and what another site cannot do."""

from __future__ import annotations

import re

from bot.doors.room.entrance import check_next
from bot.store import sessions
from tests.support.api import opened
from tests.support.room import Visitor, visitor
from tests.support.story import Story


async def test_pages_are_for_who_is_signed_in(story: Story) -> None:
    nobody = Visitor(story)
    away = await nobody.get("/room?x=1")
    assert (away.status, away.headers["Location"]) == (303, "/room/sign-in?next=/room?x%3D1")
    asked = await nobody.get(away.headers["Location"])
    assert asked.status == 200
    assert 'value="/room?x=1"' in asked.text
    mara = await visitor(story, story.maintainer)
    home = await mara.get("/room")
    assert home.status == 200
    assert "Nothing waits" in home.text
    policy = home.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert home.headers["Cache-Control"] == "no-store"
    assert home.headers["Referrer-Policy"] == "same-origin"
    for path in re.findall(r'(?:href|src)="(/room/static/[^"]+)"', home.text):
        file = await nobody.get(path)
        assert (file.status, "immutable" in file.headers["Cache-Control"]) == (200, True), path
        stale = re.sub("/static/[0-9a-f]+/", "/static/0123456789abcdef/", path)
        assert (await nobody.get(stale)).status == 404
    assert "no such page" in (await mara.get("/room/nothing")).text


async def test_acts_come_from_our_own_pages(story: Story) -> None:
    mara = await visitor(story, story.maintainer)
    strange: list[dict[str, str]] = [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Origin": "https://evil.example", "Host": "evil.example", "X_Forwarded_Host": "evil.example"},
    ]
    for headers in strange:
        assert (await mara.post("/room/sign-out", **headers)).status == 403, headers
    assert (await mara.get("/room")).status == 200
    kept = dict(mara.cookies)
    assert (await mara.post("/room/sign-out", Sec_Fetch_Site="same-origin")).status == 303
    assert mara.cookies == {}
    assert (await Visitor(story, kept).get("/room")).status == 303, "the old cookie is good for nothing"


async def test_what_is_no_form_is_refused_in_words(story: Story) -> None:
    mara = await visitor(story, story.maintainer)
    form = "application/x-www-form-urlencoded"
    for kind, body in (("multipart/form-data", b"x"), (form, b"text=\xff"), (f"{form}; charset=none", b"text=x")):
        for path in ("/room/sign-in", "/room/keys"):
            answer = await mara.ask("POST", path, body, Content_Type=kind)
            assert (answer.status, "could not be read" in answer.text) == (400, True), (path, kind)


async def test_local_token_opens_the_room(story: Story) -> None:
    from bot.doors.api.tokens import make_local_token

    token = make_local_token()
    with opened(story) as store:
        store.run_sync(lambda connection: sessions.replace_local(connection, token.digest))
    nobody = Visitor(story)
    assert (await nobody.post("/room/sign-in", {"token": token.text[:-1], "next": "/room"})).status == 403
    answer = await nobody.post("/room/sign-in", {"token": f" {token.text} ", "next": "https://evil.example"})
    assert (answer.status, answer.headers["Location"]) == (303, "/room")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert (await nobody.get("/room")).status == 200
    for _ in range(3):
        assert (await Visitor(story).post("/room/sign-in", {"token": "x"})).status == 403
    assert (await Visitor(story).post("/room/sign-in", {"token": token.text})).status == 429


def test_only_pages_of_ours_are_led_to() -> None:
    for good in ("/room", "/room/tasks?state=done&repository=a/b", "/room?x=1"):
        assert check_next(good) == good
    for bad in ("", "/", "//evil", "/roomy", "/room/\\evil", "https://evil", "/room/\r\nX: y", "/room/a b"):
        assert check_next(bad) == "/room", bad
