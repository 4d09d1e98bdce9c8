"""An edit lands in the one place it means, indented to fit, or is refused with what the model needs to know."""

from __future__ import annotations

import pytest

from bot.edits import Delete, Rename, Write, apply, make_edit, make_file, parse
from tests.edits.helpers import FILES, PARSE_PY, one, refusal, run

PATH = "src/durations/parse.py"


def test_the_ladder_finds_what_models_distort_and_keeps_the_file_as_it_is_elsewhere() -> None:
    wanted = PARSE_PY.replace("return int(number[0])", "return int(number[0]) * 60")
    body = "    if number is None:\n        raise DurationError(text)\n    return int(number[0])\n"
    changed = body.replace("number[0])", "number[0]) * 60")
    distorted = {
        "exact": (body, changed),
        "trailing blanks": (body.replace("\n", "  \n"), changed),
        "outdented": (body.replace("\n    ", "\n")[4:], changed.replace("\n    ", "\n")[4:]),
        "deeper": ("  " + body.replace("\n", "\n  ")[:-2], "  " + changed.replace("\n", "\n  ")[:-2]),
        "first line's indent lost": (body.lstrip(), changed.lstrip()),
        "blank line added": (body.replace("(text)\n", "(text)\n\n"), changed.replace("(text)\n", "(text)\n\n")),
        "string escapes": (body.replace("\n", "\\n"), changed.replace("\n", "\\n")),
        "part of a line": ("int(number[0])", "int(number[0]) * 60"),
        "comment left out": (
            'def parse(text):\n    number = re.match(r"\\d+", text)\n' + body,
            'def parse(text):\n    number = re.match(r"\\d+", text)\n' + changed,
        ),
        "elided": (
            "def parse(text):\n    ...\n    return int(number[0])\n",
            "def parse(text):\n    ...\n    return int(number[0]) * 60\n",
        ),
        "comment elided": (
            "def parse(text):\n    # ... existing code ...\n    return int(number[0])\n",
            "def parse(text):\n    # ... existing code ...\n    return int(number[0]) * 60\n",
        ),
    }
    results = {name: run(make_edit(PATH, old, new))[PATH] for name, (old, new) in distorted.items()}
    assert results == dict.fromkeys(distorted, wanted)


def test_lines_that_stay_may_be_misquoted_and_are_kept_as_the_file_has_them() -> None:
    search = (
        "def parse(text):\n    # reads digits\n    number = regex.match(text)\n    if number is None:\n        raise "
    )
    old = search + "DurationError(text)\n"
    new = search + "DurationError(f'no: {text}')\n"
    assert run(make_edit(PATH, old, new)) == {
        PATH: PARSE_PY.replace("raise DurationError(text)", "raise DurationError(f'no: {text}')")
    }
    for wrong in (
        old.replace("def parse", "def scan"),
        old.replace("if number is None", "if not number").replace("def parse(text):\n", ""),
        old.replace("DurationError(text)", "DurationError(txt)"),
    ):
        assert refusal(make_edit(PATH, wrong, wrong.replace("raise", "raise  #"))).detail("reason") == "not-found"
    twice = PARSE_PY + "\n\n@cached\ndef other(text):\n    if text is None:\n        raise DurationError(text)\n"
    assert refusal(make_edit(PATH, old, new), {PATH: twice}).detail("reason") == "not-found"


def test_an_elision_may_go_where_all_it_left_out_is_spelled_out() -> None:
    old = "    def read(self, stream):\n        for line in stream:\n            ...\n        return self.last\n"
    spelled = (
        "    def read(self, stream):\n        for line in stream:\n            count += 1\n            if not line:\n"
        "                return None\n            self.last = line\n        return self.last\n"
    )
    added = PARSE_PY.replace("            if not line:\n", "            count += 1\n            if not line:\n", 1)
    assert run(make_edit(PATH, old, spelled)) == {PATH: added}
    partly = spelled.replace("            self.last = line\n", "")
    assert "drops a `...`" in refusal(make_edit(PATH, old, partly)).message


