"""Reading, diffing, committing and checking out, on a real mirror with real git."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path
from shutil import rmtree

import pytest

from bot.git.changes import Changes
from bot.git.errors import GitError, ObjectMissing, PathRefused, RemoteDown
from bot.git.mirrors import Author, Mirror, Mirrors
from tests.git.conftest import MAIN, REPOSITORY, git

BOT = Author(name="forgehand[bot]", email="1+forgehand[bot]@users.noreply.github.com")


async def test_reads_text_and_says_none_for_everything_else(mirror: Mirror) -> None:
    sha = await mirror.resolve("main")
    assert await mirror.read(sha, "src/parse.py") == "def parse():\n    return 1\n"
    assert await mirror.read(sha, "dos.txt") == "\ufeffone\r\ntwo\r\n"
    assert await mirror.read(sha, "näme with space.txt") == "x\n"
    for nothing in ("logo.bin", "latin.txt", "inside", "src", "missing.py", "../etc/passwd", ":/src", "a\0b", "\ud800"):
        assert await mirror.read(sha, nothing) is None, nothing
    assert await mirror.read_bytes(sha, "logo.bin") == b"\x89PNG\0\0"
    with pytest.raises(ObjectMissing):
        await mirror.read("0" * 40, "src/parse.py")
    with pytest.raises(ObjectMissing):
        await mirror.resolve("no-such-branch")


async def test_entries_and_blobs_agree(mirror: Mirror) -> None:
    entries = {entry.path: entry for entry in await mirror.entries(await mirror.resolve("main"))}
    assert entries["run.sh"].mode == "100755"
    assert entries["outside"].kind == "link"
    blobs = await mirror.blobs(entry.sha for entry in entries.values())
    assert blobs[entries["logo.bin"].sha] == b"\x89PNG\0\0"
    assert all(len(blobs[entry.sha]) == entry.size for entry in entries.values())
    with pytest.raises(ObjectMissing):
        await mirror.blobs(["1" * 40])


async def test_what_was_read_is_not_asked_of_git_again_before_the_next_fetch(mirror: Mirror) -> None:
    sha = await mirror.resolve("main")
    change = Changes(files={"src/parse.py": "def parse():\n    return 2\n"})

    async def read() -> tuple[object, ...]:
        entries = await mirror.entries(sha)
        files = [entry.sha for entry in entries if entry.kind == "file"]
        return (
            entries,
            await mirror.diff(sha, change),
            await mirror.blobs(files),
            await mirror.exists(sha, "src/parse.py"),
        )

    first = await read()
    (mirror.git_dir / "objects").rename(mirror.git_dir / "gone")
    assert await read() == first
    assert not await mirror.exists(sha, "src")
    (mirror.git_dir / "objects").mkdir()
    with pytest.raises(RemoteDown):
        await mirror.fetch(["main"], None)
    with pytest.raises(ObjectMissing):
        await read()


async def test_blame_names_the_commits_that_lines_came_from(mirror: Mirror) -> None:
    base = await mirror.resolve("main")
    text = "def parse():\n    if not text:\n        return 0\n    return 1\n"
    mended = await mirror.commit(base, Changes(files={"src/parse.py": text}), "Fix #7: no text", BOT, 1_700_000_000)
    found = await mirror.blame(mended, "src/parse.py", [(2, 3), (4, 4)])
    assert next(iter(found.items())) == (mended, "Fix #7: no text")
    assert len(found) == 2
    with pytest.raises(GitError):
        await mirror.blame(mended, "src/parse.py", [(900, 901)])


async def test_a_merge_is_one_change_with_all_that_it_brought(mirror: Mirror, source: Path) -> None:
    git(source, "checkout", "-q", "-b", "topic")
    for name in ("a b.txt", "ä.txt"):
        (source / name).write_text("x\n")
        git(source, "add", name)
        git(source, "commit", "-q", "-m", name)
    git(source, "checkout", "-q", "main")
    git(source, "merge", "-q", "--no-ff", "-m", "merged", "topic")
    git(source, "push", "-q", str(mirror.git_dir), f"main:{MAIN}")
    merged, first = await mirror.merged_paths(await mirror.resolve("main"), 5)
    assert merged == ["a b.txt", "ä.txt"]
    assert "src/parse.py" in first
    assert await mirror.merged_paths(await mirror.resolve("main"), 1) == [merged]


async def test_a_repeated_commit_is_the_same_commit_and_keeps_modes(mirror: Mirror, source: Path) -> None:
    base = await mirror.resolve("main")
    changes = Changes(
        files={"run.sh": "#!/bin/sh\necho\n", "new/deep.py": "x = 1\n", "logo.bin": None, "dos.txt": "a\r\nb\n"}
    )
    first = await mirror.commit(base, changes, "Fix it\n\nFixes #12.", BOT, 1_700_000_000)
    assert await mirror.commit(base, changes, "Fix it\n\nFixes #12.", BOT, 1_700_000_000) == first
    git(source, "fetch", "-q", str(mirror.git_dir), MAIN)
    entries = {entry.path: entry for entry in await mirror.entries(first)}
    assert entries["run.sh"].mode == "100755"
    assert entries["new/deep.py"].mode == "100644"
    assert "logo.bin" not in entries
    assert await mirror.read(first, "dos.txt") == "a\r\nb\n"
    author = git(mirror.git_dir, "show", "-s", "--format=%an <%ae> %at %P", first)
    assert author == f"{BOT.name} <{BOT.email}> 1700000000 {base}"


async def test_what_git_threw_away_is_not_taken_to_be_there_after_a_fetch(mirror: Mirror) -> None:
    base = await mirror.resolve("main")
    changes = Changes(files={"src/parse.py": "x = 1\n"})
    tree = await mirror.tree(base, changes)
    commit = await mirror.resolve(await mirror.commit(base, changes, "Fix it", BOT, 1_700_000_000))
    git(mirror.git_dir, "prune", "--expire=now")
    with pytest.raises(RemoteDown):
        await mirror.fetch(["main"], None)
    with pytest.raises(ObjectMissing):
        await mirror.resolve(commit)
    assert await mirror.tree(base, changes) == tree
    assert git(mirror.git_dir, "cat-file", "-t", tree) == "tree"


async def test_a_repository_cannot_hide_changes_from_the_diff(mirror: Mirror) -> None:
    base = await mirror.resolve("main")
    diff = await mirror.diff(base, Changes(files={"src/parse.py": "def parse():\n    return 2\n"}))
    assert "-    return 1\n+    return 2\n" in diff
    assert "+++ b/src/parse.py" in diff
    assert await mirror.diff(base, Changes()) == ""


async def test_checkout_holds_exactly_the_tree(mirror: Mirror, tmp_path: Path) -> None:
    base = await mirror.resolve("main")
    dest = tmp_path / "work"
    await mirror.checkout(base, dest)
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "precious").write_text("keep")
    (dest / "planted").symlink_to(victim)
    (dest / "closed").mkdir()
    (dest / "closed" / "file").write_text("x")
    (dest / "closed").chmod(0o500)
    await mirror.checkout(base, dest, Changes(files={"src/parse.py": "changed\n", "dos.txt": None}))
    names = {str(path.relative_to(dest)) for path in dest.rglob("*") if path.is_file() or path.is_symlink()}
    changed = {entry.path for entry in await mirror.entries(base)} - {"dos.txt"}
    assert names == changed
    assert (victim / "precious").read_text() == "keep"
    assert (dest / "src" / "parse.py").read_text() == "changed\n"
    assert (dest / "run.sh").stat().st_mode & stat.S_IXUSR
    assert (dest / "inside").readlink() == Path("src/parse.py")
    for escaping in ("outside", "src/up"):
        assert not (dest / escaping).is_symlink(), escaping
    assert (dest / "via").resolve().is_relative_to(dest.resolve())
    assert (dest / "näme with space.txt").read_bytes() == b"x\n"
    (tmp_path / "link").symlink_to(victim)
    with pytest.raises(PathRefused):
        await mirror.checkout(base, tmp_path / "link")


@pytest.mark.parametrize(
    "path",
    [
        "../out.py", "/etc/passwd", "a/../../b", "./a", "a//b", "a/", "", ".git/config", ".GIT/hooks/x",
        "src/.git/config", ".git./config", ".g\u200cit/config", "GIT~1/config", "a\\b", "a\nb", "c:d", "x" * 300,
        ".git::$INDEX_ALLOCATION/x", "inside", "inside/x.py", "src", "src/parse.py/x.py", "SRC/new.py", "Run.sh",
        "\ud800.py",
    ],
)  # fmt: skip
async def test_hostile_paths_are_refused(mirror: Mirror, path: str) -> None:
    base = await mirror.resolve("main")
    with pytest.raises(PathRefused):
        await mirror.tree(base, Changes(files={path: "x"}))


async def test_unfitting_changes_are_refused_in_words(mirror: Mirror) -> None:
    base = await mirror.resolve("main")
    with pytest.raises(PathRefused, match="does not exist"):
        await mirror.tree(base, Changes(files={"missing.py": None}))
    with pytest.raises(PathRefused, match="only by case"):
        await mirror.tree(base, Changes(files={"new/A.py": "", "new/a.py": ""}))
    with pytest.raises(GitError, match="not valid Unicode"):
        await mirror.tree(base, Changes(files={"new.py": "\ud800"}))


async def test_what_goes_makes_room_for_what_comes(mirror: Mirror) -> None:
    """A rename that changes only case, a file that becomes a folder, a folder that becomes a file."""
    base = await mirror.resolve("main")
    changes = Changes(
        files={
            "run.sh": None, "Run.sh": "x\n", "src/parse.py": None, "src/Parse.py": "y\n",
            "dos.txt": None, "dos.txt/new.py": "z\n",
        }
    )  # fmt: skip
    sha = await mirror.commit(base, changes, "Rename", BOT, 1_700_000_000)
    names = {entry.path for entry in await mirror.entries(sha)}
    assert {"Run.sh", "src/Parse.py", "dos.txt/new.py"} <= names
    assert not {"run.sh", "src/parse.py", "dos.txt"} & names
    # A symlink stays in src/, so that folder does not go.
    with pytest.raises(PathRefused, match="only by case"):
        await mirror.tree(base, Changes(files={"src/parse.py": None, "SRC/parse.py": "y\n"}))


async def test_a_path_that_lfs_keeps_is_refused(mirror: Mirror, source: Path) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 9\n"
    (source / ".gitattributes").write_text("*.psd filter=lfs diff=lfs merge=lfs -text\n")
    (source / "art").mkdir()
    (source / "art" / "old.psd").write_text(pointer)
    (source / "art" / ".gitattributes").write_text("plain.psd -filter\n")
    git(source, "-c", "filter.lfs.clean=cat", "add", "-A")
    git(source, "commit", "-q", "-m", "art")
    git(source, "push", "-q", str(mirror.git_dir), f"main:{MAIN}")
    base = await mirror.resolve("main")
    for path in ("art/old.psd", "new/deep.psd"):
        with pytest.raises(PathRefused, match="Git LFS"):
            await mirror.tree(base, Changes(files={path: "text"}))
    fitting = Changes(files={"art/plain.psd": "text", "src/parse.py": "x = 1\n", "art/old.psd": None})
    await mirror.tree(base, fitting)
    # The change brings its own attributes along.
    with pytest.raises(PathRefused, match="Git LFS"):
        await mirror.tree(base, Changes(files={"src/.gitattributes": "*.bin filter=lfs\n", "src/a.bin": "x"}))


async def test_one_mirror_for_many_callers_and_an_unreachable_server(tmp_path: Path) -> None:
    mirrors = Mirrors(tmp_path, "http://127.0.0.1:9", delays=(0.0,))
    made = await asyncio.gather(*(mirrors.of(REPOSITORY) for _ in range(5)))
    assert len({id(one) for one in made}) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["7.git"]
    with pytest.raises(RemoteDown) as caught:
        await made[0].fetch(["main"], "ghs_secret")
    assert "ghs_secret" not in caught.value.message
    with pytest.raises(GitError):
        await made[0].fetch(["--upload-pack=touch /tmp/x"], None)
    with pytest.raises(GitError, match="not the name"):
        await mirrors.of(REPOSITORY.model_copy(update={"id": 8, "name": "../x"}))


async def test_a_mirror_that_somebody_deleted_is_made_anew(tmp_path: Path) -> None:
    mirrors = Mirrors(tmp_path, "http://127.0.0.1:9")
    rmtree((await mirrors.of(REPOSITORY)).git_dir)
    assert ((await mirrors.of(REPOSITORY)).git_dir / "HEAD").exists()


async def test_a_lock_left_by_a_dead_machine_is_removed(tmp_path: Path) -> None:
    git_dir = (await Mirrors(tmp_path, "http://127.0.0.1:9").of(REPOSITORY)).git_dir
    stale, live = git_dir / "packed-refs.lock", git_dir / "config.lock"
    stale.touch()
    live.touch()
    os.utime(stale, (0, 0))
    await Mirrors(tmp_path, "http://127.0.0.1:9").of(REPOSITORY)
    assert not stale.exists()
    assert live.exists()
