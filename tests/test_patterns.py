"""Patterns match as git says they do; git itself is asked."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.patterns import matches

PATHS = (
    "x", "a/x", "a/b/x", "x/y", "a/x/y", "a.min.js", "a/b/c.min.js", "src/a.py", "src/a/b.py", "lib/src/a.py",
    "docs/guide.md", "docs/a/b.md", "a[1].txt", "deploy/prod/main.tf", "dist/app.js", "web/dist/app.js", "]", "a^b",
    "!x", "2026_a.sql", "app/[id]/page.tsx",
)  # fmt: skip
ODD_PARTS = (r"\!x", r"a\^b", "[[:digit:]]*", "[[:alpha:]]", "[^[:digit:]]", r"[\]]", "[]a]", r"\[id\]", "[[]id]")
PARTS = st.sampled_from(
    ("**", "*", "x", "a", "a*", "?", "*.py", "[ab]", "[^a]", "src", "*.min.js", "dist", "b*c", *ODD_PARTS)
)
PATTERNS = st.tuples(
    st.sampled_from(["", "/"]), st.lists(PARTS, min_size=1, max_size=4).map("/".join), st.sampled_from(["", "/"])
).map("".join)


def ignored_by_git(pattern: str, folder: Path) -> set[str]:
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    (folder / ".git" / "info").mkdir(exist_ok=True)
    (folder / ".git" / "info" / "exclude").write_text(f"{pattern}\n")
    done = subprocess.run(
        ["git", "-c", "core.quotePath=false", "-C", str(folder), "check-ignore", "--no-index", "-z", "--stdin"],
        input="\0".join(PATHS), capture_output=True, text=True, check=False,
    )  # fmt: skip
    return set(done.stdout.split("\0")) - {""}


@settings(max_examples=40, deadline=None)
@given(PATTERNS)
def test_patterns_match_what_git_ignores(tmp_path_factory: pytest.TempPathFactory, pattern: str) -> None:
    folder = tmp_path_factory.mktemp("repository")
    assert {path for path in PATHS if matches(pattern, path)} == ignored_by_git(pattern, folder)


@pytest.mark.parametrize("pattern", ODD_PARTS)
def test_sets_and_escapes_match_what_git_ignores(tmp_path: Path, pattern: str) -> None:
    assert {path for path in PATHS if matches(pattern, path)} == ignored_by_git(pattern, tmp_path)


@pytest.mark.parametrize(
    ("pattern", "path", "meant"),
    [
        ("**/x", "x", True),
        ("**/x", "a/b/x", True),
        ("dist/**", "dist/a/b.js", True),
        ("dist/**", "web/dist/a.js", False),
        ("dist/", "web/dist/a.js", True),
        ("*.md", "docs/a.md", True),
        ("docs/*.md", "docs/a/b.md", False),
        ("/setup.py", "a/setup.py", False),
        (r"a\*b", "a*b", True),
        (r"a\*b", "aab", False),
        ("", "a", False),
        ("/", "a", False),
        ("**", "a/b", True),
        ("*a" * 40, "a" * 1000 + "b", False),
        ("**/a/" * 12 + "b", "a/" * 400 + "c", False),
    ],
)
def test_patterns_by_example(pattern: str, path: str, meant: bool) -> None:
    assert matches(pattern, path) is meant
