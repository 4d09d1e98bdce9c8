"""Keep what protects branches."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(eq=False)
class Protection:
    """A classic branch protection. ``allow`` names the logins and App slugs that are let through."""

    pattern: str
    allow: frozenset[str] = frozenset()
    required_reviews: int = 0


@dataclass(frozen=True)
class Rule:
    """A rule of a ruleset: its kind and parameters as the REST API names them."""

    kind: str
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(eq=False)
class Ruleset:
    """An active ruleset for branches. ``allow`` names the logins and App slugs on its bypass list."""

    id: int
    name: str
    pattern: str
    rules: tuple[Rule, ...]
    allow: frozenset[str]
    created_at: datetime
