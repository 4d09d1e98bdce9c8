"""Recognise migrations of a database's schema, and those that a person has marked as reversible.

Older code meets the schema as it is: nothing runs a migration backwards when a commit is reverted or an earlier one is
deployed. So only a person can say that it works with it, in a comment of the migration: ``forgehand: reversible``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from bot.types import JsonModel

MARK = "forgehand: reversible"
_MARKED = re.compile(r"^[^\w\n]{0,20}forgehand:[ \t]{0,4}reversible\b", re.IGNORECASE | re.MULTILINE)
_CODE = r"\.(?:py|rb|sql|js|cjs|mjs|ts|php|cs|exs|java|kt|go|xml|ya?ml|json)"
# a kind's files, the special ones first
_KINDS = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        ("Alembic", r"(?:.*/)?(?:alembic|migrations)/versions/[^/]+\.py"),
        ("Django", r"(?:.*/)?migrations/\d{4}_[^/]+\.py"),
        ("Rails", r"(?:.*/)?db/(?:\w+_)?migrate/.+\.rb"),
        ("Prisma", r"(?:.*/)?prisma/migrations/.+\.sql"),
        ("Flyway", r"(?:.*/)?[VUR]\d*(?:[._]\d+)*__[^/]+\.(?:sql|java)"),
        ("Liquibase", rf"(?:.*/)?(?:(?:liquibase|db/changelogs?)/.+|db\.changelog[^/]*){_CODE}"),
        ("Drizzle", r"(?:.*/)?drizzle/.+\.sql"),
        ("migration", rf"(?:.*/)?(?:migrations?|migrate)/.+{_CODE}"),
    )
)  # fmt: skip
_PACKAGE = "__init__.py"


class Migration(JsonModel):
    """A migration that stands between two states of the code."""

    path: str
    kind: str
    reversible: bool


def name_kind(path: str) -> str | None:
    """Return which tool a migration belongs to, None for any other file."""
    if path.rpartition("/")[2] == _PACKAGE:
        return None
    return next((kind for kind, pattern in _KINDS if pattern.fullmatch(path)), None)


def list_migrations(paths: Iterable[str]) -> tuple[str, ...]:
    """Return those of some paths that are migrations."""
    return tuple(path for path in paths if name_kind(path) is not None)


def read_migrations(texts: Mapping[str, str | None]) -> tuple[Migration, ...]:
    """Read migrations by path; one whose text is not known is not marked."""
    return tuple(
        Migration(path=path, kind=name_kind(path) or "migration", reversible=_MARKED.search(text or "") is not None)
        for path, text in texts.items()
    )


def find_irreversible(migrations: Iterable[Migration]) -> tuple[Migration, ...]:
    """Return the migrations that nobody has marked."""
    return tuple(one for one in migrations if not one.reversible)
