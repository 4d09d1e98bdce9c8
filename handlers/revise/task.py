"""Declare ``/revise``: a tested commit, and an answer in every thread."""

from __future__ import annotations

from bot.change.pipeline import run_change
from bot.dispatch.spec import Button, Doors, TaskSpec, Writes
from bot.dispatch.start import ANSWERING
from bot.engine.port import Ctx, Outcome
from bot.store import tasks
from bot.store.tasks import Task
from bot.work.services import Services
from handlers.revise.buttons import FIX_THESE
from handlers.revise.recipe import REVISE
from handlers.revise.records import ReviseInput, RevisionTask


async def run(ctx: Ctx, services: Services, request: RevisionTask) -> Outcome:
    """Run the change pipeline with the recipe of a revision."""
    return await run_change(ctx, services, REVISE, request)


async def refuse(services: Services, request: RevisionTask) -> str | None:
    """Refuse ``/revise`` on pull requests that hold no change of ours."""
    asked = request.origin.door in {"command", *ANSWERING}
    if not asked or request.subject.author_id == (await services.github.bot()).id:
        return None
    here = await services.store.run(tasks.find, request.repository.id, request.number)
    if any(task.data.get("form") == "pull_request" and find_published(task) for task in here):
        return None
    return (
        "`/revise` changes pull requests that I opened or pushed to. On this one, `/fix` does what a comment or "
        "finding asks."
    )


TASK = TaskSpec(
    name="revise",
    summary="Changes a pull request that I opened or pushed to, and pushes one commit.",
    details="The tests run before and after, and a second model checks that your demand is met. A review that "
    "requests changes does the same for all its comments at once, and answers each of them.",
    examples=(
        ("/revise Raise ValueError instead of returning None", "changes the code, tests it, pushes a commit"),
        ("/revise Cover the empty list too", "adds to the tests of the pull request"),
    ),
    input=ReviseInput,
    request=RevisionTask,
    run=run,
    subjects=frozenset({"pull", "thread"}),
    writes=Writes.BRANCH,
    stages={
        "read": "Read what is asked",
        "prepare": "Install and run the tests as they are",
        "edit": "Change the code",
        "gate": "Check the change in a fresh tree",
        "judge": "Have a second model check each demand",
        "publish": "Publish",
    },
    doors=Doors(buttons=(Button(FIX_THESE, ReviseInput(text="", findings=True)),)),
    needs_open=True,
    exclusive=False,
    objection=refuse,
    outlets=frozenset({"github", "result"}),
)


def find_published(task: Task) -> str | None:
    """Return the commit that a task which changes code pushed, if any."""
    return task.data.get("head_sha") or task.data.get("sha") or task.posted.get("pushed")


def find_base(task: Task) -> str | None:
    """Return the commit that a revision built on."""
    return task.data.get("onto")
