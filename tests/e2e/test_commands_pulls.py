"""Commands on a pull request.

It is described, improved, a finding ignored; stopped midway, twice, when closed.
"""

from __future__ import annotations

import asyncio
from typing import Any

from simhub.model_formats import ModelRequest
from tests.e2e.answers import calls
from tests.e2e.conftest import Tell
from tests.e2e.reading import BUGGY, PRICES, PROVED, QUIET, finding, reports
from tests.e2e.scenes import POLICY, place, put, rows
from tests.support.patience import PATIENCE
from tests.support.pulls import propose, pull, remarks, reviewed, reviews
from tests.support.story import Story
from tests.support.typing import answered, below, comment, final, finals, on_line, reactions

MANUAL = "review: { on: [] }\n"
OWN = "Reads cents.\r\n\r\n- [ ] tested\r\n"
DESCRIPTION = {
    "title": "Cents are read",
    "summary": "Prices keep their cents. @octo/all Fixes #1.",
    "files": [
        {"path": PRICES, "change": "Adds what stands behind the point."},
        {"path": "nope.py", "change": "Is not in this change."},
    ],
    "diagram": "flowchart LR\n  a[total] --> b[parse_price]",
}
ACTIVE = {**DESCRIPTION, "title": "Anew", "diagram": 'flowchart LR\n  a --> b\n  click a "https://evil.example"'}
LAST = '    return int(whole) * 100 + int(cents or "0")'


def suggested(quote: str, replacement: str, line: int = 7, path: str = PRICES) -> dict[str, Any]:
    return {
        "path": path,
        "line": line,
        "quote": quote,
        "replacement": replacement,
        "why": f"Better: {replacement[:12]}",
    }


SUGGESTIONS = [
    suggested(LAST, '    return int(whole) * 100 + int((cents + "00")[:2])'),
    suggested(LAST, "    return (int(whole)"),
    suggested('"""Prices as people write them."""', '"""Prices."""', line=1),
    suggested("    return 3", "    return 4"),
    suggested(LAST, "    return 4", path="nope.py"),
]


async def test_a_description_stands_below_the_authors_words(tell: Tell) -> None:
    story: Story = await tell([])
    await put(story, POLICY, MANUAL)
    story.script.on(calls(("describe", DESCRIPTION)), system="You describe")
    number = await propose(story, {PRICES: BUGGY}, body=OWN)
    text = await final(story, asked := await comment(story, number, "/describe"))
    assert text.startswith("The pull request's text has a description now; what was there stays.")
    assert await reactions(story, asked) == ["eyes"]
    body = (await pull(story, number))["body"]
    own, _, ours = body.partition("\n\n<!-- forgehand describe -->\n")
    assert own == OWN.rstrip()
    assert "**Cents are read**" in ours
    assert "@\u200bocto" in ours
    assert "Fixes #1" not in ours
    assert "| `basket/prices.py` | +1 −1 | Adds what stands behind the point. |" in ours
    assert "```mermaid\nflowchart LR\n" in ours
    assert "nope.py" not in body

    story.script.on(calls(("describe", ACTIVE)), system="You describe")
    await story.request("PATCH", f"/pulls/{number}", {"body": f"{body}\n\nOne more word."})
    await final(story, await comment(story, number, "/describe"))
    body = (await pull(story, number))["body"]
    assert body.startswith(own)
    assert body.endswith("One more word.")
    assert body.count("<!-- forgehand describe -->") == 1
    assert "**Anew**" in body
    assert "mermaid" not in body

    # Suggestions, on somebody else's pull request.
    ann = story.hub.create_user("ann")
    forked = await propose(
        story, {PRICES: BUGGY}, branch="theirs", by=ann, fork=story.hub.fork(story.repository, "ann")
    )
    story.script.on(calls(("improve", {"suggestions": SUGGESTIONS})), system="You suggest")
    await comment(story, forked, "/improve", by=ann)
    await comment(story, forked, "/improve")
    await story.until(
        lambda: rows(story, "select 1 from fh_task where state = 'done' and flow = 'improve'"), what="done"
    )
    (review,) = await reviews(story, forked)
    assert review["body"].startswith(
        "1 suggestion; each applies to the head and leaves its file parsing. 4 more did not"
    )
    (remark,) = await remarks(story, forked)
    assert (remark["path"], remark["line"]) == (PRICES, 7)
    assert '```suggestion\n    return int(whole) * 100 + int((cents + "00")[:2])\n```' in remark["body"]
    assert [login for (login,) in rows(story, "select actor from fh_task where flow = 'improve'")] == ["mara"]

    reworded = {**SUGGESTIONS[0], "why": "Half a price is not five cents."}
    story.script.on(calls(("improve", {"suggestions": [reworded, SUGGESTIONS[3]]})), system="You suggest")
    text = await final(story, twice := await comment(story, forked, "/improve"))
    assert text.startswith(
        "I see nothing to suggest that is new and clearly better. 1 did not apply or parse and was left out. "
        "1 was already raised here."
    )
    assert await reactions(story, twice) == ["eyes"]

    story.script.on({"fault": "bad_request"}, system="You suggest", reusable=True)
    again = await comment(story, forked, "/improve")
    assert (await final(story, again)).startswith("I could not suggest anything: ")


