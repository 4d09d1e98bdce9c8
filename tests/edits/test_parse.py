"""Every dialect models write edits in is read; what is cut short is an error, never half an answer."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from bot.edits import Delete, Edit, Hunk, ParseError, Rename, Replace, Write, format_for, parse
from tests.edits.helpers import FILES, run

PATH = "src/durations/parse.py"
OLD, NEW = "    return int(number[0])\n", "    return int(number[0]) * 60\n"
WANTED = (Replace(PATH, (Hunk(OLD, NEW),)),)

BLOCKS = {
    "aider": f"{PATH}\n```python\n<<<<<<< SEARCH\n{OLD}=======\n{NEW}>>>>>>> REPLACE\n```",
    "inside the fence": f"```python\n{PATH}\n<<<<<<< SEARCH\n{OLD}=======\n{NEW}>>>>>>> REPLACE\n```",
    "heading": f"I will fix it.\n\n### `{PATH}`\n\n<<<<<<< SEARCH\n{OLD}=======\n{NEW}>>>>>>> REPLACE\nDone.",
    "label": f"**File: {PATH}**\n```\n<<<<<<< ORIGINAL\n{OLD}=======\n{NEW}>>>>>>> UPDATED\n```",
    "on the marker": f"<<<<<<< SEARCH {PATH}\n{OLD}=======\n{NEW}>>>>>>> REPLACE",
    "conflict": f"{PATH}\n<<<<<<< HEAD\n{OLD}=======\n{NEW}>>>>>>> new",
    "cline": f"{PATH}\n------- SEARCH\n{OLD}=======\n{NEW}+++++++ REPLACE",
    "roo": f"{PATH}\n<<<<<<< SEARCH\n:start_line:17\n-------\n{OLD}=======\n{NEW}>>>>>>> REPLACE",
    "tags": f"<file>{PATH}</file>\n<original>\n{OLD}</original>\n<patched>\n{NEW}</patched>",
    "other tags": f"<path>{PATH}</path>\n<old_str>\n{OLD}</old_str>\n<new_str>\n{NEW}</new_str>",
    "carriage returns": f"{PATH}\r\n<<<<<<< SEARCH\r\n{OLD[:-1]}\r\n=======\r\n{NEW[:-1]}\r\n>>>>>>> REPLACE\r\n",
    "call": json.dumps({"path": PATH, "old_str": OLD, "new_str": NEW}),
    "fenced call": "```json\n"
    + json.dumps({"file_path": PATH, "old_string": OLD, "new_string": NEW}, indent=2)
    + "\n```",
    "wrapped call": json.dumps(
        {"name": "edit", "arguments": json.dumps({"path": PATH, "edits": [{"search": OLD, "replace": NEW}]})}
    ),
}


@pytest.mark.parametrize("text", BLOCKS.values(), ids=BLOCKS)
def test_dialects_of_search_and_replace(text: str) -> None:
    assert parse(text) == WANTED


BODY = f"         raise DurationError(text)\n-{OLD}+{NEW} \n \n class Reader:\n"
DIFFS = {
    "git": f"diff --git a/{PATH} b/{PATH}\nindex 1..2 100644\n--- a/{PATH}\n+++ b/{PATH}\n"
    f"@@ -16,5 +16,5 @@ def parse(text):\n{BODY}",
    "no prefix": f"--- {PATH}\n+++ {PATH}\n@@ -16,5 +16,5 @@\n{BODY}",
    "wrong counts": f"--- a/{PATH}\n+++ b/{PATH}\n@@ -99,2 +1,77 @@\n{BODY}",
    "no numbers": f"Here:\n```diff\n--- a/{PATH}\n+++ b/{PATH}\n@@ ... @@\n{BODY}```\nThat is all.",
    "bare header": f"```diff\n--- a/{PATH}\n+++ b/{PATH}\n@@\n{BODY}```",
    "section only": f"--- a/{PATH}\n+++ b/{PATH}\n@@ def parse(text):\n{BODY}",
    "blank context stripped": f"--- a/{PATH}\n+++ b/{PATH}\n@@ -16,5 +16,5 @@\n" + BODY.replace("\n \n \n", "\n\n\n"),
    "patch": f"*** Begin Patch\n*** Update File: {PATH}\n@@ def parse(text):\n-{OLD}+{NEW}*** End Patch",
    "patch without anchor": f"```\n*** Begin Patch\n*** Update File: {PATH}\n{BODY}*** End Patch\n```",
}


@pytest.mark.parametrize("text", DIFFS.values(), ids=DIFFS)
def test_dialects_of_diffs_give_the_same_file(text: str) -> None:
    assert run(text) == {PATH: FILES[PATH].replace(OLD, NEW)}


def test_a_context_line_without_its_blank_does_not_cut_a_fenced_diff_short() -> None:
    diff = (
        f"```diff\n--- a/{PATH}\n+++ b/{PATH}\n"
        "@@ @@\n-import re\n+import regex as re\n\n\nclass DurationError(ValueError):\n"
        f"@@ @@\n         raise DurationError(text)\n-{OLD}+{NEW}```\n"
    )
    assert run(diff) == {PATH: FILES[PATH].replace("import re\n", "import regex as re\n").replace(OLD, NEW)}
    with pytest.raises(ParseError, match="does not begin with"):
        parse(diff.replace("```diff\n", "").replace("```\n", ""))


def test_files_are_created_moved_deleted_and_written_whole() -> None:
    text = (
        "diff --git a/a.py b/b.py\nsimilarity index 100%\nrename from a.py\nrename to b.py\n"
        "diff --git a/new.py b/new.py\nnew file mode 100644\n--- /dev/null\n+++ b/new.py\n"
        "@@ -0,0 +1,2 @@\n+x = 1\n+y = 2\n"
        "diff --git a/old.py b/old.py\ndeleted file mode 100644\n--- a/old.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-x = 1\n"
        "diff --git a/empty b/empty\ndeleted file mode 100644\nindex e69de29..0000000\n"
        "*** Begin Patch\n*** Add File: c.py\n+z = 3\n*** Delete File: d.py\n"
        "*** Update File: e.py\n*** Move to: f.py\n*** End Patch\n"
    )
    wanted: tuple[Edit, ...] = (
        Rename("a.py", "b.py"),
        Write("new.py", "x = 1\ny = 2\n", new=True),
        Delete("old.py"),
        Delete("empty"),
        Write("c.py", "z = 3\n", new=True),
        Delete("d.py"),
        Rename("e.py", "f.py"),
    )
    assert parse(text) == wanted
    assert parse("docs/a.md\n````md\n# A\n```sh\nmake\n```\n````\n") == (Write("docs/a.md", "# A\n```sh\nmake\n```\n"),)
    assert parse("docs/a.md\n```md\n# A\n```sh\nmake\n```\nend\n```\n") == (
        Write("docs/a.md", "# A\n```sh\nmake\n```\nend\n"),
    )


def test_several_blocks_and_dialects_in_one_answer_keep_their_order() -> None:
    block = "<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n"
    text = (
        f"a.py\n{block}and then\n{block}c.py\n{block}\n"
        "*** Begin Patch\n*** Delete File: d.py\n*** End Patch\nnew.py\n```\nx\n```\n"
    )
    found = parse(text)
    assert [edit.path for edit in found] == ["a.py", "a.py", "c.py", "d.py", "new.py"]
    assert found[-1] == Write("new.py", "x\n", new=True), "beside other edits a fence must not overwrite a file"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The bug is in `parse.py`; I would change the return.",
        "a.py\n<<<<<<< SEARCH\nx\n=======\ny\n",
        "a.py\n<<<<<<< SEARCH\nx\n>>>>>>> REPLACE\n",
        "a.py\n<<<<<<< SEARCH\nTitle\n=======\nx\n=======\ny\n>>>>>>> REPLACE\n",
        "<<<<<<< SEARCH\nx\n=======\ny\n>>>>>>> REPLACE\n",
        "*** Begin Patch\n*** Update File: a.py\n-x\n+y\n",
        "*** Begin Patch\n*** Update File: a.py\n-x\n+y\nno mark\n*** End Patch",
        "a.py\n```\nx = 1\n",
        "--- a/a.py\n+++ b/a.py\njust talk\n",
        "diff --git a/a.png b/a.png\nindex 1..2 100644\nBinary files a/a.png and b/a.png differ\n",
        "diff --git a/a.py b/b.py\ncopy from a.py\ncopy to b.py\n",
        "diff --git a/a.py b/b.py\ncopy from a.py\ncopy to b.py\n--- a/a.py\n+++ b/b.py\n@@ -1 +1 @@\n-x\n+y\n",
        "diff --git a/a.py b/a.py\nnew file mode 120000\n--- /dev/null\n+++ b/a.py\n@@ -0,0 +1 @@\n+b.py\n",
        "diff --git a/a b/a\nnew file mode 160000\n--- /dev/null\n+++ b/a\n@@ -0,0 +1 @@\n+Subproject commit 1234567\n",
        '{"path": "a.py", "old_str": "x"}',
    ],
)
def test_what_is_no_edit_or_cut_short_is_an_error_in_words(text: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse(text)
    assert caught.value.message.endswith((".", ">", "x", "mark", "path"))


def test_every_format_is_explained_by_an_example_that_is_read() -> None:
    names = {
        model: format_for(model).name
        for model in ("gpt-5-codex", "claude-sonnet-4-5", "qwen2.5-coder-7b", "unheard-of")
    }
    assert names == {
        "gpt-5-codex": "patch",
        "claude-sonnet-4-5": "search_replace",
        "qwen2.5-coder-7b": "whole",
        "unheard-of": "search_replace",
    }
    for model in names:
        assert parse(format_for(model).instructions)[0].path.startswith("path/to/")


@pytest.mark.parametrize(
    ("named", "path"),
    [
        ("a/Plan b/notes one.txt b/Plan b/notes one.txt", "Plan b/notes one.txt"),
        ("a/x b/y b/x b/y", "x b/y"),
        ("Plan b/x Plan b/x", "Plan b/x"),
        ("a/plain.txt b/plain.txt", "plain.txt"),
        ('"a/caf\\303\\251 \\"1\\".txt" "b/caf\\303\\251 \\"1\\".txt"', 'café "1".txt'),
    ],
)
@pytest.mark.parametrize(("mode", "edit"), [("new", Write), ("deleted", Delete)])
def test_an_empty_file_is_at_the_path_that_git_writes(named: str, path: str, mode: str, edit: type) -> None:
    (found,) = parse(f"diff --git {named}\n{mode} file mode 100644\nindex 0000000..e69de29\n")
    assert isinstance(found, edit)
    assert found.path == path


def test_a_quoted_path_above_a_hunk_is_read_as_git_means_it() -> None:
    text = '--- "a/caf\\303\\251.txt"\n+++ "b/caf\\303\\251.txt"\n@@ -1 +1 @@\n-a\n+b\n'
    (found,) = parse(text)
    assert found.path == "café.txt"


NAMES = (
    "Plan b/x.txt",
    "a/b/c d.txt",
    "b/b/b.txt",
    'say "x".txt',
    "é/ü.py",
    "日本 語.txt",
    "tab\there.txt",
    "plain.py",
    "e",
)


@pytest.mark.parametrize("config", ["core.quotePath=true", "core.quotePath=false", "diff.mnemonicPrefix=true",
                                    "diff.noprefix=true"])  # fmt: skip
def test_paths_are_those_that_git_meant(tmp_path: Path, config: str) -> None:
    """Changed, moved, made and removed, whatever people set for their diffs; git writes them all."""

    def git(*words: str) -> str:
        done = subprocess.run(["git", "-C", str(tmp_path), *words], capture_output=True, text=True, check=True)
        return done.stdout

    def write(name: str, text: str) -> None:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    def paths() -> list[object]:
        git("add", "-A")
        found = parse(git("-c", config, "diff", "-M", "--cached"))
        return sorted(((edit.path, edit.to) if isinstance(edit, Rename) else edit.path for edit in found), key=str)

    git("init", "-q")
    for name in NAMES:
        write(name, "")
    assert paths() == sorted(NAMES)
    for name in NAMES:
        write(name, f"one\ntwo\nthree {name}\n")
    assert paths() == sorted(NAMES)
    git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x")
    for name in NAMES:
        write(name, f"one\n2\nthree {name}\n")
    assert paths() == sorted(NAMES)
    git("reset", "-q", "--hard")
    for name in NAMES:
        git("mv", name, f"{name} b")
    assert paths() == sorted(((name, f"{name} b") for name in NAMES), key=str)
    git("reset", "-q", "--hard")
    git("rm", "-q", *NAMES)
    assert paths() == sorted(NAMES)


def test_a_careless_header_does_not_change_the_paths_below_it() -> None:
    for header in (PATH, f"a/{PATH}"):
        text = f"diff --git {header} {header}\n--- a/{PATH}\n+++ b/{PATH}\n@@ -1 +1 @@\n-a\n+b\n"
        assert [edit.path for edit in parse(text)] == [PATH]


@pytest.mark.parametrize("path", ["Gemfile", "Rakefile", ".rspec", ".npmrc", "web/Gemfile"])
def test_a_file_at_the_root_is_named_without_folder_or_ending(path: str) -> None:
    (edit,) = parse(f"{path}\n<<<<<<< SEARCH\nold\n=======\nnew\n>>>>>>> REPLACE\n")
    assert edit.path == path
