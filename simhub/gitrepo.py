"""A bare repository on disk and the git commands the hub answers from."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ZERO = "0" * 40
_SHA = re.compile(r"[0-9a-f]{40}")
_CONFIG = {"safe.directory": "*", "core.quotePath": "false", "gc.auto": "0", "protocol.file.allow": "always"}


class GitError(Exception):
    """git ended with an error; the message is what it wrote to stderr."""


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return a hermetic environment.

    The user's and the system's git configuration are not read.
    """
    env = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": "/nonexistent", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    env |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_TERMINAL_PROMPT": "0"}
    env["GIT_CONFIG_COUNT"] = str(len(_CONFIG))
    for number, (key, value) in enumerate(_CONFIG.items()):
        env |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return env | dict(extra or {})


def identity(name: str, email: str, date: str | None = None) -> dict[str, str]:
    env = {"GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": email, "GIT_COMMITTER_NAME": name, "GIT_COMMITTER_EMAIL": email}
    return env | ({"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date} if date else {})


def git_now(path: Path, *argv: str, env: Mapping[str, str] | None = None) -> str:
    """Run git and wait: for setting repositories up, never while serving."""
    done = subprocess.run(["git", "-C", str(path), *argv], env=environment(env), capture_output=True, check=False)
    if done.returncode:
        raise GitError(done.stderr.decode(errors="replace").strip())
    return done.stdout.decode(errors="replace").strip()


@dataclass(frozen=True)
class Person:
    name: str
    email: str
    date: str


@dataclass(frozen=True)
class Commit:
    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Person
    committer: Person
    message: str


@dataclass(frozen=True)
class TreeEntry:
    mode: str
    type: str
    sha: str
    size: int | None
    path: str


@dataclass(frozen=True)
class FileChange:
    """``patch`` starts at the first hunk header and is None for binary files, as GitHub gives it."""

    status: str
    path: str
    previous: str | None
    sha: str
    additions: int
    deletions: int
    patch: str | None


_COMMIT_FORMAT = "%H%x00%T%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B%x01"
_MOST_ANSWERS = 2000
_MOST_BYTES = 64 * 1024  # of one
_answers: dict[tuple[str, ...], bytes] = {}  # of git about objects, by repository and arguments
_STATUSES = {"A": "added", "D": "removed", "M": "modified", "R": "renamed", "C": "copied", "T": "changed"}


def forget(path: Path) -> None:
    """Forget what git said in a repository that is gone: another may come to lie there."""
    for key in [key for key in _answers if key[0] == str(path)]:
        del _answers[key]


@dataclass(frozen=True)
class GitRepo:
    path: Path

    async def run(self, *argv: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> bytes:
        process = await asyncio.create_subprocess_exec(
            "git",
            "-C",
            str(self.path),
            *argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment(env),
        )
        out, err = await process.communicate(stdin)
        if process.returncode:
            raise GitError(err.decode(errors="replace").strip())
        return out

    async def text(self, *argv: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> str:
        return (await self.run(*argv, stdin=stdin, env=env)).decode(errors="replace").strip()

    async def _ask(self, objects: Sequence[str], *argv: str) -> bytes:
        """Return what git says about objects.

        It is asked once where all are named by their shas and the answer is no large one: pull requests are looked at
        all the time, and what has a sha does not change.
        """
        key = (str(self.path), *argv)
        if key in _answers:
            return _answers[key]
        answer = await self.run(*argv)
        if len(answer) <= _MOST_BYTES and all(_SHA.fullmatch(name) for name in objects):
            if len(_answers) >= _MOST_ANSWERS:
                _answers.clear()
            _answers[key] = answer
        return answer

    async def _about(self, objects: Sequence[str], *argv: str) -> str:
        return (await self._ask(objects, *argv)).decode(errors="replace").strip()

    async def resolve(self, name: str, kind: str = "commit") -> str | None:
        """Return the object id a branch, tag, ref or (short) sha stands for.

        Returns None where there is none.
        """
        if name.startswith("-") or ".." in name or not name:
            return None
        if kind == "commit" and (sha := self._read_ref(f"refs/heads/{name}") or self._read_head(name)) is not None:
            return sha
        # no branch or tag may look like a full sha
        candidates = (name,) if _SHA.fullmatch(name) else (f"refs/heads/{name}", f"refs/tags/{name}", name)
        for candidate in candidates:
            try:
                return await self._about((candidate,), "rev-parse", "--verify", "--quiet", f"{candidate}^{{{kind}}}")
            except GitError:
                continue
        return None

    def _read_ref(self, ref: str) -> str | None:
        """Return where a ref stands that has a file of its own, as those have that were pushed or made.

        Most requests ask for one, and starting git takes longer than all the rest of an answer.
        """
        text = "" if ref.endswith(".lock") else self._read(ref)  # git is about to put that file in a ref's place
        return text if _SHA.fullmatch(text) else None

    def _read_head(self, name: str) -> str | None:
        target = self._read("HEAD").removeprefix("ref: ") if name == "HEAD" else ""
        return self._read_ref(target) if target.startswith("refs/heads/") else None

    def _read(self, file: str) -> str:
        """Return what is written in a file of git's own, "" where there is none."""
        try:
            return (self.path / file).read_text().strip()
        except (OSError, ValueError):
            return ""

    async def refs(self, prefix: str = "refs/") -> dict[str, str]:
        out = await self.text("for-each-ref", "--format=%(refname) %(objectname)", prefix)
        rows = [line.partition(" ") for line in out.splitlines()]
        return {name: sha for name, _, sha in rows}

    async def update_ref(self, ref: str, new: str, old: str | None = None) -> None:
        await self.run("update-ref", ref, new, *([old] if old is not None else []))

    async def delete_ref(self, ref: str) -> None:
        await self.run("update-ref", "-d", ref)

    async def commits(self, *revisions: str, limit: int = 250) -> list[Commit]:
        """Newest first. Revisions as ``git log`` takes them."""
        argv = ["log", f"--max-count={limit}", f"--format={_COMMIT_FORMAT}", "--end-of-options"]
        return _commits(await self._about(revisions, *argv, *revisions, "--"))

    async def commits_between(self, bounds: Sequence[str], limit: int) -> list[Commit]:
        """Newest first; ``bounds`` are trusted revision arguments such as ``a..b`` or ``--not --branches``."""
        return _commits(await self.text("log", f"--max-count={limit}", f"--format={_COMMIT_FORMAT}", *bounds, "--"))

    async def touched(self, sha: str) -> tuple[list[str], list[str], list[str]]:
        """Paths a commit added, removed and modified against its first parent."""
        argv = ("log", "-1", "--format=", "--name-status", "--no-renames", "-m", "--first-parent", sha)
        out = await self._about((sha,), *argv)
        rows = [line.split("\t", 1) for line in out.splitlines()]
        added = [path for status, path in rows if status == "A"]
        removed = [path for status, path in rows if status == "D"]
        return added, removed, [path for status, path in rows if status not in "AD"]

    async def commit(self, sha: str) -> Commit:
        return (await self.commits(sha, limit=1))[0]

    async def count(self, base: str, head: str) -> int:
        """Count the commits of ``head`` that ``base`` lacks."""
        argv = ("rev-list", "--count", "--end-of-options", f"{base}..{head}", "--")
        return int(await self._about((base, head), *argv))

    async def is_ancestor(self, old: str, new: str) -> bool:
        try:
            await self._ask((old, new), "merge-base", "--is-ancestor", old, new)
        except GitError:
            return False
        return True

    async def merge_base(self, one: str, other: str) -> str | None:
        try:
            return await self._about((one, other), "merge-base", one, other)
        except GitError:
            return None

    async def tree(self, treeish: str, recursive: bool = False, path: str = "") -> list[TreeEntry]:
        argv = ["ls-tree", "-z", "--long", *(["-r", "-t"] if recursive else []), treeish, *([path] if path else [])]
        out = await (self.text(*argv) if recursive else self._about((treeish,), *argv))
        return [_entry(record) for record in out.split("\0") if record]

    async def blob(self, sha: str) -> bytes:
        return await self._ask((sha,), "cat-file", "blob", sha)

    async def write_blob(self, content: bytes) -> str:
        return await self.text("hash-object", "-w", "--stdin", stdin=content)

    async def write_commit(self, tree: str, parents: Sequence[str], message: str, env: Mapping[str, str]) -> str:
        argv = ["commit-tree", tree, *(part for parent in parents for part in ("-p", parent))]
        return await self.text(*argv, "-F", "-", stdin=message.encode(), env=env)

    @asynccontextmanager
    async def work_tree(self, commit: str) -> AsyncIterator[GitRepo]:
        """Check out a commit for a while, for what git only does in a checkout."""
        with tempfile.TemporaryDirectory() as scratch:
            tree = Path(scratch) / "tree"
            await self.run("worktree", "add", "--quiet", "--detach", str(tree), commit)
            try:
                yield GitRepo(tree)
            finally:
                await self.run("worktree", "remove", "--force", str(tree))

    async def diff(self, base: str, head: str) -> str:
        argv = ("diff", "-M", "--no-ext-diff", "--full-index", base, head)
        return (await self._ask((base, head), *argv)).decode(errors="replace")

    async def numbers(self, base: str, head: str) -> tuple[int, int, int]:
        """Files, added and deleted lines between two trees."""
        rows = (await self._about((base, head), "diff", "-M", "--numstat", base, head)).splitlines()
        counts = [row.split("\t") for row in rows]
        return len(rows), sum(int(c[0]) for c in counts if c[0] != "-"), sum(int(c[1]) for c in counts if c[1] != "-")

    async def changes(self, base: str, head: str) -> list[FileChange]:
        raw, patches = await asyncio.gather(
            self._ask((base, head), "diff", "-M", "--raw", "--no-abbrev", "-z", base, head), self.diff(base, head)
        )
        records = _raw_records(raw.decode(errors="replace"))
        return [_change(record, patch) for record, patch in zip(records, _split_patches(patches), strict=True)]

    async def merge_tree(self, ours: str, theirs: str) -> str | None:
        """Return the merged tree, or None on a conflict."""
        try:
            return (await self.text("merge-tree", "--write-tree", ours, theirs)).splitlines()[0]
        except GitError:
            return None


def _commits(out: str) -> list[Commit]:
    return [_commit(record) for record in out.split("\x01") if record.strip()]


def _commit(record: str) -> Commit:
    parts = record.lstrip("\n").split("\0")
    sha, tree, parents, an, ae, ad, cn, ce, cd, message = parts
    author = Person(an, ae, _utc(ad))
    committer = Person(cn, ce, _utc(cd))
    return Commit(sha, tree, tuple(parents.split()), author, committer, message.rstrip("\n"))


def _utc(date: str) -> str:
    return datetime.fromisoformat(date).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _entry(record: str) -> TreeEntry:
    meta, path = record.split("\t", 1)
    mode, kind, sha, size = meta.split()
    return TreeEntry(mode, kind, sha, None if size == "-" else int(size), path)


@dataclass(frozen=True)
class _Raw:
    status: str
    sha: str
    path: str
    previous: str | None


def _raw_records(out: str) -> list[_Raw]:
    parts = iter(out.split("\0"))
    records = []
    for meta in parts:
        if not meta:
            continue
        _, _, old, new, status = meta.split(" ")
        first = next(parts)
        renamed = status[0] in "RC"
        path = next(parts) if renamed else first
        records.append(_Raw(status[0], old if status[0] == "D" else new, path, first if renamed else None))
    return records


def _split_patches(out: str) -> list[str]:
    lines = out.splitlines(keepends=True)
    patches = list[list[str]]()
    for line in lines:
        if line.startswith("diff --git "):
            patches.append([])
        patches[-1].append(line)
    return ["".join(patch) for patch in patches]


def _change(record: _Raw, patch: str) -> FileChange:
    start = patch.find("\n@@ ")
    hunks = patch[start + 1 :].rstrip("\n") if start >= 0 else None
    body = (hunks or "").splitlines()
    added = sum(1 for line in body if line.startswith("+"))
    deleted = sum(1 for line in body if line.startswith("-"))
    status = _STATUSES.get(record.status, "changed")
    return FileChange(status, record.path, record.previous, record.sha, added, deleted, hunks)
