"""What is believed of a request, and what is not: its host, its cookies, a right of ten minutes ago."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from bot.doors.api.tokens import make_local_token
from bot.store import sessions
from bot.store.room_tables import local_token
from tests.e2e.conftest import SAMPLE
from tests.support.api import opened
from tests.support.room import Visitor, visitor
from tests.support.story import Story
from tests.support.within import within

PUBLIC = "https://bot.example"


async def test_behind_https_cookies_are_the_hosts_own(tmp_path: Path) -> None:
    token = make_local_token()
    async with within(tmp_path, SAMPLE, public_url=PUBLIC) as story:
        with opened(story) as store:
            store.run_sync(sessions.replace_local, token.digest)
        browser = Visitor(story)
        lies = {"Host": "evil.example", "X_Forwarded_Host": "evil.example", "X_Forwarded_Proto": "http"}
        away = await browser.get("/room/sign-in/github", **lies)
        asked = parse_qs(urlsplit(away.headers["Location"]).query)
        assert asked["redirect_uri"] == [f"{PUBLIC}/room/sign-in/back"]
        assert "evil" not in f"{away.headers}"
        form = {"token": token.text}
        assert (await browser.post("/room/sign-in", form, Origin="https://evil.example", **lies)).status == 403
        answer = await browser.post("/room/sign-in", form, Origin=PUBLIC)
        (cookie,) = [text for text in answer.headers.getall("Set-Cookie") if "session" in text]
        assert cookie.startswith("__Host-forgehand-session=")
        assert all(flag in cookie for flag in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"))
        assert "Domain" not in cookie
        plain = Visitor(story, {"forgehand-session": browser.cookies["__Host-forgehand-session"]})
        assert (await plain.get("/room")).status == 303, "only the cookie that nobody else can set counts"
        assert (await browser.get("/room")).status == 200


async def test_no_page_is_served_while_nobody_can_sign_in(tmp_path: Path) -> None:
    async with within(tmp_path, SAMPLE, host="0.0.0.0", client_secret=None) as story:
        with opened(story) as store:
            store.run_sync(lambda connection: connection.execute(local_token.delete()))
        for path in ("/room", "/room/sign-in", "/room/audit"):
            answer = await Visitor(story).get(path)
            assert (answer.status, "forgehand tokens room" in answer.text) == (503, True), path
        with opened(story) as store:
            store.run_sync(sessions.replace_local, make_local_token().digest)
        shown = await Visitor(story).get("/room/sign-in")
        assert (shown.status, "with GitHub" in shown.text) == (200, False)
        assert (await Visitor(story).get("/room/sign-in/github")).status == 404


async def test_rights_are_asked_at_every_act(story: Story) -> None:
    ann = story.hub.create_user("ann")
    story.hub.set_permission(story.repository, "ann", "write")
    hers = await visitor(story, ann)
    story.hub.set_permission(story.repository, "ann", "read")
    page, form = "/room/repositories/octo/sample", {"act": "propose", "text": "review: {on: []}\n"}
    assert (await hers.get(page)).status == 200
    refused = await hers.post(f"{page}/config", form)
    assert (refused.status, "needs write permission" in refused.text) == (403, True), refused.text
    story.hub.set_permission(story.repository, "ann", "write")
    assert (await hers.post(f"{page}/config", form)).status == 303
