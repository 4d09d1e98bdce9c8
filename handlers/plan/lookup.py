"""Look up a commit's names for the checks of a plan, and what the repository keeps beside its code."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection
from typing import Any

from bot.change.recipe import Job
from bot.change.records import Brief, CodeLocation
from bot.context.index import Index
from bot.context.record import DEFINES
from bot.context.words import split_identifier
from bot.plans.customs import Customs, find_customs, list_documents
from bot.work.inquiry import index

_SHORTEST = 5  # a shorter name is a word of many documents
_FILES = 3
_DOCUMENTS = 300


class IndexedCode:
    """Names of an indexed commit, as :class:`bot.plans.names.Code` wants them."""

    def __init__(self, code: Index) -> None:
        self._code = code
        self.paths: Collection[str] = frozenset(code.paths)

    def defining(self, name: str) -> Collection[str]:
        """Return the paths that define this name, without what it is part of."""
        return self._paths(f"{DEFINES}{name}")

    def speaks(self, name: str) -> bool:
        """Return whether any file holds the name as a word."""
        words = split_identifier(name)
        return bool(words and self._paths(words[0]))

    def mentions(self, path: str, name: str) -> bool:
        """Return whether this file holds the name as a word."""
        return re.search(rf"\b{re.escape(name)}\b", self._code.text(path) or "") is not None

    def _paths(self, key: str) -> Collection[str]:
        held = self._code.postings.among(key, self._code.by_number)
        return [path for number, _ in held for path in self._code.by_number[number]]


async def read_customs(job: Job[Any], brief: Brief, found: CodeLocation) -> Customs:
    """Find what a change of the located files has to touch beside them."""
    code = await index(job, brief.base_sha)
    return await asyncio.to_thread(_find_customs, code, found.files[:_FILES])


def _find_customs(code: Index, files: Collection[str]) -> Customs:
    area = [path.rpartition("/")[2] for path in files]
    area += [one.name for path in files if path in code.files for one in code.record(path).definitions]
    documents = code.texts(list_documents(code.paths)[:_DOCUMENTS])
    return find_customs(code.paths, documents, (name for name in area if len(name) >= _SHORTEST))
