"""Index a commit: files found by what they say, define and are called."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Self

from bot.context.blobs import Blobs, decode
from bot.context.cache import MAX_BYTES as CACHE_BYTES
from bot.context.cache import Cache
from bot.context.history import History, read_history
from bot.context.imports import Modules
from bot.context.languages import language_named
from bot.context.lookup import Lookup
from bot.context.nearby import find_tests
from bot.context.postings import Postings
from bot.context.query import read_query
from bot.context.ranking import Corpus, RankedFile, RankedFunction, Ranker
from bot.context.record import Posting, Record, read_text
from bot.context.tree import Tree, TreeFile, is_too_large, list_tree, read_sizes
from bot.context.windows import Windows, cut_windows
from bot.context.worker import MISSING
from bot.context.workers import WORKERS, BlobRequest, IndexedBlob, read_all
from bot.git.changes import Changes

_REPOSITORIES = 8  # kept in memory at once
_RECORDS = 512  # of a commit, kept parsed in memory


class Index:
    """A commit, searchable and immutable; it computes, so use a thread."""

    def __init__(
        self, git_dir: Path, commit: str, tree: Tree, postings: Postings, history: History, cache: Cache
    ) -> None:
        self.git_dir = git_dir
        self.commit = commit
        self.history = history
        self.postings = postings
        self._cache = cache
        self._records: OrderedDict[str, Record] = OrderedDict()
        self.paths = tuple(file.path for file in tree.files)
        self.left_out = dict(tree.passed)
        self.files: dict[str, TreeFile] = {}
        self.numbers: dict[str, int] = {}
        self.by_number: Mapping[int, Sequence[str]]
        by_number: dict[int, list[str]] = defaultdict(list)
        for file in tree.files:
            number = postings.numbers.get(file.wanted.key)
            reason = MISSING if number is None else postings.left_out(number)
            if number is None or reason:
                self.left_out[reason] = self.left_out.get(reason, 0) + 1
                continue
            self.files[file.path] = file
            self.numbers[file.path] = number
            by_number[number].append(file.path)
        self.by_number = by_number
        self.modules = Modules(self.files)
        self._ranker = Ranker(Corpus(self.files, self.by_number, postings, self.modules, history, self.record))

    def rank(self, title_and_body: str, limit: int = 20) -> tuple[RankedFile, ...]:
        """Rank the likeliest files, with reasons; the first line is the title."""
        return self._ranker.files(read_query(title_and_body), limit)

    def functions(self, title_and_body: str, limit: int = 20) -> tuple[RankedFunction, ...]:
        """Rank the likeliest functions of the whole tree, best first."""
        return self._ranker.functions(read_query(title_and_body), limit)

    def windows(self, ranking: Sequence[RankedFile], budget_tokens: int) -> Windows:
        """Cut passages to a budget: names of files, code of likely functions."""
        return cut_windows(self, ranking, budget_tokens)

    def find_tests(self, path: str) -> tuple[str, ...]:
        """Find test files that exercise a file, nearest first; at most five."""
        return find_tests(self, path)

    def with_changes(self, changes: Changes) -> Lookup:
        """Search and read this commit with changes on top."""
        return Lookup(self, changes.files)

    def record(self, path: str) -> Record:
        """Load the record of a file; KeyError if the path was not read."""
        known = self._records.get(path)
        if known is None:
            file = self.files[path]
            known = self._cache.record(file.wanted.key)
            # The cache may have let go of the record: the blob is parsed once more.
            known = known or read_text(self.text(path) or "", language_named(file.language))[1]
            self._records[path] = known
            while len(self._records) > _RECORDS:
                self._records.popitem(last=False)
        return known

    def text(self, path: str) -> str | None:
        """Read a file's text, line ends as newlines; None if it was not indexed."""
        return next(iter(self.texts([path]).values()), None)

    def texts(self, paths: Iterable[str]) -> dict[str, str]:
        """Read the texts of those paths that were indexed."""
        found: dict[str, str] = {}
        with Blobs(self.git_dir) as blobs:
            for path in paths:
                data = blobs.read(self.files[path].sha) if path in self.files else None
                if data is not None:
                    found[path] = decode(data)
        return found


class _RepositoryState:
    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.postings = Postings()
        self.history = History()
        self.index: Index | None = None


class Indexer:
    """A builder of indexes.

    A blob read once, in any commit or branch, costs nothing again. ``limit`` bounds the cache in bytes; ``workers`` is
    how many processes read blobs.
    """

    def __init__(self, cache_dir: Path, *, workers: int = WORKERS, limit: int = CACHE_BYTES) -> None:
        self._directory = cache_dir
        self._workers = workers
        self._limit = limit
        self._cache: Cache | None = None
        self._repositories: OrderedDict[Path, _RepositoryState] = OrderedDict()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def index(self, git_dir: Path, commit: str) -> Index:
        """Build a commit's index; IndexingError where it cannot be listed."""
        known = self._recall(git_dir)
        async with known.lock:
            if known.index is not None and known.index.commit == commit:
                return known.index
            if self._cache is None:
                self._cache = await asyncio.to_thread(Cache, self._directory, limit=self._limit)
            cache = self._cache
            tree, history = await asyncio.gather(
                list_tree(git_dir, commit), read_history(git_dir, commit, known.history)
            )
            # Blobs of commits long gone are let go; those of this one come back from the cache.
            if len(known.postings.numbers) > 3 * len(tree.files) + 10_000:
                known.postings = Postings()
            await self._complete(git_dir, tree, known.postings, cache)
            known.history = history
            known.index = await asyncio.to_thread(Index, git_dir, commit, tree, known.postings, history, cache)
            return known.index

    async def close(self) -> None:
        """Let go of everything; an index must not be used after."""
        self._repositories.clear()
        if self._cache is not None:
            await asyncio.to_thread(self._cache.close)
            self._cache = None

    def _recall(self, git_dir: Path) -> _RepositoryState:
        known = self._repositories.pop(git_dir, None) or _RepositoryState()
        self._repositories[git_dir] = known
        while len(self._repositories) > _REPOSITORIES:
            self._repositories.popitem(last=False)
        return known

    async def _complete(self, git_dir: Path, tree: Tree, postings: Postings, cache: Cache) -> None:
        """Bring every blob of the tree into the postings, cached or read."""
        missing = {file.wanted.key: file.wanted for file in tree.files if file.wanted.key not in postings.numbers}
        if not missing:
            return
        await asyncio.to_thread(_recall, cache, missing, postings)
        if not missing:
            return
        sizes = await read_sizes(git_dir, [one.sha for one in missing.values()])
        small: list[BlobRequest] = []
        for one in missing.values():
            if one.sha in sizes and is_too_large(sizes[one.sha]):
                postings.add(one.key, Posting(left_out="huge"))
            elif one.sha in sizes:
                small.append(one)
        async for group in read_all(git_dir, small, workers=self._workers):
            await asyncio.to_thread(_keep, cache, group, postings)
        await asyncio.to_thread(cache.trim)


def _recall(cache: Cache, missing: dict[str, BlobRequest], postings: Postings) -> None:
    for key, data in cache.postings(list(missing)):
        postings.add(key, Posting.from_bytes(data))
        del missing[key]


def _keep(cache: Cache, group: Sequence[IndexedBlob], postings: Postings) -> None:
    """Store blobs that were read; a missing one may come by a later fetch."""
    read = [(one, Posting.from_bytes(one.posting)) for one in group]
    present = [(one, posting) for one, posting in read if posting.left_out != MISSING]
    cache.add([one for one, _ in present])
    for one, posting in present:
        postings.add(one.key, posting)
