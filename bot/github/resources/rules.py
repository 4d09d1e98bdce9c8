"""Rules of rulesets: which hold for a branch, and whether the App may bypass them.

https://docs.github.com/en/rest/repos/rules#get-rules-for-a-branch lists the active rules of a branch, even of one that
does not exist yet, whoever may bypass them.
"""

from __future__ import annotations

import re
from typing import Any

from pydantic import Field

from bot.github.api.client import Client, within
from bot.github.api.errors import Forbidden, NotFound
from bot.types import JsonModel, Repository


class BranchRule(JsonModel):
    """An active rule for a branch. ``kind`` and ``parameters`` are GitHub's."""

    kind: str
    ruleset: int | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)

    def fits(self, text: str) -> bool:
        """Tell whether a text satisfies a pattern rule, or may for all we know."""
        pattern = str(self.parameters.get("pattern", ""))
        operator = self.parameters.get("operator")
        found = {
            "starts_with": text.startswith(pattern),
            "ends_with": text.endswith(pattern),
            "contains": pattern in text,
            "regex": _matches(pattern, text) if operator == "regex" else None,
        }.get(str(operator))
        return found is None or found != bool(self.parameters.get("negate"))


async def branch_rules(client: Client, repository: Repository, branch: str) -> list[BranchRule]:
    """Return the rules that bind the App on a branch, not those it may bypass."""
    url = "/repos/{owner}/{repo}/rules/branches{/parts*}{?per_page}"
    names = within(repository, parts=branch.split("/"), per_page=100)
    try:
        found = [
            BranchRule(kind=item["type"], ruleset=item.get("ruleset_id"), parameters=item.get("parameters") or {})
            async for item in client.items(url, names)
        ]
    except (NotFound, Forbidden):  # older Enterprise servers do not have it
        return []
    exempt = {each: await _may_bypass(client, repository, each) for each in {rule.ruleset for rule in found}}
    return [rule for rule in found if not exempt[rule.ruleset]]


async def _may_bypass(client: Client, repository: Repository, ruleset: int | None) -> bool:
    if ruleset is None:
        return False
    try:
        data = await client.get("/repos/{owner}/{repo}/rulesets/{id}", within(repository, id=ruleset))
    except (NotFound, Forbidden):
        return False
    return data.get("current_user_can_bypass") in {"always", "exempt"}


def _matches(pattern: str, text: str) -> bool | None:
    """Match as Python does; None for a pattern only RE2 knows."""
    try:
        return re.search(pattern, text) is not None
    except re.error:
        return None