async def test_stopped_midway_twice_at_once_and_when_all_is_over(tell: Tell) -> None:
    asking, gone = asyncio.Event(), asyncio.Event()

    async def never(_: ModelRequest) -> dict[str, Any]:
        asking.set()
        await gone.wait()
        return {"fault": "down"}

    story: Story = await tell([])
    await put(story, POLICY, MANUAL)
    story.script.on(never, text="how long", reusable=True)
    story.script.on(never, system="You describe")
    number = await propose(story, {PRICES: BUGGY})
    rita = story.hub.create_user("rita")
    story.hub.set_permission(story.repository, "rita", "write")
    line = await on_line(story, number, PRICES, 7, "/ask how long?", by=rita)
    async with asyncio.timeout(PATIENCE):
        await asking.wait()
    described = await comment(story, number, "/describe")
    (text,) = await answered(story, await comment(story, number, "/describe"))
    assert text.startswith("I am already working on this (task `")
    (text,) = await answered(story, await comment(story, number, "/cancel"))
    assert text.startswith("Stopping: ")
    assert text.endswith(" `/retry` starts the first of these again.")
    await story.until(lambda: not rows(story, "select 1 from fh_task where ended is null"), what="all stopped")
    states = rows(story, "select flow, state from fh_task order by flow")
    assert states == [("ask", "cancelled"), ("describe", "cancelled")]
    gone.set()
    text = await final(story, line)
    assert text.startswith("Cancelled. mara cancelled the task.")
    assert "Comment `/retry` to start a new attempt." in text
    assert await finals(story, described) == [], "mara knows"

    await story.request("PATCH", f"/pulls/{number}", {"state": "closed"})
    story.script.on({"text": "Nobody knows."}, text="after the end")
    (text,) = await answered(story, await comment(story, number, "/improve"))
    assert text == "`/improve` needs an open issue or pull request; this one is closed."
    assert (await final(story, await comment(story, number, "/ask after the end?"))).startswith("Nobody knows.")

    # A finding that somebody rejects.
    other = place(story, "other")
    story.script.extend([reports(finding()), QUIET, PROVED])
    change = await propose(other, {PRICES: BUGGY})
    await reviewed(other, change)
    (remark,) = await remarks(other, change)
    thread = await on_line(other, change, PRICES, 7, "/ignore no finding here")
    (text,) = await answered(other, thread)
    assert text.startswith("This thread is not about a finding of mine")
    found = type(thread)(change, remark["id"], "", f"/pulls/{change}/comments", remark["id"])
    (text,) = await answered(other, await below(other, found, "/ignore Callers check that"))
    assert text == "I will not report this again in this repository. Reason: Callers check that"
    query = "select state, reason, actor from fh_finding where repository = ?"
    assert rows(other, query, str(other.repository.id)) == [("disputed", "Callers check that", "mara")]
