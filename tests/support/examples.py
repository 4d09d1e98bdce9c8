"""GitHub's example webhook payloads as a witness: which keys an event always has."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from tests.support import published
from tests.support.notrun import did_not_run


@cache
def load() -> dict[str, list[dict[str, Any]]]:
    """Return the example payloads by event; nothing where they are missing (a test `needs("example payloads")`)."""
    return {entry["name"]: entry["examples"] for entry in published.read(published.EXAMPLES) or ()}


def keys_of(value: Any, path: str = "") -> set[str]:
    """Every path of keys in a payload; a list counts by its first item."""
    if isinstance(value, list):
        return keys_of(value[0], f"{path}[]") if value else set()
    if not isinstance(value, dict):
        return set()
    return {f"{path}.{key}" for key in value} | {
        found for key, inner in value.items() for found in keys_of(inner, f"{path}.{key}")
    }


@cache
def always(event: str, action: str | None) -> frozenset[str]:
    """Key paths that every example of an event and action has."""
    found = [keys_of(each) for each in load().get(event, []) if each.get("action") == action]
    return frozenset(set.intersection(*found)) if found else frozenset()


# The examples come from particular Apps, transfers and installations: these keys depend on them, not on the event.
_PARTICULAR = re.compile(r"permissions$|^\.changes\.owner\.from$")


def missing(event: str, payload: dict[str, Any]) -> list[str]:
    """Keys GitHub always sends that a payload lacks, where their parent is there (not null, not an empty list)."""
    if not load():
        did_not_run("webhooks against GitHub's example payloads", "example payloads")
    have = keys_of(payload)
    inner = {path.rpartition(".")[0] for path in have}
    lacking = (path for path in always(event, payload.get("action")) - have if path.rpartition(".")[0] in inner)
    return sorted(f"{event}{path}" for path in lacking if not _PARTICULAR.search(path.rpartition(".")[0]))
