"""The REST endpoints, a module for each kind of thing; each enters its handlers in ``simhub.call.routes``."""

from __future__ import annotations

from importlib import import_module

_MODULES = (
    "actions",
    "agents",
    "apps",
    "checks",
    "comments",
    "contents",
    "deliveries",
    "deployments",
    "gitdata",
    "issues",
    "labels",
    "languages",
    "merges",
    "orgs",
    "pulls",
    "reactions",
    "repos",
    "reviews",
    "sub_issues",
    "users",
)


def load() -> None:
    """Import every module, so that its routes are entered."""
    for name in _MODULES:
        import_module(f"{__name__}.{name}")
