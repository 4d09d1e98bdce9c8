"""Lists, deliveries and repositories: what they show, why nothing happened, what an edit would have changed."""

from __future__ import annotations

import re

from bot.store import tasks
from bot.store.tables import delivery
from simhub.model import Account
from tests.doors.test_commands import pull
from tests.e2e.scenes import POLICY, handled, put
from tests.support.api import asker, opened
from tests.support.room import visitor
from tests.support.story import Story

PLACE = "/room/repositories/octo/sample"


async def say(story: Story, number: int, text: str, by: Account | None = None) -> None:
    await story.request("POST", f"/issues/{number}/comments", {"body": text}, by=by)


async def test_tasks_are_filtered_by_the_address_and_paged(story: Story) -> None:
    number = await story.file("Cents are lost", "`total` is wrong", label=None)
    program = asker(story, story.maintainer)
    ids = [(await program.start("ask", number, text=f"Why {each}?")).data["id"] for each in range(3)]
    mara = await visitor(story, story.maintainer)
    first = await mara.get("/room/tasks?state=&task=ask&repository=octo/sample&actor=&limit=2")
    assert first.status == 200
    assert [each in first.text for each in ids] == [False, True, True]
    older = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert older is not None
    rest = await mara.get(f"/room/tasks{older[1].replace('&amp;', '&')}")
    assert [each in rest.text for each in ids] == [True, False, False]
    assert "No task is like that" in (await mara.get("/room/tasks?state=failed")).text
    assert (await mara.get("/room/tasks?state=lost")).status == 400
    ann = await visitor(story, story.hub.create_user("ann"))
    assert "Nothing was asked yet" in (await ann.get("/room/tasks")).text
    assert (await ann.get("/room/tasks?repository=octo/sample")).status == 403
    assert (await ann.get(PLACE)).status == 403
    for path in ("/room/commands", "/room/commands?repository=octo/sample"):
        assert "/fix" in (await mara.get(path)).text


async def test_home_does_not_count_fewer_failures_than_there_are(story: Story) -> None:
    """It lists some of them."""
    number = await story.file("Cents are lost", "`total` is wrong", label=None)
    program, mara = asker(story, story.maintainer), await visitor(story, story.maintainer)

    async def fail(times: int) -> None:
        for each in range(times):
            started = (await program.start("ask", number, text=f"Why {times} {each}?")).data["id"]
            result = {"state": "failed", "summary": "It ended."}
            with opened(story) as store:
                store.run_sync(tasks.close, started, "failed", result)

    for more, told in ((8, "8"), (2, "8+")):
        await fail(more)
        page = (await mara.get("/room")).text
        assert f'<div class="tile"><strong>{told}</strong>failed today</div>' in page


async def test_a_delivery_says_why_nothing_happened_and_is_handled_again(story: Story) -> None:
    ann = story.hub.create_user("ann")
    story.hub.set_permission(story.repository, "ann", "read")
    number = await story.file("Cents are lost", "`total` is wrong", label=None)
    await say(story, number, "I see it too.")
    await handled(story)
    await say(story, number, "/fix", by=ann)
    await handled(story)
    await pull(story)
    await handled(story)
    with opened(story) as store:
        found = store.run_sync(lambda c: c.execute(delivery.select().order_by(delivery.c.received)).all())
    admin = await visitor(story, None)
    listed = await admin.get("/room/deliveries?limit=100")
    told = {}
    for row in found:
        assert row.guid in listed.text
        told[row.event, row.payload.count(b"/fix") > 0] = (await admin.get(f"/room/deliveries/{row.guid}")).text
    assert "no command" in told["issue_comment", False]
    assert "needs write permission" in told["issue_comment", True]
    assert "It started review" in told["pull_request", False]
    story.hub.set_permission(story.repository, "ann", "write")
    guid = next(row.guid for row in found if b"/fix" in row.payload)
    assert (await (await visitor(story, story.maintainer)).get("/room/deliveries")).status == 403
    again = await admin.post(f"/room/deliveries/{guid}/redeliver")
    assert again.status == 303
    await handled(story)
    assert "It started fix" in (await admin.get(f"/room/deliveries/{guid}")).text


async def test_an_edit_is_tried_on_what_happened_and_proposed(story: Story) -> None:
    ann = story.hub.create_user("ann")
    story.hub.set_permission(story.repository, "ann", "read")
    await put(story, POLICY, "limits:\n  dollars_per_day: 5\n")
    number = await story.file("Cents are lost", "`total` is wrong", label=None)
    await say(story, number, "/fix", by=ann)
    await pull(story)
    await handled(story)
    with opened(story) as store:
        before = store.run_sync(lambda c: c.execute(delivery.select()).all())
    mara = await visitor(story, story.maintainer)
    page = await mara.get(PLACE)
    assert page.status == 200
    assert f"/octo/sample/blob/main/{POLICY}#L2" in page.text
    assert "dollars_per_day: 5" in (await mara.get(f"{PLACE}/config")).text
    wrong = await mara.post(f"{PLACE}/config", {"act": "check", "text": "a: 1\nlimits:\n  dollars_per_day: x\n"})
    assert "line 1" in wrong.text
    assert "line 3" in wrong.text
    edited = "limits:\n  dollars_per_day: 5\nreview:\n  on: []\n  ignore: ['*']\ncommands:\n  write: [review]\n"
    comments = dict(await story.comments(number))
    told = await mara.post(f"{PLACE}/config", {"act": "rehearse", "text": edited})
    assert told.status == 200, told.text
    assert "starts review" in told.text
    assert "Reviews begin by themselves at nothing" in told.text
    assert "is switched off in this repository" in told.text
    assert await story.comments(number) == comments, "nothing is written"
    with opened(story) as store:
        assert len(store.run_sync(lambda c: c.execute(delivery.select()).all())) == len(before)
    proposed = await mara.post(f"{PLACE}/config", {"act": "propose", "text": edited})
    assert proposed.status == 303, proposed.text
    (change,) = [one for one in story.repository.pulls if one.issue.title == f"Change {POLICY}"]
    assert change.base_ref == "main"
    refused = await (await visitor(story, ann)).post(f"{PLACE}/config", {"act": "rehearse", "text": edited})
    assert refused.status == 403
