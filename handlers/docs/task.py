"""Declare ``/docs``: documentation that says what the code does."""

from __future__ import annotations

from bot.change.pipeline import run_change
from bot.dispatch.spec import Button, Doors, TaskSpec, Writes
from bot.engine.port import Ctx, Outcome
from bot.work.services import Services
from handlers.companions.buttons import MEND_DOCS
from handlers.docs.recipe import DOCS
from handlers.docs.records import DocsInput, DocsTask
from handlers.docs.rules import DocsRules


async def run(ctx: Ctx, services: Services, request: DocsTask) -> Outcome:
    """Run the change pipeline with the recipe of documentation."""
    return await run_change(ctx, services, DOCS, request)


TASK = TaskSpec(
    name="docs",
    summary="Makes documentation say what the code does, or writes what is missing.",
    details="Code lists first what is false: names, parameters, options, variables and links that do not exist, "
    "docstrings that lack. Afterwards none of it is left, code is the same but for docstrings, every changed example "
    "ran, no passage was deleted, and a second model compared text and code. On a pull request without a target it "
    "mends what the change made stale.",
    examples=(
        ("/docs", "on a pull request: mends the passages that it made false; on an issue: does what it says"),
        ("/docs docs/usage.md", "makes a page, a module or a folder true"),
        ("/docs package.module.name", "documents one name"),
        ("/docs architecture", "draws the imports and describes the parts"),
        ("/docs api", "lists the public signatures"),
        ("/docs how-to Rotate the keys", "writes a page, with examples that run"),
    ),
    input=DocsInput,
    request=DocsTask,
    run=run,
    subjects=frozenset({"issue", "pull", "thread", "repository"}),
    rules=DocsRules,
    writes=Writes.BRANCH,
    stages={
        "read": "Read what is asked",
        "find": "Find the code",
        "prepare": "Install and run the tests as they are",
        "prove": "List by code what is false or missing",
        "edit": "Write",
        "gate": "Check the text against the code, and run its examples",
        "judge": "Have a second model compare text and code",
        "publish": "Publish",
    },
    doors=Doors(label=True, buttons=(Button(MEND_DOCS, DocsInput()),)),
    needs_open=True,
    unverified="Stopped without verified documentation.",
    outlets=frozenset({"github", "branch", "result"}),
)
