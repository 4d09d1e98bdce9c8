"""Declare ``/optimize``: from something slow to a pull request with its figures."""

from __future__ import annotations

from pydantic import Field

from bot.change.pipeline import run_change
from bot.change.records import ChangeTask
from bot.dispatch.spec import Doors, TaskSpec, Writes
from bot.engine.port import Ctx, Outcome
from bot.work.origin import Request, TaskInput
from bot.work.services import Services
from handlers.optimize.recipe import OPTIMIZE
from handlers.optimize.rules import OptimizeRules


class OptimizeInput(TaskInput):
    """Input of an optimisation."""

    target: str = Field(
        default="",
        title="target",
        description="what to make faster: a path, `path.py::name`, a dotted name, or words",
    )


async def run(ctx: Ctx, services: Services, request: ChangeTask) -> Outcome:
    """Run the change pipeline with the recipe of an optimisation."""
    return await run_change(ctx, services, OPTIMIZE, request)


TASK = TaskSpec(
    name="optimize",
    summary="Makes Python code faster, and shows by how much.",
    details="A benchmark is written first and tried on the unchanged code. Then base and change run as interleaved "
    "pairs of fresh processes on inputs drawn only then. It is published only where the gain in processor time lies "
    "beyond the noise, all results are the same, all tests pass, and neither memory nor imports pay for it. Where no "
    "gain can be shown, it says so, with the figures. No cache is added unless you ask (“with a cache”). On a pull "
    "request it pushes one commit.",
    examples=(
        ("/optimize src/shop/parse.py::read_rows", "makes that function faster"),
        ("/optimize", "makes faster what the issue says is slow"),
        ("/optimize shop.parse with a cache", "may keep results between calls"),
    ),
    input=OptimizeInput,
    request=Request[OptimizeInput],
    run=run,
    subjects=frozenset({"issue", "pull", "repository"}),
    rules=OptimizeRules,
    writes=Writes.BRANCH,
    stages={
        "read": "Read what was asked for",
        "find": "Find the code",
        "prepare": "Install and run the tests as they are",
        "prove": "Write a benchmark and try it on the unchanged code",
        "edit": "Make it faster",
        "gate": "Run all tests, and measure in pairs",
        "judge": "Have a second model read the change",
        "publish": "Publish it with its figures",
    },
    doors=Doors(label=True),
    needs_open=True,
    unverified="Stopped: no gain was shown.",
    report="target",
    outlets=frozenset({"github", "branch", "result"}),
)
