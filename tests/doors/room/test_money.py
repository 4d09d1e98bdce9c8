"""The pages about money and keys: what they tell, to whom, and that a key's value is on none of them."""

from __future__ import annotations

import html
import re

import pytest

from bot.doors.room.charts import draw_bars, fold_series
from bot.keys import openrouter
from bot.store import outcomes
from bot.store.usage import OTHERS
from tests.doors.api.test_reading import pay, remember_findings
from tests.e2e.scenes import rows
from tests.keys.test_openrouter import OpenRouter
from tests.support.api import Answer, asker, opened
from tests.support.keyed import KEY, NEXT, SHOP
from tests.support.room import Visitor, visitor
from tests.support.story import Story

WRONG = "sk-wrong-0123456789"


def text_of(answer: Answer) -> str:
    """What a page says, without its marks."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


async def administrator(story: Story) -> Visitor:
    """The story's maintainer, whom the settings name."""
    return await visitor(story, story.maintainer)


def test_bars_stand_on_each_other_and_say_their_numbers() -> None:
    days = ["2026-12-01", "2026-12-02"]
    values = {(day, f"model {number}"): 10 * (9 - number) for day in days[:1] for number in range(8)}
    series = fold_series(values, days)
    assert [one.name for one in series][-1] == "others"
    assert sum(sum(one.values) for one in series) == sum(values.values())
    kept = {place: paid for place, paid in values.items() if paid > 40}
    rest = sum(values.values()) - sum(kept.values())
    assert fold_series(kept | {(days[0], OTHERS): rest}, days) == series, "the store told the others together"
    chart = draw_bars(days, [*series[:2], series[0]._replace(name='"><script>')], title="Paid", tell=str)
    assert (chart.first, chart.last, chart.most) == (*days, sum(one.values[0] for one in (*series[:2], series[0])))
    drawn = str(chart.svg)
    assert "<title>2026-12-01: 260 (model 0 90; model 1 80; &#34;&gt;&lt;script&gt; 90)</title>" in drawn
    heights = [float(each) for each in re.findall(r'<rect class="c\d" [^>]* height="([\d.]+)"', drawn)]
    assert sum(heights) == pytest.approx(160, abs=0.1)
    assert "style" not in drawn
    assert draw_bars([], [], title="", tell=str).most == 0


async def test_usage_and_budgets_tell_who_may_see_what(story: Story) -> None:
    number = await story.file("A", "B", label=None)
    task = (await asker(story, story.maintainer).start("ask", number, text="Why?")).data["id"]
    await pay(story, task, 0.25)
    with opened(story) as store:
        store.run_sync(outcomes.record, task, "merged", {})
        store.run_sync(remember_findings, task)
    reader = await visitor(story, story.maintainer)
    page = await reader.get("/room/usage?by=model")
    said = text_of(page)
    assert page.status == 200
    assert "Paid $0.2500 1 calls of models" in said
    assert "Days and months begin at midnight in UTC" in said
    assert "thinker $0.2500 100 % 1 100 5 20 0 All $0.2500" in said
    assert "ask 1 0 0 0 $0.2500 $0.2500" in said
    assert "ruff:E501 2 1 0 1 67 %" in said
    (link,) = re.findall(r'href="(/room/usage.csv[^"]+)"', page.text)
    table = await reader.get(html.unescape(link))
    assert (table.status, table.text.splitlines()[-1].split(",")[:3]) == (200, ["total", "250000", "1"])
    long = await reader.get("/room/usage?first=2026-01-01&last=2026-12-31")
    assert "by month" in long.text
    stranger = await visitor(story, story.hub.create_user("zed"))
    assert "You see no repository here yet" in text_of(await stranger.get("/room/usage"))
    for path in ("usage?repository=octo/sample", "usage.csv?repository=octo/sample", "budgets?repository=octo/sample"):
        assert (await stranger.get(f"/room/{path}")).status == 403, path
    own = await reader.get("/room/budgets")
    assert "repository octo/sample day, hard" in text_of(own)
    assert "this server" not in text_of(own), "that is for administrators"
    raised = {"subject": "instance", "period": "day", "strength": "hard", "dollars": "80.5", "hours": "2"}
    assert (await reader.post("/room/budgets", raised)).status == 403
    await operate(story, task, raised)


async def operate(story: Story, task: str, raised: dict[str, str]) -> None:
    """What the local administrator sees and does."""
    root = await visitor(story, None)
    everything = await root.get("/room/budgets")
    assert "this server day, hard $0.2500 of $50.00 $0.2500 paid $50.00 settings" in text_of(everything)
    assert 'high="40000000" value="250000"' in everything.text
    assert (await root.post("/room/budgets", raised)).headers["Location"] == "/room/budgets"
    held = await root.get("/room/budgets")
    assert "instance may cost $80.5 for 2 hours" in text_of(held)
    assert "$80.50 until 20" in text_of(held)
    assert (await root.post("/room/budgets", raised | {"dollars": "many"})).status == 400
    key = {name: raised[name] for name in ("subject", "period", "strength")}
    assert (await root.post("/room/budgets/remove", key)).status == 303
    assert "$50.00 settings" in text_of(await root.get("/room/budgets"))
    by_task = await root.get("/room/usage?by=actor")
    assert "mara $0.2500" in text_of(by_task)
    for path in ("providers", "keys", "keys/connect"):
        assert (await root.get(f"/room/{path}")).status == 200, path


