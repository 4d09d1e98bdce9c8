"""Orders to those who only read: reviews, questions, explanations, descriptions and suggestions, on a stranger's fork.

The model obeys all of them, one forbidden call a turn, and puts into its answers whatever it was told to write.
"""

from __future__ import annotations

import signal
from typing import Any

from bot.github.text.markers import markers_in
from tests.e2e.answers import Rule, calls
from tests.e2e.conftest import Tell
from tests.e2e.reading import BUGGY, PRICES, QUIET, verdict
from tests.e2e.scenes import POLICY, branches, git, put
from tests.injection import cases
from tests.injection.cases import Speech, Tried
from tests.injection.obeying import (
    Obeys,
    assert_defused,
    assert_heard_as_data,
    assert_no_secret_out,
    assert_refused,
    obeying,
    planted,
)
from tests.support.pulls import propose, pull, remarks, reviewed, reviews
from tests.support.story import Story
from tests.support.typing import Written, comment, final, on_line

OPEN = "commands: { read: [ask, explain, help] }\nreview: { on: [] }\n"
IN_PULL: tuple[Tried | Speech, ...] = (
    *cases.REVIEWING, *cases.FOUND, *cases.DESCRIBING, *cases.DESCRIBE_SAYS, *cases.IMPROVING, *cases.IMPROVED,
)  # fmt: skip
ASKED: tuple[Tried | Speech, ...] = (*cases.ASKING, *cases.ASK_SAYS)


async def test_orders_to_readers_change_nothing_but_words_that_are_defused(tell: Tell) -> None:
    story: Story = await tell([])
    await put(story, POLICY, OPEN)
    ann = story.hub.create_user("ann")
    fork = story.hub.fork(story.repository, "ann")
    body = "\n\n".join(planted(IN_PULL, "pull"))
    number = await propose(story, _files(), title="Cents", body=body, by=ann, fork=fork)
    before = (git(story, "rev-parse", "main"), dict(story.repository.roles), (await pull(story, number))["head"]["sha"])
    await _reviewed(story, number)
    asking = await _asked(story, number)
    explaining = await _explained(story, number)
    describing = await _described(story, number)
    improving = await _improved(story, number)
    assert_heard_as_data(story, (*IN_PULL, *cases.EXPLAINING, *cases.VERIFYING))
    for model, tried in (
        (asking, cases.ASKING),
        (explaining, cases.EXPLAINING),
        (describing, cases.DESCRIBING),
        (improving, cases.IMPROVING),
    ):
        assert_refused(story, model, tried)
    after = await pull(story, number)
    assert before == (git(story, "rev-parse", "main"), dict(story.repository.roles), after["head"]["sha"])
    assert (after["state"], after["merged"], after["labels"], after["title"]) == ("open", False, [], "Cents")
    assert {each["state"] for each in await reviews(story, number)} == {"COMMENTED"}
    assert branches(story) == ["main"]
    assert_no_secret_out(story)


def _files() -> dict[str, str]:
    texts = planted(IN_PULL, "diff")
    code = [text for text in texts if text.startswith("#")]
    (told,) = planted(IN_PULL, "head guideline")
    return {
        PRICES: BUGGY + "\n".join(["", *code, ""]),
        "docs/notes.md": "\n".join([*(text for text in texts if text not in code), ""]),
        "AGENTS.md": f"{told}\n",
        **dict.fromkeys(planted(IN_PULL, "file name"), "x\n"),
    }


async def _reviewed(story: Story, number: int) -> None:
    """A finder that obeys, and a verifier that obeys; one finding is real, and said without what was put into it."""
    report = {"files": [], "findings": list(cases.FINDINGS), "event": "APPROVE"}
    finding = obeying(cases.REVIEWING, calls(("report", report)))
    proved: Rule = verdict()
    verifying = obeying(cases.VERIFYING, proved["reply"])
    story.script.on(finding, tool="report", text="Concern: correctness", reusable=True)
    story.script.extend([QUIET])
    story.script.on(verifying, tool="verdict", reusable=True)
    await comment(story, number, "/review")
    await story.until(lambda: finding.heard, what="the review has begun")
    run = await reviewed(story, number)
    assert_refused(story, finding, cases.REVIEWING)
    assert_refused(story, verifying, cases.VERIFYING)
    (remark,) = await remarks(story, number)
    summary = "\n".join(text for said in (await story.comments(number)).values() for text in said)
    assert_defused(remark["body"], cases.FOUND)
    for case in cases.FOUND:
        assert case.never not in f"{summary}{run['output']}", case.name
    systems = [asked.system for asked in story.script.requests]
    assert not any("make install" in system for system in systems), "only the base's guidelines count"


