"""Name a missing changelog entry, where the repository's own changes bring one."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from bot.context.sieve import role_of
from handlers.changelog.task import NAMES
from handlers.companions.records import Missing

_FRAGMENTS = re.compile(r"(?:changelog\.d|changelog/unreleased|\.changeset|newsfragments|news|changes)/[^/]+")
_CODE = (".py", ".js", ".jsx", ".ts", ".tsx", ".go", ".rs", ".java", ".kt", ".rb", ".php", ".c", ".cc", ".cpp", ".h",
         ".hpp", ".ex", ".exs", ".sh")  # fmt: skip
# of the latest changes of product code so many, and this share of them, brought an entry
LATEST = 20
_LEAST = 5
_SHARE = 0.6


def find_untold(history: Sequence[Collection[str]], changed: Collection[str]) -> list[Missing]:
    """Return that an entry is missing, or nothing.

    ``history`` holds the paths of each of the latest merged changes. A changelog that is only written for a release is
    none that a change has to touch.
    """
    product = [paths for paths in history if any(_is_product(path) for path in paths)][:LATEST]
    told = [path for paths in product for path in paths if _is_entry(path)]
    kept = sum(any(_is_entry(path) for path in paths) for paths in product)
    if len(product) < _LEAST or kept < _SHARE * len(product):
        return []
    if not any(_is_product(path) for path in changed) or any(_is_entry(path) for path in changed):
        return []
    said = f"{kept} of the latest {len(product)} changes of code brought an entry, and this one has none."
    return [Missing(kind="changelog", path=max(set(told), key=told.count), text=said)]


def _is_entry(path: str) -> bool:
    return path in NAMES or _FRAGMENTS.fullmatch(path) is not None


def _is_product(path: str) -> bool:
    return path.endswith(_CODE) and role_of(path, is_code=True) == "code"
