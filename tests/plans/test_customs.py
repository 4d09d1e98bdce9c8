"""What a repository keeps beside its code."""

from __future__ import annotations

from bot.plans.customs import find_customs, list_documents

PATHS = [
    ".github/PULL_REQUEST_TEMPLATE.md", "CHANGELOG.md",
    "docs/CHANGES.md", "README.md", "docs/units.md", "shop/migrations/0001_first.py",
    "shop/migrations/__init__.py", "db/migrate/20200101_add.rb", "shop/units.py",
]  # fmt: skip


def test_changelog_migrations_and_documents_of_the_area_are_found() -> None:
    assert list_documents(PATHS) == ["README.md", "docs/units.md"]
    texts = {"README.md": "Install it.", "docs/units.md": "See `parse_units` for weeks."}
    found = find_customs(PATHS, texts, ["units.py", "parse_units"])
    assert found.changelog == "CHANGELOG.md"
    assert found.migrations == ("db/migrate", "shop/migrations")
    assert found.documents == ("docs/units.md",)
    assert found.facts()[0] == "The repository keeps a changelog: CHANGELOG.md."


def test_fragments_of_a_changelog_go_before_the_changelog_that_is_made_of_them() -> None:
    assert find_customs(["NEWS.rst", "newsfragments/12.feature.rst"], {}, []).changelog == "newsfragments/"
    assert find_customs(["docs/versions.rst", "src/versions.py"], {}, []).changelog == "docs/versions.rst"
    assert find_customs(["src/a.py"], {}, ["a.py"]).facts() == ()