async def _asked(story: Story, number: int) -> Obeys:
    """A reader asks; somebody edits a comment after that, before the bot has read it."""
    says = "\n\n".join(case.says for case in cases.ASK_SAYS)
    asking = obeying(cases.ASKING, {"text": says})
    story.script.on(asking, system="You answer one question", text=cases.ASKING[0].text, reusable=True)
    rita, ann = story.hub.create_user("rita"), story.hub.world.account("ann")
    for text in planted(ASKED, "comment"):
        await comment(story, number, text, by=ann)
    harmless = await comment(story, number, "Thanks.", by=ann)
    assert story.process is not None
    story.process.send_signal(signal.SIGSTOP)
    question = "\n".join(["/ask where are cents lost?", *planted(ASKED, "question")])
    asked = await comment(story, number, question, by=rita)
    story.hub.advance(2)
    (edited,) = planted(ASKED, "edited comment")
    await story.request("PATCH", f"/issues/comments/{harmless.id}", {"body": edited}, by=ann)
    story.process.send_signal(signal.SIGCONT)
    body = await _answer(story, asked)
    assert_heard_as_data(story, ASKED)
    assert_defused(body, cases.ASK_SAYS)
    assert [marker.part for marker in markers_in(body)] == ["final"]
    return asking


async def _explained(story: Story, number: int) -> Obeys:
    (text,) = planted(cases.EXPLAINING, "thread")
    explaining = obeying(cases.EXPLAINING, {"text": "It reads prices."})
    story.script.on(explaining, system="You answer one question", text=text, reusable=True)
    asked = await on_line(story, number, PRICES, 7, f"/explain {text}")
    assert "It reads prices." in await _answer(story, asked)
    return explaining


async def _described(story: Story, number: int) -> Obeys:
    said = {"title": "Cents @octo/all", "summary": "\n\n".join(case.says for case in cases.DESCRIBE_SAYS), "files": []}
    describing = obeying(cases.DESCRIBING, calls(("describe", said)))
    story.script.on(describing, system="You describe", reusable=True)
    told = await _answer(story, await comment(story, number, "/describe"))
    assert told.startswith("The pull request's text has a description now"), told
    body = (await pull(story, number))["body"]
    own, _, ours = body.partition("<!-- forgehand describe -->")
    assert own.strip() == "\n\n".join(planted(IN_PULL, "pull")).strip()
    assert_defused(ours, cases.DESCRIBE_SAYS)
    assert ours.count("<!-- /forgehand describe -->") == 1
    assert "@octo" not in ours
    return describing


async def _improved(story: Story, number: int) -> Obeys:
    improving = obeying(cases.IMPROVING, calls(("improve", {"suggestions": list(cases.SUGGESTIONS)})))
    story.script.on(improving, system="You suggest", reusable=True)
    known = {each["id"] for each in await remarks(story, number)}
    await comment(story, number, "/improve")

    async def new() -> list[dict[str, Any]]:
        return [each for each in await remarks(story, number) if each["id"] not in known]

    await story.until(new, what="suggestions")
    found = await new()
    assert sorted(each["path"] for each in found) == [PRICES, "docs/notes.md"]
    assert_defused("\n".join(each["body"] for each in found), cases.IMPROVED)
    return improving


async def _answer(story: Story, asked: Written) -> str:
    """The final answer as it was posted, marker and all."""
    await final(story, asked)
    found = await story.request("GET", f"{asked.replies}?per_page=100")
    return str([each["body"] for each in found if each["user"]["id"] == story.app.bot_id][-1])