def test_new_lines_are_indented_like_what_they_stand_beside() -> None:
    text = "class A:\n    def f(self):\n        x = 1\n        return x\n"
    assert one("x = 1", "x = 1\nif x:\n    x += 1", text, "a.py") == text.replace(
        "x = 1\n", "x = 1\n        if x:\n            x += 1\n"
    )
    kept = "x = 1\n        if x:\n            x += 1"
    assert one("x = 1", kept, text, "a.py") == text.replace("x = 1", kept), "only the first line had lost its indent"
    tabs = "func f() {\n\tif x {\n\t\ty()\n\t}\n}\n"
    spaced = "if x {\n    y()\n}"
    assert one(spaced, "if x {\n    y()\n    if z {\n        y()\n    }\n}", tabs, "a.go") == tabs.replace(
        "\t\ty()\n", "\t\ty()\n\t\tif z {\n\t\t\ty()\n\t\t}\n"
    )
    assert one("\tpytest -q", "\tpytest -q -x", FILES["Makefile"], "Makefile") == "test:\n\tpytest -q -x\n\tmypy src\n"


def test_line_ends_byte_order_marks_and_missing_newlines_stay() -> None:
    assert one("two\n", "two\nand a half\n", FILES["notes.txt"]) == "one\r\ntwo\r\nand a half\r\nthree"
    assert one("three\n", "three\nfour\n", FILES["notes.txt"]) == "one\r\ntwo\r\nthree\r\nfour"
    assert one("one", "1", "\ufeffone\ntwo\n") == "\ufeff1\ntwo\n"
    assert one("it's “so”", "it is so", 'it’s "so"\nend\n') == "it is so\nend\n"
    assert one("b\n", "", "a\r\nb\nc\r\n") == "a\r\nc\r\n", "mixed line ends stay mixed"
    diff = "--- a/n\n+++ b/n\n@@ -1,2 +1,2 @@\n one\n-two\n\\ No newline at end of file\n+two\n"
    assert run(diff, {"n": "one\ntwo"}) == {"n": "one\ntwo\n"}
    assert run(diff.replace("+two", "+2") + "\\ No newline at end of file\n", {"n": "one\ntwo"}) == {"n": "one\n2"}


def test_code_added_in_front_of_a_decorated_function_goes_in_front_of_its_decorator() -> None:
    edit = make_edit(PATH, "def parse(text):\n", "from functools import cache\n\ndef parse(text):\n")
    assert run(edit) == {PATH: PARSE_PY.replace("@cached\n", "from functools import cache\n\n@cached\n")}


def test_added_code_leaves_a_docstring_that_was_left_out_in_front() -> None:
    text = 'def f(x):\n    """Doc.\n\n    More.\n    """\n    y = x\n    return y\n'
    for old, new in [
        ("def f(x):\n    y = x\n", "def f(x):\n    check(x)\n    y = x\n"),
        ("def f(x):\n    ...\n    return y\n", "def f(x):\n    check(x)\n    ...\n    return y\n"),
    ]:
        assert one(old, new, text, "a.py") == text.replace('    """\n    y', '    """\n    check(x)\n    y')


def test_methods_added_behind_an_elision_go_to_the_end_of_their_class() -> None:
    edit = make_edit(
        PATH,
        "class Reader:\n    ...\n    def read(self, stream):\n        ...\n",
        "class Reader:\n    ...\n    def read(self, stream):\n        ...\n\n"
        "    def peek(self):\n        return self.last\n",
    )
    wanted = PARSE_PY.replace(
        "        return self.last\n", "        return self.last\n\n    def peek(self):\n        return self.last\n"
    )
    assert run(edit) == {PATH: wanted}


def test_blocks_are_found_in_the_text_their_author_saw_and_in_each_others_result() -> None:
    text = "".join(
        f"f.txt\n<<<<<<< SEARCH\n{old}=======\n{new}>>>>>>> REPLACE\n"
        for old, new in [("a\n", "a\nc\n"), ("c\nd\n", "c\nD\n"), ("a\nc\nb\n", "a\nc\nB\n"), ("a\n", "a\nc\n")]
    )
    assert run(text, {"f.txt": "a\nb\nc\nd\n"}) == {"f.txt": "a\nc\nB\nc\nD\n"}


