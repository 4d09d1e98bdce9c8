"""Define the button of a review's check run that starts the next one."""

from __future__ import annotations

from bot.github.resources.checks import Action

REVIEW_AGAIN = Action(label="Review again", description="Read the pull request once more", identifier="review-again")
