"""The report of flaky tests from CI's artifacts: asked for, and kept in one issue a week."""

from __future__ import annotations

from simhub.workflows import Job
from tests.e2e.conftest import Tell
from tests.e2e.scenes import POLICY, git, installation_of, put
from tests.support.story import Story
from tests.support.typing import comment
from tests.test_history.test_reading import GREEN, RED


async def upload(story: Story, *contents: bytes) -> None:
    """Let CI report on the default branch, once for each content."""
    sha = await story.hub.git(story.repository).resolve("refs/heads/main")
    assert sha is not None
    for content in contents:
        run = await story.hub.start_workflow(story.repository, sha, "main")
        story.hub.upload_artifact(run, "junit", {"junit.xml": content})
        await story.hub.finish_workflow(run, [])


async def test_the_report_is_read_from_ci_and_kept_in_one_issue(tell: Tell) -> None:
    story: Story = await tell([])
    installation = installation_of(story)
    story.hub.accept_permissions(installation, {**installation.permissions, "actions": "read"})
    story.app.app.events.append("push")  # a changed policy counts at once, and not within a minute
    installation.events.append("push")
    await put(story, POLICY, "review: { on: [] }\n")
    await upload(story, RED, GREEN, RED, GREEN)
    asked = await story.file("How are the tests?", "", label=None)
    await comment(story, asked, "/flaky")
    assert "not finished" not in await story.until_status(asked, "Done.")
    (said,) = (await story.comments(asked))["final"]
    assert "| `tests.test_a.test_x` | `junit` | flaky | it failed and passed on the same files, 2 times |" in said

    await put(story, POLICY, "review: { on: [] }\nflaky: { weekly: true }\n")
    for _ in range(2):
        run = await story.hub.start_workflow(story.repository, git(story, "rev-parse", "main"), "main")
        await story.hub.finish_workflow(run, [Job("test")])

    async def weekly() -> list[str]:
        found = await story.request("GET", "/issues?state=all")
        return [one["body"] for one in found if one["title"] == "Flaky and bad tests"]

    await story.until(weekly, what="the week's report")
    (body,) = await weekly()
    assert "`tests.test_a.test_x`" in body
