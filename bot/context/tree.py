"""List the files of a commit, without reading them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.context.blobs import OFFLINE
from bot.context.languages import language_of
from bot.context.sieve import MAX_BYTES, Role, role_of, unread_path
from bot.context.workers import BlobRequest
from bot.git.command import run_git
from bot.types import ForgehandError

MAX_FILES = 200_000  # of a commit; what lies beyond is not searched
_REGULAR = frozenset((b"100644", b"100755", b"100664"))


class IndexingError(ForgehandError):
    """A commit could not be listed or read."""


@dataclass(frozen=True, slots=True)
class TreeFile:
    """A regular file of a tree. ``language`` is '' for plain text."""

    path: str
    sha: str
    language: str
    role: Role

    @property
    def wanted(self) -> BlobRequest:
        return BlobRequest(self.sha, self.language)


@dataclass(frozen=True)
class Tree:
    """Files worth reading, in git's order, and counts of the others."""

    files: tuple[TreeFile, ...]
    passed: dict[str, int]


async def list_tree(git_dir: Path, commit: str) -> Tree:
    """List a commit.

    Links, submodules and names that are not UTF-8 are passed over, and so is what lies beyond 200,000 files. Raises
    :class:`IndexingError` if the repository or the commit is not there.
    """
    done = await run_git(["ls-tree", "-r", "-z", "--full-tree", commit], cwd=git_dir)
    if done.code:
        raise IndexingError(f"{git_dir.name} has no commit {commit}; fetch it first.\n{done.stderr.strip()}")
    files: list[TreeFile] = []
    passed: dict[str, int] = {}
    for outcome in _entries(done.stdout):
        if isinstance(outcome, TreeFile) and len(files) < MAX_FILES:
            files.append(outcome)
        else:
            reason = outcome if isinstance(outcome, str) else "beyond the limit of files"
            passed[reason] = passed.get(reason, 0) + 1
    return Tree(tuple(files), passed)


def _entries(listing: bytes) -> Iterator[TreeFile | str]:
    for entry in listing.split(b"\0"):
        if not entry:
            continue
        head, _, name = entry.partition(b"\t")
        mode, _, sha = head.split(b" ")
        if mode not in _REGULAR:
            yield "link or submodule"
            continue
        try:
            path = name.decode()
        except UnicodeDecodeError:
            yield "unreadable name"
            continue
        reason = unread_path(path)
        language = language_of(path)
        yield reason or TreeFile(
            path, sha.decode(), language.name if language else "", role_of(path, is_code=language is not None)
        )


async def read_sizes(git_dir: Path, shas: list[str]) -> dict[str, int]:
    """Read the size in bytes of each blob that is here, without reading it."""
    request = "".join(f"{sha}\n" for sha in shas).encode()
    arguments = ["cat-file", "--batch-check=%(objectname) %(objecttype) %(objectsize)"]
    done = await run_git(arguments, cwd=git_dir, stdin=request, env=OFFLINE)
    found: dict[str, int] = {}
    for line in done.text.splitlines():
        fields = line.split()
        if len(fields) == 3 and fields[1] == "blob":
            found[fields[0]] = int(fields[2])
    return found


def is_too_large(size: int) -> bool:
    return size > MAX_BYTES