def test_hunks_of_a_diff_are_told_apart_by_their_order_and_their_section() -> None:
    loop = (
        "        for line in stream:\n-            if not line:\n+            if line is None:\n"
        "                 return None\n"
    )
    both = f"--- a/{PATH}\n+++ b/{PATH}\n@@ @@\n {loop}@@ @@\n {loop}"
    assert run(both) == {PATH: PARSE_PY.replace("if not line", "if line is None")}
    second = f"--- a/{PATH}\n+++ b/{PATH}\n@@ ... @@     def close(self, stream):\n {loop}"
    head, tail = PARSE_PY.split("def close")
    assert run(second) == {PATH: head + "def close" + tail.replace("if not line", "if line is None")}
    anchors = "@@ class Reader:\n@@     def read(self, stream):\n"
    nested = f"*** Begin Patch\n*** Update File: {PATH}\n{anchors} {loop}*** End Patch"
    assert run(nested) == {PATH: head.replace("if not line", "if line is None") + "def close" + tail}
    assert refusal(f"--- a/{PATH}\n+++ b/{PATH}\n@@ -20,3 +20,3 @@\n {loop}").detail("reason") == "ambiguous"


def test_a_hunk_that_begins_with_an_addition_is_placed_with_care() -> None:
    diff = "--- a/n\n+++ b/n\n@@ {} @@\n+zero\n b\n c\n"
    files = {"n": "a\nb\nc\n"}
    assert "unchanged line above" in refusal(diff.format("-1,3 +1,4"), files).message
    assert refusal(diff.format("-1,2 +1,3"), files).detail("reason") == "not-found"
    assert run(diff.format("-2,2 +2,3"), files) == {"n": "a\nzero\nb\nc\n"}
    assert run(diff.format("-30,9 +1,3"), {"n": "b\nc\n"}) == {"n": "zero\nb\nc\n"}


