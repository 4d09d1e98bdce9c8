"""Declare ``/test``: tests that notice what no test noticed."""

from __future__ import annotations

from bot.change.pipeline import run_change
from bot.dispatch.spec import Button, Doors, TaskSpec, Writes
from bot.engine.port import Ctx, Outcome
from bot.work.services import Services
from handlers.companions.buttons import ADD_TESTS
from handlers.test.recipe import TEST
from handlers.test.records import WriteTestsInput, WriteTestsTask
from handlers.test.rules import WriteTestsRules


async def run(ctx: Ctx, services: Services, request: WriteTestsTask) -> Outcome:
    """Run the change pipeline with the recipe of new tests."""
    return await run_change(ctx, services, TEST, request)


TASK = TaskSpec(
    name="test",
    summary="Writes tests that notice small faults which no test noticed before.",
    details="The code is changed in small ways (`<` to `<=`, `+` to `-`), and new tests are written for what no test "
    "notices. A test is kept only if it passes in any order, runs the target and fails with at least one such "
    "fault. Only new test files are written; the report lists what stays untested. Python with pytest.",
    examples=(
        ("/test src/shop/prices.py", "tests a file"),
        ("/test shop.prices.total", "tests a function"),
        ("/test fuzz src/shop/prices.py:total", "with arbitrary input"),
        ("/test", "on a pull request: its changed lines; on an issue: what it names"),
    ),
    input=WriteTestsInput,
    request=WriteTestsTask,
    run=run,
    subjects=frozenset({"issue", "pull", "thread", "repository"}),
    rules=WriteTestsRules,
    writes=Writes.BRANCH,
    stages={
        "read": "Read what is asked",
        "find": "Find the code",
        "prepare": "Install and run the tests as they are",
        "prove": "Find the faults that no test notices",
        "edit": "Write the tests",
        "gate": "Check each test in a fresh tree",
        "judge": "Have a second model read the tests",
        "publish": "Publish",
    },
    doors=Doors(label=True, buttons=(Button(ADD_TESTS, WriteTestsInput()),)),
    needs_open=True,
    unverified="Stopped without tests that passed all checks.",
    outlets=frozenset({"github", "branch", "result"}),
)
