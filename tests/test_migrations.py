"""Migrations are recognised by where they stand, and reversible only by a person's word in them."""

from __future__ import annotations

import pytest

from bot.migrations import find_irreversible, list_migrations, name_kind, read_migrations


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("alembic/versions/1a2b_add.py", "Alembic"),
        ("server/migrations/versions/1a2b_add.py", "Alembic"),
        ("shop/migrations/0002_price.py", "Django"),
        ("db/migrate/20260101_add.rb", "Rails"),
        ("prisma/migrations/20260101_init/migration.sql", "Prisma"),
        ("src/main/resources/db/migration/V2__add.sql", "Flyway"),
        ("sql/V2.1__add.sql", "Flyway"),
        ("src/main/resources/db/changelog/2.yaml", "Liquibase"),
        ("db.changelog-master.xml", "Liquibase"),
        ("drizzle/0001_x.sql", "Drizzle"),
        ("database/migrations/2026_01_01_add.php", "migration"),
        ("migrations/0001.up.sql", "migration"),
        ("priv/repo/migrations/20260101_add.exs", "migration"),
        ("shop/migrations/__init__.py", None),
        ("docs/migrations/README.md", None),
        ("CHANGELOG.md", None),
        ("src/changelog/render.ts", None),
        ("shop/models.py", None),
    ],
)
def test_migrations_are_known_by_their_place(path: str, kind: str | None) -> None:
    assert name_kind(path) == kind
    assert list_migrations([path]) == ((path,) if kind else ())


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("-- forgehand: reversible\nALTER TABLE a ADD b int;\n", True),
        ('"""Add."""\n# Forgehand: reversible, the column is nullable\n', True),
        ("x = 'no forgehand: reversible here'\n", False),
        ("# forgehand: reversibleish\n", False),
        ("def downgrade():\n    op.drop_column('a', 'b')\n", False),
        (None, False),
    ],
)
def test_only_a_comment_of_a_person_makes_one_reversible(text: str | None, marked: bool) -> None:
    assert (find_irreversible(read_migrations({"db/migrate/1.rb": text})) == ()) is marked
