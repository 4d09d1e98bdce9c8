"""``forgehand run`` beside a server that dies."""

from __future__ import annotations

from tests.e2e.answers import BODY, GOOD, TITLE
from tests.e2e.conftest import Tell
from tests.e2e.scenes import during
from tests.support.story import Story
from tests.support.terminal import at, typing


async def test_a_server_that_is_killed_is_waited_for(tell: Tell) -> None:
    async def die() -> None:
        await story.until(lambda: "Prove the bug with a failing test..." in running.err, what="it has begun")
        await story.kill_bot()
        await story.start_bot()

    story: Story = await tell([])
    story.script.extend([during(GOOD[0], die), *GOOD])  # the answer comes to nobody, so it is asked for once more
    number = await story.file(TITLE, BODY, label=None)
    async with typing("run", "fix", "--repo", "octo/sample", "--issue", str(number), **at(story)) as running:
        assert await running.process.wait() == 0, running.err
        (pull,) = await story.pulls()
        assert running.out.startswith(f"Pull request: {pull['html_url']}\nBranch: {pull['head']['ref']}\n")
