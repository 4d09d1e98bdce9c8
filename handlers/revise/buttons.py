"""Define the button of a review's check run that starts a revision."""

from __future__ import annotations

from bot.github.resources.checks import Action

FIX_THESE = Action(label="Fix these", description="Fix the open findings in one commit", identifier="fix-these")
