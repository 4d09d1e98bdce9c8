"""Diffs as real git prints them, with every kind of file it has a special word for."""

from __future__ import annotations

import difflib
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.github.text.diffs import DiffError, FileDiff, parse_diff

CONFIG = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "diff.renames=copies"]
BEFORE: dict[str, bytes] = {
    "crlf.txt": b"one\r\ntwo\r\n",
    "with blank.py": b"x\n",
    'umlaut \xc3\xa4 "quoted".py': b"x\n",
    "signs.sql": b"select 1\n-- two\n++ three\n\x0cfour\n",
    "image.bin": bytes(range(256)),
    "moved.txt": b"".join(b"line %d\n" % n for n in range(40)),
    "copied.txt": b"".join(b"row %d\n" % n for n in range(40)),
    "no newline": b"end",
    "empty": b"",
    "gone.txt": b"bye\n",
    "script.sh": b"echo\n",
}
AFTER: dict[str, bytes] = {
    "crlf.txt": b"one\r\nthree\r\n",
    "with blank.py": b"y\n",
    'umlaut \xc3\xa4 "quoted".py': b"y\n",
    "signs.sql": b"select 1\n++ two\n-- three\n\x0cfour!\n",
    "image.bin": bytes(range(1, 256)),
    "a b/moved.txt": b"".join(b"line %d\n" % n for n in range(39)),
    "copied.txt": b"".join(b"row %d\n" % n for n in range(41)),
    "copy.txt": b"".join(b"row %d\n" % n for n in range(40)),
    "no newline": b"the end",
    "new b/empty": b"",
    "separators.txt": "one\u2028two\x85three\n".encode(),
    "script.sh": b"echo\n",
}


def git(folder: Path, *argv: str) -> bytes:
    return subprocess.run(["git", *CONFIG, *argv], cwd=folder, capture_output=True, check=True).stdout


def write(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("diffs")
    git(made, "init", "-q")
    write(made, BEFORE)
    git(made, "add", "-A")
    git(made, "commit", "-qm", "before")
    git(made, "rm", "-qr", ".")
    write(made, AFTER)
    (made / "script.sh").chmod(0o755)
    git(made, "add", "-A")
    git(made, "commit", "-qm", "after")
    return made


def files(folder: Path, *options: str) -> dict[str, FileDiff]:
    text = git(folder, *options, "diff", "--find-copies", "HEAD~1", "HEAD").decode()
    return {file.path: file for file in parse_diff(text)}


@pytest.mark.parametrize("quoting", ["true", "false"])
def test_paths_and_states_are_those_git_knows(folder: Path, quoting: str) -> None:
    found = files(folder, "-c", f"core.quotePath={quoting}")
    rows = git(folder, "diff", "--find-copies", "--name-status", "-z", "HEAD~1", "HEAD").decode().split("\0")
    states = {"A": "added", "M": "modified", "D": "removed", "R": "renamed", "C": "copied"}
    wanted, parts = {}, iter(rows[:-1])
    for status in parts:
        old = next(parts)
        new = next(parts) if status[0] in "RC" else old
        wanted[new] = (old, states[status[0]])
    assert {path: (file.old_path, file.status) for path, file in found.items()} == wanted
    assert {wanted[path][1] for path in ("a b/moved.txt", "copy.txt", "gone.txt")} == {"renamed", "copied", "removed"}
    assert [path for path, file in found.items() if file.binary] == ["image.bin"]
    assert not found["script.sh"].hunks


@pytest.mark.parametrize("kinds", [("100644", "120000"), ("120000", "100644")])
def test_a_file_that_becomes_a_link_is_one_file_with_both_its_sides(kinds: tuple[str, str]) -> None:
    text = f"""diff --git a/rules.py b/rules.py
deleted file mode {kinds[0]}
index 1111111..0000000
--- a/rules.py
+++ /dev/null
@@ -1,2 +0,0 @@
-def allowed(user):
-    return user.admin
diff --git a/rules.py b/rules.py
new file mode {kinds[1]}
index 0000000..2222222
--- /dev/null
+++ b/rules.py
@@ -0,0 +1 @@
+/tmp/rules.py
\\ No newline at end of file
diff --git a/z.py b/z.py
new file mode 100644
index 0000000..e69de29
"""
    changed, empty = parse_diff(text)
    assert (changed.path, changed.status, empty.status, len(changed.hunks)) == ("rules.py", "modified", "added", 1)
    assert [(line.kind, line.text) for line in changed.hunks[0].lines] == [
        ("-", "def allowed(user):"),
        ("-", "    return user.admin"),
        ("+", "/tmp/rules.py"),
    ]
    assert changed.added_lines() == {1}


def test_every_line_has_the_numbers_and_the_text_it_has_in_its_file(folder: Path) -> None:
    seen = 0
    for file in files(folder).values():
        old = BEFORE.get(file.old_path, b"").decode(errors="replace").split("\n")
        new = AFTER.get(file.path, b"").decode(errors="replace").split("\n")
        for line in (line for hunk in file.hunks for line in hunk.lines):
            assert line.old is None or old[line.old - 1] == line.text
            assert line.new is None or new[line.new - 1] == line.text
            assert (line.kind == "-", line.kind == "+") == (line.new is None, line.old is None)
            seen += 1
    assert seen > 20
    assert files(folder)["signs.sql"].added_lines() == {2, 3, 4}
    assert files(folder)["crlf.txt"].hunks[0].lines[-1].text == "three\r"


ROWS = ["", " ", "a", "b", "- a", "+ b", "@@ -1 +1 @@", "\\ x", "--- a/f", "c\r"]
LINES = st.lists(st.sampled_from(ROWS), max_size=30)


@given(LINES, LINES, st.integers(0, 3))
def test_a_diff_tells_the_new_file_from_the_old(old: list[str], new: list[str], context: int) -> None:
    body = "".join(f"{line}\n" for line in difflib.unified_diff(old, new, "a/f", "b/f", n=context, lineterm=""))
    found = parse_diff(f"diff --git a/f b/f\nindex 1..2 100644\n{body}" if body else "")
    rebuilt, at = [], 0
    for hunk in found[0].hunks if found else ():
        start = hunk.old_start - 1 if hunk.old_count else hunk.old_start
        rebuilt += old[at:start] + [line.text for line in hunk.on("RIGHT")]
        at = start + hunk.old_count
    assert rebuilt + old[at:] == new


@pytest.mark.parametrize(
    "text",
    [
        "not a diff\n",
        "diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n a\n",
        "diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n a\n+b\n",
        "diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ nonsense @@\n a\n",
    ],
)
def test_what_is_no_whole_diff_is_refused(text: str) -> None:
    with pytest.raises(DiffError):
        parse_diff(text)
