"""``/fix`` on an issue does what the label does, with what was written beside it among what the model reads."""

from __future__ import annotations

from tests.e2e.answers import BODY, GOOD, TITLE
from tests.e2e.conftest import Tell
from tests.e2e.scenes import rows
from tests.support.story import Story
from tests.support.typing import answers, comment, reactions


async def test_a_fix_that_a_comment_asked_for(tell: Tell) -> None:
    story: Story = await tell(GOOD)
    number = await story.file(TITLE, BODY, label=None)
    written = await comment(story, number, "/fix\nIt is probably in prices.py.\n\n> /cancel")
    await story.until_status(number, "Done.")
    (made,) = await story.pulls()
    assert made["body"].startswith(f"Fixes #{number}.")
    assert made["head"]["ref"].startswith(f"forgehand/fix-{number}-")
    assert await reactions(story, written) == ["eyes"]
    assert await answers(story, written) == []
    assert "It is probably in prices.py." in story.script.requests[0].text
    assert rows(story, "select source, state from fh_task where flow = 'fix'") == [("command", "done")]
