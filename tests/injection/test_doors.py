"""Texts that look like commands: nobody gave one, or nobody who may. Nothing starts, and no model hears of it."""

from __future__ import annotations

from pathlib import Path

from simhub.model import Account
from tests.e2e.conftest import SAMPLE
from tests.e2e.scenes import handled, rows
from tests.e2e.test_who_may import as_bot
from tests.injection.cases import DOORS, CommandText
from tests.support.pulls import propose
from tests.support.story import Story
from tests.support.typing import answered, comment, review
from tests.support.within import within


async def test_what_looks_like_a_command_starts_nothing(tmp_path: Path) -> None:
    async with within(tmp_path, SAMPLE) as story:
        other = story.hub.create_app("helper", permissions={"issues": "write"})
        by = {"mara": story.maintainer, "sam": story.hub.create_user("sam"), "bot": await as_bot(story, other)}
        number = await story.file("Prices", "They are wrong.", label=None)
        change = await propose(story, {"notes.txt": "Notes.\n"}, draft=True)
        seen = await _decided(story, 0)
        for case in DOORS:
            await _type(story, case, by[case.by], number, change)
            told = await _decided(story, seen[-1][0] if seen else 0)
            wanted = [(case.audited, 0, by[case.by].login)] if case.audited else []
            assert [row[1:] for row in told] == wanted, f"{case.name}: {case.text!r}"
            seen = [*seen, *told]
        assert rows(story, "select flow from fh_task where flow <> 'review'") == []
        assert story.script.requests == []
        (text,) = await answered(story, await comment(story, number, "> /fix\n\n/help status"))
        assert "/status" in text, "what is typed plainly, by who may, is heard all the same"


async def _type(story: Story, case: CommandText, by: Account, number: int, change: int) -> None:
    match case.as_:
        case "issue":
            await story.file("Broken", case.text, label=None, by=by)
        case "title":
            await story.file(case.text, "Nothing more.", label=None, by=by)
        case "review":
            await review(story, change, case.text, by=by)
        case "edit":
            written = await comment(story, number, "Fine.", by=by)
            await story.request("PATCH", f"/issues/comments/{written.id}", {"body": case.text}, by=by)
        case "comment":
            await comment(story, number, case.text, by=by)


async def _decided(story: Story, after: int) -> list[tuple[int, str, int, str]]:
    """Return the decisions since, once everything that was sent is handled."""
    await handled(story)
    found = rows(story, "select id, action, allowed, actor from fh_audit where id > ? order by id", after)
    return [(one, str(two), three, str(four)) for one, two, three, four in found]
