"""Read, diff and commit to bare mirrors, one per repository."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar
from urllib.parse import quote

from bot.git import lfs, output
from bot.git.changes import NO_CHANGES, Changes
from bot.git.command import CompletedCommand, run_git
from bot.git.errors import GitError, ObjectMissing, PathRefused, RemoteMoved
from bot.git.output import Entry
from bot.git.paths import can_name_a_file, check_changes
from bot.git.remote import DELAYS, Remote
from bot.git.trees import prepare_directory, tame_links
from bot.types import JsonModel, Repository

MAX_TEXT = 10 * 1024 * 1024
_SHA = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_ABBREVIATED = re.compile(r"[0-9a-f]{4,64}")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_STALE_LOCK_SECONDS = 600.0
_MOST_TREES = 16  # each is remembered with the texts of its changes
# A review asks for the same listings, diffs and files tens of times; of large ones nothing is kept in memory.
_MOST_KEPT = 4
_LONGEST_LISTING = 2000  # files
_LONGEST_TEXT = 1 << 20
_MAX_REF = 200  # bytes; a file's name may have 255, git appends ".lock" to it
# A repository's own attributes must neither hide changes from our diffs nor rewrite bytes on their way to the disk.
_ATTRIBUTES = "* -text -filter -ident -working-tree-encoding !diff !merge\n"

_TreeKey = tuple[str, frozenset[tuple[str, str | None]]]
_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class Author(JsonModel):
    """The name and address on an author line."""

    name: str
    email: str


class Names(Protocol):
    """Somebody who knows what repositories are called now."""

    async def name_of(self, repository: Repository, *, ask: bool = False) -> str:
        """Return ``owner/name``; ``ask`` where what was known is wrong."""
        ...


class Mirrors:
    """All mirrors below one directory.

    ``base_url`` is the git server, e.g. ``https://github.com``. ``delays`` are the seconds to wait between tries where
    the server fails or does not yet know the token; ``names`` knows what repositories are called now.
    """

    def __init__(
        self, root: Path, base_url: str, *, delays: Sequence[float] = DELAYS, names: Names | None = None
    ) -> None:
        self._root = root
        self._base_url = base_url.rstrip("/")
        self._delays = delays
        self._names = names
        self._open: dict[int, Mirror] = {}
        self._locks: dict[int, asyncio.Lock] = {}

    async def of(self, repository: Repository) -> Mirror:
        """Open or make the repository's mirror, by an id that survives renames."""
        async with self._locks.setdefault(repository.id, asyncio.Lock()):
            known = self._open.get(repository.id)
            url = await self._url(repository)
            if known is None or known.url != url or not known.git_dir.is_dir():
                git_dir = await self._directory(repository.id)
                locate = partial(self._url, repository, ask=True)
                known = self._open[repository.id] = Mirror(git_dir, self._base_url, url, self._delays, locate)
            await asyncio.to_thread(os.utime, known.git_dir)  # when it was used last
            return known

    async def _url(self, repository: Repository, *, ask: bool = False) -> str:
        full_name = repository.full_name if self._names is None else await self._names.name_of(repository, ask=ask)
        owner, _, name = full_name.partition("/")
        for part in (owner, name):
            if not _NAME.fullmatch(part) or part in {".", ".."}:
                raise GitError(f"{full_name!r} is not the name of a GitHub repository.")
        return f"{self._base_url}/{quote(owner)}/{quote(name)}.git"

    async def _directory(self, repository_id: int) -> Path:
        git_dir = self._root / f"{repository_id}.git"
        if git_dir.is_dir():
            await asyncio.to_thread(_remove_stale_locks, git_dir)
            return git_dir
        self._root.mkdir(parents=True, exist_ok=True)
        # Made aside and renamed, so that a process dying here leaves no half a mirror behind.
        aside = Path(tempfile.mkdtemp(prefix="new-", dir=self._root))
        done = await run_git(["init", "--bare", "--quiet", "--template=", str(aside)], cwd=self._root)
        if done.code:
            raise GitError(f"git init failed:\n{done.stderr}")
        await asyncio.to_thread(_finish_mirror, aside, git_dir)
        return git_dir


