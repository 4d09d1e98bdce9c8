"""Taking changes back on a real mirror: merges, squashes and rebases, with and without conflicts."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bot.git.mirrors import Mirror
from bot.git.reverts import CannotTell, Landing, find_landing, find_reverting, holds, reverse
from tests.git.conftest import MAIN, git

CODE = "src/parse.py"
LINES = [f"line_{number} = {number}\n" for number in range(30)]


def commit(source: Path, message: str, **files: str) -> str:
    for name, text in files.items():
        (source / {"code": CODE, "other": "other.py", "notes": "notes.txt"}[name]).write_text(text)
    git(source, "add", "-A")
    git(source, "commit", "-q", "-m", message)
    return git(source, "rev-parse", "HEAD")


def lines(**changed: str) -> str:
    return "".join(changed.get(f"line_{number}", line) for number, line in enumerate(LINES))


@pytest.fixture
def topic(source: Path) -> list[str]:
    """Two commits on a branch; meanwhile ``main`` moves on, next to what the first of them changes."""
    commit(source, "long", code=lines())
    git(source, "checkout", "-q", "-b", "topic")
    own = [commit(source, "one", code=lines(line_3="line_3 = 'one'\n"))]
    own.append(commit(source, "two", other="x = 1\n", notes="two\n"))
    git(source, "checkout", "-q", "main")
    commit(source, "meanwhile", code=lines(line_5="line_5 = 'meanwhile'\n"))
    return own


def land(source: Path, how: str) -> str:
    """Bring the branch onto ``main`` as GitHub does, with a commit of somebody else's after it."""
    if how == "merge":
        git(source, "merge", "-q", "--no-ff", "-m", "Merge pull request #3 from octo/topic", "topic")
    elif how == "squash":
        git(source, "merge", "-q", "--squash", "topic")
        git(source, "commit", "-q", "-m", "Topic (#3)")
    else:
        git(source, "cherry-pick", "main..topic")
    merged = git(source, "rev-parse", "HEAD")
    text = (source / CODE).read_text()
    commit(source, "later", code=text.replace("line_29 = 29\n", "line_29 = 'later'\n"))
    return merged


async def fetched(mirror: Mirror, source: Path) -> str:
    git(source, "push", "-q", "-f", str(mirror.git_dir), f"main:{MAIN}", "refs/heads/*:refs/heads/*")
    return git(source, "rev-parse", "main")


@pytest.mark.parametrize("how", ["merge", "squash", "rebase"])
async def test_all_commits_of_a_change_are_taken_back_and_nothing_else(
    mirror: Mirror, source: Path, topic: list[str], how: str
) -> None:
    merged = land(source, how)
    head = await fetched(mirror, source)
    landing = await find_landing(mirror, merged, topic)
    assert (landing.kind, len(landing.commits)) == (how, 2 if how == "rebase" else 1)
    before = git(mirror.git_dir, "worktree", "list"), git(mirror.git_dir, "for-each-ref")
    undone = await reverse(mirror, head, landing)
    assert (git(mirror.git_dir, "worktree", "list"), git(mirror.git_dir, "for-each-ref")) == before
    want = lines(line_5="line_5 = 'meanwhile'\n", line_29="line_29 = 'later'\n")
    assert undone.changes.files == {CODE: want, "other.py": None, "notes.txt": None}
    assert [one.subject for one in undone.later] == ["later"]
    assert await holds(mirror, head, merged)


async def test_a_revert_is_found_and_itself_taken_back(mirror: Mirror, source: Path, topic: list[str]) -> None:
    merged = land(source, "rebase")
    await fetched(mirror, source)
    landing = await find_landing(mirror, merged, topic)
    git(source, "revert", "--no-edit", merged)
    git(source, "revert", "--no-edit", f"{merged}~1")
    back = git(source, "rev-parse", "HEAD")
    head = await fetched(mirror, source)
    assert (await reverse(mirror, head, landing)).empty
    found = await find_reverting(mirror, landing, head)
    assert found is not None
    assert found.subject == 'Revert "one"'
    again = await reverse(mirror, head, await find_landing(mirror, back))
    assert again.changes.files[CODE] == lines(
        line_3="line_3 = 'one'\n", line_5="line_5 = 'meanwhile'\n", line_29="line_29 = 'later'\n"
    )


async def test_lines_that_changed_again_are_a_conflict_that_names_the_file(
    mirror: Mirror, source: Path, topic: list[str]
) -> None:
    merged = land(source, "squash")
    commit(source, "on top", code=(source / CODE).read_text().replace("'one'", "'on top'"))
    head = await fetched(mirror, source)
    undone = await reverse(mirror, head, await find_landing(mirror, merged, topic))
    assert undone.conflicts == (CODE,)
    assert [one.subject for one in undone.later] == ["on top", "later"]
    assert not undone.changes.files


async def test_commits_that_only_seem_to_be_its_own_are_not_guessed(
    mirror: Mirror, source: Path, topic: list[str]
) -> None:
    git(source, "cherry-pick", "main..topic")
    git(source, "rebase", "-q", "-x", "echo y = 2 >> other.py; git commit -qa --amend --no-edit", "HEAD~1")
    head = await fetched(mirror, source)
    with pytest.raises(CannotTell):
        await find_landing(mirror, head, topic)


async def test_what_a_change_of_ours_cannot_hold_is_named(mirror: Mirror, source: Path) -> None:
    (source / "logo.bin").unlink()
    (source / "inside").unlink()
    (source / "run.sh").unlink()
    last = commit(source, "remove", notes="gone\n")
    head = await fetched(mirror, source)
    undone = await reverse(mirror, head, Landing(kind="commit", before=f"{last}~1", commits=(last,)))
    assert set(undone.unwritable) == {"logo.bin", "inside", "run.sh"}
    with pytest.raises(CannotTell):
        await find_landing(mirror, subprocess.getoutput(f"git -C {source} rev-list --max-parents=0 main"))