async def test_a_key_is_kept_tested_rotated_and_retired(keyed: Story) -> None:
    mara = await visitor(keyed, keyed.maintainer)
    pages: list[str] = []

    async def see(path: str) -> str:
        answer = await mara.get(path)
        assert answer.status == 200, answer.text
        pages.append(answer.text)
        return text_of(answer)

    async def act(path: str, form: dict[str, str]) -> str:
        answer = await mara.post(path, form)
        pages.append(answer.text)
        assert answer.status == 303, answer.text
        return answer.headers["Location"]

    assert "No key is kept here" in await see("/room/keys")
    form = {
        "provider": "anthropic",
        "scope": "person",
        "repository": "",
        "name": "mine",
        "secret": WRONG,
    }
    wrong = await mara.post("/room/keys", form)
    pages.append(wrong.text)
    assert (wrong.status, "does not accept the key" in wrong.text, 'value="mine"' in wrong.text) == (409, True, True)
    assert (await mara.post("/room/keys", form | {"secret": ""})).status == 400
    place = await act("/room/keys", form | {"secret": KEY})
    said = await see(place)
    assert "works" in said
    assert "key ok Accepted." in said
    unchanged = {"name": "mine", "secret": ""}
    before = rows(keyed, "select * from fh_key")
    assert await act(place, unchanged) == place
    assert rows(keyed, "select * from fh_key") == before, "a form that is saved unchanged changes nothing"
    await act(f"{place}/test", {"ask": "true"})
    assert "answer ok claude-sonnet-5-5 answers" in await see(place)
    refused = await mara.post(place, unchanged | {"secret": WRONG})
    pages.append(refused.text)
    assert (refused.status, "does not accept" in refused.text) == (409, True)
    successor = await act(place, {"name": "ours", "fallback": "true", "secret": NEXT})
    assert successor != place
    assert "It pays from now on" in await see(successor)
    assert "a wider key may pay" in await see(successor)
    await nobody_else(keyed, successor)
    assert await act(f"{successor}/retire", {}) == "/room/keys"
    assert "retired" in await see("/room/keys")
    await local_administrator(keyed, pages)
    assert not [secret for secret in (KEY, NEXT, WRONG, SHOP) for page in pages if secret in page]
    dump = b"".join(file.read_bytes() for file in (keyed.root / "data").glob("forgehand.db*"))
    assert not [secret for secret in (KEY, NEXT, WRONG, SHOP) if secret.encode() in dump]
    typed = [field for page in pages for field in re.findall(r"<input[^>]*>", page) if 'name="secret"' in field]
    assert typed
    assert all('type="password" autocomplete="new-password"' in one and "value=" not in one for one in typed)
    assert not any("base_url" in page for page in pages), "where keys go is a setting of the server"


async def local_administrator(story: Story, pages: list[str]) -> None:
    """The administrator's token manages the keys of all, without an account; a person's own needs that person."""
    local = await visitor(story, None)
    shown = await local.get("/room/keys")
    assert '<option value="person"' not in shown.text
    new = {"provider": "anthropic", "scope": "repository", "repository": "octo/sample", "secret": SHOP}
    assert (await local.post("/room/keys", new | {"scope": "person"})).status == 403
    made = await local.post("/room/keys", new)
    assert made.status == 303, made.text
    place = made.headers["Location"]
    assert (await local.post(place, {"name": "the shop's", "secret": NEXT})).status == 303
    listed = await local.get("/room/keys?repository=octo/sample")
    assert "the shop's" in html.unescape(listed.text)
    assert "the shop's" in html.unescape((await local.get("/room/repositories/octo/sample")).text)
    pages += [shown.text, listed.text]
    assert rows(story, "select distinct added_by from fh_key where scope = 'repository'") == [("(administrator)",)]


async def nobody_else(story: Story, place: str) -> None:
    """Somebody else's key is not there, whatever is done."""
    other = story.hub.create_user("wim")
    story.hub.set_permission(story.repository, "wim", "write")
    wim = await visitor(story, other)
    assert (await wim.get(place)).status == 404
    for path, form in (("", {"secret": SHOP}), ("/test", {}), ("/retire", {})):
        assert (await wim.post(f"{place}{path}", form)).status == 404, path
    assert "No key is kept here" in text_of(await wim.get("/room/keys"))
    new = {"provider": "anthropic", "scope": "repository", "repository": "octo/sample", "secret": SHOP}
    assert (await wim.post("/room/keys", new)).status == 403


async def test_openrouter_makes_a_key_for_this_session_alone(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    async with OpenRouter() as router:
        monkeypatch.setattr(openrouter, "HOME", router.url)
        mara = await visitor(story, story.maintainer)
        assert router.url not in (await mara.get("/room/keys/connect")).text
        page = await mara.get("/room/keys/connect?scope=person&dollars=5&repository=")
        (link,) = [html.unescape(each) for each in re.findall(r'href="([^"]+)"', page.text) if "code_challenge" in each]
        asked = router.take(link)
        assert (asked["limit"], asked["usage_limit_type"], asked["code_challenge_method"]) == ("5", "monthly", "S256")
        back = asked["callback_url"].removeprefix(mara.origin)
        assert back.startswith("/room/keys/connected/")
        other = await visitor(story, story.maintainer)
        for who, path in ((other, f"{back}?code=auth-code"), (mara, back), (mara, f"{back[:-4]}AAAA?code=auth-code")):
            assert (await who.get(path)).status == 409
        assert router.bodies == []
        answer = await mara.get(f"{back}?code=auth-code")
        assert router.bodies[-1]["code"] == "auth-code"
        # the stand-in is no place where this server asks models, so that the key cannot be tried
        assert (answer.status, "asks no model at openrouter" in answer.text) == (409, True)