class Mirror:
    """The objects of one repository; fetches go one after another."""

    def __init__(
        self,
        git_dir: Path,
        base_url: str,
        url: str,
        delays: Sequence[float] = DELAYS,
        locate: Callable[[], Awaitable[str]] | None = None,
    ) -> None:
        self.git_dir = git_dir
        self.url = url
        self._base_url = base_url
        self._delays = delays
        self._locate = locate
        self._lock = asyncio.Lock()
        # What git was asked before, until the next fetch: objects do not change, but old ones may go after one.
        self._commits: set[str] = set()
        self._trees: dict[_TreeKey, str] = {}
        self._listings: dict[str, tuple[Entry, ...]] = {}
        self._diffs: dict[tuple[str, str], str] = {}
        self._blobs: dict[tuple[str, ...], dict[str, bytes]] = {}

    async def fetch(self, refs: Iterable[str], token: str | None) -> None:
        """Bring branches, full refs or commits here.

        Branches are given as ``main``, full refs as ``refs/pull/3/head``, commits by 40 hex digits. Raises
        :class:`ObjectMissing`, :class:`AccessRefused` or :class:`RemoteDown`.
        """
        refspecs = [f"+{_full(ref)}:{_kept_as(_full(ref))}" for ref in dict.fromkeys(refs)]
        async with self._lock:
            try:
                await self._at_its_address(lambda remote: remote.fetch(refspecs, token))
            finally:
                self._commits.clear()
                self._trees.clear()
                self._listings.clear()
                self._diffs.clear()
                self._blobs.clear()

    async def _at_its_address(self, act: Callable[[Remote], Awaitable[None]]) -> None:
        """Talk to the server, once more at a new address if there is one."""
        try:
            await act(Remote(self._base_url, self.url, self.git_dir, self._delays))
        except RemoteMoved:
            url = self.url if self._locate is None else await self._locate()
            if url == self.url:
                raise
            self.url = url
            await act(Remote(self._base_url, url, self.git_dir, self._delays))

    async def resolve(self, ref: str) -> str:
        """Return the commit of a fetched ref or (short) sha, or ObjectMissing."""
        if ref in self._commits:
            return ref
        names = [] if _SHA.fullmatch(ref) else [_kept_as(_full(ref))]
        if _ABBREVIATED.fullmatch(ref):
            names.append(ref)
        for name in names:
            done = await self._git(
                "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}", check=False
            )
            if not done.code:
                sha = done.text.strip()
                self._commits.add(sha)
                return sha
        raise ObjectMissing(f"{ref!r} is not in the mirror; fetch it first.", name=ref)

    async def is_at(self, branch: str, sha: str) -> bool:
        """Return whether a branch was at a commit when it was fetched last."""
        try:
            return await self.resolve(branch) == sha
        except ObjectMissing:
            return False

    async def merge_base(self, first: str, second: str) -> str:
        """Return the best common ancestor; ObjectMissing where there is none."""
        done = await self._git("merge-base", _sha(first), _sha(second), check=False)
        if done.code:
            raise ObjectMissing(f"{first} and {second} have no common ancestor here.", name=second)
        return done.text.strip()

    async def entries(self, sha: str) -> tuple[Entry, ...]:
        """List a commit's files in git's order; may raise ObjectMissing."""
        return await self._list(sha)

    async def read(self, sha: str, path: str) -> str | None:
        """Return the text of a regular UTF-8 file up to 10 MiB, line ends kept."""
        data = await self.read_bytes(sha, path, limit=MAX_TEXT)
        return None if data is None else output.as_text(data)

    async def read_bytes(self, sha: str, path: str, *, limit: int | None = None) -> bytes | None:
        """Return a regular file's bytes, if at most ``limit``."""
        if not can_name_a_file(path):
            return None
        found = [entry for entry in await self._list(sha, path) if entry.path == path and entry.kind == "file"]
        if not found or (limit is not None and (found[0].size or 0) > limit):
            return None
        return (await self._git("cat-file", "blob", found[0].sha)).stdout

    async def exists(self, sha: str, path: str) -> bool:
        """Tell whether a commit holds a file, symlink or submodule at a path."""
        return can_name_a_file(path) and any(entry.path == path for entry in await self._list(sha, path))

    async def blobs(self, shas: Iterable[str]) -> dict[str, bytes]:
        """Return many blobs by sha from one process, or raise ObjectMissing."""
        wanted = tuple(_sha(sha) for sha in dict.fromkeys(shas))
        if not wanted:
            return {}
        if wanted in self._blobs:
            return dict(self._blobs[wanted])
        done = await self._git("cat-file", "--batch", stdin="".join(f"{sha}\n" for sha in wanted).encode())
        found = await asyncio.to_thread(output.split_batch, done.stdout)
        if len(done.stdout) <= _LONGEST_TEXT:
            _keep(self._blobs, wanted, dict(found))
        return found

    async def diff(self, base: str, other: str | Changes) -> str:
        """Return git's unified diff from ``base`` to a commit or to changes."""
        tree = await self.tree(base, other) if isinstance(other, Changes) else _sha(other)
        key = (_sha(base), tree)
        if key in self._diffs:
            return self._diffs[key]
        flags = ("--no-color", "--no-ext-diff", "--no-textconv", "--find-renames", "--src-prefix=a/", "--dst-prefix=b/")
        text = (await self._git("diff-tree", "-r", "-p", *flags, *key)).text
        if len(text) <= _LONGEST_TEXT:
            _keep(self._diffs, key, text)
        return text

    async def blame(self, sha: str, path: str, ranges: Sequence[tuple[int, int]]) -> dict[str, str]:
        """Return the subjects of the commits that lines come from, by sha.

        The commit with most lines comes first. ``ranges`` are first and last line, from 1. Raises :class:`GitError`
        where the file has no such lines.
        """
        wanted = [f"-L{first},{last}" for first, last in ranges]
        done = await self._git("blame", "--porcelain", *wanted, _sha(sha), "--", path)
        return output.parse_blame(done.text)

    async def merged_paths(self, sha: str, count: int) -> list[list[str]]:
        """Return the paths that each of the latest changes brought, newest first.

        A merge counts as one change: all that it brought to its first parent.
        """
        flags = ("--first-parent", "-m", "--name-only", "--no-renames", "-z", "--format=%x01", f"--max-count={count}")
        done = await self._git("log", *flags, _sha(sha))
        return [[path for path in one.strip("\0\n").split("\0") if path] for one in done.text.split("\x01")[1:]]

    async def tree(self, base: str, changes: Changes) -> str:
        """Return the sha of the tree that ``base`` becomes with the changes.

        Modes are kept, new files are 100644. Raises :class:`PathRefused` for hostile or unfitting paths,
        :class:`GitError` for text that is no UTF-8.
        """
        key = (_sha(base), frozenset(changes.files.items()))
        if key not in self._trees:
            tree = await self._make_tree(base, changes)
            if len(self._trees) >= _MOST_TREES:
                self._trees.clear()
            self._trees[key] = tree
        return self._trees[key]

    async def _make_tree(self, base: str, changes: Changes) -> str:
        if not changes.files:
            return (await self._git("rev-parse", f"{base}^{{tree}}")).text.strip()
        entries = await self._list(base)
        modes = {entry.path: entry.mode for entry in entries}
        await asyncio.to_thread(check_changes, {path: text is not None for path, text in changes.files.items()}, modes)
        async with self._index(base) as env:
            shas = await self._store(changes, Path(env["GIT_INDEX_FILE"]).parent)
            lines = [
                f"0 {'0' * 40}\t{path}" if path not in shas else f"{modes.get(path, '100644')} {shas[path]}\t{path}"
                for path in sorted(changes.files, key=lambda path: (changes.files[path] is not None, path))
            ]
            done = await self._git(
                "update-index",
                "-z",
                "--index-info",
                stdin="".join(f"{line}\0" for line in lines).encode(),
                env=env,
                check=False,
            )
            if done.code:
                raise PathRefused(f"git refuses a path of this change:\n{done.stderr[:500]}", path=None)
            await self._refuse_lfs(changes, entries, env)
            return (await self._git("write-tree", env=env)).text.strip()

    async def _refuse_lfs(self, changes: Changes, entries: Sequence[Entry], env: dict[str, str]) -> None:
        old = [entry.sha for entry in entries if entry.path.rpartition("/")[2] == lfs.ATTRIBUTES]
        new = [text.encode() for path, text in changes.files.items() if text and path.endswith(lfs.ATTRIBUTES)]
        written = [path for path, text in changes.files.items() if text is not None]
        if not lfs.may_track([*(await self.blobs(old)).values(), *new]):
            return
        for path in await lfs.tracked(written, self.git_dir / "objects", env):
            reason = "Git LFS keeps it, and its bytes are not here"
            raise PathRefused(f"The path {path[:200]!r} is refused: {reason}.", path=path[:200])

    async def commit(
        self, base: str, changes: Changes, message: str, author: Author, when: int, *, parent: str | None = None
    ) -> str:
        """Make a commit of ``base`` with changes, in the mirror only.

        It stands on ``parent``, by default on ``base`` itself. ``when`` is in seconds since the epoch. The same
        arguments give the same sha, so a repeated step makes the same commit.
        """
        tree = await self.tree(base, changes)
        who = {"NAME": author.name, "EMAIL": author.email, "DATE": f"@{when} +0000"}
        env = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in who.items()}
        text = message.replace("\0", "").encode("utf-8", "replace")
        return (await self._git("commit-tree", tree, "-p", _sha(parent or base), stdin=text, env=env)).text.strip()

    async def checkout(self, sha: str, dest: Path, changes: Changes = NO_CHANGES) -> None:
        """Make ``dest`` hold exactly the files of a commit with the changes.

        There is no ``.git``, and what was in ``dest`` is removed. Bytes and modes are the repository's own; a symlink
        that leads out of the tree becomes a plain file holding its target. Submodules are empty directories.
        """
        tree = await self.tree(sha, changes)
        await asyncio.to_thread(prepare_directory, dest)
        async with self._index(tree) as env:
            await self._git(
                "--work-tree", str(dest), "checkout-index", "--all", "--force", "--quiet", cwd=dest, env=env
            )
        links = [entry.path for entry in await self._list(tree) if entry.kind == "link"]
        await asyncio.to_thread(tame_links, dest, links)

    async def push(self, sha: str, branch: str, token: str | None, *, expect: str | None = None) -> None:
        """Put ``sha`` on ``branch`` if the branch is at ``expect`` there.

        None means that it must not exist yet. Succeeds where the branch already is at ``sha``. Raises
        :class:`PushRefused` (never repeat), :class:`NonFastForward` (somebody moved it), :class:`ReadOnly`,
        :class:`AccessRefused` or :class:`RemoteDown`.
        """
        if (await run_git(["check-ref-format", "--branch", branch], cwd=self.git_dir)).code or branch.startswith("-"):
            raise GitError(f"{branch!r} cannot be the name of a branch.")
        expected = expect and _sha(expect)
        await self._at_its_address(lambda remote: remote.push(_sha(sha), branch, expected, token))

    async def _list(self, treeish: str, path: str | None = None) -> tuple[Entry, ...]:
        """List all files, or those at and below ``path``."""
        if treeish in self._listings:
            whole = self._listings[treeish]
            return tuple(one for one in whole if one.path == path or one.path.startswith(f"{path}/")) if path else whole
        only = [path] if path else []
        args = ("ls-tree", "-r", "-z", "--long", "--full-tree", _sha(treeish), "--", *only)
        done = await self._git(*args, check=False)
        if done.code:
            raise ObjectMissing(f"The commit {treeish} is not in the mirror; fetch it first.", name=treeish)
        found = await asyncio.to_thread(output.parse_tree, done.stdout)
        if path is None and len(found) <= _LONGEST_LISTING:
            _keep(self._listings, treeish, found)
        return found

    async def _store(self, changes: Changes, scratch: Path) -> dict[str, str]:
        written = {path: text for path, text in changes.files.items() if text is not None}
        for number, (path, text) in enumerate(written.items()):
            try:
                (scratch / str(number)).write_bytes(text.encode())
            except UnicodeEncodeError:
                raise GitError(f"The new text of {path!r} is not valid Unicode; write it again.") from None
        names = "".join(f"{scratch / str(number)}\n" for number in range(len(written)))
        done = await self._git("hash-object", "-w", "--no-filters", "--stdin-paths", stdin=names.encode())
        return dict(zip(written, done.text.split(), strict=True))

    @asynccontextmanager
    async def _index(self, treeish: str) -> AsyncIterator[dict[str, str]]:
        with tempfile.TemporaryDirectory(prefix="forgehand-index-") as scratch:
            env = {"GIT_INDEX_FILE": str(Path(scratch) / "index")}
            done = await self._git("read-tree", _sha(treeish), env=env, check=False)
            if done.code:
                raise GitError(f"git refuses the tree of {treeish}:\n{done.stderr[:500]}")
            yield env

    async def _git(
        self,
        *args: str,
        stdin: bytes = b"",
        env: dict[str, str] | None = None,
        cwd: Path | None = None,
        check: bool = True,
    ) -> CompletedCommand:
        done = await run_git(["--git-dir", str(self.git_dir), *args], cwd=cwd or self.git_dir, stdin=stdin, env=env)
        if check and done.code:
            raise GitError(f"git {args[0]} failed:\n{done.stderr[:2000]}")
        return done


