"""Find what a repository keeps beside its code, so that a change touches it as earlier changes did."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from bot.types import JsonModel

_CHANGELOG = re.compile(
    r"(?:CHANGE-?LOG|CHANGES|HISTORY|NEWS|RELEASES?|VERSIONS|RELEASE[-_]?NOTES|WHATS[-_]?NEW)(?:\.(?:md|rst|txt))?",
    re.I,
)
_FRAGMENTS = re.compile(r"((?:newsfragments|changelog\.d|changes\.d|\.changeset|changelog/unreleased))/", re.IGNORECASE)
_MIGRATION = re.compile(r"((?:.*/)?(?:migrations|alembic|db/migrate)(?:/versions)?)/[^/]+\.(?:py|sql|rb|js|ts)")
_DOCUMENT = re.compile(r".*\.(?:md|rst|adoc)", re.IGNORECASE)
_NAMED = 8


class Customs(JsonModel):
    """Places beside the code that a change has to touch, found by code."""

    changelog: str = ""  # path of the changelog, or the folder of its fragments
    migrations: tuple[str, ...] = ()  # folders
    documents: tuple[str, ...] = ()  # that name a file or definition of the area

    def facts(self) -> tuple[str, ...]:
        """Say in sentences what a change of this area has to touch."""
        told = []
        if self.changelog:
            told.append(f"The repository keeps a changelog: {self.changelog}.")
        if self.migrations:
            told.append(f"A change of the stored data needs a migration in: {', '.join(self.migrations)}.")
        if self.documents:
            told.append(f"Documents that name this area: {', '.join(self.documents)}.")
        return tuple(told)


def find_customs(paths: Collection[str], documents: Mapping[str, str], area: Iterable[str]) -> Customs:
    """Find them among a commit's paths.

    ``documents`` are the texts of those that :func:`list_documents` lists; ``area`` are the names of files and
    definitions that the change is about.
    """
    changelogs = sorted((path for path in paths if _CHANGELOG.fullmatch(path.rpartition("/")[2])), key=_depth)
    fragments = sorted({found[1] for path in paths if (found := _FRAGMENTS.match(path))})
    names = [re.escape(name) for name in area if len(name) > 2]
    speaks = re.compile(rf"(?<!\w)(?:{'|'.join(names)})(?!\w)") if names else None
    told = [path for path, text in documents.items() if speaks is not None and speaks.search(text)]
    return Customs(
        changelog=next(iter([*(f"{folder}/" for folder in fragments), *changelogs]), ""),
        migrations=tuple(sorted({found[1] for path in paths if (found := _MIGRATION.fullmatch(path))})),
        documents=tuple(sorted(told, key=_depth)[:_NAMED]),
    )


def list_documents(paths: Iterable[str]) -> list[str]:
    """List the documents of a repository that are no changelog.

    Those in hidden folders are for a forge or a tool, and often protected.
    """
    found = [path for path in paths if _DOCUMENT.fullmatch(path) and not path.startswith(".")]
    return [path for path in found if not _CHANGELOG.fullmatch(path.rpartition("/")[2]) and not _FRAGMENTS.match(path)]


def _depth(path: str) -> tuple[int, str]:
    return path.count("/"), path
