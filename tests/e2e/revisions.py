"""Scripted changes of pull requests: what the model answers, a pull request of the bot's, and what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.e2e.answers import BODY, FIX, TITLE, Rule, change, judged
from tests.e2e.scenes import POLICY, SAMPLE, put
from tests.support.story import Story

REVISE = "You change a pull request"
PRICES = "basket/prices.py"
NO_REVIEWS = "review: { on: [] }\n"
CONSTANT = change(PRICES, "def parse_price(text):\n", "CENTS = 100\n\n\ndef parse_price(text):\n") + change(
    PRICES, FIX[1], '    return int(whole) * CENTS + int((cents + "00")[:2])\n'
)


def revises(*replies: dict[str, Any], **match: Any) -> list[Rule]:
    return [{"match": {"system": REVISE, **match}, "reply": reply} for reply in replies]


def met(*which: bool | None) -> Rule:
    """Answer as the judge of each demand; None: no question is asked."""
    whys = {True: "The diff shows it.", False: "The diff does not touch it.", None: "Nothing is asked."}
    said = [
        {"number": number, "asked": yes is not None, "met": yes is not False, "why": whys[yes]}
        for number, yes in enumerate(which, 1)
    ]
    # a judge that contradicts itself: what it once called unmet is
    said += [{**row, "met": True} for row in said if not row["met"]]
    return {"match": {"system": "You check whether a change"}, "reply": judged(demands=said)}


async def fixed(story: Story, source: Path = SAMPLE) -> tuple[int, str]:
    """A pull request of the bot's; its number and branch. Reviews are switched off."""
    await put(story, POLICY, NO_REVIEWS)
    number = await story.file(TITLE, BODY)
    await story.until_status(number, "Done.")
    (opened,) = await story.pulls()
    return opened["number"], opened["head"]["ref"]


async def threads(story: Story, number: int) -> list[dict[str, Any]]:
    (found,) = [each for each in story.repository.pulls if each.number == number]
    return [
        {"resolved": thread.resolved_by is not None, "said": [each.body for each in thread.comments]}
        for thread in found.threads
    ]


def may_read_logs(story: Story) -> None:
    """The owner accepts the optional group for CI."""
    (installation,) = story.hub.world.installations.values()
    story.hub.accept_permissions(installation, {**installation.permissions, "actions": "read"})


async def finals(story: Story, number: int, count: int) -> list[str]:
    def there() -> bool:
        return len(story.shown(number, "final")) >= count

    await story.until(there, what=f"{count} final comments", show=lambda: story.comments(number))
    return (await story.comments(number))["final"]
