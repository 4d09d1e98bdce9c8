"""Define the buttons that add what is missing; the tasks that do it declare them."""

from __future__ import annotations

from collections.abc import Mapping

from bot.github.resources.checks import Action
from handlers.companions.records import Kind

ADD_TESTS = Action(label="Add tests", description="Write tests for what changed", identifier="add-tests")
MEND_DOCS = Action(label="Mend the docs", description="Make false passages true again", identifier="mend-docs")
ADD_ENTRY = Action(label="Draft an entry", description="Draft the changelog entry", identifier="add-changelog")
ADD_MIGRATION = Action(label="Add the migration", description="Write it on this branch", identifier="add-migration")
ACTIONS: Mapping[Kind, Action] = {
    "test": ADD_TESTS,
    "docs": MEND_DOCS,
    "migration": ADD_MIGRATION,
    "changelog": ADD_ENTRY,
}
# GitHub takes no more on one check run
MOST = 3