REFUSED = {
    "ambiguous": (
        make_edit(PATH, "if not line:\n    return None\n", "if line is None:\n    return None\n"),
        "lines 22, 29",
    ),
    "empty-search": (make_edit(PATH, "", "import os\n"), "search for the line next to it"),
    "no-op": (make_edit(PATH, "import re\n", "import re\n"), "the same"),
    "already-applied": (
        make_edit(PATH, "import re\n", "import re\n\n\nclass DurationError(ValueError):\n"),
        "at line 3",
    ),
    "elision": (make_edit(PATH, "class Reader:\n    ...\n", "class Reader:\n    pass\n"), "drops a `...`"),
    "unparsable": (
        make_edit(PATH, "    return int(number[0])\n", "    return int(number[0]\n"),
        "16: '(' was never closed",
    ),
    "unknown-path": (make_edit("src/durations/parser.py", "x\n", "y\n"), "Did you mean: src/durations/parse.py"),
    "bad-path": (make_edit("../secrets.txt", "x\n", "y\n"), "not a file inside"),
    "protected": (make_edit(".github/workflows/ci.yml", "on: push\n", "on: fork\n"), "is protected"),
    "exists": (Write("Makefile", "all:\n", new=True), "exists already"),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_every_refusal_names_its_reason_and_helps(reason: str) -> None:
    edit, hint = REFUSED[reason]
    error = refusal(edit)
    assert error.detail("reason") == reason
    assert hint in error.message


def test_what_is_not_found_is_shown_where_it_is_closest() -> None:
    body = '    number = re.match(r"\\d+", txt)\n    if number is None:\n        raise DurationError(text)\n'
    message = refusal(make_edit(PATH, body, "    pass\n")).message
    assert "lines 13-15, where 2 of 3 lines are the same" in message
    assert "   14 |     if number is None:" in message
    assert "'txt' in the search, 'text' in the file" in message
    assert "white space" in refusal(make_edit(PATH, "raise DurationError( text )\nreturn 1", "return 1")).message
    assert "Nothing in the file resembles" in refusal(make_edit(PATH, "SELECT * FROM nowhere\n", "x\n")).message
    assert (
        "replacement is already in the file"
        in refusal(
            make_edit(PATH, "raise OldError(text)\nreturn 1\n", "import re\n\n\nclass DurationError(ValueError):\n")
        ).message
    )
    long = make_edit("big.txt", "\n".join(f"line {n}" for n in range(400)) + "\nend", "x")
    assert "line 0" in refusal(long, {"big.txt": "".join(f"line {n}\n" for n in range(400))}).message


def test_placeholders_are_never_written_but_stubs_and_doctests_are() -> None:
    for placeholder in (
        "    # ... existing code ...\n    return 1\n",
        "    ...\n    return 1\n",
        "    # rest of code unchanged...\n",
    ):
        assert refusal(make_edit(PATH, "    return int(number[0])\n", placeholder)).detail("reason") == "elision"
    assert refusal(make_file(PATH, "import re\n\n# ... rest of the file ...\n")).detail("reason") == "elision"
    stub = "def f(x):\n    ...\n"
    assert one("x = 1\n", stub, "x = 1\ny = 2\n", "a.py") == stub + "y = 2\n"
    doctest = '"""\n>>> for x in y:\n...     x\n...\n"""\n'
    assert one("x = 1\n", doctest, "x = 1\ny = 2\n", "a.py") == doctest + "y = 2\n"
    assert one("class A(P): ...\n", "class A(P):\n    ...\n", "class A(P): ...\n", "a.pyi") == "class A(P):\n    ...\n"


def test_an_answer_is_applied_wholly_or_not_at_all() -> None:
    good, bad = make_edit("Makefile", "\tmypy src\n", "\tmypy .\n"), make_edit(PATH, "nowhere\n", "x\n")
    assert refusal((good, bad)).detail("edit") == 2
    assert refusal((good, bad)).detail("path") == PATH
    done = apply(
        (good, make_edit(PATH, "import re\n", "import regex\n")), FILES.get, paths=FILES, protected=lambda path: False
    )
    assert set(done.files) == {"Makefile", PATH}
    assert done.notes == ("Edit 1: Makefile:3 (exact lines)", "Edit 2: src/durations/parse.py:3 (exact lines)")


def test_files_are_created_moved_rewritten_and_deleted_on_top_of_each_other() -> None:
    asked = (
        make_edit("src/new.py", "", "x = 1\n"),
        make_edit("src/new.py", "x = 1\n", "x = 2\n"),
        Rename("notes.txt", "docs/notes.txt"),
        Delete("Makefile"),
        make_file("docs/__init__.py", "y = 1\n"),
    )
    assert run(asked) == {
        "src/new.py": "x = 2\n",
        "notes.txt": None,
        "docs/notes.txt": FILES["notes.txt"],
        "Makefile": None,
        "docs/__init__.py": "y = 1\n",
    }
    excerpt = make_file(PATH, "import re\n\n\ndef parse(text):\n    return 1\n")
    assert refusal(excerpt, {PATH: PARSE_PY * 2}).detail("reason") == "excerpt"
    assert refusal((Delete("Makefile"), make_edit("Makefile", "test:\n", "t:\n"))).detail("reason") == "unknown-path"


@pytest.mark.parametrize(
    "path",
    ["../x", "/etc/passwd", "a/../../x", ".git/config", ".GIT/hooks/x", "a\\b", "C:/x", "x\x00y", "~/x", "", ".git./x"],
)
def test_no_path_leaves_the_repository_or_enters_git(path: str) -> None:
    for edit in (
        make_edit(path, "x\n", "y\n"),
        make_edit(path, "", "y\n"),
        make_file(path, "x\n"),
        Rename("Makefile", path),
    ):
        assert refusal(edit).detail("reason") in ("bad-path", "unknown-path")


def test_links_and_protected_files_are_out_of_reach_by_every_way() -> None:
    linked = {"is_link": lambda path: path in ("src", "Makefile")}
    moved = (Rename("notes.txt", ".github/x"), Delete(".github/workflows/ci.yml"), make_file(".github/new.yml", "x\n"))
    for edit in moved:
        assert refusal(edit).detail("reason") == "protected"
    for path in (PATH, "Makefile", "src/new.py"):
        assert "symbolic link" in refusal(make_file(path, "x = 1\n"), **linked).message


def test_a_path_is_the_written_one_or_the_only_one_that_ends_alike() -> None:
    for named in (
        "parse.py",
        "./src/durations/parse.py",
        "/work/repo/src/durations/parse.py",
        "a/src/durations/parse.py",
    ):
        assert list(run(make_edit(named, "import re\n", "import regex\n"))) == [PATH]
    assert "2 paths end like that" in refusal(make_edit("__init__.py", "x\n", "y\n")).message
    assert refusal(Delete("parse.py")).detail("reason") == "unknown-path", "deleting takes the whole path"


def test_a_file_that_did_not_parse_before_may_be_edited() -> None:
    assert one("print 1\n", "print 2\n", "print 1\n", "old.py") == "print 2\n"
    assert refusal(make_edit("a.js", "f();\n", "f(;\n"), {"a.js": "f();\ng();\n"}).detail("reason") == "unparsable"
    assert run(parse("a.json\n<<<<<<< SEARCH\n1\n=======\n2\n>>>>>>> REPLACE"), {"a.json": "[\n1\n]\n"}) == {
        "a.json": "[\n2\n]\n"
    }
