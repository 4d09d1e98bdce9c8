"""Declare ``/review``: comments on lines, for what can be proved."""

from __future__ import annotations

from bot.dispatch.spec import Button, Doors, Shown, TaskSpec
from bot.pulls.records import ReviewInput, ReviewTask
from bot.pulls.rules import ReviewRules
from handlers.review.buttons import REVIEW_AGAIN
from handlers.review.check_run import CHECK_NAME, acknowledge
from handlers.review.pipeline import run_review
from handlers.review.stages import Stage

TASK = TaskSpec(
    name="review",
    summary="Reads the pull request and comments on what it can prove.",
    details="Also on drafts and on pull requests from forks, whose code is read but never run. A head that was "
    "reviewed before costs nothing, unless you want it read in `full` again.",
    examples=(
        ("/review", "reviews the present head"),
        ("/review full", "reads everything again, also what was read before"),
    ),
    input=ReviewInput,
    request=ReviewTask,
    run=run_review,
    subjects=frozenset({"pull", "thread"}),
    rules=ReviewRules,
    shown=Shown.CHECK,
    stages={
        Stage.READ: "Read the pull request",
        Stage.LOOK: "See what changed",
        Stage.ANALYSE: "Run the analysers",
        Stage.FIND: "Look for what is wrong",
        Stage.VERIFY: "Check each finding",
        Stage.POST: "Post what is proved",
    },
    doors=Doors(buttons=(Button(REVIEW_AGAIN, ReviewInput()),), rerun=True),
    needs_open=True,
    check=CHECK_NAME,
    acknowledge=acknowledge,
    outlets=frozenset({"github", "result"}),
)