def _keep(known: dict[_Key, _Value], key: _Key, value: _Value) -> None:
    """Remember a value beside at most a few others."""
    if len(known) >= _MOST_KEPT:
        known.clear()
    known[key] = value


def _sha(text: str) -> str:
    if not _SHA.fullmatch(text):
        raise ObjectMissing(f"{text[:100]!r} is not a full object name; resolve it first.", name=text[:100])
    return text


def _full(ref: str) -> str:
    """Return the server's full ref for a branch, a full ref or a commit."""
    if _SHA.fullmatch(ref):
        return ref
    full = ref if ref.startswith("refs/") else f"refs/heads/{ref}"
    if re.search(r"[\s~^:?*\[\\\x00-\x1f\x7f]|\.\.|@\{", full):
        raise GitError(f"{ref!r} cannot be the name of a branch.")
    return full


def _kept_as(full: str) -> str:
    """Return the mirror's name for a ref of the server.

    It is flat, for git keeps refs as paths: a branch that was deleted there stays here, and as a path ``release`` would
    leave no room for ``release/2``.
    """
    flat = full.replace("%", "%25").replace("/", "%2F")
    if len(flat.encode()) > _MAX_REF:
        flat = hashlib.sha256(full.encode()).hexdigest()
    return f"refs/forgehand/mirror/{flat}"


def _finish_mirror(aside: Path, git_dir: Path) -> None:
    (aside / "info").mkdir(exist_ok=True)
    (aside / "info" / "attributes").write_text(_ATTRIBUTES)
    try:
        aside.rename(git_dir)
    except OSError:  # another process was faster; its mirror is as good
        shutil.rmtree(aside)


def _remove_stale_locks(git_dir: Path) -> None:
    # A machine that died inside git leaves lock files that would block every later fetch.
    for lock in git_dir.rglob("*.lock"):
        try:
            if abs(time.time() - lock.stat().st_mtime) > _STALE_LOCK_SECONDS:
                lock.unlink()
        except FileNotFoundError:
            continue
